"""Pressure paper in the stack: its shortening and force in closed form, what it changes, and what a fluid leaves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from holdersim import steps
from holdersim.assembly import Assembly
from holdersim.case import Case
from holdersim.diary import Diary
from holdersim.film import PLANES
from holdersim.metrics import pressure_metrics
from holdersim.nonlinear import model_of
from holdersim.record import unfold
from holdersim.solve import Model, build_body
from holdersim.state import State

FILM = {"grade": "LW", "where": ["top", "bottom"]}
COARSE = {"grid": {"pixel": "1.25 mm"}, "mesh": {"level": 0, "cell_size": "1 mm"}}
DISHED = {"kind": "bare_uniaxial", "plate": {"flatness": {"dish": "10 um"}}}


def case(holder: dict[str, Any], film: dict[str, Any] | None = None, **tables: Any) -> Case:
    """The two-electrode cell at 5 MPa with these tables."""
    cell = {"kind": "two_electrode"} | ({"film": film} if film else {})
    step = {"do": "tighten", "pressure": "5 MPa", "area": "cathode"}
    return Case.model_validate({"holder": holder, "cell": cell, "steps": [step]} | COARSE | tables)


def solved(made: Case) -> tuple[State, Diary]:
    """State after the last step, and what was taken down on the way."""
    model = model_of(made.assembly(), keep=False)
    diary, state = Diary(made, model), None
    for step in made.steps:
        for number, reached in enumerate(steps.advance(made, model, step, state)):
            state = reached
            diary.note(state, step.kind_name, number, steps.sets_pressure(step))
    assert state is not None
    return state, diary


def spread(state: State, plane: str, film: float = 1.25) -> float:
    """CV of the pressure on a plane."""
    x, y = state.model.levels[plane].centres
    grid = state.model.levels[plane]
    shape = grid.shape
    x, y = x.reshape(shape)[0], y.reshape(shape)[:, 0]
    region = {plane: state.model.plane(plane).region}
    found = pressure_metrics(state.inside(plane), state.inside_area(plane), x, y, region, film)
    return float(found["CV [-]"])


def carried(state: State, plane: str) -> float:
    """Force [N] on a plane of the part that symmetry has left."""
    return float(np.nansum(state.inside(plane) * state.inside_area(plane)))


def test_even_pressure_in_a_die() -> None:
    """Between flat plungers, held sideways: p everywhere; the paper shortens by p t (1+nu)(1-2nu)/((1-nu)E)."""
    pellet = {"kind": "pellet", "film": FILM}
    state, _ = solved(case({"kind": "plunger_die"}, cell=pellet))
    pressure = 5.0
    for plane in PLANES.values():
        assert np.abs(state.inside(plane) - pressure).max() < 1e-9 * pressure, plane
    shape = state.model.assembly.solids[1].shape
    paper = next(la for la in shape.layers if la.name == "film_top")  # type: ignore[union-attr]
    at, u = state.model.parts["cell"].condenser.body.coordinates, state.displacement("cell")
    top = at[:, 2].max()
    high, low = (np.abs(at[:, 2] - z) < 1e-9 for z in (top, top - paper.thickness))
    m = paper.material
    wanted = pressure * paper.thickness * (1 + m.nu) * (1 - 2 * m.nu) / ((1 - m.nu) * m.E)
    assert low.sum() == high.sum() > 100
    assert u[low, 2].mean() - u[high, 2].mean() == pytest.approx(wanted, rel=1e-8)


def test_paper_evens_out_what_dished_plates_press() -> None:
    """The whole force goes through the paper; it evens the pressure out, in the cell too; a trace of it does not."""
    bare, _ = solved(case(DISHED))
    before, after, force = spread(bare, "cathode"), [], 2625.0 / 4
    for thickness in ("1 um", "180 um"):
        state, _ = solved(case(DISHED, FILM | {"thickness": thickness}))
        for plane in PLANES.values():
            assert carried(state, plane) == pytest.approx(force, rel=1e-8), f"{plane} at {thickness}"
        after.append(spread(state, "cathode"))
        assert spread(state, "film_top") == pytest.approx(after[-1], rel=0.05)
    assert after[0] == pytest.approx(before, rel=5e-3), (
        f"CV {before:.4f} without, {after[0]:.4f} with a trace"
    )
    assert before > after[1] + 0.2, f"CV {before:.3f} without, {after[1]:.3f} with paper"


def test_paper_between_the_pouches_of_a_pile() -> None:
    """On top of the lower pouch and, as the upper one is turned, below its top: both carry the whole force."""
    lower = {"kind": "two_electrode", "film": {"grade": "MS", "where": "top"}}
    upper = {"kind": "two_electrode", "film": {"grade": "LW", "where": "top"}}
    pile = {"kind": "pile", "stack": [{"cell": lower}, {"cell": upper, "flat_side": "above"}]}
    made = case(DISHED, cell=pile)
    thin, thick = (next(la for la in p.layers() if la.name == "film_top") for p in made.cell.pouches())
    assert (thin.thickness, thick.thickness) == (0.1, 0.18)
    state, _ = solved(made)
    for plane in ("cell_1_film_top", "cell_2_film_top"):
        assert carried(state, plane) == pytest.approx(2625.0 / 4, rel=1e-8), plane


def fluid(film: dict[str, Any]) -> Assembly:
    """The cell alone with the fluid of a chamber on all its faces."""
    done = [{"do": "tighten", "force": "40 kN"}, {"do": "pressurise", "pressure": "5 MPa"}]
    whole = case({"kind": "isostatic_chamber"}, film | {"sealed": True}, steps=done).assembly()
    cell = tuple(s for s in whole.solids if s.name == "cell")
    return replace(whole, solids=cell, interfaces=(), bolts=())


def test_sealed_paper_in_a_fluid() -> None:
    """In the pouch under 5 MPa of fluid: 5 MPa within 1 % but for its rim, on both sides."""
    model = Model(fluid(FILM))
    state = model.tighten({}, amounts={"pressure": 5.0})
    for plane in PLANES.values():
        grid = model.levels[plane]
        x, y = (c.reshape(grid.shape) for c in grid.centres)
        inner = (np.abs(x) < 15.0) & (np.abs(y) < 5.0)
        assert np.abs(state.inside(plane)[inner] / 5.0 - 1).max() < 0.01, plane


@pytest.mark.parametrize("thickness", ["20 um", "180 um", "1 mm"])
def test_a_fluid_balances_itself_over_steep_ramps(thickness: str) -> None:
    """Pressure on all faces of the cell has no resultant, however high the step that the pouch comes down from."""
    (cell,) = fluid({"grade": "LW", "where": "top", "thickness": thickness}).solids
    body = build_body(cell)
    load = body.load_columns()["pressure"]
    assert np.abs(body.rigid_modes.T @ load).max() < 1e-12 * np.abs(load).sum()


def test_paper_keeps_the_largest_pressure() -> None:
    """Bolts loosened again: what the paper felt before is kept, pixel by pixel."""
    down = [{"do": "tighten", "pressure": p, "area": "cathode"} for p in ("5 MPa", "2 MPa")]
    made = case(DISHED, {"grade": "LW", "where": "top"}, steps=down)
    first, _ = solved(made.with_("steps", down[:1]))
    last, diary = solved(made)
    kept = diary.maps()["film_top_peak_pressure"][1]
    both = (unfold(s.inside("film_top"), ("x0", "y0")) for s in (first, last))
    assert (
        np.allclose(kept, np.fmax(*both), rtol=0, atol=1e-9)
        and kept.max() > 2 * last.inside("film_top").max()
    )
