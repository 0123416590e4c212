"""Cases run from end to end on a coarse mesh: what is stored, what is refused, what must be the same."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from runs import CELL, HOLDER, TIGHTEN, TOML, command, environment, furthest, holds, small

from holdersim.errors import CaseError, NotConvergedError, PhysicsRefused, ResultError
from holdersim.results import Result, open_result
from holdersim.run import run
from holdersim.solve import LIMITS

FILES = {"summary.json", "maps.nc", "case.json", "metrics.csv", "provenance.json", "run.log", "fields"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of all results of this module."""
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def quarter(folder: Path) -> Result:
    """The small case, cut at both symmetry planes."""
    return run(small(), folder, pictures=False)


@pytest.fixture(scope="module")
def whole(folder: Path) -> Result:
    """The small case without symmetry."""
    return run(small(symmetry="none"), folder, pictures=False)


def test_complete_result(quarter: Result, folder: Path) -> None:
    """Every file of the result is there, its certificates hold, the load is what was asked for."""
    assert quarter.folder == folder / "small" / small().identity()
    assert {f.name for f in quarter.folder.iterdir()} == FILES
    assert holds(quarter) and "certificates hold" in repr(quarter)
    assert abs(quarter.at()["closing_force_N"] / (5 * 120) - 1) < 1e-12
    assert abs((quarter.metric("Mean contact pressure [MPa]", interface="cell_top") or 0) / 5 - 1) < 1e-9
    assert small().to_dict() == quarter.case
    assert open_result(quarter.folder).summary == quarter.summary


def test_second_run_is_reused_and_force_solves_again(quarter: Result, folder: Path) -> None:
    """A finished case is read back untouched; force replaces it by the same numbers."""
    stamp = (quarter.folder / "summary.json").stat()
    again = run(small(), folder, pictures=False)
    assert (again.folder / "summary.json").stat() == stamp
    forced = run(small(), folder, pictures=False, force=True)
    assert (forced.folder / "summary.json").stat().st_ino != stamp.st_ino
    assert all(forced.summary["mesh"]["from_cache"].values())
    assert furthest(forced.at(), quarter.at()) < 1e-12
    assert [f.name for f in folder.glob("small/.*")] == []


def test_code_that_a_result_depends_on_is_all_told(tmp_path: Path) -> None:
    """A run without pictures uses nothing of the package that may change without its results being solved again."""
    ask = (
        "import sys, runs, holdersim.results.origin as origin\nfrom holdersim.run import run\n"
        f"run(runs.small(), {str(tmp_path)!r}, pictures=False)\n"
        "used = {n.split('.')[1] for n in sys.modules if n.startswith('holdersim.')}\n"
        "print(len(used), *(used & origin.AROUND))"
    )
    variables = environment()
    variables["PYTHONPATH"] += f"{os.pathsep}{Path(__file__).parent}"
    told = subprocess.run(
        [sys.executable, "-c", ask], env=variables, capture_output=True, text=True, check=True
    )
    count, *others = told.stdout.split()
    assert int(count) > 40 and not others


def test_quarter_equals_whole(quarter: Result, whole: Result) -> None:
    """A quarter of the holder gives the numbers and maps of the whole."""
    assert quarter.summary["mesh"]["symmetry"] == ["x0", "y0"] and whole.summary["mesh"]["symmetry"] == []
    assert furthest(quarter.at(), whole.at()) < 1e-6
    for name in ("cell_top_pressure", "cell_bottom_pressure", "cell_top_gap", "cell_top_deflection_above"):
        a, b = quarter.maps[name].values, whole.maps[name].values
        assert a.shape == b.shape
        assert np.nanmax(np.abs(a - b)) < 1e-6 * np.nanmax(np.abs(b)), name


