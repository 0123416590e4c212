"""Every mistake with film and its message: scale, light, colour, outline, grade, curve, place, options, regions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from known_paper import CLIMATE, GX, PRESSED, TRUE, X, Y
from PIL import Image
from synthetic import holder, maps, summary

from holdersim.errors import CaseError, ResultError
from holdersim.paper import Reading, ReadOptions, RenderOptions, curve, read_scan, render_map
from holdersim.paper.comparing import Laying, compare, compared, place_remarks, scan_options, seen_by
from holdersim.paper.curves import curves_for
from holdersim.paper.grades import COLUMNS
from holdersim.paper.matching import laid
from holdersim.paper.options import Film, all_of, checked
from holdersim.paper.regions import corners, inside
from holdersim.paper.render import Felt, image_kind
from holdersim.results import RunFolder


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    """A scan of 20 x 10 mm at 300 dpi."""
    return render_map(PRESSED, RenderOptions(**CLIMATE, dpi=300)).pixels.copy()


def saved(path: Path, values: np.ndarray, dpi: float | None = 300) -> Path:
    Image.fromarray(values).save(path, **({"dpi": (dpi, dpi)} if dpi else {}))
    return path


def read(path: Path, **more: Any) -> Reading:
    return read_scan(path, checked(ReadOptions, CLIMATE | more, "paper read"))


def told(r: Reading, words: str) -> bool:
    return any(words in line for line in (*r.remarks, *r.warnings))


# -- scans ---------------------------------------------------------------------------------------------------


def test_a_phone_picture_in_uneven_light(tmp_path: Path, pixels: np.ndarray) -> None:
    """Yellow and 50 % darker at one side: what was balanced is told, and that the light could not be."""
    fall = np.linspace(1.0, 0.5, pixels.shape[1])[None, :, None] * np.array([1.0, 0.9, 0.7])
    phone = np.round(255 * ((pixels / 255.0) ** 2.2 * fall) ** (1 / 2.2)).astype(np.uint8)
    r = read(saved(tmp_path / "p.png", phone))
    assert told(r, "blank paper looks coloured (") and told(r, "the colours were balanced on it")
    assert told(r, "no plane of light could be taken off: densities are biased. Use a flatbed")
    plain = read(saved(tmp_path / "a.png", pixels))
    assert not told(plain, "looks coloured") and not told(plain, "plane of light")


def test_the_wrong_picture(tmp_path: Path, pixels: np.ndarray) -> None:
    """A small piece of paper on a blue table: most of it is no paper, and that is told."""
    table = np.full((3 * pixels.shape[0], 2 * pixels.shape[1], 3), (90, 110, 160), np.uint8)
    table[: pixels.shape[0], : pixels.shape[1]] = pixels
    r = read(saved(tmp_path / "t.png", table))
    assert told(r, "of the picture is neither paper nor its red: is it the right picture? Crop it")
    assert not told(read(saved(tmp_path / "a.png", pixels)), "the right picture")


def test_squares_finer_than_grain_or_pixel(tmp_path: Path, pixels: np.ndarray) -> None:
    r = read(saved(tmp_path / "a.png", pixels), cell="0.01 mm")
    assert told(r, "squares of 0.0847 mm are finer than the grain of the paper") and told(
        r, "not --cell 0.01 mm"
    )
    assert not told(read(tmp_path / "a.png"), "finer than the grain")


def test_red_larger_than_its_outline(tmp_path: Path, pixels: np.ndarray) -> None:
    """The dpi said to be half of what it is: the red is twice as large as what was pressed."""
    r = read(saved(tmp_path / "a.png", pixels, 150), outline="20 mm x 10 mm")
    assert told(r, "larger than --outline 20 x 10 mm: check the scale (dpi tag 150")
    assert not told(read(saved(tmp_path / "b.png", pixels), outline="20 mm x 10 mm"), "larger than --outline")


def test_no_scale_names_what_the_file_says(tmp_path: Path, pixels: np.ndarray) -> None:
    with pytest.raises(CaseError, match=r"has no scale \(the dpi tag is 72, .*\)\. Give --dpi"):
        read(saved(tmp_path / "s.png", pixels, 72))
    with pytest.raises(CaseError, match=r"has no scale\. Give --dpi"):
        read(saved(tmp_path / "n.png", pixels, None))


def test_too_hard_a_press_names_the_next_grade_and_both(tmp_path: Path) -> None:
    sheet = render_map(Felt(np.full(TRUE.shape, 30.0), X, Y, "hard"), RenderOptions(**CLIMATE, dpi=300))
    r = read(saved(tmp_path / "h.png", sheet.pixels))
    assert told(r, "above 10. Use MW (10-50 MPa), or both as one map: paper fuse.")


# -- curves --------------------------------------------------------------------------------------------------


def curve_file(path: Path, grade: str, zone: str, factor: float = 1.0) -> Path:
    """The maker's curve of zone C with all pressures times a factor, as a file of one's own."""
    c = curve(grade, "continuous", "C")
    rows = [
        f"{grade},continuous,{zone},{p:.6g},{d:.6g},own press,own"
        for p, d in zip(factor * c.pressure, c.density, strict=True)
    ]
    path.write_text("\n".join([",".join(COLUMNS), *rows]) + "\n", encoding="utf-8")
    return path


def test_a_curve_of_another_grade_is_not_used(tmp_path: Path) -> None:
    """LLW with a file of LW: refused, never read by LW's numbers nor by the shipped curve in silence."""
    file = curve_file(tmp_path / "lw.csv", "LW", "")
    film = Film(**(CLIMATE | {"grade": "LLW"}), curves=file)
    with pytest.raises(CaseError, match=r"holds no curve of LLW continuous, zone C\. It holds LW continuous"):
        curves_for(film)
    other = curve_file(tmp_path / "b.csv", "LW", "B")
    with pytest.raises(
        CaseError, match=r"holds no curve of LW continuous, zone C\. It holds LW continuous B"
    ):
        curves_for(Film(**CLIMATE, curves=other))
    assert curves_for(Film(**CLIMATE, curves=file)).source == "own press"


