"""Sweeps that are killed, interrupted, poisoned or out of disk: every row ends once, with the digits of a calm run."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pyarrow.parquet
import pytest
from swept import COUNT, HEAD, LATIN, POISON, endings, oks, started, steady, written

from holdersim import sweep
from holdersim.errors import ResultError
from holdersim.run import run
from holdersim.shelf import cache_folder
from holdersim.sweep.plan import open_plan
from holdersim.sweep.point import Bench
from holdersim.sweep.status import ends


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep that nobody disturbed, by one worker."""
    place = tmp_path_factory.mktemp("calm")
    sweep.make(written(place, HEAD + LATIN), place / "plan")
    assert sweep.begin(place / "plan", 1).by["ok"] == COUNT
    return place / "plan"


def test_points_are_what_run_gives(calm: Path, tmp_path: Path) -> None:
    """Ten rows, each solved alone by `run`: every number of the table to 1e-8 of the largest of its kind."""
    rows = (
        pyarrow.parquet.read_table(calm / "table.parquet").to_pylist()
        if (calm / "table.parquet").exists()
        else []
    )
    rows = rows or (steady(calm) and pyarrow.parquet.read_table(calm / "table.parquet").to_pylist())
    compared = 0
    for k in random.Random(1).sample(range(COUNT), 10):
        case = sweep.case_of(calm, k)
        result = run(case, tmp_path, pictures=False, fields=False)
        assert rows[k]["identity"] == case.identity() == result.summary["identity"]
        for face, numbers in result.at()["interfaces"].items():
            scale = max(abs(v) for v in numbers.values() if v is not None)
            for name, value in numbers.items():
                assert rows[k][f"{face}: {name}"] == pytest.approx(value, rel=1e-8, abs=1e-8 * scale)
                compared += value is not None
    assert compared > 300


def test_two_workers_give_the_same_table_and_superelements_are_made_once(
    calm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers begin at once with an empty shelf: the same bytes; each superelement was written once."""
    shelf = tmp_path / "shelf"
    monkeypatch.setenv("HOLDERSIM_CACHE", str(shelf))
    sweep.make(written(tmp_path, HEAD + LATIN), tmp_path / "plan")
    assert sweep.begin(tmp_path / "plan", 2).by["ok"] == COUNT
    assert steady(tmp_path / "plan") == steady(calm)
    kept = {f.stem for f in shelf.glob("*.superelement")}
    made = {f.stem: f.read_text().count("made") for f in shelf.glob("*.lock")}
    assert len(kept) == 3  # cell and two plates: alloys of one Poisson's ratio share
    assert made == dict.fromkeys(kept, 1)


@pytest.mark.slow
def test_workers_killed_at_20_random_times(tmp_path: Path) -> None:
    """SIGKILL of a worker at work, 20 times, then resume: no row lost, none solved again once ok, the same bytes."""
    slow = HEAD.replace('pixel = "1.25 mm"', 'pixel = "0.5 mm"')
    file = written(tmp_path, slow + LATIN.replace("count = 120", "count = 60"))
    calm = sweep.make(file, tmp_path / "undisturbed")
    Bench(cache_folder()).model(calm.cases.case(calm.rows[0]))  # superelements are made before
    assert sweep.begin(calm.folder, 2).by["ok"] == 60
    usual, first = sorted(e["seconds"] for e in ends(calm))[30::29]
    dice, kills, plans = random.Random(5), 0, [sweep.make(file, tmp_path / "plan").folder]
    process = started(plans[0], "run", "--local", "2")
    while kills < 20:
        if process.poll() is not None:  # workers that die one after the other make their starter give up
            if sweep.counts(plans[-1]).by["ok"] == 60:  # all is done before its time: another round
                plans.append(sweep.make(file, tmp_path / f"plan{kills}").folder)
            process = started(plans[-1], "resume", "--local", "2")
        _wait(lambda p=process: p.poll() is not None or _solving(p.pid, plans[-1]))  # type: ignore[misc]
        time.sleep(dice.uniform(0, first + 4 * usual))
        for worker in _solving(process.pid, plans[-1])[:1]:
            os.kill(worker, signal.SIGKILL)
            kills += 1
    process.communicate(timeout=120)
    sweep.resumed(plans[-1], workers=2)
    for plan in plans:
        assert steady(plan) == steady(calm.folder)
        assert pyarrow.parquet.read_table(plan / "table.parquet").num_rows == 60
        assert oks(plan) == dict.fromkeys(range(60), 1)


def test_killed_controller(calm: Path, tmp_path: Path) -> None:
    """Its workers end with it; while it runs a second start is refused; resume gives the same bytes, no row twice."""
    sweep.make(written(tmp_path, HEAD + LATIN), tmp_path / "plan")
    process = started(tmp_path / "plan", "run", "--local", "2")
    _wait(lambda: sweep.counts(tmp_path / "plan").by["ok"] >= 3)
    with pytest.raises(ResultError, match="at work on this plan already"):
        sweep.resumed(tmp_path / "plan")
    process.kill()
    process.wait()
    done = sweep.counts(tmp_path / "plan").by["ok"]
    assert done < COUNT
    sweep.resumed(tmp_path / "plan", workers=2)
    assert steady(tmp_path / "plan") == steady(calm)
    assert endings(tmp_path / "plan") == dict.fromkeys(range(COUNT), 1)


def test_the_same_plan_twice_is_refused(calm: Path) -> None:
    """A plan that was begun is not begun again."""
    with pytest.raises(ResultError, match="begun already; use holdersim sweep resume"):
        sweep.begin(calm)


def test_poisoned_rows_take_down_only_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Crash, more memory than there is, NaN, mesh, a bug, an invalid value: each ends as what it is, others are ok."""
    (tmp_path / "holders").mkdir()
    (tmp_path / "holders" / "poisoned.py").write_text(POISON)
    monkeypatch.setenv("HOLDERSIM_GEOMETRIES", str(tmp_path / "holders"))
    moods = ["good", "segfault", "hungry", "nan", "mesh", "bug", "wild", "good", "good"]
    table = f'[sweep]\nsample = "zip"\nbatch = 3\n[sweep.vary]\n"holder.mood" = {json.dumps(moods)}\n'
    table += f'"steps[0].pressure" = {json.dumps([f"{k + 1} MPa" for k in range(9)])}\n'
    head = HEAD.replace('kind = "bare_uniaxial"', 'kind = "poisoned"').replace(
        'plate = { material = "SS304", flatness = { dish = "8 um" } }\n', ""
    )
    sweep.make(written(tmp_path, head + table), tmp_path / "plan")
    limited = partial(subprocess.run, capture_output=True, check=True, preexec_fn=_small_memory)
    command, plan = [sys.executable, "-m", "holdersim", "sweep"], str(tmp_path / "plan")
    limited([*command, "run", plan, "--local", "2"])
    counted, found = sweep.counts(tmp_path / "plan"), ends(open_plan(tmp_path / "plan"))
    assert [e["status"] for e in found] == (
        ["ok", "killed", "failed", "failed", "failed", "failed", "invalid", "ok", "ok"]
    )
    assert counted.classes["MemoryError"] == counted.classes["ZeroDivisionError"] == 1
    assert "Unable to allocate" in found[2]["message"] and found[4]["class"] == "GeometryError"
    assert 'holder.mood = "wild"' in found[6]["message"]
    before = endings(tmp_path / "plan")
    limited([*command, "resume", plan, "--failed", "MemoryError", "--local", "1"])
    assert sweep.counts(tmp_path / "plan") == counted
    after = endings(tmp_path / "plan")
    assert {k for k in after if after[k] > before[k]} == {1, 2}  # the killed one and the class asked for


def test_full_disk(calm: Path, tmp_path: Path) -> None:
    """Files of the sweep may not grow beyond 10 kB for a while: the run says so, what is written is whole."""
    sweep.make(written(tmp_path, HEAD + LATIN), tmp_path / "plan")
    command = [sys.executable, "-m", "holdersim", "sweep", "run", str(tmp_path / "plan"), "--local", "2"]
    limited = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=_small_files)
    assert limited.returncode == 5
    assert "disk of the sweep is full" in limited.stderr and "holdersim sweep resume" in limited.stderr
    for file in (tmp_path / "plan" / "chunks").glob("*.jsonl"):
        assert file.stat().st_size <= 10000
        assert all(json.loads(line) for line in file.read_text().splitlines())
    sweep.resumed(tmp_path / "plan", workers=2)
    assert steady(tmp_path / "plan") == steady(calm)
    assert endings(tmp_path / "plan") == dict.fromkeys(range(COUNT), 1)


