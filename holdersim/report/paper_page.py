"""Files of a comparison of a result with a scan: page, table, pictures, a figure for documents."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from pathlib import Path

import matplotlib as mpl
import numpy as np

from .. import __version__
from ..paper import pictures as draw
from ..paper.comparing import Compared, rows, shares
from ..plots import style
from ..results import write_json, write_maps
from ..results.table import number
from .numbers import Row
from .pieces import picture, pictures, table

FILETYPE, FORMAT = "holdersim paper comparison", 1


def write(c: Compared, folder: Path) -> list[Path]:
    """Files compare.html, compare.csv, compare.json, compare.pdf, maps.nc and the pictures in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    made = [_numbers(c, folder / "compare.csv"), _maps(c, folder / "maps.nc"), folder / "compare.pdf"]
    with mpl.rc_context(style.STYLE):
        draw.everything(c.match).savefig(folder / "compare.pdf", metadata={"CreationDate": None})
        body = "\n".join(_body(c, folder))
    page = folder / "compare.html"
    page.write_text(
        f'<!doctype html>\n<html lang="en">\n{_head(_title(c))}\n<body>\n{body}\n</body>\n</html>\n',
        encoding="utf-8",
    )
    shown = [folder / name for name in dict.fromkeys(re.findall(r'data-file="([^"]+)"', body))]
    return [page, *made, *shown, write_json(folder / "compare.json", summary(c))]


def summary(c: Compared) -> dict[str, object]:
    """Everything but the maps, as plain data."""
    pose = c.match.registration.pose
    return {
        "filetype": FILETYPE,
        "format": FORMAT,
        "result": c.title,
        "scan": c.scan,
        "pose": {"x [mm]": pose.x, "y [mm]": pose.y, "angle [rad]": pose.angle, "scale [-]": pose.scale,
                 "mirrored": pose.mirrored, "score [-]": c.match.registration.score},
        "columns of film software": {n: {"paper": a, "virtual paper": b} for n, (a, b) in c.columns.items()},
        "scores": c.scores,
        "definitions": c.definitions,
        "messages": list(c.messages),
    }  # fmt: skip


def _title(c: Compared) -> str:
    return f"{c.title} beside {c.scan}" if c.title else c.scan


def _head(title: str) -> str:
    css = files("holdersim.report").joinpath("page.css").read_text(encoding="utf-8")
    view = '<meta name="viewport" content="width=device-width, initial-scale=1">\n<link rel="icon" href="data:,">'
    return f'<head>\n<meta charset="utf-8">\n{view}\n<title>{escape(title)}</title>\n<style>\n{css}</style>\n</head>'


def _body(c: Compared, folder: Path) -> Iterator[str]:
    m, s = c.match, c.scores
    yield f"<h1>{escape(_title(c))}</h1>"
    yield f'<p class="lead">{escape(_lead(c))}</p>'
    yield '<ul class="notes">' + "".join(f"<li>{escape(line)}</li>" for line in c.messages) + "</ul>"
    yield "<h2>Paper and computation</h2>"
    if m.virtual is None:
        figures = [
            picture(draw.beside(m), folder / "beside.png", _lead(c), "Paper and computed pressure.", "wide"),
            picture(draw.order(m), folder / "order.png", _lead(c), "The same as ranks: only the order counts.", "wide"),
            picture(draw.pattern(m), folder / "pattern.png", _lead(c),
                    "Where the more pressed half lies, and the rising function that turns the ratio into the computed "
                    "pressure best.", "wide"),
        ]  # fmt: skip
    else:
        within = f"{s['Within the uncertainty [-]']:.0%} of the squares agree within the uncertainty."
        figures = [
            picture(draw.beside(m), folder / "beside.png", _lead(c),
                    f"{_shown(c)}, at one scale.", "wide"),
            picture(draw.pressures(m), folder / "pressures.png", within,
                    f"Pressure read, what the paper should show, and their difference. {within} "
                    "Pale grey: below the range, dark: above.", "wide"),
            picture(draw.profiles(m), folder / "profiles.png", "Profiles along the middle lines.",
                    "Along the middle lines; triangles: the paper only tells less or more.", "wide"),
            picture(draw.histogram(m), folder / "histogram.png", "Histogram of the area over pressure.",
                    "Share of the area over pressure; hatched: what the paper cannot read."),
        ]  # fmt: skip
    yield from pictures(figures)
    yield from _tables(c)
    yield f"<footer>Made by holdersim {escape(__version__)}. Every number is in compare.csv beside this page.</footer>"


def _shown(c: Compared) -> str:
    """What the first picture shows."""
    curve = c.match.seen.curve
    if curve is not None and curve.tag in ("sensor", "fused"):
        return "The pressure read, in grey, and that computed"
    return "The paper, and the computed pressure shown as paper"


def _lead(c: Compared) -> str:
    s = c.scores
    if c.match.virtual is None:
        rho = s["Order only: Spearman of R/(G+B) [-]"]
        return f"No calibration, so only the order is compared: rank correlation {number(rho)}, never MPa."
    bias = s["Bias [-]"]
    level = "Nothing is read on both"
    if bias is not None:
        level = f"What was measured reads {np.expm1(bias):+.1%} against the result"
    return (
        f"{level}. {s['Within the uncertainty [-]']:.0%} of the squares agree within the uncertainty; censored RMSE "
        f"{number(s['Censored RMSE [MPa]'])} MPa; registered to {s['Registration residual [mm]']:.2f} mm."
    )


def _tables(c: Compared) -> Iterator[str]:
    lines = rows(c)
    both = c.match.virtual is not None
    yield "<h2>Columns of film software</h2>"
    film = [r for r in lines if r[0] in c.columns]
    film += [
        (f"share {n} [-]", a, b, "share of the squares compared") for n, (a, b) in shares(c.match).items()
    ]
    heads = ["paper", "virtual paper"] if both else ["paper"]
    yield table("", heads, [Row("", n, [a, b] if both else [a], d) for n, a, b, d in film])
    yield "<h2>How well they agree</h2>"
    yield table("", ["value"], [Row("", n, [a], d) for n, a, _, d in lines if n not in c.columns])
    yield "<h2>What each number means</h2>\n<dl>"
    yield from (f"<dt>{escape(n)}</dt><dd>{escape(d)}</dd>" for n, _, _, d in lines)
    yield "</dl>"


def _numbers(c: Compared, path: Path) -> Path:
    """Long table: metric, paper (or value), virtual paper, definition."""
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["metric", "value", "virtual paper", "definition"])
        for name, a, b, meaning in rows(c):
            out.writerow([name, *("" if v is None else f"{v:.6g}" for v in (a, b)), meaning])
    return path


def _maps(c: Compared, path: Path) -> Path:
    import xarray as xr

    m = c.match

    def two(values: object, units: str, name: str) -> tuple[object, ...]:
        return (("y", "x"), values, {"units": units, "long_name": name})

    data = {
        "paper_pressure": two(m.paper.pressure, "MPa", "Pressure read"),
        "paper_density": two(m.paper.density, "1", "Density read"),
        "paper_flag": two(m.paper.flag, "1", "0 read, 1 below, 2 above, 3 masked"),
        "band": two(m.band, "1", "Half width of the 95 % band over the pressure"),
        "computed_pressure": two(m.computed, "MPa", "Computed pressure"),
    }
    if m.virtual is not None:
        data["virtual_density"] = two(m.virtual.density, "1", "Density the paper should show")
    return write_maps(xr.Dataset(data, {"x": m.x, "y": m.y}), path)
