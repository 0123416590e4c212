"""Pressure, bolt forces and fluid against the state of charge, of one result or several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..results import Result
from ..results.history import (
    BOLTS,
    FLUID,
    SOC,
    Rows,
    charged,
    column,
    columns,
    cycles,
    mean_of,
    planes_in,
)
from . import style
from .compare import look, wrapped

Array = NDArray[np.float64]
Way = tuple[Array, Array]
"""States of charge [%] that only rise or only fall, and the values there."""
BAND = 0.16
"""Opacity of the band between p5 and p95."""
APART, NEARLY = 0.01, 1e-4
"""Shares of a loop's swing and of its largest value by which the ways up and down must differ to be drawn both."""


@dataclass(frozen=True)
class Loop:
    """The rows of one result that charge: of which holder (`place` chooses its line style), on which plane."""

    holder: str
    place: int
    rows: Rows
    plane: str

    def values(self, name: str) -> Array:
        """A quantity of every state; "mean", "p5", "p95" and "CV" are those of the plane."""
        of_plane = {k: f"{self.plane}: {k} [MPa]" for k in ("p5", "p95")} | {"CV": f"{self.plane}: CV [-]"}
        name = mean_of(self.rows, self.plane) if name == "mean" else of_plane.get(name, name)
        return column(self.rows, name)

    def has(self, name: str) -> bool:
        """Whether any state has the quantity."""
        return bool(np.isfinite(self.values(name)).any())


def loops(found: Sequence[Loop]) -> Figure:
    """Mean pressure of all results on one axis above; below it the same with p5 to p95, one panel each."""
    banded = [loop for loop in found if loop.has("p5") and loop.has("p95")]
    made = style.figure(6.4, 3.6 + (2.3 if banded else 0.0) + 0.2 * len(found))
    shape: list[Any] = (
        [["all"] * len(banded), [f"band {k}" for k in range(len(banded))]] if banded else [["all"]]
    )
    axes = made.subplot_mosaic(shape, height_ratios=[1.5, 1.0][: len(shape)])
    for loop in found:
        _line(axes["all"], loop, "mean", label=loop.holder)
    _dress(axes["all"], "Mean pressure [MPa]", f"Mean pressure on the {_where(found)}{_cycles_said(found)}")
    _from_zero(axes["all"])
    top = max((float(np.nanmax(b.values("p95"))) for b in banded), default=0.0)
    for k, loop in enumerate(banded):
        ax = axes[f"band {k}"]
        _band(ax, loop)
        _line(ax, loop, "mean", arrows=False)
        _dress(ax, "Mean, and p5 to p95 [MPa]" if k == 0 else "", "")
        ax.set_ylim(0.0, 1.05 * top)
        if len(banded) > 1:
            ax.set_xticks([0, 50, 100])
        if k:
            ax.tick_params(labelleft=False)
        if k != len(banded) // 2:
            ax.set_xlabel("")
    _legend(made, axes["all"])
    return made


def loads(found: Sequence[Loop]) -> Figure | None:
    """Spread of the pressure, change of the force of the mean bolt, pressure of the fluid; None without any of them."""
    shown = (("CV", "CV [-]", "Spread: CV on the plane, 0 is even"),
             (BOLTS, "Change [N]", "Force of a bolt, mean of all, since before the first charge"),
             (FLUID, "Pressure [MPa]", "Pressure of the fluid"))  # fmt: skip
    panels = [p for p in shown if any(loop.has(p[0]) for loop in found)]
    if not panels:
        return None
    made = style.figure(6.4, 2.1 * len(panels) + 0.3 + 0.2 * len(found))
    axes = made.subplots(len(panels), 1, squeeze=False, sharex=True)[:, 0]
    for ax, (name, label, title) in zip(axes, panels, strict=True):
        for loop in found:
            _line(ax, loop, name, since=name == BOLTS, label=loop.holder)
        _dress(ax, label, title)
        if name == "CV":
            ax.set_ylim(0.0, None)
        else:
            tame(ax, max(float(np.nanmax(loop.values(name), initial=0.0)) for loop in found))
    for ax in axes[:-1]:
        ax.set_xlabel("")
    _legend(made, *axes)
    return made


