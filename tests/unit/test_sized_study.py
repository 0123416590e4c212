"""Sizing by finite elements: what it is told, what it chooses, how it finds a size, what it writes."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from holdersim.cli import app
from holdersim.errors import CaseError
from holdersim.materials import material
from holdersim.sized import sections, sizing, tables
from holdersim.sized.verify import alloy_of, cell_modulus, chosen
from holdersim.weight.equal import Equal
from holdersim.weight.page import weigh, write
from holdersim.weight.study import Study, read_study

CASES = Path(__file__).resolve().parents[2] / "cases" / "weights"
EQUAL: dict[str, Any] = {
    "measure": "CV",
    "limit": 0.1,
    "safety": 1.5,
    "alloys": ["SS304"],
    "ratings": ["1 MPa", "5 MPa"],
    "closure": "hemispherical",
    "pads": {"thickness": "3 mm", "modulus": "10 MPa", "density": "1200 kg/m^3"},
}


def study(**equal: Any) -> Study:
    """The slab of the cases; keys of its table `equal` changed."""
    return read_study(CASES / "slab.toml").with_("equal", EQUAL | equal)


@pytest.mark.parametrize(("changes", "text"), [
    ({"measure": "sigma"}, "equal.measure = \"sigma\": must be 'CV' or 'p5/p95'."),
    ({"limit": 1.5}, "equal.limit = 1.5: must be less than 1."),
    ({"safety": 0.5}, "equal.safety = 0.5: must be greater than or equal to 1."),
    ({"ratings": []}, "equal.ratings: the list is empty."),
    ({"closure": "flat"}, "equal.closure = \"flat\": must be 'hemispherical' or 'ellipsoidal'."),
    ({"pads": {}}, "equal.pads.thickness: is missing."),
    ({"alloys": ["SS305"]}, 'equal.alloys: SS305 is not in this study.'),
])  # fmt: skip
def test_mistakes_of_the_table(changes: dict[str, Any], text: str) -> None:
    """Where, what was given, what is allowed."""
    with pytest.raises(CaseError) as caught:
        study(**changes)
    assert text in str(caught.value)


def test_mistakes_of_the_command(tmp_path: Path) -> None:
    """Both options take fe only, told at once; sizes need the table `equal`."""
    found = CliRunner().invoke(app, ["weigh", str(CASES / "lab.toml"), "--verify", "ccx", "--size", "x"])
    assert isinstance(found.exception, CaseError) and len(found.exception.mistakes) == 2
    assert '--verify = "ccx": must be fe.' in str(found.exception)
    with pytest.raises(CaseError, match=r"equal: is missing, --size fe needs it\. Write a table \[equal\]"):
        sizing.size(read_study(CASES / "lab.toml"), tmp_path)


def test_weighing_needs_no_fenics() -> None:
    """Without the options nothing of FEniCS is imported."""
    code = "import sys, holdersim.cli, holdersim.weight.page; sys.exit('dolfinx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("stack", ["lab", "slab", "cube", "vehicle", "module"])
def test_a_spread_is_chosen(stack: str) -> None:
    """At least 12 holders that exist, half of them plates, lowest and highest rating, different alloys."""
    s = read_study(CASES / f"{stack}.toml")
    points = chosen(s)
    plates = [p for p in points if p.holder == "uniaxial"]
    assert len(points) >= 12 and len(plates) == 6 and all(p.feasible for p in points)
    assert {p.closure for p in points} == {"", "hemispherical", "ellipsoidal", "flat", "box"}
    assert len({p.alloy for p in plates}) == 6 and {p.rating for p in plates} >= {1.0, 10.0}
    assert all(alloy_of(s, p).name == p.alloy for p in points)
    assert 1000 < cell_modulus(s) < 20000


@pytest.mark.parametrize("holder", ["uniaxial", "isostatic"])
def test_studies_of_one_holder(holder: str, tmp_path: Path) -> None:
    """Twelve of what there is; sizes are compared for both only."""
    s = study().with_("holders", [holder])
    assert {p.holder for p in chosen(s)} == {holder} and len(chosen(s)) >= 12
    with pytest.raises(CaseError, match="--size fe compares both"):
        sizing.size(s, tmp_path)


def test_root() -> None:
    """Falling shares of 1: from both sides, at the ends, without an answer; few calls."""
    calls = []

    def used(t: float) -> float:
        calls.append(t)
        return (7.3 / t) ** 3

    for guess in (2.0, 6.0, 9.0, 90.0, 1e3):
        calls.clear()
        assert sizing.root(used, guess, 1, 100) == pytest.approx(7.3, rel=sizing.TOLERANCE)
        assert len(calls) == len(set(calls)) < 16, "solved twice, or too often"
    assert sizing.root(used, 20, 8, 100) == 8 and sizing.root(used, 2, 1, 7) is None


def test_masses_are_counted_as_by_closed_forms() -> None:
    """Same sizes, same mass: plates with and without pads, domes and ellipsoids."""
    m, pads = material("Al7075-T6"), Equal.model_validate(EQUAL).pads
    for given in (None, pads):
        s = read_study(CASES / "slab.toml").with_("uniaxial.pads", EQUAL["pads"] if given else None)
        p = s.size(m, 5.0)
        mass = sizing.plates_mass(m, p, s.block, given)
        assert mass == pytest.approx(p.mass, rel=1e-12)
        thicker = sizing.with_thickness(p, 2 * p.sizes["plate thickness"])
        assert sizing.plates_mass(m, thicker, s.block, given) > 1.5 * mass
    for closure in ("hemispherical", "ellipsoidal"):
        p = s.size(m, 5.0, closure)
        assert sizing.chamber_mass(m, p) == pytest.approx(p.mass, rel=1e-12)


def test_what_cannot_be_sized_says_why() -> None:
    """Pads squeezed flat, bolts without a geometry."""
    s = study()
    flat = sizing.plates(
        s, material("SS304"), 5.0, Equal.model_validate(EQUAL), Equal.model_validate(EQUAL).pads
    )
    assert (
        flat["why"] == "pads lose 50% of their thickness: no springs any more" and flat["mass [kg]"] is None
    )
    big = s.with_("uniaxial.smallest_bolt", "M20")
    assert (
        sizing.plates(big, material("SS304"), 5.0, Equal.model_validate(EQUAL), None)["why"]
        == "no geometry for M20"
    )


def test_outcome_counts() -> None:
    """Pairs of equal alloy and rating; plates that do not exist are told."""
    chamber = {"kind": "chamber", "alloy": "SS304", "rating [MPa]": 5.0, "mass [kg]": 2.0}
    bare = chamber | {"kind": "bare plates", "mass [kg]": None}
    light = chamber | {"kind": "padded plates", "mass [kg]": 1.5}
    heavy = [chamber | {"rating [MPa]": 1.0}, bare | {"rating [MPa]": 1.0, "mass [kg]": 9.0},
             light | {"rating [MPa]": 1.0, "mass [kg]": 8.0}]  # fmt: skip
    assert sizing.outcome([bare, light, chamber, *heavy]) == (
        "against bare plates the chamber is lighter in 1 of 1 pairs, 1 pairs have no such plates; "
        "against padded plates the chamber is lighter in 1 of 2 pairs"
    )


def test_tables_and_page(tmp_path: Path) -> None:
    """Rows with different keys in one file; the section stands on the page, text escaped."""
    rows = [
        {"alloy": "A<B", "rating [MPa]": 5.0, "closure": "", "x - 1 [-]": -0.012},
        {"alloy": "C", "y [mm]": 1 / 3},
    ]
    file = tables.write(rows, tmp_path / "rows.csv")
    read = list(csv.DictReader(file.open()))
    assert (
        read[0]["x - 1 [-]"] == "-0.012" and read[1]["y [mm]"] == "0.33333333" and read[1]["x - 1 [-]"] == ""
    )
    assert all("Reconstruction" in r["note"] for r in read)
    s = study().with_("alloys", ["SS304"]).with_("closures", ["hemispherical"])
    made = sections.section("By elements", "said", rows[:1], (("x", "x - 1 [-]"), ("y", "y [mm]")))
    page = write(weigh(s), tmp_path, [made])[0].read_text()
    assert "<h2>By elements (reconstruction)</h2>" in page
    assert "A&lt;B, 5 MPa, plates" in page and "<td>-1.20 %</td><td>-</td>" in page


def test_replaced_points_keep_their_bolts() -> None:
    """A thicker plate is the same holder but for its thickness."""
    p = study().size(material("SS304"), 5.0)
    assert replace(sizing.with_thickness(p, 9.0), sizes=p.sizes) == p
