"""The follower load: closed surfaces balance wherever they are, work is p dV, small displacements change nothing."""

from __future__ import annotations

import numpy as np
import pytest

from holdersim.assembly import Block, Layer, LayerStack, Rect, Round, Slab, Solid, Vessel
from holdersim.body import Body
from holdersim.follower import Array, enclosed_volume, pressure_load, pressure_stiffness
from holdersim.geometry.mesh import mesh_shape
from holdersim.holder import Mesh
from holdersim.materials.elastic import Elastic
from holdersim.piles import cell_solids
from holdersim.stacks import CELLS

STEEL = Elastic("steel", 200e3, 0.3)
BLOCK = Block((0, 1, 3, 4), (-1, 0, 2), (0, 0.5, 2))
SIDES = "xmin+xmax+ymin+ymax+bottom+top"
CUP = Vessel((Slab(3, Round(12)), Slab(6, Round(12), Round(9))), Round(10.5), size=3.0, coarse=4.0)


def body(shape: Block | LayerStack | Vessel, degree: int) -> Body:
    return Body(Solid("s", shape, STEEL, degree), mesh_shape(shape))


def terraced() -> LayerStack:
    wide, narrow = Rect.centred(8, 6), Rect.centred(4, 3)
    return LayerStack((Layer("a", 0.3, wide, STEEL), Layer("b", 0.5, narrow, STEEL), Layer("c", 0.2, wide, STEEL)),
                      narrow, 0.5, 1.5)  # fmt: skip


def wild(b: Body) -> Array:
    """A displacement as large as the body: stretched, sheared, turned by 70 degrees, and every node shaken."""
    a = np.radians(70)
    turn = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    stretch = np.array([[1.2, 0.3, 0], [0, 0.9, -0.2], [0.1, 0, 1.1]])
    shaken = np.random.default_rng(3).normal(0, 0.03, b.coordinates.shape)
    return b.coordinates @ (stretch @ turn).T - b.coordinates + shaken + 5.0


@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize(
    ("shape", "face"), [(BLOCK, SIDES), (CUP, "inside+press+outside")], ids=["block", "cup"]
)
def test_a_closed_surface_balances(shape: Block | Vessel, face: str, degree: int) -> None:
    """Gauss 1813: no resultant and no moment of a uniform pressure, to 1e-12 of p A (and p A times the size)."""
    b = body(shape, degree)
    u = wild(b)
    at, f = b.coordinates + u, pressure_load(b, face, 5.0, u).reshape(-1, 3)
    scale = np.abs(f).sum()
    assert np.abs(f.sum(axis=0)).max() < 1e-12 * scale
    assert np.abs(np.cross(at, f).sum(axis=0)).max() < 1e-12 * scale * np.abs(at).max()
    assert scale > 100


def test_a_drawn_body_feels_the_plain_load() -> None:
    """Without displacement it is the load column of the fluid; a stack has no ramps where it is level."""
    for shape, fluid in ((CUP, ("inside",)), (terraced(), ("bottom", "top", "sides", "ramps"))):
        b = Body(Solid("s", shape, STEEL, 2, fluid=fluid), mesh_shape(shape))
        found = pressure_load(b, "+".join(fluid), 1.0, np.zeros(b.dofs))
        wanted = b.load_columns()["pressure"]
        assert np.abs(found - wanted).max() < 1e-13 * np.abs(wanted).sum()


@pytest.mark.parametrize("degree", [1, 2])
def test_the_volume_of_a_deformed_body(degree: int) -> None:
    """V = det F V0 for an affine motion; and the load is -p dV/du, seen by differences."""
    b = body(BLOCK, degree)
    f = np.array([[1.2, 0.3, 0], [0, 0.9, -0.2], [0.1, 0, 1.1]])
    u = b.coordinates @ f.T - b.coordinates
    assert enclosed_volume(b, SIDES, u) == pytest.approx(np.linalg.det(f) * 4 * 3 * 2, rel=1e-12)
    rng = np.random.default_rng(1)
    u, du = rng.normal(0, 0.05, b.coordinates.shape), rng.normal(0, 1, b.coordinates.shape)
    h = 1e-4
    grown = (enclosed_volume(b, SIDES, u + h * du) - enclosed_volume(b, SIDES, u - h * du)) / (2 * h)
    assert -pressure_load(b, SIDES, 1.0, u) @ du.ravel() == pytest.approx(grown, rel=1e-6)


def test_pressure_follows_a_turned_face() -> None:
    """A top turned by 90 degrees about y is pushed along -x by p A."""
    b = body(BLOCK, 2)
    turn = np.array([[0, 0, 1.0], [0, 1, 0], [-1, 0, 0]])
    f = pressure_load(b, "top", 3.0, b.coordinates @ turn.T - b.coordinates).reshape(-1, 3).sum(axis=0)
    assert f == pytest.approx(np.array([-3.0 * 12, 0, 0]), abs=1e-11)


@pytest.mark.parametrize("degree", [1, 2])
def test_initial_stress_and_turning_load_together_change_the_moduli(degree: int) -> None:
    """K of the load by differences, plus - int grad u : grad v of the stress -p, is K(lame 1, mu -1) for a wet body.

    So a rotation costs nothing, while the turning load alone does work on it.
    """
    import ufl

    from holdersim import _dolfinx as dx

    b = body(BLOCK, degree)
    u, v = ufl.TrialFunction(b.space), ufl.TestFunction(b.space)
    measure = ufl.Measure("dx", b.domain, metadata={"quadrature_degree": 2 * degree})
    stress = -dx.matrix(ufl.inner(ufl.grad(u), ufl.grad(v)) * measure)
    rng = np.random.default_rng(2)
    for _ in range(3):
        w = rng.normal(0, 1, b.coordinates.shape)
        turned = -(pressure_load(b, SIDES, 1.0, w) - pressure_load(b, SIDES, 1.0, -w)) / 2
        found, wanted = turned + stress @ w.ravel(), pressure_stiffness(b) @ w.ravel()
        assert np.abs(found - wanted).max() < 1e-11 * np.abs(turned).max()
    spin = np.cross([0.3, -0.5, 0.8], b.coordinates)
    alone = -(pressure_load(b, SIDES, 1.0, spin) - pressure_load(b, SIDES, 1.0, -spin)) / 2
    assert np.abs(pressure_stiffness(b) @ spin.ravel()).max() < 1e-12 * np.abs(alone).max()
    assert np.abs(alone).max() > 0.01


@pytest.mark.parametrize("kind", ["two_electrode", "three_electrode", "bilayer"])
def test_a_pouch_is_wet_all_around_and_only_there(kind: str) -> None:
    """Gauss 1813: on a shaken pouch no resultant and no moment, so no layer's end in the void below a film is wet."""
    cell = CELLS[kind]()
    (solid,), _ = cell_solids(cell, Mesh.model_validate({"level": 0}).sizes(2.0))  # type: ignore[arg-type]
    b = Body(solid, mesh_shape(solid.shape))
    u = np.random.default_rng(0).normal(0, 1e-3, b.coordinates.shape)
    f = pressure_load(b, "bottom+top+ramps+sides", 5.0, u).reshape(-1, 3)
    assert np.abs(f.sum(axis=0)).max() < 1e-13 * np.abs(f).sum()
    assert np.abs(np.cross(b.coordinates + u, f).sum(axis=0)).max() < 1e-12 * np.abs(f).sum()
