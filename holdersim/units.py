"""Numbers in mm, N, MPa, s, K, t/mm3 from text with a unit; the only module that knows pint.

A case file says "5 MPa", never 5. Each quantity type carries the range in which such a quantity plausibly
lies, so that um typed as mm, or GPa as MPa, is a mistake with a hint and not a wrong result.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer
from pydantic_core import PydanticCustomError

NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*$")


@dataclass(frozen=True)
class Kind:
    """A kind of quantity: its unit inside (`unit`) and in dumps (`shown`), its plausible range [unit].

    likely: units to try, in this order, when a value is out of range or has no unit.
    """

    noun: str
    unit: str
    low: float
    high: float
    likely: tuple[str, ...]
    shown: str = ""

    @property
    def display(self) -> str:
        """Unit used when a value is written out."""
        return self.shown or self.unit


class UnitMistake(ValueError):
    """A text that is not the wanted quantity: `problem` and a `hint` how to mend it."""

    def __init__(self, problem: str, hint: str = ""):
        self.problem, self.hint = problem, hint
        super().__init__(f"{problem} {hint}".strip())


COMMON = """\
micro- = 1e-6 = µ- = μ- = u-
nano- = 1e-9 = n-
milli- = 1e-3 = m-
centi- = 1e-2 = c-
kilo- = 1e3 = k-
mega- = 1e6 = M-
giga- = 1e9 = G-
meter = [length] = m
second = [time] = s
minute = 60 * second = min
hour = 3600 * second = h
day = 86400 * second
gram = [mass] = g
kelvin = [temperature] = K
degree_Celsius = kelvin; offset: 273.15 = °C = degC
radian = [] = rad
degree = 0.017453292519943295 * radian = deg
inch = 0.0254 * meter = in
tonne = 1e6 * gram = t
ampere = [current] = A
ampere_hour = 3600 * ampere * second = Ah
newton = kilogram * meter / second ** 2 = N
pascal = newton / meter ** 2 = Pa
bar = 1e5 * pascal
"""
"""Units of nearly every case. pint's whole table takes 0.15 s to load, so it is asked only for the others."""


@cache
def _common() -> Any:
    import pint

    registry = pint.UnitRegistry(None)
    registry.load_definitions(COMMON.splitlines())
    return registry


@cache
def _registry() -> Any:
    import pint

    return pint.UnitRegistry()


def _tidy(unit: str) -> str:
    """Unit as pint reads it: "Nm" is newton metre (unknown to pint), "cm3" is "cm^3", "N.m" is "N*m"."""
    unit = re.sub(r"(?<=[A-Za-z])\s*[.·⋅]\s*(?=[A-Za-z])", "*", unit.replace("²", "^2").replace("³", "^3"))
    unit = re.sub(r"\b([kmM]?N)(m{1,2})\b", r"\1*\2", unit)
    unit = re.sub(r"(?<=[A-Za-z])(\d)", r"^\1", unit)
    return "1" + unit if unit.startswith("/") else unit


@cache
def _scale(unit: str, target: str) -> tuple[float, float] | None:
    """(factor, offset) with value[target] = factor * value[unit] + offset; None if the dimensions differ."""
    try:
        return _scale_in(_common(), unit, target)
    except Exception:  # not a common unit, or none at all: pint's whole table decides
        return _scale_in(_registry(), unit, target)


def _scale_in(registry: Any, unit: str, target: str) -> tuple[float, float] | None:
    given, wanted = registry.parse_units(_tidy(unit)), registry.parse_units(_tidy(target))
    if given.dimensionality != wanted.dimensionality:
        return None
    zero, one = (registry.Quantity(v, given).to(wanted).magnitude for v in (0.0, 1.0))
    return float(one - zero), float(zero)


def convert(value: float, unit: str, target: str) -> float:
    """Value in `target`, from a value in `unit`."""
    scale = _known(unit, target)
    if scale is None:
        raise UnitMistake(f'"{unit}" cannot be turned into {target}')
    return value * scale[0] + scale[1]


def _known(unit: str, target: str) -> tuple[float, float] | None:
    try:
        return _scale(unit, target)
    except Exception as unknown:  # pint raises half a dozen kinds, tokenizer errors among them
        raise UnitMistake(f'unit "{unit}" is not known.', f'Write for example "{target}".') from unknown


def read(text: Any, kind: Kind) -> float:
    """Value in the kind's unit from text such as "5 MPa"; raises UnitMistake with a hint."""
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise UnitMistake(f'is not {kind.noun}: write text with a unit, such as "1 {kind.likely[0]}".')
    match = NUMBER.match(str(text))
    if match is None:
        raise UnitMistake(f'is not {kind.noun}: write a number and a unit, such as "1 {kind.likely[0]}".')
    number, unit = float(match[1]), match[2]
    if not unit or not isinstance(text, str):
        raise UnitMistake("has no unit.", _advice(number, kind))
    scale = _known(unit, kind.unit)
    if scale is None:
        raise UnitMistake(f'is {_named(unit)}, not {kind.noun}: write for example "1 {kind.likely[0]}".')
    value = float(f"{number * scale[0] + scale[1]:.14g}")
    if not kind.low * (1 - 1e-12) <= value <= kind.high * (1 + 1e-12):
        other = guess(number, kind)
        hint = f'Did you mean "{number:g} {other}"?' if other else ""
        raise UnitMistake(f"{kind.noun} lies in {limits(kind)}.", hint)
    return value


