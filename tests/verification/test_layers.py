"""Layers that grow, little or through their thickness alone: held, on a plate, against springs in series."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
from layers_alone import ALIKE, FILM, ROOM, SOFT, balanced, grown, ideal, stack
from numpy.typing import NDArray
from setups import lines, relative

from holdersim.assembly import Assembly, Block, Bolt, Interface, Layer, Rect, Solid
from holdersim.body import Body
from holdersim.geometry.mesh import mesh_shape
from holdersim.grid import PressureGrid
from holdersim.growthbody import GrowthBody
from holdersim.materials.elastic import Elastic
from holdersim.nonlinear import model_of
from holdersim.superelement import Condenser, Links

Array = NDArray[np.float64]


def linear(solid: Solid, amounts: dict[str, float]) -> tuple[Body, Array]:
    """Linear body of a solid and its displacement (nodes, 3) [mm] by the superelement's handles."""
    condenser = Condenser(solid, Links((), ()), lambda s: Body(s, mesh_shape(s.shape, s.symmetry)), None)
    condenser.get()
    return condenser.body, condenser.displacement(np.zeros(0), np.zeros(0), amounts)


# -- small growth --------------------------------------------------------------------------------------------

HELD = {"sides": "xy", "bottom": "xyz", "top": "xyz"}
V21 = [
    (FILM, ALIKE, (-142.857, -142.857, 0.0)),
    (HELD, ALIKE, (-250.0, -250.0, -250.0)),
    (HELD, (0.0, 0.0, 1.0), (-57.692, -57.692, -134.615)),
]


