"""Result folders: whole or absent, never a mix; read back as they were written."""

import csv
import fcntl
import json
import logging
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from synthetic import holder, maps, summary, two_blocks

import holdersim
from holdersim.errors import ResultError
from holdersim.results import (
    RunFolder,
    current,
    drawing,
    is_complete,
    open_result,
    provenance,
    short_summary,
    write_json,
    write_maps,
)
from holdersim.results import folder as folder_module
from holdersim.results.origin import code

ASSEMBLY = two_blocks()
MAPS = maps(ASSEMBLY)
SUMMARY = summary(ASSEMBLY, MAPS)


def finished(root: Path, title: str = "one", force: bool = False) -> Path:
    """Run and finish one made-up case."""
    with RunFolder(root, "demo", "abc123", force=force) as run:
        if not run.finished:
            run.finish(SUMMARY | {"title": title}, MAPS, {"title": title})
    return run.folder


def test_a_finished_run_is_whole(tmp_path):
    folder = finished(tmp_path)
    assert folder == tmp_path / "demo" / "abc123"
    names = {p.name for p in folder.iterdir()}
    assert names == {"case.json", "provenance.json", "run.log", "maps.nc", "metrics.csv", "summary.json"}
    assert [p.name for p in folder.parent.iterdir()] == ["abc123"]
    newest = max(folder.iterdir(), key=lambda p: p.stat().st_mtime_ns)
    assert newest.name == "summary.json"


def test_it_reads_back(tmp_path):
    result = open_result(finished(tmp_path, "A title"))
    assert result.summary["filetype"] == "holdersim summary" and result.summary["format"] == 1
    assert result.case == {"title": "A title"}
    assert result.maps["pair_pressure"].attrs["units"] == "MPa"
    assert np.array_equal(result.maps["pair_pressure"].values, MAPS["pair_pressure"].values)
    assert list(result.maps["step"].values) == ["tighten"]
    assert result.metric("Force [N]") == SUMMARY["steps"][0]["interfaces"]["pair"]["Force [N]"]
    assert "A title" in repr(result) and "all certificates hold" in repr(result)


def test_wrong_names_are_answered_with_right_ones(tmp_path):
    result = open_result(finished(tmp_path))
    with pytest.raises(ResultError, match=r'no metric "CV"; did you mean "CV \[-\]"'):
        result.metric("CV")
    with pytest.raises(ResultError, match='no step "tigthen"; did you mean "tighten"'):
        result.metric("CV [-]", step="tigthen")
    with pytest.raises(ResultError, match='no interface "qqq"; there are pair'):
        result.metric("CV [-]", interface="qqq")


def test_two_interfaces_must_be_told_apart(tmp_path):
    whole = holder()
    data = maps(whole)
    with RunFolder(tmp_path, "bare", "1") as run:
        run.finish(summary(whole, data), data, {})
    result = open_result(run.folder)
    with pytest.raises(ResultError, match=r"which interface\? There are cell_bottom, cell_top"):
        result.metric("CV [-]")
    assert result.metric("Mean contact pressure [MPa]", "cell_top") == pytest.approx(5.0, rel=1e-6)


def test_a_finished_result_is_used_again_unless_forced(tmp_path):
    finished(tmp_path, "first")
    with RunFolder(tmp_path, "demo", "abc123") as run:
        assert run.finished and run.finished.summary["title"] == "first"
    assert open_result(finished(tmp_path, "second")).summary["title"] == "first"
    assert open_result(finished(tmp_path, "third", force=True)).summary["title"] == "third"
    assert [p.name for p in (tmp_path / "demo").iterdir()] == ["abc123"]


def test_a_result_of_other_code_is_made_anew(tmp_path, monkeypatch, caplog):
    """It still opens, is not taken for ours, one line says so; then it is ours. So is one of before code was told."""
    monkeypatch.setattr(folder_module, "code", lambda: "0.0.9+0123456789")
    folder = finished(tmp_path, "old")
    monkeypatch.undo()
    assert open_result(folder).summary["title"] == "old" and current(folder) is None
    caplog.clear()
    with caplog.at_level(logging.INFO, "holdersim"):
        finished(tmp_path, "new")
    assert [r.getMessage() for r in caplog.records if "0.0.9+0123456789" in r.getMessage()] == [
        f"{folder} was made by 0.0.9+0123456789, this is {code()}: to be solved again"
    ]
    assert open_result(finished(tmp_path, "again")).summary["title"] == "new"
    told = json.loads((folder / "summary.json").read_text())
    assert told.pop("code") == code() == json.loads((folder / "provenance.json").read_text())["code"]
    write_json(folder / "summary.json", told)
    assert open_result(finished(tmp_path, "newer")).summary["title"] == "newer"
    with RunFolder(tmp_path, "demo", "abc123") as run:
        assert run.finished


