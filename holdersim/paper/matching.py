"""Paper and computation on the same squares of the holder: what was read, and what the paper should show."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..assembly import Rect
from ..errors import CaseError, Mistake
from ..metrics import film_lines
from .cells import Mask, noise
from .curves import Curves
from .forward import PLACES, Imaging, between
from .grades import Array
from .maps import Flag, Reading
from .rectangle import found_outline
from .registration import Pose, Registration, register
from .render import Felt
from .smoothing import denoised

Codes = NDArray[np.uint8]
KNOWN = 0.5
"""Share of a square that must be paper for the square to count."""
COVERED = 0.2
"""Share of the map that a scan must cover."""
COARSE = 0.5
"""Side of the squares [mm] on which a scan is laid over a map."""


@dataclass(frozen=True)
class Match:
    """Squares (ny, nx) of the holder with centres x, y [mm].

    paper: what was read on them; virtual: what the paper should show of the computed pressure, None where no curve
    is known; computed [MPa]: the pressure itself, averaged; band: half width of the 95 % band of the reading as a
    share, with the doubt of the place; seen: the scan as it was read.
    """

    paper: Reading
    virtual: Reading | None
    computed: Array
    band: Array
    x: Array
    y: Array
    registration: Registration
    seen: Reading
    felt: Felt

    @property
    def known(self) -> Mask:
        """Squares that are paper and not masked."""
        return np.asarray(self.paper.flag < Flag.MASKED, dtype=np.bool_)

    @property
    def inner(self) -> Mask:
        """Known squares but the outermost, in which paper and scanner smear the step at the edge."""
        inner = np.zeros(self.computed.shape, np.bool_)
        inner[1:-1, 1:-1] = True
        return self.known & inner

    @property
    def lines(self) -> tuple[Array, Array]:
        """Lines x, y [mm] between the squares."""
        return _lines(self.x), _lines(self.y)

    @property
    def cell(self) -> float:
        """Area of a square [mm2]."""
        return float((self.x[1] - self.x[0]) * (self.y[1] - self.y[0]))


def _lines(centres: Array) -> Array:
    half = (centres[1] - centres[0]) / 2
    return np.append(centres - half, centres[-1] + half)


def extent(felt: Felt) -> Rect:
    """Rectangle that a map covers [mm]."""
    x, y = felt.lines
    return Rect(float(x[0]), float(x[-1]), float(y[0]), float(y[-1]))


def laid(
    seen: Reading,
    felt: Felt,
    square: float,
    fit_scale: bool = False,
    mirrored: bool | None = None,
    placed: Registration | None = None,
) -> Match:
    """Scan and computed map on squares of about a side [mm]; CaseError where the scan cannot be laid over the map.

    placed: where the scan lies, if that is known already.
    """
    square = max(square, seen.side)
    around = extent(felt)
    fx, fy = film_lines(around.x0, around.x1, square), film_lines(around.y0, around.y1, square)
    registration = placed or found_place(seen, felt, fit_scale, mirrored)
    density, smooth, ratio, flag, light = _looked_up(seen, registration.pose, fx, fy)
    computed, x, y = felt.averaged(square)
    if (flag < Flag.MASKED).mean() < COVERED:
        problem = (
            f"covers {(flag < Flag.MASKED).mean():.0%} of the map on {felt.place} when it is laid over it."
        )
        hint = "Check the scale (--dpi, --scale, --pitch), --at, and what is masked."
        raise CaseError("paper compare", [Mistake("SCAN", problem, hint=hint)])
    curve, side = seen.curve, float(np.sqrt((fx[1] - fx[0]) * (fy[1] - fy[0])))
    paper = _read(replace(seen, side=side, outline=None, light=light, ratio=ratio), density, flag, smooth)
    if curve is None:
        return Match(paper, None, computed, np.full_like(computed, np.nan), x, y, registration, seen, felt)
    shown = Imaging.of(seen).density(felt, fx, fy)
    virtual = _read(paper, shown, np.full(shown.shape, Flag.READ, np.uint8), shown)
    band = _band(seen, paper, curve, shown, registration.residual, side)
    return Match(paper, virtual, computed, band, x, y, registration, seen, felt)


def expected_density(felt: Felt, seen: Reading) -> tuple[Array, Array, Array]:
    """Densities that the paper should show, and centres x, y; without a curve, pressure over its largest value."""
    p, x, y = felt.averaged(COARSE)
    shown = p / max(float(p.max()), 1e-12) if seen.curve is None else seen.curve.record(p)
    return np.asarray(shown, dtype=np.float64), x, y


def found_place(
    seen: Reading,
    felt: Felt,
    fit_scale: bool = False,
    mirrored: bool | None = None,
) -> Registration:
    """Where a scan lies over a map: the better of two starts, red fills the map, or only what should be red."""
    starts, expected = [extent(felt)], expected_density(felt, seen)
    red = found_outline(expected[0] > 0.1, float(expected[1][1] - expected[1][0]))
    if red is not None and abs(np.sin(2 * red.angle)) < 0.05:
        along = abs(np.cos(red.angle)) > 0.5
        half = (red.length / 2, red.width / 2) if along else (red.width / 2, red.length / 2)
        cx, cy = starts[0].x0 + red.x, starts[0].y0 + red.y
        inner = Rect(cx - half[0], cx + half[0], cy - half[1], cy + half[1])
        if inner.area < 0.95 * starts[0].area:
            starts.append(inner)
    found = [register(seen, r, expected, fit_scale, mirrored) for r in starts]
    good = [f for f in found if f is not None]
    if not good:
        hint = (
            "Is it the right scan and grade? White paper says only that the pressure is less than the range."
        )
        raise CaseError("paper compare", [Mistake("SCAN", "shows no red to lay over the result.", hint=hint)])
    best = max(good, key=lambda f: f.score)
    centre = ((starts[0].x0 + starts[0].x1) / 2, (starts[0].y0 + starts[0].y1) / 2)
    sx, sy = best.pose.to_scan(np.array(centre[0]), np.array(centre[1]))
    return replace(best, pose=replace(best.pose, x=float(sx), y=float(sy), centre=centre))


def _looked_up(seen: Reading, pose: Pose, fx: Array, fy: Array) -> tuple[Array, Array, Array, Codes, Codes]:
    """Density, the same without grain, ratio, flag (MASKED where too little is paper) and codes, mean of squares."""
    x, y = (between(lines) for lines in (fx, fy))
    sx, sy = pose.to_scan(*np.meshgrid(x, y))
    at, order = [sy / seen.side - 0.5, sx / seen.side - 0.5], 1 if seen.options.grade else 0
    good = (seen.flag < Flag.MASKED) & np.isfinite(seen.density)

    def looked(values: Array) -> Array:
        there = ndimage.map_coordinates(np.where(good, values, 0.0), at, order=order, mode="constant")
        return np.asarray(there.reshape(len(fy) - 1, PLACES, -1, PLACES).mean(axis=(1, 3)), dtype=np.float64)

    share = looked(np.ones(seen.density.shape))

    def averaged(values: Array) -> Array:
        return np.asarray(looked(values) / np.maximum(share, 1e-9), dtype=np.float64)

    light = np.stack([averaged(seen.light[..., k].astype(float)) for k in range(3)], axis=-1)
    flag = np.where(share < KNOWN, Flag.MASKED, Flag.READ).astype(np.uint8)
    smooth = denoised(seen.density, good) if seen.options.grade else seen.density
    codes = np.round(light).astype(np.uint8)
    return averaged(seen.density), averaged(smooth), averaged(seen.ratio), flag, codes


def _read(base: Reading, density: Array, flag: Codes, smooth: Array) -> Reading:
    """A reading of densities by the curve of another; smooth: densities by which it is told what is beyond it."""
    flag = flag.copy()
    pressure = np.full(density.shape, np.nan)
    if base.curve is not None:
        known, curve = flag == Flag.READ, base.curve
        flag[known & (smooth < curve.pale)] = Flag.BELOW
        flag[known & (smooth > curve.dark)] = Flag.ABOVE
        read = flag == Flag.READ
        pressure[read] = curve.read(np.clip(density[read], curve.pale, curve.dark))
    doubt = np.where(flag == Flag.READ, base.curve.doubt(density), np.nan) if base.curve else pressure
    return replace(
        base, density=np.where(flag < Flag.MASKED, density, np.nan), pressure=pressure, doubt=doubt, flag=flag
    )


def _band(seen: Reading, paper: Reading, curve: Curves, shown: Array, residual: float, side: float) -> Array:
    """Half width of the 95 % band of a square's pressure as a share: paper and scanner, grain, place."""
    d = np.clip(np.nan_to_num(paper.density), curve.pale, curve.dark)
    levels, spread = noise(np.nan_to_num(seen.density), seen.flag < Flag.MASKED)
    grain = np.interp(d, levels, spread) * seen.side / side
    place = np.hypot(residual if np.isfinite(residual) else side, seen.side / np.sqrt(12.0))
    steep = np.hypot(*np.gradient(np.pad(shown, 1), side))[1:-1, 1:-1] * place  # white paper around
    return np.asarray(
        np.hypot(curve.doubt(d), 1.96 * np.hypot(grain, steep) * curve.sensitivity(d)), dtype=np.float64
    )
