"""What a sweep varies: the tables [sweep] and [sweep.vary] of a case file become rows of changed keys."""

from __future__ import annotations

import csv
import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from ..errors import CaseError, Mistake
from ..schema import Entry, key

MOST = 1_000_000
"""Rows that one plan may have."""

Row = dict[str, Any]
"""Changed keys of one row and their values, as they would stand in a case file."""

_NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*)")


class Sweep(Entry):
    """How rows are made: every combination, side by side, a sample of ranges, or the lines of a file."""

    sample: Literal["grid", "zip", "latin_hypercube", "sobol", "csv"] = key(doc="how rows are made")
    count: Annotated[int, Field(ge=1, le=MOST)] | None = key(
        None, "rows of a latin_hypercube or sobol sample"
    )
    seed: int | None = key(None, "of a latin_hypercube or sobol sample", ge=0)
    file: str | None = key(None, "CSV file whose head names keys of the case")
    batch: int = key(50, "points whose results share one file", ge=1, le=10000)
    watch: str = key("CV [-]", "number that the report draws, or the end of its name")
    vary: dict[str, Any] = key({}, 'keys and their values: "steps[0].pressure" = ["1 MPa", "2 MPa"]')


@dataclass(frozen=True)
class Range:
    """From one value to another, with the unit that both are written in; count: on a grid; log: even ratios."""

    low: float
    high: float
    unit: str
    count: int | None = None
    log: bool = False

    def at(self, share: float) -> Any:
        """The value at a share 0..1 of the way, as it would stand in a case file."""
        even = self.low + (self.high - self.low) * share
        value = self.low * (self.high / self.low) ** share if self.log else even
        return f"{value:.12g} {self.unit}" if self.unit else float(f"{value:.12g}")


Factor = list[Any] | Range


