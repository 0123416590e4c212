"""One linearised step among soft and stiff bodies against a dense solution of the same equations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse as sp
from numpy.typing import NDArray

from holdersim import coupled
from holdersim.coupled import Memory, Step, gmres, solve
from holdersim.errors import NotConvergedError

Array = NDArray[np.float64]
N, POINTS = 60, 8
"""Unknowns of the soft body; points of each of two stiff bodies."""

SOFT, TWO_SOFT, HARD, BOLT = range(12), range(12, 16), range(16, 20), 20
"""Links of the soft body with stiff ones, within itself, between the stiff bodies, and a bolt."""


def chain(seed: int, ground: float) -> sp.csr_matrix:
    """Stiffness of a chain of random springs, each joined to its next but one too."""
    rng = np.random.default_rng(seed)
    k = sp.csr_matrix((N, N))
    for reach in (1, 2):
        d = sp.diags([-np.ones(N - reach), np.ones(N - reach)], [0, reach], shape=(N - reach, N))
        k = k + d.T @ sp.diags(rng.uniform(0.5, 2.0, N - reach)) @ d
    return sp.csr_matrix(k + ground * sp.identity(N))


def problem(seed: int, ground: float = 0.05, some_open: bool = True) -> Step:
    """A random step; every link moves by the difference of its two sides, so that moving all alike closes none."""
    rng = np.random.default_rng(seed)
    size = BOLT + 1
    columns, sides = np.zeros((N, size)), np.zeros((size, 2 * POINTS))
    for j in SOFT:
        columns[rng.choice(N, 3, replace=False), j] = rng.dirichlet(np.ones(3))
        sides[j, rng.integers(2 * POINTS)] = -1.0
    for j in TWO_SOFT:
        a, b = rng.choice(N, 2, replace=False)
        columns[a, j], columns[b, j] = 1.0, -1.0
    for j, low, top in zip((*HARD, BOLT), rng.permutation(POINTS), rng.permutation(POINTS), strict=False):
        sides[j, low], sides[j, POINTS + top] = 1.0, -1.0
    halves = [rng.normal(size=(POINTS, POINTS)) for _ in range(2)]
    c = sides @ scipy.linalg.block_diag(*(0.02 * (h @ h.T) / POINTS for h in halves)) @ sides.T
    modes = sides @ np.repeat(np.eye(2), POINTS, axis=0)
    springs = np.zeros(size)
    springs[SOFT] = 1.0 / (np.diag(c)[SOFT] + 0.002)
    springs[TWO_SOFT] = 500.0
    off = rng.choice(12, 3, replace=False) if some_open else np.zeros(0, dtype=np.int64)
    on = np.setdiff1d(np.arange(size), off)
    stretch = np.where(on == BOLT, 0.1, 0.0)
    residual = rng.normal(size=N)
    load = rng.normal(size=2)
    if ground == 0:  # forces on all bodies together must balance
        load[1] = residual.sum() - load[0]
    return Step(chain(seed, ground), residual, sp.csc_matrix(columns), springs, on,
                rng.normal(size=len(on)), stretch, c, modes, load, np.zeros((N, 3)), np.arange(N))  # fmt: skip


def dense(s: Step) -> tuple[Array, Array, Array]:
    """du, z, a from the equations as they stand; the smallest where motions are left open."""
    t, b, m = np.eye(len(s.springs))[:, s.on], s.columns.toarray(), len(s.on)
    n, r = len(s.residual), s.modes.shape[1]
    a = np.zeros((n + m + r, n + m + r))
    a[:n, :n], a[:n, n : n + m] = s.tangent.toarray(), -b @ t
    a[n : n + m, :n], a[n : n + m, n + m :] = b.T[s.on], s.modes[s.on]
    a[n : n + m, n : n + m] = (s.compliance @ t)[s.on] + np.diag(s.stretch)
    a[n + m :, n : n + m] = s.modes.T @ t
    y = np.linalg.lstsq(a, -np.concatenate([s.residual, s.missed, s.load]), rcond=1e-12)[0]
    return y[:n], t @ y[n : n + m], y[n + m :]


def agrees(found: tuple[Array, Array, Array], wanted: tuple[Array, Array, Array]) -> None:
    for f, w in zip(found, wanted, strict=True):
        np.testing.assert_allclose(f, w, atol=1e-7 * np.abs(w).max())


@pytest.mark.parametrize("seed", range(6))
def test_step_equals_dense_solution(seed: int) -> None:
    step = problem(seed)
    assert len(step.on) == BOLT - 2
    agrees(solve(step), dense(step))


@pytest.mark.parametrize("seed", range(3))
def test_motion_of_all_bodies_together_changes_no_force(seed: int) -> None:
    step = problem(seed, ground=0.0, some_open=False)
    alike = step.columns.T @ np.ones(N) + step.modes @ np.ones(2)
    np.testing.assert_allclose(alike, 0.0, atol=1e-12)
    (du, x, a), (du0, x0, a0) = solve(step), dense(step)
    np.testing.assert_allclose(x, x0, atol=1e-7 * np.abs(x0).max())
    np.testing.assert_allclose(np.r_[du, a] - a[0], np.r_[du0, a0] - a0[0], atol=1e-6 * np.abs(du0).max())


def test_memory_changes_nothing_while_sets_and_tangents_change() -> None:
    step, memory = problem(1), Memory()
    for seed in range(3):
        wider = sp.csr_matrix(([2.0, 2.0, -0.5, -0.5], ([0, 40, 0, 40], [0, 40, 40, 0])), shape=(N, N))
        other = problem(1, ground=0.1 + seed)
        agrees(solve(other, memory), dense(other))
        few = np.flatnonzero(other.on != other.on[seed + 3])
        less = replace(other, on=other.on[few],
                       missed=other.missed[few], stretch=other.stretch[few],
                       tangent=sp.csr_matrix(other.tangent + wider))  # fmt: skip
        agrees(solve(less, memory), dense(less))
    agrees(solve(step, memory), dense(step))


def test_stiff_bodies_alone() -> None:
    step = problem(2, some_open=False)
    mine = np.array([*HARD, BOLT])
    alone = replace(step, tangent=sp.csr_matrix((0, 0)), residual=np.zeros(0), springs=np.zeros(BOLT + 1),
                    columns=sp.csc_matrix((0, BOLT + 1)), on=mine, missed=step.missed[-5:],
                    stretch=step.stretch[-5:],
                    load=np.array([1.0, -1.0]))  # fmt: skip
    (_, x, a), (_, x0, a0) = solve(alone), dense(alone)
    np.testing.assert_allclose(x, x0, atol=1e-9)
    np.testing.assert_allclose(alone.modes @ a, alone.modes @ a0, atol=1e-8)


def test_blocks_hold_every_entry_once() -> None:
    c = scipy.linalg.block_diag(np.ones((3, 3)), np.zeros((2, 2)), np.full((4, 4), 2.0))
    c[8, :], c[:, 8] = 3.0, 3.0  # a bolt that joins both bodies
    seen = np.zeros_like(c)
    for rows, columns in coupled._blocks(c):
        seen[np.ix_(rows, columns)] += c[np.ix_(rows, columns)]
    np.testing.assert_array_equal(seen, c)


def test_lost_stability_is_refused() -> None:
    step = problem(3)
    with pytest.raises(NotConvergedError, match="not positive definite"):
        solve(replace(step, tangent=sp.csr_matrix(step.tangent - sp.identity(N))))


def test_gmres_needs_as_many_steps_as_there_are_eigenvalues() -> None:
    rng = np.random.default_rng(0)
    q, _ = np.linalg.qr(rng.normal(size=(30, 30)))
    a = q @ np.diag(np.repeat([1.0, 2.0, 5.0], 10)) @ q.T
    wanted, calls = rng.normal(size=30), []

    def apply(y: Array) -> Array:
        calls.append(1)
        return np.asarray(a @ y)

    np.testing.assert_allclose(gmres(apply, a @ wanted, lambda y: y, 1e-10), wanted, rtol=1e-8)
    assert len(calls) == 3
    assert not gmres(apply, np.zeros(30), lambda y: y, 1e-10).any()


def test_gmres_that_stalls_says_so() -> None:
    first = np.eye(30)[0]
    with pytest.raises(NotConvergedError, match=r"stalls at 1.0e\+00 after 10"):
        gmres(lambda y: np.roll(y, 1), first, lambda y: y, 1e-9, limit=10)
