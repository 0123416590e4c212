"""What is given, what presses and what is reached on the way of a nonlinear model to a load; its certificates."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .state import Load
from .wholes import Bodies, WholeModel

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]

TURNS = 1
"""Changes between open and closed after which a pixel loses its friction."""


SLIP = 1e-6
"""Slip [mm] over which friction builds up: |tau| = mu p s / sqrt(s^2 + SLIP^2), instead of a jump."""

SLIPPING = 20.0
"""Slip, in SLIP, that is remembered of a slipping pixel: turned back, it sticks again."""


@dataclass(frozen=True)
class Sets:
    """Which pixels are pressed (pixels,), and how much pairs with friction yield (pairs,) [mm/N]; 0 sticks.

    jumps (pairs,): how often each has been taken from sticking to slipping or back ahead of its secant.
    turns (pixels,): how often each has opened or closed. One that keeps changing lies where the pressure fades out;
    holding on there has no solution, so it loses its friction.
    """

    closed: Mask
    yielding: Array
    turns: Index
    jumps: Index

    def changes(self, other: Sets) -> int:
        return int((self.closed != other.closed).sum())

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


def yielding(friction: Array, force: Array, slip: Array) -> Array:
    """Secant compliance (pairs,) [mm/N] of friction at forces [N] and slips (pairs, 2) [mm]; 0 where all sticks."""
    rough = np.where(np.isfinite(friction), friction, 0.0)
    length = np.sqrt((slip**2).sum(axis=1) + SLIP**2)
    return np.where(np.isinf(friction), 0.0, np.minimum(length / np.maximum(rough * force, 1e-300), 1e6))


JUMPS = 6
"""Jumps between sticking and slipping after which a pair no longer jumps."""

SHRINK = 0.4
"""What is left at least of the slip of such a pair in each step."""


def hurried(
    friction: Array, force: Array, reach: Array, slip: Array, sets: Sets, give: Array
) -> tuple[Array, Index]:
    """Secants (pairs,) ahead of themselves, and the jumps made: the plain secant walks slowly where little slips.

    The slip is carried on by what a pair's surroundings `give` (pairs,) [mm/N] until its traction `reach` (pairs,) [N]
    would be mu p; where nothing of it is left the pair sticks.
    """
    most = np.where(np.isfinite(friction), friction, 0.0) * force
    secant = yielding(friction, force, slip)
    least = np.where(np.isinf(friction), 0.0, np.minimum(SLIP / np.maximum(most, 1e-300), 1e6))
    stuck = sets.yielding <= 1.5 * least
    ahead = np.where(stuck, 0.0, np.hypot(*slip.T)) + (reach - most) * give
    rubs = np.isfinite(friction) & (most > 0)
    rests = rubs & (ahead <= SLIP) & (sets.jumps < JUMPS)
    # one that keeps jumping shrinks by no more than a factor at a time
    slides = np.where(sets.jumps < JUMPS, ahead, np.maximum(ahead, SHRINK * np.hypot(*slip.T)))
    slides = np.maximum(slides, SLIP) / np.maximum(most, 1e-300)
    secant = np.where(rests, np.minimum(secant, 1.5 * least), np.where(rubs, slides, secant))
    return secant, sets.jumps + (rubs & (rests != stuck))


def remembered(friction: Array, force: Array, along: Array, slip: Array) -> Array:
    """From where the slip (pairs, 2) [mm] is measured later on, so that tractions `along` (pairs, 2) [N] stay."""
    reach = np.hypot(*along.T)
    most = np.where(np.isfinite(friction), friction, 0.0) * np.maximum(force, 0.0)
    share = np.where(most > 0, np.minimum(reach / np.maximum(most, 1e-300), 1.0), 0.0)
    back = SLIP * np.minimum(share / np.sqrt(np.maximum(1.0 - share**2, 1e-12)), SLIPPING)
    return np.asarray(slip + along * (back / np.maximum(reach, 1e-300))[:, None])


def law_missed(model: WholeModel, x: Array, slip: Array, closed: Mask) -> float:
    """Largest miss of Coulomb's law over the largest force, of pixels with finite friction."""
    pairs, friction = model._pairs, model._friction
    on = closed[pairs[0]] & np.isfinite(friction)
    if not on.any():
        return 0.0
    normal, along = np.maximum(x[pairs[0]], 0.0)[on], x[pairs[1:]].T[on]
    law = -slip[on] / yielding(friction[on], normal, slip[on])[:, None]
    return float(np.hypot(*(along - law).T).max()) / max(float(normal.max()), 1e-150)


def certify(model: WholeModel, now: Point, load: Load, slipped: Array) -> dict[str, float]:
    """How well a point meets its conditions, relative as in `contact.certify`; its `gap` holds all openings.

    friction: largest miss of Coulomb's law over the largest force, or largest slip of a sticking pixel over the
    largest displacement; slips are measured from `slipped` (pairs, 2).
    """
    n, x = model.pixels, now.x
    _, resultant = model.amounted(load.amounts)
    gap, f = now.gap[:n], x[:n]
    springs = model._springs[:n]
    own = f * np.where(springs > 0, 1.0 / np.maximum(springs, 1e-300), np.diag(model.compliance)[:n])
    moved = (np.abs(gap).max(initial=0.0), np.abs(model.gap).max(initial=0.0), np.abs(own).max(initial=0.0))
    size = max(*(float(m) for m in moved), 1e-150)
    total, most = max(float(np.abs(f).sum()), 1e-150), max(float(f.max(initial=0.0)), 1e-150)
    share = np.abs(model.modes * x[:, None]).sum(axis=0) + np.abs(resultant)
    balance = np.abs(model.modes.T @ x + resultant) / max(float(share.max(initial=0.0)), 1e-150)
    bolts = model.assembly.bolts
    length, _ = model.stretch(x[model.bolts] / model.shares if bolts else np.zeros(0))
    held = np.array([b.name not in load.given for b in bolts], dtype=bool)
    miss = (now.gap[model.bolts] + load.lengths + length)[held] if held.any() else np.zeros(0)
    slip = now.gap[model._pairs[1:]].T - slipped
    held_on = now.sets.closed & ~now.sets.loose
    sticks = held_on[model._pairs[0]] & np.isinf(model._friction)
    drift = np.abs(slip)[sticks]
    return {
        "penetration": max(0.0, -float(gap.min(initial=0.0))) / size,
        "tension": max(0.0, -float(f.min(initial=0.0))) / most,
        "complementarity": float(np.abs(f * np.where(now.sets.closed, 0.0, gap)).sum()) / (total * size)
        + float(np.abs(gap[now.sets.closed]).max(initial=0.0)) / size,
        "force_balance": float(balance.max(initial=0.0)),
        "member_length": float(np.abs(miss).max(initial=0.0)) / size,
        "friction": max(law_missed(model, x, slip, held_on), float(drift.max(initial=0.0)) / size),
    }
