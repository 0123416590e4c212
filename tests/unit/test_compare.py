"""Comparing results: the same plane, film and load, said in words; the page read back with an HTML parser."""

from __future__ import annotations

import base64
import csv
import io
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from synthetic import CATHODE, holder, maps, summary

from holdersim.case import read_case
from holdersim.errors import CaseError
from holdersim.metrics import pressure_metrics
from holdersim.plots import compare as pictures
from holdersim.report import compare, compared
from holdersim.report.common import plain
from holdersim.report.notes import notes, order
from holdersim.report.numbers import PRESSURE, rows
from holdersim.results import Result, RunFolder, open_result
from holdersim.results.table import number

ROOT = Path(__file__).resolve().parents[2]
PLATE = {"material": {"name": "SS304", "kind": "layer", "E": "193000 MPa"}, "flatness": {"dish": "0.01 mm"}}
BARE = {"kind": "bare_uniaxial", "thickness": "10 mm", "plate": PLATE}
PADDED = {"kind": "gasketed_uniaxial", "thickness": "10 mm"}
CHAMBER = {"kind": "isostatic_chamber"}
CELL = {"kind": "two_electrode", "cathode": {"length": "35 mm"}}
VOID = ("br", "hr", "img", "link", "meta")


def made(
    root: Path,
    name: str,
    kind: dict[str, Any] = BARE,
    load: float = 5.0,
    uneven: float = 1.0,
    planes: tuple[str, ...] = ("cathode", "cell_top"),
    step: dict[str, Any] | None = None,
    cell: dict[str, Any] = CELL,
    **more: Any,
) -> Result:
    """A finished result whose pressure is `load` plus `uneven` times the bare holder's deviation from it."""
    whole = holder()
    data = maps(whole, mean=load)
    p = data["cell_top_pressure"]
    data["cell_top_pressure"] = (load + uneven * (p - load)).assign_attrs(p.attrs)
    told = summary(whole, data)
    for plane in (p for p in planes if "cathode" in p):
        names = ("cell_top_pressure", "cell_top_area", "x_cell_top", "y_cell_top")
        data = data.merge(data[list(names[:2])].rename({n: n.replace("cell_top", plane) for n in names}))
    if "cell_top" not in planes:
        data = data.drop_vars([n for n in data.data_vars if str(n).startswith("cell_top")])
    told |= {"case": name, "identity": f"id{name}", "film_mm": 0.5}
    told |= {k: v for k, v in more.items() if k != "extra"}
    told["steps"][-1] |= more.get("extra", {})
    act = step or {"do": "tighten", "pressure": f"{load} MPa", "area": "cathode"}
    case = {"holder": kind, "cell": cell, "steps": [act], "grid": {"pixel": "0.5 mm", "film": "0.5 mm"}}
    with RunFolder(root, name, f"id{name}") as run:
        run.finish(told, data, case)
    return open_result(run.folder)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    """Three kinds of holder at 5 MPa, with a cathode plane; the chamber without a contact on the cell."""
    root = tmp_path_factory.mktemp("three")
    fluid = {"do": "pressurise", "pressure": "5 MPa"}
    return [
        made(root, "bare"),
        made(root, "padded", PADDED, uneven=0.2),
        made(root, "chamber", CHAMBER, uneven=1e-3, planes=("cathode",), step=fluid,
             extra={"fluid": {"Stored energy [J]": 12.5}}),
    ]  # fmt: skip


