"""A weight study as a file: what it says, every mistake in words, its answers, its table and its page."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from holdersim.case import Case
from holdersim.cli import app
from holdersim.errors import CaseError
from holdersim.materials import Elastic, material
from holdersim.units import LENGTH, read
from holdersim.weight.answers import claims, crossover, density, sensitivity
from holdersim.weight.cases import bolt_places, case_of
from holdersim.weight.page import weigh, write
from holdersim.weight.point import COARSE, Stack, screws
from holdersim.weight.rules import rules
from holdersim.weight.study import BASES, Study, allowable, read_study
from holdersim.weight.table import rows

STUDIES = sorted((Path(__file__).resolve().parents[2] / "cases" / "weights").glob("*.toml"))
BASE: dict[str, Any] = {
    "title": "Small study",
    "alloys": ["SS304", "AZ31B"],
    "ratings": ["1 MPa", "5 MPa", "10 MPa"],
    "holders": ["uniaxial", "isostatic"],
    "closures": ["hemispherical", "bolted_flat"],
    "allowable": "asme",
    "bolt_stress": "450 MPa",
    "stack": {"length": "70 mm", "width": "45 mm", "height": "5 mm"},
    "uniaxial": {"criterion": {"kind": "ratio", "ratio": 1000}},
    "isostatic": {"min_gauge": "1.5 mm", "fittings": "0 kg"},
}
MODULE = {
    "cell": {"kind": "bilayer"},
    "cells": 20,
    "area": "cathode",
    "capacity": "88.1 mAh",
    "voltage": "3.4 V",
}


def study(**changes: Any) -> Study:
    """The small study with tables replaced; None removes one."""
    data = {k: v for k, v in (BASE | changes).items() if v is not None}
    return Study.model_validate(data)


def changed(table: str, **keys: Any) -> dict[str, Any]:
    """A table of the small study with keys changed."""
    return {table: BASE[table] | keys}


def told(**changes: Any) -> str:
    """What a study with these tables is told."""
    with pytest.raises(CaseError) as caught:
        study(**changes)
    assert caught.value.exit_code == 2
    return str(caught.value)


# -- mistakes ------------------------------------------------------------------------------------------------

MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"aloys": []}, 'aloys: unknown key. Did you mean "alloys"?'),
    ({"alloys": ["SS305"]}, 'alloys[0] = "SS305": there is no material "SS305". Did you mean "SS304"?'),
    ({"alloys": ["LPSCl"]}, "alloys[0] = LPSCl: has no tensile strength, which allowable = \"asme\" needs."),
    ({"alloys": ["304", "SS304"]}, "alloys: SS304 is there twice."),
    ({"ratings": ["5 MPa", "50 bar"]}, "ratings: 5.0 is there twice."),
    ({"ratings": [5]}, 'ratings[0] = 5: has no unit. Write "5 MPa".'),
    ({"ratings": []}, "ratings: the list is empty."),
    ({"holders": ["uniaxal"]}, "holders[0] = \"uniaxal\": must be 'uniaxial' or 'isostatic'."),
    ({"closures": []}, "closures: is missing: how the chamber ends decides its weight."),
    ({"closures": ["dome"]}, "closures[0] = \"dome\": must be 'hemispherical'"),
    ({"allowable": "asmee"}, "allowable = \"asmee\": must be 'asme', 'division_2', 'yield_1.5' or 'yield_2'."),
    ({"allowable": None}, "allowable: is missing. It is how allowable stresses follow from strengths."),
    ({"bolt_stress": "450 GPa"}, 'bolt_stress = "450 GPa": a strength lies in 1 to 5000 MPa. Did you mean "450 MPa"?'),
    ({"uniaxial": None}, "uniaxial: is missing. It holds the assumptions of uniaxial holders."),
    ({"uniaxial": {}}, "uniaxial.criterion: is missing."),
    ({"uniaxial": {"criterion": {"kind": "ration"}}}, 'there is no kind "ration". Did you mean "ratio"?'),
    (changed("isostatic", fittings="0.5"), 'isostatic.fittings = "0.5": has no unit.'),
    (changed("isostatic", fittings="5 mm"), 'isostatic.fittings = "5 mm": is a length, not a mass'),
    (changed("isostatic", joint=1.2), "isostatic.joint = 1.2: must be less than or equal to 1."),
    ({"stack": None}, "stack: either stack or module says what is pressed; neither is given."),
    ({"module": MODULE}, "stack: either stack or module says what is pressed; both are given."),
    ({"stack": None, "module": MODULE | {"capacity": "88 mm"}}, 'module.capacity = "88 mm": is a length, not a charge'),
    ({"sensitivity": [{"set": "uniaxial.shear", "to": []}]}, "sensitivity[0].to: the list is empty."),
    ({"sensitivity": [{"set": "title", "to": ["x"]}]}, 'sensitivity[0].set = "title": is not an assumption.'),
    ({"sensitivity": [{"set": "uniaxial.sheer", "to": [True]}]},
     'sensitivity[0].to[0], uniaxial.sheer = true: unknown key. Did you mean "shear"?'),
    ({"sensitivity": [{"set": "alloys[7]", "to": ["4140"]}]}, 'there is no "7" in this study.'),
    ({"sensitivity": [{"set": "...", "to": [1]}]}, 'there is no "..." in this study.'),
    ({"sensitivity": [{"set": "uniaxal.shear", "to": [True]}]}, 'there is no "uniaxal" in this study.'),
    ({"ratings": [f"{1 + i / 4000:.6f} MPa" for i in range(4000)]}, "24000 points; at most 20000."),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "text"), MISTAKES, ids=lambda v: v[:40] if isinstance(v, str) else "")
def test_mistakes(changes: dict[str, Any], text: str) -> None:
    """Where, what was given, what is allowed, how to mend it."""
    assert text in told(**changes)


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    """Mistakes of several tables come together, with the file's name; so do those that need two keys."""
    text = told(bolt_stress="4", alloys=["SS305"], isostatic={"min_gauge": "1.5 km"})
    assert text.startswith("study: 4 mistake(s)") and "isostatic.fittings: is missing" in text
    text = told(closures=[], uniaxial=None, alloys=["304", "SS304"])
    assert text.startswith("study: 3 mistake(s)")
    file = tmp_path / "broken.toml"
    for content, said in (("alloys = [", "is not TOML"), ("format = 2", "format = 2: must be 1")):
        file.write_text(content)
        with pytest.raises(CaseError, match=re.escape(said)):
            read_study(file)
    with pytest.raises(CaseError, match="cannot be read"):
        read_study(tmp_path / "none.toml")


