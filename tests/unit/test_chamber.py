"""The isostatic chamber as data: sizes, bolts, masses, closed forms, O-ring, and every refusal in words."""

from __future__ import annotations

from math import hypot, pi
from typing import Any

import pytest
from pydantic import ValidationError

from holdersim.assembly import Rect, Round, Vessel
from holdersim.chamber import ORing, allowable, flat_cover, frame_stress, leak, round_wall, separation
from holdersim.errors import GeometryError
from holdersim.geometry.mesh import mesh_shape
from holdersim.holder import Mesh, holders, mirror_planes
from holdersim.materials.library import material
from holdersim.results import drawing
from holdersim.schema import mistakes
from holdersim.stacks import CELLS

SIZES = Mesh().sizes(0.5)


def chamber(**keys: Any) -> Any:
    return holders()["isostatic_chamber"].model_validate(keys)


def cell(kind: str = "two_electrode", **keys: Any) -> Any:
    return CELLS[kind].model_validate(keys)


def said(**keys: Any) -> str:
    """All mistakes and warnings of a chamber around the paper's cell."""
    wrong, warn = chamber(**keys).check(cell())
    return "\n".join([*map(str, wrong), *warn])


def test_closed_forms() -> None:
    """V17 and V18 for S 137 MPa: UG-27 1.8657, UG-34 with C 0.30 10.464; V18b: 190 + 25 MPa."""
    assert allowable(material("SS304")) == pytest.approx(2 / 3 * 205)
    stress = 137.0
    assert round_wall(50, 5, stress) == pytest.approx(1.8657, rel=1e-4)
    assert flat_cover(Round(50), 0.0, 5, stress) == pytest.approx(10.464, rel=1e-4)
    assert flat_cover(Round(50), 10.0, 5, stress) > flat_cover(Round(50), 5.0, 5, stress) > 10.464
    assert frame_stress(Rect.centred(100, 60), 10, 5) == pytest.approx(190 + 25)
    assert frame_stress(Rect.centred(60, 100), 10, 5) == pytest.approx(190 + 25)
    square = flat_cover(Rect.centred(100, 100), 0.0, 5, stress)
    assert square == pytest.approx(100 * (0.3 * 5 / stress) ** 0.5)
    assert flat_cover(Rect.centred(1000, 100), 0.0, 5, stress) == pytest.approx(square * 2.5**0.5)


def test_the_chamber_around_the_paper_s_cell() -> None:
    """Cell on the floor, lid turned over on the flange; everything mirrored; one level in the cathode."""
    a = chamber().build(cell(), SIZES)
    pouch, vessel, lid = a.solids
    assert (pouch.z, vessel.z, lid.z, lid.flip) == (0.0, -12.0, 36.0, True)
    assert (pouch.fluid, vessel.fluid, lid.fluid) == (
        ("bottom", "top", "ramps", "sides"),
        ("inside",),
        ("inside",),
    )
    parts = {part["name"]: part for part in drawing(a)["plates"]}
    assert parts["lid"]["press_z"] == parts["vessel"]["press_z"] == 20 and parts["lid"]["z1"] == 36
    assert isinstance(vessel.shape, Vessel) and sum(s.height for s in vessel.shape.slabs) == 12 + 20
    assert [(p.name, p.layer) for p in a.planes] == [("cathode", "cell.cathode")]
    assert mirror_planes(a) == ("x0", "y0") and len(a.bolts) == 8
    quarter = chamber().build(cell(), SIZES, ("x0", "y0"))
    assert sum(b.share for b in quarter.bolts) == 2 and {s.symmetry for s in quarter.solids} == {("x0", "y0")}
    assert {s.split(".")[1] for b in quarter.bolts for s in b.seats} == {"seat:b1", "seat:b2"}


