"""Mesh of a part from a STEP file: tetrahedra, with its named pressing face on z = 0 and the body above.

The part is turned by the least rotation that does this (about x where it stands on its head) and moved along
z only, so a part drawn about its z axis stays there and seats are given in its own x and y.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..assembly import Seat, StepPart
from ..errors import GeometryError
from .gmsh_session import session
from .mesh import Array, Index, MeshData, boundary, compact, cut
from .plan import CHORDS
from .plate import SWELL
from .stepfile import named_face

FLAT = 1e-5
"""Two heights closer than this [mm] are one; gmsh widens bounding boxes by 1e-7."""


def mesh_step(shape: StepPart, symmetry: tuple[str, ...] = ()) -> MeshData:
    """Linear tetrahedra; faces press, back (the largest plane opposite), seat:<name>, symmetry planes."""
    if shape.size <= 0:
        raise GeometryError(f"element size must be positive, not {shape.size:g} mm")
    corners = named_face(Path(shape.path), shape.press)
    kept = [s for s in shape.seats if all((s.x, s.y)["xy".index(p[0])] > -1e-9 for p in symmetry)]
    with session() as gmsh:
        part = _load(gmsh, shape)
        corners = _lay_down(gmsh, part, _find(gmsh, shape, corners), corners)
        press = _find(gmsh, shape, corners)
        _refuse_skew(gmsh, shape, part, symmetry)
        back = _back(gmsh)
        heights = [_seat_height(gmsh, s) for s in kept]
        groups = _imprint(gmsh, part, press, kept, heights, symmetry)
        _sizes(gmsh, shape, groups)
        drawn = {n: sum(gmsh.model.occ.getMass(2, t) for t in tags) for n, tags in groups.items()}
        gmsh.model.mesh.generate(3)
        mesh = _take(gmsh, groups)
    outer = boundary(mesh.cells, mesh.cell)
    faces = mesh.faces | {"back": outer[(np.abs(mesh.points[outer, 2] - back) < FLAT).all(axis=1)]}
    areas = {n: a / SWELL**2 if n.startswith("seat:") else a for n, a in drawn.items()}
    return cut(MeshData(mesh.points, mesh.cells, mesh.cell, mesh.regions, faces, areas), symmetry)


def _load(gmsh: Any, shape: StepPart) -> int:
    gmsh.option.setString("Geometry.OCCTargetUnit", "MM")
    parts = [tag for dim, tag in gmsh.model.occ.importShapes(shape.path) if dim == 3]
    gmsh.model.occ.synchronize()
    if len(parts) != 1:
        raise GeometryError(f"{shape.path}: {len(parts)} solids, one is needed; export the plate alone")
    return int(parts[0])


def _find(gmsh: Any, shape: StepPart, corners: Array) -> int:
    """The planar surface that has exactly these corners."""
    for _, tag in gmsh.model.getEntities(2):
        points = gmsh.model.getBoundary([(2, tag)], recursive=True)
        at = np.array([gmsh.model.getValue(0, t, []) for _, t in points]).reshape(-1, 3)
        apart = np.linalg.norm(at[:, None] - corners[None], axis=2)
        near = 1e-4 * (1.0 + np.abs(corners).max() * 1e-3)
        same = len(at) > 0 and max(apart.min(axis=0).max(), apart.min(axis=1).max()) < near
        if same and gmsh.model.getType(2, tag) == "Plane":
            return int(tag)
    raise GeometryError(
        f"{shape.path}: '{shape.press}' is no plane face of the solid; is it flat, and one part only?"
    )


def _lay_down(gmsh: Any, part: int, press: int, corners: Array) -> Array:
    """Turn and lift the part so that `press` lies on z = 0 with the body above; the corners go along."""
    low, high = gmsh.model.getParametrizationBounds(2, press)
    outward = np.array(gmsh.model.getNormal(press, [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2]))
    centre = np.array(gmsh.model.occ.getCenterOfMass(3, part))
    inward = -outward if outward @ (centre - corners[0]) < 0 else outward
    axis, cosine = np.cross(inward, (0.0, 0.0, 1.0)), float(np.clip(inward[2], -1.0, 1.0))
    sine = float(np.linalg.norm(axis))
    axis = axis / sine if sine > 1e-9 else np.array([1.0, 0.0, 0.0])
    angle = float(np.arctan2(sine, cosine))
    if angle > 1e-12:
        gmsh.model.occ.rotate([(3, part)], 0, 0, 0, *axis, angle)
        across = np.cross(axis, corners)
        corners = (
            corners * np.cos(angle)
            + across * np.sin(angle)
            + np.outer(corners @ axis, axis) * (1 - np.cos(angle))
        )
    lift = -float(corners[:, 2].mean())
    gmsh.model.occ.translate([(3, part)], 0, 0, lift)
    gmsh.model.occ.synchronize()
    return np.asarray(corners + np.array([0.0, 0.0, lift]))


def _refuse_skew(gmsh: Any, shape: StepPart, part: int, symmetry: tuple[str, ...]) -> None:
    centre = gmsh.model.occ.getCenterOfMass(3, part)
    box = gmsh.model.getBoundingBox(3, part)
    for plane in symmetry:
        axis = "xy".index(plane[0])
        if max(abs(centre[axis]), abs(box[axis] + box[axis + 3])) > 1e-4:
            raise GeometryError(f"{shape.path}: not symmetric about {plane[0]} = 0: drop the symmetry")


def _level(gmsh: Any) -> list[tuple[int, float]]:
    """Planar surfaces parallel to the pressing face and above it, with their heights [mm]."""
    boxes = {tag: gmsh.model.getBoundingBox(2, tag) for _, tag in gmsh.model.getEntities(2)}
    return [(tag, (b[2] + b[5]) / 2) for tag, b in boxes.items() if b[5] - b[2] < FLAT and b[2] > FLAT]


def _back(gmsh: Any) -> float:
    """Height [mm] of the plane opposite the pressing face that has the largest area."""
    areas: dict[float, float] = {}
    for tag, z in _level(gmsh):
        areas[round(z, 5)] = areas.get(round(z, 5), 0.0) + gmsh.model.occ.getMass(2, tag)
    if not areas:
        raise GeometryError("the part has no plane face opposite its pressing face")
    return max(areas, key=lambda z: (areas[z], z))


def _seat_height(gmsh: Any, seat: Seat) -> float:
    """Height [mm] of the highest plane that holds the middle circle of the seat."""
    r = (seat.inner + seat.outer) / 4
    turn = np.linspace(0, 2 * np.pi, 8, endpoint=False) + 0.1
    for tag, z in sorted(_level(gmsh), key=lambda t: -t[1]):
        ring = np.column_stack([seat.x + r * np.cos(turn), seat.y + r * np.sin(turn), np.full(8, z)])
        if gmsh.model.isInside(2, tag, ring.ravel()) == 8:
            return z
    raise GeometryError(
        f"seat {seat.name} at ({seat.x:g}, {seat.y:g}) mm lies on no plane opposite the pressing face"
    )


def _imprint(
    gmsh: Any, part: int, press: int, seats: list[Seat], heights: list[float], symmetry: tuple[str, ...]
) -> dict[str, list[int]]:
    """Cut at the symmetry planes and draw the seats; the surfaces of press and seats."""
    occ = gmsh.model.occ
    tools = [("press", occ.copy([(2, press)]))]
    for seat, z in zip(seats, heights, strict=True):
        ring = [(2, _disk(occ, seat, seat.outer, z))]
        if seat.inner > 0:
            ring, _ = occ.cut(ring, [(2, _disk(occ, seat, seat.inner, z))])
        tools.append((f"seat:{seat.name}", ring))
    solid = [(3, part)]
    far = 1e3 + 4 * max(abs(v) for v in gmsh.model.getBoundingBox(3, part))
    for plane in symmetry:
        solid = _half(occ, solid, plane, far)
        tools = [(name, _half(occ, sheet, plane, far)) for name, sheet in tools]
    sheets = [piece for _, sheet in tools for piece in sheet]
    _, origin = occ.fragment(solid, sheets)
    occ.synchronize()
    solids = [t for i in range(len(solid)) for d, t in origin[i] if d == 3]
    if len(solids) != 1:
        raise GeometryError(
            f"{len(solids)} solids are left after the cut at the symmetry planes, one is needed"
        )
    skin = {t for _, t in gmsh.model.getBoundary([(3, solids[0])], oriented=False)}
    groups, k = {}, len(solid)
    for name, sheet in tools:
        groups[name] = sorted({t for i in range(k, k + len(sheet)) for _, t in origin[i]} & skin)
        k += len(sheet)
    loose = [(2, t) for _, t in gmsh.model.getEntities(2) if t not in skin]
    occ.remove(loose, recursive=True)
    occ.synchronize()
    return groups


def _half(occ: Any, shapes: list[tuple[int, int]], plane: str, far: float) -> list[tuple[int, int]]:
    """What lies at x >= 0 ("x0") or y >= 0 ("y0")."""
    x, y = (0.0 if plane == p else -far for p in ("x0", "y0"))
    box = (3, occ.addBox(x, y, -far, far - x, far - y, 2 * far))
    return list(occ.intersect(shapes, [box])[0])


def _disk(occ: Any, seat: Seat, diameter: float, z: float) -> int:
    return int(occ.addDisk(seat.x, seat.y, z, diameter / 2 * SWELL, diameter / 2 * SWELL))


def _sizes(gmsh: Any, shape: StepPart, groups: dict[str, list[int]]) -> None:
    """Elements of `size`, down to size / 4 along curves; circles of seats in equal chords."""
    options = {"MeshSizeMax": shape.size, "MeshSizeMin": shape.size / 4, "MeshSizeFromCurvature": CHORDS}
    options |= {"Algorithm": 6, "Algorithm3D": 1, "Optimize": 1, "OptimizeThreshold": 0.4}
    for name, value in options.items():
        gmsh.option.setNumber(f"Mesh.{name}", value)
    seats = [(2, t) for name, tags in groups.items() if name.startswith("seat:") for t in tags]
    for _, curve in gmsh.model.getBoundary(seats, combined=False, oriented=False):
        if gmsh.model.getType(1, curve) == "Circle":
            low, high = gmsh.model.getParametrizationBounds(1, curve)
            n = int(np.ceil((high[0] - low[0]) / (2 * np.pi) * CHORDS - 1e-6))
            gmsh.model.mesh.setTransfiniteCurve(curve, n + 1)


def _take(gmsh: Any, groups: dict[str, list[int]]) -> MeshData:
    tags, xyz, _ = gmsh.model.mesh.getNodes()
    number = np.zeros(int(max(tags)) + 1, dtype=np.int64)
    number[tags] = np.arange(len(tags))
    cells = number[np.asarray(gmsh.model.mesh.getElementsByType(4)[1], dtype=np.int64)].reshape(-1, 4)
    points = np.asarray(xyz, dtype=np.float64).reshape(-1, 3)
    edges = points[cells[:, 1:]] - points[cells[:, :1]]
    turned = np.linalg.det(edges) < 0
    cells[turned] = cells[turned][:, [1, 0, 2, 3]]
    faces: dict[str, Index] = {}
    for name, surfaces in groups.items():
        nodes = [gmsh.model.mesh.getElementsByType(2, t)[1] for t in surfaces]
        found = np.concatenate(nodes) if nodes else np.zeros(0)
        faces[name] = number[found.astype(np.int64)].reshape(-1, 3)
    points[np.abs(points) < 1e-9] = 0.0
    return compact(MeshData(points, cells, "tetrahedron", {"body": np.arange(len(cells))}, faces))
