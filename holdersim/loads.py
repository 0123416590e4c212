"""Steps of a case: what is done to the holder, in order. Tightening: which force each bolt gets, and when."""

from __future__ import annotations

from collections.abc import Mapping
from math import atan2
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .assembly import Rect
from .errors import Mistake
from .fasteners import SIZES, BoltClass, BoltSize, proof_load, torque_per_force
from .schema import Tagged, key, refuse
from .springs import Spring, SprungBolt
from .units import TORQUE as TORQUE_KIND
from .units import Force, Length, Pressure, Torque, write

Friction = Annotated[float, Field(ge=0.01, le=1.0)]
Places = Mapping[str, tuple[float, float]]
BoltType = tuple[BoltSize, BoltClass]


NEEDS = (
    "torque needs nut_factor (0.12 lubricated to 0.20 dry), or thread_friction and head_friction; "
    "without it the force is uncertain by more than 2x."
)


LOADS = ("pressure", "force", "torque", "spring_length")


class Step(Tagged):
    """Something that is done; the bolts are locked after the first tightening."""

    tag = "do"


class Tighten(Step):
    """Tighten the bolts to a mean pressure on a named area, a total force, or a torque or spring length per bolt.

    sequence: "together", "cross" (opposite bolts in turn) or a list of bolt names; in a sequence every
    bolt is set alone while the others keep their length, in rising `passes` (a number, or shares of the load
    that end in 1).
    scatter: factors by bolt name on the force that was meant.
    """

    kind_name = "tighten"
    pressure: Pressure | None = key(None, "mean pressure on `area`")
    area: str | None = key(None, "cathode, anode, separator or pouch")
    force: Force | None = key(None, "total force of all bolts")
    torque: Torque | None = key(None, "torque on each bolt")
    spring_length: Length | None = key(None, "length to which the spring of each bolt is compressed")
    nut_factor: Annotated[float, Field(ge=0.03, le=0.6)] | None = key(
        None, "K in T = K F d; 0.12 lubricated, 0.20 dry"
    )
    thread_friction: Friction | None = key(None, "friction in the thread")
    head_friction: Friction | None = key(None, "friction under the head or nut")
    sequence: Literal["together", "cross"] | tuple[str, ...] = key("together", "order of the bolts")
    passes: int | tuple[float, ...] = key(1, "passes, or shares of the load in each pass")
    scatter: dict[str, Annotated[float, Field(gt=0.2, lt=5.0)]] = key(
        {}, "factor on the force of single bolts"
    )

    @model_validator(mode="after")
    def _one_load(self) -> Self:
        given = [n for n in LOADS if getattr(self, n) is not None]
        if len(given) != 1:
            found = f"has {' and '.join(given)}" if given else "has no load"
            raise refuse(f"{found}: give exactly one of pressure (with area), force, torque, spring_length.")
        if self.area is not None and self.pressure is None:
            raise refuse(
                "area belongs to a pressure.", f"Remove area, or give pressure instead of {given[0]}."
            )
        friction = self.thread_friction is not None, self.head_friction is not None
        if (self.torque is not None and (self.nut_factor is not None) == all(friction)) or any(
            friction
        ) != all(friction):
            raise refuse(NEEDS, "Write for example nut_factor = 0.2.")
        if self.torque is None and (self.nut_factor is not None or any(friction)):
            raise refuse(
                "nut_factor and friction belong to a torque.", f"Remove them: {given[0]} needs none."
            )
        return self

    @model_validator(mode="after")
    def _rising(self) -> Self:
        shares = self.shares
        if (
            not 1 <= len(shares) <= 50
            or sorted(set(shares)) != list(shares)
            or shares[0] <= 0
            or shares[-1] != 1.0
        ):
            raise refuse(
                "passes must be a number from 1 to 50, or rising shares that end in 1.",
                "Write [0.3, 0.6, 1.0].",
            )
        if self.sequence == "together" and len(shares) > 1:
            raise refuse("passes need a sequence.", 'Write sequence = "cross".')
        return self

    @property
    def shares(self) -> tuple[float, ...]:
        """Share of the load in each pass."""
        n = self.passes
        return tuple((i + 1) / n for i in range(n)) if isinstance(n, int) else n

    def force_per_bolt(self, regions: Mapping[str, Rect], bolt: BoltType, count: int) -> float:
        """Force [N] meant for each bolt."""
        if self.torque is not None:
            return self.torque / torque_per_force(
                bolt[0], self.nut_factor, self.thread_friction, self.head_friction
            )
        if self.spring_length is not None:
            spring = _spring(bolt)
            return spring.force(spring.free - self.spring_length) if spring else 0.0
        if self.force is not None:
            return self.force / count
        return (self.pressure or 0.0) * regions[self.area or ""].area / count

    def forces(self, regions: Mapping[str, Rect], bolt: BoltType, places: Places) -> dict[str, float]:
        """Force [N] of each bolt, scatter included."""
        each = self.force_per_bolt(regions, bolt, len(places))
        return {name: each * self.scatter.get(name, 1.0) for name in places}

    def order(self, places: Places) -> tuple[str, ...]:
        """Order of the bolts in a pass; cross: around the centre, opposite ones in turn."""
        if isinstance(self.sequence, tuple):
            return self.sequence
        round_ = sorted(places, key=lambda n: (atan2(places[n][1], places[n][0]) % 6.283185307, n))
        half = (len(round_) + 1) // 2
        pairs = [(round_[i], round_[i + half] if i + half < len(round_) else None) for i in range(half)]
        return tuple(n for pair in pairs for n in pair if n) if self.sequence == "cross" else tuple(places)

    def pulls(
        self, regions: Mapping[str, Rect], bolt: BoltType, places: Places
    ) -> tuple[dict[str, float], ...]:
        """What is set in turn: bolts set at once and their forces [N]; the others keep their length."""
        forces = self.forces(regions, bolt, places)
        if self.sequence == "together":
            return (forces,)
        return tuple({n: share * forces[n]} for share in self.shares for n in self.order(places))

    def check(
        self, where: str, regions: Mapping[str, Rect], bolt: BoltType | None, places: Places
    ) -> tuple[list[Mistake], list[str]]:
        """Mistakes and warnings against this cell and these bolts."""
        if bolt is None or not places:
            return [Mistake(where, "the holder has no bolts to tighten.")], []
        wrong = self._names(where, places) + self._area(where, regions) + self._length(where, bolt)
        if wrong:
            return wrong, []
        forces = self.forces(regions, bolt, places)
        return self._bottoms(where, forces, bolt) or self._strength(where, forces, bolt)

    def _names(self, where: str, places: Places) -> list[Mistake]:
        out = []
        unknown = sorted({n for n in (*self.order(places), *self.scatter) if n not in places})
        if unknown:
            out.append(
                Mistake(where, f"there is no bolt {', '.join(unknown)}.", hint=f"Bolts: {', '.join(places)}.")
            )
        elif set(self.order(places)) != set(places):
            left = [n for n in places if n not in self.order(places)]
            out.append(
                Mistake(f"{where}.sequence", f"leaves out {', '.join(left)}.", hint="Name every bolt.")
            )
        return out

    def _area(self, where: str, regions: Mapping[str, Rect]) -> list[Mistake]:
        if self.pressure is None or self.area in regions:
            return []
        each = ", ".join(f'"{n}" gives {self.pressure * r.area / 1000:.2f} kN' for n, r in regions.items())
        if self.area is None:
            return [Mistake(f"{where}.pressure", f"needs area: {each}.", hint='Write area = "cathode".')]
        return [Mistake(f"{where}.area", f"there is no such area: {each}.", f'"{self.area}"')]

    def _length(self, where: str, bolt: BoltType) -> list[Mistake]:
        """A spring length needs springs, and lies between their free and their shortest length."""
        spring, length = _spring(bolt), self.spring_length
        if length is None or (spring and spring.shortest - 1e-9 <= length < spring.free):
            return []
        if spring is None:
            problem, hint = "the bolts have no springs.", "Give holder.spring, or a torque."
        elif length >= spring.free:
            problem = f"{length:g} mm is not below the free length {spring.free:g} mm."
            hint = "Such a spring does not press."
        else:
            problem = f"springs {spring.end} at {spring.shortest:.4g} mm, above the {length:g} mm demanded."
            hint = "Leave them longer."
        return [Mistake(f"{where}.spring_length", problem, hint=hint)]

    def _bottoms(
        self, where: str, forces: dict[str, float], bolt: BoltType
    ) -> tuple[list[Mistake], list[str]] | None:
        """The mistake that a force is more than the springs can carry, if it is."""
        spring, (name, force) = _spring(bolt), max(forces.items(), key=lambda f: f[1])
        why = spring.beyond(force) if spring else ""
        hint = "Use stiffer or longer springs, or lower the load."
        return ([Mistake(f"{where}.{self._load}", f"bolt {name}: {why}", hint=hint)], []) if why else None

    @property
    def _load(self) -> str:
        return next(n for n in LOADS if getattr(self, n) is not None)

    def _strength(
        self, where: str, forces: dict[str, float], bolt: BoltType
    ) -> tuple[list[Mistake], list[str]]:
        name, force = max(forces.items(), key=lambda f: f[1])
        size, strength = bolt
        ratio = force / proof_load(size, strength)
        load = (
            f"{write(self.torque, TORQUE_KIND).replace('*', ' ')} gives " if self.torque is not None else ""
        )
        part = f"{force / 1000:.3g} kN = {100 * ratio:.0f} % of the proof load"
        text = f"bolt {name} {size.name}-{strength.name}: {load}{part}"
        if ratio <= 1:
            return [], [f"{where}: {text}: usual is at most 75 %"] if ratio > 0.75 else []
        what = self._load
        larger = next(
            (
                s.name
                for s in SIZES.values()
                if s.diameter > size.diameter and force <= proof_load(s, strength)
            ),
            None,
        )
        hint = f"Lower the {'load' if what == 'spring_length' else what}" + (
            f" or use {larger}." if larger and what != "torque" else " or use larger bolts."
        )
        problem = f"{text} ({proof_load(size, strength) / 1000:.3g} kN)."
        return [Mistake(f"{where}.{what}", problem, hint=hint)], []


def _spring(bolt: BoltType) -> Spring | None:
    """The spring under the head of a bolt."""
    return bolt[0].spring if isinstance(bolt[0], SprungBolt) else None
