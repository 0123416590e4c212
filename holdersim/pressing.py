"""What is given, what presses and what is reached on the way of a nonlinear model to a load; its certificates."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .wholes import Bodies, WholeModel

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]

TURNS = 1
"""Changes between open and closed after which a pixel loses its friction."""


@dataclass(frozen=True)
class Sets:
    """Which pixels are pressed, and which pairs of tangential links slip and whither (pairs,), (pairs, 2).

    turns (pixels,): how often each has opened or closed. One that keeps changing lies where the pressure fades out;
    holding on there has no solution, so it loses its friction.
    """

    closed: Mask
    slips: Mask
    direction: Array
    turns: Index

    def changes(self, other: Sets) -> int:
        return int((self.closed != other.closed).sum() + (self.slips != other.slips).sum())

    @property
    def loose(self) -> Mask:
        return np.asarray(self.turns > TURNS)


@dataclass(frozen=True)
class Point:
    """An equilibrium, or a state on the way to one."""

    soft: Bodies
    x: Array
    rigid: Array
    sets: Sets
    slipped: Array
    steps: int = 0
    certificates: dict[str, float] = field(default_factory=dict)
    gap: Array = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True)
class Load:
    """What is given at one moment: bolt forces [N] by name, locked lengths, amounts of loads, time passed [s]."""

    given: dict[str, float]
    lengths: Array
    amounts: dict[str, float]
    seconds: float


def certify(model: WholeModel, now: Point, load: Load, slipped: Array) -> dict[str, float]:
    """How well a point meets its conditions, relative as in `contact.certify`; its `gap` holds all openings.

    friction: largest traction beyond mu p over the largest force, or largest slip of a sticking pixel over the largest
    displacement; slips are measured from `slipped` (pairs, 2).
    """
    n, x = model.pixels, now.x
    _, resultant = model.amounted(load.amounts)
    gap, f = now.gap[:n], x[:n]
    size = max(float(np.abs(gap).max(initial=0.0)), float(np.abs(model.gap).max()), 1e-6)
    total, most = max(float(np.abs(f).sum()), 1e-150), max(float(f.max(initial=0.0)), 1e-150)
    share = np.abs(model.modes * x[:, None]).sum(axis=0) + np.abs(resultant)
    balance = np.abs(model.modes.T @ x + resultant) / max(float(share.max(initial=0.0)), 1e-150)
    bolts = model.assembly.bolts
    length, _ = model.stretch(x[model.bolts] / model.shares if bolts else np.zeros(0))
    held = np.array([b.name not in load.given for b in bolts], dtype=bool)
    miss = (now.gap[model.bolts] + load.lengths + length)[held] if held.any() else np.zeros(0)
    reach = np.hypot(*x[model._pairs[1:]])
    beyond = np.where(
        np.isfinite(model._friction), reach - model._rough * np.maximum(x[model._pairs[0]], 0.0), 0.0
    )
    sticks = now.sets.closed[model._pairs[0]] & ~now.sets.slips
    drift = np.abs(now.slipped - slipped)[sticks]
    return {
        "penetration": max(0.0, -float(gap.min(initial=0.0))) / size,
        "tension": max(0.0, -float(f.min(initial=0.0))) / most,
        "complementarity": float(np.abs(f * np.where(now.sets.closed, 0.0, gap)).sum()) / (total * size)
        + float(np.abs(gap[now.sets.closed]).max(initial=0.0)) / size,
        "force_balance": float(balance.max(initial=0.0)),
        "member_length": float(np.abs(miss).max(initial=0.0)) / size,
        "friction": max(float(beyond.max(initial=0.0)) / most, float(drift.max(initial=0.0)) / size),
    }
