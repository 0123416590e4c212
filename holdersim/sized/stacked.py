"""A sized holder on the stack itself: contact, bolts, the pressure that arrives. Units mm, N, MPa."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, sqrt
from typing import Any

import numpy as np

from ..assembly import Plate, Rect
from ..case import Case
from ..materials.elastic import Elastic
from ..network import Network
from ..nonlinear import model_of
from ..record import maps, step_numbers
from ..state import State
from ..steps import advance
from ..superelement import cache_folder
from ..units import DENSITY, PRESSURE, write
from ..weight.cases import block, case_of
from ..weight.point import Point, Stack
from ..weight.uniaxial import Pads
from .bent import AWAY, greatest, within

ACROSS = 24
"""Pixels across a square as large as the pressed area; uniformity is that of means over one pixel."""
PLATE = "bottom_plate"
EVEN = "10 MPa"
"""Modulus of a stack so soft that it presses evenly, as the sizing rule assumes."""


@dataclass(frozen=True)
class Uniformity:
    """Pressure on the stack's top: mean [MPa], CV, p5/p95, share without contact; how far the top plate bends [um]."""

    mean: float
    cv: float
    p5_p95: float
    open: float
    bend: float


def case(
    point: Point,
    alloy: Elastic,
    stack: Stack,
    modulus: float | None = None,
    pads: Pads | None = None,
) -> Case:
    """The case of a sized point with a grid of ACROSS pixels; the stack is a block of `modulus` [MPa].

    pads: a sheet of rubber on each face of the block, as a spring at each place, as weight.plates.Uniformity has it.
    """
    made = block(stack, EVEN if modulus is None else write(modulus, PRESSURE))
    if pads:
        made = _padded(made, pads)
    table = case_of(point, alloy, stack, made)
    pixel = sqrt(stack.area) / ACROSS
    pixel = ceil(pixel * 1e4 - 1e-6) / 1e4
    side, fine = f"{pixel:.6g} mm", f"{pixel / 2:.6g} mm"
    table["grid"] = {"pixel": side, "film": side}
    table["mesh"] = {"cell_size": fine}
    if point.holder == "uniaxial":
        table["mesh"] |= {"plate_size": side, "plate_coarse": f"{1.5 * pixel:.6g} mm"}
    return Case.model_validate(table)


def _padded(cell: dict[str, Any], pads: Pads) -> dict[str, Any]:
    """The block between two further sheets."""
    soft = {"name": "pad", "kind": "layer", "E": write(pads.modulus, PRESSURE), "nu": 0.0,
            "density": write(pads.density, DENSITY)}  # fmt: skip
    sides = {n: cell["sheets"][0][n] for n in ("length", "width")}
    pad = {"role": "other", "thickness": f"{pads.thickness:.9g} mm", "material": soft, **sides}
    return cell | {"sheets": [pad | {"name": "bottom_pad"}, *cell["sheets"], pad | {"name": "top_pad"}]}


def solved(made: Case, keep: bool = False) -> State:
    """The state after the case's last step; superelements come from the cache when they are there.

    keep: factors too, for stresses.
    """
    state: State | None = None
    model = model_of(made.assembly(), cache=cache_folder(), keep=keep)
    for step in made.steps:
        for reached in advance(made, model, step, state):
            state = reached
    assert state is not None  # a case has steps
    return state


def uniformity(made: Case, state: State) -> Uniformity:
    """What arrives on the stack between plates."""
    data = maps({"last": state}, {})
    numbers = step_numbers(state, data, "last", made.grid.film)
    top, plate = numbers["interfaces"]["cell_top"], numbers["plates"]["top_plate"]
    return Uniformity(top["Mean contact pressure [MPa]"], top["CV [-]"], top["p5/p95 [-]"],
                      1 - top["Contact fraction [-]"], plate["Peak-to-valley [um]"])  # fmt: skip


def plate_stress(state: State, unit: Network | None = None) -> float:
    """Greatest normal stress [MPa] on the faces of the bottom plate along its sides, away from the bolts.

    unit: a model of plates of another modulus at equal Poisson's ratio, whose factor is used: equal forces make equal
    stresses there.
    """
    at = state if unit is None else replace(state, model=unit)
    shape = _plate(at)
    far = [(s.x, s.y, AWAY * s.outer / 2) for s in shape.seats]
    return greatest(at.model.parts[PLATE].condenser.body, at.displacement(PLATE), far)


def deflection(state: State, pressed: tuple[float, float]) -> float:
    """Greatest deflection [mm] of the bottom plate on the pressed sides against the mean of its washer seats."""
    body, u = state.model.parts[PLATE].condenser.body, state.displacement(PLATE)
    at = body.coordinates
    on = (np.abs(at[:, 2] - at[:, 2].max()) < 1e-9) & within(Rect.centred(*pressed), at)
    seats = [b for b in state.model.assembly.bolts if f"{PLATE}.seat:{b.name}" in b.seats]
    mean = np.average(
        [body.mean_inward(f"seat:{b.name}") @ u.ravel() for b in seats], weights=[b.share for b in seats]
    )
    return float(mean - u[on, 2].min())


def _plate(state: State) -> Plate:
    shape = next(s for s in state.model.assembly.solids if s.name == PLATE).shape
    assert isinstance(shape, Plate)
    return shape
