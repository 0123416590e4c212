"""Plan and section of what was understood from a case, with dimensions, before any solve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ..assembly import Assembly
from ..results import drawing
from . import style

Data = Mapping[str, Any]


def show(assembly: Assembly, folder: Path) -> list[Path]:
    """Pictures plan.png and section.png of an assembly."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    data = drawing(assembly)
    with mpl.rc_context(style.STYLE):
        return [_plan(data, folder / "plan.png"), _section(data, folder / "section.png")]


def _size(part: Data) -> str:
    return f"{part['x1'] - part['x0']:g} x {part['y1'] - part['y0']:g} mm"


def _dimension(ax: Axes, a: tuple[float, float], b: tuple[float, float], text: str) -> None:
    """Arrow between two points with its length written beside it."""
    arrow = {"arrowstyle": "<->", "lw": 0.8, "color": "0.25", "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", a, b, arrowprops=arrow)
    upright = a[0] == b[0]
    ax.text(
        (a[0] + b[0]) / 2,
        (a[1] + b[1]) / 2,
        text,
        ha="center",
        va="center",
        rotation=90 if upright else 0,
        fontsize=9,
        bbox={"fc": "white", "ec": "none", "pad": 1.5},
    )


def _plan(data: Data, path: Path) -> Path:
    made = style.figure(8.6, 6.6)
    ax = made.add_subplot()
    style.draw_plate(ax, data)
    layers, colours = style.outlines(data["layers"]), style.layer_colours(data["layers"])
    for k, (name, part) in enumerate(layers):
        look = {"fc": colours[name.split(", ")[0]], "ec": "0.2", "lw": 0.9, "zorder": 3 + k}
        ax.add_patch(style.box(part, label=f"{name}: {_size(part)}", **look))
    _plan_dimensions(
        ax, data, style.bounds(data, ("plates", "layers") if data["plates"] else ("layers", "interfaces"))
    )
    pads = {f"{p['name']}: {_size(p)}": p for p in data.get("pads", [])}
    for name, part in pads.items():
        ax.add_patch(style.box(part, label=name, fill=False, ec="0.2", lw=1.4, ls="--", zorder=12))
    ax.set_aspect("equal")
    ax.set_xlabel("x [mm]")
    ax.set_ylabel("y [mm]")
    others = [f"{o['name']}: {o['kind']} {o['file']}, outline not drawn" for o in data["others"]]
    ax.set_title("Plan, to scale" + "".join(f"\n{line}" for line in others))
    if layers or pads:
        made.legend(loc="outside lower center", ncols=2 if len(layers) < 7 else 3)
    return style.save(made, path)


def _plan_dimensions(ax: Axes, data: Data, around: tuple[float, float, float, float]) -> None:
    x0, x1, y0, y1 = around
    step = 0.08 * max(x1 - x0, y1 - y0)
    _dimension(ax, (x0, y0 - step), (x1, y0 - step), f"{x1 - x0:g} mm")
    _dimension(ax, (x0 - step, y0), (x0 - step, y1), f"{y1 - y0:g} mm")
    xs, ys = (sorted({round(b[k], 6) for b in data["bolts"]}) for k in "xy")
    for a, b in pairwise(xs):
        words = " mm between bolts" if len(xs) == 2 else ""
        _dimension(ax, (a, y1 + step), (b, y1 + step), f"{b - a:.4g}{words}")
    for a, b in pairwise(ys):
        _dimension(ax, (x1 + step, a), (x1 + step, b), f"{b - a:.4g} mm" if len(ys) == 2 else f"{b - a:.4g}")
    for bolt in data["bolts"]:
        if "(image" not in bolt["name"]:
            label = f"{bolt['name']} M{bolt['diameter']:g}"
            away = 1 if bolt["y"] >= (y0 + y1) / 2 else -1
            at = (bolt["x"], bolt["y"] + away * 1.02 * bolt["diameter"])
            va = "bottom" if away > 0 else "top"
            ax.text(*at, label, ha="center", va=va, fontsize=8, color="0.25", zorder=20)
    ax.set_xlim(x0 - 2 * step, x1 + 2 * step)
    ax.set_ylim(y0 - 2 * step, y1 + 2 * step)


def _section(data: Data, path: Path) -> Path:
    """Whole holder to scale above, the cell with exaggerated heights below."""
    rows = 2 if data["layers"] else 1
    made = style.figure(8.6, 3.4 * rows + 0.4)
    axes = made.subplots(rows, 1, squeeze=False)[:, 0]
    _holder_section(axes[0], data)
    if data["layers"]:
        _cell_section(axes[1], data)
        made.draw_without_rendering()
        axes[1].set_title(f"Cell in the same section, heights exaggerated {_exaggeration(axes[1]):.2g} times")
    return style.save(made, path)


