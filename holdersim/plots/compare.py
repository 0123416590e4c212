"""Several pressure maps on one scale: maps, mid-line profiles, distributions, and what changes with the load."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, PercentFormatter
from numpy.typing import NDArray

from ..assembly import Rect
from ..metrics import film_samples, percentile, pixel_lines
from . import style
from .curves import middle_line
from .panels import ROBUST, Map

Array = NDArray[np.float64]
FAINT = 0.01
"""A square with less than this share of the mean pressure is drawn grey: nothing worth the name presses there."""
STROKES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
MARKS = "os^Dv"
BINS, TICKS = 25, 8
WIDE_RANGE = 20.0
"""A ratio of the largest to the smallest CV beyond which its axis is logarithmic."""


@dataclass(frozen=True)
class Sheet:
    """One pressure map to be compared: of which holder (`place` chooses its line style), at which load [MPa].

    map: averaged at the resolution `film` [mm] that all compared maps share; numbers: its metrics on `region`.
    """

    holder: str
    place: int
    load: float
    map: Map
    film: float
    region: Rect
    drawing: Mapping[str, Any]
    numbers: Mapping[str, float]

    @property
    def mean(self) -> float:
        """Mean pressure on the region [MPa]."""
        return self.numbers["Mean contact pressure [MPa]"]


Grid = Sequence[Sequence[Sheet | None]]


def look(place: int) -> dict[str, Any]:
    """Colour and stroke of a holder's line: each tells it apart alone."""
    return {
        "color": style.LINES[place % len(style.LINES)],
        "ls": STROKES[place % len(STROKES)],
        "lw": 1.8,
    }


def samples(sheet: Sheet) -> tuple[Array, Array]:
    """Pressures [MPa] on the region and the area [mm2] each stands for."""
    m = sheet.map
    return film_samples(m.values, m.area, m.x, m.y, sheet.region, sheet.film)


def colour_limit(sheets: Iterable[Sheet]) -> tuple[float, float]:
    """Upper colour limit [MPa] common to all maps, and the largest pressure drawn [MPa]."""
    pairs = [samples(s) for s in sheets]
    values, areas = np.concatenate([p for p, _ in pairs]), np.concatenate([a for _, a in pairs])
    if not (values > 0).any():
        return 1.0, 0.0
    return percentile(values[values > 0], areas[values > 0], ROBUST), float(values.max())


# -- maps ----------------------------------------------------------------------------------------------------


def maps(grid: Grid, relative: bool) -> Figure:
    """Maps in rows and columns on one colour scale and one geometric scale, in MPa or relative to each mean."""
    sheets = [s for row in grid for s in row if s]
    x0, x1, y0, y1 = _around(sheets)
    across = max(len(row) for row in grid)
    wide = 5.2 if across == 1 else max(2.6, 8.4 / across)
    high = min(1.3 * wide, max(0.3 * wide, wide * (y1 - y0) / (x1 - x0)))
    made = style.figure(wide * across + 0.6, (high + 0.65) * len(grid) + 0.9)
    axes = made.subplots(len(grid), across, squeeze=False, sharex=True, sharey=True)
    limit, peak = (2.0, max(s.numbers["Film-resolution peak [MPa]"] / s.mean for s in sheets)) if relative else (
        colour_limit(sheets))  # fmt: skip
    norm = Normalize(0.0, limit)
    for line, row in zip(axes, grid, strict=True):
        for ax, sheet in zip(line, [*row, *[None] * (across - len(row))], strict=True):
            if sheet is None:
                ax.set_visible(False)
            else:
                _map(ax, sheet, norm, relative)
                _name(ax, sheet, across, first=row is grid[0])
                ax.set_xlim(x0, x1)
                ax.set_ylim(y0, y1)
    _label_outer(axes)
    _colour_bar(made, axes, norm, peak, relative)
    return made


def _around(sheets: Iterable[Sheet]) -> tuple[float, float, float, float]:
    """x0, x1, y0, y1 [mm] around the regions of all maps, with a margin."""
    regions = [s.region for s in sheets]
    x0, x1 = min(r.x0 for r in regions), max(r.x1 for r in regions)
    y0, y1 = min(r.y0 for r in regions), max(r.y1 for r in regions)
    margin = 0.08 * min(x1 - x0, y1 - y0)
    return x0 - margin, x1 + margin, y0 - margin, y1 + margin


def _map(ax: Axes, sheet: Sheet, norm: Normalize, relative: bool) -> None:
    m = sheet.map
    lx, ly = pixel_lines(m.area, m.x, m.y)
    shown = m.values / sheet.mean if relative else m.values
    faint = m.values <= FAINT * sheet.mean
    grey = np.where(faint & np.isfinite(m.values), float(style.OPEN), np.nan)
    ax.pcolormesh(lx, ly, grey, cmap="gray", vmin=0, vmax=1)
    ax.pcolormesh(lx, ly, np.where(faint, np.nan, shown), cmap=style.PRESSURE, norm=norm)
    style.draw_outlines(ax, sheet.drawing)
    ax.set_aspect("equal")


