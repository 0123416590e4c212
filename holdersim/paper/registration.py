"""Where a scan lies on the holder: first by the outline of the red, then by the map that is expected."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize

from ..assembly import Rect
from .rectangle import found_outline

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

STRETCHED, LOOSE, UNSURE = 0.02, 0.5, 0.005
"""Scale, residual [mm] and difference of scores from which a registration is remarked on (assumed)."""
WHITE = 3.0
"""Paper without pressure around an expected map [mm]."""
BLUR = (2.0, 0.6, 0.25)
"""Blur [mm] of both maps while they are laid over each other, coarse then fine."""


class Scanned(Protocol):
    """What is laid over the holder: a density map."""

    @property
    def density(self) -> Array: ...
    @property
    def x(self) -> Array: ...
    @property
    def y(self) -> Array: ...
    @property
    def side(self) -> float: ...


@dataclass(frozen=True)
class Pose:
    """How the holder's plane lies in the scan: s = scale R(angle) M (h - c) + (x, y).

    h: place on the holder [mm], c: middle of the outline, M: mirrored in x or not, s: place in the scan [mm].
    """

    x: float
    y: float
    angle: float
    scale: float
    mirrored: bool
    centre: tuple[float, float]

    def to_scan(self, hx: Array, hy: Array) -> tuple[Array, Array]:
        """Places in the scan [mm] of places on the holder [mm]."""
        u = (hx - self.centre[0]) * (-1.0 if self.mirrored else 1.0) * self.scale
        v = (hy - self.centre[1]) * self.scale
        c, s = np.cos(self.angle), np.sin(self.angle)
        return self.x + c * u - s * v, self.y + s * u + c * v


@dataclass(frozen=True)
class Registration:
    """A pose, its residual [mm], and how well the maps agree (correlation): as given, and the other way up."""

    pose: Pose
    residual: float
    score: float
    other: float

    def remarks(self) -> list[str]:
        """What a user must hear of it: mirrored, stretched, or a poor fit."""
        out = []
        if self.pose.mirrored:
            scores = f"score {self.score:.2f} vs {self.other:.2f}"
            out.append(
                f"best registration is mirrored ({scores}): was the sheet scanned face down? Pass --mirror."
            )
        if abs(self.pose.scale - 1) > STRETCHED:
            out.append(
                f"the scan is {self.pose.scale - 1:+.1%} larger than the holder says: check --dpi or --scale."
            )
        if self.residual > LOOSE:
            out.append(
                f"the registration leaves {self.residual:.2f} mm: the red does not tell the place any better."
            )
        if _unsure(self.score, self.other):
            out.append("mirrored or not cannot be told: the expected map is too symmetric.")
        return out


def _unsure(score: float, other: float) -> bool:
    """Whether two ways round fit about equally well: what one leaves unexplained is not much less than the other's."""
    left = 1 - max(score, other), 1 - min(score, other)
    return left[1] - left[0] < UNSURE and left[1] < 1.5 * left[0] + 1e-4


def register(
    scan: Scanned,
    outline: Rect,
    expected: tuple[Array, Array, Array] | None = None,
    fit_scale: bool = False,
    mirrored: bool | None = None,
) -> Registration | None:
    """Pose of a holder's outline [mm] in a scan; None where the scan shows no red.

    expected: densities (ny, nx) with x, y [mm] on the holder that a computed map would leave. With it all four
    ways round are tried (half a turn, mirrored) and the best is refined so that the densities correlate; without
    it the outline alone tells the pose, up to these. residual: rms distance of the edges of the red
    from the rectangle, or rms over the quarters of the map of how far each would still move.
    """
    seen = found_outline(scan.density > 0.1, scan.side)
    if seen is None:
        return None
    quarter = 0.0 if outline.x1 - outline.x0 >= outline.y1 - outline.y0 else np.pi / 2
    centre = ((outline.x0 + outline.x1) / 2, (outline.y0 + outline.y1) / 2)
    long = max(outline.x1 - outline.x0, outline.y1 - outline.y0)
    scale = seen.length / long if fit_scale else 1.0
    start = Pose(seen.x, seen.y, seen.angle - quarter, scale, bool(mirrored), centre)
    if expected is None:
        return Registration(start, seen.residual, float("nan"), float("nan"))
    wanted = _padded(expected, scan.side)
    best: dict[bool, tuple[float, Pose, float]] = {}
    for flip in (False, True):
        for turn in (0.0, np.pi):
            way = replace(start, angle=start.angle + turn, mirrored=flip)
            score, pose, left = _refined(scan, wanted, way, fit_scale)
            if flip not in best or score > best[flip][0]:
                best[flip] = (score, pose, left)
    clearly = best[True][0] > best[False][0] and not _unsure(best[True][0], best[False][0])
    chosen = clearly if mirrored is None else mirrored
    score, pose, left = best[chosen]
    return Registration(pose, left, score, best[not chosen][0])


