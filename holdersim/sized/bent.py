"""Plates of sized holders by finite elements under the load that the sizing rule assumes. Units mm, N, MPa.

The rule presses the stack's plan evenly and lets the bolts hold in points, all level. Here: a plate with holes; an
even traction on its press face; at each bolt an even pressure on the washer's seat, the means of all seats level.
Nothing is solved anew for another alloy of equal Poisson's ratio or another pressure: w ~ q/E, sigma ~ q.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..assembly import Hole, Plate, Rect, Seat, Solid
from ..body import Body
from ..errors import GeometryError
from ..fasteners import SIZES
from ..materials.elastic import Elastic
from ..network import build_body
from ..superelement import Condenser, Links, Superelement
from ..weight.cases import bolt_places
from ..weight.plates import SHEAR, Bay, bending
from ..weight.point import Point, Stack

Array = NDArray[np.float64]
BOTH = ("x0", "y0")
UNIT = 1.0
"""Modulus [MPa] and pressure [MPa] of what is solved."""
FINER = (1.0, 0.87, 0.76, 0.66)
"""Sizes of elements that are tried."""
ELEMENTS = 12
"""Elements between two lines of bolts."""
AWAY = 1.5
"""Stress is taken further from a bolt than this many radii of its washer: under the washer's edge it has no limit."""
SLENDER = 14.0
"""Span over thickness from which on shear adds less than 3 % (SHEAR / SLENDER^2)."""


@dataclass(frozen=True)
class Rule:
    """What Kirchhoff's plate on points says: deflection [mm] without and with shear, bending stress [MPa]."""

    deflection: float
    sheared: float
    stress: float
    slenderness: float


@dataclass(frozen=True)
class Bent:
    """A plate by finite elements for q = E = 1 MPa: deflection on level seats, under equal bolt forces, stress.

    deflection: greatest displacement [mm] of the pressed area against the mean of the seats; uneven: of the same
    plate when all bolts pull alike, which bends a plate on more than four bolts far more; stress: greatest normal
    stress along a side of the plate on its faces, away from the bolts [MPa].
    """

    deflection: float
    uneven: float
    stress: float
    unknowns: int


def bay_of(point: Point, stack: Stack) -> Bay:
    """The plate of a sized holder as the closed forms see it."""
    s, span = point.sizes, point.sizes["bolt span"]
    rim = (min(s["plate length"], s["plate width"]) - span) / 2
    along, across = stack.loaded if s["plate length"] >= s["plate width"] else stack.loaded[::-1]
    return Bay(
        span, max(s["plate length"], s["plate width"]) - 2 * rim, along, across, rim, point.bolts // 2 - 1
    )


def rule(point: Point, alloy: Elastic, stack: Stack) -> Rule:
    """Deflection and stress of the plate on all its bolts by Ritz (weight.ritz); shear as in weight.plates."""
    bay, q, t = bay_of(point, stack), point.rating, point.sizes["plate thickness"]
    c = bending("bolts", alloy.nu, bay)
    w = c.deflection * q * bay.span**4 * 12 * (1 - alloy.nu**2) / (alloy.E * t**3)
    shear = 1 + SHEAR * (t / bay.span) ** 2
    return Rule(w, w * shear, 6 * c.moment * q * bay.span**2 / t**2, bay.span / t)


def bent(point: Point, nu: float, stack: Stack, elements: int = ELEMENTS) -> Bent:
    """The plate of a sized holder for q = E = 1 MPa: deflections times q/E and stress times q are the holder's."""
    s, places = point.sizes, tuple(bolt_places(point))
    sides = s["plate length"], s["plate width"], s["plate thickness"]
    return _bent(sides, s["bolt span"] / elements, point.bolt, places, stack.loaded, nu)


