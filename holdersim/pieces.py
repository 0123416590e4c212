"""Condensation over several ranks: each eliminates pieces that separators cut off, the first what lies between them.

The separators are those of one process, so that the digits agree to rounding. A rank holds the rows of its pieces,
their fronts and their part of the factor; the first one also the whole matrix and what lies between the pieces.
"""

from __future__ import annotations

import itertools
import logging
import os
import weakref
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .fronts import Factor, Kept, Piece, backward, eliminate, forward, reduced, size_of
from .ranks import Crew, Store, Work
from .separators import Front, Nodes, symbolic, top

Array = NDArray[np.float64]
Index = NDArray[np.int64]
log = logging.getLogger(__name__)

SMALLEST = 30_000
"""Unknowns from which on a body is spread (smaller ones gain nothing); $HOLDERSIM_SPREAD changes it."""

POWER = 1.5
"""Work of a flat piece grows with this power of its unknowns (George 1973, for a plane); only to share evenly."""

UNEVEN, MOST = 1.15, 4
"""Pieces are cut until the most loaded rank has so much more than the mean, or until so many are there per rank."""

_keys = itertools.count()


@dataclass
class _Share:
    """A piece's place in the whole: its unknowns and those of its border, and who has it."""

    own: Index
    inner: Index
    rank: int


class SpreadFactor(Factor):
    """A Cholesky factor of which the ranks keep the fronts of their pieces, and the first those between them."""

    def __init__(
        self, between: list[Kept], size: int, shares: list[_Share], crew: Crew, key: object, far: int
    ):
        super().__init__(between, size)
        self._shares, self._crew, self._key, self._far = shares, crew, key, far
        self._forget = weakref.finalize(self, crew.drop, key)
        self._forget.atexit = False

    def solve(self, f: Array) -> Array:
        """Solution u (n,) or (n, k) of K u = f."""
        y = np.array(f, dtype=float).reshape(self.size, -1 if self.size else 1)
        taken = self._each(_forward, [y[s.own] for s in self._shares])
        for share, change in zip(self._shares, taken, strict=True):
            y[share.inner] += change
        forward(self.fronts, y)
        backward(self.fronts, y)
        found = self._each(_backward, [y[s.inner] for s in self._shares])
        for share, u in zip(self._shares, found, strict=True):
            y[share.own] = u
        return y.reshape(np.shape(f))

    def _each(self, work: Work, given: list[Array]) -> list[Array]:
        """What the ranks make of one array a piece, in the order of the pieces."""
        mine = [[i for i, s in enumerate(self._shares) if s.rank == r] for r in range(self._crew.size)]
        answers = self._crew.share(work, lambda r: (self._key, [given[i] for i in mine[r]]))
        out = {i: a for r, rank in enumerate(answers) for i, a in zip(mine[r], rank, strict=True)}
        return [out[i] for i in range(len(given))]

    @property
    def entries(self) -> int:
        """Stored numbers on all ranks."""
        return super().entries + self._far

    def release(self) -> None:
        """Free the memory of all ranks."""
        super().release()
        if self._forget.alive:
            self._forget()
            self._crew.share(_nothing, lambda r: ())


def smallest() -> int:
    """Unknowns from which on a body is spread over the ranks at hand."""
    given = os.environ.get("HOLDERSIM_SPREAD", "")
    return int(given) if given.isdigit() else SMALLEST


def spread(whole: Piece, keep: bool, leaf: int, crew: Crew) -> tuple[Array, Index, SpreadFactor | None]:
    """What `fronts.reduced` gives, with the work and the factor shared out; NotConvergedError as there."""
    n = whole.sizes[0]
    nodes = Nodes(whole.stiffness, whole.coordinates, whole.node)
    fronts, at = top(nodes, leaf, lambda sizes: even(sizes, crew.size))
    del nodes
    symbolic(fronts, whole.stiffness, whole.columns)
    loads = dealt([len(fronts[i].own) for i in at], crew.size)
    key = f"factor {next(_keys)}"

    def given(rank: int) -> tuple[object, ...]:
        mine = [_piece(whole, fronts[i]) for i, r in zip(at, loads, strict=True) if r == rank]
        return key, mine, keep, leaf, rank > 0

    answers = crew.share(_eliminated, given)
    parts = [iter(found) for found, _ in answers]
    updates = {i: next(parts[r]) for i, r in zip(at, loads, strict=True)}
    far = sum(entries for _, entries in answers)
    del answers, parts
    log.info("%d unknowns in %d pieces on %d ranks", n, len(at), crew.size)
    between: list[Kept] | None = [] if keep else None
    root = eliminate(fronts, whole.stiffness, whole.columns, between, _Unpacked(updates))
    border = fronts[-1].border
    if between is None:
        return root, border, None
    shares = [
        _Share(fronts[i].own, fronts[i].border[fronts[i].border < n], r)
        for i, r in zip(at, loads, strict=True)
    ]
    return root, border, SpreadFactor(between, n, shares, crew, key, far)


