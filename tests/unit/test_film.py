"""Pressure paper in a case: where it lies in the cell, what is refused, and that virtual paper takes its plane."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from synthetic import holder, maps, summary

from holdersim.assembly import Rect
from holdersim.case import Case
from holdersim.errors import CaseError
from holdersim.film import paper_in
from holdersim.materials.papers import grades
from holdersim.paper import RenderOptions
from holdersim.paper.curves import curves_for
from holdersim.paper.render import Felt, felt, range_warnings, render_map
from holdersim.results import Result, RunFolder, open_result

CATHODE, SEPARATOR = Rect.centred(35, 15), Rect.centred(50, 20)
TIGHTEN = {"do": "tighten", "pressure": "5 MPa", "area": "cathode"}


def case(film: dict[str, Any] | None, kind: str = "bare_uniaxial", cell: str = "two_electrode") -> Case:
    """A cell with this paper."""
    table = {"kind": cell} | ({"film": film} if film else {})
    return Case.model_validate({"holder": {"kind": kind}, "cell": table, "steps": [TIGHTEN]})


def told(film: dict[str, Any], kind: str = "bare_uniaxial", cell: str = "two_electrode") -> str:
    """What is said of this paper."""
    with pytest.raises(CaseError) as caught:
        case(film, kind, cell)
    return str(caught.value)


def names(made: Case) -> list[str]:
    """Names of the layers, bottom to top."""
    return [la.name for la in made.cell.layers()]


def test_where_it_lies() -> None:
    """Outside of the pouch, or inside where it is sealed; over what plates press; as thick as its grade is."""
    both = case({"grade": "lw", "where": ["top", "bottom"]})
    assert names(both)[:2] == ["film_bottom", "laminate_bottom"] and names(both)[-1] == "film_top"
    low, high = both.cell.layers()[0], both.cell.layers()[-1]
    assert (low.footprint, high.footprint) == (SEPARATOR, CATHODE) and both.cell.plateau == CATHODE
    assert low.thickness == high.thickness == grades()["LW"].thickness == 0.18
    assert both.cell.thickness == pytest.approx(case(None).cell.thickness + 0.36)
    assert both.cell.compliance > case(None).cell.compliance and both.cell.mass == case(None).cell.mass
    sealed = case({"grade": "MS", "where": "top", "sealed": True})
    assert names(sealed)[-2:] == ["film_top", "laminate_top"] and sealed.cell.layers()[-2].thickness == 0.1
    assert any("no calibration for sealed paper" in w for w in sealed.warnings)


def test_outline_of_its_own() -> None:
    """A smaller sheet is what a flat plate rests on; a larger one ends with the pouch; both are told."""
    small = case({"grade": "LW", "where": "top", "length": "20 mm", "x": "2 mm"})
    assert small.cell.plateau == Rect(-8, 12, -7.5, 7.5)
    assert any("covers 57.1 % of what is pressed there" in w for w in small.warnings)
    large = case({"grade": "LW", "where": "top", "length": "70 mm", "thickness": "0.2 mm"})
    assert large.cell.layers()[-1].footprint == Rect(-30, 30, -7.5, 7.5) and large.cell.plateau == CATHODE
    assert large.cell.layers()[-1].thickness == 0.2
    assert any("reaches beyond the cell" in w for w in large.warnings)


def test_paper_that_ends_under_a_pad() -> None:
    """Is told, on the side where it is, inside the pouch too; paper of the pouch's size is not."""
    small = case({"grade": "LW", "where": "top"}, "gasketed_uniaxial").warnings
    assert sum("the paper ends under the top pad: a step of 180 um" in w for w in small) == 1
    assert not any("bottom pad" in w for w in small)
    large = {"grade": "LW", "where": ["top", "bottom"], "length": "60 mm", "width": "30 mm"}
    assert not any("the paper ends" in w for w in case(large, "gasketed_uniaxial").warnings)
    sealed = case({"grade": "LW", "where": "bottom", "sealed": True}, "gasketed_uniaxial").warnings
    assert sum("the paper ends under the bottom pad" in w for w in sealed) == 1


def test_planes_and_identity() -> None:
    """A plane in every paper besides that of the cathode; only a case with paper is another case."""
    plain, made = case(None), case({"grade": "LW", "where": "top"})
    assert [p.name for p in made.assembly().planes] == ["cathode", "film_top"]
    assert [p.name for p in plain.assembly().planes] == ["cathode"] and "film" not in plain.to_dict()["cell"]
    assert plain.identity() != made.identity()
    assert Case.model_validate(made.to_dict()).identity() == made.identity()
    pile = {"kind": "pile", "stack": [{"cell": made.to_dict()["cell"]}, {"cell": {"kind": "two_electrode"}}]}
    two = plain.with_("cell", pile)
    assert [p.name for p in two.assembly().planes if "film" in p.name] == ["cell_1_film_top"]
    assert list(paper_in(two.to_dict(), ["cell_2_cathode", "cell_1_film_top"])) == ["cell_1_film_top"]