# -- what is sized -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", STUDIES, ids=lambda f: f.stem)
def test_studies_of_the_project(file: Path) -> None:
    """13 alloys, 10 ratings; every holder exists or says why; every assumption is written out and reads back."""
    s = read_study(file)
    points = s.points()
    assert len(points) == 130 * (1 + len(s.closures)) and s.sensitivity
    assert all(p.feasible or p.reason for p in points) and all(p.mass > 0 for p in points if p.feasible)
    assert Study.model_validate(s.to_dict()).to_dict() == s.to_dict()
    assert all(r.formula and r.source and (r.range or r.part == "every wall") for r in rules(s))


def test_allowable_stresses() -> None:
    """Each basis by hand for SS304 (205 / 515 MPa); a material without yield strength has a fifth of its strength."""
    steel = material("SS304")
    expected = {"asme": 205 / 1.5, "division_2": 205 / 1.5, "yield_1.5": 205 / 1.5, "yield_2": 102.5}
    assert {b: allowable(steel, b) for b in BASES} == pytest.approx(expected)  # type: ignore[arg-type]
    assert allowable(material("17-4PH"), "asme") == pytest.approx(1310 / 3.5)
    assert allowable(material("17-4PH"), "division_2") == pytest.approx(1310 / 2.4)
    assert allowable(material("PEEK"), "yield_2") == pytest.approx(14.0)


