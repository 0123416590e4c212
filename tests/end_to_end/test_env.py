"""env/run hands on what it was given: exit code, arguments, folder, and the project's own code first."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / "env" / "run"

# Outside of env/run (an IDE, a user's own environment) these tests would build one: minutes and gigabytes.
pytestmark = pytest.mark.skipif("HOLDERSIM_INSIDE" not in os.environ, reason="not started by env/run")


def call(*command: str, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    """Output and exit code of a command given to env/run."""
    environment = os.environ | variables
    return subprocess.run(
        [RUN, *command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_exit_code_and_arguments_pass_through(tmp_path: Path) -> None:
    done = call("sh", "-c", 'printf "%s|" "$@"; pwd; exit 7', "sh", "a b", "*", cwd=tmp_path)
    assert done.returncode == 7
    assert done.stdout.strip() == f"a b|*|{tmp_path.resolve()}"


def test_this_clone_comes_first(tmp_path: Path) -> None:
    done = call("python", "-c", "import holdersim; print(holdersim.__file__)", cwd=tmp_path)
    assert done.stdout.strip() == str(ROOT / "holdersim" / "__init__.py")


def test_command_is_there(tmp_path: Path) -> None:
    done = call("holdersim", "--version", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.strip()


def test_another_suite_is_refused_inside() -> None:
    done = call("true", HOLDERSIM_SUITE="another")
    assert done.returncode == 5
    assert "leave it to use another" in done.stderr


def test_nothing_to_run_shows_how() -> None:
    done = call()
    assert done.returncode == 2
    assert "env/run CMD" in done.stdout


def test_unusable_folder_is_named() -> None:
    """Without the mark of being inside, env/run looks for a place to build; a file is none."""
    done = call("true", HOLDERSIM_INSIDE="", HOLDERSIM_ENV=str(RUN))
    assert done.returncode == 5
    assert str(RUN) in done.stderr
