"""Condensation of a sparse stiffness onto a few columns by nested dissection, and back-substitution.

For a positive definite K and columns B this gives C = B^T K^-1 B without ever forming K^-1 B: the columns are
kept as last unknowns of the bordered matrix [[K, B], [B^T, 0]], whose Schur complement is -C. Eliminating K by a
multifrontal Cholesky factorisation over a tree of geometric separators costs little more than factorising K
(George, SIAM J. Numer. Anal. 10 (1973) 345: nested dissection; Duff & Reid, ACM TOMS 9 (1983) 302: multifrontal).
Dense work goes to LAPACK; fronts are large, so the tree is walked in Python.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.linalg import blas, lapack

from .errors import NotConvergedError

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass
class _Front:
    """One separator (or leaf): the dofs it eliminates, the later unknowns it touches, its children."""

    own: Index
    children: list[int]
    border: Index


@dataclass
class Factor:
    """Cholesky factor kept front by front, for back-substitution."""

    fronts: list[tuple[Index, Index, Array, Array]]
    size: int

    def solve(self, f: Array) -> Array:
        """Solution u (n,) or (n, k) of K u = f."""
        y = np.array(f, dtype=float).reshape(self.size, -1 if self.size else 1)
        for own, border, l11, l21 in self.fronts:
            y[own] = blas.dtrsm(1.0, l11, y[own], lower=1)
            if len(border):
                y[border] -= l21 @ y[own]
        for own, border, l11, l21 in reversed(self.fronts):
            rest = y[own] - l21.T @ y[border] if len(border) else y[own]
            y[own] = blas.dtrsm(1.0, l11, rest, lower=1, trans_a=1)
        return y.reshape(np.shape(f))

    @property
    def entries(self) -> int:
        """Stored numbers, a measure of memory (8 bytes each)."""
        return sum(a.size + b.size for _, _, a, b in self.fronts)


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
    unknown, used only for the ordering. Raises NotConvergedError when K is not positive definite.
    """
    n, k = columns.shape
    near = _along_curve(_places(columns, coordinates[node]))
    columns = sp.csc_matrix(columns[:, near])
    fronts = _tree(stiffness, coordinates, node, leaf)
    order = np.empty(n + k, dtype=np.int64)
    order[np.concatenate([f.own for f in fronts])] = np.arange(n)
    order[n:] = n + np.arange(k)
    rows = sp.csr_matrix(columns)
    rows.sort_indices()
    _symbolic(fronts, stiffness, rows, order, n)
    position = np.full(n + k, -1, dtype=np.int64)
    updates: dict[int, Array] = {}
    kept: list[tuple[Index, Index, Array, Array]] = []
    for i, front in enumerate(fronts):
        l11, l21, update = _eliminate(front, fronts, updates, stiffness, rows, position, n)
        if keep:
            inner = front.border < n
            kept.append((front.own, front.border[inner], l11, np.asfortranarray(l21[inner])))
        updates[i] = update
    root = updates.pop(len(fronts) - 1)
    _mirror_lower(root)
    at = near[fronts[-1].border - n]
    compliance = np.zeros((k, k))
    compliance[np.ix_(at, at)] = root
    np.negative(compliance, out=compliance)
    return compliance, (Factor(kept, n) if keep else None)


