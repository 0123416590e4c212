"""Resistance from pressure: the paper's two factors, areas side by side, the share pressed too little."""

from math import inf
from pathlib import Path

import numpy as np
import pytest
from synthetic import CATHODE, holder, maps, summary

from holdersim.assembly import Rect
from holdersim.ordering import BELOW, DEFINITIONS, LAWS, ordering, resistance_map
from holdersim.results import Result
from holdersim.results.writing import write_maps

REGION = Rect(0, 8, 0, 4)
X, Y = np.arange(0.25, 8, 0.5), np.arange(0.25, 4, 0.5)
AREA = np.full((len(Y), len(X)), 0.25)
INTERFACE, SEPARATOR = (f"{n} resistance / at even 5 MPa [-]" for n in ("Interface", "Separator"))


def of(pressure: np.ndarray, film: float = 0.5) -> dict[str, float]:
    return ordering(pressure, AREA, X, Y, REGION, film)


def test_the_measured_factors_come_back():
    assert LAWS["interface"].resistance(np.array([5.0, 1.0])) == pytest.approx([1.0, 2.5], rel=1e-12)
    assert LAWS["separator"].resistance(np.array([5.0, 1.0])) == pytest.approx([1.0, 1.7], rel=1e-12)
    assert LAWS["interface"].exponent == pytest.approx(0.5693, abs=5e-5)
    assert LAWS["separator"].exponent == pytest.approx(0.3297, abs=5e-5)


@pytest.mark.parametrize(("name", "factor"), [("interface", 2.5), ("separator", 1.7)])
def test_exponents_span_factors_20_percent_off(name: str, factor: float):
    low, high = LAWS[name].exponents
    assert (5**low, 5**high) == pytest.approx((0.8 * factor, 1.2 * factor), rel=1e-12)


def test_an_even_map_has_the_resistance_of_its_pressure():
    five, one = of(np.full(AREA.shape, 5.0)), of(np.ones(AREA.shape))
    assert (five[INTERFACE], five[SEPARATOR], five[BELOW]) == pytest.approx((1.0, 1.0, 0.0), abs=1e-12)
    assert (one[INTERFACE], one[SEPARATOR], one[BELOW]) == pytest.approx((2.5, 1.7, 1.0), rel=1e-12)
    assert (one["Interface resistance, low [-]"], one["Interface resistance, high [-]"]) == pytest.approx(
        (2.0, 3.0)
    )
    assert set(one) == set(DEFINITIONS)


def test_halves_beside_each_other_add_their_conductances():
    found = of(np.where(X < 4, 5.0, 1.0) * np.ones(AREA.shape))
    assert found[INTERFACE] == pytest.approx(2 / (1 + 1 / 2.5), rel=1e-12)
    assert found[SEPARATOR] == pytest.approx(2 / (1 + 1 / 1.7), rel=1e-12)
    assert found[BELOW] == pytest.approx(0.5)


def test_what_is_not_pressed_carries_nothing():
    half = of(np.where(X < 4, 5.0, -0.5) * np.ones(AREA.shape))  # tension inside a layer counts as none
    assert half[INTERFACE] == pytest.approx(2.0, rel=1e-12)
    assert of(np.zeros(AREA.shape))[INTERFACE] == inf


def test_at_equal_force_the_uneven_map_has_the_greater_resistance():
    """The exponents lie below 1, so conductance is concave in pressure."""
    x = np.linspace(-1, 1, len(X))
    even, uneven = of(np.full(AREA.shape, 3.0)), of((3.0 + 2.5 * x) * np.ones(AREA.shape))
    assert uneven[INTERFACE] > 1.02 * even[INTERFACE]
    assert uneven[SEPARATOR] > 1.01 * even[SEPARATOR]


def test_pressures_are_averaged_over_film_squares_first():
    rough = np.where((np.arange(len(X)) % 2) == 0, 5.0, 1.0) * np.ones(AREA.shape)
    assert of(rough, film=1.0)[INTERFACE] == pytest.approx((5 / 3) ** LAWS["interface"].exponent, rel=1e-9)
    assert of(rough, film=1.0)[INTERFACE] < of(rough)[INTERFACE]


def test_the_map_of_a_result_agrees_with_its_number(tmp_path: Path):
    assembly = holder(())
    data = maps(assembly)
    write_maps(data, tmp_path / "maps.nc")
    film = 0.5
    result = Result(tmp_path, summary(assembly, data) | {"film_mm": film})
    found = resistance_map(result, "separator", "cell_top")
    pressure = np.asarray(data["cell_top_pressure"])[-1]
    area, x, y = (np.asarray(data[n]) for n in ("cell_top_area", "x_cell_top", "y_cell_top"))
    expected = ordering(pressure, area, x, y, CATHODE, film)[SEPARATOR]
    assert float(1 / np.mean(1 / found.values)) == pytest.approx(expected, rel=1e-9)
    assert found.attrs["units"] == "1" and "no prediction" in found.attrs["comment"]
    with pytest.raises(KeyError):
        resistance_map(result, "cathode", "cell_top")
