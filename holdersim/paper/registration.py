"""Where a scan lies on the holder: first by the outline of the red, then by the map that is expected."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize

from ..assembly import Rect

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

SMALLEST = 0.3
"""Red spots below this area [mm2] do not count for the outline."""
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
class Outline:
    """Rectangle around the red: centre [mm], angle of its long side [rad], sides [mm], rms distance of edges [mm]."""

    x: float
    y: float
    angle: float
    length: float
    width: float
    residual: float

    def own(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Coordinates along and across the rectangle from its centre."""
        c, s = np.cos(self.angle), np.sin(self.angle)
        return (x - self.x) * c + (y - self.y) * s, (y - self.y) * c - (x - self.x) * s

    def turned(self, width: float, height: float, mirror: bool) -> Outline:
        """The same with y upwards, mirrored in x where asked."""
        x, angle = (width - self.x, np.pi + self.angle) if mirror else (self.x, -self.angle)
        return replace(self, x=x, y=height - self.y, angle=_half_turn(angle))


def _half_turn(angle: float) -> float:
    """The same line with an angle in -pi/2 to pi/2."""
    return float((angle + np.pi / 2) % np.pi - np.pi / 2)


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


def found_outline(red: Mask, side: float) -> Outline | None:
    """Rectangle around the red squares of side [mm]; None where there is next to none.

    The smallest rectangle around all red but small spots, then each side moved to the median of the outermost
    red along it, and the angle to the mean slope of the two long sides.
    """
    label, n = ndimage.label(red)
    if n == 0:
        return None
    count = np.bincount(label.ravel())
    keep = count * side**2 >= min(SMALLEST, 0.5 * count[1:].max() * side**2)
    keep[0] = False
    y, x = np.nonzero(keep[label])
    if len(x) < 12:
        return None
    px, py = (x + 0.5) * side, (y + 0.5) * side
    angle = _calipers(px, py)
    residual = side
    for _ in range(3):
        u, v = _along(px, py, angle)
        swap = np.ptp(u) < np.ptp(v)
        if swap:
            angle += np.pi / 2
            u, v = _along(px, py, angle)
        slope, (left, right, bottom, top), residual = _edges(u, v, side)
        angle += slope
    u, v = _along(px, py, angle)
    _, (left, right, bottom, top), residual = _edges(u, v, side)
    cu, cv = (left + right) / 2, (bottom + top) / 2
    c, s = np.cos(angle), np.sin(angle)
    return Outline(
        float(c * cu - s * cv),
        float(s * cu + c * cv),
        _half_turn(angle),
        right - left,
        top - bottom,
        residual,
    )


def _along(x: Array, y: Array, angle: float) -> tuple[Array, Array]:
    c, s = np.cos(angle), np.sin(angle)
    return c * x + s * y, c * y - s * x


def _calipers(x: Array, y: Array) -> float:
    """Angle of the smallest rectangle around points."""
    from scipy.spatial import ConvexHull

    hull = np.column_stack([x, y])[ConvexHull(np.column_stack([x, y])).vertices]

    def area(angle: float) -> float:
        u, v = _along(hull[:, 0], hull[:, 1], angle)
        return float(np.ptp(u) * np.ptp(v))

    angles = np.deg2rad(np.arange(0.0, 90.0, 0.5))
    return float(angles[int(np.argmin([area(a) for a in angles]))])


def _edges(u: Array, v: Array, side: float) -> tuple[float, tuple[float, float, float, float], float]:
    """Slope of the long sides, places of left, right, bottom, top, and the rms distance of the edges from them."""
    slopes, places, misses = [], [], []
    for along, across in ((v, u), (u, v)):
        step = side
        bins = np.floor((along - along.min()) / step).astype(np.int64)
        n = int(bins.max()) + 1
        middle = along.min() + (np.arange(n) + 0.5) * step
        inner = slice(n // 10, n - n // 10)
        for sign in (-1.0, 1.0):
            outer = np.full(n, -np.inf)
            np.maximum.at(outer, bins, sign * across)
            edge, at = outer[inner], middle[inner]
            good = np.isfinite(edge)
            edge, at = edge[good], at[good]
            far = edge > np.quantile(edge, 0.5) - 1.5 * step
            line = np.polyfit(at[far], edge[far], 1) if far.sum() > 3 else np.array([0.0, edge.max()])
            if along is u:
                slopes.append(sign * float(line[0]))
            places.append(sign * (float(np.median(edge[far])) + step / 2))
            misses.append(edge[far] - np.polyval(line, at[far]))
    left, right, bottom, top = places
    return (
        float(np.mean(slopes)),
        (left, right, bottom, top),
        float(np.sqrt(np.mean(np.concatenate(misses) ** 2))),
    )


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
    chosen = best[True][0] > best[False][0] if mirrored is None else mirrored
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
