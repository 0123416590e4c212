"""Elastic, plastic and creeping behaviour at points under large strain, many points at once.

F = F_e F_p F_g. Hencky's energy per volume that is free of stress, W = K/2 (ln J_e)^2 + G dev e : dev e with
e = 1/2 ln b_e, so that Kirchhoff's stress tau and e have the same axes. Plastic flow (J2, associated) and creep shorten
dev e along itself, so a step has a potential and its tangent is symmetric (Simo, Comput. Methods Appl. Mech. Engrg. 99
(1992) 61: exponential map in principal axes; not checked). What is kept is the plastic metric, not the stress: where
stiffness or flow stress change with the composition, energy is not conserved, as composition does work too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PAIRS = ((0, 1), (1, 2), (0, 2))
"""Axes of the shear components, in the order xy yz xz."""


@dataclass(frozen=True)
class PointLaw:
    """What points (n,) resist with: moduli K and G, flow stress Y (infinite while elastic) and its rise H per plastic
    strain [MPa]; creep A q^n [1/s] at q [MPa]."""

    bulk: Array
    shear: Array
    yields: Array
    hardening: Array
    rate: Array
    power: Array

    def of(self, which: slice | NDArray[np.int64]) -> PointLaw:
        """That of some points."""
        return PointLaw(*(getattr(self, k)[which] for k in self.__dataclass_fields__))


def relaxed(q: Array, stiffness: Array, rate: Array, power: Array, seconds: float) -> Array:
    """Equivalent stress [MPa] after creep at fixed total strain, from q [MPa].

    dq/dt = -E A q^n: q^(1-n) rises by (n - 1) E A t; stiffness E [MPa]: 3 G at a point, Young's modulus in a bar.
    """
    return np.asarray(q * _left(q, stiffness, rate, power, seconds))


def _left(q: Array, stiffness: Array, rate: Array, power: Array, seconds: float) -> Array:
    """Share of q left by creep; to the power n it is the slope of what is left."""
    c = stiffness * rate * seconds
    more = power - 1.0
    linear = np.abs(more) < 1e-9
    safe = np.where(linear, 1.0, more)
    with np.errstate(over="ignore"):
        curved = np.exp(-np.log1p(safe * c * q**safe) / safe)
    return np.asarray(np.where(linear, np.exp(-c), curved))


def shortened(
    q: Array, inelastic: Array, elastic: Array, law: PointLaw, seconds: float
) -> tuple[Array, Array]:
    """Equivalent stress q (n,) [MPa] at the end of a step, and dq/dq_trial, from what it would be without flow.

    inelastic (n,): strain accumulated before [-], by creep too; elastic (n,): q/3G left before [-]. Flow at once,
    q <= Y + H ep, then creep for `seconds`.
    """
    three = 3 * law.shear
    excess = q - (law.yields + law.hardening * inelastic)
    plastic = excess > 0
    share = three / (three + law.hardening)
    after = np.where(plastic, q - share * np.where(plastic, excess, 0.0), q)
    slope = np.where(plastic, 1.0 - share, 1.0)
    if seconds > 0 and np.any(law.rate > 0):
        after, crept = _crept(after, np.minimum(three * elastic, after), law, seconds)
        slope = slope * crept
    return after, slope


def _crept(q: Array, before: Array, law: PointLaw, seconds: float) -> tuple[Array, Array]:
    """Equivalent stress (n,) [MPa] at the end of a step with creep, and its slope over q, that without creep.

    before (n,) [MPa]: that at the start, at most q. Implicit, s + c s^n = q with c = 3 G A t, which meets a steady rise
    of strain exactly; while strain stands still q is lowered by what that rule misses of the exact relaxation to h, and
    by less of it the more strain comes, down to none when as much comes as relaxes (own rule, first order between).
    Unloading counts as sudden.
    """
    c = 3 * law.shear * law.rate * seconds
    held = relaxed(before, 3 * law.shear, law.rate, law.power, seconds)
    lost, missed = before - held, before - held - c * held**law.power
    still = lost > 1e-300
    per = np.divide(missed, lost, out=np.zeros_like(lost), where=still)
    weight = np.maximum(missed - per * (q - before), 0.0)
    aim = q - weight
    with np.errstate(divide="ignore", over="ignore"):
        s = np.minimum(aim, (aim / c) ** (1 / law.power))  # from above Newton's method comes down to the root
    for _ in range(40):
        step = (s + c * s**law.power - aim) / (1 + law.power * c * s ** (law.power - 1))
        s = s - step
        if np.all(np.abs(step) <= 1e-15 * s):
            break
    rising = (1 + np.where(weight > 0, per, 0.0)) / (1 + law.power * c * s ** (law.power - 1))
    sudden = _left(q, 3 * law.shear, law.rate, law.power, seconds) ** law.power
    return s, np.where(q > before, rising, sudden)


@dataclass(frozen=True)
class Response:
    """Points (n,) after a step, in the principal axes of the trial strain.

    axes (n, 3, 3): columns; stretch (n, 3): elastic logarithmic strain before flow; kept (n,): share of its deviator
    left by flow, q / q_trial; slope (n,): dq/dq_trial; flowed (n,): inelastic strain added [-]; law: of the points.
    """

    axes: Array
    stretch: Array
    kept: Array
    slope: Array
    flowed: Array
    law: PointLaw

    @property
    def deviator(self) -> Array:
        """Deviator of the elastic strain without flow (n, 3)."""
        return np.asarray(self.stretch - self.stretch.mean(axis=1, keepdims=True))

    @property
    def elastic(self) -> Array:
        """Equivalent elastic strain q/3G (n,) [-] after flow."""
        return np.asarray(self.kept * np.sqrt(2 / 3 * (self.deviator**2).sum(axis=1)))

    def metric(self) -> Array:
        """Elastic left Cauchy-Green tensor b_e (n, 3, 3) after flow."""
        left = self.stretch - (1 - self.kept)[:, None] * self.deviator
        return np.asarray((self.axes * np.exp(2 * left)[:, None, :]) @ self.axes.transpose(0, 2, 1))

    def principal(self) -> Array:
        """Kirchhoff's principal stresses tau (n, 3) [MPa] per volume free of stress."""
        mean = self.law.bulk * self.stretch.sum(axis=1)
        return np.asarray(2 * (self.law.shear * self.kept)[:, None] * self.deviator + mean[:, None])

    def stress(self) -> Array:
        """Kirchhoff's stress (n, 6) [MPa] per volume free of stress, xx yy zz xy yz xz."""
        return np.asarray((_turned(self.axes)[:, :, :3] @ self.principal()[..., None])[..., 0])

    def spatial(self) -> tuple[Array, Array]:
        """Kirchhoff's stress (n, 6) and spatial moduli (n, 6, 6) [MPa], order xx yy zz xy yz xz.

        Moduli of its Lie derivative: c_AABB = dtau_A/de_B - 2 tau_A if A is B; c_ABAB = G q/q_trial d coth d
        - (tau_A + tau_B)/2 with d = e_A - e_B, which is smooth where e_A = e_B.
        """
        dev, tau, g = self.deviator, self.principal(), self.law.shear
        size = np.sqrt((dev**2).sum(axis=1, keepdims=True))
        n = np.divide(dev, size, out=np.zeros_like(dev), where=size > 0)
        moduli = np.zeros((len(tau), 6, 6))
        normal = moduli[:, :3, :3]
        normal += (self.law.bulk - 2 / 3 * g * self.kept)[:, None, None]
        normal += (2 * g * (self.slope - self.kept))[:, None, None] * n[:, :, None] * n[:, None, :]
        for a in range(3):
            normal[:, a, a] += 2 * g * self.kept - 2 * tau[:, a]
        for k, (a, b) in enumerate(PAIRS):
            d = dev[:, a] - dev[:, b]
            moduli[:, 3 + k, 3 + k] = g * self.kept * _d_coth_d(d) - (tau[:, a] + tau[:, b]) / 2
        turn = _turned(self.axes)
        return (turn[:, :, :3] @ tau[..., None])[..., 0], turn @ moduli @ turn.transpose(0, 2, 1)


