"""Which inputs a number depends on: means over levels, and shares of its variance (Sobol' indices).

    S_i = Var(E[Y | X_i]) / Var(Y),   T_i = 1 - Var(E[Y | all but X_i]) / Var(Y)
(Sobol', Math. Comput. Simul. 55 (2001) 271; not looked up.) On a full grid both are exact sums over the rows; on a
sample S_i is taken over bins, less what bins of noise would show (assumed: as in an analysis of variance).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

LEVELS = 12
"""Different values up to which an input is taken value by value, else in bins."""
FINE = 50
"""Bins of a share at most: coarser ones would hide what varies inside them."""


@dataclass(frozen=True)
class Effect:
    """How a number goes with one input: middle or name of each level, mean of the number there, rows there."""

    levels: list[Any]
    mean: Array
    count: Codes


@dataclass(frozen=True)
class Share:
    """Share of the variance by one input alone, and with all that it takes part in (None on a sample)."""

    alone: float
    total: float | None


def coded(values: Sequence[Any], bins: int) -> tuple[Codes, list[Any]]:
    """Number of the level of each value, and the levels: values in order, or middles of bins of equal size."""
    numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    different = sorted(set(values)) if numeric else sorted(set(map(str, values)))
    if not numeric or len(different) <= LEVELS:
        number = {v: k for k, v in enumerate(different)}
        return np.array([number[v if numeric else str(v)] for v in values], dtype=np.int64), list(different)
    given = np.array(values, dtype=np.float64)
    edges = np.unique(np.quantile(given, np.linspace(0, 1, bins + 1)[1:-1]))
    codes = np.searchsorted(edges, given, side="right").astype(np.int64)
    return codes, [float(given[codes == k].mean()) for k in range(len(edges) + 1)]


def _bins(rows: int, most: int) -> int:
    return int(np.clip(np.sqrt(rows), 3, most))


def effect(values: Sequence[Any], y: Array) -> Effect:
    """Mean of a number at each level of an input."""
    codes, levels = coded(values, _bins(len(y), LEVELS))
    count = np.bincount(codes, minlength=len(levels)).astype(np.int64)
    return Effect(levels, np.bincount(codes, y, len(levels)) / np.maximum(count, 1), count)


def shares(inputs: Mapping[str, Sequence[Any]], y: Array) -> dict[str, Share]:
    """Shares of the variance of a number (n,) by each input; empty where it does not vary."""
    whole = float(((y - y.mean()) ** 2).sum()) if len(y) else 0.0
    if len(y) < 3 or whole <= 1e-24 * float((y**2).sum()):
        return {}
    different = {n: len(set(map(str, v))) for n, v in inputs.items()}
    rows = set(zip(*(map(str, v) for v in inputs.values()), strict=True))
    full = len(rows) == len(y) == prod(different.values())
    out = {}
    for name, values in inputs.items():
        codes, levels = coded(values, different[name] if full else _bins(len(y), FINE))
        between = _between(codes, y)
        if full:
            others = [tuple(str(v[k]) for n, v in inputs.items() if n != name) for k in range(len(y))]
            number = {o: k for k, o in enumerate(dict.fromkeys(others))}
            rest = _between(np.array([number[o] for o in others], dtype=np.int64), y)
            out[name] = Share(between / whole, 1 - rest / whole)
        else:
            within = (whole - between) / max(len(y) - len(levels), 1)
            out[name] = Share(max(0.0, (between - (len(levels) - 1) * within) / whole), None)
    return out


def _between(codes: Codes, y: Array) -> float:
    """Sum of squares of the means of groups about the mean of all."""
    count = np.bincount(codes)
    mean = np.bincount(codes, y) / np.maximum(count, 1)
    return float((count * (mean - y.mean()) ** 2).sum())
