"""Layers that grow much: patch test, plastic and creeping films against closed forms, turned and squeezed bodies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
from layers_alone import ALIKE, FILM, NU, ROOM, SOFT, balanced, grown, ideal, stack
from numpy.typing import NDArray
from setups import relative

from holdersim.assembly import Layer, Rect
from holdersim.geometry.mesh import MeshData, mesh_shape
from holdersim.growthbody import GrowthBody, GrowthState
from holdersim.materials.elastic import Elastic
from holdersim.materials.inelastic import Inelastic

Array = NDArray[np.float64]


def film(law: Inelastic | None, growth: tuple[float, float, float] = ALIKE) -> GrowthBody:
    """One layer of 0.1 mm, held in its plane."""
    solid = stack(Layer("A", 0.1, ROOM, SOFT, 1, growth, law), fixed=FILM)
    return GrowthBody(solid, mesh_shape(solid.shape))


def thickness(body: GrowthBody, state: GrowthState) -> float:
    """Thickness over that at the start."""
    top = np.isclose(body.coordinates[:, 2], 0.1)
    return 1 + float(state.u.reshape(-1, 3)[top, 2].mean()) / 0.1


def test_free_growth_leaves_no_stress() -> None:
    """Patch test: a distorted mesh grows to half again its volume, unevenly along the axes, and warms: no stress."""
    rng = np.random.default_rng(4)
    layers = [Layer(n, 0.3, ROOM, Elastic("m", 1e4, 0.3, expansion=1e-4), 1, (0.5, 0.2, 0.3)) for n in "AB"]
    solid = stack(layers[0], replace(layers[1], law=ideal(1000.0)), warms=True)
    mesh = mesh_shape(solid.shape)
    points = mesh.points + 0.1 * rng.uniform(-1, 1, mesh.points.shape) * np.array([1.0, 1.0, 0.5])
    body = GrowthBody(solid, MeshData(points, mesh.cells, mesh.cell, mesh.regions, {}))
    state = body.start()
    for k in range(1, 26):
        amounts = {"swell:cell.A": 0.02 * k, "swell:cell.B": 0.02 * k, "warming": 2.0 * k}
        state, _ = balanced(body, state, body.supports, np.zeros(len(body.supports)), amounts)
    assert np.abs(body.stress(state, amounts)).max() < 1e-10 * 1e4
    assert body.plastic_strain(state).max() < 1e-12
    size = np.linalg.det(np.linalg.lstsq(np.c_[body.coordinates, np.ones(len(points))],
                                         body.coordinates + state.u.reshape(-1, 3), rcond=None)[0][:3])  # fmt: skip
    assert size == pytest.approx(1.5 * (1 + 1e-4 * 50) ** 3, rel=1e-10)


@pytest.mark.parametrize("steps", [1, 7])
@pytest.mark.parametrize("hardening", [0.0, 900.0])
def test_plastic_film(steps: int, hardening: float) -> None:
    """Held in its plane, volume doubled alike: the stress stops at q, all else goes through the thickness.

    With g = ln J / 3: q = (Y + 2 H g) / (1 + 2 H (1 - nu)/E), Cauchy -q / J_e, J_e = exp(-2 q (1 - 2 nu)/E), thickness
    J J_e. The path is straight, so the steps do not matter.
    """
    flow, g = 200.0, np.log(2.0) / 3
    q = (flow + 2 * hardening * g) / (1 + 2 * hardening * (1 - NU) / SOFT.E)
    elastic = np.exp(-2 * q * (1 - 2 * NU) / SOFT.E)
    body = film(ideal(flow, hardening))
    state, stress = grown(body, *np.exp(np.linspace(0, np.log(2.0), steps + 1)[1:]))
    assert stress == pytest.approx([-q / elastic, -q / elastic, 0, 0, 0, 0], rel=1e-9, abs=1e-6)
    assert thickness(body, state) == pytest.approx(2.0 * elastic, rel=1e-10)
    assert body.plastic_strain(state) == pytest.approx(2 * (g - q * (1 - NU) / SOFT.E), rel=1e-9)


def test_film_yields_when_it_should_and_turns_round() -> None:
    """Flow starts at ln J = 3 Y (1 - nu)/E; shrinking by twice that brings +Y; then every cycle is the same."""
    flow = 200.0
    onset = 3 * flow * (1 - NU) / SOFT.E
    body = film(ideal(flow))
    for share, flows in ((0.9999, False), (1.0001, True)):
        state, stress = grown(body, np.exp(share * onset))
        assert bool(body.plastic_strain(state).max() > 1e-9) == flows
    high = np.log(2.0)
    half = grown(body, 2.0, np.exp(high - onset))[1]
    assert np.abs(half).max() < 1e-6 * flow, "half way round nothing is left"
    turned = grown(body, 2.0, np.exp(high - 1.9999 * onset))[0]
    assert body.plastic_strain(turned) == pytest.approx(body.plastic_strain(grown(body, 2.0)[0]), rel=1e-12)
    loop = (2.0, 1.0)
    pulled, stress = grown(body, *loop)
    after = np.exp(2 * flow * (1 - 2 * NU) / SOFT.E)
    assert stress[:2] == pytest.approx(flow / after, rel=1e-9)
    assert thickness(body, pulled) == pytest.approx(after, rel=1e-10)
    again, stress_again = grown(body, *loop, *loop, *loop)
    assert stress_again == pytest.approx(stress, rel=1e-8, abs=1e-8)
    assert thickness(body, again) == pytest.approx(after, rel=1e-10)


def test_film_follows_its_lithium() -> None:
    """Silicon that softens while it takes lithium: the stress is the flow stress at x, the stiffness that at x."""
    law = Inelastic("Si", ((0.0, 90e3), (3.75, 12e3)), ((0.0, 1700.0), (3.75, 500.0)))
    body = film(law)
    state, none = body.start(), np.zeros(0, dtype=np.int64)
    for x in np.linspace(0.0, 3.0, 31)[1:]:
        amounts = {"swell:cell.A": 0.738 * x, "lithium:cell.A": x}
        state, _ = balanced(body, state, none, np.zeros(0), amounts)
    flow = law.yields(3.0)
    kirchhoff = body.stress(state, amounts)[:, 0] * thickness(body, state) / (1 + 0.738 * 3.0)
    assert kirchhoff == pytest.approx(-flow, rel=1e-9)
    assert thickness(body, state) / (1 + 0.738 * 3) == pytest.approx(
        np.exp(-2 * flow * (1 - 2 * NU) / law.young(3.0))
    )
    # a little less growth at the same lithium unloads with the stiffness there
    less = amounts | {"swell:cell.A": 0.738 * 3.0 - 0.01}
    state, _ = balanced(body, state, none, np.zeros(0), less)
    jac = 1 + less["swell:cell.A"]
    risen = np.log((1 + 0.738 * 3.0) / jac) / 3 * law.young(3.0) / (1 - NU)
    kirchhoff = body.stress(state, less)[:, 0] * thickness(body, state) / jac
    assert kirchhoff == pytest.approx(-flow + risen, rel=1e-9)


def test_creeping_film_converges_with_the_steps() -> None:
    """Growth at a steady rate against creep: (1 - nu)/E dq/dt = g' - A q^n / 2; error of first order in the step."""
    rate, power, end, time = 1e-9, 3.0, 0.06, 100.0
    body = film(Inelastic("creep", ((0.0, SOFT.E),), creep=(rate, power)))
    exact = scipy.integrate.solve_ivp(
        lambda _, q: SOFT.E / (1 - NU) * (end / 3 / time - rate * q**power / 2),
        (0, time), [0.0], rtol=1e-10, atol=1e-10, method="LSODA",
    ).y[0, -1]  # fmt: skip
    errors = []
    for steps in (10, 20, 40):
        state, stress = grown(body, *np.exp(np.linspace(0, end, steps + 1)[1:]), seconds=time / steps)
        errors.append(abs(-stress[0] * thickness(body, state) / np.exp(end) / exact - 1))
    assert state.time == pytest.approx(time)
    assert errors[-1] < 0.02 and np.log2(errors[0] / errors[-1]) / 2 > 0.9, errors


