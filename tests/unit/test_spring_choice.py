"""Springs in a case file: what is refused and in which words, what they change in bolts and loads."""

from __future__ import annotations

from typing import Any

import pytest

from holdersim.case import Case
from holdersim.errors import CaseError, PhysicsRefused
from holdersim.springs import Belleville, Coil, SprungBolt

COIL = {
    "kind": "coil",
    "wire": "2 mm",
    "diameter": "10 mm",
    "turns": 5,
    "total_turns": 7,
    "free_length": "30 mm",
}
DISCS = {"kind": "belleville", "size": "A12.5", "series": 8}
PRESS = {"pressure": "1 MPa", "area": "cathode"}
RATE = 79.3e3 * 2**4 / (8 * 10**3 * 5)


def data(spring: dict[str, Any] | None, **load: Any) -> dict[str, Any]:
    """A bare holder with springs under its bolts."""
    holder = {"kind": "bare_uniaxial"} | ({"spring": spring} if spring else {})
    return {
        "holder": holder,
        "cell": {"kind": "two_electrode"},
        "steps": [{"do": "tighten", **(load or PRESS)}],
    }


def told(spring: dict[str, Any] | None, **load: Any) -> str:
    """What a case is told."""
    with pytest.raises(CaseError) as caught:
        Case.model_validate(data(spring, **load))
    return str(caught.value)


@pytest.mark.parametrize(
    ("spring", "words"),
    [
        ({**COIL, "turns": None}, "holder.spring: give turns or spring_rate, one of both."),
        ({**COIL, "spring_rate": "20 N/mm"}, "give turns or spring_rate, one of both."),
        ({**COIL, "total_turns": None}, "give solid_height or total_turns, one of both."),
        ({**COIL, "wire": "6 mm"}, "mean diameter 10 mm is less than two wires of 6 mm."),
        ({**COIL, "free_length": "14 mm"}, "free length 14 mm does not exceed the solid height 14 mm."),
        ({**COIL, "diameter": "7 mm"}, "its bore of 5 mm does not pass the bolt M6."),
        ({**COIL, "kind": "coils"}, 'there is no kind "coils". Did you mean "coil"?'),
        ({**COIL, "free_length": "30 N"}, "holder.spring.free_length"),
        ({"kind": "belleville", "size": "A13"}, 'there is no size "A13" of DIN 2093 here. Did you mean "A1'),
        ({"kind": "belleville"}, "give size, or outer, inner, thickness and height."),
        ({**DISCS, "outer": "20 mm"}, "give size, or outer, inner, thickness and height."),
        (
            {"kind": "belleville", "outer": "10 mm", "inner": "9 mm", "thickness": "1 mm", "height": "1 mm"},
            "outer 10 mm must be 1.2 times inner 9 mm or more.",
        ),
        ({**DISCS, "size": "A10"}, "its bore of 5.2 mm does not pass the bolt M6."),
    ],
)
def test_refused(spring: dict[str, Any], words: str) -> None:
    """Too little, too much, what does not fit."""
    assert words in told({k: v for k, v in spring.items() if v is not None})


def test_a_washer_carries_its_spring() -> None:
    """By default the washer is as wide as the spring; a given one may not be narrower."""
    case = Case.model_validate(data({**COIL, "diameter": "12 mm"}))
    assert case.holder.washer_outer() == 14.0  # type: ignore[attr-defined]
    narrow = data({**COIL, "diameter": "12 mm"})
    narrow["holder"]["washer"] = "12 mm"
    with pytest.raises(CaseError, match=r'14 mm reaches beyond its washer of 12 mm. Write washer = "14 mm"'):
        Case.model_validate(narrow)


