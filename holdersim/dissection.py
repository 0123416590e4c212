"""Condensation of a sparse stiffness onto a few columns by nested dissection, and back-substitution.

For a positive definite K and columns B this gives C = B^T K^-1 B without ever forming K^-1 B: the columns are
kept as last unknowns of the bordered matrix [[K, B], [B^T, 0]], whose Schur complement is -C. Eliminating K by a
multifrontal Cholesky factorisation over a tree of geometric separators costs little more than factorising K.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from . import ranks
from .fronts import Factor, Piece, mirror_lower, reduced
from .pieces import smallest, spread
from .separators import along_curve

Array = NDArray[np.float64]
Index = NDArray[np.int64]

__all__ = ["Factor", "condense"]


def condense(
    stiffness: sp.csr_matrix,
    columns: sp.csc_matrix,
    coordinates: Array,
    node: Index,
    keep: bool = False,
    leaf: int = 120,
) -> tuple[Array, Factor | None]:
    """Compliance C = B^T K^-1 B (k, k), and the factor of K when `keep`.

    stiffness (n, n): positive definite; columns (n, k) = B; coordinates (nodes, 3) and node (n,): place of each
    unknown, used only for the ordering. The ranks of `mpirun` share the work of a large body.
    Raises NotConvergedError when K is not positive definite.
    """
    n, k = columns.shape
    near = along_curve(_places(columns, coordinates[node]))
    rows = sp.csr_matrix(sp.csc_matrix(columns[:, near]))
    rows.sort_indices()
    whole, crew = Piece(stiffness, rows, coordinates, node), ranks.crew()
    factor: Factor | None
    if crew is not None and n >= smallest():
        root, border, factor = spread(whole, keep, leaf, crew)
    else:
        root, border, kept = reduced(whole, keep, leaf)
        factor = Factor(kept, n) if keep else None
    mirror_lower(root)
    at = near[border - n]
    compliance = np.zeros((k, k))
    compliance[np.ix_(at, at)] = root
    np.negative(compliance, out=compliance)
    return compliance, factor


def _places(columns: sp.csc_matrix, x: Array) -> Array:
    """Mean place (k, 3) of the unknowns that each column touches."""
    pattern = sp.csc_matrix((np.ones(columns.nnz), columns.indices, columns.indptr), columns.shape)
    return np.asarray((pattern.T @ x) / np.maximum(np.diff(columns.indptr), 1)[:, None])
