"""The history of a result against time, or against the temperature where no time passes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..results import Result
from ..results.history import FLUID, SOC, TEMPERATURE, Rows, column, columns, planes_in
from . import style
from .compare import look, wrapped
from .cycles import tame

Array = NDArray[np.float64]
LONG = 50.0
"""Ratio of the longest to the shortest time beyond which an axis of time is logarithmic."""
HOUR = 3600.0


def history(result: Result) -> Figure | None:
    """Pressures, bolt forces, temperature and state of charge against time, from states at several times.

    Where no time passes while the temperature changes, against the temperature; None where neither changes.
    """
    every = result.summary.get("history", [])
    timed = [r for r in every if r["time_s"] > 0]
    warm = [r for r in every if r.get(TEMPERATURE) is not None]
    if len({r["time_s"] for r in timed}) > 1:
        rows = timed if _decays(timed) else [*[r for r in every if r["time_s"] == 0][-1:], *timed]
        x, label, log = _time(rows)
    elif len({r[TEMPERATURE] for r in warm}) > 1:
        rows, x, label, log = warm, column(warm, TEMPERATURE), "Temperature [K]", False
    else:
        return None
    panels = [p for p in _panels(rows) if p[0] != TEMPERATURE or label.startswith("Time")]
    across = min(2, len(panels))
    down = -(-len(panels) // across)
    made = style.figure(10.4 if across == 2 else 6.0, 3.4 * down + 0.8)
    axes = made.subplots(down, across, squeeze=False).ravel()
    for ax, (title, names) in zip(axes, panels, strict=False):
        for k, (name, short) in enumerate(names.items()):
            ax.plot(x, column(rows, name), label=short, marker="o", ms=3, **look(k) | {"lw": 1.5})
        if log:
            ax.set_xscale("log")
        ax.set_xlabel(label)
        ax.set_ylabel(title)
        tame(ax)
        ax.ticklabel_format(useOffset=False, axis="y")
        ax.grid(color="0.92", lw=0.6)
        if len(names) > 1 or (title != SOC and title != TEMPERATURE):
            ax.legend(loc="best", ncols=1 + (len(names) > 4))
    for ax in axes[len(panels) :]:
        ax.set_visible(False)
    steps = [str(r["step"]) for r in rows]
    told = [s for s, before in zip(steps, ["", *steps], strict=False) if s != before]
    made.suptitle(wrapped(f"History: {', '.join(told) if len(told) < 9 else f'{len(told)} steps'}", 110))
    return made


def _decays(rows: Rows) -> bool:
    """Whether rows span so much time that it reads best on a logarithmic axis: only where nothing is cycled."""
    times, moving = column(rows, "time_s"), [column(rows, n) for n in (SOC, TEMPERATURE)]
    calm = all(len(set(values[np.isfinite(values)])) < 2 for values in moving)
    return calm and bool(times.max() > LONG * times.min())


def _time(rows: Rows) -> tuple[Array, str, bool]:
    """Times, the label of their axis, and whether it is logarithmic."""
    times = column(rows, "time_s")
    if times.min() > 0 and _decays(rows):
        return times, "Time [s]", True
    if times.max() > 2 * HOUR:
        return np.asarray(times / HOUR), "Time [h]", False
    return times, "Time [s]", False


def _panels(rows: Rows) -> Iterator[tuple[str, dict[str, str]]]:
    """Title and columns with their short names of each panel that the history has anything for."""
    means = columns(rows, "mean pressure of ", " [MPa]")
    planes = {
        f"{p}: {k} [MPa]": f"{p.replace('_', ' ')}, {k}"
        for p in planes_in(rows)
        for k in ("mean", "p5", "p95")
    }
    fluid = {FLUID: "fluid"} if any(FLUID in r for r in rows) else {}
    bolts = columns(rows, "force of ", " [N]")
    if bolts:
        yield "Bolt forces [N]", bolts
    if means or fluid:
        yield "Mean over each whole face [MPa]", fluid | means
    if planes:
        yield "Pressure inside the cell [MPa]", planes
    for name in (SOC, TEMPERATURE):
        values = column(rows, name)
        if len(set(values[np.isfinite(values)])) > 1:
            yield name, {name: re.sub(r" \[.*", "", name)}
    sizes = {n: n.removesuffix(" [um]") for n in ("free growth [um]", "thickness change [um]")}
    if sizes := {n: s for n, s in sizes.items() if np.nanmax(np.abs(column(rows, n)), initial=0.0) > 0}:
        yield "Thickness over the cathode, change [um]", sizes
    pads = columns(rows, "compression of ", " [um]")
    if pads:
        yield "Compression of pads [um]", pads
    springs = columns(rows, "spring length of ", " [mm]")
    if springs:
        yield "Spring length [mm]", springs