def test_a_turned_body_feels_the_same() -> None:
    """Deformed, flowed, grown, then turned as a whole: forces turn along, history stays."""
    law = ideal(100.0, 50.0)
    solid = stack(Layer("A", 0.3, ROOM, SOFT, 1, (0.2, 0.3, 0.5), law), Layer("B", 0.2, ROOM, SOFT))
    body, rng = GrowthBody(solid, mesh_shape(solid.shape)), np.random.default_rng(8)
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    turn *= np.linalg.det(turn)
    x, amounts = body.coordinates, {"swell:cell.A": 0.4}
    u = 0.05 * rng.standard_normal(x.shape)
    here = replace(body.start(), u=u.ravel())
    there = replace(body.start(), u=((x + u) @ turn.T - x).ravel())
    f, g = (body.system(s, 0.0, amounts)[0].reshape(-1, 3) for s in (here, there))
    assert relative(g, f @ turn.T) < 1e-12
    a, b = (body.accepted(s, 0.0, amounts) for s in (here, there))
    assert body.plastic_strain(a).max() > 0.01
    assert relative(b.metric, a.metric) < 1e-12 and relative(b.inelastic, a.inelastic) < 1e-12


def test_squeezed_between_rough_plates() -> None:
    """A strip ten times as wide as thick, ideally plastic: its mean pressure comes down towards Prandtl's
    2 Y/sqrt 3 (3/4 + w/4h) (from memory, for flow beneath rigid plates) as the mesh is refined."""
    found, flow, h = [], 50.0, 0.2
    for n in (2, 4, 8):
        size = h / n
        room = Rect(-1.0, 1.0, 0.0, size)
        law = ideal(flow)
        solid = stack(Layer("A", h, room, SOFT, n, law=law), size=size, room=room, symmetry=("x0",))
        body = GrowthBody(solid, mesh_shape(solid.shape, ("x0",)))
        z = body.coordinates[:, 2]
        ends = np.isclose(z, 0) | np.isclose(z, h)
        given, value = np.zeros((len(z), 3), dtype=bool), np.zeros((len(z), 3))
        given[:, 1], given[ends] = True, True
        dofs, state = np.flatnonzero(given.ravel() & ~body.held), body.start()
        for k in range(1, 7):
            value[np.isclose(z, h), 2] = -0.03 * h * k / 6
            state, force = balanced(body, state, dofs, value.ravel()[dofs], {})
        found.append(-force.reshape(-1, 3)[np.isclose(z, h), 2].sum() / (1.0 * size))
    limit = 2 / 3**0.5 * flow * (0.75 + 2.0 / (4 * h * 0.97))
    assert found[0] > found[1] > found[2] > limit, "from above"
    assert found[2] < 1.1 * limit and found[1] - found[2] < 0.6 * (found[0] - found[1]), found
