"""Piles of pouches: places, sides, interfaces, areas; the three-electrode cell as drawn; what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from holdersim.assembly import LayerStack, Rect
from holdersim.case import Case
from holdersim.errors import GeometryError
from holdersim.geometry.mesh import mesh_shape
from holdersim.holder import Mesh, holders, mirror_planes
from holdersim.piles import cathodes, cell_solids, pressed_sides
from holdersim.stacks import Bilayer, Pile, ThreeElectrode, TwoElectrode

SIZES = Mesh(level=0).sizes(1.0)
TWO = {"kind": "two_electrode"}
THICK = TwoElectrode().thickness


def pile(*stack: dict[str, Any]) -> Pile:
    """Two-electrode cells unless told otherwise."""
    return Pile.model_validate({"stack": [{"cell": TWO} | p for p in stack]})


def height(cell: ThreeElectrode, x: float, y: float) -> float:
    """How far [um] the top lies below the highest terrace."""
    return float(1e3 * cell.top_gap()(np.array([x]), np.array([y]))[0])


def test_a_single_pouch_is_a_pile_of_one() -> None:
    """One solid named cell on z0, no interface between; sides as a holder presses them."""
    cell = TwoElectrode()
    (solid,), between = cell_solids(cell, SIZES, ("x0",), z0=3.0)
    assert (solid.name, solid.z, solid.flip, solid.symmetry, between) == ("cell", 3.0, False, ("x0",), ())
    assert solid.shape == cell.shape(SIZES.cell_size, SIZES.cell_coarse, 1)
    low, high = pressed_sides(cell)
    assert (low.face, low.region, low.gap) == ("cell.bottom", cell.regions["separator"], None)
    assert (high.face, high.region) == ("cell.top", cell.plateau)
    assert high.gap is not None
    assert high.gap(np.array([0.0, 18.0]), np.zeros(2)) == pytest.approx([0.0, 0.128])


def test_pouches_stand_on_each_other() -> None:
    """Names, heights and interfaces from bottom to top; a turned pouch hangs from its flat side."""
    cell = pile({}, {"flat_side": "above"}, {"cell": {"kind": "bilayer"}})
    solids, between = cell_solids(cell, SIZES, z0=1.0)
    assert [s.name for s in solids] == ["cell_1", "cell_2", "cell_3"]
    assert [s.z for s in solids] == pytest.approx([1.0, 1.0 + 2 * THICK, 1.0 + 2 * THICK])
    assert [s.flip for s in solids] == [False, True, False]
    assert [(i.name, i.below, i.above) for i in between] == [
        ("cell_1_2", "cell_1.top", "cell_2.top"),
        ("cell_2_3", "cell_2.bottom", "cell_3.bottom"),
    ]
    assert [s.face for s in pressed_sides(cell)] == ["cell_1.bottom", "cell_3.top"]
    assert cell.thickness == pytest.approx(2 * THICK + Bilayer().thickness)
    assert cell.compliance == pytest.approx(2 * TwoElectrode().compliance + Bilayer().compliance)
    assert cell.mass == pytest.approx(2 * TwoElectrode().mass + Bilayer().mass)
    names = [la.name for la in cell.layers()]
    assert names[5:9] == ["cell_1.Al", "cell_1.laminate_top", "cell_2.laminate_top", "cell_2.Al"]
    assert list(cathodes(cell)) == [
        "cell_1.cathode",
        "cell_2.cathode",
        "cell_3.cathode_bottom",
        "cell_3.cathode_top",
    ]


def test_gap_and_region_between_moved_pouches() -> None:
    """The lower pouch brings its terraces where it lies; plateaus meet where both are."""
    (between,) = cell_solids(pile({"x": "2 mm"}, {"y": "1 mm", "flat_side": "above"}), SIZES)[1]
    assert between.region == Rect(-15.5, 17.5, -6.5, 7.5)
    assert callable(between.gap)
    x, y = np.array([0.0, 18.5, -16.5, 0.0, 0.0]), np.array([0.0, 0.0, 0.0, 8.2, -7.2])
    assert between.gap(x, y) == pytest.approx([0.0, 0.128, 0.128, 0.128, 0.128])
    (flat,) = cell_solids(pile({"x": "2 mm"}, {"x": "-1 mm"}), SIZES)[1]
    assert flat.region == Rect(-15.5, 19.5, -7.5, 7.5), "the flat side is the whole separator"
    (wide,) = cell_solids(pile({"x": "2 mm"}, {"x": "-1 mm"}), SIZES, reach=True)[1]
    assert wide.region == Rect(-20.0, 24.0, -10.0, 10.0), (
        "over both separators, evenly about the cathode at 2 mm"
    )


def test_areas_of_a_crooked_pile() -> None:
    """Areas are the first pouch's; what surrounds all is around all; other cathodes have names of their own."""
    r = pile({}, {"x": "1 mm", "y": "-2 mm"}, {}).regions
    assert r["cathode"] == Rect(-17.5, 17.5, -7.5, 7.5) and next(iter(r)) == "cathode"
    assert r["cathode_2"] == Rect(-16.5, 18.5, -9.5, 5.5) and "cathode_3" not in r
    assert r["pouch"] == Rect(-30, 31, -17, 15) and r["separator"] == Rect(-25, 26, -12, 10)
    assert set(pile({}, {}).regions) == {"cathode", "anode", "separator", "pouch"}


