"""Cells that charge between locked plates: loops that close, nuts set again, histories and what happens first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import holdersim
from holdersim import steps
from holdersim.case import Case
from holdersim.diary import Diary
from holdersim.nonlinear import model_of
from holdersim.state import State
from holdersim.superelement import cache_folder

TIGHTEN = {"do": "tighten", "pressure": "5 MPa", "area": "cathode"}
PLATES = {"length": "44 mm", "width": "36 mm", "thickness": "4 mm", "bolt": "M4", "inset": "6 mm"}
BARE = {"kind": "bare_uniaxial", "plate": {"flatness": {"dish": "8 um"}}} | PLATES
SPRUNG = BARE | {"spring": {"kind": "belleville", "size": "A12.5", "series": 8}, "inset": "7 mm"}
CELL: dict[str, Any] = {
    "kind": "two_electrode",
    "cathode": {"length": "12 mm", "width": "10 mm"},
    "anode": {"length": "13 mm", "width": "11 mm"},
    "separator": {"length": "14 mm", "width": "12 mm"},
    "laminate": {"length": "18 mm", "width": "14 mm"},
}
STILL = CELL | {"swelling": {"anode": {"kind": "none"}, "cathode": {"kind": "none"}}}


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Bodies are condensed once for all tests of this file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOLDERSIM_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def case(*after: dict[str, Any], **tables: Any) -> Case:
    """The small cell between small plates, tightened, and what is done after."""
    base = {"holder": BARE, "cell": CELL, "steps": [TIGHTEN, *after]}
    rest = {"grid": {"pixel": "1 mm", "film": "1 mm"}, "mesh": {"level": 0}}
    return Case.model_validate(base | rest | tables, context={"name": "small"})


def through(small: Case, recall: bool = False) -> Iterator[tuple[State, Diary]]:
    """Every state of a case, and the diary that took it down."""
    model = model_of(small.assembly(), cache=cache_folder(), keep=False)
    diary, state = Diary(small, model), None
    for step in small.steps:
        for k, reached in enumerate(steps.advance(small, model, step, state, recall), 1):
            state = reached
            diary.note(state, step.kind_name, k, steps.sets_pressure(step))
            yield state, diary


def rows(small: Case, recall: bool = False) -> list[dict[str, Any]]:
    """The history of a case, every state solved unless states may be recalled."""
    return [diary.rows[-1] for _, diary in through(small, recall)]


def column(history: list[dict[str, Any]], name: str) -> np.ndarray[Any, Any]:
    """One quantity of a history."""
    return np.array([row[name] for row in history])


def test_without_swelling_nothing_drifts() -> None:
    """100 cycles of a cell that does not grow, each state solved: forces, pressures and thickness stay."""
    history = rows(case({"do": "cycle", "count": 100, "states": 2}, cell=STILL))
    assert len(history) == 201
    assert column(history, "SOC [-]")[:4] == pytest.approx([0, 1, 0, 1])
    for name in ("force of b1 [N]", "cathode: p95 [MPa]", "cathode: mean [MPa]", "thickness change [um]"):
        values = column(history, name)
        assert np.abs(values / values[0] - 1).max() < 1e-11, name


@pytest.mark.parametrize("holder", [BARE, SPRUNG], ids=["bolts", "springs"])
def test_an_elastic_loop_closes(holder: dict[str, Any]) -> None:
    """From the second cycle on every state comes back, springs with a curved characteristic included.

    The first differs: silicon does not shrink back to what it was.
    """
    history = rows(case({"do": "cycle", "count": 3, "states": 8}, holder=holder))
    for name in ("force of b1 [N]", "cathode: mean [MPa]", "cathode: p95 [MPa]", "thickness change [um]"):
        first, second, third = (column(history, name)[1 + 8 * k : 9 + 8 * k] for k in range(3))
        assert np.abs(third / second - 1).max() < 1e-8, name
        assert np.abs(first[0] / second[0] - 1) > 1e-3, name
    swing = np.ptp(column(history, "force of b1 [N]")[9:])
    assert swing > (10 if "spring" not in holder else 0.1)


def test_recalled_states_are_those_solved() -> None:
    """A history with states recalled is the history with each solved; cycles after the second cost nothing."""
    small = case({"do": "cycle", "count": 3, "states": 4})
    solved, recalled = rows(small), rows(small, recall=True)
    assert [r.keys() for r in solved] == [r.keys() for r in recalled]
    for name in solved[0]:
        if name != "step":
            assert column(recalled, name) == pytest.approx(column(solved, name), rel=1e-9), name
    counts = [s.solution.iterations for s, _ in through(small, recall=True)]
    assert counts[-4:] == [0, 0, 0, 0] and min(counts[:5]) > 0


def test_a_step_after_nuts_were_set_again_recalls_nothing_old() -> None:
    """Lengths of the bolts decide with the loads: other nuts, other states."""
    small = case({"do": "cycle", "states": 2}, TIGHTEN | {"pressure": "2 MPa"}, {"do": "cycle", "states": 2})
    force = column(rows(small, recall=True), "force of b1 [N]")
    assert force[3] == pytest.approx(60.0, rel=1e-12)  # 2 MPa * 120 mm2 / 4
    assert force[4] < force[1] - 50


def test_nuts_set_again_on_a_full_cell() -> None:
    """The force is then what was asked for; emptied again the cell has less than at first, time goes on."""
    charge, empty = {"do": "charge", "states": 2, "duration": "2 h"}, {"do": "discharge", "states": 2}
    history = rows(case(charge, TIGHTEN, empty, empty | {"do": "charge"}))
    force, time = column(history, "force of b1 [N]"), column(history, "time_s")
    assert force[0] == force[3] == pytest.approx(150.0, rel=1e-12)
    assert force[2] > 190 and force[5] < 140
    assert force[7] == pytest.approx(150.0, rel=1e-9), "full once more"
    assert time == pytest.approx([0, 3600, 7200, 7200, 7200, 7200, 7200, 7200])


def test_bolts_loosened_and_brought_back() -> None:
    """A share of the meant force is left, then all of it; the cell charges in between."""
    loose = {"do": "depressurise", "share": 0.1}
    history = rows(case(loose, {"do": "charge", "states": 1}, {"do": "repressurise"}))
    force = column(history, "force of b1 [N]")
    assert force[[0, 1, 3]] == pytest.approx([150.0, 15.0, 150.0], rel=1e-12)
    assert 20 < force[2] < 80


def test_the_thickness_is_that_of_the_field() -> None:
    """From contact forces alone, against displacements recovered inside the cell, charged and warm."""
    small = case({"do": "charge", "states": 1}, {"do": "heat", "temperature": "45 degC"})
    for state, diary in through(small):
        at, region = (
            state.model.parts["cell"].condenser.body.coordinates,
            state.model.assembly.regions["cathode"],
        )
        u = state.displacement("cell")[:, 2]
        weight = np.ones(len(at))
        for axis, end in enumerate((region.x1, region.y1)):  # half at the ends of the lines of nodes
            x = at[:, axis]
            weight *= np.where((x < 1e-9) | (np.abs(x - end) < 1e-9), 0.5, 1.0) * (x < end + 1e-9)
        top, low = (weight * (np.abs(at[:, 2] - z) < 1e-9) for z in (at[:, 2].max(), 0.0))
        field = 1e3 * (top @ u / top.sum() - low @ u / low.sum())
        assert diary.rows[-1]["thickness change [um]"] == pytest.approx(field, abs=0.02)
    grown, thicker = (column(diary.rows, n) for n in ("free growth [um]", "thickness change [um]"))
    assert grown[0] == 0.0 and grown[1] == grown[2] > 5
    assert grown[1] - 1.5 < thicker[1] < grown[1]
    assert thicker[2] - thicker[1] > 0.3, "0.57 mm at about 50e-6 / K, 20 K, against stiff bolts"


def test_what_happens_first() -> None:
    """Lift-off is told once, with the state of charge; springs tell when they are nearly flat."""
    *_, (_, diary) = through(case({"do": "cycle", "states": 4, "count": 2}))
    lifted = [e for e in diary.events if e["event"].startswith("first lift-off")]
    assert lifted and len({e["event"] for e in lifted}) == len(lifted)
    assert all(e["step"] == "cycle" and 0 < e["SOC [-]"] <= 1 for e in lifted)
    end = 0.985 * case(holder=SPRUNG).holder.spring.solid  # type: ignore[attr-defined]
    tight = {"do": "tighten", "force": f"{4 * end} N"}
    *_, (_, diary) = through(case(holder=SPRUNG, steps=[TIGHTEN, tight]))
    assert {"event": "spring of b1 at its end", "step": "tighten", "state": 1} in diary.events


def test_maps_of_the_last_cycle(tmp_path: Path) -> None:
    """Every state of the last cycle that came down again, with its state of charge; numbers are those of the rows."""
    small = case({"do": "cycle", "states": 4, "count": 2}, {"do": "charge", "to": 0.3, "states": 1})
    result = holdersim.run(small, tmp_path, pictures=False, fields=False)
    data = result.maps["cycle_cathode_pressure"]
    assert data.dims == ("state", "y_cathode", "x_cathode")
    assert result.maps["soc"].values == pytest.approx([0, 0.5, 1, 0.5, 0])
    area = result.maps["cathode_area"]
    means = (data.fillna(0) * area).sum(("y_cathode", "x_cathode")) / area.sum()
    history = result.summary["history"]
    assert means.values == pytest.approx(column(history[4:9], "cathode: mean [MPa]"), rel=1e-9)
    assert [r["step"] for r in history] == ["tighten", *["cycle"] * 8, "charge"]
    last = result.at("charge")["interfaces"]["cathode"]
    for key in ("CV [-]", "p5 [MPa]", "p95 [MPa]"):
        assert history[-1][f"cathode: {key}"] == pytest.approx(last[key], rel=1e-9)
    assert "temperature [K]" not in history[-1] and "fluid_pressure_MPa" not in history[-1]


def test_pads_relax_while_the_cell_breathes() -> None:
    """Pads and springs: their closure and length are followed; a slower charge leaves less force."""
    pads = {"kind": "gasketed_uniaxial", "spring": SPRUNG["spring"], "inset": "7 mm"}
    holder = PLATES | pads | {"pad": {"length": "9 mm", "width": "9 mm", "thickness": "2 mm"}}
    force = {}
    for duration in ("1 s", "10 h"):
        history = rows(case({"do": "charge", "states": 1, "duration": duration}, holder=holder))
        force[duration] = column(history, "force of b1 [N]")
        assert (column(history, "compression of top_pad [um]") > 10).all()
        assert (column(history, "spring length of b1 [mm]") > 1).all()
        assert column(history, "thickness change [um]")[1] > 5
    assert force["10 h"][0] == force["1 s"][0] and force["10 h"][1] < force["1 s"][1] - 0.01
