"""Twin experiments: hidden flatness and bolt forces found again from noisy paper, and how often the band holds them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from twins import coverage, drawn, imaging, patchy, scanned, twin

from holdersim.assembly import (
    Assembly,
    Bolt,
    Hole,
    Interface,
    Layer,
    LayerStack,
    Plane,
    Plate,
    Rect,
    Seat,
    Solid,
)
from holdersim.inverse import Posterior, Priors, Seeker, View, evidence_of, unknowns
from holdersim.inverse.infer import felt_of, marked, moved
from holdersim.materials.elastic import Elastic
from holdersim.paper.matching import extent, laid
from holdersim.paper.render import Felt
from holdersim.solve import Model
from holdersim.study.reading import reading
from holdersim.study.response import Response
from holdersim.superelement import cache_folder

FACE = Rect.centred(20.0, 12.0)
PLACES = {"b1": (17.0, 10.0), "b2": (-17.0, 10.0), "b3": (-17.0, -10.0), "b4": (17.0, -10.0)}
NOMINAL = np.full(4, 240.0)
NOISE = 0.02
"""Scatter of the density of a square as a share: grain. Beside it all squares scatter by 5 %, alike over 3 mm."""
KNOWN = {"flatness": "10 um", "rise": "20 um", "bolts": 0.2, "ends": (0.0, 0.0, 1.0, 0.0), "place": "0.1 mm"}


@cache
def seeker() -> Seeker:
    """A stiff cell between two small steel plates, 4 MPa, squares of 2 mm; known before: 10 um, bolts to 20 %."""
    steel, cell = Elastic("steel", 200e3, 0.3), Elastic("cell", 2000.0, 0.3)
    seats = tuple(Seat(n, x, y, 3.2, 6.0) for n, (x, y) in PLACES.items())
    plate = Plate(
        44.0, 30.0, 8.0, tuple(Hole(x, y, 3.2) for x, y in PLACES.values()), seats, FACE, size=4.0, coarse=8.0
    )
    stack = LayerStack((Layer("core", 2.0, FACE, cell, 2),), FACE, 1.0, 1.0)
    solids = (
        Solid("bottom_plate", plate, steel, 2, 0.0, flip=True),
        Solid("cell", stack, degree=1),
        Solid("top_plate", plate, steel, 2, 2.0),
    )
    faces = (
        Interface("cell_bottom", "bottom_plate.press", "cell.bottom", FACE, 2.0),
        Interface("cell_top", "cell.top", "top_plate.press", FACE, 2.0),
    )
    bolts = tuple(
        Bolt(n, (f"bottom_plate.seat:{n}", f"top_plate.seat:{n}"), x, y, 1e5, 3.0, 5.0, 600.0, 640.0, 18.0)
        for n, (x, y) in PLACES.items()
    )
    planes = (Plane("core", "cell.core", FACE, 2.0),)
    model = Model(Assembly(solids, faces, bolts, regions={"core": FACE}, planes=planes), cache_folder())
    response = Response(model)
    read = reading(response, "core", 2.0, FACE)
    priors = Priors.model_validate(KNOWN)
    view = View.of(read, imaging(), FACE, 2.0, priors.patchy, priors.alike)
    return Seeker(response, read, unknowns(response, NOMINAL, priors, 0.05), view)


def hidden_dish(s: Seeker, dish: float, random: np.random.Generator) -> np.ndarray:
    """A dish [um], one bolt 20 % too tight, all else as drawn; the film scatters."""
    z = drawn(s, random)
    z[: s.unknowns.size] = 0.0
    z[s.unknowns.names.index("dish")] = dish / 10.0
    z[s.unknowns.names.index("force of b1")] = np.log(1.2) / s.unknowns.spread[s.unknowns.pulls][0]
    return z


def judged(s: Seeker, z: np.ndarray, found: Posterior, dish: float) -> None:
    """Dish and bolts inside their bands, which are worth having."""
    u = s.unknowns
    low, high = found.band()
    hidden = u.values(z[: u.size])
    for name in ("dish", *(f"force of b{k}" for k in (1, 2, 3, 4))):
        k = u.names.index(name)
        assert low[k] <= hidden[k] <= high[k], f"{name} {hidden[k]:.3g} not in {low[k]:.3g} to {high[k]:.3g}"
    told = dict(zip(u.names, found.told, strict=True))
    assert found.settled and told["dish"] > 0.8 and told["force of b1"] > 0.3
    assert high[u.names.index("dish")] - low[u.names.index("dish")] < 0.5 * dish


@pytest.mark.parametrize("dish", [10.0, 20.0])
def test_a_hidden_dish_and_a_loose_bolt_are_found(dish: float) -> None:
    """10 and 20 um of dish and one bolt 20 % too tight lie inside the 95 % band: numbers."""
    s, random = seeker(), np.random.default_rng(5)
    z = hidden_dish(s, dish, random)
    judged(s, z, twin(s, NOISE, random, z).found, dish)


@pytest.mark.parametrize("dish", [10.0, 20.0])
def test_they_are_found_from_a_scan(tmp_path: Path, dish: float) -> None:
    """The same through film noise, grain, JPEG, a scan turned at random and marks off by 0.1 mm each way."""
    s, random = seeker(), np.random.default_rng(8)
    z = hidden_dish(s, dish, random)
    gap, forces = (
        s.response.gap + s.unknowns.gap(z[: s.unknowns.size]),
        s.unknowns.forces(z[: s.unknowns.size]),
    )
    felt = felt_of(s.read, s.response.press(gap, forces).force, "core")
    noisy = Felt(felt.pressure * patchy(felt, 0.05, 3.0, random), felt.x, felt.y, "core")
    seen, ends, place = scanned(noisy, tmp_path, random)
    by_marks = marked(seen, ends, extent(felt), 0.1)
    found = s.find(evidence_of(laid(seen, felt, 2.0, placed=by_marks)))
    judged(s, z, found, dish)
    # the place found is where the paper really lay: no squares of 2 mm, but a tenth of a millimetre
    there = s.unknowns.place(found.z)
    assert np.abs(there[1:] - place[1:]).max() < 0.1 and abs(there[0] - place[0]) < 0.01
    right = moved(by_marks, place).pose
    sx, sy = right.to_scan(np.array(0.0), np.array(0.0))
    wide, high = (n * seen.side / 2 for n in seen.density.shape[::-1])
    assert np.hypot(sx - wide, sy - high) < 0.3


def test_the_band_holds_the_truth_as_often_as_it_says() -> None:
    """40 holders drawn from what is known before: of all unknowns that the paper tells, 90 to 98 % in the band."""
    s, random = seeker(), np.random.default_rng(1)
    twins = [twin(s, NOISE, random) for _ in range(40)]
    told = np.mean([t.found.told for t in twins], axis=0) > 0.05
    each, _ = coverage(twins)
    assert told.sum() >= 8 and not told[:2].any()  # all but the wedges
    assert 0.90 <= each[told].mean() <= 0.98, dict(zip(s.unknowns.names, each, strict=True))
    worst = stats.binom.ppf(1e-3, len(twins), 0.95) / len(twins)
    assert each.min() >= worst, dict(zip(s.unknowns.names, each, strict=True))
    assert np.mean([t.found.settled for t in twins]) > 0.95
    narrow = np.mean([np.abs(t.off[told]) < 0.674 for t in twins])
    assert 0.42 < narrow < 0.58, f"half band holds {narrow:.0%}"


def test_less_noise_tells_more() -> None:
    """A fifth of the grain narrows the saddle where the film does not scatter; a film that scatters widens it."""
    s = seeker()
    even = Seeker(s.response, s.read, s.unknowns, replace(s.view, patchy=0.0))
    z = np.zeros(s.unknowns.size + 1)
    k = s.unknowns.names.index("saddle")
    wide, narrow = (twin(even, n, np.random.default_rng(6), z).found.deviation for n in (0.05, 0.01))
    assert narrow[k] < 0.4 * wide[k] and np.all(narrow <= wide * 1.2)
    rough = twin(s, 0.01, np.random.default_rng(6), np.zeros(s.unknowns.size + s.view.rest)).found.deviation
    assert rough[k] > 2 * narrow[k]
