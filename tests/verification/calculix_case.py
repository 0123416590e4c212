"""The cross-check's model and how CalculiX's answer is read; run as a script, it renews the reference."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from holdersim.assembly import Assembly, Bolt, Hole, Interface, Layer, LayerStack, Plate, Rect, Seat, Solid
from holdersim.export.calculix import write
from holdersim.export.elements import Part
from holdersim.materials.elastic import Elastic

Array = NDArray[np.float64]
REFERENCE = Path(__file__).parent / "data" / "calculix_quarter.json"
FORCE = 800.0
BINS = (np.linspace(0, 20, 6), np.linspace(0, 8, 3))
"""Quarter of 10 x 4 bins over the footprint, along lines of the grid and of the stack's mesh."""


def dish(x: Array, y: Array) -> Array:
    """Initial gap [mm]: a dish of 16 um at the corners."""
    return np.asarray(0.008 * ((x / 20) ** 2 + (y / 8) ** 2))


def quarter() -> Assembly:
    """Quarter of two 80 x 60 x 10 mm steel plates, 16 um dished, on a 40 x 16 x 0.4 mm stack; four bolts."""
    planes, foot, steel = ("x0", "y0"), Rect.centred(40, 16), Elastic("steel", 193000.0, 0.29)
    layers = (
        Layer("anode", 0.15, foot, Elastic("anode", 500.0, 0.20)),
        Layer("separator", 0.05, foot, Elastic("separator", 200.0, 0.10)),
        Layer("cathode", 0.2, foot, Elastic("cathode", 1500.0, 0.25), 2),
    )
    at = [(x, y) for x in (-32.0, 32.0) for y in (-22.0, 22.0)]
    holes = tuple(Hole(x, y, 6.4) for x, y in at)
    seats = tuple(Seat(f"b{i}", x, y, 6.4, 12.0) for i, (x, y) in enumerate(at))
    plate = Plate(80, 60, 10, holes, seats, None, 2.0, 4.0, 1)
    solids = (
        Solid("bottom", plate, steel, 2, 0.0, True, planes),
        Solid("cell", LayerStack(layers, foot, 0.5, 0.5), None, 1, 0.0, False, planes),
        Solid("top", plate, steel, 2, 0.4, False, planes),
    )
    interfaces = (
        Interface("cell_bottom", "bottom.press", "cell.bottom", foot, 1.0, dish),
        Interface("cell_top", "cell.top", "top.press", foot, 1.0, dish),
    )
    bolt = Bolt("b3", ("bottom.seat:b3", "top.seat:b3"), 32, 22, 1e5, 6, 20.1, 500, 640, 30)
    return Assembly(solids, interfaces, (bolt,), planes)


def run_ccx(inp: Path) -> dict[tuple[str, str], Array]:
    """Last printed values by (quantity, set): node u v w, or element, point and stress."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run(
        ["ccx", inp.stem], cwd=inp.parent, check=True, capture_output=True, env=environment, timeout=900
    )
    found: dict[tuple[str, str], list[list[float]]] = {}
    rows: list[list[float]] | None = None
    for line in inp.with_suffix(".dat").read_text().splitlines():
        head = re.match(r"\s*(displacements|stresses).*for set (\S+)", line)
        if head:
            rows = found[head[1], head[2]] = []
        elif not re.match(r"\s*[-+.\d]", line):
            rows = rows if not line.strip() else None  # another heading, e.g. INCREMENT of later versions
        elif rows is not None:
            rows.append([float(v) for v in line.split()])
    return {key: np.array(value) for key, value in found.items()}


def shape_and_bins(folder: Path) -> tuple[Array, Array]:
    """CalculiX's deflection of the top plate over the cell, rows x, y, uz [mm], and force [N] in bins.

    Forces from szz in the element below each facet: CPRESS is extrapolated and misses the load.
    """
    assembly = quarter()
    answer = run_ccx(write(assembly, folder / "quarter.inp", {"b3": FORCE}))
    parts = {s.name: Part.of(s) for s in assembly.solids}
    top, cell = parts["top"], parts["cell"]
    nodes = top.nodes("press")
    over = (top.points[nodes, 0] < 20 + 1e-6) & (top.points[nodes, 1] < 8 + 1e-6)
    nodes = nodes[over]
    shape = np.column_stack([top.points[nodes, :2], answer["displacements", "N_TOP"][nodes, 3]])
    stress = answer["stresses", "E_CELL_CATHODE"]
    number = stress[:, 0].astype(int) - 1 - len(parts["bottom"].cells)
    mean = np.bincount(number, stress[:, 4]) / np.maximum(np.bincount(number), 1)
    cells, sides = cell.face("top")
    x, y, _ = cell.centres(cells, sides).T
    return shape, np.histogram2d(x, y, BINS, weights=-mean[cells] * 0.25)[0]


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        shape, bins = shape_and_bins(Path(folder))
    REFERENCE.parent.mkdir(exist_ok=True)
    rows = [[round(float(f"{v:.7g}"), 12) for v in row] for row in shape]
    made = {"by": "CalculiX 2.20 (Debian, SPOOLES)", "shape": rows, "bins": bins.round(4).tolist()}
    REFERENCE.write_text(json.dumps(made, separators=(",", ":")) + "\n")
