"""Pressures of an assembly of linear bodies as a function of gaps, bolt forces and moduli, with exact derivatives.

    gap = g + free + B t + C f + R alpha >= 0,   f >= 0,   R^T f + load + r t = 0

g: initial gaps (n,) [mm]; t: forces of whole bolts (m,) [N]. Where the pressed set stays, f is smooth in all of them,
and one further solution of the same system (the adjoint) gives the derivative of a number with respect to everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from ..contact import ContactProblem, active_set, projected_cg
from ..errors import NotConvergedError, PhysicsRefused
from ..materials.elastic import Elastic
from ..network import OWN
from ..solve import LIMITS, Model, check_limits
from .pivot import Pivot

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Pressed:
    """Pixel forces (n,) [N], the pressed pixels and the gaps (n,) [mm] that are left."""

    force: Array
    active: Mask
    gap: Array


@dataclass(frozen=True)
class Slope:
    """Derivatives of a number: by initial gap (n,) [1/mm], bolt force (m,) [1/N], and modulus of a solid [1/MPa]."""

    gap: Array
    bolts: Array
    moduli: dict[str, float]


class Response:
    """Contact pressures of a model whose bolts all have given forces; amounts: of the bodies' own loads."""

    def __init__(self, model: Model, amounts: Mapping[str, float] | None = None):
        if type(model) is not Model:
            raise PhysicsRefused("rubber, friction and plastic layers have no linear response")
        n = model.pixels
        self.model, self.pixels = model, n
        self.amounts = OWN | dict(amounts or {})
        self.compliance, self.gap = model.compliance[:n, :n], model.gap[:n]
        self.pull = model.compliance[:n, model.bolts] * model.shares
        free, load = model.amounted(self.amounts)
        self.free = free[:n]
        # motions of the whole holder are felt by no pixel
        seen = _seen(model.modes[:n])
        self.modes, self.load = model.modes[:n] @ seen, seen.T @ load
        self.weight = seen.T @ model.modes[model.bolts].T * model.shares

    @property
    def bolts(self) -> tuple[str, ...]:
        """Names of the bolts, in the order of their forces."""
        return tuple(b.name for b in self.model.assembly.bolts)

    def offset(self, gap: Array, bolts: Array) -> tuple[Array, Array]:
        """Gaps with no pixel force (..., n) [mm] and resultants (..., r) for gaps (..., n), bolt forces (..., m)."""
        return gap + self.free + bolts @ self.pull.T, self.load + bolts @ self.weight.T

    def press(self, gap: Array, bolts: Array, guess: Mask | None = None) -> Pressed:
        """The solution for initial gaps (n,) [mm] and bolt forces (m,) [N]."""
        offset, load = self.offset(gap, bolts)
        problem = ContactProblem(self.compliance, offset, np.zeros(0), self.modes, load, "response")
        try:
            found = active_set(problem, guess)
        except NotConvergedError:  # slower, but every step lowers the energy
            found = projected_cg(problem)
        check_limits("response", found.certificates, LIMITS)
        return Pressed(found.force, found.force > 0, found.gap)

    def press_many(self, gaps: Array, bolts: Array, pivot: Pivot) -> Array:
        """Pixel forces (samples, n) [N] for many gaps (samples, n) and bolt forces (samples, m).

        Every sample is checked against the conditions of contact.
        """
        offset, load = self.offset(gaps, bolts)
        forces = pivot.solve(offset, load)
        self._check(forces, offset, load)
        return forces

    def typical(self, gaps: Array, bolts: Array) -> Mask:
        """Pixels pressed in more than half of some samples: a base from which none of them is far."""
        found = [self.press(g, t).active for g, t in zip(gaps, bolts, strict=True)]
        return np.asarray(np.mean(found, axis=0) > 0.5)

    def _check(self, forces: Array, offset: Array, load: Array) -> None:
        moved = offset + forces @ self.compliance
        worst = dict.fromkeys(("penetration", "force_balance"), 0.0)
        own = np.abs(np.diag(self.compliance) * forces).max(axis=1)
        for f, w, r, size in zip(forces, moved, load, own, strict=True):
            on = f > 0
            alpha = np.linalg.lstsq(self.modes[on], -w[on], rcond=1e-11)[0]
            gap = w + self.modes @ alpha
            size = max(size, float(np.abs(gap).max()))
            miss = max(float(np.abs(gap[on]).max()), -float(gap.min()), 0.0) / size
            share = np.abs(self.modes * f[:, None]).sum(axis=0) + np.abs(r)
            balance = np.abs(self.modes.T @ f + r) / max(float(share.max()), 1e-150)
            worst["penetration"] = max(worst["penetration"], miss)
            worst["force_balance"] = max(worst["force_balance"], float(balance.max()))
        check_limits("samples", worst, dict.fromkeys(worst, 1e-8))

    # -- derivatives ---------------------------------------------------------------------------------------

    def linear(self, active: Mask) -> Array:
        """Derivative (n, n + m) of the pixel forces by gaps [N/mm] and bolt forces [-] while `active` stays."""
        on = np.flatnonzero(active)
        inner = self._inverse(on)
        out = np.zeros((self.pixels, self.pixels + self.pull.shape[1]))
        out[np.ix_(on, on)] = -inner[: len(on), : len(on)]
        out[on, self.pixels :] = -inner[: len(on)] @ np.vstack([self.pull[on], self.weight])
        return out

    def slope(self, pressed: Pressed, bolts: Array, by_force: Array) -> Slope:
        """Derivatives of a number of which the one by the pixel forces (n,) is given, at a solution (adjoint)."""
        on = np.flatnonzero(pressed.active)
        rhs = np.concatenate([by_force[on], np.zeros(self.modes.shape[1])])
        lagrange = np.zeros(self.pixels)
        solved = self._solve(on, rhs)
        lagrange[on] = solved[: len(on)]
        by_bolts = -(self.pull.T @ lagrange + self.weight.T @ solved[len(on) :])
        moduli = {n: self._modulus(n, pressed.force, lagrange, bolts) for n in self.model.parts}
        return Slope(-lagrange, by_bolts, {n: v for n, v in moduli.items() if v is not None})

    def _modulus(self, name: str, force: Array, lagrange: Array, bolts: Array) -> float | None:
        """Derivative by the modulus of a solid of one material: its compliance goes with 1/E."""
        part = self.model.parts[name]
        material = part.condenser.solid.material
        if not isinstance(material, Elastic):
            return None
        x, y = np.zeros(self.model.size), np.zeros(self.model.size)
        x[: self.pixels], x[self.model.bolts] = force, bolts * self.model.shares
        y[: self.pixels] = lagrange
        c = part.element.compliance[np.ix_(part.own, part.own)]
        moved = c @ x[part.at] + self._own(name)
        return float(y[part.at] @ moved) / material.E

    def _own(self, name: str) -> Array:
        """Displacements [mm] of a solid at its links under its own loads that are forces: they go with 1/E too."""
        part = self.model.parts[name]
        strains = {"warming", *(f"swell:{name}.{layer}" for layer in part.condenser.solid.swelling)}
        parts = [
            self.amounts.get(cause, 0.0) * free[part.own]
            for cause, free in part.element.free.items()
            if cause not in strains
        ]
        return np.asarray(sum(parts, np.zeros(len(part.own))))

    def _system(self, on: NDArray[np.int64]) -> tuple[Array, float]:
        r = self.modes.shape[1]
        modes = self.modes[on]
        shift = float(np.trace(self.compliance)) / max(float((self.modes**2).sum()), 1e-300)
        out = np.zeros((len(on) + r, len(on) + r))
        out[: len(on), : len(on)] = self.compliance[np.ix_(on, on)] + shift * modes @ modes.T
        out[: len(on), len(on) :], out[len(on) :, : len(on)] = shift**0.5 * modes, shift**0.5 * modes.T
        return out, shift

    def _solve(self, on: NDArray[np.int64], rhs: Array) -> Array:
        """Solution of [C R; R^T 0] on the pressed pixels, for rhs (., 0): forces and rigid motions."""
        matrix, shift = self._system(on)
        found = scipy.linalg.solve(matrix, rhs, assume_a="sym")
        found[len(on) :] *= shift**0.5
        return np.asarray(found)

    def _inverse(self, on: NDArray[np.int64]) -> Array:
        """First rows (forces) of the inverse of [C R; R^T 0] on the pressed pixels."""
        matrix, shift = self._system(on)
        inverse = np.linalg.inv(matrix)
        r = self.modes.shape[1]
        out: Array = np.array(inverse[: len(on)], dtype=np.float64)
        # the shift by s R R^T moves only the columns of the resultant
        out[:, len(on) :] = shift**0.5 * inverse[: len(on), len(on) : len(on) + r]
        return out


def _seen(modes: Array) -> Array:
    """Combinations (r, s) of rigid motions that the pixels feel, independent of each other."""
    _, s, vt = np.linalg.svd(np.linalg.qr(modes, mode="r"))
    seen = s > 1e-9 * max(float(s.max(initial=0.0)), 1e-300)
    return np.asarray(vt[seen].T, dtype=np.float64)
