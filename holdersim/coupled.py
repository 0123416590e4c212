"""One linearised step of soft bodies between stiff ones: sparse tangents of the soft, dense compliance of the stiff.

Unknowns: increments du of the soft bodies, z of the forces at the links that are held closed, a of rigid motions.

    K du - B T z = -r                         equilibrium of the soft bodies
    B^T du + C T z + R a + c = 0              at every held link
    R^T T z + load = 0                        equilibrium of the stiff bodies

with r, c and load what is missed so far. T makes tractions of slipping pixels follow their pressure.

The held links are added to K as springs of the stiff bodies' own stiffness, K_D = K + B D B^T with D = 1 / diag C,
which changes nothing in the solution but makes K_D definite and its Schur complement close to 1 / D. What is left is
solved by GMRES (Saad & Schultz, SIAM J. Sci. Stat. Comput. 7 (1986) 856) with that as preconditioner, the links
between two stiff bodies and the rigid motions taken exactly: a few iterations, as rubber is soft and metal stiff.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.linalg
import scipy.sparse as sp
from numpy.typing import NDArray

from .dissection import Factor, condense
from .errors import NotConvergedError

Array = NDArray[np.float64]
Index = NDArray[np.int64]
log = logging.getLogger(__name__)

STALLED = 1e-3
"""What a linear step may miss, relative: the next Newton step starts from what is left."""


@dataclass(frozen=True)
class Step:
    """Data of one linearised step; numbers as in the module's text.

    tangent (n, n), residual (n,) = r: of all soft bodies; columns (n, size) = B; springs (size,) = D, 0 at links
    between stiff bodies; on: held links; follow (size, len(on)) = T; missed (len(on),) = c; load (r,);
    stretch (len(on),): own compliance of links (bolts), added to C; coordinates, node: places of the n unknowns.
    """

    tangent: sp.csr_matrix
    residual: Array
    columns: sp.csc_matrix
    springs: Array
    on: Index
    follow: sp.csr_matrix
    missed: Array
    stretch: Array
    compliance: Array
    modes: Array
    load: Array
    coordinates: Array
    node: Index


def solve(step: Step, tolerance: float = 1e-9) -> tuple[Array, Array, Array]:
    """Increments du (n,), T z (size,), a (r,).

    Raises NotConvergedError when the soft bodies have lost their stability or GMRES stalls.
    """
    on, d = step.on, step.springs[step.on]
    soft = np.flatnonzero(d > 0)
    b = sp.csc_matrix(step.columns[:, on])
    factor = _factor(step, sp.csc_matrix(b[:, soft]), d[soft])
    c = _sandwich(step)
    modes = step.modes[on]
    unit = float(1.0 / np.median(d[soft])) if len(soft) else float(np.median(np.abs(np.diag(c)))) or 1.0

    def respond(v: Array, q: Array) -> Array:
        """du under forces v at all links while the springs stretch by q."""
        if factor is None:
            return np.zeros(0)
        v = v.copy()
        v[on[soft]] -= d[soft] * q[soft]
        return factor.solve(step.columns @ v)

    def apply(y: Array) -> Array:
        x, q = step.follow @ y[: len(on)], c @ y[: len(on)] + modes @ y[len(on) :]
        return np.concatenate([q + b.T @ respond(x, q), unit * (step.modes.T @ x)])

    base = respond(np.zeros(len(step.springs)), step.missed)
    if factor is not None:
        base = base - factor.solve(step.residual)
    rhs = -np.concatenate([step.missed + b.T @ base, unit * step.load])
    y = gmres(apply, rhs, _preconditioner(c, modes, d, soft, b, factor, unit), tolerance)
    x, q = step.follow @ y[: len(on)], c @ y[: len(on)] + modes @ y[len(on) :]
    return base + respond(x, q), np.asarray(x), y[len(on) :]


def _factor(step: Step, b: sp.csc_matrix, d: Array) -> Factor | None:
    """Factor of the tangent with the held links as springs."""
    n = len(step.residual)
    if not n:
        return None
    held = sp.csr_matrix(step.tangent + b @ sp.diags(d) @ b.T)
    _, factor = condense(held, sp.csc_matrix((n, 0)), step.coordinates, step.node, keep=True)
    return factor


def _sandwich(step: Step) -> Array:
    """C T at the held links, (m, m)."""
    on = step.on
    c = step.compliance[np.ix_(on, on)]
    c[np.arange(len(on)), np.arange(len(on))] += step.stretch
    other = step.follow.tolil(copy=True)
    other[on, np.arange(len(on))] = 0.0
    rest = sp.csr_matrix(other)
    rest.eliminate_zeros()
    if rest.nnz:
        rows = np.unique(rest.nonzero()[0])
        c = c + step.compliance[np.ix_(on, rows)] @ rest[rows]
    return np.asarray(c)


def _preconditioner(
    c: Array, modes: Array, d: Array, soft: Index, b: sp.csc_matrix, factor: Factor | None, unit: float
) -> Callable[[Array], Array]:
    """Solution with 1 / D for the soft links; links between stiff bodies and rigid motions exactly."""
    m, r = modes.shape
    hard = np.setdiff1d(np.arange(m), soft)
    ds, rs, rh = d[soft], modes[soft], modes[hard]
    g = rs.copy()
    if factor and r:
        g -= b[:, soft].T @ factor.solve(b[:, soft] @ (ds[:, None] * rs))
    h = len(hard)
    small = np.zeros((h + r, h + r))
    chs = c[np.ix_(hard, soft)]
    small[:h, :h] = c[np.ix_(hard, hard)]
    small[:h, h:] = rh - chs @ (ds[:, None] * g)
    small[h:, :h] = unit * rh.T
    small[h:, h:] = -unit * (rs.T @ (ds[:, None] * g))
    # motions of all bodies together meet no resistance: they are left at zero
    scale = np.abs(small[h:, h:]).max(initial=0.0) or np.abs(small).max(initial=1.0)
    small[np.arange(h, h + r), np.arange(h, h + r)] -= 1e-11 * scale
    lu = scipy.linalg.lu_factor(small, check_finite=False) if h + r else None

    def inverse(y: Array) -> Array:
        top, bottom = y[:m], y[m:]
        out = np.zeros_like(y)
        xs = ds * top[soft]
        if lu is not None:
            rest = np.concatenate([top[hard] - chs @ xs, bottom - unit * (rs.T @ xs)])
            solved = scipy.linalg.lu_solve(lu, rest, check_finite=False)
            out[hard], out[m:] = solved[:h], solved[h:]
        out[soft] = ds * (top[soft] - g @ out[m:])
        return out

    return inverse


def gmres(
    apply: Callable[[Array], Array],
    rhs: Array,
    inverse: Callable[[Array], Array],
    tolerance: float,
    limit: int = 60,
) -> Array:
    """Solution y of apply(y) = rhs by GMRES, preconditioned from the right."""
    norm = float(np.linalg.norm(rhs))
    if norm == 0.0:
        return np.zeros_like(rhs)
    basis, hess = [rhs / norm], np.zeros((limit + 1, limit))
    directions: list[Array] = []
    for j in range(limit):
        directions.append(inverse(basis[j]))
        w = apply(directions[j])
        for _ in range(2):  # twice is enough to stay orthogonal
            for i, v in enumerate(basis):
                part = float(v @ w)
                hess[i, j] += part
                w = w - part * v
        hess[j + 1, j] = float(np.linalg.norm(w))
        target = np.zeros(j + 2)
        target[0] = norm
        found = np.linalg.lstsq(hess[: j + 2, : j + 1], target, rcond=None)[0]
        miss = float(np.linalg.norm(target - hess[: j + 2, : j + 1] @ found)) / norm
        if miss <= tolerance:
            break
        basis.append(w / hess[j + 1, j])
    if not miss <= STALLED:
        raise NotConvergedError(f"the linear step stalls at {miss:.1e} after {limit} iterations")
    log.debug("GMRES: %d iterations", len(directions))
    return np.asarray(np.column_stack(directions) @ found)
