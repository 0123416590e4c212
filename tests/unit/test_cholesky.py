"""Factors of one pattern against dense solutions; what is not positive definite is refused."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from holdersim.cholesky import Cholesky
from holdersim.errors import NotConvergedError


def matrix(n: int, seed: int, shift: float = 0.5) -> sp.csr_matrix:
    half = sp.random(n, n, density=min(1.0, 3 / n), random_state=seed)
    return sp.csr_matrix(half @ half.T + shift * sp.identity(n))


@pytest.mark.parametrize("n", [1, 7, 200])
def test_solves_one_and_many(n: int) -> None:
    a = matrix(n, 1)
    factor = Cholesky(a)
    assert factor.factorise(a)
    f = np.random.default_rng(0).normal(size=(n, 5))
    wanted = np.linalg.solve(a.toarray(), f)
    np.testing.assert_allclose(factor.solve(f), wanted, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(factor.solve(f[:, 2]), wanted[:, 2], rtol=1e-9, atol=1e-12)
    assert factor.solve(np.zeros((n, 0))).shape == (n, 0)


def test_one_pattern_serves_all_matrices_within_it() -> None:
    a, b = matrix(80, 2), matrix(80, 3)
    factor = Cholesky(a, b)
    f = np.ones(80)
    for one in (a, b, sp.csr_matrix(a + 2 * b), sp.csr_matrix(sp.diags(np.arange(1.0, 81.0)))):
        assert factor.factorise(one)
        np.testing.assert_allclose(one @ factor.solve(f), f, atol=1e-10)


def test_entries_outside_ask_for_a_wider_pattern() -> None:
    a, b = matrix(80, 2), matrix(80, 3)
    narrow = Cholesky(a)
    assert not narrow.factorise(b)
    wide = narrow.wider(b)
    f = np.ones(80)
    for one in (a, b):
        assert wide.factorise(one)
        np.testing.assert_allclose(one @ wide.solve(f), f, atol=1e-10)


@pytest.mark.parametrize("n", [5, 300])
def test_indefinite_is_refused_and_leaves_the_rest_usable(n: int) -> None:
    a = matrix(n, 4)
    factor = Cholesky(a)
    low = a - (np.linalg.eigvalsh(a.toarray())[0] + 1e-3) * sp.identity(n)
    with pytest.raises(NotConvergedError, match=r"not positive definite \([1-9]"):
        factor.factorise(sp.csr_matrix(low))
    assert factor.factorise(a)
    np.testing.assert_allclose(a @ factor.solve(np.ones(n)), 1.0, atol=1e-10)
