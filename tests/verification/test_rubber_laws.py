"""Rubber bodies at large strain: closed forms, patch test, rotations, and the tangent against two other derivations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray
from setups import lines, relative

from holdersim import _dolfinx as dx
from holdersim.assembly import Block, Solid
from holdersim.errors import GeometryError, NotConvergedError
from holdersim.geometry.mesh import MeshData, mesh_shape
from holdersim.materials.hyperelastic import Law, MooneyRivlin, NeoHookean, Ogden, Yeoh, nominal_stress
from holdersim.materials.rubber import Rubber
from holdersim.softbody import SoftBody, SoftState, pressed

Array = NDArray[np.float64]
TRELOAR = Ogden((0.63, 0.0012, -0.01), (1.3, 5.0, -2.0))
LAWS: list[Law] = [NeoHookean(0.3), MooneyRivlin(0.736, 0.184), Yeoh(0.92, -0.09, 0.02), TRELOAR]
PRONY = ((0.2, 10.0), (0.1, 100.0))
CUBE = Block(lines(0, 1, 2), lines(0, 1, 2), lines(0, 1, 2))


def named(law: Law) -> str:
    """Name of a law, for the list of tests."""
    return type(law).__name__


def body_of(rubber: Rubber, mesh: MeshData | None = None, **held: str) -> SoftBody:
    """A cube of rubber, or a mesh of its own."""
    return SoftBody(Solid("pad", CUBE, rubber, fixed=held), mesh or mesh_shape(CUBE))


def distorted(shift: float = 0.08) -> MeshData:
    """The unit cube in 27 hexahedra with inner points moved at random."""
    mesh = mesh_shape(Block(lines(0, 1, 3), lines(0, 1, 3), lines(0, 1, 3)))
    inside = ((mesh.points > 0.01) & (mesh.points < 0.99)).all(axis=1)
    points = (
        mesh.points + np.random.default_rng(3).uniform(-shift, shift, mesh.points.shape) * inside[:, None]
    )
    return replace(mesh, points=points).check()


def boundary(body: SoftBody) -> NDArray[np.int64]:
    """Dofs on the faces of the unit cube."""
    x = body.coordinates
    nodes = np.flatnonzero(((x < 1e-9) | (x > 1 - 1e-9)).any(axis=1))
    return np.asarray((3 * nodes[:, None] + np.arange(3)).ravel())


def disturbed(body: SoftBody, size: float = 0.02) -> SoftState:
    """A state with a history: random displacements, two steps, pressures not yet in balance."""
    rng = np.random.default_rng(0)
    s = body.start()
    for dt in (0.0, 3.0):
        s = body.accepted(replace(s, u=size * rng.standard_normal(body.dofs)), dt)
    return replace(s, u=size * rng.standard_normal(body.dofs), p=0.1 * rng.standard_normal(s.p.shape))


@pytest.mark.parametrize(("law", "stretch", "wanted"), [
    (NeoHookean(0.3), 0.8, -0.457500), (MooneyRivlin(0.736, 0.184), 0.9, -0.629285),
    (MooneyRivlin(0.736, 0.184), 0.8, -1.473150), (TRELOAR, 2.0, 0.602722), (TRELOAR, 5.0, 1.736666),
    (TRELOAR, 7.0, 3.995222),
])  # fmt: skip
def test_uniaxial_points(law: Law, stretch: float, wanted: float) -> None:
    """V28: nominal stress of incompressible rubber (Ogden 1972 for Treloar's), all digits; a cube feels the same."""
    assert nominal_stress(law, stretch) == pytest.approx(wanted, abs=1e-6)
    cube = body_of(Rubber("r", law, 1e7), xmin="x", ymin="y", bottom="z")
    top = 3 * np.flatnonzero(np.isclose(cube.coordinates[:, 2], 1)) + 2
    state, force = pressed(cube, top, np.full(len(top), stretch - 1), steps=8)
    assert force[top].sum() == pytest.approx(wanted, rel=1e-5)
    sigma = cube.stress(state)
    assert sigma[:, 2] == pytest.approx(wanted * stretch, rel=1e-5)
    assert float(np.abs(np.delete(sigma, 2, axis=1)).max()) < 1e-8


def test_neo_hooke_confined() -> None:
    """Confined to J = 0.98: P = 4/3 C10 (J^(1/3) - J^(-5/3)) + K (J - 1), G = 0.6, K = 2000 (derived here)."""
    walls = {"xmin": "x", "xmax": "x", "ymin": "y", "ymax": "y", "bottom": "z"}
    cube = body_of(Rubber("r", NeoHookean(0.3), 2000.0), **walls)
    top = 3 * np.flatnonzero(np.isclose(cube.coordinates[:, 2], 1)) + 2
    _, force = pressed(cube, top, np.full(len(top), -0.02))
    wanted = 4 / 3 * 0.3 * (0.98 ** (1 / 3) - 0.98 ** (-5 / 3)) - 2000 * 0.02
    assert force[top].sum() == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("law", LAWS, ids=named)
def test_large_strain_patch(law: Law) -> None:
    """Boundary moved by stretch and shear: the same stress in every element of a distorted mesh, to 1e-10."""
    body = body_of(Rubber("r", law, 500.0), distorted())
    H = np.array([[-0.2, 0.3, 0.0], [0.0, 0.15, 0.1], [0.05, 0.0, 0.1]])
    on = boundary(body)
    state, _ = pressed(body, on, (body.coordinates @ H.T).ravel()[on], steps=2)
    assert relative(state.u.reshape(-1, 3), body.coordinates @ H.T) < 1e-10
    F, J = np.eye(3) + H, float(np.linalg.det(np.eye(3) + H))
    sigma = law.stress(F[None])[0] @ F.T / J + 500.0 * (J - 1) * np.eye(3)
    wanted = sigma[[0, 1, 2, 0, 1, 0], [0, 1, 2, 1, 2, 2]]
    got = body.stress(state)
    assert relative(got, np.broadcast_to(wanted, got.shape)) < 1e-10


@pytest.mark.parametrize("law", LAWS, ids=named)
def test_rotations(law: Law) -> None:
    """A rotated body feels nothing; a deformed one, history included, has its forces rotated."""
    body = body_of(Rubber("r", law, 1000.0, PRONY))
    axis = np.array([[0.0, -0.3, 0.5], [0.3, 0.0, -0.8], [-0.5, 0.8, 0.0]])
    Q = np.linalg.solve(np.eye(3) - axis, np.eye(3) + axis)
    x = body.coordinates
    turned = replace(body.start(), u=(x @ Q.T - x + 3.0).ravel())
    force, _ = body.system(turned)
    assert float(np.abs(force).max()) < 1e-10 and float(np.abs(body.stress(turned)).max()) < 1e-11
    s = disturbed(body)
    force, _ = body.system(s, 5.0)
    after, _ = body.system(replace(s, u=((x + s.u.reshape(-1, 3)) @ Q.T - x).ravel()), 5.0)
    assert relative(after.reshape(-1, 3), force.reshape(-1, 3) @ Q.T) < 1e-10


@pytest.mark.parametrize("law", LAWS, ids=named)
def test_tangent_of_a_body(law: Law) -> None:
    """The assembled tangent, pressures condensed and history included, by central differences, relative 1e-6."""
    body = body_of(Rubber("r", law, 200.0, PRONY), distorted())
    s, d = disturbed(body), np.random.default_rng(5).standard_normal(body.dofs)

    def balanced(u: Array) -> SoftState:
        return body.moved(replace(s, u=u), np.zeros(body.dofs))

    force, tangent = body.system(balanced(s.u), 5.0)
    assert relative(body.system(s, 5.0)[0], force) < 1e-12, (
        "forces do not depend on the pressures of the state"
    )
    assert relative(body.accepted(s, 5.0).p, balanced(s.u).p) < 1e-12
    h = 1e-6
    plus, minus = (body.system(balanced(s.u + t * d), 5.0)[0] for t in (h, -h))
    assert relative((plus - minus) / (2 * h), tangent @ d) < 1e-6
    assert float(abs(tangent - tangent.T).max()) < 1e-12 * float(abs(tangent).max())
    # forces are the slope of the energy where nothing has relaxed
    elastic = body_of(Rubber("r", law, 200.0), distorted())
    at = [elastic.moved(replace(elastic.start(), u=s.u + t * d), np.zeros(body.dofs)) for t in (h, 0.0, -h)]
    slope = (elastic.energy(at[0]) - elastic.energy(at[2])) / (2 * h)
    assert slope == pytest.approx(float(elastic.system(at[1])[0] @ d), rel=1e-6)


def test_automatic_differentiation_agrees() -> None:
    """Forces and tangent of UFL's derivatives of the mixed energy, pressures condensed, on a sheared mesh: 1e-10."""
    import ufl
    from dolfinx import fem

    mesh = mesh_shape(Block((0, 1, 2), (0, 1), (0, 0.7)))
    mesh = replace(mesh, points=mesh.points @ np.array([[1.0, 0.1, 0.0], [0.2, 1.0, 0.1], [0.0, 0.3, 1.0]]))
    body = body_of(Rubber("r", NeoHookean(0.3), 50.0), mesh)
    low, slope = 0.3, np.array([0.1, -0.2, 0.05])
    places = body._points_of_cells
    sizes = np.ptp(places.place, axis=1)
    p = np.column_stack([low + places.place[:, 13] @ slope, slope * sizes])
    s = replace(body.start(), u=0.02 * np.random.default_rng(2).standard_normal(body.dofs), p=p)

    space = fem.functionspace(body.domain, ("DPC", 1))
    u, q = fem.Function(body.space), fem.Function(space)
    u.x.array[:] = s.u
    q.interpolate(lambda x: low + slope @ x)
    F = ufl.Identity(3) + ufl.grad(u)
    J = ufl.det(F)
    W = 0.3 * (J ** (-2 / 3) * ufl.inner(F, F) - 3) + q * (J - 1) - q**2 / 100.0
    measure = ufl.Measure("dx", body.domain, metadata={"quadrature_degree": 5})
    v, w = ufl.TestFunction(body.space), ufl.TestFunction(space)
    fu, fq = ufl.derivative(W * measure, u, v), ufl.derivative(W * measure, q, w)
    force, error = dx.vector(fu), dx.vector(fq)
    kuu, kqq = dense(ufl.derivative(fu, u)), dense(ufl.derivative(fq, q))
    along = fem.Function(body.space)  # the block between the two spaces column by column
    column, kqu = dx.compile_form(ufl.derivative(fq, u, along)), np.empty((len(error), body.dofs))
    for i in range(body.dofs):
        along.x.array[:] = np.arange(body.dofs) == i
        kqu[:, i] = fem.assemble_vector(column).array
    wanted_force = force - kqu.T @ np.linalg.solve(kqq, error)
    wanted = kuu - kqu.T @ np.linalg.solve(kqq, kqu)
    got_force, got = body.system(s)
    assert relative(got_force, wanted_force) < 1e-10
    assert relative(got.toarray(), wanted) < 1e-10


def dense(form: Any) -> Array:
    """A bilinear form as a full matrix."""
    return np.asarray(sp.csr_matrix(dx.matrix(form)).toarray())


@pytest.mark.parametrize("law", LAWS, ids=named)
def test_held_cube_relaxes(law: Law) -> None:
    """Force of a cube held at 20 % compression: the series g(t), whatever the steps, up to G/K."""
    rubber = Rubber("r", law, 1e6, PRONY)
    cube = body_of(rubber, xmin="x", ymin="y", bottom="z")
    top = 3 * np.flatnonzero(np.isclose(cube.coordinates[:, 2], 1)) + 2
    values = np.full(len(top), -0.2)
    _, first = pressed(cube, top, values, steps=2)
    for times in ([30.0], [1.0, 7.0, 30.0]):
        _, last = pressed(cube, top, values, 2, np.array(times))
        assert last[top].sum() / first[top].sum() == pytest.approx(
            float(rubber.relaxation.remaining(30.0)), rel=1e-5
        )


def test_newton_s_method_is_quadratic() -> None:
    """The pressures that `moved` brings keep the residual falling quadratically: a bonded cube, 10 % at once."""
    body = body_of(Rubber("r", MooneyRivlin(0.736, 0.184), 2250.0))
    x = body.coordinates
    ends = np.flatnonzero(np.isclose(x[:, 2], 0) | np.isclose(x[:, 2], 1))
    held = (3 * ends[:, None] + np.arange(3)).ravel()
    values = np.zeros(x.shape)
    values[:, 2] = -0.1 * x[:, 2]
    free = np.setdiff1d(np.arange(body.dofs), held)
    state, norms = body.start(), []
    for _ in range(5):
        force, tangent = body.system(state)
        du = np.zeros(body.dofs)
        du[held] = values.ravel()[held] - state.u[held]
        du[free] = np.linalg.solve(tangent[free][:, free].toarray(), -(force + tangent @ du)[free])
        norms.append(float(np.abs(du).max()))
        state = body.moved(state, du)
    assert norms[4] < 1e-10 * norms[0], norms
    assert np.log(norms[3] / norms[2]) < 1.7 * np.log(norms[2] / norms[1]), norms


def test_a_mirrored_body_is_the_same() -> None:
    """A pad meshed upside down (a top pad) takes the same force and is not inside out."""
    forces = []
    for flip in (False, True):
        solid = Solid("pad", CUBE, Rubber("r", NeoHookean(0.3), 1000.0), z=1.0 * flip, flip=flip)
        body = SoftBody(solid, mesh_shape(CUBE))
        x = body.coordinates
        ends = np.flatnonzero(np.isclose(x[:, 2], 0) | np.isclose(x[:, 2], 1))
        dofs = (3 * ends[:, None] + np.arange(3)).ravel()
        values = np.zeros(x.shape)
        values[:, 2] = -0.1 * x[:, 2]
        _, force = pressed(body, dofs, values.ravel()[dofs])
        forces.append(force[3 * np.flatnonzero(np.isclose(x[:, 2], 1)) + 2].sum())
    assert forces[0] == pytest.approx(forces[1], rel=1e-10) and forces[0] < -0.1


def test_refusals() -> None:
    """Inverted elements are named with their place; rubber is neither elastic nor a tetrahedron of degree 1."""
    body = body_of(Rubber("r", NeoHookean(0.3), 1000.0))
    u = np.zeros((len(body.coordinates), 3))
    u[:, 2] = -1.2 * body.coordinates[:, 2]
    with pytest.raises(NotConvergedError, match='rubber "pad" is turned inside out in 8 elements'):
        body.system(replace(body.start(), u=u.ravel()))
    with pytest.raises(GeometryError, match="no constant stiffness"):
        _ = body.stiffness
    with pytest.raises(GeometryError, match="hexahedra of degree 2"):
        SoftBody(Solid("pad", CUBE, Rubber("r", NeoHookean(0.3), 1000.0), degree=1), mesh_shape(CUBE))
    from setups import STEEL

    with pytest.raises(GeometryError, match="not of rubber"):
        SoftBody(Solid("pad", CUBE, STEEL), mesh_shape(CUBE))
