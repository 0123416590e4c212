"""The rectangle around the red of a scan."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import ConvexHull

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

SMALLEST = 0.3
"""Red spots below this area [mm2] do not count for the outline."""


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
