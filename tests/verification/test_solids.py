"""Linear solids with known stresses: thick cylinder, NAFEMS elliptic membrane and thick plate."""

from __future__ import annotations

import numpy as np
import pytest
from setups import STEEL, Array, cell_at, lines, mapped, node_at, single

from holdersim.assembly import Block, Solid
from holdersim.body import von_mises
from holdersim.geometry.mesh import Index, MeshData
from holdersim.materials.elastic import Elastic

HERE = Block((0.0, 1.0), (0.0, 1.0), (0.0, 1.0))
"""Stands for the mapped mesh, which is given to the body directly."""


def cylinder(n: int, ends: dict[str, str]) -> tuple[float, float, Array, Array]:
    """Inner radial growth, axial stress, stresses at the inner and outer surface of V17 on n x 3n elements."""
    alloy, p, a, b = Elastic("304", 193e3, 0.29), 5.0, 50.0, 60.0

    def turn(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
        r, angle = a + (b - a) * x, np.pi / 2 * y
        return r * np.cos(angle), r * np.sin(angle), z

    mesh = mapped(lines(0, 1, n), lines(0, 1, 6 * n), (0.0, 4.0), turn)
    fixed = {"ymin": "y", "ymax": "x", "bottom": "z", **ends}
    inner = lambda x, y, z: p * np.stack([x, y, 0 * z]) / np.hypot(x, y)  # noqa: E731
    pull = 0.0 if "top" in ends else p * a**2 / (b**2 - a**2)
    solid = Solid("tube", HERE, alloy, 2, fixed=fixed, tractions={"xmin": inner, "top": (0, 0, pull)})
    body, u = single(solid, mesh)
    grown = u[node_at(body, (a, 0, 0)), 0]
    at = [
        body.stress(u.ravel(), at=(x, 0.0, 0.5))[cell_at(body, (r, 0.5, 2.0))]
        for x, r in ((0.0, a), (1.0, b))
    ]
    return float(grown), float(at[0][2]), at[0], at[1]


def test_thick_cylinder_with_closed_ends() -> None:
    """V17, Lame 1852 (Timoshenko & Goodier 1951, section 26): a 50, b 60, 5 MPa.

    Hoop 27.7273 inside and 22.7273 outside, axial 11.3636, growth 0.00670513, von Mises 28.3426.
    """
    grown, axial, inside, outside = cylinder(4, {})
    wanted = {
        "growth": 0.00670513,
        "axial": 11.3636,
        "hoop in": 27.7273,
        "hoop out": 22.7273,
        "mises": 28.3426,
    }
    found = {"growth": grown, "axial": axial, "hoop in": inside[1], "hoop out": outside[1]}
    found["mises"] = float(von_mises(inside[None])[0])
    for name, value in wanted.items():
        assert abs(found[name] / value - 1) < 0.005, f"{name} = {found[name]:.6g}, Lame {value}"


def test_thick_cylinder_in_plane_strain_and_its_rate() -> None:
    """V17 between walls: growth 0.00706371; the error falls with h^2, the rate of straight-sided elements."""
    errors = [abs(cylinder(n, {"top": "z"})[0] / 0.00706371 - 1) for n in (1, 2, 4)]
    assert errors[-1] < 0.005, f"growth off by {errors[-1]:.5f}"
    rate = np.log2(errors[0] / errors[2]) / 2
    assert rate > 1.8, f"errors {errors}, rate {rate:.2f}"


def ellipse(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    """Quarter between the ellipses (2, 1) and (3.25, 2.75), from x across (0, 1) and y along (0, 1)."""
    angle = np.pi / 2 * y
    return (2 + 1.25 * x) * np.cos(angle), (1 + 1.75 * x) * np.sin(angle), z


def outward(x: Array, y: Array, z: Array) -> Array:
    """10 MPa along the outward normal of the ellipse (3.25, 2.75)."""
    normal = np.stack([x / 3.25**2, y / 2.75**2, 0 * z])
    return 10 * normal / np.linalg.norm(normal, axis=0)


def membrane(n: int) -> float:
    """Stress yy at D of NAFEMS LE1 on n x n elements; thin, so that the stress is plane."""
    mesh = mapped(lines(0, 1, n), lines(0, 1, n), (0.0, 0.02), ellipse)
    fixed = {"ymin": "y", "ymax": "x", "bottom": "z"}
    body, u = single(
        Solid("LE1", HERE, Elastic("steel", 210e3, 0.3), 2, fixed=fixed, tractions={"xmax": outward}), mesh
    )
    return float(body.stress(u.ravel(), at=(0.0, 0.0, 0.5))[cell_at(body, (2, 0, 0.01)), 1])


def test_elliptic_membrane() -> None:
    """V31, NAFEMS LE1 (The Standard NAFEMS Benchmarks, 1990): stress yy at D is 92.7 MPa."""
    found = [membrane(n) for n in (8, 16, 32)]
    assert abs(found[-1] / 92.7 - 1) < 0.02, f"sigma_yy(D) = {found[-1]:.3f}"
    steps = [abs(found[1] - found[0]), abs(found[2] - found[1])]
    assert steps[1] < 0.6 * steps[0], f"not settling: {found}"


def with_middle(mesh: MeshData, z: float) -> MeshData:
    """The mesh with the level z inside it named `middle`."""
    top = mesh.points[mesh.cells][:, 4:, 2].max(axis=1)
    facets: Index = mesh.cells[np.abs(top - z) < 1e-9][:, 4:]
    return MeshData(mesh.points, mesh.cells, mesh.cell, mesh.regions, mesh.faces | {"middle": facets})


@pytest.mark.parametrize("n", [(6, 8, 4), (14, 16, 6)], ids=["coarse", "fine"])
def test_thick_elliptic_plate(n: tuple[int, int, int]) -> None:
    """V31, NAFEMS LE10 (The Standard NAFEMS Benchmarks, 1990): stress yy at D, on top, is -5.38 MPa."""
    across = tuple((np.linspace(0, 1, n[0] + 1) ** 1.5).tolist())
    along = tuple((np.linspace(0, 1, n[1] + 1) ** 1.3).tolist())
    mesh = with_middle(mapped(across, along, lines(0, 0.6, n[2]), ellipse), 0.3)
    fixed = {"ymin": "y", "ymax": "x", "xmax": "xy", "xmax&middle": "z"}
    solid = Solid("LE10", HERE, Elastic("steel", 210e3, 0.3), 2, fixed=fixed, tractions={"top": (0, 0, -1.0)})
    body, u = single(solid, mesh)
    found = float(body.stress(u.ravel(), at=(0.0, 0.0, 1.0))[cell_at(body, (2, 0, 0.6)), 1])
    assert abs(found / -5.38 - 1) < (0.02 if n[0] > 10 else 0.06), f"sigma_yy(D) = {found:.4f}"


def test_stretched_block() -> None:
    """Hooke 1678: uniform tension sigma gives exactly sigma/E along and -nu sigma/E across, on a distorted mesh."""

    def bend(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
        inside = x * (1 - x) * y * (1 - y) * z * (1 - z)
        return x + 3 * inside, y - 2 * inside, z + 4 * inside

    mesh = mapped(lines(0, 1, 3), lines(0, 1, 3), lines(0, 1, 3), bend)
    solid = Solid(
        "bar",
        HERE,
        STEEL,
        1,
        fixed={"xmin": "x", "ymin": "y", "bottom": "z"},
        tractions={"top": (0, 0, 80.0)},
    )
    body, u = single(solid, mesh)
    wanted = body.coordinates * 80 / STEEL.E * np.array([-0.3, -0.3, 1.0])
    error = np.abs(u - wanted).max() / np.abs(wanted).max()
    assert error < 1e-12, f"displacement off by {error:.1e}"
