"""Twenty points of the demo case on its 0.5 mm grid against CalculiX on the same meshes, CPU of whole processes.

CalculiX is solved once and taken twenty times unless told otherwise: it keeps nothing between points, and twenty take
more than an hour. Debian's build solves with SPOOLES; a build with PARDISO or PaStiX would be faster.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from holdersim.case import read_case
from holdersim.export import calculix

POINTS = 20
CASE = Path(__file__).parents[1] / "cases" / "bare_uniaxial_5MPa.toml"
SWEEP = f"""
from holdersim.case import read_case
from holdersim.solve import Model
case = read_case({str(CASE)!r}).with_("grid.pixel", {{pixel!r}}).with_("mesh.level", 0)
model = Model(case.assembly(), keep=False)
state = None
for k in range({POINTS}):
    state = model.tighten({{{{b: f * (0.5 + k / {POINTS}) for b, f in case.final_forces().items()}}}}, guess=state)
assert state.force("cell_top") > 0
"""


def children_cpu(command: list[str], folder: Path) -> float:
    """CPU seconds of a whole child process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare(solved: int = 1, pixel: str = "0.5 mm") -> None:
    """Print the ratio, with so many points really solved by CalculiX; or say that ccx is missing."""
    from .__main__ import row

    print(f"\nCalculiX, demo case on its {pixel} grid")
    if shutil.which("ccx") is None:
        print("  ccx is not on PATH here: HOLDERSIM_SUITE=sid has it")
        return
    case = read_case(CASE).with_("grid.pixel", pixel).with_("mesh.level", 0)
    solved = min(max(solved, 1), POINTS)
    theirs = 0.0
    for k in (int((j + 0.5) * POINTS / solved) for j in range(solved)):  # of one, that of the case's own load
        forces = {b: f * (0.5 + k / POINTS) for b, f in case.final_forces().items()}
        with tempfile.TemporaryDirectory() as folder:
            deck = calculix.write(case.assembly(), Path(folder) / "demo.inp", forces)
            theirs += children_cpu(["ccx", deck.stem], Path(folder))
    ours = children_cpu([sys.executable, "-c", SWEEP.format(pixel=pixel)], Path.cwd())
    how = "all solved" if solved == POINTS else f"{solved} solved, times {POINTS / solved:g}"
    print(
        f"  CalculiX {theirs / solved:.0f} s a point, {how}; {POINTS} points of ours with meshing {ours:.1f} s"
    )
    row(f"CalculiX x {POINTS} / our {POINTS} points", theirs * POINTS / solved / ours, 300, at_least=True)