class Page(HTMLParser):
    """What stands on a page; tags that do not close, or not in order, are an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.links: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.text: list[str] = []
        self.seen: set[str] = set()
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        here = dict(attrs)
        self.seen.add(tag)
        self.links += [str(here[k]) for k in ("src", "href", "srcset", "action") if here.get(k)]
        if tag == "img":
            self.pictures.append(here)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1] += [""] * int(here.get("colspan") or 1)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self.open and self.open[-1] in ("td", "th"):
            self.tables[-1][-1][-1] += data


@pytest.fixture(scope="module")
def page(three: list[Result], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Page]:
    folder = tmp_path_factory.mktemp("page")
    files = compare([r.folder for r in three], folder)
    assert {f.name for f in files} == {f.name for f in folder.iterdir()}
    return folder, Page((folder / "comparison.html").read_text(encoding="utf-8"))


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
    assert c.entries[0].sheets["cathode"].numbers == right
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


def test_a_mean_that_does_not_arrive_is_said(three: list[Result], tmp_path: Path) -> None:
    """5 MPa on the separator are 9.5 MPa of load on the cathode; 5 of them arrive in this result."""
    wide = made(tmp_path, "wide", PADDED, step={"do": "tighten", "pressure": "5 MPa", "area": "separator"})
    c = compared([three[0], wide])
    assert [e.load for e in c.entries] == pytest.approx([5.0, 5.0 * 1000 / 525])
    assert any("is not the load [MPa]: bare uniaxial 5, gasketed uniaxial 5" in n for n in notes(c))


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


# -- pictures ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("relative", (False, True))
def test_maps_share_colours_and_scale(three: list[Result], relative: bool) -> None:
    """All maps have the same colour limits and the same millimetres; relative ones are 1 on average."""
    sheets = compared(three).sheets(compared(three).entries)
    axes = [
        ax
        for ax in pictures.maps([[s] for s in sheets], relative).axes
        if ax.collections and ax.get_ylabel() == "y [mm]"
    ]
    assert len(axes) == 3
    meshes = [ax.collections[1] for ax in axes]
    limits = {(m.norm.vmin, m.norm.vmax) for m in meshes}
    assert len(limits) == 1 and len({(ax.get_xlim(), ax.get_ylim()) for ax in axes}) == 1
    (limit,) = limits
    assert limit[1] == 2.0 if relative else 5.0 < limit[1] <= max(s.map.values.max() for s in sheets)
    even = np.ma.mean(meshes[2].get_array())
    assert even == pytest.approx(1.0 if relative else 5.0, rel=1e-3)


def test_curves_show_the_maps(three: list[Result]) -> None:
    """Profiles go through the map's middle; the distribution crosses 5 % and 95 % at p5 and p95."""
    sheets = compared(three).sheets(compared(three).entries)
    along = pictures.profiles(sheets).axes[0].lines[0]
    m = sheets[0].map
    middle = len(m.y) // 2
    assert np.allclose(along.get_ydata(), (m.values[middle - 1] + m.values[middle]) / 2)
    made_ = pictures.distribution(sheets[:2])
    line = made_.axes[1].lines[1]
    p, share = np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)
    at = sheets[1].numbers
    assert np.interp(0.05, share, p) == pytest.approx(at["p5 [MPa]"], abs=0.01)
    assert np.interp(0.95, share, p) == pytest.approx(at["p95 [MPa]"], abs=0.01)
    assert np.all(np.diff(p) >= 0) and share[-1] == 1.0


def test_lines_differ_without_colour() -> None:
    """The first five holders have five strokes."""
    assert len({str(pictures.look(k)["ls"]) for k in range(5)}) == 5


# -- the page ------------------------------------------------------------------------------------------------


def test_page_is_whole_and_self_contained(page: tuple[Path, Page]) -> None:
    """Every picture inside and described, nothing fetched, no script, light, every row full."""
    folder, read = page
    assert (folder / "comparison.html").stat().st_size < 1_000_000
    assert all(link.startswith(("data:", "#")) for link in read.links)
    assert "script" not in read.seen and "link" in read.seen
    assert len(read.pictures) == 4
    for picture in read.pictures:
        data = base64.b64decode(str(picture["src"]).removeprefix("data:image/png;base64,"))
        with Image.open(io.BytesIO(data)) as image:
            assert (str(image.width), str(image.height)) == (picture["width"], picture["height"])
            assert len(np.unique(np.asarray(image.convert("L")))) > 20
        assert "bare uniaxial at 5 MPa: CV" in str(picture["alt"])
        assert (folder / str(picture["data-file"])).is_file()
    for table in read.tables:
        assert len({len(row) for row in table}) == 1


