"""Grades of pressure paper: range and thickness, each with its source."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Annotated, Any

from pydantic import BeforeValidator

from ..schema import nearest, refuse


@dataclass(frozen=True)
class Grade:
    """A grade: pressures it reads [MPa], sheets (2: capsules and developer apart), thickness of all sheets [mm]."""

    name: str
    low: float
    high: float
    sheets: int
    thickness: float
    source: str


@cache
def grades() -> dict[str, Grade]:
    """All grades, softest first."""
    text = resources.files(__package__).joinpath("data", "papers.csv").read_text(encoding="utf-8")
    return {
        r["grade"]: Grade(
            r["grade"], float(r["low [MPa]"]), float(r["high [MPa]"]), int(r["sheets"]),
            float(r["thickness [mm]"]), r["source of range"],
        )
        for r in csv.DictReader(text.splitlines())
    }  # fmt: skip


def _enter(value: Any) -> str:
    known = {n.lower(): n for n in grades()}
    if str(value).lower() not in known:
        raise refuse("is no grade of pressure paper.", nearest(str(value), grades()))
    return known[str(value).lower()]


GradeName = Annotated[str, BeforeValidator(_enter)]
