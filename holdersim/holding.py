"""Steps with the bolts locked: fill, vent, heat, cool, hold; what each brings the holder to."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from .cell import Cell
from .errors import Mistake
from .holder import Holder
from .loads import Step
from .schema import key
from .units import TEMPERATURE, Pressure, Temperature, Time, write

Judged = tuple[list[Mistake], list[str]]
Amounts = Mapping[str, float]

SNUG = 0.02
"""Share of its force that is left on a loosened bolt, and that nuts run down by hand give it."""


@dataclass(frozen=True)
class Aim:
    """What the next state is brought to; None: that stays as it is.

    seconds: time that passes on the way; filled: gauge pressure [MPa] that the fluid is set to; share: of the force
    that bolts were meant to have, or of the pressure that the fluid had; thicker: growth [mm] by layer.
    """

    seconds: float = 0.0
    soc: float | None = None
    temperature: float | None = None
    filled: float | None = None
    share: float | None = None
    thicker: Mapping[str, float] = field(default_factory=dict)


class Locked(Step):
    """A step that leaves the bolts locked.

    charges: it changes the state of charge; warms: it changes the temperature; grows: layers it gives a thickness.
    """

    charges: ClassVar[bool] = False
    warms: ClassVar[bool] = False

    @property
    def grows(self) -> tuple[str, ...]:
        """Names of layers whose thickness the step gives."""
        return ()

    @abstractmethod
    def judged(self, where: str, holder: Holder, cell: Cell) -> Judged:
        """Mistakes and warnings against a holder and a cell."""

    @abstractmethod
    def aims(self, now: Amounts) -> Iterator[Aim]:
        """What the states of the step are brought to, in order, from the amounts before it."""


def fills(holder: Holder, cell: Cell) -> bool:
    """Whether a holder presses with a fluid."""
    return holder.warmed(cell, 1.0, 300.0) is not None


def timed(where: str, holder: Holder, cell: Cell, seconds: float | None) -> list[Mistake]:
    """The mistake that a step has no duration though something relaxes or creeps meanwhile."""
    creeps = [n for n, (_, law) in cell.laws().items() if law is not None and law.creep]
    if seconds is not None or not (holder.relaxes or creeps):
        return []
    what = "a pad of the holder relaxes" if holder.relaxes else f"{', '.join(creeps)} creeps"
    return [Mistake(f"{where}.duration", f"is missing: {what} meanwhile.", hint='Write duration = "10 h".')]


class Pressurise(Locked):
    """Bring the fluid to a pressure on the gauge; a closed charge is shut in at this pressure and temperature."""

    kind_name = "pressurise"
    pressure: Pressure = key(doc="pressure above that of the surroundings, as a gauge shows it")

    def judged(self, where: str, holder: Holder, cell: Cell) -> Judged:
        """The holder must have a fluid, and be made for the pressure."""
        return holder.fluid_check(f"{where}.pressure", self.pressure, cell)

    def aims(self, now: Amounts) -> Iterator[Aim]:
        """The pressure."""
        yield Aim(filled=self.pressure)


Share = Annotated[float, Field(gt=0.0, lt=1.0)]


class Depressurise(Locked):
    """Take the pressure away: vent the fluid, or loosen all bolts to a share of the force they were meant to have."""

    kind_name = "depressurise"
    share: Share | None = key(None, f"share of the bolts' forces that is left; {SNUG:g} unless told")

    def judged(self, where: str, holder: Holder, cell: Cell) -> Judged:
        """A fluid is vented altogether."""
        if self.share is not None and fills(holder, cell):
            return [Mistake(f"{where}.share", "belongs to bolts: a fluid is vented.", hint="Remove it.")], []
        return [], []

    def aims(self, now: Amounts) -> Iterator[Aim]:
        """The share that is left."""
        yield Aim(share=0.0 if "filled" in now else self.share or SNUG)


class Repressurise(Locked):
    """Bring the pressure back: the fluid to what it was before, the bolts to what they were meant to have."""

    kind_name = "repressurise"

    def judged(self, where: str, holder: Holder, cell: Cell) -> Judged:
        """Always possible once the pressure was taken away."""
        return [], []

    def aims(self, now: Amounts) -> Iterator[Aim]:
        """All of it."""
        yield Aim(share=1.0)


class Heat(Locked):
    """Bring holder, cell and fluid to a higher temperature; a charge that is shut in changes its pressure."""

    kind_name = "heat"
    warms = True
    temperature: Temperature = key(doc="temperature that is reached")
    states: int = key(1, "states on the way, evenly", ge=1, le=1000)
    duration: Time | None = key(None, "how long it takes; needed where something relaxes")

    def judged(self, where: str, holder: Holder, cell: Cell) -> Judged:
        """It takes time where something relaxes; layers without an expansion are told."""
        none = sorted({la.material.name for la in cell.layers() if not la.material.expansion})
        lost = (
            [f"{where}: no thermal expansion is known of {', '.join(none)}: it is taken as 0"] if none else []
        )
        return timed(where, holder, cell, self.duration), lost

    def aims(self, now: Amounts) -> Iterator[Aim]:
        """Temperatures at even distances."""
        start, n = now["temperature"], self.states
        for k in range(1, n + 1):
            reached = self.temperature if k == n else start + k / n * (self.temperature - start)
            yield Aim(seconds=(self.duration or 0.0) / n, temperature=reached)

    def turned(self, where: str, now: float) -> list[Mistake]:
        """The mistake that the holder would not get warmer, from a temperature [K]."""
        if self.temperature >= now - 1e-9:
            return []
        problem = f"the holder is at {write(now, TEMPERATURE)} by then: that would cool it."
        return [Mistake(f"{where}.temperature", problem, hint='Write do = "cool".')]


class Cool(Heat):
    """Bring holder, cell and fluid to a lower temperature; a charge that is shut in changes its pressure."""

    kind_name = "cool"

    def turned(self, where: str, now: float) -> list[Mistake]:
        """The mistake that the holder would not get colder, from a temperature [K]."""
        if self.temperature <= now + 1e-9:
            return []
        problem = f"the holder is at {write(now, TEMPERATURE)} by then: that would heat it."
        return [Mistake(f"{where}.temperature", problem, hint='Write do = "heat".')]


class Hold(Locked):
    """Wait: rubber relaxes at the length that plates and springs leave it."""

    kind_name = "hold"
    time: Time = key(doc="how long")
    states: int = key(4, "states in between, evenly on the logarithm of time", ge=1, le=100)

    def judged(self, where: str, holder: Holder, cell: Cell) -> Judged:
        """A holder in which nothing relaxes holds without change."""
        if timed(where, holder, cell, None):
            return [], []
        return [], [f"{where}: nothing relaxes in this holder: holding changes nothing"]

    def aims(self, now: Amounts) -> Iterator[Aim]:
        """Nothing but time passes."""
        for seconds in np.diff([0.0, *self.times]):
            yield Aim(seconds=float(seconds))

    @property
    def times(self) -> list[float]:
        """Times [s] of the states from the beginning of the step: from 1 s, or a tenth of the time if that is less."""
        first = min(1.0, self.time / 10)
        return (
            [float(t) for t in np.geomspace(first, self.time, self.states + 1)]
            if self.states > 1
            else [self.time]
        )


# -- what a state is brought to, as amounts ------------------------------------------------------------------


def grown(cell: Cell, now: Amounts) -> float:
    """Volume [mm3] by which the layers of a cell have grown: sum of area that grows * thickness * (J - 1)."""
    areas = cell.active_areas()
    return sum(
        areas.get(f"{p.name}.{la.name}", la.footprint).area
        * la.thickness
        * now.get(f"swell:{p.name}.{la.name}", 0.0)
        for p in cell.pouches()
        for la in p.layers()
    )


def brought(holder: Holder, cell: Cell, reference: float, now: Amounts, aim: Aim) -> dict[str, float]:
    """Amounts once an aim is reached from the amounts `now`; reference: temperature [K] of assembly.

    Besides those that load bodies: "filled", "shut", "filled grown": gauge pressure [MPa], temperature [K] and growth
    [mm3] of the cell when the fluid was shut in; "vented": pressure [MPa] that it had before it was vented. Where
    temperatures are followed, the holder is at that of a closed charge when it is filled first.
    """
    out = dict(now)
    if aim.temperature is not None:
        out |= {"temperature": aim.temperature, "warming": aim.temperature - reference}
    if aim.soc is not None:
        out |= _charged(cell, now, aim)
    for name, thicker in aim.thicker.items():
        out |= {f"swell:{full}": _growth(cell, full, thicker) for full in named(cell, name)}
    filled = aim.filled
    if aim.share is not None and "filled" in now:
        filled = now["vented"] if aim.share else 0.0
        out["vented"] = now["pressure"]
    if filled is not None:
        if "temperature" in out and "filled" not in now and holder.shut_at is not None:
            out |= {"temperature": holder.shut_at, "warming": holder.shut_at - reference}
        out |= {"pressure": filled, "filled": filled}
        out |= {"shut": out["temperature"]} if "temperature" in out else {}
        out |= {"filled grown": grown(cell, out)} if "soc" in out else {}
    elif out.get("filled"):
        at = out.get("temperature", holder.shut_at or reference)
        more = grown(cell, out) - out.get("filled grown", 0.0)
        pressure = holder.warmed(cell, out["filled"], at, more, out.get("shut", at))
        assert pressure is not None  # it was filled
        out["pressure"] = pressure
    return out


def _charged(cell: Cell, now: Amounts, aim: Aim) -> dict[str, float]:
    """Amounts at the state of charge of an aim; where thicknesses are given nothing swells by laws of the cell."""
    assert aim.soc is not None  # asked by the caller
    if not aim.thicker:
        return cell.swollen(now, aim.soc)
    more = {} if cell.charge_mistakes("") else cell.swollen(now, aim.soc)
    return {n: a for n, a in more.items() if not n.startswith("swell:")} | {"soc": aim.soc}


def named(cell: Cell, layer: str) -> list[str]:
    """Full names "solid.layer" of the layers that a case calls by this name, with or without the solid's."""
    known = [(p.name, la.name) for p in cell.pouches() for la in p.layers()]
    return [f"{solid}.{name}" for solid, name in known if layer in (name, f"{solid}.{name}")]


def _growth(cell: Cell, name: str, thicker: float) -> float:
    """J - 1 of a layer "solid.layer" that gets thicker [mm], by the share of growth that goes there."""
    solid, layer = name.split(".", 1)
    whole = next(
        la.thickness for p in cell.pouches() if p.name == solid for la in p.layers() if la.name == layer
    )
    upright = cell.laws()[name][0][2] if name in cell.laws() else 1.0
    return float((1.0 + thicker / whole) ** (1.0 / upright) - 1.0)
