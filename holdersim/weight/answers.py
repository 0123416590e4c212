"""What a weight study answers: is the chamber lighter, where not, from which pressure on, and what it hangs on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import pi, sqrt
from typing import Any

from ..materials.elastic import Elastic
from .plates import Ratio
from .point import Point
from .ritz import on_bolts
from .study import Study, allowable

SCAN = 40
"""Pressures between the lowest rating and REACH times the highest at which a crossover is looked for."""
REACH = 10.0
"""How far above the highest rating [-]."""


@dataclass(frozen=True)
class Pair:
    """A chamber and the uniaxial holder of the same alloy and rating."""

    chamber: Point
    plates: Point

    @property
    def compared(self) -> bool:
        """Whether both exist."""
        return self.chamber.feasible and self.plates.feasible

    @property
    def ratio(self) -> float:
        """Mass of the chamber over that of the uniaxial holder."""
        return self.chamber.mass / self.plates.mass

    @property
    def room(self) -> float:
        """What the chamber may weigh more before it is the heavier one [t]."""
        return self.plates.mass - self.chamber.mass

    @property
    def where(self) -> str:
        """Alloy and rating."""
        return f"{self.chamber.alloy}, {self.chamber.rating:g} MPa"


@dataclass(frozen=True)
class Claim:
    """The paper's claim, isostatic lighter than uniaxial, for one closure."""

    closure: str
    pairs: tuple[Pair, ...]

    @cached_property
    def compared(self) -> list[Pair]:
        """Pairs of which both holders exist."""
        return [p for p in self.pairs if p.compared]

    @cached_property
    def heavier(self) -> list[Pair]:
        """Pairs of which the chamber is the heavier one."""
        return [p for p in self.compared if p.room < 0]

    @property
    def worst(self) -> Pair | None:
        """The pair with the greatest ratio."""
        return max(self.compared, key=lambda p: p.ratio, default=None)

    @property
    def tightest(self) -> Pair | None:
        """The pair with the least room [kg] for what else the chamber needs."""
        return min(self.compared, key=lambda p: p.room, default=None)

    def sentence(self) -> str:
        """The outcome in words."""
        title, worst, tightest, count = (
            self.closure.replace("_", " "),
            self.worst,
            self.tightest,
            len(self.compared),
        )
        if worst is None or tightest is None:
            return f"{title}: nothing to compare."
        how_many = f"{count - len(self.heavier)} of {count}" if self.heavier else f"all {count}"
        said = f"{title}: isostatic lighter in {how_many} pairs of alloy and rating"
        said += f"; greatest ratio {worst.ratio:.2f} ({worst.where})"
        if tightest.room > 0:
            said += f"; room for further fittings {1e3 * tightest.room:.2f} kg at least ({tightest.where})"
        lost = len(self.pairs) - count
        return said + (f"; {lost} pairs without one of the holders." if lost else ".")


def claims(study: Study, points: Iterable[Point] | None = None) -> list[Claim]:
    """The claim for each closure; empty unless both holders are in the study."""
    found = list(study.points() if points is None else points)
    plates = {(p.alloy, p.rating): p for p in found if p.holder == "uniaxial"}
    if not plates:
        return []
    chambers = {
        c: [p for p in found if p.closure == c] for c in study.closures if "isostatic" in study.holders
    }
    return [Claim(c, tuple(Pair(p, plates[p.alloy, p.rating]) for p in own)) for c, own in chambers.items()]


# -- from which pressure on ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Crossover:
    """Pressures [MPa] at which chamber and plates of an alloy weigh the same, in the range looked at.

    There may be several: bolts come in steps. `heavier`: whether the chamber is the heavier one at `low`. Where one of
    the holders does not exist from some pressure on, `high` is that pressure and `why` the reason.
    """

    alloy: str
    closure: str
    low: float
    high: float
    heavier: bool
    pressures: tuple[float, ...]
    why: str = ""

    @property
    def ranges(self) -> list[tuple[float, float]]:
        """From where to where the chamber is the heavier one [MPa]."""
        ends = [*([self.low] if self.heavier else []), *self.pressures, self.high]
        return list(zip(ends[::2], ends[1::2], strict=False))

    @property
    def text(self) -> str:
        """Where the chamber is the heavier one, in words."""
        found = self.ranges
        if not found:
            return f"nowhere up to {self.high:.3g}"
        said = [f"{a:.3g} to {b:.3g}" for a, b in found]
        return (
            ", ".join(said)
            if len(said) < 3
            else f"{found[0][0]:.3g} to {found[-1][1]:.3g} but for {len(said) - 1} gaps"
        )


