"""Mesh of an eighth of a round vessel with domed ends. Units mm."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..geometry.mesh import MeshData, boundary

Array = NDArray[np.float64]
TAPER = 3.0
"""A dome thinner than its wall reaches its thickness over this many times the difference (assumed)."""
GROWTH = 1.25
"""Elements of the wall grow by this ratio away from the dome, up to twice as large."""


@dataclass(frozen=True)
class Domed:
    """Round vessel: inside radius, half the length of the cylinder, wall, thickness of the domes [mm].

    depth: of the dome, over the radius; 1 is a hemisphere, 1/2 a 2:1 ellipsoid. Inner surfaces are flush.
    """

    radius: float
    half: float
    wall: float
    head: float
    depth: float = 1.0


def mesh_domed(v: Domed, n: int = 12, layers: int = 2) -> MeshData:
    """Hexahedra of the eighth x, y, z > 0: middle of the cylinder at z = 0, dome above; n elements for 45 degrees.

    Faces: inside, outside, x0, y0, foot (z = 0).
    """
    places, quads = _octant(n)
    lengths = _growing(v.half, v.radius * np.pi / 4 / n)
    edge = _rim(quads, np.abs(places[:, 2]) < 1e-9)
    out = np.linspace(0.0, 1.0, layers + 1)
    dome = np.concatenate([_shell(v, places, share) for share in out])
    cells = _stacked(quads, len(places), layers)
    points, kept = [dome], [cells]
    start = len(dome)
    for z0, z1 in pairwise(lengths):
        block = [_wall(v, places, z, share) for z in (z0, z1) for share in out]
        points += block
        for k in range(layers):
            low, high = start + k * len(places), start + (layers + 1 + k) * len(places)
            quad = np.hstack([edge + low, edge + high])
            kept.append(np.hstack([quad, quad + len(places)]))
        start += 2 * (layers + 1) * len(places)
    return _joined(np.concatenate(points), np.concatenate(kept), v)


def _octant(n: int) -> tuple[Array, NDArray[np.int64]]:
    """Directions (p, 3) and quadrilaterals (q, 4) in tensor order on an eighth of a sphere: three sides of a cube."""
    s = np.tan(np.linspace(0, np.pi / 4, n + 1))
    a, b = (g.ravel() for g in np.meshgrid(s, s, indexing="ij"))
    one = np.ones_like(a)
    sides = [np.column_stack(c) for c in ((one, a, b), (a, one, b), (a, b, one))]
    number = np.arange((n + 1) ** 2).reshape(n + 1, n + 1)
    quad = np.column_stack([number[i : n + i, j : n + j].ravel() for i in (0, 1) for j in (0, 1)])
    at = np.concatenate(sides)
    at /= np.linalg.norm(at, axis=1, keepdims=True)
    _, first, inverse = np.unique(np.round(at, 9), axis=0, return_index=True, return_inverse=True)
    every = np.concatenate([quad + k * len(a) for k in range(3)])
    return at[first], np.asarray(inverse.ravel()[every], dtype=np.int64)


def _shell(v: Domed, direction: Array, share: float) -> Array:
    """Points of the dome at a share of its thickness; it stands on the end of the cylinder."""
    axes = np.array([v.radius, v.radius, v.depth * v.radius])
    inner = direction * axes
    normal = inner / axes**2
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    along = np.arcsin(np.clip(direction[:, 2], 0, 1)) * v.radius
    reach = TAPER * abs(v.wall - v.head)
    blend = np.clip(along / reach, 0, 1) if reach > 1e-9 else np.ones_like(along)
    thickness = v.wall + (v.head - v.wall) * blend
    return np.asarray(inner + share * thickness[:, None] * normal + np.array([0, 0, v.half]))


def _wall(v: Domed, direction: Array, z: float, share: float) -> Array:
    """Points of the wall at height z, meaningful where the direction lies level."""
    level = direction[:, :2] * (v.radius + share * v.wall)
    return np.column_stack([level, np.full(len(level), z)])


def _growing(half: float, size: float) -> list[float]:
    """Heights from 0 to `half`, finest there."""
    steps: list[float] = []
    total = 0.0
    while total < half:
        steps.append(min(size * GROWTH ** len(steps), 2 * size))
        total += steps[-1]
    out = [half]
    for step in steps:
        out.append(out[-1] - step * half / total)
    return [0.0, *out[-2::-1]]


def _rim(quads: NDArray[np.int64], ring: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Edges (e, 2) of the quadrilaterals that lie on the ring."""
    edges = np.concatenate([quads[:, p] for p in ([0, 1], [2, 3], [0, 2], [1, 3])])
    return np.asarray(edges[ring[edges].all(axis=1)], dtype=np.int64)


def _stacked(quads: NDArray[np.int64], points: int, layers: int) -> NDArray[np.int64]:
    return np.concatenate([np.hstack([quads + k * points, quads + (k + 1) * points]) for k in range(layers)])


def _joined(points: Array, cells: NDArray[np.int64], v: Domed) -> MeshData:
    """One mesh: equal points are one, unused ones go, cells are turned the right way round, faces named."""
    used, inverse = np.unique(cells, return_inverse=True)
    _, first, same = np.unique(np.round(points[used], 7), axis=0, return_index=True, return_inverse=True)
    at, cells = points[used][first], same.ravel()[inverse.reshape(cells.shape)]
    a, b, c, d = (at[cells[:, k]] for k in (0, 1, 2, 4))
    turned = np.einsum("ij,ij->i", np.cross(b - a, c - a), d - a) < 0
    cells[turned] = cells[turned][:, [1, 0, 3, 2, 5, 4, 7, 6]]
    outer = boundary(cells, "hexahedron")
    faces = {}
    centre, close = at[outer].mean(axis=1), 1e-6
    rest = np.ones(len(outer), dtype=bool)
    for name, axis in (("x0", 0), ("y0", 1), ("foot", 2)):
        here = np.abs(at[outer][:, :, axis]).max(axis=1) < close
        faces[name] = outer[here]
        rest &= ~here
    wet = _inside(v, centre)
    faces |= {"inside": outer[rest & wet], "outside": outer[rest & ~wet]}
    return MeshData(at, cells, "hexahedron", {"body": np.arange(len(cells))}, faces)


def _inside(v: Domed, at: Array) -> NDArray[np.bool_]:
    """Whether points of the surface lie on the inner one: nearer to it than a third of the thickness."""
    up = np.maximum(at[:, 2] - v.half, 0.0) / v.depth
    thin = min(v.wall, v.head) / v.radius
    return np.asarray(np.hypot(np.hypot(at[:, 0], at[:, 1]), up) < v.radius * (1 + thin / 3))
