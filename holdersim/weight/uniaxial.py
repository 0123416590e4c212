"""Weight of two plates and bolts around a stack: sizing by closed forms. Units mm, N, MPa, t."""

from __future__ import annotations

from math import ceil
from typing import Annotated, Literal

from pydantic import Field

from ..materials.elastic import Elastic
from ..schema import Entry, key
from ..units import DENSITY, RUBBER_MODULUS, Length, door
from .plates import AnyCriterion, Bay, Factor, Support, bending, bending_thickness, flexing_thickness, judged
from .point import Infeasible, Point, Screw, Stack, screws

BoltName = Literal["M5", "M6", "M8", "M10", "M12", "M16", "M20", "M24", "M30", "M36"]


class Pads(Entry):
    """A rubber pad on each side of the stack, as large as the area that is pressed."""

    thickness: Length = key(doc="thickness of each pad")
    modulus: Annotated[float, *door(RUBBER_MODULUS)] = key(
        doc="modulus of the bonded pad through its thickness"
    )
    density: Annotated[float, *door(DENSITY)] = key(doc="density")


class Uniaxial(Entry):
    """What is assumed of uniaxial holders."""

    criterion: AnyCriterion = key(doc='how far the plates may bend, such as { kind = "ratio", ratio = 1000 }')
    support: Support = key("corner", "how the plates rest on the bolts")
    shear: bool = key(False, "shear deflection of thick plates; leaving it out favours the plates")
    smallest_bolt: BoltName = key("M6", "no smaller bolt is used")
    scatter: Factor = key(1.3, "force of a bolt over the mean, for the scatter of tightening")
    aside: Annotated[float, Field(ge=0.5, le=5)] = key(
        0.75, "bolt centres beside the stack, over the diameter"
    )
    clearance: Length = key("1 mm", "and further beside the stack")
    edge: Annotated[float, Field(ge=0.75, le=5)] = key(
        1.25, "plate beyond the bolt centres, over the diameter"
    )
    pads: Pads | None = key(None, "rubber pads between plates and stack")

    def size(self, alloy: Elastic, stress: float, rating: float, stack: Stack, bolt_stress: float) -> Point:
        """The lightest holder; `stress` and `bolt_stress` are allowable ones [MPa]."""
        try:
            return self._sized(alloy, stress, rating, stack, bolt_stress)
        except Infeasible as why:
            return Point(alloy.name, rating, "uniaxial", reason=str(why))

    def _sized(self, alloy: Elastic, stress: float, q: float, stack: Stack, bolt_stress: float) -> Point:
        bolt, count, smallest = self._bolts(q, stack, bolt_stress)
        sides = tuple(v + 2 * self._beside(bolt) for v in (stack.length, stack.width))
        span, rim = min(sides), self.edge * bolt.diameter
        along, across = stack.loaded if sides[0] >= sides[1] else stack.loaded[::-1]
        bay = Bay(span, max(sides), along, across, rim, count // 2 - 1)
        pads = self.pads
        allowed = self.criterion.allowed(span, q, 2 * pads.thickness / pads.modulus if pads else 0.0)
        form = bending(self.support, alloy.nu, bay)
        flexing = flexing_thickness(alloy, form, span, q, allowed, self.shear)
        strong = bending_thickness(form, span, q, stress)
        t = max(flexing, strong)
        flags = tuple(judged(t, span, allowed))
        area, between = (sides[0] + 2 * rim) * (sides[1] + 2 * rim), 2 * pads.thickness if pads else 0.0
        masses = {
            "plates": 2 * alloy.density * area * t,
            "bolts": count * bolt.mass(stack.height + between + 2 * t),
        }
        if pads:
            masses["pads"] = between * stack.area * pads.density
        sizes = {"plate thickness": t, "plate length": sides[0] + 2 * rim, "plate width": sides[1] + 2 * rim,
                 "bolt span": span, "by deflection": flexing, "by strength": strong, "deflection": allowed}  # fmt: skip
        binding = "deflection" if flexing >= strong else "bending strength"
        return Point(alloy.name, q, "uniaxial", "", masses, sizes, bolt.name, count,
                     f"plates: {binding}; bolts: {smallest}", flags)  # fmt: skip

    def _beside(self, bolt: Screw) -> float:
        return self.aside * bolt.diameter + self.clearance

    def _bolts(self, q: float, stack: Stack, bolt_stress: float) -> tuple[Screw, int, str]:
        """The smallest bolt that holds, how many stand along the two long sides, and what decided it."""
        choice = list(screws(self.smallest_bolt))
        for bolt in choice:
            short, long = sorted(v + 2 * self._beside(bolt) for v in (stack.length, stack.width))
            count = 2 * (1 + ceil(long / short - 1e-9))
            if self.scatter * q * stack.area / count <= bolt.area * bolt_stress:
                return bolt, count, "smallest size" if bolt is choice[0] else "strength"
        raise Infeasible(f"no bolt up to {choice[-1].name} holds {q * stack.area / 1e3:.4g} kN")
