"""Mesh of a plate with bolt holes and washer seats: quadrilaterals by gmsh in the plane, extruded here.

The part of the drawing that its own mirror symmetries leave is meshed and mirrored, so that a symmetric
plate has an exactly symmetric mesh and its quarter is a quarter of the whole. Circles are polygons of the
same area.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..assembly import Hole, Plate, Rect, Seat
from ..errors import GeometryError
from .gmsh_session import session
from .mesh import Array, Index, MeshData, cut

CHORDS = 24
"""Chords of a full circle; a multiple of 8, so that quarters come out in pairs."""

SWELL = float(np.sqrt(2 * np.pi / CHORDS / np.sin(2 * np.pi / CHORDS)))
"""Radius of the polygon's corners over that of the circle of equal area."""

TRIES = ((8, 0.4), (6, 0.4), (5, 0.4), (8, 0.01), (6, 0.01), (1, 0.01))
"""gmsh's algorithm in the plane and the least quality of its pairs of triangles, tried in turn until GOOD."""

GOOD = 0.15
"""Least wanted ratio of smallest to largest Jacobian in a quadrilateral."""


def mesh_plate(shape: Plate, symmetry: tuple[str, ...] = ()) -> MeshData:
    """Hexahedra; faces press (z = 0), back, edge, holes, seat:<name>, and the symmetry planes."""
    _refuse(shape)
    mirrors = [axis for axis in (0, 1) if _is_mirrored(shape, axis)]
    for cut_at in symmetry:
        if "xy".index(cut_at[0]) not in mirrors:
            raise GeometryError(
                f"the plate is not symmetric about {cut_at[0]} = 0: drop the symmetry or move a hole"
            )
    plane = _mesh_plane(shape, mirrors)
    for axis in mirrors:
        plane = _mirror(plane, axis)
    return cut(_extrude(shape, plane, symmetry), symmetry)


@dataclass(frozen=True)
class Plane:
    """Points (n, 2) [mm] and quadrilaterals (m, 4) in cyclic order, counter-clockwise."""

    points: Array
    quads: Index


def _refuse(shape: Plate) -> None:
    x, y = shape.length / 2, shape.width / 2
    if min(x, y, shape.thickness, shape.size, shape.coarse) <= 0 or shape.layers < 1:
        raise GeometryError("a plate needs positive length, width, thickness, element sizes and layers")
    circles = [("hole", h.x, h.y, h.diameter) for h in shape.holes]
    circles += [(f"seat {s.name}", s.x, s.y, s.outer) for s in shape.seats]
    for name, cx, cy, d in circles:
        if d <= 0 or abs(cx) + d / 2 * SWELL >= x or abs(cy) + d / 2 * SWELL >= y:
            raise GeometryError(
                f"{name} of {d:g} mm at ({cx:g}, {cy:g}) is not inside the plate of {2 * x:g} x {2 * y:g}"
            )
    for s in shape.seats:
        if s.outer <= _inner(shape, s):
            raise GeometryError(
                f"seat {s.name}: outer diameter {s.outer:g} mm is not beyond the inner or the hole"
            )
    names = [s.name for s in shape.seats]
    if len(set(names)) < len(names):
        raise GeometryError(f"seats need different names, not {names}")
    f = shape.footprint
    if f and not (-x <= f.x0 < f.x1 <= x and -y <= f.y0 < f.y1 <= y):
        raise GeometryError(f"the footprint {f} is not on the plate of {2 * x:g} x {2 * y:g} mm")


def _inner(shape: Plate, seat: Seat) -> float:
    """Inner diameter [mm] of the seat, not less than that of the hole below it."""
    return max(
        [seat.inner] + [h.diameter for h in shape.holes if np.hypot(h.x - seat.x, h.y - seat.y) < 1e-9]
    )


def _is_mirrored(shape: Plate, axis: int) -> bool:
    def key(items: list[tuple[float, ...]], sign: float) -> set[tuple[float, ...]]:
        turned = [tuple(sign * v if i == axis else v for i, v in enumerate(item)) for item in items]
        return {tuple(round(v, 9) + 0.0 for v in item) for item in turned}

    f = shape.footprint
    holes = [(h.x, h.y, h.diameter) for h in shape.holes]
    seats = [(s.x, s.y, _inner(shape, s), s.outer) for s in shape.seats]
    middle = [((f.x0 + f.x1) / 2, (f.y0 + f.y1) / 2)] if f else []
    return all(key(list(i), 1.0) == key(list(i), -1.0) for i in (holes, seats, middle))


