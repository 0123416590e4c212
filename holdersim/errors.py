"""What can go wrong, said so that a user can mend it: where, what was given, what is allowed, one hint."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """One line a user can act on.

    where: key of the case file, e.g. ``steps[0].pressure``; given: the value as written;
    problem: what is wrong and what is allowed; hint: the likely fix.
    """

    where: str
    problem: str
    given: str = ""
    hint: str = ""

    def __str__(self) -> str:
        given = f" = {self.given}" if self.given else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{self.where}{given}: {self.problem}{hint}"


class HoldersimError(Exception):
    """Base of all errors a user may see; `exit_code` is what the command line returns."""

    exit_code = 1


class CaseError(HoldersimError):
    """Invalid input: every mistake at once."""

    exit_code = 2

    def __init__(self, source: str, mistakes: list[Mistake]):
        self.source, self.mistakes = source, mistakes
        lines = "\n".join(f"  {m}" for m in mistakes)
        super().__init__(f"{source}: {len(mistakes)} mistake(s)\n{lines}")


class GeometryError(HoldersimError):
    """A shape that cannot be meshed, or a face that is not there."""

    exit_code = 2


class NotConvergedError(HoldersimError):
    """The solver stopped without an answer; carries step, state and reason."""

    exit_code = 3


class PhysicsRefused(HoldersimError):
    """The input is well formed but the physics says no (a bolt yields, a gap never closes)."""

    exit_code = 4


class ResultError(HoldersimError):
    """A result folder that is not complete, or was not written by a format we read."""

    exit_code = 2


class EnvironmentProblem(HoldersimError):
    """Something is missing on this machine (FEniCS, EGL, CalculiX, disk)."""

    exit_code = 5
