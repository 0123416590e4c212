"""One body over one and two processes of mpirun: seconds, memory of each, and how far the answers are apart.

    env/run python -m benchmarks.ranks            a body of a million unknowns: some 10 GB of memory, minutes
    env/run python -m benchmarks.ranks --quick    one of 130,000

The body is the quarter cell stack of `python -m benchmarks` with finer elements, condensed onto a pressure grid, its
factor kept as in a run with fields. Mesh and assembly, which the first process does alone, are left out of the seconds
but not of the peak memory. On a busy machine CPU time tells more than the clock.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from holdersim import ranks

SIZES = {"million": (1 / 14, 2 / 7), "quick": (0.2, 0.4)}
"""Size of the elements and of the pixels [mm]."""


def used(store: ranks.Store) -> tuple[float, float]:
    """CPU time [s] and largest memory [GiB] of a process so far."""
    return time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def everywhere() -> list[tuple[float, float]]:
    """The same of all ranks."""
    crew = ranks.crew()
    return [used({})] if crew is None else crew.share(used, lambda rank: ())


def measured(size: str, folder: Path) -> None:
    """Condense the body and recover its displacement under even pressure; leave numbers and answers in a folder."""
    from benchmarks.__main__ import FOOTPRINT, setup
    from holdersim.assembly import LayerStack
    from holdersim.dissection import condense
    from holdersim.grid import PressureGrid
    from holdersim.network import build_body
    from holdersim.reduced import Links
    from holdersim.superelement import link_columns

    element, pixel = SIZES[size]
    solid = setup(pixel).solids[0]
    assert isinstance(solid.shape, LayerStack)
    body = build_body(replace(solid, shape=LayerStack(solid.shape.layers, FOOTPRINT, element, element)))
    grid = PressureGrid.over(FOOTPRINT, pixel, ("x0", "y0"))
    columns, _, _ = link_columns(body, Links((("top", grid),), ()))
    stiffness, free = body.stiffness[body.free][:, body.free], body.free
    del body.__dict__["stiffness"]
    before, began = everywhere(), time.monotonic()
    c, factor = condense(stiffness, columns[free], body.coordinates, free // 3, keep=True)
    condensed = time.monotonic() - began
    assert factor is not None
    load = np.asarray(columns[free].sum(axis=1)).ravel()
    u, solved = factor.solve(load), time.monotonic() - began - condensed
    after = everywhere()
    told = {
        "unknowns": body.dofs,
        "columns": columns.shape[1],
        "condense": condensed,
        "solve": solved,
        "factor": factor.entries * 8 / 2**30,
        "start": [m for _, m in before],
        "cpu": [b - a for (a, _), (b, _) in zip(before, after, strict=True)],
        "memory": [m for _, m in after],
        "residual": float(np.abs(stiffness @ u - load).max() / np.abs(load).max()),
    }
    (folder / "told.json").write_text(json.dumps(told), encoding="utf-8")
    np.savez(folder / "found.npz", c=c, u=u)


def under(count: int, size: str, folder: Path) -> dict[str, Any]:
    """What so many processes have measured."""
    folder.mkdir()
    call = [
        "mpirun",
        "-n",
        str(count),
        sys.executable,
        "-m",
        "benchmarks.ranks",
        "--measure",
        size,
        str(folder),
    ]
    subprocess.run(call, check=True)
    told: dict[str, Any] = json.loads((folder / "told.json").read_text(encoding="utf-8"))
    several = {k: " + ".join(f"{v:.1f}" for v in told[k]) for k in ("cpu", "memory", "start")}
    print(
        f"{count} process(es): {told['unknowns']} unknowns to {told['columns']} in {told['condense']:.1f} s, "
        f"recovered in {told['solve']:.2f} s, CPU {several['cpu']} s, residual {told['residual']:.1e}\n"
        f"  factor {told['factor']:.2f} GiB, peak memory {several['memory']} GiB, {several['start']} before it began",
        flush=True,
    )
    return told | dict(np.load(folder / "found.npz"))


def main() -> None:
    """Print both and their differences."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="a small body")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        with ranks.gathered():
            measured(options.measure[0], Path(options.measure[1]))
        return
    from benchmarks.__main__ import row

    size = "quick" if options.quick else "million"
    with tempfile.TemporaryDirectory() as place:
        one, two = (under(count, size, Path(place) / str(count)) for count in (1, 2))
    print(f"load {os.getloadavg()[0]:.1f}")
    row("one process / two, wall", one["condense"] / two["condense"], 1.5, at_least=True)
    row("one process / the busier of two, CPU", one["cpu"][0] / max(two["cpu"]), 1.5, at_least=True)
    row("memory of the larger of two / one alone", max(two["memory"]) / one["memory"][0], 0.7)
    for name, what in (("c", "compliance"), ("u", "displacement")):
        apart = float(np.abs(two[name] - one[name]).max() / np.abs(one[name]).max())
        row(f"{what}, largest difference, relative", apart, 1e-8)


if __name__ == "__main__":
    main()
