"""A rubber as a case names it: a library name, a library rubber with changes, a hardness, or a law's numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, InstanceOf, PlainSerializer, ValidationError
from pydantic_core import InitErrorDetails

from .. import units
from ..schema import Entry, key, refuse
from .hyperelastic import SHORE_RANGE, SHORE_UNCERTAINTY, MooneyRivlin, NeoHookean, Ogden, Yeoh
from .rubber import Rubber, StrainEnergy, law_from_shore, named

COEFFICIENT = units.narrowed(units.RUBBER_MODULUS, -100.0, 100.0)
BULK = units.narrowed(units.MODULUS, 10.0, 1e6)
TIME = units.TIME
Coefficient = Annotated[float, *units.door(COEFFICIENT)]
Time = Annotated[float, *units.door(TIME)]
Law = Literal["neo_hookean", "mooney_rivlin", "yeoh", "ogden"]
LAWS: dict[str, type[NeoHookean | MooneyRivlin | Yeoh | Ogden]] = {
    "neo_hookean": NeoHookean,
    "mooney_rivlin": MooneyRivlin,
    "yeoh": Yeoh,
    "ogden": Ogden,
}
NUMBERS = ("C10", "C01", "C20", "C30", "mu", "alpha")


class Term(Entry):
    """One term of a Prony series."""

    g: float = key(doc="share of the stress that relaxes", gt=0.0, lt=1.0)
    tau: Time = key(doc="time constant")


class CustomRubber(Entry):
    """`{ base = "NBR-70A", ... }`, `{ shore_A = 50, bulk = ... }`, or a law with its numbers and bulk."""

    base: str | None = key(None, "library rubber whose other numbers are kept")
    name: str | None = key(None, "name shown in tables")
    law: Law | None = key(None, "strain energy; from a hardness or the library Mooney-Rivlin is assumed")
    shore_A: float | None = key(None, "hardness", ge=SHORE_RANGE[0], le=SHORE_RANGE[1])
    hardness_formula: Literal["gent", "ruess"] = key("gent", "modulus from hardness, good to 40 %")
    C10: Coefficient | None = key(None, "coefficient of the law")
    C01: Coefficient | None = key(None, "coefficient of the law")
    C20: Coefficient | None = key(None, "coefficient of the law")
    C30: Coefficient | None = key(None, "coefficient of the law")
    mu: tuple[Coefficient, ...] | None = key(None, "Ogden's moduli", min_length=1)
    alpha: tuple[float, ...] | None = key(None, "Ogden's exponents", min_length=1)
    bulk: Annotated[float, *units.door(BULK)] | None = key(None, "bulk modulus")
    prony: tuple[Term, ...] | None = key(None, "relaxation of the isochoric stress; [] is none")
    compression_set: float | None = key(None, "part of the compression that stays", gt=0.0, lt=1.0)
    set_time: Time | None = key(None, "how long it was pressed before the set was measured")
    density: units.Density | None = key(None, "density")
    expansion: units.Expansion | None = key(None, "linear thermal expansion")
    uncertainty: float | None = key(None, "relative uncertainty of the stiffness", ge=0.0)
    nu: float | None = key(None, "not for rubber: give bulk")

    def rubber(self) -> Rubber:
        """The rubber; numbers not given are those of the base."""
        mistakes = self._mistakes()
        if mistakes:
            raise ValidationError.from_exception_data("rubber", mistakes)
        base = _lookup(self.base, self.law or "mooney_rivlin") if self.base else None
        out: dict[str, Any] = {f.name: getattr(base, f.name) for f in fields(Rubber)} if base else {}
        names = ("bulk", "density", "expansion", "compression_set", "set_time", "uncertainty")
        out |= {n: getattr(self, n) for n in names if getattr(self, n) is not None}
        if self.prony is not None:
            out["prony"] = tuple((t.g, t.tau) for t in self.prony)
        if self.shore_A is not None:
            out["law"] = law_from_shore(self.shore_A, self.law or "mooney_rivlin", self.hardness_formula)
            out.setdefault("uncertainty", SHORE_UNCERTAINTY)
        elif base is None:
            out["law"] = self._law()
        default = (
            f"{base.name}*" if base else "rubber" if self.shore_A is None else f"{self.shore_A:g} Shore A"
        )
        return Rubber(**(out | {"name": self.name or default}))

    def _law(self) -> StrainEnergy:
        cls = LAWS[str(self.law)]
        return cls(*(getattr(self, f.name) for f in fields(cls)))

    def _mistakes(self) -> list[InitErrorDetails]:
        out = self._law_mistakes()
        if self.nu is not None:
            incompressible = 'is incompressible: choose law = "mooney_rivlin" (mixed) or give bulk.'
            problem = incompressible if self.nu == 0.5 else "does not describe a rubber: give bulk."
            hint = "Not replaced for you." if self.nu == 0.5 else "It is E/(3 (1 - 2 nu)), or measured."
            out.append(_wrong("nu", problem, hint, self.nu))
        if self.hardness_formula != "gent" and self.shore_A is None:
            out.append(_wrong("shore_A", "is missing.", "hardness_formula turns it into a modulus."))
        if self.base is None and self.bulk is None:
            out.append(_wrong("bulk", "is missing.", 'Rubber has 1000 to 3000 MPa: write bulk = "1500 MPa".'))
        if self.prony and sum(t.g for t in self.prony) >= 1:
            total = sum(t.g for t in self.prony)
            out.append(_wrong("prony", f"the shares g add up to {total:g}; they must stay below 1."))
        if (self.compression_set is None) != (self.set_time is None):
            lacking = "set_time" if self.set_time is None else "compression_set"
            out.append(_wrong(lacking, "is missing.", "A compression set and its time belong together."))
        return out

    def _law_mistakes(self) -> list[InitErrorDetails]:
        """What is wrong with the source of the stiffness: one of base, shore_A, a law's numbers."""
        given = [n for n in NUMBERS if getattr(self, n) is not None]
        sources = [n for n in ("base", "shore_A") if getattr(self, n) is not None] + given[:1]
        if not sources:
            hint = 'Give base = "NBR-70A", shore_A = 50, or a law with its numbers.'
            return [_wrong("law", "there is nothing to take the stiffness from.", hint)]
        if len(sources) > 1:
            hint = "Give one of base, shore_A, or a law with its numbers."
            return [_wrong(sources[1], f"contradicts {sources[0]}.", hint, getattr(self, sources[1]))]
        if self.shore_A is not None and self.law in ("yeoh", "ogden"):
            hint = "Choose neo_hookean or mooney_rivlin, or give the law's numbers."
            return [_wrong("law", "needs more than a hardness.", hint, self.law)]
        if self.base is not None and self.law == "ogden":
            hint = "Choose neo_hookean, mooney_rivlin or yeoh, or give the law's numbers."
            return [_wrong("law", "is not known of library rubbers.", hint, self.law)]
        return self._number_mistakes(given) if given else []

    def _number_mistakes(self, given: list[str]) -> list[InitErrorDetails]:
        if self.law is None:
            return [_wrong("law", "is missing.", f"Known: {', '.join(LAWS)}.")]
        wanted = [f.name for f in fields(LAWS[self.law])]
        out = [
            _wrong(n, "is missing.", f"{self.law} has {', '.join(wanted)}.") for n in wanted if n not in given
        ]
        out += [
            _wrong(n, f"is no number of {self.law}.", f"It has {', '.join(wanted)}.", getattr(self, n))
            for n in given
            if n not in wanted
        ]
        if self.mu is not None and self.alpha is not None and len(self.mu) != len(self.alpha):
            out.append(
                _wrong("alpha", f"has {len(self.alpha)} numbers, mu has {len(self.mu)}: they go in pairs.")
            )
        if not out and not self._law().shear > 0:
            text = f"gives a shear modulus of {self._law().shear:g} MPa; it must be positive."
            out.append(_wrong(wanted[0], text))
        return out


