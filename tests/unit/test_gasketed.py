"""The gasketed holder: pads that meet terraces, plates and each other; what is refused; what is drawn."""

from __future__ import annotations

from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from holdersim import pads
from holdersim.assembly import STICK, Assembly, Block, Interface, LayerStack, Rect
from holdersim.case import Case, read_case
from holdersim.cell import Cell
from holdersim.errors import CaseError
from holdersim.geometry.mesh import mesh_shape
from holdersim.holder import Mesh, holders, mirror_planes
from holdersim.materials.hyperelastic import NeoHookean
from holdersim.materials.rubber import Rubber
from holdersim.piles import cell_solids
from holdersim.results import drawing
from holdersim.stacks import Bilayer, TwoElectrode

ROOT = Path(__file__).parents[2]
WIDE = {"length": "100 mm", "width": "80 mm"}
SOFT = Rubber("soft", NeoHookean(0.41), 1250.0)


def holder(**keys: Any) -> Any:
    """The gasketed holder with these keys."""
    return holders()["gasketed_uniaxial"].model_validate(keys)


def built(
    cell: Cell | None = None, pixel: float = 1.0, symmetry: tuple[str, ...] = (), **keys: Any
) -> Assembly:
    """Its assembly around a cell."""
    return holder(**keys).build(cell or TwoElectrode(), Mesh().sizes(pixel), symmetry)


def face(assembly: Assembly, name: str) -> Interface:
    """An interface by name."""
    return next(i for i in assembly.interfaces if i.name == name)


def told(**keys: Any) -> str:
    """What a case with this holder is told."""
    steps = [{"do": "tighten", "force": "1 kN"}]
    with pytest.raises(CaseError) as caught:
        Case.model_validate(
            {
                "holder": {"kind": "gasketed_uniaxial", **keys},
                "cell": {"kind": "two_electrode"},
                "steps": steps,
            }
        )
    return str(caught.value)


def test_bodies_lie_on_each_other() -> None:
    """Plate, pad, cell on z = 0, pad, plate: each where the one below ends; faces are those that look at each other."""
    a = built(top_pad={"thickness": "2 mm"})
    heights = {}
    for s in a.solids:
        z = mesh_shape(s.shape).points[:, 2] * (-1 if s.flip else 1) + s.z
        heights[s.name] = (z.min(), z.max())
    t = TwoElectrode().thickness
    assert heights == {
        "bottom_plate": pytest.approx((-13, -3)),
        "bottom_pad": pytest.approx((-3, 0)),
        "cell": pytest.approx((0, t)),
        "top_pad": pytest.approx((t, t + 2)),
        "top_plate": pytest.approx((t + 2, t + 12)),
    }
    assert [(i.name, i.below, i.above) for i in a.interfaces] == [
        ("bottom_plate_pad", "bottom_plate.press", "bottom_pad.bottom"),
        ("cell_bottom", "bottom_pad.top", "cell.bottom"),
        ("cell_top", "cell.surface", "top_pad.bottom"),
        ("top_plate_pad", "top_pad.top", "top_plate.press"),
    ]
    assert a.bolts[0].length == pytest.approx(20 + t + 5 + 3.2)


def test_pads_find_the_terraces() -> None:
    """The pad meets the pouch as far as both go; below it lie the steps of the cell."""
    cell = TwoElectrode()
    top = face(built(cell), "cell_top")
    assert top.region == cell.regions["pouch"] and callable(top.gap)
    x = np.array([0.0, 19.0, 24.0, 29.0])  # cathode, anode, separator, margin
    steps = 0.128, 0.128 + 0.0196, 0.128 + 0.0196 + 0.200
    assert top.gap(x, np.zeros(4)) == pytest.approx([0, *steps])
    small = built(cell, pad={"length": "30 mm", "width": "12 mm"})
    assert face(small, "cell_top").region == face(small, "top_plate_pad").region == Rect.centred(30, 12)


def test_plates_press_on_pads_with_their_flatness() -> None:
    """The dish of a plate lies between plate and pad, not between pad and cell."""
    a = built(plate={"flatness": {"dish": "10 um"}})
    for side in ("bottom", "top"):
        gap = face(a, f"{side}_plate_pad").gap
        assert callable(gap) and gap(np.zeros(1), np.zeros(1)) == pytest.approx([0.010])
    assert face(a, "cell_bottom").gap is None


@pytest.mark.parametrize(("word", "value"), [("stick", STICK), ("frictionless", 0.0), (0.4, 0.4)])
def test_friction(word: Any, value: float) -> None:
    """On both faces of a pad; the case gives it back as it was written."""
    assert {i.friction for i in built(pad={"friction": word}).interfaces} == {value}
    assert holder(pad={"friction": word}).model_dump()["pad"]["friction"] == word
    one = built(top_pad={"friction": word})
    assert [i.friction for i in one.interfaces] == [STICK, STICK, value, value]


