"""What made a result: versions, commit, time and memory. Nothing that names the machine or its user."""

from __future__ import annotations

import platform
import resource
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from .origin import code

LIBRARIES = {
    "numpy": ("numpy",),
    "scipy": ("scipy",),
    "dolfinx": ("fenics-dolfinx", "dolfinx"),
    "petsc4py": ("petsc4py",),
    "gmsh": ("gmsh",),
    "xarray": ("xarray",),
    "pydantic": ("pydantic",),
}
"""Library -> names under which a distribution may have registered it."""


def provenance(seconds: float) -> dict[str, Any]:
    """Versions, commit, wall time [s] and peak memory of this process [MiB]."""
    from .. import __version__

    return {
        "holdersim": __version__,
        "code": code(),
        "commit": commit(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "libraries": {name: version for name in LIBRARIES if (version := _version(name))},
        "seconds": round(seconds, 3),
        "peak_memory_MiB": round(peak_memory(), 1),
    }


def _version(library: str) -> str | None:
    for name in LIBRARIES[library]:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    # a system package may lack metadata; ask the module, but only where it is loaded already
    version: str | None = getattr(sys.modules.get(library), "__version__", None)
    return version


def peak_memory() -> float:
    """Largest resident memory of this process so far [MiB]."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 2**20 if sys.platform == "darwin" else used / 2**10


def commit() -> str | None:
    """Commit of the repository this package lies in, with "+changes" when files differ from it."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():  # installed: a repository further up would be somebody else's
        return None
    head = _git(root, "rev-parse", "HEAD") or _head(root / ".git")
    changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    return f"{head}+changes" if head and changed else head


def _head(folder: Path) -> str | None:
    """Commit that is checked out, read from the repository's files where there is no git program."""
    try:
        head = (folder / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return head or None
        name = head.removeprefix("ref: ")
        if (folder / name).is_file():
            return (folder / name).read_text(encoding="utf-8").strip()
        packed = (folder / "packed-refs").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next((line.split()[0] for line in packed if line.endswith(f" {name}")), None)


def _git(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
