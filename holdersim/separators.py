"""Nested dissection by planes: in which order the unknowns of a sparse matrix are eliminated, and what each step meets.

(George, SIAM J. Numer. Anal. 10 (1973) 345: nested dissection.) A front is one separator, or a leaf that is not cut
further; fronts come in postorder, children before their parent, the root last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass
class Front:
    """The unknowns that a separator (or leaf) eliminates, its children, and the later unknowns it touches."""

    own: Index
    children: list[int]
    border: Index = field(default_factory=lambda: np.zeros(0, np.int64))


class Nodes:
    """The graph of the nodes of a matrix, where they are, and the unknowns of each."""

    def __init__(self, stiffness: sp.csr_matrix, coordinates: Array, node: Index):
        """stiffness (n, n): its pattern counts; coordinates (nodes, 3) and node (n,): place of each unknown."""
        nodes, compact = np.unique(node, return_inverse=True)
        blocks = sp.csr_matrix(
            (np.ones(len(compact), dtype=np.int8), (np.arange(len(compact)), compact)),
            shape=(len(compact), len(nodes)),
        )
        pattern = sp.csr_matrix(
            (np.ones(stiffness.nnz, dtype=np.int8), stiffness.indices, stiffness.indptr), stiffness.shape
        )
        self._graph = sp.csr_matrix(
            blocks.T.astype(np.int32) @ pattern.astype(np.int32) @ blocks.astype(np.int32)
        )
        self.count = len(nodes)
        self._x = coordinates[nodes]
        self._dofs = np.argsort(compact, kind="stable")
        self._start = np.searchsorted(compact[self._dofs], np.arange(len(nodes) + 1))
        self._label = np.zeros(len(nodes), dtype=np.int64)
        self._labels = 0

    def dofs(self, part: Index) -> Index:
        """Unknowns of some nodes, node by node."""
        if not len(part):
            return np.zeros(0, np.int64)
        return np.concatenate([self._dofs[self._start[p] : self._start[p + 1]] for p in part])

    def separator(self, part: Index, children: list[int]) -> Front:
        """The front that eliminates some nodes, near ones side by side."""
        return Front(self.dofs(part[along_curve(self._x[part])]), children)

    def cut(self, part: Index) -> tuple[Index, Index, Index] | None:
        """Two sides and the smallest plane-like separator of a set of nodes, or None when it cannot be split."""
        self._labels += 1
        self._label[part] = self._labels
        row, col, _ = entries(self._graph, part)
        inside = self._label[col] == self._labels
        row, col = row[inside], col[inside]
        local = np.empty(self.count, dtype=np.int64)
        local[part] = np.arange(len(part))
        col = local[col]
        best: tuple[float, NDArray[np.bool_], NDArray[np.bool_]] | None = None
        for axis in range(3):
            c = self._x[part, axis]
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


def tree(nodes: Nodes, leaf: int) -> list[Front]:
    """Fronts in postorder, cut until at most `leaf` nodes are left; the last one is the root."""
    fronts: list[Front] = []

    def grow(part: Index) -> int:
        sides = nodes.cut(part) if len(part) > leaf else None
        children = [] if sides is None else [grow(side) for side in sides[:2] if len(side)]
        fronts.append(nodes.separator(part if sides is None else sides[2], children))
        return len(fronts) - 1

    grow(np.arange(nodes.count))
    return fronts


def top(nodes: Nodes, leaf: int, enough: Callable[[list[int]], bool]) -> tuple[list[Front], list[int]]:
    """Fronts of the same tree down to pieces that are not yet cut, and which of the fronts those pieces are.

    The largest piece is cut until `enough` of the numbers of nodes of all. A piece lists its unknowns as they rise.
    """
    parts: dict[int, Index] = {0: np.arange(nodes.count)}
    below: dict[int, tuple[list[int], Index]] = {}
    made = 1
    while not enough([len(p) for p in parts.values()]):
        largest = max(parts, key=lambda i: len(parts[i]))
        sides = nodes.cut(parts[largest]) if len(parts[largest]) > leaf else None
        if sides is None:
            break
        del parts[largest]
        children = []
        for side in sides[:2]:
            if len(side):
                parts[made] = side
                children.append(made)
                made += 1
        below[largest] = children, sides[2]
    fronts: list[Front] = []
    pieces: list[int] = []

    def walk(i: int) -> int:
        if i in parts:
            pieces.append(len(fronts))
            fronts.append(Front(np.sort(nodes.dofs(parts[i])), []))
        else:
            children = [walk(c) for c in below[i][0]]
            fronts.append(nodes.separator(below[i][1], children))
        return len(fronts) - 1

    walk(0)
    return fronts, pieces


def symbolic(fronts: list[Front], stiffness: sp.csr_matrix, columns: sp.csr_matrix) -> None:
    """Fill in each front's border: later unknowns touched by it or by its children, in order of elimination.

    stiffness (n, m), m >= n, and columns (n, k): unknowns n to m and the columns, as unknowns m to m + k, come last.
    """
    (n, m), k = stiffness.shape, columns.shape[1]
    order = np.arange(m + k)
    inverse = np.arange(m + k)
    inverse[:n] = np.concatenate([f.own for f in fronts])
    order[inverse[:n]] = np.arange(n)
    for front in fronts:
        touched = [order[entries(stiffness, front.own)[1]], order[entries(columns, front.own)[1] + m]]
        later = _distinct(np.concatenate(touched + [fronts[c].border for c in front.children]), m + k)
        last = int(order[front.own].max()) if len(front.own) else -1
        front.border = later[later > last]
    for front in fronts:
        front.border = inverse[front.border]


def _distinct(numbers: Index, size: int) -> Index:
    """Distinct numbers below `size`, rising; many of them by marking instead of sorting."""
    if len(numbers) < size:
        return np.unique(numbers)
    seen = np.zeros(size, dtype=bool)
    seen[numbers] = True
    return np.flatnonzero(seen)


def entries(matrix: sp.csr_matrix, rows: Index) -> tuple[Index, Index, Array]:
    """Local row number, column and value of all stored entries of some rows."""
    start, count = matrix.indptr[rows], np.diff(matrix.indptr)[rows]
    total = int(count.sum())
    local = np.repeat(np.arange(len(rows)), count)
    at = np.arange(total) - np.repeat(np.cumsum(count) - count, count) + np.repeat(start, count)
    return local, matrix.indices[at].astype(np.int64), matrix.data[at]


def along_curve(x: Array) -> Index:
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
