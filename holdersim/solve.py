"""Solve an assembly: superelements joined on pressure grids, bolts tightened or locked, fields recovered.

model = Model(assembly)
state = model.tighten({"b1": 500.0, ...})      # forces [N]
state = model.locked(state, {"b1": 600.0})     # b1 set again while the others keep their length
state.pressure("cell_top")                     # (ny, nx) [MPa]

For linear bodies that slide without friction; `nonlinear.model_of` chooses between this and the one for all others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import scipy.optimize
import scipy.sparse as sp
from numpy.typing import NDArray

from .assembly import Assembly
from .contact import ContactProblem, ContactSolution, active_set, projected_cg
from .errors import NotConvergedError, PhysicsRefused
from .network import OWN, Network, build_body
from .state import Load, State

Array = NDArray[np.float64]
log = logging.getLogger(__name__)

__all__ = ["LIMITS", "Model", "State", "build_body"]

LIMITS = {
    "penetration": 1e-9,
    "tension": 1e-9,
    "complementarity": 1e-9,
    "force_balance": 1e-9,
    "member_length": 1e-9,
}
"""Certificates: the largest value of each that a solution may have (contact.certify)."""


class Model(Network):
    """An assembly reduced to its pixels and bolts."""

    limits = LIMITS

    def __init__(
        self,
        assembly: Assembly,
        cache: Path | None = None,
        keep: bool = True,
        progress: Callable[[str], None] | None = None,
    ):
        super().__init__(assembly, cache, keep, progress or log.info)
        self._check()

    def _check(self) -> None:
        if self.whole or any(i.friction > 0 for i in self.assembly.interfaces):
            raise PhysicsRefused("rubber and friction need nonlinear.model_of(assembly), not Model(assembly)")

    # -- solving -------------------------------------------------------------------------------------------

    def tighten(
        self,
        forces: dict[str, float],
        method: str = "active_set",
        guess: State | None = None,
        amounts: dict[str, float] | None = None,
    ) -> State:
        """State under given bolt forces [N] (all bolts free to lengthen); amounts: of the bodies' own loads."""
        given = {b.name: forces[b.name] for b in self.assembly.bolts}
        before = guess.amounts if guess is not None else {}
        return self._solve(given, None, method, guess, OWN | before | (amounts or {}))

    def locked(
        self,
        state: State,
        given: dict[str, float] | None = None,
        method: str = "active_set",
        amounts: dict[str, float] | None = None,
        seconds: float = 0.0,
    ) -> State:
        """State with all bolts locked at their length in `state`, except those given a new force [N].

        amounts: of the bodies' own loads, where they change; seconds: time that passes meanwhile (rubber relaxes).
        """
        after = self._solve(given or {}, state, method, state, state.amounts | (amounts or {}), seconds)
        return replace(after, time=state.time + seconds)

    def problem(
        self, given: dict[str, float], lengths: Array, amounts: dict[str, float], about: Array
    ) -> tuple[ContactProblem, NDArray[np.int64]]:
        """The contact problem with some bolt forces [N] given and the others locked at `lengths`; which are locked.

        about (bolts,): forces of whole bolts [N] at which their springs are taken as linear.
        """
        bolts, n = self.assembly.bolts, self.pixels
        fixed = np.array([i for i, b in enumerate(bolts) if b.name in given], dtype=np.int64)
        held = np.array([i for i, b in enumerate(bolts) if b.name not in given], dtype=np.int64)
        on = np.concatenate([np.arange(n), n + held])
        t = np.array([given[bolts[i].name] * bolts[i].share for i in fixed])
        c = self.compliance[np.ix_(on, on)] if len(fixed) else self.compliance.copy()
        spring = np.arange(n, len(on))
        length, slope = self.stretch(about)
        c[spring, spring] += slope[held] / self.shares[held] if len(held) else 0.0
        free, load = self.amounted(amounts)
        offset = free[on] + self.compliance[np.ix_(on, n + fixed)] @ t
        offset[:n] += self.gap[:n]
        slack = offset[n:] + lengths[held] + (length - slope * about)[held]
        load = load + self.modes[n + fixed].T @ t
        label = " + ".join(self.joints)
        return ContactProblem(c, offset[:n], slack, self.modes[on], load, label), held

    def _solve(
        self,
        given: dict[str, float],
        before: State | None,
        method: str,
        guess: State | None,
        amounts: dict[str, float],
        seconds: float = 0.0,
    ) -> State:
        """One state; a locked bolt that would have to push goes slack instead (a nut can only pull)."""
        bolts = self.assembly.bolts
        unset = [b.name for b in bolts if b.name not in given]
        if unset and before is None:
            raise PhysicsRefused(f"bolt {unset[0]} has neither a force nor a locked length")
        lengths = np.zeros(len(bolts)) if before is None else before.lengths
        slack: set[str] = set()
        for _ in range(2 * len(bolts) + 1):
            load = Load(given | dict.fromkeys(slack, 0.0), lengths, amounts, seconds)
            state = self._one(load, method, guess)
            x = state.x[self.bolts]
            stretch = -(state.closing + lengths)
            pushing = {b.name for i, b in enumerate(bolts) if b.name in unset and x[i] < 0}
            taut = {b.name for i, b in enumerate(bolts) if b.name in slack and stretch[i] > 0}
            if not pushing and not taut:
                break
            slack = (slack | pushing) - taut
        else:
            raise NotConvergedError("bolts keep changing between slack and taut")
        if not bolts:
            return state
        set_now = np.array([b.name in given for b in bolts], dtype=bool)
        now = -(state.closing + self.stretch(x / self.shares)[0])
        return replace(state, lengths=np.where(set_now, now, lengths))

    def _one(self, load: Load, method: str, guess: State | None) -> State:
        """State under a load; nothing here changes by itself with time."""
        given, lengths, amounts = load.given, load.lengths, load.amounts
        names = [b.name for b in self.assembly.bolts]
        about = np.array([given.get(n, 0.0) for n in names])
        if guess is not None:
            about = np.where([n in given for n in names], about, guess.x[self.bolts] / self.shares)
        pressed = None if guess is None else guess.x[: self.pixels] > 0
        for _ in range(30):  # springs whose rate depends on their force
            problem, held = self.problem(given, lengths, amounts, about)
            start = self._coarse_guess(problem) if pressed is None else pressed
            solution = _solution(problem, start) if method == "active_set" else projected_cg(problem)
            x = np.zeros(self.size)
            x[: self.pixels] = solution.force
            x[self.pixels + held] = solution.member
            for i, bolt in enumerate(self.assembly.bolts):
                if bolt.name in given:
                    x[self.pixels + i] = given[bolt.name] * bolt.share
            forces = x[self.bolts] / self.shares
            length, slope = self.stretch(about)
            miss = self.stretch(forces)[0] - (length + slope * (forces - about))
            if np.abs(miss).max(initial=0.0) <= 1e-12 * max(1.0, float(np.abs(length).max(initial=0.0))):
                break
            about, pressed = forces, x[: self.pixels] > 0
        else:
            raise NotConvergedError(f'"{problem.label}": the springs of the bolts find no length')
        check_limits(problem.label, solution.certificates, LIMITS)
        return State(self, x, solution, solution.rigid, lengths, amounts)

    def _coarse_guess(self, problem: ContactProblem, block: int = 4) -> NDArray[np.bool_] | None:
        """Pixels likely to be pressed, from the same problem with blocks of pixels moving as one."""
        if self.pixels < 600:
            return None
        group, count = np.empty(self.pixels, dtype=np.int64), 0
        for j in self.joints.values():
            _ny, nx = j.grid.shape
            row, col = j.pixels // nx, j.pixels % nx
            blocks, inverse = np.unique(row // block * nx + col // block, return_inverse=True)
            group[j.span] = count + inverse
            count += len(blocks)
        m = len(problem.slack)
        area = np.concatenate([j.area for j in self.joints.values()])
        weight = area / np.bincount(group, area, count)[group]
        rows = np.concatenate([group, count + np.arange(m)])
        reduce = sp.csr_matrix((np.concatenate([weight, np.ones(m)]), (rows, np.arange(self.pixels + m))))
        coarse = ContactProblem(
            np.asarray(reduce @ (reduce @ problem.compliance).T),
            reduce[:count, : self.pixels] @ problem.gap,
            problem.slack,
            reduce @ problem.modes,
            problem.load,
            problem.label,
        )
        try:
            return np.asarray(active_set(coarse).force[group] > 0)
        except NotConvergedError:  # only a guess: blocks can be too coarse for a load near the edge
            return None


def _solution(problem: ContactProblem, start: NDArray[np.bool_] | None) -> ContactSolution:
    """Active-set solution, tried again from all pixels pressed where the guess leads nowhere."""
    try:
        return active_set(problem, start)
    except NotConvergedError:
        pull = problem.modes[: problem.pixels].T
        if not len(problem.slack) and len(problem.load):
            _, miss = scipy.optimize.nnls(pull, -problem.load)
            if miss > 1e-6 * float(np.abs(problem.load).max()):
                raise PhysicsRefused(
                    f'"{problem.label}": no pressure can balance the bolts: their resultant lies outside the pressed '
                    "area, so the plates would tip. Move the bolts, or share the load differently."
                ) from None
        if start is None:
            raise
        return active_set(problem)


def check_limits(label: str, certificates: dict[str, float], limits: dict[str, float]) -> None:
    """Raise NotConvergedError where a certificate is beyond its limit."""
    for name, limit in limits.items():
        if not certificates[name] <= limit:
            raise NotConvergedError(f'"{label}": {name} is {certificates[name]:.1e}, allowed is {limit:.0e}')
