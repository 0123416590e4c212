"""Condensation by nested dissection against a plain sparse factorisation."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import splu

from holdersim.dissection import condense
from holdersim.errors import NotConvergedError


def lattice(
    nx: int, ny: int, nz: int, seed: int, dofs: int = 1
) -> tuple[sp.csr_matrix, np.ndarray, np.ndarray]:
    """Positive definite matrix on a lattice with random springs, coordinates and the node of every unknown."""
    rng = np.random.default_rng(seed)
    number = np.arange(nx * ny * nz).reshape(nz, ny, nx)
    pairs = np.concatenate([
        np.stack([number[:, :, :-1].ravel(), number[:, :, 1:].ravel()], axis=1),
        np.stack([number[:, :-1].ravel(), number[:, 1:].ravel()], axis=1),
        np.stack([number[:-1].ravel(), number[1:].ravel()], axis=1),
    ])  # fmt: skip
    n = number.size * dofs
    a = sp.csr_matrix((n, n))
    for _ in range(dofs):
        i, j = pairs[:, 0] * dofs + rng.integers(dofs), pairs[:, 1] * dofs + rng.integers(dofs)
        k = 10.0 ** rng.uniform(-2, 2, len(pairs))
        link = sp.csr_matrix((np.r_[k, k, -k, -k], (np.r_[i, j, i, j], np.r_[i, j, j, i])), shape=(n, n))
        a = a + link
    z, y, x = np.meshgrid(np.arange(nz), np.arange(ny), np.arange(nx), indexing="ij")
    points = np.column_stack([x.ravel(), y.ravel(), z.ravel()]).astype(float)
    return sp.csr_matrix(a + sp.diags(np.full(n, 0.1))), points, np.arange(n) // dofs


def columns(n: int, k: int, seed: int) -> sp.csc_matrix:
    """Random sparse columns, a few entries each, one of them full."""
    rng = np.random.default_rng(seed)
    b = sp.random(n, k, density=min(1.0, 4 / n), random_state=rng, format="lil")
    b[:, 0] = rng.normal(size=(n, 1))
    return sp.csc_matrix(b)


@settings(max_examples=25, deadline=None)
@given(nx=st.integers(1, 9), ny=st.integers(1, 8), nz=st.integers(1, 4), k=st.integers(1, 12), seed=st.integers(0, 99),
       leaf=st.sampled_from([1, 3, 20, 500]), dofs=st.integers(1, 3))  # fmt: skip
def test_compliance_equals_splu(nx: int, ny: int, nz: int, k: int, seed: int, leaf: int, dofs: int) -> None:
    a, x, node = lattice(nx, ny, nz, seed, dofs)
    b = columns(a.shape[0], k, seed)
    c, _ = condense(a, b, x, node, leaf=leaf)
    wanted = b.T @ splu(a.tocsc()).solve(b.toarray())
    assert np.abs(c - wanted).max() < 1e-10 * np.abs(wanted).max()
    assert (c == c.T).all()


def test_factor_solves_many_right_hand_sides() -> None:
    a, x, node = lattice(14, 9, 5, 3, 3)
    b = columns(a.shape[0], 40, 3)
    c, factor = condense(a, b, x, node, keep=True, leaf=40)
    assert factor is not None and factor.entries > a.nnz / 2
    f = np.random.default_rng(0).normal(size=(a.shape[0], 7))
    assert np.abs(a @ factor.solve(f) - f).max() < 1e-10 * np.abs(f).max()
    np.testing.assert_allclose(factor.solve(f[:, 0]), factor.solve(f)[:, 0], rtol=1e-12)
    u = factor.solve(b.toarray())
    assert np.abs(b.T @ u - c).max() < 1e-10 * np.abs(c).max()


def test_no_columns_is_a_plain_factorisation() -> None:
    a, x, node = lattice(6, 6, 6, 1)
    c, factor = condense(a, sp.csc_matrix((216, 0)), x, node, keep=True)
    assert c.shape == (0, 0) and factor is not None
    f = np.ones(216)
    np.testing.assert_allclose(a @ factor.solve(f), f, rtol=1e-10)


def test_a_loose_body_is_refused() -> None:
    a, x, node = lattice(4, 4, 4, 1)
    with pytest.raises(NotConvergedError, match="not positive definite"):
        condense(sp.csr_matrix(a - sp.diags(np.full(64, 0.2))), columns(64, 3, 1), x, node)
