"""Gases, liquids and closed charges against CoolProp's table (V32), the ideal limit and thermodynamics."""

from __future__ import annotations

from math import log

import pytest
from pydantic import TypeAdapter, ValidationError

from holdersim.fluid import (
    ATMOSPHERE,
    GASES,
    LIQUIDS,
    TNT,
    AnyFluid,
    Charge,
    ClosedGas,
    Fluid,
    R,
    brode_energy,
    gas_energy,
    liquid_energy,
    settled,
)
from holdersim.schema import mistakes

WARM = 303.15
LITRE = 1e6


def fluid(**data: object) -> Fluid:
    return TypeAdapter(AnyFluid).validate_python(data)  # type: ignore[no-any-return]


def closed(gas: str = "air", **more: object) -> Fluid:
    return fluid(kind="closed_gas", gas=gas, temperature="30 degC", **more)


@pytest.mark.parametrize(("p", "t", "rho", "z", "slope", "modulus"), [
    (1.101, 30, 12.69, 0.9972, 0.00372, 1.099), (5.101, 20, 61.37, 0.9878, 0.01958, 5.072),
    (5.101, 30, 59.10, 0.9919, 0.01876, 5.091), (5.101, 60, 53.27, 1.0013, 0.01670, 5.132),
    (10.101, 30, 116.62, 0.9954, 0.04074, 10.289),
])  # fmt: skip
def test_air_against_coolprop(p: float, t: float, rho: float, z: float, slope: float, modulus: float) -> None:
    """V32, CoolProp 8: density [kg/m3], Z, dp/dT, isothermal bulk modulus of air, to 0.2 %."""
    air, kelvin = GASES["air"], t + 273.15
    d = air.density(p, kelvin)
    found = (
        d * air.molar_mass * 1e12,
        air.compressibility(d, kelvin),
        air.slope(d, kelvin),
        air.bulk_modulus(d, kelvin),
    )
    for value, wanted in zip(found, (rho, z, slope, modulus), strict=True):
        assert value == pytest.approx(wanted, rel=2e-3)


@pytest.mark.parametrize(("gas", "z", "slope"), [("nitrogen", 0.9978, 0.01872), ("argon", 0.9744, 0.01890)])
def test_other_gases_against_coolprop(gas: str, z: float, slope: float) -> None:
    """V32, CoolProp 8 at 5.101 MPa and 30 degC."""
    d = GASES[gas].density(5.101, WARM)
    assert GASES[gas].compressibility(d, WARM) == pytest.approx(z, rel=1e-3)
    assert GASES[gas].slope(d, WARM) == pytest.approx(slope, rel=2e-3)


@pytest.mark.parametrize(("kelvin", "change"), [(-10, -0.1877), (10, 0.1875), (20, 0.3749), (30, 0.5620)])
def test_a_closed_charge_warms_up(kelvin: float, change: float) -> None:
    """V32: air at 5.101 MPa absolute, 30 degC, in a rigid vessel."""
    charge = Charge(5.101 - ATMOSPHERE, WARM, LITRE)
    assert closed().pressure(charge, WARM + kelvin, LITRE) - charge.pressure == pytest.approx(
        change, rel=2e-3
    )


@pytest.mark.parametrize(("displaced", "change"), [(0.05, 0.002547), (0.5, 0.025581), (5, 0.267974)])
def test_a_closed_charge_is_displaced(displaced: float, change: float) -> None:
    """V32: a cell that grows by so many mL in 100 mL of air at 5.101 MPa absolute."""
    charge = Charge(5.101 - ATMOSPHERE, WARM, 1e5)
    found = closed().pressure(charge, WARM, 1e5 - 1e3 * displaced) - charge.pressure
    assert found == pytest.approx(change, rel=2e-3)


@pytest.mark.parametrize("gas", GASES)
def test_thin_gases_are_ideal(gas: str) -> None:
    """Z -> 1 and K -> p in proportion to the pressure."""
    g = GASES[gas]
    miss = [abs(g.compressibility(g.density(p, WARM), WARM) - 1) for p in (1e-3, 1e-2)]
    assert miss[1] < 1e-3 and miss[0] == pytest.approx(miss[1] / 10, rel=0.01)
    assert g.bulk_modulus(g.density(1e-4, WARM), WARM) == pytest.approx(1e-4, rel=1e-5)
    assert g.density(1e-4, WARM) == pytest.approx(1e-4 / (R * WARM), rel=1e-5)


@pytest.mark.parametrize("gas", GASES)
@pytest.mark.parametrize(("p", "t"), [(0.5, 268.0), (5.0, 303.0), (10.0, 345.0)])
def test_derivatives_against_differences(gas: str, p: float, t: float) -> None:
    """Bulk modulus and dp/dT are those of p(rho, T), and so is the triple product of dp, dT and drho."""
    g = GASES[gas]
    d = g.density(p, t)
    assert g.pressure(d, t) == pytest.approx(p, rel=1e-12)
    h = 1e-5
    modulus = (g.pressure(d * (1 + h), t) - g.pressure(d * (1 - h), t)) / (2 * h)
    slope = (g.pressure(d, t * (1 + h)) - g.pressure(d, t * (1 - h))) / (2 * h * t)
    assert g.bulk_modulus(d, t) == pytest.approx(modulus, rel=1e-8)
    assert g.slope(d, t) == pytest.approx(slope, rel=1e-8)
    expansion = -log(g.density(p, t * (1 + h)) / g.density(p, t * (1 - h))) / (2 * h * t)
    assert g.bulk_modulus(d, t) * expansion == pytest.approx(slope, rel=1e-7)


