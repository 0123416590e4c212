"""Plunger cell as a holder: pellet, die, bolts, what is told about wall friction, what is refused."""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np
import pytest

from holdersim.assembly import Block, LayerStack
from holdersim.case import Case
from holdersim.errors import CaseError

TIGHTEN = {"do": "tighten", "pressure": "20 MPa", "area": "cathode"}


def case(cell: dict[str, Any] | None = None, **keys: Any) -> Case:
    """A pellet in a die with these keys."""
    data = {"holder": {"kind": "plunger_die", **keys}, "cell": cell or {"kind": "pellet"}, "steps": [TIGHTEN]}
    return Case.model_validate(data)


def test_pellet_and_plungers() -> None:
    """Discs as squares of their area between guided plungers; the force is the pressure on the bore."""
    made = case()
    assembly = made.assembly()
    low, pellet, high = assembly.solids
    assert isinstance(pellet.shape, LayerStack) and isinstance(low.shape, Block)
    assert [la.name for la in pellet.shape.layers] == ["Si", "separator", "cathode"]
    assert {round(la.footprint.area, 9) for la in pellet.shape.layers} == {round(pi / 4 * 169, 9)}
    assert (low.z, pellet.z, high.z) == pytest.approx((-20.0, 0.0, 0.62))
    assert pellet.fixed == {"sides": "xy"} and low.fixed == high.fixed
    assert made.closing_force() == pytest.approx(20 * pi / 4 * 169)
    assert {b.seats for b in assembly.bolts} == {("bottom_plunger.bottom", "top_plunger.top")}
    assert [p.layer for p in assembly.planes] == ["cell.cathode"]
    assert np.hypot(*np.array(list(made.holder.bolt_places().values())).T) == pytest.approx(30.0)


def test_a_tilted_plunger_and_an_uneven_pellet_open_the_gap() -> None:
    """Flatness of the plungers on both sides, thickness variation of the pellet on its top."""
    cell = {"kind": "pellet", "thickness_variation": {"tilt": {"rise": "4 um"}}}
    made = case(cell, top={"tilt": {"rise": "2 um"}}, bottom={"dish": "-3 um"})
    bottom, top = (i.gap for i in made.assembly().interfaces)
    assert callable(bottom) and callable(top)
    half = (pi / 4 * 169) ** 0.5 / 2
    assert top(np.array([-half, half]), np.zeros(2)) == pytest.approx([0.0, 6e-3])
    assert bottom(np.array([0.0, half]), np.array([0.0, half])) == pytest.approx([0.0, 3e-3])


def test_wall_friction_is_told() -> None:
    """What reaches each level and the force needed are in the warnings, with the word that the maps do not have it."""
    (told,) = case().warnings
    assert "closed form, not in the maps" in told and "1 MPa all over the cathode needs 133.1 N" in told
    assert "cathode | separator 99.76 %" in told and "Si | lower plunger 98.42 %" in told
    assert "Si | lower plunger 100 %" in case(friction=0.0).warnings[0]
    assert "Si | lower plunger 100 %" in case(die_stands=False).warnings[0]
    elastic = case(wall="elastic").holder.column(case().cell).loss  # type: ignore[attr-defined]
    assert 0 < elastic < case().holder.column(case().cell).loss / 3  # type: ignore[attr-defined]


def test_numbers_of_wall_friction() -> None:
    """What arrives below and what the die carries add up to the force on the upper plunger."""
    made, area = case(), pi / 4 * 169
    found = made.holder.along_wall(made.cell, 1000.0)  # type: ignore[attr-defined]
    assert found["pressure at upper plunger | cathode [MPa]"] == pytest.approx(1000 / area)
    below = found["pressure at Si | lower plunger [MPa]"] * area
    assert below + found["force of wall friction on the die [N]"] == pytest.approx(1000.0)
    assert list(found.values())[:4] == sorted(list(found.values())[:4], reverse=True)


def test_any_single_cell_can_be_pressed_into_a_die() -> None:
    """Its layers become discs of the area of the cathode, and that is told."""
    made = case({"kind": "two_electrode"})
    assert "its layers are taken as discs of the area of the cathode, 25.85 mm across" in made.warnings[0]
    stack = made.assembly().solids[1].shape
    assert isinstance(stack, LayerStack)
    assert [la.name for la in stack.layers] == ["Cu", "Si", "separator", "cathode", "Al"]
    assert made.closing_force() == pytest.approx(20 * 525)


@pytest.mark.parametrize(
    ("cell", "keys", "words"),
    [
        ({"kind": "pile", "stack": [{"cell": {"kind": "two_electrode"}}] * 2}, {}, "a die holds one cell, not a pile"),
        (None, {"die_outer": "13 mm"}, 'holder.die_outer = 13 mm: leaves no wall around the bore of 13 mm'),
        (None, {"bolt_circle": "44 mm"}, "holder.bolt_circle: bolts on a circle of 44 mm cut into the die of 40 mm."),
        (None, {"friction": 1.5}, "holder.friction = 1.5: must be less than or equal to 1."),
        ({"kind": "pellet", "laminate": {}}, {}, "cell.laminate: unknown key."),
        (None, {"top": {"tilt": {"rise": "50 um"}}}, "the gap never closes"),
    ],
)  # fmt: skip
def test_refused(cell: dict[str, Any] | None, keys: dict[str, Any], words: str) -> None:
    """What makes no plunger cell."""
    with pytest.raises(CaseError) as caught:
        case(cell, **keys)
    assert words in str(caught.value)