def _holder_section(ax: Axes, data: Data) -> None:
    for plate in [*data["plates"], *data.get("pads", [])]:
        colour = style.PLATE if plate in data["plates"] else style.RUBBER
        height, foot = plate["z1"] - plate["z0"], plate.get("slabs", [plate])[0]
        for x0, x1, z0, z1 in _cut(plate):
            ax.add_patch(Rectangle((x0, z0), x1 - x0, z1 - z0, fc=colour, ec="0.35", lw=0.9))
        middle = ((plate["x0"] + plate["x1"]) / 2, (foot["z0"] + foot["z1"]) / 2)
        ax.text(*middle, f"{plate['name']}, {plate['material']}, {height:g} mm", ha="center", va="center")
    for a, b, here in _columns(data["layers"]) if data["layers"] else ():
        low, high = here[0][1], here[-1][2]
        ax.add_patch(Rectangle((a, low), b - a, high - low, fc="#d98c4a", ec="none"))
    for x in sorted({b["x"] for b in data["bolts"]}):
        _bolt(ax, next(b for b in data["bolts"] if b["x"] == x), data["plates"])
    ax.autoscale_view()
    ax.margins(0.03, 0.12)
    ax.set_aspect("equal")
    bolts = "; bolts lie before or behind it" if data["bolts"] else ""
    ax.set_title(f"Section along x through the middle, to scale{bolts}")
    ax.set_xlabel("x [mm]")
    ax.set_ylabel("z [mm]")


def _bolt(ax: Axes, bolt: Data, plates: list[Data]) -> None:
    """A bolt through all plates, with its spring on top."""
    z0, z1 = (f(p.get("seat_z", p[k]) for p in plates) for f, k in ((min, "z0"), (max, "z1")))
    spring, over = bolt.get("spring", {"width": 0.0, "length": 0.0}), 0.25 * bolt["diameter"]
    shank = (bolt["diameter"], z0 - over, z1 + spring["length"] + over)
    for width, low, high in (shank, (spring["width"], z1, z1 + spring["length"])):
        outline = Rectangle((bolt["x"] - width / 2, low), width, high - low, fc="0.6", ec="0.2")
        outline.set(alpha=0.45, linestyle="--")
        ax.add_patch(outline)


def _cut(plate: Data) -> Iterator[tuple[float, float, float, float]]:
    """Rectangles x0, x1, z0, z1 of a plate, or of the walls of a vessel, in the section."""
    for slab in plate.get("slabs", [plate]):
        hollow = slab.get("cavity")
        xs = (
            [(slab["x0"], hollow["x0"]), (hollow["x1"], slab["x1"])] if hollow else [(slab["x0"], slab["x1"])]
        )
        yield from ((x0, x1, slab["z0"], slab["z1"]) for x0, x1 in xs)


def _columns(layers: list[Data]) -> list[tuple[float, float, list[tuple[Data, float, float]]]]:
    """Columns of the section at the middle: x0, x1 and the layers there with their heights, draped down."""
    y = (layers[0]["y0"] + layers[0]["y1"]) / 2
    edges = sorted({layer[k] for layer in layers for k in ("x0", "x1")})
    out = []
    for a, b in pairwise(edges):
        z, here = min(layer["z0"] for layer in layers), []
        for layer in layers:
            if layer["x0"] <= a and b <= layer["x1"] and layer["y0"] <= y <= layer["y1"]:
                here.append((layer, z, z + layer["thickness"]))
                z += layer["thickness"]
        if here:
            out.append((a, b, here))
    return out


def _cell_section(ax: Axes, data: Data) -> None:
    layers = data["layers"]
    colours = style.layer_colours(layers)
    columns = _columns(layers)
    for a, b, here in columns:
        for layer, z0, z1 in here:
            colour = colours[layer["name"]]
            ax.add_patch(Rectangle((a, 1e3 * z0), b - a, 1e3 * (z1 - z0), fc=colour, ec=colour, lw=0.3))
    tallest = max(columns, key=lambda c: sum(z1 - z0 for _, z0, z1 in c[2]))
    x0, x1 = columns[0][0], columns[-1][1]
    total = 1e3 * (max(z1 for *_, z1 in tallest[2]) - layers[0]["z0"])
    low = 1e3 * layers[0]["z0"]
    for k, (layer, z0, z1) in enumerate(tallest[2]):
        level = low + total * (k + 0.5) / len(tallest[2])
        text = f"{layer['name']}, {1e3 * layer['thickness']:g} um"
        arrow = {"arrowstyle": "-", "lw": 0.6, "color": "0.3", "shrinkA": 0, "shrinkB": 0}
        at = (tallest[1], 500 * (z0 + z1))
        ax.annotate(text, at, (x1 + 0.06 * (x1 - x0), level), va="center", fontsize=9, arrowprops=arrow)
    ax.set_xlim(x0 - 0.02 * (x1 - x0), x1 + 0.42 * (x1 - x0))
    ax.set_ylim(low - 0.08 * total, low + 1.1 * total)
    ax.set_title("Cell")
    ax.set_xlabel("x [mm]")
    ax.set_ylabel("z [um]")


def _exaggeration(ax: Axes) -> float:
    """Picture height of a micrometre over picture width of one, once the figure is laid out."""
    window = ax.get_window_extent()
    (x0, x1), (z0, z1) = ax.get_xlim(), ax.get_ylim()
    return float(window.height / (z1 - z0) * 1e3 / (window.width / (x1 - x0)))
