"""The other processes of `mpirun`: the first leads and runs the command, the others serve until it is done.

Work is handed out by `Crew.share`: every rank calls one function with arguments of its own and a store that it keeps.
Only one thing is under way at a time, so that an error of any rank leaves all of them ready for the next.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .errors import EnvironmentProblem, NotConvergedError

SIZES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS")
"""What launchers call the number of processes; the first that is set counts."""

PLACES = ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "SLURM_PROCID")
"""What they call the number of this one."""

LONGEST_NAP = 0.01
"""Time [s] after which an idle rank looks for work again; MPI's own waiting would keep a core busy."""

Store = dict[Any, Any]
Work = Callable[..., Any]


class Crew(ABC):
    """Ranks that work together; the first one asks."""

    size: int

    def __init__(self) -> None:
        self.dropped: list[Any] = []
        """Keys that all ranks take out of their stores before the next piece of work."""

    def drop(self, key: Any) -> None:
        """Forget what ranks have stored under a key, as soon as they are asked for something."""
        self.dropped.append(key)

    @abstractmethod
    def share(self, work: Work, given: Callable[[int], tuple[Any, ...]]) -> list[Any]:
        """work(store, *given(rank)) of every rank; an error of one is raised when all have ended."""


class World(Crew):
    """The ranks of an MPI communicator, as seen from the first."""

    def __init__(self, comm: Any):
        super().__init__()
        self._comm, self.size = comm, int(comm.size)
        self._store: Store = {}
        self.busy = False

    def share(self, work: Work, given: Callable[[int], tuple[Any, ...]]) -> list[Any]:
        dropped, self.dropped = self.dropped, []
        self.busy = True
        for rank in range(1, self.size):
            self._comm.send((work, given(rank), dropped), dest=rank)
        answers = [_answer(self._store, work, given(0), dropped)]
        answers += [_received(self._comm, rank) for rank in range(1, self.size)]
        self.busy = False
        for error, _ in answers:
            if error is not None:
                raise error
        return [value for _, value in answers]

    def leave(self, code: int) -> None:
        """Let the others go; where they are in the middle of work, end them with this exit code."""
        if self.busy:
            sys.stdout.flush()
            sys.stderr.flush()
            self._comm.Abort(code or 1)
        for rank in range(1, self.size):
            self._comm.send(None, dest=rank)


_crew: Crew | None = None


def crew() -> Crew | None:
    """The ranks at hand, or None where this process is alone."""
    return _crew


def launched() -> int:
    """Number of processes that the launcher, if any, has started."""
    return next((int(os.environ[n]) for n in SIZES if os.environ.get(n, "").isdigit()), 1)


@contextmanager
def gathered(words: Sequence[str] = ()) -> Iterator[None]:
    """Rank 0 goes on with the others at hand; they serve until it leaves, and end here with code 0.

    words: of the command; workers of a sweep are on their own however many a launcher starts. Raises
    EnvironmentProblem where processes do not know each other, and after FEniCS was imported.
    """
    global _crew
    if launched() < 2 or tuple(words[:2]) == ("sweep", "work"):
        yield
        return
    if "petsc4py.PETSc" in sys.modules:
        raise EnvironmentProblem(
            "the ranks must be gathered before FEniCS is imported: PETSc holds them together"
        )
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    world = _world()
    if world.rank:
        _serve(world)
        raise SystemExit(0)
    _alone_with_petsc()
    leader = _crew = World(world)
    try:
        yield
    except BaseException as end:
        if leader.busy and not isinstance(end, SystemExit):
            traceback.print_exc()
        leader.leave(end.code if isinstance(end, SystemExit) and isinstance(end.code, int) else 1)
        raise
    else:
        leader.leave(0)
    finally:
        _crew = None


def _world() -> Any:
    """All ranks; messages of any length, arrays in them without a copy."""
    try:
        from mpi4py import MPI
        from mpi4py.util import pkl5
    except ImportError as missing:
        raise _once(f"mpi4py is not importable ({missing})") from missing
    if MPI.COMM_WORLD.size == 1:
        raise _once("they do not know each other: MPI was not told of them")
    return pkl5.Intracomm(MPI.COMM_WORLD)


def _once(why: str) -> BaseException:
    """The refusal in one of the processes, a silent end in the others."""
    place = next((os.environ[n] for n in PLACES if n in os.environ), "0")
    if place != "0":
        return SystemExit(EnvironmentProblem.exit_code)
    return EnvironmentProblem(
        f"started as {launched()} processes, but {why}. Use the mpirun of this environment "
        "(env/run mpirun -n 2 holdersim ...) or srun --mpi=pmix, or start it once."
    )


def _alone_with_petsc() -> None:
    """PETSc, which waits for all ranks when it starts and when it ends, is told that this one is alone."""
    if importlib.util.find_spec("petsc4py") is not None:
        import petsc4py
        from mpi4py import MPI

        petsc4py.init(comm=MPI.COMM_SELF)


def _serve(comm: Any) -> None:
    """Do what rank 0 asks for until it leaves."""
    store: Store = {}
    try:
        while (asked := _received(comm, 0)) is not None:
            work, given, dropped = asked
            answer = _answer(store, work, given, dropped)
            del asked, given
            comm.send(answer, dest=0)
            del answer
    except BaseException:
        traceback.print_exc()
        comm.Abort(1)


def _answer(store: Store, work: Work, given: tuple[Any, ...], dropped: list[Any]) -> tuple[Any, Any]:
    """What went wrong, if anything did, and what came out."""
    for key in dropped:
        store.pop(key, None)
    try:
        return None, work(store, *given)
    except (NotConvergedError, MemoryError) as error:
        return error, None
    except Exception:
        return RuntimeError(f"a rank of the crew failed\n{traceback.format_exc()}"), None


def _received(comm: Any, source: int) -> Any:
    """The next message from a rank, waited for without keeping a core busy."""
    nap = 1e-4
    while not comm.iprobe(source=source):
        time.sleep(nap)
        nap = min(2 * nap, LONGEST_NAP)
    return comm.recv(source=source)
