"""The most probable holder, and how well a paper tells it.

    minimise  z^2 / 2 - ln L(p(z)),   p = scale (S f + s),   f: contact forces for gaps g + G z and bolt forces t(z)

by Gauss-Newton with exact derivatives of the contact forces; the covariance is the inverse of J^T W J + 1 there
(Laplace), wider where the misfit is more than the scatter explains.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from ..study.reading import Reading
from ..study.response import Pressed, Response
from .evidence import Evidence
from .unknowns import Unknowns

Array = NDArray[np.float64]
STARTS = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Dishes [standard deviations] of which the likeliest is the start."""
SETTLED, LONGEST = 0.01, 40
"""Predicted fall of the cost at which Gauss-Newton ends, and its most steps."""


@dataclass(frozen=True)
class Posterior:
    """Most probable z (size,), its covariance before widening, pressures (q,) [MPa] there, cost, misfit, steps."""

    unknowns: Unknowns
    z: Array
    bare: Array
    pressure: Array
    pressed: Pressed
    cost: float
    misfit: float
    steps: int
    settled: bool

    @property
    def covariance(self) -> Array:
        """Covariance (size, size) of z, widened where the misfit is above 1."""
        extra = max(self.misfit, 1.0) if np.isfinite(self.misfit) else 1.0
        prior_free = self.bare * extra
        top = np.maximum(np.sqrt(np.diag(prior_free)), 1.0)  # the paper cannot make the prior wider
        return np.asarray(prior_free / np.outer(top, top))

    @property
    def deviation(self) -> Array:
        """Standard deviation of z; 1 where the paper tells nothing."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    @property
    def told(self) -> Array:
        """Share of the variance of each unknown that the paper takes away: 0 nothing, 1 all."""
        return np.asarray(1 - self.deviation**2)

    @property
    def correlation(self) -> Array:
        """Correlation of the unknowns after the paper."""
        s = self.deviation
        return np.asarray(self.covariance / np.outer(s, s))

    def band(self, width: float = 1.96) -> tuple[Array, Array]:
        """Ends of the 95 % band of the values, in their units."""
        return (
            self.unknowns.values(self.z - width * self.deviation),
            self.unknowns.values(self.z + width * self.deviation),
        )


class Seeker:
    """Searches the most probable holder of a response as seen by a reading.

    steep: matrices (q, q) [1/mm] that give the slope of a map along x and y; without them the paper's place is certain.
    """

    def __init__(
        self, response: Response, read: Reading, unknowns: Unknowns, steep: tuple[Array, Array] | None = None
    ):
        self.response, self.read, self.unknowns = response, read, unknowns
        q = len(read.weights)
        self.steep = steep or (np.zeros((q, q)), np.zeros((q, q)))
        self._starts: list[tuple[Array, Pressed]] = []

    def pressures(self, z: Array, guess: NDArray[np.bool_] | None = None) -> tuple[Array, Pressed]:
        """Pressures (q,) [MPa] that the paper would read, and the solution."""
        u = self.unknowns
        found = self.response.press(self.response.gap + u.gap(z), u.forces(z), guess)
        return u.scale(z) * (self._moved(z) @ self.read.samples(found.force)), found

    def _moved(self, z: Array) -> Array:
        """Matrix (q, q) that shifts a map by where the paper lay: 1 + x d/dx + y d/dy."""
        x, y = self.unknowns.shift(z)
        return np.asarray(np.eye(len(self.read.weights)) + x * self.steep[0] + y * self.steep[1])

    def slopes(self, z: Array, p: Array, pressed: Pressed) -> Array:
        """Derivative (q, size) of the pressures by z."""
        u = self.unknowns
        linear = self.response.linear(pressed.active)
        n = self.response.pixels
        by_gap = linear[:, :n] @ (u.shapes * u.spread[: u.gaps])
        by_bolts = linear[:, n:] * (u.forces(z) * u.spread[u.pulls])
        forces = self._moved(z) @ (self.read.matrix @ np.hstack([by_gap, by_bolts]))
        plain = self.read.samples(pressed.force)
        shifts = np.column_stack([g @ plain for g in self.steep]) * u.spread[-3:-1]
        return np.column_stack([u.scale(z) * np.hstack([forces, shifts]), p * u.spread[-1]])

    def find(self, evidence: Evidence, start: Array | None = None) -> Posterior:
        """The posterior of some evidence; start: a z that is near, else the likeliest of some dishes."""
        z, pressed = self._likeliest(evidence) if start is None else (start, self.pressures(start)[1])
        p, pressed = self.pressures(z, pressed.active)
        cost = evidence.cost(p) + 0.5 * float(z @ z)
        settled, damping, steps = False, 0.0, 0
        while steps < LONGEST:
            steps += 1
            j = self.slopes(z, p, pressed)
            first, second = evidence.slopes(p)
            gradient, hessian = j.T @ first + z, (j.T * second) @ j + np.eye(len(z))
            move = -linalg.solve(hessian + damping * np.diag(np.diag(hessian)), gradient, assume_a="pos")
            if -0.5 * float(gradient @ move) < SETTLED and damping < 1.0:
                settled = True
                break
            trial, found = self.pressures(z + move, pressed.active)
            better = evidence.cost(trial) + 0.5 * float((z + move) @ (z + move))
            if better < cost:
                z, p, pressed, cost = z + move, trial, found, better
                damping = damping / 5 if damping > 1e-3 else 0.0
            else:
                damping = max(4 * damping, 0.05)
        j, (_, second) = self.slopes(z, p, pressed), evidence.slopes(p)
        covariance = linalg.inv((j.T * second) @ j + np.eye(len(z)))
        return Posterior(self.unknowns, z, covariance, p, pressed, cost, evidence.misfit(p), steps, settled)

    @property
    def starts(self) -> list[tuple[Array, Pressed]]:
        """Dishes, all else nominal, and their solutions."""
        names = self.unknowns.names
        if not self._starts:
            for s in STARTS:
                z: Array = np.zeros(self.unknowns.size)
                z[names.index("dish")] = s
                self._starts.append((z, self.pressures(z)[1]))
        return self._starts

    def _likeliest(self, evidence: Evidence) -> tuple[Array, Pressed]:
        """The likeliest of the starts."""
        costs = [
            evidence.cost(self.read.samples(found.force)) + 0.5 * float(z @ z) for z, found in self.starts
        ]
        z, found = self.starts[int(np.argmin(costs))]
        return z.copy(), found
