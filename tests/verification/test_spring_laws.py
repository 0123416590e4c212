"""V34 and catalogues: characteristics of disc and coil springs against printed forces; torque of bolts."""

from __future__ import annotations

from math import pi

import numpy as np
import pytest

from holdersim.assembly import SpringLaw
from holdersim.discs import DIN_2093
from holdersim.fasteners import SIZES
from holdersim.springs import Belleville, Coil, Spring

DISC = {"outer": "50 mm", "inner": "25.4 mm", "thickness": "2 mm"}
LONG = {"wire": "4 mm", "diameter": "20 mm", "turns": 6, "free_length": "60 mm", "total_turns": 8}

SUPPLIER = {
    "A8": (0.15, 210),
    "A10": (0.19, 329),
    "A12.5": (0.23, 673),
    "A14": (0.23, 813),
    "A16": (0.26, 1000),
    "A18": (0.30, 1250),
    "A20": (0.34, 1530),
    "A22.5": (0.38, 1950),
    "A25": (0.41, 2910),
    "A28": (0.49, 2850),
    "A31.5": (0.53, 3900),
}
"""Deflection [mm] and force [N] in a supplier's table of DIN 2093 (xmdiscsprings.com, read in 2026)."""


@pytest.mark.parametrize(
    ("size", "quarter", "half", "most", "flat"),
    [
        ("A50", 4255, 8214, 11976, 15640),
        ("B50", 1949, 3491, 4762, 5898),
        ("C50", 854, 1328, 1550, 1646),
        ("A16", 363, 697, 1013, 1319),
        ("B12.5", 120, 215, 294, 364),
    ],
)
def test_belleville(size: str, quarter: float, half: float, most: float, flat: float) -> None:
    """V34 (11976, 4762, 1550 N to 1e-3) and the table around it, whole newtons."""
    disc = Belleville.model_validate({"size": size})
    forces = [disc.force(share * DIN_2093[size][3]) for share in (0.25, 0.5, 0.75, 1.0)]
    assert forces == pytest.approx([quarter, half, most, flat], abs=0.6)
    assert disc.solid == pytest.approx(forces[3])


def test_belleville_meets_a_catalogue() -> None:
    """Eleven sizes of series A: to 0.7 % of the printed force, which is rounded to three digits."""
    off = {n: Belleville.model_validate({"size": n}).force(s) / f - 1 for n, (s, f) in SUPPLIER.items()}
    assert max(map(abs, off.values())) < 0.007, off


def law(kind: str) -> Spring:
    """Springs with a linear, a falling, a flat and a twisted characteristic."""
    made: dict[str, Spring] = {
        "coil": Coil.model_validate(LONG),
        "A": Belleville.model_validate({"size": "A12.5", "series": 3, "parallel": 2}),
        "C": Belleville.model_validate({"size": "C20", "series": 4}),
        "steep": Belleville.model_validate({**DISC, "height": "3.2 mm"}),
    }
    return made[kind]


@pytest.mark.parametrize("kind", ["coil", "A", "C", "steep"])
def test_force_and_compression_are_inverse(kind: str) -> None:
    """compression(force(s)) = s; the rate is the slope of the force, with second order differences."""
    spring = law(kind)
    checked: SpringLaw = spring
    for s in np.linspace(0.05, 0.9, 9) * spring.travel:
        force = spring.force(s)
        assert checked.compression(force) == pytest.approx(s, rel=1e-9)
        errors = []
        for h in (1e-2 * s, 0.5e-2 * s):
            slope = (spring.force(s + h) - spring.force(s - h)) / (2 * h)
            errors.append(abs(slope - checked.rate(force)) / spring.rate(0.0))
        assert errors[1] < 1e-10 or errors[0] / errors[1] == pytest.approx(4.0, rel=1e-2), errors
    assert checked.compression(checked.solid) == pytest.approx(spring.travel, rel=1e-6)
    assert spring.shortest == pytest.approx(spring.length(spring.solid), rel=1e-6)


def test_largest_force_of_a_steep_disc() -> None:
    """Where h0/t > sqrt 2 the travel ends where the slope of the characteristic vanishes, below flat."""
    spring = law("steep")
    assert spring.travel < 3.2 and spring.solid > spring.force(3.2)
    s = np.linspace(0, 3.2, 200001)
    forces = np.array([spring.force(v) for v in s[::100]])
    assert s[::100][forces.argmax()] == pytest.approx(spring.travel, abs=2e-3)
    assert spring.rate(spring.solid) == pytest.approx(0.0, abs=1e-6 * spring.rate(0.0))


def test_stacks() -> None:
    """Parallel adds force, series adds travel: rate x parallel / series."""
    one, stack = Belleville.model_validate({"size": "B50"}), {"size": "B50", "series": 5, "parallel": 2}
    made = Belleville.model_validate(stack)
    assert made.solid == pytest.approx(2 * one.solid) and made.travel == pytest.approx(5 * one.travel)
    assert made.rate(2 * 3000) == pytest.approx(one.rate(3000) * 2 / 5)
    assert made.free == pytest.approx(5 * (1.4 + 2 * 2)) and made.mass == pytest.approx(10 * one.mass)


def test_coil() -> None:
    """d 4, D 20, 6 turns of 79.3 GPa: 52.87 N/mm; stress by Wahl's factor 1.3105 at C = 5."""
    spring = Coil.model_validate(LONG)
    assert spring.rate() == pytest.approx(52.87, rel=1e-3)
    assert (spring.shortest, spring.travel, spring.bore, spring.width) == (32, 28, 16, 24)
    assert spring.solid == pytest.approx(28 * 52.8667, rel=1e-5)
    assert spring.stress(500) == pytest.approx(1.3105 * 8 * 500 * 20 / (pi * 64), rel=1e-4)
    wire = 7.85e-9 * pi / 4 * 16 * 8 * pi * 20
    assert spring.mass == pytest.approx(wire)


def test_torque_of_m6() -> None:
    """V34: nut factor .17073 of M6 at friction 0.12, by the sum 0.16 P + 0.58 d2 mu + Dkm mu/2 of VDI 2230.

    Its factors are rounded for threads of 60 degrees: 1/(2 pi) = 0.159 and 1/(2 cos 30) = 0.577.
    """
    size, mu = SIZES["M6"], 0.12
    summed = 0.16 * size.pitch + 0.58 * size.pitch_diameter * mu + size.head_friction_diameter / 2 * mu
    assert summed / size.diameter == pytest.approx(0.17073, rel=1e-3)
