"""Plans: every row checked as a single case is, each in one chunk, grouped by what they share; refused when doubled."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from holdersim import sweep
from holdersim.assembly import Assembly, Block, Interface, Rect, Solid
from holdersim.case import Case
from holdersim.errors import CaseError, EnvironmentProblem, ResultError
from holdersim.materials.elastic import Elastic
from holdersim.solve import Model
from holdersim.sweep.cases import Cases
from holdersim.sweep.page import report
from holdersim.sweep.plan import open_plan
from holdersim.sweep.reading import gathered
from holdersim.sweep.sharing import make_missing, superelements
from holdersim.sweep.slurm import Job, script
from holdersim.sweep.start import begin_job, refuse_ranks
from holdersim.sweep.vary import changed

SWEEPS = sorted((Path(__file__).resolve().parents[2] / "cases" / "sweeps").glob("*.toml"))
BASE: dict[str, Any] = {
    "holder": {"kind": "bare_uniaxial", "plate": {"flatness": {"dish": "5 um"}}},
    "cell": {"kind": "two_electrode"},
    "steps": [{"do": "tighten", "pressure": "5 MPa", "area": "cathode"}],
    "grid": {"pixel": "1.75 mm"},
    "mesh": {"level": 0},
}
HEAD = """
title = "Rows"
[holder]
kind = "bare_uniaxial"
plate = { flatness = { dish = "5 um" } }
[cell]
kind = "two_electrode"
[[steps]]
do = "tighten"
pressure = "5 MPa"
area = "cathode"
[grid]
pixel = "1.75 mm"
[mesh]
level = 0
"""


def plan_of(folder: Path, table: str, **options: Any) -> sweep.Plan:
    """The plan of a sweep file."""
    (folder / "x.toml").write_text(HEAD + table)
    return sweep.make(folder / "x.toml", folder / "plan", **options)


ROWS = '[sweep]\nsample = "grid"\nbatch = 3\n[sweep.vary]\n'


def test_a_row_is_the_case_it_says() -> None:
    """Rows share tables that passed; identity and warnings are those of the case read alone."""
    cases = Cases(BASE, Path(), "x")
    values = [
        {"steps[0].pressure": p, "holder.thickness": t} for p in ("1 MPa", "5 MPa") for t in ("4 mm", "12 mm")
    ]
    for row in values * 2:
        made, alone = cases.case(row), Case.model_validate(changed(BASE, row))
        assert made.identity() == alone.identity() and made.warnings == alone.warnings
        assert made == alone


def test_a_row_hears_what_a_case_hears() -> None:
    """The same mistakes, also those that need several tables, before and after tables were shared."""
    cases = Cases(BASE, Path(), "x")
    cases.case({})
    wrong: list[dict[str, Any]] = [
        {"holder.plate.material": "Unobtainium"},
        {"steps[0].pressure": "5"},
        {"steps[0].pressure": "500 MPa"},
        {"cell.cathode": {"length": "70 mm"}},
        {"grid.pixel": "5 mm"},
        {"holdr.x": 1},
    ]
    for row in wrong:
        with pytest.raises(CaseError) as shared:
            cases.case(row)
        with pytest.raises(CaseError) as alone:
            Case.model_validate(changed(BASE, row))
        assert list(map(str, shared.value.mistakes)) == list(map(str, alone.value.mistakes))


def test_every_row_once_and_groups(tmp_path: Path) -> None:
    """Valid rows stand in one chunk each; alloys of one Poisson's ratio and flatness share, thickness does not."""
    table = '"holder.thickness" = ["6 mm", "8 mm"]\n"holder.plate.flatness.dish" = ["1 um", "5 um", "9 um"]\n'
    made = plan_of(tmp_path, ROWS + table + '"steps[0].pressure" = ["1 MPa", "2 MPa", "bad"]\n')
    assert sorted(k for c in made.chunks for k in c) == [k for k in range(18) if k % 3 < 2]
    assert set(made.invalid) == {k for k in range(18) if k % 3 == 2}
    assert 'steps[0].pressure = "bad"' in made.invalid[2][0]
    thick = [{made.rows[k]["holder.thickness"] for k in c} for c in made.chunks]
    assert all(len(t) == 1 for t in thick)
    assert made.data["estimate"]["superelements"] == 5  # one cell, two plates of each thickness
    with (made.folder / "plan.csv").open() as stream:
        lines = list(csv.DictReader(stream))
    assert len(lines) == 18 and lines[2]["mistakes"] and not lines[3]["mistakes"]
    counted = sweep.counts(made)
    assert counted.by["todo"] == 12 and counted.by["invalid"] == 6 and counted.total == 18


