"""What happens from state to state: the history, one row each, what happened first, and maps of the last cycle."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .assembly import LayerStack, Rect, Solid
from .metrics import film_samples, percentile
from .record import centres, pads, unfold
from .springs import Spring

if TYPE_CHECKING:
    from .case import Case
    from .solve import Model
    from .state import State

Array = NDArray[np.float64]

LIFTED = 0.01
"""Share of the area that pressed when the bolts were set last, from which its opening counts as lift-off."""

END = 0.98
"""Share of the force at the end of its travel from which a spring counts as solid."""

YIELDED = 0.01
"""Share of a layer's elements that have flowed from which it counts as yielding."""

DEFINITIONS = {
    "<plane>: mean, p5, p95 [MPa], CV [-]": "in a history: of the film-averaged pressure inside the cell",
    "thickness change [um]": "in a history: of the stack over the cathode, growth and elastic compression together",
    "free growth [um]": "in a history: of the stack over the cathode, by charging, if nothing pressed on it",
    "first lift-off at <interface>": f"more than {LIFTED:.0%} of the area that pressed when bolts or fluid were set "
    "last no longer does",
    "spring of <bolt> at its end": f"more than {END:.0%} of the force at the end of its travel",
    "first yield of <layer>": f"more than {YIELDED:.0%} of its elements have flowed",
}


Frame = tuple[float, dict[str, Array]]
"""A state of charge, and the pressure (ny, nx) [MPa] on each plane at it."""


