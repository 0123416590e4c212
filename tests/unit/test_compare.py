"""Comparing results: the same plane, film and load, differences said in words, names, groups, order."""

from __future__ import annotations

from pathlib import Path

import pytest
from compared_results import BARE, CHAMBER, PADDED, PLATE, Page, made, three_kinds
from synthetic import CATHODE

from holdersim.case import read_case
from holdersim.metrics import pressure_metrics
from holdersim.report import compare, compared
from holdersim.report.common import AWAY, IDLE, plain
from holdersim.report.loads import meant
from holdersim.report.notes import notes, order
from holdersim.report.numbers import PRESSURE, rows
from holdersim.results import Result
from holdersim.results.table import number

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    return three_kinds(tmp_path_factory.mktemp("three"))


# -- what is compared ----------------------------------------------------------------------------------------


def test_numbers_are_those_of_the_results(three: list[Result]) -> None:
    """At the results' own film, recomputing gives what a run has stored."""
    c = compared(three)
    for entry in c.entries[:2]:
        stored = entry.result.at()["interfaces"]["cell_top"]
        table = {
            r.name: r.values[c.entries.index(entry)] for r in rows(c, c.entries) if "top face" in r.section
        }
        assert table.keys() == {"CV [-]", "Contact fraction [-]"}
        assert entry.sheets["cell_top"].numbers["p95 [MPa]"] != 5.0
        if entry.holder == "bare uniaxial":
            for name in (*table, *PRESSURE):
                assert entry.sheets["cell_top"].numbers[name] == pytest.approx(stored[name], rel=1e-12)


def test_one_plane_for_all(three: list[Result]) -> None:
    """The cathode plane where all have it; a row never mixes it with the contact on the cell."""
    c = compared(three)
    assert c.plane == "cathode"
    assert any(
        n.startswith("Pressures are compared on the cathode plane: minus the normal stress") for n in notes(c)
    )
    table = {(r.section, r.name): r.values for r in rows(c, c.entries)}
    cv = table["Pressure on the cathode plane", "CV [-]"]
    assert all(v is not None for v in cv) and cv == sorted(cv, reverse=True)  # type: ignore[type-var]
    assert table["Pressure on the top face of the cell", "Contact fraction [-]"][2] is None
    assert ("Pressure on the cathode plane", "Contact fraction [-]") not in table
    assert table["Fluid", "Stored energy [J]"] == [None, None, 12.5]


def test_a_result_without_the_plane_is_named(three: list[Result], tmp_path: Path) -> None:
    """It keeps its other numbers; the majority's plane is compared, the better one when it is a draw."""
    title = "<script>alert(1)</script> & more"
    old = made(tmp_path, "old", {**BARE, "thickness": "20 mm"}, planes=("cell_top",), title=title)
    c = compared([*three, old])
    assert c.plane == "cathode" and len(c.sheets(c.entries)) == 3
    said = [n for n in notes(c) if "has no map of the cathode plane" in n]
    assert (
        len(said) == 1
        and said[0].startswith("bare uniaxial, thickness 20 mm at 5 MPa: ")
        and "--force" in said[0]
    )
    table = {(r.section, r.name): r.values for r in rows(c, c.entries)}
    assert [v is None for v in table["Pressure on the cathode plane", "CV [-]"]] == [False] * 3 + [True]
    assert compared([three[0], old]).plane == "cell_top"
    assert compared([three[2], old]).plane == "cathode"
    compare([three[2].folder, old.folder], tmp_path / "page")
    text = (tmp_path / "page" / "comparison.html").read_text()
    assert "has no map of the cathode plane" in "".join(Page(text).text)
    assert "<script" not in text and "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in text


def test_cells_with_several_cathodes(three: list[Result], tmp_path: Path) -> None:
    """Every cathode has a section; the first that all have is drawn; parts that come in numbers are summed."""
    both = ("cathode_bottom", "cathode_top", "cell_top")
    mass = {"top_plate": 374.0, "bolt b1": 1.0, "bolt b2": 2.0, "spring b1": 0.5, "cell": 1.25}
    one = made(tmp_path, "one", planes=both, mass_g=mass)
    other = made(tmp_path, "other", PADDED, planes=both)
    c = compared([one, other])
    assert c.plane == "cathode_bottom"
    table = {(r.section, r.name): r.values for r in rows(c, c.entries)}
    sections = [s for s, n in table if n == "CV [-]"]
    assert sections == [f"Pressure on the {p}" for p in
                        ("plane of cathode_bottom", "plane of cathode_top", "top face of the cell")]  # fmt: skip
    masses = {n: v[0] for (s, n), v in table.items() if s == "Mass"}
    assert masses == {
        "Holder [g]": 377.5,
        "top_plate [g]": 374.0,
        "bolts [g]": 3.0,
        "springs [g]": 0.5,
        "cell [g]": 1.25,
    }
    assert compared([three[0], one]).plane == "cell_top"