def picture(result: Result) -> Figure | None:
    """One result against the state of charge: mean, spread, bolts, fluid, thickness; None where nothing charges."""
    rows = charged(result)
    planes = planes_in(rows) or [f["name"] for f in result.summary["drawing"]["interfaces"]][-1:]
    if not rows or not planes:
        return None
    found = [Loop(plane.replace("_", " "), k, rows, plane) for k, plane in enumerate(planes)]
    panels, spread = _panels(rows), found[0].has("p5")
    heights = [3.0, *[2.3] * (spread + len(panels))]
    made = style.figure(8.6, sum(heights) + 0.6)
    mean, *others = made.subplots(len(heights), 1, squeeze=False, sharex=True, height_ratios=heights)[:, 0]
    for loop in found:
        _line(mean, loop, "mean", label=loop.holder)
    _dress(mean, "Pressure [MPa]", f"Mean pressure on the {_where(found)}{_cycles_said(found)}")
    tame(mean)
    if spread:
        ax = others.pop(0)
        for loop in found:
            _band(ax, loop)
            _line(ax, loop, "mean", arrows=False)
        _dress(ax, "Pressure [MPa]", "Band from p5 to p95, and the mean")
        ax.set_ylim(0.0, None)
    for ax, (title, label, names) in zip(others, panels, strict=True):
        for k, (name, short) in enumerate(names.items()):
            _line(ax, Loop(short, k, rows, ""), name, label=short)
        _dress(ax, label, title)
        tame(ax)
    for ax in made.axes:
        ax.set_xlabel("State of charge [%]" if ax is made.axes[-1] else "")
        if len(ax.get_legend_handles_labels()[0]) > 1:
            ax.legend(loc="best", ncols=2, handlelength=4)
    _mark_events(mean, result)
    return made


def _panels(rows: Rows) -> list[tuple[str, str, dict[str, str]]]:
    """Title, label and columns with their short names of what a history has besides pressures in the cell."""
    thickness = {n: n.removesuffix(" [um]") for n in ("free growth [um]", "thickness change [um]")}
    found = (
        ("Bolt forces", "Force [N]", columns(rows, "force of ", " [N]")),
        ("Pressure of the fluid", "Pressure [MPa]", {FLUID: "fluid"}),
        ("Thickness of the stack over the cathode", "Change [um]", thickness),
    )
    return [
        (t, y, here)
        for t, y, c in found
        if (here := {n: s for n, s in c.items() if any(n in r for r in rows)})
    ]


def _line(ax: Axes, loop: Loop, name: str, arrows: bool = True, since: bool = False, **more: Any) -> None:
    """The loop of a quantity: the last cycle strong with arrows, the first one thin, those between faint.

    since: the change since the first state.
    """
    soc, values = 100 * loop.values(SOC), loop.values(name)
    values = values - values[0] if since else values
    if not np.isfinite(values).any():
        return
    parts, drawn = cycles(soc / 100), look(loop.place)
    for part in parts[1:-1]:
        ax.plot(soc[part], values[part], color=drawn["color"], lw=0.5, alpha=min(0.5, 5 / len(parts)))
    first, ways = (_ways(soc[p], values[p]) for p in (parts[0], parts[-1]))
    same = len(first) == len(ways) and all(map(_alike, first, ways))
    if len(parts) > 1 and not same:
        ax.plot(soc[parts[0]], values[parts[0]], **drawn | {"lw": 0.9})
        if arrows:
            _arrow(ax, *first[0], drawn["color"])
    # the dashes of two ways on one line would mix
    closed = len(ways) == 2 and _alike(*ways)
    x, y = ways[0] if closed else (soc[parts[-1]], values[parts[-1]])
    ax.plot(x, y, **drawn, **more)
    for way in ways if arrows and len(ways) == 2 and not closed else ():
        _arrow(ax, *way, drawn["color"])


def _ways(soc: Array, values: Array) -> list[Way]:
    """The way up and the way down of a cycle, those that there are."""
    turn = int(np.nanargmax(soc))
    return [(soc[w], values[w]) for w in (slice(0, turn + 1), slice(turn, None)) if np.ptp(soc[w]) > 0]


def _alike(one: Way, other: Way) -> bool:
    """Whether two ways have the same values from end to end, as far as a picture can tell."""
    grid = np.linspace(one[0].min(), one[0].max(), 21)
    if not np.allclose(np.sort([other[0].min(), other[0].max()]), grid[[0, -1]], atol=NEARLY):
        return False
    values = np.concatenate([one[1], other[1]])
    gap = np.abs(_sampled(one, grid) - _sampled(other, grid)).max()
    return bool(gap <= max(NEARLY * np.abs(values).max(), APART * np.ptp(values)))


