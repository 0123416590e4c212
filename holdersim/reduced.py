"""What a linear body is reduced to: its links, its compliance at them, and the pressure inside its layers.

w = C x + sum a_j free_j + modes alpha with x the pixel and handle forces [N] pressing into the body, w the conjugate
displacements [mm] into the body, and a_j what the body suffers by itself: its own loads ("own", a = 1) and the
fluid's pressure ("pressure", a in MPa). The pressure inside its layers is O x + sum a_j seen_j [MPa].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .grid import PressureGrid

Array = NDArray[np.float64]

BLOCK = 512
"""Rows of a large matrix that are worked on at once."""


@dataclass(frozen=True)
class Links:
    """What a body is reduced to: grids on its faces and handles (uniform force over a face), by face name.

    sticking: for each grid, whether it carries tangential forces too; inside: layers whose pressure is wanted.
    """

    grids: tuple[tuple[str, PressureGrid], ...]
    handles: tuple[str, ...] = ()
    sticking: tuple[bool, ...] = ()
    inside: tuple[tuple[str, PressureGrid], ...] = ()

    def sticks(self, i: int) -> bool:
        """Whether grid i carries tangential forces."""
        return bool(self.sticking) and self.sticking[i]


@dataclass(frozen=True)
class Superelement:
    """Compliance of one body.

    compliance (k, k) [mm/N]; modes (k, r); free {load: (k,)} [mm] and resultant {load: (r,)} of the body's own loads;
    covered: for each grid the covered area of every pixel [mm2]; fine: for each grid, whether the body resolves it.
    Column order: covered pixels of each grid in turn (all normal forces, then, where it sticks, all along x and all
    along y), then the handles.
    seen (o, k) [MPa/N], seen_free {load: (o,)} [MPa]: pressure on the covered pixels of each layer in `Links.inside`;
    layers: for each of them the covered area of every pixel [mm2].
    """

    compliance: Array
    modes: Array
    free: dict[str, Array]
    resultant: dict[str, Array]
    covered: tuple[Array, ...]
    fine: tuple[bool, ...]
    seen: Array
    seen_free: dict[str, Array]
    layers: tuple[Array, ...]


class Frame:
    """Takes the rigid motion of the arbitrary supports out of what they give.

    Wherever modes^T x + resultant = 0 the displacements stay the same up to a rigid motion, and pressures inside stay
    the same, but without the large common part that stems from the point supports and would cost digits.
    """

    def __init__(self, modes: Array):
        self.modes = modes
        self.inverse = (
            np.linalg.pinv(seen_modes(modes), rcond=1e-10) if modes.size else np.zeros(modes.shape[::-1])
        )

    def compliance(self, c: Array) -> Array:
        """P C P^T with P = 1 - modes inverse, as one symmetric update of low rank: no second matrix of full size."""
        half = self.inverse @ c
        half -= 0.5 * (half @ self.inverse.T) @ self.modes.T
        projected = np.array(c)
        for rows in range(0, len(c), BLOCK):
            here = slice(rows, rows + BLOCK)
            projected[here] -= self.modes[here] @ half + (self.modes @ half[:, here]).T
        return projected

    def free(self, c: Array, free: Array, resultant: Array) -> Array:
        """Free displacements (k,)."""
        free = free - c @ (self.inverse.T @ resultant)
        return np.asarray(free - self.modes @ (self.inverse @ free))

    def seen(self, c: Array) -> Array:
        """Response (o, k) to forces, P^T on its right."""
        return np.asarray(c - (c @ self.inverse.T) @ self.modes.T)

    def seen_at(self, c: Array, resultant: Array) -> Array:
        """What of the response to a load's counterforces at the links has been taken out, (o,)."""
        return np.asarray(c @ (self.inverse.T @ resultant))


def seen_modes(modes: Array) -> Array:
    """Rigid motions at the links without rounding: what is seen is of order 1, also when nothing is."""
    return np.where(np.abs(modes) < 1e-11, 0.0, modes)
