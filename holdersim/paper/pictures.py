"""Pictures of a match: paper beside virtual paper, pressures and their difference, profiles, histogram."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from scipy import ndimage

from ..plots import style
from .grades import Array
from .image import INCH
from .maps import Flag, Reading
from .matching import Match, extent
from .options import RenderOptions
from .render import RIM, render_map
from .scores import agreeing, difference, monotone, most_pressed, pressed
from .sensor import DARKEST

SHOWN_DPI = 200.0
"""Resolution of the virtual paper in a picture."""
BINS = 16
PAPER, COMPUTED = style.LINES[1], style.LINES[0]


def _box(m: Match, rim: float = 0.0) -> tuple[float, float, float, float]:
    r = extent(m.felt)
    return r.x0 - rim, r.x1 + rim, r.y0 - rim, r.y1 + rim


def _canvas(m: Match, rows: int, columns: int, rim: float = 0.0) -> Figure:
    x0, x1, y0, y1 = _box(m, rim)
    wide = 5.0
    return style.figure(columns * wide + 0.9, rows * max(1.9, wide * (y1 - y0) / (x1 - x0) + 0.8))


def beside(m: Match) -> Figure:
    """The paper and the virtual paper, on the holder, at one scale."""
    made = _canvas(m, 1, 2, RIM)
    left, right = made.subplots(1, 2, sharex=True, sharey=True)
    draw_paper(left, m)
    draw_virtual(right, m)
    return made


def draw_paper(ax: Axes, m: Match) -> None:
    """The scan as it lies on the holder, colours balanced."""
    x0, x1, y0, y1 = _box(m, RIM)
    step = m.seen.side
    gx, gy = np.meshgrid(np.arange(x0 + step / 2, x1, step), np.arange(y0 + step / 2, y1, step))
    sx, sy = m.registration.pose.to_scan(gx, gy)
    at = [sy / step - 0.5, sx / step - 0.5]
    codes = [
        ndimage.map_coordinates(m.seen.light[..., k], at, order=1, mode="constant", cval=255)
        for k in range(3)
    ]
    ax.imshow(
        np.stack(codes, axis=-1),
        extent=(x0, x1, y0, y1),
        origin="lower",
        interpolation="nearest",
    )
    style.plan_axes(ax, (x0, x1, y0, y1), "measured")
    _outline(ax, m)


def draw_virtual(ax: Axes, m: Match) -> None:
    """The same of the computed pressure; grey shades where no paper's curve is known."""
    around = _box(m, RIM)
    options = _render_options(m.seen)
    if options is not None:
        sheet = render_map(m.felt, options)
        high, wide = sheet.pixels.shape[:2]
        middle = (around[0] + around[1]) / 2, (around[2] + around[3]) / 2
        half = wide * INCH / sheet.dpi / 2, high * INCH / sheet.dpi / 2
        at = (middle[0] - half[0], middle[0] + half[0], middle[1] - half[1], middle[1] + half[1])
        ax.imshow(sheet.pixels, extent=at, interpolation="nearest")
    else:
        ax.imshow(m.felt.pressure, extent=_box(m), origin="lower", cmap="gray_r", vmin=0, vmax=_black(m.seen),
                  interpolation="nearest")  # fmt: skip
    style.plan_axes(ax, around, "computed, shown as paper" if options else "computed")
    _outline(ax, m)


def _render_options(seen: Reading) -> RenderOptions | None:
    o = seen.options
    if seen.curve is None or o.grade is None or (o.temperature is None and o.wedge is None):
        return None
    given = o.model_dump(mode="json", exclude_none=True)
    names = ("grade", "pressing", "temperature", "humidity", "curves", "wedge", "samples")
    return RenderOptions(**{n: given[n] for n in names if n in given}, dpi=SHOWN_DPI)


def _black(seen: Reading) -> float | None:
    """Pressure [MPa] that is black where a sensor or fused papers are shown in grey; None without a scale."""
    if seen.curve is None or seen.curve.tag not in ("sensor", "fused"):
        return None
    c = seen.curve.each[0]
    return float(c.pressure[-1] / c.density[-1]) / DARKEST


def _outline(ax: Axes, m: Match) -> None:
    x0, x1, y0, y1 = _box(m)
    ax.add_patch(
        style.box({"x0": x0, "x1": x1, "y0": y0, "y1": y1}, fill=False, ec="0.25", lw=0.8, ls="--", zorder=5)
    )


def pressures(m: Match) -> Figure:
    """Pressure read, what the paper should show, and their difference."""
    made = _canvas(m, 1, 3)
    axes = made.subplots(1, 3, sharex=True, sharey=True)
    draw_pressure(axes[0], m.paper, m, "measured")
    if m.virtual is not None:
        draw_pressure(axes[1], m.virtual, m, "computed, as the paper shows it")
    draw_difference(axes[2], m)
    return made