def test_maps_have_units(quarter: Result) -> None:
    """Every map and coordinate says its unit and name; pressure times area is the closing force."""
    units = {str(n): v.attrs["units"] for n, v in quarter.maps.data_vars.items()}
    assert set(units.values()) == {"MPa", "um", "mm2"} and len(units) == 17
    assert "cathode_peak_pressure" in units
    assert all(v.attrs["long_name"] for v in quarter.maps.data_vars.values())
    assert {quarter.maps[c].attrs["units"] for c in quarter.maps.coords if c != "step"} == {"mm"}
    pressed = float((quarter.maps["cell_top_pressure"].fillna(0) * quarter.maps["cell_top_area"]).sum())
    assert abs(pressed / 600 - 1) < 1e-9
    both = quarter.maps["cell_top_pressure"] * quarter.maps["cell_top_gap"]
    assert float(np.abs(both).max()) == 0 and float(quarter.maps["cell_top_gap"].max()) > 0


def test_stored_bodies_fit_the_stored_gap(folder: Path) -> None:
    """meshio reads the VTU files; displacement of plate minus cell plus initial gap is the gap of the map."""
    import meshio
    from scipy.interpolate import griddata

    result = run(small(mesh={"level": 0, "plate_size": "0.3 mm"}), folder, pictures=False)
    part = result.maps.isel(step=0, x_cell_top=slice(6, None), y_cell_top=slice(5, None))
    x, y = np.meshgrid(part["x_cell_top"], part["y_cell_top"])
    inside = [((i + 0.5) / 6 - 0.5, (j + 0.5) / 6 - 0.5) for i in range(6) for j in range(6)]
    moved = {}
    for name in ("cell", "top_plate"):
        body = meshio.read(result.folder / "fields" / f"{name}.vtu")
        assert set(body.point_data) == {"displacement"}
        assert set(body.cell_data) == {"stress", "von_mises", "material"}
        assert body.cell_data["stress"][0].shape == (len(body.cells[0].data), 6)
        z, u = body.points[:, 2], body.point_data["displacement"][:, 2]
        face = np.abs(z - (z.max() if name == "cell" else z.min())) < 1e-6
        at = body.points[face, :2]
        moved[name] = np.mean([griddata(at, u[face], (x + a, y + b)) for a, b in inside], axis=0)
    gap = part["cell_top_initial_gap"].values + 1e3 * (moved["top_plate"] - moved["cell"])
    away = np.abs(gap - part["cell_top_gap"].values).max()
    assert float(part["cell_top_gap"].max()) > 0.5 and np.ptp(part["cell_top_initial_gap"].values) > 0.3
    assert away < 0.03, f"bodies and gap map are {away:.3g} um apart"


def test_other_units_are_the_same_case(quarter: Result, tmp_path: Path) -> None:
    """Metres, inches, pascals, psi: one identity, and solved again one set of numbers."""
    holder = {"length": "0.044 m", "width": f"{36 / 25.4!r} in", "thickness": "4000 um", "inset": "0.6 cm"}
    holder["plate"] = {"flatness": {"dish": "8e-6 m"}}
    cell = {"cathode": {"length": f"{12 / 25.4!r} inch", "width": "1 cm"}}
    steps = [{"do": "tighten", "pressure": "5e6 Pa", "area": "cathode"}]
    other = small(
        holder=HOLDER | holder, cell=CELL | cell, steps=steps, grid={"pixel": "1e-3 m", "film": "0.1 cm"}
    )
    assert other.identity() == small().identity()
    found = run(other, tmp_path, pictures=False)
    assert furthest(found.at(), quarter.at()) < 1e-9
    kilograms = small(steps=[{"do": "tighten", "force": f"{600 / 9.80665!r} kgf"}])
    newtons = small(steps=[{"do": "tighten", "force": "0.6 kN"}])
    assert kilograms.identity() == newtons.identity() != small().identity()
    assert abs(kilograms.closing_force() / 600 - 1) < 1e-12


