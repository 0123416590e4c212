"""Welded vessels of sized holders by finite elements under the fluid's pressure. Units mm, N, MPa.

Stresses go as p and displacements as p/E, so that one solve does for all alloys of equal Poisson's ratio and all
pressures. An eighth of the vessel: symmetric about the middle of its length.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, log, sqrt

import numpy as np
from numpy.typing import NDArray

from ..assembly import Block, Outline, Rect, Round, Slab, Solid, Vessel
from ..body import Body
from ..geometry.mesh import MeshData, boundary, mesh_shape
from ..materials.elastic import Elastic
from ..superelement import Condenser, Links
from ..weight.point import Point
from .domes import Domed, mesh_domed

Array = NDArray[np.float64]
BOTH = ("x0", "y0")
DEPTHS = {"hemispherical": 1.0, "ellipsoidal": 0.5}
MODELLED = (*DEPTHS, "flat", "box")
"""Closures with a geometry here; bolted_flat is a case of its own (weight.cases)."""
FADED = 6.0
"""An edge is felt less than 1 % further away than this many lengths of decay, sqrt(R t) / (3 (1 - nu^2))^(1/4)."""


@dataclass(frozen=True)
class Wall:
    """Stress [MPa] and growth [mm] of the wall in the middle of the length, and stress of the end in its middle.

    inside, outside: hoop stress of a round wall, or stress along the long side of a box in its middle; ends: means
    through the thickness and at the inner face; peak: largest von Mises stress at the corners of elements, which at
    re-entrant corners has no limit.
    """

    inside: float
    outside: float
    growth: float
    end_mean: float
    end_inside: float
    peak: float
    unknowns: int = 0


def faded(point: Point, nu: float) -> float:
    """Half the length of a round vessel over the decay length of what its ends do to the wall."""
    s = point.sizes
    middle = s["inside radius"] + s["wall"] / 2
    return float(s["inside length"] / 2 * (3 * (1 - nu**2)) ** 0.25 / sqrt(middle * s["wall"]))


def needed(point: Point) -> float:
    """Lengths of decay after which the ends are not felt: more where a flat end is bent harder than the wall."""
    if point.closure != "flat":
        return FADED
    said = by_formula(point)
    return FADED + log(max(1.0, said.end_inside / said.inside))


def by_formula(point: Point) -> Wall:
    """Lame's cylinder (hoop stress), closed; Lame's sphere for a dome, of radius 2 R at the crown of an ellipsoid.

    Growth u E = a/(b^2 - a^2) p ((1 - 2 nu) a^2 + (1 + nu) b^2) needs nu and is left to `growth`. A flat end: UG-34's
    stress C p (d/t)^2, C 0.33; a box: membrane and bending of Appendix 13 amid the long side.
    """
    p, s, nan = point.rating, point.sizes, float("nan")
    if point.closure == "box":
        long, short, t = s["inside long"], s["inside short"], s["wall"]
        a = short / long
        bending = p * long**2 * ((1 + a**3) / (1 + a) - 1.5) / (2 * t**2)
        membrane = p * short / (2 * t)
        return Wall(membrane + bending, membrane - bending, nan, nan, nan, nan)
    a, b = s["inside radius"], s["inside radius"] + s["wall"]
    inside, outside = p * (a**2 + b**2) / (b**2 - a**2), 2 * p * a**2 / (b**2 - a**2)
    if point.closure == "flat":
        return Wall(inside, outside, nan, nan, 0.33 * p * (2 * a / s["flat ends"]) ** 2, nan)
    crown = a / DEPTHS[point.closure]
    rim = crown + s["heads"]
    mean = p * crown**2 / (rim**2 - crown**2)
    return Wall(inside, outside, nan, mean, p * (2 * crown**3 + rim**3) / 2 / (rim**3 - crown**3), nan)


def growth(point: Point, m: Elastic) -> float:
    """Growth [mm] of the bore of a closed round wall (Lame)."""
    a, b = point.sizes["inside radius"], point.sizes["inside radius"] + point.sizes["wall"]
    return point.rating * a * ((1 - 2 * m.nu) * a**2 + (1 + m.nu) * b**2) / (m.E * (b**2 - a**2))


def by_elements(point: Point, m: Elastic, finer: float = 1.0) -> Wall:
    """The vessel of a sized point; `finer` divides its elements. Solved once for its sizes and Poisson's ratio."""
    return _scaled(_found(point, m.nu, point.sizes["inside length"] / 2, finer), point.rating, m)


def far(point: Point, m: Elastic, finer: float = 1.0) -> Wall:
    """A round vessel like that of a sized point, but so long that its ends are not felt in the middle."""
    half = point.sizes["inside length"] / 2
    return _scaled(
        _found(point, m.nu, half * max(1.0, needed(point) / faded(point, m.nu)), finer), point.rating, m
    )


