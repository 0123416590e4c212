"""Steps with the bolts locked: what is refused, in which order they go, the times of a hold and its history."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import holdersim
from holdersim.case import Case
from holdersim.errors import CaseError
from holdersim.fluid import Charge
from holdersim.holding import Hold, Locked
from holdersim.holding import grown as volume
from holdersim.schedule import STEPS

TIGHTEN = {"do": "tighten", "pressure": "1 MPa", "area": "cathode"}
FILL = {"do": "pressurise", "pressure": "2 MPa"}
HEAT = {"do": "heat", "temperature": "60 degC"}
WAIT = {"do": "hold", "time": "1 h"}
CHAMBER = {"kind": "isostatic_chamber"}
BARE = {"kind": "bare_uniaxial"}
PADS = {"kind": "gasketed_uniaxial"}
AIR: dict[str, Any] = {"kind": "closed_gas", "gas": "air", "temperature": "30 degC"}
SHUT: dict[str, Any] = CHAMBER | {"fluid": AIR}


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


CHARGE = {"do": "charge"}
EMPTY = {"do": "discharge"}
CYCLE = {"do": "cycle"}


@pytest.mark.parametrize(
    ("holder", "steps", "words"),
    [
        (BARE, [CHARGE, TIGHTEN], 'steps[0]: the bolts are loose. Begin with do = "tighten".'),
        (CHAMBER, [TIGHTEN, CHARGE], 'steps[1]: there is no fluid to press the cell. Put "pressurise" before it.'),
        (BARE, [TIGHTEN, EMPTY], 'steps[1].to: the cell is at SOC 0 by then: nothing is discharged.'),
        (BARE, [TIGHTEN, CHARGE, CHARGE], "steps[2].to: the cell is at SOC 1 by then: nothing is charged."),
        (BARE, [TIGHTEN, CHARGE, CYCLE], "steps[2].high: the cell is at SOC 1 by then"),
        (BARE, [TIGHTEN, CHARGE | {"to": 80}], "a state of charge lies in 0 to 1. Did you mean 0.8 (80 %)?"),
        (BARE, [TIGHTEN, CHARGE | {"to": "80 %"}], "a state of charge is a plain number from 0 to 1."),
        (BARE, [TIGHTEN, CYCLE | {"low": 0.8, "high": 0.2}], "low = 0.8 is not below high = 0.2. Swap?"),
        (BARE, [TIGHTEN, CYCLE | {"states": 5}], "steps[1].states"),
        (BARE, [TIGHTEN, CYCLE | {"count": 10000}], "200000 states; at most 20000 in one step."),
        (PADS, [TIGHTEN, CHARGE], "steps[1].duration: is missing: a pad of the holder relaxes meanwhile."),
        (PADS, [TIGHTEN, CYCLE], "steps[1].duration: is missing"),
        (PADS, [TIGHTEN, HEAT], "steps[1].duration: is missing"),
        (BARE, [TIGHTEN, {"do": "cool", "temperature": "40 degC"}], "is at 25 degC by then: that would heat"),
        (BARE, [TIGHTEN, {"do": "heat", "temperature": "20 degC"}], 'that would cool it. Write do = "cool".'),
        (BARE, [TIGHTEN, {"do": "cool", "temperature": "-150 degC"}], "a temperature lies in -100 to 400 degC."),
        (BARE, [TIGHTEN, {"do": "repressurise"}], "steps[1]: the pressure was not taken away."),
        (BARE, [TIGHTEN, *[{"do": "depressurise"}] * 2], "steps[2]: the pressure is gone already."),
        (CHAMBER, [TIGHTEN, {"do": "depressurise"}], "steps[1]: there is no fluid to vent."),
        (CHAMBER, [TIGHTEN, FILL, {"do": "depressurise", "share": 0.1}], "belongs to bolts: a fluid is vented."),
        (SHUT, [TIGHTEN, FILL, HEAT, FILL, {"do": "cool", "temperature": "70 degC"}], "that would heat it"),
    ],
)  # fmt: skip
def test_steps_that_cannot_follow(holder: dict[str, Any], steps: list[dict[str, Any]], words: str) -> None:
    """Each is told with its place, what is known by then, and what to do."""
    said = mistakes(holder, *steps)
    assert any(words in line for line in said), said


def test_a_cell_that_does_not_know_its_capacity() -> None:
    """A stack says nothing of how much lithium moves; it is asked for when a step charges it, not before."""
    sheet = {"length": "20 mm", "width": "15 mm"}
    named = (
        ("Si", "anode", "uSi", "10 um"),
        ("separator", "separator", "LPSCl", "0.2 mm"),
        ("NCM", "cathode", "NCM811-LPSCl", "0.1 mm"),
    )
    sheets = [sheet | {"name": n, "role": r, "material": m, "thickness": t} for n, r, m, t in named]
    stack = {"kind": "stack", "sheets": sheets, "laminate": {"length": "30 mm", "width": "20 mm"}}
    case(BARE, TIGHTEN, cell=stack)
    with pytest.raises(CaseError, match=r"steps\[1\]: the cell does not say capacity, np_ratio, efficiency"):
        case(BARE, TIGHTEN, CHARGE, cell=stack)


def test_valve_and_holder_at_different_temperatures() -> None:
    """Told where temperatures are followed; refused after a step has set another one."""
    (said,) = (w for w in case(SHUT, TIGHTEN, FILL, HEAT).warnings if "valve" in w)
    assert said.startswith("steps[1]: the valve is closed at 30 degC, the holder is at 25 degC by then")
    assert not any("valve" in w for w in case(SHUT, TIGHTEN, FILL).warnings)
    assert not any("valve" in w for w in case(SHUT, TIGHTEN, FILL, HEAT, temperature="30 degC").warnings)


# -- amounts without a solve ---------------------------------------------------------------------------------


def after(followed: Case, **given: float) -> list[dict[str, float]]:
    """Amounts after each state of all locked steps."""
    out, amounts = [], followed.begun(given)
    for step in followed.steps:
        for aim in step.aims(amounts) if isinstance(step, Locked) else ():
            amounts = followed.brought(amounts, aim)
            out.append(amounts)
    return out


def test_a_closed_chamber_of_100_ml_warms_and_grows(tmp_path: Path) -> None:
    """Air at 5 MPa and 30 degC: 0.0188 MPa / K; 7.0 uL of growth 0.00036 MPa (physics of a closed charge)."""
    free = case(SHUT, TIGHTEN, FILL).holder.free_volume(case(SHUT, TIGHTEN).cell)  # type: ignore[attr-defined]
    full = SHUT | {"fluid": SHUT["fluid"] | {"more": f"{100 - free / 1e3:.9f} mL"}, "rating": "6 MPa"}
    fill = FILL | {"pressure": "5 MPa"}
    amounts = after(case(full, TIGHTEN, fill, HEAT | {"temperature": "31 degC"}))
    assert amounts[-1]["pressure"] - amounts[0]["pressure"] == pytest.approx(0.0188, abs=5e-5)
    thicker = {"Si": "dt [um]"}
    file = tmp_path / "growth.csv"
    file.write_text("t [h],dt [um]\n0,0\n1,13.333333333\n", encoding="utf-8")
    step = {"do": "protocol", "file": str(file), "thickness": thicker}
    grown = case(full, TIGHTEN, fill, step)
    now = after(grown)[-1]
    assert volume(grown.cell, now) == pytest.approx(7.0, rel=1e-9), "13.3 um on 5.25 cm2"
    assert now["pressure"] - 5.0 == pytest.approx(0.00036, abs=5e-6)


def test_a_charge_vented_and_filled_again() -> None:
    """Nothing moves the pressure of an open chamber; filled again on a warm, grown cell it is what it was."""
    down, up = {"do": "depressurise"}, {"do": "repressurise"}
    charge = CHARGE | {"states": 1}
    steps = (TIGHTEN, FILL, HEAT, down, charge, {"do": "cool", "temperature": "40 degC"}, up, HEAT)
    filled, warm, vented, charged, cooled, again, warmer = after(case(SHUT, *steps, temperature="30 degC"))
    assert warm["pressure"] > filled["pressure"] == 2.0
    assert vented["pressure"] == charged["pressure"] == cooled["pressure"] == 0.0
    assert charged["swell:cell.Si"] > 0.5
    assert again["pressure"] == warm["pressure"]
    gas = case(SHUT, TIGHTEN).holder.fluid  # type: ignore[attr-defined]
    expected = gas.pressure(Charge(warm["pressure"], 313.15, 1e5), 333.15, 1e5)
    assert warmer["pressure"] == pytest.approx(expected, rel=1e-9)
    assert warmer["warming"] == pytest.approx(30.0)


def test_temperatures_on_the_way() -> None:
    """Evenly, the last met to the digit; the fluid's filling brings all to the temperature of its valve."""
    heat = HEAT | {"states": 4, "duration": "2 h"}
    filled, *way = after(case(SHUT, TIGHTEN, FILL, heat))
    assert filled["temperature"] == pytest.approx(303.15) and filled["warming"] == pytest.approx(5.0)
    assert [a["temperature"] for a in way] == pytest.approx([310.65, 318.15, 325.65, 333.15])
    (step,) = (s for s in case(SHUT, TIGHTEN, FILL, heat).steps if s.kind_name == "heat")
    assert [a.seconds for a in step.aims(filled)] == [1800.0] * 4


def test_what_steps_do_not_need_is_not_built() -> None:
    """Handles for growth and warmth only where a step asks for them: other cases keep their bodies."""
    plain = {s.name: s for s in case(BARE, TIGHTEN).assembly().solids}
    charged = {s.name: s for s in case(BARE, TIGHTEN, CHARGE).assembly().solids}
    warmed = {s.name: s for s in case(BARE, TIGHTEN, HEAT).assembly().solids}
    assert not any(s.swelling or s.warms for s in plain.values())
    assert charged["cell"].swelling == ("Si", "cathode") and not charged["cell"].warms
    assert charged["top_plate"] == plain["top_plate"] == replace(warmed["top_plate"], warms=False)
    assert replace(warmed["cell"], warms=False) == plain["cell"]
    assert case(BARE, TIGHTEN).identity() == case(BARE, TIGHTEN, temperature="25 degC").identity()


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