def test_page_tells_every_number(page: tuple[Path, Page], three: list[Result]) -> None:
    """The table is the rows; each number of the field is explained; cases and identities are named."""
    _, read = page
    c = compared(three)
    lines = [row for row in read.tables[0][1:] if row[0]]
    assert lines == [[r.name, *(number(v) for v in r.values)] for r in rows(c, c.entries)]
    text = "".join(read.text)
    for words in ("standard deviation / mean of the film-averaged", "idbare", "idchamber", "all 1 hold"):
        assert words in text


def test_csv_has_one_line_per_result(page: tuple[Path, Page], three: list[Result]) -> None:
    """Every number in full, under a heading with section and unit."""
    folder, _ = page
    with (folder / "comparison.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    c = compared(three)
    assert [line["case"] for line in lines] == ["bare", "padded", "chamber"]
    for line, entry in zip(lines, c.entries, strict=True):
        assert line["compared on"] == "cathode plane"
        told = float(line["Pressure on the cathode plane: CV [-]"])
        assert told == entry.sheets["cathode"].numbers["CV [-]"]
    assert lines[2]["Pressure on the top face of the cell: Contact fraction [-]"] == ""


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


# -- places --------------------------------------------------------------------------------------------------


def test_all_wrong_places_at_once(three: list[Result], tmp_path: Path) -> None:
    """A folder that is not there, one that is no result, a case with mistakes, a failed run."""
    bad = tmp_path / "bad.toml"
    bad.write_text('format = 1\nplaet = 1\n[holder]\nkind = "bare_uniaxial"\n')
    with pytest.raises(ZeroDivisionError), RunFolder(tmp_path, "demo", "f") as run:
        raise ZeroDivisionError("by zero")
    with pytest.raises(CaseError) as told:
        compare([three[0].folder, tmp_path / "nowhere", ROOT / "tests", bad, run.failed], tmp_path / "page")
    text = str(told.value)
    assert "nowhere: no such folder" in text
    assert "tests: no summary.json, so this is not a finished result" in text
    assert f"{bad}: plaet = 1: unknown key" in text and f"{bad}: steps" in text
    assert "the run failed" in text and "by zero" in text
    assert not (tmp_path / "page").exists()


def test_two_different_results_are_needed(three: list[Result], tmp_path: Path) -> None:
    """One is none, and the same one twice is one; the folder of a case stands for its only result."""
    with pytest.raises(CaseError, match="1 given; a comparison needs two or more"):
        compare([three[0].folder], tmp_path)
    with pytest.raises(CaseError, match=r"is the same result as .*idbare"):
        compare([three[0].folder, three[0].folder.parent], tmp_path)
    made(tmp_path / "two", "bare").folder.rename(tmp_path / "two" / "bare" / "second")
    made(tmp_path / "two", "bare")
    with pytest.raises(CaseError, match=r"holds several results\. Name one of idbare, second"):
        compare([three[0].folder, tmp_path / "two" / "bare"], tmp_path)


def test_results_are_compared_without_fenics(three: list[Result], tmp_path: Path) -> None:
    """Only a case that has to be solved needs it."""
    code = (
        "import sys; from holdersim.cli import main\n"
        f"sys.argv = ['holdersim', 'compare', {str(three[0].folder)!r}, {str(three[1].folder)!r}, '-o', 'page']\n"
        "try: main()\n"
        "except SystemExit as end: print('EXIT', end.code)\n"
        "print('HEAVY', [m for m in ('dolfinx', 'gmsh', 'mpi4py', 'petsc4py', 'pyvista') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "EXIT 0" in done.stdout and "HEAVY []" in done.stdout, done.stderr
    assert (tmp_path / "page" / "comparison.csv").is_file()
