"""What a user says about a scan or a virtual scan: checked once, every mistake at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, PlainSerializer, ValidationError, field_validator, model_validator

from ..errors import CaseError, Mistake
from ..materials.papers import GradeName
from ..schema import Entry, key, mistakes, refuse
from ..units import Angle, Force, Length, Temperature
from .image import marks, sides

E = TypeVar("E", bound=Entry)
PERCENT = re.compile(r"\s*(\d+\.?\d*|\.\d+)\s*%\s*(RH)?\s*$")


def _humidity(value: Any) -> float:
    found = PERCENT.match(str(value))
    if not found or not isinstance(value, str):
        number = re.match(r"\s*\d+\.?\d*\s*$", str(value))
        raise refuse(
            "is not a relative humidity." if not number else "has no unit.",
            f'Write "{str(value).strip() if number else 55} %".',
        )
    if not 0 <= float(found[1]) <= 100:
        raise refuse("a relative humidity lies in 0 to 100 %.")
    return float(found[1])


def _rises(low: int, columns: int) -> Any:
    def enter(value: Any) -> tuple[int, ...]:
        try:
            numbers = tuple(int(v) for v in str(value).split(","))
        except ValueError:
            raise refuse("must be whole numbers with commas.", "Write x0,y0,x1,y1.") from None
        if (
            len(numbers) != columns
            or numbers[0] >= numbers[2]
            or numbers[1] >= numbers[3]
            or min(numbers) < low
        ):
            raise refuse("must be x0,y0,x1,y1 in pixels from the upper left, x0 < x1, y0 < y1.")
        return numbers

    return BeforeValidator(enter)


Humidity = Annotated[
    float, BeforeValidator(_humidity), PlainSerializer(lambda v: f"{v:g} %", return_type=str)
]
Box = Annotated[tuple[int, int, int, int], _rises(0, 4)]
Pressing = Literal["continuous", "momentary"]
UNKNOWN = "Not known, as of a picture in a paper? --show density or ratio tells the order of the pressures, never MPa."


class Film(Entry):
    """The paper, how it was pressed and in what climate."""

    grade: GradeName | None = key(None, "grade of the paper, such as LW")
    pressing: Pressing | None = key(None, "continuous (2 min up, 2 min held) or momentary (seconds)")
    temperature: Temperature | None = key(None, "temperature of the room when it was pressed")
    humidity: Humidity | None = key(None, "relative humidity of the room when it was pressed")
    curves: Path | None = key(None, "CSV file with curves of one's own")
    wedge: Path | None = key(None, "CSV file with patches pressed with known pressure")
    samples: Path | None = key(None, "CSV file with colour samples as the scanner sees them")

    @model_validator(mode="after")
    def _both(self) -> Film:
        if (self.temperature is None) != (self.humidity is None):
            raise refuse("temperature and humidity go together.", "Give both, or neither.")
        if self.curves is not None and self.wedge is not None:
            raise refuse("curves and wedge both tell the curve.", "Give one of them.")
        return self


class ReadOptions(Film):
    """What is known of a scan."""

    dpi: float | None = key(None, "pixels per inch", ge=20, le=5000)
    scale: str | None = key(None, 'two marks: "x1,y1,x2,y2,50 mm", pixels from the upper left')
    outline: str | None = key(None, 'size of the red area: "35 mm x 15 mm"')
    cell: Length = key("0.25 mm", "side of the squares that are averaged")
    show: Literal["pressure", "density", "ratio"] = key("pressure", "what is read")
    blank: Box | None = key(None, "pixels of blank paper: x0,y0,x1,y1")
    force: Force | None = key(None, "force that pressed the paper")
    sealed: bool = key(False, "paper sealed in a bag when it was pressed")
    mirror: bool = key(False, "scanned face down")
    keep_blobs: bool = key(False, "read what looks like tape or labels too")

    @field_validator("scale")
    @classmethod
    def _marks(cls, text: str | None) -> str | None:
        return _tried(marks, text)

    @field_validator("outline")
    @classmethod
    def _sides(cls, text: str | None) -> str | None:
        return _tried(sides, text)

    @model_validator(mode="after")
    def _known(self) -> ReadOptions:
        if self.dpi is not None and self.scale is not None:
            raise refuse("dpi and scale both tell the size of a pixel.", "Give one of them.")
        if self.show == "pressure":
            lacking = [f"--{n}" for n in ("grade", "pressing") if getattr(self, n) is None]
            if lacking:
                raise refuse(f"a pressure needs {' and '.join(lacking)}.", UNKNOWN)
        elif self.force is not None:
            raise refuse("--force checks a pressure.", f"--show {self.show} tells none: leave --force out.")
        return self


class RenderOptions(Film):
    """What virtual paper is asked for."""

    at: str | None = key(None, "interface or plane; by default paper in the stack, else the cathode plane")
    steps: tuple[str, ...] | None = key(None, "steps the paper felt; all unless told")
    dpi: float = key(600.0, "pixels per inch", ge=50, le=2400)
    turned: Angle = key("0 deg", "how it lies on the scanner")
    mirror: bool = key(False, "scanned face down")
    page: str | None = key(None, 'size of the scan, "297 mm x 210 mm"; a rim around the paper unless told')
    grain: float = key(0.06, "scatter of the density over 0.1 mm, as a share (assumed)", ge=0, le=0.5)
    quality: int = key(85, "quality of a JPEG", ge=10, le=100)
    seed: int = key(1, "of the grain", ge=0)

    @field_validator("page")
    @classmethod
    def _page(cls, text: str | None) -> str | None:
        return _tried(sides, text)

    @model_validator(mode="after")
    def _told(self) -> RenderOptions:
        lacking = [f"--{n}" for n in ("grade", "pressing") if getattr(self, n) is None]
        if self.wedge is None and self.temperature is None:
            lacking += ["--temperature", "--humidity"]
        if lacking:
            raise refuse(f"a density needs {', '.join(lacking)}.")
        return self


def _tried(function: Any, text: str | None) -> str | None:
    if text is not None:
        try:
            function(text)
        except ValueError as wrong:
            raise refuse(str(wrong)) from None
    return text


def checked(cls: type[E], said: dict[str, Any], where: str) -> E:
    """The options, or CaseError with every mistake, each at its option of the command line."""
    try:
        return cls.model_validate({k: v for k, v in said.items() if v is not None})
    except ValidationError as error:
        found = [
            Mistake(
                "options" if m.where == "case" else f"--{m.where.replace('_', '-')}",
                m.problem,
                m.given,
                m.hint,
            )
            for m in mistakes(error)
        ]
        raise CaseError(where, found) from None


def all_of(where: str, *checks: Callable[[], Any]) -> list[Any]:
    """What all checks return, or one CaseError with the mistakes of all of them."""
    found: list[Any] = []
    wrong: list[Mistake] = []
    for check in checks:
        try:
            found.append(check())
        except CaseError as error:
            wrong += error.mistakes
    if wrong:
        raise CaseError(where, list(dict.fromkeys(wrong)))
    return found
