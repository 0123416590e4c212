"""Reading scans: scale, blank paper, what is no paper, and every mistake of a film with its message."""

from __future__ import annotations

import json
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

from holdersim.errors import CaseError
from holdersim.paper import (
    Flag,
    Reading,
    ReadOptions,
    RenderOptions,
    numbers,
    read_scan,
    render_map,
    write_reading,
)
from holdersim.paper.files import messages
from holdersim.paper.measures import DEFINITIONS
from holdersim.paper.options import checked
from holdersim.paper.render import Felt

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def even() -> np.ndarray:
    """A scan of 20 x 10 mm under 6 MPa at 300 dpi, uncompressed, straight: 0 to 255 (rows, columns, 3)."""
    options = RenderOptions(**CLIMATE, dpi=300)
    return render_map(Felt(np.full((20, 40), 6.0), X, Y, "even"), options).pixels.copy()


def saved(path: Path, pixels: np.ndarray, dpi: float | None = 300, **more: Any) -> Path:
    """Pixels as a file."""
    tag = {"dpi": (dpi, dpi)} if dpi else {}
    Image.fromarray(pixels).save(path, **tag, **more)
    return path


def read(path: Path, **more: Any) -> Reading:
    """A reading as the command line makes it."""
    return read_scan(path, checked(ReadOptions, CLIMATE | more, "paper read"))


def middle(r: Reading) -> float:
    """Median of the pressures read [MPa]."""
    return float(np.nanmedian(r.pressure))


def test_even_pressure_and_its_numbers(tmp_path: Path, even: np.ndarray) -> None:
    """6 MPa on 200 mm2 within 2 %; load, areas and definitions go together; blank is below, never zero."""
    r = read(saved(tmp_path / "a.png", even), outline="20 mm x 10 mm")
    found = numbers(r)
    assert abs(middle(r) / 6 - 1) < 0.02 and abs(found["Load [N]"] / 1200 - 1) < 0.05
    assert abs(found["Pressed area [mm2]"] / 200 - 1) < 0.05
    assert set(found) == set(DEFINITIONS) and next(iter(found)) == "Effective pressure rate [%]"
    blank = r.flag == Flag.BELOW
    assert blank.any() and np.isnan(r.pressure[blank]).all() and r.low == 2.5
    parts = [found[f"Area {n} [mm2]"] for n in ("below the range", "read", "above the range")]
    assert np.isclose(sum(parts), found["Measured area [mm2]"])


def test_a_cast_and_uneven_light_are_balanced(tmp_path: Path, even: np.ndarray) -> None:
    """Yellowish light that falls by 12 % from left to right changes the result by less than 2 %, and is told."""
    fall = np.linspace(1.0, 0.88, even.shape[1])[None, :, None] * np.array([0.95, 0.92, 0.78])
    light = (even / 255.0) ** 2.2 * fall
    r = read(saved(tmp_path / "cast.png", np.round(255 * light ** (1 / 2.2)).astype(np.uint8)))
    assert abs(middle(r) / 6 - 1) < 0.03
    seen = np.nanmedian(r.pressure[:, (r.flag == Flag.READ).any(axis=0)], axis=0)
    assert abs(seen[5:15].mean() / seen[-15:-5].mean() - 1) < 0.04
    assert any("the light differs by" in w for w in r.warnings)