def crossover(study: Study, alloy: Elastic, closure: str) -> Crossover:
    """Where the difference of the masses changes its sign, by bisection between the pressures of a scan."""
    low, high = min(study.ratings), REACH * max(study.ratings)

    def pair(p: float) -> Pair:
        return Pair(study.size(alloy, p, closure), study.size(alloy, p))

    found: list[float] = []
    last: tuple[float, Pair] | None = None
    heavier, why = False, ""
    for i in range(SCAN + 1):
        p = low * (REACH * max(study.ratings) / low) ** (i / SCAN)
        here = pair(p)
        if not here.compared:
            high, why = p, here.chamber.reason or here.plates.reason
            break
        heavier = heavier if last else here.room < 0
        if last and (last[1].room < 0) != (here.room < 0):
            a, b = last[0], p
            for _ in range(40):
                middle = sqrt(a * b)
                a, b = (middle, b) if (pair(middle).room < 0) == (last[1].room < 0) else (a, middle)
            found.append(b)
        last = p, here
    return Crossover(alloy.name, closure, low, high, heavier, tuple(found), why)


def crossovers(study: Study) -> list[Crossover]:
    """One for each alloy and closure."""
    if not {"uniaxial", "isostatic"} <= set(study.holders):
        return []
    return [crossover(study, m, c) for m in study.alloys for c in study.closures]


def break_even(m: Elastic, stress: float, ratio: float) -> float:
    """Pressure [MPa] at which a cube weighs the same in a domed cylinder and between plates without bolts.

    q* = {2 [12 (1 - nu^2) alpha N / E]^(1/3) S / (pi + pi/sqrt 2)}^(3/2): thin wall R = L / sqrt 2, deflection L / N.
    The reading that favours plates most; density cancels (derived here).
    """
    flexing = (12 * (1 - m.nu**2) * on_bolts(m.nu).deflection * ratio / m.E) ** (1 / 3)
    return float((2 * flexing * stress / (pi + pi / sqrt(2))) ** 1.5)


def break_evens(study: Study) -> dict[str, float]:
    """break_even of each alloy [MPa]; empty unless the criterion is a ratio."""
    criterion = study.uniaxial.criterion if study.uniaxial else None
    if not isinstance(criterion, Ratio):
        return {}
    return {m.name: break_even(m, allowable(m, study.allowable), criterion.ratio) for m in study.alloys}


# -- what it hangs on ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Varied:
    """The claim with one assumption changed; `key` is "" for the study as it stands."""

    key: str
    value: str
    claim: Claim


def sensitivity(study: Study, base: Sequence[Claim]) -> Iterator[Varied]:
    """The claim of each closure, as it stands and with each assumption varied."""
    yield from (Varied("", "as assumed", c) for c in base)
    for variation in study.sensitivity:
        for value in variation.to:
            yield from (
                Varied(variation.set, plain(value), c) for c in claims(study.with_(variation.set, value))
            )


def plain(value: Any) -> str:
    """A value of a study in words: tables and lists without braces."""
    if isinstance(value, list):
        return ", ".join(plain(v) for v in value)
    if isinstance(value, dict):
        return ", ".join(plain(v) if k == "kind" else f"{k} {plain(v)}" for k, v in value.items())
    return value if isinstance(value, str) else json.dumps(value)


def density(study: Study, point: Point) -> float:
    """Energy over mass of cells and holder [Wh/kg]; not a number without module or holder."""
    if study.module is None:
        return float("nan")
    return study.module.energy / (1e3 * (study.module.mass + point.mass))
