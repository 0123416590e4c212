"""A material as a case names it: a library name, a library material with changes, or all numbers given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, PlainSerializer, ValidationError
from pydantic_core import InitErrorDetails

from .. import units
from ..schema import Entry, key, refuse
from .elastic import Elastic
from .library import MODULI, material, record

Kind = Literal["metal", "polymer", "layer"]


class Custom(Entry):
    """`{ base = "SS304", E = "200 GPa" }`, or without base every number."""

    base: str | None = key(None, "library material whose other numbers are kept")
    name: str | None = key(None, "name shown in tables")
    kind: Kind | None = key(None, "metal, polymer or layer: says which moduli are plausible")
    E: str | int | float | None = key(None, "Young's modulus")
    nu: float | None = key(None, "Poisson's ratio", ge=-0.5, lt=0.5)
    density: units.Density | None = key(None, "density")
    expansion: units.Expansion | None = key(None, "linear thermal expansion")
    yield_strength: Annotated[float, *units.door(units.narrowed(units.STRENGTH, 0.1, 5000.0))] | None = key(
        None
    )
    ultimate_strength: units.Strength | None = key(None, "tensile strength")

    def elastic(self) -> Elastic:
        """The material; numbers not given are those of the base."""
        base = _lookup(self.base) if self.base else None
        kind = self.kind or (record(self.base).kind if self.base else "metal")
        modulus = _modulus(self.E, kind) if self.E is not None else base.E if base else None
        nu = self.nu if self.nu is not None else base.nu if base else None
        if modulus is None or nu is None:
            missing = "E" if modulus is None else "nu"
            raise _at(missing, "is missing.", 'Give it, or a library material as base = "SS304".')
        rest = ("density", "expansion", "yield_strength", "ultimate_strength")
        given = {n: getattr(self, n) for n in rest if getattr(self, n) is not None}
        kept = {n: getattr(base, n) for n in rest} if base else {}
        name = self.name or (f"{base.name}*" if base else "custom")
        return Elastic(name=name, E=modulus, nu=nu, **(kept | given))


def _modulus(text: Any, kind: str) -> float:
    try:
        return units.read(text, MODULI[kind])
    except units.UnitMistake as m:
        raise _at("E", m.problem, m.hint, text) from m


def _at(name: str, problem: str, hint: str, given: Any = None) -> ValidationError:
    line = InitErrorDetails(type=refuse(problem, hint), loc=(name,), input=given)
    return ValidationError.from_exception_data("material", [line])


def _lookup(name: str) -> Elastic:
    try:
        return material(name)
    except KeyError as unknown:
        raise refuse(str(unknown.args[0])) from unknown


def _enter(value: Any) -> Any:
    if isinstance(value, str):
        return _lookup(value)
    if isinstance(value, Mapping):
        if value.get("nu") == 0.5:
            raise _at(
                "nu",
                "is incompressible; a linear elastic body needs nu < 0.5.",
                "Rubbers are not plates.",
                0.5,
            )
        return Custom.model_validate(value).elastic()
    return value


def _leave(m: Elastic) -> dict[str, Any]:
    """All numbers, so that a dumped case does not depend on the library."""
    out: dict[str, Any] = {"name": m.name, "kind": "layer", "E": units.write(m.E, units.MODULUS), "nu": m.nu}
    out |= {"density": units.write(m.density, units.DENSITY)} if m.density else {}
    out |= {"expansion": units.write(m.expansion, units.EXPANSION)} if m.expansion else {}
    for name in ("yield_strength", "ultimate_strength"):
        if getattr(m, name) is not None:
            out[name] = units.write(getattr(m, name), units.STRENGTH)
    return out


Material = Annotated[Elastic, BeforeValidator(_enter), PlainSerializer(_leave, return_type=dict)]
