"""One sized holder: its parts, sizes, what decided them, and where its formulas end. Units mm, N, MPa, t."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import pi

from ..fasteners import DENSITY

COARSE = {"M5": 0.8, "M6": 1.0, "M8": 1.25, "M10": 1.5, "M12": 1.75, "M16": 2.0, "M20": 2.5, "M24": 3.0,
          "M30": 3.5, "M36": 4.0}  # fmt: skip
"""Pitch [mm] of the bolts that may be chosen, smallest first (ISO 261, assumed: not looked up)."""


class Infeasible(Exception):
    """No size meets the rules; the text says why."""


@dataclass(frozen=True)
class Stack:
    """What a holder presses: a block of cells, length x width in plan [mm], `height` [mm] along the pressure.

    pressed: sides [mm] of the area that plates must press, by default the whole plan.
    """

    length: float
    width: float
    height: float
    pressed: tuple[float, float] | None = None

    @property
    def loaded(self) -> tuple[float, float]:
        """Sides [mm] of the area that plates must press."""
        return self.pressed or (self.length, self.width)

    @property
    def area(self) -> float:
        """Area [mm2] that plates must press."""
        return self.loaded[0] * self.loaded[1]


@dataclass(frozen=True)
class Point:
    """A holder of one alloy for one rating [MPa]; `closure` is "" for plates.

    masses [t] and sizes [mm] by part; `binding`: what decided each part; `flags`: formulas used outside the range in
    which they hold; `reason`: why there is no such holder, "" if there is one.
    """

    alloy: str
    rating: float
    holder: str
    closure: str = ""
    masses: dict[str, float] = field(default_factory=dict)
    sizes: dict[str, float] = field(default_factory=dict)
    bolt: str = ""
    bolts: int = 0
    binding: str = ""
    flags: tuple[str, ...] = ()
    reason: str = ""

    @property
    def feasible(self) -> bool:
        """Whether there is such a holder."""
        return not self.reason

    @property
    def mass(self) -> float:
        """Mass of all parts [t]; not a number where there is no such holder."""
        return sum(self.masses.values()) if self.feasible else float("nan")


@dataclass(frozen=True)
class Screw:
    """A bolt as the weight sees it: nominal diameter and stress area."""

    name: str
    diameter: float
    area: float

    def mass(self, grip: float) -> float:
        """Mass [t] of bolt and nut: shank over grip, nut and 4.5 mm, 3.2 d^3 for head and nut (assumed)."""
        rod = pi / 4 * self.diameter**2 * (grip + 1.6 * self.diameter + 4.5)
        return DENSITY * (rod + 3.2 * self.diameter**3)


def screws(smallest: str) -> Iterable[Screw]:
    """Bolts from the smallest allowed one up; A_t = pi/4 (d - 0.9382 P)^2 (ISO 898-1, from secondary sources)."""
    names = list(COARSE)
    for name in names[names.index(smallest) :]:
        d = float(name[1:])
        yield Screw(name, d, pi / 4 * (d - 0.9382 * COARSE[name]) ** 2)


def by_part(decided: Iterable[tuple[str, str]]) -> str:
    """What decided each part, in words; once only where all parts agree."""
    pairs = list(decided)
    if len({what for _, what in pairs}) == 1:
        return pairs[0][1]
    return "; ".join(f"{part}: {what}" for part, what in pairs)
