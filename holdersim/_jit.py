"""Compiled forms from a cache folder of our own: one process compiles, the others wait, a killed one blocks nobody.

FFCx marks a compilation by an empty .c file and makes everybody else wait for the .c.cached beside it; when the
compiler is killed that file stays and all later runs wait in vain. Here each look into the cache holds a lock, which
the system drops with the process, so that a source without its mark is known to be dead and is removed at once.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

TIMEOUT = 600
"""Time [s] that a form may take where locks do not work; $HOLDERSIM_JIT_TIMEOUT changes it."""


def folder() -> Path:
    """Where compiled forms are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fenics" / "holdersim"


def options() -> dict[str, Any]:
    """Options for dolfinx: cache folder and timeout [s]."""
    try:
        timeout = max(1, round(float(os.environ["HOLDERSIM_JIT_TIMEOUT"])))
    except (KeyError, ValueError):
        timeout = TIMEOUT
    return {"timeout": timeout, "cache_dir": str(folder())}


def compiled(compile_once: Callable[[], T]) -> T:
    """What `compile_once` gives, with sources that a killed compilation has left out of its way."""
    place = folder()
    place.mkdir(parents=True, exist_ok=True)
    with _alone(place) as alone:
        if alone:
            _remove(stubs(place))
        began = time.time()
        try:
            return compile_once()
        except TimeoutError:  # no locks here: what was there all the time that we have waited is dead
            _remove(s for s in stubs(place) if _modified(s) < began)
            return compile_once()


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[bool]:
    """Hold the folder; False where the file system has no locks."""
    with (place / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:
            yield False
        else:
            yield True


def stubs(place: Path) -> list[Path]:
    """Sources whose compilation has not ended (no .c.cached beside the .c)."""
    return [c for c in place.glob("*.c") if not c.with_suffix(".c.cached").exists()]


def _modified(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return float("inf")


def _remove(files: Iterator[Path] | list[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)
