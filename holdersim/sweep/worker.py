"""A worker: takes chunks that nobody else works on, solves their open rows, and writes down how each ended."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import EnvironmentProblem, HoldersimError, ResultError
from ..shelf import cache_folder
from .journal import FULL, Journal, read, writing
from .plan import Plan, open_plan
from .point import Bench

log = logging.getLogger(__name__)

PATIENCE = 20.0
"""Seconds for which a worker without work waits for rows that a dying one may leave."""
ENDING = 5.0
"""Seconds that workers take to notice that the one who started them was killed."""
BUSY = "workers are at work on this plan already; sweep status tells how far"


def work(folder: Path | str, first: int = 0) -> None:
    """Solve the open rows of a plan, beginning with chunk number `first`, until none is left that nobody works on."""
    plan = open_plan(folder)
    bench = Bench(cache_folder())
    count = len(plan.chunks)
    order = [(first + k) % count for k in range(count)]
    with at_work(plan.folder):
        idle = time.monotonic()
        while order and time.monotonic() - idle < PATIENCE:
            for chunk in list(order):
                with writing(plan.file(chunk)) as journal:
                    if journal is None:
                        continue
                    if _chunk(plan, chunk, journal, bench):
                        idle = time.monotonic()
                order.remove(chunk)
            if order:
                time.sleep(0.3)


def _chunk(plan: Plan, chunk: int, journal: Journal, bench: Bench) -> int:
    """Solve what is open in a chunk; number of rows solved."""
    done = 0
    for row in journal.open_rows(plan.chunks[chunk]):
        journal.begin(row)
        began = time.monotonic()
        try:
            told = point(plan, row, bench)
        except KeyboardInterrupt:
            journal.again(row)
            raise
        journal.ended(row, told | {"seconds": round(time.monotonic() - began, 3)})
        done += 1
        log.info("row %d: %s", row, told["status"])
    if done:
        journal.keep()
    return done


def point(plan: Plan, row: int, bench: Bench) -> dict[str, Any]:
    """How a row ends: ok with its numbers, or failed with class and message. A full disk is no fault of the row."""
    told: dict[str, Any] = {}
    try:
        case = plan.cases.case(plan.rows[row])
        told["identity"] = case.identity()
        return told | {"status": "ok", "numbers": bench.solve(case)}
    except OSError as problem:
        if problem.errno in FULL:
            raise EnvironmentProblem(
                f"the disk is full ({problem.strerror}); make room, then resume"
            ) from None
        return told | _failed(problem)
    except EnvironmentProblem:
        raise
    except Exception as problem:  # whatever a row does, it takes down only itself
        return told | _failed(problem)


def _failed(problem: Exception) -> dict[str, Any]:
    if not isinstance(problem, HoldersimError):
        log.exception("a row failed in a way that is not foreseen")
    return {"status": "failed", "class": type(problem).__name__, "message": str(problem)}


# -- who is at work ----------------------------------------------------------------------------------------------


@contextmanager
def at_work(folder: Path) -> Iterator[None]:
    """Marks the plan as being worked on for as long as this process lives."""
    with (folder / ".work").open("a+b") as mark:  # NFS wants a shared lock readable, another one writable
        fcntl.flock(mark, fcntl.LOCK_SH)
        yield


def nobody_at_work(folder: Path, patience: float = 0.0) -> bool:
    """Whether no worker of this plan lives on a machine that shares the disk; waits for some that are just ending."""
    deadline = time.monotonic() + patience
    while not _unlocked(folder / ".work"):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _unlocked(path: Path) -> bool:
    with path.open("ab") as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


@contextmanager
def in_charge(folder: Path) -> Iterator[None]:
    """This process alone starts workers of a plan on this machine; ResultError while another does, or others work."""
    with (folder / ".run").open("ab") as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ResultError(f"{folder}: {BUSY}") from None
        if not nobody_at_work(folder, ENDING):
            raise ResultError(f"{folder}: {BUSY}")
        yield


def end_with(pipe: int) -> None:
    """End this process when the other end of a pipe is closed: the one that started it has died."""

    def wait() -> None:
        while os.read(pipe, 1024):
            pass
        os._exit(3)

    threading.Thread(target=wait, daemon=True).start()


def unfinished(plan: Plan) -> int:
    """Rows that can be run and have not ended."""
    ended = sum(r.end is not None for c in range(len(plan.chunks)) for r in read(plan.file(c)).rows.values())
    return sum(map(len, plan.chunks)) - ended
