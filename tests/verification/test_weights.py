"""Weights by closed forms against tables and formulas worked out apart: V10, V17, V18, V33."""

from __future__ import annotations

from functools import cache
from math import hypot, log, pi, sqrt
from pathlib import Path

import numpy as np
import pytest

from holdersim.materials import Elastic, material
from holdersim.weight import vessels
from holdersim.weight.answers import Claim, break_even, claims
from holdersim.weight.plates import (
    Bay,
    Uniformity,
    bending,
    bending_thickness,
    flexing_thickness,
    simply_supported,
)
from holdersim.weight.point import Infeasible
from holdersim.weight.ritz import _on_bolts, on_bolts
from holdersim.weight.study import Study, allowable, read_study

CASES = Path(__file__).resolve().parents[2] / "cases" / "weights"
METALS = ("Al6061-T6", "Al7075-T6", "Al2024-T3", "SS304", "SS316L", "17-4PH", "4140", "A36",
          "Ti-6Al-4V", "Ti-Gr2", "AZ31B", "IN718", "C36000")  # fmt: skip

RATIOS = """
.27 .24 .21 .25 .29 .28 .31 .35 .32 .35
.28 .22 .16 .17 .17 .15 .17 .18 .17 .18
.28 .23 .18 .19 .20 .19 .21 .23 .21 .23
.40 .32 .25 .26 .27 .25 .28 .31 .29 .31
.40 .32 .27 .28 .31 .30 .34 .37 .35 .38
.40 .32 .24 .22 .20 .16 .15 .15 .13 .13
.41 .33 .24 .22 .21 .17 .17 .18 .16 .16
.41 .33 .27 .29 .31 .30 .34 .37 .35 .38
.33 .27 .20 .18 .17 .14 .14 .15 .13 .13
.33 .26 .23 .25 .29 .28 .31 .35 .32 .35
.23 .21 .19 .22 .26 .25 .28 .31 .29 .31
.41 .33 .24 .22 .21 .16 .16 .15 .13 .14
.33 .26 .22 .24 .26 .25 .29 .32 .30 .32
"""
"""V33: mass of the domed chamber over that of plates, cube of 100 mm, alloys by rows, 1 to 10 MPa."""

MASSES = """
1.66/0.46 2.06/0.49 2.84/0.60 3.32/0.97 4.43/1.38 5.87/2.04
1.70/0.47 2.11/0.47 2.91/0.47 3.40/0.59 4.53/0.75 6.00/1.09
1.67/0.47 2.08/0.47 2.86/0.51 3.35/0.67 4.46/0.94 5.91/1.38
3.34/1.35 4.18/1.35 5.65/1.38 6.65/1.80 8.70/2.41 11.37/3.51
3.35/1.35 4.19/1.35 5.66/1.51 6.67/2.06 8.72/2.93 11.39/4.30
3.26/1.32 4.07/1.32 5.51/1.32 6.49/1.32 8.49/1.32 11.09/1.48
3.22/1.32 4.02/1.32 5.44/1.32 6.41/1.32 8.39/1.46 10.96/1.77
3.24/1.32 4.05/1.32 5.48/1.48 6.46/2.01 8.45/2.85 11.04/4.18
2.23/0.75 2.78/0.75 3.79/0.75 4.45/0.75 5.88/0.85 7.73/1.03
2.32/0.76 2.90/0.76 3.95/0.91 4.64/1.34 6.12/1.92 8.04/2.82
1.29/0.30 1.59/0.33 2.23/0.41 2.59/0.69 3.49/0.98 4.68/1.46
3.39/1.39 4.24/1.39 5.73/1.39 6.75/1.39 8.83/1.39 11.53/1.58
4.39/1.43 5.50/1.43 7.42/1.64 8.75/2.29 11.42/3.26 14.88/4.78
"""
"""V33: kg of plates / chamber at 1, 2, 3, 5, 7, 10 MPa."""

