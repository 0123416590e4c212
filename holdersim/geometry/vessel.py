"""Mesh of a vessel or lid: quadrilaterals by gmsh in the plan, every outline imprinted, extruded slab by slab.

As for plates, the part of the plan that its own mirror symmetries leave is meshed and mirrored, and circles are
polygons of the same area, so that a vessel and its lid have equal press faces.
"""

from __future__ import annotations

from itertools import pairwise
from math import ceil, hypot, pi, sin, sqrt
from typing import Any

import numpy as np

from ..assembly import Outline, Rect, Round, Slab, Vessel
from ..errors import GeometryError
from ..outlines import Mask, apart, area, contains, corners, mirrored, perimeter, share, within
from .mesh import Array, Index, MeshData, compact, cut
from .plan import CHORDS, Plane, mesh_plan, rectangle, refine_by_splitting, rim

ROUND_CHORDS = 64
"""Least number of chords of an outline; a multiple of 8. The surface of a wall is then at most 0.04 % too large."""

GROWTH = 3.0
"""Elements grow from an edge to `coarse` over this many times the difference of the two sizes."""


def mesh_vessel(shape: Vessel, symmetry: tuple[str, ...] = ()) -> MeshData:
    """Hexahedra; faces press, inside, outside, holes, seat:<name> (on `outside` too), and the symmetry planes."""
    _refuse(shape)
    mirrors = [axis for axis in (0, 1) if mirrored(shape, axis)]
    for plane in symmetry:
        if "xy".index(plane[0]) not in mirrors:
            raise GeometryError(f"the vessel is not symmetric about {plane[0]} = 0: drop the symmetry")
    plan = mesh_plan(lambda gmsh: _draw(gmsh, shape, mirrors), mirrors, "vessel")
    return cut(_extrude(shape, plan, symmetry), symmetry)


def _circles(shape: Vessel) -> dict[str, Round]:
    """Holes and rims of seats by what they are called in a message."""
    out = {f"hole at ({h.x:g}, {h.y:g})": Round(h.diameter / 2, h.x, h.y) for h in shape.holes}
    return out | {f"seat {s.name}": Round(s.outer / 2, s.x, s.y) for s in shape.seats}


def _inner(shape: Vessel, x: float, y: float, diameter: float) -> float:
    """Inner diameter [mm] of the seat at x, y: not less than that of the hole there."""
    return max([diameter] + [h.diameter for h in shape.holes if hypot(h.x - x, h.y - y) < 1e-9])


def _outlines(shape: Vessel) -> list[Outline]:
    """Every different outline of the plan but holes."""
    out: list[Outline] = [s.outer for s in shape.slabs]
    out += [s.inner for s in shape.slabs if s.inner is not None] + [shape.seal]
    out += [Round(s.outer / 2, s.x, s.y) for s in shape.seats]
    holes = {(h.x, h.y, h.diameter) for h in shape.holes}
    for s in shape.seats:
        d = _inner(shape, s.x, s.y, s.inner)
        if d > 0 and (s.x, s.y, d) not in holes:
            out.append(Round(d / 2, s.x, s.y))
    return list(dict.fromkeys(out))


def _refuse(shape: Vessel) -> None:
    slabs = shape.slabs
    if not slabs or min(*(s.height for s in slabs), shape.size, shape.coarse) <= 0:
        raise GeometryError("a vessel needs slabs of positive height and positive element sizes")
    for k, s in enumerate(slabs, 1):
        if s.elements < 1 or (s.inner is not None and not within(s.inner, s.outer, touching=False)):
            raise GeometryError(f"slab {k}: the cavity does not lie inside the slab, or it has no elements")
    for k, (low, high) in enumerate(pairwise(slabs), 1):
        if not (within(low.outer, high.outer) or within(high.outer, low.outer)):
            raise GeometryError(f"slabs {k} and {k + 1}: neither outline lies inside the other")
        if low.inner and high.inner and not (
            within(low.inner, high.inner) or within(high.inner, low.inner)
        ):  # fmt: skip
            raise GeometryError(f"slabs {k} and {k + 1}: neither cavity lies inside the other")
    top = slabs[-1]
    if not within(shape.seal, top.outer, touching=False) or (
        top.inner is not None and not within(top.inner, shape.seal)
    ):
        raise GeometryError("the seal line does not lie on the top face, between cavity and rim")
    for name, circle in _circles(shape).items():
        if not within(circle, top.outer, touching=False):
            raise GeometryError(f"{name} is not inside the uppermost slab")
        if not apart(circle, shape.seal) and name.startswith("hole"):
            raise GeometryError(f"{name} reaches the seal line")
        if any(not apart(circle, s.outer) for s in slabs[:-1]):
            raise GeometryError(f"{name} reaches the wall below the uppermost slab")
    names = [s.name for s in shape.seats]
    if len(set(names)) < len(names):
        raise GeometryError(f"seats need different names, not {names}")
    for seat in shape.seats:
        if seat.outer <= _inner(shape, seat.x, seat.y, seat.inner):
            raise GeometryError(f"seat {seat.name}: outer diameter {seat.outer:g} mm is not beyond the hole")