def test_bolts_one_by_one(folder: Path, whole: Result) -> None:
    """Elastic interaction: the bolt tightened last has its force, earlier ones have changed; all is stored alike."""
    first = TIGHTEN | {"sequence": ["b1", "b3", "b2", "b4"]}
    result = run(
        small(steps=[first, TIGHTEN | {"sequence": "cross", "passes": [0.9, 1.0]}]), folder, pictures=False
    )
    assert holds(result) and result.steps == ["tighten", "tighten 2"]
    once, more = ([b["force_N"] for b in result.at(s)["bolts"].values()] for s in result.steps)
    assert abs(once[3] / 150 - 1) < 1e-9, "b4 comes last"
    assert abs(once[0] - 150) > 1.0, "b1 feels the others"
    assert np.ptp(more) < np.ptp(once), "rounds even the forces out"
    assert abs(sum(more) - result.at()["closing_force_N"]) < 1e-9 * 600
    with (result.folder / "metrics.csv").open() as file:
        rows = {
            (r["step"], r["part"]): float(r["value"]) for r in csv.DictReader(file) if r["kind"] == "bolt"
        }
    assert [rows["tighten", f"b{i}"] for i in (1, 2, 3, 4)] == once
    pressed = (result.maps["cell_bottom_pressure"].fillna(0) * result.maps["cell_bottom_area"]).sum(
        ("x_cell_bottom", "y_cell_bottom")
    )
    assert np.allclose(pressed, [sum(once), sum(more)], rtol=1e-9, atol=0)


def test_locked_bolts_keep_what_they_have(folder: Path, whole: Result) -> None:
    """Tightened at once and then one by one to the same force: locked bolts and the map stay as they were."""
    result = run(small(steps=[TIGHTEN, TIGHTEN | {"sequence": "cross"}]), folder, pictures=False)
    for numbers in (result.at(s)["bolts"] for s in result.steps):
        assert all(abs(b["force_N"] / 150 - 1) < 1e-9 for b in numbers.values())
    p = result.maps["cell_top_pressure"].values
    assert np.nanmax(np.abs(p[1] - p[0])) < 1e-8 * np.nanmax(p)
    assert np.nanmax(np.abs(p[0] - whole.maps["cell_top_pressure"].values)) < 1e-8 * np.nanmax(p)


def test_physics_refused(folder: Path) -> None:
    """A gap that never closes is told with the step, leaves error.json and nothing that looks complete."""
    crown = {"dish": "-40 um"}
    case = small(holder=HOLDER | {"plate": {"flatness": crown}}, steps=[{"do": "tighten", "force": "200 N"}])
    limit = pytest.MonkeyPatch()
    limit.setattr("holdersim.steps.TOUCHING", 0.9)
    with limit.context(), pytest.raises(PhysicsRefused, match="never closes"):
        run(case, folder, pictures=False)
    limit.undo()
    failed(folder / "small" / case.identity(), "PhysicsRefused", "tighten")
    assert holds(run(case, folder, pictures=False)), "the next run works"
    assert not (folder / "small" / f"{case.identity()}.failed").exists()


