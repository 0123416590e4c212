"""Averages of a scan over squares of pixels, the colour of blank paper, and what is not paper.

The density of a patch is that of its mean reflectance, as a densitometer sees it: light is averaged, not density,
so the grain of the capsules does not bias it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .dye import LIGHT, Dye

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Mask = NDArray[np.bool_]

STRIP = 4_000_000
"""Pixels treated at a time."""
SPECK = 0.22
"""Optical density of red that no dye reaches: a pixel above it is dust, hair or print."""
STAINED = 0.06
"""Green denser than red by this: dye, whatever the light."""
FOREIGN = 0.08
"""Distance of a colour from all mixtures of paper and dye [optical density] that makes it something else."""
BRIGHTER = 0.025
"""Red lighter than blank paper by this [optical density]: glare, or the lid of the scanner."""
RINGS = (0.7, 4.0, 12.0)
"""Blank paper is looked for between these distances from the stain [mm]: the first two, then the last."""


@dataclass(frozen=True)
class Cells:
    """Mean light (ny, nx, 3) of squares of `block` pixels, share of each that is paper, their side [mm]."""

    light: Single
    clear: Single
    block: int
    side: float


def averaged(pixels: NDArray[np.uint8], block: int, pixel: float, red: float) -> Cells:
    """Squares of `block` pixels averaged, specks left out: pixels whose red light is below `red` 10^-SPECK."""
    rows, columns = pixels.shape[0] // block, pixels.shape[1] // block
    light = np.zeros((rows, columns, 3), np.float32)
    clear = np.zeros((rows, columns), np.float32)
    dark = int(np.searchsorted(LIGHT, red * 10**-SPECK))
    at_once = max(1, STRIP // (columns * block * block))
    for first in range(0, rows, at_once):
        last = min(first + at_once, rows)
        part = pixels[first * block : last * block, : columns * block]
        paper = part[..., 0] >= dark
        clear[first:last] = _sums(paper.astype(np.float32), block) / block**2
        speckled = not paper.all()
        for k in range(3):
            values = LIGHT[part[..., k]]
            light[first:last, :, k] = _sums(values * paper if speckled else values, block)
    light /= np.maximum(clear * block**2, 1e-6)[..., None]
    return Cells(light, clear, block, block * pixel)


def _sums(values: Single, block: int) -> Single:
    ny, nx = values.shape[0] // block, values.shape[1] // block
    down = np.add.reduceat(values, np.arange(0, ny * block, block), axis=0)
    return np.asarray(np.add.reduceat(down, np.arange(0, nx * block, block), axis=1), dtype=np.float32)


@dataclass(frozen=True)
class Blank:
    """Light of blank paper (ny, nx, 3) or (1, 1, 3), its mean codes, share of the scan it was seen on."""

    light: Array
    codes: tuple[float, float, float]
    share: float
    tilt: float


def optical(light: Array | Single, blank: Array) -> Array:
    """Optical density -log10(light / blank) of each colour."""
    return np.asarray(-np.log10(np.maximum(light, 1e-5) / np.maximum(blank, 1e-5)), dtype=np.float64)


def stain(cells: Cells) -> Mask:
    """Cells on which dye is seen: green denser than red. Needs no blank paper but a rough white."""
    bright = np.quantile(cells.light.reshape(-1, 3)[:: max(1, cells.clear.size // 200_000)], 0.95, axis=0)
    d = optical(cells.light, bright)
    seen = (d[..., 1] - d[..., 0] > STAINED) & (cells.clear > 0.5) & (d[..., 0] < SPECK)
    return np.asarray(ndimage.binary_opening(seen, iterations=1), dtype=np.bool_)


def find_blank(cells: Cells, box: tuple[int, int, int, int] | None = None) -> Blank | None:
    """Colour of blank paper near the stain, with a plane of uneven light; None where there is none.

    box: x0, y0, x1, y1 [cells] that the user says is blank.
    """
    if box is not None:
        x0, y0, x1, y1 = box
        return _constant(cells.light[y0:y1, x0:x1].reshape(-1, 3), cells.clear.size)
    red = stain(cells)
    if not red.any():
        near = cells.clear > 0.99
        return _constant(_commonest(cells.light[near]), cells.clear.size)
    away = ndimage.distance_transform_edt(~red) * cells.side
    for reach in RINGS[1:]:
        ring = (away > RINGS[0]) & (away < reach) & (cells.clear > 0.99)
        if ring.sum() >= 200:
            paper = _paper_of(cells.light, ring)
            if paper.sum() >= 100:
                return _plane(cells.light, paper, red)
    return None


def _paper_of(light: Single, ring: Mask) -> Mask:
    """Cells of a ring that look like its commonest colour with the least dye."""
    seen = light[ring]
    excess = np.log10(np.maximum(seen[:, 0], 1e-5) / np.maximum(seen[:, 1], 1e-5))
    pale = excess <= np.quantile(excess, 0.25) + 0.02
    middle = np.median(_commonest(seen[pale]), axis=0)
    off = np.abs(np.log10(np.maximum(light, 1e-5) / middle)).max(axis=-1)
    return np.asarray(ring & (off < 0.03), dtype=np.bool_)


def _commonest(values: Single) -> Single:
    """Values within 3 % of the commonest light of green."""
    if not len(values):
        return values
    green = np.log10(np.maximum(values[:, 1], 1e-4))
    counts, edges = np.histogram(green, bins=400, range=(-2.0, 0.02))
    peak = int(np.convolve(counts, np.ones(3), "same").argmax())
    near = np.abs(green - (edges[peak] + edges[peak + 1]) / 2) < 0.013
    return np.asarray(values[near], dtype=np.float32)


def _constant(values: Single, of: int) -> Blank | None:
    if len(values) < 20:
        return None
    light = np.median(values, axis=0).astype(np.float64)
    return Blank(light[None, None, :], _codes(light), len(values) / of, 0.0)


def _plane(light: Single, paper: Mask, red: Mask) -> Blank:
    """Plane through the logarithm of the blank light; a constant where blank paper lies on one side only."""
    y, x = np.nonzero(paper)
    values = np.log(np.maximum(light[paper], 1e-5)).astype(np.float64)
    middle = np.median(values, axis=0)
    ry, rx = np.nonzero(red)
    around = x.min() <= rx.min() and x.max() >= rx.max() and y.min() <= ry.min() and y.max() >= ry.max()
    plain = np.exp(middle)
    if not around:
        return Blank(plain[None, None, :], _codes(plain), float(paper.mean()), 0.0)
    matrix = np.column_stack([np.ones(len(x)), x - rx.mean(), y - ry.mean()])
    keep = np.ones(len(x), bool)
    for _ in range(3):
        found = np.linalg.lstsq(matrix[keep], values[keep], rcond=None)[0]
        off = np.abs(values - matrix @ found).max(axis=1)
        keep = off < 3.0 * max(float(np.median(off)), 1e-3)
    iy, ix = np.ogrid[: light.shape[0], : light.shape[1]]
    planes = [f[0] + f[1] * (ix - rx.mean()) + f[2] * (iy - ry.mean()) for f in found.T]
    over = [p[red] for p in planes]
    tilt = float(max(np.ptp(p) for p in over))
    stacked = np.stack([np.clip(p, m - 0.5, m + 0.5) for p, m in zip(planes, middle, strict=True)], axis=-1)
    return Blank(np.exp(stacked), _codes(np.exp(found[0])), float(paper.mean()), tilt)


def _codes(light: Array) -> tuple[float, float, float]:
    from .dye import coded

    r, g, b = (float(v) for v in 255 * coded(light))
    return r, g, b


@dataclass(frozen=True)
class Foreign:
    """What is not paper: `glare`, `other` (tape, labels, print), `specks` (dust), `outside` (lid); blobs told."""

    glare: Mask
    other: Mask
    specks: Mask
    outside: Mask
    blobs: int
    straight: int

    @property
    def all(self) -> Mask:
        """Cells of which nothing is read."""
        return np.asarray(self.glare | self.other | self.specks | self.outside, dtype=np.bool_)


def find_foreign(density: Array, clear: Single, side: float, dye: Dye) -> Foreign:
    """Cells whose colour is no mixture of paper and dye. density: optical (ny, nx, 3)."""
    expected = dye.colours(np.maximum(dye.nominal(density[..., 1]), 0.0))
    grade = 0.25 * np.maximum(density[..., 1], 0.0)
    shade = np.abs(density[..., 0] - expected[..., 0]) > FOREIGN + 0.4 * grade
    tint = np.abs(density[..., 2] - expected[..., 2]) > FOREIGN + grade
    bright = (density[..., 0] < -BRIGHTER) & (density[..., 1] < 0)
    grow = max(1, round(0.2 / side))
    lumps = ndimage.binary_opening((shade | tint) & ~bright, iterations=1)
    large = _larger(lumps, 1.0 / side**2)
    specks = (clear < 0.5) | (lumps & ~large)
    large |= _larger(clear < 0.5, 1.0 / side**2)
    bright = _larger(bright, 4)
    lid = _touching_border(bright)
    blobs, straight = _blobs(large)
    other = ndimage.binary_dilation(large, iterations=grow) if large.any() else large
    glare = bright & ~lid
    if glare.any():
        glare = ndimage.binary_dilation(glare, iterations=grow)
    return Foreign(glare, other, specks & ~other, lid & ~other, blobs, straight)


def _larger(mask: Mask, cells: float) -> Mask:
    """Connected parts of a mask of more than so many cells."""
    label, n = ndimage.label(mask)
    if n == 0:
        return np.zeros_like(mask)
    keep = np.bincount(label.ravel()) > cells
    keep[0] = False
    return np.asarray(keep[label], dtype=np.bool_)


def _touching_border(mask: Mask) -> Mask:
    label, n = ndimage.label(mask)
    if n == 0:
        return np.zeros_like(mask)
    edge = np.unique(np.concatenate([label[0], label[-1], label[:, 0], label[:, -1]]))
    return np.asarray(np.isin(label, edge[edge > 0]), dtype=np.bool_)


def _blobs(mask: Mask) -> tuple[int, int]:
    """Number of connected parts, and of those that fill a rectangle (at any angle) to 85 %."""
    label, n = ndimage.label(mask)
    straight = 0
    for k, box in enumerate(ndimage.find_objects(label), 1):
        y, x = np.nonzero(label[box] == k)
        if len(x) > 9 and len(x) > 0.85 * _smallest_box(x, y):
            straight += 1
    return n, straight


def _smallest_box(x: NDArray[np.intp], y: NDArray[np.intp]) -> float:
    """Area of the smallest rectangle around points, at steps of 3 degrees."""
    areas = []
    for angle in np.deg2rad(np.arange(0, 90, 3)):
        u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        areas.append((np.ptp(u) + 1) * (np.ptp(v) + 1))
    return float(min(areas))


def noise(density: Array, valid: Mask, levels: int = 12) -> tuple[Array, Array]:
    """Standard deviation of one cell's density over density, from how neighbours in a row differ.

    For independent noise d_i - (d_(i-1) + d_(i+1)) / 2 has 3/2 of its variance; slopes drop out.
    """
    second = density[:, 1:-1] - (density[:, :-2] + density[:, 2:]) / 2
    good = valid[:, 1:-1] & valid[:, :-2] & valid[:, 2:]
    values, at = second[good], density[:, 1:-1][good]
    if len(values) < 50:
        return np.array([0.0]), np.array([0.02])
    edges = np.linspace(max(at.min(), 0.0), max(at.max(), 0.1), levels + 1)
    centres, spread = [], []
    for low, high in pairwise(edges):
        here = values[(at >= low) & (at < high)]
        if len(here) >= 30:
            centres.append((low + high) / 2)
            spread.append(float(np.median(np.abs(here))) / 0.6745 / np.sqrt(1.5))
    return (np.array(centres), np.array(spread)) if centres else (np.array([0.0]), np.array([0.02]))
