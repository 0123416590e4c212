"""The point law of growing layers: derivatives, flow, creep, rotations, refusals; tables against lithium content."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from holdersim.assembly import Block, Layer, LayerStack, Rect, Solid
from holdersim.errors import GeometryError, PhysicsRefused
from holdersim.geometry.mesh import mesh_shape
from holdersim.growthbody import GrowthBody
from holdersim.materials.elastic import Elastic
from holdersim.materials.inelastic import Inelastic
from holdersim.plasticity import PAIRS, PointLaw, relaxed, respond, shortened

Array = NDArray[np.float64]
VOIGT = ((0, 0), (1, 1), (2, 2), *PAIRS)
YOUNG, NU = 9e3, 0.25
K, G = YOUNG / (3 - 6 * NU), YOUNG / (2 + 2 * NU)


def law(flow: float = np.inf, hardening: float = 0.0, rate: float = 0.0, power: float = 1.0) -> PointLaw:
    """One law for any number of points."""
    return PointLaw(*(np.array([v]) for v in (K, G, flow, hardening, rate, power)))


LAWS = {
    "elastic": law(),
    "ideal": law(150.0),
    "hardening": law(150.0, 700.0),
    "creep": law(rate=1e-9, power=3.3),
    "viscous": law(rate=1e-5),
    "flow and creep": law(150.0, 700.0, 1e-9, 3.3),
}


def deformations() -> Array:
    """Random ones, then some with two or three equal stretches, or nearly so."""
    out = np.eye(3) + 0.15 * np.random.default_rng(2).standard_normal((6, 3, 3))
    same = [np.eye(3), np.diag([1.2, 1.2, 0.8]), np.diag([0.9, 1.1, 1.1 + 1e-9]), np.diag([1.1, 1.1 + 3e-5, 0.9]),
            1.1 * np.eye(3)]  # fmt: skip
    return np.concatenate([out, same])


def kirchhoff(F: Array, stuff: PointLaw, seconds: float = 5.0, before: float = 0.02) -> Array:
    """Kirchhoff's stress (n, 3, 3) at deformations that nothing has flowed under."""
    stress = respond(
        F @ F.transpose(0, 2, 1),
        np.full(len(F), before),
        np.full(len(F), 0.01),
        stuff.of(np.zeros(len(F), int)),
        seconds,
    )
    return stress.stress()[:, [[0, 3, 5], [3, 1, 4], [5, 4, 2]]]


@pytest.mark.parametrize("name", LAWS)
def test_moduli_are_derivatives(name: str) -> None:
    """Along F(t) = (1 + t d) F: d tau/dt - d tau - tau d^T = c : sym d for turns and stretches d, to 1e-6."""
    stuff, F, h = LAWS[name], deformations(), 1e-6
    if name in ("ideal", "hardening", "flow and creep"):
        F = F[[0, 1, 2, 3, 4, 5, 7, 8, 9]]  # at F = 1 and at pure change of volume nothing flows
    at = respond(
        F @ F.transpose(0, 2, 1),
        np.full(len(F), 0.02),
        np.full(len(F), 0.01),
        stuff.of(np.zeros(len(F), int)),
        5.0,
    )
    assert name == "elastic" or (at.flowed[:6] > 0).all()
    _, moduli = at.spatial()
    tau = kirchhoff(F, stuff)
    assert np.abs(moduli - moduli.transpose(0, 2, 1)).max() <= 1e-13 * np.abs(moduli).max()
    for k, m in np.ndindex(3, 3):
        d = np.zeros((3, 3))
        d[k, m] = 1.0
        found = (kirchhoff(F + h * d @ F, stuff) - kirchhoff(F - h * d @ F, stuff)) / (2 * h)
        found -= d @ tau + tau @ d.T
        rate = np.array([d[i, j] + (d[j, i] if i != j else 0.0) for i, j in VOIGT])
        wanted = (moduli @ rate)[:, [[0, 3, 5], [3, 1, 4], [5, 4, 2]]]
        error = float(np.abs(found - wanted).max() / np.abs(moduli).max())
        assert error < 1e-6, f"d{k}{m}: off by {error:.1e}"


