"""The nonlinear model: when it is chosen, what it refuses, and that its states do not depend on the way to them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from holdersim.assembly import STICK, Assembly, Block, Bolt, Interface, Layer, LayerStack, Rect, Solid
from holdersim.errors import GeometryError, NotConvergedError, PhysicsRefused
from holdersim.materials.elastic import Elastic
from holdersim.materials.hyperelastic import NeoHookean
from holdersim.materials.rubber import Rubber
from holdersim.nonlinear import SoftModel, model_of
from holdersim.solve import Model
from holdersim.state import State

Array = NDArray[np.float64]
STEEL = Elastic("steel", 200e3, 0.3)
SOFT = Rubber("soft", NeoHookean(0.4), 1200.0)
BOTH = ("x0", "y0")


def lines(low: float, high: float, n: int) -> tuple[float, ...]:
    return tuple(np.linspace(low, high, n + 1).tolist())


def clamp(
    friction: float = STICK, symmetry: tuple[str, ...] = BOTH, material: Rubber | Elastic = SOFT, n: int = 4
) -> Assembly:
    """A pad 8 x 8 x 2 between two plates 3 mm thick, drawn together by two bolts, one stiffer than the other."""
    x = lines(0.0 if symmetry else -4.0, 4.0, n if symmetry else 2 * n)
    plate = Block(x, x, (0.0, 1.5, 3.0))
    solids = (
        Solid("low", plate, STEEL, 2, z=-3.0, symmetry=symmetry, fixed={"bottom": "z"}),
        Solid("pad", Block(x, x, lines(0.0, 2.0, 2)), material, 2, symmetry=symmetry),
        Solid("top", plate, STEEL, 2, z=2.0, symmetry=symmetry),
    )
    where = Rect.centred(8, 8)
    faces = (
        Interface("below", "low.top", "pad.bottom", where, 4.0 / n, None, friction),
        Interface("above", "pad.top", "top.bottom", where, 4.0 / n, None, friction),
    )
    share, seats = 0.25 if symmetry else 1.0, ("low.bottom", "top.top")
    one = Bolt("one", seats, 0.0, 0.0, 5e3, 6.0, 20.1, 600.0, 640.0, 40.0, share=share)
    bolts = one, replace(one, name="two", stiffness=2e3)
    return Assembly(solids, faces, bolts, symmetry=symmetry)


@pytest.fixture(scope="module")
def model() -> Model:
    """The sticking pad, a quarter."""
    return model_of(clamp())


def apart(a: State, b: State) -> float:
    """Largest difference of the pressures of two states, over the largest pressure."""
    top = max(float(np.nanmax(a.pressure(n))) for n in ("below", "above"))
    return max(float(np.nanmax(np.abs(a.pressure(n) - b.pressure(n)))) for n in ("below", "above")) / top


# -- which model ---------------------------------------------------------------------------------------------


def test_rubber_or_friction_make_it_nonlinear() -> None:
    foam = Elastic("foam", 5.0, 0.1)
    assert isinstance(model_of(clamp()), SoftModel)
    assert isinstance(model_of(clamp(0.0)), SoftModel)
    assert isinstance(model_of(clamp(0.2, material=foam)), SoftModel)
    assert not isinstance(model_of(clamp(0.0, material=foam)), SoftModel)
    with pytest.raises(PhysicsRefused, match="model_of"):
        Model(clamp())


def test_both_models_agree_on_what_slides_and_is_linear() -> None:
    """A foam of the same small load: the linear model, and the nonlinear one with hardly any friction."""
    foam = Elastic("foam", 5.0, 0.1)
    plain = model_of(clamp(0.0, material=foam)).tighten({"one": 20.0, "two": 10.0})
    rough = model_of(clamp(1e-9, material=foam)).tighten({"one": 20.0, "two": 10.0})
    assert apart(plain, rough) < 1e-6
    assert rough.closing == pytest.approx(plain.closing, rel=1e-6)


# -- refusals ------------------------------------------------------------------------------------------------


def test_a_bolt_on_rubber_is_refused() -> None:
    good = clamp()
    bad = replace(good.bolts[0], seats=("low.bottom", "pad.top"))
    with pytest.raises(GeometryError, match='a bolt cannot sit on "pad"'):
        model_of(replace(good, bolts=(bad, good.bolts[1])))


def test_meshes_that_do_not_suit() -> None:
    """Elements of degree 1, a layered body of rubber, elements larger than the pixels."""
    good = clamp()
    low, pad, top = good.solids
    with pytest.raises(GeometryError, match='rubber "pad" needs hexahedra of degree 2'):
        model_of(replace(good, solids=(low, replace(pad, degree=1), top)))
    layers = LayerStack((Layer("a", 1.0, Rect.centred(8, 8), STEEL),), Rect.centred(8, 8), 1.0, 1.0)
    with pytest.raises(GeometryError, match='"pad" is not of rubber'):
        model_of(replace(good, solids=(low, replace(pad, shape=layers), top)))
    coarse = Block((0.0, 4.0), (0.0, 4.0), (0.0, 3.0))
    low, top = (replace(s, shape=coarse) for s in (low, top))
    pad = replace(pad, shape=Block((0.0, 4.0), (0.0, 4.0), (0.0, 2.0)))
    with pytest.raises(GeometryError, match="neither mesh resolves the pressure grid"):
        model_of(replace(good, solids=(low, pad, top)))


def test_bolts_must_have_a_force_or_a_length(model: Model) -> None:
    with pytest.raises(KeyError, match="two"):
        model.tighten({"one": 10.0})


def test_too_much_is_refused_with_how_far_it_went() -> None:
    """A free slab of rubber under hundreds of times its modulus turns inside out, and that is said."""
    sliding = model_of(clamp(0.0, n=2))
    with pytest.raises(
        NotConvergedError, match=r'"below \+ above": stuck at \S+ % of the load after \d+ Newton'
    ):
        sliding.tighten({"one": 4e4, "two": 4e4})


# -- states --------------------------------------------------------------------------------------------------


def test_forces_balance(model: Model) -> None:
    """What the bolts pull goes through both faces of the pad, to 1e-9; all certificates are within their limits."""
    state = model.tighten({"one": 60.0, "two": 40.0})
    assert state.bolts == {"one": pytest.approx(60.0), "two": pytest.approx(40.0)}
    for name in ("below", "above"):
        assert state.force(name) == pytest.approx(25.0, rel=1e-9)
    assert set(state.certificates) >= set(model.limits) >= {"friction", "rubber_equilibrium", "force_balance"}
    assert all(state.certificates[k] <= limit for k, limit in model.limits.items())
    for name in ("below", "above"):
        pressed, gap = state.pressure(name) > 0, state.gap(name)
        assert (gap[pressed] == 0).all() and float(gap.min()) >= 0


@pytest.mark.parametrize("within", [1e-9])
def test_a_quarter_is_the_whole(within: float) -> None:
    """Symmetry cut or not, with nothing to hold the whole in its plane: the same pressures, mirrored, and closing."""
    forces = {"one": 60.0, "two": 40.0}
    quarter, whole = model_of(clamp(n=2)).tighten(forces), model_of(clamp(symmetry=(), n=2)).tighten(forces)
    for name in ("below", "above"):
        p = whole.pressure(name)
        assert whole.force(name) == pytest.approx(4 * quarter.force(name), rel=1e-9)
        for image in (p[::-1], p[:, ::-1], p.T):
            assert p == pytest.approx(image, rel=within)
        assert p[2:, 2:] == pytest.approx(quarter.pressure(name), rel=within)
    assert whole.closing == pytest.approx(quarter.closing, rel=within)


def test_a_sliding_pad_forgets_the_way() -> None:
    """Loaded at once, in steps, or beyond and back: one state, as nothing sticks or relaxes."""
    sliding, forces = model_of(clamp(0.0)), {"one": 12.0, "two": 8.0}
    once = sliding.tighten(forces)
    some = sliding.tighten(forces, guess=sliding.tighten({"one": 3.0, "two": 2.0}))
    back = sliding.tighten(forces, guess=sliding.tighten({"one": 24.0, "two": 16.0}))
    assert apart(once, some) < 1e-6 and apart(once, back) < 1e-6
    assert once.displacement("pad")[:, 2] == pytest.approx(back.displacement("pad")[:, 2], abs=1e-7)


def test_the_same_again_changes_nothing(model: Model) -> None:
    """Tightened to the same forces, or locked where it is: at once, and to the same state; a new model as well."""
    forces = {"one": 60.0, "two": 40.0}
    first = model.tighten(forces)
    for again in (model.tighten(forces, guess=first), model.locked(first), model.locked(first, forces)):
        assert apart(first, again) < 1e-8 and again.solution.iterations <= 2
        assert again.bolts == pytest.approx(first.bolts, rel=1e-8)
    assert apart(first, model_of(clamp()).tighten(forces)) < 1e-9


def test_one_bolt_disturbs_the_other(model: Model) -> None:
    """Locked: what the pad gives way under the second bolt, the first loses by its stiffness."""
    start = model.tighten({"one": 60.0, "two": 20.0})
    after = model.locked(start, {"two": 60.0})
    sunk = float((after.closing - start.closing)[0])
    assert after.bolts["two"] == pytest.approx(60.0) and abs(sunk) > 1e-3
    assert after.bolts["one"] == pytest.approx(60.0 - 5e3 * abs(sunk), rel=1e-6)
    assert after.lengths[0] == start.lengths[0] and after.lengths[1] != start.lengths[1]


def test_a_locked_bolt_goes_slack_rather_than_push(model: Model) -> None:
    start = model.tighten({"one": 5.0, "two": 20.0})
    after = model.locked(start, {"two": 200.0})
    assert after.bolts == {"one": pytest.approx(0.0, abs=1e-9), "two": pytest.approx(200.0)}


def test_time_adds_up_and_changes_nothing_that_does_not_relax(model: Model) -> None:
    state = model.tighten({"one": 60.0, "two": 40.0})
    later = model.locked(model.locked(state, seconds=10.0), seconds=5.0)
    assert (state.time, later.time) == (0.0, 15.0)
    assert later.whole["pad"].time == 15.0
    assert apart(state, later) < 1e-8


def test_stress_in_the_pad_is_what_presses(model: Model) -> None:
    """At small strain the mean of the vertical stress is the force over the area."""
    state = model.tighten({"one": 0.6, "two": 0.4})
    sigma, mises = state.stress("pad")
    assert sigma[:, 2].mean() == pytest.approx(-0.25 / 16, rel=0.05)
    assert sigma.shape == (32, 6) and float(mises.min()) > 0