def test_each_grade_is_read_by_its_own_numbers(tmp_path: Path) -> None:
    """1 MPa on LLW reads 1 MPa, not the 3.5 MPa that LW's curve would give its density."""
    said = CLIMATE | {"grade": "LLW"}
    even = render_map(Felt(np.full(TRUE.shape, 1.0), X, Y, "even"), RenderOptions(**said, dpi=300))
    file = saved(tmp_path / "a.png", even.pixels)
    assert abs(np.nanmedian(read(file, grade="LLW").pressure) - 1) < 0.03
    assert np.nanmedian(read(file).pressure) > 2.5


def test_a_lab_curve_is_held_against_the_makers(tmp_path: Path, pixels: np.ndarray) -> None:
    """A fifth more pressure for the same density: used, and the difference named."""
    file = saved(tmp_path / "a.png", pixels)
    own = read(file, curves=curve_file(tmp_path / "c.csv", "LW", "", 1.2))
    assert told(own, "your own curve reads +20% against that of the maker's chart (zone C)")
    assert np.nanmedian(own.pressure / read(file).pressure) == pytest.approx(1.2, rel=1e-3)
    same = read(file, curves=curve_file(tmp_path / "d.csv", "LW", ""))
    assert not told(same, "your own curve")


# -- comparing -----------------------------------------------------------------------------------------------


def test_a_scan_of_another_size(tmp_path: Path, pixels: np.ndarray) -> None:
    """Twice as large: the sizes of the red, the poor likeness, and what to check."""
    remarks = place_remarks(laid(read(saved(tmp_path / "a.png", pixels, 150), cell="0.5 mm"), PRESSED, 0.5))
    line = next(r for r in remarks if r.startswith("the red is 4"))
    assert "that expected on cathode" in line and "check --dpi or --scale, --at" in line
    good = place_remarks(laid(read(saved(tmp_path / "b.png", pixels)), PRESSED, 0.5))
    assert not any(r.startswith(("the red is", "the scan and")) for r in good)


def test_a_scan_of_something_else(tmp_path: Path) -> None:
    """Stripes of the same size as the map are hardly alike: their place is a guess."""
    stripes = Felt(np.where(np.sin(3 * GX) > 0, 9.0, 0.0), X, Y, "stripes")
    sheet = render_map(stripes, RenderOptions(**CLIMATE, dpi=300))
    wanted = Felt(np.where(np.abs(GX) < 2, 9.0, 0.0) + np.where(np.abs(GX) > 9, 9.0, 0.0), X, Y, "cathode")
    m = laid(read(saved(tmp_path / "s.png", sheet.pixels), cell="0.5 mm"), wanted, 0.5)
    assert any("hardly alike" in line and "is a guess" in line for line in place_remarks(m))


def test_a_symmetric_map_does_not_accuse_the_scan_of_being_mirrored(tmp_path: Path) -> None:
    even = Felt(np.full(TRUE.shape, 6.0), X, Y, "cathode")
    sheet = render_map(even, RenderOptions(**CLIMATE, dpi=300))
    lines = place_remarks(laid(read(saved(tmp_path / "e.png", sheet.pixels), cell="0.5 mm"), even, 0.5))
    assert any("mirrored or not cannot be told" in line for line in lines)
    assert not any("Pass --mirror" in line for line in lines)