def test_pads_that_meet() -> None:
    """Larger than the pouch they may touch around it, a cell's height apart; over the pouch never."""
    cell = TwoElectrode()
    keys = {**WIDE, "pad": {"length": "70 mm", "width": "40 mm"}, "inset": "10 mm"}
    a = built(cell, **keys, top_pad={"friction": 0.3})
    around = face(a, "pads")
    assert (around.below, around.above, around.friction) == ("bottom_pad.top", "top_pad.bottom", 0.3)
    assert around.region == Rect.centred(70, 40) and callable(around.gap)
    assert around.gap(np.array([0.0, 33.0]), np.array([0.0, 18.0])).tolist() == [inf, cell.thickness]
    assert mirror_planes(a) == ("x0", "y0"), "an infinite gap on both sides is the same gap"
    assert not [i for i in built(cell).interfaces if i.name == "pads"]


def test_one_pad() -> None:
    """Below nothing: the plate presses the cell wherever the pad above reaches, with its flatness, without friction."""
    a = built(bottom_pad=False, plate={"flatness": {"dish": "10 um"}})
    assert [s.name for s in a.solids] == ["bottom_plate", "cell", "top_pad", "top_plate"]
    below = face(a, "cell_bottom")
    assert (below.below, below.above, below.friction) == ("bottom_plate.press", "cell.bottom", 0.0)
    assert callable(below.gap) and below.region == TwoElectrode().regions["pouch"]
    assert a.solids[0].z == 0.0
    small = face(built(bottom_pad=False, pad={"length": "10 mm"}), "cell_bottom").region
    assert small.x1 == 25.0, "the separator, though the pad is smaller"
    above = face(built(top_pad=False), "cell_top")
    assert (above.below, above.region) == ("cell.top", TwoElectrode().plateau), "metal finds no terraces"


@pytest.mark.parametrize("pixel", [1.0, 0.5])
def test_the_rubber_elements_are_the_pixels(pixel: float) -> None:
    """Elements of degree 2 of the pads are as large as the pixels, and the cell below them is finer."""
    a = built(pixel=pixel)
    shapes = [s.shape for s in a.solids]
    assert isinstance(shapes[2], LayerStack) and shapes[2].fine == Rect.centred(60, 30)
    assert shapes[2].size <= pixel / 2 + 1e-12
    for i in (1, 3):
        block = shapes[i]
        assert isinstance(block, Block)
        widest = max(np.diff(block.x).max(), np.diff(block.y).max())
        assert pixel / 2 < widest <= pixel + 1e-12 and 0.0 in block.x
    assert face(a, "top_plate_pad").pixel == face(a, "cell_top").pixel == pixel


def test_symmetry() -> None:
    """A quarter where all is mirrored; the mesh is cut there; a pile of cells off the middle is not."""
    a = built()
    assert mirror_planes(a) == ("x0", "y0")
    quarter = built(symmetry=("x0", "y0"))
    for name in ("bottom_pad", "top_pad"):
        solid = next(s for s in quarter.solids if s.name == name)
        mesh = mesh_shape(solid.shape, solid.symmetry)
        assert mesh.points.min(axis=0) == pytest.approx([0, 0, 0]) and mesh.area("top") == pytest.approx(450)
    assert mirror_planes(built(TwoElectrode.model_validate({"cathode": {"x": "1 mm"}}))) == ("y0",)
    odd = Block((-1.0, 0.5, 1.0), (-1.0, 0.0, 1.0), (0.0, 1.0))
    solid = next(s for s in a.solids if s.name == "top_pad")
    shifted = Assembly((type(solid)("odd", odd, SOFT),))
    assert mirror_planes(shifted) == ("y0",)


def test_planes_of_the_cathodes() -> None:
    """One plane in a cell with one cathode, two with their names in the bilayer, also in the bare holder."""
    (plane,) = built().planes
    assert (plane.name, plane.layer, plane.region) == ("cathode", "cell.cathode", Rect.centred(35, 15))
    bare = holders()["bare_uniaxial"]().build(Bilayer(), Mesh().sizes(0.5))
    names = [(p.name, p.layer) for p in bare.planes]
    assert names == [("cathode_bottom", "cell.cathode_bottom"), ("cathode_top", "cell.cathode_top")]
    stack = next(s.shape for s in bare.solids if s.name == "cell")
    assert isinstance(stack, LayerStack) and {n.split(".")[1] for _, n in names} <= {
        la.name for la in stack.layers
    }


