"""Runs that are killed, that run twice at once, or find damaged files: nothing half-made is ever taken as whole."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from runs import TOML, furthest, holds, kill_after, small, started

from holdersim.results import Result, is_complete, open_result
from holdersim.results import folder as folders
from holdersim.run import run

HERE = "import os, signal; die = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)\n"
AT = {
    "in the cache write": HERE + "import holdersim.shelf as s; s.os.replace = die",
    "in the maps": HERE + "import holdersim.results.folder as f; f.write_metrics = die",
    "in the last rename": HERE + "import holdersim.results.folder as f; f.RunFolder._replace = die",
}
KILL_COMPILER = HERE + "import cffi; cffi.FFI.compile = die"
NO_LOCKS = (
    "import holdersim._jit as j\n"
    "def no(*a): raise OSError(37, 'No locks available')\n"
    "class Fcntl: LOCK_EX = 2; flock = staticmethod(no)\n"
    "j.fcntl = Fcntl\n"
)
AFTER = {
    "superelement of bottom_plate": 0.2,
    "bottom_plate: ": 0.0,
    "superelement of cell": 0.3,
    "displacement and stress": 0.1,
}


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """What an undisturbed run gives."""
    place = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOLDERSIM_CACHE", str(place / "cache"))
        return run(small(), place / "results", pictures=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The small case as a file."""
    path = tmp_path / "small.toml"
    path.write_text(TOML)
    return path


def test_killed_at_any_moment(
    file: Path, tmp_path: Path, wanted: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each kill nothing looks complete; with what all of them left, the next run works and tidies up."""
    results, cache = tmp_path / "results", tmp_path / "cache"
    for words, wait in AFTER.items():
        kill_after(started(file, results, cache), words, wait)
        assert not [f for f in results.rglob("*") if is_complete(f)], f"complete after {words!r}"
    for moment, code in AT.items():
        killed = started(file, results, cache, code)
        said, _ = killed.communicate(timeout=300)
        assert killed.returncode == -9, f"{moment}: {said}"
        assert not [f for f in results.rglob("*") if is_complete(f)], f"complete after a kill {moment}"
    left = list(results.glob("small/.*"))
    assert len(left) >= 2, "the kills were to leave something"
    for folder in left:
        os.utime(folder, (time.time() - 4000,) * 2)
    monkeypatch.setenv("HOLDERSIM_CACHE", str(cache))
    result = run(small(), results, pictures=False)
    assert holds(result) and furthest(result.at(), wanted.at()) < 1e-9
    assert [f.name for f in results.glob("small/*")] == [small().identity()]


def test_two_at_once(file: Path, tmp_path: Path, wanted: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs of one case with one empty cache: both end well, with one sound result and a sound cache."""
    results, cache = tmp_path / "results", tmp_path / "cache"
    both = [started(file, results, cache) for _ in range(2)]
    for process in both:
        said, _ = process.communicate(timeout=300)
        assert process.returncode == 0 and "all certificates hold" in said, said
    assert [f.name for f in (results / "small").iterdir()] == [small().identity()]
    result = open_result(results / "small" / small().identity())
    assert holds(result) and furthest(result.at(), wanted.at()) < 1e-9
    entries = sorted(f.name for f in cache.iterdir())
    assert len(entries) == 3 and all(e.endswith(".superelement") for e in entries)
    monkeypatch.setenv("HOLDERSIM_CACHE", str(cache))
    again = run(small(), tmp_path / "again", pictures=False)
    assert all(again.summary["mesh"]["from_cache"].values()) and furthest(again.at(), wanted.at()) < 1e-9


@pytest.mark.parametrize("damage", ["cut", "bit", "empty"])
def test_damaged_cache_is_made_again(
    damage: str,
    tmp_path: Path,
    wanted: Result,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A cache entry that is cut short, empty, or wrong in one bit is noticed, remade, and changes nothing."""
    cache = wanted.folder.parents[2] / "cache"
    monkeypatch.setenv("HOLDERSIM_CACHE", str(cache))
    entry = max(cache.glob("*.superelement"), key=lambda f: f.stat().st_size)
    sound = entry.read_bytes()
    data = bytearray(sound)
    data[len(data) // 2] ^= 1
    entry.write_bytes({"cut": sound[: len(sound) // 3], "bit": bytes(data), "empty": b""}[damage])
    result = run(small(), tmp_path, pictures=False)
    assert "damaged superelement" in caplog.text
    assert list(result.summary["mesh"]["from_cache"].values()).count(False) == 1
    assert furthest(result.at(), wanted.at()) < 1e-9
    assert entry.read_bytes() == sound


def test_full_disk_leaves_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills while the result is written: the run fails with the system's words, no result appears."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folders, "write_maps", full)
    with pytest.raises(OSError, match="No space left"):
        run(small(), tmp_path, pictures=False)
    assert not [f for f in tmp_path.rglob("*") if is_complete(f)]


@pytest.mark.parametrize("locks", [True, False], ids=["locks", "no locks"])
def test_killed_compilation_blocks_nobody(
    locks: bool, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Empty sources as a killed form compiler leaves them: the next run removes them and compiles again.

    With locks at once, however young they are; without locks after the timeout.
    """
    forms = tmp_path / "home" / "fenics" / "holdersim"
    for variable, value in (
        ("XDG_CACHE_HOME", str(tmp_path / "home")),
        ("HOLDERSIM_JIT_TIMEOUT", "2" if not locks else "600"),
    ):
        monkeypatch.setenv(variable, value)
    first = started(file, tmp_path / "results", tmp_path / "cache", KILL_COMPILER)
    first.communicate(timeout=300)
    assert first.returncode == -9
    (stub,) = forms.glob("*.c")
    assert not stub.with_suffix(".c.cached").exists(), "the kill came too late to leave a stub"
    took = time.monotonic()
    second = started(file, tmp_path / "results", tmp_path / "cache", "" if locks else NO_LOCKS)
    said, _ = second.communicate(timeout=120)
    assert second.returncode == 0 and "all certificates hold" in said, said
    assert time.monotonic() - took < 100
    assert stub.with_suffix(".c.cached").exists()
