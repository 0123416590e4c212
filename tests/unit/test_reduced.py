"""Reduced bodies: what the frame takes out, pressures inside stacks, condensed against whole, a body under a fluid."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from holdersim.assembly import STICK, Assembly, Block, Interface, Layer, LayerStack, Plane, Rect, Solid
from holdersim.errors import GeometryError
from holdersim.materials.elastic import Elastic
from holdersim.materials.hyperelastic import NeoHookean
from holdersim.materials.rubber import Rubber
from holdersim.nonlinear import model_of
from holdersim.reduced import Frame, Links, seen_modes
from holdersim.state import State
from holdersim.wholebody import WholeBody

Array = NDArray[np.float64]
SIDE = 4.0
FOOT = Rect.centred(SIDE, SIDE)
MIDDLE = Rect.centred(SIDE / 2, SIDE)
STEEL = Elastic("steel", 200e3, 0.3)
GRID = tuple(np.linspace(-SIDE / 2, SIDE / 2, 9).tolist())
WET = ("bottom", "top", "xmin", "xmax", "ymin", "ymax")


def stack(poisson: float, core: Rect = FOOT) -> LayerStack:
    """Three layers of unlike stiffness, the middle one on its own footprint."""
    moduli = {"film": (0.1, 500.0, FOOT), "core": (0.2, 7e3, core), "cap": (0.1, 1500.0, FOOT)}
    layers = (Layer(n, t, r, Elastic(n, e, poisson), 2) for n, (t, e, r) in moduli.items())
    return LayerStack(tuple(layers), FOOT, 0.25, 0.5)


def pile(cell: LayerStack, push: Any, material: Elastic = STEEL, beside: bool = False) -> Assembly:
    """A cell between two blocks under a traction; beside: a pile with rubber next to it, which keeps the cell whole."""
    block = Block(GRID, GRID, (0.0, 1.0, 2.0))
    t = sum(la.thickness for la in cell.layers)
    solids = [
        Solid("low", block, material, 2, z=-2.0, fixed={"bottom": "z", "xmin&ymin": "xy", "xmax&ymin": "y"}),
        Solid("cell", cell, None, 1),
        Solid("top", block, material, 2, z=t, tractions={"top": push}),
    ]
    faces = [
        Interface("under", "low.top", "cell.bottom", FOOT, 0.5),
        Interface(
            "over", "cell.plateau", "top.bottom", MIDDLE if cell.layers[1].footprint != FOOT else FOOT, 0.5
        ),
    ]
    if beside:
        far = tuple(x + 20 for x in GRID)
        seat, rubber = Block(far, GRID, (0.0, 1.0)), Rubber("r", NeoHookean(0.3), 1000.0)
        solids.append(Solid("seat", seat, STEEL, 2, z=-1.0, fixed={"bottom": "xyz"}))
        solids.append(Solid("pad", Block(far, GRID, (0.0, 0.5, 1.0)), rubber, 2,
                            tractions={"top": (0.0, 0.0, -0.1)}))  # fmt: skip
        faces.append(Interface("pad", "seat.top", "pad.bottom", Rect.centred(4, 4, 20, 0), 0.5, None, STICK))
    planes = tuple(Plane(la.name, f"cell.{la.name}", la.footprint, 0.5) for la in cell.layers)
    return Assembly(tuple(solids), tuple(faces), planes=planes)


# -- the frame -----------------------------------------------------------------------------------------------


def made_up() -> tuple[Array, Array, Array, Array, Array]:
    """Modes (k, r), compliance (k, k), response (o, k), resultant (r,), and forces (k,) in balance with it."""
    rng = np.random.default_rng(5)
    modes, half = rng.standard_normal((12, 3)), rng.standard_normal((12, 12))
    seen, resultant = rng.standard_normal((4, 12)), rng.standard_normal(3)
    forces = rng.standard_normal(12)
    forces -= np.linalg.pinv(modes.T) @ (modes.T @ forces + resultant)
    return modes, half @ half.T, seen, resultant, forces


def test_the_frame_changes_displacements_by_a_rigid_motion_only() -> None:
    """C x + free, supports taken out, differs by modes alpha where x balances the resultant; the energy stays."""
    modes, c, _, resultant, x = made_up()
    frame, free = Frame(modes), c[:, 0] * 0.3
    before = c @ x + free
    after = frame.compliance(c) @ x + frame.free(c, free, resultant)
    difference = after - before
    left = difference - modes @ np.linalg.lstsq(modes, difference, rcond=None)[0]
    assert float(np.abs(left).max()) < 1e-12 * float(np.abs(before).max())
    assert float(np.abs(difference).max()) > 1e-3
    assert frame.compliance(c) == pytest.approx(frame.compliance(c).T, abs=1e-12)
    assert float(np.abs(frame.inverse @ frame.compliance(c)).max()) < 1e-11, "no rigid part is left"


def test_the_frame_does_not_change_pressures() -> None:
    """O x of balanced forces stays, with and without a load that takes part."""
    modes, _, seen, resultant, x = made_up()
    frame = Frame(modes)
    found = frame.seen(seen) @ x - frame.seen_at(seen, resultant)
    assert found == pytest.approx(seen @ x, rel=1e-10)


def test_a_body_that_is_held_needs_no_frame() -> None:
    _, c, seen, _, _ = made_up()
    frame = Frame(np.zeros((12, 0)))
    assert np.array_equal(frame.compliance(c), c) and np.array_equal(frame.seen(seen), seen)


def test_rounding_is_no_rigid_motion() -> None:
    assert seen_modes(np.array([[1.0, 1e-15], [0.5, -3e-12]])).tolist() == [[1.0, 0.0], [0.5, 0.0]]


def test_links_stick_only_where_told() -> None:
    grids: Any = (("top", None), ("bottom", None))
    assert [Links(grids, sticking=(False, True)).sticks(i) for i in (0, 1)] == [False, True]
    assert not Links(grids).sticks(1)


# -- inside stacks -------------------------------------------------------------------------------------------


def test_even_pressure_goes_through_all_layers() -> None:
    """Without Poisson's effect an even load is even at every level, whatever the layers: 5 MPa to 1e-8."""
    nothing = Elastic("n", 200e3, 0.0)
    state = model_of(pile(stack(0.0), (0.0, 0.0, -5.0), nothing)).tighten({})
    for name in ("film", "core", "cap"):
        assert float(np.abs(state.inside(name) / 5 - 1).max()) < 1e-8, name
        assert state.inside_area(name) == pytest.approx(0.25 * np.ones((8, 8)))
    for face in ("under", "over"):
        assert state.pressure(face) == pytest.approx(5 * np.ones((8, 8)), rel=1e-8)


