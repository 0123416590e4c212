"""Pieces of the inference: derivatives, evidence, what can be told; mistakes of the command."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import studied

from holdersim import read_case
from holdersim.assembly import Rect
from holdersim.errors import CaseError, PhysicsRefused
from holdersim.inverse import Evidence, Priors, Seeker, View, unknowns
from holdersim.inverse.infer import marked, moved, region_of, respond
from holdersim.materials.elastic import Elastic
from holdersim.paper import Flag, ReadOptions, RenderOptions, read_scan, render_map
from holdersim.paper.curves import curves_for
from holdersim.paper.forward import Imaging
from holdersim.paper.matching import extent, found_place
from holdersim.paper.options import checked
from holdersim.paper.registration import Pose, Registration
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
    region = region_of(response, "core")
    read = reading(response, "core", 1.5, region)
    options = ReadOptions(**LW)
    imaging = Imaging.known(options, curves_for(options), 0.25)
    view = View.of(read, imaging, region, 1.5, priors.patchy, priors.alike)
    return Seeker(response, read, unknowns(response, NOMINAL, priors, 0.05), view)


def test_slopes_are_the_derivatives_of_the_densities(seeker: Seeker) -> None:
    """Against central differences of the whole way, by every unknown: 1 % of the largest."""
    random = np.random.default_rng(2)
    z = 0.2 * random.standard_normal(seeker.unknowns.size + seeker.view.rest)
    d, pressed = seeker.densities(z)
    slopes = seeker.slopes(z, d, pressed)
    for k in [*range(seeker.unknowns.size), len(z) // 2, len(z) - 1]:
        step = 1e-3 * (np.arange(len(z)) == k)
        (up, a), (down, b) = seeker.densities(z + step), seeker.densities(z - step)
        assert (a.active == pressed.active).all() and (b.active == pressed.active).all()
        off = np.abs((up - down) / 2e-3 - slopes[:, k]).max()
        # a factor of the scatter counts by its mean over a square
        near = 0.01 if k < seeker.unknowns.size or k == len(z) - 1 else 0.25
        assert off < near * max(np.abs(slopes[:, k]).max(), 1e-3), (k, off, np.abs(slopes[:, k]).max())


def sample(n: int = 60) -> tuple[Evidence, np.ndarray]:
    random = np.random.default_rng(4)
    flag = random.choice([Flag.READ, Flag.BELOW, Flag.ABOVE, Flag.MASKED], n).astype(np.uint8)
    d = random.uniform(0.05, 1.2, n)
    return Evidence(random.uniform(0.2, 1.0, n), flag, np.full(n, 0.05), 0.2, 1.0, 0.05), d


def test_slopes_of_the_evidence() -> None:
    """First and second derivative of the cost by differences; squares that are masked do not count."""
    e, d = sample()
    first, second = e.slopes(d)
    h = 1e-6
    for k in range(len(d)):
        step = h * (np.arange(len(d)) == k)
        assert (e.cost(d + step) - e.cost(d - step)) / (2 * h) == pytest.approx(first[k], rel=1e-4, abs=1e-4)
        slope = (e.slopes(d + step)[0][k] - e.slopes(d - step)[0][k]) / (2 * h)
        assert slope == pytest.approx(second[k], rel=1e-4, abs=1e-4)
    masked = e.flag == Flag.MASKED
    assert masked.any() and not first[masked].any() and not second[masked].any()
    assert e.blurred(0.12).scatter == pytest.approx(np.full(len(d), 0.13))


def test_a_wedge_is_not_told_and_a_total_force_is_held_by_the_scale(seeker: Seeker) -> None:
    """Plates tilt until each bolt has its force; all bolts up and the paper's scale up look the same."""
    u = seeker.unknowns
    z = np.zeros(u.size + seeker.view.rest)
    d, _ = seeker.densities(z)
    flag = np.where(d < 0.215, Flag.BELOW, np.where(d > 1.04, Flag.ABOVE, Flag.READ)).astype(np.uint8)
    found = seeker.find(Evidence(d, flag, np.full(len(d), 0.005), 0.215, 1.04, 0.05))
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


def test_scatter_of_the_film_has_the_variance_and_the_correlation_said(seeker: Seeker) -> None:
    """Sum of the squares of the bumps is 1 everywhere; over a distance r their product is exp(-(r / alike)^2), 2 %."""
    view = replace(seeker.view, alike=1.5)
    bx, _ = view._bumps
    assert np.allclose((bx**2).sum(axis=1), 1.0)
    r = np.abs(view.x[:, None] - view.x)
    assert np.abs(bx @ bx.T - np.exp(-((r / 1.5) ** 2))).max() < 0.02


def test_a_place_moves_what_is_looked_at() -> None:
    """A paper that lay turned and shifted, looked at through its place, shows what one that did not shows."""
    x, y = np.arange(-9.75, 10, 0.5), np.arange(-4.75, 5, 0.5)
    gx, gy = np.meshgrid(x, y)
    felt = Felt(6.0 + 0.2 * gx - 0.3 * gy, x, y, "plane")
    options = ReadOptions(**LW)
    curve = curves_for(options)
    even = Imaging(curve, None, 1e-3, 0.25)
    lines = np.linspace(-6, 6, 13), np.linspace(-3, 3, 7)
    turn, shift = 0.05, (0.4, -0.2)
    shown = even.density(felt, *lines, shift, turn)
    cx, cy = np.meshgrid(*((v[1:] + v[:-1]) / 2 for v in lines))
    c, s = np.cos(turn), np.sin(turn)
    there = 6.0 + 0.2 * (shift[0] + c * cx - s * cy) - 0.3 * (shift[1] + s * cx + c * cy)
    assert np.abs(shown - curve.record(there)).max() < 0.003
    pose = Pose(30.0, 20.0, 0.3, 1.0, False, (1.0, 2.0))
    right = moved(Registration(pose, 0.1, 1.0, 1.0), np.array([turn, *shift])).pose
    for qx, qy in ((1.0, 2.0), (5.0, -3.0)):
        u, v = qx - 1.0, qy - 2.0
        h = (1.0 + shift[0] + c * u - s * v, 2.0 + shift[1] + s * u + c * v)
        assert right.to_scan(*(np.array(k) for k in h)) == pytest.approx(
            pose.to_scan(np.array(qx), np.array(qy)), abs=1e-9
        )


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
