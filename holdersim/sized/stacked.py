"""A sized holder on the stack itself: contact, bolts, the pressure that arrives. Units mm, N, MPa."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from ..assembly import Assembly
from ..case import Case
from ..materials.elastic import Elastic
from ..nonlinear import model_of
from ..record import maps, step_numbers
from ..solve import Model
from ..state import State
from ..steps import advance
from ..superelement import cache_folder
from ..units import PRESSURE, write
from ..weight.cases import block, case_of
from ..weight.point import Point, Stack

ACROSS = 24
"""Pixels across the shorter side of the pressed area; uniformity is that of means over one pixel."""
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
    cell: Mapping[str, Any] | None = None,
    area: str = "cathode",
) -> Case:
    """The case of a sized point with a grid of ACROSS pixels; the stack is a block of `modulus` [MPa], or a cell."""
    made = dict(cell) if cell else block(stack, EVEN if modulus is None else write(modulus, PRESSURE))
    table = case_of(point, alloy, stack, made, area)
    pixel = min(stack.loaded) / ACROSS
    pixel = ceil(pixel * 1e4 - 1e-6) / 1e4
    side, fine = f"{pixel:.6g} mm", f"{pixel / 2:.6g} mm"
    table["grid"] = {"pixel": side, "film": side}
    table["mesh"] = {"cell_size": fine, "plate_size": side, "plate_coarse": f"{1.5 * pixel:.6g} mm"}
    return Case.model_validate(table)


def solved(made: Case) -> State:
    """The state after the case's last step; superelements come from the cache when they are there."""
    state: State | None = None
    model = model_of(made.assembly(), cache=cache_folder(), keep=False)
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


def model(assembly: Assembly) -> Model:
    """The reduced model of an assembly, its superelements from the cache."""
    return model_of(assembly, cache=cache_folder(), keep=True)
