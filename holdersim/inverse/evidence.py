"""What a paper says on the squares of a holder: a pressure with its scatter, less than, more than, or nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ..paper import Flag
from ..paper.matching import Match

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Evidence:
    """Squares (q,): pressure [MPa] where flag is READ, scatter [MPa] from square to square, bounds [MPa] elsewhere.

    low, high: bounds (q,) [MPa]. scale: standard deviation of ln of the factor that all squares share (calibration,
    scanner, zone).
    """

    pressure: Array
    flag: NDArray[np.uint8]
    scatter: Array
    low: Array
    high: Array
    scale: float

    def cost(self, p: Array) -> float:
        """Minus the logarithm of the likelihood of pressures (q,) [MPa], up to a constant."""
        return float(self._terms(p)[0].sum())

    def slopes(self, p: Array) -> tuple[Array, Array]:
        """Derivative of the cost by each pressure, and its positive second derivative."""
        return self._terms(p)[1:]

    def _terms(self, p: Array) -> tuple[Array, Array, Array]:
        """Read: (p - read)^2 / (2 s^2); beyond an end: minus ln of the probability to be there."""
        read, below = self.flag == Flag.READ, self.flag == Flag.BELOW
        off = (p - self.pressure) / self.scatter
        room = np.where(below, self.low - p, p - self.high) / self.scatter
        mills = np.exp(-0.5 * room**2 - special.log_ndtr(room)) / np.sqrt(2 * np.pi)
        sign = np.where(below, 1.0, -1.0)
        known = self.flag < Flag.MASKED
        cost = np.where(read, 0.5 * off**2, -special.log_ndtr(room))
        first = np.where(read, off, sign * mills) / self.scatter
        second = np.where(read, 1.0, np.clip(mills * (mills + room), 1e-12, 1.0)) / self.scatter**2
        return np.where(known, cost, 0.0), np.where(known, first, 0.0), np.where(known, second, 0.0)

    def misfit(self, p: Array) -> float:
        """Mean square of (p - read) / scatter over the squares read; 1 where all is as doubtful as said."""
        read = self.flag == Flag.READ
        return float((((p - self.pressure) / self.scatter)[read] ** 2).mean()) if read.any() else float("nan")


def evidence(
    pressure: Array, flag: NDArray[np.uint8], share: Array, low: Array, high: Array, scale: float
) -> Evidence:
    """Evidence of squares; share: scatter of a square over its pressure."""
    at = np.where(flag == Flag.READ, np.nan_to_num(pressure), np.where(flag == Flag.ABOVE, high, low))
    return Evidence(at, flag, np.maximum(share * at, 1e-6), low, high, scale)


def evidence_of(m: Match, patchy: float, corrected: bool) -> Evidence:
    """Evidence of a match, flat; patchy: scatter of a square that neither film nor model explains, as a share.

    corrected: the map of the match is near the paper, so that what paper and squares do to it (spread, threshold inside
    a square, edge) is known from its virtual paper and taken off; half of that counts as scatter.
    """
    if m.paper.curve is None or m.virtual is None:
        raise ValueError("a paper without a calibration has no pressures")
    density = np.clip(np.nan_to_num(m.paper.density), m.paper.curve.pale, m.paper.curve.dark)
    shared = m.paper.curve.doubt(density)
    own = np.sqrt(np.maximum(m.band**2 - shared**2, 0.0)) / 1.96
    known = m.paper.flag == Flag.READ
    scale = float((shared[known] if known.any() else shared).mean()) / 1.96
    shift = np.zeros(m.computed.shape)
    low, high = np.full(shift.shape, m.paper.low), np.full(shift.shape, m.paper.high)
    pressure = m.paper.pressure
    if corrected:
        p, v = np.maximum(m.computed, 1e-3), m.virtual
        told = known & (v.flag == Flag.READ)
        shift[told] = np.clip(np.log(p[told] / v.pressure[told]), -1.0, 1.0)
        pressure = pressure * np.exp(shift)
        shift[known & ~told] = 1.0  # not comparable yet: hardly counts, and nothing is taken off
        low = np.where(v.flag == Flag.BELOW, np.maximum(low, p), low)
        high = np.where(v.flag == Flag.ABOVE, np.minimum(high, p), high)
    share = np.sqrt(own**2 + patchy**2 + (0.5 * shift) ** 2)
    return evidence(pressure.ravel(), m.paper.flag.ravel(), share.ravel(), low.ravel(), high.ravel(), scale)
