"""Bodies: stiffness against sums of Kronecker products, rigid motions, supports, faces, loads, stress."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from holdersim.assembly import Block, Hole, Layer, LayerStack, Plate, Rect, Seat, Solid
from holdersim.body import Body, von_mises
from holdersim.errors import GeometryError
from holdersim.geometry.mesh import mesh_shape
from holdersim.materials.elastic import Elastic

MATERIALS = tuple(Elastic(n, e, nu) for n, e, nu in (("a", 1e3, 0.2), ("b", 5e4, 0.33), ("c", 300.0, 0.45)))
CELL = Rect(0, 3, 0, 2)
UNEVEN = Block((0, 0.7, 1.5, 2.2), (0, 1, 1.4), (0, 0.5, 0.8))


def body(shape: Any, material: Elastic | None = MATERIALS[1], degree: int = 2, **more: Any) -> Body:
    """A body of one solid."""
    solid = Solid("it", shape, material, degree, **more)
    return Body(solid, mesh_shape(shape, solid.symmetry))


def line_matrix(nodes: np.ndarray, degree: int, test: int, trial: int, weight: np.ndarray) -> sp.csr_matrix:
    """Integral of weight * (d/dx)^test v (d/dx)^trial u over a line of Lagrange elements."""
    t, w = np.polynomial.legendre.leggauss(degree + 2)
    n, count = (len(nodes) - 1) // degree, len(nodes)
    rows, cols, values = [], [], []
    for e in range(n):
        at = np.arange(degree * e, degree * e + degree + 1)
        x = nodes[at]
        middle, half = (x[0] + x[-1]) / 2, (x[-1] - x[0]) / 2
        fits = [np.polynomial.Polynomial.fit(x, row, degree) for row in np.eye(degree + 1)]
        table = [
            np.array([f.deriv(k)(middle + half * t) if k else f(middle + half * t) for f in fits])
            for k in (0, 1)
        ]
        local = weight[e] * half * (table[test] * w) @ table[trial].T
        i, j = np.meshgrid(at, at, indexing="ij")
        rows, cols, values = [*rows, i.ravel()], [*cols, j.ravel()], [*values, local.ravel()]
    return sp.csr_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(cols))), shape=(count, count)
    )


def kronecker_stiffness(b: Body) -> sp.csr_matrix:
    """Stiffness of a box of level layers, 2 mu eps(u):eps(v) + lame div u div v, on the body's own numbering."""
    degree = b.solid.degree
    rounded = np.round(b.coordinates, 8)
    nodes = [b.coordinates[np.unique(rounded[:, d], return_index=True)[1], d] for d in range(3)]
    column = b.coordinates[b.cell_nodes].mean(axis=1)[:, 2]
    middles = (nodes[2][:-1:degree] + nodes[2][degree::degree]) / 2
    cell = [int(np.abs(column - z).argmin()) for z in middles]
    weights = {"lame": b.lame[cell], "mu": b.mu[cell]}

    def term(kind: str, i: int, j: int) -> sp.csr_matrix:
        """Integral of modulus * d_i v d_j u; z runs slowest."""
        parts = []
        for d in range(3):
            weight = weights[kind] if d == 2 else np.ones((len(nodes[d]) - 1) // degree)
            parts.append(line_matrix(nodes[d], degree, int(d == i), int(d == j), weight))
        return reduce(sp.kron, reversed(parts))

    laplace = sum(term("mu", d, d) for d in range(3))
    blocks = [[term("lame", i, j) + term("mu", j, i) + (laplace if i == j else 0 * laplace) for j in range(3)]
              for i in range(3)]  # fmt: skip
    place = [np.unique(rounded[:, d], return_inverse=True)[1] for d in range(3)]
    at = place[0] + len(nodes[0]) * (place[1] + len(nodes[1]) * place[2])
    n = len(b.coordinates)
    order = (at[:, None] + n * np.arange(3)[None, :]).ravel()
    return sp.csr_matrix(sp.bmat(blocks, format="csr")[order][:, order])


@pytest.mark.parametrize("degree", [1, 2])
def test_layered_box_is_a_sum_of_kronecker_products(degree: int) -> None:
    """Tensor-product elements: every entry of a layered box's stiffness from one-dimensional integrals."""
    layers = tuple(
        Layer(m.name, h, CELL, m, n) for m, h, n in zip(MATERIALS, (0.3, 0.05, 0.4), (2, 1, 3), strict=True)
    )
    stack = LayerStack(layers, Rect(0, 2, 0, 2), 0.5, 1.0)
    b = body(stack, None, degree)
    assert len(np.unique(b.lame)) == 3
    wanted = kronecker_stiffness(b)
    error = abs(b.stiffness - wanted).max() / abs(wanted).max()
    assert error < 1e-12, f"stiffness off by {error:.1e}"


@pytest.mark.parametrize("degree", [1, 2])
def test_uneven_block_is_a_sum_of_kronecker_products(degree: int) -> None:
    b = body(UNEVEN, degree=degree)
    wanted = kronecker_stiffness(b)
    error = abs(b.stiffness - wanted).max() / abs(wanted).max()
    assert error < 1e-12, f"stiffness off by {error:.1e}"


@pytest.mark.parametrize("more, free", [
    ({}, 6), ({"fixed": {"bottom": "z"}}, 3), ({"fixed": {"bottom": "xyz"}}, 0), ({"symmetry": ("x0", "y0")}, 1),
    ({"symmetry": ("x0",)}, 3), ({"fixed": {"xmax&top": "xz"}}, 2),
])  # fmt: skip
def test_rigid_motions_left(more: dict[str, Any], free: int) -> None:
    """What holds a body leaves so many motions; they cost no energy and move no held dof."""
    b = body(UNEVEN, **more)
    r = b.rigid_modes
    assert r.shape[1] == free == len(b.supports)
    assert np.abs(b.stiffness @ r).max(initial=0.0) < 1e-12 * abs(b.stiffness).max() * 50
    assert np.abs(r[b.held]).max(initial=0.0) == 0.0
    if free:
        assert np.linalg.cond(r[b.supports]) < 50


def test_supports_carry_nothing() -> None:
    """Statically determinate: under loads in balance the reactions at the supports vanish."""
    b = body(UNEVEN, tractions={"top": (1.0, 2.0, 3.0), "bottom": (-1.0, -2.0, -3.0), "xmax": (5.0, 0, 0)})
    f = b.own_load()
    f -= b.rigid_modes @ np.linalg.lstsq(b.rigid_modes, f, rcond=None)[0]
    u = np.zeros(b.dofs)
    k = b.stiffness
    u[b.free] = splu(k[b.free][:, b.free].tocsc()).solve(f[b.free])
    assert np.abs((k @ u - f)[b.supports]).max() < 1e-9 * np.abs(f).max()


def test_faces_know_where_they_look() -> None:
    seats = (Seat("one", 5.0, 3.0, 1.2, 3.0),)
    plate = Plate(20, 14, 3, (Hole(5.0, 3.0, 1.2),), seats, None, 2.0, 3.0, 2)
    upright, turned = body(plate, z=1.0), body(plate, z=1.0, flip=True)
    assert upright.face("press").normal == -1.0 and turned.face("press").normal == 1.0
    assert upright.face("back").normal == 1.0 and upright.coordinates[:, 2].max() == pytest.approx(4.0)
    assert turned.coordinates[:, 2].min() == pytest.approx(-2.0)
    with pytest.raises(GeometryError, match=r'no face "lid".*back'):
        upright.face("lid")
    with pytest.raises(GeometryError, match="not planar"):
        body(UNEVEN).face("xmin")


def test_seat_forces_press_inwards() -> None:
    """mean_inward: b @ u is the mean displacement into the body, so a unit approach gives one."""
    seat = Seat("one", 5.0, 3.0, 1.2, 3.0)
    plate = Plate(20, 14, 3, (Hole(5.0, 3.0, 1.2),), (seat,), None, 2.0, 3.0, 2)
    for flip, down in ((False, -1.0), (True, 1.0)):
        b = body(plate, flip=flip)
        handle = b.mean_inward("seat:one").reshape(-1, 3)
        assert handle[:, 2].sum() == pytest.approx(down)
        assert handle[:, 2] @ b.coordinates[:, :2] == pytest.approx([down * 5.0, down * 3.0], rel=1e-3)
        assert np.abs(handle[:, :2]).max() == 0.0


def test_loads_have_the_right_resultant() -> None:
    """Tractions as vectors and functions, and body force: force and moment by hand."""
    wave = lambda x, y, z: np.stack([0 * x, 0 * x, 1 + 2 * x + y])  # noqa: E731
    f = (
        body(UNEVEN, tractions={"top": wave, "xmax": (4.0, 0.0, 0.0)}, body_force=(0.0, 3.0, 0.0))
        .own_load()
        .reshape(-1, 3)
    )
    length, width, height = 2.2, 1.4, 0.8
    area = length * width
    assert f[:, 2].sum() == pytest.approx(area * (1 + length + width / 2))
    assert f[:, 0].sum() == pytest.approx(4 * width * height)
    assert f[:, 1].sum() == pytest.approx(3 * area * height)
    x = body(UNEVEN).coordinates[:, 0]
    assert f[:, 2] @ x == pytest.approx(area * (length / 2 + 2 * length**2 / 3 + width * length / 4))


def test_stress_of_a_known_displacement() -> None:
    """Hooke for u = (a y, b y z, c x): in every cell at any point."""
    b, (a, bb, c) = body(UNEVEN), (1e-3, 2e-3, -3e-3)
    x, y, z = b.coordinates.T
    u = np.column_stack([a * y, bb * y * z, c * x]).ravel()
    centre = b.coordinates[b.cell_nodes].mean(axis=1)
    yy, yz = bb * centre[:, 2], bb * centre[:, 1] / 2
    m = MATERIALS[1]
    wanted = np.column_stack([m.lame * yy, (m.lame + 2 * m.mu) * yy, m.lame * yy, np.full_like(yy, m.mu * a),
                              2 * m.mu * yz, np.full_like(yy, m.mu * c)])  # fmt: skip
    np.testing.assert_allclose(b.stress(u), wanted, rtol=1e-10, atol=1e-12 * np.abs(wanted).max())


def test_von_mises() -> None:
    """Uniaxial tension is itself, pure shear sqrt(3) times itself, pressure nothing (von Mises 1913)."""
    cases = np.array([[7.0, 0, 0, 0, 0, 0], [0, 0, 0, 2.0, 0, 0], [-3.0, -3, -3, 0, 0, 0]])
    np.testing.assert_allclose(von_mises(cases), [7.0, 2 * np.sqrt(3), 0.0], atol=1e-12)


def test_a_solid_without_material_is_refused() -> None:
    with pytest.raises(GeometryError, match="no material"):
        body(UNEVEN, None)


def test_largest_stress_of_pure_bending() -> None:
    """E kappa t / 2 at the surface, twice what the centres of two elements through the thickness show."""
    material, kappa, thickness = Elastic("m", 2e5, 0.0), 1e-4, 3.0
    bent = body(Block((0, 1, 2), (0, 1), (0, thickness / 2, thickness)), material)
    x, z = bent.coordinates[:, 0], bent.coordinates[:, 2] - thickness / 2
    u = np.column_stack([kappa * x * z, 0 * x, -kappa * x**2 / 2]).ravel()
    surface = material.E * kappa * thickness / 2
    assert bent.peak_von_mises(u) == pytest.approx(surface, rel=1e-9)
    assert von_mises(bent.stress(u)).max() == pytest.approx(surface / 2, rel=1e-9)
