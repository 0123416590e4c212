"""Assemblies with rubber or friction: Newton's method on soft bodies, with contact, sticking and slipping between.

Each Newton step takes the rubber as linear and finds which pixels press, stick and slip (active sets, as in
`contact`); the linear bodies enter by their compliance. A load that is too large for one step is divided.

Friction is Coulomb's with a slip of a nanometre over which it builds up, tau = -mu p s / sqrt(s^2 + SLIP^2), measured
from the last accepted state; every step takes its secant, so that sticking and slipping need no sets of their own.
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
from .growing import GrowingModel
from .materials.rubber import Rubber
from .pressing import Point, Sets, certify, hurried, law_missed, remembered, yielding
from .solve import LIMITS, Model, check_limits
from .state import Load, State
from .wholes import Bodies, WholeModel, predicted

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]
log = logging.getLogger(__name__)

NEWTON_STEPS = 14
"""Newton steps after which a load is divided."""

INNER = 6
"""Changes of the contact sets within one Newton step: the next one changes them again."""

RUBBING_STEPS = 80
"""The same with Coulomb friction, whose secants converge more slowly."""

RUBBED = 3e-5
"""Miss of Coulomb's law, over the largest force, at which friction has converged."""

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
    """The model that an assembly needs: Newton's method where rubber, friction or layers ask for it, else contact."""
    soft = any(isinstance(s.material, Rubber) for s in assembly.solids)
    rough = any(i.friction > 0 for i in assembly.interfaces)
    layers = any(s.inelastic for s in assembly.solids)
    kind = SoftModel if soft or rough else GrowingModel if layers else Model
    return kind(assembly, cache, keep, progress)