def test_the_bilayer_lies_between_pads_too() -> None:
    """Any cell: pads follow its pouch, trimmed to the plates."""
    cell = Bilayer()
    a = built(cell, length="90 mm", width="75 mm")
    assert face(a, "cell_top").region == cell.regions["pouch"]
    assert len(cell_solids(cell, Mesh().sizes(1.0))[0]) == 1
    short = holder(length="50 mm", width="60 mm")
    assert short.outline("top", cell) == Rect.centred(50, 45)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"pad": {"length": "90 mm"}}, "holder.pad.length: the bottom pad reaches 5 mm beyond the plate."),
        ({"top_pad": {"width": "62 mm"}}, "holder.top_pad.width: the top pad reaches 1 mm beyond the plate."),
        (
            {"pad": {"length": "70 mm", "width": "50 mm"}},
            "bolt b1 at (32, 22) mm would pass through the bottom pad.",
        ),
        ({"top_pad": False, "bottom_pad": False}, "there is no pad: that is the bare holder."),
        ({"top_pad": True}, "holder.top_pad = true: must be false for no pad, or a table."),
        (
            {"top_pad": {"thicknes": "1 mm"}},
            'holder.top_pad.thicknes = "1 mm": unknown key. Did you mean "thickness"?',
        ),
        ({"pad": {"friction": "glue"}}, 'must be "stick", "frictionless" or a coefficient up to 3.'),
        ({"pad": {"friction": -0.2}}, "Dry rubber has 0.3 to 0.6."),
        ({"pad": {"rubber": "silicone-55A"}}, "holder.pad.rubber"),
        (
            {"pad": {"rubber": {"base": "NBR-70A", "nu": 0.5}}},
            'incompressible: choose law = "mooney_rivlin" (mixed) or give bulk',
        ),
        ({"pad": {"thickness": "3"}}, "holder.pad.thickness"),
    ],
)
def test_refused(keys: dict[str, Any], words: str) -> None:
    """Pads off the plate, through bolts, of no rubber, of no pad."""
    assert words in told(**keys)


def test_strain_is_estimated() -> None:
    """Bonded silicone 50 A, 35 x 15 x 3: S = 1.75, E_a = 17.3 MPa; the share solves p = E_a/3 (1/c^2 - c)."""
    r = Rect.centred(35, 15)
    modulus = pads.bonded_modulus(SOFT, r, 3.0)
    soft = 6 * 0.41 * (1 + 2 * 1.75**2)
    assert modulus == pytest.approx(1 / (1 / soft + 1 / 1250)) and modulus == pytest.approx(17.3, abs=0.05)
    for pressure in (1e-3, 1.0, 5.0, 50.0):
        c = 1 - pads.compression(pressure, modulus)
        assert modulus / 3 * (c**-2 - c) == pytest.approx(pressure, rel=1e-9)
    assert pads.compression(1e-6 * modulus, modulus) == pytest.approx(1e-6, rel=1e-5), "Hooke's law at first"
    bonded, free = pads.strain(SOFT, r, 3.0, 0.0, 2625.0)
    assert free > bonded == pads.strain(SOFT, r, 3.0, STICK, 2625.0)[1]


def test_pads_squeezed_beyond_their_law() -> None:
    """Warned with the numbers; a gap is closed by the pads where bare plates would not reach it."""
    cell = TwoElectrode()
    assert holder().under(cell, 2625.0) == ([], [])
    (top, low) = holder(pad={"friction": "frictionless"}).under(cell, 2625.0)[1]
    assert top.startswith("holder: top pad: gasket strain 22 to 61 %") and low.startswith(
        "holder: bottom pad"
    )
    assert "(estimated) exceeds law range 35 %" in top
    dished = {"plate": {"flatness": {"dish": "200 um"}}}
    gap, closes = holder(**dished).closure(cell, 2625.0)
    bare = holders()["bare_uniaxial"].model_validate(dished)
    assert bare.closure(cell, 2625.0) == (gap, pytest.approx(closes - holder().squeeze(cell, 2625.0)))
    assert holder().squeeze(cell, 2625.0) == pytest.approx(2 * 3 * holder().strains(cell, 2625.0)["top"][0])


def test_the_case_of_the_improved_holder() -> None:
    """Read, built in a quarter, springs within their travel, drawn with pads and springs; it reads back the same."""
    case = read_case(ROOT / "cases" / "gasketed_uniaxial_5MPa.toml")
    assert case.warnings == [] and Case.model_validate(case.to_dict()).identity() == case.identity()
    a = case.assembly()
    assert a.symmetry == ("x0", "y0") and len(a.bolts) == 1 and a.bolts[0].spring
    each = case.closing_force() / 4
    assert 0 < a.bolts[0].spring.compression(each) < case.holder.spring.travel  # type: ignore[attr-defined]
    drawn = drawing(a)
    assert [p["name"] for p in drawn["pads"]] == ["bottom_pad", "top_pad"]
    assert (drawn["pads"][0]["x0"], drawn["pads"][0]["x1"], drawn["pads"][0]["z0"]) == (-30, 30, -3)
    assert [p["name"] for p in drawn["plates"]] == ["bottom_plate", "top_plate"]
    assert all(b["spring"]["width"] == 12.5 for b in drawn["bolts"]) and len(drawn["bolts"]) == 4
    for solid in a.solids:
        mesh_shape(solid.shape, solid.symmetry).check()