def test_what_is_no_paper_is_masked(tmp_path: Path, even: np.ndarray) -> None:
    """Tape, a printed label, dust and glare are found where they are, and do not change the result."""
    dirty, mm = even.copy(), 300 / 25.4
    rows, columns = even.shape[:2]

    def at(x: float, y: float) -> tuple[int, int]:
        return round(rows / 2 - y * mm), round(columns / 2 + x * mm)

    def paint(x0: float, x1: float, y0: float, y1: float, colour: tuple[int, int, int]) -> None:
        (low, left), (high, right) = at(x0, y1), at(x1, y0)
        dirty[low:high, left:right] = colour

    paint(-14, -7, 1, 4, (214, 190, 130))
    paint(11, 14, -4, -1, (40, 40, 45))
    paint(4, 5.5, -3, -1.5, (255, 255, 255))
    scatter = np.random.default_rng(5)
    for x, y in zip(scatter.uniform(-6, 9, 40), scatter.uniform(-4, 0.5, 40), strict=True):
        i, j = at(x, y)
        dirty[i : i + 2, j : j + 2] = (70, 66, 60)
    r = read(saved(tmp_path / "d.png", dirty))
    assert abs(middle(r) / 6 - 1) < 0.02
    # places: squares of the scan, y upwards
    cx, cy = columns / 2 / mm, rows / 2 / mm

    def share(x0: float, x1: float, y0: float, y1: float) -> float:
        here = np.outer((r.y - cy > y0) & (r.y - cy < y1), (r.x - cx > x0) & (r.x - cx < x1))
        return float((r.flag[here] == Flag.MASKED).mean())

    assert share(-13.6, -7.4, 1.4, 3.6) == 1 and share(11.4, 13.6, -3.6, -1.4) == 1
    assert share(4.3, 5.2, -2.7, -1.8) == 1 and share(-6, 3, 1, 4) < 0.02
    told = next(w for w in r.warnings if "blobs" in w)
    assert "2 blobs" in told and "2 of them straight-edged" in told and "--keep-blobs" in told
    kept = read(tmp_path / "d.png", keep_blobs=True)
    assert (kept.flag == Flag.MASKED).sum() < (r.flag == Flag.MASKED).sum()


