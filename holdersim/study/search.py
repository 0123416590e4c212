"""Searches: COBYLA for a few smooth variables, Optuna for lists and whole numbers, followed by a smooth search."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from ..errors import PhysicsRefused
from .design import FAILED, Design, Evaluator, Free, Tried, Value

Array = NDArray[np.float64]
log = logging.getLogger(__name__)

RADIUS, FINEST = 0.25, 1e-4
"""First and last radius of the smooth search, as shares of the ranges."""
SPARED = 0.3
"""Share of the evaluations kept for the smooth search after a mixed one."""
MARGIN = 1e-3
"""Share by which the smooth search keeps inside the limits, so that what it settles on keeps them."""
ROUNDS, SETTLED = 3, 1e-3
"""Smooth searches one after the other, and the share of the goal below which a further one gains nothing."""
SEVERE = 2.0
"""Goal, in shares of that of the start, of a design that cannot be solved."""


@dataclass(frozen=True)
class Found:
    """All designs tried; the best one, or the front of two goals; None where none keeps the limits."""

    study: Design
    tried: tuple[Tried, ...]
    solved: int

    @property
    def best(self) -> Tried | None:
        """The feasible design whose first goal is least."""
        good = [t for t in self.tried if t.feasible]
        return min(good, key=lambda t: (t.goals, t.number)) if good else None

    @property
    def front(self) -> list[Tried]:
        """Feasible designs that no other one beats in all goals, by the first goal."""
        good = sorted((t for t in self.tried if t.feasible), key=lambda t: t.goals)
        return [t for t in good if not any(_beats(o, t) for o in good)]

    def refusal(self) -> PhysicsRefused:
        """Why nothing was found: the nearest design, and what to relax."""
        return PhysicsRefused(explain(self))


def _beats(a: Tried, b: Tried) -> bool:
    pairs = list(zip(a.goals, b.goals, strict=True))
    better = any(x < y for x, y in pairs) or (a.goals == b.goals and a.number < b.number)
    return all(x <= y for x, y in pairs) and better


def search(study: Design, evaluate: Evaluator) -> Found:
    """Tries designs until the evaluations are used up or the search has settled."""
    mixed = study.method == "mixed" or len(study.least) > 1 or not all(f.smooth for f in study.free)
    if not mixed:
        _smooth(study, evaluate, {}, _middle(study), study.evaluations)
    else:
        smooth = [f for f in study.free if f.smooth]
        spare = int(SPARED * study.evaluations) if smooth and len(study.least) == 1 else 0
        _mixed(study, evaluate, study.evaluations - spare)
        start = Found(study, tuple(evaluate.tried), 0)
        seed = start.best or min(evaluate.tried, key=lambda t: t.worst)
        if spare and not seed.failure:
            kept = {f.set: seed.values[f.set] for f in study.free if not f.smooth}
            _smooth(study, evaluate, kept, [_share(f, seed.values[f.set]) for f in smooth], spare)
    return Found(study, tuple(evaluate.tried), evaluate.solved)


def _middle(study: Design) -> list[float]:
    return [0.5 for _ in study.free]


def _share(f: Free, value: Value) -> float:
    low, high = f.bounds
    number = float(str(value).split()[0])
    return (number - low) / (high - low)


def _smooth(
    study: Design, evaluate: Evaluator, kept: dict[str, Value], start: list[float], most: int
) -> None:
    """COBYLA (Powell 1994, in SciPy) in shares of the ranges, and again from the best design in a smaller region.

    Its linear models hold where limits have kinks, as percentiles and spreads of contact pressures do.
    """
    free = [f for f in study.free if f.set not in kept]
    before = len(evaluate.tried)

    def design(x: Array) -> Tried:
        share = np.clip(x, 0.0, 1.0)
        values = {
            f.set: f.written(f.bounds[0] + s * (f.bounds[1] - f.bounds[0]))
            for f, s in zip(free, share, strict=True)
        }
        return evaluate({f.set: (kept | values)[f.set] for f in study.free})

    scale = abs(design(np.array(start)).goals[0]) or 1.0

    def goal(x: Array) -> float:
        tried = design(x)
        return SEVERE if tried.failure else tried.goals[0] / scale

    def room(x: Array) -> Array:
        excess = np.array(design(x).excess, dtype=np.float64)
        excess = np.where(
            excess > 1, 1 + np.log(np.maximum(excess, 1.0)), excess
        )  # failures do not drown the rest
        return np.concatenate([-MARGIN - excess, x, 1.0 - x])

    radius, last = RADIUS, np.inf
    for _ in range(ROUNDS):
        left = most - (len(evaluate.tried) - before)
        if left < len(free) + 2:
            break
        scipy.optimize.minimize(goal, start, method="COBYLA", constraints=[{"type": "ineq", "fun": room}],
                                options={"rhobeg": radius, "tol": FINEST, "maxiter": left})  # fmt: skip
        best = Found(study, tuple(evaluate.tried), 0).best
        if best is None or best.goals[0] > last * (1 - SETTLED):
            break
        last, radius = best.goals[0], radius / 5
        start = [_share(f, best.values[f.set]) for f in free]


def _mixed(study: Design, evaluate: Evaluator, most: int) -> None:
    """Optuna's tree-structured Parzen estimator by ask and tell; limits as constraints."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(
            seed=study.seed,
            n_startup_trials=max(5, most // 4),
            constraints_func=lambda t: t.user_attrs["excess"],
        )
    made = optuna.create_study(directions=["minimize"] * len(study.least), sampler=sampler)
    for _ in range(most):
        trial = made.ask()
        tried = evaluate({f.set: _asked(trial, f) for f in study.free})
        trial.set_user_attr("excess", list(tried.excess) or [FAILED if tried.failure else -1.0])
        made.tell(trial, list(tried.goals))


