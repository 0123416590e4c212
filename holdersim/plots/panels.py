"""Maps of one result on the plan of the holder: pressure, gap, deflection; to scale, on common limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..metrics import TOUCH, percentile, pixel_lines
from ..results import Result
from . import style

Array = NDArray[np.float64]
ROBUST = 99.5
"""Upper colour limit of pressures: this percentile of the pressing area."""


@dataclass(frozen=True)
class Map:
    """One quantity on one interface at one step: values (ny, nx), areas [mm2], centres x, y [mm]."""

    title: str
    values: Array
    area: Array
    x: Array
    y: Array


def read(result: Result, interface: str, quantity: str, step: str, title: str) -> Map | None:
    """A map of the result; None where it was not written."""
    data, name = result.maps, f"{interface}_{quantity}"
    if name not in data:
        return None
    values = data[name].sel(step=step) if "step" in data[name].dims else data[name]
    area = data[f"{interface}_area"].values
    return Map(title, values.values, area, data[f"x_{interface}"].values, data[f"y_{interface}"].values)


def interfaces(result: Result) -> list[Mapping[str, Any]]:
    """Interfaces of the result, the uppermost first."""
    return list(reversed(result.summary["drawing"]["interfaces"]))


def pressures(result: Result, steps: Sequence[str]) -> list[list[Map]]:
    """Pressure maps by interface and step."""
    rows = []
    for face in interfaces(result):
        name = face["name"]
        found = (read(result, name, "pressure", s, f"{name} after {s}") for s in steps)
        rows.append([m for m in found if m])
    return [r for r in rows if r]


def robust_limit(maps: Iterable[Map]) -> tuple[float, float]:
    """Upper colour limit common to several pressure maps, and their largest pixel [MPa]."""
    values, weights = [], []
    for m in maps:
        pressing = np.nan_to_num(m.values) > TOUCH * np.nanmax(m.values, initial=0.0)
        values.append(m.values[pressing])
        weights.append(m.area[pressing])
    v, w = np.concatenate(values), np.concatenate(weights)
    if v.size == 0:
        return 1.0, 0.0
    return percentile(v, w, ROBUST), float(v.max())


def pressure_picture(result: Result, step: str) -> Figure:
    """Large pressure maps after one step on one colour scale, with a plan of the holder."""
    maps = [m for row in pressures(result, [step]) for m in row]
    drawing = result.summary["drawing"]
    x0, x1, y0, y1 = around = style.bounds(drawing, ["interfaces"])
    high = min(6.0, max(1.5, 6.0 * (y1 - y0) / (x1 - x0)))
    made = style.figure(10.2, (high + 0.9) * len(maps) + 1.1)
    placed = bool(drawing["bolts"] or drawing["layers"])
    widths = [2.4, 1.0] if placed else [1.0]
    axes = made.subplots(len(maps), len(widths), squeeze=False, width_ratios=widths)
    limit, peak = robust_limit(maps)
    shade = _Shade(Normalize(0.0, limit), style.PRESSURE, TOUCH * limit)
    for ax, m in zip(axes[:, 0], maps, strict=True):
        _panel(ax, m, drawing, shade, around)
    if placed:
        _place(list(axes[:, 1]), drawing)
    _bar(made, list(axes[:, 0]), shade, _pressure_label(limit, peak), peak)
    return made


def _place(column: Sequence[Axes], drawing: Any) -> None:
    """Small plan of the holder with the legend of the outlines."""
    for ax in column[1:]:
        ax.set_visible(False)
    style.draw_plate(column[0], drawing)
    handles = style.draw_outlines(column[0], drawing)
    style.plan_axes(column[0], style.bounds(drawing), "Place in the holder")
    if handles:
        # out of the layout: it would push the maps apart
        legend = column[0].legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.32))
        legend.set_in_layout(False)


def _pressure_label(limit: float, peak: float) -> str:
    beyond = f"; colours end at p{ROBUST:g} of the pressing area, largest pixel {peak:.3g}"
    return f"Contact pressure [MPa]  (grey: open{beyond if peak > limit else ''})"


def steps_picture(result: Result, steps: Sequence[str]) -> Figure:
    """Pressure maps of several steps beside each other on one colour scale."""
    rows = pressures(result, steps)
    limit, peak = robust_limit(m for row in rows for m in row)
    shade = _Shade(Normalize(0.0, limit), style.PRESSURE, TOUCH * limit)
    return _table(result, rows, shade, _pressure_label(limit, peak), peak)


def gap_picture(result: Result, step: str) -> Figure | None:
    """Gaps before loading (left) and after it (right) on one colour scale."""
    rows = []
    for face in interfaces(result):
        name = face["name"]
        both = (
            read(result, name, "initial_gap", step, f"{name}: gap before loading"),
            read(result, name, "gap", step, f"{name}: gap after {step}"),
        )
        rows.append([m for m in both if m])
    rows = [r for r in rows if r]
    if not rows:
        return None
    top = max(float(np.nanmax(m.values, initial=0.0)) for row in rows for m in row)
    shade = _Shade(Normalize(0.0, top or 1.0), style.GAP)
    return _table(result, rows, shade, "Gap [um]", top)


def deflection_picture(result: Result, step: str) -> Figure | None:
    """Deflection of each plate's pressing face, best plane removed, on one symmetric scale."""
    maps = list(_deflections(result, step))
    if not maps:
        return None
    top = max(float(np.nanmax(np.abs(m.values), initial=0.0)) for m in maps) or 1.0
    shade = _Shade(Normalize(-top, top), style.DEFLECTION)
    label = "Deflection away from the other body [um]  (best plane removed)"
    made = _table(result, [maps], shade, label, top)
    for ax, m in zip(made.axes, maps, strict=False):
        if min(m.values.shape) > 2 and np.isfinite(m.values).all() and np.ptp(m.values) > 0:
            lines = ax.contour(m.x, m.y, m.values, 5, colors="0.15", linewidths=0.6, zorder=4)
            ax.clabel(lines, fontsize=7, fmt="%.2g")
    return made


