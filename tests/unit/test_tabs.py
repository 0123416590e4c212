"""What tabs carry: shares of given maps, which tabs count, and what a run says of them."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from holdersim.assembly import Plane, Rect
from holdersim.case import Case
from holdersim.run import run
from holdersim.stacks import Pile, TwoElectrode
from holdersim.tabs import carried, warnings

REGION = Rect.centred(35, 15)
TAB = {"width": "4 mm", "overlap": "3 mm", "on": "cathode", "end": "+x"}


def maps(under: float, beside: float, name: str = "cathode") -> xr.Dataset:
    """Pressure [MPa] under a tab at +x, 3 mm long and 4 mm wide, and beside it, on pixels of 0.5 mm."""
    x, y = np.arange(-17.25, 17.3, 0.5), np.arange(-7.25, 7.3, 0.5)
    inside = np.outer(np.abs(y) < 2, x > 14.5)
    row, column = f"y_{name}", f"x_{name}"
    values = {
        f"{name}_pressure": (("step", row, column), np.where(inside, under, beside)[None]),
        f"{name}_area": ((row, column), np.full(inside.shape, 0.25)),
    }
    return xr.Dataset(values, {"step": ["tighten"], column: x, row: y})


def test_shares_of_a_given_map() -> None:
    """60 MPa on 12 of 525 mm2 and 1 MPa beside: 720 of 1233 N; a tape over the tab is the same tab."""
    cell = TwoElectrode.model_validate({"tabs": [TAB | {"tape": "50 um"}]})
    (found,) = carried(cell, [Plane("cathode", "cell.cathode", REGION, 0.5)], maps(60.0, 1.0), "tighten")
    assert (found.plane, found.tab) == ("cathode", "tab_1")
    assert found.force == pytest.approx(720 / 1233) and found.area == pytest.approx(12 / 525)
    assert found.mean == pytest.approx(60.0) and found.largest == pytest.approx(60.0)


def test_a_pixel_that_a_tab_covers_in_part_counts_in_part() -> None:
    """A tab of 3.9 x 2.8 mm, whose edges lie inside pixels, under an even pressure: its share is that of its area."""
    cell = TwoElectrode.model_validate({"tabs": [TAB | {"width": "3.9 mm", "overlap": "2.8 mm"}]})
    (found,) = carried(cell, [Plane("cathode", "cell.cathode", REGION, 0.5)], maps(5.0, 5.0), "tighten")
    assert found.area == pytest.approx(3.9 * 2.8 / 525) and found.force == pytest.approx(found.area)


@pytest.mark.parametrize(("under", "told"), [(5.0, 0), (9.0, 0), (60.0, 1)])
def test_it_is_told_only_where_a_tab_takes_load_from_the_rest(under: float, told: int) -> None:
    cell = TwoElectrode.model_validate({"tabs": [TAB]})
    planes = [Plane("cathode", "cell.cathode", REGION, 0.5)]
    assert len(warnings(cell, planes, maps(under, 5.0), "tighten")) == told
    assert warnings(TwoElectrode(), planes, maps(under, 5.0), "tighten") == []


def test_in_a_pile_each_plane_has_the_tabs_of_its_own_pouch() -> None:
    pouches = [{"cell": {"kind": "two_electrode", "tabs": [TAB]}}, {"cell": {"kind": "two_electrode"}}]
    cell = Pile.model_validate({"stack": pouches})
    planes = [Plane(f"{n}.cathode", f"{n}.cathode", REGION, 0.5) for n in ("cell_1", "cell_2")]
    data = xr.merge([maps(60.0, 1.0, p.name) for p in planes])
    assert [(c.plane, c.tab) for c in carried(cell, planes, data, "tighten")] == [("cell_1.cathode", "tab_1")]


def test_a_run_says_what_a_tab_carries(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Bare plates rest on a tab over the cathode: a line in the log, kept with the result; without the tab none."""
    sizes = (("cathode", 12, 10), ("anode", 13, 11), ("separator", 14, 12), ("laminate", 18, 14))
    cell = {"kind": "two_electrode"} | {n: {"length": f"{a} mm", "width": f"{b} mm"} for n, a, b in sizes}
    holder = {"kind": "bare_uniaxial", "length": "44 mm", "width": "36 mm", "bolt": "M4", "inset": "6 mm"}
    rest = {"grid": {"pixel": "1 mm", "film": "1 mm"}, "mesh": {"level": 0}}
    steps = [{"do": "tighten", "pressure": "5 MPa", "area": "cathode"}]
    for tabs in ([TAB], []):
        caplog.clear()
        case = Case.model_validate({"holder": holder, "cell": cell | {"tabs": tabs}, "steps": steps} | rest)
        with caplog.at_level(logging.WARNING, "holdersim"):
            result = run(case, tmp_path, pictures=False, fields=False)
        told = [w for w in result.summary["warnings"] if "tab_1 carries" in w]
        assert len(told) == len(tabs) and all(w in caplog.messages for w in told)