def test_red_outside_the_outline_is_left_out(tmp_path: Path, even: np.ndarray) -> None:
    """A red strip 3 mm beside the outline is excluded where the outline is told, and said."""
    more, mm = even.copy(), 300 / 25.4
    rows, columns = even.shape[:2]
    strip = slice(round(rows / 2 + 8.2 * mm), round(rows / 2 + 10.2 * mm))
    more[strip, round(columns / 2 - 2 * mm) : round(columns / 2 + 2 * mm)] = even[rows // 2, columns // 2]
    file = saved(tmp_path / "s.png", more)
    with_outline, without = read(file, outline="20 mm x 10 mm"), read(file)
    assert numbers(without)["Area read [mm2]"] - numbers(with_outline)["Area read [mm2]"] > 6
    assert any("red outside the outline" in w for w in with_outline.warnings)


def test_scale(tmp_path: Path, even: np.ndarray) -> None:
    """From the tag, --dpi, two marks or the outline; the user's word goes before the tag and that is said."""
    file, bare = saved(tmp_path / "t.png", even), saved(tmp_path / "n.png", even, None)
    assert np.isclose(read(file).scale.pixel, 25.4 / 300, rtol=1e-4)
    said = read(file, dpi=310)
    assert np.isclose(said.scale.pixel, 25.4 / 310) and any("the file says 300" in m for m in said.remarks)
    marked = read(bare, scale="10,10,310,10,25.4 mm")
    assert np.isclose(marked.scale.pixel, 25.4 / 300)
    outlined = read(bare, outline="20 mm x 10 mm")
    assert abs(outlined.scale.pixel / (25.4 / 300) - 1) < 0.02 and "outline" in outlined.scale.source
    with pytest.raises(CaseError, match="times as long as wide, not 4"):
        read(bare, outline="40 mm x 10 mm")


def test_no_scale_is_refused(tmp_path: Path, even: np.ndarray) -> None:
    """Without a tag, with the stand-in of a program, or from a camera: what to give instead is told."""
    camera = Image.Exif()
    camera[271], camera[0x8769] = "Maker", {33434: 0.01}
    files = [
        saved(tmp_path / "none.png", even, None),
        saved(tmp_path / "screen.png", even, 72),
        saved(tmp_path / "phone.jpg", even, 300, exif=camera),
    ]
    for file in files:
        with pytest.raises(CaseError, match=r"has no scale.*Give --dpi, or --scale x1,y1,x2,y2"):
            read(file)
    with pytest.raises(CaseError, match="of a camera says nothing"):
        read(files[2])


def test_images_that_cannot_be_read(tmp_path: Path, even: np.ndarray) -> None:
    """Grey, no image, no file, no blank paper: each says so."""
    Image.fromarray(even).convert("L").save(tmp_path / "grey.png", dpi=(300, 300))
    (tmp_path / "text.png").write_text("no image")
    red = np.broadcast_to(even[even.shape[0] // 2, even.shape[1] // 2], (300, 300, 3)).copy()
    saved(tmp_path / "red.png", red)
    for name, told in (
        ("grey.png", "is grey: the red of the paper is lost. Scan in colour"),
        ("text.png", "cannot be read as an image"),
        ("absent.png", "no such file"),
        ("red.png", "no blank paper: the palest of it is red.*--blank"),
    ):
        with pytest.raises(CaseError, match=told):
            read(tmp_path / name)


def test_common_images(tmp_path: Path, even: np.ndarray) -> None:
    """PNG with transparency, palette, TIFF, JPEG lying on its side by its EXIF tag: the same pressure."""
    picture, side = Image.fromarray(even), Image.Exif()
    side[274] = 6
    picture.convert("RGBA").save(tmp_path / "a.png", dpi=(300, 300))
    picture.quantize(256, dither=Image.Dither.NONE).save(tmp_path / "p.png", dpi=(300, 300))
    picture.save(tmp_path / "t.tif", dpi=(300, 300), compression="tiff_lzw")
    picture.save(tmp_path / "j.jpg", dpi=(300, 300), quality=92, exif=side)
    for name in ("a.png", "p.png", "t.tif", "j.jpg"):
        r = read(tmp_path / name)
        assert abs(middle(r) / 6 - 1) < 0.03, name
    assert r.density.shape[0] > r.density.shape[1]


def test_all_mistakes_of_the_options_at_once() -> None:
    """Units, names, ranges and what excludes each other, each at its option."""
    said = {
        "grade": "LWW", "pressing": "quick", "temperature": "24", "humidity": "55", "dpi": 1.0, "scale": "1,2,3",
        "outline": "35 x 15", "cell": "0.25", "blank": "5,5,1,1", "force": "2625",
    }  # fmt: skip
    with pytest.raises(CaseError) as told:
        checked(ReadOptions, said, "paper read")
    text = str(told.value)
    assert len(told.value.mistakes) == len(said), text
    assert '--grade = "LWW": is no grade of pressure paper. Did you mean "LW"?' in text
    assert '--humidity = "55": has no unit. Write "55 %".' in text
    assert '--temperature = "24": has no unit' in text and "--scale" in text and "x1,y1,x2,y2" in text
    for wrong, message in (
        ({"pressing": "continuous"}, "a pressure needs --grade"),
        ({**CLIMATE, "dpi": 300, "scale": "1,1,100,1,5 mm"}, "both tell the size of a pixel"),
        ({**CLIMATE, "humidity": None}, "go together"),
    ):
        with pytest.raises(CaseError, match=message):
            checked(ReadOptions, wrong, "paper read")


def test_unknown_climate_widens_the_band(tmp_path: Path, even: np.ndarray) -> None:
    """Zone unknown: read all the same, with the size of what it may be off, and a wider band that holds 6 MPa."""
    file = saved(tmp_path / "a.png", even)
    r = read(file, temperature=None, humidity=None)
    told = next(w for w in r.warnings if "zone unknown" in w)
    assert "not given" in told and "widened by +" in told and "Pass --temperature and --humidity" in told
    assert np.nanmedian(r.doubt) > 1.5 * np.nanmedian(read(file).doubt)
    p, band = middle(r), float(np.nanmedian(r.doubt))
    assert p * (1 - band) < 6 < p * (1 + band)


def test_warnings_of_the_film(tmp_path: Path, even: np.ndarray) -> None:
    """Sealed, odd climate, borrowed curve, nothing above the range, overexposed paper: each is told."""
    file = saved(tmp_path / "a.png", even)
    assert any(
        "no calibration for sealed paper; bias unknown (Liggins 1995" in w
        for w in read(file, sealed=True).warnings
    )
    assert any("outside 20 to 35 degC" in w for w in read(file, temperature="10 degC").warnings)
    assert any("no curve of MW is shipped" in w and "30 %" in w for w in read(file, grade="MW").warnings)
    white = even.copy()
    white[:] = even[even.shape[0] // 2, 75]
    white[::7, ::7] += 1
    blank = read(saved(tmp_path / "w.png", white))
    assert any("white is less, not zero. Use LLW (0.5-2.5 MPa)" in w for w in blank.warnings)
    assert numbers(blank)["Load [N]"] is None
    light = np.minimum(even * 1.07, 255).astype(np.uint8)
    assert any("overexposed" in w for w in read(saved(tmp_path / "o.png", light)).warnings)


def test_ratio_is_an_order_without_a_unit(tmp_path: Path) -> None:
    """R / (G + B) rises with pressure inside the range and needs no grade; no pressure is given."""
    ramp = np.broadcast_to(np.linspace(2.6, 9.8, 40), (20, 40))
    sheet = render_map(Felt(ramp, X, Y, "ramp"), RenderOptions(**CLIMATE, dpi=300, grain=0.0))
    file = saved(tmp_path / "r.png", sheet.pixels)
    r = read_scan(file, checked(ReadOptions, {"show": "ratio", "cell": "0.5 mm"}, "paper read"))
    assert r.curve is None and np.isnan(r.pressure).all() and numbers(r)["Load [N]"] is None
    row = r.ratio[r.ratio.shape[0] // 2]
    red = row[row > 0.65][2:-2]
    assert len(red) > 25 and np.all(np.diff(red) > 0)
    assert abs(np.median(r.ratio[:5]) - 0.5) < 0.02


def test_mirror_turns_the_scan_over(tmp_path: Path) -> None:
    """--mirror gives the map of the sheet seen from the other side."""
    ramp = np.broadcast_to(np.linspace(3, 9, 40), (20, 40))
    file = saved(
        tmp_path / "m.png", render_map(Felt(ramp, X, Y, "r"), RenderOptions(**CLIMATE, dpi=300)).pixels
    )
    assert np.array_equal(read(file, mirror=True).pressure, read(file).pressure[:, ::-1], equal_nan=True)


def test_files_of_a_reading(tmp_path: Path, even: np.ndarray) -> None:
    """Tables, maps, mask, numbers, picture and the summary say the same."""
    r = read(saved(tmp_path / "a.png", even), force="1200 N", outline="20 mm x 10 mm")
    made = {f.name: f for f in write_reading(r, tmp_path / "out")}
    assert set(made) == {
        "density.tsv",
        "pressure.tsv",
        "maps.nc",
        "mask.png",
        "metrics.csv",
        "paper.png",
        "reading.json",
    }
    head, *rows = made["pressure.tsv"].read_text().splitlines()
    nx, ny, side = head.split("\t")[:3]
    assert (
        (int(nx), int(ny)) == r.pressure.shape[::-1]
        and np.isclose(float(side), r.side)
        and len(rows) == int(ny)
    )
    table = np.array([[float(v) if v else np.nan for v in row.split("\t")] for row in rows])
    assert np.allclose(table[::-1], r.pressure, rtol=1e-3, equal_nan=True)
    with xr.open_dataset(made["maps.nc"], engine="h5netcdf") as maps:
        assert maps["paper_pressure"].attrs["units"] == "MPa" and maps["paper_pressure"].attrs["low"] == 2.5
        assert np.allclose(maps["paper_pressure"], r.pressure, equal_nan=True)
    summary = json.loads(made["reading.json"].read_text())
    assert (
        summary["numbers"]["Load [N]"] == numbers(r)["Load [N]"] and "largest pressure" in summary["history"]
    )
    assert summary["curve"]["tag"] == "digitised" and any(
        "1200 N were said: " in m for m in summary["messages"]
    )
    assert made["metrics.csv"].read_text().splitlines()[1].startswith("Film grade,LW")
    assert Image.open(made["mask.png"]).size == (int(nx), int(ny)) and messages(r) == summary["messages"]


def test_command_line(tmp_path: Path, even: np.ndarray) -> None:
    """Reads, prints numbers and notes, writes files; a missing scale ends with code 2 and no traceback."""
    file = saved(tmp_path / "a.png", even, None)
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    words = [
        sys.executable,
        "-m",
        "holdersim",
        "paper",
        "read",
        str(file),
        "--grade",
        "LW",
        "--hold",
        "continuous",
    ]
    words += ["--temp", "24 degC", "--rh", "55 %", "-o", str(tmp_path / "out")]
    done = subprocess.run([*words, "--dpi", "300"], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "Average pressure [MPa]" in done.stdout, done.stderr
    assert (tmp_path / "out" / "reading.json").is_file() and "note: " in done.stderr
    without = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    assert without.returncode == 2 and "has no scale" in without.stderr and "Traceback" not in without.stderr
