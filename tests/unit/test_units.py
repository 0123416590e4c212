"""Text with units: what is read, what is refused, and with which words."""

from __future__ import annotations

from math import pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdersim import units as u


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("10 um", u.LENGTH, 0.01),
        ("10 µm", u.SMALL, 0.01),
        ("1 in", u.LENGTH, 25.4),
        ("5 cm^2", u.AREA, 500.0),
        ("5 cm²", u.AREA, 500.0),
        ("2.6 kN", u.FORCE, 2600.0),
        ("10 kgf", u.FORCE, 98.0665),
        ("70 GPa", u.MODULUS, 70000.0),
        ("50 bar", u.PRESSURE, 5.0),
        ("1 kgf/cm^2", u.PRESSURE, 0.0980665),
        ("5 N/mm2", u.PRESSURE, 5.0),
        ("5 Nm", u.TORQUE, 5000.0),
        ("5 N.m", u.TORQUE, 5000.0),
        ("5 N·m", u.TORQUE, 5000.0),
        ("800 Nmm", u.TORQUE, 800.0),
        ("30 degC", u.TEMPERATURE, 303.15),
        ("303.15 K", u.TEMPERATURE, 303.15),
        ("8000 kg/m^3", u.DENSITY, 8e-9),
        ("8 g/cm3", u.DENSITY, 8e-9),
        ("17.2e-6 1/K", u.EXPANSION, 17.2e-6),
        ("17.2e-6/K", u.EXPANSION, 17.2e-6),
        ("90 deg", u.ANGLE, pi / 2),
    ],
)
def test_reads(text: str, kind: u.Kind, value: float) -> None:
    """Field units become mm, N, MPa, K, t/mm3, rad."""
    assert u.read(text, kind) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        (5e6, u.PRESSURE, r'has no unit. Write "5 MPa" \(= 5e\+06 Pa\)'),
        ("10", u.LENGTH, r'has no unit. Write "10 mm"'),
        (70, u.METAL_MODULUS, r'has no unit. Write "70 GPa"'),
        (5, u.TORQUE, r'has no unit. Write "5 N\*m"'),
        (
            "70 MPa",
            u.METAL_MODULUS,
            r'modulus of a metal lies in 10000 to 500000 MPa. Did you mean "70 GPa"\?',
        ),
        ("1 mPa", u.PRESSURE, r'a pressure lies in 0.001 to 1000 MPa. Did you mean "1 MPa"\?'),
        ("160 mm", u.THICKNESS, r'thickness of a layer lies in 0.001 to 5 mm. Did you mean "160 um"\?'),
        ("30 mm", u.SMALL, r'Did you mean "30 um"\?'),
        ("5 Nm", u.LENGTH, "is a torque, not a length"),
        ("5 nm", u.TORQUE, "is a length, not a torque"),
        ("5 mm", u.PRESSURE, "is a length, not a pressure"),
        ("5 MPaa", u.PRESSURE, 'unit "MPaa" is not known'),
        ("five MPa", u.PRESSURE, "write a number and a unit"),
        ("nan MPa", u.PRESSURE, "write a number and a unit"),
        (True, u.PRESSURE, "is not a pressure"),
        (["5 MPa"], u.PRESSURE, "is not a pressure"),
    ],
)
def test_refuses(given: object, kind: u.Kind, words: str) -> None:
    """The message says what is wrong and how to mend it."""
    with pytest.raises(u.UnitMistake, match=words):
        u.read(given, kind)


@given(st.floats(0.01, 5000.0))
def test_writing_and_reading_gives_the_value_back(value: float) -> None:
    """Dumped text reads back to 12 digits."""
    for kind in (u.LENGTH, u.narrowed(u.TORQUE, 0.0, 1e9)):
        assert u.read(u.write(value, kind), kind) == pytest.approx(value, rel=1e-11)


@given(st.floats(0.02, 900.0), st.sampled_from(["MPa", "GPa", "kPa", "Pa", "bar", "psi", "N/mm^2"]))
def test_the_unit_does_not_matter(value: float, unit: str) -> None:
    """The same pressure in any unit is the same number."""
    text = f"{u.convert(value, 'MPa', unit):.15g} {unit}"
    assert u.read(text, u.PRESSURE) == pytest.approx(value, rel=1e-12)


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    """No text makes the reader fall over."""
    try:
        assert u.PRESSURE.low <= u.read(text, u.PRESSURE) <= u.PRESSURE.high
    except u.UnitMistake as mistake:
        assert mistake.problem


@pytest.mark.parametrize("kind", u.KINDS, ids=lambda k: k.noun)
def test_the_short_table_agrees_with_the_whole_one(kind: u.Kind) -> None:
    """Our table of common units gives pint's factors, and suffices for all units we suggest."""
    for unit in {*kind.likely, kind.unit, kind.display} - {"kgf"}:
        short, whole = (u._scale_in(r, unit, kind.unit) for r in (u._common(), u._registry()))
        assert short == pytest.approx(whole, rel=1e-14, abs=1e-300), unit


def test_rare_units_are_known_all_the_same() -> None:
    """What is not in our table is looked up in pint's."""
    assert u.read("725 psi", u.PRESSURE) == pytest.approx(4.99870, rel=1e-5)
    assert u.read("7 lbf*in", u.TORQUE) == pytest.approx(790.9, rel=1e-4)