def _deflections(result: Result, step: str) -> Iterator[Map]:
    drawing = result.summary["drawing"]
    soft = {layer["solid"] for layer in drawing["layers"]}
    region = next(iter(drawing["regions"]), "")
    for face in interfaces(result):
        for side in ("above", "below"):
            body = face[side].split(".")[0]
            m = read(result, face["name"], f"deflection_{side}", step, "")
            if m is None or body in soft or not np.isfinite(m.values).any():
                continue
            valley = result.at(step)["plates"].get(body, {}).get("Peak-to-valley [um]")
            if valley is None:
                yield replace(m, title=f"{body} after {step}")
                continue
            title = f"{body} after {step}: {valley:.3g} um peak to valley"
            yield replace(m, title=title + (f" over {region}" if region else ""))


@dataclass(frozen=True)
class _Shade:
    """Colours of a quantity; pixels at or below `open_below` are grey."""

    norm: Normalize
    colours: str
    open_below: float | None = None


def _table(result: Result, rows: list[list[Map]], shade: _Shade, label: str, top: float) -> Figure:
    """Maps in rows on the plan of the whole holder, with one bar and one legend."""
    drawing = result.summary["drawing"]
    across = max(len(r) for r in rows)
    x0, x1, y0, y1 = around = style.bounds(drawing)
    wide = 5.0 if across < 3 else 3.4
    high = min(1.6 * wide, max(0.35 * wide, wide * (y1 - y0) / (x1 - x0)))
    made = style.figure((wide + 0.6) * across, (high + 0.7) * len(rows) + 1.3)
    axes = made.subplots(len(rows), across, squeeze=False)
    used: list[Axes] = []
    handles: list[Any] = []
    for line, row in zip(axes, rows, strict=True):
        for ax in line[len(row) :]:
            ax.set_visible(False)
        for ax, m in zip(line, row, strict=False):
            handles = _panel(ax, m, drawing, shade, around)
            used.append(ax)
    _bar(made, used, shade, label, top)
    if handles:
        made.legend(handles=handles, loc="outside lower center", ncols=min(4, len(handles)))
    return made


def _bar(made: Figure, axes: list[Axes], shade: _Shade, label: str, top: float) -> None:
    """Colour bar under the maps, with an arrow where values lie beyond it."""
    extend = "max" if top > float(shade.norm.vmax or 0.0) * (1 + 1e-9) else "neither"
    shades = ScalarMappable(shade.norm, shade.colours)
    made.colorbar(shades, ax=axes, label=label, location="bottom", extend=extend, fraction=0.05, aspect=45)


def _panel(
    ax: Axes, m: Map, drawing: Any, shade: _Shade, around: tuple[float, float, float, float]
) -> list[Any]:
    style.draw_plate(ax, drawing)
    lx, ly = pixel_lines(m.area, m.x, m.y)
    shown = m.values
    if shade.open_below is not None:
        is_open = np.isfinite(m.values) & (m.values <= shade.open_below)
        grey = np.where(is_open, float(style.OPEN), np.nan)
        ax.pcolormesh(lx, ly, grey, cmap="gray", vmin=0, vmax=1, zorder=3)
        shown = np.where(is_open, np.nan, m.values)
    ax.pcolormesh(lx, ly, shown, cmap=shade.colours, norm=shade.norm, zorder=3.5)
    style.plan_axes(ax, around, m.title)
    return style.draw_outlines(ax, drawing)
