"""Strains free of stress in a body: growth of layers, temperature; their nodal forces and the stress held back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _dolfinx as dx
from .assembly import LayerStack, Solid
from .materials.elastic import Elastic

Array = NDArray[np.float64]


class Strained:
    """The part of a body that knows what strains it by itself; small strains."""

    solid: Solid
    name: str
    materials: tuple[Elastic, ...]
    material_of_cell: NDArray[np.int64]
    domain: Any
    space: Any

    @property
    def _layers(self) -> tuple[str, ...]:
        shape = self.solid.shape
        return tuple(la.name for la in shape.layers) if isinstance(shape, LayerStack) else ()

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

    def strain_load(self, cause: str) -> Array:
        """Nodal forces (dofs,) that make the strain of a cause, integral of C strain : eps(v)."""
        import ufl
        from dolfinx import fem

        stress = fem.Function(fem.functionspace(self.domain, ("DG", 0, (3,))))
        stress.x.array[:] = self.held_back(cause)[self.material_of_cell].ravel()
        measure = ufl.Measure("dx", self.domain, metadata={"quadrature_degree": 2 * self.solid.degree})
        v = ufl.TestFunction(self.space)
        return np.asarray(dx.vector(sum(stress[i] * v[i].dx(i) for i in range(3)) * measure))

    def inside_shift(self, layer: str, amounts: Mapping[str, float]) -> float:
        """What amounts of strain free of stress add to the pressure [MPa] that displacements give inside a layer."""
        k = self._layers.index(layer) if self._layers else 0
        return sum(amounts.get(c, 0.0) * float(self.held_back(c)[k, 2]) for c in self.strains)
