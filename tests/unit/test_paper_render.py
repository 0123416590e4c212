"""Virtual paper: what it felt, threshold and saturation, grain that keeps the light, size, and its messages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from known_paper import CLIMATE, X, Y
from PIL import Image
from synthetic import holder, maps, summary

from holdersim.errors import CaseError, ResultError
from holdersim.paper import RenderOptions, curve, render_map, render_result
from holdersim.paper.dye import linear, standard
from holdersim.paper.options import checked
from holdersim.paper.render import PAPER, Felt, felt
from holdersim.results import Result, RunFolder, open_result

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Two steps, the first pressed harder on the left, and a largest pressure between them on one pixel."""
    whole = holder()
    data = maps(whole, ("over", "rest"))
    p = data["cell_top_pressure"].values.copy()
    half = p.shape[2] // 2
    p[0, :, :half] = 9.0
    data["cell_top_pressure"] = data["cell_top_pressure"].copy(data=p)
    peak = p.max(axis=0)
    peak[3, 4] = 12.0
    told = {"units": "MPa", "long_name": "largest contact pressure at any moment"}
    data["cell_top_peak_pressure"] = xr.DataArray(peak, dims=("y_cell_top", "x_cell_top"), attrs=told)
    with RunFolder(tmp_path_factory.mktemp("r"), "two", "1") as run:
        run.finish(summary(whole, data), data, {})
    return open_result(run.folder)


def test_paper_keeps_the_largest_pressure(result: Result) -> None:
    """Over all steps and between them; over one step only what that step shows."""
    all_steps, last = felt(result), felt(result, steps=("rest",))
    shown = result.maps["cell_top_pressure"]
    assert np.array_equal(last.pressure, shown.sel(step="rest"))
    assert all_steps.pressure[3, 4] == 12.0
    rest = np.ones_like(all_steps.pressure, bool)
    rest[3, 4] = False
    assert np.array_equal(all_steps.pressure[rest], shown.max("step").values[rest])
    middle = all_steps.pressure.shape[0] // 2, all_steps.pressure.shape[1] // 2 - 2
    assert all_steps.pressure[middle] == 9.0 > last.pressure[middle]


def test_where_the_paper_lay(result: Result) -> None:
    """A face by name; mistakes of face and step at once, with the nearest name."""
    assert felt(result, "cell_bottom").pressure.shape == result.maps["cell_bottom_pressure"].shape[1:]
    with pytest.raises(CaseError) as told:
        felt(result, "cell_tpo", ("tighten", "rest"))
    assert len(told.value.mistakes) == 2
    assert 'Did you mean "cell_top"?' in str(told.value) and "is no step of the result" in str(told.value)