def test_bolts_hold_and_no_smaller_one_would() -> None:
    """Force by force: the chosen size is strong enough; the next smaller, with as many bolts, is not."""
    s = study(
        ratings=["1 MPa", "3 MPa", "10 MPa", "30 MPa"],
        stack={"length": "100 mm", "width": "100 mm", "height": "20 mm"},
    )
    areas = {b.name: b.area for b in screws("M5")}
    assert areas["M6"] == pytest.approx(20.12, rel=1e-3) and areas["M10"] == pytest.approx(57.99, rel=1e-3)
    for rating in s.ratings:
        p = s.size(s.alloys[0], rating)
        force = 1.3 * rating * 1e4 / p.bolts
        assert areas[p.bolt] * 450 >= force
        smaller = list(COARSE)[list(COARSE).index(p.bolt) - 1]
        assert p.bolt == "M6" or areas[smaller] * 450 < force
        assert p.binding.endswith("smallest size" if p.bolt == "M6" else "strength")


def test_what_has_no_solution_says_why() -> None:
    """Bolts too weak, plates thicker than wide, pressure beyond the strength; the table keeps the rows."""
    s = study(alloys=["PEEK"], ratings=["5 MPa", "20 MPa"], uniaxial={"criterion": {
        "kind": "uniformity", "spread": 0.1, "height": "0.4 mm", "modulus": "1 GPa"}})  # fmt: skip
    low, high = s.size(s.alloys[0], 5.0), s.size(s.alloys[0], 20.0, "hemispherical")
    assert "thicker than their span" in low.reason and "reaches the allowable stress of 14 MPa" in high.reason
    weak = study(bolt_stress="1 MPa").size(material("SS304"), 5.0)
    assert weak.reason == "no bolt up to M36 holds 15.75 kN" and weak.mass != weak.mass
    table = rows(s, s.points())
    assert [r["feasible"] for r in table] == [p.feasible for p in s.points()] and not table[0]["feasible"]
    assert table[0]["mass [kg]"] is None and table[0]["reason"] == low.reason
    found = claims(s)[0]
    assert not found.compared and found.sentence() == "hemispherical: nothing to compare."


def test_flags() -> None:
    """Thick plates, thick walls and crowded bolts are flagged; slender plates are not."""
    thick = study().size(material("SS304"), 5.0)
    assert any(f.startswith("thick plate, L/t ") for f in thick.flags)
    slender = study(**changed("uniaxial", criterion={"kind": "ratio", "ratio": 20})).size(
        material("SS304"), 0.01
    )
    assert not any(f.startswith("thick plate") for f in slender.flags)
    assert any("half the thickness" in f for f in slender.flags)
    wall = study(alloys=["PEEK"]).size(material("PEEK"), 8.0, "hemispherical")
    assert "thick wall by Appendix 1-2" in wall.flags
    crowded = study(**changed("isostatic", cover_bolts=48)).size(material("SS304"), 5.0, "bolted_flat")
    assert any("closer than 2.5 diameters" in f for f in crowded.flags)


def test_pads_and_axis() -> None:
    """Pads weigh, lengthen the bolts and soften the bed; an axis given is never lighter than the lightest."""
    pad = {"thickness": "3 mm", "modulus": "10 MPa", "density": "1200 kg/m^3"}
    even = {"kind": "uniformity", "spread": 0.1, "height": "0.4 mm", "modulus": "1 GPa"}
    bare, soft = (
        study(uniaxial={"criterion": even, **more}).size(material("SS304"), 5.0)
        for more in ({}, {"pads": pad})
    )
    assert not bare.feasible and soft.masses["pads"] == pytest.approx(2 * 3 * 70 * 45 * 1.2e-9)
    axes = {a: study(**changed("isostatic", axis=a)).size(material("SS304"), 5.0, "hemispherical").mass
            for a in ("lightest", "height", "length", "width")}  # fmt: skip
    assert axes["lightest"] == min(axes.values()) < max(axes.values())