def _mesh_plane(shape: Plate, mirrors: list[int]) -> Plane:
    """Quadrilaterals of the drawing's part at x >= 0 (if mirrored about x = 0) and y >= 0 (likewise)."""
    best, quality = None, 0.0
    for algorithm, least in TRIES:
        with session() as gmsh:
            _draw(gmsh, shape, mirrors)
            gmsh.option.setNumber("Mesh.Algorithm", algorithm)
            gmsh.option.setNumber("Mesh.RecombineMinimumQuality", least)
            gmsh.model.mesh.generate(2)
            plane = _quads(gmsh)
        worst = _quality(plane)
        if worst > quality:
            best, quality = plane, worst
        if quality > GOOD:
            break
    if best is None:
        raise GeometryError(
            "gmsh found no sound quadrilaterals for the plate: change `size` or `coarse` a little"
        )
    return best


def _draw(gmsh: Any, shape: Plate, mirrors: list[int]) -> None:
    """Outline, holes, seats and footprint in the gmsh model, with the sizes of their elements."""
    x, y = shape.length / 2, shape.width / 2
    part = Rect(0.0 if 0 in mirrors else -x, x, 0.0 if 1 in mirrors else -y, y)
    occ = gmsh.model.occ
    sheet = [(2, _rectangle(occ, part))]
    holes = [(2, _disk(occ, h.x, h.y, h.diameter)) for h in shape.holes if _reaches(h, h.diameter, part)]
    if holes:
        sheet, _ = occ.cut(sheet, holes)
    tools = [(2, _disk(occ, s.x, s.y, d)) for s in shape.seats if _reaches(s, s.outer, part)
             for d in (s.outer, _inner(shape, s)) if d > 0]  # fmt: skip
    foot = shape.footprint.clip(part) if shape.footprint else None
    if foot:
        tools.insert(0, (2, _rectangle(occ, foot)))
    pieces, origin = occ.fragment(sheet, tools)
    occ.synchronize()
    inside = {piece for s in range(len(sheet)) for piece in origin[s]}
    occ.remove([piece for piece in pieces if piece not in inside], recursive=True)
    occ.synchronize()
    _sizes(gmsh, shape, foot)
    if foot:
        _structure(gmsh, [piece[1] for piece in origin[len(sheet)] if piece in inside], shape.size)


def _quality(plane: Plane) -> float:
    """Worst ratio of smallest to largest corner Jacobian; negative where a quadrilateral is turned over."""
    p = plane.points[plane.quads]
    a, b = np.roll(p, -1, axis=1) - p, np.roll(p, 1, axis=1) - p
    corner = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return float((corner.min(axis=1) / np.abs(corner).max(axis=1)).min())


def _rectangle(occ: Any, r: Rect) -> int:
    return int(occ.addRectangle(r.x0, r.y0, 0, r.x1 - r.x0, r.y1 - r.y0))


def _disk(occ: Any, x: float, y: float, diameter: float) -> int:
    return int(occ.addDisk(x, y, 0, diameter / 2 * SWELL, diameter / 2 * SWELL))


def _reaches(c: Hole | Seat, diameter: float, part: Rect) -> bool:
    r = diameter / 2
    return c.x + r > part.x0 and c.x - r < part.x1 and c.y + r > part.y0 and c.y - r < part.y1


def _sizes(gmsh: Any, shape: Plate, foot: Rect | None) -> None:
    """Element sizes for a mesh of double size, which gmsh then splits: no triangle is left that way."""
    option, field = gmsh.option.setNumber, gmsh.model.mesh.field
    for name, value in (("RecombineAll", 1), ("RecombinationAlgorithm", 1),
                        ("SubdivisionAlgorithm", 1), ("MeshSizeExtendFromBoundary", 1), ("Smoothing", 10),
                        ("MeshSizeMax", 2 * shape.coarse)):  # fmt: skip
        option(f"Mesh.{name}", value)
    for _, curve in gmsh.model.getEntities(1):
        if gmsh.model.getType(1, curve) in ("Circle", "Ellipse"):
            low, high = gmsh.model.getParametrizationBounds(1, curve)
            pairs = int(np.ceil((high[0] - low[0]) / (2 * np.pi) * CHORDS / 2 - 1e-6))
            gmsh.model.mesh.setTransfiniteCurve(curve, pairs + 1)
    if foot:
        box = field.add("Box")
        reach = max(3 * (shape.coarse - shape.size), shape.size)
        numbers = {
            "VIn": 2 * shape.size,
            "VOut": 2 * shape.coarse,
            "Thickness": reach,
            "ZMin": -1.0,
            "ZMax": 1.0,
        }
        numbers |= {"XMin": foot.x0, "XMax": foot.x1, "YMin": foot.y0, "YMax": foot.y1}
        for name, value in numbers.items():
            field.setNumber(box, name, value)
        field.setAsBackgroundMesh(box)


