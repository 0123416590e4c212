"""The sizing rules as a page lists them: part, formula, source, range."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .study import Study


class Rule(NamedTuple):
    """A formula: which part it sizes, where it is from, where it holds and what happens outside."""

    part: str
    formula: str
    source: str
    range: str


SECONDARY = "from secondary sources"
PLATE_RANGE = (
    "span above 10 thicknesses, deflection below half a thickness; flagged outside, refused from t > span on"
)
PLATE = Rule(
    "plates, deflection",
    "t = [12 (1 - nu^2) alpha q L^4 / (E w)]^(1/3)",
    "Kirchhoff's plate",
    PLATE_RANGE,
)
SUPPORTS = {
    "corner": Rule(
        "alpha, beta",
        "square bay on four points, pressed all over: Ritz, alpha 0.02551 and beta 0.1504 at nu 0.3",
        "computed here; alpha as in Wang, Wang and Reddy 2002, " + SECONDARY,
        "a plate with more than four bolts counts as square bays (assumed): too thick, support = bolts tells",
    ),
    "bolts": Rule(
        "alpha, beta",
        "whole plate with its rim on all its bolts, pressed where the stack is: Ritz",
        "computed here",
        "bolts hold in a point",
    ),
    "strip": Rule(
        "alpha, beta",
        "beam between two lines of bolts: W (8 L^3 - 4 L u^2 + u^3)/(384 E I), M = W (2 L - u)/8",
        "beam tables, " + SECONDARY,
        "bolts close to each other along the lines (assumed)",
    ),
    "simply": Rule(
        "alpha, beta",
        "rectangle on simple supports, pressed all over: Navier's series",
        "Timoshenko, Theory of Plates and Shells, table 8, " + SECONDARY,
        "a frame along all edges",
    ),
}
STRENGTH = Rule("plates, strength", "t = L sqrt(6 beta q / (1.5 S))", "1.5 S in bending: assumed", "elastic")
BOLTS = Rule(
    "bolts", "k q A / n <= A_t S_b", "A_t by ISO 898-1, " + SECONDARY, "n bolts carry alike (assumed)"
)
WALL = Rule(
    "wall",
    "t = p R / (S E - 0.6 p)",
    "ASME VIII-1 UG-27(c)(1), " + SECONDARY,
    "p <= 0.385 S E, t <= R/2; beyond by Appendix 1-2 and flagged; refused from p = S E on",
)
CLOSURES = {
    "hemispherical": Rule(
        "heads",
        "t = p R / (2 S E - 0.2 p)",
        "UG-27(d), " + SECONDARY,
        "p <= 0.665 S E, t <= 0.356 R; beyond by Appendix 1-3 and flagged",
    ),
    "ellipsoidal": Rule(
        "heads",
        "t = p D / (2 S E - 0.2 p), area 1.084 D^2",
        "UG-32(d), " + SECONDARY,
        "t >= 0.0018 D and t <= R/2; flagged outside",
    ),
    "flat": Rule(
        "flat ends",
        "t = d sqrt(Z C p / (S E)), C = 0.33, Z = 3.4 - 2.4 d/D <= 2.5",
        "UG-34(c)(3), " + SECONDARY,
        "welded, wall no thicker than needed (m = 1); flagged above d/4, refused above d",
    ),
    "cover": Rule(
        "bolted cover",
        "t = G sqrt(0.3 p/(S E) + 1.9 W h/(S E G^3)); flange as thick as the cover",
        "UG-34(c)(2), " + SECONDARY + "; flange: assumed",
        "bolts further apart than 2.5 diameters; flagged outside",
    ),
    "box": Rule(
        "box",
        "frame of four walls: membrane <= S E, membrane and bending <= 1.5 S E",
        "Appendix 13-7(a), " + SECONDARY,
        "long vessel; short ones come out too heavy and are flagged, walls above side/4 too",
    ),
}
GAUGE = Rule("every wall", "t >= minimum gauge", "UG-16(b) has 1.5 mm, " + SECONDARY, "")
NEEDS = {
    "hemispherical": ("hemispherical",),
    "ellipsoidal": ("ellipsoidal",),
    "flat": ("flat",),
    "bolted_cover": ("ellipsoidal", "cover"),
    "bolted_flat": ("flat", "cover"),
    "box": ("box", "flat"),
}


def rules(study: Study) -> Iterator[Rule]:
    """The rules that a study uses."""
    if "uniaxial" in study.holders and study.uniaxial:
        yield from (PLATE, SUPPORTS[study.uniaxial.support], STRENGTH, BOLTS)
    if "isostatic" in study.holders:
        if set(study.closures) != {"box"}:
            yield WALL
        used = dict.fromkeys(need for c in study.closures for need in NEEDS[c])
        yield from (CLOSURES[n] for n in used)
        yield GAUGE