def _wrong(name: str, problem: str, hint: str = "", given: Any = None) -> InitErrorDetails:
    return InitErrorDetails(type=refuse(problem, hint), loc=(name,), input=given)


def _lookup(name: str, law: str = "mooney_rivlin") -> Rubber:
    try:
        return named(name, law)
    except KeyError as unknown:
        raise refuse(str(unknown.args[0])) from unknown


def _enter(value: Any) -> Any:
    if isinstance(value, str):
        return _lookup(value)
    if isinstance(value, Mapping):
        return CustomRubber.model_validate(value).rubber()
    if not isinstance(value, Rubber):
        raise refuse("is not a rubber.", 'Write a name such as "NBR-70A", or a table.')
    return value


def _leave(r: Rubber) -> dict[str, Any]:
    """All numbers, so that a dumped case does not depend on the library."""
    law: Any = r.law
    out: dict[str, Any] = {"name": r.name, "law": next(n for n, c in LAWS.items() if isinstance(law, c))}
    for f in fields(law):
        v = getattr(law, f.name)
        if f.name == "alpha":
            out["alpha"] = list(v)
        else:
            texts = [units.write(c, COEFFICIENT) for c in (v if isinstance(v, tuple) else (v,))]
            out[f.name] = texts if isinstance(v, tuple) else texts[0]
    out["bulk"] = units.write(r.bulk, BULK)
    out["prony"] = [{"g": g, "tau": units.write(tau, TIME)} for g, tau in r.prony]
    out |= {"density": units.write(r.density, units.DENSITY)} if r.density else {}
    out |= {"expansion": units.write(r.expansion, units.EXPANSION)} if r.expansion else {}
    if r.compression_set:
        out |= {"compression_set": r.compression_set, "set_time": units.write(r.set_time, TIME)}
    return out | ({"uncertainty": r.uncertainty} if r.uncertainty else {})


RubberChoice = Annotated[
    InstanceOf[Rubber], BeforeValidator(_enter), PlainSerializer(_leave, return_type=dict)
]
