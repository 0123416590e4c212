"""The three holders of the paper seen as pressure paper: bare with blanks, pads better but not even, fluid even."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from holdersim.paper import Flag, Reading, ReadOptions, RenderOptions, read_scan, render_map
from holdersim.paper.comparing import Compared, closer_curve, compared
from holdersim.paper.render import Felt

HOLDERS = ("bare", "gasketed", "isostatic")
X, Y = np.arange(-17.0, 17.5), np.arange(-7.0, 7.5)
LW: dict[str, Any] = {
    "grade": "LW",
    "pressing": "continuous",
    "temperature": "24 degC",
    "humidity": "55 %",
}


def computed() -> dict[str, Felt]:
    """Stored maps at 5 MPa, 1 mm."""
    file = Path(__file__).parent / "data" / "three_holders_cathode.csv"
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    out = {}
    for name in HOLDERS:
        start = lines.index(name) + 1
        out[name] = Felt(np.array([line.split(",") for line in lines[start : start + 15]], float), X, Y, name)
    return out


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Compared]:
    """Each holder's paper, scanned askew, read with a calibration and laid over its own map."""
    folder, out = tmp_path_factory.mktemp("papers"), {}
    for k, (name, felt) in enumerate(computed().items()):
        sheet = render_map(felt, RenderOptions(**LW, dpi=300, turned=f"{2 - k} deg", seed=k))
        seen = read_scan(sheet.save(folder / f"{name}.jpg", 85), ReadOptions(**LW, cell="0.5 mm"))
        out[name] = compared(seen, felt, 1.0)
    return out


def _spread(r: Reading) -> float:
    """Half of the difference of the 95th and 5th percentile of R/(G+B) above blank paper, over its mean."""
    inner = r.ratio[1:-1, 1:-1] - 0.5
    low, high = np.percentile(inner, (5, 95))
    return float((high - low) / 2 / inner.mean())


def test_evenness_has_the_order_of_the_paper(papers: dict[str, Compared]) -> None:
    """Bare, gasketed, isostatic: by pressures, and by the ratio of colours alone."""
    by_pressure = [papers[n].scores["CV of the paper [-]"] for n in HOLDERS]
    assert by_pressure[0] > 2 * by_pressure[1] > 2 * by_pressure[2], by_pressure
    by_ratio = [_spread(papers[n].match.paper) for n in HOLDERS]
    assert by_ratio[0] > 2 * by_ratio[1] and by_ratio[1] > by_ratio[2], by_ratio


def test_bare_plates_leave_blank_and_dark_paper(papers: dict[str, Compared]) -> None:
    flags = {n: papers[n].match.paper.flag for n in HOLDERS}
    assert np.mean(flags["bare"] == Flag.BELOW) > 0.5 and np.mean(flags["bare"] == Flag.ABOVE) > 0.1
    for name in ("gasketed", "isostatic"):
        assert np.mean(flags[name][1:-1, 1:-1] == Flag.READ) > 0.95


def test_each_paper_fits_its_own_holder_best(papers: dict[str, Compared]) -> None:
    """Every paper laid over every map: the likelihood is largest on its own."""
    maps = computed()
    for name, own in papers.items():
        seen = own.match.seen
        others = {
            n: compared(seen, f, 1.0, placed=own.match.registration).scores["Censored log-likelihood [-]"]
            for n, f in maps.items()
        }
        assert max(others, key=lambda n: others[n] or -np.inf) == name, others
        # also under bare plates, where pressure goes through the whole range within a few squares of 1 mm
        assert abs(own.scores["Force closure [-]"]) < 0.01


@pytest.mark.parametrize("name", HOLDERS)
def test_right_curves_are_not_doubted(papers: dict[str, Compared], name: str) -> None:
    """What squares do to a steep edge is no bias: no other zone or grade is named for a paper that is right."""
    own = papers[name]
    assert abs(own.scores["Bias [-]"] or 0.0) < 0.03
    assert closer_curve(own.match) is None