# closure: (pairs in which the chamber is heavier, greatest ratio) for lab, slab, cube, vehicle
ROBUST = {
    "hemispherical": ((0, 0.29), (0, 0.26), (0, 0.41), (0, 0.29)),
    "ellipsoidal": ((0, 0.26), (0, 0.21), (0, 0.45), (0, 0.30)),
    "bolted_cover": ((0, 0.76), (0, 0.70), (52, 1.66), (0, 0.72)),
    "flat": ((0, 0.29), (0, 0.40), (0, 0.94), (0, 0.48)),
    "box": ((0, 0.44), (0, 0.51), (33, 1.24), (0, 0.96)),
}
STACKS = ("lab", "slab", "cube", "vehicle")


@cache
def study(stack: str, ratio: int = 1000, bolts: str = "450 MPa") -> Study:
    """A study of the cases, its criterion and bolts changed."""
    read = read_study(CASES / f"{stack}.toml")
    return read.with_("uniaxial.criterion", {"kind": "ratio", "ratio": ratio}).with_("bolt_stress", bolts)


@cache
def claim(closure: str, stack: str, ratio: int = 1000, bolts: str = "450 MPa") -> Claim:
    """The claim of one closure."""
    return next(c for c in claims(study(stack, ratio, bolts)) if c.closure == closure)


# -- plates --------------------------------------------------------------------------------------------------


def test_plate_on_its_corners() -> None:
    """V10 and its like for other nu; more terms change the deflection less and less."""
    for nu, alpha in ((0.0, 0.0282045), (0.25, 0.0256695), (0.3, 0.0255065), (0.33, 0.0254678)):
        assert on_bolts(nu).deflection == pytest.approx(alpha, rel=3e-6)
    assert on_bolts(0.3).centre == pytest.approx(0.111711, rel=1e-4)
    assert on_bolts(0.3).moment == pytest.approx(0.15044, rel=1e-4)
    found = [_on_bolts(0.3, 1.0, 0.0, 1.0, 1.0, 1, n).deflection for n in (5, 10, 20)]
    finest = _on_bolts(0.3, 1.0, 0.0, 1.0, 1.0, 1, 30).deflection
    errors = [finest - w for w in found]
    assert errors[0] > 0 and log(errors[0] / errors[1], 2) > 4 and log(errors[1] / errors[2], 2) > 4


def test_patch_and_inset_bolts() -> None:
    """w = c P L^2 / D, L the side of the plate: bolts at its corners, at 0.9 and at 0.8 of the half side."""
    expected = {
        1.0: (0.025507, 0.015247, 0.008595),
        0.5: (0.034695, 0.023274, 0.015457),
        0.25: (0.037751, 0.026067, 0.017984),
    }
    for f, row in expected.items():
        for inset, c in zip((1.0, 0.9, 0.8), row, strict=True):
            w = on_bolts(0.3, rim=(1 / inset - 1) / 2, patch=(f / inset, f / inset)).deflection
            assert w * inset**4 / f**2 == pytest.approx(c, rel=3e-4)


def test_bolts_in_lines_hold_better_than_square_bays() -> None:
    """Square bays bend less next to each other, whatever their number, than one alone; a single long bay bends more."""
    alone = on_bolts(0.3).deflection
    rows = [on_bolts(0.3, float(n), n).deflection for n in (2, 3, 4)]
    assert all(0.75 * alone < w < 0.9 * alone for w in rows)
    assert on_bolts(0.3, 2.0, 1).deflection > 3 * alone


def test_simple_supports() -> None:
    """V7: deflection and moment over the short span, b/a 1 to 5; a long plate is a beam of unit width."""
    for aspect, alpha, beta in ((1, 0.004062, 0.047886), (1.5, 0.007724, 0.081160), (2, 0.010129, 0.101683),
                                (3, 0.012233, 0.118861), (5, 0.012971, 0.124625)):  # fmt: skip
        assert simply_supported(float(aspect), 0.3) == pytest.approx((alpha, beta), rel=2e-4)
    assert simply_supported(40.0, 0.3) == pytest.approx((5 / 384, 1 / 8), rel=1e-4)


def test_strip_between_two_lines() -> None:
    """Fully loaded 5 W L^3 / 384 E I and W L / 8; a line load W L^3 / 48 E I and W L / 4; D is E I / (1 - nu^2)."""
    whole = bending("strip", 0.3, Bay(100, 100, 100, 100, 0, 1))
    assert (whole.deflection * (1 - 0.3**2), whole.moment) == pytest.approx((5 / 384, 1 / 8))
    line = bending("strip", 0.3, Bay(100, 100, 100, 0.01, 0, 1))
    assert (line.deflection * (1 - 0.3**2) * 1e4, line.moment * 1e4) == pytest.approx(
        (1 / 48, 1 / 4), rel=1e-3
    )


