"""One point of a sweep: the numbers of a case, solved as `run` does, with the model of the last point where it fits.

Every state starts from what its own case gives, never from a neighbour: the numbers do not depend on which point was
solved before, so that a broken sweep ends with the same digits as an unbroken one.
"""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import record, steps
from ..assembly import Assembly, Interface
from ..case import Case
from ..diary import Diary
from ..errors import PhysicsRefused
from ..joint import initial_gap
from ..nonlinear import model_of
from ..results import Result
from ..results.history import swing
from ..solve import Model
from ..state import State
from .sharing import make_missing

Mask = NDArray[np.bool_]


class Bench:
    """Solves points one after the other and keeps the last model: only gaps, bolts and loads may differ."""

    def __init__(self, cache: Path):
        self._cache = cache
        self._model: Model | None = None
        self._open: dict[str, Mask] = {}

    def model(self, case: Case) -> Model:
        """The model of a case; each missing superelement is made by one process only."""
        assembly = case.assembly()
        if self._model is not None and alike(self._model.assembly, assembly):
            fitted = self._fitted(self._model, assembly)
            if fitted is not None:
                return fitted
        self._model = None  # the old one leaves the memory first
        make_missing(assembly, self._cache)
        made = model_of(assembly, cache=self._cache, keep=False)
        if type(made) is Model:
            self._model = made
            self._open = {n: np.isfinite(initial_gap(j.interface, j.grid)) for n, j in made.joints.items()}
        return made

    def _fitted(self, model: Model, assembly: Assembly) -> Model | None:
        """The same model with other gaps and bolts; None where other pixels may touch."""
        fresh, joints = copy.copy(model), {}
        fresh.gap = np.zeros_like(model.gap)
        for i in assembly.interfaces:
            joint = model.joints[i.name]
            gap = initial_gap(i, joint.grid)
            if not np.array_equal(np.isfinite(gap), self._open[i.name]):
                return None
            joint = replace(joint, interface=i, gap=gap[joint.pixels])
            joints[i.name], fresh.gap[joint.span] = joint, joint.gap
        fresh.joints, fresh.assembly = joints, assembly
        return fresh

    def solve(self, case: Case) -> dict[str, Any]:
        """Numbers of a case after its last step; names carry the unit."""
        model = self.model(case)
        diary = Diary(case, model)
        state: State | None = None
        worst = dict.fromkeys(model.limits, 0.0)
        for step in case.steps:
            for k, reached in enumerate(steps.advance(case, model, step, state), 1):
                state = reached
                steps.check_state(state, step.kind_name, steps.loosened(case, step))
                if case.charges or case.warms:
                    diary.note(state, step.kind_name, k, steps.sets_pressure(step))
                worst = {n: max(v, state.certificates[n]) for n, v in worst.items()}
        if state is None:
            raise PhysicsRefused("the case has no step that loads anything")
        return plain(_numbers(case, state, worst, diary))


def alike(one: Assembly, other: Assembly) -> bool:
    """Whether two assemblies differ in gaps, and in stiffness, springs and strength of bolts only."""

    def faces(i: Interface) -> Interface:
        return replace(i, gap=None, may_open=False)

    def same(a: Assembly, b: Assembly) -> bool:
        if len(a.bolts) != len(b.bolts) or len(a.interfaces) != len(b.interfaces):
            return False
        bolts = all(
            (m.name, m.seats, m.share, m.growth) == (n.name, n.seats, n.share, n.growth)
            for m, n in zip(a.bolts, b.bolts, strict=True)
        )
        return bolts and all(faces(i) == faces(k) for i, k in zip(a.interfaces, b.interfaces, strict=True))

    return (one.symmetry, one.solids, one.planes) == (other.symmetry, other.solids, other.planes) and same(
        one, other
    )


def _numbers(case: Case, state: State, worst: dict[str, float], diary: Diary) -> dict[str, Any]:
    """All numbers of the last state, of the way there, and the certificates."""
    model = state.model
    last = case.steps[-1].kind_name
    data = record.maps({last: state}, {})
    told = record.step_numbers(state, data, last, case.grid.film)
    out: dict[str, Any] = {}
    for face, numbers in told["interfaces"].items():
        out |= {f"{face}: {n}": v for n, v in numbers.items()}
    for kind in ("plates", "pads"):
        for part, numbers in told.get(kind, {}).items():
            out |= {f"{part}: {n}": v for n, v in numbers.items()}
    out["closing force [N]"] = told["closing_force_N"]
    out |= {f"force of {b} [N]": v["force_N"] for b, v in told["bolts"].items()}
    out |= record.safety(state, {})
    out |= case.holder.findings(case.cell, state)
    if diary.rows:
        way = Result(Path(), {"history": diary.rows})
        for plane in [p.name for p in model.assembly.planes] or list(model.joints):
            out |= {f"{plane}: {n}": v for n, v in swing(way, plane).items()}
    out["mass of the holder [g]"] = 1e6 * sum(model.assembly.masses.values())
    out |= {f"certificate {n} [-]": v for n, v in worst.items()}
    return out


def plain(numbers: dict[str, Any]) -> dict[str, Any]:
    """Numbers as JSON can carry them; None for what is not defined."""

    def one(value: Any) -> Any:
        if isinstance(value, bool | str) or value is None:
            return value
        return float(value) if math.isfinite(value) else None

    return {n: one(v) for n, v in numbers.items()}
