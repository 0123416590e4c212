"""The table of a weight study: one row for each holder, as Parquet and CSV."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import __version__
from .answers import density
from .point import Point
from .study import Study

NOTE = "Reconstruction of the paper's Figure S5: its Note S1 is not public, every assumption is named in the study."

Row = dict[str, Any]


def rows(study: Study, points: Sequence[Point]) -> list[Row]:
    """One row for each point, all with the same keys; numbers carry their unit in the name, None where none is."""
    plates = {(p.alloy, p.rating): p for p in points if p.holder == "uniaxial"}
    parts = list(dict.fromkeys(name for p in points for name in p.masses))
    sizes = list(dict.fromkeys(name for p in points for name in p.sizes))
    return [_row(study, p, plates.get((p.alloy, p.rating)), parts, sizes) for p in points]


def _row(study: Study, p: Point, plates: Point | None, parts: Sequence[str], sizes: Sequence[str]) -> Row:
    alloy = next(m for m in study.alloys if m.name == p.alloy)
    ratio = p.mass / plates.mass if plates and p.holder == "isostatic" else None
    out: Row = {
        "study": study.name,
        "alloy": p.alloy,
        "rating [MPa]": p.rating,
        "holder": p.holder,
        "closure": p.closure,
        "feasible": p.feasible,
        "reason": p.reason,
        "mass [kg]": _number(1e3 * p.mass),
        "isostatic / uniaxial [-]": _number(ratio),
        "binding constraint": p.binding,
        "outside the formulas' range": "; ".join(p.flags),
        "bolt": p.bolt,
        "bolts": p.bolts,
        "allowable stress [MPa]": study.stress(alloy),
    }
    if study.module:
        out |= {
            "module energy density [Wh/kg]": _number(density(study, p)),
            "cells [kg]": 1e3 * study.module.mass,
        }
    out |= {f"{n} [kg]": _number(1e3 * p.masses[n]) if n in p.masses else None for n in parts}
    return out | {f"{n} [mm]": _number(p.sizes.get(n)) for n in sizes}


def _number(value: float | None) -> float | None:
    return None if value is None or value != value else float(value)


def write(table: Sequence[Row], folder: Path) -> list[Path]:
    """Files weights.parquet and weights.csv, the same rows; the note that all is a reconstruction is in both."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    made = pa.Table.from_pylist([dict(row) for row in table])
    made = made.replace_schema_metadata({"note": NOTE, "made by": f"holdersim {__version__}"})
    parquet, text = folder / "weights.parquet", folder / "weights.csv"
    pa.parquet.write_table(made, parquet)
    pa.csv.write_csv(made.append_column("note", pa.array([NOTE] * len(made))), text)
    return [parquet, text]
