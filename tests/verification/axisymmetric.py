"""A column of elastic discs in a die with wall friction, by axisymmetric finite elements of degree 2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import ufl
from dolfinx import fem, mesh
from dolfinx.fem.petsc import LinearProblem
from mpi4py import MPI
from numpy.typing import NDArray

from holdersim import _dolfinx as dx_
from holdersim.assembly import Layer

Array = NDArray[np.float64]


def pressed_column(
    layers: tuple[Layer, ...], diameter: float, friction: float, wall: float, cells: int = 16
) -> tuple[float, ...]:
    """Axial force over that of the upper plunger: at this plunger, each boundary of layers, the lower plunger.

    The upper plunger moves, smooth rigid plungers; the wall widens by `wall` [1/MPa] per its radius and pressure, and
    the discs slide down on it everywhere: traction mu p_wall upwards.
    """
    radius, edges = diameter / 2, np.concatenate([[0.0], np.cumsum([la.thickness for la in layers])])
    domain = _mesh(radius, edges, cells)
    space = fem.functionspace(domain, ("Lagrange", 2, (2,)))
    lame, mu = _materials(domain, layers, edges)
    r = ufl.SpatialCoordinate(domain)[0]
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    dx = ufl.Measure("dx", domain, metadata={"quadrature_degree": 5})
    side = mesh.locate_entities_boundary(domain, 1, lambda x: np.isclose(x[0], radius))
    tags = mesh.meshtags(domain, 1, np.sort(side), np.ones(len(side), dtype=np.int32))
    ds = ufl.Measure("ds", domain, subdomain_data=tags)(1)
    push = u[0] / fem.Constant(domain, wall * radius)
    stress = lame * ufl.tr(_strain(u, r)) * ufl.Identity(3) + 2 * mu * _strain(u, r)
    here = fem.Function(fem.functionspace(domain, ("DG", 0)))
    here.x.array[:] = 1.0
    form = here * ufl.inner(stress, _strain(v, r)) * r * dx
    form += here * push * (v[0] - fem.Constant(domain, friction) * v[1]) * r * ds
    held = [
        _held(domain, space, lambda x: np.isclose(x[1], 0.0), 1, 0.0),
        _held(domain, space, lambda x: np.isclose(x[1], edges[-1]), 1, -1e-3 * edges[-1]),
        _held(domain, space, lambda x: np.isclose(x[0], 0.0), 0, 0.0),
    ]
    load = fem.Constant(domain, 0.0) * v[0] * dx
    options: dict[str, Any] = {"petsc_options": {"ksp_type": "preonly", "pc_type": "lu"}}
    if dx_.VERSION >= (0, 10):  # it wants a name for the options
        options["petsc_options_prefix"] = "discs_"
    solution = LinearProblem(form, load, bcs=held, **options).solve()
    height, middle = (f.tabulate_dof_coordinates()[:, 1] for f in (space, here.function_space))
    forces = []
    for level in edges[::-1]:  # what the cells above (or at the top, below) bring to the nodes of a level
        upper = level < edges[-1]
        here.x.array[:] = middle > level if upper else 1.0
        nodal = fem.assemble_matrix(fem.form(form)).to_scipy() @ solution.x.array
        forces.append(float(nodal[1::2][np.isclose(height, level)].sum()) * (1 if upper else -1))
    return tuple(f / forces[0] for f in forces)


def _mesh(radius: float, edges: Array, cells: int) -> Any:
    count = len(edges) - 1
    domain = mesh.create_rectangle(
        MPI.COMM_WORLD,
        [[0.0, 0.0], [radius, float(count)]],
        [cells, cells * count],
        mesh.CellType.quadrilateral,
    )
    domain.geometry.x[:, 1] = np.interp(domain.geometry.x[:, 1], np.arange(count + 1), edges)
    return domain


def _materials(domain: Any, layers: tuple[Layer, ...], edges: Array) -> tuple[Any, Any]:
    constants = fem.functionspace(domain, ("DG", 0))
    which = np.searchsorted(edges, constants.tabulate_dof_coordinates()[:, 1]) - 1
    out = fem.Function(constants), fem.Function(constants)
    for function, name in zip(out, ("lame", "mu"), strict=True):
        function.x.array[:] = np.array([getattr(la.material, name) for la in layers])[which]
    return out


def _strain(w: Any, r: Any) -> Any:
    shear = (w[0].dx(1) + w[1].dx(0)) / 2
    return ufl.as_tensor([[w[0].dx(0), 0, shear], [0, w[0] / r, 0], [shear, 0, w[1].dx(1)]])


def _held(domain: Any, space: Any, where: Callable[[Array], Any], component: int, value: float) -> Any:
    facets = mesh.locate_entities_boundary(domain, 1, where)
    dofs = fem.locate_dofs_topological(space.sub(component), 1, facets)
    return fem.dirichletbc(fem.Constant(domain, value), dofs, space.sub(component))
