"""Workers on this machine: started, replaced when they die, ended with the one who started them."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time

from ..errors import EnvironmentProblem
from .plan import Plan
from .status import Counts, counts
from .worker import unfinished

log = logging.getLogger(__name__)

USELESS = 3
"""Workers that die in a row before any of them has begun a row."""
TOLD = 10.0
"""Seconds between lines of progress."""


def run(plan: Plan, workers: int | None = None) -> Counts:
    """Solve all open rows of a plan with processes on this machine; what has become of all rows.

    Whoever calls is in charge (worker.in_charge). EnvironmentProblem when workers cannot start or the disk is full.
    """
    crew = _Crew(plan, workers or os.cpu_count() or 1)
    try:
        crew.see_through()
    finally:
        crew.end()
    return counts(plan)


class _Crew:
    """The workers of a plan on this machine."""

    def __init__(self, plan: Plan, size: int):
        self.plan = plan
        self.size = min(size, max(len(plan.chunks), 1))
        self.log = (plan.folder / "workers.log").open("ab")
        self.alive: dict[int, subprocess.Popen[bytes]] = {}

    def see_through(self) -> None:
        """Keep workers at work until no row is open."""
        left, useless, told = unfinished(self.plan), 0, time.monotonic()
        for k in range(self.size if left else 0):
            self._start(k)
        while self.alive:
            time.sleep(0.2)
            for k, process in list(self.alive.items()):
                code = process.poll()
                if code is None:
                    continue
                del self.alive[k]
                if code == EnvironmentProblem.exit_code:
                    raise EnvironmentProblem(f"a worker cannot go on: {self._last_words(process)}")
                before, left = left, unfinished(self.plan)
                useless = useless + 1 if left == before else 0
                if useless >= USELESS * self.size:
                    raise EnvironmentProblem(f"workers end without result: {self._last_words(process)}")
                if code:
                    log.warning("worker %d died (%d) and is replaced", k, code)
                if left and (code or not self.alive):
                    self._start(k)
            if time.monotonic() - told > TOLD:
                told = time.monotonic()
                log.info("%s", counts(self.plan).line())

    def _start(self, k: int) -> None:
        first = k * len(self.plan.chunks) // self.size
        threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
        self.alive[k] = subprocess.Popen(
            [sys.executable, "-m", "holdersim.sweep", str(self.plan.folder), str(first)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            env=os.environ | threads,
        )

    def _last_words(self, process: subprocess.Popen[bytes]) -> str:
        """What a worker that ended said by the pipe for it, which needs no disk, or else the end of its log."""
        words = process.stdout.read() if process.stdout else b""
        if words:
            return words.decode(errors="replace").strip()
        lines = (self.plan.folder / "workers.log").read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[-1] if lines else "it left no message"

    def end(self) -> None:
        """End what still runs."""
        for process in self.alive.values():
            process.kill()
            process.communicate()
        self.log.close()
