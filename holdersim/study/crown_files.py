"""A crown as files: height map, case files that are solved again, table, pictures and page."""

from __future__ import annotations

import csv
import logging
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .. import page
from ..case import read_case
from ..plots import style
from ..record import centres
from ..solve import Model
from ..superelement import cache_folder
from .common import write_case
from .crown import CV, Crown, Crowned, find_crown
from .reading import NUMBERS, reading
from .response import Response

Array = NDArray[np.float64]
log = logging.getLogger(__name__)


def crown_case(file: Path | str, output: Path | str = "results/crown", at: str = "cathode") -> list[Path]:
    """Files written for a case file: crown.html, shapes.csv, height maps, one case file for each shape, pictures."""
    case = read_case(file)
    found = find_crown(case, at)
    folder = Path(output) / case.name
    folder.mkdir(parents=True, exist_ok=True)
    files, solved = [], {}
    for shape in found.shapes[1:]:
        files += write_shape(found, shape, folder)
        solved[shape.name] = solve_again(files[-1], at)
        log.info(
            "%s: CV %.4g, from its case file %.4g", shape.name, shape.numbers[1.0][CV], solved[shape.name][CV]
        )
    files.append(_table(found, solved, folder / "shapes.csv"))
    title = f"Crowned plates: {case.title or case.name}"
    return [page.write(folder / "crown.html", title, _body(found, solved, folder)), *files]


def write_shape(crown: Crown, shape: Crowned, folder: Path) -> list[Path]:
    """Height map of a shape (columns x, y, z in mm, z towards the cell) and the case whose plates both have it."""
    name = shape.name.replace(", bent along", "").replace(" ", "_")
    x, y, height = heights(crown, shape)
    table = folder / f"crown_{name}.csv"
    with table.open("w", newline="", encoding="utf-8") as stream:
        out = csv.writer(stream)
        out.writerow(["x [mm]", "y [mm]", "z [mm]"])
        out.writerows(
            (f"{a:.9g}", f"{b:.9g}", f"{z:.9f}")
            for b, row in zip(y, height, strict=True) for a, z in zip(x, row, strict=True)
        )  # fmt: skip
    made = crown.case
    units = {"x_unit": "mm", "y_unit": "mm", "z_unit": "mm"}
    for side, value in (("top", None), ("bottom", None),
                        ("plate", {"map": {"file": str(table.resolve())} | units})):  # fmt: skip
        made = made.with_(f"holder.{side}.flatness", value)
    made = made.with_("title", f"{crown.case.title}; both plates crowned: {shape.name}")
    file = write_case(
        made, folder / f"crown_{name}.toml", "Written by holdersim crown; the crown is a height map."
    )
    return [table, file]


def heights(crown: Crown, shape: Crowned) -> tuple[Array, Array, Array]:
    """Lines x, y [mm] and heights (ny, nx) [mm] of a shape over the separator, its highest point at 0."""
    symmetry, press = crown.symmetry, crown.press
    lines = []
    for axis, plane, ends in (("x", "x0", (press.x0, press.x1)), ("y", "y0", (press.y0, press.y1))):
        at = [centres(getattr(f.joint.grid, axis), plane in symmetry) for f in crown.faces]
        lines.append(np.unique(np.round(np.concatenate([*at, ends]), 9)))
    gx, gy = np.meshgrid(*lines)
    back = next(iter(shape.back.values()))(gx, gy)
    return lines[0], lines[1], back.min() - back


def solve_again(file: Path, at: str) -> dict[str, float]:
    """Numbers of a map from a case file, by itself."""
    case = read_case(file)
    model = Model(case.assembly(), cache_folder(), keep=False)
    forces = case.final_forces()
    state = model.tighten({b.name: forces[b.name] for b in model.assembly.bolts})
    read = reading(Response(model), at, case.grid.film)
    return {n: float(v[0]) for n, v in read.numbers(state.x[: model.pixels]).items()}


