"""Meshes as plain data, and the mesh of a shape of an assembly.

Vertices of a cell in tensor order (basix, dolfinx): a hexahedron counts x fastest, then y, then z.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..assembly import Block, LayerStack, MeshFile, Plate, Shape, StepPart, Vessel
from ..errors import GeometryError

Array = NDArray[np.float64]
Index = NDArray[np.int64]

FACETS = {
    "hexahedron": np.array(
        [[0, 1, 2, 3], [0, 1, 4, 5], [0, 2, 4, 6], [1, 3, 5, 7], [2, 3, 6, 7], [4, 5, 6, 7]], dtype=np.int64
    ),
    "tetrahedron": np.array([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]], dtype=np.int64),
}
"""Local facets of a cell in dolfinx order; corners of a quadrilateral in tensor order."""

AREA_TOLERANCE = 0.02
"""Circles are polygons; one cut in uneven arcs differs a little from its drawing."""


@dataclass(frozen=True)
class MeshData:
    """Mesh of one solid [mm].

    points (n, 3); cells (m, 8 | 4); cell "hexahedron" or "tetrahedron"; regions: name -> cells;
    faces: name -> facets as vertices (k, 4 | 3); drawn: name -> area [mm2] that the face has on the drawing.
    """

    points: Array
    cells: Index
    cell: str
    regions: dict[str, Index]
    faces: dict[str, Index]
    drawn: dict[str, float] = field(default_factory=dict)

    @property
    def volume(self) -> float:
        """Volume [mm3], by 2-point Gauss per direction for hexahedra."""
        if self.cell == "tetrahedron":
            return float(_corner_jacobians(self.points[self.cells], self.cell)[:, 0].sum() / 6)
        g = np.array([-1.0, 1.0]) / np.sqrt(12) + 0.5
        return float(
            sum(_jacobians(self.points[self.cells], x, y, z).sum() for x in g for y in g for z in g) / 8
        )

    def area(self, face: str) -> float:
        """Area [mm2] of a named face."""
        return float(facet_areas(self.points, self.facets(face)).sum())

    def facets(self, face: str) -> Index:
        """Facets of a named face as vertices (k, 4 | 3)."""
        if face not in self.faces:
            raise GeometryError(f"no face '{face}' here: there are {', '.join(sorted(self.faces))}")
        return self.faces[face]

    def check(self) -> MeshData:
        """The mesh itself, if every cell has positive Jacobians and every face is there in its drawn area."""
        worst = _corner_jacobians(self.points[self.cells], self.cell).min(axis=1)
        if len(worst) == 0 or worst.min() <= 0:
            bad = np.flatnonzero(worst <= 0)
            at = self.points[self.cells[bad[0]]].mean(axis=0) if len(bad) else "nowhere"
            raise GeometryError(
                f"{len(bad)} of {len(worst)} elements are turned inside out, the first at {at} mm"
            )
        for name, facets in self.faces.items():
            if len(facets) == 0:
                raise GeometryError(f"face '{name}' is empty: is it cut away, or smaller than an element?")
        for name, wanted in self.drawn.items():
            got = self.area(name)
            if abs(got - wanted) > AREA_TOLERANCE * wanted:
                raise GeometryError(
                    f"face '{name}' has {got:.4g} mm2, the drawing {wanted:.4g}: refine the mesh"
                )
        return self


def mesh_shape(shape: Shape, symmetry: tuple[str, ...] = ()) -> MeshData:
    """Checked mesh of a shape, cut at the symmetry planes ("x0" keeps x >= 0, "y0" keeps y >= 0)."""
    unknown = set(symmetry) - {"x0", "y0"}
    if unknown:
        raise GeometryError(f"symmetry planes are x0 and y0, not {', '.join(sorted(unknown))}")
    match shape:
        case Block():
            from .block import mesh_block as build
        case LayerStack():
            from .layers import mesh_layers as build  # type: ignore[assignment]
        case Plate():
            from .plate import mesh_plate as build  # type: ignore[assignment]
        case Vessel():
            from .vessel import mesh_vessel as build  # type: ignore[assignment]
        case MeshFile():
            from .meshfile import mesh_file as build  # type: ignore[assignment]
        case StepPart():
            from .step import mesh_step as build  # type: ignore[assignment]
    return build(shape, symmetry).check()  # type: ignore[arg-type]


def cut(mesh: MeshData, symmetry: tuple[str, ...]) -> MeshData:
    """Mesh without what lies beyond the symmetry planes; facets on a plane make up its face and no other."""
    for plane in symmetry:
        axis, tiny = "xy".index(plane[0]), 1e-9 * float(np.ptp(mesh.points, axis=0).max())
        s = mesh.points[:, axis]
        corners = s[mesh.cells]
        keep = np.asarray((corners > -tiny).all(axis=1))
        if not np.all(keep | (corners < tiny).all(axis=1)):
            raise GeometryError(f"elements straddle the symmetry plane {plane[0]} = 0: put a grid line there")
        number = np.cumsum(keep) - 1
        regions = {n: number[c[keep[c]]] for n, c in mesh.regions.items()}
        cells = mesh.cells[keep]
        outer = boundary(cells, mesh.cell)
        on = np.all(np.abs(s[outer]) <= tiny, axis=1)
        faces = {
            n: f[(s[f] > -tiny).all(axis=1) & ~(np.abs(s[f]) <= tiny).all(axis=1)]
            for n, f in mesh.faces.items()
        }
        faces = {n: f for n, f in faces.items() if len(f)} | {plane: outer[on]}
        mesh = MeshData(mesh.points, cells, mesh.cell, regions, faces, mesh.drawn)
    return compact(mesh) if symmetry else mesh


def compact(mesh: MeshData) -> MeshData:
    """The same mesh without unused points."""
    used, cells = np.unique(mesh.cells, return_inverse=True)
    number = np.full(len(mesh.points), -1, dtype=np.int64)
    number[used] = np.arange(len(used))
    faces = {n: number[f] for n, f in mesh.faces.items()}
    return MeshData(
        mesh.points[used], cells.reshape(mesh.cells.shape), mesh.cell, mesh.regions, faces, mesh.drawn
    )


def boundary(cells: Index, cell: str) -> Index:
    """Facets that belong to one cell only, as vertices (k, 4 | 3)."""
    facets = cells[:, FACETS[cell]].reshape(-1, FACETS[cell].shape[1])
    if not len(facets):
        return facets
    # two numbers for each facet sort ten times faster than rows; all vertices, as facets on both sides of a
    # void at the corner of a footprint share three
    low, n = np.sort(facets, axis=1), int(facets.max()) + 1
    keys = low[:, 0] * n + low[:, 1], low[:, 2] * n + low[:, -1]
    order = np.lexsort(keys[::-1])
    new = np.any([np.diff(k[order], prepend=-1) != 0 for k in keys], axis=0)
    start = np.flatnonzero(new)
    first, count = order[start], np.diff(start, append=len(order))
    if (count > 2).any():
        raise GeometryError(f"{int((count > 2).sum())} facets are shared by more than two elements")
    return np.asarray(facets[np.sort(first[count == 1])])


def facet_areas(points: Array, facets: Index) -> Array:
    """Areas [mm2] of facets (quadrilaterals in tensor order, or triangles)."""
    p = points[facets]
    if facets.shape[1] == 3:
        return np.asarray(np.linalg.norm(np.cross(p[:, 1] - p[:, 0], p[:, 2] - p[:, 0]), axis=1) / 2)
    return np.asarray(np.linalg.norm(np.cross(p[:, 3] - p[:, 0], p[:, 2] - p[:, 1]), axis=1) / 2)


def _jacobians(corners: Array, x: float, y: float, z: float) -> Array:
    """Determinant of the trilinear map of hexahedra (m, 8, 3) at one reference point, (m,)."""
    one = [(np.array([1 - t, t]), np.array([-1.0, 1.0])) for t in (z, y, x)]
    slopes = [
        np.einsum("k,j,i->kji", *(w[axis == k] for k, w in enumerate(one))).ravel() for axis in (2, 1, 0)
    ]
    rows = np.matmul(np.stack(slopes), corners)
    return np.asarray(np.einsum("md,md->m", rows[:, 0], np.cross(rows[:, 1], rows[:, 2])))


def _corner_jacobians(corners: Array, cell: str) -> Array:
    """Jacobian determinants at the vertices (hexahedra, (m, 8)) or anywhere (tetrahedra, (m, 1))."""
    if cell == "tetrahedron":
        return np.asarray(np.linalg.det(corners[:, 1:] - corners[:, :1])[:, None])
    out = np.empty((len(corners), 8))
    for v in range(8):
        x, y, z = (corners[:, v | bit] - corners[:, v & ~bit] for bit in (1, 2, 4))
        out[:, v] = np.einsum("md,md->m", x, np.cross(y, z))
    return out
