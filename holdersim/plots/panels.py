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
MOST = 4
"""Maps that one picture has room for below each other."""
FAINT = 0.01
"""Share of the colour scale below which nothing worth the name presses inside the cell."""
SMALL = 0.05
"""Share of the largest gap below which the gaps of a face are not drawn."""


@dataclass(frozen=True)
class Map:
    """One quantity on one interface at one step: values (ny, nx), areas [mm2], centres x, y [mm].

    inside: on a plane inside the cell, where nothing opens and a pressure of nearly nothing has either sign.
    """

    title: str
    values: Array
    area: Array
    x: Array
    y: Array
    inside: bool = False


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


def planes(result: Result) -> list[Mapping[str, Any]]:
    """Planes inside the cell whose pressure is stored, with the outline of their maps [mm]."""
    data, known = result.maps, {f["name"] for f in interfaces(result)}
    names = [str(n).removesuffix("_pressure") for n in data if str(n).endswith("_pressure")]
    found: list[Mapping[str, Any]] = []
    for name in (n for n in names if n not in known and f"x_{n}" in data):
        x, y = (data[f"{axis}_{name}"].values for axis in "xy")
        lx, ly = pixel_lines(data[f"{name}_area"].values, x, y)
        found.append({"name": name, "x0": lx[0], "x1": lx[-1], "y0": ly[0], "y1": ly[-1]})
    return found


def pressed(result: Result) -> list[Mapping[str, Any]]:
    """Planes inside the cell, then the faces that press a cell, the uppermost first; without a cell all faces.

    Of a pile, with more than MOST of them, only the planes.
    """
    soft = {layer["solid"] for layer in result.summary["drawing"]["layers"]}
    touching = [f for f in interfaces(result) if soft & {f[s].split(".")[0] for s in ("above", "below")}]
    inside = planes(result)
    crowded = inside and len(inside) + len(touching) > MOST
    return inside if crowded else [*inside, *touching] or interfaces(result)


def elsewhere(result: Result) -> list[Mapping[str, Any]]:
    """Interfaces that do not press a cell, as flanges and pads on plates, or that `pressed` has no room for."""
    shown = {f["name"] for f in pressed(result)}
    return [f for f in interfaces(result) if f["name"] not in shown]


def pressures(result: Result, steps: Sequence[str], faces: Sequence[Mapping[str, Any]]) -> list[list[Map]]:
    """Pressure maps by interface and step."""
    rows, inside = [], {f["name"] for f in planes(result)}
    for name in (face["name"] for face in faces):
        told = f"{name} (inside the stack)" if name in inside else name
        found = (read(result, name, "pressure", s, f"{told} after {s}") for s in steps)
        rows.append([replace(m, inside=name in inside) for m in found if m])
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
    faces = pressed(result)
    maps = [m for row in pressures(result, [step], faces) for m in row]
    drawing = result.summary["drawing"]
    x0, x1, y0, y1 = around = _around(result, faces)
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
        _place(made, list(axes[:, 1]), drawing)
    _bar(made, list(axes[:, 0]), shade, _pressure_label(limit, peak, result, faces), peak)
    return made


def _around(result: Result, faces: Sequence[Mapping[str, Any]]) -> tuple[float, float, float, float]:
    """x0, x1, y0, y1 [mm] around the faces shown, and around the cell where only planes inside it are."""
    inside = {f["name"] for f in planes(result)}
    layers = result.summary["drawing"]["layers"] if all(f["name"] in inside for f in faces) else []
    return style.bounds({"faces": [*faces, *layers]}, ["faces"])


def _place(made: Figure, column: Sequence[Axes], drawing: Any) -> None:
    """Small plan of the holder with the legend of the outlines."""
    for ax in column[1:]:
        ax.set_visible(False)
    style.draw_plate(column[0], drawing)
    handles = style.draw_outlines(column[0], drawing)
    style.plan_axes(column[0], style.bounds(drawing), "Place in the holder")
    if handles and len(column) == 1:
        made.legend(handles=handles, loc="outside lower center", ncols=min(4, len(handles)))
    elif handles:
        # out of the layout: it would push the maps apart
        legend = column[0].legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.32))
        legend.set_in_layout(False)


