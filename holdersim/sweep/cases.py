"""Cases of the rows of a sweep: the checks of a single case, made once for tables that rows have in common."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..case import Case
from ..holder import Holder
from .vary import Row, changed

TABLES = ("holder", "cell", "grid", "mesh")
MOST = 20000
"""Checked tables that are remembered."""


class Cases:
    """Makes the case of a row.

    A table that reads as one that passed before is not read again: entries are frozen, so that cases can share them.
    What needs several tables at once is checked for every row.
    """

    def __init__(self, base: Mapping[str, Any], folder: Path, name: str):
        self.base, self.context = base, {"folder": str(folder), "source": name, "name": name}
        self._passed: dict[str, Any] = {}
        self._kinds: dict[str, type[Holder]] = {}

    def case(self, row: Row) -> Case:
        """The case of a row; CaseError with every mistake."""
        data = changed(self.base, row)
        texts = {t: f"{t} {_text(data[t])}" for t in TABLES if t in data}
        swapped = {t: self._passed.get(text, data[t]) for t, text in texts.items()}
        if "holder" in swapped:
            swapped["holder"] = self._holder(swapped["holder"])
        steps = data.get("steps")
        told = [f"step {_text(s)}" for s in steps] if isinstance(steps, list) else []
        if told:
            swapped["steps"] = [self._passed.get(t, s) for t, s in zip(told, steps or [], strict=True)]
        made = Case.model_validate(data | swapped, context=self.context)
        if len(self._passed) < MOST:
            self._passed |= {text: getattr(made, t) for t, text in texts.items()}
            self._passed |= dict(zip(told, made.steps, strict=True))
        self._kinds[made.holder.kind_name] = type(made.holder)
        return made

    def _holder(self, table: Any) -> Any:
        """A holder read by the class of its kind that was found before; as it is where that says no, to be told why."""
        kind = self._kinds.get(str(table.get("kind"))) if isinstance(table, Mapping) else None
        if kind is None:
            return table
        try:
            return kind.model_validate({k: v for k, v in table.items() if k != "kind"}, context=self.context)
        except ValidationError:
            return table


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
