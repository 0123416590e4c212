"""Sized holders by finite elements against their closed forms: V10 with holes and washers, V17, V18 on real sizes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from setups import relative

from holdersim.materials import Elastic, material
from holdersim.nonlinear import model_of
from holdersim.sized import bent, stacked, vessels
from holdersim.sized.alloys import by_nu, fixed_plates
from holdersim.sized.domes import Domed, mesh_domed
from holdersim.weight.plates import bending
from holdersim.weight.point import Point
from holdersim.weight.study import Study, read_study

CASES = Path(__file__).resolve().parents[2] / "cases" / "weights"
COARSE = 10
"""Elements between two lines of bolts: deflections change by less than 0.3 % on finer ones."""


@cache
def study(stack: str, ratio: int = 1000) -> Study:
    """A study of the cases with another deflection ratio."""
    return read_study(CASES / f"{stack}.toml").with_("uniaxial.criterion", {"kind": "ratio", "ratio": ratio})


def plates(stack: str, ratio: int, alloy: str, rating: float) -> tuple[Point, Elastic, bent.Rule, bent.Bent]:
    """A sized uniaxial holder, its closed form, and its plate by finite elements."""
    s, m = study(stack, ratio), material(alloy)
    p = s.size(m, rating)
    return p, m, bent.rule(p, m, s.block), bent.bent(p, m.nu, s.block, COARSE)


# -- plates --------------------------------------------------------------------------------------------------

SLENDER = [("slab", 200, "SS304", 0.1), ("slab", 200, "Al6061-T6", 0.3), ("slab", 200, "4140", 1.0),
           ("cube", 100, "AZ31B", 0.2), ("lab", 100, "Ti-6Al-4V", 0.1), ("module", 200, "C36000", 0.3)]  # fmt: skip


@pytest.mark.parametrize(("stack", "ratio", "alloy", "rating"), SLENDER)
def test_slender_plates_bend_as_kirchhoff_says(stack: str, ratio: int, alloy: str, rating: float) -> None:
    """Spans above 14 thicknesses: deflection within 3 % of Ritz on all bolts, with shear 1.5 %; stress within 6 %."""
    p, m, said, found = plates(stack, ratio, alloy, rating)
    w = found.deflection * rating / m.E
    assert said.slenderness > bent.SLENDER, f"L/t {said.slenderness:.1f}: not a slender plate"
    assert abs(w / said.deflection - 1) < 0.03, f"{w:.5f} mm, Kirchhoff {said.deflection:.5f}"
    assert abs(w / said.sheared - 1) < 0.015, f"{w:.5f} mm, with shear {said.sheared:.5f}"
    assert abs(found.stress * p.rating / said.stress - 1) < 0.06, (
        f"{found.stress * p.rating:.2f}, {said.stress:.2f}"
    )


def test_shear_of_thick_plates() -> None:
    """What Kirchhoff lacks goes as (t/L)^2: 4.0 to 4.6 times, of Mindlin's 5.1 for simple supports; 3 % at L/t 12."""
    p, m, *_ = plates("slab", 1000, "SS304", 1.0)
    span, lacks = p.sizes["bolt span"], {}
    for slender in (8.0, 12.0, 24.0):
        made = replace(p, sizes=p.sizes | {"plate thickness": span / slender})
        c = bending("bolts", m.nu, bent.bay_of(p, study("slab").block)).deflection
        kirchhoff = c * span * 12 * (1 - m.nu**2) * slender**3
        lacks[slender] = bent.bent(made, m.nu, study("slab").block, COARSE).deflection / kirchhoff - 1
    shear = (lacks[8.0] - lacks[24.0]) / (1 / 8**2 - 1 / 24**2)
    assert 3.5 < shear < 5.1, f"{lacks}, coefficient {shear:.2f}"
    assert lacks[8.0] > 0.04 and abs(lacks[24.0]) < 0.012, f"{lacks}"


def test_deflection_settles_with_the_mesh() -> None:
    """8, 12, 24 elements between the bolts: changes below 0.5 %, then below 0.2 %."""
    p, m, *_ = plates("slab", 1000, "SS304", 5.0)
    w = [bent.bent(p, m.nu, study("slab").block, n).deflection for n in (8, 12, 24)]
    assert abs(w[1] / w[0] - 1) < 5e-3 and abs(w[2] / w[1] - 1) < 2e-3, f"{w}"


def test_bolts_that_pull_alike() -> None:
    """Four bolts at the corners are level by themselves; of eight the inner ones bend a plate, here five times more."""
    *_, four = plates("slab", 1000, "SS304", 5.0)
    assert four.uneven == pytest.approx(four.deflection, rel=1e-9)
    *_, eight = plates("vehicle", 1000, "SS304", 2.0)
    assert eight.uneven > 5 * eight.deflection


def test_plates_on_a_soft_stack() -> None:
    """By contact on a stack so soft that it presses evenly, the plate bends as under an even pressure: within 3 %."""
    p, m, _, found = plates("slab", 1000, "SS304", 5.0)
    stack = study("slab").block
    made = stacked.case(p, m, stack)
    state = stacked.solved(made, keep=True)
    u, w = stacked.uniformity(made, state), stacked.deflection(state, stack.loaded)
    assert u.mean == pytest.approx(5.0, rel=1e-9) and u.cv < 0.005 and u.open == 0
    even = found.uneven * p.rating / m.E
    assert abs(w / even - 1) < 0.03, f"{w:.5f} mm on the stack, {even:.5f} under an even pressure"