# -- answers -------------------------------------------------------------------------------------------------


def test_crossover_is_where_both_weigh_the_same() -> None:
    """At each pressure found the difference changes its sign; nowhere is said where there is none."""
    s = study(stack={"length": "100 mm", "width": "100 mm", "height": "100 mm"})
    m = material("SS304")
    found = crossover(s, m, "bolted_cover")
    assert found.pressures and found.ranges[0][0] == (found.low if found.heavier else found.pressures[0])
    for p in found.pressures:
        signs = {s.size(m, p * f, "bolted_cover").mass < s.size(m, p * f).mass for f in (1 - 1e-9, 1 + 1e-9)}
        assert len(signs) == 2
    assert crossover(study(), m, "hemispherical").text == "nowhere up to 100"


def test_sensitivity_repeats_the_study_with_one_change() -> None:
    """As assumed first, then each value; a variation is the study with that key changed."""
    s = study(sensitivity=[{"set": "isostatic.fittings", "to": ["0.5 kg", "2 kg"]}])
    found = list(sensitivity(s, claims(s)))
    assert [(v.key, v.value) for v in found[::2]] == [
        ("", "as assumed"), ("isostatic.fittings", "0.5 kg"), ("isostatic.fittings", "2 kg")]  # fmt: skip
    heavier = [len(v.claim.heavier) for v in found if v.claim.closure == "hemispherical"]
    assert heavier[0] == 0 < heavier[1] < heavier[2] == 6
    base = found[0].claim.compared[0]
    assert found[2].claim.compared[0].room == pytest.approx(base.room - 0.5e-3)


def test_module() -> None:
    """Energy over cells and holder; plates press the cathode only, the fluid the whole pouch."""
    s = study(stack=None, module=MODULE)
    assert s.module is not None and s.module.energy == pytest.approx(20 * 0.0881 * 3.4)
    cell = s.module.cell
    assert s.block == Stack(55, 45, 20 * cell.thickness, (35, 30)) and s.block.area == 1050
    p = s.size(material("AZ31B"), 5.0)
    assert density(s, p) == pytest.approx(20 * 0.0881 * 3.4 / (1e3 * (20 * cell.mass + p.mass)))
    wide = study(stack=None, module=MODULE | {"area": "pouch"}).size(material("AZ31B"), 20.0)
    assert (s.size(material("AZ31B"), 20.0).bolt, wide.bolt) == ("M6", "M8")


# -- files ---------------------------------------------------------------------------------------------------


def test_page_and_tables(tmp_path: Path) -> None:
    """Page without scripts or links outward that says reconstruction at every section with numbers; equal tables."""
    import pyarrow.csv
    import pyarrow.parquet

    s = study(stack=None, module=MODULE, alloys=["SS304", "PEEK"],
              sensitivity=[{"set": "uniaxial.shear", "to": [True]}])  # fmt: skip
    made = weigh(s)
    files = write(made, tmp_path)
    assert {f.name for f in files} == {"weights.html", "weights.parquet", "weights.csv", "masses.png", "ratios.png",
                                       "energy.png", "sensitivity.png"}  # fmt: skip
    assert all(f.stat().st_size > 0 for f in files)
    page = (tmp_path / "weights.html").read_text(encoding="utf-8")
    assert (
        "<script" not in page and not re.findall(r'(?:src|href)="(?!data:)', page) and "@import" not in page
    )
    plain = {"Every assumption", "Materials", "Formulas and sources"}
    assert all("reconstruction" in h or h in plain for h in re.findall(r"<h2>(.*?)</h2>", page))
    assert "isostatic.thick_walls" in page and "uniaxial.scatter" in page and "UG-27" in page
    table = pyarrow.parquet.read_table(tmp_path / "weights.parquet")
    text = pyarrow.csv.read_csv(tmp_path / "weights.csv")
    assert table.num_rows == text.num_rows == len(made.points) == 18
    assert b"Reconstruction" in table.schema.metadata[b"note"] and "Reconstruction" in text["note"][0].as_py()
    masses = [None if p.mass != p.mass else 1e3 * p.mass for p in made.points]
    assert table["mass [kg]"].to_pylist() == masses
    parts = [n for n in table.column_names if n.endswith(" [kg]") and n not in ("mass [kg]", "cells [kg]")]
    for row in table.to_pylist():
        if row["feasible"]:
            assert sum(row[n] or 0 for n in parts) == pytest.approx(row["mass [kg]"])


