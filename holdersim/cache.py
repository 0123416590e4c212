"""The cache kept within its limit: what lies there, when each entry was last used, which goes first.

The time of a file's last change stands for its last use. Any number of processes may read, write and trim at once: an
entry that is gone is made again, and one that is open can still be read to its end.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from . import units
from .errors import EnvironmentProblem

log = logging.getLogger(__name__)

SUFFIX, UNFINISHED = ".superelement", ".part"
SIZE = units.Kind("a size on disk", "byte", 0.0, 1e15, ("GB", "MB", "TB"), "GB")

VARIABLE = "HOLDERSIM_CACHE_LIMIT"
LIMIT = 20e9
"""Size [byte] above which the entries used longest ago go, unless the variable says otherwise."""

FRESH = 3600.0
"""Age [s] below which other processes may still want an entry, or write a file: the limit does not touch it."""

_mine: set[Path] = set()
"""Entries that this process has used."""


@dataclass(frozen=True)
class Kept:
    """One entry: its size [byte] and when it was used last [s since 1970]."""

    file: Path
    size: int
    used: float


def limit() -> float:
    """Largest size [byte] of the cache; EnvironmentProblem where the variable is no size."""
    given = os.environ.get(VARIABLE)
    if not given:
        return LIMIT
    try:
        return units.read(given, SIZE)
    except units.UnitMistake as mistake:
        raise EnvironmentProblem(f'{VARIABLE} = "{given}": {mistake}') from None


def kept(folder: Path) -> list[Kept]:
    """The entries in a folder, used longest ago first."""
    found = []
    for file in folder.glob(f"*{SUFFIX}"):
        with contextlib.suppress(FileNotFoundError):  # another process was quicker
            state = file.stat()
            found.append(Kept(file, state.st_size, state.st_mtime))
    return sorted(found, key=lambda k: (k.used, k.file.name))


def size(entries: Iterable[Kept]) -> str:
    """How much entries take up [GB], as text."""
    return f"{sum(k.size for k in entries) / 1e9:.3g} GB"


def touch(file: Path) -> None:
    """Take down that an entry is used, now and by this process."""
    _mine.add(file.resolve())
    with contextlib.suppress(OSError):  # somebody else's file, or gone meanwhile
        os.utime(file)


def trim(folder: Path, most: float) -> list[Kept]:
    """Entries removed, used longest ago first, until at most `most` bytes are left; and what was never finished."""
    return _trim(folder, most, lambda k: False)


def keep_within_limit(folder: Path) -> None:
    """Trim to the limit, but for what this process has used and what was used just now."""
    began = time.time()
    gone = _trim(folder, limit(), lambda k: k.file.resolve() in _mine or began - k.used < FRESH)
    if gone:
        log.info("cache: %d entries used longest ago removed, %s", len(gone), size(gone))


def _trim(folder: Path, most: float, spared: Callable[[Kept], bool]) -> list[Kept]:
    entries = kept(folder)
    left, gone = sum(k.size for k in entries), []
    for entry in entries:
        if left <= most:
            break
        if not spared(entry) and _remove(entry):
            left -= entry.size
            gone.append(entry)
    for part in folder.glob(f"*{UNFINISHED}"):
        with contextlib.suppress(OSError):
            if time.time() - part.stat().st_mtime > FRESH:
                part.unlink()
    return gone


def _remove(entry: Kept) -> bool:
    """Whether an entry is gone; one that was used since it was looked at stays."""
    try:
        if entry.file.stat().st_mtime != entry.used:
            return False
        entry.file.unlink()
    except FileNotFoundError:
        return True
    except OSError as problem:
        log.warning("cache: %s cannot be removed (%s)", entry.file.name, problem.strerror)
        return False
    return True


def text(folder: Path) -> str:
    """Where the cache is, how large it is, and how long ago its entries were used."""
    entries = kept(folder)
    lines = [f"{folder}", f"{len(entries)} entries, {size(entries)}; limit {limit() / 1e9:g} GB ({VARIABLE})"]
    if entries:
        days = [(time.time() - k.used) / 86400 for k in (entries[0], entries[-1])]
        lines.append(f"last used {days[0]:.1f} days ago (longest) to {days[1]:.1f} days ago")
    return "\n".join(lines)
