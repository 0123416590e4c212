"""The history of a result as columns: where it charges, its cycles, and how far each quantity swings.

A history is a list of rows, one per state; a key that does not apply to a state is absent there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .reading import Result

Array = NDArray[np.float64]
Rows = Sequence[dict[str, Any]]

SOC, FLUID, TEMPERATURE = "SOC [-]", "fluid_pressure_MPa", "temperature [K]"
BOLTS = "force of a bolt [N]"
"""Name of the force of the mean bolt: no column of its own in a history."""
TURN = 1e-6
"""Change of the state of charge that counts as one."""

DEFINITIONS = {
    "Mean pressure before the first charge [MPa]": "mean over the region, in the state that charging begins from",
    "Lowest mean pressure [MPa]": "over all states from there on",
    "Highest mean pressure [MPa]": "over all states from there on",
    "Swing of the mean pressure [MPa]": "highest less lowest mean pressure",
    "Swing / mean before the first charge [-]": "swing of the mean pressure over the one that charging begins from",
    "Mean pressure after the last cycle, change [MPa]": "mean pressure in the last state less that before the first "
    "charge: what swelling that stays, creep and relaxation have changed",
    "Lowest p5 [MPa]": "smallest 5th percentile of the pressure over all states",
    "Highest p95 [MPa]": "largest 95th percentile of the pressure over all states",
    "Largest CV [-]": "largest spread over all states",
    "Swing of the force of a bolt [N]": "highest less lowest force of the mean bolt",
    "Swing of the fluid pressure [MPa]": "highest less lowest pressure of the fluid",
}


def column(rows: Rows, name: str) -> Array:
    """One quantity of a history, NaN where a row is without it; BOLTS is the mean over all bolts."""
    if name == BOLTS:
        each = [[v for k, v in r.items() if k.startswith("force of ")] for r in rows]
        return np.array([np.mean(v) if v else np.nan for v in each], dtype=np.float64)
    found = [r.get(name) for r in rows]
    return np.array([np.nan if v is None else v for v in found], dtype=np.float64)


def columns(rows: Rows, start: str, end: str) -> dict[str, str]:
    """Columns that begin and end so, with what stands between."""
    found = dict.fromkeys(k for r in rows for k in r if k.startswith(start) and k.endswith(end))
    return {n: n.removeprefix(start).removesuffix(end).replace("_", " ") for n in found}


def mean_of(rows: Rows, plane: str) -> str:
    """Column of the mean pressure on a plane inside the cell, else of the whole face of that name."""
    inside = f"{plane}: mean [MPa]"
    return inside if any(inside in r for r in rows) else f"mean pressure of {plane} [MPa]"


def planes_in(rows: Rows) -> list[str]:
    """Planes inside the cell whose pressure the history follows."""
    end = ": mean [MPa]"
    return [n.removesuffix(end) for n in dict.fromkeys(k for r in rows for k in r) if n.endswith(end)]


def charged(result: Result) -> list[dict[str, Any]]:
    """Rows from the state that charging begins from; none where the state of charge never changes."""
    rows = [r for r in result.summary.get("history", []) if r.get(SOC) is not None]
    soc = column(rows, SOC)
    moved = np.flatnonzero(np.abs(np.diff(soc)) > TURN)
    return rows[moved[0] :] if len(moved) else []


def cycles(soc: Array) -> list[slice]:
    """Parts of a path of the state of charge, cut where it begins to rise again; neighbours share a state."""
    moves = [(k, np.sign(d)) for k, d in enumerate(np.diff(soc)) if abs(d) > TURN]
    starts = [k for (_, before), (k, now) in pairwise(moves) if before < 0 < now]
    ends = [*starts, len(soc) - 1]
    return [slice(a, b + 1) for a, b in zip([0, *starts], ends, strict=True)]


def swing(result: Result, plane: str) -> dict[str, float]:
    """How far pressure on a plane, bolt force and fluid pressure move while charging; keys as in DEFINITIONS."""
    rows = charged(result)
    mean = column(rows, mean_of(rows, plane))
    out: dict[str, float] = {}
    if np.isfinite(mean).any():
        low, high = float(np.nanmin(mean)), float(np.nanmax(mean))
        start, end = float(mean[0]), float(mean[-1])
        ratio = (high - low) / start if start > 0 else np.nan
        out |= dict(zip(DEFINITIONS, (start, low, high, high - low, ratio, end - start), strict=False))
    found: tuple[tuple[str, str, Callable[[Array], Any]], ...] = (
        ("Lowest p5 [MPa]", f"{plane}: p5 [MPa]", np.nanmin),
        ("Highest p95 [MPa]", f"{plane}: p95 [MPa]", np.nanmax),
        ("Largest CV [-]", f"{plane}: CV [-]", np.nanmax),
        ("Swing of the force of a bolt [N]", BOLTS, np.ptp),
        ("Swing of the fluid pressure [MPa]", FLUID, np.ptp),
    )
    for name, source, what in found:
        values = column(rows, source)
        if len(values := values[np.isfinite(values)]):
            out[name] = float(what(values))
    return {name: value for name, value in out.items() if np.isfinite(value)}


def events(result: Result) -> list[str]:
    """What happened first, in words: "first lift-off (charge, SOC 40 %)"."""
    out = []
    for event in result.summary.get("events", []):
        soc = event.get(SOC)
        where = ", ".join(
            filter(None, [str(event.get("step", "")), "" if soc is None else f"SOC {100 * soc:.0f} %"])
        )
        out.append(f"{event['event']} ({where})" if where else str(event["event"]))
    return out
