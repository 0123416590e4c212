"""The plan of a sweep: all rows, checked before anything runs, in chunks that share what is costly.

<folder>/plan.json     rows, chunks, mistakes; written once and last
<folder>/plan.csv      the rows to look at
<folder>/chunks/*.jsonl  what has become of them (journal.py)
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import csv
import hashlib
import io
import json
import multiprocessing
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import CaseError, EnvironmentProblem, HoldersimError, Mistake, ResultError
from ..shelf import cache_folder
from .cases import Cases
from .grouping import LOOKED_AT, Need, built_from, need, shared_keys
from .journal import FULL
from .reading import gathered, read_sweep
from .sharing import on_shelf
from .vary import Row, Sweep

FORMAT = 1
LIMIT = 100.0
"""Core-hours above which a plan is only made when asked for twice."""
MANY = 1500
"""Rows from which several processes check them."""
PER_ROW = 4000.0
"""Bytes that the results of a row take (measured: 2000 to 5000)."""


@dataclass(frozen=True)
class Plan:
    """A plan as it stands on disk."""

    folder: Path
    data: dict[str, Any]

    @property
    def rows(self) -> list[Row]:
        """Changed keys of every row."""
        found: list[Row] = self.data["rows"]
        return found

    @property
    def chunks(self) -> list[list[int]]:
        """Numbers of the rows whose results share a file, in the order in which they are solved."""
        found: list[list[int]] = self.data["chunks"]
        return found

    @property
    def invalid(self) -> dict[int, list[str]]:
        """Mistakes of the rows that cannot be run."""
        return {int(k): v for k, v in self.data["invalid"].items()}

    @property
    def sweep(self) -> Sweep:
        """How the rows were made."""
        return Sweep(**self.data["sweep"])

    @cached_property
    def cases(self) -> Cases:
        """Makes the case of a row."""
        return Cases(self.data["base"], Path(self.data["from"]), self.data["name"])

    def file(self, chunk: int) -> Path:
        """The file of a chunk."""
        return self.folder / "chunks" / f"{chunk:05d}.jsonl"


def make(path: Path | str, folder: Path | str, *, yes: bool = False, processes: int | None = None) -> Plan:
    """The plan of a sweep file, written into a folder; CaseError when no row can be run or it is too large."""
    source, folder = Path(path), Path(folder)
    base, sweep, found = read_sweep(source)
    name = hashlib.sha256(
        json.dumps([FORMAT, base, found], sort_keys=True, default=str).encode()
    ).hexdigest()[:10]
    if (folder / "plan.json").exists():
        same = open_plan(folder).data["identity"] == name
        hint = "holdersim sweep status tells how far it is." if same else "Name another folder."
        problem = f"holds {'this plan' if same else 'another plan'} already."
        raise CaseError(str(source), [Mistake("-o", problem, str(folder), hint)])
    home = str(source.resolve().parent)
    judged = _judge(base, home, source.stem, found, processes)
    invalid = {k: wrong for k, (wrong, _) in enumerate(judged) if wrong}
    if len(invalid) == len(found):
        raise CaseError(str(source), gathered(invalid))
    kinds = {k: kind for k, (wrong, kind) in enumerate(judged) if not wrong}
    needs, groups = _groups(Cases(base, Path(home), source.stem), found, kinds)
    order = sorted(kinds, key=lambda k: (groups[kinds[k]], kinds[k], k))
    told = _estimate(needs, groups, kinds)
    if told["core_hours"] > LIMIT and not yes:
        problem = f"{len(found)} rows take about {told['core_hours']:.0f} core-hours, above {LIMIT:.0f}."
        hint = 'Say --yes, or write sample = "latin_hypercube" with a smaller count.'
        raise CaseError(str(source), [Mistake("sweep", problem, hint=hint)])
    data = {
        "filetype": "holdersim sweep plan",
        "format": FORMAT,
        "holdersim": __version__,
        "identity": name,
        "name": source.stem,
        "title": base.get("title", ""),
        "from": home,
        "base": base,
        "sweep": sweep.model_dump(mode="json", exclude_none=True),
        "rows": found,
        "invalid": invalid,
        "chunks": _chunks(order, [groups[kinds[k]] for k in order], sweep.batch),
        "estimate": told,
    }
    (folder / "chunks").mkdir(parents=True, exist_ok=True)
    write_whole(folder / "plan.csv", _csv(found, invalid).encode())
    write_whole(folder / "plan.json", json.dumps(data, default=str).encode())
    return open_plan(folder)


def open_plan(folder: Path | str) -> Plan:
    """The plan in a folder."""
    file = Path(folder) / "plan.json"
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ResultError(
            f"{folder}: no plan here. Make one: holdersim sweep plan FILE -o {folder}"
        ) from None
    except ValueError as broken:
        raise ResultError(f"{file}: damaged ({broken})") from None
    if data.get("filetype") != "holdersim sweep plan" or data.get("format") != FORMAT:
        raise ResultError(f"{file}: not a plan of format {FORMAT}, which this version reads")
    return Plan(Path(folder), data)


def write_whole(path: Path, data: bytes) -> Path:
    """Write a file whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with part.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, path)
    except OSError as problem:
        if problem.errno not in FULL:
            raise
        raise EnvironmentProblem(f"{path} is not written: the disk is full ({problem.strerror})") from None
    finally:
        part.unlink(missing_ok=True)
    return path


