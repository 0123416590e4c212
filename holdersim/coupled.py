"""One linearised step of soft bodies between stiff ones: sparse tangents of the soft, dense compliance of the stiff.

Unknowns: increments du of the soft bodies, z of the forces at the links that are held closed, a of rigid motions.

    K du - B z = -r                           equilibrium of the soft bodies
    B^T du + C z + R a + c = 0                at every held link
    R^T z + load = 0                          equilibrium of the stiff bodies

with r, c and load what is missed so far.

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

from .cholesky import Cholesky
from .errors import NotConvergedError

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Part = tuple[Index, Index]
"""Rows and columns of a block."""

log = logging.getLogger(__name__)

STALLED = 1e-3
"""What a linear step may miss, relative: the next Newton step starts from what is left."""

MOST_BLOCKS = 64
"""Kinds of rows of a compliance with more of which it is taken as one block."""


@dataclass(frozen=True)
class Step:
    """Data of one linearised step; numbers as in the module's text.

    tangent (n, n), residual (n,) = r: of all soft bodies; columns (n, size) = B; springs (size,) = D, 0 at links
    between stiff bodies; on: held links; missed (len(on),) = c; load (r,); stretch (len(on),): own compliance of
    links (bolts), added to C; coordinates, node: places of the n unknowns.
    """

    tangent: sp.csr_matrix
    residual: Array
    columns: sp.csc_matrix
    springs: Array
    on: Index
    missed: Array
    stretch: Array
    compliance: Array
    modes: Array
    load: Array
    coordinates: Array
    node: Index


class Memory:
    """What is kept from step to step of one model: the order of elimination, the blocks of its compliance."""

    def __init__(self) -> None:
        self._factor: Cholesky | None = None
        self._compliance: Array | None = None
        self._blocks: list[Part] = []

    def factor(self, step: Step, on: Index) -> Cholesky | None:
        """Factor of the tangent with the held links `on` as springs."""
        if not len(step.residual):
            return None
        b = step.columns[:, on]
        held = sp.csr_matrix(step.tangent + b @ sp.diags(step.springs[on]) @ b.T)
        if self._factor is None or self._factor.size != len(step.residual):
            b = step.columns[:, step.springs > 0]
            self._factor = Cholesky(held, sp.csr_matrix(b @ b.T))
        if not self._factor.factorise(held):
            self._factor = self._factor.wider(held)
            self._factor.factorise(held)
        return self._factor

    def release(self) -> None:
        """Drop the factor: it is the largest thing in memory."""
        self._factor = None

    def blocks(self, step: Step) -> list[Part]:
        """Where the compliance has entries, see `_blocks`."""
        if self._compliance is not step.compliance:
            self._compliance, self._blocks = step.compliance, _blocks(step.compliance)
        return self._blocks


def solve(step: Step, memory: Memory | None = None, tolerance: float = 1e-9) -> tuple[Array, Array, Array]:
    """Increments du (n,), z (size,) with zeros at links that are not held, a (r,).

    memory: of an earlier step of the same model. Raises NotConvergedError when the soft bodies have lost their
    stability or GMRES stalls.
    """
    memory = memory or Memory()
    on, m, d = step.on, len(step.on), step.springs[step.on]
    soft = np.flatnonzero(d > 0)
    b = sp.csc_matrix(step.columns[:, on])
    bt = sp.csr_matrix(b.T)
    factor = memory.factor(step, on[soft])
    modes = step.modes[on]
    c = _sandwich(step, memory.blocks(step))
    own = np.diag(step.compliance)
    unit = float(1.0 / np.median(d[soft])) if len(soft) else float(np.median(np.abs(own[on]))) or 1.0

    def respond(z: Array, q: Array, missed: Array | float = 0.0) -> Array:
        """du under forces z at the held links, less those missed, while the springs stretch by q."""
        if factor is None:
            return np.zeros(0)
        z = z.copy()
        z[soft] -= d[soft] * q[soft]
        return factor.solve(b @ z - missed)

    def apply(y: Array) -> Array:
        q = c(y[:m]) + modes @ y[m:]
        return np.concatenate([q + bt @ respond(y[:m], q), unit * (modes.T @ y[:m])])

    base = respond(np.zeros(m), step.missed, step.residual)
    rhs = -np.concatenate([step.missed + b.T @ base, unit * step.load])
    inverse = _preconditioner(step, soft, b, factor, unit)
    # every row in N, so that no row is large only because its link gives way easily
    stiff = np.where(d > 0, d, 1.0 / np.maximum(own[on] + step.stretch, 1e-300))
    force = np.concatenate([stiff, np.full(len(step.load), 1.0 / unit)])
    y = gmres(lambda v: force * apply(v), force * rhs, lambda r: inverse(r / force), tolerance)
    z = np.zeros(len(step.springs))
    z[on] = y[:m]
    return base + respond(y[:m], c(y[:m]) + modes @ y[m:]), z, y[m:]


def _blocks(compliance: Array) -> list[Part]:
    """Rows and columns of the blocks that hold all entries: links of one stiff body do not feel those of another."""
    full = compliance != 0
    _, kind = np.unique(np.packbits(full, axis=1), axis=0, return_inverse=True)
    kind = kind.ravel()
    if kind.max(initial=0) > MOST_BLOCKS:
        return [(np.flatnonzero(full.any(axis=1)), np.flatnonzero(full.any(axis=0)))]
    rows = [np.flatnonzero(kind == k) for k in range(kind.max(initial=-1) + 1)]
    return [(r, np.flatnonzero(full[r[0]])) for r in rows if full[r[0]].any()]


def _sandwich(step: Step, blocks: list[Part]) -> Callable[[Array], Array]:
    """The function z -> C z at the held links, (m,)."""
    place = np.full(len(step.springs), -1)
    place[step.on] = np.arange(len(step.on))
    held = []
    for rows, columns in blocks:
        rows, columns = rows[place[rows] >= 0], columns[place[columns] >= 0]
        held.append((place[rows], place[columns], step.compliance[np.ix_(rows, columns)]))

    def times(z: Array) -> Array:
        q = step.stretch * z
        for rows, columns, block in held:
            q[rows] += block @ z[columns]
        return np.asarray(q)

    return times


def _preconditioner(
    step: Step, soft: Index, b: sp.csc_matrix, factor: Cholesky | None, unit: float
) -> Callable[[Array], Array]:
    """Solution with 1 / D for the soft links; links between stiff bodies and rigid motions exactly."""
    on, m, r = step.on, len(step.on), step.modes.shape[1]
    hard = np.setdiff1d(np.arange(m), soft)
    d, modes = step.springs[on[soft]], step.modes[on]
    g = modes[soft]
    if factor and r:
        g = g - b[:, soft].T @ factor.solve(b[:, soft] @ (d[:, None] * g))
    h = len(hard)
    small = np.zeros((h + r, h + r))
    rows = step.compliance[np.ix_(on[hard], on)]
    rows[np.arange(h), hard] += step.stretch[hard]
    chs = rows[:, soft]
    small[:h, :h] = rows[:, hard]
    small[:h, h:] = modes[hard] - chs @ (d[:, None] * g)
    small[h:, :h] = unit * modes[hard].T
    small[h:, h:] = -unit * (modes[soft].T @ (d[:, None] * g))
    # motions of all bodies together meet no resistance: they are left at zero
    scale = np.abs(small[h:, h:]).max(initial=0.0) or np.abs(small).max(initial=1.0)
    small[np.arange(h, h + r), np.arange(h, h + r)] -= 1e-11 * scale
    lu = scipy.linalg.lu_factor(small, check_finite=False) if h + r else None

    def inverse(y: Array) -> Array:
        top, bottom = y[:m], y[m:]
        out = np.zeros_like(y)
        xs = d * top[soft]
        if lu is not None:
            rest = np.concatenate([top[hard] - chs @ xs, bottom - unit * (modes[soft].T @ xs)])
            solved = scipy.linalg.lu_solve(lu, rest, check_finite=False)
            out[hard], out[m:] = solved[:h], solved[h:]
        out[soft] = d * (top[soft] - g @ out[m:])
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
    hess = np.zeros((limit + 1, limit))
    basis: list[Array] = [np.asarray(rhs / norm)]
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