def test_spring_in_the_bolt() -> None:
    """Bolts carry the spring, are longer by its length at half travel, and all of it is weighed."""
    plain, sprung = (Case.model_validate(data(s)).assembly() for s in (None, COIL))
    one, two = plain.bolts[0], sprung.bolts[0]
    assert one.spring is None and isinstance(two.spring, Coil)
    assert two.length - one.length == pytest.approx((30 + 7 * 2) / 2)
    assert two.stiffness < one.stiffness
    assert sprung.masses["spring b1"] == pytest.approx(two.spring.mass) and "spring b1" not in plain.masses
    assert sprung.masses["bolt b1"] > plain.masses["bolt b1"]


def test_no_spring_changes_no_identity() -> None:
    """A holder without springs is the same case as before there were any; one with springs is another."""
    assert Case.model_validate(data(None)).identity() != Case.model_validate(data(COIL)).identity()
    case = Case.model_validate(data(COIL))
    assert Case.model_validate(case.to_dict()).identity() == case.identity()
    assert "spring" not in Case.model_validate(data(None)).to_dict()["holder"]


def test_set_by_length() -> None:
    """Force by the characteristic: a coil compressed by 8 mm, discs by three quarters of their travel."""
    coil = Case.model_validate(data(COIL, spring_length="22 mm"))
    assert coil.closing_force() == pytest.approx(4 * 8 * RATE)
    discs = Belleville.model_validate({"size": "A12.5", "series": 8})
    length = f"{discs.free - 8 * 0.225:.6g} mm"
    assert Case.model_validate(data(DISCS, spring_length=length)).closing_force() == pytest.approx(
        4 * discs.force(8 * 0.225), rel=1e-5
    )


@pytest.mark.parametrize(
    ("spring", "load", "words"),
    [
        (
            COIL,
            {"pressure": "5 MPa", "area": "cathode"},
            "steps[0].pressure: bolt b1: springs reach solid height (14 mm) at 0.508 kN < 0.656 kN demanded.",
        ),
        (
            DISCS,
            {"force": "4 kN"},
            "steps[0].force: bolt b1: springs are flat (5.6 mm) at 0.855 kN < 1 kN demanded.",
        ),
        (COIL, {"spring_length": "12 mm"}, "springs reach solid height at 14 mm, above the 12 mm demanded."),
        (COIL, {"spring_length": "30 mm"}, "30 mm is not below the free length 30 mm."),
        (None, {"spring_length": "20 mm"}, "steps[0].spring_length: the bolts have no springs."),
        (
            COIL,
            {"spring_length": "20 mm", "force": "1 kN"},
            "has force and spring_length: give exactly one of",
        ),
    ],
)
def test_springs_that_bottom_out(spring: dict[str, Any] | None, load: dict[str, Any], words: str) -> None:
    """Coil-bound, flat, too long, no springs: told with the numbers."""
    assert words in told(spring, **load)


def test_a_force_beyond_the_travel_is_refused_by_the_spring_itself() -> None:
    """Also where no case is checked; a disc steeper than sqrt 2 ends at its largest force."""
    coil = Coil.model_validate({k: v for k, v in COIL.items() if k != "kind"})
    with pytest.raises(PhysicsRefused, match=r"reach solid height \(14 mm\) at 0.508 kN < 0.6 kN demanded"):
        coil.compression(600.0)
    steep = Belleville.model_validate(
        {"outer": "50 mm", "inner": "25.4 mm", "thickness": "2 mm", "height": "3.2 mm"}
    )
    with pytest.raises(PhysicsRefused, match=r"largest force \(h0/t = 1.6 > 1.414\)"):
        steep.compression(1.01 * steep.solid)
    with pytest.raises(PhysicsRefused, match="are flat"):
        Belleville.model_validate({"size": "A50"}).compression(16e3)


def test_a_bolt_with_a_spring_is_a_bolt() -> None:
    """Size and strength keep their numbers."""
    size, strength = Case.model_validate(data(COIL)).holder.bolt_type() or (None, None)
    assert isinstance(size, SprungBolt) and size.name == "M6" and strength and strength.name == "8.8"
    assert size.stress_area == pytest.approx(20.12, abs=0.01)