# -- checking ----------------------------------------------------------------------------------------------------

Judged = tuple[list[str], str]
"""Mistakes of a row, and where it has none, what its bodies are built from."""


def _judge(
    base: dict[str, Any], home: str, name: str, found: list[Row], processes: int | None
) -> list[Judged]:
    """Every row, checked as a single case is."""
    cases = Cases(base, Path(home), name)
    shared: list[str] = []
    for first in found[:50]:
        try:
            cases.case(first)
        except CaseError:
            continue
        shared = shared_keys(cases, [first, *found])
        break
    count = processes or (min(4, os.cpu_count() or 1) if len(found) > MANY else 1)
    if count == 1:
        return _judge_some(base, home, name, found, shared)
    part = -(-len(found) // count)
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(count, mp_context=spawn) as pool:
        parts = [
            pool.submit(_judge_some, base, home, name, found[k : k + part], shared)
            for k in range(0, len(found), part)
        ]
        return [j for p in parts for j in p.result()]


def _judge_some(
    base: dict[str, Any], home: str, name: str, found: list[Row], shared: list[str]
) -> list[Judged]:
    cases = Cases(base, Path(home), name)
    out: list[Judged] = []
    for row in found:
        try:
            out.append(([], built_from(cases.case(row), row, shared)))
        except CaseError as error:
            out.append(([str(m) for m in error.mistakes], ""))
    return out


def _groups(
    cases: Cases, found: Sequence[Row], kinds: dict[int, str]
) -> tuple[dict[str, Need], dict[str, int]]:
    """What the rows of each kind need, and the group of each kind: those with the same superelements."""
    first: dict[str, int] = {}
    for k, kind in kinds.items():
        first.setdefault(kind, k)
    needs: dict[str, Need] = {}
    for kind, k in list(first.items())[:LOOKED_AT]:
        with contextlib.suppress(HoldersimError):  # the row itself will tell
            needs[kind] = need(cases.case(found[k]))
    numbers: dict[tuple[str, ...], int] = {}
    groups = {}
    for kind in first:
        names = tuple(sorted(needs[kind].names)) if kind in needs else (kind,)
        groups[kind] = numbers.setdefault(names, len(numbers))
    return needs, groups


def _estimate(needs: dict[str, Need], groups: dict[str, int], kinds: dict[int, str]) -> dict[str, Any]:
    """Rows, distinct superelements, core-hours and disk; of kinds not looked at, by the mean of the others."""
    making: dict[str, float] = {}
    size: dict[str, float] = {}
    for n in needs.values():
        making |= n.names
        size |= n.size
    missing = {n: s for n, s in making.items() if not on_shelf(cache_folder(), n)}
    scale = len(groups) / max(len(needs), 1)
    seconds = sum(missing.values()) * scale
    mean = sum(n.row for n in needs.values()) / max(len(needs), 1)
    solving = sum(needs[kind].row if kind in needs else mean for kind in kinds.values())
    disk = scale * sum(size[n] for n in missing) + PER_ROW * len(kinds)
    return {
        "superelements": len(making),
        "superelements_missing": len(missing),
        "exact": len(groups) == len(needs),
        "groups": len(set(groups.values())),
        "core_hours": (seconds + solving) / 3600,
        "core_hours_making": seconds / 3600,
        "disk_MB": disk / 1e6,
    }


def _chunks(order: Sequence[int], groups: Sequence[int], batch: int) -> list[list[int]]:
    """Rows in files of a batch; a new group begins a new file unless the last one is still small."""
    out: list[list[int]] = []
    last = -1
    for row, group in zip(order, groups, strict=True):
        if not out or len(out[-1]) >= batch or (group != last and 2 * len(out[-1]) >= batch):
            out.append([])
        out[-1].append(row)
        last = group
    return out


def _csv(found: Sequence[Row], invalid: dict[int, list[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = list(found[0])
    writer.writerow(["row", *names, "mistakes"])
    for k, row in enumerate(found):
        writer.writerow([k, *(row[n] for n in names), "; ".join(invalid.get(k, []))])
    return out.getvalue()