def test_superelements_are_named_as_the_model_names_them() -> None:
    """Names found without a mesh are those under which a model keeps them, also with half the bolts cut away."""
    for symmetry in ("auto", "none"):
        assembly = Case.model_validate(BASE | {"symmetry": symmetry}).assembly()
        names = superelements(assembly)
        model = Model.__new__(Model)
        model.assembly = assembly
        model.levels = {}
        from holdersim.grid import PressureGrid
        from holdersim.shelf import identity

        grids = {i.name: PressureGrid.over(i.region, i.pixel, assembly.symmetry) for i in assembly.interfaces}
        model.levels = {
            p.name: PressureGrid.over(p.region, p.pixel, assembly.symmetry) for p in assembly.planes
        }
        assert names == {s.name: identity(s, model._links(s, grids)) for s in assembly.solids}


def test_table_has_a_row_for_each_row(tmp_path: Path) -> None:
    """Before anything ran: inputs with their units, every status, and the reason of invalid ones; also a page."""
    made = plan_of(
        tmp_path, ROWS + '"steps[0].pressure" = ["1 MPa", "900 MPa"]\n"holder.plate.material" = ["SS304"]\n'
    )
    sweep.collect(made.folder)
    rows = pyarrow.parquet.read_table(made.folder / "table.parquet").to_pylist()
    assert [r["status"] for r in rows] == ["todo", "invalid"]
    assert [r["steps[0].pressure [MPa]"] for r in rows] == [1.0, 900.0]
    with (made.folder / "failures.csv").open() as stream:
        (lost,) = csv.DictReader(stream)
    assert "steps[0].pressure" in lost["message"] and "mend the values" in lost["what to do"]
    page = report(made.folder).read_text()
    assert "todo 1" in page and "http" not in page.replace("http-equiv", "")


def test_refusals(tmp_path: Path) -> None:
    """The same plan twice, another plan in its place, no sweep, nothing valid, too long, no plan."""
    one = ROWS + '"steps[0].pressure" = ["1 MPa", "2 MPa"]\n'
    plan_of(tmp_path, one)
    with pytest.raises(CaseError, match="holds this plan already"):
        plan_of(tmp_path, one)
    with pytest.raises(CaseError, match="holds another plan already"):
        plan_of(tmp_path, one.replace("2 MPa", "3 MPa"))
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(CaseError, match="sweep: is missing"):
        plan_of(other, "")
    with pytest.raises(CaseError, match=r'row 0: steps\[0\].pressure = "x"'):
        plan_of(other, ROWS + '"steps[0].pressure" = ["x", "y"]\n')
    with pytest.raises(CaseError, match=r"sweep.sampel = .*Did you mean \"sample\""):
        plan_of(other, '[sweep]\nsampel = "grid"\n')
    long = (
        ROWS + '"grid.pixel" = ["0.25 mm"]\n"steps[0].scatter.b1" = { from = 0.9, to = 1.1, count = 300 }\n'
    )
    with pytest.raises(CaseError, match=r"core-hours, above 100\. Say --yes"):
        plan_of(other, long)
    with pytest.raises(ResultError, match="no plan here"):
        open_plan(other)


