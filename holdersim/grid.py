"""Pressure grids: square pixels over two facing surfaces, and the mean of a surface displacement over each pixel.

A pixel carries one contact pressure, so the grid is a mortar space of piecewise constants that belongs to neither
mesh; the means are integrated exactly on the common parts of facets and pixels, which is what lets a uniform
pressure pass through non-matching meshes without error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .assembly import Rect
from .errors import GeometryError

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True)
class PressureGrid:
    """Pixels between grid lines `x` (nx + 1) and `y` (ny + 1) [mm]; pixel i = row * nx + column.

    Lines lie at multiples of the pixel side from the middle of the region and are trimmed at its outline,
    so a region that is not a whole number of pixels ends in narrower ones.
    """

    x: Array
    y: Array
    pixel: float

    @classmethod
    def over(cls, region: Rect, pixel: float, symmetry: tuple[str, ...] = ()) -> PressureGrid:
        """Grid over a region; with symmetry only its part at x >= 0 and/or y >= 0."""
        x = _lines(region.x0, region.x1, pixel, "x0" in symmetry)
        y = _lines(region.y0, region.y1, pixel, "y0" in symmetry)
        return cls(x, y, pixel)

    @property
    def shape(self) -> tuple[int, int]:
        """(ny, nx)."""
        return len(self.y) - 1, len(self.x) - 1

    @property
    def size(self) -> int:
        """Number of pixels."""
        return self.shape[0] * self.shape[1]

    @property
    def centres(self) -> tuple[Array, Array]:
        """x and y of the pixel centres [mm], each (ny * nx,)."""
        cx, cy = (self.x[1:] + self.x[:-1]) / 2, (self.y[1:] + self.y[:-1]) / 2
        gx, gy = np.meshgrid(cx, cy)
        return gx.ravel(), gy.ravel()

    @property
    def area(self) -> Array:
        """Pixel areas [mm2], (ny * nx,)."""
        return np.outer(np.diff(self.y), np.diff(self.x)).ravel()


def _lines(low: float, high: float, pixel: float, half: bool) -> Array:
    middle = (low + high) / 2
    if half and abs(middle) > 1e-9 * max(1.0, high - low):
        raise GeometryError(
            f"a region from {low:g} to {high:g} mm is not symmetric about 0: drop the symmetry"
        )
    n = int(np.ceil((high - low) / 2 / pixel - 1e-9))
    lines = middle + pixel * np.arange(-n, n + 1)
    lines[0], lines[-1] = low, high
    return lines[lines > -1e-9 * pixel] if half else lines


@dataclass(frozen=True)
class Face:
    """Planar facets of a body that face along z, with what is needed to average over them.

    vertices (f, v, 2): corners in the plane, in tensor (quadrilateral) or cyclic (triangle) order [mm];
    nodes (f, k): nodes of the body on each facet; shape(facets, points) -> (points, k): their shape functions
    at points (2 reference coordinates of the facet); normal: +1 or -1; degree: of the displacement.
    """

    vertices: Array
    nodes: Index
    shape: Callable[[Index, Array], Array]
    normal: float
    degree: int

    @property
    def facet_size(self) -> Array:
        """Extent of each facet along x and y [mm], (f, 2)."""
        return np.asarray(self.vertices.max(axis=1) - self.vertices.min(axis=1))


def averages(face: Face, grid: PressureGrid, nodes: int) -> tuple[sp.csr_matrix, Array]:
    """Matrix (pixels, nodes) of means over each pixel's covered part, and the covered areas [mm2].

    Row i of the matrix is (1/a_i) integral of each shape function over pixel and face; rows of pixels that the
    face does not reach are empty and their area is 0.
    """
    facet, pixel, polygon = _common_parts(face, grid)
    total, area = sp.csr_matrix((grid.size, nodes)), np.zeros(grid.size)
    skewed = _is_skewed(face.vertices)[facet]
    # on a skewed facet the shape functions are no polynomials of x, y: the rule must be higher
    for part, affine, degree in ((~skewed, True, 4), (skewed, False, 18)):
        if not part.any():
            continue
        points, weights, owner = _quadrature(polygon[part], degree)
        owners, into = facet[part][owner], pixel[part][owner]
        reference = _pull_back(face.vertices[owners], points, affine)
        values = face.shape(owners, reference) * weights[:, None]
        rows = np.repeat(into, face.nodes.shape[1])
        total = total + sp.csr_matrix((values.ravel(), (rows, face.nodes[owners].ravel())), shape=total.shape)
        area += np.bincount(into, weights, minlength=grid.size)
    scale = np.divide(1.0, area, out=np.zeros_like(area), where=area > 0)
    return sp.csr_matrix(sp.diags(scale) @ total), area


def masses(face: Face, grid: PressureGrid) -> tuple[Index, Index, Array]:
    """Facet and pixel of every overlapping pair, and integrals N_i N_j [mm2] over their common part, (pairs, k, k)."""
    facet, pixel, polygon = _common_parts(face, grid)
    points, weights, owner = _quadrature(polygon, 8 if face.degree > 1 else 4)
    reference = _pull_back(face.vertices[facet[owner]], points, not _is_skewed(face.vertices).any())
    values = face.shape(facet[owner], reference)
    k = values.shape[1]
    products = (values[:, :, None] * values[:, None, :] * weights[:, None, None]).reshape(-1, k * k)
    sums = (
        sp.csr_matrix((np.ones(len(owner)), (owner, np.arange(len(owner)))), (len(facet), len(owner)))
        @ products
    )
    return facet, pixel, np.asarray(sums).reshape(-1, k, k)


def overlaps(vertices: Array, grid: PressureGrid) -> tuple[Index, Index, Array]:
    """Facet, pixel and common area [mm2] of every facet (f, v, 2) and pixel that lie over each other."""
    nodes = np.zeros((len(vertices), 1), dtype=np.int64)
    facet, pixel, p = _common_parts(Face(vertices, nodes, lambda f, r: r, 1.0, 1), grid)
    q = np.roll(p, -1, axis=1)
    area = np.abs((p[:, :, 0] * q[:, :, 1] - p[:, :, 1] * q[:, :, 0]).sum(axis=1)) / 2
    return facet, pixel, np.asarray(area)


def resolves(face: Face, grid: PressureGrid) -> bool:
    """True when the body is fine enough to carry one independent pressure per pixel.

    Facets of degree 2 must be no larger than a pixel, of degree 1 no larger than half a pixel; else the pressure
    would checkerboard.
    """
    inside = _touching(face.vertices, grid)
    if not inside.any():
        return False
    limit = grid.pixel * (1.0 if face.degree >= 2 else 0.5) * (1 + 1e-6)
    return bool((face.facet_size[inside] <= limit).all())


def _touching(vertices: Array, grid: PressureGrid) -> NDArray[np.bool_]:
    low, high = vertices.min(axis=1), vertices.max(axis=1)
    tiny = 1e-9 * grid.pixel
    return np.asarray(
        (high[:, 0] > grid.x[0] + tiny)
        & (low[:, 0] < grid.x[-1] - tiny)
        & (high[:, 1] > grid.y[0] + tiny)
        & (low[:, 1] < grid.y[-1] - tiny)
    )


def _common_parts(face: Face, grid: PressureGrid) -> tuple[Index, Index, Array]:
    """Facet and pixel of every overlapping pair, and their common polygon (pairs, 8, 2), padded by its last corner."""
    keep = np.flatnonzero(_touching(face.vertices, grid))
    corners = face.vertices[keep]
    if corners.shape[1] == 4:
        corners = corners[:, [0, 1, 3, 2]]
    low, high = corners.min(axis=1), corners.max(axis=1)
    tiny = 1e-9 * grid.pixel
    first = [np.searchsorted(g, low[:, d] + tiny, "right") - 1 for d, g in ((0, grid.x), (1, grid.y))]
    last = [np.searchsorted(g, high[:, d] - tiny, "left") for d, g in ((0, grid.x), (1, grid.y))]
    first = [np.maximum(f, 0) for f in first]
    last = [np.minimum(e, n) for e, n in zip(last, (grid.shape[1], grid.shape[0]), strict=True)]
    nx, ny = last[0] - first[0], last[1] - first[1]
    pair = np.repeat(np.arange(len(keep)), nx * ny)
    inner = np.arange(len(pair)) - np.repeat(np.cumsum(nx * ny) - nx * ny, nx * ny)
    column = first[0][pair] + inner % nx[pair]
    row = first[1][pair] + inner // nx[pair]
    polygon = corners[pair]
    for axis, bound, side in (
        (0, grid.x[column], 1.0),
        (0, grid.x[column + 1], -1.0),
        (1, grid.y[row], 1.0),
        (1, grid.y[row + 1], -1.0),
    ):
        polygon = _clip(polygon, axis, bound, side)
    return keep[pair], row * grid.shape[1] + column, polygon


def _clip(polygon: Array, axis: int, bound: Array, side: float) -> Array:
    """Part of each convex polygon (n, k, 2) where side * (coordinate - bound) >= 0, as (n, k + 1, 2)."""
    following = np.roll(polygon, -1, axis=1)
    here = side * (polygon[:, :, axis] - bound[:, None])
    there = side * (following[:, :, axis] - bound[:, None])
    crossing = (here < 0) != (there < 0)
    t = np.divide(here, here - there, out=np.zeros_like(here), where=crossing)
    cut = polygon + t[:, :, None] * (following - polygon)
    n, k = here.shape
    candidates = np.stack([cut, following], axis=2).reshape(n, 2 * k, 2)
    wanted = np.stack([crossing, there >= 0], axis=2).reshape(n, 2 * k)
    order = np.argsort(~wanted, axis=1, kind="stable")[:, : k + 1]
    kept = np.take_along_axis(candidates, order[:, :, None], axis=1)
    count = np.minimum(wanted.sum(axis=1), k + 1)
    last = np.take_along_axis(kept, np.maximum(count - 1, 0)[:, None, None], axis=1)
    padding = np.arange(k + 1)[None, :] >= count[:, None]
    return np.where(padding[:, :, None], last, kept)


def _quadrature(polygon: Array, degree: int) -> tuple[Array, Array, Index]:
    """Points (q, 2), weights (q,) [mm2] and owning polygon of a rule exact to `degree` on each convex polygon."""
    _n, k, _ = polygon.shape
    a = np.repeat(polygon[:, :1], k - 2, axis=1).reshape(-1, 2)
    b, c = polygon[:, 1:-1].reshape(-1, 2), polygon[:, 2:].reshape(-1, 2)
    cross = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    area: Array = np.abs(cross) / 2
    real = np.flatnonzero(area > 1e-14 * max(float(area.max(initial=0.0)), 1e-300))
    bary, w = _triangle_rule(degree)
    corners = np.stack([a[real], b[real], c[real]], axis=1)
    points = np.einsum("qv,tvd->tqd", bary, corners).reshape(-1, 2)
    weights: Array = np.asarray(np.outer(area[real], w), dtype=np.float64).ravel()
    return points, weights, np.repeat(real // (k - 2), len(w))


def _triangle_rule(degree: int) -> tuple[Array, Array]:
    """Barycentric points and weights (sum 1) of a collapsed Gauss rule on a triangle."""
    n = degree // 2 + 1
    nodes, w = np.polynomial.legendre.leggauss(n + 1)
    t: Array = np.asarray((nodes + 1) / 2, dtype=np.float64)
    u, v = np.meshgrid(t, t, indexing="ij")
    weight: Array = np.asarray(np.outer(w / 2, w / 2) * (1 - u) * 2, dtype=np.float64).ravel()
    x, y = u.ravel(), ((1 - u) * v).ravel()
    return np.stack([1 - x - y, x, y], axis=1), weight


def _is_skewed(vertices: Array) -> NDArray[np.bool_]:
    """Mask (f,) of quadrilaterals that are no parallelograms."""
    if vertices.shape[1] == 3:
        return np.zeros(len(vertices), dtype=bool)
    skew = vertices[:, 0] - vertices[:, 1] - vertices[:, 2] + vertices[:, 3]
    size = np.abs(vertices[:, 3] - vertices[:, 0]).max(axis=1)
    return np.asarray(np.abs(skew).max(axis=1) > 1e-9 * size)


def _pull_back(vertices: Array, points: Array, affine: bool) -> Array:
    """Reference coordinates (q, 2) of points in their facets (q, v, 2); Newton for general quadrilaterals."""
    v0, v1, v2 = vertices[:, 0], vertices[:, 1], vertices[:, 2]
    skew = np.zeros_like(v0) if affine else v0 - v1 - v2 + vertices[:, 3]
    ref = np.full_like(points, 0.5)
    for _ in range(1 if affine else 12):
        e = v1 - v0 + skew * ref[:, 1:]
        f = v2 - v0 + skew * ref[:, :1]
        miss = points - v0 - (v1 - v0) * ref[:, :1] - (v2 - v0) * ref[:, 1:] - skew * ref[:, :1] * ref[:, 1:]
        det = e[:, 0] * f[:, 1] - e[:, 1] * f[:, 0]
        step = np.stack(
            [
                (miss[:, 0] * f[:, 1] - miss[:, 1] * f[:, 0]) / det,
                (e[:, 0] * miss[:, 1] - e[:, 1] * miss[:, 0]) / det,
            ],
            axis=1,
        )
        ref = ref + step
        if np.abs(step).max(initial=0.0) < 1e-13:
            break
    return ref