# -- plan ----------------------------------------------------------------------------------------------------


def _chords(o: Round, size: float, least: int) -> tuple[int, float]:
    """Chords of a circle and the radius of their corners, for a polygon of the same area."""
    n = 8 * ceil(max(least, 2 * pi * o.radius / size) / 8 - 1e-9)
    return n, o.radius * sqrt(2 * pi / n / sin(2 * pi / n))


def _draw(gmsh: Any, shape: Vessel, mirrors: list[int]) -> None:
    """Outlines in the gmsh model, with the sizes of their elements."""
    occ, far = gmsh.model.occ, 2 * max(float(np.abs(corners(s.outer)).max()) for s in shape.slabs)
    rounds: dict[float, tuple[int, float]] = {}

    def face(o: Outline, least: int) -> list[tuple[int, int]]:
        if isinstance(o, Rect):
            made = [(2, rectangle(occ, o))]
        else:
            n, radius = _chords(o, shape.size, least)
            rounds[radius] = (n, 2 * pi * o.radius / n)
            made = [(2, int(occ.addDisk(o.x, o.y, 0, radius, radius)))]
        if not mirrors:
            return made
        low = [0.0 if axis in mirrors else -far for axis in (0, 1)]
        part = [(2, rectangle(occ, Rect(low[0], far, low[1], far)))]
        kept, _ = occ.intersect(made, part)
        return [k for k in kept if k[0] == 2]

    outlines, seats = _outlines(shape), {(s.x, s.y) for s in shape.seats}
    least = [CHORDS if isinstance(o, Round) and (o.x, o.y) in seats else ROUND_CHORDS for o in outlines]
    faces = [f for o, n in zip(outlines, least, strict=True) for f in face(o, n)]
    holes = [f for h in shape.holes for f in face(Round(h.diameter / 2, h.x, h.y), CHORDS)]
    _, origin = occ.fragment(faces, holes)
    occ.synchronize()
    dropped = {piece for group in origin[len(faces) :] for piece in group}
    if dropped:
        occ.remove(list(dropped), recursive=True)
        occ.synchronize()
    _sizes(gmsh, shape, rounds)


def _sizes(gmsh: Any, shape: Vessel, rounds: dict[float, tuple[int, float]]) -> None:
    """Element sizes for a mesh of double size, which gmsh then splits: no triangle is left that way."""
    mesh = gmsh.model.mesh
    refine_by_splitting(gmsh, shape.coarse, extended=False)
    by_size: dict[float, list[int]] = {}
    for _, curve in gmsh.model.getEntities(1):
        size = shape.size
        low, high = gmsh.model.getParametrizationBounds(1, curve)
        if gmsh.model.getType(1, curve) in ("Circle", "Ellipse"):
            angle = high[0] - low[0]
            found = gmsh.model.occ.getMass(1, curve) / angle
            n, size = rounds[min(rounds, key=lambda r: abs(r - found))]
            mesh.setTransfiniteCurve(curve, max(1, ceil(angle / (2 * pi) * n / 2 - 1e-6)) + 1)
        by_size.setdefault(round(min(size, shape.size), 6), []).append(curve)
    fields = []
    for size, curves in by_size.items():
        distance, grown = mesh.field.add("Distance"), mesh.field.add("Threshold")
        mesh.field.setNumbers(distance, "CurvesList", curves)
        mesh.field.setNumber(distance, "Sampling", 100)
        reach = max(GROWTH * (shape.coarse - size), size)
        numbers = {"InField": distance, "SizeMin": 2 * size, "SizeMax": 2 * max(size, shape.coarse)}
        for name, value in (numbers | {"DistMin": size, "DistMax": size + reach}).items():
            mesh.field.setNumber(grown, name, value)
        fields.append(grown)
    least = mesh.field.add("Min")
    mesh.field.setNumbers(least, "FieldsList", fields)
    mesh.field.setAsBackgroundMesh(least)


# -- extrusion -----------------------------------------------------------------------------------------------


