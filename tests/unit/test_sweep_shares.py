"""Shares of the variance against closed forms: exact on full grids, within their scatter on samples."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import qmc

from holdersim.sweep.shares import coded, effect, shares


def test_full_grid_is_exact() -> None:
    """y = a + 2 b + a b on levels -1, 1 (orthogonal): shares 1/6, 4/6 and 1/6 of both together."""
    a, b = (v.ravel() for v in np.meshgrid([-1.0, 1.0], [-1.0, 1.0]))
    found = shares({"a": list(a), "b": list(b)}, a + 2 * b + a * b)
    assert found["a"].alone == pytest.approx(1 / 6) and found["a"].total == pytest.approx(2 / 6)
    assert found["b"].alone == pytest.approx(4 / 6) and found["b"].total == pytest.approx(5 / 6)


def test_sample_approaches_the_closed_form() -> None:
    """Ishigami's function, a = 7, b = 0.1: shares 0.3139, 0.4424, 0; the miss shrinks with the sample."""

    def miss(rows: int) -> float:
        x = np.pi * (2 * qmc.LatinHypercube(d=3, seed=2).random(rows) - 1)
        y = np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
        found = shares({n: list(map(float, c)) for n, c in zip("abc", x.T, strict=True)}, y)
        return max(abs(found[n].alone - s) for n, s in zip("abc", (0.3139, 0.4424, 0.0), strict=True))

    few, many = miss(300), miss(20000)
    assert few < 0.12 and many < 0.01, f"{few:.3f} at 300 rows, {many:.3f} at 20000"


def test_words_and_truths_are_levels() -> None:
    """Names in order, each with the mean of its rows; what does not vary has no shares."""
    found = effect(["x", "y", "x", "y"], np.array([1.0, 2.0, 3.0, 4.0]))
    assert found.levels == ["x", "y"] and list(found.mean) == [2.0, 3.0] and list(found.count) == [2, 2]
    assert shares({"m": ["x", "y", "x"]}, np.ones(3)) == {}
    codes, levels = coded(list(np.linspace(0, 1, 100)), 4)
    assert list(np.bincount(codes)) == [25] * 4 and levels == pytest.approx(
        [0.1212, 0.3737, 0.6263, 0.8788], abs=1e-4
    )
