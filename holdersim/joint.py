"""A joint: the pixels of an interface that both faces cover, their areas and initial gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .assembly import Interface
from .errors import GeometryError
from .grid import PressureGrid

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Joint:
    """Pixels of one interface that both faces cover, and where they stand in the vector of link forces.

    pixels (n,): their numbers in the grid; area (n,) [mm2]; gap (n,) [mm]; start: place of the first normal force;
    slide: place of the first tangential one, -1 without friction.
    """

    interface: Interface
    grid: PressureGrid
    pixels: NDArray[np.int64]
    area: Array
    gap: Array
    start: int
    slide: int = -1

    @property
    def spans(self) -> tuple[slice, slice, slice]:
        """Places of the normal forces, and with friction of those along x and along y."""
        n = len(self.pixels)
        return self.span, slice(self.slide, self.slide + n), slice(self.slide + n, self.slide + 2 * n)

    @property
    def span(self) -> slice:
        """Places of the pixels in the vector of link forces."""
        return slice(self.start, self.start + len(self.pixels))

    def map(self, values: Array, fill: float = np.nan) -> Array:
        """Values on the pixels as a map (ny, nx)."""
        out = np.full(self.grid.size, fill)
        out[self.pixels] = values
        return out.reshape(self.grid.shape)


def initial_gap(interface: Interface, grid: PressureGrid) -> Array:
    """Initial gap [mm] at all pixels of a grid."""
    if interface.gap is None:
        return np.zeros(grid.size)
    if callable(interface.gap):
        share = (np.arange(interface.samples) + 0.5) / interface.samples
        x, y = (np.add.outer(share * 0, g[:-1]) + np.outer(share, np.diff(g)) for g in (grid.x, grid.y))
        values = []
        for row in y:
            for column in x:
                gx, gy = (g.ravel() for g in np.meshgrid(column, row))
                values.append(np.broadcast_to(np.asarray(interface.gap(gx, gy), dtype=float), gx.shape))
        several = np.stack(values)
        finite = np.isfinite(several).all(axis=0)
        return np.where(finite, np.where(np.isfinite(several), several, 0.0).mean(axis=0), np.inf)
    given = np.asarray(interface.gap, dtype=float)
    if given.shape != grid.shape:
        raise GeometryError(
            f'interface "{interface.name}": gap has shape {given.shape}, the grid {grid.shape}'
        )
    return given.ravel()
