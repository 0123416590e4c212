"""One case over several processes of mpirun: the same answer as alone, one message and one exit code, never a hang."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import meshio
import numpy as np
import pytest
from runs import ROOT, TOML, environment, small

from holdersim.results import Result, open_result
from holdersim.run import run
from holdersim.shelf import read

pytestmark = pytest.mark.skipif(shutil.which("mpirun") is None, reason="needs mpirun")

SOLVE = """
import sys, holdersim
from holdersim import ranks
with ranks.gathered():
    holdersim.run(holdersim.read_case("small.toml"), "results", pictures=False)
"""

TROUBLE = """
import os, signal, sys, time
import numpy as np, scipy.sparse as sp
from holdersim import cli, ranks
from holdersim.dissection import condense

def bar(shift):
    n = 300
    k = sp.csr_matrix(sp.diags([-np.ones(n - 1), 2.5 * np.ones(n), -np.ones(n - 1)], [-1, 0, 1]) - shift * sp.eye(n))
    return condense(k, sp.csc_matrix(np.eye(n)[:, :2]), np.arange(3.0 * n).reshape(n, 3), np.arange(n), True, 10)

def sleeps(store): time.sleep(600)
def dies(store, rank): time.sleep(600) if rank == 0 else os.kill(os.getpid(), signal.SIGKILL)
def errs(store, by): return 1 / by
def lost(rank): raise KeyboardInterrupt

if __name__ == "__main__":
    if sys.argv[1] == "FEniCS first":
        import dolfinx
    with cli._explained(False), ranks.gathered(), cli._explained(False):
        crew, what = ranks.crew(), sys.argv[1]
        if what == "loose":
            bar(1.0)
        elif what == "loose once":
            try:
                bar(1.0)
            except Exception as error:
                print("refused:", error)
            print("solved:", bar(0.0)[1].solve(np.ones(300)).shape)
        elif what == "error":
            crew.share(errs, lambda rank: (1 - rank,))
        elif what == "death of a rank":
            crew.share(dies, lambda rank: (rank,))
        elif what == "death of the first":
            os.kill(os.getpid(), signal.SIGKILL)
        elif what == "interrupt":
            crew.share(sleeps, lambda rank: () if rank else lost(rank))
"""


def under(ranks: int, *words: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """What mpirun says within two minutes; more ranks than cores are allowed, bodies of any size are spread."""
    settings = {
        "HOLDERSIM_SPREAD": "0",
        "HOLDERSIM_CACHE": str(cwd / "cache"),
        "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
    }
    call = ["mpirun", "-n", str(ranks), sys.executable, *words]
    surroundings = environment() | settings | more
    return subprocess.run(call, cwd=cwd, env=surroundings, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """What one process gives."""
    place = tmp_path_factory.mktemp("alone")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOLDERSIM_CACHE", str(place / "cache"))
        return run(small(), place / "results", pictures=False)


@pytest.mark.parametrize("ranks", [2, 3])
def test_same_answer(ranks: int, alone: Result, tmp_path: Path) -> None:
    """Pressure maps, compliances and displacements agree to 1e-8; every body was spread, and solved by one rank."""
    (tmp_path / "small.toml").write_text(TOML)
    done = under(
        ranks, "-c", "import logging; logging.basicConfig(level=logging.INFO)\n" + SOLVE, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr.count(f"pieces on {ranks} ranks") == 3
    found = open_result(tmp_path / "results" / "small" / small().identity())
    for name in alone.maps:
        near(found.maps[name].values, alone.maps[name].values)
    entries = sorted((alone.folder.parents[2] / "cache").glob("*.superelement"))
    assert len(entries) == 3
    for entry in entries:
        mine, whole = read(tmp_path / "cache" / entry.name, 1.0), read(entry, 1.0)
        assert mine is not None and whole is not None
        near(mine.compliance, whole.compliance)
    fields = sorted((alone.folder / "fields").glob("*.vtu"))
    assert len(fields) == 3
    for file in fields:
        moved, wanted = (meshio.read(f).point_data for f in (found.folder / "fields" / file.name, file))
        assert wanted
        for name, values in wanted.items():
            near(moved[name], values)


def near(found: np.ndarray, wanted: np.ndarray) -> None:
    """Equal to 1e-8 of the largest; places without a number are the same."""
    assert (np.isnan(found) == np.isnan(wanted)).all()
    assert np.nanmax(np.abs(found - wanted)) <= 1e-8 * np.nanmax(np.abs(wanted))


def test_command_line(tmp_path: Path) -> None:
    """One summary, one mistake, one refusal, whoever many were started; with the exit code of one process."""
    (tmp_path / "small.toml").write_text(TOML)
    (tmp_path / "wrong.toml").write_text(TOML.replace("5 MPa", "5 kg"))
    read_it = under(2, "-m", "holdersim", "check", "small.toml", cwd=tmp_path)
    assert read_it.returncode == 0 and read_it.stdout.count("holder bare_uniaxial") == 1
    wrong = under(2, "-m", "holdersim", "run", "wrong.toml", cwd=tmp_path)
    assert wrong.returncode == 2 and wrong.stderr.count("1 mistake(s)") == 1
    sweep = under(2, "-m", "holdersim", "sweep", "run", "here", cwd=tmp_path)
    assert sweep.returncode == 5 and sweep.stderr.count("a sweep starts workers of its own") == 1


@pytest.mark.parametrize(
    ("what", "code", "said"),
    [
        ("loose", 3, "not positive definite"),
        ("loose once", 0, "solved: (300,)"),
        ("error", 1, "a rank of the crew failed"),
        ("FEniCS first", 5, ""),
        ("death of a rank", None, ""),
        ("death of the first", None, ""),
        ("interrupt", 1, "\nKeyboardInterrupt\n"),
    ],
)
def test_trouble_ends(what: str, code: int | None, said: str, tmp_path: Path) -> None:
    """Whatever happens to one rank, all end; an error is told once and after it the ranks can work again."""
    (tmp_path / "trouble.py").write_text(TROUBLE)
    done = under(2, "trouble.py", what, cwd=tmp_path)
    told = done.stdout + done.stderr
    assert done.returncode == code if code is not None else done.returncode != 0, told
    assert told.count(said) == 1 or not said, told


@pytest.mark.parametrize("place", ["0", "1"])
def test_processes_that_do_not_know_each_other(place: str, tmp_path: Path) -> None:
    """As srun starts them without MPI: refused, by the first of them in words."""
    call = [sys.executable, "-m", "holdersim", "check", str(ROOT / "cases" / "bare_uniaxial_5MPa.toml")]
    around = {k: v for k, v in environment().items() if not k.startswith(("OMPI_COMM", "PMI", "SLURM"))}
    around |= {"SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": place}
    done = subprocess.run(call, env=around, capture_output=True, text=True, timeout=120)
    assert done.returncode == 5 and done.stdout == ""
    assert done.stderr.count("started as 2 processes") == (1 if place == "0" else 0)
    assert os.environ.get("OMPI_COMM_WORLD_SIZE") is None
