"""Metrics of maps whose numbers are known in closed form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdersim.assembly import Rect
from holdersim.metrics import (
    DEFINITIONS,
    deflection_metrics,
    film_average,
    inside,
    percentile,
    pixel_lines,
    pressure_metrics,
)


def grid(x_lines, y_lines):
    """Areas and centres of a grid between lines."""
    x_lines, y_lines = np.asarray(x_lines, float), np.asarray(y_lines, float)
    area = np.outer(np.diff(y_lines), np.diff(x_lines))
    return area, (x_lines[1:] + x_lines[:-1]) / 2, (y_lines[1:] + y_lines[:-1]) / 2


def uniform_grid(length=35.0, width=15.0, pixel=0.5):
    """Equal pixels about the origin."""
    return grid(*(np.linspace(-side / 2, side / 2, round(side / pixel) + 1) for side in (length, width)))


CATHODE = Rect.centred(35.0, 15.0)


@pytest.mark.parametrize("lines", [[0, 0.3, 0.8, 1.3, 1.5], [2.0, 2.7], [-1, 0, 1]])
@pytest.mark.parametrize("other", [[0, 0.1, 0.6], [5.0, 5.4]])
def test_lines_are_found_again_from_centres_and_areas(lines, other):
    area, x, y = grid(lines, other)
    if len(x) == len(y) == 1:
        # one pixel alone does not tell its two sides: it is taken as a square of the same area
        lx, ly = pixel_lines(area, x, y)
        assert np.diff(lx)[0] * np.diff(ly)[0] == pytest.approx(area[0, 0])
        return
    lx, ly = pixel_lines(area, x, y)
    assert lx == pytest.approx(np.array(lines), abs=1e-12)
    assert ly == pytest.approx(np.array(other), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.floats(0.05, 1.7), min_size=2, max_size=9),
    film=st.floats(0.1, 3.0),
    seed=st.integers(0, 1000),
)
def test_film_average_keeps_force_and_covered_area(steps, film, seed):
    rng = np.random.default_rng(seed)
    area, x, y = grid(np.cumsum([0.3, *steps]), np.cumsum([-1.0, *steps[::-1], 0.4]))
    p = rng.random(area.shape)
    p[rng.random(area.shape) < 0.2] = np.nan
    mean, total, _, _ = film_average(p, area, x, y, film)
    assert np.nansum(mean * total) == pytest.approx(np.nansum(p * area), rel=1e-12)
    assert total.sum() == pytest.approx(area[np.isfinite(p)].sum(), rel=1e-12)
    if np.isfinite(mean).any():
        assert np.nanmax(mean) <= np.nanmax(p) * (1 + 1e-12)


def test_film_average_of_four_pixels_is_their_mean():
    area, x, y = uniform_grid(2.0, 1.0, 0.25)
    p = np.arange(area.size, dtype=float).reshape(area.shape)
    mean, total, fx, fy = film_average(p, area, x, y, 0.5)
    assert mean == pytest.approx(p.reshape(2, 2, 4, 2).mean(axis=(1, 3)))
    assert total == pytest.approx(np.full((2, 4), 0.25))
    assert fx == pytest.approx([-0.75, -0.25, 0.25, 0.75])
    assert fy == pytest.approx([-0.25, 0.25])


def test_uniform_pressure():
    area, x, y = uniform_grid()
    regions = {"cathode": CATHODE, "corner": Rect(0, 7.3, 0, 2.1)}
    m = pressure_metrics(np.full(area.shape, 5.0), area, x, y, regions)
    for name in ("Mean contact pressure", "p5", "p50", "p95", "p99", "Film-resolution peak"):
        assert m[f"{name} [MPa]"] == pytest.approx(5.0, rel=1e-12)
    for name in ("p5/p95", "Contact fraction", "Share within 20 % of mean", "Edge-band mean / centre mean"):
        name = f"{name} [-]"
        assert m[name] == pytest.approx(1.0, rel=1e-12)
    assert m["CV [-]"] == pytest.approx(0.0, abs=1e-12)
    assert m["Force [N]"] == pytest.approx(5 * 525)
    assert m["Force on corner [N]"] == pytest.approx(5 * 7.3 * 2.1)
    assert m["Centroid offset x [mm]"] == pytest.approx(0.0, abs=1e-12)


def test_linear_ramp():
    # p = m (1 + k x / a), -a < x < a: sd m k / sqrt 3, quantile q m (1 + k (2 q - 1)), centroid k a / 3
    area, x, y = uniform_grid(40.0, 10.0, 0.1)
    k, m0 = 0.6, 2.0
    p = m0 * (1 + k * x / 20) * np.ones((len(y), 1))
    m = pressure_metrics(p, area, x, y, {"all": Rect.centred(40, 10)})
    assert m["CV [-]"] == pytest.approx(k / np.sqrt(3), rel=2e-4)
    for q in (5, 50, 95, 99):
        assert m[f"p{q} [MPa]"] == pytest.approx(m0 * (1 + k * (2 * q / 100 - 1)), rel=5e-3)
    assert m["Centroid offset x [mm]"] == pytest.approx(k * 20 / 3, rel=1e-4)
    assert m["Share within 20 % of mean [-]"] == pytest.approx(0.2 / k, abs=0.02)
    assert m["Edge-band mean / centre mean [-]"] == pytest.approx(1.0, rel=1e-9)


def test_hertz_parabola_across_a_line_contact():
    # p = p0 (1 - (y/a)^2) on |y| < a, open outside to b: mean 2/3 p0 a/b, contact fraction a/b
    area, x, y = uniform_grid(4.0, 10.0, 0.05)
    a = 3.0
    p = 8.0 * np.maximum(1 - (y / a) ** 2, 0.0)[:, None] * np.ones(len(x))
    m = pressure_metrics(p, area, x, y, {"all": Rect.centred(4, 10)}, film=0.25)
    assert m["Mean contact pressure [MPa]"] == pytest.approx(8 * 2 / 3 * a / 5, rel=1e-3)
    assert m["Contact fraction [-]"] == pytest.approx(a / 5, abs=1e-9)
    assert m["p5 [MPa]"] == 0.0
    mean_square = 8.0**2 * 8 / 15 * a / 5
    mean = 8 * 2 / 3 * a / 5
    assert m["CV [-]"] == pytest.approx(np.sqrt(mean_square / mean**2 - 1), rel=5e-3)
    # the middle film strip |y| < 0.125 of the parabola's top, averaged
    assert m["Film-resolution peak [MPa]"] == pytest.approx(8 * (1 - (0.25**2 / 3 + 0.0) / a**2), rel=5e-3)


def punch(pixel):
    """Flat punch: mean pressure of each pixel strip, exactly, from F(y) = P/pi asin(y/a)."""
    half = 7.5
    lines = np.linspace(-half, half, round(2 * half / pixel) + 1)
    p = np.diff(np.arcsin(np.clip(lines / half, -1, 1))) / np.pi / np.diff(lines) * 5.0 * 2 * half
    area, x, y = grid(np.linspace(0, 4, 5), lines)
    return p[:, None] * np.ones(4), area, x, y


def test_sharp_edge_reads_the_same_on_every_grid():
    regions = {"all": Rect(0, 4, -7.5, 7.5)}
    coarse, fine = (pressure_metrics(*punch(h), regions) for h in (0.5, 0.03125))
    raw = [punch(h)[0].max() for h in (0.5, 0.03125)]
    assert raw[1] > 3.5 * raw[0], "the raw maximum must grow: that is the trap"
    for name in ("CV [-]", "p5 [MPa]", "p95 [MPa]", "p99 [MPa]", "Film-resolution peak [MPa]"):
        assert fine[name] == pytest.approx(coarse[name], rel=1e-9), name
    edge = np.arcsin(0.8) * 2 / np.pi  # share of the force within 80 % of the width
    expected = (1 - 0.8 * edge) / 0.36 / (0.8 * edge / 0.64)
    assert fine["Edge-band mean / centre mean [-]"] == pytest.approx(expected, rel=1e-9)


def test_partly_covered_pixels_keep_force_and_place():
    # uncovered border columns and half-covered pixels, as where a face ends inside a pixel; trimmed last row
    area, x, y = grid(np.arange(0, 4.1, 0.5), [0, 0.5, 1.0, 1.5, 1.7])
    covered = area.copy()
    covered[:, 0] = 0.0
    covered[:, 1] *= 0.5
    p = np.where(covered > 0, 2.0, np.nan)
    lx, ly = pixel_lines(covered, x, y)
    assert lx == pytest.approx(np.arange(0, 4.1, 0.5)) and ly == pytest.approx([0, 0.5, 1.0, 1.5, 1.7])
    m = pressure_metrics(p, covered, x, y, {"all": Rect(0, 4, 0, 1.7), "right": Rect(2, 4, 0, 1.0)}, film=0.4)
    assert m["Force [N]"] == pytest.approx(2.0 * covered.sum(), rel=1e-12)
    assert m["Force on right [N]"] == pytest.approx(4.0, rel=1e-12)
    assert m["Mean contact pressure [MPa]"] == pytest.approx(2.0)
    assert m["CV [-]"] == pytest.approx(0.0, abs=1e-9)


def test_percentiles_weigh_by_area_not_by_pixel():
    assert percentile(np.array([1.0, 2.0]), np.array([9.0, 1.0]), 50) == pytest.approx(1.1)
    assert percentile(np.array([3.0, np.nan]), np.array([1.0, 5.0]), 95) == 3.0


def test_uncovered_pixels_do_not_count():
    area, x, y = uniform_grid(4.0, 4.0, 0.5)
    p = np.full(area.shape, 3.0)
    p[:, :4] = np.nan
    m = pressure_metrics(p, area, x, y, {"all": Rect.centred(4, 4)})
    assert m["Mean contact pressure [MPa]"] == pytest.approx(3.0)
    assert m["Force [N]"] == pytest.approx(24.0)
    assert m["Centroid offset x [mm]"] == pytest.approx(1.0)


def test_open_interface_has_no_spread():
    area, x, y = uniform_grid(4.0, 4.0)
    m = pressure_metrics(np.zeros(area.shape), area, x, y, {"all": Rect.centred(4, 4)})
    assert m["Force [N]"] == 0.0 and m["Contact fraction [-]"] == 0.0
    assert np.isnan(m["CV [-]"]) and np.isnan(m["p5/p95 [-]"])


def test_named_region_and_its_absence():
    area, x, y = uniform_grid()
    p = np.where(x > 0, 4.0, 2.0) * np.ones((len(y), 1))
    regions = {"left": Rect(-17.5, 0, -7.5, 7.5), "right": Rect(0, 17.5, -7.5, 7.5)}
    assert pressure_metrics(p, area, x, y, regions)["Mean contact pressure [MPa]"] == pytest.approx(2.0)
    right = pressure_metrics(p, area, x, y, regions, region="right")
    assert right["Mean contact pressure [MPa]"] == pytest.approx(4.0)
    with pytest.raises(ValueError, match='no region "middle"; there are left, right'):
        pressure_metrics(p, area, x, y, regions, region="middle")
    with pytest.raises(ValueError, match="no covered pixel"):
        pressure_metrics(p, area, x, y, {"far": Rect(50, 60, 0, 1)})


def test_trimmed_borders_keep_the_area():
    area, x, y = grid([0, 0.2, 0.7, 1.2, 1.3], [0, 0.5, 1.0])
    assert inside(Rect(0.1, 1.25, 0.25, 0.5), area, x, y).sum() == pytest.approx(1.15 * 0.25)


def test_every_number_has_a_definition():
    area, x, y = uniform_grid()
    names = pressure_metrics(np.ones(area.shape), area, x, y, {"cathode": CATHODE})
    names |= deflection_metrics(np.ones(area.shape), area, x, y, CATHODE)
    known = {name.replace("cathode", "<region>") for name in names}
    assert known == set(DEFINITIONS)
    assert all(name.endswith("]") for name in names)


def test_deflection_of_a_dome():
    # u = h (1 - (x/a)^2): peak to valley h, mean over |x| < s a is h (1 - s^2/3)
    area, x, y = uniform_grid(40.0, 10.0, 0.1)
    u = 6.0 * (1 - (x / 20) ** 2) * np.ones((len(y), 1))
    m = deflection_metrics(u, area, x, y, Rect.centred(40, 10))
    assert m["Peak-to-valley [um]"] == pytest.approx(6.0, rel=0.01)
    core = 6 * (1 - 0.8**2 / 3)
    band = (6 * 2 / 3 - 0.64 * core) / 0.36
    assert m["Centre minus edge [um]"] == pytest.approx(6 * (1 - 0.2**2 / 3) - band, rel=1e-3)
    assert deflection_metrics(-u, area, x, y, Rect.centred(40, 10))["Centre minus edge [um]"] < 0
