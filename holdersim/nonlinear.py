"""Assemblies with rubber or friction: Newton's method on soft bodies, with contact, sticking and slipping between.

Each Newton step takes the rubber as linear and finds which pixels press, stick and slip (active sets, as in
`contact`); the linear bodies enter by their compliance. A load that is too large for one step is divided.

Friction is Coulomb's, |tau| <= mu p, with the slip measured from the last accepted state. Where a pixel slips its
traction follows the pressure (tau = mu p d) and its direction d is brought up to date in every step.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from . import coupled
from .assembly import Assembly
from .contact import ContactSolution
from .errors import NotConvergedError
from .materials.rubber import Rubber
from .pressing import Load, Point, Sets, certify
from .solve import LIMITS, Model, check_limits
from .state import State
from .wholes import Bodies, WholeModel

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]
log = logging.getLogger(__name__)

NEWTON_STEPS = 14
"""Newton steps after which a load is divided."""

INNER = 6
"""Changes of the contact sets within one Newton step: the next one changes them again."""

SETTLED = 1e-9
"""Forces out of balance, relative, at which Newton's method has converged; rounding stops it at about 1e-10."""

FEW = 0.02
"""Share of the pixels whose change is left to the next Newton step."""

SMALLEST = 1 / 256
"""Smallest share of a load that is tried before giving up."""


def model_of(
    assembly: Assembly,
    cache: Path | None = None,
    keep: bool = True,
    progress: Callable[[str], None] | None = None,
) -> Model:
    """The model that an assembly needs: Newton's method where rubber or friction ask for it, else contact alone."""
    soft = any(isinstance(s.material, Rubber) for s in assembly.solids)
    rough = any(i.friction > 0 for i in assembly.interfaces)
    return (SoftModel if soft or rough else Model)(assembly, cache, keep, progress)