@pytest.mark.parametrize("keys", [{}, {"shape": "box", "bolts": 12}, {"bolts": 6, "bolt": "M8"}], ids=str)
def test_bolts_stand_evenly_and_mirrored(keys: dict[str, Any]) -> None:
    """Clear of wall and rim by 1 mm; the mesh takes them, and its volume is the mass."""
    h = chamber(**keys)
    places = list(h.bolt_places().values())
    assert len(places) == h.bolts == len(set(places))
    assert {(-x, y) for x, y in places} == set(places) == {(x, -y) for x, y in places}
    if h.shape == "cylinder":
        beside = {round(hypot(x, y) - h.inner.radius - h.wall, 6) for x, y in places}
        assert beside == {h.bolt_type()[0].washer_outer / 2 + 1}
    for shape, name in ((h.vessel(SIZES), "vessel"), (h.cover(SIZES), "lid")):
        found = 4 * mesh_shape(shape, ("x0", "y0")).volume * h.material.density
        assert found == pytest.approx(h.masses()[name], rel=1e-6)
    (flange,) = h.build(cell(), SIZES).interfaces
    assert flange.region.x1 / flange.pixel == pytest.approx(round(flange.region.x1 / flange.pixel))


def test_masses_and_volume() -> None:
    h = chamber(fittings={"valve": "0.2 kg"})
    m = h.masses()
    assert m["lid"] == pytest.approx(8e-9 * 16 * (pi * 59.5**2 - 8 * pi / 4 * 6.6**2))
    assert (m["valve"], m["gauge"]) == pytest.approx((2e-4, 9e-5))
    assert h.free_volume(cell()) == pytest.approx(pi * 37**2 * 20, rel=0.01)


def test_o_ring() -> None:
    """Squeeze 20 % of 3.53 mm: 1 to 3 MPa and 1 to 5 N/mm at 70 Shore A; more squeeze, more of both; gap limits."""
    ring = ORing()
    assert 1 < ring.line_load(0.2) < 5 and 1 < ring.contact_stress(0.2) < 3
    assert ring.line_load(0.3) > 1.5 * ring.line_load(0.2) and ring.contact_stress(0.0) == 0
    assert ring.contact_stress(0.2, 5.0) == pytest.approx(ring.contact_stress(0.2) + 5)
    assert (ring.gap_limit(5), ring.gap_limit(10)) == pytest.approx((0.25, 0.15))
    assert ORing.model_validate({"back_up": True}).gap_limit(50) == float("inf")
    assert ORing.model_validate({"hardness": 90}).gap_limit(10) > ring.gap_limit(10)


@pytest.mark.parametrize(("keys", "gap", "words"), [
    ({}, 0.02, ""), ({}, 0.3, "the gap of 0.3 mm lets the ring out (at most 0.25 mm)"),
    ({"back_up": True}, 0.4, "8.67 % squeeze is left, 10 % are needed"),
    ({"back_up": True, "least": 0.001, "squeeze": 0.1}, 0.353, "squeeze is left"),
])  # fmt: skip
def test_leaks(keys: dict[str, Any], gap: float, words: str) -> None:
    found = leak(ORing.model_validate(keys), gap, 5.0)
    assert words in found.why and bool(found.why) == bool(words)
    assert found.squeeze == pytest.approx(ORing.model_validate(keys).squeeze - gap / 3.53)


def test_separation_is_that_of_the_pixels_at_the_seal() -> None:
    import numpy as np

    x, y = np.meshgrid(np.arange(-9.5, 10), np.arange(-9.5, 10))
    gap = np.where(np.hypot(x, y) > 4, 0.01 * np.abs(x), np.nan)
    assert separation(Round(6), x, y, gap, 1.0) == pytest.approx(0.065)
    assert separation(Rect.centred(12, 18), x, y, gap, 1.0) == pytest.approx(0.065)
    with pytest.raises(GeometryError, match="no pixel of the flange"):
        separation(Round(2), x, y, gap, 1.0)


