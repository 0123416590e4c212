"""Assemblies with layers under large strain between bodies that stay linear, without friction: Newton on superelements.

Every Newton step condenses the tangent of the nonlinear stack on its links, as if it were a linear body loaded by what
is out of balance, and the contact problem is then solved as for linear bodies. With rubber or friction such a stack
stands whole among the others instead (`nonlinear`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .dissection import Factor, condense
from .errors import NotConvergedError, PhysicsRefused
from .network import WholePart
from .reduced import Frame, seen_modes
from .rigid import rigid_motions
from .solve import LIMITS, Model, check_limits
from .state import Load, State
from .wholes import Bodies, predicted

Array = NDArray[np.float64]
log = logging.getLogger(__name__)

NEWTON_STEPS = 20
"""Newton steps after which a load is divided."""

SETTLED = 1e-7
"""Largest nodal force out of balance, relative, at which Newton's method has converged."""

SMALLEST = 1 / 64
"""Smallest share of a load that is tried before giving up."""


@dataclass
class Tangent:
    """A nonlinear body about one of its states: w = compliance x + free + modes alpha at its links, and its factor."""

    force: Array
    load: Array
    compliance: Array
    free: Array
    resultant: Array
    factor: Factor


class GrowingModel(Model):
    """An assembly with layered bodies that are not linear, condensed anew in every Newton step."""

    limits = LIMITS | {"layer_equilibrium": 1e-6}

    def _check(self) -> None:
        if any(i.friction > 0 for i in self.assembly.interfaces):
            raise PhysicsRefused("friction needs nonlinear.model_of(assembly)")
        self._linear = self.compliance, self.modes, self.load
        self._now: dict[str, Tangent] = {}
        self._tips: set[str] = set()
        self._frame({n: p.body.start() for n, p in self.whole.items()})

    def _frame(self, soft: Bodies) -> None:
        """Rigid motions of the nonlinear bodies about where they are now, beside those of the linear ones."""
        _, modes, load = self._linear
        self._rigid: dict[str, tuple[Array, Array, Array]] = {}
        blocks, count = [modes], modes.shape[1]
        for name, part in self.whole.items():
            body = part.body
            motions = rigid_motions(body.coordinates + soft[name].u.reshape(-1, 3), body.held)
            felt = part.columns.T @ motions
            basis = _felt(felt)
            block = np.zeros((self.size, basis.shape[1]))
            block[part.at] = felt @ basis
            blocks.append(block)
            self.rigid_at[name] = slice(count, count + basis.shape[1])
            self._rigid[name] = motions, felt, basis
            count += basis.shape[1]
        self.modes = np.hstack(blocks)
        self.load = {c: np.concatenate([v, np.zeros(count - len(v))]) for c, v in load.items()}

    # -- linear about the present state -----------------------------------------------------------------------

    def amounted(self, amounts: dict[str, float]) -> tuple[Array, Array]:
        """Free displacements (size,) [mm] and resultants (r,), those of the nonlinear bodies about their state."""
        free, load = super().amounted(amounts)
        for name, tangent in self._now.items():
            free[self.whole[name].at] += tangent.free
            load[self.rigid_at[name]] += self._rigid[name][2].T @ tangent.resultant
        return free, load

    def _linearised(
        self, soft: Bodies, amounts: dict[str, float], seconds: float
    ) -> dict[str, tuple[Array, Array, sp.csr_matrix]]:
        """Given loads, internal forces and tangent stiffness of every nonlinear body."""
        out = {}
        for name, part in self.whole.items():
            load: Array = np.zeros(part.body.dofs)
            for cause, column in part.body.load_columns().items():
                load += amounts.get(cause, 0.0) * column
            force, stiffness = part.body.system(soft[name], seconds, amounts)
            out[name] = load, force, stiffness
        return out

    def _tangent(
        self,
        name: str,
        s: Any,
        made: tuple[Array, Array, sp.csr_matrix],
        amounts: dict[str, float],
        seconds: float,
    ) -> Tangent:
        """The condensed tangent about a state; without what compression takes from it once that is too much.

        Alone a stack between plates would tip over under forces that keep their direction; the plates hold it.
        """
        load, force, stiffness = made
        body: Any = self.whole[name].body
        if name not in self._tips:
            try:
                return self._condensed(name, s.u, load, force, stiffness)
            except NotConvergedError:
                self._tips.add(name)
        _, stiffness = body.system(s, seconds, amounts, stable=1.0)
        return self._condensed(name, s.u, load, force, stiffness)

    def _condensed(self, name: str, s: Array, load: Array, force: Array, stiffness: sp.csr_matrix) -> Tangent:
        part, body = self.whole[name], self.whole[name].body
        missed, k = load - force, part.columns.shape[1]
        bordered = sp.csc_matrix(sp.hstack([part.columns, sp.csc_matrix(missed[:, None])]))
        at = body.free
        c, factor = condense(stiffness[at][:, at], bordered[at], body.coordinates, at // 3, keep=True)
        assert factor is not None  # kept on request
        motions, felt, _ = self._rigid[name]
        frame, resultant = Frame(felt), motions.T @ missed
        free = frame.free(c[:k, :k], c[:k, k], resultant) + part.columns.T @ s
        return Tangent(force, missed, frame.compliance(c[:k, :k]), free, resultant, factor)

    def _step(self, name: str, s: Array, state: State) -> Array:
        """Increment (dofs,) [mm] of a nonlinear body under the link forces of a state of the linearised problem."""
        part, now = self.whole[name], self._now[name]
        body, (motions, felt, basis) = part.body, self._rigid[name]
        x = state.x[part.at]
        du: Array = np.zeros(body.dofs)
        du[body.free] = now.factor.solve((part.columns @ x + now.load)[body.free])
        if felt.shape[1]:
            rigid = felt @ (basis @ state.rigid[self.rigid_at[name]])
            wanted = now.compliance @ x + now.free + rigid - part.columns.T @ (s + du)
            du += motions @ np.linalg.lstsq(seen_modes(felt), wanted, rcond=1e-10)[0]
        return du

    # -- the way to a load ------------------------------------------------------------------------------------

    def _one(self, load: Load, method: str, guess: State | None) -> State:
        start = guess.bolts if guess is not None else dict.fromkeys(load.given, 0.0)
        before = guess.amounts if guess is not None else {}
        soft = guess.whole if guess is not None else {n: p.body.start() for n, p in self.whole.items()}

        def reach(share: float, last: float, soft: Bodies, about: State | None) -> State:
            return self._equilibrium(load.part(share, last, start, before), method, about, soft)

        state = _in_shares(reach, soft, guess)
        return replace(state, amounts=load.amounts)

    def _equilibrium(self, load: Load, method: str, about: State | None, soft: Bodies) -> State:
        """Newton's method to equilibrium under a load."""
        amounts, seconds = load.amounts, load.seconds
        soft = {n: predicted(self.whole[n].body, s, amounts) for n, s in soft.items()}
        made = self._linearised(soft, amounts, seconds)
        share, last, ahead = 1.0, np.inf, _Ahead()
        for number in range(1, NEWTON_STEPS + 1):
            self._frame(soft)
            self._now = {n: self._tangent(n, soft[n], made[n], amounts, seconds) for n in made}
            self.compliance = self._linear[0].copy()
            for name, part in self.whole.items():
                self.compliance[np.ix_(part.at, part.at)] += self._now[name].compliance
            about = super()._one(load, method, about)
            steps = ahead.of({n: self._step(n, soft[n].u, about) for n in self.whole})
            soft, made, share = self._moved(soft, steps, amounts, seconds)
            residual = max(_residual(self.whole[n], m, about.x) for n, m in made.items())
            log.info("Newton step %d: layers in balance to %.1e, share %.2g", number, residual, share)
            if residual <= SETTLED and share == 1.0:
                break
            if number > 3 and share == 1.0 and residual > 0.5 * last and residual <= 10 * SETTLED:
                break  # rounding
            last = residual
        else:
            raise NotConvergedError(f"equilibrium of the layers is missed by {residual:.1e}")
        done = {n: self.whole[n].body.accepted(s, seconds, amounts) for n, s in soft.items()}
        found = about.certificates | {"layer_equilibrium": residual}
        check_limits(" + ".join(self.joints), found, self.limits)
        return replace(
            about, solution=replace(about.solution, certificates=found, iterations=number), whole=done
        )

    def _moved(
        self, soft: Bodies, steps: dict[str, Array], amounts: dict[str, float], seconds: float
    ) -> tuple[Bodies, dict[str, tuple[Array, Array, sp.csr_matrix]], float]:
        """The bodies after their steps, less far where an element would turn inside out."""
        share = 1.0
        while True:
            try:
                moved = {n: self.whole[n].body.moved(s, steps[n], share) for n, s in soft.items()}
                return moved, self._linearised(moved, amounts, seconds), share
            except NotConvergedError:
                share /= 2
                if share < 0.1:
                    raise


def _in_shares(
    reach: Callable[[float, float, Bodies, State | None], State], soft: Bodies, about: State | None
) -> State:
    """The state under the whole load, reached in smaller shares where Newton's method does not settle."""
    done, size = 0.0, 1.0
    while True:
        share = min(done + size, 1.0)
        try:
            state = reach(share, done, soft, about)
        except NotConvergedError as stuck:
            size /= 2
            log.info("at %.3g of the load: %s; smaller step", share, stuck)
            if size < SMALLEST:
                raise NotConvergedError(f"stuck at {100 * done:.3g} % of the load: {stuck}") from None
            continue
        if share == 1.0:
            return state
        soft, about, done, size = state.whole, state, share, 2 * size


class _Ahead:
    """Steps that shrink by an even factor are carried on to where they lead (Aitken); every other one at most."""

    def __init__(self) -> None:
        self.last: Array = np.zeros(0)

    def of(self, steps: dict[str, Array]) -> dict[str, Array]:
        """The steps, longer where those before them tell how."""
        now, last = np.concatenate(list(steps.values())), self.last
        self.last = now
        if not len(last):
            return steps
        rate = float(now @ last) / max(float(last @ last), 1e-300)
        if not 0.1 < rate < 0.7 or np.linalg.norm(now - rate * last) > 0.3 * np.linalg.norm(now):
            return steps
        self.last = np.zeros(0)
        return {n: np.asarray(du / (1 - rate)) for n, du in steps.items()}


def _residual(part: WholePart, made: tuple[Array, Array, sp.csr_matrix], x: Array) -> float:
    """Largest nodal force out of balance against the largest nodal load."""
    load, force, _ = made
    pressed = part.columns @ x[part.at]
    free = ~part.body.held
    size = max(float(np.abs(pressed).max()), float(np.abs(load).max()), 1e-12)
    return float(np.abs((load + pressed - force)[free]).max()) / size


def _felt(modes: Array) -> Array:
    """Rigid motions that the links feel, as combinations (r, s) of the body's."""
    if not modes.size:
        return np.zeros((modes.shape[1], 0))
    _, s, vt = np.linalg.svd(np.linalg.qr(modes, mode="r"), full_matrices=True)
    s = np.concatenate([s, np.zeros(vt.shape[0] - len(s))])
    return np.asarray(vt[s > 1e-9 * max(s.max(initial=0.0), 1.0)].T)
