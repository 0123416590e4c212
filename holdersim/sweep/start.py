"""Beginning and resuming a plan, here or on Slurm: once, by one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..case import Case
from ..errors import CaseError, EnvironmentProblem, Mistake, ResultError
from ..ranks import launched
from . import local, locks, slurm
from .plan import Plan, open_plan
from .status import Counts, begun, reopen
from .worker import in_charge


@contextmanager
def _alone(folder: Path | str, nodes: bool = False) -> Iterator[Plan]:
    """The plan, when nobody works on it and no job of it waits; nobody else can begin meanwhile.

    nodes: whether workers on several nodes will share the folder.
    """
    plan = open_plan(folder)
    locks.check(plan.folder, nodes)
    alive = slurm.living(plan)
    if alive:
        raise ResultError(
            f"{folder}: this plan already has job {', '.join(alive)}; sweep status tells how far"
        )
    with in_charge(plan.folder):
        yield plan


@contextmanager
def _first(folder: Path | str, nodes: bool = False) -> Iterator[Plan]:
    """The same, when it was never begun."""
    with _alone(folder, nodes) as plan:
        if begun(plan) or slurm.jobs(plan):
            raise ResultError(f"{folder}: this plan was begun already; use holdersim sweep resume {folder}")
        yield plan


def begin(folder: Path | str, workers: int | None = None) -> Counts:
    """Solve a plan for the first time with processes on this machine; a plan that was begun is refused."""
    with _first(folder) as plan:
        return local.run(plan, workers)


def begin_job(folder: Path | str, job: slurm.Job, dry_run: bool = False) -> str:
    """Submit a plan for the first time; a plan that was begun or submitted is refused."""
    if dry_run:
        return slurm.submit(open_plan(folder), job, dry_run)
    with _first(folder, nodes=True) as plan:
        return slurm.submit(plan, job)


def resumed(folder: Path | str, failed: Sequence[str] = (), workers: int | None = None) -> Counts:
    """Solve what was not solved or was killed, and what failed with some classes; ok rows stay."""
    with _alone(folder) as plan:
        reopen(plan, failed)
        return local.run(plan, workers)


def resumed_job(folder: Path | str, failed: Sequence[str], job: slurm.Job) -> str:
    """The same on Slurm."""
    slurm.check(job)
    with _alone(folder, nodes=True) as plan:
        reopen(plan, failed)
        return slurm.submit(plan, job)


def refuse_ranks() -> None:
    """Raise EnvironmentProblem under mpirun or srun with several ranks: a sweep starts its own workers."""
    ranks = launched()
    if ranks > 1:
        raise EnvironmentProblem(
            f"started as {ranks} ranks: a sweep starts workers of its own, one process each. Start it once (--local 8 "
            "for eight of them), or give all ranks to one large row: holdersim sweep row."
        )


def case_of(folder: Path | str, row: int) -> Case:
    """The case of one row."""
    plan = open_plan(folder)
    if not 0 <= row < len(plan.rows):
        raise CaseError(str(folder), [Mistake("row", f"lies in 0 to {len(plan.rows) - 1}.", str(row))])
    return plan.cases.case(plan.rows[row])