@pytest.mark.parametrize(("keys", "words"), [
    ({"diameter": "60 mm"}, "holder.diameter: the pouch of 60 x 30 mm does not fit into a bore of 60 mm."),
    ({"shape": "box", "width": "25 mm"}, "does not fit into a cavity of 66 x 25 mm."),
    ({"depth": "0.5 mm", "flange": "0.4 mm"}, "holder.depth: the cell is 0.574 mm high, the chamber 0.5 mm deep."),
    ({"bolts": 40}, "holder.bolts: 40 bolts stand 8.16 mm apart, their washers overlap."),
    ({"bolts": 4, "bolt": "M3", "rating": "10 MPa"}, "the lid is lifted with 51.2 kN at 10 MPa."),
    ({"lid": "8 mm"}, "holder.lid: 8 mm, a flat cover by UG-34 needs"),
    ({"wall": "1 mm"}, "holder.wall: 1 mm, a round wall by UG-27 needs 1.38 mm at 5 MPa"),
    ({"shape": "box", "wall": "3 mm"}, "in a long box of 3 mm by Appendix 13, 1.5 S is 205 MPa"),
    ({"seal": {"squeeze": 0.4}}, "holder.seal.squeeze: 0.4, usual for a lid is 0.15 to 0.30"),
    ({"rating": "12 MPa", "bolts": 12, "bolt": "M8", "lid": "40 mm"}, "lets 70 Shore A out: use a back-up ring"),
    ({"depth": "60 mm"}, "in 257.4 mL stores 2.21 kJ (0.52 g TNT)"),
    ({"material": {"E": "200 GPa", "nu": 0.3}}, "no allowable stress for custom, wall and lid are not checked"),
], ids=lambda v: v if isinstance(v, str) else "")  # fmt: skip
def test_what_is_refused_or_warned_of(keys: dict[str, Any], words: str) -> None:
    assert words in said(**keys)


@pytest.mark.parametrize(("keys", "words"), [
    ({"length": "70 mm"}, "a cylinder has no length."),
    ({"shape": "box", "diameter": "70 mm"}, "a box has no diameter."),
    ({"depth": "10 mm"}, "the flange is as high as the chamber is deep."),
    ({"bolts": 7}, "multiple of 2"),
    ({"seal": {"cord": 3}}, "has no unit"),
    ({"fluid": {"kind": "closed_gas"}}, "fluid.gas"),
    ({"fittings": {"gauge": "90 mm"}}, "is a length, not a mass"),
    ({"lids": "8 mm"}, 'unknown key. Did you mean "lid"?'),
])  # fmt: skip
def test_mistakes_in_the_table(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        chamber(**keys)
    assert words in "\n".join(str(m) for m in mistakes(caught.value))


def test_a_pile_of_pouches() -> None:
    """Every pouch is wet all around and has a level in its cathode; one that is moved aside must fit too."""
    pouch = {"cell": {"kind": "two_electrode"}}
    two = cell("pile", stack=[pouch, pouch | {"x": "1 mm", "flat_side": "above"}])
    a = chamber().build(two, SIZES)
    assert [s.name for s in a.solids] == ["cell_1", "cell_2", "vessel", "lid"]
    assert a.solids[1].flip and a.solids[1].fluid == a.solids[0].fluid and len(a.interfaces) == 1
    assert [p.layer for p in a.planes] == ["cell_1.cathode", "cell_2.cathode"]
    assert chamber().check(two)[0] == []
    far = cell("pile", stack=[pouch, pouch | {"x": "6 mm"}])
    assert [m.where for m in chamber().check(far)[0]] == ["holder.diameter"]


def test_pressure_above_the_rating() -> None:
    h = chamber(rating="3 MPa")
    (wrong,), _ = h.fluid_check("steps[1].pressure", 5.0, cell())
    assert str(wrong) == ("steps[1].pressure: 5 MPa is above the rating of 3 MPa. Lower the pressure, or raise "
                          "holder.rating.")  # fmt: skip
    assert h.fluid_check("steps[1].pressure", 3.0, cell()) == ([], [])


def test_a_closed_charge_warms_up() -> None:
    """V32: air shut in at 30 degC and 5.101 MPa absolute gains 0.1875 MPa in 10 K; a regulator keeps what it had."""
    shut = chamber(fluid={"kind": "closed_gas", "gas": "air", "temperature": "30 degC"})
    assert shut.warmed(cell(), 5.0, 313.15) - 5.0 == pytest.approx(0.1875, rel=2e-3)
    assert chamber().warmed(cell(), 5.0, 313.15) == 5.0


def test_a_sound_chamber_says_nothing() -> None:
    assert said() == "" and said(shape="box", wall="8 mm", bolts=12) == ""