MISTAKES = [
    ({"grade": "LWW", "where": "topp", "thickness": "180"}, "", ("Did you mean", "or both as a list", "has no unit")),
    ({"grade": "LW"}, "", ("cell.film.where: is missing",)),
    ({"grade": "LW", "where": "top", "x": "60 mm"}, "", ("does not lie over what is pressed there",)),
    ({"grade": "LW", "where": "top", "length": "70 mm", "sealed": True}, "", ("does not fit into the pouch",)),
    ({"grade": "LW", "where": "top"}, "isostatic_chamber", ("a fluid wets paper", "sealed = true")),
    ({"grade": "LW", "where": "top", "sealed": True, "width": "5 mm"}, "plunger_die",
     ("a pellet has no pouch", "disc as wide as the bore, 13 mm")),
]  # fmt: skip


@pytest.mark.parametrize("film, kind, wanted", MISTAKES)
def test_mistakes(film: dict[str, Any], kind: str, wanted: tuple[str, ...]) -> None:
    """Every mistake at once."""
    said = told(film, kind or "bare_uniaxial", "pellet" if kind == "plunger_die" else "two_electrode")
    for words in wanted:
        assert words in said


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A result with LW paper: 8 MPa on its right half, nothing on its left; 3 MPa on the cathode."""
    whole = holder()
    data = maps(whole, ("tighten",))
    x, y = np.arange(-17.25, 17.5, 0.5), np.arange(-7.25, 7.5, 0.5)
    said = {"units": "MPa", "long_name": "pressure inside the stack"}
    half = np.broadcast_to(np.where(x > 0, 8.0, 0.0), (1, len(y), len(x)))
    for name, values in (("cathode", np.full_like(half, 3.0)), ("film_top", half)):
        coords = {f"x_{name}": x, f"y_{name}": y, "step": ["tighten"]}
        data[f"{name}_pressure"] = xr.DataArray(
            values, coords, ("step", f"y_{name}", f"x_{name}"), attrs=said
        )
    with RunFolder(tmp_path_factory.mktemp("r"), "one", "1") as run:
        made = case({"grade": "LW", "where": "top", "sealed": True})
        run.finish(summary(whole, data), data, made.to_dict())
    return open_result(run.folder)


def options(grade: str) -> RenderOptions:
    """A grade in a known climate."""
    said: dict[str, Any] = {"pressing": "continuous", "temperature": "24 degC", "humidity": "55 %"}
    return RenderOptions(grade=grade, **said)


def test_virtual_paper_takes_its_plane(result: Result) -> None:
    """Unless told otherwise, and says so; another plane is pressed through the paper."""
    own, other = felt(result), felt(result, "cathode")
    assert own.place == "film_top" and own.paper == "LW" and own.pressure.max() == 8.0
    assert "--at chooses another" in " ".join(own.remarks) and "it is sealed" in " ".join(own.remarks)
    assert other.paper is None and (other.pressure == 3.0).all()
    assert "cathode is pressed through it" in " ".join(other.remarks)
    said = range_warnings(own, curves_for(options("MW")), "MW")[0]
    assert "is LW paper in the case, not MW" in said
    assert not any("paper in the case" in w for w in range_warnings(own, curves_for(options("LW")), "LW"))


def test_the_pressure_is_not_spread_twice(result: Result) -> None:
    """Beside a step of pressure paper laid over afterwards fades over its thickness; that in the stack does not."""
    own = felt(result)
    laid = Felt(own.pressure, own.x, own.y, "film_top")
    asked = options("LW").model_copy(update={"grain": 0.0, "dpi": 1200.0})
    sheets = (render_map(f, asked).pixels.astype(float) for f in (own, laid))
    rows = [s[s.shape[0] // 2 - 50 : s.shape[0] // 2 + 50, :, 1].mean(axis=0) for s in sheets]
    middle = slice(len(rows[0]) // 2 - 100, len(rows[0]) // 2 + 100)
    steepest = [np.abs(np.diff(row[middle])).max() for row in rows]
    assert steepest[0] > 1.3 * steepest[1], f"{steepest}"
    assert rows[0][len(rows[0]) * 3 // 4] == pytest.approx(rows[1][len(rows[0]) * 3 // 4], abs=1.0)


def test_case_of_the_project() -> None:
    """The case with paper differs from the bare holder of the comparison by the paper alone."""
    from holdersim.case import read_case

    cases = Path(__file__).resolve().parents[2] / "cases"
    made, bare = (
        read_case(cases / p) for p in ("paper/bare_with_film_5MPa.toml", "three_holders/bare_5MPa.toml")
    )
    assert made.cell.pouches()[0].cell.film is not None
    without = made.to_dict()
    without["cell"].pop("film")
    assert Case.model_validate(without).identity() == bare.identity()
