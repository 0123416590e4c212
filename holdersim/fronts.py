"""Multifrontal Cholesky elimination over a tree of fronts, and substitution with what is left of it.

(Duff & Reid, ACM TOMS 9 (1983) 302: multifrontal.) Dense work goes to LAPACK; fronts are large, so the tree is walked
in Python. Of symmetric matrices only the lower triangle is filled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.linalg import blas, lapack

from .errors import NotConvergedError
from .separators import Front, Nodes, entries, symbolic, tree

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Kept = tuple[Index, Index, Array, Array]
"""What substitution needs of a front: its unknowns, those of its border, L11, L21."""


@dataclass
class Piece:
    """Unknowns that can be eliminated without looking at the rest: a body, or what a separator cuts off it.

    stiffness (n, m): rows of the n unknowns; unknowns n to m belong to the border and stay. columns (n, k): stay too.
    coordinates (nodes, 3), node (n,): where the n unknowns are.
    """

    stiffness: sp.csr_matrix
    columns: sp.csr_matrix
    coordinates: Array
    node: Index

    @property
    def sizes(self) -> tuple[int, int]:
        """Numbers of unknowns eliminated, and of those with the border's."""
        n, m = self.stiffness.shape
        return int(n), int(m)


def reduced(piece: Piece, keep: bool, leaf: int) -> tuple[Array, Index, list[Kept]]:
    """Lower triangle of -(border, K^-1 border), which unknowns and columns the border is, and the factor's fronts."""
    n, m = piece.sizes
    square = piece.stiffness if m == n else sp.csr_matrix(piece.stiffness[:, :n])
    fronts = tree(Nodes(square, piece.coordinates, piece.node), leaf)
    del square
    symbolic(fronts, piece.stiffness, piece.columns)
    kept: list[Kept] | None = [] if keep else None
    root = eliminate(fronts, piece.stiffness, piece.columns, kept)
    return root, fronts[-1].border, kept or []


def eliminate(
    fronts: Sequence[Front],
    stiffness: sp.csr_matrix,
    columns: sp.csr_matrix,
    kept: list[Kept] | None,
    updates: dict[int, Array] | None = None,
) -> Array:
    """Lower triangle of the root's update; `kept`, if any, gets what substitution needs.

    updates: of fronts that have been eliminated elsewhere.
    """
    updates = updates if updates is not None else {}
    m = stiffness.shape[1]
    position = np.full(m + columns.shape[1], -1, dtype=np.int64)
    for i, front in enumerate(fronts):
        if i in updates:
            continue
        l11, l21, updates[i] = _front(front, fronts, updates, stiffness, columns, position)
        if kept is not None:
            inner = front.border < m
            kept.append((front.own, front.border[inner], l11, np.asfortranarray(l21[inner])))
    return updates.pop(len(fronts) - 1)


def _front(
    front: Front,
    fronts: Sequence[Front],
    updates: dict[int, Array],
    stiffness: sp.csr_matrix,
    columns: sp.csr_matrix,
    position: Index,
) -> tuple[Array, Array, Array]:
    """Assemble a front from the matrix and its children, factorise it, return L11, L21 and its update."""
    own, border = front.own, front.border
    m, b = len(own), len(border)
    f11, f21, f22 = (np.zeros(s, order="F") for s in ((m, m), (b, m), (b, b)))
    position[own], position[border] = np.arange(m), m + np.arange(b)
    for matrix, offset in ((stiffness, 0), (columns, stiffness.shape[1])):
        row, col, value = entries(matrix, own)
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
        del update
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


def forward(kept: Sequence[Kept], y: Array) -> None:
    """y (m, k) becomes L^-1 y, in place; what is not eliminated gets what the rest takes from it."""
    for own, border, l11, l21 in kept:
        y[own] = blas.dtrsm(1.0, l11, y[own], lower=1)
        if len(border):
            y[border] -= l21 @ y[own]


def backward(kept: Sequence[Kept], y: Array) -> None:
    """y (m, k) becomes L^-T y, in place, from what is known of the border."""
    for own, border, l11, l21 in reversed(kept):
        rest = y[own] - l21.T @ y[border] if len(border) else y[own]
        y[own] = blas.dtrsm(1.0, l11, rest, lower=1, trans_a=1)


class Factor:
    """Cholesky factor kept front by front, for back-substitution."""

    def __init__(self, fronts: list[Kept], size: int):
        self.fronts, self.size = fronts, size

    def solve(self, f: Array) -> Array:
        """Solution u (n,) or (n, k) of K u = f."""
        y = np.array(f, dtype=float).reshape(self.size, -1 if self.size else 1)
        forward(self.fronts, y)
        backward(self.fronts, y)
        return y.reshape(np.shape(f))

    @property
    def entries(self) -> int:
        """Stored numbers, a measure of memory (8 bytes each)."""
        return size_of(self.fronts)

    def release(self) -> None:
        """Free the memory; nothing can be solved any more."""
        self.fronts = []


def size_of(kept: Sequence[Kept]) -> int:
    """Stored numbers, a measure of memory (8 bytes each)."""
    return sum(a.size + b.size for _, _, a, b in kept)


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


def mirror_lower(a: Array, block: int = 512) -> None:
    """Copy the lower triangle onto the upper one, in place."""
    for start in range(0, len(a), block):
        end = start + block
        corner = np.tril(a[start:end, start:end])
        a[start:end, start:end] = corner + np.tril(corner, -1).T
        a[start:end, end:] = a[end:, start:end].T
