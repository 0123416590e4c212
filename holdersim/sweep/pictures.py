"""Pictures of a sweep: main effects, a map over two inputs, shares of the variance, where rows failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..plots import style
from .shares import Share, coded, effect

Array = NDArray[np.float64]
Inputs = Mapping[str, Sequence[Any]]
COLOUR = {"ok": style.LINES[0], "failed": style.LINES[1], "killed": style.LINES[3], "invalid": "0.6"}


def effects(inputs: Inputs, y: Array, name: str) -> Figure:
    """Every row over each input, and the mean at its levels: the response curve of that input."""
    columns = min(3, len(inputs))
    rows = -(-len(inputs) // columns)
    made = style.figure(3.6 * columns, 2.9 * rows)
    for k, (key, values) in enumerate(inputs.items(), 1):
        ax = made.add_subplot(rows, columns, k)
        found = effect(values, y)
        at, numeric = _places(ax, values, found.levels)
        ax.plot(at, y, ".", ms=3, color="0.7", zorder=1, rasterized=True)
        mean_at = found.levels if numeric else range(len(found.levels))
        ax.plot(
            mean_at,
            found.mean,
            "o-" if numeric else "D",
            ms=4 if numeric else 7,
            color=style.LINES[0],
            zorder=2,
        )
        ax.set_xlabel(key)
        if (k - 1) % columns == 0:
            ax.set_ylabel(name)
    return made


def _places(ax: Axes, values: Sequence[Any], levels: Sequence[Any]) -> tuple[Sequence[Any], bool]:
    """Where values stand on the axis: as numbers, or one after the other with their names."""
    if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        return values, True
    ax.set_xticks(range(len(levels)), [str(v) for v in levels])
    number = {str(v): k for k, v in enumerate(levels)}
    return [number[str(v)] for v in values], False


def heat(inputs: Inputs, pair: tuple[str, str], y: Array, name: str) -> Figure:
    """Mean of the number over two inputs; grey where no row is."""
    a, across = coded(inputs[pair[0]], 8)
    b, up = coded(inputs[pair[1]], 8)
    shape = (len(up), len(across))
    count = np.zeros(shape)
    total = np.zeros(shape)
    np.add.at(count, (b, a), 1)
    np.add.at(total, (b, a), y)
    made = style.figure(5.6, 4.2)
    ax = made.add_subplot()
    ax.set_facecolor(style.OPEN)
    with np.errstate(invalid="ignore"):
        drawn = ax.pcolormesh(np.where(count > 0, total / count, np.nan), cmap=style.PRESSURE)
    ax.set_xticks(np.arange(len(across)) + 0.5, [_short(v) for v in across])
    ax.set_yticks(np.arange(len(up)) + 0.5, [_short(v) for v in up])
    ax.set_xlabel(pair[0])
    ax.set_ylabel(pair[1])
    made.colorbar(drawn, ax=ax, label=f"mean of {name}")
    return made


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def bars(found: Mapping[str, Share], name: str) -> Figure:
    """Share of the variance by each input, largest first; hollow: with all that it takes part in."""
    order = sorted(found, key=lambda n: found[n].alone)
    made = style.figure(6.4, 1.2 + 0.36 * len(order))
    ax = made.add_subplot()
    totals = [found[n].total for n in order]
    if all(t is not None for t in totals):
        ax.barh(order, [t or 0.0 for t in totals], fc="none", ec="0.4", label="with all it takes part in")
    ax.barh(order, [found[n].alone for n in order], color=style.LINES[0], height=0.5, label="alone")
    ax.set_xlim(0, 1)
    ax.set_xlabel(f"share of the variance of {name}")
    if None not in totals:
        ax.legend(loc="lower right")
    return made


def fates(inputs: Inputs, pair: tuple[str, str], statuses: Sequence[str]) -> Figure:
    """Where in the space of two inputs rows ended how."""
    made = style.figure(5.6, 4.2)
    ax = made.add_subplot()
    levels = [coded(inputs[key], 8)[1] for key in pair]
    x, _ = _places(ax, inputs[pair[0]], levels[0])
    y: Any = inputs[pair[1]]
    if not all(isinstance(v, int | float) for v in y):
        names = [str(v) for v in levels[1]]
        ax.set_yticks(range(len(names)), names)
        y = [names.index(str(v)) for v in y]
    for status, colour in COLOUR.items():
        here = [k for k, s in enumerate(statuses) if s == status]
        if here:
            mark: dict[str, Any] = {"ls": "", "marker": "." if status == "ok" else "x", "color": colour}
            ax.plot([x[k] for k in here], [y[k] for k in here], label=f"{status} {len(here)}", **mark)
    ax.set_xlabel(pair[0])
    ax.set_ylabel(pair[1])
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return made


def saved(made: Figure, path: Path) -> Path:
    """A picture as a file."""
    with mpl.rc_context(style.STYLE):
        return style.save(made, path)