def test_a_regulator_keeps_the_pressure_and_a_liquid_is_stiff() -> None:
    """Water: 0.695 MPa/K in a rigid vessel; 7 uL in 100 mL 0.16 MPa."""
    charge = Charge(5.0, WARM, 1e5)
    assert fluid(kind="regulated").pressure(charge, WARM + 30, 9e4) == 5.0
    water = fluid(kind="liquid", liquid="water", temperature="30 degC")
    assert water.pressure(charge, WARM + 1, 1e5) - 5 == pytest.approx(0.695, rel=2e-3)
    assert water.pressure(charge, WARM, 1e5 - 7) - 5 == pytest.approx(0.16, rel=0.02)
    assert water.pressure(charge, WARM - 50, 1e5) == -ATMOSPHERE
    roomy = fluid(kind="liquid", liquid="water", temperature="30 degC", more="100 mL")
    assert roomy.pressure(charge, WARM, 1e5 - 7) - 5 == pytest.approx(0.08, rel=0.02)


def test_stored_energy() -> None:
    """Physics.md 8: 5 MPa 0.1 L 859 J, 1 L 8.59 kJ (2.0 g TNT), 10 MPa 18.5 kJ, Brode 12.5 kJ, water 5.6 J."""
    assert gas_energy(5, 0.1 * LITRE) == pytest.approx(859, rel=2e-3)
    assert gas_energy(5, LITRE) == pytest.approx(8590, rel=2e-3)
    assert gas_energy(10, LITRE) == pytest.approx(18.5e3, rel=3e-3)
    assert gas_energy(5, LITRE) / TNT == pytest.approx(2.0e-3, rel=0.01)
    assert brode_energy(5, LITRE) == pytest.approx(12.5e3)
    assert liquid_energy(5, LITRE, LIQUIDS["water"].bulk_modulus) == pytest.approx(5.6, rel=0.02)


def test_warnings_of_stored_energy() -> None:
    assert closed().warnings(5, 0.1 * LITRE) == []
    (text,) = closed().warnings(5, LITRE)
    assert text.startswith("air at 5 MPa in 1000 mL stores 8.6 kJ (2 g TNT): test with a liquid")
    assert "not fitted" in closed("argon").warnings(12, 10.0)[0]
    assert fluid(kind="liquid", liquid="oil", temperature="20 degC").warnings(12, LITRE) == []


def test_a_chamber_that_gives_way_settles_at_less() -> None:
    """V(p) = V0 (1 + p k): water of bulk modulus K warmed by dT gains K a dT / (1 + K k), wall and water in series."""
    water, charge, k = (
        fluid(kind="liquid", liquid="water", temperature="30 degC"),
        Charge(5.0, WARM, 1e5),
        1e-4,
    )
    p = settled(water, charge, WARM + 0.1, lambda p: 1e5 * (1 + k * (p - 5)))
    rigid = LIQUIDS["water"].bulk_modulus * LIQUIDS["water"].expansion * 0.1
    assert p - 5 == pytest.approx(rigid / (1 + LIQUIDS["water"].bulk_modulus * k), rel=1e-4)
    assert settled(closed(), charge, WARM, lambda p: 1e5) == pytest.approx(5.0, abs=1e-9)
    assert settled(fluid(kind="regulated"), charge, WARM, lambda p: 1e5 + p) == pytest.approx(5.0, abs=1e-9)
    assert settled(water, charge, WARM - 50, lambda p: 1e5) == -ATMOSPHERE


@pytest.mark.parametrize(("data", "words"), [
    ({"kind": "steam"}, 'there is no kind "steam". Known: closed_gas, liquid, regulated.'),
    ({"kind": "closed_gas", "gas": "air"}, "temperature: is missing. It is temperature at which the valve was closed"),
    ({"kind": "closed_gas", "gas": "helium", "temperature": "30 degC"}, 'gas = "helium": must be'),
    ({"kind": "closed_gas", "gas": "air", "temperature": 30}, "temperature = 30: has no unit"),
    ({"kind": "liquid", "liquid": "water", "temperature": "30 degC", "more": "3 mm"}, "is a length, not a volume"),
    ({"kind": "regulated", "temperature": "30 degC"}, 'temperature = "30 degC": unknown key'),
])  # fmt: skip
def test_mistakes(data: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        fluid(**data)
    assert words in "\n".join(str(m) for m in mistakes(caught.value))


def test_a_fluid_reads_back() -> None:
    made = closed("argon", more="12 mL")
    assert isinstance(made, ClosedGas) and made.more == 12e3
    assert fluid(**made.model_dump()) == made
