"""What a paper says on the squares of a holder: a density with its scatter, paler or darker than told, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ..paper import Flag
from ..paper.cells import noise
from ..paper.matching import Match

Array = NDArray[np.float64]

JITTER = 0.03
"""How well the squares of a scan and those of the map are known to lie on each other [mm] (assumed)."""
CODES = 0.004
"""Scatter of a density that codes and compression leave, however large the square (assumed; seen with JPEG 85)."""


@dataclass(frozen=True)
class Evidence:
    """Squares (q,): density where flag is READ, scatter from square to square, palest and darkest that can be told.

    scale: standard deviation of ln of the factor that all pressures share (calibration, scanner, zone).
    """

    density: Array
    flag: NDArray[np.uint8]
    scatter: Array
    pale: float
    dark: float
    scale: float

    def cost(self, d: Array) -> float:
        """Minus the logarithm of the likelihood of densities (q,), up to a constant."""
        return float(self._terms(d)[0].sum())

    def slopes(self, d: Array) -> tuple[Array, Array]:
        """Derivative of the cost by each density, and its positive second derivative."""
        return self._terms(d)[1:]

    def _terms(self, d: Array) -> tuple[Array, Array, Array]:
        """Read: (d - read)^2 / (2 s^2); beyond an end: minus ln of the probability to be there."""
        read, below = self.flag == Flag.READ, self.flag == Flag.BELOW
        off = (d - self.density) / self.scatter
        room = np.where(below, self.pale - d, d - self.dark) / self.scatter
        mills = np.exp(-0.5 * room**2 - special.log_ndtr(room)) / np.sqrt(2 * np.pi)
        sign = np.where(below, 1.0, -1.0)
        known = self.flag < Flag.MASKED
        cost = np.where(read, 0.5 * off**2, -special.log_ndtr(room))
        first = np.where(read, off, sign * mills) / self.scatter
        second = np.where(read, 1.0, np.clip(mills * (mills + room), 1e-12, 1.0)) / self.scatter**2
        return np.where(known, cost, 0.0), np.where(known, first, 0.0), np.where(known, second, 0.0)

    def misfit(self, d: Array) -> float:
        """Mean square of (d - read) / scatter over the squares read; 1 where all is as doubtful as said."""
        read = self.flag == Flag.READ
        return float((((d - self.density) / self.scatter)[read] ** 2).mean()) if read.any() else float("nan")

    def blurred(self, extra: float) -> Evidence:
        """The same with a further scatter of each density, for a start from afar."""
        return replace(self, scatter=np.hypot(self.scatter, extra))


def evidence_of(m: Match) -> Evidence:
    """Evidence of a match, flat. The computed map of the match plays no part in it."""
    curve, seen = m.paper.curve, m.seen
    if curve is None:
        raise ValueError("a paper without a calibration has no pressures")
    density = np.nan_to_num(m.paper.density)
    levels, spread = noise(np.nan_to_num(seen.density), seen.flag < Flag.MASKED)
    grain = np.interp(density, levels, spread) * seen.side / m.paper.side
    steep = np.hypot(*np.gradient(np.pad(density, 1), m.paper.side))[1:-1, 1:-1]  # white paper around
    scatter = np.sqrt(grain**2 + (JITTER * steep) ** 2 + CODES**2)
    known = m.paper.flag == Flag.READ
    shared = curve.doubt(np.clip(density, curve.pale, curve.dark))
    scale = float((shared[known] if known.any() else shared).mean()) / 1.96
    return Evidence(density.ravel(), m.paper.flag.ravel(), scatter.ravel(), curve.pale, curve.dark, scale)