def test_the_coarsest_film_is_everybodys(three: list[Result], tmp_path: Path) -> None:
    """Numbers are taken anew at the common film, and the page says so with both lengths."""
    coarse = made(tmp_path, "coarse", PADDED, film_mm=2.0)
    c = compared([three[0], coarse])
    assert c.film == 2.0
    data = three[0].maps
    p, area, x, y = (data[n].values for n in ("cathode_pressure", "cathode_area", "x_cathode", "y_cathode"))
    right = pressure_metrics(p[0], area, x, y, {"cathode": CATHODE}, 2.0)
    numbers = c.entries[0].sheets["cathode"].numbers
    assert {name: numbers[name] for name in right} == right
    assert right["CV [-]"] < 0.98 * three[0].at()["interfaces"]["cell_top"]["CV [-]"]
    (said,) = (n for n in notes(c) if n.startswith("Film resolutions differ"))
    assert "0.5 mm (bare uniaxial" in said and "2 mm (gasketed uniaxial" in said


def test_differences_are_said_with_numbers(three: list[Result], tmp_path: Path) -> None:
    """Cell, load, missing yield safety and a failed certificate."""
    cell = {"kind": "two_electrode", "cathode": {"length": "30 mm"}}
    odd = made(tmp_path, "odd", PADDED, 3.0, cell=cell,
               certificates={"force_balance": {"value": 1.0, "limit": 1e-9, "ok": False}})  # fmt: skip
    text = "\n".join(notes(compared([three[0], odd])))
    assert (
        "The cells differ, not only the holders: cell.cathode.length "
        "30 mm (gasketed uniaxial at 3 MPa) or 35 mm (bare uniaxial at 5 MPa)."
    ) in text
    assert "The loads differ: gasketed uniaxial at 3 MPa; bare uniaxial at 5 MPa." in text
    assert "Do not trust gasketed uniaxial at 3 MPa: certificates that failed: force_balance." in text
    assert "No yield safety" in text
    same = "\n".join(notes(compared(three)))
    assert "differ" not in same and "trust" not in same


def test_what_a_load_means_is_said(three: list[Result], tmp_path: Path) -> None:
    """Bolts or fluid, the force, and how much arrives: 5 MPa on the separator are 9.5 MPa of load on the cathode."""
    wide = made(tmp_path, "wide", PADDED, step={"do": "tighten", "pressure": "5 MPa", "area": "separator"})
    c = compared([three[0], wide, three[2]])
    assert [e.load for e in c.entries] == pytest.approx([5.0, 5.0, 5.0 * 1000 / 525])
    bare, chamber, padded = sorted(meant(c), key=lambda text: ("gasketed" in text, "chamber" in text))
    assert bare == (
        "bare uniaxial: bolts closed with 5 MPa times the area of the cathode, 2625 N; "
        "5 MPa (100 %) arrives on the cathode plane."
    )
    assert padded.startswith("gasketed uniaxial: bolts closed with 5 MPa times the area of the separator")
    assert padded.endswith("5 MPa (52.5 %) arrives on the cathode plane, the rest beside the cathode.")
    assert chamber.startswith("isostatic chamber: 5 MPa is the pressure of the fluid on all outer faces")
    assert "edge" not in chamber, "its spread is everywhere"


def test_a_mass_without_pads_is_said(three: list[Result], tmp_path: Path) -> None:
    """Rubber of unknown density has no mass: the sum is of the rest."""
    padded = made(tmp_path, "padded", PADDED, mass_g={"top_plate": 374.0, "top_pad": 6.0})
    pads = [{"name": f"{side}_pad", "x0": -30, "x1": 30, "y0": -15, "y1": 15} for side in ("top", "bottom")]
    padded.summary["drawing"]["pads"] = pads
    (said,) = (n for n in notes(compared([three[0], padded])) if "asses" in n)
    assert said == "Masses of gasketed uniaxial at 5 MPa are without bottom pad: their density is not known."
    assert not any("asses" in n for n in notes(compared(three)))


def test_a_spread_at_the_edge_is_told_from_one_inside(tmp_path: Path) -> None:
    """Under a fluid, 6 MPa in the outermost millimetre and 5 MPa elsewhere: nothing is left without the rim."""
    fluid = {"do": "pressurise", "pressure": "5 MPa"}
    chamber = made(tmp_path, "rim", CHAMBER, step=fluid, planes=("cathode",))
    p, x, y = (chamber.maps[n] for n in ("cathode_pressure", "x_cathode", "y_cathode"))
    rim = (abs(x) > 17.5 - 1.0) | (abs(y) > 7.5 - 1.0)
    chamber.maps["cathode_pressure"] = (
        (0 * p + 5.0).where(~rim.transpose(*p.dims[1:]), 6.0).transpose(*p.dims)
    )
    c = compared([chamber, made(tmp_path, "bare")])
    numbers = c.entries[0].sheets["cathode"].numbers
    share = 1 - 33 * 13 / (35 * 15)
    assert numbers["CV [-]"] == pytest.approx((share * (1 - share)) ** 0.5 / (5 + share), rel=1e-9)
    assert numbers[AWAY] < 1e-12
    (told,) = (text for text in meant(c) if "chamber" in text)
    assert "spread lies at the edge of the cathode" in told and "without the outermost 1 mm" in told
    bare = c.entries[1].sheets["cathode"].numbers
    assert bare[AWAY] > 0.5 and 0 < bare[IDLE] < 1


