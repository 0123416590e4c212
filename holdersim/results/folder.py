"""The folder of a run that appears whole or not at all.

A run works in a private staging folder beside its target. `summary.json` is written last, then the folder
is renamed into place: a killed run leaves nothing that looks complete, and two runs of one case never mix.
A living run holds a lock on a file in its staging folder, which the system drops when the process dies; so
the next run sees, also from another container, which staging folders are left-overs.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..errors import ResultError
from .origin import code
from .provenance import provenance
from .reading import Result, current, is_complete
from .writing import FORMAT, SUMMARY_FILETYPE, write_json, write_maps, write_metrics

if TYPE_CHECKING:
    import xarray as xr

YOUNG, UNLOCKED_AGE = 10.0, 3600.0
"""Age [s] below which a staging folder is left alone: with a lock nobody holds, and without a lock file."""
_STAGING = re.compile(r"\..+\.[0-9a-f]{12}")
log = logging.getLogger(__name__)


class _Lock:
    """New staging folder, marked as alive for as long as this process lives or until released."""

    def __init__(self, folder: Path):
        folder.mkdir()
        self._path = folder / ".lock"
        self._file = self._path.open("w")
        with contextlib.suppress(OSError):  # a file system without locks: nothing is ever cleaned there
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def release(self) -> None:
        """Take the mark away."""
        self._path.unlink(missing_ok=True)
        self._file.close()


def _is_stale(folder: Path) -> bool:
    lock = folder / ".lock"
    try:
        age = time.time() - folder.stat().st_mtime
        if age < YOUNG or not lock.exists():
            return age > UNLOCKED_AGE
        with lock.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except OSError:  # held by a living run, gone meanwhile, or no locks here
        return False


def remove_stale(parent: Path) -> None:
    """Delete staging folders whose process is dead."""
    for folder in parent.glob(".*.*"):
        if _STAGING.fullmatch(folder.name) and folder.is_dir() and _is_stale(folder):
            log.info("removing what a dead run left: %s", folder.name)
            shutil.rmtree(folder, ignore_errors=True)


class RunFolder:
    """The folder of one run: a staging folder while it works, results/<case>/<identity> once it is complete.

        with RunFolder(root, case.name, case.identity(), force=False) as run:
            if run.finished:
                return run.finished
            run.step = "tighten"        # named in error.json should it fail
            ...                         # write into run.path
            run.finish(summary, maps, case.to_dict())
        return open_result(run.folder)

    An exception leaves <identity>.failed/ with error.json and run.log. `force` replaces a finished result, and so does
    a run where other code has made it.
    """

    def __init__(self, root: Path | str, case: str, identity: str, force: bool = False):
        self.folder = Path(root) / case / identity
        self.force = force
        self.step = ""
        self.finished: Result | None = None
        self._summary: Mapping[str, Any] | None = None
        self._start = time.monotonic()

    @property
    def failed(self) -> Path:
        """Where a failed run leaves its reason."""
        return self.folder.with_name(f"{self.folder.name}.failed")

    def __enter__(self) -> Self:
        if not self.force and is_complete(self.folder):
            self.finished = current(self.folder)
            if self.finished:
                return self
            self.force = True
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        remove_stale(self.folder.parent)
        self.path = self.folder.with_name(f".{self.folder.name}.{secrets.token_hex(6)}")
        self._lock = _Lock(self.path)
        self._handler = logging.FileHandler(self.path / "run.log", encoding="utf-8")
        self._handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        package = logging.getLogger("holdersim")
        self._level = package.level
        if package.getEffectiveLevel() > logging.INFO:
            package.setLevel(logging.INFO)
        package.addHandler(self._handler)
        return self

    def finish(self, summary: Mapping[str, Any], maps: xr.Dataset, case: Mapping[str, Any]) -> None:
        """Write maps, case, metrics and provenance; the summary follows on leaving the `with` block."""
        self._summary = {"filetype": SUMMARY_FILETYPE, "format": FORMAT, "code": code(), **summary}
        write_maps(maps, self.path / "maps.nc")
        write_json(self.path / "case.json", case)
        write_metrics(self._summary, self.path / "metrics.csv")
        write_json(self.path / "provenance.json", provenance(time.monotonic() - self._start))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.finished:
            return
        if isinstance(error, Exception):
            log.error("step %s: %s: %s", self.step or "-", type(error).__name__, error)
        self._close_log()
        self._lock.release()
        try:
            if error is None and self._summary is not None:
                write_json(self.path / "summary.json", self._summary)
                self._publish()
            elif isinstance(error, Exception):
                reason = {"class": type(error).__name__, "message": str(error), "step": self.step}
                write_json(self.path / "error.json", reason)
                (self.path / "summary.json").unlink(missing_ok=True)
                self._replace(self.failed)
        finally:
            shutil.rmtree(self.path, ignore_errors=True)
        if error is None and self._summary is None:
            raise RuntimeError("a run was left without finish()")

    def _close_log(self) -> None:
        package = logging.getLogger("holdersim")
        package.removeHandler(self._handler)
        package.setLevel(self._level)
        self._handler.close()

    def _publish(self) -> None:
        if is_complete(self.folder) and not self.force:
            log.info("another run finished this case first; its result is kept")
            return
        self._replace(self.folder)
        shutil.rmtree(self.failed, ignore_errors=True)

    def _replace(self, target: Path) -> None:
        """Rename the staging folder onto the target; an older folder there is first moved aside."""
        for _ in range(100):
            try:
                os.rename(self.path, target)
                return
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
            if target == self.folder and is_complete(target) and not self.force:
                return
            aside = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
            with contextlib.suppress(FileNotFoundError):
                os.rename(target, aside)
                shutil.rmtree(aside, ignore_errors=True)
        raise ResultError(f"{target}: could not be replaced; is another program writing there?")