class SoftModel(WholeModel):
    """An assembly with bodies of rubber, or with friction between its bodies."""

    limits = LIMITS | {"friction": 1e-4, "rubber_equilibrium": 1e-8}

    def _check(self) -> None:
        super()._check()
        self._memory = coupled.Memory()

    # -- the way to a load -----------------------------------------------------------------------------------

    def _one(self, load: Load, method: str, guess: State | None) -> State:
        names = [b.name for b in self.assembly.bolts]
        point = self._point(guess)
        start = {n: float(f) for n, f in zip(names, point.x[self.bolts] / self.shares, strict=True)}
        before = guess.amounts if guess is not None else {}

        done, size, steps = 0.0, 1.0, 0
        while done < 1.0:
            share = min(done + size, 1.0)
            try:
                reached = self._equilibrium(point, load.part(share, done, start, before))
            except NotConvergedError as stuck:
                size /= 2
                log.info("at %.3g of the load: %s; smaller step", share, stuck)
                if size < SMALLEST:
                    label = " + ".join(self.joints)
                    raise NotConvergedError(
                        f'"{label}": stuck at {100 * done:.3g} % of the load after {steps} Newton steps ({stuck}). '
                        "Rubber gives way sideways under too much pressure: try a harder, thinner or larger pad, "
                        "sticking faces, or finer pixels."
                    ) from None
                continue
            point, done, size = reached, share, 2 * size
            steps += point.steps
        self._memory.release()
        return self._state(point, steps, load)

    def _point(self, guess: State | None) -> Point:
        pairs = self._pairs.shape[1]
        if guess is None:
            soft = {n: p.body.start() for n, p in self.whole.items()}
            touching = np.zeros(self.pixels, dtype=bool)
            for j in self.joints.values():
                touching[j.span] = j.gap <= j.gap.min() + 1e-9
            sets = Sets(touching, np.zeros(pairs), self._unturned, self._unjumped)
            return Point(soft, np.zeros(self.size), np.zeros(self.modes.shape[1]), sets, np.zeros((pairs, 2)))
        x, closed = guess.x, guess.x[: self.pixels] > 0
        moved = self._moved(x, guess.rigid, guess.whole, guess.amounts)
        slipped = remembered(self._friction, x[self._pairs[0]], x[self._pairs[1:]].T, self._slip(moved))
        slip = self._slip(moved) - slipped
        secants = yielding(self._friction, x[self._pairs[0]], slip)
        sets = Sets(closed, secants, self._unturned, self._unjumped)
        return Point(dict(guess.whole), x, guess.rigid, sets, slipped)

    def _moved(self, x: Array, rigid: Array, soft: Bodies, amounts: dict[str, float]) -> Array:
        """Opening (size,) [mm] of every link: gaps of pixels, slips of pairs, closing of bolts."""
        free, _ = self.amounted(amounts)
        on = np.flatnonzero(x)
        w = self.gap + free + self.compliance[:, on] @ x[on] + self.modes @ rigid
        return np.asarray(w + self._whole.T @ self._gather(soft))

    def _equilibrium(self, point: Point, load: Load) -> Point:
        """Newton's method from a point to equilibrium under a load."""
        slipped, share = point.slipped, 1.0
        start = {n: predicted(self.whole[n].body, s, load.amounts) for n, s in point.soft.items()}
        now = replace(
            point, soft=start, steps=0, sets=replace(point.sets, turns=self._unturned, jumps=self._unjumped)
        )
        systems = self._systems(now.soft, load.amounts, load.seconds)
        before, aim = now, now
        du: Array = np.zeros(0)
        rubs = bool(np.isfinite(self._friction).any())
        for number in range(1, (RUBBING_STEPS if rubs else NEWTON_STEPS) + 1):
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
            if residual <= SETTLED and steady and number > 1:
                done = self._certified(now, load, slipped, residual)
                accepted = {
                    n: self.whole[n].body.accepted(s, load.seconds, load.amounts) for n, s in now.soft.items()
                }
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
        given = {c: v for c, v in self._loads.items() if c in ("own", "pressure")}
        own = [load.amounts.get(c, 0.0) * float(np.abs(v).max()) for c, v in given.items()]
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
        steady = (
            first and law_missed(self, x, self._slip(moved) - slipped, after.closed & ~after.loose) <= RUBBED
        )
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
        rubs = (sets.closed & ~sets.loose)[self._pairs[0]]
        sticks = self._pairs[1:, rubs].ravel()
        on = np.concatenate([np.flatnonzero(sets.closed), np.array(held, dtype=np.int64), sticks])
        x[on] += now.x[on]
        own[self._pairs[1:]] = sets.yielding
        extra[self._pairs[1:].T] += sets.yielding[:, None] * x[self._pairs[1:].T] - slipped
        springs = np.where(self._springs > 0, 1.0 / (1.0 / np.maximum(self._springs, 1e-300) + own), 0.0)
        missed = self._opening(x, now.rigid, load) + extra + self._whole.T @ self._gather(now.soft)
        _, resultant = self.amounted(load.amounts)
        flat = self._flattened(sets.closed | sets.loose)
        step = coupled.Step(
            tangent=sp.csr_matrix(systems[1] + flat),
            residual=systems[0] - self._columns @ x + flat @ self._gather(now.soft)[self._free],
            columns=self._columns,
            springs=springs,
            on=on,
            missed=missed[on],
            stretch=own[on],
            compliance=self.compliance,
            modes=self.modes,
            load=self.modes.T @ x + resultant,
            coordinates=self._places,
            node=self._node,
        )
        return step, x

    def _sets(self, x: Array, moved: Array, sets: Sets, slipped: Array) -> Sets:
        """Sets that belong to forces and openings: pressed or open, and how much friction yields."""
        n = self.pixels
        tiny = 1e-13 * max(float(np.abs(moved[:n]).max(initial=0.0)), 1e-9)
        closed = np.where(sets.closed, x[:n] > 0.0, moved[:n] < -tiny)
        if not closed.any():
            closed = moved[:n] <= moved[:n].min()
        normal = np.maximum(x[self._pairs[0]], 0.0)
        reach, slip = np.hypot(*x[self._pairs[1:]]), self._slip(moved) - slipped
        give = self._give[self._pairs[1:]].mean(axis=0)
        secants, jumps = hurried(self._friction, normal, reach, slip, sets, give)
        return Sets(closed, secants, sets.turns, jumps)

    @property
    def _unturned(self) -> Index:
        return np.zeros(self.pixels, dtype=np.int64)

    @property
    def _unjumped(self) -> Index:
        return np.zeros(self._pairs.shape[1], dtype=np.int64)

    # -- what is reached -------------------------------------------------------------------------------------

    def _certified(self, now: Point, load: Load, slipped: Array, residual: float) -> Point:
        """The point with residuals recomputed from its data; forces of open pixels are exactly zero."""
        x = now.x.copy()
        x[: self.pixels] = np.where(now.sets.closed, x[: self.pixels], 0.0)
        moved = self._opening(x, now.rigid, load) + self._whole.T @ self._gather(now.soft)
        slip = self._slip(moved)
        kept = remembered(self._friction, x[self._pairs[0]], x[self._pairs[1:]].T, slip)
        point = replace(now, x=x, slipped=kept, gap=moved)
        found = certify(self, point, load, slipped) | {"rubber_equilibrium": residual}
        check_limits(" + ".join(self.joints), found, self.limits)
        gap = np.where(now.sets.closed, 0.0, moved[: self.pixels])
        return replace(point, certificates=found, gap=gap)

    def _state(self, point: Point, steps: int, load: Load) -> State:
        x, n = point.x, self.pixels
        solution = ContactSolution(x[:n], x[self.bolts], point.gap, point.rigid, steps, point.certificates)
        return State(self, x, solution, point.rigid, load.lengths, load.amounts, whole=point.soft)
