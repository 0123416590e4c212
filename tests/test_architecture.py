"""The floors of the house hold: imports go down only, files stay short and say what they are for."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted((ROOT / "holdersim").rglob("*.py"))
LONGEST = 350
LIGHT = ("case", "results", "metrics", "contact", "plots", "paper", "weight")
HEAVY = {"dolfinx", "gmsh", "mpi4py", "petsc4py"}


def test_floors() -> None:
    """Every contract of pyproject.toml is kept; a module without a floor breaks the first one."""
    config = str(ROOT / "pyproject.toml")
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    done = subprocess.run(
        [*command, "--config", config, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_light_modules_are_all_in_the_contract() -> None:
    """Each light module is named in the contract that keeps FEniCS out of it."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    named = {m for c in contracts if c["type"] == "forbidden" for m in c["source_modules"]}
    assert {f"holdersim.{m}" for m in LIGHT} <= named


@pytest.mark.parametrize("module", LIGHT)
def test_light_modules_load_nothing_heavy(module: str) -> None:
    """Importing a light module in a fresh Python loads neither FEniCS nor gmsh nor MPI."""
    code = f"import sys, holdersim.{module}; print(*(m for m in {sorted(HEAVY)} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_file_is_short_and_documented(path: Path) -> None:
    """A file that needs scrolling for ever, or does not say what it is for, is split or explained."""
    text = path.read_text()
    assert text.count("\n") <= LONGEST
    assert ast.get_docstring(ast.parse(text))