def respond(metric: Array, inelastic: Array, elastic: Array, law: PointLaw, seconds: float) -> Response:
    """Response of points to the trial metric b_e (n, 3, 3), that of the step without flow; rest as `shortened`."""
    square, axes = np.linalg.eigh(metric)
    stretch = np.log(square) / 2
    dev = stretch - stretch.mean(axis=1, keepdims=True)
    trial = np.sqrt(6.0) * law.shear * np.sqrt((dev**2).sum(axis=1))
    q, slope = shortened(trial, inelastic, elastic, law, seconds)
    kept = np.divide(q, trial, out=slope.copy(), where=trial > 0)
    return Response(axes, stretch, kept, slope, (trial - q) / (3 * law.shear), law)


def strain_rates(g: Array) -> Array:
    """Rates of strain (cells, points, 6, 3 nodes) by velocities of nodes, xx yy zz xy yz xz, shears twice.

    g (cells, points, 3, nodes): gradients of the shape functions in the deformed body [1/mm].
    """
    cells, q, _, n = g.shape
    b = np.zeros((cells, q, 6, n, 3))
    for i in range(3):
        b[:, :, i, :, i] = g[:, :, i]
    for k, (i, j) in enumerate(PAIRS):
        b[:, :, 3 + k, :, i], b[:, :, 3 + k, :, j] = g[:, :, j], g[:, :, i]
    return b.reshape(cells, q, 6, 3 * n)


def _d_coth_d(d: Array) -> Array:
    """d / tanh d, 1 at 0."""
    small = np.abs(d) < 1e-4
    return np.where(small, 1 + d**2 / 3, d / np.tanh(np.where(small, 1.0, d)))


def _turned(axes: Array) -> Array:
    """Matrix (n, 6, 6) from components in principal axes to those in x, y, z."""
    out = np.empty((len(axes), 6, 6))
    rows = ((0, 0), (1, 1), (2, 2), *PAIRS)
    for r, (i, j) in enumerate(rows):
        for k, (a, b) in enumerate(rows):
            out[:, r, k] = axes[:, i, a] * axes[:, j, b]
            if a != b:
                out[:, r, k] += axes[:, i, b] * axes[:, j, a]
    return out
