"""Mesh read from a file with meshio: one kind of volume element, surfaces and regions by their names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..assembly import MeshFile
from ..errors import EnvironmentProblem, GeometryError
from .mesh import Index, MeshData, compact, cut

VOLUME = {"hexahedron": [0, 1, 3, 2, 4, 5, 7, 6], "tetra": [0, 1, 2, 3]}
SURFACE = {"quad": [0, 1, 3, 2], "triangle": [0, 1, 2]}
PAIR = {"hexahedron": "quad", "tetra": "triangle"}
TURNED = {"hexahedron": [1, 0, 3, 2, 5, 4, 7, 6], "tetra": [1, 0, 2, 3]}


def mesh_file(shape: MeshFile, symmetry: tuple[str, ...] = ()) -> MeshData:
    """Linear hexahedra or tetrahedra [mm]; names from gmsh's physical groups or cell sets."""
    data = _read(Path(shape.path))
    kinds = {block.type for block in data.cells}
    solid = [kind for kind in VOLUME if kind in kinds]
    other = sorted(kinds - {*solid, *SURFACE, "line", "vertex"})
    if len(solid) != 1 or other:
        raise GeometryError(
            f"{shape.path}: needs linear hexahedra or linear tetrahedra; it has {', '.join(sorted(kinds))}"
        )
    kind = solid[0]
    points = np.zeros((len(data.points), 3))
    points[:, : data.points.shape[1]] = data.points * shape.scale
    regions, cells = _named(data, kind, VOLUME[kind])
    names, facets = _named(data, PAIR[kind], SURFACE[PAIR[kind]])
    surfaces = {name: facets[numbers] for name, numbers in names.items()}
    if not surfaces:
        raise GeometryError(
            f"{shape.path}: no named surface; name the faces that press or are held in the mesher"
        )
    first = points[cells]
    edges = first[:, [1, 2, 4] if kind == "hexahedron" else [1, 2, 3]] - first[:, :1]
    inverted = np.linalg.det(edges) < 0
    cells[inverted] = cells[inverted][:, TURNED[kind]]
    cell = "hexahedron" if kind == "hexahedron" else "tetrahedron"
    return cut(
        compact(MeshData(points, cells, cell, regions or {"body": np.arange(len(cells))}, surfaces)), symmetry
    )


def _read(path: Path) -> Any:
    try:
        import meshio
    except ImportError as missing:
        raise EnvironmentProblem(f"meshio cannot be loaded ({missing}). Run through `env/run`.") from missing
    if not path.is_file():
        raise GeometryError(f"there is no mesh file {path}")
    try:
        return meshio.read(path)
    except (meshio.ReadError, SystemExit, KeyError, ValueError) as error:
        raise GeometryError(f"{path}: meshio cannot read it ({error})") from error


def _named(data: Any, kind: str, order: list[int]) -> tuple[dict[str, Index], Index]:
    """Numbers of the cells of one kind by name, and the cells (m, v) in tensor order."""
    blocks = [i for i, block in enumerate(data.cells) if block.type == kind]
    if not blocks:
        return {}, np.zeros((0, len(order)), dtype=np.int64)
    cells = np.concatenate([data.cells[i].data for i in blocks]).astype(np.int64)[:, order]
    start = np.concatenate([[0], np.cumsum([len(data.cells[i].data) for i in blocks])])
    names: dict[str, Index] = {}
    dimension = 3 if kind in VOLUME else 2
    if "gmsh:physical" in data.cell_data:
        tags = np.concatenate([data.cell_data["gmsh:physical"][i] for i in blocks])
        for name, (tag, dim) in data.field_data.items():
            if dim == dimension:
                names[name] = np.flatnonzero(tags == tag)
    for name, parts in data.cell_sets.items():
        if not name.startswith("gmsh:") and name not in names:
            members = [start[k] + np.asarray(parts[i], dtype=np.int64) for k, i in enumerate(blocks)
                       if parts[i] is not None]  # fmt: skip
            names[name] = np.concatenate(members).astype(np.int64) if members else np.zeros(0, dtype=np.int64)
    return {name: numbers for name, numbers in names.items() if len(numbers)}, cells
