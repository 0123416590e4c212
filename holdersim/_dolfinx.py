"""The only file that knows how dolfinx 0.9, 0.10 and 0.11 differ."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _jit
from .errors import EnvironmentProblem

try:
    import basix as basix
    import basix.ufl
    import dolfinx
    import dolfinx.fem as fem
    import ufl
    from mpi4py import MPI
except ImportError as missing:  # pragma: no cover - depends on the machine
    raise EnvironmentProblem(
        f"FEniCSx is not importable ({missing}). Run the command through `env/run`, which makes the environment."
    ) from missing

DOLFINX: str = dolfinx.__version__  # type: ignore[attr-defined]
VERSION = tuple(int(p) for p in DOLFINX.split(".")[:2])
if VERSION < (0, 9):  # pragma: no cover
    raise EnvironmentProblem(f"dolfinx {DOLFINX} is too old; 0.9 or later is needed. Run through `env/run`.")


def create_mesh(cells: NDArray[np.int64], points: NDArray[np.float64], cell: str) -> Any:
    """A serial dolfinx mesh of straight-sided cells (geometry of degree 1), every rank for itself."""
    domain = ufl.Mesh(basix.ufl.element("Lagrange", cell, 1, shape=(3,)))
    return dolfinx.mesh.create_mesh(comm=MPI.COMM_SELF, cells=cells, x=points, e=domain)


def lagrange(mesh: Any, degree: int) -> Any:
    """Vector Lagrange space (3 components) of the given degree."""
    return fem.functionspace(mesh, ("Lagrange", degree, (3,)))


def scalar_element(mesh: Any, degree: int) -> Any:
    """The basix element of one component, to tabulate shape functions."""
    return basix.create_element(
        basix.ElementFamily.P, cell_type(mesh), degree, basix.LagrangeVariant.gll_warped
    )


def cell_type(mesh: Any) -> Any:
    """basix cell type of the mesh."""
    return basix.CellType[mesh.topology.cell_name()]


def reference_corners(mesh: Any) -> NDArray[np.float64]:
    """Corners (v, 3) of the reference cell, in tensor order."""
    return np.asarray(basix.geometry(cell_type(mesh)), dtype=np.float64)


def facet_vertices(mesh: Any) -> list[list[int]]:
    """Corners of each facet of the reference cell."""
    return [list(f) for f in basix.topology(cell_type(mesh))[2]]


def tabulate(element: Any, order: int, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shape functions and their derivatives up to `order`, (derivatives, points, functions)."""
    return np.asarray(element.tabulate(order, points), dtype=np.float64)[:, :, :, 0]


def geometry_dofs(mesh: Any, dim: int, entities: NDArray[np.int32]) -> NDArray[np.int32]:
    """Geometry nodes of mesh entities, shape (entities, vertices)."""
    mesh.topology.create_connectivity(dim, 3)
    mesh.topology.create_connectivity(3, dim)
    return np.asarray(dolfinx.mesh.entities_to_geometry(mesh, dim, entities))


def corner_dofs(mesh: Any) -> NDArray[np.int64]:
    """Geometry nodes of every cell, (cells, corners); 0.11 calls the map of the only cell type dofmaps[0]."""
    geometry = mesh.geometry
    return np.asarray(
        geometry.dofmaps[0] if hasattr(geometry, "dofmaps") else geometry.dofmap, dtype=np.int64
    )


def compile_form(form: Any) -> Any:
    """Compiled form; what a killed compilation has left does not stand in its way."""
    return _jit.compiled(lambda: fem.form(form, jit_options=_jit.options()))


def matrix(form: Any) -> Any:
    """Stiffness as a scipy block matrix (3 x 3 blocks), no boundary conditions."""
    return fem.assemble_matrix(compile_form(form)).to_scipy()


def vector(form: Any) -> NDArray[np.float64]:
    """Assembled linear form."""
    return np.array(fem.assemble_vector(compile_form(form)).array)
