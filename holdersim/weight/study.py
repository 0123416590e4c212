"""Weight study: alloys x ratings x holders x closures under named assumptions, read from a TOML file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator

from ..errors import CaseError, Mistake
from ..materials.choice import Material
from ..materials.elastic import Elastic
from ..schema import Document, Entry, key, read_document, some
from ..stacks import AnyCell
from ..units import Kind, Length, Pressure, Strength, door
from .equal import Equal
from .isostatic import Closure, Isostatic
from .point import Point, Stack
from .uniaxial import Uniaxial

Basis = Literal["asme", "division_2", "yield_1.5", "yield_2"]
BASES: dict[str, tuple[float | None, float]] = {
    "asme": (3.5, 1.5),
    "division_2": (2.4, 1.5),
    "yield_1.5": (None, 1.5),
    "yield_2": (None, 2.0),
}
"""Divisors of tensile and yield strength (ASME II-D Appendix 1, VIII-2; from secondary sources)."""
POLYMER = 5.0
"""Divisor of the tensile strength of a material without a yield strength, for creep and defects (assumed)."""

CHARGE = Kind("a charge", "mAh", 1e-3, 1e9, ("mAh", "A*h"))
VOLTAGE = Kind("a voltage", "V", 0.1, 1000.0, ("V", "mV"))
MOST = 20000
"""Points that one study may have."""


class Block(Entry):
    """A block of cells by its sides."""

    length: Length = key(doc="along x")
    width: Length = key(doc="along y")
    height: Length = key(doc="along the pressure")


class Module(Entry):
    """A stack of equal cells, for the energy over the mass of the module."""

    cell: AnyCell = key(doc='the cell, such as { kind = "bilayer" }')
    cells: int = key(doc="number of cells on each other", ge=1, le=10000)
    area: Literal["cathode", "anode", "separator", "pouch"] = key(
        doc="area that plates must press at the rating"
    )
    capacity: Annotated[float, *door(CHARGE)] = key(doc="capacity of one cell")
    voltage: Annotated[float, *door(VOLTAGE)] = key(doc="mean voltage of a cell")

    @property
    def energy(self) -> float:
        """Energy [Wh]."""
        return self.cells * self.capacity * self.voltage / 1e3

    @property
    def mass(self) -> float:
        """Mass of the cells [t]."""
        return self.cells * self.cell.mass

    @property
    def stack(self) -> Stack:
        """Outline of the pouches, height of all."""
        plan, pressed = self.cell.regions["pouch"], self.cell.regions[self.area]
        return Stack(plan.x1 - plan.x0, plan.y1 - plan.y0, self.cells * self.cell.thickness,
                     (pressed.x1 - pressed.x0, pressed.y1 - pressed.y0))  # fmt: skip


class Variation(Entry):
    """One assumption varied, all others kept."""

    set: str = key(doc='key of the study, such as "uniaxial.criterion"', min_length=1)
    to: Annotated[tuple[Any, ...], AfterValidator(some)] = key(doc="its values")


class Study(Document):
    """What is weighed, and under which assumptions."""

    what: ClassVar[str] = "study"
    format: Literal[1] = key(1, "format of study files")
    title: str = key("", "free text")
    alloys: Annotated[tuple[Material, ...], AfterValidator(some)] = key(doc="list of materials")
    ratings: Annotated[tuple[Pressure, ...], AfterValidator(some)] = key(
        doc='list such as ["1 MPa", "5 MPa"]'
    )
    holders: Annotated[tuple[Literal["uniaxial", "isostatic"], ...], AfterValidator(some)] = key(
        doc="list of holders"
    )
    closures: tuple[Closure, ...] = key((), "ends of the isostatic chamber")
    allowable: Basis = key(doc="how allowable stresses follow from strengths")
    bolt_stress: Strength = key(
        doc='allowable stress of the bolts: "450 MPa" is 3/4 of the proof stress of class 8.8'
    )
    stack: Block | None = key(None, "what is pressed, by its sides; or a module")
    module: Module | None = key(None, "what is pressed, by its cells; or a stack")
    uniaxial: Uniaxial | None = key(None, "assumptions of uniaxial holders")
    isostatic: Isostatic | None = key(None, "assumptions of isostatic chambers")
    equal: Equal | None = key(None, "what is equal when holders are sized by finite elements")
    sensitivity: tuple[Variation, ...] = key((), "assumptions that are varied one at a time")

    def judge(self, context: Mapping[str, Any]) -> list[Mistake]:
        """Mistakes that need more than one key, or if there are none those of the variations."""
        return list(self._mistakes()) or list(self._variation_mistakes())

    # -- checks --------------------------------------------------------------------------------------------

    def _mistakes(self) -> Iterator[Mistake]:
        """What needs more than one key."""
        for name, values in (("alloys", [m.name for m in self.alloys]), ("ratings", self.ratings),
                             ("holders", self.holders), ("closures", self.closures)):  # fmt: skip
            twice = dict.fromkeys(str(v) for v in values if list(values).count(v) > 1)
            if twice:
                yield Mistake(name, f"{', '.join(twice)} is there twice.", hint="Name each once.")
        for i, m in enumerate(self.alloys):
            if m.ultimate_strength is None and (m.yield_strength is None or BASES[self.allowable][0]):
                problem = f'has no tensile strength, which allowable = "{self.allowable}" needs.'
                yield Mistake(f"alloys[{i}]", problem, m.name, "Give ultimate_strength.")
            if not m.density:
                yield Mistake(f"alloys[{i}]", "has no density.", m.name, "Give density.")
        if (self.stack is None) == (self.module is None):
            found = "neither is" if self.stack is None else "both are"
            yield Mistake("stack", f"either stack or module says what is pressed; {found} given.")
        for name in self.holders:
            if getattr(self, name) is None:
                yield Mistake(name, "is missing.", hint=f"It holds the assumptions of {name} holders.")
        if "isostatic" in self.holders and not self.closures:
            hint = 'Write closures = ["hemispherical", "box"] or others.'
            yield Mistake("closures", "is missing: how the chamber ends decides its weight.", hint=hint)
        yield from self._equal_mistakes()
        count = len(self.alloys) * len(self.ratings) * (1 + len(self.closures))
        if count > MOST:
            yield Mistake("ratings", f"{count} points; at most {MOST}.", hint="Name fewer alloys or ratings.")

    def _equal_mistakes(self) -> Iterator[Mistake]:
        known = {m.name for m in self.alloys}
        unknown = [n for n in self.equal.alloys if n not in known] if self.equal else []
        if unknown:
            yield Mistake(
                "equal.alloys",
                f"{', '.join(unknown)} is not in this study.",
                hint=f"It has {', '.join(known)}.",
            )

    def _variation_mistakes(self) -> Iterator[Mistake]:
        for i, variation in enumerate(self.sensitivity):
            if variation.set.split(".")[0] in ("sensitivity", "format", "title", "holders", "closures"):
                yield Mistake(f"sensitivity[{i}].set", "is not an assumption.", f'"{variation.set}"')
                continue
            for k, value in enumerate(variation.to):
                try:
                    self.with_(variation.set, value)
                except CaseError as error:
                    for m in error.mistakes:
                        yield Mistake(f"sensitivity[{i}].to[{k}], {m.where}", m.problem, m.given, m.hint)

    # -- what a study gives --------------------------------------------------------------------------------

    @cached_property
    def block(self) -> Stack:
        """What is pressed."""
        if self.module:
            return self.module.stack
        assert self.stack is not None
        return Stack(self.stack.length, self.stack.width, self.stack.height)

    def stress(self, m: Elastic) -> float:
        """Allowable stress [MPa]."""
        return allowable(m, self.allowable)

    def size(self, alloy: Elastic, rating: float, closure: str = "") -> Point:
        """The holder of an alloy for a rating [MPa]; uniaxial without a closure."""
        sized = alloy, self.stress(alloy), rating, self.block, self.bolt_stress
        if not closure:
            assert self.uniaxial is not None
            return self.uniaxial.size(*sized)
        assert self.isostatic is not None
        return self.isostatic.size(*sized, closure)  # type: ignore[arg-type]

    def points(self) -> list[Point]:
        """Every holder of the study, by alloy, rating, holder and closure."""
        kinds = list(chain([""] if "uniaxial" in self.holders else [],
                           self.closures if "isostatic" in self.holders else []))  # fmt: skip
        return [self.size(m, p, kind) for m in self.alloys for p in self.ratings for kind in kinds]

    def to_dict(self) -> dict[str, Any]:
        """Every value, defaults included, quantities as text with units."""
        return self.model_dump(mode="json", exclude_none=True)

    def with_(self, where: str, value: Any) -> Study:
        """A new study without sensitivity and with one key changed, as in with_("uniaxial.shear", True)."""
        data: Any = self.to_dict() | {"sensitivity": []}
        path: list[Any] = [int(p) if p.isdigit() else p for p in re.findall(r"[^.\[\]]+", where)]
        inner: Any = data
        part: Any = where
        try:
            for part in path[:-1]:
                inner = inner[part]
            part = path[-1]
            inner[part] = value
        except (KeyError, IndexError, TypeError):
            raise CaseError("study", [Mistake(where, f'there is no "{part}" in this study.')]) from None
        return Study.model_validate(data, context={"name": self.name, "source": self.name})


def allowable(m: Elastic, basis: Basis) -> float:
    """Allowable stress [MPa]: the smaller of tensile and yield strength over their divisors; of polymers S_u / 5."""
    if m.yield_strength is None:
        return (m.ultimate_strength or 0.0) / POLYMER
    tensile, by_yield = BASES[basis]
    limits = [m.yield_strength / by_yield]
    if tensile and m.ultimate_strength:
        limits.append(m.ultimate_strength / tensile)
    return min(limits)


def read_study(path: str | Path) -> Study:
    """The study in a TOML file; CaseError with every mistake."""
    return read_document(path, Study)