def draw_pressure(ax: Axes, r: Reading, m: Match, title: str) -> None:
    """Pressures [MPa]; pale grey below the range, dark above, white masked."""
    flags = np.full((*r.flag.shape, 3), 1.0)
    flags[r.flag == Flag.BELOW], flags[r.flag == Flag.ABOVE] = 0.88, 0.25
    common: dict[str, Any] = {"extent": _box(m), "origin": "lower", "interpolation": "nearest"}
    ax.imshow(flags, **common)
    drawn = ax.imshow(r.pressure, cmap=style.PRESSURE, vmin=r.low, vmax=r.high, **common)
    ax.figure.colorbar(drawn, ax=ax, shrink=0.8).set_label("pressure [MPa]")
    style.plan_axes(ax, _box(m), title)


def draw_difference(ax: Axes, m: Match) -> None:
    """Paper - expected [MPa], grey within the uncertainty; where only a bound is told, what is beyond it."""
    off = np.where(m.known, difference(m), np.nan)
    within = agreeing(m) & m.known
    top = max(float(np.abs(off[m.known & ~within]).max(initial=0.0)), 0.1)
    common: dict[str, Any] = {"extent": _box(m), "origin": "lower", "interpolation": "nearest"}
    drawn = ax.imshow(
        np.where(within, np.nan, off), cmap=style.DEFLECTION, vmin=-top, vmax=top, zorder=2, **common
    )
    ax.imshow(np.where(within, 0.0, np.nan), cmap=ListedColormap([style.OPEN]), zorder=1, **common)
    ax.figure.colorbar(drawn, ax=ax, shrink=0.8).set_label("measured - expected [MPa]")
    style.plan_axes(ax, _box(m), f"{within[m.known].mean():.0%} within the uncertainty (grey)")


def profiles(m: Match) -> Figure:
    """Pressure along both middle lines: computed, and measured with its band."""
    made = style.figure(9.5, 3.4)
    for ax, along in zip(made.subplots(1, 2), ("x", "y"), strict=True):
        draw_profile(ax, m, along)
    return made


