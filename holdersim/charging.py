"""Steps that charge the cell, with the bolts locked: charge, discharge, cycle, and a protocol from a file."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, ValidationInfo, field_validator, model_validator

from .cell import Cell
from .errors import Mistake
from .holder import Holder
from .holding import Aim, Amounts, Judged, Locked, named, timed
from .protocol import Columns, Protocol, read_protocol
from .schema import key, refuse
from .units import Kind, Time, door

CAPACITY = Kind("a capacity", "A*h", 1e-7, 1e4, ("mA*h", "A*h"), "mA*h")
MOST = 20000
"""States of one step at most."""


def _soc(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refuse("a state of charge is a plain number from 0 to 1.", "Write 1.0 for a full cell.")
    if not 0 <= value <= 1:
        hint = f"Did you mean {value / 100:g} ({value:g} %)?" if 1 < value <= 100 else ""
        raise refuse("a state of charge lies in 0 to 1.", hint)
    return float(value)


SOC = Annotated[float, BeforeValidator(_soc)]


def _evenly(start: float, to: float, states: int, seconds: float | None) -> Iterator[Aim]:
    """States of charge at even distances; the last is met to the digit, so that cycles close."""
    for k in range(1, states + 1):
        soc = to if k == states else start + (to - start) * k / states
        yield Aim(seconds=(seconds or 0.0) / states, soc=soc)


class Charge(Locked):
    """Charge the cell at constant current; layers grow or shrink by the laws of the cell."""

    kind_name = "charge"
    charges = True
    to: SOC = key(1.0, "state of charge that is reached, 0 to 1")
    states: int = key(10, "states on the way, evenly", ge=1, le=1000)
    duration: Time | None = key(None, "how long it takes; needed where something relaxes or creeps")

    def judged(self, where: str, holder: Holder, cell: Cell) -> Judged:
        """The cell must know its capacity; it takes time where something relaxes."""
        return [*cell.charge_mistakes(where), *timed(where, holder, cell, self.duration)], []

    def aims(self, now: Amounts) -> Iterator[Aim]:
        """States of charge at even distances."""
        return _evenly(now.get("soc", 0.0), self.to, self.states, self.duration)

    def turned(self, where: str, now: float) -> list[Mistake]:
        """The mistake that nothing is charged, from a state of charge."""
        if self.to > now:
            return []
        problem = f"the cell is at SOC {now:g} by then: nothing is charged."
        return [Mistake(f"{where}.to", problem, hint='Write a higher one, or do = "discharge".')]


class Discharge(Charge):
    """Discharge the cell at constant current; layers grow or shrink by the laws of the cell."""

    kind_name = "discharge"
    to: SOC = key(0.0, "state of charge that is reached, 0 to 1")

    def turned(self, where: str, now: float) -> list[Mistake]:
        """The mistake that nothing is discharged, from a state of charge."""
        if self.to < now:
            return []
        problem = f"the cell is at SOC {now:g} by then: nothing is discharged."
        return [Mistake(f"{where}.to", problem, hint='Write a lower one, or do = "charge".')]


class Cycle(Locked):
    """Charge and discharge several times."""

    kind_name = "cycle"
    charges = True
    count: int = key(1, "number of cycles", ge=1, le=10000)
    states: int = key(
        20, "states of each cycle, half of them on the way up; even", ge=2, le=1000, multiple_of=2
    )
    low: SOC = key(0.0, "state of charge at the end of each discharge, 0 to 1")
    high: SOC = key(1.0, "state of charge at the end of each charge, 0 to 1")
    duration: Time | None = key(
        None, "of each charge and of each discharge; needed where something relaxes or creeps"
    )
    rest: Time | None = key(None, "pause after each charge and each discharge; none unless told")

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.low >= self.high:
            raise refuse(f"low = {self.low:g} is not below high = {self.high:g}.", "Swap?")
        if self.count * self.states > MOST:
            raise refuse(f"{self.count * self.states} states; at most {MOST} in one step.", "Lower states.")
        return self

    def judged(self, where: str, holder: Holder, cell: Cell) -> Judged:
        """The cell must know its capacity; it takes time where something relaxes."""
        return [*cell.charge_mistakes(where), *timed(where, holder, cell, self.duration)], []

    def aims(self, now: Amounts) -> Iterator[Aim]:
        """Up, rest, down, rest, each time."""
        soc, half = now.get("soc", 0.0), self.states // 2
        for _ in range(self.count):
            for to in (self.high, self.low):
                yield from _evenly(soc, to, half, self.duration)
                if self.rest:
                    yield Aim(seconds=self.rest)
                soc = to

    def turned(self, where: str, now: float) -> list[Mistake]:
        """The mistake that the cell is beyond the cycle, from a state of charge."""
        if now < self.high:
            return []
        problem = f"the cell is at SOC {now:g} by then: a cycle begins with a charge."
        return [Mistake(f"{where}.high", problem, hint='Put do = "discharge" before it.')]


class Follow(Locked):
    """Follow a protocol from a CSV file: time, state of charge, temperature, or thickness as PyBaMM exports it."""

    kind_name = "protocol"
    file: str = key(doc="CSV file, seen from the case file")
    time: str | None = key(None, 'column of the time, such as "Time [s]"; found by its name unless told')
    soc: str | None = key(None, "column of the state of charge; found by its name unless told")
    temperature: str | None = key(None, "column of the temperature; found by its name unless told")
    discharged: str | None = key(
        None,
        'column of the discharged capacity, such as "Discharge capacity [A.h]"; needs capacity and start',
    )
    capacity: Annotated[float, *door(CAPACITY)] | None = key(None, "capacity from SOC 0 to SOC 1")
    start: SOC | None = key(None, "state of charge in the first row")
    thickness: dict[str, str] = key(
        {}, 'columns of thickness changes by layer: { Si = "Negative electrode thickness change [m]" }'
    )
    time_unit: str | None = key(None, "unit of the time where its column does not name one")
    temperature_unit: str | None = key(None, "unit of the temperature where its column does not name one")
    states: int | None = key(None, "rows that are solved, evenly; all unless told", ge=2, le=MOST)

    @field_validator("file")
    @classmethod
    def _resolve(cls, value: str, info: ValidationInfo) -> str:
        path = Path((info.context or {}).get("folder", "."), value).resolve()
        if not path.is_file():
            raise refuse("there is no such file.", f"Looked in {path.parent}.")
        return str(path)

    @cached_property
    def _read(self) -> tuple[Protocol | None, list[Mistake]]:
        columns = Columns(
            self.time,
            self.soc,
            self.temperature,
            self.discharged,
            self.capacity,
            self.start,
            dict(self.thickness),
            self.time_unit,
            self.temperature_unit,
        )
        return read_protocol(Path(self.file), columns, self.states, MOST)

    @property
    def rows(self) -> Protocol:
        """What the file says; only of a file without mistakes."""
        found = self._read[0]
        assert found is not None  # checked when the case was read
        return found

    @property
    def charges(self) -> bool:  # type: ignore[override]
        """Whether the file has a state of charge."""
        return self._read[0] is not None and self._read[0].soc is not None

    @property
    def warms(self) -> bool:  # type: ignore[override]
        """Whether the file has a temperature."""
        return self._read[0] is not None and self._read[0].temperature is not None

    @property
    def grows(self) -> tuple[str, ...]:
        """Names of the layers whose thickness the file gives."""
        return tuple(self.thickness)

    def soc_at(self, row: int) -> float:
        """State of charge in a row; only where the file has it."""
        assert self.rows.soc is not None
        return float(self.rows.soc[row])

    def temperature_at(self, row: int) -> float:
        """Temperature [K] in a row; only where the file has it."""
        assert self.rows.temperature is not None
        return float(self.rows.temperature[row])

    def fingerprint(self) -> dict[str, Any]:
        """What makes this step what it is: what the file says, wherever it lies."""
        found = self._read[0]
        return {"do": self.kind_name, "rows": found.fingerprint() if found else self.file}

    def judged(self, where: str, holder: Holder, cell: Cell) -> Judged:
        """The file must be in order; the cell must know what it is asked for."""
        found, wrong = self._read
        wrong = [Mistake(f"{where}.{m.where}", m.problem, m.given, m.hint) for m in wrong]
        known = sorted({la.name for p in cell.pouches() for la in p.layers()})
        for name in self.thickness:
            full = named(cell, name)
            if len(full) != 1:
                problem = f"{'several layers are called' if full else 'the cell has no layer'} {name}."
                hint = f"Layers: {', '.join(full or known)}."
                wrong.append(Mistake(f"{where}.thickness", problem, hint=hint))
        if found is None or wrong:
            return wrong, []
        if found.soc is not None and not self.thickness:
            wrong += cell.charge_mistakes(where)
        return wrong, []

    def aims(self, now: Amounts) -> Iterator[Aim]:
        """The rows of the file."""
        rows, before = self.rows, self.rows.time[0]
        for i, time in enumerate(rows.time):
            soc = None if rows.soc is None else float(rows.soc[i])
            temperature = None if rows.temperature is None else float(rows.temperature[i])
            thicker = {n: float(t[i]) for n, t in rows.thicker.items()}
            yield Aim(float(time - before), soc, temperature, thicker=thicker)
            before = time
