"""The bare holder on the paper's cell, from the case: the sign of the physics, and units."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from setups import Array, relative

from holdersim.case import Case
from holdersim.solve import Model, State

CELL = {"kind": "two_electrode"}
PRESS = {"do": "tighten", "pressure": "5 MPa", "area": "cathode"}
COARSE = {"level": 0, "plate_size": "2 mm"}


def solved(**change: Any) -> State:
    """State of a coarse case of the bare holder after its only step; keys replace those of the case."""
    known: dict[str, Any] = {"holder": {"kind": "bare_uniaxial"}, "cell": CELL, "steps": [PRESS], "mesh": COARSE,
                             "grid": {"pixel": "1.8 mm"}}  # fmt: skip
    case = Case(**(known | change))
    model = Model(case.assembly())
    (forces,) = case.pulls(case.steps[0])
    return model.tighten(forces)


def thick(thickness: str) -> State:
    """The bare holder with plates of this thickness."""
    return solved(holder={"kind": "bare_uniaxial", "thickness": thickness})


def over_cathode(state: State) -> tuple[Array, Array]:
    """Pressures and their areas on the pixels of the quarter cathode, less the outermost, where they are singular."""
    p, joint = state.pressure("cell_top"), state.joint("cell_top")
    area = joint.map(joint.area, 0.0)
    return p[:-1, :-1], area[:-1, :-1]


def test_thin_plates_lift_off_in_the_middle() -> None:
    """Contact.md, measured: bolts outside the cell bend a bare 10 mm plate until its middle leaves the cell."""
    state = thick("10 mm")
    for name in ("cell_bottom", "cell_top"):
        p, gap = state.pressure(name), state.gap(name)
        assert p[0, 0] == 0 and gap[0, 0] > 1e-4, (
            f"{name}: {p[0, 0]:.3f} MPa, gap {gap[0, 0]:.2e} mm in the middle"
        )
        share = float((p > 0).mean())
        assert share < 0.6, f"{name}: {share:.2f} of the pixels pressed"
    p, _ = over_cathode(state)
    assert p[:, -2:].mean() > 10, f"{p[:, -2:].mean():.2f} MPa at the ends"
    bend = state.deflection("cell_top", "top_plate")
    assert bend[0, -1] * bend[0, 0] < 0 and 2e-3 < np.ptp(bend) < 0.05, (
        f"deflection {np.ptp(bend):.4f} mm over the cell"
    )


def test_thicker_plates_press_more_evenly() -> None:
    """Paper and contact.md: the centre is below the ends for every bare plate, and thickness evens the map out."""
    states = [thick(t) for t in ("10 mm", "25 mm", "60 mm", "150 mm")]
    spread, ratio = [], []
    for state in states:
        p, area = over_cathode(state)
        mean = float((p * area).sum() / area.sum())
        spread.append(float(np.sqrt((area * (p - mean) ** 2).sum() / area.sum()) / mean))
        ratio.append(float(p[0, 0] / p[0, -1]))
        force = 4 * state.force("cell_top")
        assert abs(force / (5 * 15 * 35) - 1) < 1e-9, f"{force:.3f} N through the cell"
    assert (np.diff(spread) < 0).all(), f"spreads {spread}"
    assert (np.diff(ratio) > 0).all() and max(ratio) < 1, f"centre over end {ratio}"
    assert spread[-1] < 0.2 and spread[0] > 5 * spread[-1], f"spreads {spread}"


@pytest.mark.parametrize("words", [
    {"pixel": "1800 um", "thickness": "0.012 m", "length": "8 cm", "pressure": "50 bar"},
    {"pixel": "0.18 cm", "thickness": "12000 um", "length": "0.08 m", "pressure": "5e6 Pa"},
], ids=["bar", "pascal"])  # fmt: skip
def test_other_units_give_the_same_map(words: dict[str, str]) -> None:
    """Buckingham 1914: a case written in other units is the same case, to 1e-9."""
    plain = {"pixel": "1.8 mm", "thickness": "12 mm", "length": "80 mm", "pressure": "5 MPa"}
    wanted, found = (
        solved(holder={"kind": "bare_uniaxial", "thickness": w["thickness"], "length": w["length"]},
               steps=[PRESS | {"pressure": w["pressure"]}], grid={"pixel": w["pixel"]})
        for w in (plain, words)
    )  # fmt: skip
    for name in ("cell_bottom", "cell_top"):
        error = relative(found.pressure(name), wanted.pressure(name))
        assert error < 1e-9, f"{name}: pressure differs by {error:.1e}"
    error = relative(found.displacement("top_plate"), wanted.displacement("top_plate"))
    assert error < 1e-9, f"displacement differs by {error:.1e}"
