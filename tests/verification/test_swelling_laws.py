"""Swelling laws against mole balances, crystal volumes and the tables they were derived with."""

from __future__ import annotations

import numpy as np
import pytest

from holdersim.materials import swelling as law
from holdersim.materials.swelling import FULL, RESTORED, Lithium, Ncm811, Silicon

MASS = law.silicon_mass(4.0, 1.2)
EFFICIENCY = 0.769


def silicon(porosity: float, pores: float | str = 0.0, restored: float = RESTORED) -> Silicon:
    """Silicon of 4 mAh/cm2 at N/P 1.2 in a layer of this porosity."""
    thickness = law.dense_silicon(MASS) / (1 - porosity)
    return Silicon(thickness, MASS, FULL / 1.2, EFFICIENCY, pores, restored)


@pytest.mark.parametrize(
    ("x", "charge", "growth"),
    [
        (1.0, 954, 0.738),
        (1.71, 1632, 1.262),
        (2.33, 2223, 1.720),
        (3.125, 2982, 2.307),
        (3.25, 3101, 2.399),
        (3.75, 3579, 2.768),
        (4.4, 4199, 3.247),
    ],
)
def test_volume_of_lithiated_silicon(x: float, charge: float, growth: float) -> None:
    """Charge by Faraday's law and growth by the linear law, to the digits of the table."""
    assert x * law.SPECIFIC / FULL == pytest.approx(charge, abs=1.0)
    assert law.silicon_ratio(x) - 1 == pytest.approx(growth, abs=1.01e-3)


def test_volume_of_the_crystal() -> None:
    """The law meets Li15Si4 with 16 Si in a cube of 10.60 to 10.69 A, which the law does not know."""
    crystal = np.array([10.60, 10.69]) ** 3 * 0.60221408 / 16
    assert crystal.min() < law.SILICON_VOLUME * law.silicon_ratio(FULL) < crystal.max()


def test_mass_and_dense_thickness() -> None:
    """4 mAh/cm2 at N/P 1.2 need 1.341 mg/cm2, 5.76 um dense, 9.6 um at 40 % porosity."""
    assert pytest.approx(1.341, abs=5e-4) == MASS
    assert law.dense_silicon(MASS) == pytest.approx(5.76e-3, abs=5e-6)
    assert silicon(0.4).thickness == pytest.approx(9.6e-3, abs=5e-5)
    assert Silicon(9.6e-3, MASS, FULL, 1.0).porosity == pytest.approx(0.4, abs=1e-3)


@pytest.mark.parametrize("np_ratio", [1.0, 1.2, 2.0, 3.5])
def test_added_solid_depends_on_the_charge_only(np_ratio: float) -> None:
    """Lithium adds 8.9 cm3/mol whatever silicon takes it: 3.321 um per mAh/cm2, 13.28 um for 4."""
    sheet = Silicon(1.0, law.silicon_mass(4.0, np_ratio), FULL / np_ratio, 1.0)
    added = 1e3 * (sheet.solid(sheet.full) - sheet.dense)
    assert added == pytest.approx(4 * 8.9 * 3.6 / law.FARADAY * 1e4, rel=1e-12)
    assert added / 4 == pytest.approx(3.321, abs=5e-4)


@pytest.mark.parametrize(
    ("porosity", "left", "pristine", "growth"),
    [
        (0.6, 0.0, 14.4, 4.6),
        (0.6, 0.1, 14.4, 6.8),
        (0.6, 0.2, 14.4, 9.4),
        (0.5, 0.0, 11.5, 7.5),
        (0.5, 0.1, 11.5, 9.6),
        (0.5, 0.2, 11.5, 12.3),
        (0.4, 0.0, 9.6, 9.4),
        (0.4, 0.1, 9.6, 11.6),
        (0.4, 0.2, 9.6, 14.2),
        (0.3, 0.0, 8.2, 10.8),
        (0.3, 0.1, 8.2, 12.9),
        (0.3, 0.2, 8.2, 15.6),
        (0.0, 0.0, 5.8, 13.3),
    ],
)
def test_growth_through_pores(porosity: float, left: float, pristine: float, growth: float) -> None:
    """Thickness [um] before and growth on the first charge, to the digits of the table."""
    sheet = silicon(porosity, left)
    assert 1e3 * sheet.thickness == pytest.approx(pristine, abs=0.051)
    assert 1e3 * sheet.thickness * sheet.growth(1.0, 1.0) == pytest.approx(growth, abs=0.051)


def test_pores_that_stay_let_the_layer_grow_like_its_particles() -> None:
    sheet = silicon(0.4, "kept")
    for soc in (0.1, 0.5, 1.0):
        assert sheet.growth(soc, soc) == pytest.approx(law.silicon_ratio(sheet.full * soc) - 1, rel=1e-12)


