"""Tolerance studies where all pixels stay closed: pressures are linear there, and every moment has a closed form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import studied

from holdersim.solve import Model
from holdersim.study.reading import NUMBERS, reading
from holdersim.study.response import Response
from holdersim.study.scatter import sources
from holdersim.study.tolerance import Outcome, Tolerance, sampled
from holdersim.study.tolerance_files import sentences, write

FILM = 2.0
SAMPLES = 4096


def _study(at: str, **change: object) -> Tolerance:
    scatter = {
        "plates": {"rms": "8 um", "longest": "30 mm", "shortest": "6 mm", "spread": 0.3},
        "thickness": {"rms": "6 um", "longest": "16 mm", "shortest": "4 mm"},
        "bolts": {"scatter": 0.001},
    }
    data = {"case": "bare_5MPa.toml", "at": at, "samples": SAMPLES, "seed": 5, "scatter": scatter} | change
    folder = Path(__file__).parents[2] / "cases" / "studies"
    return Tolerance.model_validate(data, context={"folder": str(folder), "name": "moments"})


@pytest.fixture(scope="module")
def model() -> Model:
    return studied.model()


@pytest.fixture(scope="module")
def outcome(model: Model) -> Outcome:
    limit = {"number": "CV [-]", "most": 0.044}
    return sampled(
        _study("core", criterion=(limit,)), model, dict.fromkeys(studied.PLACES, studied.FORCE), FILM
    )


def test_single_samples_move_as_the_linear_response_says(model: Model) -> None:
    response, random = Response(model), np.random.default_rng(1)
    bolts = np.full(4, studied.FORCE)
    start = response.press(response.gap, bolts)
    gap, pull = 1e-3 * random.normal(size=response.pixels), 5.0 * random.normal(size=4)
    after = response.press(response.gap + gap, bolts + pull)
    assert start.active.all() and after.active.all()
    said = start.force + response.linear(start.active) @ np.concatenate([gap, pull])
    np.testing.assert_allclose(after.force, said, atol=1e-8 * start.force.max())


def test_moments_are_those_of_linear_theory(model: Model, outcome: Outcome) -> None:
    assert outcome.same_set == 1.0
    np.testing.assert_allclose(outcome.mean_map, outcome.nominal_map, rtol=0.02)
    ratio = outcome.deviation_map / outcome.linear["deviation"]
    # the standard error of a standard deviation is 1.1 % here, a little more with surfaces of different rms
    assert abs(ratio.mean() - 1) < 0.01 and np.abs(ratio - 1).max() < 0.06
    read = reading(Response(model), "core", FILM)
    w, covariance = read.weights / read.weights.sum(), outcome.linear["covariance"]
    mean, cv = (outcome.numbers[n] for n in NUMBERS[:2])
    assert mean.var() == pytest.approx(w @ covariance @ w, rel=0.08)
    start = outcome.nominal["CV [-]"] * outcome.nominal["Mean contact pressure [MPa]"]
    expected = start**2 + w @ np.diag(covariance) - w @ covariance @ w
    found = (cv * mean) ** 2
    assert found.mean() == pytest.approx(expected, abs=4 * found.std() / SAMPLES**0.5)
    assert found.std() / SAMPLES**0.5 < 0.02 * expected


def test_shares_of_a_linear_number_are_its_parts_of_the_variance(model: Model) -> None:
    found = sampled(_study("cell_top"), model, dict.fromkeys(studied.PLACES, studied.FORCE), FILM)
    response = Response(model)
    row = reading(response, "cell_top", FILM).mean[:-1] @ response.linear(
        np.ones(response.pixels, dtype=bool)
    )
    parts = {}
    for c in sources(_study("cell_top").scatter, model):
        by = (
            row[response.pixels :] * studied.FORCE @ c.force
            if c.force is not None
            else row[: response.pixels] @ c.gap
        )
        parts[c.name] = float(by @ by) * (c.square if c.force is None else 1.0)
    total = sum(parts.values())
    assert found.numbers[NUMBERS[0]].var() == pytest.approx(total, rel=0.08)
    assert max(parts.values()) < 0.9 * total
    for name, (first, error, whole, of_whole) in found.shares[NUMBERS[0]].items():
        assert first == pytest.approx(parts[name] / total, abs=4 * error + 0.005), name
        assert whole == pytest.approx(parts[name] / total, abs=4 * of_whole + 0.005), name
        assert error < 0.08 and of_whole < 0.08
    assert found.solved == SAMPLES + 2048 * len(parts)


def test_probability_and_its_standard_error(outcome: Outcome) -> None:
    p, error = outcome.probability
    assert 0.02 < p < 0.98
    assert p == (outcome.numbers["CV [-]"] <= 0.044).mean()
    assert error == pytest.approx(np.sqrt(p * (1 - p) / SAMPLES))


def test_the_same_seed_gives_the_same_holders(model: Model) -> None:
    forces = dict.fromkeys(studied.PLACES, studied.FORCE)
    study = _study("core", samples=64, shares=False)
    one, two = (sampled(study, model, forces, FILM) for _ in range(2))
    np.testing.assert_array_equal(one.numbers["CV [-]"], two.numbers["CV [-]"])
    other = sampled(_study("core", samples=64, shares=False, seed=6), model, forces, FILM)
    assert not np.allclose(one.numbers["CV [-]"], other.numbers["CV [-]"])


def test_files_of_a_study(outcome: Outcome, tmp_path: Path) -> None:
    import xarray as xr

    study = _study("core", criterion=({"number": "CV [-]", "most": 0.044},))
    files = {f.name: f for f in write(study, outcome, tmp_path)}
    assert len(files["samples.csv"].read_text().splitlines()) == SAMPLES + 1
    with xr.open_dataset(files["maps.nc"], engine="h5netcdf") as maps:
        np.testing.assert_allclose(maps["mean"], outcome.mean_map)
    text = files["tolerance.html"].read_text()
    assert "standard error" in text and "http" not in text.replace("http://www.w3.org", "")
    assert sentences(study, outcome)[0].startswith(
        f"{100 * outcome.probability[0]:.3g} % of 4096 holders keep"
    )
