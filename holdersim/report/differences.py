"""Differences between cases, in words with numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

SILENT = {"plate", "flatness", "material", "cell"}
"""Parts of a path that a name does without."""


def flat(data: Any, where: str = "") -> dict[str, Any]:
    """Values of nested data by dotted path; a material counts by its name, an empty list as not given."""
    if isinstance(data, Mapping):
        if {"name", "kind"} <= set(data) and where.endswith("material"):
            return {where: data["name"]}
        out: dict[str, Any] = {}
        for key, value in data.items():
            out |= flat(value, f"{where}.{key}" if where else str(key))
        return out
    if isinstance(data, list) and any(isinstance(v, Mapping) for v in data):
        return flat({str(k): v for k, v in enumerate(data)}, where)
    return {} if data == [] else {where: data}


def said(where: str, value: Any) -> str:
    """One value in words: "plate.flatness.dish" of 0.01 mm becomes "dish 0.01 mm", a material its name."""
    path = [p for p in where.split(".") if p not in SILENT and not p.isdigit()]
    return f"{' '.join(path[-2:])} {value}".replace("_", " ").strip()


def differing(tables: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, list[int]]]:
    """Paths on which nested tables differ: their values as text, each with the places of the tables that have it."""
    flats = [flat(t) for t in tables]
    out: dict[str, dict[str, list[int]]] = {}
    for path in dict.fromkeys(p for t in flats for p in t):
        values: dict[str, list[int]] = {}
        for k, table in enumerate(flats):
            values.setdefault(str(table.get(path, "not given")), []).append(k)
        if len(values) > 1:
            out[path] = values
    return out
