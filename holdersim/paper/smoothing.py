"""Density of a scan without its grain: local parabolas over as many squares as the grain allows, never across a step.

Of windows of growing size, the largest is taken whose value agrees with those of all smaller ones within their grain
(intersection of confidence intervals: Goldenshluger and Nemirovski 1997, Katkovnik 1999; not checked).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .cells import noise
from .curves import Curves
from .maps import Flag

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

WINDOWS = (3, 5, 7, 11, 17)
"""Sides of the windows [squares]; the smallest takes a plane, the others a parabola."""
AGREE = 2.5
"""Standard deviations within which values of windows agree (assumed)."""
BLANK = 0.05
"""Density below which a neighbour is blank paper, so that a square may lie on the edge of what was pressed."""
LEVEL = 0.8
"""Share of the density one square further in that is reached at an edge; where pressure only rises steeply, less is."""


def kernel(side: int) -> Array:
    """Weights (side, side) that give the value at the middle of the least-squares parabola; of the plane for 3."""
    half = side // 2
    y, x = (v.ravel().astype(float) for v in np.mgrid[-half : half + 1, -half : half + 1])
    terms = [np.ones_like(x), x, y] + ([x * x, x * y, y * y] if side > 3 else [])
    return np.asarray(np.linalg.pinv(np.column_stack(terms))[0].reshape(side, side), dtype=np.float64)


def denoised(density: Array, valid: Mask) -> Array:
    """Density (ny, nx) without grain where a window of valid squares around fits, else as it is."""
    levels, spread = noise(density, valid)
    filled = np.where(valid, density, 0.0)
    sigma = np.interp(ndimage.median_filter(filled, 3), levels, spread)
    out, low, high = filled.copy(), filled - AGREE * sigma, filled + AGREE * sigma
    growing = valid.copy()
    for side in WINDOWS:
        weights = kernel(side)
        value = ndimage.convolve(filled, weights, mode="nearest")
        own = AGREE * sigma * float(np.sqrt((weights**2).sum()))
        low, high = np.maximum(low, value - own), np.minimum(high, value + own)
        growing &= ndimage.minimum_filter(valid, side, mode="constant", cval=False) & (low <= high)
        out[growing] = value[growing]
    return np.where(valid, out, density)


def flags(density: Array, valid: Mask, curve: Curves) -> NDArray[np.uint8]:
    """READ, BELOW or ABOVE (ny, nx) for squares of a scan; what is not valid stays READ.

    Decided without grain. A square on the edge of what was pressed is partly white: it goes with its darker
    neighbours where more than half of it is covered, by its light, so that the pressed area keeps its size.
    """
    d = denoised(np.where(valid, density, 0.0), valid)
    out = _beyond(d, curve)
    calm = ndimage.median_filter(d, 3)
    dark, beyond = ndimage.maximum_filter(calm, 3), ndimage.maximum_filter(calm, 5)
    white = ndimage.minimum_filter(np.where(valid, density, np.inf), 3)
    edge = valid & (white < BLANK) & (dark > curve.pale) & (dark > LEVEL * beyond)
    light, least, most = (10.0 ** -np.asarray(v[edge]) for v in (density, dark, white))
    out[edge] = np.where(light < (least + most) / 2, _beyond(dark, curve)[edge], Flag.BELOW)
    out[~valid] = Flag.READ
    return out


def _beyond(density: Array, curve: Curves) -> NDArray[np.uint8]:
    flag = np.where(density < curve.pale, Flag.BELOW, np.where(density > curve.dark, Flag.ABOVE, Flag.READ))
    return np.asarray(flag, dtype=np.uint8)
