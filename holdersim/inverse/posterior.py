"""The most probable holder, and how well a paper tells it.

    minimise  z^2 / 2 - ln L(d(z)),   d: densities of the paper under the contact forces for gaps g + G z, bolts t(z)

by Gauss-Newton with exact derivatives of the contact forces; the covariance is the inverse of J^T W J + 1 there
(Laplace), wider where the misfit is more than the scatter explains.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from ..errors import NotConvergedError, PhysicsRefused
from ..study.reading import Reading
from ..study.response import Pressed, Response
from .evidence import Evidence
from .seeing import View
from .unknowns import Unknowns

Array = NDArray[np.float64]
STARTS = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Dishes [standard deviations] of which the likeliest is the start."""
SETTLED, ROUGHLY, LONGEST = 0.01, 1.0, 40
"""Fall of the cost at which Gauss-Newton ends, the same for a start, and its most steps."""
APPROACH = (0.3, 0.1, 0.03, 0.0)
"""Scatter of a density added in one search after the other: contact that comes and goes makes small valleys."""
LEAP = 1.0
"""Largest step of an unknown at once [standard deviations]: far beyond, plates tip."""
STEP = 1e-4
"""Step [standard deviations] of the differences by which the film's part of a slope is taken."""


@dataclass(frozen=True)
class Posterior:
    """Most probable z (size,), its covariance before widening, densities (q,) there, cost, misfit, steps.

    rest: what the view seeks beside.
    """

    unknowns: Unknowns
    z: Array
    bare: Array
    density: Array
    pressed: Pressed
    cost: float
    misfit: float
    steps: int
    settled: bool
    rest: Array

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
    """Searches the most probable holder of a response as a view of it shows.

    Beside the unknowns it seeks the rest of the view, which is not told: z (size + rest,).
    """

    def __init__(self, response: Response, read: Reading, unknowns: Unknowns, view: View):
        self.response, self.read, self.unknowns, self.view = response, read, unknowns, view
        self._starts: list[tuple[Array, Pressed]] = []

    def densities(self, z: Array, guess: NDArray[np.bool_] | None = None) -> tuple[Array, Pressed]:
        """Densities (q,) that the paper shows, and the solution."""
        own = z[: self.unknowns.size]
        gap, forces = self.response.gap + self.unknowns.gap(own), self.unknowns.forces(own)
        found = self.response.press(gap, forces, guess)
        return self._shown(self.read.maps(found.force), z), found

    def _shown(self, pressure: Array, z: Array) -> Array:
        u, own = self.unknowns, z[: self.unknowns.size]
        return self.view.shown(pressure, u.scale(own), u.place(own), z[u.size :])

    def slopes(self, z: Array, d: Array, pressed: Pressed) -> Array:
        """Derivative (q, size + rest) of the densities d by z.

        Of the contact forces it is exact; what the film makes of a change of a map is a difference.
        """
        u, own = self.unknowns, z[: self.unknowns.size]
        linear = self.response.linear(pressed.active)
        n, shape = self.response.pixels, self.read.shape
        by_gap = linear[:, :n] @ (u.shapes * u.spread[: u.gaps])
        by_bolts = linear[:, n:] * (u.forces(own) * u.spread[u.pulls])
        maps = (self.read.full @ np.hstack([by_gap, by_bolts])).T
        here = self.read.maps(pressed.force)
        columns = [(self._shown(here + STEP * m.reshape(shape), z) - d) / STEP for m in maps]
        for k in range(len(maps), u.size):
            step = STEP * (np.arange(len(z)) == k)
            columns.append((self._shown(here, z + step) - d) / STEP)
        rest = self.view.by_rest(d, columns[-1] / u.spread[-1])
        return np.hstack([np.column_stack(columns), rest])

    def find(self, evidence: Evidence, start: Array | None = None) -> Posterior:
        """The posterior of some evidence; start: a z that is near, else the likeliest of some dishes."""
        z = self._likeliest(evidence.blurred(APPROACH[0])) if start is None else start
        for extra in APPROACH:
            rough, enough = evidence.blurred(extra), ROUGHLY if extra else SETTLED
            z, d, pressed, cost, steps, settled = self._descend(rough, z, enough)
        j, (_, second) = self.slopes(z, d, pressed), evidence.slopes(d)
        covariance = linalg.inv((j.T * second) @ j + np.eye(len(z)))
        m = self.unknowns.size
        return Posterior(
            self.unknowns,
            z[:m],
            covariance[:m, :m],
            d,
            pressed,
            cost,
            evidence.misfit(d),
            steps,
            settled,
            z[m:],
        )

    def _descend(
        self, evidence: Evidence, z: Array, enough: float
    ) -> tuple[Array, Array, Pressed, float, int, bool]:
        """Gauss-Newton from z: z, densities, solution, cost, steps, whether it settled."""
        d, pressed = self.densities(z)
        cost = evidence.cost(d) + 0.5 * float(z @ z)
        damping, steps = 0.0, 0
        while steps < LONGEST:
            steps += 1
            j = self.slopes(z, d, pressed)
            first, second = evidence.slopes(d)
            gradient, hessian = j.T @ first + z, (j.T * second) @ j + np.eye(len(z))
            for _ in range(12):
                move = -linalg.solve(hessian + damping * np.diag(np.diag(hessian)), gradient, assume_a="pos")
                gain = -0.5 * float(gradient @ move)
                move *= min(1.0, LEAP / max(float(np.abs(move[: self.unknowns.size]).max()), 1e-9))
                trial, found, better = self._tried(evidence, z + move, pressed)
                if better < cost or gain < enough:
                    break
                damping = max(4 * damping, 0.03)
            fell = cost - better
            if fell > 0:
                z, d, pressed, cost = z + move, trial, found, better
                damping = damping / 5 if damping > 1e-3 else 0.0
            if fell < enough:
                return z, d, pressed, cost, steps, gain < 10 * enough
        return z, d, pressed, cost, steps, False

    def _tried(self, evidence: Evidence, z: Array, near: Pressed) -> tuple[Array, Pressed, float]:
        """Densities, solution and cost at z; an infinite cost where the plates would tip or nothing is found."""
        try:
            d, found = self.densities(z, near.active)
        except (NotConvergedError, PhysicsRefused):
            return np.zeros(0), near, np.inf
        return d, found, evidence.cost(d) + 0.5 * float(z @ z)

    @property
    def starts(self) -> list[tuple[Array, Pressed]]:
        """Dishes, all else nominal, and their solutions."""
        if not self._starts:
            for s in STARTS:
                z: Array = np.zeros(self.unknowns.size + self.view.rest)
                z[self.unknowns.names.index("dish")] = s
                self._starts.append((z, self.densities(z)[1]))
        return self._starts

    def _likeliest(self, evidence: Evidence) -> Array:
        """The likeliest of the starts."""
        shown = [(z, self._shown(self.read.maps(found.force), z)) for z, found in self.starts]
        costs = [evidence.cost(d) + 0.5 * float(z @ z) for z, d in shown]
        return self.starts[int(np.argmin(costs))][0].copy()