def _eliminate(
    front: _Front,
    fronts: list[_Front],
    updates: dict[int, Array],
    stiffness: sp.csr_matrix,
    columns: sp.csr_matrix,
    position: Index,
    n: int,
) -> tuple[Array, Array, Array]:
    """Assemble a front from the matrix and its children, factorise it, return L11, L21 and its update."""
    own, border = front.own, front.border
    m, b = len(own), len(border)
    f11, f21, f22 = (np.zeros(s, order="F") for s in ((m, m), (b, m), (b, b)))
    position[own], position[border] = np.arange(m), m + np.arange(b)
    for matrix, offset in ((stiffness, 0), (columns, n)):
        row, col, value = _entries(matrix, own)
        at = position[col + offset]
        mine, later = (at >= 0) & (at < m), at >= m
        np.add.at(f11, (row[mine], at[mine]), value[mine])
        np.add.at(f21, (at[later] - m, row[later]), value[later])
    for child in front.children:
        update, at = updates.pop(child), position[fronts[child].border]
        c = int((at < m).sum())
        inner, outer = _runs(at[:c]), _runs(at[c:] - m)
        _add(f11, inner, inner, update[:c, :c], True)
        _add(f21, outer, inner, update[c:, :c], False)
        _add(f22, outer, outer, update[c:, c:], True)
    position[own] = position[border] = -1
    l11, info = lapack.dpotrf(f11, lower=1, clean=1, overwrite_a=1)
    if info:
        raise NotConvergedError(
            "a body's stiffness is not positive definite: it is not held, or its mesh is broken"
        )
    if b:
        f21 = blas.dtrsm(1.0, l11, f21, side=1, lower=1, trans_a=1, overwrite_b=1)
        f22 = blas.dsyrk(-1.0, f21, beta=1.0, c=f22, lower=1, overwrite_c=1)
    return l11, f21, f22


def _mirror_lower(a: Array, block: int = 512) -> None:
    """Copy the lower triangle onto the upper one, in place."""
    for start in range(0, len(a), block):
        end = start + block
        corner = np.tril(a[start:end, start:end])
        a[start:end, start:end] = corner + np.tril(corner, -1).T
        a[start:end, end:] = a[end:, start:end].T


def _runs(at: Index) -> list[tuple[int, int, int]]:
    """Runs of consecutive numbers in a rising sequence: (where it starts in the sequence, first number, length)."""
    if not len(at):
        return []
    first = np.concatenate([[0], np.flatnonzero(np.diff(at) != 1) + 1])
    length = np.diff(np.concatenate([first, [len(at)]]))
    return list(zip(first.tolist(), at[first].tolist(), length.tolist(), strict=True))


def _add(
    target: Array,
    rows: list[tuple[int, int, int]],
    columns: list[tuple[int, int, int]],
    update: Array,
    lower: bool,
) -> None:
    """target[rows, columns] += update, run by run; only blocks on or below the diagonal when `lower`."""
    for from_j, to_j, n_j in columns:
        for from_i, to_i, n_i in rows:
            if not lower or to_i >= to_j:
                target[to_i : to_i + n_i, to_j : to_j + n_j] += update[
                    from_i : from_i + n_i, from_j : from_j + n_j
                ]


def _along_curve(x: Array) -> Index:
    """Order of points (n, 3) along a space-filling (Morton) curve, so that near points get near numbers."""
    if not len(x):
        return np.zeros(0, dtype=np.int64)
    low, size = x.min(axis=0), max(float(np.ptp(x, axis=0).max()), 1e-300)
    cell = np.minimum((x - low) / size * 1024, 1023).astype(np.int64)
    code = np.zeros(len(x), dtype=np.int64)
    for bit in range(10):
        for axis in range(3):
            code |= ((cell[:, axis] >> bit) & 1) << (3 * bit + axis)
    return np.argsort(code, kind="stable")


def _places(columns: sp.csc_matrix, x: Array) -> Array:
    """Mean place (k, 3) of the unknowns that each column touches."""
    pattern = sp.csc_matrix((np.ones(columns.nnz), columns.indices, columns.indptr), columns.shape)
    return np.asarray((pattern.T @ x) / np.maximum(np.diff(columns.indptr), 1)[:, None])


def _entries(matrix: sp.csr_matrix, rows: Index) -> tuple[Index, Index, Array]:
    """Local row number, column and value of all stored entries of some rows."""
    start, count = matrix.indptr[rows], np.diff(matrix.indptr)[rows]
    total = int(count.sum())
    local = np.repeat(np.arange(len(rows)), count)
    at = np.arange(total) - np.repeat(np.cumsum(count) - count, count) + np.repeat(start, count)
    return local, matrix.indices[at].astype(np.int64), matrix.data[at]