def guess(number: float, kind: Kind) -> str:
    """The likely unit with which this number is in range, or ""."""
    for unit in kind.likely:
        scale = _scale(unit, kind.unit)
        if scale and kind.low <= number * scale[0] + scale[1] <= kind.high:
            return unit
    return ""


def _advice(number: float, kind: Kind) -> str:
    unit = guess(number, kind)
    if not unit:
        return f'Write a number with its unit, such as "1 {kind.likely[0]}".'
    same = convert(number, unit, kind.likely[0])
    other = f" (= {number:g} {unit})" if unit != kind.likely[0] else ""
    return f'Write "{same:g} {kind.likely[0]}"{other}.'


def limits(kind: Kind) -> str:
    """Plausible range, written out."""
    low, high = (convert(v, kind.unit, kind.display) for v in (kind.low, kind.high))
    return f"{low:.6g} to {high:.6g} {kind.display}"


def _named(unit: str) -> str:
    for kind in KINDS:
        if _scale(unit, kind.unit):
            return kind.noun
    return f'in "{unit}"'


def write(value: float, kind: Kind) -> str:
    """Text with a unit that reads back to the same value (12 digits)."""
    return f"{convert(value, kind.unit, kind.display):.12g} {kind.display}"


def door(kind: Kind) -> Any:
    """pydantic metadata of a quantity: text in, float inside, text out."""

    def enter(text: Any) -> float:
        try:
            return read(text, kind)
        except UnitMistake as m:
            raise PydanticCustomError("holdersim", "{problem}", {"problem": m.problem, "hint": m.hint}) from m

    return BeforeValidator(enter), PlainSerializer(lambda v: write(v, kind), return_type=str)


_LENGTHS, _STRESS = ("mm", "um", "cm", "m"), ("MPa", "GPa", "bar", "kPa", "Pa")
LENGTH = Kind("a length", "mm", 0.01, 5000.0, _LENGTHS)
POSITION = Kind("a position", "mm", -5000.0, 5000.0, _LENGTHS)
THICKNESS = Kind("the thickness of a layer", "mm", 0.001, 5.0, ("um", "mm", "nm"))
SMALL = Kind("a flatness deviation", "mm", -1.0, 1.0, ("um", "nm", "mm"))
AREA = Kind("an area", "mm^2", 0.01, 1e7, ("mm^2", "cm^2"))
FORCE = Kind("a force", "N", 0.1, 1e7, ("N", "kN", "kgf"))
PRESSURE = Kind("a pressure", "MPa", 1e-3, 1000.0, _STRESS)
STRENGTH = Kind("a strength", "MPa", 1.0, 5000.0, _STRESS)
MODULUS = Kind("a modulus", "MPa", 0.1, 1e6, ("GPa", "MPa", "kPa"))
METAL_MODULUS = Kind("the modulus of a metal", "MPa", 1e4, 5e5, ("GPa", "MPa"))
POLYMER_MODULUS = Kind("the modulus of a polymer or composite", "MPa", 500.0, 3e5, ("GPa", "MPa"))
LAYER_MODULUS = Kind("the modulus of a cell layer", "MPa", 10.0, 5e5, ("GPa", "MPa"))
RUBBER_MODULUS = Kind("the modulus of a rubber", "MPa", 0.05, 5000.0, ("MPa", "kPa", "GPa"))
TORQUE = Kind("a torque", "N*mm", 1.0, 1e6, ("N*m", "N*mm", "N*cm"), "N*m")
ANGLE = Kind("an angle", "rad", -6.2831853072, 6.2831853072, ("deg", "rad"), "deg")
TEMPERATURE = Kind("a temperature", "K", 173.15, 673.15, ("degC", "K"), "degC")
DENSITY = Kind("a density", "t/mm^3", 1e-11, 2.3e-8, ("kg/m^3", "g/cm^3"), "kg/m^3")
EXPANSION = Kind("a thermal expansion", "1/K", 0.0, 1e-3, ("um/m/K", "1/K"), "um/m/K")
TIME = Kind("a time", "s", 1e-3, 1e10, ("s", "min", "h", "day"), "s")
AREAL_CAPACITY = Kind("an areal capacity", "mAh/cm^2", 0.01, 100.0, ("mAh/cm^2", "Ah/m^2"))
KINDS = (
    AREAL_CAPACITY,
    TIME,
    LENGTH,
    THICKNESS,
    AREA,
    FORCE,
    PRESSURE,
    TORQUE,
    TEMPERATURE,
    DENSITY,
    EXPANSION,
    ANGLE,
)

Length = Annotated[float, *door(LENGTH)]
Position = Annotated[float, *door(POSITION)]
Thickness = Annotated[float, *door(THICKNESS)]
SmallLength = Annotated[float, *door(SMALL)]
Area = Annotated[float, *door(AREA)]
Force = Annotated[float, *door(FORCE)]
Pressure = Annotated[float, *door(PRESSURE)]
Strength = Annotated[float, *door(STRENGTH)]
Torque = Annotated[float, *door(TORQUE)]
Angle = Annotated[float, *door(ANGLE)]
Temperature = Annotated[float, *door(TEMPERATURE)]
Time = Annotated[float, *door(TIME)]
Density = Annotated[float, *door(DENSITY)]
Expansion = Annotated[float, *door(EXPANSION)]
ArealCapacity = Annotated[float, *door(AREAL_CAPACITY)]


def narrowed(kind: Kind, low: float, high: float) -> Kind:
    """The same kind of quantity with another plausible range [its unit]."""
    return replace(kind, low=low, high=high)