class Diary:
    """Takes down states as they are reached.

    rows: the history; events: what happened first; peaks: largest contact pressure of each pixel at any moment (ny, nx)
    [MPa]; peaks_inside: the same of planes, unfolded; cycle: state of charge and maps of pressure on each plane since
    it last began to rise, those before first; whole: the same of the last cycle that has come down again.
    """

    def __init__(self, case: Case, model: Model):
        self.case, self.model = case, model
        self.rows: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.peaks: dict[str, Array] = {n: np.zeros(j.grid.shape) for n, j in model.joints.items()}
        self.peaks_inside: dict[str, Array] = {}
        self.cycle: list[Frame] = []
        self.whole: list[Frame] = []
        self._told: set[str] = set()
        self._pressed: dict[str, NDArray[np.bool_]] = {}
        self._frames: dict[str, tuple[Array, Array, Array]] = {}
        self._gauges: dict[str, Gauge | None] = {}
        self._falling = True

    def note(self, state: State, step: str, number: int, sets: bool) -> None:
        """Take down a state, the number-th of a step; sets: whether the step gave the pressure from outside."""
        maps = {p.name: unfold(state.inside(p.name), self._symmetry) for p in self.model.assembly.planes}
        row = self._row(state, step, maps)
        for name, map_ in self.peaks.items():
            np.fmax(map_, state.pressure(name), out=map_)
        for name, map_ in maps.items():
            self.peaks_inside[name] = np.fmax(map_, self.peaks_inside.get(name, map_))
        if sets:
            self._pressed = {n: state.x[j.span] > 0 for n, j in self.model.joints.items()}
        at = {"step": step, "state": number} | {k: row[k] for k in ("SOC [-]",) if k in row}
        for event in self._happens(state):
            if event not in self._told:
                self._told.add(event)
                self.events.append({"event": event} | at)
        if "SOC [-]" in row:
            self._follow(row["SOC [-]"], maps)
        self.rows.append(row)

    @property
    def _symmetry(self) -> tuple[str, ...]:
        return self.model.assembly.symmetry

    def _follow(self, soc: float, maps: dict[str, Array]) -> None:
        before = self.rows[-1].get("SOC [-]", soc) if self.rows else soc
        if soc > before and self._falling:
            self.whole = self.cycle if len(self.cycle) > 2 else self.whole
            self.cycle, self._falling = self.cycle[-1:], False
        self._falling = self._falling or soc < before
        if soc == before and self.cycle:
            self.cycle.pop()
        self.cycle.append((soc, maps))

    # -- one row -------------------------------------------------------------------------------------------

    def _row(self, state: State, step: str, maps: dict[str, Array]) -> dict[str, Any]:
        amounts = self.case.begun(state.amounts)
        row: dict[str, Any] = {"step": step, "time_s": state.time}
        named = (("soc", "SOC [-]"), ("temperature", "temperature [K]"), ("pressure", "fluid_pressure_MPa"))
        row |= {name: amounts[key] for key, name in named if key in amounts}
        row |= {f"force of {b} [N]": f for b, f in state.bolts.items()}
        for bolt in self.model.assembly.bolts:
            if isinstance(bolt.spring, Spring):
                row[f"spring length of {bolt.name} [mm]"] = bolt.spring.length(
                    max(state.bolts[bolt.name], 0.0)
                )
        for name, joint in self.model.joints.items():
            row[f"mean pressure of {name} [MPa]"] = state.force(name) / float(joint.area.sum())
        for plane in self.model.assembly.planes:
            row |= self._spread(state, plane.name, maps[plane.name])
        row |= {f"compression of {n} [um]": p["Mean compression [um]"] for n, p in pads(state).items()}
        if self.case.charges or self.case.warms:
            row |= self._thickness(state)
        return row

    def _spread(self, state: State, plane: str, pressure: Array) -> dict[str, float]:
        """Mean, CV and percentiles of the film-averaged pressure on a plane."""
        region = self.model.plane(plane).region
        area, x, y = self._frame(state, plane)
        v, w = film_samples(pressure, area, x, y, region, self.case.grid.film)
        mean = float(np.average(v, weights=w))
        deviation = float(np.sqrt(np.average((v - mean) ** 2, weights=w)))
        out = {f"{plane}: mean [MPa]": mean} | ({f"{plane}: CV [-]": deviation / mean} if mean > 0 else {})
        return out | {f"{plane}: p{q} [MPa]": percentile(v, w, q) for q in (5, 95)}

    def _frame(self, state: State, plane: str) -> tuple[Array, Array, Array]:
        """Layer area [mm2] in every pixel of a plane, and the pixel centres x, y [mm]."""
        if plane not in self._frames:
            grid, symmetry = self.model.levels[plane], self.model.assembly.symmetry
            x, y = centres(grid.x, "x0" in symmetry), centres(grid.y, "y0" in symmetry)
            self._frames[plane] = unfold(state.inside_area(plane), symmetry), x, y
        return self._frames[plane]

    def _thickness(self, state: State) -> dict[str, float]:
        """Free growth of the stack over the main region, and with what presses on its faces where they are linked."""
        grown, changed, linked = 0.0, 0.0, True
        region = next(iter(self.model.assembly.regions.values()), None)
        if region is None:
            return {}
        for solid in self.model.assembly.solids:
            if isinstance(solid.shape, LayerStack):
                grown += free_growth(solid, region, state.amounts)
                gauge = self._gauge(solid, region)
                linked = linked and gauge is not None
                changed += gauge(state) if gauge is not None else 0.0
        return {"free growth [um]": 1e3 * grown} | (
            {"thickness change [um]": 1e3 * changed} if linked else {}
        )

    def _gauge(self, solid: Solid, region: Rect) -> Gauge | None:
        if solid.name not in self._gauges:
            self._gauges[solid.name] = gauge(self.model, solid.name, region)
        return self._gauges[solid.name]

    # -- what happened first -------------------------------------------------------------------------------

    def _happens(self, state: State) -> Iterator[str]:
        for name, before in self._pressed.items():
            joint = self.model.joints[name]
            lost = before & (state.x[joint.span] <= 0)
            if joint.area[lost].sum() > LIFTED * joint.area[before].sum():
                yield f"first lift-off at {name}"
        for bolt in self.model.assembly.bolts:
            if bolt.spring is not None and state.bolts[bolt.name] > END * bolt.spring.solid:
                yield f"spring of {bolt.name} at its end"
        rated, pressure = self.case.holder.rated, state.amounts.get("pressure", 0.0)
        if rated is not None and pressure > rated * (1 + 1e-9):
            yield f"fluid above the rating of {rated:g} MPa"
        for name, part in self.model.whole.items():
            body: Any = part.body
            if hasattr(body, "plastic_strain"):
                strain = body.plastic_strain(state.whole[name])
                for k, layer in enumerate(body.solid.shape.layers):
                    here = strain[body.material_of_cell == k]
                    if len(here) and (here > 0).mean() > YIELDED:
                        yield f"first yield of {layer.name}"

    # -- largest pressures, maps of the last cycle --------------------------------------------------------

    def maps(self) -> dict[str, Any]:
        """Variables <plane>_peak_pressure (y, x) [MPa]; of the last cycle cycle_<plane>_pressure (state, y, x), soc."""
        out: dict[str, Any] = {}
        for name, peak in self.peaks_inside.items():
            text = {"units": "MPa", "long_name": f"largest pressure inside the stack at any moment, {name}"}
            out[f"{name}_peak_pressure"] = ((f"y_{name}", f"x_{name}"), peak, text)
        frames = self.cycle if self._falling else self.whole or self.cycle
        if len(frames) < 3:
            return out
        for p in self.model.assembly.planes:
            values = np.stack([maps[p.name] for _, maps in frames])
            text = {"units": "MPa", "long_name": f"pressure inside the stack in the last cycle, {p.name}"}
            out[f"cycle_{p.name}_pressure"] = (("state", f"y_{p.name}", f"x_{p.name}"), values, text)
        text = {"units": "-", "long_name": "state of charge"}
        return out | {"soc": (("state",), np.array([soc for soc, _ in frames]), text)}