def _symbolic(
    fronts: list[_Front], stiffness: sp.csr_matrix, columns: sp.csr_matrix, order: Index, n: int
) -> None:
    """Fill in each front's border: later unknowns touched by it or by its children, in order of elimination."""
    for front in fronts:
        touched = [order[_entries(stiffness, front.own)[1]], order[_entries(columns, front.own)[1] + n]]
        later = np.unique(np.concatenate(touched + [fronts[c].border for c in front.children]))
        last = int(order[front.own].max()) if len(front.own) else -1
        front.border = later[later > last]
    inverse = np.argsort(order)
    for front in fronts:
        front.border = inverse[front.border]


def _tree(stiffness: sp.csr_matrix, coordinates: Array, node: Index, leaf: int) -> list[_Front]:
    """Fronts in postorder from recursive bisection of the node graph by planes; the last one is the root."""
    nodes, compact = np.unique(node, return_inverse=True)
    blocks = sp.csr_matrix(
        (np.ones(len(compact), dtype=np.int8), (np.arange(len(compact)), compact)),
        shape=(len(compact), len(nodes)),
    )
    pattern = sp.csr_matrix(
        (np.ones(stiffness.nnz, dtype=np.int8), stiffness.indices, stiffness.indptr), stiffness.shape
    )
    graph = sp.csr_matrix(blocks.T.astype(np.int32) @ pattern.astype(np.int32) @ blocks.astype(np.int32))
    x = coordinates[nodes]
    dofs_of = np.argsort(compact, kind="stable")
    start = np.searchsorted(compact[dofs_of], np.arange(len(nodes) + 1))
    fronts: list[_Front] = []
    label = np.zeros(len(nodes), dtype=np.int64)
    counter = [0]

    def dofs(part: Index) -> Index:
        return (
            np.concatenate([dofs_of[start[p] : start[p + 1]] for p in part])
            if len(part)
            else np.zeros(0, np.int64)
        )

    def grow(part: Index) -> int:
        cut = _separator(graph, x, part, label, counter) if len(part) > leaf else None
        children = [] if cut is None else [grow(side) for side in cut[:2] if len(side)]
        last = part if cut is None else cut[2]
        fronts.append(_Front(dofs(last[_along_curve(x[last])]), children, np.zeros(0, np.int64)))
        return len(fronts) - 1

    grow(np.arange(len(nodes)))
    return fronts


def _separator(
    graph: sp.csr_matrix, x: Array, part: Index, label: Index, counter: list[int]
) -> tuple[Index, Index, Index] | None:
    """Two sides and the smallest plane-like separator of a set of nodes, or None when it cannot be split."""
    counter[0] += 1
    label[part] = counter[0]
    row, col, _ = _entries(graph, part)
    inside = label[col] == counter[0]
    row, col = row[inside], col[inside]
    local = np.empty(len(label), dtype=np.int64)
    local[part] = np.arange(len(part))
    col = local[col]
    best: tuple[float, NDArray[np.bool_], NDArray[np.bool_]] | None = None
    for axis in range(3):
        c = x[part, axis]
        for q in (0.45, 0.5, 0.55):
            low = c <= np.quantile(c, q, method="lower") + 1e-9
            share = low.mean()
            if share in (0.0, 1.0):
                continue
            border = np.zeros(len(part), dtype=bool)
            border[row[low[row] & ~low[col]]] = True
            rest = min(float((low & ~border).sum()), float((~low).sum())) / len(part)
            if rest < 0.2:
                continue
            score = border.sum() * (1.0 + 2.0 * (0.5 - rest))
            if best is None or score < best[0]:
                best = (score, low, border)
    if best is None:
        return None
    _, below, between = best
    return part[below & ~between], part[~below], part[between]