def _refined(
    scan: Scanned, expected: tuple[Array, Array, Array], pose: Pose, fit_scale: bool
) -> tuple[float, Pose, float]:
    """Correlation of the densities, the pose that makes it largest, what is left [mm]."""
    wanted, hx, hy = expected
    step = float(np.mean(np.diff(hx)))
    gx, gy = np.meshgrid(hx, hy)
    reach = max(float(np.ptp(hx)), float(np.ptp(hy))) / 2
    score, left, size = -1.0, float("inf"), 3 + fit_scale
    for blur in BLUR:
        there = ndimage.gaussian_filter(wanted, blur / step)
        here = ndimage.gaussian_filter(np.nan_to_num(scan.density), blur / scan.side)

        def miss(q: Array, start: Pose = pose, there: Array = there, here: Array = here) -> float:
            at = _seen(here, scan.side, _stepped(start, q, reach, fit_scale), gx, gy)
            a, b = at - at.mean(), there - there.mean()
            return -float((a * b).sum() / max(np.sqrt((a * a).sum() * (b * b).sum()), 1e-30))

        first = np.vstack([np.zeros(size), blur * np.eye(size)])
        options = {"initial_simplex": first, "xatol": 1e-3, "fatol": 1e-7, "maxiter": 300}
        found = optimize.minimize(miss, np.zeros(size), method="Nelder-Mead", options=options)
        pose = _stepped(pose, found.x, reach, fit_scale)
        score, left = -float(found.fun), _left(_seen(here, scan.side, pose, gx, gy), there, step)
    return score, pose, left


def _seen(here: Array, side: float, pose: Pose, gx: Array, gy: Array) -> Array:
    """The scan at places on the holder."""
    sx, sy = pose.to_scan(gx, gy)
    at = [sy / side - 0.5, sx / side - 0.5]
    return np.asarray(ndimage.map_coordinates(here, at, order=1, mode="nearest"), dtype=np.float64)


def _left(seen: Array, wanted: Array, step: float) -> float:
    """Rms over the quarters of the map of the shift [mm] that would still make them agree (Gauss-Newton)."""
    dy, dx = np.gradient(wanted, step)
    ny, nx = wanted.shape[0] // 2, wanted.shape[1] // 2
    shifts = []
    for rows in (slice(0, ny), slice(ny, None)):
        for columns in (slice(0, nx), slice(nx, None)):
            part = [m[rows, columns].ravel() for m in (dx, dy, np.ones_like(dx), wanted)]
            found = np.linalg.lstsq(np.column_stack(part), seen[rows, columns].ravel(), rcond=None)[0]
            if found[3] > 0.1:
                shifts.append(float(np.hypot(found[0], found[1]) / found[3]))
    return float(np.sqrt(np.mean(np.square(shifts)))) if shifts else float("inf")


def _padded(expected: tuple[Array, Array, Array], side: float) -> tuple[Array, Array, Array]:
    """Expected densities on squares of about `side` [mm], with white paper around them."""
    values, x, y = expected
    hx, hy = float(np.diff(x).mean()), float(np.diff(y).mean())
    step = max(side, 0.25)
    fx = np.arange(x[0] - hx / 2 - WHITE + step / 2, x[-1] + hx / 2 + WHITE, step)
    fy = np.arange(y[0] - hy / 2 - WHITE + step / 2, y[-1] + hy / 2 + WHITE, step)
    iy, ix = np.meshgrid((fy - y[0]) / hy, (fx - x[0]) / hx, indexing="ij")
    fine = ndimage.map_coordinates(np.nan_to_num(values), [iy, ix], order=1, mode="nearest")
    return fine * np.outer(_covered(fy, y, hy, step), _covered(fx, x, hx, step)), fx, fy


def _covered(fine: Array, coarse: Array, spacing: float, step: float) -> Array:
    """Share of each fine square that lies on the map, along one axis."""
    low = np.maximum(fine - step / 2, coarse[0] - spacing / 2)
    high = np.minimum(fine + step / 2, coarse[-1] + spacing / 2)
    return np.asarray(np.clip((high - low) / step, 0.0, 1.0), dtype=np.float64)


def _stepped(pose: Pose, q: Array, reach: float, fit_scale: bool) -> Pose:
    """A pose moved by q [mm]: shift, shift, turn and stretch as what they do at the far end."""
    scale = pose.scale * (1 + float(q[3]) / reach) if fit_scale else pose.scale
    return replace(
        pose,
        x=pose.x + float(q[0]),
        y=pose.y + float(q[1]),
        angle=pose.angle + float(q[2]) / reach,
        scale=scale,
    )
