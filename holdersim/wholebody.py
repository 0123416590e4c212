"""A linear body that is not condensed: it stands whole among the bodies of large strain, behind the same door.

A thin stack between two rubbers is too flexible to be met through its compliance, and cheap enough to be kept whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .body import Body
from .grid import PressureGrid

Array = NDArray[np.float64]


@dataclass(frozen=True)
class WholeState:
    """Displacement u (dofs,) [mm] of a linear body; time [s]."""

    u: Array
    time: float = 0.0


class WholeBody(Body):
    """Linear body with the methods of `softbody.SoftBody`."""

    def start(self) -> WholeState:
        """Undeformed."""
        return WholeState(np.zeros(self.dofs))

    def system(
        self, s: WholeState, dt: float = 0.0, amounts: Mapping[str, float] | None = None
    ) -> tuple[Array, sp.csr_matrix]:
        """Internal forces K u (dofs,) [N] and K; amounts act through `load_columns` alone."""
        del dt, amounts
        return np.asarray(self.stiffness @ s.u), self.stiffness

    def inside(self, layer: str, grid: PressureGrid, s: WholeState, amounts: Mapping[str, float]) -> Array:
        """Pressure (pixels,) [MPa] inside a layer, as `layer_pressure`; 0 beyond it."""
        matrix, _ = self.layer_pressure(layer, grid)
        return np.asarray(matrix @ s.u + self.inside_shift(layer, grid, amounts))

    def stress(  # type: ignore[override]
        self, s: WholeState, amounts: Mapping[str, float] | None = None
    ) -> Array:
        """Stress (cells, 6) [MPa] at cell centres."""
        return super().stress(s.u, amounts=amounts)

    def moved(self, s: WholeState, du: Array, share: float = 1.0) -> WholeState:
        """`s` after `share` of the step `du`."""
        return WholeState(s.u + share * du, s.time)

    def accepted(self, s: WholeState, dt: float, amounts: Mapping[str, float] | None = None) -> WholeState:
        """`s` at the end of a time step [s]."""
        del amounts
        return WholeState(s.u, s.time + dt)
