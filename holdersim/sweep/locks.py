"""Whether locks of files hold where a sweep lies: that each row is solved once rests on them.

Tried with a second process, which shows what this machine does. Between nodes it cannot be tried from one of them;
mount options that keep locks to one node are known and refused: nfs(5), mount.lustre(8).
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

from ..errors import EnvironmentProblem

ONE_NODE = {
    "nfs": ("nolock", "local_lock=all", "local_lock=flock"),
    "nfs4": ("nolock", "local_lock=all", "local_lock=flock"),
    "lustre": ("localflock", "noflock"),
}
"""Options of shared file systems with which a lock is seen by its own node only."""

OTHER = """
import fcntl, sys
try:
    fcntl.flock(open(sys.argv[1], "r+b"), fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("held")
else:
    print("free")
"""


MOUNTS = Path("/proc/self/mountinfo")


def check(folder: Path, nodes: bool = False, mounts: Path = MOUNTS) -> None:
    """EnvironmentProblem where locks do not hold in a folder, between processes or (nodes) between nodes."""
    kind, options = mount_of(folder, mounts)
    hint = "Put the folder on another file system, or have it mounted with locks that all nodes see."
    if not _hold(folder):
        told = f" ({kind})" if kind else ""
        raise EnvironmentProblem(f"{folder}: locks of files do not hold on its file system{told}. {hint}")
    weak = [o for o in ONE_NODE.get(kind, ()) if o in options] if nodes else []
    if weak:
        raise EnvironmentProblem(
            f"{folder}: its file system ({kind}) is mounted with {weak[0]}: nodes would not see each other's locks "
            f"and solve the same rows. {hint}"
        )


def _hold(folder: Path) -> bool:
    """Whether another process sees a lock of this one, and its end."""
    mark = folder / f".lock-{os.getpid()}"
    try:
        with mark.open("w+b") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = _seen(mark)
            fcntl.flock(stream, fcntl.LOCK_UN)
            return (held, _seen(mark)) == ("held", "free")
    except OSError:  # "not supported", "no locks available"
        return False
    finally:
        mark.unlink(missing_ok=True)


def _seen(mark: Path) -> str:
    command = [sys.executable, "-S", "-c", OTHER, str(mark)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def mount_of(folder: Path, mounts: Path) -> tuple[str, tuple[str, ...]]:
    """Type and options of the file system that holds a folder, from a file as /proc/self/mountinfo; "" if unknown."""
    found: tuple[int, str, tuple[str, ...]] = (-1, "", ())
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "", ()
    for line in lines:
        words, _, rest = line.partition(" - ")
        place, type_options = words.split()[4:6], rest.split()
        if len(place) < 2 or len(type_options) < 3:
            continue
        at = Path(place[0].replace("\\040", " "))
        if folder.resolve().is_relative_to(at) and len(at.parts) >= found[0]:
            options = (*place[1].split(","), *type_options[2].split(","))
            found = (len(at.parts), type_options[0], options)
    return found[1], found[2]
