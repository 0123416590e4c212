"""Relaxation of rubber: a Prony series of its stress, step by step and in closed form.

S(t) = g_inf S0(t) + sum h_i, dh_i/dt + h_i/tau_i = g_i dS0/dt; S0 is the stress without relaxation.
The step is exact for a stress S0 that changes linearly within it (Simo & Hughes 1998, ch. 10: not checked).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Prony:
    """Terms (g [-], tau [s]); what they leave, 1 - sum g, does not relax."""

    terms: tuple[tuple[float, float], ...] = ()

    @property
    def lasting(self) -> float:
        """g_inf [-]."""
        return 1.0 - sum(g for g, _ in self.terms)

    def remaining(self, time: float | Array) -> Array:
        """g(t) [-], what is left of the stress `time` [s] after a sudden strain that is held."""
        t = np.asarray(time, dtype=np.float64)
        return np.asarray(self.lasting + sum(g * np.exp(-t / tau) for g, tau in self.terms) + 0 * t)

    def _step(self, dt: float) -> tuple[Array, Array]:
        """Per term: what a step dt [s] leaves of h, and what it adds per change of S0."""
        ratio = np.array([dt / tau for _, tau in self.terms])
        left = np.exp(-ratio)
        ramp = np.divide(-np.expm1(-ratio), ratio, out=np.ones_like(ratio), where=ratio > 0)
        return left, np.array([g for g, _ in self.terms]) * ramp

    def share(self, dt: float) -> float:
        """dS/dS0 [-] at the end of a step dt [s]: 1 at dt = 0."""
        return self.lasting + float(self._step(dt)[1].sum())

    def carried(self, h: Array, before: Array, dt: float) -> Array:
        """S - share(dt) S0 at the end of a step dt [s]; h (terms, ...) and S0 = `before` at its start."""
        left, gain = self._step(dt)
        return np.asarray(np.tensordot(left, h, 1) - gain.sum() * before)

    def accepted(self, h: Array, before: Array, after: Array, dt: float) -> Array:
        """h (terms, ...) at the end of a step dt [s] in which S0 went from `before` to `after`."""
        left, gain = self._step(dt)
        return np.asarray(np.multiply.outer(gain, after - before) + _each(left, h))


def _each(factor: Array, h: Array) -> Array:
    return np.asarray(factor.reshape(-1, *[1] * (h.ndim - 1)) * h)


def with_set(prony: Sequence[tuple[float, float]], compression_set: float, time: float) -> Prony:
    """The terms and one more, for a compression set (0..1) measured after `time` [s] and full recovery.

    What does not relax otherwise decays as exp(-t/tau), tau = -time/ln(1 - set): first-order scission of the
    network (assumed). A pad held for `time` and let go then keeps just that part of its compression.
    """
    given = Prony(tuple(prony))
    if compression_set <= 0:
        return given
    return Prony((*given.terms, (given.lasting, -time / math.log1p(-compression_set))))


def held_pad(prony: Prony, pad: float, spring: float, times: Array) -> Array:
    """Force [N] at rising times [s] per mm closed at once: a pad and a spring in series [N/mm], step by step."""
    force, h = np.zeros(len(times)), np.asarray(np.zeros(len(prony.terms)))
    s0 = now = 0.0
    for i, t in enumerate(np.concatenate([[0.0], times])):
        dt, now = float(t) - now, float(t)
        rest = float(prony.carried(h, np.asarray(s0), dt))
        after = (1.0 - rest / spring) / (1.0 / pad + prony.share(dt) / spring)
        h = prony.accepted(h, np.asarray(s0), np.asarray(after), dt)
        s0 = after
        if i:
            force[i - 1] = prony.share(dt) * after + rest
    return force


def held_pad_closed(
    g: float, tau: float, pad: float, spring: float, time: float
) -> tuple[float, float, float]:
    """Of one Prony term: force [N] per mm closed at once after `time` [s], its final value, its time constant [s].

    F = F_inf + (F_0 - F_inf) exp(-t/T), T = tau (k_s + k_0)/(k_s + k_0 - g k_0) (derived here).
    """
    first = pad * spring / (pad + spring)
    last = pad * (1 - g) * spring / (pad * (1 - g) + spring)
    constant = tau * (spring + pad) / (spring + pad - g * pad)
    return last + (first - last) * math.exp(-time / constant), last, constant
