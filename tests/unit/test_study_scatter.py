"""Random surfaces and bolt forces: their variance, and tolerance studies that are told what is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from holdersim.errors import CaseError
from holdersim.schema import read_document
from holdersim.study.common import Limit, write_case
from holdersim.study.scatter import Source, Surface
from holdersim.study.tolerance import Tolerance

CASES = Path(__file__).parents[2] / "cases" / "studies"
SURFACE = {"rms": "3 um", "longest": "40 mm", "shortest": "5 mm"}


def test_waves_add_up_to_the_rms_and_fall_with_the_exponent() -> None:
    surface = Surface(**SURFACE, roughness=0.7)
    k, height = surface.waves()
    assert np.sum(height**2) == pytest.approx(0.003**2)
    size = np.hypot(*k.T)
    assert size.min() == pytest.approx(2 * np.pi / 40) and size.max() == pytest.approx(2 * np.pi / 5)
    slope = np.polyfit(np.log(size), np.log(height**2), 1)[0]
    assert slope == pytest.approx(-(2 + 2 * 0.7))
    # no wave twice: -k is the same wave as k
    assert len({tuple(np.round(v, 9)) for v in np.vstack([k, -k])}) == 2 * len(k)


def test_every_point_of_a_surface_scatters_by_the_rms() -> None:
    x, y = np.array([0.0, 3.0, -11.0]), np.array([0.0, 7.0, 2.0])
    shapes = Surface(**SURFACE).shapes(x, y)
    np.testing.assert_allclose((shapes**2).sum(axis=1), 0.003**2)
    source = Source("face", shapes, None, 0.5)
    gaps, factors = source.draw(40_000, np.random.default_rng(1))
    assert factors is None and gaps is not None
    # standard error of a variance of this kurtosis: about 3 % here
    np.testing.assert_allclose(gaps.var(axis=0), source.square * 0.003**2, rtol=0.12)
    assert source.square == 1.25


def test_bolt_forces_keep_their_mean_and_never_push() -> None:
    gaps, factors = Source("bolts", None, 0.3 * np.eye(4)).draw(40_000, np.random.default_rng(1))
    assert gaps is None and factors is not None
    assert factors.min() > 0
    np.testing.assert_allclose(factors.mean(axis=0), 1.0, atol=4 * 0.3 / 200)
    np.testing.assert_allclose(factors.std(axis=0), 0.3, rtol=0.05)
    assert np.abs(np.corrcoef(factors.T) - np.eye(4)).max() < 0.03


def test_limits_measure_how_far_a_value_is_beyond() -> None:
    most, least = Limit(number="CV [-]", most=0.4), Limit(number="p5 [MPa]", least=2.0)
    assert most.excess(0.5) == pytest.approx(0.25) and most.excess(0.3) < 0
    assert least.excess(1.0) == pytest.approx(0.5) and least.excess(3.0) < 0
    assert str(most) == "CV [-] <= 0.4" and str(least) == "p5 [MPa] >= 2"


def test_mistakes_of_a_tolerance_study_are_told(tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    file.write_text(
        f'case = "{CASES / "bare_5MPa.toml"}"\nat = "cathode"\nsamples = 4\nseed = 1\n'
        'criterion = [{ number = "CV", most = 0.3 }, { number = "CV [-]" }]\n'
        "[scatter]\nbolts = { scatter = 0.0 }\n"
        'plates = { rms = "5 m", longest = "40 mm", shortest = "5 mm" }\n'
    )
    with pytest.raises(CaseError) as told:
        read_document(file, Tolerance)
    text = str(told.value)
    for piece in ("samples = 4", "needs either most or least", "scatter.bolts.scatter", "scatter.plates.rms"):
        assert piece in text, piece


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ('number = "CV [-]"', ""),
        ('number = "CV"', 'criterion[0].number = "CV": is not counted here'),
        ('shortest = "0.1 mm"', "1 to 40 times the shortest"),
        ('case = "no.toml"', "there is no such file"),
        ('case = "../bare_uniaxial_sequence.toml"', "one step that tightens all bolts together"),
    ],
)
def test_one_mistake_each(tmp_path: Path, change: str, message: str) -> None:
    import re

    text = (CASES / "tolerance_bare.toml").read_text()
    text = re.sub(rf'{change.split(" ")[0]} *= ?"[^"]*"', change, text)
    text = re.sub(r'case += "', f'case = "{CASES}/', text)
    file = tmp_path / "study.toml"
    file.write_text(text)
    if not message:
        assert read_document(file, Tolerance).name == "study"
        return
    with pytest.raises(CaseError, match=re.escape(message)):
        read_document(file, Tolerance)


def test_a_written_case_is_read_back_as_the_same(tmp_path: Path) -> None:
    from holdersim.case import read_case

    for name in (
        "bare_uniaxial_sequence",
        "gasketed_uniaxial_5MPa",
        "pile_of_four",
        "isostatic_chamber_5MPa",
    ):
        case = read_case(CASES.parent / f"{name}.toml")
        again = read_case(write_case(case, tmp_path / f"{name}.toml", "a remark\nof two lines"))
        assert again.identity() == case.identity() and again == case
