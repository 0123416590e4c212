"""Material records read from the data files: every number with its source."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from .. import units
from ..schema import nearest
from .elastic import Elastic

MODULI = {
    "metal": units.METAL_MODULUS,
    "polymer": units.POLYMER_MODULUS,
    "layer": units.LAYER_MODULUS,
    "rubber": units.RUBBER_MODULUS,
}
"""Plausible Young's moduli by kind of material."""

_QUANTITIES = {
    "density": units.DENSITY,
    "expansion": units.EXPANSION,
    "yield_strength": units.narrowed(units.STRENGTH, 0.1, 5000.0),
    "ultimate_strength": units.STRENGTH,
    "typical_yield": units.STRENGTH,
    "typical_ultimate": units.STRENGTH,
    "bulk": units.narrowed(units.MODULUS, 10.0, 1e6),
} | {
    name: units.narrowed(units.MODULUS, -10.0, 100.0)
    for name in ("neo_C10", "mooney_C10", "mooney_C01", "yeoh_C10", "yeoh_C20", "yeoh_C30")
}


@dataclass(frozen=True)
class Value:
    """A number of the library: as written, in internal units, and where it comes from."""

    text: str
    number: float
    source: str


@dataclass(frozen=True)
class Record:
    """One material of the library; `kind` is metal, polymer, layer or rubber."""

    name: str
    kind: str
    title: str
    aliases: tuple[str, ...]
    values: dict[str, Value]
    note: str = ""
    range: str = ""

    def number(self, quantity: str) -> float | None:
        """A value in internal units, or None."""
        value = self.values.get(quantity)
        return value.number if value else None


def _value(kind: str, quantity: str, entry: dict[str, Any]) -> Value:
    text, source = entry["value"], entry["source"]
    known = MODULI[kind] if quantity == "E" else _QUANTITIES.get(quantity)
    return Value(str(text), units.read(text, known) if known else float(text), source)


@cache
def library() -> dict[str, Record]:
    """All materials by name."""
    out = {}
    for file in ("alloys", "layers", "rubbers"):
        text = resources.files(__package__).joinpath("data", f"{file}.toml").read_text(encoding="utf-8")
        for name, entry in tomllib.loads(text).items():
            values = {q: _value(entry["kind"], q, v) for q, v in entry.items() if isinstance(v, dict)}
            notes = entry.get("note", ""), entry.get("range", "")
            out[name] = Record(name, entry["kind"], entry["title"], tuple(entry["aliases"]), values, *notes)
    return out


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


@cache
def _names() -> dict[str, str]:
    return {_plain(n): r.name for r in library().values() for n in (r.name, *r.aliases)}


def record(name: str) -> Record:
    """The record of a material by name or alias (case, blanks, dashes do not matter), or KeyError."""
    found = _names().get(_plain(name))
    if found is None:
        hint, aliases = nearest(name, library()), [a for r in library().values() for a in r.aliases]
        if hint.startswith("Known"):
            closer = nearest(name, aliases)
            hint = closer if closer.startswith("Did") else hint
        raise KeyError(f'there is no material "{name}". {hint}')
    return library()[found]


def material(name: str) -> Elastic:
    """Linear elastic material by name or alias."""
    r = record(name)
    if r.kind == "rubber":
        raise KeyError(
            f'"{name}" is a rubber: it has no constant modulus and cannot be a plate or a cell layer.'
        )
    v = {q: r.number(q) for q in ("E", "nu", "density", "expansion", "yield_strength", "ultimate_strength")}
    return Elastic(
        name=r.name,
        E=v["E"] or 0.0,
        nu=v["nu"] or 0.0,
        density=v["density"] or 0.0,
        expansion=v["expansion"] or 0.0,
        yield_strength=v["yield_strength"],
        ultimate_strength=v["ultimate_strength"],
    )
