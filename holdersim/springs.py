"""Springs under the heads of bolts: coils and stacks of discs, what they do under a force and where they end.

Coil   k = G d^4 / (8 D^3 n), tau = K_w 8 F D / (pi d^3), K_w = (4C - 1)/(4C - 4) + 0.615/C, C = D/d
       (assumed: Shigley, chapter 10, not looked up)
Discs  in parallel add force, in series travel; friction between them (2 to 3 % per face, assumed) is left out.
Units mm, N, MPa.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, fields
from math import pi, sqrt
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, SerializeAsAny, model_validator

from .discs import DIN_2093, Disc
from .errors import PhysicsRefused
from .fasteners import DENSITY, BoltSize
from .schema import Tagged, key, nearest, pick, refuse
from .units import METAL_MODULUS, Kind, Length, Thickness, door

RATE = Kind("a spring rate", "N/mm", 0.01, 1e6, ("N/mm", "kN/mm", "N/m"))
_METAL = Annotated[float, *door(METAL_MODULUS)]


class Spring(Tagged):
    """A spring under the head of each bolt; a body as assembly.SpringLaw wants it, and what a drawing needs."""

    @property
    @abstractmethod
    def free(self) -> float:
        """Length [mm] without load."""

    @property
    @abstractmethod
    def travel(self) -> float:
        """Largest compression [mm] that is allowed: coil-bound, flat, or where the force no longer rises."""

    @property
    @abstractmethod
    def bore(self) -> float:
        """Inner diameter [mm]."""

    @property
    @abstractmethod
    def width(self) -> float:
        """Outer diameter [mm]."""

    @property
    @abstractmethod
    def mass(self) -> float:
        """Mass [t]."""

    @property
    @abstractmethod
    def end(self) -> str:
        """What happens at the end of the travel."""

    @abstractmethod
    def force(self, compression: float) -> float:
        """Force [N] at a compression [mm] within the travel."""

    @abstractmethod
    def compression(self, force: float) -> float:
        """Compression [mm] under a force [N]; PhysicsRefused beyond `solid`."""

    @abstractmethod
    def rate(self, force: float) -> float:
        """Stiffness [N/mm] at a force [N]."""

    @property
    def solid(self) -> float:
        """Force [N] at the end of the travel."""
        return self.force(self.travel)

    @property
    def shortest(self) -> float:
        """Length [mm] at the end of the travel."""
        return self.free - self.travel

    def length(self, force: float) -> float:
        """Length [mm] under a force [N]."""
        return self.free - self.compression(force)

    def beyond(self, force: float) -> str:
        """Empty, or why the spring cannot carry a force [N], with the numbers."""
        if force <= self.solid * (1 + 1e-9):
            return ""
        return (
            f"springs {self.end} ({self.shortest:.4g} mm) at {self.solid / 1000:.3g} kN < "
            f"{force / 1000:.3g} kN demanded."
        )

    def _refuse(self, force: float) -> None:
        if why := self.beyond(force):
            raise PhysicsRefused(why + " Use a stiffer or longer spring, or lower the load.")


class Coil(Spring):
    """Helical compression spring of round wire with ground ends; rate by its turns, or as given."""

    kind_name = "coil"
    wire: Length = key(doc="diameter of the wire")
    diameter: Length = key(doc="mean diameter of the coil")
    free_length: Length = key(doc="length without load")
    turns: Annotated[float, Field(gt=0.5, le=200)] | None = key(None, "active turns; gives the rate")
    spring_rate: Annotated[float, *door(RATE)] | None = key(None, "rate, instead of turns")
    solid_height: Length | None = key(None, "length when the turns touch")
    total_turns: Annotated[float, Field(gt=0.5, le=200)] | None = key(
        None, "all turns, instead of solid_height: total_turns * wire"
    )
    shear_modulus: _METAL = key("79.3 GPa", "of the wire; spring steel (assumed)")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for one, other in (("turns", "spring_rate"), ("solid_height", "total_turns")):
            if (getattr(self, one) is None) == (getattr(self, other) is None):
                raise refuse(f"give {one} or {other}, one of both.")
        if self.diameter < 2 * self.wire:
            raise refuse(f"mean diameter {self.diameter:g} mm is less than two wires of {self.wire:g} mm.")
        if self.shortest >= self.free_length:
            problem = f"free length {self.free_length:g} mm does not exceed the solid height"
            raise refuse(f"{problem} {self.shortest:g} mm.")
        return self

    @property
    def free(self) -> float:
        """Length [mm] without load."""
        return self.free_length

    @property
    def shortest(self) -> float:
        """Length [mm] when the turns touch."""
        return self.solid_height or (self.total_turns or 0.0) * self.wire

    @property
    def travel(self) -> float:
        """Compression [mm] at which the turns touch."""
        return self.free_length - self.shortest

    @property
    def bore(self) -> float:
        """Inner diameter [mm]."""
        return self.diameter - self.wire

    @property
    def width(self) -> float:
        """Outer diameter [mm]."""
        return self.diameter + self.wire

    @property
    def mass(self) -> float:
        """Mass [t]: as many turns as fill the solid height."""
        return DENSITY * pi / 4 * self.wire**2 * pi * self.diameter * self.shortest / self.wire

    @property
    def end(self) -> str:
        """The turns touch."""
        return "reach solid height"

    def rate(self, force: float = 0.0) -> float:
        """Stiffness [N/mm], the same at any force."""
        if self.spring_rate is not None:
            return self.spring_rate
        return self.shear_modulus * self.wire**4 / (8 * self.diameter**3 * (self.turns or 0.0))

    def force(self, compression: float) -> float:
        """Force [N] at a compression [mm]."""
        return self.rate() * compression

    def compression(self, force: float) -> float:
        """Compression [mm] under a force [N]; PhysicsRefused where the turns touch."""
        self._refuse(force)
        return force / self.rate()

    def stress(self, force: float) -> float:
        """Largest shear stress [MPa] of the wire under a force [N], with the factor of Wahl."""
        index = self.diameter / self.wire
        wahl = (4 * index - 1) / (4 * index - 4) + 0.615 / index
        return wahl * 8 * force * self.diameter / (pi * self.wire**3)


class Belleville(Spring):
    """Disc springs without contact flats, by DIN 2093 size ("A12.5") or by their four dimensions, and their stack."""

    kind_name = "belleville"
    size: str | None = key(None, 'size of DIN 2093: series and outer diameter, as "A12.5"')
    outer: Length | None = key(None, "outer diameter De, instead of size")
    inner: Length | None = key(None, "inner diameter Di")
    thickness: Thickness | None = key(None, "thickness t of a disc")
    height: Thickness | None = key(None, "height h0 of the cone inside, its travel until flat")
    series: Annotated[int, Field(ge=1, le=100)] = key(1, "packs in series: travel adds up")
    parallel: Annotated[int, Field(ge=1, le=10)] = key(1, "discs in parallel in a pack: force adds up")
    modulus: _METAL = key("206 GPa", "Young's modulus; spring steel (assumed)")
    poisson: Annotated[float, Field(ge=0, lt=0.5)] = key(0.3, "Poisson's ratio")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        own = [n for n in ("outer", "inner", "thickness", "height") if getattr(self, n) is not None]
        if self.size is not None and self.size not in DIN_2093:
            close = nearest(self.size, DIN_2093)
            raise refuse(f'there is no size "{self.size}" of DIN 2093 here.', close)
        if bool(own) == (self.size is not None) or (own and len(own) < 4):
            raise refuse("give size, or outer, inner, thickness and height.")
        if self.disc.outer < 1.2 * self.disc.inner:
            problem = f"outer {self.disc.outer:g} mm must be 1.2 times inner {self.disc.inner:g} mm or more."
            raise refuse(problem)
        return self

    @property
    def disc(self) -> Disc:
        """One disc."""
        own = (self.outer or 0.0, self.inner or 0.0, self.thickness or 0.0, self.height or 0.0)
        return Disc(*(DIN_2093[self.size] if self.size else own), self.modulus, self.poisson)

    @property
    def free(self) -> float:
        """Length [mm] of the stack without load."""
        return self.series * (self.disc.height + self.parallel * self.disc.thickness)

    @property
    def travel(self) -> float:
        """Compression [mm] until flat, or until the largest force where h0/t > sqrt 2."""
        return self.series * self.disc.travel

    @property
    def bore(self) -> float:
        """Inner diameter [mm]."""
        return self.disc.inner

    @property
    def width(self) -> float:
        """Outer diameter [mm]."""
        return self.disc.outer

    @property
    def mass(self) -> float:
        """Mass [t] of all discs."""
        area = pi / 4 * (self.disc.outer**2 - self.disc.inner**2)
        return DENSITY * area * self.disc.thickness * self.series * self.parallel

    @property
    def end(self) -> str:
        """Flat, or the force falls from there."""
        steep = self.disc.steep
        return "are flat" if steep <= sqrt(2) else f"reach their largest force (h0/t = {steep:.3g} > 1.414)"

    def force(self, compression: float) -> float:
        """Force [N] of the stack at a compression [mm]."""
        return self.parallel * self.disc.force(compression / self.series)

    def compression(self, force: float) -> float:
        """Compression [mm] under a force [N]; PhysicsRefused where the stack is flat or its force falls."""
        self._refuse(force)
        if force <= 0:
            return force / self.rate(0.0)
        if force >= self.solid:
            return self.travel
        s = 0.0
        for _ in range(60):  # the branch rises ever less, so Newton's method from 0 nears the root from below
            if (missing := force - self.force(s)) <= 1e-14 * force:
                break
            s += missing * self.series / (self.parallel * self.disc.rate(s / self.series))
        return s

    def rate(self, force: float) -> float:
        """Slope [N/mm] of the characteristic at a force [N]."""
        compression = self.compression(force) if force > 0 else 0.0
        return self.parallel / self.series * self.disc.rate(compression / self.series)


SPRINGS: dict[str, type[Tagged]] = {s.kind_name: s for s in (Coil, Belleville)}

AnySpring = Annotated[SerializeAsAny[Spring], BeforeValidator(pick("kind", lambda: SPRINGS))]


@dataclass(frozen=True)
class SprungBolt(BoltSize):
    """A size of bolt that carries a spring under its head."""

    spring: Spring

    @classmethod
    def of(cls, size: BoltSize, spring: Spring) -> SprungBolt:
        """The size with its spring."""
        return cls(**{f.name: getattr(size, f.name) for f in fields(BoltSize)}, spring=spring)
