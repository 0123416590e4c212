"""What each step of a case changes: the states an assembly passes through.

Tightening together gives all bolts their force at once, free to lengthen. Tightening one by one gives one bolt its
force while the others keep their length, so that each pull changes all of them (elastic interaction). In all other
steps the bolts are locked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .errors import PhysicsRefused
from .holding import SNUG, Depressurise, Locked, Pressurise, Repressurise
from .loads import Tighten
from .solve import Model

if TYPE_CHECKING:
    from .case import Case
    from .loads import Step
    from .state import State

Array = NDArray[np.float64]

RECALLED = 2000
"""States of a step that are remembered at most."""

TOUCHING = 0.002
"""Share of the smallest interface below which a state has not closed the gap."""


def advance(
    case: Case, model: Model, step: Step, before: State | None, recall: bool = True
) -> Iterator[State]:
    """States that a step passes through.

    recall: linear bodies that slide without friction have no memory; a state that comes back within a step, from the
    second cycle on, is then not solved again.
    """
    if not isinstance(step, Locked):
        for state in tighten(model, case.pulls(step), before):
            yield replace(state, time=before.time if before is not None else 0.0)
        return
    state = before if before is not None else model.tighten({})
    known = _Known(model) if recall and type(model) is Model else None
    for aim in step.aims(case.begun(state.amounts)):
        amounts = case.brought(case.begun(state.amounts), aim)
        if aim.share is not None and "filled" not in amounts:
            time, forces = state.time, case.final_forces(step)
            (state,) = tighten(model, [{n: aim.share * f for n, f in forces.items()}], state, amounts)
            state = replace(state, time=time)
        else:
            found = known.get(state, amounts) if known is not None else None
            if found is None:
                found = model.locked(state, amounts=amounts, seconds=aim.seconds)
                if known is not None:
                    known.add(found)
            state = replace(found, amounts=amounts, time=state.time + aim.seconds)
        yield state


class _Known:
    """States of a model without memory, by what alone decides them: loads and lengths of the bolts."""

    def __init__(self, model: Model):
        self._loads = sorted(set(model.free) | set(model.load))
        self._states: dict[tuple[bytes, tuple[float, ...]], State] = {}

    def _key(self, lengths: Array, amounts: Mapping[str, float]) -> tuple[bytes, tuple[float, ...]]:
        return lengths.tobytes(), tuple(amounts.get(n, 0.0) for n in self._loads)

    def get(self, before: State, amounts: Mapping[str, float]) -> State | None:
        """The state that these amounts lead to with the bolts as they are locked, if it was seen; no iterations."""
        found = self._states.get(self._key(before.lengths, amounts))
        return None if found is None else replace(found, solution=replace(found.solution, iterations=0))

    def add(self, state: State) -> None:
        """Remember a state."""
        if len(self._states) < RECALLED:
            self._states[self._key(state.lengths, state.amounts)] = state


def tighten(
    model: Model,
    pulls: Iterable[Mapping[str, float]],
    before: State | None,
    amounts: dict[str, float] | None = None,
) -> Iterator[State]:
    """States after each pull: bolts set at once and their forces [N]; the others keep their length.

    A bolt that the model's symmetry has cut away is represented by its image and left out.
    """
    names = {b.name for b in model.assembly.bolts}
    rounds = [{n: f for n, f in pull.items() if n in names} for pull in pulls]
    state = before
    for pull in rounds:
        if set(pull) == names:
            state = model.tighten(pull, guess=state, amounts=amounts)
        else:
            if state is None:
                state = model.tighten(_snug(rounds, names))
            state = model.locked(state, pull)
        yield state


def _snug(rounds: list[dict[str, float]], names: set[str]) -> dict[str, float]:
    first = {n: next((pull[n] for pull in rounds if n in pull), None) for n in names}
    missing = sorted(n for n, f in first.items() if f is None)
    if missing:
        raise PhysicsRefused(f"bolt {', '.join(missing)} is never tightened")
    least = min(f for f in first.values() if f is not None)
    return dict.fromkeys(names, SNUG * least)


def sets_pressure(step: Step) -> bool:
    """Whether a step gives the pressure from outside, by nuts or a pump."""
    return isinstance(step, Tighten | Pressurise | Depressurise | Repressurise)


def loosened(case: Case, step: Step) -> bool:
    """Whether the pressure was taken away by this step or before it, and not brought back."""
    loose = False
    for one in case.steps:
        if isinstance(one, Depressurise | Repressurise | Pressurise | Tighten):
            loose = isinstance(one, Depressurise)
        if one is step:
            break
    return loose


def check_state(state: State, step: str, loose: bool = False) -> None:
    """Raise PhysicsRefused when bolts are beyond their proof load, springs at their end, or an interface open.

    loose: the pressure was taken away on purpose, so that an interface may open.
    """
    for bolt in state.model.assembly.bolts:
        force, proof = state.bolts[bolt.name], bolt.proof_strength * bolt.stress_area
        if force > proof:
            raise PhysicsRefused(
                f'step "{step}": bolt {bolt.name} carries {force:.0f} N, its proof load is {proof:.0f} N. '
                "Lower the load or use larger bolts."
            )
        if bolt.spring is not None and force > bolt.spring.solid:
            raise PhysicsRefused(
                f'step "{step}": the spring of bolt {bolt.name} is at its end at {bolt.spring.solid:.0f} N, '
                f"{force:.0f} N act on it. Use stiffer or longer springs."
            )
    for name, joint in state.model.joints.items():
        pressed = joint.area[state.x[joint.span] > 0].sum() / joint.area.sum()
        if pressed >= TOUCHING or joint.interface.may_open or loose:
            continue
        widest = 1e3 * float(joint.gap.max() - joint.gap.min())
        if not widest:
            raise PhysicsRefused(
                f'step "{step}": nothing presses on {name} any more. Tighten the bolts further.'
            )
        raise PhysicsRefused(
            f'step "{step}": the gap of {widest:.3g} um on {name} never closes: at {state.force(name):.0f} N only '
            f"{100 * pressed:.2g} % of it touches. Raise the load, or check the units of flatness and thickness."
        )