def test_thickness_gives_the_deflection_and_the_stress() -> None:
    """The formulas turned round: w = c q L^4 / D (1 + 5.1 (t/L)^2), sigma = 6 M / t^2 = 1.5 S."""
    m, span, q, allowed = material("Ti-6Al-4V"), 120.0, 7.0, 0.05
    c = bending("corner", m.nu, Bay(span, span, 100, 100, 10, 1))
    for shear in (False, True):
        t = flexing_thickness(m, c, span, q, allowed, shear)
        w = (
            c.deflection
            * q
            * span**4
            / (m.E * t**3 / 12 / (1 - m.nu**2))
            * (1 + shear * 5.1 * (t / span) ** 2)
        )
        assert w == pytest.approx(allowed, rel=1e-9)
    t = bending_thickness(c, span, q, 80.0)
    assert 6 * c.moment * q * span**2 / t**2 == pytest.approx(1.5 * 80.0)


def test_uniformity_does_not_depend_on_the_pressure() -> None:
    """A bare cell of 0.4 mm and 1 GPa asks for 89 mm of steel over 56 mm, two pads of 3 mm and 10 MPa for 7.8 mm."""
    m = material("SS304")
    c = bending("corner", m.nu, Bay(56, 56, 45, 45, 7.5, 1))
    bare = Uniformity.model_validate({"spread": 0.1, "height": "0.4 mm", "modulus": "1 GPa"})
    pads = Uniformity.model_validate({"spread": 0.1, "height": "6 mm", "modulus": "10 MPa"})
    for rule, thickness in ((bare, 89.4), (pads, 7.81)):
        found = [flexing_thickness(m, c, 56, q, rule.allowed(56, q, 0.0)) for q in (1.0, 10.0)]
        assert found == pytest.approx([thickness] * 2, rel=1e-3)
    both = bare.model_copy(update={"height": 1e-3}).allowed(56, 5.0, 6 / 10)
    assert both == pytest.approx(pads.allowed(56, 5.0, 0.0), rel=1e-3)


# -- vessels -------------------------------------------------------------------------------------------------


def test_vessel_formulas() -> None:
    """V17 and V18 for S 137 MPa, V18b by its stresses, PEEK beyond UG-27 by both editions of Appendix 1-2."""
    assert vessels.cylinder(50, 5, 137.0) == (pytest.approx(1.8657, rel=1e-4), "")
    assert vessels.lame_hoop(50, 60, 5) == pytest.approx(27.7273, rel=1e-5)
    for c, t in ((0.33, 10.974), (0.30, 10.464)):
        assert vessels.flat_end(100, 100, 5, 137.0, c)[0] == pytest.approx(t, rel=1e-4)
    assert vessels.bolted_cover(100, 0.0, 1e5, 5, 137.0)[0] == pytest.approx(10.464, rel=1e-4)
    assert vessels.box(100, 60, 5, 215 / 1.5)[0] == pytest.approx(10.0)
    new, old = (vessels.cylinder(71.7, 8, 19.4, e)[0] for e in ("exponential", "root"))
    assert (new, old) == (pytest.approx(36.6, abs=0.05), pytest.approx(39.5, abs=0.05))
    assert "1-2" in vessels.cylinder(71.7, 8, 19.4)[1]


def test_thin_walls_and_limits() -> None:
    """Thin shells tend to p R / S and p R / 2 S; both editions meet UG-27 there to second order; Lame bears it out."""
    for p in (1.0, 0.1):
        assert vessels.cylinder(100, p, 100.0)[0] == pytest.approx(p, rel=p / 100)
        assert vessels.hemisphere(100, p, 100.0)[0] == pytest.approx(p / 2, rel=p / 100)
        assert vessels.ellipsoid(100, p, 100.0)[0] == pytest.approx(p, rel=p / 100)
    t = vessels.cylinder(100, 5, 100.0)[0]
    assert vessels.lame_hoop(100, 100 + t, 5) == pytest.approx(100, rel=5e-3)
    assert 100 * (sqrt(105 / 95) - 1) == pytest.approx(t, rel=1e-2)
    with pytest.raises(Infeasible, match="reaches the allowable stress"):
        vessels.cylinder(50, 20, 20.0)
    with pytest.raises(Infeasible, match="thicker than its span"):
        vessels.bolted_cover(100, 50.0, 4e5, 5, 20.0)


