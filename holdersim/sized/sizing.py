"""Plates and chambers sized by finite elements, equally even and equally safe: `holdersim weigh STUDY --size fe`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from math import exp, log, pi
from pathlib import Path
from typing import Any

from scipy.optimize import brentq

from ..errors import CaseError, HoldersimError, Mistake
from ..fasteners import SIZES
from ..materials.elastic import Elastic
from ..weight.equal import Equal
from ..weight.isostatic import ELLIPSOID
from ..weight.page import Section
from ..weight.point import Point, Stack, screws
from ..weight.study import Study
from ..weight.uniaxial import Pads
from . import sections, stacked, vessels
from .tables import write
from .verify import cell_modulus

logger = logging.getLogger(__name__)
Row = dict[str, Any]
KINDS = BARE, PADDED, CHAMBER = "bare plates", "padded plates", "chamber"
"""Holders that are compared."""
TOLERANCE = 5e-3
"""Relative error of a thickness."""
SQUEEZE = 0.35
"""Share of their thickness that pads may lose and still count as springs (assumed)."""
STEP = 1.6
"""Factor by which a thickness is changed until the answer lies between two."""
COARSER = 2 / 3
"""Elements of a vessel while its wall is looked for, against those of `verify`."""
THINNEST, THICKEST = 1 / 60, 1.0
"""Plates are looked for between these shares of the span of the bolts."""


def size(study: Study, folder: Path) -> list[Section]:
    """Section of the study's page; the same rows as sized.csv in `folder`."""
    equal = study.equal
    missing = [n for n in ("uniaxial", "isostatic") if n not in study.holders]
    if equal and missing:
        raise CaseError(
            study.name, [Mistake("holders", f"--size fe compares both; {missing[0]} is missing.")]
        )
    if equal is None:
        hint = "Write a table [equal] with measure, limit, safety, alloys, ratings, closure and pads."
        raise CaseError(study.name, [Mistake("equal", "is missing, --size fe needs it.", hint=hint)])
    found = list(rows(study, equal))
    folder.mkdir(parents=True, exist_ok=True)
    write(found, folder / "sized.csv")
    return [
        sections.sized(found, outcome(found), equal.measure, equal.limit, equal.safety, cell_modulus(study))
    ]


def rows(study: Study, equal: Equal) -> Iterator[Row]:
    """Bare plates, padded plates and chamber of each alloy and rating."""
    for m in (a for a in study.alloys if a.name in equal.alloys):
        for q in equal.ratings:
            for kind in KINDS:
                logger.info("%s: %s, %g MPa, %s sized by finite elements", study.name, m.name, q, kind)
                try:
                    pads = equal.pads if kind == PADDED else None
                    row = chamber(study, m, q, equal) if kind == CHAMBER else plates(study, m, q, equal, pads)
                except HoldersimError as why:
                    said = str(why).splitlines()[-1].strip()
                    row = {"alloy": m.name, "rating [MPa]": q, "closure": "", "mass [kg]": None, "why": said}
                yield {"kind": kind} | row


def outcome(found: Sequence[Row]) -> str:
    """Who is lighter, in words."""
    said = []
    for name in KINDS[:2]:
        pairs = _pairs(found, name)
        both = [(a, b) for a, b in pairs if a["mass [kg]"] and b["mass [kg]"]]
        lighter = [p for p in both if p[0]["mass [kg]"] < p[1]["mass [kg]"]]
        lost = len(pairs) - len(both)
        text = f"against {name} the chamber is lighter in {len(lighter)} of {len(both)} pairs"
        said.append(text + (f", {lost} pairs have no such plates" if lost else ""))
    return "; ".join(said)


def _pairs(found: Sequence[Row], name: str) -> list[tuple[Row, Row]]:
    """Chamber and plates of equal alloy and rating."""
    at = {(r["kind"], r["alloy"], r["rating [MPa]"]): r for r in found}
    keys = [(a, q) for kind, a, q in at if kind == CHAMBER]
    return [(at[CHAMBER, *k], at[name, *k]) for k in keys]


# -- plates --------------------------------------------------------------------------------------------------


