"""A design study as files: every design, the best ones as case files, the front, pictures and a page."""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from .. import page
from ..plots import style
from ..schema import read_document
from .common import write_case
from .design import Design, Evaluator, Tried
from .search import Found, explain, search

log = logging.getLogger(__name__)


def optimise_file(file: Path | str, output: Path | str = "results/studies") -> list[Path]:
    """Files written for a design study; PhysicsRefused once they are written when no design keeps the limits."""
    study = read_document(file, Design)
    folder = Path(output) / study.name
    folder.mkdir(parents=True, exist_ok=True)
    found = search(study, Evaluator(study, folder))
    log.info("%d designs, %d solved now", len(found.tried), found.solved)
    files = write(found, folder)
    if found.best is None:
        raise found.refusal()
    return files


def write(found: Found, folder: Path) -> list[Path]:
    """Files optimise.html, designs.csv, front.csv, and a case file for each design of the front and load."""
    files = [
        _table(found, found.tried, folder / "designs.csv"),
        _table(found, found.front, folder / "front.csv"),
    ]
    cases = folder / "cases"
    for tried in found.front:
        for load in found.study.loads or (None,):
            case = found.study.designed(tried.values, load)
            name = f"design_{tried.number}" + (f"_{load.name}" if load else "")
            said = f"Design {tried.number} of the study {found.study.name}; holdersim run solves it again."
            files.append(write_case(case, cases / f"{name}.toml", said))
    title = found.study.title or f"Design study {found.study.name}"
    return [page.write(folder / "optimise.html", title, _body(found, folder)), *files]


def _table(found: Found, designs: Any, path: Path) -> Path:
    """One row a design and load."""
    study = found.study
    names = list(dict.fromkeys([*study.least, *(c.number for c in study.limits)]))
    with path.open("w", newline="", encoding="utf-8") as stream:
        out = csv.writer(stream)
        out.writerow(
            [
                "design",
                "load",
                *(f.set for f in study.free),
                *names,
                "feasible",
                "worst excess [-]",
                "failure",
            ]
        )
        for t in designs:
            values = [t.values[f.set] for f in study.free]
            for load, numbers in (t.numbers or {"": {}}).items():
                told = [numbers.get(n, "") for n in names]
                out.writerow([t.number, load, *values, *told, t.feasible, t.worst, t.failure])
    return path


def _body(found: Found, folder: Path) -> Iterator[str]:
    study, best = found.study, found.best
    if best is None:
        first, *rest = explain(found).splitlines()
        yield page.lead(first)
        yield page.notes(rest)
    else:
        goals = ", ".join(f"{n} {page.number(g)}" for n, g in zip(study.least, best.goals, strict=True))
        values = ", ".join(f"{k} = {v}" for k, v in best.values.items())
        yield page.lead(f"Best of {len(found.tried)} designs, number {best.number}: {values}; {goals}.")
    solved = [t for t in found.tried if not t.failure]
    if solved:
        yield page.picture(
            _progress(found, solved), folder / "designs.png", "Designs in the order they were tried."
        )
    if len(study.least) == 2 and found.front:
        yield page.picture(
            _front(found, solved), folder / "front.png", "Pareto front: no design beats these in both."
        )
    shown = found.front or ([min(solved, key=lambda t: t.worst)] if solved else [])
    yield page.heading("The designs" if found.front else "The nearest design")
    heads = [f.set for f in study.free] + list(study.least)
    yield page.table("design", heads, [
        (str(t.number), [*(str(t.values[f.set]) for f in study.free), *(page.number(g) for g in t.goals)])
        for t in shown])  # fmt: skip
    yield page.heading("Limits")
    for t in shown[:1]:
        yield page.table(f"design {t.number}", ["load", "value", "excess"], list(_limits(study, t)))
    failures = [t for t in found.tried if t.failure]
    if failures:
        yield page.heading("Designs that could not be solved")
        yield page.table("design", ["reason"], [(str(t.number), [t.failure]) for t in failures])


def _limits(study: Design, tried: Tried) -> Iterator[tuple[str, list[str]]]:
    for limit in study.limits:
        for load, numbers in tried.numbers.items():
            value = numbers[limit.number]
            yield str(limit), [load or "-", page.number(value), f"{100 * limit.excess(value):+.3g} %"]


def _progress(found: Found, solved: list[Tried]) -> Figure:
    made = style.figure(6.4, 3.6)
    ax: Any = made.subplots()
    for keep, colour, label in ((True, style.LINES[0], "keeps all limits"), (False, style.OPEN, "does not")):
        these = [t for t in solved if t.feasible is keep]
        ax.plot([t.number for t in these], [t.goals[0] for t in these], "o", color=colour, label=label, ms=4)
    ax.set_xlabel("design")
    ax.set_ylabel(found.study.least[0])
    ax.legend()
    return made


def _front(found: Found, solved: list[Tried]) -> Figure:
    made = style.figure(6.0, 4.2)
    ax: Any = made.subplots()
    for keep, colour, label in (
        (False, style.OPEN, "beyond a limit"),
        (True, style.LINES[4], "keeps all limits"),
    ):
        these = [t for t in solved if t.feasible is keep]
        ax.plot(
            [t.goals[0] for t in these], [t.goals[1] for t in these], "o", color=colour, label=label, ms=4
        )
    front = found.front
    ax.plot(
        [t.goals[0] for t in front],
        [t.goals[1] for t in front],
        "s-",
        color=style.LINES[1],
        label="front",
        ms=5,
    )
    for t in front:
        ax.annotate(str(t.number), t.goals, xytext=(4, 4), textcoords="offset points", fontsize=8)
    ax.set_xlabel(found.study.least[0])
    ax.set_ylabel(found.study.least[1])
    ax.legend()
    return made