def test_a_box_bears_what_appendix_13_allows() -> None:
    """At the thickness found the greatest of the three places is at 1.5 S, the membrane below S."""
    for long, short, p in ((100, 100, 5), (100, 60, 5), (300, 30, 2)):
        t = vessels.box(long, short, p, 120.0)[0]
        a = short / long
        k = (1 + a**3) / (1 + a)
        moments = (long**2 * k / 12, long**2 * abs(k - 1.5) / 12, abs(long**2 * k - 1.5 * short**2) / 12)
        total = [
            6 * p * m / t**2 + p * side / (2 * t)
            for m, side in zip(moments, (long, short, long), strict=True)
        ]
        assert max(total) == pytest.approx(180.0) and p * long / (2 * t) <= 120.0


# -- the claim -----------------------------------------------------------------------------------------------


def test_one_point_by_hand() -> None:
    """V33: 304 at 5 MPa on the cube; its strength has the moment of nu 0.3 for all alloys, ours is 0.12 % thicker."""
    s = study("cube")
    m = material("SS304")
    plates, domes = s.size(m, 5.0), s.size(m, 5.0, "hemispherical")
    assert plates.sizes["by deflection"] == pytest.approx(22.086, rel=1e-3)
    assert plates.sizes["by strength"] == pytest.approx(16.913, rel=1.5e-3)
    assert (plates.bolt, plates.bolts, plates.binding) == ("M8", 4, "plates: deflection; bolts: strength")
    assert 1e3 * plates.mass == pytest.approx(6.6516, rel=1e-3)
    assert domes.sizes["wall"] == pytest.approx(2.68244, rel=1e-5) and 1e3 * domes.mass == pytest.approx(
        1.79648, rel=1e-5
    )
    assert domes.binding == "wall: stress; heads: minimum gauge (axis: height)"
    radius = hypot(100, 100) / 2 + 1
    shell = 8e-9 * pi * ((radius + domes.sizes["wall"]) ** 2 - radius**2) * 102
    assert domes.masses["shell"] == pytest.approx(shell, rel=1e-6)


def test_masses_and_ratios_of_130_cells() -> None:
    """V33: both tables to the digits given."""
    s = study("cube")
    pairs = {(p.chamber.alloy, p.chamber.rating): p for p in claim("hemispherical", "cube").pairs}
    for name, row, weights in zip(METALS, RATIOS.split("\n")[1:], MASSES.split("\n")[1:], strict=False):
        found = [pairs[name, float(q)].ratio for q in range(1, 11)]
        assert found == pytest.approx([float(v) for v in row.split()], abs=0.0056), name
        for q, text in zip((1, 2, 3, 5, 7, 10), weights.split(), strict=True):
            p = pairs[name, float(q)]
            both = [1e3 * p.plates.mass, 1e3 * p.chamber.mass]
            assert both == pytest.approx([float(v) for v in text.split("/")], abs=0.0055, rel=1e-3), (name, q)
    assert len(pairs) == 130 == len(s.alloys) * len(s.ratings)


def test_break_even_pressures() -> None:
    """V33: q* of the metals to 1 %, above 10 MPa for all; proportional to the root of the deflection ratio."""
    known = (10.8, 26.7, 18.7, 13.9, 10.5, 62.8, 37.7, 10.4, 45.4, 11.3, 11.8, 59.3, 13.8)
    for name, q in zip(METALS, known, strict=True):
        m = material(name)
        found = break_even(m, allowable(m, "asme"), 1000)
        assert found == pytest.approx(q, rel=0.01) and found > 10
        assert break_even(m, allowable(m, "asme"), 500) == pytest.approx(found * sqrt(0.5))
    for name, stress, q in (("PPS-GF40", 39.0, 7.5), ("CFRP-QI", 120.0, 21.8)):
        assert break_even(material(name), stress, 1000) == pytest.approx(q, rel=0.01)


