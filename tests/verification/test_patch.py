"""Uniform pressure through meshes that do not match."""

from __future__ import annotations

import numpy as np
import pytest
from setups import RIGID, STEEL, lines, relative, solve

from holdersim.assembly import Block, Interface, Plate, Rect, Seat, Shape, Solid
from holdersim.materials.elastic import Elastic

SOFT = Elastic("soft", 3000.0, 0.4)


@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("upper", [
    Block(lines(-6, 6, 5), lines(-5, 5, 3), (0, 1, 3)),
    Block((-6, -4.3, -1, 0.7, 2.9, 6), (-5, -2.2, 1.9, 5), (0, 3)),
    Plate(12, 10, 3, seats=(Seat("a", 1.5, 0.8, 1.2, 3.0),), size=1.6, coarse=2.5),
], ids=["coarser", "uneven", "distorted"])  # fmt: skip
def test_uniform_pressure_passes(upper: Shape, degree: int) -> None:
    """V26, contact patch test (Taylor & Papadopoulos 1991): 5 MPa on top is 5 MPa on every pixel and in every element.

    The pixels fit neither mesh; the lower body is finer, of another stiffness and element order.
    """
    top = "back" if isinstance(upper, Plate) else "top"
    below = Solid(
        "below", Block(lines(-6, 6, 24), lines(-5, 5, 20), (-1, -0.4, 0)), SOFT, 1, fixed={"bottom": "z"}
    )
    above = Solid("above", upper, STEEL, degree, tractions={top: (0, 0, -5.0)})
    face = Interface(
        "i", "below.top", f"above.{'press' if top == 'back' else 'bottom'}", Rect.centred(12, 10), 1.04
    )
    state = solve(below, above, interfaces=(face,))
    p = state.pressure("i")
    assert np.isfinite(p).all()
    error = float(np.abs(p - 5).max() / 5)
    assert error < 1e-8, f"pressure off by {error:.1e}"
    for name in ("below", "above"):
        sigma, _ = state.stress(name)
        error = relative(sigma, np.broadcast_to([0, 0, -5.0, 0, 0, 0], sigma.shape))
        assert error < 1e-8, f"stress of {name} off by {error:.1e}"


def test_uniform_pressure_passes_through_three_bodies() -> None:
    """V26 with a soft body between two stiff ones of other meshes: both faces carry 5 MPa."""
    low = Solid("low", Block(lines(0, 4, 3), lines(0, 4, 5), (-2, 0)), RIGID, 2, fixed={"bottom": "z"})
    mid = Solid("mid", Block(lines(0, 4, 16), lines(0, 4, 16), (0, 0.5)), SOFT, 1)
    top = Solid(
        "top", Block(lines(0, 4, 2), lines(0, 4, 3), (0.5, 2)), STEEL, 2, tractions={"top": (0, 0, -5.0)}
    )
    square = Rect(0, 4, 0, 4)
    faces = (
        Interface("a", "low.top", "mid.bottom", square, 0.5),
        Interface("b", "mid.top", "top.bottom", square, 0.55),
    )
    state = solve(low, mid, top, interfaces=faces)
    for name in ("a", "b"):
        error = float(np.abs(state.pressure(name) - 5).max() / 5)
        assert error < 1e-8, f"{name}: pressure off by {error:.1e}"