@pytest.mark.parametrize(("fixed", "growth", "wanted"), V21, ids=["in plane", "all", "along z"])
def test_held_growth(
    fixed: dict[str, str], growth: tuple[float, float, float], wanted: tuple[float, ...]
) -> None:
    """V21, strain 0.01: by the handle of the linear body to 1e-6; large strain agrees to 1e-3 when it is 1e-5."""
    solid = stack(Layer("A", 0.1, ROOM, SOFT, 1, growth), fixed=fixed)
    share = 1 / max(growth)  # volume per strain along one axis
    body = Body(solid, mesh_shape(solid.shape))
    u: Array = np.zeros((body.dofs // 3, 3))
    if fixed is FILM:
        body, u = linear(solid, {"swell:cell.A": 0.01 * share})
    sigma = body.stress(u.ravel(), amounts={"swell:cell.A": 0.01 * share})
    for axis in range(3):
        assert sigma[:, axis] == pytest.approx(wanted[axis], rel=1e-5, abs=1e-8)
    if fixed is FILM:
        assert u[:, 2].max() / 0.1 == pytest.approx(0.0185714, rel=1e-5)
        assert sigma[:, 0] == pytest.approx(-10e3 / 0.7 * 0.01, rel=1e-9)
        assert u[:, 2].max() / 0.1 == pytest.approx(0.01 * 1.3 / 0.7, rel=1e-9)
    large = GrowthBody(solid, mesh_shape(solid.shape))
    _, stress = grown(large, 1 + 1e-5 * share)
    assert stress[:3] * 1e3 == pytest.approx(wanted, rel=1e-3, abs=1e-5)


def test_small_growth_is_the_handle() -> None:
    """Three layers, one ends early and one grows: forces to rounding, displacements to the size of the strain."""
    short = Rect(0.0, 1.5, 0.0, 1.0)
    solid = stack(
        Layer("A", 0.02, ROOM, SOFT, 1, (0.1, 0.2, 0.7)),
        Layer("B", 0.1, short, Elastic("b", 3e3, 0.2, expansion=3e-5), 2),
        Layer("C", 0.05, ROOM, Elastic("c", 50e3, 0.34, expansion=1e-5)),
        size=0.25, fixed={"bottom": "z"}, warms=True,
    )  # fmt: skip
    large = GrowthBody(solid, mesh_shape(solid.shape))
    assert abs(large.system(large.start())[1] - Body(solid, mesh_shape(solid.shape)).stiffness).max() < 1e-9
    errors = []
    for size in (1e-3, 1e-4):
        amounts = {"swell:cell.A": size, "warming": 20 * size}
        state, _ = balanced(large, large.start(), large.supports, np.zeros(len(large.supports)), amounts)
        _, u = linear(solid, amounts)
        errors.append(relative(state.u.reshape(-1, 3), u))
    assert errors[1] < 5e-3 and np.log10(errors[0] / errors[1]) == pytest.approx(1.0, abs=0.1), errors


def test_stoney() -> None:
    """V23: 1 um of film at -500 MPa on 0.5 mm of glass curves it by -1.371429e-4 /mm, to 1 %."""
    room = Rect(-5.0, 5.0, -5.0, 5.0)
    coat = Elastic("coat", 7e3, 0.2)
    solid = stack(
        Layer("glass", 0.5, room, Elastic("glass", 70e3, 0.2)),
        Layer("film", 1e-3, room, coat, 1, ALIKE),
        size=0.5, room=room, degree=2, symmetry=("x0", "y0"),
    )  # fmt: skip
    body, u = linear(solid, {"swell:cell.film": 3 * 500 * (1 - coat.nu) / coat.E})
    x, y, z = body.coordinates.T
    on = (np.abs(y) < 1e-9) & (np.abs(z) < 1e-9) & (x < 2.5)
    curvature = 2 * np.polyfit(x[on], u[on, 2], 2)[0]
    assert curvature == pytest.approx(-1.371429e-4, rel=0.01)
    sigma = body.stress(u.ravel(), amounts={"swell:cell.film": 3 * 500 * (1 - coat.nu) / coat.E})
    centre = (body.material_of_cell == 1) & (body.coordinates[body.cell_nodes].mean(axis=1)[:, 0] < 2.0)
    assert sigma[centre, 0].mean() == pytest.approx(-500.0, rel=0.01)


# -- springs in series ---------------------------------------------------------------------------------------

AREA = Rect(0.0, 35.0, 0.0, 15.0)
RIGID = Elastic("rigid", 1e12, 0.0)


def between(*layers: Layer, stiffness: float) -> Assembly:
    """A stack whose sides are held, between rigid blocks drawn together by a bolt."""
    height = sum(layer.thickness for layer in layers)
    ends = Block(lines(0, 35, 7), lines(0, 15, 3), (0.0, 10.0))
    cell = stack(*layers, size=2.5, room=AREA, fixed={"sides": "xy"})
    solids = (Solid("low", ends, RIGID, 2, z=-10.0), cell, Solid("top", ends, RIGID, 2, z=height))
    faces = (
        Interface("below", "low.top", "cell.bottom", AREA, 5.0),
        Interface("above", "cell.top", "top.bottom", AREA, 5.0),
    )
    bolt = Bolt("b", ("low.bottom", "top.top"), 17.5, 7.5, stiffness, 6.0, 20.1, 600.0, 640.0, 40.0)
    return Assembly(solids, faces, (bolt,))


def test_growth_against_a_spring() -> None:
    """V22: 525 mm2, 0.4 mm of E 2000 without Poisson's ratio, free growth 12 um against 412050 N/mm: 8.14047 MPa."""
    layer = Layer("A", 0.4, AREA, Elastic("1D", 2000.0, 0.0))
    model = model_of(between(layer, stiffness=412050.0))
    start = model.tighten({"b": 525.0})
    after = model.locked(start, amounts={"swell:cell.A": 0.03})
    assert (after.bolts["b"] - 525.0) / 525 == pytest.approx(8.14047, rel=1e-6)
    back = model.locked(after, amounts={"swell:cell.A": 0.0})
    assert back.bolts["b"] == pytest.approx(525.0, rel=1e-10)


@pytest.mark.parametrize("growth", [0.3, 1.2])
def test_oedometer_stack_against_a_spring(growth: float) -> None:
    """A layer grows through its thickness among three, sides held, bolt locked: sum of h J l(p) and bolt, to 0.1 %.

    Every layer l: p = -M ln l / l with its oedometric modulus M, l its elastic stretch.
    """
    law = ideal(1e9, young=20e3)
    layers = (
        Layer("Cu", 0.01, AREA, Elastic("Cu", 110e3, 0.34)),
        Layer("A", 0.0096, AREA, Elastic("Si", 90e3, 0.22), law=law),
        Layer("SSE", 0.2, AREA, Elastic("SSE", 4.7e3, 0.3)),
    )
    stiffness, force = 103012.5, 2625.0
    model = model_of(between(*layers, stiffness=stiffness))
    start = model.tighten({"b": force})
    after = model.locked(start, amounts={"swell:cell.A": growth})
    moduli = [replace(la.material, E=20e3 if la.law else la.material.E).oedometric for la in layers]

    def height(p: float, jac: float) -> float:
        parts = zip(layers, moduli, (1.0, jac, 1.0), strict=True)
        return sum(la.thickness * j * scipy.optimize.brentq(lambda s, m=m: p + m * np.log(s) / s, 0.5, 1.0)
                   for la, m, j in parts)  # fmt: skip

    def missed(f: float) -> float:
        return height(f / 525, 1 + growth) - height(force / 525, 1.0) - (f - force) / stiffness

    wanted = scipy.optimize.brentq(missed, force, 20 * force)
    assert after.bolts["b"] == pytest.approx(wanted, rel=1e-3)
    assert after.bolts["b"] == pytest.approx(wanted, rel=1e-6)
    body, cell = model.whole["cell"].body, after.whole["cell"]
    for layer in ("Cu", "A", "SSE"):
        p = body.inside(layer, PressureGrid.over(AREA, 5.0), cell, after.amounts)
        assert p == pytest.approx(wanted / 525, rel=1e-6)
    back = model.locked(after, amounts={"swell:cell.A": 0.0})
    assert back.bolts["b"] == pytest.approx(force, rel=1e-8), "an elastic loop closes"
