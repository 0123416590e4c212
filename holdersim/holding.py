"""Steps with the bolts locked: pressurise the fluid, hold for a time, bring to another temperature."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, SerializeAsAny

from .cell import Cell
from .errors import Mistake
from .holder import Holder
from .loads import Step, Tighten
from .schema import Tagged, key, pick
from .units import Pressure, Temperature, Time

Judged = tuple[list[Mistake], list[str]]


class Locked(Step):
    """A step that leaves the bolts locked."""

    @abstractmethod
    def judged(self, where: str, holder: Holder, cell: Cell) -> Judged:
        """Mistakes and warnings against a holder and a cell."""


class Pressurise(Locked):
    """Bring the fluid to a pressure on the gauge; a closed charge is shut in at this pressure and temperature."""

    kind_name = "pressurise"
    pressure: Pressure = key(doc="pressure above that of the surroundings, as a gauge shows it")

    def judged(self, where: str, holder: Holder, cell: Cell) -> Judged:
        """The holder must have a fluid, and be made for the pressure."""
        return holder.fluid_check(f"{where}.pressure", self.pressure, cell)


class Heat(Locked):
    """Bring fluid and holder to another temperature; a charge that is shut in changes its pressure."""

    kind_name = "heat"
    temperature: Temperature = key(doc="temperature that is reached")

    def judged(self, where: str, holder: Holder, cell: Cell) -> Judged:
        """Only a fluid answers so far: thermal strains of solids are not available yet."""
        if holder.warmed(cell, 1.0, self.temperature) is None:
            problem = "is available for a chamber with a fluid only: thermal strains of solids are not yet."
            return [Mistake(where, problem, hint="Remove the step.")], []
        return [], []


class Hold(Locked):
    """Wait: rubber relaxes at the length that plates and springs leave it."""

    kind_name = "hold"
    time: Time = key(doc="how long")
    states: int = key(4, "states in between, evenly on the logarithm of time", ge=1, le=100)

    def judged(self, where: str, holder: Holder, cell: Cell) -> Judged:
        """A holder in which nothing relaxes holds without change."""
        if holder.relaxes:
            return [], []
        return [], [f"{where}: nothing relaxes in this holder: holding changes nothing"]

    @property
    def times(self) -> list[float]:
        """Times [s] of the states from the beginning of the step: from 1 s, or a tenth of the time if that is less."""
        first = min(1.0, self.time / 10)
        return (
            [float(t) for t in np.geomspace(first, self.time, self.states + 1)]
            if self.states > 1
            else [self.time]
        )


STEPS: dict[str, type[Tagged]] = {s.kind_name: s for s in (Tighten, Pressurise, Heat, Hold)}
_LATER = "is not available yet."
LATER = dict.fromkeys(("charge", "discharge", "cycle", "cool", "film"), _LATER)

AnyStep = Annotated[SerializeAsAny[Any], BeforeValidator(pick("do", lambda: STEPS, LATER))]