def test_published_electrode() -> None:
    """27, 55 and 40 um are returned for the electrode they come from; 9.5, 19.4 and 14.1 um for 1.341 mg/cm2."""
    source = Silicon(27e-3, law.TAN_MASS, 3.35, 1.0, "published")
    seen = [1e3 * source.height(soc, peak) for soc, peak in ((0, 0), (1, 1), (0, 1))]
    assert seen == pytest.approx([27, 55, 40], abs=0.01)
    scaled = Silicon(27e-3 * MASS / law.TAN_MASS, MASS, FULL / 1.2, EFFICIENCY, "published")
    seen = [1e3 * scaled.height(soc, peak) for soc, peak in ((0, 0), (1, 1), (0, 1))]
    assert seen == pytest.approx([9.5, 19.4, 14.1], abs=0.051)
    assert seen[1] - seen[0] == pytest.approx(9.9, abs=0.051)
    assert seen[1] - seen[2] == pytest.approx(5.3, abs=0.051)


def test_filled_pores_give_the_published_thicknesses() -> None:
    """Pores filled by Li3.35Si and partly open afterwards: 27, 57 and 41 um against 27, 55 and 40."""
    sheet = Silicon(27e-3, law.TAN_MASS, 3.35, 1.0)
    assert sheet.porosity == pytest.approx(0.40, abs=0.01)
    assert 1e3 * sheet.height(1, 1) == pytest.approx(57, abs=0.5)
    assert 1e3 * sheet.height(0, 1) == pytest.approx(40, rel=0.04)


def test_first_cycle_leaves_lithium() -> None:
    """Of x = 3.125 are 23.1 % left, x = 0.72, and the particles are 1.53 times as large as before."""
    sheet = silicon(0.4)
    assert sheet.content(1, 1) == pytest.approx(3.125, rel=1e-12)
    assert sheet.content(0, 1) == pytest.approx((1 - EFFICIENCY) * 3.125, rel=1e-12)
    assert sheet.content(0, 1) == pytest.approx(0.72, abs=5e-3)
    assert law.silicon_ratio(sheet.content(0, 1)) == pytest.approx(1.53, abs=5e-3)


@pytest.mark.parametrize(("x", "change"), [(1.0, 0.0), (0.6, -1.3), (0.4, -2.3), (0.25, -4.8), (0.15, -6.6)])
def test_ncm811_meets_its_table(x: float, change: float) -> None:
    """Change of volume [%] of pure NCM811 charged to x."""
    assert 100 * Ncm811(x, 1.0, 1.0).growth(1.0, 1.0) == pytest.approx(change, abs=1e-9)


def test_ncm811_falls_without_overshoot() -> None:
    """Between the points the curve keeps falling, fastest at low content."""
    growth = np.array([Ncm811(0.15, 1.0, 1.0).growth(s, s) for s in np.linspace(0, 1, 400)])
    assert np.all(np.diff(growth) < 0)
    assert np.diff(growth)[-40:].mean() < 3 * np.diff(growth)[:40].mean()


def test_cathode_layer() -> None:
    """113 um with 43 % of NCM811: 2.4 um thinner at x = 0.25, 2.8 at 0.2, opposite to silicon."""
    for x, change in ((0.25, -2.33), (0.2, -2.82), (0.15, -3.21)):
        assert 113 * Ncm811(x, 1.0, 0.43).growth(1.0, 1.0) == pytest.approx(change, abs=0.01)


def test_ncm811_takes_back_what_the_silicon_gives() -> None:
    """In every state both have moved the same charge: lithium is conserved."""
    cathode, anode = Ncm811(0.274, EFFICIENCY, 0.43), silicon(0.4)
    for soc, peak in ((0.3, 0.3), (0.3, 0.7), (0.0, 1.0), (1.0, 1.0)):
        given = (1.0 - cathode.content(soc, peak)) / (1.0 - 0.274)
        assert given == pytest.approx(anode.content(soc, peak) / anode.full, rel=1e-12)


def test_plated_lithium() -> None:
    """4.85 um per mAh/cm2: 19.4 um on 20 um for 4; the part that is lost stays on."""
    sheet = Lithium(20e-3, 4.0, 0.9)
    assert pytest.approx(4.85, abs=5e-3) == law.UM_PER_CAPACITY
    assert 20 * sheet.growth(1.0, 1.0) == pytest.approx(19.4, abs=0.01)
    assert 20 * sheet.growth(0.0, 1.0) == pytest.approx(1.94, abs=0.01)


@pytest.mark.parametrize(
    ("source", "ends"), [("indentation", (90, 12)), ("film", (160, 8)), ("computed", (95, 38))]
)
def test_modulus_between_powder_and_alloy(source: str, ends: tuple[float, float]) -> None:
    """3 GPa when pristine, that of the dense alloy once the pores are closed; the flow stress goes along."""
    sheet = silicon(0.4)
    made = law.silicon_law(sheet, source, "curvature", 3e3)
    assert made.young(0.0) == pytest.approx(3e3, rel=1e-9)
    x = 3.125
    assert made.young(x) == pytest.approx(1e3 * (ends[0] + (ends[1] - ends[0]) * x / 3.75), rel=1e-9)
    assert made.yields(0.0) == pytest.approx(1750 * 3 / ends[0], rel=1e-9)
    assert made.yields(x) == pytest.approx(1750 - 750 * x / 3.75, rel=1e-9)


def test_dense_silicon_has_the_modulus_of_the_alloy_throughout() -> None:
    made = law.silicon_law(silicon(0.0), "film", "film", 3e3)
    assert made.young(0.0) == pytest.approx(160e3)
    assert made.yields(3.0) == pytest.approx(50.0)
