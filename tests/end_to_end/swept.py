"""A small sweep whose rows take no time once its superelements are there, a holder that kills, ways to compare."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from holdersim.sweep.table import TIME, collect

ROOT = Path(__file__).resolve().parents[2]

HEAD = """
format = 1
title = "Small sweep"
symmetry = "none"

[holder]
kind = "bare_uniaxial"
length = "44 mm"
width = "36 mm"
thickness = "4 mm"
bolt = "M4"
inset = "6 mm"
plate = { material = "SS304", flatness = { dish = "8 um" } }

[cell]
kind = "two_electrode"
cathode = { length = "12 mm", width = "10 mm" }
anode = { length = "13 mm", width = "11 mm" }
separator = { length = "14 mm", width = "12 mm" }
laminate = { length = "18 mm", width = "14 mm" }

[[steps]]
do = "tighten"
pressure = "5 MPa"
area = "cathode"

[grid]
pixel = "1.25 mm"
film = "1.25 mm"

[mesh]
level = 0
plate_size = "3 mm"
plate_coarse = "10 mm"
cell_coarse = "3 mm"
"""

COUNT = 120
LATIN = """
[sweep]
sample = "latin_hypercube"
count = 120
seed = 3
batch = 6

[sweep.vary]
"steps[0].pressure" = { from = "1 MPa", to = "6 MPa" }
"steps[0].scatter.b1" = { from = 0.7, to = 1.3 }
"holder.plate.flatness.dish" = { from = "1 um", to = "15 um" }
"holder.plate.material" = ["SS304", "4140"]
"""

POISON = '''"""A bare uniaxial holder that misbehaves while its gaps are laid on the grid."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from typing import Literal

import numpy as np

from holdersim.assembly import Assembly, Interface
from holdersim.cell import Cell
from holdersim.errors import GeometryError
from holdersim.holder import MeshSizes
from holdersim.piles import cell_solids, pressed_sides
from holdersim.schema import key
from holdersim.uniaxial import UniaxialHolder


class Poisoned(UniaxialHolder):
    """Its gap does what `mood` says."""

    mood: Literal["good", "segfault", "hungry", "nan", "mesh", "bug"] = key("good", "what happens")

    def build(self, cell: Cell, mesh: MeshSizes, symmetry: tuple[str, ...] = ()) -> Assembly:
        """Plates and cell of the bare holder."""
        press, (low, high) = cell.regions["separator"], pressed_sides(cell)
        cells, between = cell_solids(cell, mesh, symmetry)
        bottom = self.plate_solid("bottom", press, mesh, 0.0, symmetry)
        top = self.plate_solid("top", press, mesh, self.between(cell), symmetry)

        def gap(x, y):
            match self.mood:
                case "segfault":
                    os.kill(os.getpid(), signal.SIGSEGV)
                case "hungry":
                    eaten = [np.ones(2**23) for _ in range(48)]  # 3 GiB, never more than a machine has
                    raise AssertionError(f"{len(eaten)} bites and still room")
                case "nan":
                    return np.full(x.shape, np.nan)
                case "mesh":
                    raise GeometryError("a plate that cannot be meshed")
                case "bug":
                    raise ZeroDivisionError("not foreseen")
            return 1e-3 * (x / 20) ** 2

        below = Interface("cell_bottom", "bottom_plate.press", low.face, low.region, mesh.pixel, gap)
        above = Interface("cell_top", high.face, "top_plate.press", high.region, mesh.pixel, None)
        return self.assembled(cell, mesh, symmetry, (bottom, *cells, top), (below, *between, above))
'''


def written(folder: Path, text: str, name: str = "small.toml") -> Path:
    """A sweep file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def started(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    """A sweep command in a process group of its own."""
    command = [sys.executable, "-m", "holdersim", "sweep", *words, str(folder)]
    return subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=dict(os.environ),
    )


def steady(folder: Path) -> tuple[bytes, bytes]:
    """The table without its time columns, as Parquet and CSV bytes."""
    collect(folder)
    table = pyarrow.parquet.read_table(folder / "table.parquet").drop(list(TIME))
    whole, text = pa.BufferOutputStream(), pa.BufferOutputStream()
    pyarrow.parquet.write_table(table, whole)
    pa.csv.write_csv(table, text)
    return whole.getvalue().to_pybytes(), text.getvalue().to_pybytes()


def told(folder: Path) -> Iterator[dict[str, Any]]:
    """All lines of all chunks."""
    for file in sorted((folder / "chunks").glob("*.jsonl")):
        yield from map(json.loads, file.read_text().splitlines())


def endings(folder: Path) -> dict[int, int]:
    """How often each row was written down as ended, over all chunks."""
    return dict(Counter(line["row"] for line in told(folder) if "row" in line))


def oks(folder: Path) -> dict[int, int]:
    """How often each row was solved to the end; a row that was begun or opened again once it was ok counts as well."""
    found: Counter[int] = Counter()
    for line in told(folder):
        row = line.get("row", line.get("begin", line.get("again")))
        if line.get("status") == "ok" or row in found:
            found[row] += 1
    return dict(found)
