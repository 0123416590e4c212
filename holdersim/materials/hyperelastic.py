"""Strain energies of rubber in the isochoric invariants or stretches; many points at once, NumPy only.

W(F) is taken of Fbar = J^(-1/3) F, so that a change of volume costs nothing here; the bulk term is the body's.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

EYE = np.eye(3)
SHORE_RANGE = (20.0, 80.0)
"""Shore A hardness for which the formulas are used (assumed)."""
SHORE_UNCERTAINTY = 0.4
"""Relative uncertainty of a modulus from Shore A: Gent and Ruess differ by 1.4 at 50 A, 1.8 at 70 A."""


def youngs_from_shore(shore: float, formula: str = "gent") -> float:
    """Young's modulus [MPa] of Shore A hardness 20 to 80; ValueError outside.

    gent: 0.0981 (56 + 7.62336 S) / (0.137505 (254 - 2.54 S)) (Gent 1958, from secondary sources);
    ruess: log10 E = 0.0235 S - 0.6403 (from secondary sources, quoted for 30 to 60). Good to SHORE_UNCERTAINTY.
    """
    if not SHORE_RANGE[0] <= shore <= SHORE_RANGE[1]:
        raise ValueError(f"Shore A lies in {SHORE_RANGE[0]:g} to {SHORE_RANGE[1]:g}, not {shore:g}")
    if formula == "ruess":
        return math.pow(10.0, 0.0235 * shore - 0.6403)
    return 0.0981 * (56 + 7.62336 * shore) / (0.137505 * (254 - 2.54 * shore))


class _Invariants(ABC):
    """Laws C10 (I1-3) + C20 (I1-3)^2 + C30 (I1-3)^3 + C01 (I2-3) of the isochoric invariants."""

    @property
    @abstractmethod
    def _terms(self) -> tuple[float, float, float, float]:
        """(C10, C20, C30, C01) [MPa]."""

    @property
    def shear(self) -> float:
        """Shear modulus [MPa] at no strain, 2 (C10 + C01)."""
        return 2.0 * (self._terms[0] + self._terms[3])

    def energy(self, F: Array) -> Array:
        """W [MPa] (n,) of deformation gradients (n, 3, 3)."""
        c10, c20, c30, c01 = self._terms
        k = _Kinematics(F)
        x = k.i1 - 3.0
        return np.asarray(x * (c10 + x * (c20 + x * c30)) + c01 * (k.i2 - 3.0))

    def stress(self, F: Array) -> Array:
        """First Piola-Kirchhoff stress dW/dF [MPa], (n, 3, 3)."""
        c10, c20, c30, c01 = self._terms
        k = _Kinematics(F)
        x = k.i1 - 3.0
        out = _of(c10 + x * (2 * c20 + 3 * c30 * x), k.d1)
        return out + c01 * k.d2 if c01 else out

    def tangent(self, F: Array) -> Array:
        """d2W/dF dF [MPa], (n, 3, 3, 3, 3)."""
        c10, c20, c30, c01 = self._terms
        k = _Kinematics(F)
        x = k.i1 - 3.0
        out = k.curvature1(c10 + x * (2 * c20 + 3 * c30 * x))
        if c01:
            out += c01 * k.curvature2()
        if c20 or c30:
            d1 = k.d1.reshape(-1, 9)
            out += _of(2 * c20 + 6 * c30 * x, d1)[:, :, None] * d1[:, None, :]
        return out.reshape(-1, 3, 3, 3, 3)


class _Kinematics:
    """Isochoric invariants i1, i2 (n,) of F (n, 3, 3), their slopes d1, d2 (n, 3, 3) and curvatures (n, 9, 9).

    With N = F^-T: d(J^-q I) = J^-q (dI - q I N) and
    d2(J^-q I) = J^-q (d2I - q (dI x N + N x dI) + q^2 I N x N - q I dN), dN_iJ/dF_kL = -N_iL N_kJ.
    """

    def __init__(self, F: Array):
        self.F = F
        self.N: Array = np.asarray(np.linalg.inv(F).transpose(0, 2, 1), dtype=np.float64)
        jac = np.linalg.det(F)
        self.C: Array = F.transpose(0, 2, 1) @ F
        self.raw1 = np.einsum("nij,nij->n", F, F)
        self.raw2 = 0.5 * (self.raw1**2 - np.einsum("nij,nij->n", self.C, self.C))
        self.s1, self.s2 = jac ** (-2 / 3), jac ** (-4 / 3)
        self.i1, self.i2 = self.s1 * self.raw1, self.s2 * self.raw2
        self.slope2 = 2 * (_of(self.raw1, F) - F @ self.C)

    @property
    def d1(self) -> Array:
        """d i1 / dF."""
        return _of(2 * self.s1, self.F) - _of(2 / 3 * self.i1, self.N)

    @property
    def d2(self) -> Array:
        """d i2 / dF."""
        return _of(self.s2, self.slope2) - _of(4 / 3 * self.i2, self.N)

    def curvature1(self, w: Array) -> Array:
        """w d2 i1 / dF dF."""
        out = self._volume_part(2 / 3, w * self.i1, _of(2 * w * self.s1, self.F))
        out[:, range(9), range(9)] += (2 * w * self.s1)[:, None]
        return out

    def curvature2(self) -> Array:
        """d2 i2 / dF dF."""
        f, n = self.F, len(self.F)
        direct = 4 * f.reshape(-1, 9, 1) * f.reshape(-1, 1, 9)
        four = direct.reshape(n, 3, 3, 3, 3)
        four -= 2 * f[:, :, None, None, :] * f.transpose(0, 2, 1)[:, None, :, :, None]
        b = f @ f.transpose(0, 2, 1)
        for i in range(3):
            four[:, i, :, i, :] += 2 * (_of(self.raw1, np.broadcast_to(EYE, f.shape)) - self.C)
            four[:, :, i, :, i] -= 2 * b
        direct *= self.s2[:, None, None]
        return direct + self._volume_part(4 / 3, self.i2, _of(self.s2, self.slope2))

    def _volume_part(self, q: float, value: Array, slope: Array) -> Array:
        """-q (slope x N + N x slope) + q^2 value N x N - q value dN."""
        n9, count = self.N.reshape(-1, 9), len(self.N)
        half = -q * slope.reshape(-1, 9) + (0.5 * q * q * value)[:, None] * n9
        out = half[:, :, None] * n9[:, None, :]
        out += out.transpose(0, 2, 1).copy()
        swapped = self.N[:, :, None, None, :] * self.N.transpose(0, 2, 1)[:, None, :, :, None]
        out += (q * value)[:, None, None] * swapped.reshape(count, 9, 9)
        return out


def _of(factor: Array, tensors: Array) -> Array:
    """One factor (n,) for each tensor (n, ...)."""
    return np.asarray(factor.reshape(-1, *[1] * (tensors.ndim - 1)) * tensors)


@dataclass(frozen=True)
class NeoHookean(_Invariants):
    """W = C10 (I1 - 3), C10 [MPa] = E/6."""

    C10: float

    @property
    def _terms(self) -> tuple[float, float, float, float]:
        return self.C10, 0.0, 0.0, 0.0


@dataclass(frozen=True)
class MooneyRivlin(_Invariants):
    """W = C10 (I1 - 3) + C01 (I2 - 3), [MPa], 6 (C10 + C01) = E."""

    C10: float
    C01: float

    @property
    def _terms(self) -> tuple[float, float, float, float]:
        return self.C10, 0.0, 0.0, self.C01


@dataclass(frozen=True)
class Yeoh(_Invariants):
    """W = C10 (I1 - 3) + C20 (I1 - 3)^2 + C30 (I1 - 3)^3, [MPa]."""

    C10: float
    C20: float
    C30: float

    @property
    def _terms(self) -> tuple[float, float, float, float]:
        return self.C10, self.C20, self.C30, 0.0


@dataclass(frozen=True)
class Ogden:
    """W = sum mu/alpha (l1^alpha + l2^alpha + l3^alpha - 3) of the isochoric stretches, mu [MPa] (Ogden 1972)."""

    mu: tuple[float, ...]
    alpha: tuple[float, ...]

    @property
    def shear(self) -> float:
        """Shear modulus [MPa] at no strain, half the sum of mu alpha."""
        return 0.5 * sum(m * a for m, a in zip(self.mu, self.alpha, strict=True))

    def _slopes(self, stretch: Array) -> tuple[Array, Array]:
        """dW/dln l (n, 3) and d2W/dln l dln l (n, 3, 3) of principal stretches (n, 3)."""
        log = np.log(stretch)
        log = log - log.mean(axis=1, keepdims=True)
        first, second = np.zeros_like(stretch), np.zeros((len(stretch), 3, 3))
        for mu, alpha in zip(self.mu, self.alpha, strict=True):
            power = np.exp(alpha * log)
            mean = power.mean(axis=1, keepdims=True)
            first += mu * (power - mean)
            cross = power[:, :, None] + power[:, None, :] - mean[:, :, None]
            second += mu * alpha * (power[:, :, None] * EYE - cross / 3)
        return first, second

    def energy(self, F: Array) -> Array:
        """W [MPa] (n,) of deformation gradients (n, 3, 3)."""
        log = np.log(np.linalg.svd(F, compute_uv=False))
        log = log - log.mean(axis=1, keepdims=True)
        parts = [m / a * np.expm1(a * log).sum(axis=1) for m, a in zip(self.mu, self.alpha, strict=True)]
        return np.asarray(sum(parts))

    def stress(self, F: Array) -> Array:
        """First Piola-Kirchhoff stress dW/dF [MPa], (n, 3, 3)."""
        u, stretch, vt = np.linalg.svd(F)
        first, _ = self._slopes(stretch)
        return np.asarray((u * (first / stretch)[:, None, :]) @ vt)

    def tangent(self, F: Array) -> Array:
        """d2W/dF dF [MPa], (n, 3, 3, 3, 3), by principal directions; equal stretches by their limit."""
        u, stretch, vt = np.linalg.svd(F)
        first, second = self._slopes(stretch)
        p = first / stretch
        dp = (second - first[:, :, None] * EYE) / (stretch[:, :, None] * stretch[:, None, :])
        principal = np.zeros((len(F), 3, 3, 3, 3))
        for a in range(3):
            for b in range(3):
                principal[:, a, a, b, b] = dp[:, a, b]
        for a, b in ((0, 1), (0, 2), (1, 2)):
            la, lb, pa, pb = stretch[:, a], stretch[:, b], p[:, a], p[:, b]
            apart = np.abs(la - lb) > 1e-5 * la
            limit = 0.5 * (dp[:, a, a] + dp[:, b, b]) - dp[:, a, b]
            minus = np.where(apart, (pa - pb) / np.where(apart, la - lb, 1.0), limit)
            plus = (pa + pb) / (la + lb)
            principal[:, a, b, a, b] = principal[:, b, a, b, a] = 0.5 * (minus + plus)
            principal[:, a, b, b, a] = principal[:, b, a, a, b] = 0.5 * (minus - plus)
        frame = (u[:, :, None, :, None] * vt.transpose(0, 2, 1)[:, None, :, None, :]).reshape(-1, 9, 9)
        out = frame @ principal.reshape(-1, 9, 9) @ frame.transpose(0, 2, 1)
        return np.asarray(out).reshape(-1, 3, 3, 3, 3)


Law = NeoHookean | MooneyRivlin | Yeoh | Ogden


def nominal_stress(law: Law, stretch: float, kind: str = "uniaxial") -> float:
    """Nominal stress [MPa] of incompressible rubber under a stretch: "uniaxial", "plane" or "biaxial".

    dW/dl along the path l = (l, l^-1/2, l^-1/2), (l, 1, 1/l), and half of it along (l, l, l^-2): closed forms.
    """
    path = {"uniaxial": (1.0, -0.5, -0.5), "plane": (1.0, 0.0, -1.0), "biaxial": (1.0, 1.0, -2.0)}[kind]
    share = 0.5 if kind == "biaxial" else 1.0
    lam = [float(stretch**e) for e in path]
    if isinstance(law, Ogden):
        pairs = zip(law.mu, law.alpha, strict=True)
        return (
            share
            * sum(m * e * math.pow(v, a) for m, a in pairs for e, v in zip(path, lam, strict=True))
            / stretch
        )
    c10, c20, c30, c01 = law._terms
    x = sum(v * v for v in lam) - 3.0
    d1 = 2 * sum(e * v**2 for e, v in zip(path, lam, strict=True)) / stretch
    d2 = -2 * sum(e * v ** (-2) for e, v in zip(path, lam, strict=True)) / stretch
    return float(share * ((c10 + 2 * c20 * x + 3 * c30 * x**2) * d1 + c01 * d2))