def test_not_converged(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate that does not hold ends the run: no summary, the reason in error.json."""
    case = small(steps=[{"do": "tighten", "force": "510 N"}])
    monkeypatch.setitem(LIMITS, "force_balance", -1.0)
    with pytest.raises(NotConvergedError, match="force_balance"):
        run(case, folder, pictures=False)
    failed(folder / "small" / case.identity(), "NotConvergedError", "tighten")


def failed(target: Path, kind: str, step: str) -> None:
    """A failed run: its reason stands beside, in words and in the log; opening it tells the same."""
    beside = target.with_name(f"{target.name}.failed")
    reason = json.loads((beside / "error.json").read_text())
    assert reason["class"] == kind and reason["step"] == step and len(reason["message"]) > 30
    assert not target.exists() and not (beside / "summary.json").exists()
    assert reason["message"] in (beside / "run.log").read_text()
    with pytest.raises(ResultError, match=kind):
        open_result(beside)


def test_command_line_from_case_to_pictures(tmp_path: Path) -> None:
    """`holdersim run` prints the summary and leaves pictures; `plot` draws them again; bad input ends with 2."""
    file = tmp_path / "mine.toml"
    file.write_text(TOML)
    done = command("run", "mine.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "closing force 600 N" in done.stdout and "certificates: all" in done.stdout
    (made,) = (tmp_path / "results" / "mine").iterdir()
    assert made.name == small().identity()
    drawn = {f.name for f in made.glob("*.png")}
    assert drawn >= {"pressure.png", "gap.png", "profiles.png", "deflection.png", "histogram.png"}
    (made / "pressure.png").unlink()
    assert command("plot", str(made), cwd=tmp_path).returncode == 0
    assert (made / "pressure.png").stat().st_size > 10_000
    file.write_text(TOML.replace('"5 MPa"', '"5 GPa"'))
    wrong = command("run", "mine.toml", cwd=tmp_path)
    assert wrong.returncode == 2 and "steps[0].pressure" in wrong.stderr and "Traceback" not in wrong.stderr
    assert command("plot", str(tmp_path / "results"), cwd=tmp_path).returncode == 2


def test_refused_ends_with_four(tmp_path: Path) -> None:
    """One by one, neighbours lift a bolt meant to have 99 % of its proof load beyond it: exit code 4, in words."""
    load = 'force = "20.2 kN"\nsequence = ["b1", "b3", "b2", "b4"]'
    (tmp_path / "mine.toml").write_text(TOML.replace('pressure = "5 MPa"\narea = "cathode"', load))
    done = command("run", "mine.toml", cwd=tmp_path)
    assert done.returncode == 4 and "bolt b1 carries" in done.stderr and "Traceback" not in done.stderr
    (left,) = (tmp_path / "results" / "mine").iterdir()
    assert left.suffix == ".failed" and (left / "error.json").exists()


def test_not_converged_ends_with_three(tmp_path: Path) -> None:
    """The command line ends with 3 when no certified answer is found."""
    (tmp_path / "mine.toml").write_text(TOML)
    code = "from holdersim import cli, solve; solve.LIMITS['member_length'] = -1.0; cli.main()"
    call = [sys.executable, "-c", code, "run", "mine.toml"]
    done = subprocess.run(call, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=300)
    assert done.returncode == 3 and "member_length" in done.stderr and "Traceback" not in done.stderr
    (left,) = (tmp_path / "results" / "mine").iterdir()
    assert left.suffix == ".failed" and (left / "error.json").exists()


def test_invalid_case_leaves_nothing(tmp_path: Path) -> None:
    """Invalid input is refused before anything is written."""
    with pytest.raises(CaseError):
        run(small(steps=[TIGHTEN | {"area": "film"}]), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_plate_from_a_step_file(folder: Path, quarter: Result, tmp_path: Path) -> None:
    """The same plate drawn in CAD, meshed with tetrahedra, presses like the built-in one."""
    import gmsh

    gmsh.initialize(interruptible=False)
    gmsh.option.setNumber("General.Terminal", 0)
    occ, path = gmsh.model.occ, tmp_path / "plate.step"
    holes = [(3, occ.addCylinder(x, y, 0, 0, 0, 4, 2.25)) for x in (-16, 16) for y in (-12, 12)]
    occ.cut([(3, occ.addBox(-22, -18, 0, 44, 36, 4))], holes)
    occ.synchronize()
    gmsh.write(str(path))
    gmsh.finalize()
    text = path.read_text()
    faces = [m for m in re.finditer(r"ADVANCED_FACE\(''(.*?)\);", text) if len(re.findall("#", m[1])) > 5]
    press = faces[0]
    path.write_text(text[: press.start()] + press[0].replace("''", "'press'", 1) + text[press.end() :])
    result = run(small(holder=HOLDER | {"top": {"step": str(path)}}), folder, pictures=False)
    assert holds(result)
    for name, limit in (("Mean contact pressure [MPa]", 1e-9), ("CV [-]", 0.02), ("p95 [MPa]", 0.03)):
        found, wanted = (r.metric(name, interface="cell_top") for r in (result, quarter))
        assert found and wanted and abs(found / wanted - 1) < limit, f"{name}: {found}, built-in {wanted}"