# -- vessels -------------------------------------------------------------------------------------------------

VESSELS = [("slab", "hemispherical", "SS304", 5.0), ("lab", "hemispherical", "Al6061-T6", 10.0),
           ("cube", "hemispherical", "AZ31B", 7.0), ("slab", "ellipsoidal", "A36", 3.0),
           ("lab", "ellipsoidal", "Ti-6Al-4V", 10.0), ("lab", "flat", "SS316L", 2.0)]  # fmt: skip


@pytest.mark.parametrize(("stack", "closure", "alloy", "rating"), VESSELS)
def test_walls_away_from_their_ends(stack: str, closure: str, alloy: str, rating: float) -> None:
    """V17, Lame: hoop stress at both faces and growth of the bore within 1 %, domes too (sphere)."""
    m = material(alloy)
    p = study(stack).size(m, rating, closure)
    said, found = vessels.by_formula(p), vessels.far(p, m, 2 / 3)
    for name in ("inside", "outside"):
        one, other = getattr(found, name), getattr(said, name)
        assert abs(one / other - 1) < 0.01, f"{name} {one:.3f} MPa, Lame {other:.3f}"
    assert abs(found.growth / vessels.growth(p, m) - 1) < 0.01
    if closure == "hemispherical":
        assert abs(found.end_mean / said.end_mean - 1) < 0.01, (
            f"dome {found.end_mean:.3f}, {said.end_mean:.3f}"
        )


def test_short_vessels_are_all_edge() -> None:
    """A vessel of one decay length has no wall away from its ends: Lame is off by more than 5 %, and it says so."""
    m = material("SS304")
    p = study("slab").with_("isostatic.axis", "height").size(m, 1.0, "hemispherical")
    assert vessels.faded(p, m.nu) < 2
    found, said = vessels.by_elements(p, m, 2 / 3), vessels.by_formula(p)
    assert abs(found.inside / said.inside - 1) > 0.05, f"{found.inside:.2f} against {said.inside:.2f} MPa"


def test_dome_converges() -> None:
    """V17's sphere: stress in the crown and growth of the wall fall with h^1.7 and more, so does the lost volume."""
    a, b = 50.0, 52.5
    exact = np.pi * (b**2 - a**2) * 200 + 4 / 3 * np.pi * (b**3 - a**3)
    crown = (2 * a**3 + b**3) / 2 / (b**3 - a**3)
    grown = a * (0.4 * a**2 + 1.3 * b**2) / (b**2 - a**2)
    errors = []
    for n in (4, 8):
        v = Domed(a, 100.0, b - a, b - a)
        w = vessels._domed(v, 0.3, n)
        lost = 1 - 8 * mesh_domed(v, n).check().volume / exact
        errors.append([abs(e) for e in (lost, w.end_inside / crown - 1, w.growth / grown - 1)])
    rates = np.log2(np.array(errors[0]) / np.array(errors[1]))
    assert rates.min() > 1.7, f"volume, crown, growth: {errors}, rates {rates}"
    assert max(errors[1]) < 0.008


def test_long_box_bends_as_a_frame() -> None:
    """V18b: amid the long side of a long thin box membrane and bending of Appendix 13, within 6 % for t = side/25."""
    sizes = {
        "inside long": 100.0,
        "inside short": 60.0,
        "wall": 2.4,
        "flat ends": 8.0,
        "inside length": 300.0,
    }
    p = Point("any", 1.0, "isostatic", "box", sizes=sizes)
    said, found = vessels.by_formula(p), vessels.by_elements(p, Elastic("any", 1e5, 0.3), 2 / 3)
    assert (found.inside + found.outside) / 2 == pytest.approx((said.inside + said.outside) / 2, rel=0.02)
    assert found.inside - found.outside == pytest.approx(said.inside - said.outside, rel=0.06)


# -- alloys --------------------------------------------------------------------------------------------------


def test_alloys_share_what_is_solved() -> None:
    """Uniformity, bending and stress of plates at fixed sizes equal those of a model of their own, at any rating."""
    s = (
        study("slab")
        .with_("equal", None)
        .with_("alloys", ["SS304", "A36"])
        .with_("ratings", ["2 MPa", "4 MPa"])
    )
    point = s.size(material("SS304"), 5.0)
    assert [len(g) for _, g in by_nu(s.alloys)] == [2]
    table = {(r["alloy"], r["rating [MPa]"]): r for r in fixed_plates(s, point, 1000.0)}
    made = stacked.case(replace(point, rating=4.0), material("A36"), s.block, 1000.0)
    model = model_of(made.assembly(), cache=None)
    state = model.tighten(made.final_forces())
    u = stacked.uniformity(made, state)
    row = table["A36", 4.0]
    found = np.array([row[k] for k in ("bend [um]", "CV [-]", "p5/p95 [-]", "greatest stress [MPa]")])
    own = np.array([u.bend, u.cv, u.p5_p95, stacked.plate_stress(state)])
    assert relative(found / own, np.ones(4)) < 1e-6, f"{found}, own {own}"
    assert table["SS304", 4.0]["CV [-]"] != pytest.approx(row["CV [-]"], rel=1e-3)