def _extrude(shape: Vessel, plan: Plane, symmetry: tuple[str, ...]) -> MeshData:
    """Cells of every slab, and the named faces."""
    n, slabs = len(plan.points), shape.slabs
    z = np.cumsum([0.0, *(s.height / s.elements for s in slabs for _ in range(s.elements))])
    level = np.cumsum([0] + [s.elements for s in slabs])
    x, y = plan.points[plan.quads].mean(axis=1).T
    solid = [contains(s.outer, x, y) & ~_cavity(s, x, y) for s in slabs]
    quads = plan.quads[:, [0, 1, 3, 2]]
    cells: list[Index] = []
    parts: dict[str, list[Index]] = {name: [] for name in ("press", "inside", "outside", "holes")}
    for k in range(len(slabs)):
        layers = range(int(level[k]), int(level[k + 1]))
        cells += [np.hstack([quads[solid[k]] + j * n, quads[solid[k]] + (j + 1) * n]) for j in layers]
        for name, edges in _rims(shape, k, plan, solid[k]).items():
            parts[name] += [np.hstack([edges + j * n, edges + (j + 1) * n]) for j in layers]
        above = solid[k + 1] if k + 1 < len(slabs) else np.zeros(len(quads), dtype=bool)
        below = solid[k - 1] if k > 0 else np.zeros(len(quads), dtype=bool)
        for free, j, other in (
            (solid[k] & ~above, level[k + 1], k + 1),
            (solid[k] & ~below, level[k], k - 1),
        ):
            wet = _wet(shape, other, x, y)
            dry = "press" if other == len(slabs) else "outside"
            parts["inside"].append(quads[free & wet] + j * n)
            parts[dry].append(quads[free & ~wet] + j * n)
    faces = {name: np.concatenate(facets) for name, facets in parts.items() if sum(map(len, facets))}
    faces |= _seats(shape, solid, (x, y), quads + int(level[-2]) * n, symmetry)
    points = np.column_stack([np.tile(plan.points, (len(z), 1)), np.repeat(z, n)])
    every = np.concatenate(cells)
    drawn = _drawn(shape, symmetry)
    return compact(MeshData(points, every, "hexahedron", {"body": np.arange(len(every))}, faces, drawn))


def _cavity(slab: Slab, x: Array, y: Array) -> Mask:
    return contains(slab.inner, x, y) if slab.inner else np.zeros(len(x), dtype=bool)


def _wet(shape: Vessel, other: int, x: Array, y: Array) -> Mask:
    """Where a level face towards slab `other` meets the fluid: its cavity, or inside the seal line on top."""
    if other == len(shape.slabs):
        return contains(shape.seal, x, y)
    return _cavity(shape.slabs[other], x, y) if other >= 0 else np.zeros(len(x), dtype=bool)


def _rims(shape: Vessel, k: int, plan: Plane, solid: Mask) -> dict[str, Index]:
    """Edges (r, 2) of slab k in the plan, by the face that stands on them."""
    edges = rim(plan.quads[solid])
    x, y = plan.points[edges].mean(axis=1).T
    inner, last = shape.slabs[k].inner, k + 1 == len(shape.slabs)
    tiny = 1e-3 * shape.size
    wet = contains(inner, x, y, tiny) if inner else np.zeros(len(edges), dtype=bool)
    hole = np.zeros(len(edges), dtype=bool)
    for h in shape.holes if last else ():
        hole |= contains(Round(h.diameter / 2, h.x, h.y), x, y, tiny)
    return {"inside": edges[wet], "holes": edges[hole], "outside": edges[~wet & ~hole]}


def _seats(
    shape: Vessel, solid: list[Mask], at: tuple[Array, Array], quads: Index, symmetry: tuple[str, ...]
) -> dict[str, Index]:
    out = {}
    for s in shape.seats:
        inner = Round(_inner(shape, s.x, s.y, s.inner) / 2, s.x, s.y)
        ring = contains(Round(s.outer / 2, s.x, s.y), *at) & ~contains(inner, *at) & solid[-1]
        if share(s.x, s.y, symmetry):
            out[f"seat:{s.name}"] = quads[ring]
    return out


def _drawn(shape: Vessel, symmetry: tuple[str, ...]) -> dict[str, float]:
    """Area [mm2] of every face on the drawing."""
    slabs, left = shape.slabs, 0.5 ** len(symmetry)
    holes = sum(pi / 4 * h.diameter**2 for h in shape.holes)
    cavity = [area(s.inner) if s.inner else 0.0 for s in slabs]
    full = [area(s.outer) for s in slabs]
    inside = area(shape.seal) - cavity[-1] + float(np.abs(np.diff(cavity)).sum())
    inside += sum(perimeter(s.inner) * s.height for s in slabs if s.inner)
    outside = full[0] - cavity[0] + float(np.abs(np.diff(full)).sum()) - holes
    outside += sum(perimeter(s.outer) * s.height for s in slabs)
    drawn = {"press": full[-1] - area(shape.seal) - holes, "inside": inside, "outside": outside}
    drawn = {name: left * value for name, value in drawn.items()}
    for s in shape.seats:
        part = share(s.x, s.y, symmetry)
        if part:
            ring = s.outer**2 - _inner(shape, s.x, s.y, s.inner) ** 2
            drawn[f"seat:{s.name}"] = part * pi / 4 * ring
    return drawn
