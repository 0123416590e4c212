"""Plans of quadrilaterals by gmsh, to be extruded: what plates and vessels have in common.

The part of a drawing that its own mirror symmetries leave is meshed and mirrored, so that a symmetric body has an
exactly symmetric mesh and its quarter is a quarter of the whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..assembly import Rect
from ..errors import GeometryError
from .gmsh_session import session
from .mesh import Array, Index

CHORDS = 24
"""Chords of a full circle; a multiple of 8, so that quarters come out in pairs."""

TRIES = ((8, 0.4), (6, 0.4), (5, 0.4), (8, 0.01), (6, 0.01), (1, 0.01))
"""gmsh's algorithm in the plane and the least quality of its pairs of triangles, tried in turn until GOOD."""

GOOD = 0.15
"""Least wanted ratio of smallest to largest Jacobian in a quadrilateral."""


@dataclass(frozen=True)
class Plane:
    """Points (n, 2) [mm] and quadrilaterals (m, 4) in cyclic order, counter-clockwise."""

    points: Array
    quads: Index


def mesh_plan(draw: Callable[[Any], None], mirrors: list[int], what: str) -> Plane:
    """The whole plan of a body of which `draw` puts the part that is not a mirror image into the gmsh model.

    mirrors: axes along which it is mirrored, the part drawn is where they are positive; what: the body, in a message.
    """
    best, quality = None, 0.0
    for algorithm, least in TRIES:
        with session() as gmsh:
            draw(gmsh)
            gmsh.option.setNumber("Mesh.Algorithm", algorithm)
            gmsh.option.setNumber("Mesh.RecombineMinimumQuality", least)
            gmsh.model.mesh.generate(2)
            plan = _quads(gmsh)
        worst = _quality(plan)
        if worst > quality:
            best, quality = plan, worst
        if quality > GOOD:
            break
    if best is None:
        raise GeometryError(
            f"gmsh found no sound quadrilaterals for the {what}: change `size` or `coarse` a little"
        )
    for axis in mirrors:
        best = _mirror(best, axis)
    return best


def refine_by_splitting(gmsh: Any, coarse: float, extended: bool) -> None:
    """Options for a mesh of double size, which gmsh then splits: no triangle is left that way.

    extended: whether sizes at the edges go on into the inside.
    """
    for name, value in (("RecombineAll", 1), ("RecombinationAlgorithm", 1), ("SubdivisionAlgorithm", 1),
                        ("MeshSizeExtendFromBoundary", int(extended)), ("Smoothing", 10),
                        ("MeshSizeMax", 2 * coarse)):  # fmt: skip
        gmsh.option.setNumber(f"Mesh.{name}", value)


def _quality(plane: Plane) -> float:
    """Worst ratio of smallest to largest corner Jacobian; negative where a quadrilateral is turned over."""
    p = plane.points[plane.quads]
    a, b = np.roll(p, -1, axis=1) - p, np.roll(p, 1, axis=1) - p
    corner = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return float((corner.min(axis=1) / np.abs(corner).max(axis=1)).min())


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
            raise GeometryError("gmsh left triangles in the plan: change `size` or `coarse` a little")
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


def rectangle(occ: Any, r: Rect) -> int:
    """Tag of a rectangle."""
    return int(occ.addRectangle(r.x0, r.y0, 0, r.x1 - r.x0, r.y1 - r.y0))


def rim(quads: Index) -> Index:
    """Edges (r, 2) that only one of some quadrilaterals has."""
    edges = np.stack([quads, np.roll(quads, -1, axis=1)], axis=2).reshape(-1, 2)
    _, first, count = np.unique(np.sort(edges, axis=1), axis=0, return_index=True, return_counts=True)
    return np.asarray(edges[first[count == 1]])
