"""What all studies share: the case they start from, limits on numbers, reading a study file, writing a case file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import PrivateAttr, model_validator

from ..case import Case, read_case
from ..errors import Mistake
from ..schema import Document, Entry, key, refuse


class Limit(Entry):
    """A number that may be at most or must be at least some value, in the unit that its name carries."""

    number: str = key(doc='name of a number, such as "cathode: CV [-]"')
    most: float | None = key(None, "largest value allowed")
    least: float | None = key(None, "smallest value allowed")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.most is None) == (self.least is None):
            raise refuse("needs either most or least.", 'Write { number = "...", most = 0.3 }.')
        return self

    @property
    def value(self) -> float:
        """The limit itself."""
        return float(self.most if self.most is not None else self.least or 0.0)

    def excess(self, value: float) -> float:
        """How far a value lies beyond the limit, as a share of it (of 1 where it is 0); negative inside."""
        beyond = value - self.value if self.most is not None else self.value - value
        return beyond / (abs(self.value) or 1.0)

    def __str__(self) -> str:
        sign = "<=" if self.most is not None else ">="
        return f"{self.number} {sign} {self.value:g}"


class StudyFile(Document):
    """Base of all study files: the case that is varied."""

    what: ClassVar[str] = "study"
    format: int = key(1, "format of study files", ge=1, le=1)
    title: str = key("", "free text")
    case: str = key(doc="case file that is varied, seen from the study file")
    _base: Case = PrivateAttr()

    def judge(self, context: Mapping[str, Any]) -> list[Mistake]:
        """Mistakes once the case is read."""
        file = Path(context.get("folder", "."), self.case)
        if not file.is_file():
            return [Mistake("case", "there is no such file.", f'"{self.case}"')]
        self._base = read_case(file)
        return self.wrong()

    def wrong(self) -> list[Mistake]:
        """Mistakes that need the case."""
        return []

    @property
    def base(self) -> Case:
        """The case that is varied."""
        return self._base


# -- case files ----------------------------------------------------------------------------------------------


def write_case(case: Case, file: Path, remark: str = "") -> Path:
    """The case as a TOML file with every value; height maps are named as seen from the file."""
    data = _relative(case.to_dict(), file.resolve().parent)
    tables = {n: v for n, v in data.items() if isinstance(v, dict)}
    lines = [f"# {line}" for line in remark.splitlines()]
    lines += [f"{n} = {_toml(v)}" for n, v in data.items() if n not in tables and n != "steps"]
    for head, table in [(f"[{n}]", t) for n, t in tables.items()] + [("[[steps]]", t) for t in data["steps"]]:
        lines += ["", head, *(f"{_word(n)} = {_toml(v)}" for n, v in table.items())]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def _relative(value: Any, folder: Path) -> Any:
    """Files inside a folder by their name in it."""
    if isinstance(value, dict):
        return {n: _relative(v, folder) for n, v in value.items()}
    if isinstance(value, list):
        return [_relative(v, folder) for v in value]
    inside = isinstance(value, str) and value.startswith("/") and Path(value).is_relative_to(folder)
    return str(Path(value).relative_to(folder)) if inside else value


def _word(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name)


def _toml(value: Any) -> str:
    """A value inline; text, numbers and truth are written in TOML as in JSON."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_word(n)} = {_toml(v)}" for n, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)
