"""Pieces of the inference: derivatives, evidence, what can be told; mistakes of the command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import studied

from holdersim import read_case
from holdersim.assembly import Rect
from holdersim.errors import CaseError, PhysicsRefused
from holdersim.inverse import Evidence, Priors, Seeker, unknowns
from holdersim.inverse.evidence import evidence
from holdersim.inverse.infer import Squares, chosen, marked, region_of, respond
from holdersim.materials.elastic import Elastic
from holdersim.paper import Flag, ReadOptions, RenderOptions, read_scan, render_map
from holdersim.paper.matching import extent, found_place
from holdersim.paper.options import checked
from holdersim.paper.render import Felt
from holdersim.study.reading import reading
from holdersim.study.response import Response

LW: dict[str, Any] = {
    "grade": "LW",
    "pressing": "continuous",
    "temperature": "24 degC",
    "humidity": "55 %",
}
NOMINAL = np.full(4, studied.FORCE)


@pytest.fixture(scope="module")
def seeker() -> Seeker:
    response = Response(studied.model(middle=Elastic("stiff", 5000.0, 0.3)))
    priors = Priors(flatness="2 um", rise="5 um", bolts=0.2, order=3, ends=(0.0, 0.0, 1.0, 0.0))
    read = reading(response, "core", 1.5, region_of(response, "core"))
    steep = Squares.of(read, 1.5, region_of(response, "core")).steep()
    return Seeker(response, read, unknowns(response, NOMINAL, priors, 0.05), steep)


def test_slopes_are_the_derivatives_of_the_pressures(seeker: Seeker) -> None:
    """Taylor: what is left falls with the square of the step while the pressed set stays."""
    random = np.random.default_rng(2)
    z = 0.2 * random.standard_normal(seeker.unknowns.size)
    p, pressed = seeker.pressures(z)
    j = seeker.slopes(z, p, pressed)
    way = random.standard_normal(len(z))
    steps = (2e-3, 1e-3, 5e-4)
    left = []
    for h in steps:
        there, found = seeker.pressures(z + h * way)
        assert (found.active == pressed.active).all()
        left.append(np.abs(there - p - h * (j @ way)).max())
    assert np.log2(left[0] / left[1]) > 1.9 and np.log2(left[1] / left[2]) > 1.9, left


def sample(n: int = 60) -> tuple[Evidence, np.ndarray]:
    random = np.random.default_rng(4)
    flag = random.choice([Flag.READ, Flag.BELOW, Flag.ABOVE, Flag.MASKED], n).astype(np.uint8)
    p = random.uniform(0.5, 12.0, n)
    low, high = np.full(n, 2.5), np.full(n, 10.0)
    return evidence(random.uniform(2.5, 10, n), flag, np.full(n, 0.2), low, high, 0.05), p


def test_slopes_of_the_evidence() -> None:
    """First and second derivative of the cost by differences; squares that are masked do not count."""
    e, p = sample()
    first, second = e.slopes(p)
    h = 1e-5
    for k in range(len(p)):
        d = np.zeros(len(p))
        d[k] = h
        assert (e.cost(p + d) - e.cost(p - d)) / (2 * h) == pytest.approx(first[k], rel=1e-5, abs=1e-5)
        slope = (e.slopes(p + d)[0][k] - e.slopes(p - d)[0][k]) / (2 * h)
        assert slope == pytest.approx(second[k], rel=1e-4, abs=1e-5)
    masked = e.flag == Flag.MASKED
    assert masked.any() and not first[masked].any() and not second[masked].any()


def test_a_wedge_is_not_told_and_a_total_force_is_held_by_the_scale(seeker: Seeker) -> None:
    """Plates tilt until each bolt has its force; all bolts up and the paper's scale up look the same."""
    u = seeker.unknowns
    p, _ = seeker.pressures(np.zeros(u.size))
    low, high = np.full(len(p), 0.5), np.full(len(p), 50.0)
    e = evidence(p, np.zeros(len(p), np.uint8), np.full(len(p), 0.03), low, high, 0.05)
    found = seeker.find(e)
    told = dict(zip(u.names, found.told, strict=True))
    assert found.settled and told["wedge along x"] < 1e-6 and told["wedge along y"] < 1e-6
    assert told["dish"] > 0.5
    deviation = np.sqrt(np.diag(found.covariance))
    way = np.zeros(u.size)
    way[u.pulls], way[-1] = 1 / u.spread[u.pulls], -1 / u.spread[-1]
    every = np.zeros(u.size)
    every[u.pulls] = 1 / u.spread[u.pulls]
    held = float(way @ found.bare @ way) ** 0.5
    assert held > 1.5 * float(every @ found.bare @ every) ** 0.5 and deviation[u.pulls].max() < 0.9


