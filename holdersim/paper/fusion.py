"""Two grades of one pressing as one map: each tells a pressure, less than, or more than, and both are believed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ..errors import CaseError, Mistake
from .curves import Curves
from .grades import Array, Curve, grade, span
from .maps import Flag, Reading
from .matching import Match, found_place, laid
from .options import ReadOptions, all_of, checked
from .reading import read_scan
from .registration import Pose, Registration
from .render import Felt
from .sensor import as_paper

MARGIN = 6.0
"""Paper kept around the red of the softer [mm]: less than its range, but part of what is pressed."""
BEYOND = 1.4
"""How far beyond the joint pressure the softer paper still tells a pattern to lay the other by (assumed)."""
JOINT, FEWEST, APART, LEVEL = 1.25, 30, 0.10, 0.5
"""Factor about the joint pressure within which papers are compared, squares needed, difference told, widest band of
such a square (assumed)."""
TORN = 9.0
"""-2 ln of the best likelihood, relative to agreement, from which two papers contradict each other: 3 deviations."""
STEP = 0.01
"""Step of ln p at which the likelihood is taken."""
SILENT, SOFT, HARD, BOTH = range(4)


@dataclass(frozen=True)
class Fused:
    """Both papers on the same squares, the map read from both, and who told it (SILENT, SOFT, HARD, BOTH).

    apart: ln(hard / soft) about the pressure where both begin to tell; None where too few squares lie there.
    """

    soft: Match
    hard: Match
    reading: Reading
    who: NDArray[np.uint8]
    apart: float | None
    joint: float
    names: tuple[str, str]


def dealt(said: dict[str, Any], lists: tuple[str, ...]) -> list[dict[str, Any]]:
    """Options of both scans: what is said twice goes to one each in their order, what is said once to both."""
    each = {n: v for n in lists if (v := said.get(n))}
    wrong = [
        Mistake(f"--{n}", "is given once for both scans, or once for each.", f"{len(v)} times")
        for n, v in each.items()
        if len(v) > 2
    ]
    if len(each.get("grade", ())) < 2:
        hint = "Write --grade LLW --grade LW in the order of the scans."
        wrong.append(Mistake("--grade", "must be given for each scan.", hint=hint))
    if wrong:
        raise CaseError("paper fuse", wrong)
    single = {k: v for k, v in said.items() if k not in lists}
    return [single | {n: v[min(k, len(v) - 1)] for n, v in each.items()} for k in range(2)]


def fuse(scans: tuple[Path, Path], said: list[dict[str, Any]]) -> Fused:
    """One map of two scans of papers of different grades that felt the same pressing."""
    first, second = (partial(checked, ReadOptions, s, "paper fuse") for s in said)
    options = all_of("paper fuse", first, second)
    low, high = sorted((grade(str(o.grade)) for o in options), key=lambda g: g.low)
    if low.low >= high.low or low.high >= high.high or low.high < high.low:
        hint = "Use neighbours: LLW and LW, or LW and MW."
        problem = f"the ranges {span(low)} and {span(high)} do not go on from one another."
        raise CaseError("paper fuse", [Mistake("--grade", problem, f"{low.name} and {high.name}", hint)])
    soft, hard = sorted((read_scan(p, o) for p, o in zip(scans, options, strict=True)), key=lambda r: r.low)
    return fused(soft, hard)


def fused(soft: Reading, hard: Reading) -> Fused:
    """The same of two readings, the one for lower pressures first."""
    felt, frame = _felt(soft)
    joint = float(np.sqrt(soft.high * hard.low))
    below = _clipped(soft, BEYOND * joint, felt)
    place = found_place(_pale(hard, BEYOND * joint), below)
    side = max(soft.side, hard.side)
    a, b = laid(soft, felt, side, placed=frame), laid(hard, felt, side, placed=place)
    a, b = (replace(m, band=_band(m)) for m in (a, b))
    log, spread, flag = _likeliest(a, b)
    who = np.full(flag.shape, SILENT, np.uint8)
    told = [m.paper.flag == Flag.READ for m in (a, b)]
    between = (a.paper.flag == Flag.ABOVE) & (b.paper.flag == Flag.BELOW)
    who[told[0]], who[told[1]], who[(told[0] & told[1]) | between] = SOFT, HARD, BOTH
    who[flag != Flag.READ] = SILENT
    names = str(soft.options.grade), str(hard.options.grade)
    reading = _reading(a, b, np.exp(log), 1.96 * spread, flag, " + ".join(names))
    return Fused(a, b, reading, who, _apart(a, b, joint), joint, names)


def _felt(soft: Reading) -> tuple[Felt, Registration]:
    """Pressure of the softer paper in a frame along its red rectangle, also beyond its range; how the frame lies."""
    box = soft.outline
    if box is None:
        hint = "Is it the right scan? White paper says only that the pressure is less than the range."
        raise CaseError("paper fuse", [Mistake("SCAN", "shows no red to lay the other over.", hint=hint)])
    half = box.length / 2 + MARGIN, box.width / 2 + MARGIN
    pose = Pose(box.x, box.y, box.angle, 1.0, False, (0.0, 0.0))
    frame = Registration(pose, 0.0, 1.0, 0.0)
    nx, ny = (max(8, round(2 * h / soft.side)) for h in half)
    x, y = (h * (np.arange(n) * 2 + 1 - n) / n for h, n in zip(half, (nx, ny), strict=True))
    empty = Felt(np.zeros((ny, nx)), x, y, "the softer paper")
    seen = laid(soft, empty, soft.side, placed=frame)
    return replace(empty, pressure=beyond(seen.paper), x=seen.x, y=seen.y), frame


def beyond(r: Reading) -> Array:
    """Pressure [MPa] of each density, beyond the range as its curve goes on there (assumed); 0 where masked."""
    if r.curve is None:
        raise ValueError("a paper without a calibration has no pressures")
    p: Array = np.linspace(0.0, 2.0 * r.curve.high, 2000, dtype=np.float64)
    return np.asarray(np.interp(np.nan_to_num(r.density), r.curve.record(p), p), dtype=np.float64)


def _clipped(soft: Reading, top: float, felt: Felt) -> Felt:
    return replace(felt, pressure=np.minimum(felt.pressure, min(top, 1.5 * soft.high)))


def _pale(hard: Reading, top: float) -> Reading:
    """The harder paper as if it told nothing more above a pressure [MPa], as the softer one does not."""
    assert hard.curve is not None
    darkest = float(hard.curve.record(np.array([top]))[0])
    return replace(hard, density=np.minimum(hard.density, darkest))


def _band(m: Match) -> Array:
    """Band of a match, wider where the paper itself is steep: there a square mixes pressures, and place counts."""
    curve, side = m.paper.curve, m.paper.side
    assert curve is not None
    d = np.clip(np.nan_to_num(m.paper.density), curve.pale, curve.dark)
    steep = np.hypot(*np.gradient(np.nan_to_num(m.paper.density), side))
    left = m.registration.residual if np.isfinite(m.registration.residual) else side
    off = steep * np.hypot(left, side / np.sqrt(12.0)) * curve.sensitivity(d)
    return np.asarray(np.hypot(m.band, 1.96 * off), dtype=np.float64)


def _likeliest(a: Match, b: Match) -> tuple[Array, Array, NDArray[np.uint8]]:
    """Mean and deviation of ln p by both papers for an even prior in ln p, and what is known of each square.

    -ln L = sum of (ln p_k - ln p)^2 / (2 s_k^2) where read, -ln of the normal probability to be beyond the end
    elsewhere. The deviation is never less than that of the better paper: both share a scanner.
    """
    q: Array = np.arange(np.log(a.paper.low / 2), np.log(b.paper.high * 2), STEP, dtype=np.float64)
    total = sum(_log_likelihood(m, q) for m in (a, b))
    best = np.asarray(total).max(axis=-1)
    weight = np.exp(total - best[..., None])
    weight /= weight.sum(axis=-1, keepdims=True)
    mean = weight @ q
    spread = np.sqrt(np.maximum(weight @ q**2 - mean**2, 0.0))
    own = np.stack([np.where(m.paper.flag == Flag.READ, m.band / 1.96, np.inf) for m in (a, b)]).min(axis=0)
    torn = np.maximum(-2 * best, 0.0)
    both = (a.paper.flag == Flag.READ) & (b.paper.flag == Flag.READ)
    spread = np.maximum(spread, np.where(np.isfinite(own), own, 0.0))
    spread = np.where(both, spread * np.sqrt(np.maximum(torn, 1.0)), spread)
    return mean, spread, _flags(a.paper.flag, b.paper.flag, torn > TORN)


def _log_likelihood(m: Match, q: Array) -> Array:
    """Logarithm of the likelihood (ny, nx, len(q)) of one paper over ln p."""
    s, flag = (m.band / 1.96)[..., None], m.paper.flag[..., None]
    at = np.log(np.where(m.paper.flag == Flag.READ, m.paper.pressure, 1.0))[..., None]
    read = -0.5 * ((q - at) / s) ** 2
    below = special.log_ndtr((np.log(m.paper.low) - q) / s)
    above = special.log_ndtr((q - np.log(m.paper.high)) / s)
    told = np.where(flag == Flag.READ, read, np.where(flag == Flag.BELOW, below, above))
    return np.where(flag < Flag.MASKED, told, 0.0)


def _flags(a: NDArray[np.uint8], b: NDArray[np.uint8], torn: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """What is known of each square: read by either or between both, below or above for both, else nothing."""
    read = (a == Flag.READ) | (b == Flag.READ) | ((a == Flag.ABOVE) & (b == Flag.BELOW))
    below = (a == Flag.BELOW) & ((b == Flag.BELOW) | (b == Flag.MASKED))
    above = (b == Flag.ABOVE) & ((a == Flag.ABOVE) | (a == Flag.MASKED))
    out = np.where(read, Flag.READ, np.where(below, Flag.BELOW, np.where(above, Flag.ABOVE, Flag.MASKED)))
    out = np.where(torn, Flag.MASKED, out)
    return np.where((a == Flag.MASKED) & (b == Flag.MASKED), Flag.OUTSIDE, out).astype(np.uint8)


def _apart(a: Match, b: Match, joint: float) -> float | None:
    """Median of ln(hard / soft) over squares whose geometric mean is near the joint pressure."""
    p, q = beyond(a.paper), beyond(b.paper)
    known = (a.paper.flag < Flag.MASKED) & (b.paper.flag < Flag.MASKED) & (p > 0) & (q > 0)
    middle = np.sqrt(p * q)
    near = known & (middle > joint / JOINT) & (middle < joint * JOINT) & (np.maximum(a.band, b.band) < LEVEL)
    return float(np.median(np.log(q[near] / p[near]))) if near.sum() >= FEWEST else None


def joined(soft: Curves, hard: Curves, name: str) -> Curves:
    """Curve of a map of both: density is pressure over the upper end, its doubt that of the paper that tells."""
    p: Array = np.geomspace(soft.low, hard.high, 200, dtype=np.float64)
    ends = [np.clip(p, c.low, c.high) for c in (soft, hard)]
    doubt = np.where(p <= soft.high, soft.doubt(soft.record(ends[0])), hard.doubt(hard.record(ends[1])))
    source = f"{name}: {soft.source}; {hard.source}"
    return Curves((Curve(name, "", "", p, p / p[-1], source, "fused", doubt),), 0.0)


def _reading(a: Match, b: Match, p: Array, doubt: Array, flag: NDArray[np.uint8], name: str) -> Reading:
    """The fused map as a reading; beyond the range it keeps what the outer paper shows, for the pattern."""
    assert a.paper.curve is not None and b.paper.curve is not None
    curve = joined(a.paper.curve, b.paper.curve, name)
    low, high = np.minimum(beyond(a.paper), curve.low), np.maximum(beyond(b.paper), curve.high)
    shown = np.clip(p, curve.low, curve.high)
    shown = np.where(flag == Flag.BELOW, low, np.where(flag == Flag.ABOVE, high, shown))
    side = float(np.sqrt(a.cell))
    made = as_paper(shown, flag, curve, side, f"squares of {name}")
    read = flag == Flag.READ
    remarks = [*_remarks(a, name.split(" + ")[0]), *_remarks(b, name.split(" + ")[1])]
    return replace(
        made, pressure=np.where(read, shown, np.nan), doubt=np.where(read, doubt, np.nan), remarks=tuple(remarks),
        options=made.options.model_copy(update={"force": a.seen.options.force}),
    )  # fmt: skip


def _remarks(m: Match, name: str) -> list[str]:
    """What each paper says of itself, but for what lies beyond its own range."""
    own = [*m.seen.remarks, *m.seen.warnings]
    return [f"{name}: {line}" for line in own if not line.startswith("grade ")]


def told(f: Fused) -> list[str]:
    """Where the papers lie on each other, and how far they agree."""
    soft, hard = f.names
    out = [f"{hard} laid over {soft}: {line}" for line in f.hard.registration.remarks()]
    if f.apart is None:
        out.append(f"too few squares near {f.joint:.3g} MPa to tell whether {soft} and {hard} agree.")
    elif abs(np.expm1(f.apart)) > APART:
        out.append(
            f"near {f.joint:.3g} MPa {hard} reads {np.expm1(f.apart):+.0%} against {soft}: check grades, climate, and "
            "that both felt the same pressing."
        )
    else:
        out.append(f"near {f.joint:.3g} MPa {hard} reads {np.expm1(f.apart):+.0%} against {soft}.")
    torn = (
        (f.reading.flag == Flag.MASKED)
        & (f.soft.paper.flag < Flag.MASKED)
        & (f.hard.paper.flag < Flag.MASKED)
    )
    pressed = (f.reading.flag == Flag.READ) | torn
    if torn.sum() > 0.01 * max(pressed.sum(), 1):
        out.append(
            f"the papers contradict each other on {torn.sum() / pressed.sum():.0%} of what both read: masked."
        )
    return out
