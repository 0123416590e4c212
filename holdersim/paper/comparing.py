"""A result beside a scan or a sensor's map: laid over each other, scored, and what must be said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import Field

from ..errors import CaseError, Mistake
from ..results import Result, open_result
from ..schema import Entry, key
from ..units import Length
from .curves import Curves, others
from .files import messages
from .forward import Imaging
from .fused_files import read_fused
from .grades import Array
from .maps import Flag, Reading
from .matching import Match, expected_density, laid
from .measures import DEFINITIONS as COLUMNS
from .measures import force_check, numbers
from .options import ReadOptions, checked
from .reading import read_scan
from .rectangle import found_outline
from .regions import corners_on, inside
from .registration import Registration
from .render import Felt, felt, range_warnings
from .scores import DEFINITIONS, scores
from .sensor import SUFFIXES, SensorOptions, read_sensor

E = TypeVar("E")
LARGER, ALIKE = 0.15, 0.6
"""How much larger both sides of the red may be than expected, and the correlation below which a place is a guess
(assumed)."""
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
    roi: str | None = key(None, "layer, rectangle or polygon on the holder that is compared; all unless told")


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
    region = corners_on(result, laying.roi) if laying.roi else None
    seen = seen_by(scan, said, "paper compare")
    square = laying.square or film_of(result)
    return compared(
        seen, pressed, square, laying.fit_scale, str(result.summary["title"]), scan.name, region=region
    )


def seen_by(scan: Path, said: dict[str, Any], where: str) -> Reading:
    """What a scan (image), a sensor's map (CSV) or a folder of fused papers shows; said: what is known of it."""
    told = scan_options(scan, said, where)
    if isinstance(told, SensorOptions):
        return read_sensor(scan, told)
    return read_fused(scan, bool(said.get("mirror"))) if told is None else read_scan(scan, told)


def scan_options(scan: Path, said: dict[str, Any], where: str) -> SensorOptions | ReadOptions | None:
    """What is known of a scan or a sensor's map, checked; None of a folder of fused papers. CaseError: all mistakes."""
    if scan.is_dir():
        return _fitting(scan, "a folder of fused papers", {"mirror"}, said, where, lambda _: None)
    kind: type[SensorOptions | ReadOptions] = ReadOptions
    name = "an image"
    if scan.suffix.lower() in SUFFIXES:
        kind, name = SensorOptions, "a sensor's map"
    return _fitting(scan, name, set(kind.model_fields), said, where, lambda mine: checked(kind, mine, where))


def _fitting(
    scan: Path, kind: str, known: set[str], said: dict[str, Any], where: str, check: Callable[[Any], E]
) -> E:
    """What a check makes of the options that go with a kind of scan; the others are mistakes, told together."""
    given = {k: v for k, v in said.items() if v is not None}
    problem = f"does not go with {kind}, which {scan.name} is."
    wrong = [Mistake(f"--{k.replace('_', '-')}", problem) for k in given if k not in known]
    try:
        found = check({k: v for k, v in given.items() if k in known})
    except CaseError as error:
        raise CaseError(where, wrong + error.mistakes) from None
    if wrong:
        raise CaseError(where, wrong)
    return found


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
    region: Array | None = None,
) -> Compared:
    """Comparison of a reading with a computed map on squares of a side [mm]; placed: where it lies, if known.

    region: corners (n, 2) [mm] on the holder, of what is compared.
    """
    m = laid(seen, pressed, square, fit_scale, placed=placed)
    if region is not None:
        m = _within(m, region)
    found = scores(m)
    paper = numbers(m.paper)
    virtual = numbers(m.virtual) if m.virtual is not None else dict.fromkeys(paper)
    columns = {n: (v, virtual[n]) for n, v in paper.items() if v is not None or virtual[n] is not None}
    return Compared(m, found, columns, tuple(_messages(m)), title, scan)


def _within(m: Match, region: Array) -> Match:
    """The same, with nothing told outside a region."""
    here = inside(region, m.x, m.y)
    if not (here & m.known).any():
        problem = f"lies outside the map on {m.felt.place}, or nothing is read there."
        raise CaseError("paper compare", [Mistake("--roi", problem)])
    p = m.paper
    paper = replace(p, flag=np.where(here, p.flag, Flag.MASKED).astype(np.uint8),
                    density=np.where(here, p.density, np.nan), pressure=np.where(here, p.pressure, np.nan),
                    doubt=np.where(here, p.doubt, np.nan))  # fmt: skip
    v = m.virtual
    shown = replace(v, flag=np.where(here, v.flag, Flag.MASKED).astype(np.uint8),
                    pressure=np.where(here, v.pressure, np.nan)) if v else None  # fmt: skip
    return replace(m, paper=paper, virtual=shown)


def place_remarks(m: Match) -> list[str]:
    """What must be said of where the scan lies: mirrored, stretched, of another size, or not alike at all."""
    out = m.registration.remarks()
    red, wanted = m.seen.outline, expected_density(m.felt, m.seen)
    step = float(wanted[1][1] - wanted[1][0])
    box = found_outline(wanted[0] > 0.1, step)
    if red is not None and box is not None:
        larger = (red.length / box.length, red.width / box.width)
        if min(larger) > 1 + LARGER or max(larger) < 1 - LARGER:
            out.append(
                f"the red is {red.length:.1f} x {red.width:.1f} mm, that expected on {m.felt.place} {box.length:.1f} x "
                f"{box.width:.1f} mm: check --dpi or --scale, --at, and the grade."
            )
    if np.isfinite(m.registration.score) and m.registration.score < ALIKE:
        out.append(
            f"the scan and the computed map are hardly alike (correlation {m.registration.score:.2f}): where it lies "
            "is a guess."
        )
    return out


def _messages(m: Match) -> list[str]:
    out = [*m.felt.remarks, *place_remarks(m), *messages(m.seen)]
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
    force = float(m.computed[m.known].sum()) * m.cell
    options = m.paper.options.model_copy(update={"force": force})
    told = force_check(replace(m.paper, options=options))
    return [told.replace("were said", "were computed on the same squares")] if told else []


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
    """Mean of ln(paper / what it should read) where a curve reads the paper; rms with both moved into its range.

    What it should read is the computed pressure where the virtual paper of that curve is beyond the range.
    """
    shown = replace(Imaging.of(m.seen), curve=curve).density(m.felt, *m.lines)
    told = (shown >= curve.pale) & (shown <= curve.dark)
    expected = np.where(told, curve.read(np.clip(shown, curve.pale, curve.dark)), m.computed)
    known = m.inner & (expected > 0)
    d, p = m.paper.density[known], expected[known]
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