def test_options_that_do_not_go_with_the_scan(tmp_path: Path) -> None:
    """A grade for a sensor, a pitch for an image, both for fused papers; together with all other mistakes."""
    sensor = {"pitch": "1 mm", "unit": "MPa", "noise": "0.1 MPa", "saturation": "9 MPa", "accuracy": 0.1}
    with pytest.raises(CaseError) as wrong:
        scan_options(Path("a.csv"), sensor | {"grade": "LW", "unit": "bat"}, "paper compare")
    assert "--grade: does not go with a sensor's map, which a.csv is" in str(wrong.value)
    assert "--unit" in str(wrong.value) and len(wrong.value.mistakes) == 2
    with pytest.raises(CaseError, match=r"--pitch: does not go with an image, which a.png is"):
        scan_options(Path("a.png"), CLIMATE | {"pitch": "1 mm"}, "paper compare")
    with pytest.raises(CaseError, match=r"--grade: does not go with a folder of fused papers"):
        seen_by(tmp_path, {"grade": "LW"}, "paper compare")


def test_fused_papers_are_not_inferred_from(tmp_path: Path) -> None:
    from holdersim.inverse.infer import seen_by as seen_to_infer

    with pytest.raises(CaseError, match=r"is a folder: fused papers are not inferred from. Give one scan"):
        seen_to_infer(tmp_path, {})


def test_a_picture_of_a_paper_is_never_read_in_mpa() -> None:
    """Without a grade a pressure is refused with the way to compare the order; a force cannot check an order."""
    with pytest.raises(
        CaseError, match=r"needs --grade and --pressing.*--show density or ratio .* never MPa"
    ):
        checked(ReadOptions, {}, "paper compare")
    with pytest.raises(CaseError, match=r"--force checks a pressure. --show ratio tells none"):
        checked(ReadOptions, {"show": "ratio", "force": "10 N"}, "paper compare")


def test_mistakes_of_several_checks_come_at_once() -> None:
    def wrong(**said: Any) -> Any:
        return lambda: checked(Laying, said, "w")

    with pytest.raises(CaseError) as found:
        all_of("w", wrong(square="1"), wrong(square="1"), lambda: image_kind(Path("a.pdf")), lambda: 3)
    assert len(found.value.mistakes) == 2 and "is no image file" in str(found.value)
    assert all_of("w", lambda: 3, lambda: 4) == [3, 4]


# -- regions and results -------------------------------------------------------------------------------------


def test_regions() -> None:
    """A rectangle, a triangle in cm, a name; squares inside; what is wrong is said."""
    box, triangle = corners("-1,-2,1,2 mm"), corners("0,0, 1,0, 0,1 cm")
    assert box is not None and triangle is not None and corners("cathode") is None
    np.testing.assert_allclose(box, [[-1, -2], [1, -2], [1, 2], [-1, 2]])
    np.testing.assert_allclose(triangle, [[0, 0], [10, 0], [0, 10]])
    at = np.arange(-4.5, 5)
    assert inside(box, at, at).sum() * 1.0 == 2 * 4
    grid = np.arange(0.05, 10, 0.1)
    assert abs(inside(triangle, grid, grid).mean() - 0.5) < 0.01
    for text, problem in (
        ("1,2,3,4", "one unit of length"),
        ("1,2,3 mm", "four numbers, or two for each"),
        ("2,0,1,1 mm", "x0 < x1"),
        ("1,2,3,4 N", "length"),
    ):
        with pytest.raises(ValueError, match=problem):
            corners(text)


def test_a_region_is_all_that_is_scored(tmp_path: Path, pixels: np.ndarray) -> None:
    """On the left half the paper's load is the computed one there; nothing is known elsewhere."""
    seen = read(saved(tmp_path / "a.png", pixels))
    right = np.array([[2.0, -6], [11, -6], [11, 6], [2, 6]])
    c = compared(seen, PRESSED, 0.5, region=right)
    here = GX > 2
    assert c.scores["Squares compared [-]"] == pytest.approx(here.mean())
    assert not c.match.known[~inside(right, X, Y)].any()
    clipped = np.where(here & (TRUE > 2.5) & (TRUE < 10), TRUE, 0.0).sum() * 0.25
    assert c.columns["Load [N]"][1] == pytest.approx(clipped, rel=0.05)
    with pytest.raises(CaseError, match=r"--roi: lies outside the map on cathode"):
        compared(seen, PRESSED, 0.5, region=right + 100)


def test_results_that_are_none(tmp_path: Path) -> None:
    """A case file in place of a result; a region that is no layer."""
    case = tmp_path / "case.toml"
    case.write_text("format = 1\n", encoding="utf-8")
    with pytest.raises(ResultError, match="is a file, not the folder of a result: run the case first"):
        compare(case, tmp_path / "a.png", CLIMATE, Laying())
    whole = holder()
    data = maps(whole)
    with RunFolder(tmp_path, "one", "1") as run:
        run.finish(summary(whole, data), data, {})
    for text, problem in (("cathod", 'Did you mean "cathode"'), ("1,2 mm", "needs four numbers")):
        with pytest.raises(CaseError, match=problem):
            compare(run.folder, tmp_path / "a.png", CLIMATE, Laying(roi=text))
