"""A small coarse case (seconds), and ways to run it: in this process, in another one, up to a given moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from holdersim.case import Case
from holdersim.results import Result

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "cases" / "bare_uniaxial_5MPa.toml"
TIGHTEN = {"do": "tighten", "pressure": "5 MPa", "area": "cathode"}
HOLDER = {
    "kind": "bare_uniaxial",
    "length": "44 mm",
    "width": "36 mm",
    "thickness": "4 mm",
    "bolt": "M4",
    "inset": "6 mm",
    "plate": {"flatness": {"dish": "8 um"}},
}
CELL = {
    "kind": "two_electrode",
    "cathode": {"length": "12 mm", "width": "10 mm"},
    "anode": {"length": "13 mm", "width": "11 mm"},
    "separator": {"length": "14 mm", "width": "12 mm"},
    "laminate": {"length": "18 mm", "width": "14 mm"},
}

TOML = """
format = 1
grid = { pixel = "1 mm", film = "1 mm" }
mesh = { level = 0 }
cell = { kind = "two_electrode", cathode = { length = "12 mm", width = "10 mm" }, \
anode = { length = "13 mm", width = "11 mm" }, separator = { length = "14 mm", width = "12 mm" }, \
laminate = { length = "18 mm", width = "14 mm" } }
[holder]
kind = "bare_uniaxial"
length = "44 mm"
width = "36 mm"
thickness = "4 mm"
bolt = "M4"
inset = "6 mm"
plate = { flatness = { dish = "8 um" } }
[[steps]]
do = "tighten"
pressure = "5 MPa"
area = "cathode"
"""
"""The same as `small()` in the words of a case file."""


def small(**tables: Any) -> Case:
    """The small case with tables replaced."""
    base = {"holder": HOLDER, "cell": CELL, "steps": [TIGHTEN]}
    rest = {"grid": {"pixel": "1 mm", "film": "1 mm"}, "mesh": {"level": 0}}
    return Case.model_validate(base | rest | tables, context={"name": "small"})


def command(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    call = [sys.executable, "-m", "holdersim", *words]
    return subprocess.run(call, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=300)


def environment() -> dict[str, str]:
    """Ours, with the project first on the path."""
    return os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}


def started(file: Path, results: Path, cache: Path, before: str = "") -> subprocess.Popen[str]:
    """A run without pictures in a process group of its own; `before` is Python code put in front of it."""
    code = (
        "import logging, sys, holdersim\n"
        "logging.basicConfig(level=logging.INFO, format='%(message)s', stream=sys.stdout, force=True)\n"
        f"{before}\n"
        f"print(holdersim.run(holdersim.read_case({str(file)!r}), {str(results)!r}, pictures=False))\n"
    )
    variables = environment() | {"HOLDERSIM_CACHE": str(cache), "PYTHONUNBUFFERED": "1"}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=variables,
        stdout=pipe,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def kill_after(run: subprocess.Popen[str], words: str, wait: float) -> None:
    """SIGKILL to the whole process group `wait` seconds after a line with these words was logged."""
    assert run.stdout is not None
    seen = []
    for line in run.stdout:
        seen.append(line)
        if words in line:
            break
    else:
        raise AssertionError(f"never said {words!r}:\n{''.join(seen)}")
    time.sleep(wait)
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    assert run.returncode == -signal.SIGKILL


def holds(result: Result) -> bool:
    """All certificates of a result hold, and there are some."""
    certificates = result.summary["certificates"]
    return len(certificates) >= 8 and all(c["ok"] and c["value"] <= c["limit"] for c in certificates.values())


def numbers(step: dict[str, Any]) -> dict[str, float]:
    """All numbers of a step by path, flat."""
    out: dict[str, float] = {}

    def walk(path: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{path}/{key}", inner)
        elif isinstance(value, int | float):
            out[path] = float(value)

    walk("", step)
    return out


def furthest(found: dict[str, Any], wanted: dict[str, Any]) -> float:
    """Largest difference of the numbers of two steps, relative to the number or to 1e-3 of its kind."""
    a, b = numbers(found), numbers(wanted)
    assert a.keys() == b.keys(), f"not the same numbers: {sorted(a.keys() ^ b.keys())[:5]}"
    assert len(b) > 30
    return max(abs(a[k] - b[k]) / max(abs(b[k]), 1e-3) for k in b)
