"""Numbers of a pressure map, each with the definition that is printed beside it.

Under the edge of flat metal the pressure grows like 1/sqrt(r), so the largest pixel, and even the spread,
would grow with every finer grid. All spreads and percentiles are therefore taken on the map averaged over
squares of the size that a pressure film resolves (0.5 mm unless told otherwise), whatever the pixel. The
average is exact and keeps the force. Maps are arrays (ny, nx); x and y are pixel centres [mm]; NaN marks
pixels not covered by both faces.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .assembly import Rect

Array = NDArray[np.float64]

EDGE_BAND = 0.10
"""Width of the edge band as a share of the side of the region."""
CENTRE = 0.20
"""Side of the centre patch used for the deflection, as a share of the side of the region."""
TOUCH = 1e-6
"""A pixel presses when its pressure exceeds this share of the mean pressure (guards against rounding)."""

_PERCENTILE = "% of the region's covered area has a lower film-averaged pressure"
_BAND = f"edge band (outer {EDGE_BAND:.0%} of each side of the region)"
DEFINITIONS: dict[str, str] = {
    "Mean contact pressure [MPa]": "force on the region divided by its covered area",
    "CV [-]": "standard deviation / mean of the film-averaged pressure, weighted by area",
    "p5 [MPa]": f"5 {_PERCENTILE}",
    "p50 [MPa]": f"median: 50 {_PERCENTILE}",
    "p95 [MPa]": f"95 {_PERCENTILE}",
    "p99 [MPa]": f"99 {_PERCENTILE}",
    "Film-resolution peak [MPa]": "largest film-averaged pressure on the region; the raw maximum would "
    "grow with every finer grid under a sharp edge",
    "p5/p95 [-]": "ratio of the two percentiles: 1 is uniform, 0 is open somewhere",
    "Share within 20 % of mean [-]": "area share with a film-averaged pressure within +-20 % of the mean",
    "Contact fraction [-]": "pressing area / covered area of the region, counted by solver pixel, since "
    f"averaging would widen it (a pixel presses above {TOUCH:g} of the mean)",
    "Edge-band mean / centre mean [-]": f"mean pressure on the {_BAND} / mean on the rest; "
    "above 1 the edges carry more",
    "Centroid offset x [mm]": "centroid of the force on the region minus the middle of the region, along x",
    "Centroid offset y [mm]": "centroid of the force on the region minus the middle of the region, along y",
    "Force [N]": "sum of pressure times area over the whole interface, inside the region or not",
    "Force on <region> [N]": "sum of pressure times area inside the named region",
    "Peak-to-valley [um]": "largest minus smallest deflection of the face on the region, best plane removed",
    "Centre minus edge [um]": f"mean deflection of the middle {CENTRE:.0%} x {CENTRE:.0%} of the region "
    f"minus that of its {_BAND}; positive where the middle moves away from the other body",
}


def pixel_lines(area: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """Grid lines x (nx + 1), y (ny + 1) [mm] of pixels known by centres and covered areas [mm2].

    Areas tell the widths exactly where every row and column has a fully covered pixel; elsewhere the middle
    pixel is taken as wide as the spacing there, and the spacing of the centres tells the others.
    """
    columns, rows = area.max(axis=0), area.max(axis=1)
    if len(x) == len(y) == 1:
        width, height = np.sqrt(columns), np.sqrt(rows)
    elif len(x) == 1:
        height = _widths(rows, y)
        width = columns / height[rows.argmax()]
    else:
        width = _widths(columns, x)
        height = _widths(rows, y) if len(y) > 1 else rows / width[columns.argmax()]
    return _lines(width, x), _lines(height, y)


def _widths(proportional: Array, centres: Array) -> Array:
    """Pixel widths such that half widths of neighbours add up to the spacing of their centres."""
    spacing = np.diff(centres)
    spans = (proportional[1:] + proportional[:-1]) / 2
    if proportional.min() > 0:
        width = proportional * float(spacing.sum() / spans.sum())
        if np.allclose((width[1:] + width[:-1]) / 2, spacing, rtol=1e-6, atol=0.0):
            return width
    # covered areas do not tell: start from the middle pixel, as wide as the spacing there
    middle = len(spacing) // 2
    width = np.full(len(centres), spacing[middle])
    for k in range(middle, len(spacing)):
        width[k + 1] = 2 * spacing[k] - width[k]
    for k in range(middle - 1, -1, -1):
        width[k] = 2 * spacing[k] - width[k + 1]
    return width


def _lines(width: Array, centres: Array) -> Array:
    lines = np.concatenate([[0.0], np.cumsum(width)])
    return lines + float(np.mean(centres - (lines[1:] + lines[:-1]) / 2))


def film_lines(low: float, high: float, film: float) -> Array:
    """Lines [mm] that cut a side into equal parts as close to `film` as fit: no slivers at the ends.

    A sliver along a sharp edge would average over less than the film can resolve, and read too high.
    """
    return np.asarray(np.linspace(low, high, max(1, round((high - low) / film)) + 1), dtype=np.float64)


def _shares(coarse: Array, fine: Array) -> Array:
    """Share of each fine interval that lies in each coarse one, (coarse, fine)."""
    low = np.maximum(coarse[:-1, None], fine[None, :-1])
    high = np.minimum(coarse[1:, None], fine[None, 1:])
    return np.asarray(np.maximum(high - low, 0.0) / np.diff(fine), dtype=np.float64)


def film_average(
    pressure: Array, area: Array, x: Array, y: Array, film: float = 0.5
) -> tuple[Array, Array, Array, Array]:
    """Map averaged over film squares, its covered areas [mm2] and centres x, y [mm]; keeps the force exactly.

    P_k = sum_i s_ki p_i A_i / sum_i s_ki A_i over covered pixels i, s_ki the share of pixel i in square k.
    The map is cut into equal squares of side `film` [mm], or as near to it as fits a whole number, for any
    pixel size and alignment. A square without covered pixels is NaN with area 0.
    """
    lx, ly = pixel_lines(area, x, y)
    fx, fy = film_lines(lx[0], lx[-1], film), film_lines(ly[0], ly[-1], film)
    sx, sy = _shares(fx, lx), _shares(fy, ly)
    covered = np.where(np.isfinite(pressure), area, 0.0)
    force = sy @ (np.nan_to_num(pressure) * covered) @ sx.T
    total = sy @ covered @ sx.T
    total[total < 1e-9 * film**2] = 0.0
    mean = np.divide(force, total, out=np.full_like(force, np.nan), where=total > 0)
    return mean, total, (fx[1:] + fx[:-1]) / 2, (fy[1:] + fy[:-1]) / 2


def inside(rect: Rect, area: Array, x: Array, y: Array) -> Array:
    """Area of each pixel that lies inside a rectangle [mm2], (ny, nx)."""
    return area * _share_inside(rect, *pixel_lines(area, x, y))


def _share_inside(rect: Rect, lx: Array, ly: Array) -> Array:
    """Share of each cell between grid lines that lies inside a rectangle, (ny, nx)."""
    sx = _shares(np.array([rect.x0, rect.x1]), lx)[0]
    sy = _shares(np.array([rect.y0, rect.y1]), ly)[0]
    return np.outer(sy, sx)


def percentile(values: Array, weights: Array, q: float) -> float:
    """Value below which q % of the weight lies; each value stands in the middle of its own weight."""
    keep = (weights > 0) & np.isfinite(values)
    order = np.argsort(values[keep], kind="stable")
    v, w = values[keep][order], weights[keep][order]
    return float(np.interp(q / 100 * w.sum(), np.cumsum(w) - w / 2, v))


def pressure_metrics(
    pressure: Array,
    area: Array,
    x: Array,
    y: Array,
    regions: dict[str, Rect],
    film: float = 0.5,
    region: str | None = None,
) -> dict[str, float]:
    """Numbers of a pressure map [MPa] over a named region (the first unless told), by name with unit.

    `DEFINITIONS` says what each is. A region is clipped to the map; one that does not meet it has force 0.
    """
    name = region or next(iter(regions))
    if name not in regions:
        raise ValueError(f'no region "{name}"; there are {", ".join(regions)}')
    p = np.nan_to_num(pressure)
    covered = np.where(np.isfinite(pressure), area, 0.0)
    here = inside(regions[name], area, x, y) * (covered > 0)
    if here.sum() <= 0:
        raise ValueError(f'no covered pixel of the map lies in region "{name}"')
    force, total = float((p * here).sum()), float(here.sum())
    mean = force / total
    numbers = {"Mean contact pressure [MPa]": mean}
    numbers |= _spread(pressure, area, x, y, regions[name], film, mean)
    numbers["Contact fraction [-]"] = float(here[p > TOUCH * mean].sum()) / total if mean > 0 else 0.0
    numbers["Edge-band mean / centre mean [-]"] = _edge_ratio(p, here, area, x, y, regions[name])
    numbers |= _centroid(p * here, x, y, regions[name])
    numbers["Force [N]"] = float((p * covered).sum())
    for key, rect in regions.items():
        numbers[f"Force on {key} [N]"] = float((p * inside(rect, area, x, y) * (covered > 0)).sum())
    return numbers


def film_samples(
    pressure: Array, area: Array, x: Array, y: Array, rect: Rect, film: float = 0.5
) -> tuple[Array, Array]:
    """Film-averaged pressures [MPa] on a region and the area [mm2] each stands for, both flat."""
    values, areas, _, _ = film_average(pressure, area, x, y, film)
    lx, ly = pixel_lines(area, x, y)
    weights = areas * _share_inside(rect, film_lines(lx[0], lx[-1], film), film_lines(ly[0], ly[-1], film))
    keep = weights > 1e-6 * film**2
    return values[keep], weights[keep]


def _spread(
    pressure: Array, area: Array, x: Array, y: Array, rect: Rect, film: float, mean: float
) -> dict[str, float]:
    v, w = film_samples(pressure, area, x, y, rect, film)
    average = float(np.average(v, weights=w))
    deviation = float(np.sqrt(np.average((v - average) ** 2, weights=w)))
    p5, p50, p95, p99 = (percentile(v, w, q) for q in (5, 50, 95, 99))
    near = np.abs(v - mean) <= 0.2 * mean * (1 + 1e-12)
    return {
        "CV [-]": deviation / average if average > 0 else float("nan"),
        "p5 [MPa]": p5,
        "p50 [MPa]": p50,
        "p95 [MPa]": p95,
        "p99 [MPa]": p99,
        "Film-resolution peak [MPa]": float(v.max()),
        "p5/p95 [-]": p5 / p95 if p95 > 0 else float("nan"),
        "Share within 20 % of mean [-]": float(w[near].sum() / w.sum()) if mean > 0 else float("nan"),
    }


def edge_band(rect: Rect) -> Rect:
    """What is left of a rectangle without its edge band."""
    dx, dy = EDGE_BAND * (rect.x1 - rect.x0), EDGE_BAND * (rect.y1 - rect.y0)
    return Rect(rect.x0 + dx, rect.x1 - dx, rect.y0 + dy, rect.y1 - dy)


def _edge_ratio(p: Array, here: Array, area: Array, x: Array, y: Array, rect: Rect) -> float:
    core = inside(edge_band(rect), area, x, y) * (here > 0)
    band = here - core
    if core.sum() <= 0 or band.sum() <= 0:
        return float("nan")
    centre = float((p * core).sum() / core.sum())
    edge = float((p * band).sum() / band.sum())
    return edge / centre if centre > 0 else float("inf")


def _centroid(force: Array, x: Array, y: Array, rect: Rect) -> dict[str, float]:
    total = float(force.sum())
    cx = float((force.sum(axis=0) * x).sum() / total) if total > 0 else float("nan")
    cy = float((force.sum(axis=1) * y).sum() / total) if total > 0 else float("nan")
    return {
        "Centroid offset x [mm]": cx - (rect.x0 + rect.x1) / 2,
        "Centroid offset y [mm]": cy - (rect.y0 + rect.y1) / 2,
    }


def deflection_metrics(deflection: Array, area: Array, x: Array, y: Array, region: Rect) -> dict[str, float]:
    """Peak-to-valley and centre minus edge [um] of a face's deflection [um] over a region."""
    here = inside(region, area, x, y) * np.isfinite(deflection)
    if here.sum() <= 0:
        raise ValueError("no pixel of the deflection map lies in the region")
    u = np.nan_to_num(deflection)
    cx, cy = (region.x0 + region.x1) / 2, (region.y0 + region.y1) / 2
    length, width = CENTRE * (region.x1 - region.x0), CENTRE * (region.y1 - region.y0)
    middle = inside(Rect.centred(length, width, cx, cy), area, x, y) * (here > 0)
    band = here - inside(edge_band(region), area, x, y) * (here > 0)
    # a pixel that is only grazed by the region is no sample of it
    sampled = u[here > 0.01 * area]
    return {
        "Peak-to-valley [um]": float(np.ptp(sampled)),
        "Centre minus edge [um]": _mean(u, middle) - _mean(u, band),
    }


def _mean(values: Array, weights: Array) -> float:
    total = float(weights.sum())
    return float((values * weights).sum()) / total if total > 0 else float("nan")