def _asked(trial: Any, f: Free) -> Value:
    if f.among is not None:
        value: Value = f.among[trial.suggest_categorical(f.set, list(range(len(f.among))))]
        return value
    low, high = f.bounds
    number = (
        trial.suggest_int(f.set, int(low), int(high)) if f.whole else trial.suggest_float(f.set, low, high)
    )
    return f.written(number)


def explain(found: Found) -> str:
    """Which limits cannot be kept together, how near the designs came, and what to relax."""
    study = found.study
    solved = [t for t in found.tried if not t.failure]
    ranges = ", ".join(
        f"{f.set} {f.low} to {f.high}" if f.among is None else f"{f.set} in {len(f.among)} values"
        for f in study.free
    )
    if not solved:
        return f"no design could be solved ({ranges}). The last one: {found.tried[-1].failure}"
    near = min(solved, key=lambda t: t.worst)
    lines = [f"no design keeps all limits with {ranges}; {len(found.tried)} were tried."]
    lines.append("Nearest: " + ", ".join(f"{k} = {v}" for k, v in near.values.items()) + ":")
    for i, limit in enumerate(study.limits):
        reached = _reached(near, limit)
        state = "kept" if near.excess[i] <= 0 else f"missed by {100 * near.excess[i]:.3g} %"
        others = [t for t in solved if all(e <= 0 for k, e in enumerate(t.excess) if k != i)]
        line = f"  {limit}: {reached:.4g}, {state}."
        if near.excess[i] > 0:
            alone = min(solved, key=lambda t, i=i: t.excess[i])  # type: ignore[misc]
            line += f" Best of all designs: {_reached(alone, limit):.4g}."
        if others and not found.best:
            best = min(others, key=lambda t, i=i: t.excess[i])  # type: ignore[misc]
            line += f" Relaxed to {_reached(best, limit):.4g} it would do: the other limits are then kept."
        lines.append(line)
    lines.append("Relax one of these, or widen " + ", ".join(_edges(study, near)) + ".")
    return "\n".join(lines)


def _reached(tried: Tried, limit: Any) -> float:
    values = [n[limit.number] for n in tried.numbers.values()]
    return max(values) if limit.most is not None else min(values)


def _edges(study: Design, near: Tried) -> list[str]:
    """Ranges at whose end the nearest design lies, else all."""
    at = [f.set for f in study.free if f.among is None and not 0.01 < _share(f, near.values[f.set]) < 0.99]
    return at or [f.set for f in study.free]
