"""Stacks of growing layers for tests, and Newton's method to the equilibrium of one alone, without contact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.sparse.linalg
from numpy.typing import NDArray

from holdersim.assembly import Layer, LayerStack, Rect, Solid
from holdersim.errors import NotConvergedError
from holdersim.growthbody import GrowthBody, GrowthState
from holdersim.materials.elastic import Elastic
from holdersim.materials.inelastic import Inelastic

Array = NDArray[np.float64]
Index = NDArray[np.int64]
ROOM = Rect(0.0, 2.0, 0.0, 1.0)
ALIKE = (1 / 3, 1 / 3, 1 / 3)
NU = 0.3
SOFT = Elastic("soft", 10e3, NU)
FILM = {"sides": "xy", "bottom": "z"}
"""Held in its plane, free on top."""


def stack(*layers: Layer, size: float = 0.5, room: Rect = ROOM, **keys: Any) -> Solid:
    """A stack whose layers all may grow."""
    names = tuple(layer.name for layer in layers)
    keys = {"degree": 1, "swelling": names} | keys
    return Solid("cell", LayerStack(layers, room, size, size), **keys)


def ideal(flow: float, hardening: float = 0.0, young: float = SOFT.E) -> Inelastic:
    """Constant stiffness and flow stress."""
    return Inelastic("law", ((0.0, young),), ((0.0, flow),), hardening)


def balanced(
    body: GrowthBody,
    state: GrowthState,
    dofs: Index,
    values: Array,
    amounts: Mapping[str, float],
    seconds: float = 0.0,
    limit: int = 25,
) -> tuple[GrowthState, Array]:
    """Equilibrium with displacements `values` [mm] at `dofs` under `amounts`, accepted, and forces (dofs,) [N] there.

    One step from `state`, for a body alone. NotConvergedError: Newton's method does not settle.
    """
    free = np.setdiff1d(np.flatnonzero(~body.held), dofs)
    load = sum((amounts.get(n, 0.0) * f for n, f in body.load_columns().items()), np.zeros(body.dofs))
    state = body.predicted(state, amounts)
    for _ in range(limit):
        force, tangent = body.system(state, seconds, amounts)
        du = np.zeros(body.dofs)
        du[dofs] = values - state.u[dofs]
        rows = tangent[free]
        missed = load[free] - force[free] - rows @ du
        if len(free):
            du[free] = scipy.sparse.linalg.splu(rows[:, free].tocsc(), permc_spec="MMD_AT_PLUS_A").solve(
                missed
            )
        state = body.moved(state, du)
        if np.abs(du).max() <= 1e-10 * max(float(np.abs(state.u).max()), 1e-9):
            forces, _ = body.system(state, seconds, amounts)
            return body.accepted(state, seconds, amounts), forces
    raise NotConvergedError(f'stack "{body.name}": no equilibrium after {limit} steps of Newton\'s method')


def grown(body: GrowthBody, *shares: float, seconds: float = 0.0) -> tuple[GrowthState, Array]:
    """State of a body alone after growth of layer A to J = each share, and its mean stress (6,) [MPa]."""
    state, none = body.start(), np.zeros(0, dtype=np.int64)
    for jac in shares:
        amounts = {"swell:cell.A": jac - 1}
        state, _ = balanced(body, state, none, np.zeros(0), amounts, seconds)
    stress = body.stress(state, amounts)
    assert np.abs(stress - stress.mean(axis=0)).max() < 1e-9 * max(1.0, float(np.abs(stress).max())), (
        "uniform"
    )
    return state, stress.mean(axis=0)