def test_command(tmp_path: Path) -> None:
    """`holdersim weigh` writes one folder for each study and refuses before anything is written."""
    one = tmp_path / "one.toml"
    one.write_text(
        'alloys = ["SS304"]\nratings = ["1 MPa", "5 MPa"]\nholders = ["uniaxial"]\nallowable = "asme"\n'
        'bolt_stress = "450 MPa"\nstack = { length = "50 mm", width = "50 mm", height = "5 mm" }\n'
        'uniaxial = { criterion = { kind = "absolute", deflection = "10 um" } }\n'
    )
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(one.read_text().replace("450 MPa", "450"))
    runner, out = CliRunner(), tmp_path / "out"
    refused = runner.invoke(app, ["weigh", str(one), str(wrong), "-o", str(out)])
    assert isinstance(refused.exception, CaseError) and not out.exists()
    done = runner.invoke(app, ["weigh", str(one), "-o", str(out)])
    assert done.exit_code == 0 and str(out / "one" / "weights.html") in done.output


def test_nothing_heavy_is_loaded() -> None:
    """A study is weighed without FEniCS, gmsh or MPI."""
    heavy = ["dolfinx", "gmsh", "mpi4py", "petsc4py"]
    code = f"import sys, holdersim.weight.page, holdersim.weight.cases as c; print(*set(sys.modules) & set({heavy}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


# -- cases ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("closure", ["", "bolted_flat"])
@pytest.mark.parametrize("height", ["1 mm", "20 mm"])
def test_a_sized_point_is_a_case(closure: str, height: str) -> None:
    """The case reads without warnings about strength; its metal weighs what was sized, less the holes."""
    s = study(
        stack={"length": "100 mm", "width": "40 mm", "height": height}, **changed("isostatic", axis="height")
    )
    m = material("SS304")
    p = s.size(m, 5.0, closure)
    case = Case.model_validate(case_of(p, m, s.block))
    assert not [w for w in case.warnings if "UG-" in w or "material" in w]
    masses = case.assembly().masses
    if closure:
        inside = read(case.to_dict()["holder"]["diameter"], LENGTH)
        assert inside == pytest.approx(2 * p.sizes["inside radius"], abs=2e-6)
        assert masses["lid"] < 1.15 * p.masses["cover"] and case.steps[-1].pressure == 5.0
        return
    plates = masses["bottom_plate"] + masses["top_plate"]
    assert 0.93 * p.masses["plates"] < plates < p.masses["plates"]
    assert len(bolt_places(p)) == p.bolts == 8 and len(case.assembly().bolts) == 2
    assert case.closing_force() == pytest.approx(5.0 * 100 * 40)


def test_points_without_a_case_say_why() -> None:
    """No geometry for domes, no bolt above M16, no holder at all."""
    s = study(ratings=["5 MPa"])
    m = s.alloys[0]
    with pytest.raises(CaseError, match="there is no geometry with these ends"):
        case_of(s.size(m, 5.0, "hemispherical"), m, s.block)
    big = study(bolt_stress="20 MPa")
    with pytest.raises(CaseError, match="cases know M3, M4, M5"):
        case_of(big.size(m, 5.0), m, big.block)
    steel = Elastic("soft", 1e3, 0.3, 8e-9, yield_strength=1, ultimate_strength=2)
    with pytest.raises(CaseError, match="there is no such holder"):
        case_of(s.size(steel, 5.0, "box"), steel, s.block)
