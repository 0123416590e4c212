"""Bolt patterns and cells that once led nowhere: a load near the edge, one beyond it, pixels covered in part."""

from __future__ import annotations

from pathlib import Path

import meshio
import numpy as np
import pytest
from runs import holds, small

import holdersim
from holdersim.errors import PhysicsRefused

PAPER = {"kind": "bare_uniaxial", "plate": {"material": "SS304", "flatness": {"dish": "10 um"}}}
CELL = {"kind": "two_electrode"}
THREE = [["32 mm", "22 mm"], ["-32 mm", "22 mm"], ["0 mm", "-23 mm"]]


def test_resultant_near_the_edge(tmp_path: Path) -> None:
    """Three bolts whose resultant lies 7 mm off the middle of a cathode 15 mm wide: one edge carries all."""
    case = small(holder={**PAPER, "bolts": THREE}, cell=CELL, steps=[{"do": "tighten", "force": "2625 N"}])
    result = holdersim.run(case, tmp_path, pictures=False, fields=False)
    holds(result)
    assert result.metric("Centroid offset y [mm]", interface="cell_top") == pytest.approx(7.0, abs=1e-6)


def test_resultant_beyond_the_edge(tmp_path: Path) -> None:
    """Bolts on one side only: no pressure balances them, and the message says so."""
    case = small(
        holder={**PAPER, "bolts": THREE[:2]}, cell=CELL, steps=[{"do": "tighten", "force": "2625 N"}]
    )
    with pytest.raises(PhysicsRefused, match="resultant lies outside the pressed area"):
        holdersim.run(case, tmp_path, pictures=False)
    assert not list(tmp_path.rglob("summary.json"))


def test_pixels_covered_in_part(tmp_path: Path) -> None:
    """A tab ends inside pixels: they are left out, and no body drifts away."""
    case = small(holder=PAPER, cell={"kind": "two_electrode", "tabs": [{"on": "cathode", "end": "+x"}]})
    result = holdersim.run(case, tmp_path, pictures=False)
    holds(result)
    for file in (result.folder / "fields").glob("*plate.vtu"):
        assert np.abs(meshio.read(file).point_data["displacement"]).max() < 0.5, file.name
