"""Design studies: free variables, what is wrong with them, best designs and fronts; no solving here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from holdersim.errors import CaseError
from holdersim.schema import read_document
from holdersim.study.common import Limit
from holdersim.study.design import Design, Free, Tried, numbers_of
from holdersim.study.search import Found, explain

CASES = Path(__file__).parents[2] / "cases" / "studies"
THICK = {"set": "holder.thickness", "low": "4 mm", "high": "20 mm"}


def _study(**change: Any) -> Design:
    data = {"case": "bare_5MPa.toml", "least": ["mass [g]"], "evaluations": 10, "free": [THICK],
            "limits": [{"number": "cathode: CV [-]", "most": 0.5}]} | change  # fmt: skip
    return Design.model_validate(data, context={"folder": str(CASES), "name": "study"})


def _tried(number: int, thickness: float, cv: float, *goals: float, failure: str = "") -> Tried:
    excess = (cv / 0.5 - 1,)
    return Tried(
        number, {"holder.thickness": f"{thickness} mm"}, {"": {"cathode: CV [-]": cv}}, failure, goals, excess
    )


def test_studies_of_the_repository_are_read() -> None:
    for file in sorted(CASES.glob("*.toml")):
        text = file.read_text()
        if "[[free]]" in text:
            study = read_document(file, Design)
            assert study.name == file.stem and study.free and study.limits


def test_numbers_become_text_of_the_case_inside_the_bounds() -> None:
    f = Free(**THICK)
    assert f.bounds == (4.0, 20.0) and f.smooth
    assert f.written(7.123456789) == "7.12346 mm"
    assert f.written(3.0) == "4 mm" and f.written(25.0) == "20 mm"
    whole = Free(set="mesh.plate_layers", low=1, high=5, whole=True)
    assert whole.written(3.2) == 3 and not whole.smooth
    assert _study().designed({"holder.thickness": "7 mm"}).holder.thickness == 7.0  # type: ignore[attr-defined]


def test_load_cases_are_set_over_the_design() -> None:
    study = _study(loads=[{"name": "low", "set": {"steps[0].pressure": "1 MPa"}}])
    case = study.designed({"holder.thickness": "7 mm"}, study.loads[0])
    assert case.closing_force() == pytest.approx(525.0) and case.holder.thickness == 7.0  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"free": [{"set": "holder.thikness", "low": "4 mm", "high": "20 mm"}]}, "free[0], holder.thikness"),
        (
            {"free": [{"set": "holder.thickness", "low": "4 MPa", "high": "20 MPa"}]},
            "is a pressure, not a length",
        ),
        (
            {"free": [{"set": "holder.thickness", "low": "4 mm", "high": "2 cm"}]},
            "low and high need the same unit",
        ),
        (
            {"free": [{"set": "holder.thickness", "low": "9 mm", "high": "2 mm"}]},
            "low must be less than high",
        ),
        ({"free": [{"set": "holder.thickness", "low": "9 mm"}]}, "needs low and high, or among"),
        ({"free": [{"set": "holder.bolt", "among": ["M6"]}]}, "at least two values"),
        ({"free": [{"set": "holder.plate.material", "among": ["SS304", "Unobtainium"]}]}, "Unobtainium"),
        ({"free": [{"set": "nothing[3].at", "low": "1 mm", "high": "2 mm"}]}, "nothing: unknown key"),
        ({"least": []}, "the list is empty"),
        ({"least": ["a", "b", "c"]}, "at most two numbers"),
        (
            {"method": "smooth", "least": ["mass [g]", "cathode: CV [-]"]},
            "one goal and variables without steps",
        ),
        ({"limits": [{"number": "mass [g]"}]}, "either most or least"),
        ({"loads": [{"name": "a", "set": {}}, {"name": "a", "set": {}}]}, "the same name"),
        ({"evaluation": 3}, "Did you mean"),
    ],
)
def test_one_mistake_each(change: dict[str, Any], message: str) -> None:
    with pytest.raises(CaseError) as told:
        _study(**change)
    assert message in str(told.value), str(told.value)


def test_several_mistakes_are_told_at_once() -> None:
    wrong = [{"set": "holder.thickness", "low": "4 mm"}, {"set": "x", "among": ["M6"]}]
    with pytest.raises(CaseError) as told:
        _study(free=wrong, evaluations=1, limits=[{"number": "mass [g]"}])
    assert "4 mistake(s)" in str(told.value)


def test_best_design_keeps_the_limits_and_the_front_is_not_beaten() -> None:
    tried = (
        _tried(1, 4, 0.9, 1.0, 0.9),
        _tried(2, 8, 0.49, 2.0, 0.49),
        _tried(3, 9, 0.45, 2.5, 0.45),
        _tried(4, 10, 0.46, 2.6, 0.46),
        _tried(5, 9, 0.45, 2.5, 0.45),
        _tried(6, 12, 0.1, 9.0, 0.1, failure="broken"),
    )
    found = Found(_study(), tried, 6)
    assert found.best is tried[1]
    assert [t.number for t in found.front] == [2, 3]


def test_the_nearest_design_and_what_to_relax() -> None:
    limits = [{"number": "cathode: CV [-]", "most": 0.5}, {"number": "mass [g]", "most": 900.0}]
    study = _study(limits=limits)

    def tried(number: int, thickness: float, cv: float, mass: float) -> Tried:
        numbers = {"cathode: CV [-]": cv, "mass [g]": mass}
        excess = tuple(limit.excess(numbers[limit.number]) for limit in study.limits)
        return Tried(number, {"holder.thickness": f"{thickness} mm"}, {"": numbers}, "", (mass,), excess)

    found = Found(study, (tried(1, 6, 1.5, 500), tried(2, 10, 0.6, 850), tried(3, 20, 0.45, 1500)), 3)
    assert found.best is None
    text = explain(found)
    assert "holder.thickness 4 mm to 20 mm; 3 were tried" in text
    assert "Nearest: holder.thickness = 10 mm" in text
    assert (
        "cathode: CV [-] <= 0.5: 0.6, missed by 20 %. Best of all designs: 0.45. Relaxed to 0.6 it would do"
        in text
    )
    assert "mass [g] <= 900: 850, kept. Relaxed to 1500 it would do" in text
    assert "widen holder.thickness" in text
    assert found.refusal().exit_code == 4


def test_numbers_of_a_result_have_one_name_each() -> None:
    summary = {
        "mass_g": {"top_plate": 10.0, "bolt b1": 2.0, "cell": 5.0},
        "steps": [{"bolts": {"b1": {"force_N": 7.0}}, "interfaces": {"cathode": {"CV [-]": 0.3, "p5 [MPa]": None}},
                   "plates": {"top_plate": {"Peak-to-valley [um]": 4.0}}, "safety": {"yield of top_plate [-]": 2.0}}],
    }  # fmt: skip
    assert numbers_of(summary) == {
        "mass [g]": 12.0, "mass of top_plate [g]": 10.0, "mass of bolt b1 [g]": 2.0, "mass of cell [g]": 5.0,
        "cathode: CV [-]": 0.3, "top_plate: Peak-to-valley [um]": 4.0, "yield of top_plate [-]": 2.0,
        "largest bolt force [N]": 7.0,
    }  # fmt: skip


def test_yield_needs_the_stress_inside() -> None:
    assert not _study().needs_fields
    assert _study(
        limits=[Limit(number="yield of top_plate [-]", least=1.5).model_dump(exclude_none=True)]
    ).needs_fields