@lru_cache(maxsize=256)
def _bent(
    sides: tuple[float, float, float],
    size: float,
    bolt: str,
    places: tuple[tuple[float, float], ...],
    loaded: tuple[float, float],
    nu: float,
) -> Bent:
    screw, patch = SIZES[bolt], Rect.centred(*loaded)
    numbered = [(f"b{i}", x, y) for i, (x, y) in enumerate(places, 1)]
    holes = tuple(Hole(x, y, screw.hole) for _, x, y in numbered)
    seats = tuple(Seat(n, x, y, screw.hole, screw.washer_outer) for n, x, y in numbered)

    def press(x: Array, y: Array, z: Array) -> Array:
        here = (np.abs(x) < patch.x1) & (np.abs(y) < patch.y1)
        return np.stack([0 * x, 0 * x, np.where(here, UNIT, 0.0)])

    quarter = [(n, x, y) for n, x, y in numbered if min(x, y) > -1e-9]
    share = np.array(
        [(0.5 if abs(x) < 1e-9 else 1.0) * (0.5 if abs(y) < 1e-9 else 1.0) for _, x, y in quarter]
    )
    links = Links((), tuple(f"seat:{n}" for n, *_ in quarter))

    def condensed(size: float) -> Condenser:
        shape = Plate(*sides, holes, seats, patch, size, 1.5 * size, 2)
        plate = Solid("plate", shape, Elastic("unit", UNIT, nu), 2, symmetry=BOTH, tractions={"press": press})
        return Condenser(plate, links, build_body, None)

    condenser, element = _meshed(condensed, size)
    body, even = condenser.body, float(condenser.body.own_load()[2::3].sum()) * share / share.sum()
    # columns: forces that hold the seats level, and equal ones
    moved = [_moved(condenser, f) for f in (_level(element), even)]
    inward = np.array([body.mean_inward(f"seat:{n}") for n, *_ in quarter])
    on = (np.abs(body.coordinates[:, 2]) < 1e-9) & within(patch, body.coordinates)
    lifted = [float((u[on, 2] + np.average(inward @ u.ravel(), weights=share)).max()) for u in moved]
    far = [(x, y, AWAY * screw.washer_outer / 2) for _, x, y in quarter]
    stress = greatest(body, moved[0], far)
    return Bent(lifted[0], lifted[1], stress, body.dofs)


def _meshed(condensed: Callable[[float], Condenser], size: float) -> tuple[Condenser, Superelement]:
    """A plate with elements of `size`, or somewhat smaller ones where gmsh finds no sound mesh."""
    for share in FINER:
        try:
            made = condensed(share * size)
            return made, made.get()
        except GeometryError:
            if share == FINER[-1]:
                raise
    raise AssertionError("FINER is empty")


def _level(e: Superelement) -> Array:
    """Forces [N] at the seats, C f + free + modes alpha = 0, modes^T f + resultant = 0."""
    k, r = e.modes.shape
    system = np.block([[e.compliance, e.modes], [e.modes.T, np.zeros((r, r))]])
    return np.asarray(np.linalg.solve(system, -np.concatenate([e.free["own"], e.resultant["own"]]))[:k])


def _moved(condenser: Condenser, forces: Array) -> Array:
    return condenser.displacement(forces, np.zeros(len(forces)))


def within(r: Rect, at: Array) -> NDArray[np.bool_]:
    """Which points lie in a rectangle about the middle, in plan."""
    return (np.abs(at[:, 0]) <= r.x1 + 1e-9) & (np.abs(at[:, 1]) <= r.y1 + 1e-9)


def greatest(body: Body, u: Array, far: Sequence[tuple[float, float, float]]) -> float:
    """Largest |sigma_xx| or |sigma_yy| [MPa] on both faces of a plate, beyond circles (x, y, radius)."""
    points, cells, _ = body.corner_mesh
    low, high, best = points[:, 2].min(), points[:, 2].max(), 0.0
    for k in range(8):
        at = points[cells[:, k]]
        here = np.minimum(at[:, 2] - low, high - at[:, 2]) < 1e-9
        for x, y, r in far:
            here &= np.hypot(at[:, 0] - x, at[:, 1] - y) > r
        sigma = body.stress(u.ravel(), at=(float(k & 1), float(k >> 1 & 1), float(k >> 2)))
        best = max(best, float(np.abs(sigma[here, :2]).max()))
    return best
