"""Steps with the bolts locked: what is refused, in which order they go, the times of a hold and its history."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import holdersim
from holdersim.case import Case
from holdersim.errors import CaseError
from holdersim.holding import Hold
from holdersim.schedule import STEPS

TIGHTEN = {"do": "tighten", "pressure": "1 MPa", "area": "cathode"}
FILL = {"do": "pressurise", "pressure": "2 MPa"}
HEAT = {"do": "heat", "temperature": "60 degC"}
WAIT = {"do": "hold", "time": "1 h"}
CHAMBER = {"kind": "isostatic_chamber"}
BARE = {"kind": "bare_uniaxial"}
PADS = {"kind": "gasketed_uniaxial"}


def case(holder: dict[str, Any], *steps: dict[str, Any], **tables: Any) -> Case:
    """A case with this holder and these steps."""
    data = {"holder": holder, "cell": {"kind": "two_electrode"}, "steps": list(steps)}
    return Case.model_validate(data | tables)


def mistakes(holder: dict[str, Any], *steps: dict[str, Any]) -> list[str]:
    """Where and what is wrong, with the hint."""
    with pytest.raises(CaseError) as caught:
        case(holder, *steps)
    return [f"{m.where}: {m.problem} {m.hint}" for m in caught.value.mistakes]


@pytest.mark.parametrize("holder", [BARE, PADS], ids=lambda h: str(h["kind"]))
def test_a_holder_without_a_fluid(holder: dict[str, Any]) -> None:
    """It cannot be filled, but heated."""
    (said,) = mistakes(holder, TIGHTEN, FILL, HEAT | {"duration": "1 h"})
    assert said == "steps[1].pressure: the holder has no fluid. Tighten its bolts."


def test_heat_needs_a_filling() -> None:
    (said,) = mistakes(CHAMBER, TIGHTEN, HEAT)
    assert said == 'steps[1]: there is no fluid to heat. Put "pressurise" before it.'
    assert mistakes(CHAMBER, TIGHTEN, HEAT, FILL)[0].startswith("steps[1]: there is no fluid")
    case(CHAMBER, TIGHTEN, FILL, HEAT)


@pytest.mark.parametrize("first", [FILL, WAIT], ids=lambda s: str(s["do"]))
def test_bolts_come_first(first: dict[str, Any]) -> None:
    (said,) = mistakes(CHAMBER, first, TIGHTEN, FILL)
    assert said == 'steps[0]: the bolts are loose. Begin with do = "tighten".'


def test_more_than_the_rating() -> None:
    (said,) = mistakes(CHAMBER | {"rating": "3 MPa"}, TIGHTEN, FILL | {"pressure": "3.5 MPa"})
    assert said.startswith("steps[1].pressure: 3.5 MPa is above the rating of 3 MPa.")
    case(CHAMBER | {"rating": "3 MPa"}, TIGHTEN, FILL | {"pressure": "3 MPa"})


@pytest.mark.parametrize(("holder", "relaxes"), [(BARE, False), (CHAMBER, False), (PADS, True)])
def test_holding_where_nothing_relaxes(holder: dict[str, Any], relaxes: bool) -> None:
    """Allowed, but pointless: a warning that names the step."""
    said = [w for w in case(holder, TIGHTEN, WAIT).warnings if "relaxes" in w]
    assert said == ([] if relaxes else ["steps[1]: nothing relaxes in this holder: holding changes nothing"])


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"do": "pressurise"}, "steps[0].pressure: is missing."),
        ({"do": "pressurise", "pressure": "2 mm"}, "pressure"),
        ({"do": "heat", "temperature": "60"}, "unit"),
        ({"do": "hold"}, "time"),
        ({"do": "hold", "time": "1 h", "states": 0}, "states"),
        ({"do": "hold", "time": "1 h", "state": 3}, 'Did you mean "states"?'),
        ({"do": "presurise", "pressure": "2 MPa"}, 'Did you mean "pressurise"?'),
        ({"do": "cool"}, "temperature"),
        ({"do": "film"}, "is not available yet."),
    ],
)
def test_mistakes_in_a_step(step: dict[str, Any], words: str) -> None:
    """A missing quantity, one of another kind, no unit, and names that do not exist."""
    assert any(words in line for line in mistakes(CHAMBER, step)), mistakes(CHAMBER, step)


def test_units_of_steps() -> None:
    """Units inside: MPa, K, s."""
    steps = case(CHAMBER, TIGHTEN, FILL | {"pressure": "20 bar"}, HEAT, WAIT).steps
    assert steps[1].pressure == pytest.approx(2.0)
    assert steps[2].temperature == pytest.approx(333.15)
    assert steps[3].time == pytest.approx(3600.0)
    again = Case.model_validate(case(CHAMBER, TIGHTEN, FILL, HEAT, WAIT).to_dict())
    assert again == case(CHAMBER, TIGHTEN, FILL, HEAT, WAIT)


def test_times_of_a_hold() -> None:
    """From 1 s to the end by equal factors; a short wait begins at a tenth; one state is the end alone."""
    times = np.array(Hold.model_validate({"time": "10000 s", "states": 4}).times)
    assert times == pytest.approx([1.0, 10.0, 100.0, 1e3, 1e4])
    assert Hold.model_validate({"time": "2 s", "states": 2}).times == pytest.approx([0.2, np.sqrt(0.4), 2.0])
    assert Hold.model_validate({"time": "1 h", "states": 1}).times == [3600.0]
    assert Hold.model_validate({"time": "1 h"}).states == 4
    assert {"tighten", "pressurise", "heat", "hold", "charge", "cycle", "protocol"} <= set(STEPS)


def test_a_held_case_has_a_history(tmp_path: Path) -> None:
    """Pads relax between locked plates: every moment is in the history, forces fall, the stiff holder's most."""
    cell = {
        "kind": "two_electrode",
        "cathode": {"length": "8 mm", "width": "8 mm"},
        "anode": {"length": "9 mm", "width": "9 mm"},
        "separator": {"length": "10 mm", "width": "10 mm"},
        "laminate": {"length": "12 mm", "width": "12 mm"},
    }
    plates = {"length": "32 mm", "width": "30 mm", "thickness": "4 mm", "bolt": "M4", "inset": "5 mm"}
    holder = PADS | plates | {"pad": {"length": "9 mm", "width": "9 mm", "thickness": "2 mm"}}
    coarse = {"grid": {"pixel": "1 mm", "film": "1 mm"}, "mesh": {"level": 0}, "cell": cell}
    hold = {"do": "hold", "time": "100 s", "states": 2}
    small = case(holder, TIGHTEN, hold, **coarse)
    result = holdersim.run(small, tmp_path, pictures=False, fields=False)
    rows = result.summary["history"]
    assert [r["step"] for r in rows] == ["tighten", "hold", "hold", "hold"]
    assert [r["time_s"] for r in rows] == pytest.approx([0.0, 1.0, 10.0, 100.0])
    bolts = [k for k in rows[0] if k.startswith("force of")]
    forces = np.array([[r[k] for k in bolts] for r in rows])
    assert (np.diff(forces, axis=0) < 0).all(), "every bolt loses force at every moment"
    last = np.array([r["mean pressure of cell_top [MPa]"] for r in rows])
    assert last[-1] / last[0] == pytest.approx(forces[-1, 0] / forces[0, 0], rel=1e-3)
    assert 0.9 < last[-1] / last[0] < 0.99, "two decades of 2 % each"