def free_growth(solid: Solid, region: Rect, amounts: Mapping[str, float]) -> float:
    """Growth [mm] of a stack over the middle of a region with nothing on it: sum of thickness * (J^g - 1)."""
    assert isinstance(solid.shape, LayerStack)  # asked by the caller
    x, y = (region.x0 + region.x1) / 2, (region.y0 + region.y1) / 2
    total = 0.0
    for la in solid.shape.layers:
        r, more = la.footprint, amounts.get(f"swell:{solid.name}.{la.name}", 0.0)
        if more and r.x0 <= x <= r.x1 and r.y0 <= y <= r.y1:
            up = la.growth[2]
            total += la.thickness * ((1.0 + more) ** up - 1.0 if solid.inelastic else up * more)
    return total


Gauge = Callable[["State"], float]


def gauge(model: Model, solid: str, region: Rect) -> Gauge | None:
    """A function that gives how much thicker [mm] a stack is over a region; None where a side has no pixels there.

    Mean displacement of the upper pixels less that of the lower ones; the rigid motion falls out.
    """
    sides: dict[str, tuple[NDArray[np.int64], Array]] = {}
    for joint in model.joints.values():
        i = joint.interface
        for side, face in (("upper", i.below), ("lower", i.above)):
            if face.split(".", 1)[0] != solid:
                continue
            x, y = (c[joint.pixels] for c in joint.grid.centres)
            here = (x > region.x0) & (x < region.x1) & (y > region.y0) & (y < region.y1)
            if here.any():
                at = np.arange(joint.span.start, joint.span.stop)[here]
                sides[side] = at, joint.area[here] / joint.area[here].sum()
    if len(sides) < 2:
        return None
    weight = np.zeros(model.size)
    for at, share in sides.values():
        weight[at] -= share  # links count displacements into the body
    if solid in model.whole:
        whole = model.whole[solid]
        nodal = whole.columns @ weight[whole.at]
        return lambda state: float(nodal @ state.whole[solid].u.ravel())
    part = model.parts[solid]
    e = part.element
    mine = np.zeros(len(e.compliance))
    mine[part.own] = weight[part.at]
    per_force = (e.compliance @ mine)[part.own]
    per_load = {cause: float(free @ mine) for cause, free in e.free.items()}

    def thicker(state: State) -> float:
        loads = sum(state.amounts.get(c, 0.0) * f for c, f in per_load.items())
        return float(per_force @ state.x[part.at]) + loads

    return thicker