def _green(pixels: np.ndarray) -> float:
    """Optical density of green in the middle of a sheet."""
    rows, columns = (n // 2 for n in pixels.shape[:2])
    part = pixels[rows - 20 : rows + 20, columns - 40 : columns + 40, 1] / 255
    return float(-np.log10(linear(part).mean() / PAPER[1]))


def even(pressure: float, **more: Any) -> np.ndarray:
    """Pixels of paper under an even pressure [MPa]."""
    options = RenderOptions(**(CLIMATE | {"dpi": 300} | more))
    return render_map(Felt(np.full((20, 40), pressure), X, Y, "even"), options).pixels


@pytest.mark.parametrize("pressure", [3.0, 6.0, 9.5])
@pytest.mark.parametrize("grain", [0.0, 0.06, 0.12])
def test_light_is_that_of_the_curve_whatever_the_grain(pressure: float, grain: float) -> None:
    """The mean light of an evenly pressed patch gives the density of the curve within 0.01."""
    nominal = curve("LW", "continuous", "C").record(np.array([pressure]))
    wanted = float(standard().colours(nominal)[0, 1])
    assert abs(_green(even(pressure, grain=grain)) - wanted) < 0.01 + 0.01 * wanted


def test_threshold_and_saturation() -> None:
    """No pressure leaves white paper; far above the range more pressure changes next to nothing."""
    assert abs(_green(even(0.0))) < 0.005 and _green(even(1.0)) < _green(even(2.5))
    assert _green(even(40.0)) - _green(even(20.0)) < 0.02 < _green(even(20.0)) - _green(even(9.0))


def test_size_and_turn(tmp_path: Path) -> None:
    """Pixels go with dpi, a page has its own size, the dpi is in the file, the seed decides the grain."""
    small, large = even(6.0, dpi=150), even(6.0, dpi=300)
    assert abs(large.shape[1] / small.shape[1] - 2) < 0.01
    turned = even(6.0, turned="90 deg")
    assert turned.shape[:2] == large.shape[1::-1]
    page = render_map(
        Felt(np.full((20, 40), 6.0), X, Y, "e"), RenderOptions(**CLIMATE, dpi=100, page="297 mm x 210 mm")
    )
    assert page.pixels.shape[:2] == (827, 1169)
    for name in ("a.jpg", "a.png", "a.tif"):
        with Image.open(page.save(tmp_path / name)) as file:
            assert np.allclose(file.info["dpi"], 100, rtol=1e-3)
    with pytest.raises(CaseError, match=r"is no image file.*\.jpg"):
        page.save(tmp_path / "a.xyz")
    assert np.array_equal(even(6.0), large) and not np.array_equal(even(6.0, seed=2), large)


def test_mirrored_sheet_is_the_other_way_round() -> None:
    """Pressed on the right, scanned face down: red on the left."""
    p = np.where(np.meshgrid(X, Y)[0] > 0, 8.0, 0.0)
    sides = []
    for mirror in (False, True):
        options = RenderOptions(**CLIMATE, dpi=300, mirror=mirror)
        pixels = render_map(Felt(p, X, Y, "right"), options).pixels.astype(float)
        half = pixels.shape[1] // 2
        sides.append(pixels[:, half:, 1].mean() < pixels[:, :half, 1].mean())
    assert sides == [True, False]


def test_wrong_grade_is_told() -> None:
    """LLW under 6 MPa saturates, HS stays white: the grade to use is named."""
    for name, said in (("LLW", "above 2.5. Use LW (2.5-10 MPa)"), ("HS", "MS reads 10-50 MPa")):
        options = RenderOptions(**(CLIMATE | {"grade": name}), dpi=100)
        told = render_map(Felt(np.full((20, 40), 6.0), X, Y, "e"), options).warnings
        assert any(
            f"grade {name} covers" in w and "100% of the pressed area" in w and said in w for w in told
        )
    nothing = render_map(Felt(np.zeros((20, 40)), X, Y, "e"), RenderOptions(**CLIMATE, dpi=100))
    assert nothing.warnings == ("no pressure anywhere: the paper stays white.",)


def test_what_is_needed_is_asked_for() -> None:
    """Nothing that changes the density is guessed."""
    with pytest.raises(CaseError, match="a density needs --grade, --pressing, --temperature, --humidity"):
        checked(RenderOptions, {}, "paper render")
    with pytest.raises(CaseError, match=r"--dpi.*5.0"):
        checked(RenderOptions, CLIMATE | {"dpi": 5.0}, "paper render")


def test_command_line(tmp_path: Path, result: Result) -> None:
    """Writes the image and says what the paper felt; no result, no image."""
    words = [
        sys.executable,
        "-m",
        "holdersim",
        "paper",
        "render",
        str(result.folder),
        "--grade",
        "LW",
        "--hold",
    ]
    words += [
        "continuous",
        "--temp",
        "24 degC",
        "--rh",
        "55 %",
        "--turned",
        "2 deg",
        "-o",
        str(tmp_path / "v.jpg"),
    ]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and (tmp_path / "v.jpg").is_file(), done.stderr
    assert "largest pressure on cell_top over all steps" in done.stderr
    with pytest.raises(ResultError, match="no such folder"):
        render_result(tmp_path / "nowhere", RenderOptions(**CLIMATE))
