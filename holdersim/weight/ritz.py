"""Plates that rest on bolts along two edges: deflection and moments by Ritz's method in Legendre polynomials.

Units: lengths are halves of the distance between the two lines of bolts, load 1, rigidity 1.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial.legendre import Legendre, leggauss
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

TERMS = 12
"""Even polynomials across the span, and along it for one bay; the deflection is then exact to about six digits."""
MORE = 5
"""Further polynomials along the plate for each further bay."""
PLACES = 9
"""Digits to which shapes count as the same."""


class OnBolts(NamedTuple):
    """Coefficients of a plate on bolts, L the distance between the two lines of them.

    deflection: greatest w = deflection q L^4 / D under the load; moment: greatest M = moment q L^2 [N] per width, away
    from the bolts themselves (to about 2 % with more than four); centre: that in the middle, across the span.
    """

    deflection: float
    moment: float
    centre: float


class _Axis(NamedTuple):
    """Polynomials along one axis: products of their derivatives 00, 11, 22, 02 integrated, and the load."""

    base: tuple[Legendre, ...]
    mass: Array
    slope: Array
    curved: Array
    mixed: Array
    load: Array

    def at(self, x: Array, order: int = 0) -> Array:
        """Derivatives of the polynomials (columns) at x (rows)."""
        return _at(self.base, x, order)


def _at(base: tuple[Legendre, ...], x: Array, order: int = 0) -> Array:
    return np.array([(p.deriv(order) if order else p)(x) for p in base]).T


@lru_cache(maxsize=512)
def _axis(half: float, loaded: float, terms: int) -> _Axis:
    base = tuple(Legendre.basis(2 * k, domain=[-half, half]) for k in range(terms))
    x, weight = leggauss(2 * terms + 2)
    rows = [_at(base, half * x, order) for order in range(3)]
    products = [
        np.einsum("ki,kj,k->ij", rows[i], rows[j], half * weight) for i, j in ((0, 0), (1, 1), (2, 2), (0, 2))
    ]
    mass, slope, curved, mixed = products
    return _Axis(base, mass, slope, curved, mixed, (loaded * weight) @ _at(base, loaded * x))


def on_bolts(
    nu: float, aspect: float = 1.0, bays: int = 1, rim: float = 0.0, patch: tuple[float, float] | None = None
) -> OnBolts:
    """Coefficients for Poisson's ratio nu: `bays` + 1 bolts stand evenly on each of two lines of length aspect * L.

    rim: plate beyond the bolts, over L; patch: sides of the loaded rectangle over L, along and across the lines, by
    default all between the bolts. Least energy of Kirchhoff's plate, 1/2 int (w_xx + w_yy)^2 - 2 (1 - nu) (w_xx w_yy -
    w_xy^2) - q w, with w = 0 at the bolts. Known: 0.02551 for a square on its corners, nu 0.3 (Wang, Wang and Reddy
    2002, from secondary sources).
    """
    along, across = patch or (aspect, 1.0)
    return _on_bolts(nu, *(round(v, PLACES) for v in (aspect, rim, along, across)), bays)


@lru_cache(maxsize=4096)
def _on_bolts(
    nu: float, aspect: float, rim: float, along: float, across: float, bays: int, terms: int = TERMS
) -> OnBolts:
    x = _axis(aspect + 2 * rim, along, terms + MORE * (bays - 1))
    y = _axis(1 + 2 * rim, across, terms)
    places = np.unique(np.round(np.abs(np.linspace(-aspect, aspect, bays + 1)), PLACES))
    w = _least_energy(nu, x, y, places)
    middles = np.abs(np.linspace(-aspect, aspect, 2 * bays + 1)[1::2])
    lines = np.concatenate([places, middles, np.linspace(0, along, 10 * bays)])
    one, middle = np.ones(1), np.zeros(1)

    def bent(xs: Array, ys: Array) -> tuple[Array, Array]:
        w_xx, w_yy = x.at(xs, 2) @ w @ y.at(ys).T, x.at(xs) @ w @ y.at(ys, 2).T
        return -(w_xx + nu * w_yy), -(w_yy + nu * w_xx)

    beside = np.linspace(0, across, 6)
    deflection = x.at(np.minimum(lines, along)) @ w @ y.at(beside).T
    moment = max(float(np.abs(m).max()) for m in (*bent(lines, middle), bent(middles, one)[0]))
    return OnBolts(float(deflection.max()) / 16, moment / 4, float(bent(middle, middle)[1][0, 0]) / 4)


def _least_energy(nu: float, x: _Axis, y: _Axis, places: Array) -> Array:
    """Coefficients (x, y) of the deflection, held at the places (x, 1)."""
    stiff = np.kron(x.curved, y.mass) + np.kron(x.mass, y.curved) + 2 * (1 - nu) * np.kron(x.slope, y.slope)
    stiff += nu * (np.kron(x.mixed, y.mixed.T) + np.kron(x.mixed.T, y.mixed))
    held = np.array([np.kron(row, y.at(np.ones(1))[0]) for row in x.at(places)])
    n, m = len(stiff), len(held)
    system = np.block([[stiff, held.T], [held, np.zeros((m, m))]])
    load = np.concatenate([np.kron(x.load, y.load), np.zeros(m)])
    return np.linalg.solve(system, load)[:n].reshape(len(x.base), len(y.base))