def _pressure_label(limit: float, peak: float, result: Result, faces: Sequence[Mapping[str, Any]]) -> str:
    beyond = f"; colours end at p{ROBUST:g} of the pressing area, largest pixel {peak:.3g}"
    inside = {f["name"] for f in planes(result)} & {f["name"] for f in faces}
    what = "Pressure [MPa]; inside the stack minus szz" if inside else "Contact pressure [MPa]"
    grey = f"open, or inside the stack below {FAINT:.0%} of the scale" if inside else "open"
    return f"{what}\n(grey: {grey}{beyond if peak > limit else ''})"


def elsewhere_picture(result: Result, step: str) -> Figure | None:
    """Pressure maps of faces that do not press the cell, such as flanges and the backs of pads."""
    faces = elsewhere(result)
    return _pressure_table(result, [step], faces) if faces else None


def steps_picture(result: Result, steps: Sequence[str]) -> Figure:
    """Pressure maps of several steps beside each other on one colour scale."""
    return _pressure_table(result, steps, pressed(result))


def _pressure_table(result: Result, steps: Sequence[str], faces: Sequence[Mapping[str, Any]]) -> Figure:
    rows = pressures(result, steps, faces)
    if len(steps) == 1 and len(rows) > 2:
        flat = [m for row in rows for m in row]
        rows = [flat[k : k + 2] for k in range(0, len(flat), 2)]
    limit, peak = robust_limit(m for row in rows for m in row)
    shade = _Shade(Normalize(0.0, limit), style.PRESSURE, TOUCH * limit)
    label = _pressure_label(limit, peak, result, faces)
    return _table(result, rows, shade, label, peak, _around(result, faces))


def gap_picture(result: Result, step: str) -> Figure | None:
    """Gaps before loading (left) and after it (right) on one colour scale, of the faces with the larger gaps."""
    rows = []
    for face in interfaces(result):
        name = face["name"]
        both = (
            read(result, name, "initial_gap", step, f"{name}: gap before loading"),
            read(result, name, "gap", step, f"{name}: gap after {step}"),
        )
        rows.append([m for m in both if m])
    largest = [max((float(np.nanmax(m.values, initial=0.0)) for m in r), default=0.0) for r in rows]
    top = max(largest, default=0.0)
    rows = [r for r, gap in zip(rows, largest, strict=True) if r and gap >= SMALL * top]
    if not rows:
        return None
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
    soft = {layer["solid"] for layer in drawing["layers"]} | {p["name"] for p in drawing.get("pads", [])}
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


def _table(
    result: Result,
    rows: list[list[Map]],
    shade: _Shade,
    label: str,
    top: float,
    around: tuple[float, float, float, float] | None = None,
) -> Figure:
    """Maps in rows on the plan of the whole holder or of a part of it, with one bar and one legend."""
    drawing = result.summary["drawing"]
    across = max(len(r) for r in rows)
    x0, x1, y0, y1 = around = around or style.bounds(drawing)
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
        low = FAINT * float(shade.norm.vmax or 0.0) if m.inside else shade.open_below
        is_open = np.isfinite(m.values) & (m.values <= low)
        grey = np.where(is_open, float(style.OPEN), np.nan)
        ax.pcolormesh(lx, ly, grey, cmap="gray", vmin=0, vmax=1, zorder=3)
        shown = np.where(is_open, np.nan, m.values)
    ax.pcolormesh(lx, ly, shown, cmap=shade.colours, norm=shade.norm, zorder=3.5)
    style.plan_axes(ax, around, m.title)
    return style.draw_outlines(ax, drawing)
