"""What a comparison writes: pictures on one scale, a whole page, a table; and which places it refuses."""

from __future__ import annotations

import base64
import csv
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from compared_results import Page, made, three_kinds
from PIL import Image

from holdersim.errors import CaseError
from holdersim.plots import compare as pictures
from holdersim.report import compare, compared
from holdersim.report.numbers import rows
from holdersim.results import Result, RunFolder
from holdersim.results.table import number

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    return three_kinds(tmp_path_factory.mktemp("three"))


@pytest.fixture(scope="module")
def page(three: list[Result], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Page]:
    folder = tmp_path_factory.mktemp("page")
    files = compare([r.folder for r in three], folder)
    assert {f.name for f in files} == {f.name for f in folder.iterdir()}
    return folder, Page((folder / "comparison.html").read_text(encoding="utf-8"))


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
    text = (folder / "comparison.html").read_text()
    sections = [link.removeprefix("#") for link in read.links if link.startswith("#")]
    assert len(sections) == text.count("<h2") == 5 and all(text.count(f'id="{s}"') == 1 for s in sections)
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