def test_a_result_of_other_code_stays_when_the_new_run_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_module, "code", lambda: "0.0.9+0123456789")
    folder = finished(tmp_path, "old")
    monkeypatch.undo()
    with pytest.raises(ZeroDivisionError), RunFolder(tmp_path, "demo", "abc123"):
        raise ZeroDivisionError("by zero")
    assert open_result(folder).summary["title"] == "old"


def test_code_is_told_by_what_decides_numbers(tmp_path):
    """A copy elsewhere is the same code; a word of a picture does not matter, a number of a solver or a holder does."""
    package = Path(holdersim.__file__).parent
    for name, top in (("holdersim", package), ("geometries", package.parent / "geometries")):
        shutil.copytree(top, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))

    def told() -> str:
        ask = "from holdersim.results.origin import code; print(code())"
        variables = os.environ | {"PYTHONPATH": str(tmp_path)}
        return subprocess.check_output(
            [sys.executable, "-c", ask], cwd=tmp_path, env=variables, text=True
        ).strip()

    here = told()
    for file, same in (("plots/style.py", True), ("contact.py", False), ("materials/data/alloys.toml", False),
                       ("../geometries/bare_uniaxial.py", False)):  # fmt: skip
        at = tmp_path / "holdersim" / file
        at.write_text(at.read_text() + "# changed\n")
        assert (told() == here) == same, file
        here = told()
    shutil.copytree(tmp_path / "holdersim", tmp_path / "other" / "holdersim")
    shutil.copytree(tmp_path / "geometries", tmp_path / "other" / "geometries")
    tmp_path = tmp_path / "other"
    assert told() == here


def test_a_failed_run_says_why_and_leaves_no_summary(tmp_path):
    with pytest.raises(ZeroDivisionError), RunFolder(tmp_path, "demo", "abc123") as run:
        run.step = "tighten"
        logging.getLogger("holdersim.somewhere").info("about to fail")
        raise ZeroDivisionError("by zero")
    assert not run.folder.exists()
    reason = json.loads((run.failed / "error.json").read_text())
    assert reason == {"class": "ZeroDivisionError", "message": "by zero", "step": "tighten"}
    assert not is_complete(run.failed)
    assert "about to fail" in (run.failed / "run.log").read_text()
    with pytest.raises(ResultError, match='failed in step "tighten" with ZeroDivisionError: by zero'):
        open_result(run.failed)
    finished(tmp_path)
    assert [p.name for p in (tmp_path / "demo").iterdir()] == ["abc123"], "success clears the old failure"


def test_failing_after_finish_leaves_no_summary_either(tmp_path):
    with pytest.raises(OSError, match="late"), RunFolder(tmp_path, "demo", "abc123") as run:
        run.finish(SUMMARY, MAPS, {})
        raise OSError("late")
    assert not list(tmp_path.rglob("summary.json"))


def test_a_forced_run_that_fails_keeps_the_good_result(tmp_path):
    folder = finished(tmp_path, "good")
    with pytest.raises(OSError, match="full"), RunFolder(tmp_path, "demo", "abc123", force=True):
        raise OSError("disk full")
    assert open_result(folder).summary["title"] == "good"


def test_an_interrupted_run_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), RunFolder(tmp_path, "demo", "abc123"):
        raise KeyboardInterrupt
    assert list((tmp_path / "demo").iterdir()) == []


def test_leaving_without_finish_is_our_bug(tmp_path):
    with pytest.raises(RuntimeError, match="without finish"), RunFolder(tmp_path, "demo", "abc123"):
        pass
    assert list((tmp_path / "demo").iterdir()) == []


def test_the_log_level_is_given_back(tmp_path):
    package = logging.getLogger("holdersim")
    before = package.level, list(package.handlers)
    finished(tmp_path)
    assert (package.level, list(package.handlers)) == before


def _hang(root: str, ready) -> None:
    with RunFolder(root, "demo", "abc123") as run:
        run.finish(SUMMARY, MAPS, {})
        ready.set()
        time.sleep(60)


def test_a_killed_run_looks_incomplete_and_is_cleaned_by_the_next(tmp_path):
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    process = context.Process(target=_hang, args=(str(tmp_path), ready))
    process.start()
    assert ready.wait(20)
    (staging,) = (tmp_path / "demo").iterdir()
    os.utime(staging, (1, 1))
    finished(tmp_path)
    assert staging.exists(), "a living run keeps its staging folder, however old"
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    with pytest.raises(ResultError, match="not a finished result"):
        open_result(staging)
    os.utime(staging, (1, 1))
    finished(tmp_path, force=True)
    assert [p.name for p in (tmp_path / "demo").iterdir()] == ["abc123"]


