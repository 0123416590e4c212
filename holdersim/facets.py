"""Corner functions, integration rules and search keys of facets, triangles or quadrilaterals.

Reference corners are in tensor order: (0,0) (1,0) (0,1), and (1,1) for quadrilaterals.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]


def corner_functions(ref: Array, corners: int) -> tuple[Array, Array]:
    """Values (q, v) and derivatives (q, v, 2) of the corner functions at reference points (q, 2)."""
    s, t = ref[:, 0], ref[:, 1]
    if corners == 3:
        slopes: Array = np.array([[-1.0, -1.0], [1.0, 0.0], [0.0, 1.0]])
        return np.stack([1 - s - t, s, t], axis=1), np.repeat(slopes[None], len(ref), axis=0)
    values: Array = np.stack([(1 - s) * (1 - t), s * (1 - t), (1 - s) * t, s * t], axis=1)
    ds: Array = np.stack([-(1 - t), 1 - t, -t, t], axis=1)
    dt: Array = np.stack([-(1 - s), -s, 1 - s, s], axis=1)
    return values, np.stack([ds, dt], axis=2)


def facet_rule(corners: int) -> tuple[Array, Array]:
    """Reference points (q, 2) and weights (q,), sum = area, of a Gauss rule: degree 7 in s and t, or 6 in all."""
    nodes, w = np.polynomial.legendre.leggauss(4)
    x: Array = np.asarray((nodes + 1) / 2, dtype=np.float64)
    product: Array = np.asarray(np.outer(w, w) / 4, dtype=np.float64)
    u, v = np.meshgrid(x, x, indexing="ij")
    if corners == 4:
        return np.stack([u.ravel(), v.ravel()], axis=1), product.ravel()
    return np.stack([u.ravel(), ((1 - u) * v).ravel()], axis=1), (product * (1 - u)).ravel()


def row_keys(table: Index) -> NDArray[Any]:
    """One comparable key per row (n,): big-endian bytes, so that keys sort like rows of numbers >= 0."""
    return np.ascontiguousarray(table.astype(">i8")).view(f"S{8 * table.shape[1]}").ravel()