def _sampled(way: Way, grid: Array) -> Array:
    """Values of a way at given states of charge."""
    soc, values = way if way[0][-1] >= way[0][0] else (way[0][::-1], way[1][::-1])
    return np.asarray(np.interp(grid, soc, values))


def _arrow(ax: Axes, x: Array, y: Array, colour: str) -> None:
    """Arrow head at the middle of a way."""
    k = min(int(np.searchsorted(np.abs(x - x[0]), np.ptp(x) / 2)), len(x) - 1)
    if k > 0:
        head = {"arrowstyle": "-|>", "color": colour, "lw": 0.0, "mutation_scale": 14}
        ax.annotate("", (x[k], y[k]), ((x[k] + x[k - 1]) / 2, (y[k] + y[k - 1]) / 2), arrowprops=head)


def _band(ax: Axes, loop: Loop) -> None:
    """Area between p5 and p95 over the last cycle: the lower p5 and the higher p95 of the ways up and down."""
    part = cycles(loop.values(SOC))[-1]
    soc, low, high = (loop.values(n)[part] for n in (SOC, "p5", "p95"))
    if not np.isfinite(low).any():
        return
    places, turn = np.unique(soc), int(np.nanargmax(soc))
    both = (slice(0, turn + 1), slice(None, turn - 1 if turn else None, -1))
    ways = [w for w in both if np.ptp(soc[w]) > 0]
    under = np.nanmin([np.interp(places, soc[w], low[w], np.nan, np.nan) for w in ways], axis=0)
    over = np.nanmax([np.interp(places, soc[w], high[w], np.nan, np.nan) for w in ways], axis=0)
    ax.fill_between(100 * places, under, over, color=look(loop.place)["color"], alpha=BAND, lw=0)


def _dress(ax: Axes, label: str, title: str) -> None:
    ax.set_xlabel("State of charge [%]")
    ax.set_ylabel(label)
    ax.set_title(title)
    ax.grid(color="0.92", lw=0.6)
    ax.ticklabel_format(useOffset=False, axis="y")


def _from_zero(ax: Axes) -> None:
    """Begin an axis at zero unless that would leave most of it empty."""
    low, high = ax.get_ylim()
    if low < high / 2:
        ax.set_ylim(0.0, high)


def tame(ax: Axes, size: float = 0.0) -> None:
    """Give an axis no less than 2 % of its values, or of `size`: what hardly changes shall look so."""
    low, high = ax.get_ylim()
    least, middle = 0.02 * max(abs(low), abs(high), size), (low + high) / 2
    if high - low < least:
        ax.set_ylim(middle - least / 2, middle + least / 2)


def _where(found: Sequence[Loop]) -> str:
    named = ("cathode plane" if o.plane == "cathode" else o.plane.replace("_", " ") for o in found)
    return ", ".join(dict.fromkeys(named))


def _cycles_said(found: Sequence[Loop]) -> str:
    counts = {len(cycles(o.values(SOC))) for o in found}
    return (
        "" if counts == {1} else f"; thin: first cycle, strong: last of {'/'.join(map(str, sorted(counts)))}"
    )


def _legend(made: Figure, *axes: Axes) -> None:
    handles: dict[str, Any] = {}
    for ax in axes:
        for handle, name in zip(*ax.get_legend_handles_labels(), strict=True):
            handles.setdefault(wrapped(name, 60), handle)
    columns = len(handles) if sum(map(len, handles)) < 60 else 1
    made.legend(
        list(handles.values()), list(handles), loc="outside lower center", ncols=columns, handlelength=4
    )


def _mark_events(ax: Axes, result: Result) -> None:
    """Thin upright lines where something happened first, those at one state of charge together."""
    at: dict[float, list[str]] = {}
    for event in result.summary.get("events", []):
        if event.get(SOC) is not None:
            at.setdefault(100 * event[SOC], []).append(str(event["event"]))
    for soc, names in at.items():
        ax.axvline(soc, color="0.45", lw=0.8, ls=":")
        right = soc > 50
        ax.annotate(
            "; ".join(names),
            (soc, 0.98),
            xycoords=("data", "axes fraction"),
            xytext=(-3 if right else 3, 0),
            textcoords="offset points",
            rotation=90,
            ha="right" if right else "left",
            va="top",
            fontsize=8,
            color="0.2",
            path_effects=[style.HALO],
        )
