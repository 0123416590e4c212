"""Design study: any keys of a case are free, numbers of its result are limited, one or two of them are to be least.

Every design is a case: it is solved by `run`, its result is stored under its identity and read back when asked again,
so that a study that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, model_validator

from ..case import Case
from ..errors import CaseError, EnvironmentProblem, HoldersimError, Mistake
from ..run import run
from ..schema import Entry, key, nearest, refuse, some
from ..units import NUMBER
from .common import Limit, StudyFile

log = logging.getLogger(__name__)
Value = float | int | str | bool | list[Any] | dict[str, Any]
FAILED = 1e3
"""Excess of every limit by a design that cannot be solved."""
SLACK = 1e-6
"""Share by which a limit may be exceeded: rounding of the search."""


class Free(Entry):
    """A key of the case that may vary: between two bounds, among whole numbers, or over a list."""

    set: str = key(doc='key of the case, such as "holder.thickness"', min_length=1)
    low: str | float | int | None = key(None, 'lower bound, such as "4 mm"')
    high: str | float | int | None = key(None, "upper bound")
    among: tuple[Any, ...] | None = key(None, "list of values instead of bounds")
    whole: bool = key(False, "whole numbers only")

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if (self.among is None) == (self.low is None or self.high is None):
            raise refuse("needs low and high, or among.")
        if self.among is not None:
            if len(self.among) < 2:
                raise refuse("among needs at least two values.")
            return self
        (a, unit), (b, other) = self._number(self.low), self._number(self.high)
        if unit != other:
            raise refuse("low and high need the same unit.", f'"{unit}" and "{other}" are given.')
        if not a < b:
            raise refuse("low must be less than high.")
        return self

    @staticmethod
    def _number(text: Any) -> tuple[float, str]:
        match = NUMBER.match(str(text))
        if match is None:
            raise refuse(f'"{text}" is not a number with a unit.')
        return float(match[1]), match[2]

    @property
    def bounds(self) -> tuple[float, float]:
        """Lower and upper bound in the unit of the study file."""
        return self._number(self.low)[0], self._number(self.high)[0]

    @property
    def smooth(self) -> bool:
        """Whether it varies without steps."""
        return self.among is None and not self.whole

    def written(self, number: float) -> Value:
        """A number between the bounds as the case file has it, rounded to a millionth of the range."""
        low, high = self.bounds
        step = 10.0 ** math.floor(math.log10((high - low) * 1e-6))
        value = min(max(round(number / step) * step, low), high)
        unit = self._number(self.low)[1]
        if self.whole:
            value = round(number)
        return f"{value:.9g} {unit}" if unit else (int(value) if self.whole else float(f"{value:.9g}"))


class Load(Entry):
    """One way in which every design is loaded: keys of the case and their values."""

    name: str = key(doc="name of the load case", min_length=1)
    set: dict[str, Any] = key(doc='keys and values, such as { "steps[0].pressure" = "5 MPa" }')


class Design(StudyFile):
    """A design study."""

    least: Annotated[tuple[str, ...], AfterValidator(some)] = key(
        doc="one number to be least, or two (Pareto)"
    )
    free: Annotated[tuple[Free, ...], AfterValidator(some)] = key(doc="keys of the case that may vary")
    limits: tuple[Limit, ...] = key((), "limits that every design must keep under every load")
    loads: tuple[Load, ...] = key((), "load cases; the case itself when there are none")
    method: Literal["auto", "smooth", "mixed"] = key(
        "auto", "smooth: COBYLA; mixed: Optuna; auto: by the variables"
    )
    evaluations: int = key(doc="designs that are tried at most", ge=3, le=100_000)
    seed: int = key(0, "of the search", ge=0)

    def wrong(self) -> list[Mistake]:
        """What does not fit the case; keys are tried with their first values."""
        out = []
        if len(self.least) > 2:
            out.append(Mistake("least", "at most two numbers can be least."))
        if self.method == "smooth" and (len(self.least) > 1 or not all(f.smooth for f in self.free)):
            out.append(Mistake("method", "smooth needs one goal and variables without steps.", '"smooth"'))
        names = [load.name for load in self.loads]
        if len(set(names)) < len(names):
            out.append(Mistake("loads", "two load cases have the same name."))
        for i, f in enumerate(self.free):
            out += [Mistake(f"free[{i}], {m.where}", m.problem, m.given, m.hint) for m in self._form(f)]
        return out

    def _form(self, f: Free) -> list[Mistake]:
        """Mistakes in a key or all of its values; what does not fit together may fit at other values."""
        found: list[list[Mistake]] = []
        for value in f.among or (f.low, f.high):
            try:
                self.base.with_(f.set, value)
                found.append([])
            except CaseError as error:
                found.append([m for m in error.mistakes if m.where and f.set.startswith(m.where)])
            except (KeyError, IndexError, TypeError):
                return [Mistake(f.set, "there is no such key.")]
        plain = [m for own in found for m in own if m.problem.startswith(("there is no", "unknown"))]
        return plain or (found[0] if all(found) else [])

    @property
    def needs_fields(self) -> bool:
        """Whether a number needs the stress inside the bodies."""
        return any("yield of" in n for n in (*self.least, *(limit.number for limit in self.limits)))

    def designed(self, values: Mapping[str, Value], load: Load | None = None) -> Case:
        """The case of a design under a load."""
        made = self.base
        for where, value in [*values.items(), *(load.set.items() if load else ())]:
            made = made.with_(where, value)
        return made


@dataclass(frozen=True)
class Tried:
    """One design: values by key, numbers by load and name, why it failed, and how far it exceeds each limit."""

    number: int
    values: dict[str, Value]
    numbers: dict[str, dict[str, float]] = field(default_factory=dict)
    failure: str = ""
    goals: tuple[float, ...] = ()
    excess: tuple[float, ...] = ()

    @property
    def feasible(self) -> bool:
        """Whether it was solved and keeps every limit."""
        return not self.failure and all(e <= SLACK for e in self.excess)

    @property
    def worst(self) -> float:
        """Largest excess of a limit, 0 where all are kept."""
        return max([0.0, *self.excess]) if not self.failure else FAILED


class Evaluator:
    """Solves designs, each once; `tried` in order. What was solved before is read from the folder."""

    def __init__(self, study: Design, folder: Path):
        self.study, self.folder = study, folder
        self.tried: list[Tried] = []
        self.solved = 0
        self._known: dict[str, Tried] = {}
        self._failures = folder / "failures.json"
        self._failed: dict[str, str] = (
            json.loads(self._failures.read_text()) if self._failures.exists() else {}
        )

    def __call__(self, values: dict[str, Value]) -> Tried:
        """The design with these values."""
        name = json.dumps(values, sort_keys=True)
        if name not in self._known:
            made = self._try(len(self.tried) + 1, values)
            self._known[name] = made
            self.tried.append(made)
            log.info("design %d: %s", made.number, made.failure or _said(self.study, made))
        return self._known[name]

    def _try(self, number: int, values: dict[str, Value]) -> Tried:
        numbers: dict[str, dict[str, float]] = {}
        try:
            for load in self.study.loads or (None,):
                case = self.study.designed(values, load)
                numbers[load.name if load else ""] = self._solve(case)
        except EnvironmentProblem:
            raise
        except HoldersimError as error:
            return Tried(number, values, {}, str(error).strip().splitlines()[-1].strip(),
                         tuple(FAILED for _ in self.study.least), tuple(FAILED for _ in self.study.limits))  # fmt: skip
        goals = tuple(max(_pick(n, goal) for n in numbers.values()) for goal in self.study.least)
        excess = tuple(max(c.excess(_pick(n, c.number)) for n in numbers.values()) for c in self.study.limits)
        return Tried(number, values, numbers, "", goals, excess)

    def _solve(self, case: Case) -> dict[str, float]:
        identity = case.identity()
        if identity in self._failed:
            raise HoldersimError(self._failed[identity])
        place = self.folder / "runs" / case.name / identity
        self.solved += not (place / "summary.json").exists()
        try:
            found = run(case, self.folder / "runs", pictures=False, fields=self.study.needs_fields)
        except EnvironmentProblem:
            raise
        except HoldersimError as error:
            self._failed[identity] = str(error)
            self._failures.write_text(json.dumps(self._failed, indent=1), encoding="utf-8")
            raise
        return numbers_of(found.summary)


def _pick(numbers: Mapping[str, float], name: str) -> float:
    if name not in numbers:
        raise CaseError(
            "study",
            [Mistake("numbers", "the result has no such number.", f'"{name}"', nearest(name, numbers))],
        )
    return numbers[name]


def _said(study: Design, tried: Tried) -> str:
    values = ", ".join(f"{k.rsplit('.', 1)[-1]} {v}" for k, v in tried.values.items())
    goals = ", ".join(f"{n} {g:.4g}" for n, g in zip(study.least, tried.goals, strict=True))
    return f"{values}: {goals}" + ("" if tried.feasible else f"; {100 * tried.worst:.3g} % beyond a limit")


def numbers_of(summary: Mapping[str, Any]) -> dict[str, float]:
    """Numbers of a result's last step by one name each: "cathode: CV [-]", "mass [g]", "proof load of bolts [-]" ..."""
    last = summary["steps"][-1]
    out = {"mass [g]": sum(m for n, m in summary["mass_g"].items() if n != "cell")}
    out |= {f"mass of {n} [g]": m for n, m in summary["mass_g"].items()}
    for part in ("interfaces", "plates", "pads"):
        out |= {f"{where}: {n}": v for where, rows in last.get(part, {}).items() for n, v in rows.items()}
    out |= last.get("safety", {}) | last.get("findings", {})
    out["largest bolt force [N]"] = max((b["force_N"] for b in last["bolts"].values()), default=0.0)
    return {n: float(v) for n, v in out.items() if v is not None}
