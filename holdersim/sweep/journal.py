"""What has become of the rows of a chunk: one file of lines, each whole or not there, written by one process at a time.

Lines: {"begin": row}; {"row": row, "status": ..., ...} when it ended; {"again": row} when it may be tried anew.
A process that dies drops its lock, and what it had begun stays begun: the next one tries again, twice at most.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import EnvironmentProblem

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says when a disk, a quota or the largest file is full."""

TRIES = 2
"""Times that a row may take its process with it before it counts as killed."""

KILLED = {
    "status": "killed",
    "class": "killed",
    "message": "the process that solved it was killed: memory, a crash, the end of its time, or by hand",
}


@dataclass
class Record:
    """What is known of a row: how often it was begun since it was last open, and how it ended."""

    begun: int = 0
    end: dict[str, Any] | None = None


@dataclass
class Page:
    """Rows of a chunk that were begun or have ended; busy: whether a process is writing."""

    rows: dict[int, Record] = field(default_factory=dict)
    busy: bool = False

    def take(self, line: dict[str, Any]) -> None:
        """Take in one line."""
        if "begin" in line:
            self.rows.setdefault(line["begin"], Record()).begun += 1
        elif "again" in line:
            self.rows[line["again"]] = Record()
        elif "row" in line:
            record = self.rows.setdefault(line["row"], Record())
            record.begun, record.end = 0, line


def _lines(data: bytes) -> Iterator[dict[str, Any]]:
    """Whole lines; what a dying process left unfinished is passed over."""
    for text in data[: data.rfind(b"\n") + 1].splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict):
            yield line


def read(path: Path) -> Page:
    """What a chunk's file tells; empty where there is none."""
    page = Page()
    try:
        with path.open("rb") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                page.busy = True
            data = stream.read()
    except FileNotFoundError:
        return page
    for line in _lines(data):
        page.take(line)
    return page


class Journal:
    """The file of a chunk, open for writing and locked."""

    def __init__(self, descriptor: int):
        self._to = descriptor
        data = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        self._end = data.rfind(b"\n") + 1
        os.ftruncate(descriptor, self._end)
        self.page = Page()
        for line in _lines(data):
            self.page.take(line)

    def _write(self, line: dict[str, Any]) -> None:
        if os.fstat(self._to).st_size != self._end:
            raise EnvironmentProblem(
                "another process writes a chunk that this one has locked: locks do not hold between the nodes. "
                "End all workers, move the plan to another file system, then holdersim sweep resume."
            )
        text = json.dumps(line, separators=(",", ":"), allow_nan=False).encode() + b"\n"
        done = 0
        try:
            while done < len(text):
                done += os.pwrite(self._to, text[done:], self._end + done)
        except OSError as problem:
            os.ftruncate(self._to, self._end)
            if problem.errno in FULL:
                raise EnvironmentProblem(
                    f"the disk of the sweep is full ({problem.strerror}): what is written is whole. "
                    "Make room, then holdersim sweep resume."
                ) from None
            raise
        self._end += len(text)
        self.page.take(line)

    def open_rows(self, rows: Iterable[int]) -> Iterator[int]:
        """Rows that have not ended, in turn; one that took its processes with it is marked and passed over."""
        for row in rows:
            record = self.page.rows.get(row, Record())
            if record.end is None and record.begun >= TRIES:
                self.ended(row, KILLED)
            elif record.end is None:
                yield row

    def begin(self, row: int) -> None:
        """Say that a row is being solved."""
        self._write({"begin": row})

    def ended(self, row: int, told: dict[str, Any]) -> None:
        """Say how a row ended."""
        self._write({"row": row, **told})

    def again(self, row: int) -> None:
        """Open a row again, as if it had never been begun."""
        self._write({"again": row})

    def keep(self) -> None:
        """Wait until the disk has it."""
        os.fsync(self._to)


@contextmanager
def writing(path: Path) -> Iterator[Journal | None]:
    """The file of a chunk for this process alone; None while another one writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as problem:
        raise EnvironmentProblem(f"{path} cannot be written: {problem.strerror}") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield None
            return
        yield Journal(descriptor)
    finally:
        os.close(descriptor)
