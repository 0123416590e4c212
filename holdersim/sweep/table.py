"""The table of a sweep: one row for each row of the plan, whatever became of it, rebuilt from disk at any time."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import __version__
from .plan import Plan, open_plan, write_whole
from .status import ends
from .vary import split

Row = dict[str, Any]

TIME = ("seconds [s]",)
"""Columns that differ from run to run."""

ADVICE = {
    "killed": "resume; more memory or time, or leave it out",
    "invalid": "mend the values in the plan's file and plan anew",
    "NotConvergedError": "finer load steps, another mesh level; run the row alone to see its log",
    "PhysicsRefused": "the answer is no: see the message",
    "GeometryError": "mend sizes or meshes as the message says",
    "MemoryError": "fewer pixels, or more memory for a worker",
}


def inputs(plan: Plan) -> list[Row]:
    """Changed keys of every row as columns: a number with its unit in the name where all rows have one unit."""
    names = list(dict.fromkeys(n for row in plan.rows for n in row))
    columns: dict[str, list[Any]] = {}
    for name in names:
        values = [row.get(name) for row in plan.rows]
        parts = [split(v) for v in values]
        units = {p[1] for p in parts if p is not None}
        if len(units) == 1 and all(p is not None for p in parts):
            unit = units.pop()
            columns[f"{name} [{unit}]" if unit else name] = [p[0] for p in parts if p is not None]
        else:
            columns[name] = [
                v if isinstance(v, str) or v is None else json.dumps(v, sort_keys=True) for v in values
            ]
    return [{n: c[k] for n, c in columns.items()} for k in range(len(plan.rows))]


def table(plan: Plan) -> list[Row]:
    """All rows with the same keys: number, inputs, status, identity, numbers, certificates, seconds."""
    found = ends(plan)
    names = sorted(dict.fromkeys(n for e in found for n in e.get("numbers", {})), key=_order)
    out = []
    for k, (given, end) in enumerate(zip(inputs(plan), found, strict=True)):
        numbers = end.get("numbers", {})
        out.append(
            {"row": k}
            | given
            | {"status": end["status"], "class": end.get("class"), "message": end.get("message")}
            | {"identity": end.get("identity")}
            | {n: numbers.get(n) for n in names}
            | {"seconds [s]": end.get("seconds")}
        )
    return out


def _order(name: str) -> tuple[bool, str, list[Any]]:
    """Certificates last; the numbers of a face together, bolts in the order of their numbers."""
    digits = [int(p) if p.isdigit() else p for p in re.split(r"(\d+)", name)]
    return name.startswith("certificate"), digits[0] if isinstance(digits[0], str) else "", digits[1:]


def collect(folder: Path | str) -> list[Path]:
    """Files table.parquet, table.csv and failures.csv in the folder of a plan."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    plan = open_plan(folder)
    rows = table(plan)
    made = pa.Table.from_pylist(rows)
    note = {"made by": f"holdersim {__version__}", "plan": plan.data["identity"]}
    made = made.replace_schema_metadata(note)
    whole, text = io.BytesIO(), io.BytesIO()
    pa.parquet.write_table(made, whole)
    pa.csv.write_csv(made, text)
    written = [
        write_whole(plan.folder / "table.parquet", whole.getvalue()),
        write_whole(plan.folder / "table.csv", text.getvalue()),
    ]
    lost = failures(rows)
    part = io.BytesIO()
    schema = pa.schema([(n, pa.int64() if n == "row" else pa.string()) for n in FAILURES])
    pa.csv.write_csv(pa.Table.from_pylist(lost, schema=schema), part)
    return [*written, write_whole(plan.folder / "failures.csv", part.getvalue())]


FAILURES = ("row", "status", "class", "message", "what to do")


def failures(rows: Sequence[Row]) -> list[Row]:
    """Rows that failed, were killed or cannot be run: why, and what helps."""
    return [
        {n: row[n] for n in FAILURES[:4]}
        | {"what to do": ADVICE.get(row["class"] or "", ADVICE.get(row["status"], ""))}
        for row in rows
        if row["status"] in ("failed", "killed", "invalid")
    ]
