"""How the layers of a stack are looked at: film squares of each layer, the column at a place, the cells at an edge."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .assembly import Layer, LayerStack, Rect, Solid
from .body import Body
from .grid import PressureGrid, overlaps
from .metrics import film_lines, percentile

Array = NDArray[np.float64]
Index = NDArray[np.int64]

BESIDE = 3.0
"""How far [mm] the section reaches to both sides of the cathode's edge."""


@dataclass(frozen=True)
class View:
    """One layer's cells, weights (squares, cells) of their film average, areas (squares,) [mm2].

    within (cells,): area [mm2] of each cell that lies in the region.
    """

    cells: Index
    weights: sp.csr_matrix
    area: Array
    within: Array

    def numbers(self, kind: str, values: Array, unit: str = "MPa") -> dict[str, float]:
        """Mean, p1 and p99 of values at the cells of the body."""
        film = self.weights @ values[self.cells]
        out = {f"{kind} mean [{unit}]": float(np.average(film, weights=self.area))}
        for q in (1, 99):
            out[f"{kind} p{q} [{unit}]"] = percentile(film, self.area, q)
        return out

    def over_region(self, values: Array) -> float | None:
        """Mean over the region; None where the layer does not reach there."""
        total = self.within.sum()
        return float(self.within @ values[self.cells] / total) if total > 0 else None


class StackView:
    """One stack as it is looked at: film squares of each layer, the column at (x, y), the cells cut at y near x."""

    def __init__(self, solid: Solid, body: Body, film: float, region: Rect):
        assert isinstance(solid.shape, LayerStack)  # chosen by the caller
        self.solid, self.body, self.film, self.region = solid, body, film, region
        self.layers = solid.shape.layers
        points, corners, _ = body.corner_mesh
        self.corners: Array = points[corners]
        self.low, self.high = self.corners.min(axis=1), self.corners.max(axis=1)

    @cached_property
    def views(self) -> dict[str, View]:
        """Every layer's cells and film squares."""
        return {la.name: self._view(k, la) for k, la in enumerate(self.layers)}

    def _view(self, number: int, layer: Layer) -> View:
        cells = np.flatnonzero(self.body.material_of_cell == number)
        x, y = self._sides(layer.footprint)
        grid = PressureGrid(film_lines(*x, self.film), film_lines(*y, self.film), self.film)
        plan = self.corners[cells][:, :4, :2]
        facet, square, area = overlaps(plan, grid)
        sums = sp.csr_matrix((area, (square, facet)), shape=(grid.size, len(cells)))
        total = np.asarray(sums.sum(axis=1)).ravel()
        kept = np.flatnonzero(total > 1e-9 * self.film**2)
        weights = sp.csr_matrix(sp.diags(1 / total[kept]) @ sums[kept])
        x, y = self._sides(self.region)
        facet, _, area = overlaps(plan, PressureGrid(np.array(x), np.array(y), x[1] - x[0]))
        within = np.bincount(facet, area, len(cells))
        return View(cells, weights, total[kept] / layer.sublayers, within / layer.sublayers)

    def _sides(self, r: Rect) -> tuple[tuple[float, float], tuple[float, float]]:
        """Sides of a rectangle along x and y as far as symmetry leaves them."""
        planes = self.solid.symmetry
        return (0.0 if "x0" in planes else r.x0, r.x1), (0.0 if "y0" in planes else r.y0, r.y1)

    @cached_property
    def column(self) -> list[tuple[int, Index]]:
        """Layer and cells of every level at the middle of the region, a film square wide, from below."""
        x, y = (self.region.x0 + self.region.x1) / 2, (self.region.y0 + self.region.y1) / 2
        middle = (self.low + self.high) / 2
        out = []
        for k in range(len(self.layers)):
            mine = np.flatnonzero(self.body.material_of_cell == k)
            apart = np.maximum(np.abs(middle[mine, 0] - x), np.abs(middle[mine, 1] - y))
            mine = mine[(apart <= max(self.film / 2, apart.min())) & self._around(mine, x, y)]
            levels, which = np.unique(np.round(middle[mine, 2], 9), return_inverse=True)
            out += [(float(z), k, mine[which == i]) for i, z in enumerate(levels)]
        return [(k, cells) for _, k, cells in sorted(out, key=lambda level: level[0])]

    def _around(self, cells: Index, x: float, y: float) -> NDArray[np.bool_]:
        """Whether the layer of these cells reaches over a point at all."""
        low, high = self.low[cells].min(axis=0), self.high[cells].max(axis=0)
        tiny = 1e-9
        over = low[0] - tiny <= x <= high[0] + tiny and low[1] - tiny <= y <= high[1] + tiny
        return np.full(len(cells), over)

    @cached_property
    def cut(self) -> Index:
        """Cells that the plane through the middle of y cuts near the region's edge at high x."""
        x, y = self.region.x1, (self.region.y0 + self.region.y1) / 2
        inside = (self.low[:, 1] <= y + 1e-9) & (self.high[:, 1] > y + 1e-9)
        near = (self.high[:, 0] > x - BESIDE) & (self.low[:, 0] < x + BESIDE)
        return np.flatnonzero(inside & near)

    def outlines(self) -> tuple[Array, Array]:
        """Corners x, z (cells, 4) [mm] of the cut cells, undeformed, the lower two first."""
        c = self.corners[self.cut].reshape(-1, 2, 2, 2, 3).mean(axis=2)  # over y
        return c[..., 0].reshape(-1, 4), c[..., 2].reshape(-1, 4)