def test_break_even_is_where_thin_holders_weigh_the_same() -> None:
    """At q* bare plates and a thin domed cylinder of the same cube weigh alike, the better the thinner the wall."""
    m = Elastic("steel", 2e5, 0.3, 8e-9, yield_strength=250, ultimate_strength=400)
    off = []
    for ratio in (100.0, 1.0, 0.01):
        q = break_even(m, 100.0, ratio)
        t = flexing_thickness(m, bending("corner", 0.3, Bay(1, 1, 1, 1, 0, 1)), 1.0, q, 1 / ratio)
        wall, dome = vessels.cylinder(1 / sqrt(2), q, 100.0)[0], vessels.hemisphere(1 / sqrt(2), q, 100.0)[0]
        chamber = 2 * pi / sqrt(2) * wall + 4 * pi / 2 * dome
        off.append(abs(chamber / (2 * t) - 1))
    assert off[0] < 0.03 and log(off[0] / off[1], 10) == pytest.approx(1, abs=0.1) and off[2] < 1e-3


@pytest.mark.parametrize("closure", ROBUST)
def test_where_the_claim_holds_and_where_not(closure: str) -> None:
    """V33: pairs lost and greatest ratio in four stacks; the cover that opens and the box fail on the cube."""
    for stack, (heavier, worst) in zip(STACKS, ROBUST[closure], strict=True):
        found = claim(closure, stack)
        assert len(found.heavier) == heavier, stack
        assert found.worst is not None and found.worst.ratio == pytest.approx(worst, abs=0.0056), stack


def test_deflection_ratio_and_code_bolts() -> None:
    """V33: domes win at any ratio; flat ends, box and cover on the cube and the long box lose pairs below 2000.

    The flange of the cover is not told with V33's numbers; with ours its counts are met to one pair.
    """
    ratios = (300, 500, 1000, 2000)
    for stack in STACKS:
        assert all(not claim("hemispherical", stack, n).heavier for n in ratios)
        assert all(not claim("ellipsoidal", stack, n).heavier for n in ratios)
    lost = {
        ("flat", "cube"): (26, 11, 0, 0),
        ("box", "cube"): (81, 64, 33, 0),
        ("box", "vehicle"): (36, 21, 0, 0),
    }
    for (closure, stack), counts in lost.items():
        assert tuple(len(claim(closure, stack, n).heavier) for n in ratios) == counts
    cover = [len(claim("bolted_cover", "cube", n).heavier) for n in ratios]
    assert cover == pytest.approx([102, 77, 52, 28], abs=1)
    code = [claim(c, "cube", 1000, "172 MPa") for c in ("bolted_cover", "box")]
    assert [len(c.heavier) for c in code] == [pytest.approx(40, abs=1), 0]
    assert [c.worst.ratio for c in code if c.worst] == pytest.approx([1.50, 0.94], abs=0.02)


def test_room_for_fittings() -> None:
    """V33: the least difference of the masses, AZ31B at 1 MPa; heavier fittings turn the sign there, and only there."""
    for stack, room in zip(STACKS, (0.28, 1.04, 0.99, 2.70), strict=True):
        least = claim("hemispherical", stack).tightest
        assert (
            least is not None
            and least.where == "AZ31B, 1 MPa"
            and 1e3 * least.room == pytest.approx(room, abs=0.0055)
        )
        for share, heavier in ((0.99, 0), (1.01, 1)):
            loaded = study(stack).with_("isostatic.fittings", f"{share * 1e3 * least.room} kg")
            assert len(next(c for c in claims(loaded) if c.closure == "hemispherical").heavier) == heavier


def test_lighter_vessels_obey_their_own_rules() -> None:
    """Every domed chamber of the cube: hoop stress by Lame within 2 % of S or below, walls at the gauge or above."""
    s = study("cube")
    for pair in claim("hemispherical", "cube").pairs:
        sizes, stress = pair.chamber.sizes, s.stress(material(pair.chamber.alloy))
        radius = sizes["inside radius"]
        hoop = vessels.lame_hoop(radius, radius + sizes["wall"], pair.chamber.rating)
        assert hoop <= 1.02 * stress and min(sizes["wall"], sizes["heads"]) >= 1.5
        assert np.isclose(hoop, stress, rtol=0.02) or sizes["wall"] == 1.5