def test_a_young_folder_is_left_to_its_owner(tmp_path):
    staging = tmp_path / "demo" / ".abc123.0123456789ab"
    staging.mkdir(parents=True)
    (staging / ".lock").touch()
    finished(tmp_path)
    assert staging.exists()
    with (staging / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        os.utime(staging, (1, 1))
        finished(tmp_path, force=True)
        assert staging.exists()
    finished(tmp_path, force=True)
    assert not staging.exists()


def _finish_at(root: str, title: str, barrier, force: bool) -> None:
    with RunFolder(root, "demo", "abc123", force=force) as run:
        if run.finished:
            return
        (run.path / f"{title}.only").touch()
        run.finish(SUMMARY | {"title": title}, MAPS, {"title": title})
        barrier.wait(20)


@pytest.mark.parametrize("force", [False, True])
def test_two_at_once_leave_one_of_them_and_no_mix(tmp_path, force):
    context = multiprocessing.get_context("fork")
    for turn in range(4):
        barrier = context.Barrier(3)
        root = str(tmp_path / str(turn))
        args = [(root, t, barrier, force) for t in ("a", "b", "c")]
        processes = [context.Process(target=_finish_at, args=a) for a in args]
        for p in processes:
            p.start()
        for p in processes:
            p.join(60)
            assert p.exitcode == 0
        (folder,) = Path(root, "demo").iterdir()
        result = open_result(folder)
        title = result.summary["title"]
        assert result.case == {"title": title}
        assert [p.name for p in folder.glob("*.only")] == [f"{title}.only"]


def test_results_we_cannot_read_are_refused(tmp_path):
    with pytest.raises(ResultError, match="no such folder"):
        open_result(tmp_path / "absent")
    folder = finished(tmp_path)
    good = json.loads((folder / "summary.json").read_text())
    write_json(folder / "summary.json", good | {"format": 99})
    with pytest.raises(ResultError, match="format 99; this version reads format 1"):
        open_result(folder)
    write_json(folder / "summary.json", good | {"filetype": "shopping list"})
    with pytest.raises(ResultError, match="not a holdersim summary file"):
        open_result(folder)
    (folder / "summary.json").write_text('{"filetype": "holder')
    with pytest.raises(ResultError, match="damaged"):
        open_result(folder)


def test_maps_without_units_are_refused(tmp_path):
    with pytest.raises(ValueError, match="without units or long_name: p"):
        write_maps(xr.Dataset({"p": ("x", [1.0])}), tmp_path / "maps.nc")


def test_json_takes_arrays_and_has_no_nan(tmp_path):
    path = write_json(tmp_path / "a.json", {"a": np.arange(3), "b": np.float64("nan"), "c": [np.inf, 1.5]})
    assert json.loads(path.read_text()) == {"a": [0, 1, 2], "b": None, "c": [None, 1.5]}
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_metrics_table_holds_every_number(tmp_path):
    rows = list(csv.DictReader((finished(tmp_path) / "metrics.csv").open()))
    found = {(r["kind"], r["part"], r["metric"]): r["value"] for r in rows}
    step = SUMMARY["steps"][0]
    assert float(found["interface", "pair", "CV [-]"]) == step["interfaces"]["pair"]["CV [-]"]
    assert float(found["holder", "all", "Closing force [N]"]) == 2625.0
    assert len(rows) == 2 + len(step["interfaces"]["pair"]) + sum(map(len, step["plates"].values()))


def test_provenance_names_versions_but_no_place():
    made = provenance(1.5)
    assert made["libraries"]["numpy"] == np.__version__
    assert made["seconds"] == 1.5 and made["peak_memory_MiB"] > 20
    text = json.dumps(made)
    assert "/" not in text and os.uname().nodename not in text


def test_short_summary_names_the_numbers_and_failed_certificates(tmp_path):
    whole = holder()
    data = maps(whole)
    told = summary(whole, data)
    told["certificates"]["force balance"] = {"value": 1e-3, "limit": 1e-9, "ok": False}
    with RunFolder(tmp_path, "bare", "1") as run:
        run.finish(told, data, {})
    text = short_summary(open_result(run.folder))
    for part in ("Bare uniaxial holder", "cell_top", "CV [-]", "656.2", "Peak-to-valley [um]", "3.457"):
        assert part in text, text
    assert "FAILED" in text and "0.001" in text
    assert "FAILED" in repr(open_result(run.folder))
    assert max(map(len, text.splitlines())) < 130


def test_drawing_of_a_quarter_is_that_of_the_whole():
    quarter, whole = drawing(holder()), drawing(holder(()))
    places = [{(b["x"], b["y"]) for b in d["bolts"]} for d in (quarter, whole)]
    assert places[0] == places[1] == {(x, y) for x in (-32, 32) for y in (-22, 22)}
    assert len(quarter["plates"][0]["holes"]) == len(whole["plates"][0]["seats"]) == 4
    assert [p["z0"] for p in quarter["plates"]] == pytest.approx([-10, 0.475])
    assert [p["z1"] for p in quarter["plates"]] == pytest.approx([0, 10.475])
    cathode = next(x for x in quarter["layers"] if x["name"] == "cathode")
    assert (cathode["x0"], cathode["x1"]) == (-17.5, 17.5)
    assert cathode["z1"] - cathode["z0"] == pytest.approx(0.09)
    assert json.loads(json.dumps(quarter)) == quarter
