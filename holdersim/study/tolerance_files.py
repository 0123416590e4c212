"""A tolerance study as files: samples, maps, moments, shares, pictures and a page."""

from __future__ import annotations

import csv
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .. import page
from ..plots import style
from ..schema import read_document
from .reading import NUMBERS
from .tolerance import Outcome, Tolerance, run_tolerance

log = logging.getLogger(__name__)


def tolerance_file(file: Path | str, output: Path | str = "results/studies") -> list[Path]:
    """Files written in a folder of the study's name: tolerance.html, samples.csv, maps.nc, tolerance.json, pictures."""
    study = read_document(file, Tolerance)
    outcome = run_tolerance(study)
    for line in sentences(study, outcome):
        log.info("%s", line)
    return write(study, outcome, Path(output) / study.name)


def sentences(study: Tolerance, o: Outcome) -> list[str]:
    """What the study says, with standard errors."""
    p, error = o.probability
    cv = o.moments()[NUMBERS[1]]
    out = []
    if study.criterion:
        limits = " and ".join(str(c) for c in study.criterion)
        out.append(
            f"{100 * p:.3g} % of {len(o.kept)} holders keep {limits} (standard error {100 * error:.2g} %)."
        )
    mean = f"mean {cv['mean']:.3g} (standard error {cv['standard error']:.2g})"
    spread = f"standard deviation {cv['standard deviation']:.3g}"
    out.append(f"CV on {study.at}: nominal {o.nominal[NUMBERS[1]]:.3g}, {mean}, {spread}.")
    if o.shares and NUMBERS[1] in o.shares:
        rows = sorted(o.shares[NUMBERS[1]].items(), key=lambda r: -r[1][2])
        told = ", ".join(f"{n} {100 * v[2]:.2g} % (+-{100 * v[3]:.1g})" for n, v in rows)
        out.append(
            f"Total shares in the variance of the CV: {told}; beyond 100 % together where causes interact."
        )
    same = "just the pixels press that press in the nominal holder"
    out.append(
        f"In {100 * o.same_set:.3g} % of the holders {same}: there the pressures are linear in what scatters."
    )
    return out


def write(study: Tolerance, o: Outcome, folder: Path) -> list[Path]:
    """The files of an outcome."""
    import xarray as xr

    folder.mkdir(parents=True, exist_ok=True)
    samples = folder / "samples.csv"
    with samples.open("w", newline="", encoding="utf-8") as stream:
        out = csv.writer(stream)
        out.writerow([*NUMBERS, "keeps the criterion"])
        out.writerows(zip(*(o.numbers[n] for n in NUMBERS), o.kept, strict=True))
    p, error = o.probability
    told = folder / "tolerance.json"
    content = {"title": study.title, "samples": len(o.kept), "solved": o.solved, "seed": study.seed}
    content |= {"nominal": o.nominal, "moments": o.moments(), "causes": o.names}
    content |= {"probability": p, "standard error of the probability": error}
    content |= {"share of samples with the nominal pressed set": o.same_set}
    content |= {"shares [first, its error, total, its error]": o.shares}
    told.write_text(json.dumps(content, indent=1), encoding="utf-8")
    maps = folder / "maps.nc"
    at, unit = {"y": o.reading.y, "x": o.reading.x}, {"units": "MPa"}
    values = {"nominal": o.nominal_map, "mean": o.mean_map, "standard_deviation": o.deviation_map,
              "standard_deviation_linear": o.linear["deviation"]}  # fmt: skip
    xr.Dataset({n: (("y", "x"), v, unit) for n, v in values.items()}, at).to_netcdf(maps, engine="h5netcdf")
    title = study.title or f"Tolerance study {study.name}"
    return [page.write(folder / "tolerance.html", title, _body(study, o, folder)), samples, told, maps]


def _body(study: Tolerance, o: Outcome, folder: Path) -> Iterator[str]:
    first, *rest = sentences(study, o)
    yield page.lead(first)
    yield page.notes([*rest, f"{o.solved} holders were solved; those beyond {len(o.kept)} tell the shares."])
    yield page.picture(_histograms(study, o), folder / "distribution.png", "Distribution over all holders.")
    yield page.picture(_maps(study, o), folder / "maps.png", f"Pressure on {study.at} over all holders.")
    yield page.heading("Moments")
    moments = o.moments()
    heads = list(next(iter(moments.values())))
    lines = [(n, [page.number(v) for v in (o.nominal[n], *m.values())]) for n, m in moments.items()]
    yield page.table("number", ["nominal", *heads], lines)
    if o.shares:
        yield page.heading("Shares of the causes in the variance (Sobol)")
        yield page.lead(
            "First order: what would go if the cause were known. Total: what stays if all others are."
        )
        for name, rows in o.shares.items():
            yield page.table(name, ["first order", "standard error", "total", "standard error"], [
                (c, [page.number(v) for v in row]) for c, row in rows.items()])  # fmt: skip


def _histograms(study: Tolerance, o: Outcome) -> Figure:
    made = style.figure(9.6, 3.2)
    shown = (NUMBERS[1], NUMBERS[2], NUMBERS[3])
    for ax, name in zip(np.atleast_1d(made.subplots(1, len(shown))).tolist(), shown, strict=True):
        ax.hist(o.numbers[name], bins=40, color=style.LINES[4])
        ax.axvline(o.nominal[name], color=style.LINES[0], label="nominal")
        for limit in study.criterion:
            if limit.number == name:
                ax.axvline(limit.value, color=style.LINES[1], ls="--", label=str(limit))
        ax.set_xlabel(name)
        ax.set_ylabel("holders")
        ax.legend(fontsize=7)
    return made


def _maps(study: Tolerance, o: Outcome) -> Figure:
    made = style.figure(11.0, 2.8)
    high = float(np.nanpercentile(np.stack([o.nominal_map, o.mean_map]), 99))
    shown: tuple[tuple[str, Any, float], ...] = (
        ("nominal", o.nominal_map, high),
        ("mean", o.mean_map, high),
        ("standard deviation", o.deviation_map, float(np.nanpercentile(o.deviation_map, 99))),
    )
    for ax, (name, values, top) in zip(made.subplots(1, 3), shown, strict=True):
        p = ax.pcolormesh(o.reading.x, o.reading.y, values, cmap=style.PRESSURE, vmin=0, vmax=top)
        made.colorbar(p, ax=ax, label="MPa", extend="max")
        ax.set_title(name)
        ax.set_aspect("equal")
        ax.set_xlabel("x [mm]")
        ax.set_ylabel("y [mm]")
    return made