def test_meshes_of_moved_and_turned_pouches() -> None:
    """Each mesh has the footprints where they lie, however they fall between the grid lines."""
    for p in pile({"x": "0.37 mm", "y": "-1.21 mm"}, {"flat_side": "above", "y": "0.4 mm"}).pouches():
        shape = p.shape(0.5, 3.0, 1)
        assert isinstance(shape, LayerStack)
        mesh = mesh_shape(shape)
        assert mesh.area("plateau") == pytest.approx(525.0) and mesh.area("bottom") == pytest.approx(1800.0)
        on = mesh.points[np.unique(mesh.facets("plateau"))]
        r = p.regions["cathode"]
        assert (on[:, 0].min(), on[:, 0].max(), on[:, 1].min(), on[:, 1].max()) == pytest.approx(
            (r.x0, r.x1, r.y0, r.y1)
        )


def test_misalignment_is_told() -> None:
    """Part of a cathode beside the other one is a warning, all of it a mistake; mistakes name their pouch."""
    wrong, warn = pile({}, {"y": "1.5 mm"}, {"y": "1.5 mm"}).check()
    assert not wrong
    assert warn == [
        "cell: 10 % of the cathodes of cell_1 and cell_2 has no cathode over or under it: less pressure there"
    ]
    wrong, _ = pile({}, {"y": "16 mm"}).check()
    assert [m.where for m in wrong] == ["cell.stack[1]"] and "no part of the cathodes" in wrong[0].problem
    wrong, _ = pile({}, {"cell": TWO | {"laminate": {"length": "45 mm"}}}).check()
    assert wrong[0].where == "cell.stack[1].cell.laminate"


def test_a_pile_in_a_case() -> None:
    """A pile is read, dumped and identified like any cell; an empty one, or a pile in a pile, is refused."""
    base = {
        "holder": {"kind": "bare_uniaxial"},
        "steps": [{"do": "tighten", "pressure": "5 MPa", "area": "cathode"}],
    }
    stack = [{"cell": TWO}, {"cell": TWO | {"cathode": {"width": "14 mm"}}, "x": "1 mm"}]
    case = Case.model_validate(base | {"cell": {"kind": "pile", "stack": stack}})
    again = Case.model_validate(case.to_dict())
    assert again.identity() == case.identity()
    assert case.with_("cell.stack[1].x", "2 mm").identity() != case.identity()
    assert case.with_("cell.stack[1].x", "1000 um").identity() == case.identity()
    for bad, words in (([], "the list is empty"), ([{"cell": {"kind": "pile"}}], 'there is no kind "pile"')):
        with pytest.raises(ValidationError, match=words):
            Pile.model_validate({"stack": bad})
    with pytest.raises(GeometryError, match="a pile of pouches is not one stack"):
        case.cell.shape(0.5, 3.0, 1)


