"""Several results on one scale: one self-contained page, one table, the pictures.

    holdersim compare A B C -o folder      # folders of results, or case files

Reading and drawing need no FEniCS; only a case that was never solved does.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from .common import Comparison, compared
from .notes import order
from .page import write

__all__ = ["Comparison", "compare", "compared"]

log = logging.getLogger(__name__)


def compare(
    places: Iterable[Path | str], output: Path | str = "results/comparison", results: Path | str = "results"
) -> list[Path]:
    """Files written: comparison.html, comparison.csv and the pictures, from result folders or case files.

    A case file stands for its result in the folder `results`; it is solved first where there is none. A case that
    cannot be solved is named on the page, and its error is raised once the page of the others is written.
    """
    from .sources import find

    found, failures = find([Path(p) for p in places], Path(results))
    comparison = compared(found, [f"{name} is missing: {error}" for name, error in failures])
    files = write(comparison, Path(output))
    for line in order(comparison):
        log.info("%s", line)
    if failures:
        log.warning("the page in %s is without %s", output, ", ".join(name for name, _ in failures))
        raise failures[0][1]
    return files