def test_load_without_a_pressure(tmp_path: Path) -> None:
    """With a torque the load is the closing force over the cathode."""
    torque = made(tmp_path, "torque", step={"do": "tighten", "torque": "0.8 N*m", "nut_factor": 0.2})
    assert compared([torque, made(tmp_path, "b", PADDED)]).entries[0].load == pytest.approx(2625 / 525)


# -- names, groups, order ------------------------------------------------------------------------------------


def test_names_tell_what_differs(three: list[Result], tmp_path: Path) -> None:
    """Holders of one kind are told apart by what differs, equal ones by their case."""
    thick = made(tmp_path, "thick", {**BARE, "thickness": "20 mm"})
    alloy = made(tmp_path, "alloy", {**BARE, "plate": {**PLATE, "material": {"name": "Ti", "kind": "layer"}}})
    again = made(tmp_path, "again", {**BARE, "thickness": "20 mm"})
    found = [e.holder for e in compared([three[0], thick, alloy, again, three[1]]).entries]
    assert found == [
        "bare uniaxial, thickness 10 mm, SS304",
        "bare uniaxial, thickness 20 mm, SS304 (thick)",
        "bare uniaxial, thickness 10 mm, Ti",
        "bare uniaxial, thickness 20 mm, SS304 (again)",
        "gasketed uniaxial",
    ]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    """Two holders at three loads, out of order; one is missing at the largest load."""
    root = tmp_path_factory.mktemp("many")
    pairs = [(k, p) for p in (5.0, 1.0, 3.0) for k in (BARE, PADDED) if (k, p) != (PADDED, 5.0)]
    return [made(root, f"{k['kind']}{p:g}", k, p, 0.2 if k is PADDED else 1.0) for k, p in pairs]


def test_loads_are_compared_one_by_one(many: list[Result], tmp_path: Path) -> None:
    """Groups in rising load, a trend, a table of maps with a hole; tables and pictures for each load."""
    c = compared(many)
    assert [[(e.holder, e.load) for e in g] for g in c.groups] == [
        [("bare uniaxial", p), ("gasketed uniaxial", p)][: 1 if p == 5 else 2] for p in (1.0, 3.0, 5.0)
    ]
    (bare,) = (n for n in notes(c) if n.startswith("No yield safety"))
    assert bare.startswith(
        "No yield safety for bare uniaxial at 1, 3, 5 MPa; gasketed uniaxial at 1, 3 MPa: "
    )
    assert any("Not every holder is there at every load: gasketed uniaxial." in n for n in notes(c))
    assert order(c) == [
        "Wherever holders meet at one load the order by evenness (CV) is the same, the most even first: "
        "gasketed uniaxial; bare uniaxial."
    ]
    files = compare([r.folder for r in many], tmp_path)
    assert {"against_load.png", "maps_MPa.png", "profiles_1MPa.png", "distribution_5MPa.png"} <= {
        f.name for f in files
    }
    page = Page((tmp_path / "comparison.html").read_text())
    head, bare, padded = page.tables[0]
    assert head == ["CV [-] on the cathode plane", "1 MPa", "3 MPa", "5 MPa"]
    assert bare[1:] == [
        number(s.numbers["CV [-]"]) for s in c.sheets(c.entries) if s.holder == "bare uniaxial"
    ]
    assert padded[3] == "-"


def test_almost_equal_loads_are_one(three: list[Result], tmp_path: Path) -> None:
    """A torque gives 5.05 MPa where 5 were meant: compared as 5; a tenth more is another load."""
    near, far = made(tmp_path, "near", PADDED, 5.05), made(tmp_path, "far", PADDED, 5.5)
    assert {e.load for e in compared([three[0], near]).entries} == {5.0}
    assert {e.load for e in compared([three[0], far]).entries} == {5.0, 5.5}


def test_the_three_holders_differ_in_the_holder_only() -> None:
    """The cases of the paper's comparison: one cell, one film, one set of plates, five loads for each kind."""
    cases = [read_case(f) for f in sorted((ROOT / "cases" / "three_holders").glob("*.toml"))]
    data = [c.to_dict() for c in cases]
    assert len({plain(d["cell"]) for d in data}) == 1 and len({d["grid"]["film"] for d in data}) == 1
    kinds = {d["holder"]["kind"] for d in data}
    assert {"bare_uniaxial", "gasketed_uniaxial"} <= kinds
    assert len({plain(d["holder"]["plate"]) for d in data if "plate" in d["holder"]}) == 1
    for kind in kinds:
        own = [d for d in data if d["holder"]["kind"] == kind]
        assert len({plain(d["holder"]) for d in own}) == 1
        assert [d["steps"][-1]["pressure"] for d in own] == [f"{p} MPa" for p in range(1, 6)]
