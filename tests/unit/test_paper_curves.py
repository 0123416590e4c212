"""Grades, zones, curves, wedges and dye of pressure paper: numbers of the maker's charts, laws, messages."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from holdersim.errors import CaseError
from holdersim.materials.papers import grades
from holdersim.paper import Curve, curve, fit_wedge, grade, zone
from holdersim.paper.curves import curves_for
from holdersim.paper.dye import coded, linear, read_samples, standard
from holdersim.paper.grades import COLUMNS, ZONES, covering, read_curves
from holdersim.paper.options import Film
from holdersim.paper.wedges import law, read_wedge


def test_grades_cover_the_pressures_in_order() -> None:
    """Ranges rise and leave no gap from 0.006 to 300 MPa; 5 MPa belongs to LW, 1 MPa to LLW."""
    two = list(grades().values())
    assert two[0].low == 0.006 and two[-1].high == 300
    reach = two[0].high
    for g in two[1:]:
        assert g.low <= reach and g.high >= reach
        reach = max(reach, g.high)
    assert covering(5.0) is grade("lw") and covering(1.0) is grade("LLW") and covering(400.0) is None


def test_the_makers_example_of_a_zone() -> None:
    """The LLW manual: 25 degC and 60 % RH belong to curve B. Warmer or damper is nearer A."""
    assert zone("LLW", 298.15, 60) == "B"
    for name in ("LLW", "LW"):
        row = [ZONES.index(zone(name, 298.15, h)) for h in range(0, 101, 5)]
        assert row[0] == 3 and row[-1] == 0 and all(a >= b for a, b in pairwise(row))
        column = [ZONES.index(zone(name, 273.15 + t, 60)) for t in range(36)]
        assert all(a >= b for a, b in pairwise(column))


@pytest.mark.parametrize("name", ["LW", "LLW"])
def test_shipped_curves(name: str) -> None:
    """All zones span the range, rise, name their source, and damper zones are darker at every pressure."""
    g, all_zones = grade(name), [curve(name, "continuous", z) for z in ZONES]
    p = np.linspace(g.low, g.high, 50)
    darkness = np.array([c.record(p) for c in all_zones])
    assert np.all(np.diff(darkness, axis=0) < 0) and np.all(np.diff(darkness, axis=1) > 0)
    for c in all_zones:
        assert (c.low, c.high, c.tag) == (g.low, g.high, "digitised") and "manual" in c.source
        assert np.allclose(c.read(c.record(p)), p, rtol=1e-4)
        assert np.isnan(c.read(np.array([c.density[0] - 0.01, c.density[-1] + 0.01]))).all()


def test_curves_go_on_beyond_their_ends() -> None:
    """Towards no pressure white, above the range darker but bounded; continuous at both ends."""
    c = curve("LW", "continuous", "B")
    p = np.array([0.0, 0.5, 2.5 - 1e-6, 2.5 + 1e-6, 10 - 1e-6, 10 + 1e-6, 15.0, 100.0, 1000.0])
    d = c.record(p)
    assert d[0] == 0 and np.all(np.diff(d) >= 0) and d[-1] < 1.2 * c.density[-1]
    assert abs(d[3] - d[2]) < 1e-5 and abs(d[5] - d[4]) < 1e-5


def test_a_grade_without_a_curve_borrows_one_and_says_so() -> None:
    """The ends of the range keep their densities; the tag is assumed and the accuracy wide."""
    c, base = curve("MW", "continuous", "C"), curve("LW", "continuous", "C")
    assert c.tag == "assumed" and "assumed" in c.source and c.accuracy[0] > base.accuracy[0]
    assert np.isclose(c.low, 10) and np.isclose(c.high, 50)
    assert np.allclose(c.record(np.array([c.low, c.high])), base.record(np.array([2.5, 10.0])))


def test_unknown_zone_holds_all_zones() -> None:
    """Without a climate the band holds what each zone would read; the bounds hold for every zone."""
    unknown = curves_for(Film(grade="LW", pressing="continuous"))
    d = np.linspace(unknown.pale, unknown.dark, 40)
    p, band = unknown.read(d), unknown.doubt(d)
    for z in ZONES:
        there = curve("LW", "continuous", z).read(d)
        assert np.all(there < p * (1 + band) + 1e-9) and np.all(there > p / (1 + band) - 1e-9)
    assert unknown.high <= min(
        float(curve("LW", "continuous", z).read(np.array([unknown.dark]))[0]) for z in ZONES
    )
    up, down = unknown.zone_band(d)
    assert up > 0.1 and down > 0.1


def test_momentary_pressing_needs_a_curve_of_ones_own() -> None:
    """No curve, no guess."""
    with pytest.raises(CaseError, match=r"no curve for momentary pressing of LW is shipped.*--wedge"):
        curve("LW", "momentary", "C")


def test_own_curves(tmp_path: Path) -> None:
    """A file in our own layout is read and preferred; all its mistakes are told at once."""
    file = tmp_path / "mine.csv"
    rows = [f"LW,momentary,,{p},{d},our press,own" for p, d in ((3, 0.2), (6, 0.6), (9, 0.9))]
    file.write_text("\n".join([",".join(COLUMNS), *rows]))
    found = curves_for(Film(grade="LW", pressing="momentary", curves=file))
    assert found.one_zone and found.tag == "own" and np.isclose(found.read(np.array([0.6]))[0], 6)
    file.write_text(
        "\n".join([",".join(COLUMNS), "LW,momentary,,3,x,our press,own", "LW,momentary,,y,0.3,,own"])
    )
    with pytest.raises(CaseError) as told:
        read_curves(file)
    assert len(told.value.mistakes) == 3 and "has no source" in str(told.value)
    file.write_text("a,b\n1,2\n")
    with pytest.raises(CaseError, match="header: lacks grade, pressing"):
        read_curves(file)
    file.write_text("\n".join([",".join(COLUMNS), *rows[:2], "LW,momentary,,9,0.5,our press,own"]))
    with pytest.raises(CaseError, match="must rise in pressure and density"):
        read_curves(file)


TRUE = (1.4, 1.0, 7.0, 1.3)


def test_a_wedge_finds_its_law_and_its_band_is_honest() -> None:
    """Patches of a known law with 0.02 noise: the read pressure lies in the 95 % band in 88 to 99.5 % of 200 trials."""
    scatter, p = np.random.default_rng(3), np.linspace(2.5, 10, 12)
    at = np.array([3.0, 5.0, 8.0])
    inside = []
    for _ in range(200):
        w = fit_wedge(p, law(p, *TRUE) + 0.02 * scatter.standard_normal(len(p)))
        shown = law(at, *TRUE) + 0.02 * scatter.standard_normal(len(at))
        fine = np.linspace(w.low * 0.6, w.high * 1.5, 4000)
        read = np.interp(shown, law(fine, *w.values), fine)
        inside.append(np.abs(read / at - 1) < w.band(at))
    share = np.mean(inside)
    assert 0.88 < share < 0.995, f"covered {share:.1%}"


def test_a_wedge_without_noise_is_exact() -> None:
    """The fitted curve reads the law's own densities back."""
    p = np.geomspace(2.5, 10, 9)
    c = fit_wedge(p, law(p, *TRUE)).curve("LW", "momentary")
    q = np.linspace(2.6, 9.9, 30)
    assert np.allclose(c.read(law(q, *TRUE)), q, rtol=1e-3) and c.tag == "fitted"