def test_elastic_stress_is_that_of_hencky() -> None:
    """A turned stretch: tau = R (2 G dev ln U + K tr ln U) R^T."""
    turn = np.linalg.qr(np.random.default_rng(3).standard_normal((3, 3)))[0]
    e = np.array([0.3, -0.2, 0.05])
    principal = 2 * G * (e - e.mean()) + 3 * K * e.mean()
    found = kirchhoff((turn * np.exp(e)[None, :])[None], law())[0]
    assert found == pytest.approx((turn * principal) @ turn.T, rel=1e-12, abs=1e-9)


def test_flow_stops_at_its_stress() -> None:
    """q = Y + H (ep + dep) after a step, pressure unchanged by flow, inelastic strain dep = (q_trial - q) / 3 G."""
    F = deformations()[:6]
    for stuff in (LAWS["ideal"], LAWS["hardening"]):
        many = stuff.of(np.zeros(len(F), int))
        at = respond(F @ F.transpose(0, 2, 1), np.full(len(F), 0.02), np.zeros(len(F)), many, 0.0)
        tau = at.principal()
        q = np.sqrt(1.5 * ((tau - tau.mean(axis=1, keepdims=True)) ** 2).sum(axis=1))
        assert q == pytest.approx(many.yields + many.hardening * (0.02 + at.flowed), rel=1e-12)
        assert tau.mean(axis=1) == pytest.approx(K * np.log(np.linalg.det(F)), rel=1e-10, abs=1e-8)
        assert np.linalg.det(at.metric()) == pytest.approx(np.linalg.det(F) ** 2, rel=1e-12)


def test_norton_relaxes_as_in_closed_form() -> None:
    """V30: E 7820, n 6.6, A 1.2e-7, from 1 MPa, to 1e-5; the same by many steps; n = 1 is exponential, near it too."""
    one = np.array([1.0])
    wanted = {1: 0.999064, 10: 0.990896, 100: 0.927358, 1000: 0.720802, 3600: 0.586126}
    for seconds, value in wanted.items():
        assert float(relaxed(one, 7820.0 * one, 1.2e-7 * one, 6.6 * one, seconds)[0]) == pytest.approx(
            value, abs=1e-5
        )
    q = one
    for _ in range(40):
        q = relaxed(q, 7820.0 * one, 1.2e-7 * one, 6.6 * one, 25.0)
    assert float(q[0]) == pytest.approx(wanted[1000], abs=1e-5)
    for n in (1.0, 1.0 + 1e-8):
        assert relaxed(one, one, 0.3 * one, n * one, 2.0)[0] == pytest.approx(np.exp(-0.6), rel=1e-7)
    assert relaxed(0 * one, one, one, 6.6 * one, 1.0)[0] == 0.0, "nothing relaxes from nothing"
    assert relaxed(1e9 * one, one, one, 6.6 * one, 1.0)[0] == pytest.approx(5.6 ** (-1 / 5.6)), (
        "forgets its start"
    )


def test_creep_keeps_up_with_a_steady_rise() -> None:
    """Strain that rises as fast as creep takes it leaves the stress as it is, q = (rate/A)^(1/n), in steps of any
    length; from nothing a long step reaches it too; strain that stands still relaxes exactly; less is sudden."""
    creep, none = law(rate=1e-9, power=3.3), np.zeros(1)
    q = np.array([40.0])
    for seconds in (1.0, 1e3, 1e7):
        more = 3 * G * 1e-9 * q**3.3 * seconds
        assert shortened(q + more, none, q / (3 * G), creep, seconds)[0] == pytest.approx(q, rel=1e-12)
        held = relaxed(q, 3 * creep.shear, creep.rate, creep.power, seconds)
        assert shortened(q, none, q / (3 * G), creep, seconds)[0] == pytest.approx(held, rel=1e-12)
        less = relaxed(q / 2, 3 * creep.shear, creep.rate, creep.power, seconds)
        assert shortened(q / 2, none, q / (3 * G), creep, seconds)[0] == pytest.approx(less, rel=1e-12)
    assert shortened(more, none, none, creep, seconds)[0] == pytest.approx(q, rel=1e-3)


