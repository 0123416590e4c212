"""Protocols from CSV files: time, state of charge, temperature and thickness against time, with units in the header.

PyBaMM writes columns such as "Time [s]", "Discharge capacity [A.h]", "Volume-averaged cell temperature [K]" and
"Negative electrode thickness change [m]" (names checked in its source); capacity counts from the start of the solution.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .errors import Mistake
from .schema import nearest
from .units import TEMPERATURE, UnitMistake, convert, limits

Array = NDArray[np.float64]

NAMES = {
    "time": ("time", "t"),
    "soc": ("soc", "state of charge"),
    "temperature": (
        "temperature",
        "T",
        "temp",
        "cell temperature",
        "volume-averaged cell temperature",
        "x-averaged cell temperature",
    ),
}
"""Names by which a column is found, in this order, without unit; capitals matter for single letters only."""

THICKEST = 1.0
"""Thickness change [mm] beyond which units must be wrong."""

_HEADER = re.compile(r"^(.*?)\s*[\[(/]\s*([^\[\]()]*?)\s*[\])]?\s*$")


@dataclass(frozen=True)
class Columns:
    """Which columns are meant, by their names in the header; None: found by their usual names, if at all."""

    time: str | None = None
    soc: str | None = None
    temperature: str | None = None
    discharged: str | None = None
    capacity: float | None = None
    start: float | None = None
    thickness: Mapping[str, str] = field(default_factory=dict)
    time_unit: str | None = None
    temperature_unit: str | None = None


@dataclass(frozen=True)
class Protocol:
    """Time (n,) [s] from 0, state of charge (n,), temperature (n,) [K], changes of thickness {layer: (n,)} [mm]."""

    time: Array
    soc: Array | None
    temperature: Array | None
    thicker: Mapping[str, Array]

    def fingerprint(self) -> str:
        """SHA-256 of all values, rounded to 9 digits behind the point."""
        named = {"time": self.time, "soc": self.soc, "temperature": self.temperature, **self.thicker}
        data = b"".join(
            n.encode() + np.round(v, 9).tobytes() for n, v in sorted(named.items()) if v is not None
        )
        return hashlib.sha256(data).hexdigest()

    def thinned(self, states: int) -> Protocol:
        """About `states` rows at even distances, first and last included."""
        if states >= len(self.time):
            return self
        rows = np.unique(np.linspace(0, len(self.time) - 1, states).round().astype(int))
        soc, temperature = (None if v is None else v[rows] for v in (self.soc, self.temperature))
        return replace(
            self,
            time=self.time[rows],
            soc=soc,
            temperature=temperature,
            thicker={n: v[rows] for n, v in self.thicker.items()},
        )


def read_protocol(
    file: Path, columns: Columns, states: int | None, most: int
) -> tuple[Protocol | None, list[Mistake]]:
    """The protocol in a CSV file and all mistakes in it; places are keys of the step, such as "file"."""
    reader = _Reader(file, columns)
    found = reader.read()
    if reader.wrong or found is None:
        return None, reader.wrong
    found = found if states is None else found.thinned(states)
    if len(found.time) > most:
        problem = f"{len(found.time)} rows; at most {most} can be solved in one step."
        return None, [Mistake("file", problem, hint="Write states = 500.")]
    return found, []


class _Reader:
    """One file being read; gathers its mistakes in `wrong`."""

    def __init__(self, file: Path, columns: Columns):
        self.columns, self.wrong = columns, list[Mistake]()
        self.header: list[str] = []
        self.lines: list[list[str]] = []
        try:
            rows = list(csv.reader(file.read_text(encoding="utf-8-sig").splitlines()))
        except (OSError, UnicodeDecodeError, csv.Error) as broken:
            self._say("file", f"cannot be read ({broken}).")
            return
        rows = [[c.strip() for c in row] for row in rows if any(c.strip() for c in row)]
        if len(rows) < 3:
            self._say("file", f"has {max(len(rows) - 1, 0)} rows; a header and two rows at least are needed.")
            return
        self.header, self.lines = rows[0], rows[1:]
        short = next((i for i, r in enumerate(self.lines, 2) if len(r) != len(self.header)), None)
        if short:
            count = f"{len(self.lines[short - 2])} columns, the header {len(self.header)}"
            self._say("file", f"row {short} has {count}.", "Separate columns by commas, numbers by points.")
            self.header = []

    def _say(self, where: str, problem: str, hint: str = "") -> None:
        self.wrong.append(Mistake(where, problem, hint=hint))

    def read(self) -> Protocol | None:
        """What the file says; None with mistakes."""
        if not self.header:
            return None
        time, soc, temperature = self._time(), self._soc(), self._temperature()
        thicker = {n: v for n, c in self.columns.thickness.items() if (v := self._thickness(c)) is not None}
        if not self.wrong and soc is None and temperature is None and not thicker:
            have = ", ".join(f'"{h}"' for h in self.header)
            self._say("file", "has no state of charge, temperature or thickness.", f"Columns: {have}.")
        return None if time is None else Protocol(time, soc, temperature, thicker)

    # -- single columns ------------------------------------------------------------------------------------

    def _find(self, key: str, given: str | None) -> str | None:
        if given is not None:
            if given in self.header:
                return given
            self._say(key, f'there is no column "{given}".', nearest(given, self.header))
            return None
        plain = {_parts(h)[0]: h for h in reversed(self.header)}
        plain = {name if len(name) == 1 else name.lower(): h for name, h in plain.items()}
        return next((plain[n] for n in NAMES.get(key, ()) if n in plain), None)

    def _numbers(self, key: str, column: str) -> Array | None:
        place = self.header.index(column)
        out, bad = np.full(len(self.lines), np.nan), []
        for i, row in enumerate(self.lines):
            try:
                out[i] = float(row[place])
            except ValueError:
                bad.append(i)
        bad = bad or list(np.flatnonzero(~np.isfinite(out)))
        if bad:
            more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
            text = self.lines[bad[0]][place]
            self._say(key, f'row {bad[0] + 2}{more}: "{text}" is no number, in the column "{column}".')
            return None
        return out

    def _time(self) -> Array | None:
        column = self._find("time", self.columns.time)
        if column is None:
            if self.columns.time is None:
                self._say(
                    "time", "the file has no column for the time.", 'Write time = "name of the column".'
                )
            return None
        values, unit = self._numbers("time", column), _parts(column)[1] or self.columns.time_unit
        if not unit:
            problem = f'the column "{column}" has no unit.'
            self._say("time", problem, 'Write "time [s]" in the header, or time_unit = "s".')
        scaled = self._scaled("time", values, unit, "s")
        if scaled is None:
            return None
        back = np.flatnonzero(np.diff(scaled) < 0)
        if len(back):
            self._say("time", f"time runs backwards in row {back[0] + 3}.", "Sort the rows by time.")
        return np.asarray(scaled - scaled[0])

    def _soc(self) -> Array | None:
        c = self.columns
        if c.discharged is not None:
            return self._counted(c.discharged)
        column = self._find("soc", c.soc)
        values = None if column is None else self._numbers("soc", column)
        if column is None or values is None:
            return None
        unit = _parts(column)[1]
        if unit in ("%", "percent"):
            values = values / 100
        if values.min() < -1e-9 or values.max() > 1 + 1e-9:
            hint = 'In percent? Write "SOC [%]" in the header.' if 1 < values.max() <= 100 else ""
            ends = f"{values.min():.4g} to {values.max():.4g}"
            self._say("soc", f'"{column}" runs from {ends}; a state of charge lies in 0 to 1.', hint)
            return None
        return np.clip(values, 0.0, 1.0)

    def _counted(self, name: str) -> Array | None:
        """State of charge, start - (Q - Q0) / capacity."""
        c = self.columns
        for key in ("capacity", "start"):
            if getattr(c, key) is None:
                what = "from SOC 0 to SOC 1" if key == "capacity" else "state of charge in the first row"
                self._say(key, f"is missing: a discharged capacity needs it, {what}.")
        column = self._find("discharged", name)
        values = None if column is None else self._numbers("discharged", column)
        unit = "" if column is None else _parts(column)[1]
        if column is not None and not unit:
            self._say("discharged", f'the column "{column}" has no unit.', 'Write "... [A.h]" in the header.')
        used = self._scaled("discharged", values, unit, "A*h")
        if used is None or c.capacity is None or c.start is None:
            return None
        soc = c.start - (used - used[0]) / (c.capacity)
        if soc.min() < -1e-6 or soc.max() > 1 + 1e-6:
            ends = f"{soc.min():.4g} to {soc.max():.4g}"
            self._say(
                "capacity", f"with it the state of charge runs from {ends}.", "Check capacity and start."
            )
            return None
        return np.asarray(np.clip(soc, 0.0, 1.0))

    def _temperature(self) -> Array | None:
        c = self.columns
        column = self._find("temperature", c.temperature)
        if column is None:
            return None
        values, unit = self._numbers("temperature", column), _parts(column)[1] or c.temperature_unit
        if not unit:
            problem = f'the column "{column}" has no unit.'
            self._say("temperature", problem, 'Write "T [degC]" in the header, or temperature_unit = "degC".')
        scaled = self._scaled("temperature", values, "degC" if unit == "C" else unit, "K")
        if scaled is not None and (scaled.min() < TEMPERATURE.low or scaled.max() > TEMPERATURE.high):
            ends = f"{scaled.min() - 273.15:.4g} to {scaled.max() - 273.15:.4g} degC"
            self._say(
                "temperature", f'"{column}" runs from {ends}; a temperature lies in {limits(TEMPERATURE)}.'
            )
        return scaled

    def _thickness(self, name: str) -> Array | None:
        column = self._find("thickness", name)
        if column is None:
            return None
        values, unit = self._numbers("thickness", column), _parts(column)[1]
        if not unit:
            self._say("thickness", f'the column "{column}" has no unit.', 'Write "... [um]" in the header.')
        scaled = self._scaled("thickness", values, unit, "mm")
        if scaled is not None and np.abs(scaled).max() > THICKEST:
            problem = f'"{column}" changes by {np.abs(scaled).max():.4g} mm; layers are thinner than that.'
            self._say("thickness", problem, "Check its unit.")
        return scaled

    def _scaled(self, key: str, values: Array | None, unit: str | None, target: str) -> Array | None:
        if values is None or not unit:
            return None
        try:
            zero, one = convert(0.0, unit, target), convert(1.0, unit, target)
        except UnitMistake as mistake:
            self._say(key, mistake.problem, mistake.hint)
            return None
        return np.asarray(values * (one - zero) + zero)


def _parts(header: str) -> tuple[str, str]:
    """Name and unit of a column: "Time [s]", "t (s)" and "t / s" are all ("t" or "Time", "s")."""
    match = _HEADER.match(header)
    return (match[1], match[2]) if match and match[1] else (header, "")
