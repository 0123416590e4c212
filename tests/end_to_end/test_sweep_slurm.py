"""The same plan on a real two-node Slurm on this machine: the same table; a node that falls, a job out of time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from swept import COUNT, HEAD, LATIN, ROOT, endings, steady, written

from holdersim import sweep

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (shutil.which("slurmctld") and shutil.which("slurmd")),
        reason="Slurm comes with rung 3 of env/run",
    ),
]
SWEEP = f'"{sys.executable}" -m holdersim sweep'
UNTIL_GONE = 'while [ -n "$(squeue -h)" ]; do sleep 0.3; done'


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plan solved on this machine by one worker."""
    place = tmp_path_factory.mktemp("calm")
    sweep.make(written(place, HEAD + LATIN), place / "plan")
    assert sweep.begin(place / "plan", 1).by["ok"] == COUNT
    return place / "plan"


def beside_slurm(place: Path, script: str) -> str:
    """What a script says that runs beside a fresh Slurm; nothing of it is left behind."""
    command = [str(ROOT / "env" / "slurm.sh"), str(place / "slurm"), "bash", "-c", script]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for file in (place / "slurm" / "run").glob("*.pid"):
        assert not Path("/proc", file.read_text().strip() or "none").exists()
    return done.stdout + done.stderr


def test_the_same_table_as_here(calm: Path, tmp_path: Path) -> None:
    """An array job of four tasks on two nodes: the same bytes. A second submission is refused, before and after."""
    plan = tmp_path / "plan"
    sweep.make(written(tmp_path, HEAD + LATIN), plan)
    closed = "scontrol update nodename=n[1-2] state=drain reason=test"
    told = beside_slurm(
        tmp_path,
        f"{closed}; {SWEEP} submit {plan} --tasks 4 --memory 1500 --time 5; {SWEEP} submit {plan}; {SWEEP} run {plan}; "
        f"scontrol update nodename=n[1-2] state=resume; {UNTIL_GONE}; {SWEEP} submit {plan}; {SWEEP} status {plan}",
    )
    assert "job 1: 4 tasks for 20 chunks" in told
    assert told.count("already has job 1") == 2 and "begun already; use holdersim sweep resume" in told
    assert f"ok {COUNT}" in told
    assert steady(plan) == steady(calm)
    assert endings(plan) == dict.fromkeys(range(COUNT), 1)


def test_a_node_falls_and_the_job_is_resumed(calm: Path, tmp_path: Path) -> None:
    """SIGKILL of one node's daemon in the middle: nothing is lost, the same bytes."""
    plan = tmp_path / "plan"
    sweep.make(written(tmp_path, HEAD + LATIN), plan)
    down = (
        'kill -9 "$(cat "$(dirname "$SLURM_CONF")/run/n2.pid")"; '
        "scontrol update nodename=n2 state=down reason=test; "
    )
    patience = 'for _ in $(seq 40); do [ -n "$(squeue -h)" ] || break; sleep 0.5; done; scancel 1; '
    told = beside_slurm(
        tmp_path,
        f"{SWEEP} submit {plan} --tasks 4 --memory 1500 --time 5; "
        f"until {SWEEP} status {plan} | grep -q 'ok'; do sleep 0.2; done; {down} {patience} {UNTIL_GONE}; "
        f"{SWEEP} resume {plan} --slurm --tasks 2 --memory 1500 --time 5; {UNTIL_GONE}; {SWEEP} status {plan}",
    )
    assert f"ok {COUNT}" in told
    assert steady(plan) == steady(calm)
    assert set(endings(plan)) == set(range(COUNT))


def test_out_of_time(calm: Path, tmp_path: Path) -> None:
    """A job that is ended by Slurm in the middle is resumed on this machine: the same bytes."""
    plan = tmp_path / "plan"
    sweep.make(written(tmp_path, HEAD + LATIN), plan)
    beside_slurm(
        tmp_path,
        f"{SWEEP} submit {plan} --tasks 2 --memory 1500 --time 5; "
        f"until {SWEEP} status {plan} | grep -q 'ok'; do sleep 0.1; done; "
        "scontrol update jobid=1 timelimit=0:01; " + UNTIL_GONE,
    )
    sweep.resumed(plan, workers=2)
    assert steady(plan) == steady(calm)
    assert set(endings(plan)) == set(range(COUNT))
