"""The numbers of the demo case on a coarse mesh stay what they were.

Renew after a deliberate change, and say in the commit why they moved:
HOLDERSIM_RENEW=1 env/run python -m pytest tests/regression
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import gmsh
import pytest

from holdersim.case import read_case
from holdersim.run import run

ROOT = Path(__file__).resolve().parents[2]
STORED = Path(__file__).with_name("demo_coarse.json")
SAME, OTHER_MESHER = 1e-6, 2e-2
"""Allowed relative change; another gmsh lays other elements around the bolt holes."""


def flat(value: Any, path: str = "") -> dict[str, float | None]:
    """All numbers by path."""
    if isinstance(value, dict):
        return {k: v for key, inner in value.items() for k, v in flat(inner, f"{path}/{key}").items()}
    return {path: value} if value is None or isinstance(value, int | float) else {}


def test_demo_numbers(tmp_path: Path) -> None:
    """Every metric, bolt force, safety and mass of the coarse demo equals the stored one."""
    case = read_case(ROOT / "cases" / "bare_uniaxial_5MPa.toml")
    case = case.with_("grid.pixel", "1 mm").with_("grid.film", "1 mm").with_("mesh.level", 0)
    summary = run(case, tmp_path, pictures=False).summary
    kept = ("steps", "mass_g", "von_mises_max_MPa")
    found = flat({k: summary[k][-1] if k == "steps" else summary[k] for k in kept})
    if os.environ.get("HOLDERSIM_RENEW"):
        data = {"identity": case.identity(), "gmsh": gmsh.__version__, "numbers": found}
        STORED.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
        pytest.skip(f"{STORED.name} renewed")
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    assert case.identity() == stored["identity"]
    assert found.keys() == stored["numbers"].keys() and len(found) > 50
    limit = SAME if gmsh.__version__ == stored["gmsh"] else OTHER_MESHER
    moved = {k: (v, found[k]) for k, v in stored["numbers"].items() if not close(found[k], v, limit)}
    assert not moved, "stored, found:\n" + "\n".join(f"{k}: {a} {b}" for k, (a, b) in moved.items())


def close(a: float | None, b: float | None, limit: float) -> bool:
    """Equal within the limit, relative, or absolute below 1e-3."""
    return a == b if a is None or b is None else abs(a - b) <= limit * max(abs(b), 1e-3)
