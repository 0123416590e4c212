"""A body in pieces on several ranks against the same body whole; here the ranks take turns in one process."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from test_dissection import columns, lattice

from holdersim import ranks
from holdersim.dissection import Factor, condense
from holdersim.errors import NotConvergedError
from holdersim.pieces import UNEVEN, dealt, even


class Here(ranks.Crew):
    """Ranks with a store each that work in turns."""

    def __init__(self, size: int):
        super().__init__()
        self.size = size
        self.stores: list[ranks.Store] = [{} for _ in range(size)]

    def share(self, work: ranks.Work, given: Callable[[int], tuple[Any, ...]]) -> list[Any]:
        dropped, self.dropped = self.dropped, []
        for store in self.stores:
            for key in dropped:
                store.pop(key, None)
        return [work(self.stores[r], *given(r)) for r in range(self.size)]


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Here]:
    """So many ranks are at hand from now on; bodies of any size are spread."""

    def call(size: int) -> Here:
        crew = Here(size)
        monkeypatch.setenv("HOLDERSIM_SPREAD", "0")
        monkeypatch.setattr(ranks, "_crew", crew)
        return crew

    return call


def both(
    crew: Here, matrix: sp.csr_matrix, b: sp.csc_matrix, x: np.ndarray, node: np.ndarray, leaf: int
) -> tuple[tuple[np.ndarray, Factor], tuple[np.ndarray, Factor]]:
    """Compliance and factor in pieces, and whole."""
    c, factor = condense(matrix, b, x, node, keep=True, leaf=leaf)
    assert factor is not None and any(crew.stores), "nothing was spread"
    with pytest.MonkeyPatch.context() as alone:
        alone.setattr(ranks, "_crew", None)
        wanted, whole = condense(matrix, b, x, node, keep=True, leaf=leaf)
    assert whole is not None
    return (c, factor), (wanted, whole)


@settings(max_examples=20, deadline=None)
@given(nx=st.integers(1, 12), ny=st.integers(1, 8), nz=st.integers(1, 3), k=st.integers(0, 9), seed=st.integers(0, 99),
       leaf=st.sampled_from([1, 3, 20]), dofs=st.integers(1, 3), size=st.integers(2, 5))  # fmt: skip
def test_pieces_equal_the_whole(
    nx: int, ny: int, nz: int, k: int, seed: int, leaf: int, dofs: int, size: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        crew = Here(size)
        patch.setenv("HOLDERSIM_SPREAD", "0")
        patch.setattr(ranks, "_crew", crew)
        a, x, node = lattice(nx, ny, nz, seed, dofs)
        b = columns(a.shape[0], k, seed) if k else sp.csc_matrix((a.shape[0], 0))
        (c, factor), (wanted, whole) = both(crew, a, b, x, node, leaf)
        assert np.abs(c - wanted).max(initial=0.0) <= 1e-12 * np.abs(wanted).max(initial=0.0)
        assert factor.entries == whole.entries
        f = np.random.default_rng(seed).normal(size=(a.shape[0], 2))
        for load in (f, f[:, 0]):
            u = factor.solve(load)
            assert u.shape == load.shape
            assert np.abs(u - whole.solve(load)).max() <= 1e-10 * np.abs(u).max()


def test_factor_is_spread_and_released(together: Callable[[int], Here]) -> None:
    """Every rank keeps a part of the factor of its own size; released or out of use, it is gone."""
    crew = together(3)
    a, x, node = lattice(24, 16, 3, 5, 3)
    b = columns(a.shape[0], 20, 5)
    (_, factor), (_, whole) = both(crew, a, b, x, node, 30)
    parts = [
        sum(l11.size + l21.size for found in store.values() for _, kept in found for _, _, l11, l21 in kept)
        for store in crew.stores
    ]
    assert min(parts) > 0.15 * whole.entries and max(parts) < 0.5 * whole.entries
    factor.release()
    assert not any(crew.stores) and factor.entries < whole.entries
    _, lost = condense(a, b, x, node, keep=True)
    assert lost is not None and all(crew.stores)
    del lost
    gc.collect()
    condense(a, b, x, node)
    assert not any(crew.stores)


def test_a_loose_piece_is_refused(together: Callable[[int], Here]) -> None:
    together(2)
    a, x, node = lattice(9, 4, 4, 1)
    with pytest.raises(NotConvergedError, match="not positive definite"):
        condense(sp.csr_matrix(a - sp.diags(np.full(144, 0.2))), columns(144, 3, 1), x, node)


def test_small_bodies_stay_whole(together: Callable[[int], Here], monkeypatch: pytest.MonkeyPatch) -> None:
    crew = together(2)
    monkeypatch.setenv("HOLDERSIM_SPREAD", "145")
    a, x, node = lattice(9, 4, 4, 1)
    _, factor = condense(a, columns(144, 3, 1), x, node, keep=True)
    assert factor is not None and not any(crew.stores)


def test_shares_are_even() -> None:
    """Halves for two ranks are enough, for three they are not; nobody gets much more than the mean."""
    assert even([500, 480], 2) and not even([500, 480], 3) and not even([700, 300], 2)
    sizes = [130, 128, 126, 125, 124, 123, 122, 120]
    ranks_of = dealt(sizes, 3)
    load = [sum(n**1.5 for n, r in zip(sizes, ranks_of, strict=True) if r == k) for k in range(3)]
    assert (max(load) <= UNEVEN * sum(load) / 3) == even(sizes, 3)
    assert even([1000] + [1] * 20, 2), "no end to cutting"
