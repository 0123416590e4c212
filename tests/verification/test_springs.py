"""Contact with closed forms in rods, rigid plates and bolts."""

from __future__ import annotations

import numpy as np
import pytest
from setups import RIGID, Array, lines, solve

from holdersim.assembly import Block, Interface, Rect, Solid
from holdersim.contact import ContactProblem, ContactSolution, active_set, projected_cg
from holdersim.materials.elastic import Elastic

BOLTS = np.array([(30.0, 30.0), (-30.0, -30.0), (-30.0, 30.0), (30.0, -30.0)])
"""Places of the bolts of V20 in the order of tightening [mm]."""


@pytest.mark.parametrize("degree, n", [(2, 2), (2, 3)])
def test_signorini_rod(degree: int, n: int) -> None:
    """V24, Signorini rod (Kikuchi & Oden 1988, ch. 2): L = E = f = 1, gap 0.3: R = 0.2, u = 0.8 x - x^2 / 2."""
    rod = Block((0, 0.5, 1), (0, 0.5, 1), lines(0, 1, n))
    bar = Solid("rod", rod, Elastic("r", 1.0, 0.0), degree, fixed={"bottom": "xyz"}, body_force=(0, 0, 1.0))
    stop = Solid("stop", Block((0, 0.5, 1), (0, 0.5, 1), (0, 0.5)), RIGID, 1, z=1.0, fixed={"top": "xyz"})
    face = Interface("end", "rod.top", "stop.bottom", Rect(0, 1, 0, 1), 0.5, lambda x, y: 0.3 + 0 * x)
    state = solve(bar, stop, interfaces=(face,))
    assert abs(state.force("end") - 0.2) < 1e-8, f"R = {state.force('end'):.10f}"
    z = state.model.parts["rod"].condenser.body.coordinates[:, 2]
    error = np.abs(state.displacement("rod")[:, 2] - (0.8 * z - z**2 / 2)).max()
    assert error < 1e-8, f"u off by {error:.1e}"


def test_signorini_rod_that_stays_free() -> None:
    """V24 with a gap of 0.6: the rod grows by 0.5 and touches nothing."""
    bar = Solid("rod", Block((0, 1), (0, 1), (0, 1)), Elastic("r", 1.0, 0.0), 2, fixed={"bottom": "xyz"},
                body_force=(0, 0, 1.0))  # fmt: skip
    stop = Solid("stop", Block((0, 1), (0, 1), (0, 0.5)), RIGID, 1, z=1.0, fixed={"top": "xyz"})
    face = Interface("end", "rod.top", "stop.bottom", Rect(0, 1, 0, 1), 1.0, lambda x, y: 0.6 + 0 * x)
    state = solve(bar, stop, interfaces=(face,))
    assert state.force("end") == 0.0
    assert abs(state.gap("end")[0, 0] - 0.1) < 1e-8, f"gap {state.gap('end')[0, 0]:.10f}"


def joint(stiffness_cell: float, stiffness_bolts: float, free: float, preload: float) -> ContactSolution:
    """One spring (the cell) between rigid plates and bolts locked at `preload`; the stack then grows by `free`."""
    locked = preload / stiffness_bolts + preload / stiffness_cell + free
    compliance = np.diag([1 / stiffness_cell, 1 / stiffness_bolts])
    modes = np.array([[1.0], [-1.0]])
    return active_set(ContactProblem(compliance, np.array([-locked]), np.array([0.0]), modes, np.zeros(1)))


def heated(layers: list[tuple[float, float]], bolt: tuple[float, float], rise: float) -> float:
    """Free growth [mm] of layers (thickness, expansion) over bolts (length, expansion)."""
    return rise * (sum(t * a for t, a in layers) - bolt[0] * bolt[1])


