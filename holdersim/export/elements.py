"""Meshes in the order of CalculiX: elements with mid-side nodes, numbered faces, nodal forces of tractions.

Source: CalculiX CrunchiX user's manual 2.20, element types C3D8, C3D20, C3D4, C3D10 and their face numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..assembly import LayerStack, Solid, Traction
from ..errors import GeometryError
from ..geometry.mesh import Array, Index, MeshData, mesh_shape
from ..materials.elastic import Elastic
from ..materials.rubber import Rubber

ORDER = {"hexahedron": [0, 1, 3, 2, 4, 5, 7, 6], "tetrahedron": [0, 1, 2, 3]}
"""Tensor vertices in CalculiX order."""

MIRRORED = {"hexahedron": [4, 5, 7, 6, 0, 1, 3, 2], "tetrahedron": [1, 0, 2, 3]}
"""The same for a cell mirrored in z, so that its volume stays positive."""

SIDES = {
    "hexahedron": np.array(
        [[0, 1, 2, 3], [4, 7, 6, 5], [0, 4, 5, 1], [1, 5, 6, 2], [2, 6, 7, 3], [3, 7, 4, 0]]
    ),
    "tetrahedron": np.array([[0, 1, 2], [0, 3, 1], [1, 3, 2], [2, 3, 0]]),
}
"""Corners of the faces S1, S2, ... in cyclic order."""

EDGES = {
    "hexahedron": [
        (0, 1),
        (1, 2),
        (2, 3),
        (3, 0),
        (4, 5),
        (5, 6),
        (6, 7),
        (7, 4),
        (0, 4),
        (1, 5),
        (2, 6),
        (3, 7),
    ],
    "tetrahedron": [(0, 1), (1, 2), (2, 0), (0, 3), (1, 3), (2, 3)],
}
"""Corners of the edges, in the order of the mid-side nodes."""

TYPES = {
    ("hexahedron", 1): "C3D8",
    ("hexahedron", 2): "C3D20",
    ("tetrahedron", 1): "C3D4",
    ("tetrahedron", 2): "C3D10",
}


@dataclass(frozen=True)
class Part:
    """One solid ready to be written: points (n, 3) [mm] in place, cells (m, k) in CalculiX order.

    kind: element type; blocks: (name, material, cells) in turn; faces: name -> (cell, side), sides from 0.
    """

    solid: Solid
    points: Array
    cells: Index
    cell: str
    kind: str
    blocks: tuple[tuple[str, Elastic | Rubber, Index], ...]
    faces: dict[str, tuple[Index, Index]]

    @classmethod
    def of(cls, solid: Solid) -> Part:
        """Mesh of a solid at its place, with mid-side nodes if its displacement is quadratic."""
        mesh = mesh_shape(solid.shape, solid.symmetry)
        if (mesh.cell, solid.degree) not in TYPES:
            raise GeometryError(
                f"CalculiX has no element of degree {solid.degree}; '{solid.name}' needs 1 or 2"
            )
        points = mesh.points * np.array([1.0, 1.0, -1.0 if solid.flip else 1.0]) + np.array(
            [0.0, 0.0, solid.z]
        )
        cells = mesh.cells[:, (MIRRORED if solid.flip else ORDER)[mesh.cell]]
        faces = {name: _sides(cells, mesh.cell, facets) for name, facets in mesh.faces.items()}
        if solid.degree == 2:
            points, cells = _with_middles(points, cells, mesh.cell)
        kind = TYPES[mesh.cell, solid.degree] + ("R" if isinstance(solid.material, Rubber) else "")
        return cls(solid, points, cells, mesh.cell, kind, _blocks(solid, mesh), faces)

    def face(self, name: str) -> tuple[Index, Index]:
        """Cells and sides of a named face."""
        if name not in self.faces:
            known = ", ".join(sorted(self.faces))
            raise GeometryError(f"solid '{self.solid.name}' has no face '{name}'; it has: {known}")
        return self.faces[name]

    def facets(self, cells: Index, sides: Index) -> Index:
        """Nodes of facets (k, v): corners in cyclic order, then the nodes between them."""
        corners = SIDES[self.cell]
        table = corners
        if self.solid.degree == 2:
            middle = {frozenset(e): len(ORDER[self.cell]) + i for i, e in enumerate(EDGES[self.cell])}
            ends = np.stack([corners, np.roll(corners, -1, axis=1)], axis=2)
            table = np.hstack([corners, [[middle[frozenset(e)] for e in ring] for ring in ends.tolist()]])
        return np.asarray(self.cells[cells[:, None], table[sides]])

    def nodes(self, face: str) -> Index:
        """Nodes on a named face, sorted."""
        return np.unique(self.facets(*self.face(face)))

    def centres(self, cells: Index, sides: Index) -> Array:
        """Mean corner (k, 3) [mm] of facets."""
        corners = self.facets(cells, sides)[:, : SIDES[self.cell].shape[1]]
        return np.asarray(self.points[corners].mean(axis=1))

    def traction(self, face: str, traction: Traction) -> tuple[Index, Array, float]:
        """Nodes, consistent nodal forces (n, 3) [N] and area [mm2] of a traction [MPa] on a face."""
        facets = self.facets(*self.face(face))
        values, slopes, weights = _rule(facets.shape[1])
        p = self.points[facets]
        at = np.einsum("qv,fvd->fqd", values, p)
        tangent = np.einsum("qvk,fvd->fqkd", slopes, p)
        da = np.linalg.norm(np.cross(tangent[:, :, 0], tangent[:, :, 1]), axis=2) * weights
        if callable(traction):
            t = np.moveaxis(np.asarray(traction(at[..., 0], at[..., 1], at[..., 2]), dtype=float), 0, -1)
        else:
            t = np.asarray(traction, dtype=float)
        parts = np.einsum("fq,fqd,qv->fvd", da, np.broadcast_to(t, at.shape), values)
        total = np.zeros((len(self.points), 3))
        np.add.at(total, facets, parts)
        nodes = np.unique(facets)
        return nodes, total[nodes], float(da.sum())


def _blocks(solid: Solid, mesh: MeshData) -> tuple[tuple[str, Elastic | Rubber, Index], ...]:
    if isinstance(solid.shape, LayerStack):
        return tuple((layer.name, layer.material, mesh.regions[layer.name]) for layer in solid.shape.layers)
    if solid.material is None:
        raise GeometryError(f"solid '{solid.name}' has no material")
    if isinstance(solid.material, Rubber) and (mesh.cell, solid.degree) != ("hexahedron", 2):
        raise GeometryError(f"rubber '{solid.name}' needs hexahedra of degree 2")
    return (("body", solid.material, np.arange(len(mesh.cells))),)


def _sides(cells: Index, cell: str, facets: Index) -> tuple[Index, Index]:
    """Cell and side of facets given by their vertices in any order."""
    table = np.sort(cells[:, SIDES[cell]].reshape(-1, SIDES[cell].shape[1]), axis=1)
    both, number = np.unique(np.concatenate([table, np.sort(facets, axis=1)]), axis=0, return_inverse=True)
    number = number.ravel()
    place = np.full(len(both), -1, dtype=np.int64)
    place[number[: len(table)]] = np.arange(len(table))
    at = place[number[len(table) :]]
    if (at < 0).any():
        raise GeometryError(f"{int((at < 0).sum())} named facets are no facets of an element")
    return at // len(SIDES[cell]), at % len(SIDES[cell])


def _with_middles(points: Array, cells: Index, cell: str) -> tuple[Array, Index]:
    """Points and cells with one shared node in the middle of every edge."""
    ends = np.sort(cells[:, np.array(EDGES[cell])], axis=2)
    edges, number = np.unique(ends.reshape(-1, 2), axis=0, return_inverse=True)
    middles = len(points) + number.reshape(len(cells), -1)
    return np.concatenate([points, points[edges].mean(axis=1)]), np.hstack([cells, middles])


def _rule(nodes: int) -> tuple[Array, Array, Array]:
    """Shape functions (q, v), derivatives (q, v, 2) and weights (q,) of a facet of 3, 4, 6 or 8 nodes."""
    x, w = np.polynomial.legendre.leggauss(4)
    a, b = (v.ravel() for v in np.meshgrid(x, x, indexing="ij"))
    weights = np.asarray(np.outer(w, w).ravel(), dtype=np.float64)
    if nodes in (3, 6):
        s, t = (1 + a) / 2, (1 - a) * (1 + b) / 4
        return *_triangle(s, t, nodes), np.asarray(weights * (1 - a) / 8)
    return *_quadrilateral(a, b, nodes), weights


def _triangle(s: Array, t: Array, nodes: int) -> tuple[Array, Array]:
    own = np.stack([1 - s - t, s, t], axis=1)
    d = np.broadcast_to(np.array([[-1.0, -1.0], [1.0, 0.0], [0.0, 1.0]]), (len(s), 3, 2))
    if nodes == 3:
        return own, d.copy()
    nxt = np.roll(own, -1, axis=1)
    values = np.hstack([own * (2 * own - 1), 4 * own * nxt])
    slopes = 4 * (d * nxt[..., None] + own[..., None] * np.roll(d, -1, axis=1))
    return values, np.concatenate([d * (4 * own - 1)[..., None], slopes], axis=1)


def _quadrilateral(a: Array, b: Array, nodes: int) -> tuple[Array, Array]:
    u, v = np.array([-1.0, 1.0, 1.0, -1.0]), np.array([-1.0, -1.0, 1.0, 1.0])
    p, q = 1 + np.outer(a, u), 1 + np.outer(b, v)
    if nodes == 4:
        return p * q / 4, np.stack([u * q, v * p], axis=2) / 4
    e = np.outer(a, u) + np.outer(b, v) - 1
    x, y, one = a[:, None], b[:, None], np.ones_like(a)[:, None]
    middle = (
        np.hstack([(1 - x**2) * (1 - y), (1 + x) * (1 - y**2), (1 - x**2) * (1 + y), (1 - x) * (1 - y**2)])
        / 2
    )
    dx = np.hstack([-2 * x * (1 - y), (1 - y**2), -2 * x * (1 + y), -(1 - y**2)]) / 2
    dy = np.hstack([-(1 - x**2), -2 * y * (1 + x), (1 - x**2) * one, -2 * y * (1 - x)]) / 2
    corner = np.stack([u * q * (e + p), v * p * (e + q)], axis=2) / 4
    return np.hstack([p * q * e / 4, middle]), np.concatenate([corner, np.stack([dx, dy], axis=2)], axis=1)