def uneven(x: Array, y: Array, z: Array) -> Array:
    return np.stack([0 * x, 0 * x, -4 - x - 0.5 * y])


@pytest.fixture(scope="module")
def twice() -> tuple[State, State]:
    """An unevenly pressed stack with a narrow core, condensed and whole."""
    cell = stack(0.3, MIDDLE)
    condensed = model_of(pile(cell, uneven)).tighten({})
    return condensed, model_of(pile(cell, uneven, beside=True)).tighten({})


def test_whole_and_condensed_stacks_are_one(twice: tuple[State, State]) -> None:
    """The same pressures on both faces and inside every layer, to what the nonlinear model has converged to."""
    condensed, whole = twice
    assert isinstance(whole.model.whole["cell"].body, WholeBody) and "cell" in condensed.model.parts
    for name in ("film", "core", "cap"):
        a, b = condensed.inside(name), whole.inside(name)
        assert np.array_equal(np.isnan(a), np.isnan(b))
        assert float(np.nanmax(np.abs(a - b))) < 1e-6 * float(np.nanmax(np.abs(a))), name
        assert np.array_equal(condensed.inside_area(name), whole.inside_area(name))
    for face in ("under", "over"):
        assert whole.pressure(face) == pytest.approx(
            condensed.pressure(face), rel=1e-6, abs=1e-6, nan_ok=True
        )
        assert whole.force(face) == pytest.approx(64.0, rel=1e-9)


def test_whole_and_condensed_stacks_move_alike(twice: tuple[State, State]) -> None:
    """Displacements to a rigid motion in the plane, which nothing resists; stresses; deflections of a face."""
    condensed, whole = twice
    a, b = (s.displacement("cell") for s in twice)
    assert float(np.abs(a - b)[:, 2].max()) < 1e-6 * float(np.abs(a[:, 2]).max())
    assert whole.stress("cell")[0] == pytest.approx(condensed.stress("cell")[0], rel=1e-5, abs=1e-5)
    low, high = (s.deflection("under", "cell") for s in twice)
    assert float(np.nanmax(np.abs(low - high))) < 1e-6 * float(np.nanmax(np.abs(low)))


def test_forces_inside_are_those_outside(twice: tuple[State, State]) -> None:
    """The core alone carries the cap: mean pressure times area is the force; the film's too, over the whole foot."""
    for state in twice:
        for name in ("core", "film"):
            area = state.inside_area(name)
            assert float(np.nansum(state.inside(name) * area)) == pytest.approx(64.0, rel=0.02), name


# -- fluid ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("degree", [1, 2])
def test_a_free_block_in_a_fluid_has_its_pressure(degree: int) -> None:
    """Stress -p everywhere and dV/V = -p/K, with nothing to hold the block: 1e-9."""
    solid = Solid("block", Block(GRID, GRID, (0.0, 1.0, 3.0)), STEEL, degree, fluid=WET)
    state = model_of(Assembly((solid,))).tighten({}, amounts={"pressure": 7.0})
    sigma, mises = state.stress("block")
    assert float(np.abs(sigma[:, :3] + 7.0).max()) < 7e-9 and float(np.abs(sigma[:, 3:]).max()) < 7e-9
    assert float(mises.max()) < 7e-9
    body = state.model.parts["block"].condenser.body
    shrinks = -7.0 * (1 - 2 * 0.3) / 200e3
    rest = (state.displacement("block") - shrinks * body.coordinates).ravel()
    rest -= body.rigid_modes @ np.linalg.lstsq(body.rigid_modes, rest, rcond=None)[0]
    assert float(np.abs(rest).max()) < 1e-8 * abs(shrinks) * 4, "but for a rigid motion"


def test_the_pressure_is_that_of_the_last_amount() -> None:
    """Twice the pressure is twice the stress; none is none."""
    solid = Solid("block", Block(GRID, GRID, (0.0, 1.0)), STEEL, 2, fluid=WET)
    model = model_of(Assembly((solid,)))
    one = model.tighten({}, amounts={"pressure": 2.0})
    two = model.locked(one, amounts={"pressure": 4.0})
    assert two.stress("block")[0] == pytest.approx(2 * one.stress("block")[0], rel=1e-9, abs=1e-9)
    assert float(np.abs(model.tighten({}).stress("block")[0]).max()) == 0.0


def test_a_body_without_a_material_is_refused() -> None:
    solid = Solid("block", Block(GRID, GRID, (0.0, 1.0)), STEEL, 2, fluid=WET)
    with pytest.raises(GeometryError, match='"block" has no material'):
        model_of(Assembly((replace(solid, material=None),)))
