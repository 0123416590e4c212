"""A weight study as one HTML page that opens offline, its table and its pictures; and the command behind it."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import matplotlib as mpl

from ..page import document, embedded, footer, picture, table
from ..plots import style
from . import figures
from .answers import Claim, Crossover, Varied, break_evens, claims, crossovers, density, plain, sensitivity
from .figures import words
from .point import Point
from .rules import rules
from .study import Study, read_study
from .table import NOTE, rows
from .table import write as write_table

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Weighed:
    """A study and its answers."""

    study: Study
    points: list[Point]
    claims: list[Claim]
    crossovers: list[Crossover]
    varied: list[Varied]


@dataclass(frozen=True)
class Section:
    """A further table of the page, made elsewhere."""

    title: str
    text: str
    corner: str
    heads: Sequence[str]
    lines: Sequence[tuple[str, Sequence[str]]]


Further = Callable[[Study, Path], Sequence[Section]]
"""What adds sections to the page of a study, and files to its folder."""


def weigh(study: Study) -> Weighed:
    """All that a study answers."""
    points = study.points()
    found = claims(study, points)
    return Weighed(study, points, found, crossovers(study), list(sensitivity(study, found)) if found else [])


def weigh_files(
    studies: Iterable[Path | str], output: Path | str = "results/weights", further: Sequence[Further] = ()
) -> list[Path]:
    """Files written for each study in a folder of its name: page, table, pictures; CaseError before any is written."""
    read = [read_study(path) for path in studies]
    written: list[Path] = []
    for study in read:
        found = weigh(study)
        folder = Path(output) / study.name
        written += write(found, folder, [s for more in further for s in more(study, folder)])
        for claim in found.claims:
            log.info("%s: %s (%s)", study.name, claim.sentence(), figures.STAMP)
    return written


def write(w: Weighed, folder: Path, further: Sequence[Section] = ()) -> list[Path]:
    """Files weights.html, weights.parquet, weights.csv and the pictures in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = write_table(rows(w.study, w.points), folder)
    with mpl.rc_context(style.STYLE):
        body = "\n".join(_body(w, folder, further))
    page = folder / "weights.html"
    page.write_text(document(_title(w.study), body), encoding="utf-8")
    return [page, *tables, *embedded(body, folder)]


def _title(study: Study) -> str:
    return f"{study.title or study.name}: a reconstruction"


def _body(w: Weighed, folder: Path, further: Sequence[Section]) -> Iterator[str]:
    yield f"<h1>{escape(_title(w.study))}</h1>"
    yield f'<p class="lead">{escape(NOTE)}</p>'
    if w.claims:
        yield "<h2>Is the isostatic chamber lighter? (reconstruction)</h2>"
        yield "<p>The paper says so for all alloys and ratings. Under the assumptions of this study:</p>"
        yield '<ul class="notes">' + "".join(f"<li>{escape(c.sentence())}</li>" for c in w.claims) + "</ul>"
    yield from _pictures(w, folder)
    yield from _mass_tables(w)
    yield from _crossover_table(w)
    yield from _hanging_table(w)
    for s in further:
        yield f"<h2>{escape(s.title)}</h2>\n<p>{escape(s.text)}</p>"
        yield table(s.corner, s.heads, s.lines)
    yield from _lost(w)
    yield from _conditions(w)
    yield footer(
        f"{NOTE} Every part's mass and size, what decided it and where its formula ends: weights.csv and "
        "weights.parquet beside this page."
    )


def _pictures(w: Weighed, folder: Path) -> Iterator[str]:
    s = w.study
    yield '<h2>Pictures (reconstruction)</h2>\n<div class="pictures">'
    gauge = "Open marks: a wall is at the minimum gauge; crosses: there is no such holder."
    caption = f"Mass of the holder against its rating, in the form of Figure S5, a reconstruction. {gauge}"
    yield picture(figures.masses(s, w.points), folder / "masses.png", caption)
    if w.claims:
        caption = (
            "Mass of the isostatic chamber over that of the uniaxial holder: a reconstruction. Bold: heavier."
        )
        yield picture(figures.ratios(s, w.claims), folder / "ratios.png", caption)
    if s.module:
        caption = "Energy of the cells over the mass of cells and holder: a reconstruction."
        yield picture(figures.energy(s, w.points), folder / "energy.png", caption)
    if len(w.varied) > len(w.claims):
        caption = "Greatest ratio of all alloys and ratings when one assumption is changed: a reconstruction."
        yield picture(figures.hanging(s, w.varied), folder / "sensitivity.png", caption)
    yield "</div>"


