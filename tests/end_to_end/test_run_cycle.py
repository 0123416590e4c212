"""Cases that charge, warm and vent, run from end to end: what is stored, and what must be the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs import ROOT, TIGHTEN, TOML, command, furthest, holds, small

from holdersim.case import Case, read_case
from holdersim.results import Result
from holdersim.run import run

CASES = sorted((ROOT / "cases" / "cycling").glob("*.toml"))
STEPS: list[dict[str, Any]] = [
    TIGHTEN,
    {"do": "charge", "states": 2},
    {"do": "heat", "temperature": "40 degC"},
    {"do": "discharge", "to": 0.5, "states": 1},
    TIGHTEN | {"pressure": "2 MPa"},
]


@pytest.fixture(scope="module")
def quarter(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """The small case through all steps, cut at both symmetry planes, with fields."""
    return run(small(steps=STEPS), tmp_path_factory.mktemp("results"), pictures=False)


def test_a_result_with_a_history(quarter: Result) -> None:
    """One row for every state, steps told apart, certificates hold, maps of each step as before."""
    rows = quarter.summary["history"]
    assert [r["step"] for r in rows] == ["tighten", "charge", "charge", "heat", "discharge", "tighten 5"]
    assert [r["SOC [-]"] for r in rows] == pytest.approx([0, 0.5, 1, 1, 0.5, 0.5])
    assert [r["temperature [K]"] for r in rows] == pytest.approx([298.15] * 3 + [313.15] * 3)
    assert holds(quarter)
    assert rows[-1]["force of b1 [N]"] == pytest.approx(60.0, rel=1e-12), (
        "2 MPa * 120 mm2 / 4, charged and warm"
    )
    for row in rows:
        step = quarter.at(row["step"]) if row is rows[-1] or row["SOC [-]"] != 0.5 else None
        if step is not None:
            assert row["force of b1 [N]"] == pytest.approx(step["bolts"]["b1"]["force_N"], rel=1e-12)
    assert quarter.summary["von_mises_max_MPa"]["cell"] > 0
    assert {"history", "events"} <= quarter.summary.keys()


def test_quarter_equals_whole(quarter: Result, tmp_path: Path) -> None:
    """A quarter of the holder swells and warms as the whole does."""
    whole = run(small(steps=STEPS, symmetry="none"), tmp_path, pictures=False, fields=False)
    for step in ("charge", "heat", "discharge", "tighten 5"):
        assert furthest(quarter.at(step) | {"safety": {}}, whole.at(step) | {"safety": {}}) < 1e-6, step
    a, b = quarter.maps["cycle_cathode_pressure"].values, whole.maps["cycle_cathode_pressure"].values
    assert a.shape == b.shape and len(a) == 4
    assert np.nanmax(np.abs(a - b)) < 1e-6 * np.nanmax(np.abs(b))
    for one, other in zip(quarter.summary["history"], whole.summary["history"], strict=True):
        for name in ("cathode: CV [-]", "cathode: p95 [MPa]", "thickness change [um]", "free growth [um]"):
            assert one[name] == pytest.approx(other[name], rel=1e-6), name


@pytest.mark.parametrize("path", CASES, ids=lambda p: str(p.stem))
def test_every_cycling_case_is_in_order(path: Path) -> None:
    """It is read without warnings of its steps, charges, and asks the cell for the growth of its electrodes."""
    case = read_case(path)
    assert case.charges and not [w for w in case.warnings if w.startswith("steps")]
    assert {s.swelling for s in case.assembly().solids if s.name == "cell"} == {("Si", "cathode")}
    assert Case.model_validate(case.to_dict()).identity() == case.identity()


def test_a_charge_before_the_nuts_on_the_command_line(tmp_path: Path) -> None:
    """Every mistake at once, exit code 2."""
    text = TOML.replace(
        "[[steps]]", '[[steps]]\ndo = "charge"\nto = 80\n[[steps]]\ndo = "discharge"\n[[steps]]', 1
    )
    (tmp_path / "case.toml").write_text(text, encoding="utf-8")
    done = command("check", "case.toml", cwd=tmp_path)
    assert done.returncode == 2
    assert "Did you mean 0.8 (80 %)?" in done.stdout + done.stderr
    (tmp_path / "case.toml").write_text(text.replace("to = 80\n", ""), encoding="utf-8")
    done = command("check", "case.toml", cwd=tmp_path)
    assert done.returncode == 2 and "the bolts are loose" in done.stdout + done.stderr