def _name(ax: Axes, sheet: Sheet, across: int, first: bool) -> None:
    """Title: the holder, in a table of maps only over the first row, and there also the load."""
    cv = f"CV {sheet.numbers['CV [-]']:.3g}"
    if across == 1:
        ax.set_title(wrapped(f"{sheet.holder}: {cv}", 60))
        return
    name = wrapped(sheet.holder, 90 // across) + "\n" if first else ""
    ax.set_title(f"{name}{sheet.load:.3g} MPa: {cv}", fontsize=9)


def wrapped(text: str, width: int) -> str:
    """Text in lines of at most `width` letters."""
    return "\n".join(textwrap.wrap(text, width))


def _label_outer(axes: NDArray[Any]) -> None:
    for ax in axes[:, 0]:
        ax.set_ylabel("y [mm]")
    for column in axes.T:
        seen = [ax for ax in column if ax.get_visible()]
        if seen:
            seen[-1].set_xlabel("x [mm]")
            seen[-1].tick_params(labelbottom=True)


def _colour_bar(made: Figure, axes: NDArray[Any], norm: Normalize, peak: float, relative: bool) -> None:
    limit = float(norm.vmax or 1.0)
    what = "Pressure / its mean on the region [-]" if relative else "Pressure [MPa]"
    unit = "times" if relative else "MPa"
    beyond = f"; largest {peak:.3g} {unit}" if peak > limit else ""
    made.colorbar(
        ScalarMappable(norm, style.PRESSURE),
        ax=axes.ravel().tolist(),
        label=f"{what}\ngrey: below {FAINT:.0%} of the mean{beyond}",
        location="bottom",
        extend="max" if peak > limit else "neither",
        aspect=40,
        fraction=0.04,
    )


# -- curves --------------------------------------------------------------------------------------------------


def profiles(sheets: Sequence[Sheet]) -> Figure:
    """Pressure [MPa] through the middle of the region, along x and along y."""
    made = style.figure(5.6, 6.0)
    axes = made.subplots(2, 1, sharey=True)
    for s in sheets:
        m, r = s.map, s.region
        axes[0].plot(m.x, middle_line(m.values, m.y, (r.y0 + r.y1) / 2), label=s.holder, **look(s.place))
        axes[1].plot(m.y, middle_line(m.values.T, m.x, (r.x0 + r.x1) / 2), label=s.holder, **look(s.place))
    x0, x1, y0, y1 = _around(sheets)
    for ax, axis, other, span in ((axes[0], "x", "y", (x0, x1)), (axes[1], "y", "x", (y0, y1))):
        ax.set_xlim(*span)
        ax.set_xlabel(f"{axis} [mm]")
        ax.set_ylabel("Pressure [MPa]")
        ax.set_title(f"along {axis}, at the middle in {other}")
        ax.grid(axis="y", color="0.9", lw=0.6)
    _legend(made, axes[0])
    return made


def distribution(sheets: Sequence[Sheet]) -> Figure:
    """Area by pressure: histogram above, below it the share of area with less than a pressure."""
    made = style.figure(5.6, 6.0)
    bars, sums = made.subplots(2, 1, sharex=True)
    limit, _ = colour_limit(sheets)
    edges = np.linspace(0.0, 1.02 * limit, BINS + 1)
    for s in sheets:
        p, area = samples(s)
        order = np.argsort(p, kind="stable")
        share = np.cumsum(area[order]) / area.sum()
        heights, _ = np.histogram(np.clip(p, 0.0, edges[-1]), edges, weights=area / area.sum())
        bars.stairs(heights, edges, label=s.holder, **look(s.place))
        sums.step([p.min(), *p[order], edges[-1]], [0.0, *share, 1.0], where="post", **look(s.place))
    for q in (0.05, 0.95):
        sums.axhline(q, color="0.75", lw=0.7, zorder=0)
    bars.set_yscale("log")
    bars.set_title("Share of area in each bin of pressure")
    sums.set_title("Share of area with less than this pressure (lines: 5 %, 95 %)")
    sums.set_xlabel("Pressure [MPa]; the last bin holds all beyond")
    sums.set_xlim(0.0, edges[-1])
    for ax in (bars, sums):
        ax.yaxis.set_major_formatter(PercentFormatter(1.0))
        ax.grid(color="0.92", lw=0.6)
    _legend(made, bars)
    return made


def trend(sheets: Sequence[Sheet]) -> Figure:
    """CV, and p5 and p95 over the mean, against the load: one line per holder."""
    made = style.figure(5.6, 6.6)
    axes = made.subplots(2, 1, sharex=True)
    spreads = [s.numbers["CV [-]"] for s in sheets]
    for place in sorted({s.place for s in sheets}):
        line = sorted((s for s in sheets if s.place == place), key=lambda s: s.load)
        loads, marks = [s.load for s in line], {"marker": MARKS[place % len(MARKS)], "ms": 5}
        axes[0].plot(loads, [s.numbers["CV [-]"] for s in line], label=line[0].holder, **look(place), **marks)
        for q in ("p5 [MPa]", "p95 [MPa]"):
            axes[1].plot(loads, [s.numbers[q] / s.mean for s in line], **look(place), **marks)
    if min(spreads) > 0 and max(spreads) > WIDE_RANGE * min(spreads):
        axes[0].set_yscale("log")
        axes[0].yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes[0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    else:
        axes[0].set_ylim(0, None)
    axes[0].set_title("Spread: CV [-], 0 is even")
    axes[1].axhline(1.0, color="0.6", lw=0.8, zorder=0)
    axes[1].set_title("p95 (upper line) and p5 (lower line) over the mean [-], 1 is even")
    axes[1].set_xlabel("Load [MPa]")
    if len(loads := sorted({s.load for s in sheets})) <= TICKS:
        axes[1].set_xticks(loads, [f"{p:.3g}" for p in loads])
    for ax in axes:
        ax.grid(color="0.92", lw=0.6)
    _legend(made, axes[0])
    return made


def _legend(made: Figure, ax: Axes) -> None:
    handles, names = ax.get_legend_handles_labels()
    columns = len(names) if sum(map(len, names)) < 60 else 1
    names = [wrapped(n, 60) for n in names]
    made.legend(handles, names, loc="outside lower center", ncols=columns, handlelength=4)