def split(value: Any) -> tuple[float, str] | None:
    """Number and unit of a value as written in a case file, (5.0, "MPa") of "5 MPa"; None where it is no quantity."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if not isinstance(value, str):
        return float(value), ""
    found = _NUMBER.fullmatch(value)
    return (float(found[1]), found[2].strip()) if found else None


def rows(sweep: Sweep, folder: Path, source: str) -> list[Row]:
    """All rows of a sweep; CaseError with every mistake."""
    wrong: list[Mistake] = []
    if sweep.sample == "csv":
        found = _from_file(sweep, folder, wrong)
    else:
        factors = {name: _factor(name, value, sweep.sample, wrong) for name, value in _flat(sweep.vary)}
        wrong += _settings(sweep, factors) + _twice([name for name, _ in _flat(sweep.vary)], "sweep.vary")
        found = [] if wrong else list(_sampled(sweep, factors))
    if wrong:
        raise CaseError(source, wrong)
    return found


def _flat(table: Mapping[str, Any], where: str = "") -> Iterator[tuple[str, Any]]:
    """Keys of the case and what they are varied over; keys written without quotes come as tables in tables."""
    for name, value in table.items():
        if isinstance(value, Mapping) and "from" not in value and "to" not in value:
            yield from _flat(value, f"{where}{name}.")
        else:
            yield where + name, value


def _factor(name: str, value: Any, sample: str, wrong: list[Mistake]) -> Factor:
    where = f'sweep.vary."{name}"'
    if isinstance(value, list) and value:
        return value
    if not isinstance(value, Mapping):
        hint = 'Write ["1 MPa", "2 MPa"] or { from = "1 MPa", to = "5 MPa", count = 5 }.'
        wrong.append(Mistake(where, "must be a list of values or a range.", hint=hint))
        return []
    extra = sorted(set(value) - {"from", "to", "count", "spacing"})
    if extra:
        known = "Known: from, to, count, spacing."
        wrong.append(Mistake(f"{where}.{extra[0]}", "unknown key.", hint=known))
    low, high = split(value.get("from")), split(value.get("to"))
    if low is None or high is None or low[1] != high[1]:
        told = "a range needs from and to" if {"from", "to"} - set(value) else "from and to are not alike"
        problem = f"{told}: both must be numbers in the same unit."
        wrong.append(Mistake(where, problem, hint='Write { from = "1 MPa", to = "5 MPa" }.'))
        return []
    if low == high:
        wrong.append(Mistake(where, "from and to are equal.", hint="Write a list of one value."))
    made = Range(low[0], high[0], low[1], value.get("count"), value.get("spacing") == "log")
    if value.get("spacing", "even") not in ("even", "log"):
        wrong.append(Mistake(f"{where}.spacing", 'is "even" or "log".', f'"{value["spacing"]}"'))
    if made.log and min(low[0], high[0]) <= 0:
        problem = f"log needs numbers above zero, not {min(low[0], high[0]):g}."
        wrong.append(Mistake(f"{where}.spacing", problem))
    if sample in ("grid", "zip") and not (isinstance(made.count, int) and made.count >= 2):
        wrong.append(Mistake(f"{where}.count", "a range on a grid needs a count of 2 or more."))
    if sample in ("latin_hypercube", "sobol") and made.count is not None:
        wrong.append(Mistake(f"{where}.count", "belongs to a grid; a sample has sweep.count."))
    return made


def _settings(sweep: Sweep, factors: Mapping[str, Factor]) -> list[Mistake]:
    """What does not fit the way rows are made."""
    wrong, sampled = [], sweep.sample in ("latin_hypercube", "sobol")
    if not factors:
        hint = 'Write [sweep.vary] and "steps[0].pressure" = ["1 MPa", "5 MPa"].'
        wrong.append(Mistake("sweep.vary", "nothing is varied.", hint=hint))
    for name in ("count", "seed"):
        if sampled and getattr(sweep, name) is None:
            wrong.append(Mistake(f"sweep.{name}", f"is missing: a {sweep.sample} sample needs it."))
        if not sampled and getattr(sweep, name) is not None:
            wrong.append(Mistake(f"sweep.{name}", f"belongs to a sample, not to {sweep.sample}."))
    if sweep.file is not None:
        wrong.append(Mistake("sweep.file", 'belongs to sample = "csv".', f'"{sweep.file}"'))
    lengths = {n: _length(f) for n, f in factors.items()}
    if sweep.sample == "zip" and len(set(lengths.values())) > 1:
        told = ", ".join(f"{n} {k}" for n, k in lengths.items())
        wrong.append(Mistake("sweep.vary", f"side by side all lists must be equally long: {told}."))
    if sweep.sample == "sobol" and sweep.count and sweep.count & (sweep.count - 1):
        below = 2 ** int(math.log2(sweep.count))
        hint = f"Write {below} or {2 * below}."
        wrong.append(Mistake("sweep.count", "must be a power of two.", str(sweep.count), hint))
    total = math.prod(lengths.values()) if sweep.sample == "grid" else 0
    if total > MOST:
        hint = 'Write sample = "latin_hypercube" and count = 10000.'
        wrong.append(Mistake("sweep.vary", f"{total} rows; at most {MOST}.", hint=hint))
    return wrong


def _path(name: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[^.\[\]]+", name))


def _twice(names: Sequence[str], where: str) -> list[Mistake]:
    """Keys that are named twice, or lie inside another one: which value would count is not said."""
    wrong = []
    for k, name in enumerate(names):
        for other in names[:k]:
            one, two = sorted((_path(name), _path(other)), key=len)
            if one == two:
                wrong.append(Mistake(where, f"{name} is named twice."))
            elif two[: len(one)] == one:
                wrong.append(Mistake(where, f"{name} and {other} change the same place; keep one."))
    return wrong


def _length(factor: Factor) -> int:
    return (factor.count or 0) if isinstance(factor, Range) else len(factor)


def _values(factor: Factor) -> list[Any]:
    if not isinstance(factor, Range):
        return factor
    count = _length(factor)
    return [factor.at(k / (count - 1)) for k in range(count)]


def _sampled(sweep: Sweep, factors: Mapping[str, Factor]) -> Iterator[Row]:
    names = list(factors)
    if sweep.sample in ("grid", "zip"):
        lists = [_values(f) for f in factors.values()]
        combined = itertools.product(*lists) if sweep.sample == "grid" else zip(*lists, strict=True)
        for values in combined:
            yield dict(zip(names, values, strict=True))
        return
    from scipy.stats import qmc

    kind = qmc.LatinHypercube if sweep.sample == "latin_hypercube" else qmc.Sobol
    for shares in kind(d=len(names), seed=sweep.seed).random(sweep.count):
        yield {n: _chosen(factors[n], float(s)) for n, s in zip(names, shares, strict=True)}


def _chosen(factor: Factor, share: float) -> Any:
    """A value of a range, or one of a list by equal parts of 0..1."""
    if isinstance(factor, Range):
        return factor.at(share)
    return factor[min(int(share * len(factor)), len(factor) - 1)]


def _from_file(sweep: Sweep, folder: Path, wrong: list[Mistake]) -> list[Row]:
    """Rows of a CSV file; a cell that is a plain number or true or false is taken as one."""
    for name in ("count", "seed"):
        if getattr(sweep, name) is not None:
            wrong.append(Mistake(f"sweep.{name}", "belongs to a sample, not to csv."))
    if sweep.vary:
        wrong.append(Mistake("sweep.vary", "the file says what is varied.", hint="Remove the table."))
    if sweep.file is None:
        wrong.append(Mistake("sweep.file", "is missing.", hint='Write file = "rows.csv".'))
        return []
    try:
        with (folder / sweep.file).open(encoding="utf-8-sig", newline="") as stream:
            lines = list(csv.reader(stream, skipinitialspace=True))
    except (OSError, UnicodeDecodeError) as problem:
        wrong.append(Mistake("sweep.file", f"cannot be read: {problem}.", f'"{sweep.file}"'))
        return []
    head, body = (lines[0], [line for line in lines[1:] if line]) if lines else ([], [])
    ragged = [k for k, line in enumerate(body, 2) if len(line) != len(head)]
    wrong += _twice(head, f'sweep.file "{sweep.file}"')
    if ragged or not body or len(body) > MOST:
        what = f"needs a head of keys, then rows, at most {MOST}"
        what = f"line {ragged[0]} has not {len(head)} cells" if ragged else what
        wrong.append(Mistake("sweep.file", f"{what}.", f'"{sweep.file}"'))
        return []
    return [{n: _cell(v) for n, v in zip(head, line, strict=True)} for line in body]


def _cell(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def changed(base: Mapping[str, Any], row: Row) -> dict[str, Any]:
    """A case's data with the keys of a row changed; CaseError where a key leads nowhere."""
    data: dict[str, Any] = dict(base)
    fresh: set[int] = {id(data)}
    wrong = []
    for where, value in row.items():
        path: list[Any] = [int(p) if p.isdigit() else p for p in _path(where)]
        try:
            _set(data, path, value, fresh)
        except (KeyError, IndexError, TypeError):
            hint = 'Steps are counted from zero: "steps[0].pressure".' if where.startswith("steps") else ""
            wrong.append(Mistake(where, "there is no such place in the case.", hint=hint))
    if wrong:
        raise CaseError("row", wrong)
    return data


def _set(data: Any, path: Sequence[Any], value: Any, fresh: set[int]) -> None:
    """Set a key, copying the tables on the way once, so that rows share what they do not change."""
    for part in path[:-1]:
        inner = data.setdefault(part, {}) if isinstance(data, dict) else data[part]
        if id(inner) not in fresh:
            inner = inner.copy()
            fresh.add(id(inner))
            data[part] = inner
        data = inner
    if isinstance(data, list):
        data[path[-1]]  # a step that is not there is a mistake, not a new one
    data[path[-1]] = value