def plates(study: Study, m: Elastic, rating: float, equal: Equal, pads: Pads | None) -> Row:
    """The thinnest plates that are even and safe enough, with bolts and margins of the closed form."""
    assert study.uniaxial is not None  # the study has plates
    start = study.with_("uniaxial.pads", None).size(m, rating)
    row: Row = {
        "alloy": m.name,
        "rating [MPa]": rating,
        "closure": "",
        "closed form [mm]": None,
        "mass [kg]": None,
    }
    if not start.feasible or start.bolt not in SIZES:
        return row | {"why": start.reason or f"no geometry for {start.bolt}"}
    if pads and rating / pads.modulus > SQUEEZE:
        return row | {"why": f"pads lose {rating / pads.modulus:.0%} of their thickness: no springs any more"}
    modulus, tried = cell_modulus(study), dict[float, tuple[float, float]]()

    def at(t: float) -> tuple[float, float]:
        """Uniformity and stress."""
        if t not in tried:
            made = stacked.case(with_thickness(start, t), m, study.block, modulus, pads)
            state = stacked.solved(made, keep=True)
            u = stacked.uniformity(made, state)
            tried[t] = (u.cv if equal.measure == "CV" else 1 - u.p5_p95, stacked.plate_stress(state))
        return tried[t]

    aim = equal.limit if equal.measure == "CV" else 1 - equal.limit
    strength = (m.yield_strength or m.ultimate_strength or 0.0) / equal.safety
    span, guess = start.sizes["bolt span"], start.sizes["plate thickness"]
    row |= {"closed form [mm]": guess}
    even = root(lambda t: at(t)[0] / aim, guess, THINNEST * span, THICKEST * span)
    if even is None:
        best = at(THICKEST * span)[0]
        shown = best if equal.measure == "CV" else 1 - best
        return row | {"why": f"{equal.measure} is still {shown:.3g} with plates as thick as their span"}
    strong = at(even)[1] <= strength
    t = even if strong else root(lambda t: at(t)[1] / strength, 1.1 * even, even, THICKEST * span)
    if t is None:
        return row | {"why": "no plate is safe enough"}
    uneven, stress = at(t)
    made = with_thickness(start, t)
    return row | {
        "thickness [mm]": t,
        "mass [kg]": 1e3 * plates_mass(m, made, study.block, pads),
        "binding": "uniformity" if strong else "strength",
        "uniformity [-]": uneven if equal.measure == "CV" else 1 - uneven,
        "safety [-]": strength * equal.safety / stress,
    }


def with_thickness(point: Point, t: float) -> Point:
    """Plates of another thickness [mm]."""
    return replace(point, sizes=point.sizes | {"plate thickness": t})


def plates_mass(m: Elastic, point: Point, stack: Stack, pads: Pads | None) -> float:
    """Mass [t] of plates, bolts and pads, counted as weight.uniaxial does."""
    s = point.sizes
    t, between = s["plate thickness"], 2 * pads.thickness if pads else 0.0
    bolt = next(b for b in screws("M5") if b.name == point.bolt)
    rods = point.bolts * bolt.mass(stack.height + between + 2 * t)
    return (
        2 * m.density * s["plate length"] * s["plate width"] * t
        + rods
        + (between * stack.area * pads.density if pads else 0.0)
    )


# -- chamber -------------------------------------------------------------------------------------------------


def chamber(study: Study, m: Elastic, rating: float, equal: Equal) -> Row:
    """The thinnest domed chamber that is safe enough; a fluid presses evenly whatever the wall."""
    start = study.size(m, rating, equal.closure)
    row: Row = {"alloy": m.name, "rating [MPa]": rating, "closure": equal.closure, "mass [kg]": None}
    if not start.feasible or study.isostatic is None:
        return row | {"why": start.reason}
    gauge = study.isostatic.min_gauge
    strength = (m.yield_strength or m.ultimate_strength or 0.0) / equal.safety

    def scaled(k: float) -> Point:
        parts = {n: max(gauge, k * start.sizes[n]) for n in ("wall", "heads")}
        return replace(start, sizes=start.sizes | parts)

    def used(k: float) -> float:
        return vessels.by_elements(scaled(k), m, COARSER).peak / strength

    least = gauge / max(start.sizes["wall"], start.sizes["heads"])
    k = root(used, 1.0, least, 20 * least)
    if k is None:
        return row | {"why": "no wall is safe enough"}
    made = scaled(k)
    return row | {
        "closed form [mm]": start.sizes["wall"],
        "thickness [mm]": made.sizes["wall"],
        "heads [mm]": made.sizes["heads"],
        "mass [kg]": 1e3 * (chamber_mass(m, made) + study.isostatic.fittings),
        "binding": "minimum gauge" if k <= least * (1 + TOLERANCE) else "strength",
        "uniformity [-]": 0.0 if equal.measure == "CV" else 1.0,
        "safety [-]": equal.safety / used(k),
    }


def chamber_mass(m: Elastic, point: Point) -> float:
    """Mass [t] of a domed vessel, counted as weight.isostatic does."""
    r, t, h, along = (point.sizes[n] for n in ("inside radius", "wall", "heads", "inside length"))
    domes = (
        4 / 3 * pi * ((r + h) ** 3 - r**3)
        if point.closure == "hemispherical"
        else 2 * ELLIPSOID * (2 * r + h) ** 2 * h
    )
    return m.density * (pi * ((r + t) ** 2 - r**2) * along + domes)


def root(used: Callable[[float], float], guess: float, low: float, high: float) -> float | None:
    """Where a falling share of what is allowed reaches 1; `low` if it is below there, None if it stays above."""

    @cache
    def over(x: float) -> float:
        return log(max(used(exp(x)), 1e-9))

    least, most = log(low), log(high)
    x = min(max(log(guess), least), most)
    up = over(x) > 0
    while x < most if up else x > least:
        step = min(x + log(STEP), most) if up else max(x - log(STEP), least)
        if (over(step) > 0) != up:
            return float(exp(brentq(over, min(x, step), max(x, step), xtol=TOLERANCE)))
        x = step
    return None if up else low
