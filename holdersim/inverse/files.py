"""Files of an inference: page, table, numbers, maps."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .. import page
from ..paper import pictures as draw
from ..plots import style
from ..results import write_json, write_maps
from ..results.table import number
from .infer import Inferred

FILETYPE, FORMAT = "holdersim paper inference", 1
SCORES = (
    "Bias [-]",
    "Censored RMSE [MPa]",
    "Within the uncertainty [-]",
    "Spearman [-]",
    "Force closure [-]",
)


def write(r: Inferred, folder: Path) -> list[Path]:
    """Files infer.html, infer.csv, infer.json, maps.nc and pictures in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "infer.csv"
    rows = r.table()
    with table.open("w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        out.writeheader()
        out.writerows(rows)
    made = page.write(folder / "infer.html", f"{r.title}: what {r.scan} tells", _body(r, folder))
    return [made, table, _maps(r, folder / "maps.nc"), write_json(folder / "infer.json", summary(r))]


def summary(r: Inferred) -> dict[str, Any]:
    """Everything but the maps, as plain data."""
    p = r.posterior
    return {
        "filetype": FILETYPE,
        "format": FORMAT,
        "unknowns": r.table(),
        "correlation": p.correlation.tolist(),
        "misfit [-]": p.misfit,
        "steps": p.steps,
        "settled": p.settled,
        "scores": {n: {"nominal": r.nominal.scores[n], "inferred": r.fitted.scores[n]} for n in SCORES},
        "messages": list(r.messages),
    }


def _maps(r: Inferred, path: Path) -> Path:
    import xarray as xr

    def two(values: Any, name: str) -> Any:
        return (("y", "x"), values, {"units": "MPa", "long_name": name})

    m, before = r.fitted.match, r.nominal.match
    data = {
        "paper_pressure": two(m.paper.pressure, "Pressure read"),
        "nominal_pressure": two(before.computed, "Pressure of the holder as drawn"),
        "inferred_pressure": two(m.computed, "Pressure of the most probable holder"),
    }
    return write_maps(xr.Dataset(data, {"x": m.x, "y": m.y}), path)


def _body(r: Inferred, folder: Path) -> Iterator[str]:
    rows = r.table()
    told = [t for t in rows if t["told [-]"] > 0.5]
    yield page.lead(
        "; ".join(
            f"{t['unknown']} {t['value']:.3g} {t['unit']} ({t['2.5 %']:.3g} to {t['97.5 %']:.3g})"
            for t in told
        )
        or "The paper tells little of the holder."
    )
    yield page.notes(r.messages)
    yield page.heading("Unknowns")
    heads = [n for n in rows[0] if n != "unknown"]
    yield page.table("", heads, [(t["unknown"], [number(t[h]) for h in heads]) for t in rows])
    yield page.picture(
        _bars(r), folder / "unknowns.png", "Before (pale) and after (dark) the paper: 95 % bands."
    )
    yield page.picture(_correlation(r), folder / "correlation.png", "Correlation after the paper.")
    yield page.heading("Paper, nominal and most probable holder")
    yield page.picture(
        _three(r), folder / "pressures.png", "Pressure; pale grey: below the range, dark: above it."
    )
    lines = [(n, [number(r.nominal.scores[n]), number(r.fitted.scores[n])]) for n in SCORES]
    yield page.table("", ["nominal", "inferred"], lines)


def _bars(r: Inferred) -> Figure:
    p, u = r.posterior, r.posterior.unknowns
    made = style.figure(7.0, 0.34 * u.size + 1.2)
    ax = made.subplots()
    at = np.arange(u.size)
    ax.barh(at, 2 * 1.96, left=-1.96, height=0.7, color="0.88", label="before")
    ax.barh(
        at,
        2 * 1.96 * p.deviation,
        left=p.z - 1.96 * p.deviation,
        height=0.4,
        color=style.LINES[0],
        label="after",
    )
    ax.plot(p.z, at, "|", color="white", ms=9)
    ax.set_yticks(at, u.names)
    ax.invert_yaxis()
    ax.set_xlabel("standard deviations before the paper was seen")
    ax.legend(fontsize=8, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False)
    return made


def _correlation(r: Inferred) -> Figure:
    u = r.posterior.unknowns
    made = style.figure(6.0, 5.0)
    ax = made.subplots()
    drawn = ax.imshow(r.posterior.correlation, cmap=style.DEFLECTION, vmin=-1, vmax=1)
    ax.set_xticks(range(u.size), u.names, rotation=60, ha="right", fontsize=8)
    ax.set_yticks(range(u.size), u.names, fontsize=8)
    made.colorbar(drawn, ax=ax, shrink=0.8).set_label("correlation")
    return made


def _three(r: Inferred) -> Figure:
    before, after = r.nominal.match, r.fitted.match
    made = style.figure(15.0, 3.2)
    axes = made.subplots(1, 3, sharex=True, sharey=True)
    draw.draw_pressure(axes[0], after.paper, after, "measured")
    shown = ((axes[1], before, "nominal"), (axes[2], after, "most probable"))
    for ax, m, title in shown:
        if m.virtual is not None:
            draw.draw_pressure(ax, m.virtual, m, f"{title}, as the paper shows it")
    return made
