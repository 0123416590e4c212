"""What all pictures share: canvas, fonts, colours, outlines of the holder, light files."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

PRESSURE, DEFLECTION, GAP = "viridis", "RdBu_r", "cividis"
OPEN = "0.80"
"""Grey of the pixels that do not press: outside every colour map used."""
PLATE = "#eef1f4"
RUBBER = "#cfdcc6"
LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
"""Okabe-Ito colours, told apart by colour-blind readers."""
LAYERS = ("#c9ced6", "#d98c4a", "#7a6f9b", "#f1e2b8", "#5b6770", "#b9c7d4", "#8fb08c", "#c98b8b")
HALO = patheffects.withStroke(linewidth=2.2, foreground="white", alpha=0.85)
HEAVY = 150_000
"""Bytes above which a picture is stored with a palette of 256 colours."""

STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.labelsize": 10,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.titlesize": 12,
}


def figure(width: float, height: float) -> Figure:
    """Empty figure of width by height [inch] on its own canvas."""
    made = Figure(figsize=(width, height), layout="compressed")
    made.get_layout_engine().set(h_pad=0.09, w_pad=0.06)  # type: ignore[union-attr,call-arg]
    FigureCanvasAgg(made)
    return made


def save(made: Figure, path: Path, dpi: int = 130) -> Path:
    """Figure as PNG under 200 kB, replaced in one go."""
    fresh = path.with_name(f".{secrets.token_hex(4)}.{path.name}")
    with mpl.rc_context(STYLE):
        trim: dict[str, Any] = {"bbox_inches": "tight", "pad_inches": 0.12}
        made.savefig(fresh, dpi=dpi, facecolor="white", **trim)
    if fresh.stat().st_size > HEAVY:
        from PIL import Image

        with Image.open(fresh) as image:
            image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(fresh, optimize=True)
    os.replace(fresh, path)
    return path


def box(part: Mapping[str, Any], **look: Any) -> Rectangle:
    """Rectangle of a part's outline in plan."""
    return Rectangle((part["x0"], part["y0"]), part["x1"] - part["x0"], part["y1"] - part["y0"], **look)


def outlines(layers: Iterable[Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    """Different footprints of the layers, largest first, each with the names of its layers."""
    found: dict[tuple[float, ...], list[Mapping[str, Any]]] = {}
    for layer in layers:
        found.setdefault(tuple(layer[k] for k in ("x0", "x1", "y0", "y1")), []).append(layer)
    groups = sorted(found.values(), key=lambda g: -(g[0]["x1"] - g[0]["x0"]) * (g[0]["y1"] - g[0]["y0"]))
    return [(", ".join(dict.fromkeys(str(layer["name"]) for layer in g)), g[0]) for g in groups]


def layer_colours(layers: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Colour of each layer by name, the same in plan and section."""
    return {str(layer["name"]): LAYERS[k % len(LAYERS)] for k, layer in enumerate(layers)}


def draw_plate(ax: Axes, drawing: Mapping[str, Any]) -> None:
    """Outline of the uppermost plate with seats, holes and bolts, under the map."""
    if drawing["plates"]:
        top = max(drawing["plates"], key=lambda p: p["z1"])
        look = {"fc": PLATE, "ec": "0.35", "lw": 0.9, "zorder": 0}
        middle = (top["x0"] + top["x1"]) / 2, (top["y0"] + top["y1"]) / 2
        ax.add_patch(
            Circle(middle, (top["x1"] - top["x0"]) / 2, **look) if top.get("round") else box(top, **look)
        )
        for seat in top["seats"]:
            at = (seat["x"], seat["y"])
            ax.add_patch(Circle(at, seat["outer"] / 2, fc="white", ec="0.5", lw=0.7, zorder=1))
    for bolt in drawing["bolts"]:
        at = (bolt["x"], bolt["y"])
        ax.add_patch(Circle(at, bolt["diameter"] / 2, fc="0.45", ec="0.2", lw=0.7, zorder=2))


def draw_outlines(ax: Axes, drawing: Mapping[str, Any]) -> list[Any]:
    """Outlines of the layers over a map, those of one name alike; returns what a legend needs."""
    strokes = (":", "-.", "--", "-", (0, (1, 1)), (0, (5, 1)))
    handles: dict[str, Any] = {}
    found = outlines(drawing["layers"])
    names = list(dict.fromkeys(name for name, _ in found))
    for name, part in found:
        stroke = strokes[names.index(name) % len(strokes)]
        patch = box(part, fill=False, ec="black", lw=0.9, ls=stroke, label=name, zorder=5)
        patch.set_path_effects([HALO])
        handles.setdefault(name, ax.add_patch(patch))
    return list(handles.values())


def bounds(
    drawing: Mapping[str, Any], kinds: Iterable[str] = ("plates", "layers", "interfaces")
) -> tuple[float, float, float, float]:
    """x0, x1, y0, y1 [mm] around all parts of some kinds; a unit square when there are none."""
    parts = [part for kind in kinds for part in drawing[kind]]
    if not parts:
        return 0.0, 1.0, 0.0, 1.0
    low = [min(p[k] for p in parts) for k in ("x0", "y0")]
    high = [max(p[k] for p in parts) for k in ("x1", "y1")]
    return low[0], high[0], low[1], high[1]


def plan_axes(ax: Axes, around: tuple[float, float, float, float], title: str) -> None:
    """Axes in mm, to scale, around x0, x1, y0, y1 with a margin."""
    x0, x1, y0, y1 = around
    margin = 0.03 * max(x1 - x0, y1 - y0)
    ax.set_aspect("equal")
    ax.set_xlim(x0 - margin, x1 + margin)
    ax.set_ylim(y0 - margin, y1 + margin)
    ax.set_title(title)
    ax.set_xlabel("x [mm]")
    ax.set_ylabel("y [mm]")
