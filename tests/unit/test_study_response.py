"""Pressures as a function of gaps, bolt forces and moduli: the same as the model's, and their derivatives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import studied
import xarray as xr

from holdersim import record
from holdersim.errors import CaseError, PhysicsRefused
from holdersim.materials.elastic import Elastic
from holdersim.solve import Model
from holdersim.study.pivot import Pivot
from holdersim.study.reading import NUMBERS, Reading, reading
from holdersim.study.response import Response

BOLTS = 0.5 * studied.FORCE * np.array([1.0, 1.2, 0.9, 1.1])


@pytest.fixture(scope="module")
def model() -> Model:
    """Stiff slab under a plate with a dish: a part of it stays open."""
    return studied.model(lambda x, y: 4e-5 * (x**2 + y**2), middle=Elastic("stiff", 5000.0, 0.3))


@pytest.fixture(scope="module")
def response(model: Model) -> Response:
    return Response(model)


@pytest.fixture(scope="module", params=["core", "cell_top"])
def read(request: pytest.FixtureRequest, response: Response) -> Reading:
    return reading(response, request.param, 1.5)


def _order(errors: list[float]) -> float:
    """Smallest order at which errors fall when the step is halved."""
    return float(np.log2(np.array(errors[:-1]) / np.array(errors[1:])).min())


def _taylor(value: Callable[[float], float], slope: float, first: float) -> float:
    steps = [first, first / 2, first / 4]
    return _order([abs(value(h) - value(0.0) - h * slope) for h in steps])


def test_pressures_and_numbers_are_those_of_the_model(model: Model, response: Response) -> None:
    state = model.tighten(dict(zip(response.bolts, BOLTS, strict=True)))
    pressed = response.press(response.gap, BOLTS)
    assert 0.5 < pressed.active.mean() < 0.995
    np.testing.assert_allclose(pressed.force, state.x[: model.pixels], atol=1e-9 * pressed.force.max())
    data: xr.Dataset = record.maps({"only": state}, {})
    wanted = record.step_numbers(state, data, "only", 1.5)["interfaces"]
    found = reading(response, "cell_top", 1.5).numbers(pressed.force)
    for name in NUMBERS:
        assert found[name][0] == pytest.approx(wanted["cell_top"][name], rel=1e-9)
    inside = reading(response, "core", 1.5).maps(pressed.force)
    np.testing.assert_allclose(inside, state.inside("core"), atol=1e-9 * np.nanmax(inside))


def test_many_samples_are_the_same_as_one_by_one(response: Response) -> None:
    random = np.random.default_rng(2)
    gaps = response.gap + 1e-3 * random.normal(size=(12, response.pixels))
    bolts = BOLTS * random.uniform(0.7, 1.3, size=(12, len(BOLTS)))
    base = response.typical(gaps[:3], bolts[:3])
    found = response.press_many(gaps, bolts, Pivot(response.compliance, response.modes, base))
    differ = 0
    for gap, force, many in zip(gaps, bolts, found, strict=True):
        one = response.press(gap, force)
        np.testing.assert_allclose(many, one.force, atol=1e-6 * one.force.max())
        differ += int((one.active != base).sum())
    assert differ > 100


@pytest.mark.parametrize("number", NUMBERS)
def test_slopes_by_gap_and_bolts(response: Response, read: Reading, number: str) -> None:
    pressed = response.press(response.gap, BOLTS)
    slope = response.slope(pressed, BOLTS, read.slope(number, pressed.force))
    random = np.random.default_rng(3)
    towards, pull = random.normal(size=response.pixels), random.normal(size=len(BOLTS))

    def by_gap(h: float) -> float:
        found = response.press(response.gap + h * towards, BOLTS, pressed.active)
        assert (found.active == pressed.active).all()
        return float(read.numbers(found.force)[number][0])

    def by_bolts(h: float) -> float:
        found = response.press(response.gap, BOLTS + h * pull, pressed.active)
        assert (found.active == pressed.active).all()
        return float(read.numbers(found.force)[number][0])

    steps = {by_gap: (float(slope.gap @ towards), 3e-8), by_bolts: (float(slope.bolts @ pull), 0.004)}
    for value, (along, first) in steps.items():
        change = value(first) - value(0.0)
        assert change == pytest.approx(first * along, rel=0.05, abs=1e-12)
        if number in (NUMBERS[1], NUMBERS[4]):  # the others are linear while the set stays
            assert _taylor(value, along, first) >= 1.9


def test_slope_by_the_modulus_of_a_plate(response: Response) -> None:
    read = reading(response, "cell_top", 1.5)
    pressed = response.press(response.gap, BOLTS)
    slope = response.slope(pressed, BOLTS, read.slope("CV [-]", pressed.force)).moduli["top_plate"]

    def value(h: float) -> float:
        shape = {"gap": lambda x, y: 4e-5 * (x**2 + y**2), "middle": Elastic("stiff", 5000.0, 0.3)}
        other = Response(studied.model(modulus=studied.STEEL.E * (1 + h), **shape))  # type: ignore[arg-type]
        found = other.press(other.gap, BOLTS, pressed.active)
        assert (found.active == pressed.active).all()
        return float(read.numbers(found.force)["CV [-]"][0])

    assert _taylor(value, slope * studied.STEEL.E, 4e-3) >= 1.9


def test_an_unknown_map_is_told(response: Response) -> None:
    with pytest.raises(CaseError, match=r'neither interface nor plane. Did you mean "cell_top"'):
        reading(response, "cell_tp", 1.0)


def test_whole_bodies_have_no_response() -> None:
    with pytest.raises(PhysicsRefused, match=r"no linear response"):
        Response(object())  # type: ignore[arg-type]
