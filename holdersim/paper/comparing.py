"""A result beside a scan or a sensor's map: laid over each other, scored, and what must be said of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from ..results import Result, open_result
from ..schema import Entry, key
from ..units import Length
from .curves import Curves, others
from .files import messages
from .maps import Flag, Reading
from .matching import Match, laid
from .measures import DEFINITIONS as COLUMNS
from .measures import force_check, numbers
from .options import ReadOptions, checked
from .reading import read_scan
from .registration import Registration
from .render import Felt, felt, range_warnings
from .scores import DEFINITIONS, scores
from .sensor import SUFFIXES, SensorOptions, read_sensor

BIASED, CLOSER = 0.05, 0.7
"""Bias from which other curves are tried, and how much smaller their misfit must be to be named (assumed)."""


class Laying(Entry):
    """How a scan is laid over a result."""

    at: str | None = key(None, "interface or plane; by default paper in the stack, else the cathode plane")
    steps: tuple[str, ...] | None = key(None, "steps the paper felt; all unless told")
    square: Length | None = key(
        None, "side of the squares compared; the result's film resolution unless told"
    )
    fit_scale: bool = Field(False, description="the scale of the scan is fitted too")


@dataclass(frozen=True)
class Compared:
    """A match, its scores, the columns of film software for paper and virtual paper, and all messages."""

    match: Match
    scores: dict[str, float | None]
    columns: dict[str, tuple[float | None, float | None]]
    messages: tuple[str, ...]
    title: str = ""
    scan: str = ""

    @property
    def definitions(self) -> dict[str, str]:
        """What each number means."""
        return COLUMNS | DEFINITIONS


def compare(folder: Path, scan: Path, said: dict[str, Any], laying: Laying) -> Compared:
    """Comparison of a result with a scan (image) or a sensor's map (CSV); said: what is known of that."""
    result = open_result(folder)
    pressed = felt(result, laying.at, laying.steps)
    if scan.suffix.lower() in SUFFIXES:
        seen = read_sensor(scan, checked(SensorOptions, said, "paper compare"))
    else:
        seen = read_scan(scan, checked(ReadOptions, said, "paper compare"))
    square = laying.square or film_of(result)
    return compared(seen, pressed, square, laying.fit_scale, str(result.summary["title"]), scan.name)


def film_of(result: Result) -> float:
    """Film resolution of a result [mm]."""
    told = result.summary.get("film_mm")
    return float(told) if told else 0.5


def compared(
    seen: Reading,
    pressed: Felt,
    square: float,
    fit_scale: bool = False,
    title: str = "",
    scan: str = "",
    placed: Registration | None = None,
) -> Compared:
    """Comparison of a reading with a computed map on squares of a side [mm]; placed: where it lies, if known."""
    m = laid(seen, pressed, square, fit_scale, placed=placed)
    found = scores(m)
    paper = numbers(m.paper)
    virtual = numbers(m.virtual) if m.virtual is not None else dict.fromkeys(paper)
    columns = {n: (v, virtual[n]) for n, v in paper.items() if v is not None or virtual[n] is not None}
    return Compared(m, found, columns, tuple(_messages(m)), title, scan)


def _messages(m: Match) -> list[str]:
    out = [*m.felt.remarks, *m.registration.remarks(), *messages(m.seen)]
    if m.paper.curve is None:
        out.append(
            "without a calibration only the order counts: no number in MPa is taken from this scan. The monotone fit "
            "takes its scale from the computed pressure, so it judges the pattern and not the level."
        )
        return out
    name = m.seen.options.grade
    if name is not None:
        out += [f"computed: {line}" for line in range_warnings(m.felt, m.paper.curve, name)]
    out += _force(m)
    told = closer_curve(m)
    return [*dict.fromkeys(out), *([told] if told else [])]


def _force(m: Match) -> list[str]:
    """What the force of the result says to the paper, unless the user has told a force."""
    if m.seen.options.force is not None:
        return []
    force = float(m.computed.sum()) * m.cell
    options = m.paper.options.model_copy(update={"force": force})
    told = force_check(replace(m.paper, options=options))
    return [f"with the computed force, {told}"] if told else []


def closer_curve(m: Match) -> str | None:
    """Which other zone or grade would bring the paper nearer to the computed map, with the size of both biases."""
    curve = m.paper.curve
    if curve is None or not curve.one_zone or curve.tag not in ("digitised", "assumed"):
        return None
    here = _misfit(m, curve)
    tried = [(name, *_misfit(m, Curves((c,)))) for name, c in others(m.seen.options)]
    tried = [t for t in tried if np.isfinite(t[2])]
    if not tried or not np.isfinite(here[1]):
        return None
    name, level, left = min(tried, key=lambda t: t[2])
    if abs(here[0]) < BIASED or left > CLOSER * here[1]:
        return None
    return (
        f"the paper reads {np.expm1(here[0]):+.0%} against the result; as {name} it would read {np.expm1(level):+.0%}:"
        " check grade, temperature and humidity. The force of the result may be what is wrong instead."
    )


def _misfit(m: Match, curve: Curves) -> tuple[float, float]:
    """Mean of ln(paper / computed) where a curve reads the paper; rms with both moved to the ends of its range."""
    known = m.inner & (m.computed > 0)
    d, p = m.paper.density[known], m.computed[known]
    inside = (d >= curve.pale) & (d <= curve.dark)
    both = inside | ((d < curve.pale) & (p > curve.low)) | ((d > curve.dark) & (p < curve.high))
    if inside.sum() < 20:
        return float("nan"), float("nan")
    read = curve.read(np.clip(d, curve.pale, curve.dark))
    off = np.log(read / np.clip(p, curve.low, curve.high))[both]
    return float(np.log(read / p)[inside].mean()), float(np.sqrt((off**2).mean()))


def rows(c: Compared) -> list[tuple[str, float | None, float | None, str]]:
    """Name, value of the paper, value of the virtual paper, definition: columns of film software, then ours."""
    out = [(n, a, b, COLUMNS[n]) for n, (a, b) in c.columns.items()]
    for name, value in c.scores.items():
        if value is not None:
            out.append((name, value, None, DEFINITIONS[name]))
    return out


def shares(m: Match) -> dict[str, tuple[float, float]]:
    """Shares of the known squares below, inside and above the range: paper, virtual paper."""
    known = m.known
    if m.virtual is None:
        return {}
    return {
        f.name.lower(): (float((m.paper.flag[known] == f).mean()), float((m.virtual.flag[known] == f).mean()))
        for f in (Flag.BELOW, Flag.READ, Flag.ABOVE)
    }
