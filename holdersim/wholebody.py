"""A linear body that is not condensed: it stands whole among the bodies of large strain, behind the same door.

A thin stack between two rubbers is too flexible to be met through its compliance, and cheap enough to be kept whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .body import Body

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

    def system(self, s: WholeState, dt: float = 0.0) -> tuple[Array, sp.csr_matrix]:
        """Internal forces K u (dofs,) [N] and K."""
        del dt
        return np.asarray(self.stiffness @ s.u), self.stiffness

    def moved(self, s: WholeState, du: Array, share: float = 1.0) -> WholeState:
        """`s` after `share` of the step `du`."""
        return WholeState(s.u + share * du, s.time)

    def accepted(self, s: WholeState, dt: float) -> WholeState:
        """`s` at the end of a time step [s]."""
        return WholeState(s.u, s.time + dt)