def _found(point: Point, nu: float, half: float, finer: float) -> Wall:
    s = point.sizes
    if point.closure in DEPTHS:
        v = Domed(s["inside radius"], half, s["wall"], s["heads"], DEPTHS[point.closure])
        return _domed(v, nu, round(12 * finer))
    elif point.closure == "flat":
        radius = s["inside radius"]
        return _slabs(Round(radius), Round(radius + s["wall"]), half, s["wall"], s["flat ends"], nu, finer)
    long, short, t = s["inside long"], s["inside short"], s["wall"]
    outer = Rect.centred(long + 2 * t, short + 2 * t)
    return _slabs(Rect.centred(long, short), outer, half, t, s["flat ends"], nu, finer)


def _scaled(w: Wall, p: float, m: Elastic) -> Wall:
    """Stresses times p, displacements times p/E."""
    return Wall(
        p * w.inside,
        p * w.outside,
        p / m.E * w.growth,
        p * w.end_mean,
        p * w.end_inside,
        p * w.peak,
        w.unknowns,
    )


@lru_cache(maxsize=128)
def _domed(v: Domed, nu: float, n: int) -> Wall:
    body, u = _pressed(mesh_domed(v, n), nu, {"foot": "z"})
    top = v.half + v.depth * v.radius
    crown = [_stress(body, u, (0, 0, z)) for z in (top, top + v.head / 2, top + v.head)]
    mean = (crown[0] + 4 * crown[1] + crown[2]) / 6
    return _wall(body, u, (v.radius, 0, 0), v.wall, 1, (float(mean[:2].mean()), float(crown[0][:2].mean())))


@lru_cache(maxsize=128)
def _slabs(
    inner: Outline, outer: Outline, half: float, wall: float, end: float, nu: float, finer: float
) -> Wall:
    size = 1.5 * wall / finer
    across = inner.radius if isinstance(inner, Round) else min(inner.x1, inner.y1)
    coarse = max(size, across / 8 / finer)
    size = min(max(size, across / 24), coarse)
    tall = max(4, ceil(half / (1.5 * size)))
    slabs = (Slab(end, outer, None, 3), Slab(half, outer, inner, tall))
    mesh = mesh_shape(Vessel(slabs, inner, size=size, coarse=coarse), BOTH)
    facets = boundary(mesh.cells, mesh.cell)
    high = np.abs(mesh.points[facets][:, :, 2] - end - half).max(axis=1) < 1e-6
    middle = MeshData(mesh.points, mesh.cells, mesh.cell, mesh.regions, mesh.faces | {"cut": facets[high]})
    body, u = _pressed(middle, nu, {"cut": "z"})
    floor = [_stress(body, u, (0, 0, z)) for z in (0.0, end)]
    top = max(floor, key=lambda f: float(np.abs(f[:2]).max()))
    ends = (float((floor[0] + floor[1])[:2].mean() / 2), float(np.abs(top[:2]).max()))
    if isinstance(inner, Round):
        return _wall(body, u, (inner.radius, 0, end + half), wall, 1, ends)
    along = 0 if inner.x1 > inner.y1 else 1
    at = (0.0, inner.y1, end + half) if along == 0 else (inner.x1, 0.0, end + half)
    return _wall(body, u, at, wall, along, ends)


def _pressed(mesh: MeshData, nu: float, fixed: dict[str, str]) -> tuple[Body, Array]:
    """Body and displacement (nodes, 3) [mm] for p = E = 1 MPa."""
    shape = Block((0, 1), (0, 1), (0, 1))  # stands for the mesh, which is given
    solid = Solid("vessel", shape, Elastic("unit", 1.0, nu), 2, symmetry=BOTH, fixed=fixed, fluid=("inside",))
    condenser = Condenser(solid, Links((), ()), lambda s: Body(s, mesh), None)
    condenser.get()
    return condenser.body, condenser.displacement(np.zeros(0), np.zeros(0), {"pressure": 1.0})


def _wall(
    body: Body, u: Array, at: tuple[float, float, float], t: float, along: int, ends: tuple[float, float]
) -> Wall:
    """Stress component `along` at both faces of a wall and its growth at a point of its inner face."""
    out = 1 - along
    outer = (at[0] + t * (out == 0), at[1] + t * (out == 1), at[2])
    inside, outside = (float(_stress(body, u, x)[along]) for x in (at, outer))
    node = int(np.linalg.norm(body.coordinates - np.array(at), axis=1).argmin())
    peak = body.peak_von_mises(u.ravel())
    return Wall(inside, outside, float(u[node, out]), *ends, peak, body.dofs)


def _stress(body: Body, u: Array, point: tuple[float, float, float]) -> Array:
    """Stress (6,) [MPa] at the corner of cells, or middle of an edge, nearest to a point: mean of the cells there."""
    nearest = int(np.linalg.norm(body.coordinates - np.array(point), axis=1).argmin())
    rows, local = np.nonzero(body.cell_nodes == nearest)
    places = _reference(body)
    found = [body.stress(u.ravel(), at=places[k])[r] for r, k in zip(rows, local, strict=True)]
    return np.asarray(np.mean(found, axis=0))


def _reference(body: Body) -> list[tuple[float, float, float]]:
    """Reference coordinates of the nodes of a cell."""
    return [(float(x), float(y), float(z)) for x, y, z in body.element.points]
