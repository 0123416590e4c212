"""Many contact problems with one compliance: gaps and loads differ, the pressed sets are near a common one.

The problem is written about a base set by a principal pivot transform (Tucker 1960; assumed, not looked up): pixels of
the base give their force, the others their gap, both linear in what has changed sides. A sample then costs a system of
the size of its difference from the base instead of one of all pressed pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..contact import ContactProblem, active_set

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

CLOSED = 1e-13
"""A gap above minus this share of the largest one counts as not penetrating."""


class Pivot:
    """Solver of gap = q + C f + R alpha >= 0, f >= 0, R^T f + load = 0 for many q and load.

    compliance (n, n) [mm/N]; modes (n, r); base (n,): pixels pressed in a typical sample.
    """

    def __init__(self, compliance: Array, modes: Array, base: Mask):
        n, r = modes.shape
        self.compliance, self.modes, self.base = compliance, modes, base
        self.shift = float(np.trace(compliance)) / max(float((modes**2).sum()), 1e-300)
        border = self.shift**0.5
        full = np.zeros((n + r, n + r))
        full[:n, :n] = compliance + self.shift * modes @ modes.T
        full[:n, n:], full[n:, :n] = border * modes, border * modes.T
        on, off = np.concatenate([np.flatnonzero(base), np.arange(n, n + r)]), np.flatnonzero(~base)
        inverse = np.linalg.inv(full[np.ix_(on, on)])
        across = full[np.ix_(off, on)] @ inverse
        self.turned = np.zeros((n + r, n + r))
        self.turned[np.ix_(on, on)], self.turned[np.ix_(off, on)] = inverse, across
        self.turned[np.ix_(on, off)] = -across.T
        self.turned[np.ix_(off, off)] = full[np.ix_(off, off)] - across @ full[np.ix_(on, off)]
        self._on, self._off, self._border = on, off, border
        self._columns = np.ascontiguousarray(self.turned.T)

    def solve(self, gaps: Array, loads: Array, limit: int = 60) -> Array:
        """Pixel forces (samples, n) [N] for initial gaps (samples, n) [mm] and resultants (samples, r)."""
        given = np.hstack([gaps, self._border * loads])
        start = given.copy()
        start[:, self._on] = -given[:, self._on] @ self.turned[np.ix_(self._on, self._on)].T
        start[:, self._off] -= given[:, self._on] @ self.turned[np.ix_(self._off, self._on)].T
        forces = np.empty(gaps.shape)
        changed = np.zeros(gaps.shape[1], dtype=bool)
        for k, row in enumerate(start):
            found = self._one(row, changed, limit)
            if found is None:
                problem = ContactProblem(
                    self.compliance, gaps[k], np.zeros(0), self.modes, loads[k], "sample"
                )
                forces[k] = active_set(problem, self.base).force
            else:
                forces[k] = found
        return forces

    def _one(self, start: Array, changed: Mask, limit: int) -> Array | None:
        """Forces (n,) of one sample; None when the pressed set cycles."""
        n, seen = len(self.base), set[bytes]()
        for _ in range(limit):
            e = np.flatnonzero(changed)
            moved = np.linalg.solve(self.turned[np.ix_(e, e)], -start[e]) if len(e) else np.zeros(0)
            value = (start + moved @ self._columns[e])[:n]
            value[e] = moved
            # value: force where base and unchanged or neither, else gap
            force = self.base != changed
            size = float(np.abs(value[~force]).max(initial=0.0))
            wrong = np.where(force, value <= 0.0, value < -CLOSED * size)
            if not wrong.any():
                return np.asarray(np.where(force, value, 0.0))
            changed = changed ^ wrong
            key = np.packbits(changed).tobytes()
            if key in seen:
                return None
            seen.add(key)
        return None
