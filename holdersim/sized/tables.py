"""Rows as a CSV file, and numbers of a table in words."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..weight.table import NOTE


def write(rows: Sequence[dict[str, Any]], file: Path) -> Path:
    """A CSV file with every key of every row; the note that all is a reconstruction is in the last column."""
    heads = list(dict.fromkeys(key for row in rows for key in row))
    with file.open("w", newline="", encoding="utf-8") as stream:
        out = csv.writer(stream)
        out.writerow([*heads, "note"])
        out.writerows([_told(row.get(key)) for key in heads] + [NOTE] for row in rows)
    return file


def _told(value: Any) -> Any:
    if isinstance(value, float):
        return "" if value != value else float(f"{value:.8g}")
    return "" if value is None else value


def number(value: Any) -> str:
    """Three digits, "-" where there is none."""
    if value is None or value != value:
        return "-"
    if abs(value) < 5e-5:
        return "0"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:#.3g}".rstrip(".")


def per_cent(value: float | None) -> str:
    """A deviation in %, with its sign."""
    return "-" if value is None or value != value else f"{100 * value:+.2f} %"
