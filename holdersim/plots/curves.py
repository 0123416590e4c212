"""Mid-line profiles and histograms of the film-averaged pressure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..assembly import Rect
from ..metrics import TOUCH, film_average, film_samples
from ..results import Result
from . import style
from .panels import FAINT, pressed, pressures

Array = NDArray[np.float64]


def middle_line(values: Array, places: Array, at: float) -> Array:
    """Row of a map at y = `at`, linear between the two nearest rows."""
    k = int(np.clip(np.searchsorted(places, at) - 1, 0, max(len(places) - 2, 0)))
    if len(places) == 1:
        return np.asarray(values[0])
    t = float(np.clip((at - places[k]) / (places[k + 1] - places[k]), 0, 1))
    row: Array = (1 - t) * values[k] + t * values[k + 1]
    return row


def _middle(face: Mapping[str, Any], axis: str) -> float:
    return float(face[f"{axis}0"] + face[f"{axis}1"]) / 2


def _faces(result: Result) -> list[Mapping[str, Any]]:
    """Planes inside the cell and faces on it with a pressure map, in the order of `pressures`."""
    return [f for f in pressed(result) if f"{f['name']}_pressure" in result.maps]


def profiles(result: Result, film: float) -> Figure:
    """Pressure along both mid-lines of every interface, at film resolution, last step."""
    made = style.figure(10.4, 4.2)
    axes = made.subplots(1, 2, sharey=True)
    faces, last, highest = _faces(result), result.steps[-1], 0.0
    for k, (face, (m,)) in enumerate(zip(faces, pressures(result, [last], faces), strict=True)):
        p, _, x, y = film_average(m.values, m.area, m.x, m.y, film)
        along = middle_line(p, y, _middle(face, "y")), middle_line(p.T, x, _middle(face, "x"))
        highest = max(highest, *(float(np.nanmax(line, initial=0.0)) for line in along))
        look = {"color": style.LINES[k % len(style.LINES)], "lw": 1.6, "ls": ("-", "--", "-.")[k % 3]}
        axes[0].plot(x, along[0], label=face["name"], **look)
        axes[1].plot(y, along[1], label=face["name"], **look)
    for ax, axis, other in ((axes[0], "x", "y"), (axes[1], "y", "x")):
        _edges(ax, result, axis)
        ax.set_xlabel(f"{axis} [mm]")
        ax.set_title(f"along {axis}, at the middle in {other}")
        ax.grid(axis="y", color="0.9", lw=0.6)
    # room for the names of the edges above the curves
    axes[0].set_ylim(0, 1.22 * max(highest, 1e-6))
    axes[0].set_ylabel("Pressure [MPa]")
    axes[0].legend(loc="best")
    made.suptitle(f"Mid-line profiles after {last}, averaged over {film:g} mm squares")
    return made


def _edges(ax: Axes, result: Result, axis: str) -> None:
    """Thin upright lines where the layers end."""
    regions = result.summary["drawing"]["regions"]
    for name, r in regions.items():
        for side in (r[f"{axis}0"], r[f"{axis}1"]):
            ax.axvline(side, color="0.6", lw=0.7, ls=":", zorder=0)
        ax.annotate(
            name,
            (r[f"{axis}1"], 1.0),
            xycoords=("data", "axes fraction"),
            rotation=90,
            ha="right",
            va="top",
            fontsize=8,
            color="0.45",
        )


def histogram(result: Result, film: float) -> Figure:
    """Area by film-averaged pressure on the region the metrics are taken over, last step."""
    last = result.steps[-1]
    faces = _faces(result)
    rows = pressures(result, [last], faces)
    region, box = next(iter(result.summary["drawing"]["regions"].items()), ("the interface", None))
    samples = []
    for face, (m,) in zip(faces, rows, strict=True):
        over = Rect(**(box or {k: face[k] for k in ("x0", "x1", "y0", "y1")}))
        samples.append(film_samples(m.values, m.area, m.x, m.y, over, film))
    top = max((float(p.max(initial=0.0)) for p, _ in samples), default=0.0) or 1.0
    made = style.figure(8.6, 2.5 * len(rows) + 0.8)
    axes = made.subplots(len(rows), 1, squeeze=False, sharex=True)[:, 0]
    for k, (ax, face, (p, area), (m,)) in enumerate(zip(axes, faces, samples, rows, strict=True)):
        told = result.at(last)["interfaces"].get(face["name"], {})
        _bars(ax, p, area, top, style.LINES[k % len(style.LINES)])
        _marks(ax, told)
        is_open = 100 * area[p <= (FAINT if m.inside else TOUCH) * top].sum() / max(float(area.sum()), 1e-12)
        state = f"below {FAINT:.0%} of the scale" if m.inside else "open"
        ax.set_title(f"{m.title}: {is_open:.3g} % of {region} {state}")
    axes[-1].set_xlabel(f"Pressure [MPa], averaged over {film:g} mm squares")
    return made


def _bars(ax: Axes, p: Array, area: Array, top: float, colour: str) -> None:
    """Bars of pressing area; the open area stands in the title, where it cannot dwarf the rest."""
    pressing = p > TOUCH * top
    share = 100 * area / area.sum()
    ax.hist(p[pressing], bins=40, range=(0.0, top), weights=share[pressing], color=colour, alpha=0.85)
    ax.set_ylim(0, 1.3 * max(ax.get_ylim()[1], 1e-6))
    ax.set_ylabel("area [%]")


def _marks(ax: Axes, told: Mapping[str, Any]) -> None:
    names = (("p5", "p5 [MPa]"), ("mean", "Mean contact pressure [MPa]"), ("p95", "p95 [MPa]"))
    for k, (name, key) in enumerate(names):
        if told.get(key) is not None:
            ax.axvline(told[key], color="0.25", lw=0.9, ls="--")
            text = f" {name} {told[key]:.3g}"
            ax.annotate(
                text, (told[key], 0.98 - 0.09 * k), xycoords=("data", "axes fraction"), va="top", fontsize=8
            )
