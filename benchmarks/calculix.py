"""Twenty points of the demo case on its 0.5 mm grid against CalculiX on the same meshes, CPU of whole processes.

CalculiX is solved once and taken twenty times: it keeps nothing between points. Debian's build solves with SPOOLES;
a build with PARDISO or PaStiX would be faster.
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
case = read_case({str(CASE)!r}).with_("grid.pixel", "0.5 mm").with_("mesh.level", 0)
model = Model(case.assembly(), keep=False)
state = None
for k in range({POINTS}):
    state = model.tighten({{b: f * (0.5 + k / {POINTS}) for b, f in case.final_forces().items()}}, guess=state)
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


def compare() -> None:
    """Print the ratio, or say that ccx is missing."""
    from .__main__ import row

    print("\nCalculiX, demo case on its 0.5 mm grid")
    if shutil.which("ccx") is None:
        print("  ccx is not on PATH here: HOLDERSIM_SUITE=sid has it")
        return
    case = read_case(CASE).with_("grid.pixel", "0.5 mm").with_("mesh.level", 0)
    with tempfile.TemporaryDirectory() as folder:
        deck = calculix.write(case.assembly(), Path(folder) / "demo.inp", case.final_forces())
        one = children_cpu(["ccx", deck.stem], Path(folder))
        ours = children_cpu([sys.executable, "-c", SWEEP], Path.cwd())
    print(f"  one CalculiX solve {one:.0f} s; {POINTS} points of ours with meshing and imports {ours:.1f} s")
    row(f"CalculiX x {POINTS} / our {POINTS} points", POINTS * one / ours, 300, at_least=True)
