"""Plunger cell: Janssen's slices against axisymmetric finite elements, and the pellet between guided plungers."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import exp, log, pi

import numpy as np
import pytest
from axisymmetric import pressed_column
from setups import RIGID

from holdersim.assembly import Layer, Rect
from holdersim.holder import Mesh, holders
from holdersim.janssen import Column, lateral_ratio, ring_compliance
from holdersim.materials.elastic import Elastic
from holdersim.pellets import Pellet
from holdersim.solve import Model, State

RIGID_WALL = 1e-10
"""Compliance of a wall [1/MPa] that is rigid beside any disc."""

SOFT, HARD = Elastic("soft", 4700.0, 0.3), Elastic("hard", 8000.0, 0.4)


def discs(*parts: tuple[float, Elastic]) -> tuple[Layer, ...]:
    """Layers from bottom to top by thickness [mm] and material."""
    return tuple(Layer(f"d{i}", t, Rect.centred(1, 1), m) for i, (t, m) in enumerate(parts))


@pytest.mark.parametrize("wall", [RIGID_WALL, 5e-4])
def test_slices_against_finite_elements(wall: float) -> None:
    """One disc of unit slenderness: the exponent is off by a share that falls with the friction squared."""
    layers, errors, frictions = discs((13.0, SOFT)), [], (0.4, 0.2, 0.1)
    for friction in frictions:
        found = -log(pressed_column(layers, 13.0, friction, wall)[-1])
        wanted = -log(list(Column(layers, 13.0, friction, wall).shares().values())[-1])
        errors.append(found / wanted - 1)
    rates = [log(a / b, 2) for a, b in pairwise(errors)]
    assert abs(errors[-1]) < 2e-3, f"exponents off by {errors}"
    assert all(1.9 < r < 2.1 for r in rates), f"rates {rates}"


def test_layers_of_a_pellet() -> None:
    """Unlike layers: the pressure at every level is off by 0.02 % at mu = 0.1, and by four times that at twice mu."""
    layers, worst = discs((0.1, SOFT), (0.5, HARD), (0.3, SOFT)), []
    for friction in (0.4, 0.2, 0.1):
        shares = list(Column(layers, 13.0, friction).shares().values())
        found = pressed_column(layers, 13.0, friction, RIGID_WALL)
        assert len(found) == len(shares) == 4 and shares[0] == found[0] == 1.0
        worst.append(max(abs(a - b) for a, b in zip(found, shares, strict=True)))
    rates = [log(a / b, 2) for a, b in pairwise(worst)]
    assert worst[-1] < 2e-4 and all(1.8 < r < 2.2 for r in rates), f"off by {worst}, rates {rates}"


def test_the_finite_elements_converge() -> None:
    """Twice the cells change the transmitted force by less than 1e-5."""
    layers = discs((0.5, SOFT), (0.3, HARD))
    coarse, fine = (pressed_column(layers, 13.0, 0.3, RIGID_WALL, n)[-1] for n in (12, 24))
    assert abs(coarse - fine) < 1e-5, f"{coarse:.8f}, {fine:.8f}"


def test_closed_form() -> None:
    """One disc: s = s0 exp(-4 mu k h / D), k = nu / (1 - nu); the press force makes up for it."""
    column = Column(discs((6.0, SOFT)), 13.0, 0.2)
    share = exp(-4 * 0.2 * (0.3 / 0.7) * 6.0 / 13.0)
    assert column.shares() == pytest.approx({"upper plunger | d0": 1.0, "d0 | lower plunger": share})
    assert column.loss == pytest.approx(1 - share)
    assert column.force(5.0, "d0") == pytest.approx(5.0 / share * pi / 4 * 169)


def test_a_floating_die_presses_from_both_ends() -> None:
    """Both plungers press alike and the least is in the middle: half the exponent of a standing die."""
    layers = discs((2.0, SOFT), (3.0, HARD), (2.0, SOFT))
    stands, floats = (Column(layers, 13.0, 0.2, floating=f) for f in (False, True))
    whole = -log(1 - stands.loss)
    assert floats.loss == 0.0
    shares = list(floats.shares().values())
    assert shares == pytest.approx(shares[::-1])
    assert floats.least("d1") == pytest.approx(exp(-whole / 2))
    assert floats.least("d0") == pytest.approx(shares[1]) and stands.least("d0") == pytest.approx(
        1 - stands.loss
    )


def test_walls() -> None:
    """Rigid: nu / (1 - nu). Thin ring: R / (E t). Thick one: (1 + nu) / E. Nothing holds: no lateral pressure."""
    steel = Elastic("steel", 200e3, 0.3)
    assert lateral_ratio(SOFT) == pytest.approx(0.3 / 0.7)
    assert ring_compliance(steel, 100.0, 100.2) == pytest.approx(50 / 0.1 / 200e3, rel=2e-3)
    assert ring_compliance(steel, 1.0, 1e4) == pytest.approx(1.3 / 200e3, rel=1e-6)
    assert lateral_ratio(SOFT, 1e9) < 1e-12


def pressed(force: float, rigid: bool = False, **keys: object) -> State:
    """The default pellet under a force [N]; rigid: between rigid plungers."""
    holder = holders()["plunger_die"].model_validate(keys)
    assembly = holder.build(Pellet(), Mesh(level=0).sizes(0.5))  # type: ignore[attr-defined]
    if rigid:
        solids = tuple(replace(s, material=RIGID) if s.name != "cell" else s for s in assembly.solids)
        assembly = replace(assembly, solids=solids)
    return Model(assembly).tighten({b.name: force / len(assembly.bolts) for b in assembly.bolts})


def test_parallel_plungers_press_evenly() -> None:
    """Guided flat plungers on a pellet in a rigid smooth die: force over area everywhere, to 1e-9."""
    state = pressed(2655.0)
    wanted = 2655.0 / (pi / 4 * 169)
    for face in ("cell_bottom", "cell_top"):
        assert np.abs(state.pressure(face) / wanted - 1).max() < 1e-9, face


def strip_compliance() -> float:
    """Thickness change per pressure [mm/MPa] of a strip that spreads along x against its neighbours, not along y.

    One lateral strain e for all layers without resultant, sum t (E e / (1 - nu^2) + nu s / (1 - nu)) = 0, and
    strain s / M - nu e / (1 - nu) through each layer.
    """
    parts = [(la.thickness, la.material.E, la.material.nu) for la in Pellet().layers()]
    push = sum(t * nu / (1 - nu) for t, _, nu in parts)
    return Pellet().compliance + push**2 / sum(t * e / (1 - nu**2) for t, e, nu in parts)


def test_a_plunger_that_is_not_parallel() -> None:
    """Rigid plungers 1 um out of parallel: a strip of the thin pellet carries less by gap over compliance, within 1 %.

    In the middle along y: near the wall, which holds the sides, the strips cannot spread.
    """
    state, force = pressed(2655.0, rigid=True, top={"tilt": {"rise": "1 um"}}), 2655.0
    pressure, side = state.pressure("cell_top"), (pi / 4 * 169) ** 0.5
    x, y = (c.reshape(pressure.shape) for c in state.joint("cell_top").grid.centres)
    wanted = force / side**2 - 1e-3 * x / side / strip_compliance()
    inner = (np.abs(x) < side / 2 - Pellet().thickness) & (np.abs(y) < side / 8)
    error = np.abs(pressure / wanted - 1)[inner].max()
    assert np.ptp(wanted) > 0.4 * wanted.mean() and error < 0.01, f"off by {error:.2e}"
