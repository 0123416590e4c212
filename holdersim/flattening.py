"""What holds a soft surface inside its pixels: a pressed pixel's displacement stays near its mean.

A pixel feels only the mean of the displacements on it. Under pressures above the shear modulus the rubber between the
means would wrinkle, which a smooth hard face does not allow: on pressed pixels the fluctuation is therefore given the
energy  STIFF mu / (2 h) * integral (u - mean u)^2 dA,  which vanishes with the pixel's side h. Where a face slips the
energy holds only the normal displacement.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .grid import Face, PressureGrid, averages, masses

Array = NDArray[np.float64]
Index = NDArray[np.int64]

STIFF = 100.0
"""Stiffness of the fluctuation, in shear moduli per side of a pixel (assumed). Ten times as much makes
a bonded pad 0.4 to 0.7 % stiffer, see docs/measured.md."""


@dataclass(frozen=True)
class Flattening:
    """Fluctuation energies of one face of a soft body, pixel by pixel.

    pixel (pairs,), nodes (pairs, k), mass (pairs, k, k) [N/mm]; mean (pixels, nodes), weight (pixels,) [N/mm];
    place (pixels,): where each pixel's normal force stands among all links, -1 where it has none.
    """

    pixel: Index
    nodes: Index
    mass: Array
    mean: sp.csr_matrix
    weight: Array
    place: Index
    components: tuple[int, ...]
    dofs: int

    @classmethod
    def of(
        cls, face: Face, grid: PressureGrid, nodes: int, shear: float, place: Index, sticks: bool
    ) -> Flattening:
        """Energies of a face over a grid for a rubber of shear modulus [MPa]."""
        facet, pixel, mass = masses(face, grid)
        mean, area = averages(face, grid, nodes)
        scale = STIFF * shear / grid.pixel
        components = (0, 1, 2) if sticks else (2,)
        return cls(pixel, face.nodes[facet], scale * mass, mean, scale * area, place, components, 3 * nodes)

    def matrix(self, closed: NDArray[np.bool_]) -> sp.csr_matrix:
        """Stiffness (dofs, dofs) [N/mm] with the given links pressed."""
        pressed = (self.place >= 0) & closed[np.maximum(self.place, 0)]
        on = pressed[self.pixel]
        nodes, mass = self.nodes[on], self.mass[on]
        k, size = nodes.shape[1], self.dofs // 3
        rows, columns = np.repeat(nodes, k, axis=1), np.tile(nodes, (1, k))
        whole = sp.csr_matrix((mass.ravel(), (rows.ravel(), columns.ravel())), shape=(size, size))
        mean = self.mean[pressed]
        one = sp.coo_matrix(whole - mean.T @ sp.diags(self.weight[pressed]) @ mean)
        data, row, column = [], [], []
        for c in self.components:
            data.append(one.data)
            row.append(3 * one.row + c)
            column.append(3 * one.col + c)
        entries = np.concatenate(data), (np.concatenate(row), np.concatenate(column))
        return sp.csr_matrix(entries, shape=(self.dofs, self.dofs))
