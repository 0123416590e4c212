"""Bending of a plate held at its bolts, under an even pressure on part of it: an estimate without a mesh.

Ritz method with Mindlin's plate: deflection w and rotations r are products of Legendre polynomials of x and y,
    U = 1/2 integral D [(r_x,x)^2 + (r_y,y)^2 + 2 nu r_x,x r_y,y + (1 - nu)/2 (r_x,y + r_y,x)^2]
      + 5/6 G t |grad w - r|^2 dA
least while w vanishes in the mean of every washer (the formulation is common knowledge; no source was looked up).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.polynomial import legendre

from .assembly import Array, Rect
from .materials.elastic import Elastic

DEGREE = 10
"""Of the polynomials along each side."""


def flexing(
    outline: Rect,
    thickness: float,
    material: Elastic,
    supports: Sequence[tuple[float, float]],
    washer: float,
    pressed: Rect,
) -> tuple[float, float]:
    """Mean deflection of `pressed` and that of its middle [mm/N] under an even pressure on it, seats held.

    supports: places of the bolts; washer: side [mm] of the square over which each holds. Bolt holes are left out.
    """
    stiffness = _stiffness(outline, thickness, material)
    n = (DEGREE + 1) ** 2
    held = np.stack([_mean(outline, Rect.centred(washer, washer, x, y).clip(outline)) for x, y in supports])
    load, middle = _mean(outline, pressed), _mean(outline, _point(pressed))
    size = float(np.abs(stiffness).max())
    border = np.zeros((len(held), len(stiffness)))
    border[:, :n] = held * size
    system = np.block([[stiffness, border.T], [border, np.zeros((len(held), len(held)))]])
    right = np.zeros(len(system))
    right[:n] = load
    w = np.linalg.lstsq(system, right, rcond=1e-14)[0][:n]
    return float(load @ w), float(middle @ w)


def _point(r: Rect) -> Rect:
    x, y = (r.x0 + r.x1) / 2, (r.y0 + r.y1) / 2
    return Rect(x, x, y, y)


def _local(low: float, high: float, v: Array) -> Array:
    return np.asarray((2 * v - low - high) / (high - low))


def _averages(low: float, high: float, a: float, b: float) -> Array:
    """Mean of every polynomial between a and b, or its value where they are the same."""
    gauss, weight = legendre.leggauss(DEGREE)
    at = _local(low, high, (a + b) / 2 + (b - a) / 2 * gauss)
    return np.asarray(weight / 2 @ legendre.legvander(at, DEGREE))


def _mean(outline: Rect, r: Rect) -> Array:
    """Mean of every product of polynomials over a rectangle."""
    x = _averages(outline.x0, outline.x1, r.x0, r.x1)
    return np.asarray(np.outer(_averages(outline.y0, outline.y1, r.y0, r.y1), x).ravel(), dtype=np.float64)


def _products(half: float) -> tuple[Array, Array, Array]:
    """Integrals of P P, P P' and P' P' over a side of length 2 half [mm], (n, n) each."""
    gauss, weight = legendre.leggauss(DEGREE + 1)
    value = legendre.legvander(gauss, DEGREE)
    slope = np.stack([legendre.legval(gauss, legendre.legder(row)) for row in np.eye(DEGREE + 1)], axis=1)
    mass = np.einsum("q,qi,qj->ij", weight, value, value) * half
    mixed = np.einsum("q,qi,qj->ij", weight, value, slope)
    return mass, mixed, np.einsum("q,qi,qj->ij", weight, slope, slope) / half


def _stiffness(outline: Rect, t: float, m: Elastic) -> Array:
    """Stiffness of the coefficients of w, r_x, r_y."""
    (mx, ex, dx), (my, ey, dy) = (
        _products(s / 2) for s in (outline.x1 - outline.x0, outline.y1 - outline.y0)
    )
    mass, xx, yy = np.kron(my, mx), np.kron(my, dx), np.kron(dy, mx)
    to_x, to_y = np.kron(my, ex), np.kron(ey, mx)  # P times slope of P along x, y
    cross = np.kron(ey, ex.T)  # slope along x of the row times slope along y of the column
    bend, shear = m.E * t**3 / (12 * (1 - m.nu**2)), 5 / 6 * m.mu * t
    twist = (1 - m.nu) / 2
    k_ww = shear * (xx + yy)
    k_wx, k_wy = -shear * to_x.T, -shear * to_y.T
    k_xx = bend * (xx + twist * yy) + shear * mass
    k_yy = bend * (yy + twist * xx) + shear * mass
    k_xy = bend * (m.nu * cross + twist * cross.T)
    return np.asarray(np.block([[k_ww, k_wx, k_wy], [k_wx.T, k_xx, k_xy], [k_wy.T, k_xy.T, k_yy]]))
