"""Plates that rest on four points: deflection and moments by Ritz's method in Legendre polynomials.

Units: lengths are halves of the distance between the supports, load 1, rigidity 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.polynomial.legendre import Legendre, leggauss
from numpy.typing import NDArray

Array = NDArray[np.float64]

TERMS = 12
"""Even polynomials along each axis: the deflection is then exact to about six digits."""


@dataclass(frozen=True)
class FourPoints:
    """Coefficients of a square plate on four points, the corners of a square of side L.

    deflection: w = deflection q L^4 / D in the middle; centre, edge: M = coefficient q L^2 [N] per width in the
    middle and at the middle of an edge of that square, across the span.
    """

    deflection: float
    centre: float
    edge: float


@lru_cache(maxsize=4096)
def four_points(nu: float, rim: float = 0.0, patch: float = 1.0) -> FourPoints:
    """Coefficients for Poisson's ratio nu; `rim` beyond the supports and side of the loaded `patch`, both over L.

    Least energy of Kirchhoff's plate, 1/2 int (w_xx + w_yy)^2 - 2 (1 - nu) (w_xx w_yy - w_xy^2) - q w, with w = 0 at
    the supports; the load q lies on a square in the middle. Known: 0.02551 for nu 0.3 (Wang, Wang and Reddy 2002;
    from secondary sources).
    """
    half = 1.0 + 2.0 * rim
    base = [Legendre.basis(2 * k, domain=[-half, half]) for k in range(TERMS)]
    x, weight = leggauss(2 * TERMS + 2)
    rows = [_at(base, half * x, order) for order in range(3)]
    mass, slope, curved, mixed = (
        np.einsum("ik,jk,k->ij", rows[a], rows[b], half * weight) for a, b in ((0, 0), (1, 1), (2, 2), (0, 2))
    )
    stiff = (
        np.kron(curved, mass)
        + np.kron(mass, curved)
        + nu * (np.kron(mixed, mixed.T) + np.kron(mixed.T, mixed))
    )
    stiff += 2 * (1 - nu) * np.kron(slope, slope)
    loaded = _at(base, patch * x, 0) @ (patch * weight)
    support = _at(base, np.ones(1), 0)[:, 0]
    held = np.kron(support, support)
    n = len(held)
    system = np.zeros((n + 1, n + 1))
    system[:n, :n], system[n, :n], system[:n, n] = stiff, held, held
    w = np.linalg.solve(system, np.append(np.kron(loaded, loaded), 0.0))[:n].reshape(TERMS, TERMS)
    (middle, bent), (side, side_bent) = (
        [_at(base, np.full(1, at), k)[:, 0] for k in (0, 2)] for at in (0.0, 1.0)
    )
    centre = -(1 + nu) * float(bent @ w @ middle)
    edge = -float(bent @ w @ side + nu * middle @ w @ side_bent)
    return FourPoints(float(middle @ w @ middle) / 16, centre / 4, edge / 4)


def _at(base: list[Legendre], x: Array, order: int) -> Array:
    """Derivatives of the polynomials (rows) at x."""
    return np.array([(p.deriv(order) if order else p)(x) for p in base])
