"""Weight of a pressure chamber around a stack: sizing by closed forms. Units mm, N, MPa, t."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import hypot, pi
from typing import Annotated, Literal

from pydantic import Field

from ..materials.elastic import Elastic
from ..schema import Entry, key
from ..units import LENGTH, Kind, Length, door, narrowed
from . import vessels
from .plates import Factor
from .point import Infeasible, Point, Stack, by_part, screws
from .uniaxial import BoltName

Closure = Literal["hemispherical", "ellipsoidal", "flat", "bolted_cover", "bolted_flat", "box"]
"""Ends: two domes; two 2:1 ellipsoids; two welded plates; an ellipsoid, or a welded plate, and a bolted cover that
opens; or a rectangular box with two welded plates."""

MASS = Kind("a mass", "t", 0.0, 1.0, ("g", "kg"), "kg")
NONE = narrowed(LENGTH, 0.0, 5000.0)
ELLIPSOID = 1.084
"""Area of a 2:1 ellipsoidal head over the square of its diameter (secondary sources)."""


@dataclass
class Parts:
    """A vessel while it is sized: volumes [mm3], other masses [t], sizes [mm], what decided, flags."""

    gauge: float
    volumes: dict[str, float] = field(default_factory=dict)
    masses: dict[str, float] = field(default_factory=dict)
    sizes: dict[str, float] = field(default_factory=dict)
    decided: list[tuple[str, str]] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    bolt: str = ""
    bolts: int = 0

    def thick(self, part: str, sized: vessels.Sized) -> float:
        """Thickness [mm] of a part, the minimum gauge at least."""
        t, flag = sized
        self.sizes[part] = max(t, self.gauge)
        self.decided.append((part, "stress" if t >= self.gauge else "minimum gauge"))
        self.flags += [flag] if flag and t >= self.gauge else []
        return self.sizes[part]


class Isostatic(Entry):
    """What is assumed of isostatic chambers."""

    min_gauge: Length = key(
        doc='no wall is thinner; ASME VIII-1 UG-16(b) has "1.5 mm" (from secondary sources)'
    )
    fittings: Annotated[float, *door(MASS)] = key(
        doc='mass of valve, gauge, feed-through and so on, "0 kg" for none'
    )
    joint: Annotated[float, Field(gt=0, le=1)] = key(1.0, "efficiency of welded joints")
    clearance: Annotated[float, *door(NONE)] = key("1 mm", "between stack and wall")
    axis: Literal["lightest", "height", "length", "width"] = key(
        "lightest", "side of the stack along which the vessel is drawn"
    )
    thick_walls: vessels.Edition = key(
        "exponential", "Appendix 1-2 of newer editions, or of older ones: root"
    )
    smallest_bolt: BoltName = key("M6", "no smaller bolt holds the cover")
    cover_bolts: Annotated[int, Field(ge=4, le=48)] = key(8, "bolts of the cover")
    scatter: Factor = key(1.3, "load of the bolts over the fluid's, for gasket and scatter of tightening")
    gasket: Annotated[float, *door(NONE)] = key("3 mm", "from the bore to the middle of the gasket")
    aside: Annotated[float, Field(ge=0.5, le=5)] = key(1.0, "bolt centres beside the wall, over the diameter")
    beside: Annotated[float, *door(NONE)] = key("3 mm", "and further beside the wall")
    edge: Annotated[float, Field(ge=0.75, le=5)] = key(
        1.0, "flange beyond the bolt centres, over the diameter"
    )

    def size(
        self, alloy: Elastic, stress: float, rating: float, stack: Stack, bolt_stress: float, closure: Closure
    ) -> Point:
        """The lightest chamber; `stress` and `bolt_stress` are allowable ones [MPa]."""
        found: list[Point] = []
        why = ""
        for name, across, along in self._axes(stack):
            try:
                parts = self._sized(alloy, stress * self.joint, rating, across, along, bolt_stress, closure)
            except Infeasible as reason:
                why = why or str(reason)
                continue
            masses = {n: alloy.density * v for n, v in parts.volumes.items()} | parts.masses
            masses["fittings"] = self.fittings
            found.append(Point(alloy.name, rating, "isostatic", closure, masses, parts.sizes, parts.bolt, parts.bolts,
                               f"{by_part(parts.decided)} (axis: {name})", tuple(parts.flags)))  # fmt: skip
        if not found:
            return Point(alloy.name, rating, "isostatic", closure, reason=why)
        return min(found, key=lambda p: p.mass)

    def _axes(self, s: Stack) -> Iterable[tuple[str, tuple[float, float], float]]:
        """Name of the axis, the sides across it and the one along it [mm], clearance included."""
        more = 2 * self.clearance
        sides = {"height": (s.length, s.width, s.height), "width": (s.length, s.height, s.width),
                 "length": (s.width, s.height, s.length)}  # fmt: skip
        for name, (a, b, along) in sides.items():
            if self.axis in ("lightest", name):
                yield name, (a + more, b + more), along + more

    def _sized(
        self,
        alloy: Elastic,
        s: float,
        q: float,
        across: tuple[float, float],
        along: float,
        bolt: float,
        kind: Closure,
    ) -> Parts:
        parts = Parts(self.min_gauge)
        parts.sizes["inside length"] = along
        if kind == "box":
            _box(parts, s, q, across, along)
            return parts
        radius = hypot(*(w - 2 * self.clearance for w in across)) / 2 + self.clearance
        parts.sizes["inside radius"] = radius
        wall = parts.thick("wall", vessels.cylinder(radius, q, s, self.thick_walls))
        parts.volumes["shell"] = pi * ((radius + wall) ** 2 - radius**2) * along
        closed = 1 if kind.startswith("bolted") else 2
        if kind == "hemispherical":
            t = parts.thick("heads", vessels.hemisphere(radius, q, s, self.thick_walls))
            parts.volumes["heads"] = closed * 2 / 3 * pi * ((radius + t) ** 3 - radius**3)
        elif kind in ("ellipsoidal", "bolted_cover"):
            t = parts.thick("heads", vessels.ellipsoid(radius, q, s))
            parts.volumes["heads"] = closed * ELLIPSOID * (2 * radius + t) ** 2 * t
        else:
            t = parts.thick("flat ends", vessels.flat_end(2 * radius, 2 * radius, q, s))
            parts.volumes["flat ends"] = closed * pi * (radius + wall) ** 2 * t
        if closed == 1:
            self._cover(parts, s, q, bolt)
        return parts

    def _cover(self, parts: Parts, s: float, q: float, bolt_stress: float) -> None:
        """Cover, flange of the same thickness, bolts; the rim follows from the bolts."""
        radius, wall = parts.sizes["inside radius"], parts.sizes["wall"]
        gasket = 2 * (radius + self.gasket)
        load = self.scatter * q * pi * gasket**2 / 4
        choice = list(screws(self.smallest_bolt))
        bolt = next((b for b in choice if b.area * bolt_stress * self.cover_bolts >= load), None)
        if bolt is None:
            raise Infeasible(
                f"{self.cover_bolts} bolts {choice[-1].name} do not hold the cover's {load / 1e3:.4g} kN"
            )
        circle = radius + wall + self.aside * bolt.diameter + self.beside
        rim = circle + self.edge * bolt.diameter
        if 2 * pi * circle / self.cover_bolts < 2.5 * bolt.diameter:
            parts.flags.append(f"{self.cover_bolts} bolts {bolt.name} stand closer than 2.5 diameters")
        t = parts.thick("cover", vessels.bolted_cover(gasket, circle - gasket / 2, load, q, s))
        parts.volumes |= {"cover": pi * rim**2 * t, "flange": pi * (rim**2 - radius**2) * t}
        parts.masses["bolts"] = self.cover_bolts * bolt.mass(2 * t)
        parts.sizes |= {"bolt circle radius": circle, "rim radius": rim, "gasket radius": gasket / 2}
        parts.bolt, parts.bolts = bolt.name, self.cover_bolts


def _box(parts: Parts, s: float, q: float, across: tuple[float, float], along: float) -> None:
    """A box drawn along `along` with welded plates at both ends."""
    long, short = max(across), min(across)
    wall = parts.thick("wall", vessels.box(long, short, q, s))
    end = parts.thick("flat ends", vessels.flat_end(short, long, q, s))
    outside = (long + 2 * wall) * (short + 2 * wall)
    parts.volumes = {"shell": (outside - long * short) * along, "flat ends": 2 * outside * end}
    parts.sizes |= {"inside long": long, "inside short": short}
    if along < 4 * long:
        parts.flags.append(
            "short box: the help of its ends (Appendix 13, J factors) is left out, so it is too heavy"
        )