class SoftModel(WholeModel):
    """An assembly with bodies of rubber, or with friction between its bodies."""

    limits = LIMITS | {"friction": 1e-8, "rubber_equilibrium": 1e-8}

    def _check(self) -> None:
        super()._check()
        self._memory = coupled.Memory()

    # -- the way to a load -----------------------------------------------------------------------------------

    def _one(
        self,
        given: dict[str, float],
        lengths: Array,
        method: str,
        guess: State | None,
        amounts: dict[str, float],
        seconds: float,
    ) -> State:
        names = [b.name for b in self.assembly.bolts]
        point = self._point(guess)
        start = {n: float(f) for n, f in zip(names, point.x[self.bolts] / self.shares, strict=True)}
        before = guess.amounts if guess is not None else {"own": amounts.get("own", 0.0)}

        def load(share: float, last: float) -> Load:
            now = {n: start[n] + share * (f - start[n]) for n, f in given.items()}
            some = {n: before.get(n, 0.0) + share * (a - before.get(n, 0.0)) for n, a in amounts.items()}
            return Load(now, lengths, some, (share - last) * seconds)

        done, size, steps = 0.0, 1.0, 0
        while done < 1.0:
            share = min(done + size, 1.0)
            try:
                reached = self._equilibrium(point, load(share, done))
            except NotConvergedError as stuck:
                size /= 2
                log.info("at %.3g of the load: %s; smaller step", share, stuck)
                if size < SMALLEST:
                    label = " + ".join(self.joints)
                    raise NotConvergedError(
                        f'"{label}": stuck at {100 * done:.3g} % of the load after {steps} Newton steps ({stuck})'
                    ) from None
                continue
            point, done, size = reached, share, 2 * size
            steps += point.steps
        self._memory.release()
        return self._state(point, steps, lengths, amounts, seconds)

    def _point(self, guess: State | None) -> Point:
        pairs = self._pairs.shape[1]
        if guess is None:
            soft = {n: p.body.start() for n, p in self.whole.items()}
            touching = np.zeros(self.pixels, dtype=bool)
            for j in self.joints.values():
                touching[j.span] = j.gap <= j.gap.min() + 1e-9
            sets = Sets(touching, np.zeros(pairs, dtype=bool), np.zeros((pairs, 2)), self._unturned)
            return Point(soft, np.zeros(self.size), np.zeros(self.modes.shape[1]), sets, np.zeros((pairs, 2)))
        x, closed = guess.x, guess.x[: self.pixels] > 0
        normal, along = x[self._pairs[0]], x[self._pairs[1:]].T
        reach = np.hypot(*along.T)
        slips = (
            closed[self._pairs[0]]
            & np.isfinite(self._friction)
            & (reach >= self._rough * normal * (1 - 1e-9))
            & (reach > 0)
        )
        direction = along / np.maximum(reach, 1e-300)[:, None]
        slipped = self._slip(self._moved(x, guess.rigid, guess.whole, guess.amounts))
        return Point(
            dict(guess.whole), x, guess.rigid, Sets(closed, slips, direction, self._unturned), slipped
        )

    def _moved(self, x: Array, rigid: Array, soft: Bodies, amounts: dict[str, float]) -> Array:
        """Opening (size,) [mm] of every link: gaps of pixels, slips of pairs, closing of bolts."""
        free, _ = self.amounted(amounts)
        on = np.flatnonzero(x)
        w = self.gap + free + self.compliance[:, on] @ x[on] + self.modes @ rigid
        return np.asarray(w + self._whole.T @ self._gather(soft))

    def _equilibrium(self, point: Point, load: Load) -> Point:
        """Newton's method from a point to equilibrium under a load."""
        slipped, share = point.slipped, 1.0
        now = replace(point, steps=0, sets=replace(point.sets, turns=self._unturned))
        systems = self._systems(now.soft, load.amounts, load.seconds)
        before, aim = now, now
        du: Array = np.zeros(0)
        for number in range(1, NEWTON_STEPS + 1):
            try:
                aim, du, steady = self._linear_contact(now, load, systems, slipped)
                before, share = now, 1.0
            except NotConvergedError:
                # the last step went where the rubber is no longer stable: go less far
                if number == 1 or share < 0.1:
                    raise
                share, steady = share / 2, False
            now, systems, share = self._go(before, aim, du, share, load)
            now = replace(now, steps=number)
            residual = self._residual(systems, now, load)
            pressed = f"{int(now.sets.closed.sum())} of {self.pixels} pixels pressed"
            log.info("Newton step %d: equilibrium to %.1e, %s, share %.2g", number, residual, pressed, share)
            if residual <= SETTLED and steady:
                done = self._certified(now, load, slipped, residual)
                accepted = {n: self.whole[n].body.accepted(s, load.seconds) for n, s in now.soft.items()}
                return replace(done, soft=accepted)
        raise NotConvergedError(f"equilibrium of the rubber is missed by {residual:.1e}")

    def _go(
        self, now: Point, aim: Point, du: Array, share: float, load: Load
    ) -> tuple[Point, tuple[Array, sp.csr_matrix], float]:
        """The point reached with at most `share` of a step, less where elements would turn inside out."""
        while True:
            soft = {n: self.whole[n].body.moved(s, du[self._at[n]], share) for n, s in now.soft.items()}
            try:
                systems = self._systems(soft, load.amounts, load.seconds)
            except NotConvergedError:
                if share < 0.1:
                    raise
                share /= 2
                continue
            x = now.x + share * (aim.x - now.x)
            rigid = now.rigid + share * (aim.rigid - now.rigid)
            return replace(aim, soft=soft, x=x, rigid=rigid), systems, share

    def _residual(self, systems: tuple[Array, sp.csr_matrix], now: Point, load: Load) -> float:
        """Largest nodal force out of balance against the largest nodal load."""
        if not len(systems[0]):
            return 0.0
        pressed = self._columns @ now.x
        held = self._flattened(now.sets.closed | now.sets.loose) @ self._gather(now.soft)[self._free]
        own = [load.amounts.get(c, 0.0) * float(np.abs(v).max()) for c, v in self._loads.items()]
        size = (
            max(float(np.abs(pressed).max()), *own, 1e-12)
            if own
            else max(float(np.abs(pressed).max()), 1e-12)
        )
        return float(np.abs(systems[0] + held - pressed).max() / size)

    # -- one linearised step ---------------------------------------------------------------------------------

    def _linear_contact(
        self, now: Point, load: Load, systems: tuple[Array, sp.csr_matrix], slipped: Array
    ) -> tuple[Point, Array, bool]:
        """Contact with the rubber taken as linear: new forces and sets, increments (dofs,), whether sets stayed."""
        sets, first = now.sets, True
        settling = now.steps == 0  # the first step finds the contact: its changes do not count as turns
        for _ in range(INNER):
            step, x0 = self._step(now, sets, load, systems, slipped)
            du_free, dx, turn = coupled.solve(step, self._memory, 1e-7)
            x, rigid = x0 + dx, now.rigid + turn
            du = np.zeros(self._whole.shape[0])
            du[self._free] = du_free
            moved = self._opening(x, rigid, load) + self._whole.T @ (self._gather(now.soft) + du)
            after = self._sets(x, moved, sets, slipped)
            changes = after.changes(sets)
            first = first and changes == 0
            if not settling:
                after = replace(after, turns=sets.turns + (after.closed != sets.closed))
            log.debug("inner: %d changes, %d loose", changes, int(after.loose.sum()))
            if changes <= (FEW * self.pixels if settling else 0):
                break
            sets = after
        turned = np.abs(after.direction - now.sets.direction)[after.slips]
        steady = first and float(turned.max(initial=0.0)) < 1e-8
        return replace(now, x=x, rigid=rigid, sets=after, gap=moved), du, steady

    def _opening(self, x: Array, rigid: Array, load: Load) -> Array:
        """Opening (size,) of every link by the linear bodies alone [mm]."""
        free, _ = self.amounted(load.amounts)
        on = np.flatnonzero(x)
        return np.asarray(self.gap + free + self.compliance[:, on] @ x[on] + self.modes @ rigid)

    def _step(
        self, now: Point, sets: Sets, load: Load, systems: tuple[Array, sp.csr_matrix], slipped: Array
    ) -> tuple[coupled.Step, Array]:
        """The linearised step from `now` with given sets, and the link forces (size,) that it starts from."""
        bolts, b = self.assembly.bolts, self.bolts.start
        x, own, extra = np.zeros(self.size), np.zeros(self.size), np.zeros(self.size)
        about = now.x[self.bolts] / self.shares if bolts else np.zeros(0)
        length, slope = self.stretch(about)
        held = []
        for i, bolt in enumerate(bolts):
            if bolt.name in load.given:
                x[b + i] = load.given[bolt.name] * bolt.share
            else:
                held.append(b + i)
                own[b + i], extra[b + i] = slope[i] / bolt.share, load.lengths[i] + length[i]
        pressed = sets.closed[self._pairs[0]]
        sticks = self._pairs[1:, pressed & ~sets.slips].ravel()
        on = np.concatenate([np.flatnonzero(sets.closed), np.array(held, dtype=np.int64), sticks])
        follow = self._follow(on, sets, pressed)
        x = x + follow @ now.x[on]
        extra[self._pairs[1:].T] -= slipped
        missed = self._opening(x, now.rigid, load) + extra + self._whole.T @ self._gather(now.soft)
        _, resultant = self.amounted(load.amounts)
        flat = self._flattened(sets.closed | sets.loose)
        step = coupled.Step(
            tangent=sp.csr_matrix(systems[1] + flat),
            residual=systems[0] - self._columns @ x + flat @ self._gather(now.soft)[self._free],
            columns=self._columns,
            springs=self._springs,
            on=on,
            follow=follow,
            missed=missed[on],
            stretch=own[on],
            compliance=self.compliance,
            modes=self.modes,
            load=self.modes.T @ x + resultant,
            coordinates=self._places,
            node=self._node,
        )
        return step, x

    def _follow(self, on: Index, sets: Sets, pressed: Mask) -> sp.csr_matrix:
        """Forces at all links from those held: themselves, and tractions of slipping pixels from their pressure."""
        column = np.full(self.size, -1)
        column[on] = np.arange(len(on))
        slips = np.flatnonzero(pressed & sets.slips)
        rows = [on, *(self._pairs[k, slips] for k in (1, 2))]
        columns = [np.arange(len(on)), *[column[self._pairs[0, slips]]] * 2]
        values = [np.ones(len(on)), *(self._rough[slips] * sets.direction[slips, k] for k in (0, 1))]
        data = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
        return sp.csr_matrix(data, shape=(self.size, len(on)))

    def _sets(self, x: Array, moved: Array, sets: Sets, slipped: Array) -> Sets:
        """Sets that belong to forces and openings: pressed or open, sticking or slipping."""
        n = self.pixels
        tiny = 1e-13 * max(float(np.abs(moved[:n]).max(initial=0.0)), 1e-9)
        closed = np.where(sets.closed, x[:n] > 0.0, moved[:n] < -tiny)
        if not closed.any():
            closed = moved[:n] <= moved[:n].min()
        normal, along = x[self._pairs[0]], x[self._pairs[1:]].T
        # what the traction would be if the pixel stuck: an elastic return
        stiff = 1.0 / np.maximum(np.diag(self.compliance)[self._pairs[1:]].T, 1e-9)
        trial = along - np.where(sets.slips[:, None], stiff * (self._slip(moved) - slipped), 0.0)
        reach = np.hypot(*trial.T)
        limit = np.where(np.isinf(self._friction), np.inf, self._rough * np.maximum(normal, 0.0))
        slips = np.isfinite(limit) & (reach > limit * (1 + 1e-12)) & (reach > 0)
        direction = np.where(slips[:, None], trial / np.maximum(reach, 1e-300)[:, None], 0.0)
        loose = sets.loose[self._pairs[0]]
        direction[loose] = 0.0
        return Sets(closed, (slips | loose) & closed[self._pairs[0]], direction, sets.turns)

    @property
    def _unturned(self) -> Index:
        return np.zeros(self.pixels, dtype=np.int64)

    # -- what is reached -------------------------------------------------------------------------------------

    def _certified(self, now: Point, load: Load, slipped: Array, residual: float) -> Point:
        """The point with residuals recomputed from its data; forces of open pixels are exactly zero."""
        x = now.x.copy()
        x[: self.pixels] = np.where(now.sets.closed, x[: self.pixels], 0.0)
        moved = self._opening(x, now.rigid, load) + self._whole.T @ self._gather(now.soft)
        point = replace(now, x=x, slipped=self._slip(moved), gap=moved)
        found = certify(self, point, load, slipped) | {"rubber_equilibrium": residual}
        check_limits(" + ".join(self.joints), found, self.limits)
        gap = np.where(now.sets.closed, 0.0, moved[: self.pixels])
        return replace(point, certificates=found, gap=gap)

    def _state(
        self, point: Point, steps: int, lengths: Array, amounts: dict[str, float], seconds: float
    ) -> State:
        del seconds
        x, n = point.x, self.pixels
        solution = ContactSolution(x[:n], x[self.bolts], point.gap, point.rigid, steps, point.certificates)
        return State(self, x, solution, point.rigid, lengths, amounts, whole=point.soft)
