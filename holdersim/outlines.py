"""Rectangles and circles in the plan: area, perimeter, what lies inside what; terraces of layers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import hypot, pi

import numpy as np
from numpy.typing import NDArray

from .assembly import Array, Layer, Outline, Rect, Round, Vessel

Mask = NDArray[np.bool_]

TINY = 1e-6
"""Outlines closer than this [mm] are the same."""


def area(o: Outline) -> float:
    """Area [mm2] inside an outline."""
    return pi * o.radius**2 if isinstance(o, Round) else o.area


def perimeter(o: Outline) -> float:
    """Length [mm] of an outline."""
    return 2 * pi * o.radius if isinstance(o, Round) else 2 * (o.x1 - o.x0 + o.y1 - o.y0)


def box(o: Outline) -> Rect:
    """Rectangle around an outline."""
    if isinstance(o, Round):
        return Rect.centred(2 * o.radius, 2 * o.radius, o.x, o.y)
    return o


def around(rects: Sequence[Rect]) -> Rect:
    """The smallest rectangle around several."""
    return Rect(min(r.x0 for r in rects), max(r.x1 for r in rects),
                min(r.y0 for r in rects), max(r.y1 for r in rects))  # fmt: skip


def grown(o: Outline, by: float) -> Outline:
    """The outline moved outwards by a distance [mm]; corners stay sharp."""
    if isinstance(o, Round):
        return Round(o.radius + by, o.x, o.y)
    return Rect(o.x0 - by, o.x1 + by, o.y0 - by, o.y1 + by)


def corners(o: Outline) -> tuple[Array, Array]:
    """Corners x, y of a rectangle, or 360 points of a circle [mm]."""
    if isinstance(o, Round):
        angle = np.arange(360) * pi / 180
        return o.x + o.radius * np.cos(angle), o.y + o.radius * np.sin(angle)
    return np.array([o.x0, o.x1, o.x1, o.x0]), np.array([o.y0, o.y0, o.y1, o.y1])


def contains(o: Outline, x: Array, y: Array, margin: float = 0.0) -> Mask:
    """Which points lie inside an outline grown by `margin` [mm]."""
    if isinstance(o, Round):
        return np.asarray(np.hypot(x - o.x, y - o.y) < o.radius + margin, dtype=bool)
    r = grown(o, margin)
    assert isinstance(r, Rect)
    return np.asarray((x > r.x0) & (x < r.x1) & (y > r.y0) & (y < r.y1), dtype=bool)


def within(inner: Outline, outer: Outline, touching: bool = True) -> bool:
    """True if one outline lies inside another, which may be the same if `touching`."""
    return bool(contains(outer, *corners(inner), TINY if touching else -TINY).all())


def apart(a: Outline, b: Outline) -> bool:
    """True if two outlines have no point in common and neither lies inside the other."""
    if isinstance(a, Round) and isinstance(b, Round):
        return hypot(a.x - b.x, a.y - b.y) > a.radius + b.radius
    return not (_meets(a, b) or _meets(b, a))


def _meets(a: Outline, b: Outline) -> bool:
    """True if a rectangle `a` comes within a circle `b`, or a corner of `a` lies in a rectangle `b`."""
    if isinstance(a, Rect) and isinstance(b, Round):
        dx, dy = max(a.x0 - b.x, b.x - a.x1, 0.0), max(a.y0 - b.y, b.y - a.y1, 0.0)
        return hypot(dx, dy) <= b.radius
    return bool(contains(b, *corners(a)).any())


def mirrored(vessel: Vessel, axis: int) -> bool:
    """True if a vessel is its own image about x = 0 (axis 0) or y = 0 (axis 1)."""
    plain = [s.outer for s in vessel.slabs] + [s.inner for s in vessel.slabs if s.inner] + [vessel.seal]
    middles = [(box(o).x0 + box(o).x1, box(o).y0 + box(o).y1)[axis] for o in plain]
    holes = [(h.x, h.y, h.diameter) for h in vessel.holes]
    seats = [(s.x, s.y, s.inner, s.outer) for s in vessel.seats]
    return all(abs(m) < 1e-9 for m in middles) and _even(holes, axis) and _even(seats, axis)


def _even(items: Iterable[tuple[float, ...]], axis: int) -> bool:
    kept = {tuple(round(v, 9) + 0.0 for v in item) for item in items}
    return kept == {tuple(-v + 0.0 if i == axis else v for i, v in enumerate(item)) for item in kept}


def share(x: float, y: float, symmetry: tuple[str, ...]) -> float:
    """Part of something round about a point that symmetry planes leave: 1, 1/2, 1/4, or 0 beyond a plane."""
    part = 1.0
    for plane in symmetry:
        s = (x, y)["xy".index(plane[0])]
        if s < -1e-9:
            return 0.0
        part *= 0.5 if s < 1e-9 else 1.0
    return part


def heights(layers: Sequence[Layer]) -> dict[Rect, float]:
    """Height [mm] of layers lying on each other, on each cell of the grid of all their outlines."""
    x = sorted({v for la in layers for v in (la.footprint.x0, la.footprint.x1)})
    y = sorted({v for la in layers for v in (la.footprint.y0, la.footprint.y1)})
    return {
        Rect(x0, x1, y0, y1): sum(
            la.thickness for la in layers if covers(la.footprint, (x0 + x1) / 2, (y0 + y1) / 2)
        )
        for x0, x1 in pairwise(x)
        for y0, y1 in pairwise(y)
    }


def highest(layers: Sequence[Layer]) -> Rect:
    """Outline [mm] of the highest terrace of layers lying on each other."""
    found = heights(layers)
    top = max(found.values())
    return around([r for r, h in found.items() if h > top - 1e-9])


def covers(r: Rect, x: float, y: float) -> bool:
    """True if a point lies in a rectangle, edges included."""
    return r.x0 <= x <= r.x1 and r.y0 <= y <= r.y1