def dealt(sizes: Sequence[int], ranks: int) -> list[int]:
    """Rank of each piece: the largest first, each to whom has least so far."""
    load, out = [0.0] * ranks, [0] * len(sizes)
    for i in sorted(range(len(sizes)), key=lambda i: -sizes[i]):
        out[i] = load.index(min(load))
        load[out[i]] += sizes[i] ** POWER
    return out


def even(sizes: Sequence[int], ranks: int) -> bool:
    """Whether pieces can be shared out so that nobody waits for long, or are as many as there may be."""
    load = [0.0] * ranks
    for size, rank in zip(sizes, dealt(sizes, ranks), strict=True):
        load[rank] += size**POWER
    return len(sizes) >= MOST * ranks or max(load) <= UNEVEN * sum(load) / ranks


class _Unpacked(dict[int, Array]):
    """Updates of pieces, each brought back to a matrix when it is taken."""

    def pop(self, i: int, *_: object) -> Array:
        return _matrix(super().pop(i))


def _piece(whole: Piece, front: Front) -> Piece:
    """The rows of a front, its border numbered behind its own unknowns."""
    own, n = front.own, whole.sizes[0]
    inner, outer = front.border[front.border < n], front.border[front.border >= n] - n
    place = np.zeros(n, dtype=np.int32)
    place[own], place[inner] = np.arange(len(own)), len(own) + np.arange(len(inner))
    column = np.zeros(whole.columns.shape[1], dtype=np.int32)
    column[outer] = np.arange(len(outer))
    nodes, node = np.unique(whole.node[own], return_inverse=True)
    return Piece(
        _renumbered(whole.stiffness, own, place, len(own) + len(inner)),
        _renumbered(whole.columns, own, column, len(outer)),
        whole.coordinates[nodes],
        node,
    )


def _renumbered(matrix: sp.csr_matrix, rows: Index, place: NDArray[np.int32], columns: int) -> sp.csr_matrix:
    part = sp.csr_matrix(matrix[rows])
    return sp.csr_matrix((part.data, place[part.indices], part.indptr), shape=(len(rows), columns))


# -- what the ranks do ---------------------------------------------------------------------------------------


def _eliminated(
    store: Store, key: str, pieces: list[Piece], keep: bool, leaf: int, pack: bool
) -> tuple[list[Array], int]:
    """Updates of pieces, and the numbers that the store keeps for substitution."""
    out: list[Array] = []
    factors: list[tuple[tuple[int, int], list[Kept]]] = []
    while pieces:
        piece = pieces.pop(0)
        update, border, kept = reduced(piece, keep, leaf)
        assert (
            border == piece.sizes[0] + np.arange(len(border))
        ).all()  # all of it, in the order of the whole
        out.append(_packed(update) if pack else update)
        factors.append((piece.sizes, kept))
    if keep:
        store[key] = factors
    return out, sum(size_of(kept) for _, kept in factors)


def _forward(store: Store, key: str, given: list[Array]) -> list[Array]:
    """What pieces under loads (n, k) add to the loads of their borders."""
    out = []
    for i, ((n, m), kept) in enumerate(store[key]):
        y = np.zeros((m, given[i].shape[1]))
        y[:n] = given[i]
        forward(kept, y)
        store[key, i] = y
        out.append(y[n:])
    return out


def _backward(store: Store, key: str, given: list[Array]) -> list[Array]:
    """Displacements of pieces whose borders have moved."""
    out = []
    for i, ((n, _), kept) in enumerate(store[key]):
        y = store.pop((key, i))
        y[n:] = given[i]
        backward(kept, y)
        out.append(y[:n])
    return out


def _nothing(store: Store) -> None:
    """What has been dropped is forgotten on the way."""


def _packed(lower: Array, width: int = 256) -> Array:
    """The lower triangle as one row of numbers."""
    starts = range(0, len(lower), width)
    parts = [lower[s:, s : s + width].ravel(order="F") for s in starts]
    return np.concatenate([*parts, [len(lower)]])


def _matrix(packed: Array, width: int = 256) -> Array:
    """The matrix whose lower triangle was packed; one that was not is given back."""
    if packed.ndim == 2:
        return packed
    size, at = int(packed[-1]), 0
    lower = np.zeros((size, size), order="F")
    for s in range(0, size, width):
        end = min(s + width, size)
        count = (size - s) * (end - s)
        lower[s:, s:end] = packed[at : at + count].reshape((size - s, end - s), order="F")
        at += count
    return lower