def _mass_tables(w: Weighed) -> Iterator[str]:
    ratings = sorted(w.study.ratings)
    heads = [f"{r:g} MPa" for r in ratings]
    at = {(p.alloy, p.closure, p.rating): p for p in w.points}
    kinds = list(dict.fromkeys(p.closure for p in w.points))
    for what, value in (("Mass of the holder [kg]", lambda p: 1e3 * p.mass), *_more(w.study)):
        yield f"<h2>{what} (reconstruction)</h2>"
        for kind in kinds:
            yield table(f"{what}: {words(kind)}", heads, [
                (m.name, [_number(value(at[m.name, kind, r])) for r in ratings]) for m in w.study.alloys])  # fmt: skip


def _more(study: Study) -> Iterator[tuple[str, Any]]:
    if study.module:
        yield "Module energy density [Wh/kg]", lambda p: density(study, p)


def _crossover_table(w: Weighed) -> Iterator[str]:
    if not w.crossovers:
        return
    even = break_evens(w.study)
    yield "<h2>Where the chamber is the heavier one [MPa] (reconstruction)</h2>"
    yield (
        "<p>Ratings between the lowest of the study and ten times the highest. Bolts come in steps, so that there may "
        "be gaps; a range ends early where one of the holders no longer exists.</p>"
    )
    heads = [words(c) for c in w.study.closures] + (["cube without bolts, q*"] if even else [])
    at = {(c.alloy, c.closure): c.text for c in w.crossovers}
    names = [m.name for m in w.study.alloys]
    last = {n: [f"from {even[n]:.3g}"] if even else [] for n in names}
    yield table("alloy", heads, [(n, [at[n, c] for c in w.study.closures] + last[n]) for n in names])


def _hanging_table(w: Weighed) -> Iterator[str]:
    if not w.varied:
        return
    yield "<h2>What the answer hangs on (reconstruction)</h2>"
    yield "<p>One assumption changed at a time: pairs of which the chamber is the heavier one; greatest ratio.</p>"
    at = {(v.key, v.value, v.claim.closure): v.claim for v in w.varied}
    names = list(dict.fromkeys((v.key, v.value) for v in w.varied))
    yield table("assumption", [words(c) for c in w.study.closures], [
        (f"{k} = {v}" if k else v, [_short(at[k, v, c]) for c in w.study.closures]) for k, v in names])  # fmt: skip


def _short(claim: Claim) -> str:
    worst = claim.worst
    return f"{len(claim.heavier)} of {len(claim.compared)}; {worst.ratio:.2f}" if worst else "-"


def _lost(w: Weighed) -> Iterator[str]:
    lost = [p for p in w.points if not p.feasible]
    if lost:
        yield "<h2>Holders that do not exist (reconstruction)</h2>"
        lines = [(f"{p.alloy}, {p.rating:g} MPa, {words(p.closure)}", [p.reason]) for p in lost]
        yield table("holder", ["reason"], lines, "conditions")
    flags: dict[str, list[Point]] = {}
    for p in w.points:
        for flag in p.flags:
            flags.setdefault(re.split(r"[,:]", flag)[0], []).append(p)
    if flags:
        yield "<h2>Formulas used outside their range (reconstruction)</h2>"
        lines = [(f, [str(len(own)), f"{own[0].alloy}, {own[0].rating:g} MPa, {words(own[0].closure)}"])
                 for f, own in flags.items()]  # fmt: skip
        yield table("flag", ["holders", "for example"], lines, "conditions")


def _conditions(w: Weighed) -> Iterator[str]:
    yield "<h2>Every assumption</h2>"
    yield table("key", ["value"], list(_flat(w.study.to_dict())), "conditions")
    yield "<h2>Materials</h2>"
    yield "<p>Specification minima where there are any; holdersim materials NAME tells the source of each number.</p>"
    heads = ["density [kg/m3]", "E [GPa]", "nu", "yield [MPa]", "tensile [MPa]", "allowable [MPa]"]
    yield table("alloy", heads, [
        (m.name, [f"{1e12 * m.density:.4g}", f"{m.E / 1e3:.4g}", f"{m.nu:g}", _number(m.yield_strength),
                  _number(m.ultimate_strength), f"{w.study.stress(m):.4g}"]) for m in w.study.alloys])  # fmt: skip
    yield "<h2>Formulas and sources</h2>"
    lines = [(r.part, [r.formula, r.source, r.range]) for r in rules(w.study)]
    yield table("part", ["formula", "source", "holds"], lines, "conditions")


def _flat(data: dict[str, Any], where: str = "") -> Iterator[tuple[str, list[str]]]:
    """Keys and values of a study, those of materials apart."""
    for name, value in data.items():
        if name in ("alloys", "sensitivity", "format", "title"):
            continue
        if isinstance(value, dict) and name != "cell":
            yield from _flat(value, f"{where}{name}.")
        else:
            yield f"{where}{name}", [str(value["kind"]) if name == "cell" else plain(value)]


def _number(value: float | None) -> str:
    if value is None or value != value:
        return "-"
    return f"{value:.0f}" if value >= 1000 else f"{value:#.3g}".rstrip(".")
