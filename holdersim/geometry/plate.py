"""Mesh of a plate with bolt holes and washer seats: quadrilaterals by gmsh in the plane, extruded here.

Circles are polygons of the same area.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..assembly import Hole, Plate, Rect, Seat
from ..errors import GeometryError
from ..outlines import share
from .mesh import MeshData, cut
from .plan import CHORDS, Plane, mesh_plan, rectangle, refine_by_splitting, rim

SWELL = float(np.sqrt(2 * np.pi / CHORDS / np.sin(2 * np.pi / CHORDS)))
"""Radius of the polygon's corners over that of the circle of equal area."""


def mesh_plate(shape: Plate, symmetry: tuple[str, ...] = ()) -> MeshData:
    """Hexahedra; faces press (z = 0), back, edge, holes, seat:<name>, and the symmetry planes."""
    _refuse(shape)
    mirrors = [axis for axis in (0, 1) if _is_mirrored(shape, axis)]
    for cut_at in symmetry:
        if "xy".index(cut_at[0]) not in mirrors:
            raise GeometryError(
                f"the plate is not symmetric about {cut_at[0]} = 0: drop the symmetry or move a hole"
            )
    plane = mesh_plan(lambda gmsh: _draw(gmsh, shape, mirrors), mirrors, "plate")
    return cut(_extrude(shape, plane, symmetry), symmetry)


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


def _draw(gmsh: Any, shape: Plate, mirrors: list[int]) -> None:
    """Outline, holes, seats and footprint in the gmsh model, with the sizes of their elements."""
    x, y = shape.length / 2, shape.width / 2
    part = Rect(0.0 if 0 in mirrors else -x, x, 0.0 if 1 in mirrors else -y, y)
    occ = gmsh.model.occ
    sheet = [(2, rectangle(occ, part))]
    holes = [(2, _disk(occ, h.x, h.y, h.diameter)) for h in shape.holes if _reaches(h, h.diameter, part)]
    if holes:
        sheet, _ = occ.cut(sheet, holes)
    tools = [(2, _disk(occ, s.x, s.y, d)) for s in shape.seats if _reaches(s, s.outer, part)
             for d in (s.outer, _inner(shape, s)) if d > 0]  # fmt: skip
    foot = shape.footprint.clip(part) if shape.footprint else None
    if foot:
        tools.insert(0, (2, rectangle(occ, foot)))
    pieces, origin = occ.fragment(sheet, tools)
    occ.synchronize()
    inside = {piece for s in range(len(sheet)) for piece in origin[s]}
    occ.remove([piece for piece in pieces if piece not in inside], recursive=True)
    occ.synchronize()
    _sizes(gmsh, shape, foot)
    if foot:
        _structure(gmsh, [piece[1] for piece in origin[len(sheet)] if piece in inside], shape.size)


def _disk(occ: Any, x: float, y: float, diameter: float) -> int:
    return int(occ.addDisk(x, y, 0, diameter / 2 * SWELL, diameter / 2 * SWELL))


def _reaches(c: Hole | Seat, diameter: float, part: Rect) -> bool:
    r = diameter / 2
    return c.x + r > part.x0 and c.x - r < part.x1 and c.y + r > part.y0 and c.y - r < part.y1


def _sizes(gmsh: Any, shape: Plate, foot: Rect | None) -> None:
    """Element sizes for a mesh of double size, which gmsh then splits: no triangle is left that way."""
    field = gmsh.model.mesh.field
    refine_by_splitting(gmsh, shape.coarse, extended=True)
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


def _extrude(shape: Plate, plane: Plane, symmetry: tuple[str, ...]) -> MeshData:
    n, layers = len(plane.points), shape.layers
    z = np.linspace(0.0, shape.thickness, layers + 1)
    points = np.column_stack([np.tile(plane.points, (layers + 1, 1)), np.repeat(z, n)])
    quads = plane.quads[:, [0, 1, 3, 2]]
    cells = np.concatenate([np.hstack([quads + k * n, quads + (k + 1) * n]) for k in range(layers)])
    edges = rim(plane.quads)
    p, half = plane.points[edges], np.array([shape.length / 2, shape.width / 2])
    outer = (np.abs(np.abs(p) - half) < 1e-6 * half).all(axis=1).any(axis=1)
    wall = {name: np.concatenate([np.hstack([r + k * n, r + (k + 1) * n]) for k in range(layers)])
            for name, r in (("edge", edges[outer]), ("holes", edges[~outer])) if len(r)}  # fmt: skip
    back = quads + layers * n
    faces = {"press": quads, "back": back, **wall}
    drawn, left = {}, 0.5 ** len(symmetry)
    for s in shape.seats:
        inner = _inner(shape, s)
        radius = np.hypot(*(plane.points - (s.x, s.y)).T)
        tiny = 1e-6 * s.outer
        ring = (radius < s.outer / 2 * SWELL + tiny) & (radius > inner / 2 * SWELL - tiny)
        part = share(s.x, s.y, symmetry)
        if part:
            faces[f"seat:{s.name}"] = back[ring[plane.quads].all(axis=1)]
            drawn[f"seat:{s.name}"] = part * np.pi / 4 * (s.outer**2 - inner**2)
    drawn["press"] = left * (shape.length * shape.width - sum(np.pi / 4 * h.diameter**2 for h in shape.holes))
    return MeshData(points, cells, "hexahedron", {"body": np.arange(len(cells))}, faces, drawn)
