"""Grades of pressure paper, zones of climate, and curves of density over pressure, with their sources."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from ..errors import CaseError, Mistake
from ..materials.papers import Grade, grades
from ..schema import nearest

Array = NDArray[np.float64]

ZONES = ("A", "B", "C", "D")
FILM_ACCURACY = 0.10
"""Precision of paper read with a densitometer at 23 degC, 65 % RH (Fujifilm, Prescale manual LLW)."""
ASSUMED_ACCURACY = 0.30
"""Uncertainty of the pressure from a curve that is only assumed (assumed)."""
CLIMATE = ((293.15, 308.15), (35.0, 80.0))
"""Temperature [K] and relative humidity [%] for which paper is meant (Fujifilm, Prescale manual LLW)."""
SHOULDER = 0.15
"""Further density beyond the end of a curve, as a share of the density there (assumed)."""
LIKE = "LW"
"""Grade whose curve others borrow, moved to their range."""
COLUMNS = ("grade", "pressing", "zone", "pressure [MPa]", "density [-]", "source", "tag")


@dataclass(frozen=True)
class Curve:
    """Density over pressure [MPa] of one grade, pressing and zone, both rising.

    accuracy: half width of the 95 % band of the pressure read from it, as a share, at each point.
    """

    grade: str
    pressing: str
    zone: str
    pressure: Array
    density: Array
    source: str
    tag: str
    accuracy: Array = field(default_factory=lambda: np.array([FILM_ACCURACY]))

    @property
    def low(self) -> float:
        """Pressure [MPa] below which nothing can be told."""
        return float(self.pressure[0])

    @property
    def high(self) -> float:
        """Pressure [MPa] above which nothing can be told."""
        return float(self.pressure[-1])

    @cached_property
    def _fine(self) -> tuple[Array, Array]:
        p: Array = np.linspace(self.low, self.high, 4001, dtype=np.float64)
        return p, np.asarray(PchipInterpolator(self.pressure, self.density)(p), dtype=np.float64)

    @cached_property
    def _slopes(self) -> tuple[float, float]:
        p, d = self._fine
        return float((d[1] - d[0]) / (p[1] - p[0])), float((d[-1] - d[-2]) / (p[-1] - p[-2]))

    def read(self, density: Array) -> Array:
        """Pressure [MPa] of a density; NaN outside the curve."""
        p, d = self._fine
        told = (density >= d[0] - 1e-9) & (density <= d[-1] + 1e-9)
        return np.where(told, np.interp(density, d, p), np.nan)

    def record(self, pressure: Array) -> Array:
        """Density that a pressure [MPa] leaves; beyond the curve as paper does it (assumed).

        Below, straight down with the slope of the curve's foot; above, D_n + a (1 - exp(-s (p - p_n) / a))
        with the slope s of its end and a = SHOULDER D_n.
        """
        p, d = self._fine
        foot, end = self._slopes
        inside = np.interp(pressure, p, d)
        below = np.maximum(d[0] - max(foot, d[0] / p[0]) * (p[0] - pressure), 0.0)
        room = SHOULDER * d[-1]
        over = np.maximum(pressure - p[-1], 0.0)
        above = d[-1] + room * (1.0 - np.exp(-end * over / room))
        shown = np.where(pressure < p[0], below, np.where(pressure > p[-1], above, inside))
        return np.asarray(shown, dtype=np.float64)

    def doubt(self, density: Array) -> Array:
        """Half width of the 95 % band of the pressure read from a density, as a share."""
        if len(self.accuracy) == 1:
            return np.full_like(density, self.accuracy[0])
        return np.asarray(np.interp(density, self.density, self.accuracy), dtype=np.float64)

    def sensitivity(self, density: Array) -> Array:
        """Relative change of the pressure per change of density, d ln p / d D."""
        p, d = self._fine
        return np.asarray(np.interp(density, d, np.gradient(np.log(p), d)), dtype=np.float64)


def _rows(name: str) -> list[dict[str, str]]:
    text = resources.files("holdersim.paper").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def grade(name: str) -> Grade:
    """A grade by name; CaseError names the nearest one."""
    known = {n.lower(): g for n, g in grades().items()}
    if name.lower() not in known:
        problem = f"is no grade of pressure paper. {nearest(name, grades())}"
        raise CaseError("grade", [Mistake("--grade", problem, f'"{name}"')])
    return known[name.lower()]


def covering(pressure: float) -> Grade | None:
    """The grade in whose range a pressure [MPa] lies, two-sheet types first; None outside all."""
    return next((g for g in grades().values() if g.low <= pressure <= g.high), None)


def softer(g: Grade) -> Grade | None:
    """The next grade for lower pressures; None below the softest."""
    below = [x for x in grades().values() if x.low < g.low]
    return below[-1] if below else None


def span(g: Grade) -> str:
    """Range of a grade in words."""
    return f"{g.low:g}-{g.high:g} MPa"


def zone(grade_name: str, temperature: float, humidity: float) -> str:
    """Zone of climate A to D at a temperature [K] and a relative humidity [%].

    Straight lines over temperature, from the chart of the grade; other grades take the lines of LW (assumed).
    """
    rows = [r for r in _rows("zones.csv") if r["grade"] == grade_name]
    rows = rows or [r for r in _rows("zones.csv") if r["grade"] == LIKE]
    warm = (temperature - 273.15) / 35.0
    for r in rows:
        cold, hot = float(r["humidity at 0 degC [%]"]), float(r["humidity at 35 degC [%]"])
        if humidity > cold + (hot - cold) * warm:
            return r["above line"]
    return rows[-1]["below line"]


@cache
def _shipped() -> tuple[Curve, ...]:
    return tuple(_gather(_rows("curves.csv")))


def _gather(rows: list[dict[str, str]]) -> list[Curve]:
    """Curves of a table in the layout COLUMNS."""
    groups: dict[tuple[str, str, str], list[dict[str, str]]] = {}
    for r in rows:
        groups.setdefault((r["grade"], r["pressing"], r["zone"]), []).append(r)
    out = []
    for (name, pressing, where), points in groups.items():
        points.sort(key=lambda r: float(r["pressure [MPa]"]))
        p = np.array([float(r["pressure [MPa]"]) for r in points])
        d = np.array([float(r["density [-]"]) for r in points])
        out.append(Curve(name, pressing, where, p, d, points[0]["source"], points[0]["tag"]))
    return out


def read_curves(path: Path) -> tuple[Curve, ...]:
    """Curves of a CSV file of one's own, in the layout of holdersim's own; every mistake at once."""
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError(str(path), [Mistake("--curves", f"cannot be read: {error}.")]) from error
    missing = [c for c in COLUMNS if not rows or c not in rows[0]]
    if missing:
        raise CaseError(
            str(path),
            [Mistake("header", f"lacks {', '.join(missing)}.", hint=f"Write {','.join(COLUMNS)}.")],
        )
    wrong = []
    for line, r in enumerate(rows, 2):
        for c in COLUMNS[3:5]:
            try:
                float(r[c])
            except (TypeError, ValueError):
                wrong.append(Mistake(f"line {line}, {c}", "is no number.", f'"{r[c]}"'))
        if not r["source"]:
            wrong.append(
                Mistake(f"line {line}", "has no source.", hint='Say where it is from, or "assumed".')
            )
    if wrong:
        raise CaseError(str(path), wrong)
    found = _gather(rows)
    wrong = [
        Mistake(
            f"curve {c.grade} {c.pressing} {c.zone}", "must rise in pressure and density, 3 points or more."
        )
        for c in found
        if len(c.pressure) < 3 or np.any(np.diff(c.pressure) <= 0) or np.any(np.diff(c.density) <= 0)
    ]
    if wrong:
        raise CaseError(str(path), wrong)
    return tuple(found)


def curve(grade_name: str, pressing: str, where: str, own: Sequence[Curve] = ()) -> Curve:
    """Curve of a grade, pressing and zone: one's own first, else a shipped one, else LW's moved to the range.

    A borrowed curve keeps the densities; ln p goes linearly from the ends of LW's range to those of the grade
    (assumed, tag "assumed"). Curves for momentary pressing are not shipped: CaseError.
    """
    here = [c for c in own if (c.grade, c.pressing, c.zone) == (grade_name, pressing, where)]
    here = here or [c for c in own if (c.grade, c.pressing, c.zone) == (grade_name, pressing, "")]
    if here:
        return here[0]
    if pressing != "continuous":
        raise CaseError(
            "curve",
            [
                Mistake(
                    "--pressing",
                    f"no curve for {pressing} pressing of {grade_name} is shipped.",
                    f'"{pressing}"',
                    "Give --curves or --wedge, or --show density.",
                )
            ],
        )
    for c in _shipped():
        if (c.grade, c.pressing, c.zone) == (grade_name, pressing, where):
            return c
    return _borrowed(grade(grade_name), where)


def _borrowed(to: Grade, where: str) -> Curve:
    base, of = curve(LIKE, "continuous", where), grades()[LIKE]
    share = np.log(base.pressure / of.low) / np.log(of.high / of.low)
    return replace(
        base,
        grade=to.name,
        pressure=to.low * (to.high / to.low) ** share,
        source=f"assumed: densities of {LIKE}, zone {where}, moved to {span(to)}",
        tag="assumed",
        accuracy=np.array([ASSUMED_ACCURACY]),
    )
