"""Which steps there are, and whether one can follow another: loose bolts, empty chambers, cells already full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, SerializeAsAny

from .cell import Cell
from .charging import Charge, Cycle, Discharge, Follow
from .errors import Mistake
from .holder import Holder
from .holding import Cool, Depressurise, Heat, Hold, Judged, Locked, Pressurise, Repressurise, fills
from .loads import Step, Tighten
from .schema import Tagged, pick
from .units import TEMPERATURE, write

_KINDS: tuple[type[Step], ...] = (Tighten, Pressurise, Depressurise, Repressurise)
_KINDS += (Charge, Discharge, Cycle, Follow, Heat, Cool, Hold)
STEPS: dict[str, type[Tagged]] = {s.kind_name: s for s in _KINDS}
LATER = {"film": "is not available yet."}

AnyStep = Annotated[SerializeAsAny[Any], BeforeValidator(pick("do", lambda: STEPS, LATER))]

JUMP = 0.01
"""Change of the state of charge at the beginning of a protocol above which it is told."""


def charges(steps: Sequence[Step]) -> bool:
    """Whether a step changes the state of charge, or gives a layer its thickness."""
    return any(isinstance(s, Locked) and (s.charges or s.grows) for s in steps)


def warms(steps: Sequence[Step]) -> bool:
    """Whether a step changes the temperature."""
    return any(isinstance(s, Locked) and s.warms for s in steps)


def course(steps: Sequence[Step], holder: Holder, cell: Cell, temperature: float) -> Judged:
    """Mistakes and warnings of steps one after the other, begun at a temperature [K]."""
    gone = _Course(holder, fills(holder, cell), warms(steps), temperature)
    if holder.bolt_places() and not isinstance(steps[0], Tighten):
        gone.wrong.append(Mistake("steps[0]", "the bolts are loose.", hint='Begin with do = "tighten".'))
    for i, step in enumerate(steps):
        gone.go(f"steps[{i}]", step)
    return gone.wrong, gone.warn


class _Course:
    """What is known while the steps of a case are gone through, and what is found wrong."""

    def __init__(self, holder: Holder, wet: bool, followed: bool, temperature: float):
        self.holder, self.wet, self.followed = holder, wet, followed
        self.temperature, self.soc = temperature, 0.0
        self.filled = self.vented = self.moved = False
        self.wrong: list[Mistake] = []
        self.warn: list[str] = []

    def go(self, where: str, step: Step) -> None:
        """Judge one step and take it."""
        if isinstance(step, Locked) and (step.charges or step.warms) and self.wet and not self.filled:
            problem = f"there is no fluid to {'heat' if step.warms else 'press the cell'}."
            self._refuse(where, problem, 'Put "pressurise" before it.')
        if isinstance(step, Heat):
            self.wrong += step.turned(where, self.temperature)
        elif isinstance(step, Charge | Cycle):
            self.wrong += step.turned(where, self.soc)
        if isinstance(step, Tighten):
            self.vented = self.vented and self.wet
        elif isinstance(step, Pressurise):
            self._fill(where)
        elif isinstance(step, Depressurise | Repressurise):
            self._vent(where, isinstance(step, Depressurise))
        self._reach(where, step)

    def _refuse(self, where: str, problem: str, hint: str) -> None:
        self.wrong.append(Mistake(where, problem, hint=hint))

    def _fill(self, where: str) -> None:
        """A closed charge is filled at its own temperature: holder and cell are then at it too."""
        shut, at = self.holder.shut_at, self.temperature
        if self.followed and not self.filled and shut is not None and abs(shut - at) > 1e-6:
            text = f"closed at {write(shut, TEMPERATURE)}, the holder is at {write(at, TEMPERATURE)} by then"
            if self.moved:
                self._refuse(where, f"the valve is {text}.", "Change holder.fluid.temperature.")
            else:
                self.warn.append(f"{where}: the valve is {text}: all is at that of the valve from then on")
            self.temperature = shut
        self.filled, self.vented = True, False

    def _vent(self, where: str, down: bool) -> None:
        if down and self.wet and not self.filled:
            self._refuse(where, "there is no fluid to vent.", 'Put "pressurise" before it.')
        elif down and self.vented:
            self._refuse(where, "the pressure is gone already.", 'Put "repressurise" before it.')
        elif not down and not self.vented:
            self._refuse(where, "the pressure was not taken away.", 'Put "depressurise" before it.')
        self.vented = down

    def _reach(self, where: str, step: Step) -> None:
        """What is known after a step that charges or warms."""
        if isinstance(step, Heat):
            self.temperature, self.moved = step.temperature, True
        elif isinstance(step, Charge):
            self.soc = step.to
        elif isinstance(step, Cycle):
            self.soc = step.low
        elif isinstance(step, Follow) and step.charges:
            first = step.soc_at(0)
            if abs(first - self.soc) > JUMP:
                there = f"begins at SOC {first:.3g}, the cell is at {self.soc:.3g} by then"
                self.warn.append(f"{where}: the protocol {there}: its first state is this jump")
            self.soc = step.soc_at(-1)
        if isinstance(step, Follow) and step.warms:
            self.temperature, self.moved = step.temperature_at(-1), True
