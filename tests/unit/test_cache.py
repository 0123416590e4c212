"""The cache within its limit: what goes first, what stays, many processes at once, the command."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from holdersim import cache
from holdersim.assembly import Block, Rect, Solid
from holdersim.cli import app
from holdersim.errors import EnvironmentProblem, HoldersimError
from holdersim.grid import PressureGrid
from holdersim.materials.elastic import Elastic
from holdersim.solve import build_body
from holdersim.superelement import Condenser, Links, cache_folder

LINES = tuple(np.linspace(-3, 3, 7).tolist())
LINKS = Links((("bottom", PressureGrid.over(Rect.centred(4, 4), 1.0)),), ("top",))
DAY = 86400.0


def entry(folder: Path, name: str, size: int, age: float) -> Path:
    """A file that looks like an entry, used `age` seconds ago."""
    file = folder / f"{name}.superelement"
    file.write_bytes(bytes(size))
    used = time.time() - age
    os.utime(file, (used, used))
    return file


def condenser(height: float, folder: Path) -> Condenser:
    """A block of some height [mm]: each height is an entry of its own."""
    block = Block(LINES, LINES, (0.0, height / 2, height))
    return Condenser(Solid("block", block, Elastic("steel", 200e3, 0.3), 2), LINKS, build_body, folder)


def names(folder: Path) -> list[str]:
    """Entries, used longest ago first."""
    return [k.file.stem for k in cache.kept(folder)]


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    """Five entries of 100 bytes trimmed to 250: the two used last stay, whatever their names."""
    for name, days in (("c", 5), ("a", 4), ("e", 3), ("b", 2), ("d", 1)):
        entry(tmp_path, name, 100, days * DAY)
    (tmp_path / "a.lock").write_text("not an entry")
    gone = cache.trim(tmp_path, 250)
    assert [k.file.stem for k in gone] == ["c", "a", "e"] and names(tmp_path) == ["b", "d"]
    assert cache.trim(tmp_path, 250) == [] and (tmp_path / "a.lock").exists()


def test_reading_counts_as_use(tmp_path: Path) -> None:
    """Of two real entries the older one is read again; the other then goes first."""
    files = {}
    for height in (1.0, 2.0):
        condenser(height, tmp_path).get()
        files[height] = next(k.file for k in cache.kept(tmp_path) if k.file not in files.values())
    for age, file in zip((2 * DAY, DAY), files.values(), strict=True):
        os.utime(file, (time.time() - age,) * 2)
    again = condenser(1.0, tmp_path)
    again.get()
    assert again.from_cache and names(tmp_path) == [files[2.0].stem, files[1.0].stem]


def test_a_run_keeps_the_limit_but_its_own_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a limit of nothing a new entry drives out old ones of others; not its own, nor those used just now."""
    old, fresh = entry(tmp_path, "old", 1000, 2 * DAY), entry(tmp_path, "fresh", 1000, 60)
    monkeypatch.setenv(cache.VARIABLE, "0 GB")
    condenser(1.0, tmp_path).get()
    assert not old.exists() and fresh.exists()
    mine = [k for k in cache.kept(tmp_path) if k.file != fresh]
    os.utime(mine[0].file, (time.time() - 2 * DAY,) * 2)
    condenser(2.0, tmp_path).get()
    assert mine[0].file.exists() and len(names(tmp_path)) == 3


def test_nothing_goes_below_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old entries within the limit stay; so does everything where no limit is given."""
    old = entry(tmp_path, "old", 1000, 900 * DAY)
    condenser(1.0, tmp_path).get()
    assert old.exists()
    monkeypatch.setenv(cache.VARIABLE, "1 MB")
    condenser(2.0, tmp_path).get()
    assert old.exists()


def test_an_entry_trimmed_away_is_made_again(tmp_path: Path) -> None:
    """The same numbers, and no word of damage."""
    first = condenser(1.0, tmp_path).get()
    assert len(cache.trim(tmp_path, 0)) == 1 and names(tmp_path) == []
    again = condenser(1.0, tmp_path)
    assert np.array_equal(again.get().compliance, first.compliance) and not again.from_cache


def test_what_a_dead_process_left_goes_too(tmp_path: Path) -> None:
    """A part that nobody writes any more; a young one may still be written."""
    dead, living = tmp_path / "x.part", tmp_path / "y.part"
    dead.touch()
    living.touch()
    os.utime(dead, (time.time() - 2 * cache.FRESH,) * 2)
    cache.trim(tmp_path, 1e9)
    assert not dead.exists() and living.exists()


def test_several_processes_trim_at_once(tmp_path: Path) -> None:
    """Four processes trim one folder to 40 of 200 entries: exactly the 40 used last stay, none fails."""
    for i in range(200):
        entry(tmp_path, f"{i:03}", 10, (201 - i) * DAY)
    code = f"from pathlib import Path; from holdersim import cache; cache.trim(Path({str(tmp_path)!r}), 400)"
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", code]
    started = [subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    told = [p.communicate()[1] for p in started]
    assert all(p.returncode == 0 for p in started), told
    assert names(tmp_path) == [f"{i:03}" for i in range(160, 200)]


@pytest.mark.parametrize("given", ["20", "5 m", "plenty"])
def test_a_wrong_limit_is_told_before_anything_is_solved(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.VARIABLE, given)
    with pytest.raises(EnvironmentProblem, match=rf'{cache.VARIABLE} = "{given}".*GB'):
        cache_folder()


def test_the_command_shows_trims_and_clears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDERSIM_CACHE", str(tmp_path))
    for name, days in (("a", 3), ("b", 2), ("c", 1)):
        entry(tmp_path, name, 1_000_000, days * DAY)
    shown = CliRunner().invoke(app, ["cache"]).output
    assert "3 entries, 0.003 GB; limit 20 GB" in shown and "3.0 days ago" in shown
    trimmed = CliRunner().invoke(app, ["cache", "--trim", "1.5 MB"]).output
    assert "removed 2 entries" in trimmed and names(tmp_path) == ["c"]
    assert "0 entries" in CliRunner().invoke(app, ["cache", "--clear"]).output and names(tmp_path) == []


def test_the_command_tells_mistakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDERSIM_CACHE", str(tmp_path))
    old = entry(tmp_path, "a", 10, DAY)
    for words, told in ((["--trim", "5"], 'Write "5 GB"'), (["--trim", "1 GB", "--clear"], "either")):
        failed = CliRunner().invoke(app, ["cache", *words]).exception
        assert isinstance(failed, HoldersimError) and failed.exit_code == 2 and told in str(failed)
    assert old.exists()