def test_a_bar_relaxes_by_steps() -> None:
    """Uniaxial stress at fixed length, free sideways: Young's modulus rules; error of first order in the step."""
    e, lengths = 1.0 / YOUNG, []
    creep = law(rate=2e-4, power=3.0)
    for steps in (10, 20, 40):
        metric = np.array([np.exp(2 * e), np.exp(-2 * NU * e), np.exp(-2 * NU * e)])
        left = np.array([2 / 3 * (1 + NU) * e])
        for _ in range(steps):
            side = metric[1] ** 0.5
            for _ in range(20):  # the sideways stretch at which nothing presses from the side
                b = np.diag([metric[0], side**2, side**2])[None]
                at = respond(b, np.zeros(1), left, creep, 2.0 / steps)
                tau, moduli = at.spatial()
                slope = moduli[0, 1, 1] + moduli[0, 1, 2] + 2 * tau[0, 1]
                side *= np.exp(-tau[0, 1] / slope)
            metric, left = np.diag(at.metric()[0]), at.elastic
        lengths.append(at.stress()[0, 0])
    exact = float(relaxed(*(np.array([v]) for v in (1.0, YOUNG, 2e-4, 3.0)), 2.0)[0])
    errors = np.abs(np.array(lengths) - exact)
    assert errors[-1] < 5e-3 * exact and np.log2(errors[0] / errors[-1]) / 2 > 0.9, errors


def test_softer_with_lithium() -> None:
    """Between the points of a table linear, outside constant; a layer without flow never yields."""
    silicon = Inelastic("Si", ((0.0, 90e3), (3.0, 30e3)), ((1.0, 1500.0), (3.0, 500.0)))
    assert [silicon.young(x) for x in (-1, 0, 1, 3, 4)] == pytest.approx([90e3, 90e3, 70e3, 30e3, 30e3])
    assert silicon.yields(2.0) == pytest.approx(1000.0)
    far = np.array([1e12])
    assert (
        shortened(far, np.zeros(1), np.zeros(1), law(Inelastic("a", ((0, 1.0),)).yields(1.0)), 0.0)[0] == far
    )


# -- the body's door -----------------------------------------------------------------------------------------

ROOM = Rect(0.0, 2.0, 0.0, 1.0)
SI = Inelastic("Si", ((0, 12e3), (3, 8e3)), ((0, 500.0), (3, 200.0)), 100.0)
LI = Inelastic("Li", ((0, 7820.0),), ((0, 50.0),), 0.0, (1e-6, 3.0))


def stack() -> GrowthBody:
    """Three layers: one that grows alike in all directions and flows, an elastic one, one that creeps."""
    stiff, soft = Elastic("a", 10e3, 0.3, expansion=2e-5), Elastic("b", 5e3, 0.2)
    layers = (
        Layer("A", 0.3, ROOM, stiff, 1, (1 / 3, 1 / 3, 1 / 3), SI),
        Layer("B", 0.3, ROOM, soft),
        Layer("C", 0.3, ROOM, soft, 1, (0.0, 0.0, 1.0), LI),
    )
    shape = LayerStack(layers, ROOM, 0.5, 0.5)
    return GrowthBody(Solid("cell", shape, degree=1, swelling=("A", "C"), warms=True), mesh_shape(shape))


