"""Mesh of a box on given grid lines."""

from __future__ import annotations

import numpy as np

from ..assembly import Block
from ..errors import GeometryError
from .mesh import Index, MeshData, cut


def mesh_block(shape: Block, symmetry: tuple[str, ...] = ()) -> MeshData:
    """Hexahedra between the grid lines; faces xmin xmax ymin ymax bottom top, and the symmetry planes."""
    lines = [np.asarray(v, dtype=np.float64) for v in (shape.x, shape.y, shape.z)]
    for axis, line in zip("xyz", lines, strict=True):
        if len(line) < 2 or (np.diff(line) <= 0).any():
            raise GeometryError(
                f"grid lines of a block must grow and be two at least: {axis} = {line.tolist()}"
            )
    nx, ny, nz = (len(v) for v in lines)
    z, y, x = np.meshgrid(lines[2], lines[1], lines[0], indexing="ij")
    number = np.arange(nx * ny * nz, dtype=np.int64).reshape(nz, ny, nx)
    ends = {
        "xmin": number[:, :, 0],
        "xmax": number[:, :, -1],
        "ymin": number[:, 0],
        "ymax": number[:, -1],
        "bottom": number[0],
        "top": number[-1],
    }
    corners = [
        number[k : nz - 1 + k, j : ny - 1 + j, i : nx - 1 + i] for k in (0, 1) for j in (0, 1) for i in (0, 1)
    ]
    cells = np.stack([c.ravel() for c in corners], axis=1)
    points = np.column_stack([x.ravel(), y.ravel(), z.ravel()])
    faces = {name: _quads(face) for name, face in ends.items()}
    return cut(MeshData(points, cells, "hexahedron", {"body": np.arange(len(cells))}, faces), symmetry)


def _quads(number: Index) -> Index:
    return np.stack([number[j : number.shape[0] - 1 + j, i : number.shape[1] - 1 + i].ravel()
                     for j in (0, 1) for i in (0, 1)], axis=1)  # fmt: skip
