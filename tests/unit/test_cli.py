"""The command line: quick, in words, with exit codes."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import holdersim as holdersim_package
from holdersim import cli, errors

ROOT = Path(__file__).resolve().parents[2]
DEMO = str(ROOT / "cases" / "bare_uniaxial_5MPa.toml")


def holdersim(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, as a user runs it."""
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "holdersim", *words]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=120)


def test_init_then_check(tmp_path: Path) -> None:
    """The starting case is right, equals the demo case, and is not overwritten."""
    made = holdersim("init", "mine", cwd=tmp_path)
    assert made.returncode == 0 and "holdersim check mine" in made.stdout, made.stderr
    checked = holdersim("check", "mine/case.toml", cwd=tmp_path)
    assert checked.returncode == 0, checked.stderr
    assert "closing force 2625 N" in checked.stdout and "656.2 N per bolt" in checked.stdout
    again = holdersim("init", "mine", cwd=tmp_path)
    assert again.returncode == 2 and "is there already" in again.stderr


def test_check_tells_mistakes_without_a_traceback(tmp_path: Path) -> None:
    """Exit code 2, one line per mistake, the traceback only with --debug."""
    file = tmp_path / "bad.toml"
    file.write_text(Path(DEMO).read_text().replace('"5 MPa"', "5").replace("plate =", "plaet ="))
    told = holdersim("check", str(file))
    assert told.returncode == 2 and "Traceback" not in told.stderr
    assert 'steps[0].pressure = 5: has no unit. Write "5 MPa".' in told.stderr
    assert 'holder.plaet: unknown key. Did you mean "plate"?' in told.stderr
    assert "Traceback" in holdersim("check", str(file), "--debug").stderr


def test_check_loads_nothing_heavy() -> None:
    """Checking needs neither FEniCS nor gmsh, pictures, maps or SciPy's solvers."""
    heavy = (
        "dolfinx",
        "gmsh",
        "mpi4py",
        "petsc4py",
        "matplotlib",
        "xarray",
        "pyvista",
        "pandas",
        "scipy.sparse",
    )
    code = (
        f"import sys; sys.argv = ['holdersim', 'check', {DEMO!r}]\n"
        "from holdersim.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print('HEAVY', [m for m in {heavy!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "HEAVY []" in done.stdout


def test_materials() -> None:
    """The table, one material with its sources, and the nearest name."""
    table = holdersim("materials")
    assert table.returncode == 0 and "SS304" in table.stdout and "NBR-70A" in table.stdout
    one = holdersim("materials", "6061")
    assert "68.9 GPa" in one.stdout and "data sheets" in one.stdout and "assumed" in one.stdout
    none = holdersim("materials", "SS305")
    assert none.returncode == 2 and 'Did you mean "SS304"?' in none.stderr


@pytest.mark.parametrize("words", [("--help",), ("run", "--help"), ("check", "--help"), ("export", "--help")])
def test_help(words: tuple[str, ...]) -> None:
    """Help answers; the top one has examples and exit codes."""
    told = holdersim(*words)
    assert told.returncode == 0 and "Usage" in told.stdout
    if words == ("--help",):
        assert "holdersim run" in told.stdout and "3 not converged" in told.stdout


def test_version_and_wrong_words() -> None:
    """The version; a wrong command or a wrong format is invalid input."""
    assert holdersim("--version").stdout.startswith("holdersim 0.")
    assert holdersim("solve").returncode == 2
    assert holdersim("export", DEMO, "--to", "abaqus").returncode == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.CaseError("x", []), 2),
        (errors.GeometryError("x"), 2),
        (errors.NotConvergedError("x"), 3),
        (errors.PhysicsRefused("x"), 4),
        (errors.EnvironmentProblem("x"), 5),
        (ModuleNotFoundError("No module named 'dolfinx'", name="dolfinx"), 5),
        (ZeroDivisionError("x"), 1),
    ],
)
def test_exit_codes(
    error: Exception, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each kind of trouble ends with its code and a line on stderr."""

    def fail() -> None:
        raise error

    monkeypatch.setattr(cli, "app", fail)
    monkeypatch.setattr(sys, "argv", ["holdersim", "run"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == code and capsys.readouterr().err.strip()


def test_names_of_the_package() -> None:
    """All promised names are there; `holdersim.run` stays the function after its module was imported."""
    importlib.import_module("holdersim.run")
    assert all(getattr(holdersim_package, name) for name in holdersim_package.__all__)
    assert callable(holdersim_package.run) and callable(holdersim_package.read_case)
    with pytest.raises(AttributeError, match="no attribute 'solve_all'"):
        holdersim_package.solve_all  # noqa: B018