def _table(crown: Crown, solved: dict[str, dict[str, float]], path: Path) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        out = csv.writer(stream)
        out.writerow(["shape", "height [um]", "share of the load [-]", *NUMBERS, "CV from the case file [-]"])
        for s in crown.shapes:
            for share, numbers in s.numbers.items():
                again = solved[s.name][CV] if share == 1.0 and s.name in solved else ""
                height = "" if s.height is None else 1e3 * s.height
                out.writerow([s.name, height, share, *(numbers[n] for n in NUMBERS), again])
    return path


def _body(crown: Crown, solved: dict[str, dict[str, float]], folder: Path) -> list[str]:
    flat, ideal = crown.shape("flat"), crown.shape("ideal")
    gain = flat.numbers[1.0][CV] / ideal.numbers[1.0][CV]
    shares = list(flat.numbers)
    return [
        page.lead(f"On {crown.at} the ideal shape lowers the CV {gain:.3g} times at the load it was made for, from "
                  f"{flat.numbers[1.0][CV]:.3g} to {ideal.numbers[1.0][CV]:.3g}."),
        page.notes([
            "Both plates have the same shape; plane plates stand for comparison, whatever flatness the case has.",
            "A crown is right at one load only: the table and the curve tell what it is worth at others.",
            "Each shape is a case file beside this page, solved again from there: last column.",
        ]),
        page.picture(_maps(crown), folder / "maps.png", f"Shape and pressure on {crown.at}, one scale."),
        page.picture(_curves(crown), folder / "load.png", f"CV on {crown.at} against the load."),
        page.heading("CV by share of the load"),
        page.table("shape", [*(f"{s:g}" for s in shares), "height [um]", "from the case file"], [
            (s.name, [*(page.number(s.numbers[k][CV]) for k in shares),
                      "-" if s.height is None else f"{1e3 * s.height:.3g}",
                      page.number(solved[s.name][CV]) if s.name in solved else "-"]) for s in crown.shapes]),
        page.lead("Heights of cylinders are those at the ends of the plates, of the dish at their corners."),
    ]  # fmt: skip


def _maps(crown: Crown) -> Figure:
    best = min(crown.shapes[2:], key=lambda s: s.numbers[1.0][CV])
    shown = [crown.shape("flat"), crown.shape("ideal"), best]
    made = style.figure(10.5, 5.4)
    axes: Any = made.subplots(2, 3)
    high = float(np.nanpercentile(np.stack([s.map for s in shown[1:]]), 99)) * 1.5
    for k, s in enumerate(shown):
        x, y, z = heights(crown, s)
        h = axes[0, k].pcolormesh(x, y, 1e3 * z, cmap=style.DEFLECTION, shading="nearest")
        made.colorbar(h, ax=axes[0, k], label="height [um]")
        p = axes[1, k].pcolormesh(
            crown.reading.x, crown.reading.y, s.map, cmap=style.PRESSURE, vmin=0, vmax=high
        )
        made.colorbar(p, ax=axes[1, k], label="pressure [MPa]", extend="max")
        axes[0, k].set_title(s.name)
        axes[1, k].set_title(f"CV {s.numbers[1.0][CV]:.3g}")
        for a in axes[:, k]:
            a.set_aspect("equal")
            a.set_xlabel("x [mm]")
            a.set_ylabel("y [mm]")
    return made


def _curves(crown: Crown) -> Figure:
    made = style.figure(6.4, 4.0)
    ax: Any = made.subplots()
    for s, colour in zip(crown.shapes, style.LINES, strict=False):
        ax.plot(
            list(s.numbers), [n[CV] for n in s.numbers.values()], "o-", ms=3.5, color=colour, label=s.name
        )
    ax.set_xlabel("load / load of the crown [-]")
    ax.set_ylabel(f"CV on {crown.at} [-]")
    ax.set_ylim(bottom=0)
    ax.legend()
    return made