def draw_profile(ax: Axes, m: Match, along: str) -> None:
    """Pressure along the middle line in x or y, mean over two rows."""
    ny, nx = m.computed.shape
    across = slice((ny - 1) // 2, ny // 2 + 1) if along == "x" else slice((nx - 1) // 2, nx // 2 + 1)

    def line(values: Array) -> Array:
        part = values[across] if along == "x" else values[:, across].T
        return np.asarray(part.mean(axis=0), dtype=np.float64)

    s = m.x if along == "x" else m.y
    ax.plot(s, line(m.computed), color=COMPUTED, label="computed")
    p, band = line(m.paper.pressure), line(m.band)
    ax.fill_between(s, p * (1 - band), p * (1 + band), color=PAPER, alpha=0.25, lw=0)
    ax.plot(s, p, color=PAPER, marker=".", ms=4, label="measured, 95 % band")
    for limit in (m.paper.low, m.paper.high):
        ax.axhline(limit, color="0.6", lw=0.8, ls=":")
    blank = line((m.paper.flag == Flag.BELOW).astype(float)) == 1
    over = line((m.paper.flag == Flag.ABOVE).astype(float)) == 1
    ax.plot(
        s[blank], np.full(blank.sum(), m.paper.low), "v", ms=4, color=PAPER, mfc="none", label="less than"
    )
    ax.plot(s[over], np.full(over.sum(), m.paper.high), "^", ms=4, color=PAPER, mfc="none", label="more than")
    ax.set_xlabel(f"{along} [mm]")
    ax.set_ylabel("pressure [MPa]")
    ax.set_ylim(bottom=0)
    ax.set_title(f"middle line along {along}")
    ax.legend(fontsize=8)


def histogram(m: Match) -> Figure:
    """Shares of the area over pressure; bars at both sides tell what the paper cannot read."""
    made = style.figure(6.5, 3.4)
    draw_histogram(made.subplots(), m)
    return made


def draw_histogram(ax: Axes, m: Match) -> None:
    """The same on axes."""
    low, high, known = m.paper.low, m.paper.high, m.known
    lines = np.linspace(low, high, BINS + 1)
    step = lines[1] - lines[0]
    n = float(known.sum())
    readings = [("measured", m.paper, PAPER, -0.2)]
    readings += [("computed, as the paper shows it", m.virtual, COMPUTED, 0.2)] if m.virtual else []
    for name, r, colour, shift in readings:
        share = np.histogram(r.pressure[known & (r.flag == Flag.READ)], lines)[0] / n
        ends = [float((r.flag[known] == f).mean()) for f in (Flag.BELOW, Flag.ABOVE)]
        middle = (lines[1:] + lines[:-1]) / 2 + shift * step
        ax.bar(middle, 100 * share, 0.4 * step, color=colour, label=name)
        at = np.array([low - 1.5 * step, high + 1.5 * step]) + shift * step
        ax.bar(at, 100 * np.array(ends), 0.4 * step, color=colour, hatch="///", ec="white", alpha=0.75)
    ax.axvspan(low - 2.2 * step, low - 0.8 * step, color="0.95", zorder=0)
    ax.axvspan(high + 0.8 * step, high + 2.2 * step, color="0.95", zorder=0)
    ticks = [low - 1.5 * step, *np.linspace(low, high, 5), high + 1.5 * step]
    ax.set_xticks(
        ticks, [f"< {low:.3g}", *(f"{v:.3g}" for v in np.linspace(low, high, 5)), f"> {high:.3g}"], fontsize=8
    )
    ax.set_xlabel("pressure [MPa]; hatched: beyond the range")
    ax.set_ylabel("share of the area [%]")
    ax.legend(fontsize=8)


def order(m: Match) -> Figure:
    """For scans without a calibration: ratio and computed pressure as maps of ranks."""
    made = _canvas(m, 1, 2)
    left, right = made.subplots(1, 2, sharex=True, sharey=True)
    draw_ranks(left, m.paper.ratio, m, "measured: rank of R/(G+B)")
    draw_ranks(right, pressed(m), m, "computed: rank of the pressure")
    return made


def draw_ranks(ax: Axes, values: Array, m: Match, title: str) -> None:
    """Share of the area with less, 0 to 1."""
    from scipy.stats import rankdata

    ranks = np.full(values.shape, np.nan)
    ranks[m.known] = rankdata(values[m.known]) / m.known.sum()
    common: dict[str, Any] = {"extent": _box(m), "origin": "lower", "interpolation": "nearest"}
    drawn = ax.imshow(ranks, cmap=style.PRESSURE, vmin=0, vmax=1, **common)
    ax.figure.colorbar(drawn, ax=ax, shrink=0.8).set_label("share of the area with less")
    style.plan_axes(ax, _box(m), title)


def pattern(m: Match) -> Figure:
    """For scans without a calibration: the most pressed half on both, and the rising function between them."""
    made = style.figure(10.5, 3.4)
    left, right = made.subplots(1, 2)
    draw_overlap(left, m)
    draw_fit(right, m)
    return made


def draw_overlap(ax: Axes, m: Match, share: float = 0.5) -> None:
    """Where the most pressed share of the area lies: on both, on the paper only, in the computation only."""
    a, b = most_pressed(m.paper.ratio[m.known], pressed(m)[m.known], share)
    which = np.full(m.computed.shape, np.nan)
    which[m.known] = a + 2.0 * b
    colours = ("0.93", PAPER, COMPUTED, style.LINES[2])
    ax.imshow(which, extent=_box(m), origin="lower", interpolation="nearest", cmap=ListedColormap(colours),
              vmin=-0.5, vmax=3.5)  # fmt: skip
    names = ("neither", "paper only", "computed only", "both")
    ax.legend(handles=[Patch(fc=c, label=n) for c, n in zip(colours, names, strict=True)], fontsize=8,
              loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=4)  # fmt: skip
    style.plan_axes(ax, _box(m), f"the most pressed {share:.0%} of the area, if as much is pressed")


def draw_fit(ax: Axes, m: Match) -> None:
    """Ratio of the codes against computed pressure, and the best rising function."""
    ratio, computed = m.paper.ratio[m.known], m.computed[m.known]
    ax.plot(ratio, computed, ".", ms=2, color="0.65", rasterized=True, label="squares")
    along = np.argsort(ratio)
    ax.plot(ratio[along], monotone(ratio, computed)[along], color=PAPER, label="best rising function")
    ax.set_xlabel("R / (G + B) of the paper, an order only")
    ax.set_ylabel("computed pressure [MPa]")
    ax.set_ylim(bottom=0)
    ax.set_title("its level is the computed force, not the paper's")
    ax.legend(fontsize=8)


def everything(m: Match) -> Figure:
    """All of it on one sheet, for a document."""
    x0, x1, y0, y1 = _box(m, RIM)
    wide = 4.4
    with mpl.rc_context(style.STYLE):
        made = style.figure(3 * wide, 2 * wide * (y1 - y0) / (x1 - x0) + 5.2)
        axes = made.subplots(3, 2)
        draw_paper(axes[0][0], m)
        draw_virtual(axes[0][1], m)
        if m.virtual is None:
            draw_ranks(axes[1][0], m.paper.ratio, m, "measured: rank of R/(G+B)")
            draw_ranks(axes[1][1], pressed(m), m, "computed: rank of the pressure")
            draw_overlap(axes[2][0], m)
            draw_fit(axes[2][1], m)
        else:
            draw_pressure(axes[1][0], m.paper, m, "measured")
            draw_difference(axes[1][1], m)
            draw_profile(axes[2][0], m, "x")
            draw_histogram(axes[2][1], m)
    return made