def test_full_tmpfs(calm: Path, tmp_path: Path) -> None:
    """A disk that really is too small: run and collect say so, files on it are whole or absent; resumed elsewhere."""
    disk, kept = tmp_path / "disk", tmp_path / "kept"
    disk.mkdir()
    plan = sweep.make(written(tmp_path, HEAD + LATIN), tmp_path / "plan").folder
    command = f"'{sys.executable}' -m holdersim sweep"
    script = (
        f"mount -t tmpfs -o size=256k none '{disk}' || exit 77; cp -a '{plan}' '{disk}'; cd '{disk}'; "
        f"{command} run plan --local 2; echo run $?; "
        "head -c 1M /dev/zero >fill; "
        f"{command} collect plan; echo collect $?; cp -a plan '{kept}'"
    )
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, check=False)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("no name spaces of one's own here")
    assert "run 5" in done.stdout and "collect 5" in done.stdout
    assert "disk of the sweep is full" in done.stderr and "is not written: the disk is full" in done.stderr
    assert not list(kept.glob(".table*")) and not list(kept.glob("table*"))
    for file in (kept / "chunks").glob("*.jsonl"):
        assert all(json.loads(line) for line in file.read_text().splitlines())
    assert 0 < sweep.counts(kept).by["ok"] < COUNT
    sweep.resumed(kept, workers=2)
    assert steady(kept) == steady(calm)
    assert endings(kept) == dict.fromkeys(range(COUNT), 1)


def _small_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))


def _small_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (10000, 10000))


def _children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(entry.read_text().rsplit(")", 1)[1].split()[1]) == pid:
                found.append(int(entry.parent.name))
        except (OSError, IndexError):
            continue
    return found


def _solving(pid: int, plan: Path) -> list[int]:
    """Workers of a starter that have a chunk in hand."""
    found = []
    for child in _children(pid):
        try:
            files = [os.readlink(f) for f in Path("/proc", str(child), "fd").iterdir()]
        except OSError:
            continue
        if any(f.startswith(f"{plan}/chunks/") for f in files):
            found.append(child)
    return found


def _wait(reached: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)
