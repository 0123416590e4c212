"""Piles of pouches between stiff plates: springs in series, one force through all, pressure where they overlap."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from setups import RIGID, lines

from holdersim.assembly import Assembly, Block, Interface, Layer, Solid
from holdersim.cell import Cell
from holdersim.holder import Mesh
from holdersim.piles import cell_solids, pressed_sides
from holdersim.solve import Model, State
from holdersim.stacks import Pile, Stack

PRESSURE = 5.0


def slab(length: float = 8.0, width: float = 6.0) -> dict[str, Any]:
    """A pouch whose layers all have one outline."""
    size = {"length": f"{length} mm", "width": f"{width} mm"}
    layers = (("anode", "Si", "20 um"), ("separator", "LPSCl", "200 um"), ("cathode", "NCM811", "113 um"))
    sheets = [{"name": n, "role": n, "material": m, "thickness": t, **size} for n, m, t in layers]
    return {"kind": "stack", "sheets": sheets, "laminate": size}


def pressed(
    cell: Cell, force: float, pixel: float, size: tuple[float, float], held: bool = False, reach: bool = False
) -> State:
    """The cell between two rigid blocks, the lower one fixed, `force` [N] spread over the upper one."""
    sizes = Mesh(level=0).sizes(pixel)
    solids, between = cell_solids(cell, sizes, reach=reach)
    if held:
        solids = tuple(replace(s, fixed={"sides": "xy"}) for s in solids)
    low, high = pressed_sides(cell)
    block = Block(lines(-size[0], size[0], 10), lines(-size[1], size[1], 8), lines(0.0, 20.0, 2))
    down = (0.0, 0.0, -force / (4 * size[0] * size[1]))
    plates = (
        Solid("under", block, RIGID, z=-20.0, fixed={"bottom": "xyz"}),
        Solid("over", block, RIGID, z=cell.thickness, tractions={"top": down}),
    )
    faces = (
        Interface("cell_bottom", "under.top", low.face, low.region, pixel, low.gap),
        Interface("cell_top", high.face, "over.bottom", high.region, pixel, high.gap),
    )
    return Model(Assembly((*plates, *solids), (*faces, *between))).tighten({})


def shortening(state: State) -> float:
    """How much nearer [mm] the pressed faces of the two blocks have come, mean over both."""
    moved = {}
    for name in ("under", "over"):
        body = state.model.parts[name].condenser.body
        face = np.isclose(
            body.coordinates[:, 2], 0.0 if name == "under" else state.model.assembly.solids[1].z
        )
        moved[name] = state.displacement(name)[face, 2].mean()
    return float(moved["under"] - moved["over"])


def laminate(layers: tuple[Layer, ...]) -> float:
    """Thickness change per pressure [mm/MPa] of a free stack: one lateral strain for all, no lateral resultant."""
    t, e, nu = (
        np.array(v)
        for v in zip(*((la.thickness, la.material.E, la.material.nu) for la in layers), strict=True)
    )
    lateral = (t * nu / (1 - nu)).sum() / (t * e / (1 - nu)).sum()
    return float((t * ((1 + nu) * (1 - 2 * nu) / e / (1 - nu) + 2 * nu / (1 - nu) * lateral)).sum())


def pile(*places: dict[str, Any]) -> Pile:
    """Slabs on each other, each moved or turned."""
    return Pile.model_validate({"stack": [{"cell": slab(), **p} for p in places]})


def moved(x: float, y: float, flat_side: str = "below") -> dict[str, Any]:
    """Where one pouch lies."""
    return {"x": f"{x} mm", "y": f"{y} mm", "flat_side": flat_side}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_aligned_pouches_are_springs_in_series(count: int) -> None:
    """Held sideways: n pouches shorten n times as much as one, sum t (1 + nu)(1 - 2 nu) / (E (1 - nu)) each."""
    cell = pile(*[{}] * count)
    state = pressed(cell, PRESSURE * 48, 1.0, (4.0, 3.0), held=True)
    layers = cell.pouches()[0].cell.layers()
    one = sum(la.thickness / la.material.E * (1 + la.material.nu) * (1 - 2 * la.material.nu) / (1 - la.material.nu)
              for la in layers)  # fmt: skip
    found = shortening(state)
    assert found == pytest.approx(count * one * PRESSURE, rel=1e-9), f"{found:.9g} mm"
    assert cell.compliance == pytest.approx(count * one, rel=1e-12)
    for name in state.model.joints:
        assert np.abs(state.pressure(name) - PRESSURE).max() < 1e-9 * PRESSURE, name


def test_free_pouches_spread_sideways_and_shorten_more() -> None:
    """Free sides: the layers share one lateral strain; what the edges change falls with the size of the pouch."""
    errors = []
    for length, width in ((6.0, 4.0), (12.0, 8.0)):
        cell = Pile.model_validate({"stack": [{"cell": slab(length, width)}] * 2})
        state = pressed(cell, PRESSURE * length * width, 1.0, (length / 2, width / 2))
        wanted = 2 * PRESSURE * laminate(cell.pouches()[0].cell.layers())
        errors.append(abs(shortening(state) / wanted - 1))
    assert errors[0] < 0.01 and errors[1] < 0.6 * errors[0], f"off by {errors}"


@pytest.mark.parametrize("flat_side", ["below", "above"])
def test_pressure_lies_where_pouches_overlap(flat_side: str) -> None:
    """Two pouches moved apart by (1.4, 0.6) mm about the line of force press on (8 - 1.4)(6 - 0.6) mm2."""
    cell = pile(moved(-0.7, -0.3), moved(0.7, 0.3, flat_side))
    state = pressed(cell, PRESSURE * 48, 0.5, (6.0, 5.0))
    joint = state.joint("cell_1_2")
    area = joint.area[state.x[joint.span] > 0].sum()
    assert area == pytest.approx((8 - 1.4) * (6 - 0.6), rel=1e-9), f"{area:.6g} mm2"


def test_one_force_through_a_crooked_pile() -> None:
    """Moved and turned pouches: every interface carries the whole force, and its resultant stays on the line."""
    cell = pile(moved(0.4, 0.0), moved(-0.4, 0.5, "above"), moved(0.0, -0.5))
    state = pressed(cell, PRESSURE * 48, 0.5, (6.0, 5.0))
    assert len(state.model.joints) == 4
    for name, joint in state.model.joints.items():
        force = state.x[joint.span]
        assert state.force(name) == pytest.approx(PRESSURE * 48, rel=1e-9), name
        for lever in joint.grid.centres:
            assert abs(force @ lever[joint.pixels]) < 1e-8 * PRESSURE * 48, name


@pytest.mark.parametrize("by, least", [(1e-3, 48.0), (0.5, 45.0)])
def test_layers_out_of_line_inside_a_pouch(by: float, least: float) -> None:
    """A little changes little, however narrow the elements; a cathode beyond its anode presses on what both share."""
    size = {name: (f"{s} mm", f"{s - 2} mm") for name, s in (("anode", 9), ("separator", 10), ("cathode", 8))}

    def pouch(moved: float) -> Stack:
        sheets = []
        for name, shift in (("anode", -moved), ("separator", 0.0), ("cathode", moved)):
            sheet = {
                "name": name,
                "role": name,
                "thickness": "100 um",
                "material": "LPSCl",
                "x": f"{shift} mm",
            }
            sheets.append(sheet | dict(zip(("length", "width"), size[name], strict=True)))
        return Stack.model_validate({"sheets": sheets, "laminate": {"length": "12 mm", "width": "10 mm"}})

    straight, shifted = (pressed(pouch(m), PRESSURE * 48, 1.0, (6.0, 5.0)) for m in (0.0, by))
    area = shifted.joint("cell_top").area.sum()
    assert area == pytest.approx(least, rel=1e-9), f"{area:.6g} mm2"
    change = abs(shortening(shifted) / shortening(straight) - 1)
    assert change < 0.005 + 0.3 * by, f"{change:.2e}"


def test_terraces_out_of_reach_change_nothing() -> None:
    """Between rigid plates the lower terraces stay open: with or without them the same pressures, to 1e-7."""
    sheets = [
        {
            "name": n,
            "role": n,
            "thickness": "100 um",
            "material": "LPSCl",
            "length": f"{s} mm",
            "width": f"{s - 2} mm",
        }
        for n, s in (("anode", 8), ("separator", 12), ("cathode", 6))
    ]
    one = {"kind": "stack", "sheets": sheets, "laminate": {"length": "14 mm", "width": "12 mm"}}
    cell = Pile.model_validate({"stack": [{"cell": one, **moved(s * 0.3, 0.0)} for s in (-1, 1)]})
    near, wide = (pressed(cell, PRESSURE * 24, 0.5, (7.0, 6.0), reach=r) for r in (False, True))
    assert len(wide.joint("cell_1_2").pixels) > 2 * len(near.joint("cell_1_2").pixels), "terraces are there"
    assert near.joint("cell_1_2").area.sum() == pytest.approx(24.0)
    assert shortening(wide) == pytest.approx(shortening(near), rel=1e-7)
    assert np.nanmax(wide.pressure("cell_1_2")) == pytest.approx(
        np.nanmax(near.pressure("cell_1_2")), rel=1e-7
    )
    assert np.nanmin(wide.pressure("cell_1_2")) == 0.0
