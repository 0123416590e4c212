"""Where compared results come from: folders, or case files whose result is looked up and solved when missing."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..case import Case, read_case
from ..errors import CaseError, HoldersimError, Mistake, NotConvergedError, PhysicsRefused, ResultError
from ..results import Result, current, is_complete, open_result

log = logging.getLogger(__name__)
Failure = tuple[str, HoldersimError]


def find(places: Sequence[Path], root: Path) -> tuple[list[Result], list[Failure]]:
    """Results in the order given, and what could not be solved; CaseError tells all wrong places before any solve."""
    found: list[Result | Case] = []
    wrong: list[Mistake] = []
    for place in places:
        try:
            found.append(_look(place, root))
        except CaseError as error:
            wrong += [Mistake(f"{place}: {m.where}", m.problem, m.given, m.hint) for m in error.mistakes]
        except ResultError as error:
            wrong.append(Mistake(str(place), str(error).removeprefix(f"{place}: ")))
    wrong += _twice(places, found) if not wrong else []
    if len(places) < 2:
        wrong.append(
            Mistake(
                "results", f"{len(places)} given; a comparison needs two or more.", hint="Name another one."
            )
        )
    if wrong:
        raise CaseError("compare", wrong)
    return _solved(found, root)


def _look(place: Path, root: Path) -> Result | Case:
    """The finished result that a folder or a case file stands for, or the case when it is not solved yet."""
    if place.suffix == ".toml" or place.is_file():
        case = read_case(place)
        folder = root / case.name / case.identity()
        return current(folder) or case
    inside = [f for f in sorted(place.glob("*")) if is_complete(f)] if place.is_dir() else []
    if not is_complete(place) and len(inside) > 1:
        names = ", ".join(f.name for f in inside)
        raise CaseError(
            str(place), [Mistake("folder", "holds several results.", hint=f"Name one of {names}.")]
        )
    return open_result(inside[0] if inside and not is_complete(place) else place)


def _twice(places: Sequence[Path], found: Sequence[Result | Case]) -> Iterator[Mistake]:
    """What stands for a result that an earlier place stands for."""
    seen: dict[tuple[str, str], Path] = {}
    for place, what in zip(places, found, strict=True):
        if isinstance(what, Case):
            identity = what.name, what.identity()
        else:
            identity = what.summary["case"], what.summary["identity"]
        if identity in seen:
            yield Mistake(str(place), f"is the same result as {seen[identity]}.", hint="Name each once.")
        seen.setdefault(identity, place)


def _solved(found: Sequence[Result | Case], root: Path) -> tuple[list[Result], list[Failure]]:
    waiting = [w for w in found if isinstance(w, Case)]
    if not waiting:
        return [w for w in found if isinstance(w, Result)], []
    from ..run import run

    log.info("not solved yet, so solved first: %s", ", ".join(c.name for c in waiting))
    results: list[Result] = []
    failures: list[Failure] = []
    for what in found:
        if isinstance(what, Result):
            results.append(what)
            continue
        log.info("solving %s (%d of %d)", what.name, waiting.index(what) + 1, len(waiting))
        try:
            results.append(run(what, root))
        except (NotConvergedError, PhysicsRefused) as error:
            log.warning("%s: %s", what.name, error)
            failures.append((what.name, error))
    if len(results) < 2:
        raise failures[0][1]
    return results, failures
