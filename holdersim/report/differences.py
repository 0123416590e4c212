"""Differences between cases, in words with numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MOST = 6
"""Differences named one by one; of more, the rest is counted."""


SILENT = {"plate", "flatness", "material", "cell"}
"""Parts of a path that a name does without."""


def flat(data: Any, where: str = "") -> dict[str, Any]:
    """Values of nested data by dotted path; a material counts by its name."""
    if isinstance(data, Mapping):
        if {"name", "kind"} <= set(data) and where.endswith("material"):
            return {where: data["name"]}
        out: dict[str, Any] = {}
        for key, value in data.items():
            out |= flat(value, f"{where}.{key}" if where else str(key))
        return out
    if isinstance(data, list) and any(isinstance(v, Mapping) for v in data):
        return flat({str(k): v for k, v in enumerate(data)}, where)
    return {where: data}


def said(where: str, value: Any) -> str:
    """One value in words: "plate.flatness.dish" of 0.01 mm becomes "dish 0.01 mm", a material its name."""
    path = [p for p in where.split(".") if p not in SILENT and not p.isdigit()]
    return f"{' '.join(path[-2:])} {value}".replace("_", " ").strip()


def differing(tables: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[str]:
    """Sentences "where: value (names), other value (names)" for every path on which nested tables differ."""
    flats = [flat(t) for t in tables]
    paths = list(dict.fromkeys(p for t in flats for p in t))
    out = []
    for path in paths:
        by_value: dict[str, list[str]] = {}
        for table, name in zip(flats, names, strict=True):
            by_value.setdefault(str(table.get(path, "not given")), []).append(name)
        if len(by_value) > 1:
            parts = (f"{value} ({', '.join(dict.fromkeys(who))})" for value, who in by_value.items())
            out.append(f"{path.replace('_', ' ')}: {'; '.join(parts)}")
    return out if len(out) <= MOST else [*out[:MOST], f"and {len(out) - MOST} more"]