@pytest.mark.parametrize(
    ("p", "d", "said"),
    [
        ([1, 2, 3], [0.1, 0.2, 0.3], "needs at least 6 different pressures"),
        ([1, 2, 3, 4, 5, 6], [0.9, 0.8, 0.7, 0.5, 0.3, 0.1], "falls with pressure"),
        ([1, 2, 3, 4, 5, 6], [250, 240, 220, 200, 180, 150], "must lie in 0 to 3.*not a grey value"),
        ([-1, 2, 3, 4, 5, 6], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], "must be positive"),
        ([1, 2, 3, 4, 5, 6, 7], [0.1, 0.9, 0.1, 0.9, 0.1, 0.9, 1.0], "scatter by"),
    ],
)
def test_wedge_mistakes(p: list[float], d: list[float], said: str) -> None:
    """What is wrong with patches is said."""
    with pytest.raises(CaseError, match=said):
        fit_wedge(np.array(p, float), np.array(d, float))


def test_wedge_file(tmp_path: Path) -> None:
    """Read from CSV; a wrong column is named."""
    file, p = tmp_path / "w.csv", np.geomspace(2.5, 10, 9)
    file.write_text(
        "pressure [MPa],density [-]\n" + "\n".join(f"{a},{b}" for a, b in zip(p, law(p, *TRUE), strict=True))
    )
    assert np.allclose(read_wedge(file).values, TRUE, rtol=0.02)
    file.write_text("MPa,D\n1,2\n")
    with pytest.raises(CaseError, match='needs numbers in the columns "pressure'):
        read_wedge(file)


def test_dye_goes_there_and_back() -> None:
    """Density to colour to density; green is densest; codes to light and back."""
    dye, d = standard(), np.linspace(0, 1.8, 60)
    seen = dye.colours(d)
    assert np.allclose(dye.nominal(seen[:, 1]), d, atol=2e-3)
    assert np.all(seen[1:, 1] > seen[1:, 2]) and np.all(seen[1:, 2] > seen[1:, 0])
    c = np.linspace(0, 1, 256)
    assert np.allclose(coded(linear(c)), c, atol=1e-6)


def test_own_samples(tmp_path: Path) -> None:
    """Samples of one's own scanner replace ours; a file that cannot be one is refused."""
    file = tmp_path / "s.csv"
    file.write_text(
        "density [-],red,green,blue\n0,250,248,245\n0.3,248,190,220\n0.7,245,110,170\n1.2,240,50,130\n"
    )
    dye = read_samples(file)
    assert np.isclose(dye.nominal(dye.colours(np.array([0.7]))[:, 1])[0], 0.7, atol=1e-3)
    file.write_text("density [-],red,green,blue\n0.3,248,190,220\n0.7,245,110,170\n")
    with pytest.raises(CaseError, match="needs blank paper"):
        read_samples(file)


def test_names_of_grades() -> None:
    """The nearest grade is told."""
    with pytest.raises(CaseError, match='Did you mean "LLW"'):
        grade("LLWW")
    assert isinstance(curve("HS", "continuous", "A"), Curve)
