"""Which code makes a result: the version of the package and a hash of the files that decide numbers."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

AROUND = frozenset((
    "__main__", "cli", "paper_cli", "study_cli", "sweep_cli", "inverse", "report", "sweep", "study", "sized",
    "weight", "paper", "plots", "plots3d", "export", "overview", "page", "starters",
))  # fmt: skip
"""Parts of the package that a run does not use for its numbers: they may change and results stay."""


@cache
def code() -> str:
    """Version and hash of source files and material data, holders included: "0.1.0+1a2b3c4d5e".

    As they lie on disk when first asked for; the same wherever the package is installed.
    """
    from .. import __version__
    from ..holder import holder_files

    package = Path(__file__).resolve().parents[1]
    found = {
        f.relative_to(package).as_posix(): f for kind in ("py", "toml") for f in package.rglob(f"*.{kind}")
    }
    files = {
        n: f for n, f in found.items() if Path(n).parts[0].removesuffix(".py") not in {*AROUND, "_geometries"}
    }
    files |= {f"geometries/{kind}": file for kind, file in holder_files().items()}
    every = hashlib.sha256()
    for name in sorted(files):
        every.update(f"{name} {hashlib.sha256(files[name].read_bytes()).hexdigest()}\n".encode())
    return f"{__version__}+{every.hexdigest()[:10]}"
