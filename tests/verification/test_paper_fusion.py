"""Two grades of one pressing read as one map: errors, flags, agreement at the joint, place, files, comparison."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from paper_scans import CLIMATE, X, Y, scan

from holdersim.errors import CaseError
from holdersim.paper import Flag
from holdersim.paper.comparing import Compared, compared, seen_by
from holdersim.paper.fused_files import read_fused, write_fused
from holdersim.paper.fusion import BOTH, HARD, SOFT, Fused, dealt, fuse, told
from holdersim.paper.render import Felt

GX, GY = np.meshgrid(X, Y)
MAP = np.exp(np.log(1.9) + 1.7 * np.sin(GX / 7 + 0.4) * np.cos(GY / 9 + 0.4) + 0.25 * GX / 17)
"""Pressures 0.3 to 12 MPa without any symmetry."""
GRADES, DPI = ("LLW", "LW"), 300


def options(*grades: str, **more: Any) -> list[dict[str, Any]]:
    """What is said of both scans."""
    return dealt(CLIMATE | {"grade": list(grades)} | more, ("grade",))


def scans(folder: Path, hard: np.ndarray = MAP, **more: Any) -> tuple[Path, Path]:
    """Both papers, turned by 2 and -3 degrees, each with a grain of its own."""
    soft, _ = scan(folder / "soft.jpg", MAP, grade="LLW", turned="2 deg", seed=1, dpi=DPI)
    given = {"grade": "LW", "turned": "-3 deg", "seed": 2, "dpi": DPI} | more
    other, _ = scan(folder / "hard.jpg", hard, **given)
    return soft, other


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Fused:
    return fuse(scans(tmp_path_factory.mktemp("two")), options(*GRADES))


@pytest.fixture(scope="module")
def beside(both: Fused) -> Compared:
    return compared(both.reading, Felt(MAP, X, Y, "known"), 0.5)


def test_a_known_map_is_read_over_the_joint_range(beside: Compared) -> None:
    """0.3 to 12 MPa: MAP runs through both ranges; median error below 5 %, mean within 2 %, the band holds 95 %."""
    assert MAP.min() < 0.4 and MAP.max() > 11.5
    m = beside.match
    read = m.inner & (m.paper.flag == Flag.READ)
    assert read.mean() > 0.6 and m.computed[read].min() < 0.7 and m.computed[read].max() > 9
    error = m.paper.pressure[read] / m.computed[read] - 1
    assert np.median(np.abs(error)) < 0.05, f"median error {np.median(np.abs(error)):.2%}"
    assert abs(error.mean()) < 0.02, f"mean {error.mean():.2%}"
    assert np.mean(np.abs(error) < m.band[read]) > 0.95
    for low, high in ((0.5, 1), (1, 2), (2, 3), (3, 5), (5, 10)):
        here = np.abs(error[(m.computed[read] > low) & (m.computed[read] < high)])
        assert len(here) > 50 and np.median(here) < 0.05, f"{low} to {high} MPa: {np.median(here):.2%}"


def test_flags_of_both(both: Fused, beside: Compared) -> None:
    """Below the softer, above the harder, and read between, right where the truth is 5 % from an end."""
    r, m = both.reading, beside.match
    assert (r.low, r.high) == (both.soft.paper.low, both.hard.paper.high) == (0.5, 10.0)
    should = np.where(m.computed < r.low, Flag.BELOW, np.where(m.computed > r.high, Flag.ABOVE, Flag.READ))
    near = (np.abs(m.computed / r.low - 1) < 0.05) | (np.abs(m.computed / r.high - 1) < 0.05)
    right = (m.paper.flag == should)[m.inner & ~near]
    assert right.mean() > 0.98, f"{right.mean():.2%}"
    assert np.isnan(r.pressure[r.flag != Flag.READ]).all() and np.isfinite(r.doubt[r.flag == Flag.READ]).all()


def test_who_told_what(both: Fused) -> None:
    """The softer tells below 2.5 MPa, the harder above; nothing between them is lost."""
    fx, fy = np.meshgrid(both.soft.x, both.soft.y)
    away = (np.abs(fx) < 16.5) & (
        np.abs(fy) < 6.5
    )  # from the edge of the red, where squares are half covered
    p, who = both.reading.pressure[away], both.who[away]
    assert np.max(p[who == SOFT]) < 2.7 and np.min(p[who == HARD]) > 2.3
    joint = p[who == BOTH]
    assert len(joint) > 5 and np.all((joint > 2.2) & (joint < 2.8)), joint


def test_papers_that_agree_and_papers_that_do_not(both: Fused, tmp_path: Path) -> None:
    """Within 5 % at the joint; a harder paper that felt 40 % more is named with that difference."""
    assert both.apart is not None and abs(np.expm1(both.apart)) < 0.05
    assert not any("check grades" in line for line in told(both))
    other = fuse(scans(tmp_path, 1.4 * MAP), options(*GRADES))
    assert other.apart is not None and 0.25 < np.expm1(other.apart) < 0.5, np.expm1(other.apart)
    assert any("LW reads +" in line and "check grades, climate" in line for line in told(other))


def test_the_harder_paper_may_lie_any_way(tmp_path: Path) -> None:
    """Half a turn and face down: found, told, and the same map."""
    r = fuse(scans(tmp_path, turned="184 deg", mirror=True), options(*GRADES, cell="0.5 mm"))
    assert r.hard.registration.pose.mirrored and r.hard.registration.residual < 0.3
    assert any("laid over LLW: best registration is mirrored" in line for line in told(r))
    c = compared(r.reading, Felt(MAP, X, Y, "known"), 0.5)
    assert abs(c.scores["Bias [-]"]) < 0.02 and c.scores["Flags agree [-]"] > 0.95


def test_files_come_back_for_a_comparison(both: Fused, beside: Compared, tmp_path: Path) -> None:
    made = {f.name for f in write_fused(both, tmp_path)}
    assert {"fused.json", "fused.png", "pressure.tsv", "maps.nc", "reading.json"} <= made
    back = seen_by(tmp_path, {}, "paper compare")
    np.testing.assert_allclose(back.pressure, both.reading.pressure, rtol=1e-5)
    np.testing.assert_array_equal(back.flag, both.reading.flag)
    again = compared(back, Felt(MAP, X, Y, "known"), 0.5)
    assert again.scores["Bias [-]"] == pytest.approx(beside.scores["Bias [-]"], abs=1e-4)
    assert not any("grade" in line for line in again.messages)
    mirrored = read_fused(tmp_path, mirror=True)
    np.testing.assert_array_equal(mirrored.flag, both.reading.flag[:, ::-1])


def test_mistakes_of_fusing(tmp_path: Path) -> None:
    with pytest.raises(
        CaseError, match=r"--grade: must be given for each scan. Write --grade LLW --grade LW"
    ):
        options("LW")
    with pytest.raises(CaseError, match=r"--dpi = 3 times: is given once for both scans, or once for each"):
        dealt(CLIMATE | {"grade": ["LLW", "LW"], "dpi": ["1", "2", "3"]}, ("grade", "dpi"))
    pair = (tmp_path / "a.jpg", tmp_path / "b.jpg")
    for grades, told_of in (
        (("LW", "LW"), "2.5-10 MPa and 2.5-10 MPa"),
        (("LLW", "MW"), "0.5-2.5 MPa and 10-50 MPa"),
    ):
        with pytest.raises(
            CaseError, match=f"the ranges {told_of} do not go on from one another. Use neighb"
        ):
            fuse(pair, options(*grades))
    with pytest.raises(CaseError) as wrong:
        fuse(pair, options("LWW", "LW", humidity="55"))
    assert len(wrong.value.mistakes) == 2  # what is said for both is told once
    with pytest.raises(CaseError, match=r"is a folder without fused.json"):
        seen_by(tmp_path, {}, "paper compare")
    (tmp_path / "fused.json").write_text('{"filetype": "something"}', encoding="utf-8")
    with pytest.raises(CaseError, match=r"is not what paper fuse writes"):
        read_fused(tmp_path)


def test_a_swapped_grade_is_told(tmp_path: Path) -> None:
    """Grades given the wrong way round: the papers contradict each other by far."""
    f = fuse(scans(tmp_path), options("LW", "LLW", cell="0.5 mm"))
    assert any("check grades" in line or "contradict each other" in line for line in told(f)), told(f)


def test_both_read_more_than_each(both: Fused) -> None:
    """Squares read by both together are about as many as those read by the one and those read by the other."""
    alone = [float((m.paper.flag == Flag.READ).sum()) for m in (both.soft, both.hard)]
    together = float((both.reading.flag == Flag.READ).sum())
    assert 0.9 * sum(alone) < together < 1.1 * sum(alone) and max(alone) < 0.75 * together