@pytest.mark.parametrize("pads, free, change", [(False, 2.2664e-3, 2.6670), (True, 24.862e-3, 0.0620)])
def test_bolts_and_plates_warm_up(pads: bool, free: float, change: float) -> None:
    """V19, series springs (VDI 2230-1:2015, section 5.4.2): four M6, two plates of 304, cell 0.4, +20 K.

    Free 2.2664 um and +2.6670 MPa on 525 mm2; with two 3 mm silicone pads 24.862 um and +0.0620 MPa.
    """
    plates, cell, pad = (20.0, 17.2e-6), (0.4, 20e-6), (6.0, 200e-6)
    grip = 26.4 if pads else 20.4
    growth = heated([plates, cell, pad] if pads else [plates, cell], (grip, 11.7e-6), 20.0)
    assert abs(growth / free - 1) < 5e-5, f"free growth {growth * 1e3:.4f} um"
    bolts, soft = 4 * 20.1 * 205e3 / grip, 1 / 2.625e6 + (1 / 1312.5 if pads else 0.0)
    before, after = (joint(1 / soft, bolts, g, 2625.0).force[0] for g in (0.0, growth))
    assert abs(before - 2625.0) < 1e-6
    dp = (after - before) / 525
    assert abs(dp - growth / (soft + 1 / bolts) / 525) < 1e-9
    assert abs(dp / change - 1) < (1e-3 if pads else 1e-4), f"dp = {dp:.6f} MPa"


def gasket(n: int = 3) -> tuple[Array, Array]:
    """Points (n^2, 2) [mm] and shares (n^2,) of a gasket 35 x 15 whose zeroth to second moments are exact."""
    t, w = np.polynomial.legendre.leggauss(n)
    x, y = np.meshgrid(17.5 * t, 7.5 * t)
    return np.column_stack([x.ravel(), y.ravel()]), np.outer(w, w).ravel() / 4


def tighten_in_order(dead: float = 1e3, passes: int = 1) -> Array:
    """Bolt forces of V20 after tightening each to 1 in turn, the others locked, from the start on without force.

    A dead load keeps the gasket closed: it moves no increment, and the model of V20 is linear.
    """
    at, share = gasket()
    n, stiffness, gasket_stiffness = len(at), 2e5, 2.6e6
    motion = lambda xy: np.column_stack([np.ones(len(xy)), xy])  # noqa: E731
    force = np.zeros(4)
    length = -np.full(4, dead / gasket_stiffness)
    for b in list(range(4)) * passes:
        held = np.flatnonzero(np.arange(4) != b)
        compliance = np.diag(
            np.concatenate([1 / (gasket_stiffness * share), np.full(len(held), 1 / stiffness)])
        )
        modes = np.vstack([motion(at), -motion(BOLTS[held])])
        load = -motion(BOLTS[[b]])[0] - np.array([dead, 0.0, 0.0])
        solved = active_set(ContactProblem(compliance, np.zeros(n), length[held], modes, load))
        assert (solved.force > 0).all()
        force[held], force[b] = solved.member, 1.0
        moved = -motion(BOLTS) @ solved.rigid
        length = np.where(np.arange(4) == b, -(moved + force / stiffness), length)
    return force


def test_tightening_disturbs_its_neighbours() -> None:
    """V20, elastic interaction (Bickford 1995, ch. 6): rigid plates, k_b 2e5, gasket 2.6e6 on 35 x 15, one pass."""
    found = tighten_in_order()
    wanted = np.array([0.957553, 0.930109, 1.171629, 1.0])
    assert np.abs(found - wanted).max() < 1e-6, f"forces {found}"


def test_more_passes_even_out() -> None:
    """V20 repeated: every further pass brings the bolts nearer to 1 (Bickford 1995, ch. 6)."""
    spread = [float(np.ptp(tighten_in_order(passes=k))) for k in (1, 2, 3, 4)]
    assert (np.diff(spread) < 0).all() and spread[-1] < 0.3 * spread[0], f"spreads {spread}"


def test_both_solvers_agree_on_locked_members() -> None:
    """Closed form of a Winkler joint: springs k_i under a rigid plate share a load with a locked bolt."""
    rate, k = np.array([100.0, 300.0, 100.0]), 250.0
    x = np.array([-1.0, 0.0, 1.0])
    modes = np.vstack([np.column_stack([np.ones(3), x]), [[-1.0, 0.0]]])
    gap = np.array([0.0, 0.02, 0.0])
    problem = ContactProblem(
        np.diag(np.append(1 / rate, 1 / k)), gap, np.array([-0.1]), modes, np.array([-40.0, 0.0])
    )
    down = (40 + k * 0.1 + (rate * gap).sum()) / (rate.sum() + k)
    for solved in (active_set(problem), projected_cg(problem)):
        np.testing.assert_allclose(solved.force, rate * (down - gap), rtol=1e-10)
        np.testing.assert_allclose(solved.member, k * (0.1 - down), rtol=1e-9)
