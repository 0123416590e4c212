"""The contact problem on small random data: conditions, both solvers, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from holdersim.contact import ContactProblem, active_set, certify, projected_cg
from holdersim.errors import NotConvergedError


def random_problem(n: int, m: int, r: int, seed: int) -> ContactProblem:
    """n pixels on a line of elastic foundation with far coupling, m locked members, r of the motions z and tilt."""
    rng = np.random.default_rng(seed)
    x = np.concatenate([np.linspace(-1, 1, n), rng.uniform(-1.5, 1.5, m)])
    c = np.exp(-np.abs(x[:, None] - x[None, :])) + np.diag(rng.uniform(0.1, 2.0, n + m))
    side = np.concatenate([np.ones(n), -np.ones(m)])
    modes = np.column_stack([side, side * x])[:, :r]
    load = np.array([-rng.uniform(0.5, 3), rng.uniform(-0.3, 0.3)])[:r]
    return ContactProblem(c, rng.uniform(-0.5, 0.5, n), rng.uniform(-0.3, 0.3, m), modes, load)


@settings(max_examples=60, deadline=None)
@given(n=st.integers(3, 40), m=st.integers(0, 3), r=st.integers(0, 2), seed=st.integers(0, 10**6))
def test_solvers_agree_and_conditions_hold(n: int, m: int, r: int, seed: int) -> None:
    problem = random_problem(n, m, r, seed)
    one = active_set(problem)
    for name, value in one.certificates.items():
        assert value < 1e-9, f"{name} = {value:.1e}"
    assert (one.force >= 0).all() and (one.gap >= -1e-12).all()
    if r:
        two = projected_cg(problem)
        size = max(np.abs(one.force).max(), 1e-12)
        assert np.abs(two.force - one.force).max() < 1e-8 * size
        assert np.abs(two.member - one.member).max(initial=0.0) < 1e-8 * size


@settings(max_examples=40, deadline=None)
@given(n=st.integers(2, 25), seed=st.integers(0, 10**6))
def test_without_motions_it_is_non_negative_least_squares(n: int, seed: int) -> None:
    """min 1/2 f C f + f q over f >= 0 is |L^T f + L^-1 q|^2 with C = L L^T (Lawson & Hanson 1974)."""
    problem = random_problem(n, 0, 0, seed)
    low = np.linalg.cholesky(problem.compliance)
    wanted, _ = nnls(low.T, -np.linalg.solve(low, problem.gap))
    found = active_set(problem).force
    assert np.abs(found - wanted).max() < 1e-9 * max(wanted.max(), 1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_a_guess_changes_nothing_but_the_way(seed: int) -> None:
    problem = random_problem(30, 2, 2, seed)
    cold = active_set(problem)
    warm = active_set(problem, cold.force > 0)
    wrong = active_set(problem, cold.force <= 0)
    assert warm.iterations <= cold.iterations and warm.iterations <= 2
    for other in (warm, wrong):
        np.testing.assert_allclose(other.force, cold.force, atol=1e-12 * cold.force.max())


def test_rigid_punch_on_springs() -> None:
    """Four equal springs under a plate tilted by an eccentric load: the far ones open, by hand."""
    x = np.array([-1.5, -0.5, 0.5, 1.5])
    modes = np.column_stack([np.ones(4), x])
    found = active_set(ContactProblem(np.eye(4), np.zeros(4), np.zeros(0), modes, np.array([-1.0, -1.2])))
    # load 1 at x = 1.2: springs at 0.5 and 1.5 alone, f1 + f2 = 1 and 0.5 f1 + 1.5 f2 = 1.2
    np.testing.assert_allclose(found.force, [0, 0, 0.3, 0.7], atol=1e-12)
    np.testing.assert_allclose(found.gap, [0.5, 0.1, 0.0, 0.0], atol=1e-12)


def test_certificates_notice_a_wrong_answer() -> None:
    problem = random_problem(20, 1, 2, 7)
    good = active_set(problem)
    x = np.append(good.force, good.member)
    assert max(certify(problem, x, good.rigid).values()) < 1e-9
    assert certify(problem, 1.01 * x, good.rigid)["force_balance"] > 1e-3
    assert certify(problem, x, good.rigid + 0.01)["complementarity"] > 1e-4
    x[0] -= 2 * x.max()
    assert certify(problem, x, good.rigid)["tension"] > 0.1


def test_a_load_that_nothing_carries_is_not_balanced() -> None:
    """A pull away from the springs has no answer: the certificate says so, or the solver stops."""
    problem = ContactProblem(np.eye(3), np.zeros(3), np.zeros(0), np.ones((3, 1)), np.array([1.0]))
    try:
        balance = active_set(problem).certificates["force_balance"]
    except NotConvergedError:
        balance = 1.0
    assert balance > 0.1


def test_a_problem_without_pixels() -> None:
    found = active_set(
        ContactProblem(np.array([[0.5]]), np.zeros(0), np.array([-1.0]), np.zeros((1, 0)), np.zeros(0))
    )
    np.testing.assert_allclose(found.member, [2.0])
