"""All alloys and ratings of a study at fixed sizes, without a factorisation for each of them. Units mm, N, MPa.

Exact for linear bodies: the compliance of a body goes as 1/E at equal Poisson's ratio (superelement.py), stresses under
given forces do not know E, and where faces fit at first a contact problem is of degree one in its load.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from ..errors import PhysicsRefused
from ..fasteners import SIZES
from ..materials.elastic import Elastic
from ..weight.point import Point
from ..weight.study import Study
from . import stacked, vessels

log = logging.getLogger(__name__)
Row = dict[str, Any]


def by_nu(alloys: Sequence[Elastic]) -> Iterator[tuple[float, list[Elastic]]]:
    """Alloys of equal Poisson's ratio together."""
    for nu, group in groupby(sorted(alloys, key=lambda m: m.nu), key=lambda m: m.nu):
        yield nu, list(group)


def fixed_plates(study: Study, point: Point, modulus: float) -> list[Row]:
    """Plates of the sizes of `point`, of every alloy and at every rating, on a block of `modulus` [MPa]."""
    out: list[Row] = []
    for _, group in by_nu(study.alloys):
        first = None
        for m in group:
            made = stacked.case(point, m, study.block, modulus)
            state = stacked.solved(made, keep=first is None)
            if np.abs(state.model.gap).max(initial=0.0) > 0:
                raise PhysicsRefused("faces that do not fit at first: pressures do not go as the load")
            first = first or state.model
            u, stress = stacked.uniformity(made, state), stacked.plate_stress(state, first)
            for q in study.ratings:
                k = q / point.rating
                out.append(_row(m, q, "", k * stress) | {
                    "bend [um]": k * u.bend, "CV [-]": u.cv, "p5/p95 [-]": u.p5_p95,
                    "share without pressure [-]": u.open})  # fmt: skip
    return out


def fixed_chambers(study: Study, point: Point) -> list[Row]:
    """Welded vessels of the sizes of `point`, of every alloy and at every rating."""
    out: list[Row] = []
    for _, group in by_nu(study.alloys):
        for m in group:
            w = vessels.by_elements(point, m)  # solved once for each Poisson's ratio
            for q in study.ratings:
                k = q / point.rating
                out.append(_row(m, q, point.closure, k * w.peak) | {
                    "wall, inner face [MPa]": k * w.inside, "growth of the bore [um]": 1e3 * k * w.growth})  # fmt: skip
    return out


def fixed(study: Study, modulus: float) -> tuple[list[Row], str]:
    """Rows of every alloy and rating in plates and in a welded vessel of fixed sizes, and whose sizes they are."""
    rating = sorted(study.ratings)[len(study.ratings) // 2]
    out: list[Row] = []
    said = []
    domed = [c for c in study.closures if c in vessels.DEPTHS][:1] if "isostatic" in study.holders else []
    for kind in [*([""] if "uniaxial" in study.holders else []), *domed]:
        points = (study.size(m, rating, kind) for m in study.alloys)
        point = next((p for p in points if p.feasible and (kind or p.bolt in SIZES)), None)
        if point is None:
            continue
        out += fixed_chambers(study, point) if kind else fixed_plates(study, point, modulus)
        said.append(f"{kind or 'plates'} of {point.alloy} for {rating:g} MPa")
    return out, " and ".join(said)


def _row(m: Elastic, rating: float, closure: str, stress: float) -> Row:
    holder = "isostatic" if closure else "uniaxial"
    safety = m.yield_strength / stress if m.yield_strength else float("nan")
    names: Row = {"alloy": m.name, "rating [MPa]": rating, "holder": holder, "closure": closure}
    return names | {"greatest stress [MPa]": stress, "safety against yield [-]": safety}
