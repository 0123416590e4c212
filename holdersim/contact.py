"""The unilateral contact problem on pressure grids: unknowns, conditions of Karush, Kuhn and Tucker, two solvers.

Unknowns: pixel forces f >= 0 [N], member forces t [N] of locked bolts and springs (either sign), rigid motions alpha.

    gap   = q + C_ff f + C_fl t + R_f alpha >= 0,   f >= 0,   gap . f = 0
    0     = s + C_lf f + (C_ll + 1/k) t + R_l alpha            (each locked member)
    0     = R_f^T f + R_l^T t + r                              (equilibrium of every body)

C is the sum of the bodies' compliances, q the gap with no pixel force. Only NumPy and SciPy here.

Solvers: `active_set`, the primal-dual active set method = semismooth Newton (Hintermueller, Ito & Kunisch, SIAM J.
Optim. 13 (2003) 865), and `projected_cg`, conjugate gradients on the pressed set with projections (after Polonsky &
Keer, Wear 231 (1999) 206, here with several rigid motions and bilateral members; a step never raises the energy:
Polyak, USSR Comput. Math. Math. Phys. 9 (1969) 94). They share nothing but the data.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy.linalg import blas

from .errors import NotConvergedError

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class ContactProblem:
    """Data of one contact problem.

    compliance (n + m, n + m) [mm/N], pixels first, then locked members with 1/k on the diagonal; gap (n,) [mm];
    slack (m,) [mm]; modes (n + m, r); load (r,): resultant of everything given, so that modes^T x + load = 0.
    """

    compliance: Array
    gap: Array
    slack: Array
    modes: Array
    load: Array
    label: str = "contact"

    @property
    def pixels(self) -> int:
        """Number of pixels n."""
        return len(self.gap)

    @property
    def offset(self) -> Array:
        """(n + m,) gap and slack."""
        return np.concatenate([self.gap, self.slack])


@dataclass
class ContactSolution:
    """Pixel and member forces [N], gaps [mm], rigid motions, iterations, and certificates (relative, see `certify`)."""

    force: Array
    member: Array
    gap: Array
    rigid: Array
    iterations: int
    certificates: dict[str, float] = field(default_factory=dict)


def active_set(problem: ContactProblem, guess: Mask | None = None, limit: int = 60) -> ContactSolution:
    """Solution by the primal-dual active set method, exact up to rounding.

    guess (n,): pixels believed to be pressed, e.g. from the last step; without it all are. Raises NotConvergedError
    when the contact set keeps changing.
    """
    n = problem.pixels
    if n == 0:
        x, alpha = _equality(problem, np.zeros(0, dtype=bool))
        return _finish(problem, x, alpha, np.zeros(0), 1)
    active = np.ones(n, dtype=bool) if guess is None or guess.sum() < 3 else guess.copy()
    seen: set[bytes] = set()
    for iteration in range(1, limit + 1):
        x, alpha = _equality(problem, active)
        gap = _gap(problem, x, alpha)
        nxt = np.where(
            active, x[:n] > 0.0, gap < -1e-14 * max(np.abs(problem.gap).max(initial=0.0), np.abs(gap).max())
        )
        if (nxt == active).all():
            x[:n][~active] = 0.0
            gap[active] = 0.0
            return _finish(problem, x, alpha, gap, iteration)
        key = np.packbits(nxt).tobytes()
        if key in seen:
            return _single_changes(problem, nxt, iteration)
        seen.add(key)
        if not nxt.any():
            nxt = gap <= gap.min()
        active = nxt
    raise NotConvergedError(
        f'"{problem.label}": contact set still changing after {limit} iterations ({int((nxt != active).sum())} pixels)'
    )


def _single_changes(problem: ContactProblem, active: Mask, done: int, limit: int = 4000) -> ContactSolution:
    """Finish a cycling active set by changing only the first wrong pixel at a time.

    Least-index principal pivoting, after Murty (1974; assumed, not looked up): it ends for definite problems.
    """
    n = problem.pixels
    for iteration in range(done, done + limit):
        x, alpha = _equality(problem, active)
        gap = _gap(problem, x, alpha)
        wrong = np.where(active, x[:n] < 0, gap < -1e-13 * np.abs(gap).max())
        if not wrong.any():
            x[:n][~active] = 0.0
            gap[active] = 0.0
            return _finish(problem, x, alpha, gap, iteration)
        first = int(np.flatnonzero(wrong)[0])
        active = active.copy()
        active[first] = not active[first]
    raise NotConvergedError(f'"{problem.label}": contact set cycles; {int(wrong.sum())} pixels undecided')


def _equality(problem: ContactProblem, active: Mask) -> tuple[Array, Array]:
    """Forces (n + m,) and rigid motions when exactly the pixels of `active` are held closed."""
    n, r = problem.pixels, problem.modes.shape[1]
    on = np.concatenate([np.flatnonzero(active), np.arange(n, len(problem.compliance))])
    if not len(on):
        return np.zeros(len(problem.compliance)), np.zeros(r)
    c, modes = problem.compliance[np.ix_(on, on)].T, problem.modes[on]
    # on forces in equilibrium C + s R R^T differs from C by a rigid motion only, and is definite where C alone is not
    s = float(np.trace(c)) / max(float((modes**2).sum()), 1e-300)
    if r:
        c = blas.dsyrk(s, modes, beta=1.0, c=c, lower=1, overwrite_c=1)
    rhs = np.column_stack([problem.offset[on], modes])
    try:
        y = scipy.linalg.cho_solve(
            scipy.linalg.cho_factor(c, lower=True, overwrite_a=True, check_finite=False), rhs
        )
    except np.linalg.LinAlgError as broken:
        raise NotConvergedError(
            f'"{problem.label}": the grids ask for more independent pressures than the meshes carry'
        ) from broken
    alpha = np.zeros(r)
    if r:
        small = modes.T @ y[:, 1:]
        alpha = np.linalg.lstsq(small, problem.load - modes.T @ y[:, 0], rcond=1e-11)[0]
    x = np.zeros(len(problem.compliance))
    x[on] = -y[:, 0] - y[:, 1:] @ alpha
    return x, alpha - s * problem.load


def _gap(problem: ContactProblem, x: Array, alpha: Array) -> Array:
    n = problem.pixels
    on = np.flatnonzero(x)
    if len(on) < 0.7 * len(x):
        # by rows, which lie together in memory: the compliance is symmetric
        return np.asarray(problem.gap + (x[on] @ problem.compliance[on])[:n] + problem.modes[:n] @ alpha)
    return problem.gap + problem.compliance[:n] @ x + problem.modes[:n] @ alpha


def projected_cg(
    problem: ContactProblem, tolerance: float = 1e-12, limit: int = 20000, start: Array | None = None
) -> ContactSolution:
    """Solution by projected conjugate gradients, preconditioned by the inverse of the whole compliance.

    Iterates on the pressed set until the miss of the closed gaps and the penetration of the open ones are below
    `tolerance` of the largest yielding of a pixel to its own force. Every step lowers the energy, so it ends.
    """
    n, scale = problem.pixels, 1.0 / np.sqrt(np.diag(problem.compliance))
    c, q = problem.compliance * np.outer(scale, scale), scale * problem.offset
    modes = problem.modes * scale[:, None]
    gradient = _ProjectedGradient(c, modes)
    x = np.zeros(len(q)) if start is None else start / scale
    if start is None:
        x[:n] = max(float(np.abs(problem.load).max(initial=0.0)), 1e-9) / max(n, 1) / scale[:n]
    x = _balance(x, modes, problem.load, n)
    w, direction, old, fresh = c @ x, np.zeros_like(x), 1.0, True
    alpha: Array = np.zeros(modes.shape[1])
    for iteration in range(1, limit + 1):
        w = c @ x if iteration % 50 == 0 else w
        on = np.concatenate([x[:n] > 0, np.ones(len(x) - n, dtype=bool)])
        # the last rigid motions first: what is left is small, and so is its rounding
        alpha = alpha + gradient(q + w + modes @ alpha, on)[1]
        miss = q + w + modes @ alpha
        z, _ = gradient(miss, on)
        face, size = float(np.abs(miss[on]).max(initial=0.0)), max(float(np.abs(x).max(initial=0.0)), 1e-150)
        penetration = -float(miss[~on].min(initial=0.0))
        if max(face, penetration) < tolerance * size:
            x = scale * x
            gap = problem.gap + problem.compliance[:n] @ x + problem.modes[:n] @ alpha
            return _finish(problem, x, alpha, gap, iteration)
        if penetration > face:
            z, fresh = gradient.released(on, miss), True
        norm = float(miss @ z)
        direction = -z if fresh else norm / old * direction - z
        x, w, fresh = _step(c, q, modes, problem.load, n, x, w, direction, float(miss @ direction))
        old = norm
    worst = max(face, penetration) / size
    raise NotConvergedError(f'"{problem.label}": conjugate gradients at {worst:.1e} after {limit} iterations')


def _step(
    c: Array, q: Array, modes: Array, load: Array, n: int, x: Array, w: Array, d: Array, slope: float
) -> tuple[Array, Array, bool]:
    """Next x and C x along d, and whether a pixel ran empty: then the better of clipping all and stopping there."""
    cd = c @ d
    length = -slope / max(float(d @ cd), 1e-300)
    falling = np.flatnonzero(d[:n] < 0)
    reach = x[falling] / -d[falling]
    first = float(reach.min(initial=np.inf))
    if length < first:
        return x + length * d, w + length * cd, False
    stop, ws = x + first * d, w + first * cd
    stop[falling[reach <= first * (1 + 1e-12)]] = 0.0
    clipped = x + length * d
    clipped[:n] = np.maximum(clipped[:n], 0.0)
    clipped = _balance(clipped, modes, load, n)
    wc = c @ clipped
    lower = float(clipped @ (q + wc / 2)) < float(stop @ (q + ws / 2))
    miss = np.abs(modes.T @ clipped + load).max(initial=0.0)
    balanced = miss <= 1e-12 * max(
        float(np.abs(modes * clipped[:, None]).sum(axis=0).max(initial=0.0)), 1e-300
    )
    return (clipped, wc, True) if lower and balanced else (stop, ws, True)


class _ProjectedGradient:
    """Gradients in equilibrium: z = M (g + R alpha) on a set, R^T z = 0.

    M is the part on the set of the inverse of C + s R R^T, the compliance with every pixel closed; it is made once.
    """

    def __init__(self, c: Array, modes: Array):
        self.modes = modes
        s = float(np.trace(c)) / max(float((modes**2).sum()), 1e-300)
        self.inverse = np.linalg.inv(c + s * modes @ modes.T)

    def __call__(self, g: Array, on: Mask) -> tuple[Array, Array]:
        """z and alpha."""
        both = (self.inverse @ (np.column_stack([g, self.modes]) * on[:, None])) * on[:, None]
        z, m = both[:, 0], both[:, 1:]
        if not m.shape[1]:
            return z, np.zeros(0)
        alpha: Array = np.asarray(
            -np.linalg.lstsq(self.modes.T @ m, self.modes.T @ z, rcond=1e-12)[0], np.float64
        )
        return z + m @ alpha, alpha

    def released(self, on: Mask, miss: Array) -> Array:
        """z on the set and the penetrating pixels, less those that it would pull; at last on the worst one only."""
        enter = ~on & (miss < 0)
        while enter.any():
            z, _ = self(miss, on | enter)
            if not (enter & (z > 0)).any():
                return z
            enter &= z <= 0
        wider = on.copy()
        wider[np.argmin(np.where(on, 0.0, miss))] = True
        m = self.modes * wider[:, None]
        flat = np.where(wider, miss, 0.0)
        return np.asarray(flat - m @ np.linalg.lstsq(m, flat, rcond=1e-12)[0])


def _balance(x: Array, modes: Array, load: Array, n: int) -> Array:
    """x moved back to equilibrium, modes^T x + load = 0, changing only pressed pixels and members."""
    if not modes.shape[1]:
        return x
    for _ in range(60):
        on = np.concatenate([x[:n] > 0, np.ones(len(x) - n, dtype=bool)])
        miss = modes.T @ x + load
        if np.abs(miss).max() <= 1e-14 * max(np.abs(load).max(), np.abs(x).max()):
            break
        x = x.copy()
        x[on] -= modes[on] @ np.linalg.lstsq(modes[on].T @ modes[on], miss, rcond=1e-13)[0]
        x[:n] = np.maximum(x[:n], 0.0)
    return x


def _finish(problem: ContactProblem, x: Array, alpha: Array, gap: Array, iterations: int) -> ContactSolution:
    n = problem.pixels
    return ContactSolution(x[:n], x[n:], gap, alpha, iterations, certify(problem, x, alpha))


def certify(problem: ContactProblem, x: Array, alpha: Array) -> dict[str, float]:
    """How well a solution meets its conditions, each relative and recomputed from the data.

    penetration: largest -gap / largest displacement seen; tension: largest -f / largest f; complementarity:
    sum |f gap| / (sum f * largest displacement); force balance: largest |R^T x + r| / largest single contribution;
    residual: largest miss of a locked member's length / largest displacement.
    """
    n = problem.pixels
    moved = problem.compliance @ x + problem.modes @ alpha
    gap = problem.gap + moved[:n]
    f = x[:n]
    # the part of the motion that the conditions can see: without the arbitrary frame of the supports; faces that fit
    # and stay closed have no gap at all, there a pixel's yielding to its own force is the measure
    own = float(np.abs(np.diag(problem.compliance)[:n] * f).max(initial=0.0))
    size = max(float(np.abs(gap).max(initial=0.0)), float(np.abs(problem.gap).max(initial=0.0)), own, 1e-150)
    total = max(float(np.abs(f).sum()), 1e-150)
    share = np.abs(problem.modes * x[:, None]).sum(axis=0) + np.abs(problem.load)
    miss = np.abs(problem.modes.T @ x + problem.load)
    balance = float((miss / np.maximum(share.max(initial=1e-150), 1e-150)).max(initial=0.0))
    length = np.abs(problem.slack + moved[n:]).max(initial=0.0)
    return {
        "penetration": max(0.0, -float(gap.min(initial=0.0))) / size,
        "tension": max(0.0, -float(f.min(initial=0.0))) / max(float(f.max(initial=0.0)), 1e-150),
        "complementarity": float(np.abs(f * gap).sum()) / (total * size),
        "force_balance": balance,
        "member_length": float(length) / size,
    }
