"""The numbers of a comparison in rows: each row has one meaning, and "-" where a result has no such number."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..results import history
from ..results.table import number
from .common import AWAY, FACE, IDLE, Comparison, Entry, film_of, plane_title

NEAR = "Share within 20 % of mean [-]"
PRESSURE = (
    "Mean contact pressure [MPa]",
    "CV [-]",
    "p5 [MPa]",
    "p50 [MPa]",
    "p95 [MPa]",
    "Film-resolution peak [MPa]",
    "p5/p95 [-]",
    NEAR,
    "Edge-band mean / centre mean [-]",
)
FAINT = 1e-3
"""Percentiles of pressure [MPa] below this are shown as 0."""
CONTACT = "Contact fraction [-]"
KNOWN = {"name", "bolts", "closing_force_N", "interfaces", "plates", "safety"}
"""Parts of a step's summary that have a section of their own; others follow under their own name."""

NAMED = {"findings": "What this holder adds"}
"""Headings of parts of a step's summary that have a name of their own."""

CYCLE = "While charging and discharging"
"""Heading of the swings."""

OWN = history.DEFINITIONS | {
    "Load [MPa]": "pressure asked for on the region in the case file (of the fluid in a chamber), "
    "else the closing force over the region",
    "Mean pressure [MPa]": "force on the region divided by its area",
    "Mean pressure / load [-]": "share of the load that arrives on this plane",
    IDLE: "share of the region where next to nothing presses, grey on the maps",
    AWAY: "CV of the region without its outermost 1 mm (or one film square, where that is wider)",
    "Sum of bolt forces [N]": "all bolts after the last step; in a chamber they hold the lid and do not press the cell",
    "Smallest bolt force [N]": "bolt that is pulled least",
    "Largest bolt force [N]": "bolt that is pulled most",
    "Holder [g]": "all parts and bolts, without the cell",
    "bolts [g]": "all bolts together",
    "springs [g]": "all springs together",
    "Mean compression [um]": "how much thinner a pad becomes over the main region",
    "Mean compression [-]": "the same over its thickness",
    "Largest outward motion [um]": "how far the rim of a pad bulges out at most",
    "fluid pressure [MPa]": "above the surroundings, after the last step",
    "volume of the fluid [mL]": "inside the chamber, around the cell",
    "stored energy [J]": "that the fluid gives off when it expands to the surroundings",
    "joint opening at the O-ring [um]": "largest gap between lid and flange along the O-ring",
    "squeeze left of the O-ring [-]": "compression of its cord that the opening leaves, over the cord's diameter",
    "contact stress of the O-ring / fluid pressure [-]": "below 1 it leaks",
}


@dataclass(frozen=True)
class Row:
    """One number of every compared result: `name` carries its unit, `meaning` says what it is."""

    section: str
    name: str
    values: list[float | None]
    meaning: str = ""

    @property
    def texts(self) -> list[str]:
        """Values as they are read; percentiles of next to nothing as 0, since their digits are noise."""
        noise = re.match(r"p\d", self.name)
        return ["0" if noise and v is not None and abs(v) < FAINT else number(v) for v in self.values]


def rows(comparison: Comparison, group: Sequence[Entry]) -> list[Row]:
    """All numbers of a group of results, section by section; rows without any number are left out."""
    columns = [dict(_numbers(comparison, e)) for e in group]
    keys = sorted(dict.fromkeys(k for c in columns for k in c), key=_rank)
    known: dict[str, str] = dict(OWN)
    for entry in group:
        known = entry.result.summary.get("definitions", {}) | known
    return [Row(s, n, [c.get((s, n)) for c in columns], _meaning(n, known)) for s, n in keys]


def _rank(key: tuple[str, str]) -> int:
    sections = ("", _pressure_title(""), _pressure_title(FACE), CYCLE, "Press faces", "Bolts", "Safety")
    section = _pressure_title("") if _is_inside(key[0]) else key[0]
    return sections.index(section) if section in sections else len(sections) + (section == "Mass")


def _pressure_title(plane: str) -> str:
    return f"Pressure on the {plane_title(plane)}"


def _is_inside(section: str) -> bool:
    return section.startswith("Pressure on the ") and section != _pressure_title(FACE)


