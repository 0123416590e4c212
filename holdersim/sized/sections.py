"""What the page of a weight study says about holders by finite elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..weight.page import Section
from . import bent, stacked, vessels
from .tables import number, per_cent

Row = dict[str, Any]
OFF = " - 1 [-]"
"""End of the names of deviations, which are told in %."""


def line(row: Row) -> str:
    """Which holder a row is about."""
    kind = row["closure"].replace("_", " ") or "plates"
    return f"{row['alloy']}, {row['rating [MPa]']:g} MPa, {kind}"


def section(title: str, text: str, rows: Sequence[Row], columns: Sequence[tuple[str, str]]) -> Section:
    """A table with columns of (head, key of the rows)."""
    lines = [
        (line(r), [(per_cent if key.endswith(OFF) else number)(r.get(key)) for _, key in columns])
        for r in rows
    ]
    return Section(f"{title} (reconstruction)", text, "holder", [head for head, _ in columns], lines)


def plates(rows: Sequence[Row]) -> Section:
    """Plates under an even pressure."""
    text = (
        "Plates with holes under an even pressure on the stack's plan, the means of their washer seats level. Closed "
        f"form: Kirchhoff's plate on all its bolts (Ritz); from a span of {bent.SLENDER:g} thicknesses on it holds "
        "within 3 %, below that shear shows. The deflection is not the allowed one where the study sizes by another "
        "support. Plates on more than four bolts do not stay level where all bolts pull alike: last column."
    )
    return section("Plates by finite elements", text, rows, (
        ("span / t", "span / thickness [-]"),
        ("allowed [um]", "allowed deflection [um]"),
        ("closed form [um]", "deflection, closed form [um]"),
        ("with shear [um]", "deflection, with shear [um]"),
        ("FE [um]", "deflection, FE [um]"),
        ("FE / closed form - 1", "FE / closed form - 1 [-]"),
        ("FE / with shear - 1", "FE / with shear - 1 [-]"),
        ("bending, closed form [MPa]", "bending stress, closed form [MPa]"),
        ("FE [MPa]", "bending stress, FE [MPa]"),
        ("bolts pull alike [um]", "deflection, all bolts pull alike, FE [um]"),
    ))  # fmt: skip


def stacks(rows: Sequence[Row], modulus: float) -> Section:
    """The same plates on a stack."""
    text = (
        "The same plates on a block of cells by contact, all bolts tightened alike; uniformity is that of means over "
        f"1/{stacked.ACROSS} of the side. Soft: {stacked.EVEN}, so that the pressure stays nearly even, as the "
        f"rule assumes. Cells: {modulus:.0f} MPa, the layers of cells in series, no rubber between."
    )
    columns = [
        (f"{short}: {what}", f"{name}: {key}")
        for short, name in (("soft", "soft stack"), ("cells", "stack of cells"))
        for what, key in (("deflection [um]", "deflection [um]"), ("CV", "CV [-]"), ("p5/p95", "p5/p95 [-]"),
                          ("without pressure", "share without pressure [-]"))
    ]  # fmt: skip
    return section("Plates on the stack by finite elements", text, rows, columns)


def chambers(rows: Sequence[Row]) -> Section:
    """Welded vessels."""
    text = (
        "Welded vessels under the fluid's pressure. Closed form: Lame's cylinder and sphere, for a crown the sphere of "
        "twice the radius; flat end: UG-34's stress; box: Appendix 13 amid its long side. Vessels shorter than "
        f"{2 * vessels.FADED:g} decay lengths, and longer ones with thin flat ends, have no wall away from their ends: "
        "a longer one of the same wall is compared then. The largest stress lies where wall and end meet; in a sharp "
        "corner it has no limit."
    )
    return section("Chambers by finite elements", text, rows, (
        ("wall [MPa]", "wall, inner face, closed form [MPa]"),
        ("FE [MPa]", "wall, inner face, FE [MPa]"),
        ("far from ends, FE / closed form - 1", "wall far from ends, FE / closed form - 1 [-]"),
        ("end [MPa]", "end, closed form [MPa]"),
        ("FE [MPa]", "end, FE [MPa]"),
        ("FE / closed form - 1", "end, FE / closed form - 1 [-]"),
        ("largest, FE [MPa]", "largest von Mises, FE [MPa]"),
        ("allowable [MPa]", "allowable [MPa]"),
    ))  # fmt: skip


def fixed(rows: Sequence[Row], whose: str) -> Section:
    """All alloys in holders of fixed sizes at the highest rating."""
    text = (
        f"Every alloy in {whose}, at the highest rating; every rating is in fixed_sizes.csv. Plates on the block of "
        "cells by contact, vessels under the fluid. No alloy is solved for itself: compliances go as 1/E at equal "
        "Poisson's ratio, and all is in proportion to the load, which holds for linear bodies with faces that fit."
    )
    columns = (("plates bend [um]", "bend [um]"), ("CV", "CV [-]"), ("p5/p95", "p5/p95 [-]"),
               ("bore grows [um]", "growth of the bore [um]"), ("greatest stress [MPa]", "greatest stress [MPa]"),
               ("safety against yield", "safety against yield [-]"))  # fmt: skip
    return section("All alloys at fixed sizes by finite elements", text, rows, columns)


def sized(
    rows: Sequence[Row], said: str, measure: str, limit: float, safety: float, modulus: float
) -> Section:
    """Holders of equal uniformity and safety."""
    text = (
        f"Outcome: {said}. Conditions: {measure} of {limit:g} on a block of cells of {modulus:.0f} MPa, flat plates, "
        f"all bolts alike; {safety:g} against yield by the greatest stress that finite elements find, for plates away "
        "from their bolts; bolts, margins, gauge and fittings as in the closed form. Pads are springs at each place. "
        "The fluid presses evenly whatever the wall, so that chambers are sized by strength alone; their ends are "
        "welded and do not open."
    )
    keys = ["closed form [mm]", "thickness [mm]", "heads [mm]", "uniformity [-]", "safety [-]", "mass [kg]"]
    lines = [
        (f"{r['alloy']}, {r['rating [MPa]']:g} MPa, {r['kind']}",
         [number(r.get(k)) for k in keys] + [r.get("binding") or r.get("why", "")]) for r in rows
    ]  # fmt: skip
    return Section("Sized by finite elements (reconstruction)", text, "holder", [*keys, "decided by"], lines)