@pytest.mark.parametrize(
    ("stack", "planes"),
    [
        ([{}, {}], ("x0", "y0")),
        ([{}, {"flat_side": "above"}], ("x0", "y0")),
        ([{}, {"y": "1 mm"}], ("x0",)),
        ([{"x": "1 mm"}, {}], ("y0",)),
        ([{}, {"cell": {"kind": "three_electrode"}}], ("x0",)),
        ([{"x": "1 mm"}, {"y": "1 mm"}], ()),
    ],
)
def test_a_holder_around_a_pile(stack: list[dict[str, Any]], planes: tuple[str, ...]) -> None:
    """The bare holder builds around any pile, and is cut only where all pouches and gaps are mirrored."""
    holder, cell = holders()["bare_uniaxial"](), pile(*stack)
    assembly = holder.build(cell, SIZES)  # type: ignore[attr-defined]
    assert [i.name for i in assembly.interfaces] == ["cell_bottom", "cell_1_2", "cell_top"]
    assert assembly.solids[-1].z == pytest.approx(cell.thickness)
    assert mirror_planes(assembly) == planes


def test_a_pouch_moved_onto_a_bolt() -> None:
    """The holder sees the outline of all pouches."""
    holder = holders()["bare_uniaxial"]()
    wrong, _ = holder.check(pile({}, {"x": "3 mm", "y": "4 mm"}))  # type: ignore[attr-defined]
    assert [m.where for m in wrong] == ["holder.inset"] and "bolt b1" in wrong[0].problem
    assert holder.check(pile({}, {"x": "3 mm"}))[0] == []  # type: ignore[attr-defined]


def test_three_electrode_cell_as_drawn() -> None:
    """Depth below the cathode's terrace: beside it, over the lithium strips, over the separator, over film only."""
    cell = ThreeElectrode()
    assert cell.regions["cathode"] == Rect.centred(35, 10) == cell.plateau
    assert cell.regions["anode"] == Rect.centred(40, 12)
    assert cell.check() == ([], [])
    copper, silicon, separator, cathode, aluminium, lithium = 10.0, 9.6, 200.0, 113.0, 15.0, 20.0
    top = copper + silicon + separator + cathode + aluminium
    for place, stands in (
        ((0.0, 4.9), top),
        ((0.0, 5.5), copper + silicon + separator),
        ((0.0, 6.5), separator),
        ((0.0, 8.0), 2 * lithium + separator),
        ((0.0, -8.0), separator),
        ((18.0, 8.0), separator),
        ((0.0, 12.0), 0.0),
    ):
        assert height(cell, *place) == pytest.approx(top - stands), place


def test_a_turned_three_electrode_cell() -> None:
    """Turned over about x: the strips lie at negative y, and so do the steps that look down."""
    cell = Pile.model_validate(
        {"stack": [{"cell": {"kind": "three_electrode"}, "flat_side": "above", "y": "1 mm"}]}
    )
    (pouch,) = cell.pouches()
    strip = next(la for la in pouch.layers() if la.name == "lithium_top")
    assert strip.footprint == Rect(-17.5, 17.5, -8.0, -6.0)
    gap = pouch.lower.gap
    assert gap is not None
    assert 1e3 * gap(np.zeros(2), np.array([-7.0, 9.0])) == pytest.approx([107.6, 147.6])


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"lithium_top": {"y": "5.5 mm"}}, "cell.lithium_top: lies over the cathode, 17.5 mm2 of it: short circuit."),
        ({"lithium_bottom": {"y": "-6 mm"}}, "cell.lithium_bottom: lies over the anode, 35 mm2 of it: short circuit."),
        ({"lithium_top": {"y": "9.5 mm"}}, "cell.lithium_top: reaches beyond the separator."),
    ],
)  # fmt: skip
def test_strips_that_short_the_cell(keys: dict[str, Any], words: str) -> None:
    """A strip lies on the separator and clear of the electrode beside it."""
    assert words in "\n".join(str(m) for m in ThreeElectrode.model_validate(keys).check()[0])
