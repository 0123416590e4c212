"""Rigid motions of a body."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def rigid_motions(coordinates: Array, held: NDArray[np.bool_]) -> Array:
    """Rigid motions (dofs, r) that nothing holds: orthonormal combinations of translations and rotations."""
    x = coordinates - coordinates.mean(axis=0)
    x = x / np.abs(x).max()
    modes = np.zeros((len(x), 3, 6))
    modes[:, 0, 0] = modes[:, 1, 1] = modes[:, 2, 2] = 1.0
    modes[:, 0, 3], modes[:, 1, 3] = -x[:, 1], x[:, 0]
    modes[:, 1, 4], modes[:, 2, 4] = -x[:, 2], x[:, 1]
    modes[:, 2, 5], modes[:, 0, 5] = -x[:, 0], x[:, 2]
    flat = modes.reshape(-1, 6)
    if not held.any():
        return flat
    # the small triangle has the same right vectors, without a square matrix of all held displacements
    _, s, vt = np.linalg.svd(np.linalg.qr(flat[held], mode="r"), full_matrices=True)
    s = np.concatenate([s, np.zeros(6 - len(s))])
    free: Array = flat @ vt[s < 1e-8 * max(s.max(), 1.0)].T
    free[held] = 0.0
    return free