def _numbers(comparison: Comparison, entry: Entry) -> Iterator[tuple[tuple[str, str], float | None]]:
    """((section, name), value) of one result."""
    yield ("", "Load [MPa]"), entry.load
    for plane, sheet in entry.sheets.items():
        names = ("CV [-]",) if plane == FACE != comparison.plane else PRESSURE
        # inside the cell nothing touches or opens: only faces have a contact fraction
        for name in (*names, CONTACT) if plane == FACE else names:
            yield (_pressure_title(plane), name.replace("Mean contact", "Mean")), sheet.numbers[name]
            if name == PRESSURE[0] and entry.load:
                yield (_pressure_title(plane), "Mean pressure / load [-]"), sheet.mean / entry.load
            if name == NEAR and names == PRESSURE:
                yield (_pressure_title(plane), IDLE), sheet.numbers[IDLE]
            if name == "CV [-]" and AWAY in sheet.numbers and names == PRESSURE:
                yield (_pressure_title(plane), AWAY), sheet.numbers[AWAY]
    for name, swing in history.swing(entry.result, comparison.plane).items():
        yield (CYCLE, name), swing
    step = entry.step
    for body, numbers in step.get("plates", {}).items():
        for name, value in numbers.items():
            yield ("Press faces", f"{body.replace('_', ' ')}: {name}"), value
    yield from _bolts(step)
    for name, value in step.get("safety", {}).items():
        yield ("Safety", name), value
    for part in step:
        if part not in KNOWN:
            title = NAMED.get(part, part.replace("_", " ").capitalize())
            for name, value in _leaves(step[part]):
                yield (title, (name or part).replace("_", " ")), value
    yield from _masses(entry.result.summary.get("mass_g", {}))


def _bolts(step: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], float | None]]:
    forces = [b["force_N"] for b in step.get("bolts", {}).values()]
    if forces:
        yield ("Bolts", "Sum of bolt forces [N]"), sum(forces)
        yield ("Bolts", "Smallest bolt force [N]"), min(forces)
        yield ("Bolts", "Largest bolt force [N]"), max(forces)


def _masses(masses: Mapping[str, float]) -> Iterator[tuple[tuple[str, str], float]]:
    parts = {n: m for n, m in masses.items() if n != "cell"}
    if parts:
        yield ("Mass", "Holder [g]"), sum(parts.values())
    alike: dict[str, float] = {}
    for name, mass in parts.items():
        kind = re.sub(r"^(\w+) b\d+$", r"\1s", name)  # "bolt b3": all bolts together
        alike[kind] = alike.get(kind, 0.0) + mass
    for name, mass in alike.items():
        yield ("Mass", f"{name} [g]"), mass
    if "cell" in masses:
        yield ("Mass", "cell [g]"), masses["cell"]


def _leaves(data: Any, name: str = "") -> Iterator[tuple[str, float | None]]:
    """Numbers inside plain data, named by their path."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _leaves(value, f"{name}: {key}" if name else str(key))
    elif isinstance(data, int | float) and not isinstance(data, bool):
        yield name, float(data)


def general(name: str) -> str:
    """Name of a number without the body that it is told of."""
    return re.sub(r"^yield of \S+", "yield of <solid>", name.split(": ", 1)[-1])


def _meaning(name: str, known: Mapping[str, str]) -> str:
    return next((known[n] for n in (name, general(name)) if n in known), "")


def write_csv(comparison: Comparison, path: Path) -> Path:
    """Table with one line per result: what it is, then every number, its section and unit in the heading."""
    every = rows(comparison, comparison.entries)
    heads = ["case", "identity", "holder", "compared on", "film [mm]", "own film [mm]"]
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow([*heads, *(": ".join(filter(None, (r.section, r.name))) for r in every)])
        for k, e in enumerate(comparison.entries):
            plane = plane_title(comparison.plane) if comparison.plane in e.sheets else ""
            summary = e.result.summary
            own = [summary["case"], summary["identity"], e.holder, plane, comparison.film, film_of(e.result)]
            table.writerow([*own, *("" if r.values[k] is None else r.values[k] for r in every)])
    return path
