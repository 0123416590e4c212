"""Bolts: table values, torque formulas, stiffness."""

from __future__ import annotations

import pytest

from holdersim.fasteners import CLASSES, SIZES, lengths, proof_load, stiffness, torque_per_force


@pytest.mark.parametrize(
    ("name", "d2", "area", "preload"),
    [
        ("M5", 4.480, 14.18, 6169),
        ("M6", 5.350, 20.12, 8754),
        ("M8", 7.188, 36.61, 15925),
        ("M10", 9.026, 57.99, 25225),
    ],
)
def test_table(name: str, d2: float, area: float, preload: float) -> None:
    """Pitch diameter and stress area of ISO 898-1; 75 % of the proof load in class 8.8."""
    size = SIZES[name]
    assert size.pitch_diameter == pytest.approx(d2, abs=1e-3)
    assert size.stress_area == pytest.approx(area, abs=0.01)
    assert 0.75 * proof_load(size, CLASSES["8.8"]) == pytest.approx(preload, abs=1)


@pytest.mark.parametrize(
    ("friction", "factor"),
    [(0.08, 0.123), (0.10, 0.147), (0.12, 0.171), (0.14, 0.195), (0.16, 0.219), (0.20, 0.267)],
)
def test_friction_form(friction: float, factor: float) -> None:
    """Nut factor of M6 by VDI 2230, M = F (0.16 P + 0.58 d2 mu + Dkm/2 mu); the full form agrees to 1 %."""
    assert torque_per_force(SIZES["M6"], None, friction, friction) / 6 == pytest.approx(factor, rel=0.01)


def test_nut_factor() -> None:
    """T = K F d: 1.05 N m at K = 0.2 on M6 is 875 N."""
    assert 1050 / torque_per_force(SIZES["M6"], 0.2, None, None) == pytest.approx(875.0)
    with pytest.raises(ValueError, match="nut factor"):
        torque_per_force(SIZES["M6"], None, 0.1, None)


def test_stiffness() -> None:
    """M6 with 20 mm shank and 10 mm thread: 1.70e5 N/mm."""
    assert stiffness(SIZES["M6"], 205000, 20, 10) == pytest.approx(1.70e5, rel=2e-3)
    full = 205000 * 3.141592653589793 * 9 / 30
    assert stiffness(SIZES["M6"], 205000, 30, 0) == pytest.approx(full)


def test_lengths_add_up() -> None:
    """Shank and thread fill the grip; the thread never ends outside it."""
    for grip in (3.0, 23.8, 61.0, 120.0):
        shank, thread = lengths(SIZES["M6"], grip)
        assert shank + thread == pytest.approx(grip) and shank >= 0 and thread >= 0
    assert lengths(SIZES["M6"], 23.8) == pytest.approx((17.0, 6.8))
