"""Mesh of a terraced stack of thin layers, each on its own footprint.

Where a layer ends, the layers above come down to what lies below within one element; the small triangular
void under that ramp is left open. Inside a footprint, edges included, heights are sums of the thicknesses
below.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..assembly import Layer, LayerStack, Rect
from ..errors import GeometryError
from .mesh import Array, Index, MeshData, boundary, compact, cut, facet_areas

GROWTH = 0.4
"""Elements outside the fine region grow by this much of their distance from it (next one below 1.5 times)."""


def mesh_layers(shape: LayerStack, symmetry: tuple[str, ...] = ()) -> MeshData:
    """Hexahedra of the stack; faces bottom, top (level column tops), surface (with ramps), plateau, ramps, sides.

    regions: the layers by name. A face `ramps` is there only where a layer drapes over an edge below.
    """
    _refuse(shape, symmetry)
    rects = [layer.footprint for layer in shape.layers]
    x = _lines([(r.x0, r.x1) for r in rects], (shape.fine.x0, shape.fine.x1), shape, "x0" in symmetry)
    y = _lines([(r.y0, r.y1) for r in rects], (shape.fine.y0, shape.fine.y1), shape, "y0" in symmetry)
    slices = [_slice(layer) for layer in shape.layers for _ in range(layer.sublayers)]
    number, points = _nodes(x, y, slices)
    cells, owner, top = _cells(x, y, slices, number)
    names = np.repeat(np.arange(len(shape.layers)), [layer.sublayers for layer in shape.layers])
    regions = {layer.name: np.flatnonzero(names[owner] == k) for k, layer in enumerate(shape.layers)}
    faces, drawn = _faces(points, cells, top), {}
    mesh = cut(compact(MeshData(points, cells, "hexahedron", regions, faces)), symmetry)
    lowest = _union_area(rects, x, y)
    if "ramps" not in mesh.faces:
        drawn["top"] = lowest
    return MeshData(mesh.points, mesh.cells, mesh.cell, mesh.regions, mesh.faces, drawn)


def _slice(layer: Layer) -> tuple[float, Rect]:
    return layer.thickness / layer.sublayers, layer.footprint


def _refuse(shape: LayerStack, symmetry: tuple[str, ...]) -> None:
    names = [layer.name for layer in shape.layers]
    if not names or len(set(names)) < len(names):
        raise GeometryError(f"a stack needs layers of different names, not {names}")
    if not 0 < shape.size <= shape.coarse:
        raise GeometryError(
            f"element sizes must be 0 < size <= coarse, not {shape.size:g} and {shape.coarse:g} mm"
        )
    for layer in shape.layers:
        r = layer.footprint
        if layer.thickness <= 0 or layer.sublayers < 1 or r.x1 <= r.x0 or r.y1 <= r.y0:
            raise GeometryError(f"layer '{layer.name}' has no volume or no elements: {layer}")
        for plane, low, high in (("x0", r.x0, r.x1), ("y0", r.y0, r.y1)):
            if plane in symmetry and abs(low + high) > 1e-9 * (high - low):
                raise GeometryError(
                    f"layer '{layer.name}' is not symmetric about {plane[0]} = 0: drop the symmetry"
                )


def _lines(
    edges: list[tuple[float, float]], fine: tuple[float, float], shape: LayerStack, half: bool
) -> Array:
    """Grid lines [mm] through all edges: fine.x0 + k size in the fine region, graded outside."""
    low, high = min(e[0] for e in edges), max(e[1] for e in edges)
    f0, f1 = max(fine[0], low), min(fine[1], high)
    hard = [v for e in edges for v in e] + ([0.0] if half else [])
    if f1 > f0:
        k = np.arange(np.ceil((f0 - fine[0]) / shape.size), np.floor((f1 - fine[0]) / shape.size) + 1)
        hard += [f0, f1, *(fine[0] + k * shape.size)]
    points = _distinct(np.sort(np.array(hard)), 1e-6 * shape.size, edges)
    parts = [_graded(a, b, (f0, f1), shape) for a, b in pairwise(points)]
    lines = np.concatenate([*parts, points[-1:]])
    return lines[lines > -1e-6 * shape.size] if half else lines


def _distinct(points: Array, tiny: float, edges: list[tuple[float, float]]) -> Array:
    """Sorted points without near doubles; of two, an edge of a footprint stays, so that areas are exact."""
    exact = np.isin(points, np.array(edges).ravel())
    kept: list[int] = []
    for i in range(len(points)):
        if kept and points[i] - points[kept[-1]] <= tiny:
            if exact[i] and not exact[kept[-1]]:
                kept[-1] = i
        else:
            kept.append(i)
    return points[kept]


def _graded(a: float, b: float, fine: tuple[float, float], shape: LayerStack) -> Array:
    """Lines from a (included) to b (not): size + GROWTH * distance from the fine region, at most `coarse`."""
    if fine[0] < fine[1] and a >= fine[0] - 1e-9 and b <= fine[1] + 1e-9:
        return np.array([a])
    s = np.linspace(a, b, 401)
    if fine[0] < fine[1]:
        distance = np.maximum(np.maximum(fine[0] - s, s - fine[1]), 0.0)
        density = 1 / np.minimum(shape.size + GROWTH * distance, shape.coarse)
    else:
        density = np.full_like(s, 1 / shape.coarse)
    count = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(s))])
    n = max(1, int(np.ceil(count[-1] - 1e-6)))
    return np.concatenate([[a], np.interp(np.arange(1, n) / n * count[-1], count, s)])


def _present(line: Array, low: float, high: float, nodes: bool) -> NDArray[np.bool_]:
    """Which grid lines (edges included) or which intervals lie in [low, high]."""
    v = line if nodes else (line[1:] + line[:-1]) / 2
    tiny = 1e-9 * (high - low)
    return np.asarray((v > low - tiny) & (v < high + tiny))


def _nodes(x: Array, y: Array, slices: list[tuple[float, Rect]]) -> tuple[Index, Array]:
    """Node numbers (levels, ny, nx), shared by levels with no layer between, and points (n, 3)."""
    shape = (len(y), len(x))
    gx, gy = np.meshgrid(x, y)
    z, level = np.zeros(shape), np.arange(gx.size, dtype=np.int64).reshape(shape)
    number, points = [level], [np.column_stack([gx.ravel(), gy.ravel(), z.ravel()])]
    total = gx.size
    for thickness, r in slices:
        here = np.outer(_present(y, r.y0, r.y1, True), _present(x, r.x0, r.x1, True))
        z = z + thickness * here
        level = level.copy()
        level[here] = total + np.arange(here.sum())
        total += int(here.sum())
        number.append(level)
        points.append(np.column_stack([gx[here], gy[here], z[here]]))
    return np.stack(number), np.concatenate(points)


def _cells(x: Array, y: Array, slices: list[tuple[float, Rect]], number: Index) -> tuple[Index, Index, Index]:
    """Cells (m, 8), the slice of each (m,), and the top facets of the columns (c, 4)."""
    cells, owner = [], []
    top: Index = np.full((len(y) - 1, len(x) - 1, 4), -1, dtype=np.int64)
    for k, (_, r) in enumerate(slices):
        here = np.outer(_present(y, r.y0, r.y1, False), _present(x, r.x0, r.x1, False))
        j, i = np.nonzero(here)
        low, high = (
            np.stack([n[j, i], n[j, i + 1], n[j + 1, i], n[j + 1, i + 1]], axis=1)
            for n in (number[k], number[k + 1])
        )
        cells.append(np.concatenate([low, high], axis=1))
        owner.append(np.full(len(j), k, dtype=np.int64))
        top[j, i] = high
    return np.concatenate(cells), np.concatenate(owner), top[top[..., 0] >= 0]


def _faces(points: Array, cells: Index, top: Index) -> dict[str, Index]:
    """Named facets; those inside the voids below ramps have no name."""
    z = points[top, 2]
    tiny = 1e-9 * points[:, 2].max()
    flat = np.ptp(z, axis=1) <= tiny
    outer = boundary(cells, "hexahedron")
    low = (np.abs(points[outer, 2]) <= tiny).all(axis=1)
    p = points[outer][:, :, :2]
    plan = np.abs(_cross(p[:, 3] - p[:, 0], p[:, 2] - p[:, 1])) / 2
    upright = plan <= 1e-9 * facet_areas(points, outer)
    faces = {
        "bottom": outer[low],
        "top": top[flat],
        "surface": top,
        "plateau": top[flat & (z.max(axis=1) >= z.max() - tiny)],
        "sides": outer[upright & ~low & ~_covered(points, outer, top)],
    }
    return faces | ({"ramps": top[~flat]} if (~flat).any() else {})


def _covered(points: Array, facets: Index, top: Index) -> NDArray[np.bool_]:
    """Which upright facets end in the void below a ramp: the neighbouring column reaches as high at that edge."""
    plan = np.unique(np.round(points[:, :2], 9), axis=0, return_inverse=True)[1].ravel()
    edges = top[:, [[0, 1], [2, 3], [0, 2], [1, 3]]].reshape(-1, 2)
    n = len(points)
    keys, at, count = np.unique(_pair(plan[edges], n), return_inverse=True, return_counts=True)
    lowest = np.full(len(keys), np.inf)
    np.minimum.at(lowest, at, points[edges, 2].mean(axis=1))
    wanted = _pair(plan[facets], n)
    found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    reach = np.sort(points[facets, 2], axis=1)[:, 2:].mean(axis=1)
    between = (keys[found] == wanted) & (count[found] == 2)
    return np.asarray(between & (lowest[found] >= reach - 1e-9 * points[:, 2].max()))


def _pair(plan: Index, n: int) -> Index:
    """One number for the two places in the plan of every edge or upright facet."""
    return np.asarray(plan.min(axis=1) * n + plan.max(axis=1), dtype=np.int64)


def _cross(a: Array, b: Array) -> Array:
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])


def _union_area(rects: list[Rect], x: Array, y: Array) -> float:
    """Plan area [mm2] covered by at least one footprint, on the grid lines."""
    covered = np.zeros((len(y) - 1, len(x) - 1), dtype=bool)
    for r in rects:
        covered |= np.outer(_present(y, r.y0, r.y1, False), _present(x, r.x0, r.x1, False))
    return float((np.outer(np.diff(y), np.diff(x)) * covered).sum())
