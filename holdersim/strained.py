"""Strains free of stress in a body: growth of layers, temperature; their nodal forces and the stress held back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _dolfinx as dx
from .assembly import LayerStack, Rect, Solid
from .errors import GeometryError
from .grid import PressureGrid, overlaps
from .materials.elastic import Elastic

Array = NDArray[np.float64]
Index = NDArray[np.int64]


class Strained:
    """The part of a body that knows what strains it by itself; small strains."""

    solid: Solid
    name: str
    materials: tuple[Elastic, ...]
    material_of_cell: Index
    original_cell: Index
    domain: Any
    space: Any
    _mesh: Any
    _points: Array
    _corner_dofs: Index

    @cached_property
    def growing(self) -> Array:
        """How much of its layer's growth the corners of a cell have, (cells, corners): 1 where it grows, 0 elsewhere.

        At an edge the mean over the cells around a corner: linear between corners, growth is then what the element
        can follow. A sharp edge inside a layer would have stresses without end.
        """
        shape, share = self.solid.shape, np.ones(self._corner_dofs.shape)
        middle = self._points[self._corner_dofs].mean(axis=1)
        for k, layer in enumerate(shape.layers if isinstance(shape, LayerStack) else ()):
            if layer.active is None or _covers(layer.active, layer.footprint):
                continue
            mine = self.material_of_cell == k
            r, (x, y, _), corners = layer.active, middle[mine].T, self._corner_dofs[mine]
            within = (x > r.x0) & (x < r.x1) & (y > r.y0) & (y < r.y1)
            each = np.repeat(within.astype(float), corners.shape[1])
            count = np.maximum(np.bincount(corners.ravel()), 1)
            share[mine] = (np.bincount(corners.ravel(), each) / count)[corners]
        return share

    @cached_property
    def strains(self) -> dict[str, Array]:
        """Strain free of stress (materials, 3), along x, y, z per unit of what causes it: swelling, warming."""
        out: dict[str, Array] = {}
        shape = self.solid.shape
        for k, layer in enumerate(shape.layers if isinstance(shape, LayerStack) else ()):
            if layer.name in self.solid.swelling:
                strain = np.zeros((len(self.materials), 3))
                strain[k] = layer.growth
                out[f"swell:{self.name}.{layer.name}"] = strain
        if self.solid.warms and self.materials:
            out["warming"] = np.array([[m.expansion] * 3 for m in self.materials])
        return out

    def held_back(self, cause: str) -> Array:
        """Stress (materials, 3) [MPa] that would make the strain of a cause, along x, y, z, per unit of it."""
        strain = self.strains[cause]
        lame, mu = (np.array([getattr(m, k) for m in self.materials])[:, None] for k in ("lame", "mu"))
        return np.asarray(2 * mu * strain + lame * strain.sum(axis=1, keepdims=True))

    def held_in_cells(self, cause: str, at: Array | None = None) -> Array:
        """The same stress (cells, 3) [MPa] by how much a cell grows in its middle, or at a reference point (1, 3)."""
        stress = self.held_back(cause)[self.material_of_cell]
        if cause == "warming":
            return stress
        if at is None:
            return np.asarray(stress * self.growing.mean(axis=1)[:, None])
        weights: Array = dx.tabulate(dx.scalar_element(self.domain, 1), 0, at)[0, 0]
        return np.asarray(stress * (self.growing @ weights)[:, None])

    def strain_load(self, cause: str) -> Array:
        """Nodal forces (dofs,) that make the strain of a cause, integral of C strain : eps(v)."""
        import ufl
        from dolfinx import fem

        space = fem.functionspace(self.domain, ("DG", 1, (3,)))
        stress, values = fem.Function(space), self.held_back(cause)[self.material_of_cell][:, None]
        share = np.ones_like(self.growing) if cause == "warming" else self.growing
        stress.x.array.reshape(-1, 3)[np.asarray(space.dofmap.list)] = values * share[..., None]
        measure = ufl.Measure("dx", self.domain, metadata={"quadrature_degree": 2 * self.solid.degree})
        v = ufl.TestFunction(self.space)
        return np.asarray(dx.vector(sum(stress[i] * v[i].dx(i) for i in range(3)) * measure))

    def over(self, layer: str, grid: PressureGrid) -> tuple[Index, Index, Array]:
        """Cells of a layer, pixels they lie over, and the areas [mm2] they share."""
        if layer not in self._mesh.regions:
            known = ", ".join(self._mesh.regions)
            raise GeometryError(f'solid "{self.name}" has no layer "{layer}"; it has: {known}')
        number: Index = np.empty(len(self.original_cell), dtype=np.int64)
        number[self.original_cell] = np.arange(len(number))
        cells = number[self._mesh.regions[layer]]
        facet, pixel, area = overlaps(self._points[self._corner_dofs[cells]][:, :4, :2], grid)
        return cells[facet], pixel, area

    def inside_shift(self, layer: str, grid: PressureGrid, amounts: Mapping[str, float]) -> Array:
        """What amounts of strain free of stress add to the pressure (pixels,) [MPa] that displacements give inside."""
        if not self.strains:
            return np.zeros(grid.size)
        c, pixel, area = self.over(layer, grid)
        held = sum(
            (amounts.get(n, 0.0) * self.held_in_cells(n)[c, 2] for n in self.strains), np.zeros(len(c))
        )
        total = np.bincount(pixel, area, grid.size)
        added = np.bincount(pixel, area * held, grid.size)
        return np.divide(added, total, out=np.zeros(grid.size), where=total > 0)


def _covers(a: Rect, b: Rect) -> bool:
    return a.x0 <= b.x0 and a.x1 >= b.x1 and a.y0 <= b.y0 and a.y1 >= b.y1
