"""A sweep file read: the case it starts from, how it is varied, its rows; and mistakes of many rows put together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..case import of_another_kind
from ..errors import CaseError, Mistake
from ..schema import explained, mistakes, read_toml
from .vary import Row, Sweep, rows


def read_sweep(path: Path) -> tuple[dict[str, Any], Sweep, list[Row]]:
    """Data of the case, how it is varied, and all rows; CaseError with every mistake."""
    data, _ = read_toml(path)
    if "sweep" not in data:
        hint = "Write [sweep] and [sweep.vary]; a single case is run by holdersim run."
        other = of_another_kind(data, path)
        raise CaseError(str(path), other or [Mistake("sweep", "is missing.", hint=hint)])
    table = data.pop("sweep")
    if not isinstance(table, dict):
        raise CaseError(str(path), [Mistake("sweep", "must be a table.", hint="Write [sweep].")])
    try:
        sweep = Sweep.model_validate(table)
    except ValidationError as error:
        raise CaseError(str(path), [_of_sweep(m) for m in mistakes(explained(error, Sweep))]) from None
    return data, sweep, rows(sweep, path.resolve().parent, str(path))


def _of_sweep(m: Mistake) -> Mistake:
    """A mistake with its place seen from the file; keys of the case that stand one table too high are told so."""
    hint = "Keys of the case stand in the table [sweep.vary]." if re.search(r"[.\[]", m.where) else m.hint
    return Mistake(f"sweep.{m.where}", m.problem, m.given, hint)


def gathered(invalid: Mapping[int, Sequence[str]], most: int = 5) -> list[Mistake]:
    """Mistakes of rows, one for each key and the first row that has it; how many others have one there too."""
    by: dict[str, list[tuple[int, str]]] = {}
    for row, wrong in invalid.items():
        for text in wrong:
            by.setdefault(re.split(r" = |: ", text, maxsplit=1)[0], []).append((row, text))
    out = []
    for found in list(by.values())[:most]:
        row, text = found[0]
        others = f" (So in {len(found)} rows.)" if len(found) > 1 else ""
        out.append(Mistake(f"row {row}", text + others))
    return out