def _structure(gmsh: Any, pieces: list[int], size: float) -> None:
    """Regular grid over the footprint if nothing cuts it: one piece with four straight sides."""
    if len(pieces) != 1:
        return
    curves = [c for _, c in gmsh.model.getBoundary([(2, pieces[0])], oriented=False)]
    if len(curves) != 4 or any(gmsh.model.getType(1, c) != "Line" for c in curves):
        return
    for c in curves:
        gmsh.model.mesh.setTransfiniteCurve(c, max(1, round(gmsh.model.occ.getMass(1, c) / (2 * size))) + 1)
    gmsh.model.mesh.setTransfiniteSurface(pieces[0])


def _quads(gmsh: Any) -> Plane:
    """All quadrilaterals; a surface is turned as a whole, so that one turned over by itself still shows."""
    tags, xyz, _ = gmsh.model.mesh.getNodes()
    number = np.zeros(int(max(tags)) + 1, dtype=np.int64)
    number[tags] = np.arange(len(tags))
    points = np.asarray(xyz).reshape(-1, 3)[:, :2]
    parts = []
    for _, surface in gmsh.model.getEntities(2):
        types, _, nodes = gmsh.model.mesh.getElements(2, surface)
        if list(types) != [3]:
            raise GeometryError("gmsh left triangles in the plate: change `size` or `coarse` a little")
        quads = number[np.asarray(nodes[0]).reshape(-1, 4)]
        p = points[quads]
        d, e = p[:, 2] - p[:, 0], p[:, 3] - p[:, 1]
        signed = float((d[:, 0] * e[:, 1] - d[:, 1] * e[:, 0]).sum())
        parts.append(quads if signed > 0 else quads[:, ::-1])
    used, quads = np.unique(np.concatenate(parts), return_inverse=True)
    return Plane(points[used], quads.reshape(-1, 4))


def _mirror(plane: Plane, axis: int) -> Plane:
    """The plane and its image, sharing the points on the mirror."""
    points, n = plane.points.copy(), len(plane.points)
    on = np.abs(points[:, axis]) < 1e-9 * np.abs(points).max()
    points[on, axis] = 0.0
    image = np.where(on, np.arange(n), n + np.cumsum(~on) - 1)
    other = points[~on].copy()
    other[:, axis] *= -1
    return Plane(np.concatenate([points, other]), np.concatenate([plane.quads, image[plane.quads][:, ::-1]]))


def _extrude(shape: Plate, plane: Plane, symmetry: tuple[str, ...]) -> MeshData:
    n, layers = len(plane.points), shape.layers
    z = np.linspace(0.0, shape.thickness, layers + 1)
    points = np.column_stack([np.tile(plane.points, (layers + 1, 1)), np.repeat(z, n)])
    quads = plane.quads[:, [0, 1, 3, 2]]
    cells = np.concatenate([np.hstack([quads + k * n, quads + (k + 1) * n]) for k in range(layers)])
    edges = np.stack([plane.quads, np.roll(plane.quads, -1, axis=1)], axis=2).reshape(-1, 2)
    _, first, count = np.unique(np.sort(edges, axis=1), axis=0, return_index=True, return_counts=True)
    rim = edges[first[count == 1]]
    p, half = plane.points[rim], np.array([shape.length / 2, shape.width / 2])
    outer = (np.abs(np.abs(p) - half) < 1e-6 * half).all(axis=1).any(axis=1)
    wall = {name: np.concatenate([np.hstack([r + k * n, r + (k + 1) * n]) for k in range(layers)])
            for name, r in (("edge", rim[outer]), ("holes", rim[~outer])) if len(r)}  # fmt: skip
    back = quads + layers * n
    faces = {"press": quads, "back": back, **wall}
    drawn, share = {}, 0.5 ** len(symmetry)
    for s in shape.seats:
        inner = _inner(shape, s)
        radius = np.hypot(*(plane.points - (s.x, s.y)).T)
        tiny = 1e-6 * s.outer
        ring = (radius < s.outer / 2 * SWELL + tiny) & (radius > inner / 2 * SWELL - tiny)
        part = _share(s, symmetry)
        if part:
            faces[f"seat:{s.name}"] = back[ring[plane.quads].all(axis=1)]
            drawn[f"seat:{s.name}"] = part * np.pi / 4 * (s.outer**2 - inner**2)
    drawn["press"] = share * (
        shape.length * shape.width - sum(np.pi / 4 * h.diameter**2 for h in shape.holes)
    )
    return MeshData(points, cells, "hexahedron", {"body": np.arange(len(cells))}, faces, drawn)


def _share(seat: Seat, symmetry: tuple[str, ...]) -> float:
    """Part of the seat that the symmetry planes leave: 1, 1/2, 1/4, or 0 beyond a plane."""
    part = 1.0
    for plane in symmetry:
        s = (seat.x, seat.y)["xy".index(plane[0])]
        if s < -1e-9:
            return 0.0
        part *= 0.5 if s < 1e-9 else 1.0
    return part
