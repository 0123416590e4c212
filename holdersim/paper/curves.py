"""The curve that reads a scan: one zone's, a fitted wedge, or all zones where the climate is not known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import CaseError, Mistake
from ..materials.papers import grades
from .dye import OWN_DOUBT, SCANNER_DOUBT
from .grades import ZONES, Array, Curve, curve, read_curves, zone
from .options import Film
from .wedges import read_wedge


@dataclass(frozen=True)
class Curves:
    """One curve, or those of all zones: then ln p is their mean and the band holds them all.

    scanner: half width of the 95 % band of a density, as a share, that the scanner leaves.
    """

    each: tuple[Curve, ...]
    scanner: float = SCANNER_DOUBT

    @property
    def one_zone(self) -> bool:
        """Whether the climate is known."""
        return len(self.each) == 1

    @property
    def name(self) -> str:
        """Zone in words."""
        return self.each[0].zone or "own curve" if self.one_zone else "unknown"

    @property
    def source(self) -> str:
        """Where it is from."""
        return self.each[0].source

    @property
    def tag(self) -> str:
        """digitised, fitted or assumed."""
        return self.each[0].tag

    @property
    def pale(self) -> float:
        """Density below which a pressure cannot be told."""
        return max(float(c.density[0]) for c in self.each)

    @property
    def dark(self) -> float:
        """Density above which a pressure cannot be told."""
        return min(float(c.density[-1]) for c in self.each)

    @property
    def low(self) -> float:
        """Pressure [MPa] of the palest density that can be told, the largest of the zones: a bound for all."""
        return max(float(c.read(np.array([self.pale]))[0]) for c in self.each)

    @property
    def high(self) -> float:
        """Pressure [MPa] of the darkest density that can be told, the smallest of the zones."""
        return min(float(c.read(np.array([self.dark]))[0]) for c in self.each)

    def read(self, density: Array) -> Array:
        """Pressure [MPa] of a density; NaN outside."""
        return np.asarray(
            np.exp(np.mean([np.log(c.read(density)) for c in self.each], axis=0)), dtype=np.float64
        )

    def record(self, pressure: Array) -> Array:
        """Density that a pressure [MPa] leaves, the mean of the zones."""
        return np.asarray(np.mean([c.record(pressure) for c in self.each], axis=0), dtype=np.float64)

    def doubt(self, density: Array) -> Array:
        """Half width of the 95 % band as a share: of paper, scanner, and zones where they are unknown."""
        own = np.hypot(self.each[0].doubt(density), self.scanner * density * self.sensitivity(density))
        if self.one_zone:
            return np.asarray(own, dtype=np.float64)
        logs = np.array([np.log(c.read(density)) for c in self.each])
        apart = np.exp(np.abs(logs - logs.mean(axis=0)).max(axis=0)) - 1
        return np.asarray(np.hypot(own, apart), dtype=np.float64)

    def sensitivity(self, density: Array) -> Array:
        """d ln p / d D."""
        return np.asarray(np.mean([c.sensitivity(density) for c in self.each], axis=0), dtype=np.float64)

    def zone_band(self, density: Array) -> tuple[float, float]:
        """How much more and less the outermost zones read at the middle density, as shares."""
        inside = density[(density > self.pale) & (density < self.dark)]
        at = np.array([np.median(inside) if len(inside) else (self.pale + self.dark) / 2])
        p = np.array([float(c.read(at)[0]) for c in self.each])
        middle = float(self.read(at)[0])
        return float(p.max() / middle - 1), float(1 - p.min() / middle)


def curves_for(film: Film) -> Curves:
    """Curve or curves for a paper; CaseError where there is none."""
    name, pressing = film.grade, film.pressing
    if name is None or pressing is None:
        raise ValueError("grade and pressing are needed")
    scanner = OWN_DOUBT if film.samples or film.wedge else SCANNER_DOUBT
    if film.wedge is not None:
        return Curves((read_wedge(film.wedge).curve(name, pressing),), scanner)
    own = read_curves(film.curves) if film.curves else ()
    if any((c.grade, c.pressing, c.zone) == (name, pressing, "") for c in own):
        return Curves((curve(name, pressing, "", own),), scanner)
    where: tuple[str, ...] = ZONES
    if film.temperature is not None and film.humidity is not None:
        where = (zone(name, film.temperature, film.humidity),)
    if film.curves is not None:
        _must_hold(film.curves, own, name, pressing, where)
    return Curves(tuple(curve(name, pressing, z, own) for z in where), scanner)


def _must_hold(path: Path, own: Sequence[Curve], name: str, pressing: str, zones: Sequence[str]) -> None:
    """CaseError where a file of one's own lacks a curve: another one is not taken in its place."""
    lacking = [z for z in zones if (name, pressing, z) not in {(c.grade, c.pressing, c.zone) for c in own}]
    if lacking:
        held = "; ".join(f"{c.grade} {c.pressing} {c.zone}".strip() for c in own)
        problem = f"holds no curve of {name} {pressing}, zone {', '.join(lacking)}."
        hint = f"It holds {held}. Leave the zone empty where it is for the climate of the pressing."
        raise CaseError(str(path), [Mistake("--curves", problem, f'"{path.name}"', hint)])


def others(film: Film) -> Sequence[tuple[str, Curve]]:
    """Curves of the other zones and of the neighbouring grades, to tell a wrong one by the force it gives."""
    name, pressing = film.grade, film.pressing
    if name is None or pressing != "continuous":
        return ()
    here = None
    if film.temperature is not None and film.humidity is not None:
        here = zone(name, film.temperature, film.humidity)
    names = list(grades())
    k = names.index(name)
    out = [(f"zone {z}", curve(name, pressing, z)) for z in ZONES if z != here]
    near = [n for n in names[max(k - 1, 0) : k + 2] if n != name]
    return [*out, *((f"grade {n}", curve(n, pressing, here or "C")) for n in near)]