def test_tangent_is_the_derivative_of_forces() -> None:
    """In the midst of growth, flow, creep and warming: symmetric to rounding, equal to central differences to 1e-6."""
    body, rng = stack(), np.random.default_rng(5)
    u = 0.03 * rng.standard_normal(body.dofs)
    first = {"swell:cell.A": 0.3, "swell:cell.C": 0.2, "lithium:cell.A": 1.0, "warming": 30.0}
    then = {"swell:cell.A": 0.5, "swell:cell.C": 0.3, "lithium:cell.A": 2.0, "warming": 50.0}
    state = body.accepted(replace(body.start(), u=u / 2), 10.0, first)
    assert body.plastic_strain(state).max() > 0.01
    state, d, h = replace(state, u=u), rng.standard_normal(body.dofs), 1e-6
    _, tangent = body.system(state, 20.0, then)
    assert abs(tangent - tangent.T).max() <= 1e-14 * abs(tangent).max()
    high, low = (body.system(body.moved(state, d, f * h), 20.0, then)[0] for f in (1, -1))
    error = float(np.abs((high - low) / (2 * h) - tangent @ d).max() / np.abs(tangent @ d).max())
    assert error < 1e-6, f"off by {error:.1e}"


def test_stable_tangent_is_never_negative() -> None:
    """Grown by half with no room made: the tangent is not positive, the stable one is, with the same forces."""
    body = stack()
    systems = [body.system(body.start(), 0.0, {"swell:cell.B": 0.5}, stable) for stable in (0.0, 0.5, 1.0)]
    real, half, stable = (float(np.linalg.eigvalsh(t.toarray())[0] / abs(t).max()) for _, t in systems)
    assert real < half < -1e-3 and stable > -1e-12, f"{real:.1e}, {half:.1e}, {stable:.1e}"
    assert np.array_equal(systems[0][0], systems[2][0])


def test_forces_are_those_of_an_energy_while_elastic() -> None:
    """Without flow the work around a closed loop of displacements at fixed growth is nil."""
    body, rng = stack(), np.random.default_rng(6)
    loop = 1e-4 * rng.standard_normal((3, body.dofs))
    amounts = {"swell:cell.B": 0.1}
    x, w = np.polynomial.legendre.leggauss(8)
    work, size = 0.0, 0.0
    for a, b in ((0, 1), (1, 2), (2, 0)):
        for at, weight in zip((x + 1) / 2, w / 2, strict=True):
            u = loop[a] + at * (loop[b] - loop[a])
            part = weight * body.system(replace(body.start(), u=u), 0.0, amounts)[0] @ (loop[b] - loop[a])
            work, size = work + part, size + abs(part)
    assert size > 1e-4 and abs(work) < 1e-10 * size


def test_room_made_for_growth_is_enough() -> None:
    """Layers that grow through their thickness alone, one three times over: Newton's method starts at its end."""
    body = stack()
    amounts = {"swell:cell.C": 2.0}
    start = body.predicted(body.start(), amounts)
    top = np.isclose(body.coordinates[:, 2], 0.9)
    assert start.u[2::3][top] == pytest.approx(0.6) and abs(start.u[2::3][~top]).max() < 1e-12
    assert abs(body.system(start, 0.0, amounts)[0]).max() < 1e-9 * 5e3
    after = body.accepted(start, 0.0, amounts)
    back = body.predicted(after, {"swell:cell.C": 0.5})
    assert back.u[2::3][top] == pytest.approx(0.15)


def test_what_a_stack_refuses() -> None:
    """Elements of degree 2, and growth that leaves no volume."""
    body = stack()
    with pytest.raises(PhysicsRefused, match=r'layer "cell.A" would have no volume left'):
        body.system(body.start(), 0.0, {"swell:cell.A": -1.0})
    line = (0.0, 1.0)
    with pytest.raises(GeometryError, match="hexahedra of degree 1"):
        GrowthBody(
            Solid("b", Block(line, line, line), Elastic("a", 1.0, 0.3)), mesh_shape(Block(line, line, line))
        )