def test_mistakes_of_many_rows_are_told_once(tmp_path: Path) -> None:
    """By key, with the first row that has it and how many have; keys a table too high are told where they belong."""
    with pytest.raises(CaseError, match=r"1 mistake\(s\)\n  row 0: holder.thicknes = .*\(So in 4 rows\.\)"):
        plan_of(tmp_path, ROWS + '"holder.thicknes" = { from = "8 mm", to = "9 mm", count = 4 }\n')
    with pytest.raises(CaseError, match=r"sweep.holder.thickness: unknown key. Keys of the case stand in"):
        plan_of(tmp_path, ROWS.replace("[sweep.vary]", "") + '"holder.thickness" = ["8 mm"]\n')
    with pytest.raises(CaseError, match=r"steps\[3\].pressure: there is no such place.*counted from zero"):
        plan_of(tmp_path, ROWS + '"steps[3].pressure" = ["1 MPa"]\n')
    made = plan_of(tmp_path, ROWS + '"holder.thickness" = ["8 mm", "-1 mm", "x"]\n')
    (only,) = gathered(made.invalid)
    assert only.where == "row 1" and "(So in 2 rows.)" in only.problem


def test_batch_script(tmp_path: Path) -> None:
    """What Slurm is told; tasks never more than chunks or what an array may have; mistakes all at once."""
    made = plan_of(tmp_path, ROWS + '"steps[0].pressure" = { from = "1 MPa", to = "2 MPa", count = 10 }\n')
    told = begin_job(made.folder, Job(tasks=50, time="00:10:00", partition="cpu", throttle=2), dry_run=True)
    assert "4 tasks for 4 chunks" in told and "#SBATCH --array=0-3%2\n" in told and "--partition=cpu" in told
    assert f"sweep work {made.folder}" in script(made, Job(), 4)
    with pytest.raises(CaseError, match=r"3 mistake\(s\)"):
        begin_job(made.folder, Job(tasks=0, time="two hours", partition="a b"), dry_run=True)
    assert json.loads((made.folder / "plan.json").read_text())["identity"] in told


@pytest.mark.parametrize("name", ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"])
def test_several_ranks_are_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers of a sweep are its own processes: who starts two is told, one is in order."""
    monkeypatch.setenv(name, "1")
    refuse_ranks()
    monkeypatch.setenv(name, "2")
    with pytest.raises(EnvironmentProblem, match="2 ranks: a sweep starts workers of its own"):
        refuse_ranks()


@pytest.mark.parametrize("file", SWEEPS, ids=lambda f: f.stem)
def test_sweeps_of_the_project(file: Path, tmp_path: Path) -> None:
    """Every row of every sweep file is a case."""
    made = sweep.make(file, tmp_path / "plan")
    assert not made.invalid and len(made.rows) >= 60
    assert made.data["estimate"]["exact"]


def test_no_alloy_decides_the_digits_of_a_superelement(tmp_path: Path) -> None:
    """Made for steel or for another alloy of its Poisson's ratio: one name, the same bytes, and made once."""
    lines = tuple(float(i) for i in range(5))
    shelves = []
    for k, modulus in enumerate((193e3, 70.7e3, 1.1)):
        metal = Elastic("metal", modulus, 0.3)
        low = Solid("low", Block(lines, lines, (0.0, 1.0)), metal, fixed={"bottom": "xyz"})
        top = Solid("top", Block(lines, lines, (0.0, 1.0)), metal, z=1.0, fixed={"top": "xy"})
        faces = Interface("faces", "low.top", "top.bottom", Rect(0, 4, 0, 4), 1.0)
        make_missing(Assembly((low, top), (faces,)), tmp_path / str(k))
        make_missing(Assembly((low, top), (faces,)), tmp_path / str(k))
        files = sorted((tmp_path / str(k)).glob("*.superelement"))
        shelves.append({f.name: f.read_bytes() for f in files})
        assert all(f.with_suffix(".lock").read_text().count("made") == 1 for f in files)
    assert len(shelves[0]) == 2 and shelves[0] == shelves[1] == shelves[2]
