"""What has become of the rows of a plan, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import CaseError, Mistake
from .journal import KILLED, read, writing
from .plan import Plan, open_plan

STATUSES = ("ok", "failed", "invalid", "killed", "running", "todo")


@dataclass(frozen=True)
class Counts:
    """Rows by status, and those that failed or were killed by class."""

    by: dict[str, int]
    classes: dict[str, int]

    @property
    def total(self) -> int:
        """All rows."""
        return sum(self.by.values())

    def line(self) -> str:
        """In words: "ok 9312 | failed 61 (NotConvergedError 40) | todo 227"."""
        inner = ", ".join(f"{n} {k}" for n, k in self.classes.items())
        parts = [
            f"{n} {k}" + (f" ({inner})" if n == "failed" and inner else "") for n, k in self.by.items() if k
        ]
        return " | ".join(parts)


def ends(plan: Plan) -> list[dict[str, Any]]:
    """How each row of the plan stands, in order; one that was begun by a process that is gone counts as killed."""
    out: list[dict[str, Any]] = [{"status": "todo"} for _ in plan.rows]
    for row, wrong in plan.invalid.items():
        out[row] = {"status": "invalid", "class": "CaseError", "message": "; ".join(wrong)}
    for chunk, members in enumerate(plan.chunks):
        page = read(plan.file(chunk))
        for row in members:
            record = page.rows.get(row)
            if record is not None and record.end is not None:
                out[row] = record.end
            elif record is not None and record.begun:
                out[row] = {"status": "running"} if page.busy else KILLED
    return out


def counts(plan: Plan | Path | str) -> Counts:
    """Rows of a plan by status."""
    found = ends(plan if isinstance(plan, Plan) else open_plan(plan))
    by = Counter(e["status"] for e in found)
    classes = Counter(e["class"] for e in found if e["status"] == "failed")
    return Counts({s: by[s] for s in STATUSES}, dict(sorted(classes.items())))


def begun(plan: Plan) -> bool:
    """Whether any row was ever begun."""
    return any(plan.file(c).exists() for c in range(len(plan.chunks)))


def reopen(plan: Plan, classes: Collection[str]) -> int:
    """Open killed rows again, and failed ones of some classes ("all": every one); how many. Rows that are ok stay."""
    known = {e["class"] for e in ends(plan) if e["status"] == "failed"}
    unknown = sorted(set(classes) - known - {"all"})
    if unknown:
        hint = f"Known: {', '.join(sorted(known)) or 'none'}."
        raise CaseError(
            "resume", [Mistake("--failed", f"no row failed with {', '.join(unknown)}.", hint=hint)]
        )
    opened = 0
    for chunk in range(len(plan.chunks)):
        if not plan.file(chunk).exists():
            continue
        with writing(plan.file(chunk)) as journal:
            for row, record in list(journal.page.rows.items()) if journal else ():
                assert journal is not None  # nothing to go through without
                again = record.end is None or record.end["status"] == "killed"
                failed = record.end is not None and record.end["status"] == "failed"
                if again or (failed and (record.end["class"] in classes or "all" in classes)):  # type: ignore[index]
                    journal.again(row)
                    opened += 1
    return opened