def test_squares_are_in_the_order_of_the_reading(seeker: Seeker) -> None:
    """Slope of a plane is its own; evidence on a grid goes to the square at its place."""
    region = region_of(seeker.response, "core")
    squares = Squares.of(seeker.read, 1.5, region)
    ny, nx = squares.shape
    assert ny * nx == len(seeker.read.weights)
    x = (squares.i + 0.5) * squares.side[0]
    inner = (squares.i > 0) & (squares.i < nx - 1)
    np.testing.assert_allclose((squares.steep()[0] @ (3 * x))[inner], 3.0)
    assert np.abs(squares.steep()[1] @ (3 * x))[(squares.j > 0) & (squares.j < ny - 1)].max() < 1e-12
    e, _ = sample(ny * nx)
    np.testing.assert_array_equal(chosen(e, squares).pressure, e.pressure[squares.j * nx + squares.i])


def test_mistakes(seeker: Seeker) -> None:
    with pytest.raises(CaseError, match='--face = "cell_tpo": is no interface'):
        unknowns(
            seeker.response,
            NOMINAL,
            Priors(flatness="2 um", rise="5 um", bolts=0.2, face="cell_tpo", ends=(0.0, 0.0, 1.0, 0.0)),
            0.1,
        )
    with pytest.raises(CaseError, match="is neither interface nor plane"):
        region_of(seeker.response, "cathod")


def test_marks_tell_where_the_paper_lay(tmp_path: Path) -> None:
    """Two marks 20 mm apart on a scan turned by 4 degrees; marks that do not fit the map are refused."""
    x, y = np.arange(-9.75, 10, 0.5), np.arange(-4.75, 5, 0.5)
    felt = Felt(np.full((len(y), len(x)), 6.0), x, y, "even")
    sheet = render_map(felt, RenderOptions(**LW, dpi=300, turned="4 deg"))
    seen = read_scan(sheet.save(tmp_path / "m.png"), ReadOptions(**LW))
    high, wide = sheet.pixels.shape[:2]
    c, s, half = np.cos(np.deg2rad(4)), np.sin(np.deg2rad(4)), 10 * 300 / 25.4
    ends = (wide / 2 - half * c, high / 2 + half * s, wide / 2 + half * c, high / 2 - half * s)
    pose = marked(seen, ends, extent(felt), 0.2).pose
    assert pose.angle == pytest.approx(np.deg2rad(4), abs=1e-6)
    found = found_place(seen, felt).pose
    assert np.hypot(pose.x - found.x, pose.y - found.y) < 0.3 and abs(np.sin(pose.angle - found.angle)) < 0.01
    with pytest.raises(CaseError, match="the marks are 20 mm apart; the map is 30 mm long"):
        marked(seen, ends, Rect.centred(30.0, 10.0), 0.2)
    with pytest.raises(CaseError, match=r"--ends.*must be four numbers"):
        checked(Priors, {"flatness": "1 um", "rise": "1 um", "bolts": 0.1, "ends": "1,2,3"}, "paper infer")


def test_what_has_no_linear_response_is_refused() -> None:
    cases = Path(__file__).resolve().parents[2] / "cases"
    with pytest.raises(PhysicsRefused, match="rubber"):
        respond(read_case(cases / "gasketed_uniaxial_5MPa.toml"))
    with pytest.raises(CaseError, match="one step that tightens all bolts together"):
        respond(read_case(cases / "isostatic_chamber_5MPa.toml"))
