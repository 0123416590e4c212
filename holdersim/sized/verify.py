"""Closed forms beside finite elements for chosen holders of a weight study: `holdersim weigh STUDY --verify fe`."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from math import ceil
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from ..errors import HoldersimError
from ..fasteners import SIZES
from ..materials.elastic import Elastic
from ..stacks import AnyCell
from ..weight.page import Section
from ..weight.point import Point
from ..weight.study import Study
from . import alloys, bent, sections, stacked, vessels
from .tables import write

log = logging.getLogger(__name__)
COUNT = 12
"""Holders that are looked at unless told otherwise, at least; half of them are plates."""
Row = dict[str, Any]


def chosen(study: Study, count: int = COUNT) -> list[Point]:
    """A spread over alloys, ratings and holders of those that exist and have a geometry here."""
    kinds = [c for c in study.closures if c in vessels.MODELLED] if "isostatic" in study.holders else []
    plates = "uniaxial" in study.holders
    half = count // 2 if kinds else count
    out = list(_spread(study, "", half)) if plates else []
    for k, closure in enumerate(kinds):
        out += _spread(study, closure, max(2, ceil((count - len(out)) / (len(kinds) - k))), k)
    return out


def _spread(study: Study, closure: str, count: int, turn: int = 0) -> Iterator[Point]:
    """`count` holders of one kind from the lowest to the highest rating, of different alloys as far as there are."""
    alloys, ratings = study.alloys, sorted(study.ratings)
    for k in range(count):
        rating = ratings[round(k * (len(ratings) - 1) / max(count - 1, 1))]
        for more in range(len(alloys)):
            alloy = alloys[(turn + k * max(1, len(alloys) // count) + more) % len(alloys)]
            point = study.size(alloy, rating, closure)
            if point.feasible and (closure or point.bolt in SIZES):
                yield point
                break


def cell_modulus(study: Study) -> float:
    """Modulus [MPa] of the cells through their thickness: those of the module, else the paper's."""
    cell = (
        study.module.cell if study.module else TypeAdapter(AnyCell).validate_python({"kind": "two_electrode"})
    )
    return float(cell.thickness / cell.compliance)


def alloy_of(study: Study, point: Point) -> Elastic:
    """The material of a point."""
    return next(m for m in study.alloys if m.name == point.alloy)


# -- plates --------------------------------------------------------------------------------------------------


def plate_row(study: Study, point: Point, on_stack: bool = True) -> Row:
    """Deflection, stress and uniformity of a uniaxial holder."""
    m, stack = alloy_of(study, point), study.block
    said, found = bent.rule(point, m, stack), bent.bent(point, m.nu, stack)
    scale = 1e3 * point.rating / m.E
    row: Row = {
        **_names(point),
        "span / thickness [-]": said.slenderness,
        "allowed deflection [um]": 1e3 * point.sizes["deflection"],
        "deflection, closed form [um]": 1e3 * said.deflection,
        "deflection, with shear [um]": 1e3 * said.sheared,
        "deflection, FE [um]": scale * found.deflection,
        "FE / closed form - 1 [-]": scale * found.deflection / (1e3 * said.deflection) - 1,
        "FE / with shear - 1 [-]": scale * found.deflection / (1e3 * said.sheared) - 1,
        "plate theory holds": said.slenderness >= bent.SLENDER,
        "deflection, all bolts pull alike, FE [um]": scale * found.uneven,
        "bending stress, closed form [MPa]": said.stress,
        "bending stress, FE [MPa]": point.rating * found.stress,
        "safety against yield, FE [-]": _safety(m, point.rating * found.stress),
    }
    return row | (_stacked(study, point, m) if on_stack else {})


def _stacked(study: Study, point: Point, m: Elastic) -> Row:
    """The same plates on the stack: one that presses evenly, and one as stiff as cells."""
    out: Row = {}
    for name, modulus in (("soft stack", None), ("stack of cells", cell_modulus(study))):
        try:
            made = stacked.case(point, m, study.block, modulus)
            state = stacked.solved(made, keep=True)
            u = stacked.uniformity(made, state)
            w = stacked.deflection(state, study.block.loaded)
        except HoldersimError as why:
            log.warning("%s, %g MPa on the %s: %s", point.alloy, point.rating, name, why)
            out[f"{name}: not solved"] = str(why).splitlines()[-1].strip()
            continue
        out |= {f"{name}: deflection [um]": 1e3 * w, f"{name}: CV [-]": u.cv, f"{name}: p5/p95 [-]": u.p5_p95,
                f"{name}: share without pressure [-]": u.open}  # fmt: skip
    return out


# -- vessels -------------------------------------------------------------------------------------------------


def vessel_row(study: Study, point: Point) -> Row:
    """Stress and growth of an isostatic chamber."""
    m, nan = alloy_of(study, point), float("nan")
    said, found = vessels.by_formula(point), vessels.by_elements(point, m)
    row: Row = {
        **_names(point),
        "wall, inner face, closed form [MPa]": said.inside,
        "wall, inner face, FE [MPa]": found.inside,
        "wall, outer face, closed form [MPa]": said.outside,
        "wall, outer face, FE [MPa]": found.outside,
        "end, closed form [MPa]": said.end_inside if point.closure == "flat" else said.end_mean,
        "end, FE [MPa]": found.end_inside if point.closure == "flat" else found.end_mean,
        "largest von Mises, FE [MPa]": found.peak,
        "allowable [MPa]": study.stress(m),
        "safety against yield, FE [-]": _safety(m, found.peak),
    }
    if point.closure == "box":
        return row
    away = vessels.faded(point, m.nu)
    far = vessels.far(point, m) if away < vessels.needed(point) else found
    return row | {
        "half length / decay length [-]": away,
        "wall far from ends, inner face, FE [MPa]": far.inside,
        "wall far from ends, FE / closed form - 1 [-]": far.inside / said.inside - 1,
        "growth of the bore, closed form [um]": 1e3 * vessels.growth(point, m),
        "growth of the bore far from ends, FE [um]": 1e3 * far.growth,
        "end, FE / closed form - 1 [-]": row["end, FE [MPa]"] / row["end, closed form [MPa]"] - 1
        if point.closure in vessels.DEPTHS
        else nan,
    }


def _names(point: Point) -> Row:
    return {"alloy": point.alloy, "rating [MPa]": point.rating, "holder": point.holder, "closure": point.closure,
            "mass [kg]": 1e3 * point.mass}  # fmt: skip


def _safety(m: Elastic, stress: float) -> float:
    return m.yield_strength / stress if m.yield_strength else float("nan")


# -- the command ---------------------------------------------------------------------------------------------


def rows(study: Study, points: Sequence[Point] | None = None) -> tuple[list[Row], list[Row]]:
    """Rows of plates and of chambers."""
    plates: list[Row] = []
    chambers: list[Row] = []
    for p in chosen(study) if points is None else points:
        log.info(
            "%s: %s, %g MPa, %s by finite elements", study.name, p.alloy, p.rating, p.closure or "plates"
        )
        if p.closure and p.closure not in vessels.MODELLED:
            continue
        try:
            row = vessel_row(study, p) if p.closure else plate_row(study, p)
        except HoldersimError as why:
            log.warning("%s, %g MPa: %s", p.alloy, p.rating, why)
            row = _names(p) | {"not solved": str(why).splitlines()[-1].strip()}
        (chambers if p.closure else plates).append(row)
    return plates, chambers


def verify(study: Study, folder: Path) -> list[Section]:
    """Sections of the study's page; the same rows as verified_plates.csv and verified_chambers.csv in `folder`,
    and all alloys and ratings at fixed sizes as fixed_sizes.csv."""
    plates, chambers = rows(study)
    folder.mkdir(parents=True, exist_ok=True)
    out = []
    if plates:
        write(plates, folder / "verified_plates.csv")
        out += [sections.plates(plates), sections.stacks(plates, cell_modulus(study))]
    if chambers:
        write(chambers, folder / "verified_chambers.csv")
        out.append(sections.chambers(chambers))
    log.info("%s: all alloys and ratings at fixed sizes by finite elements", study.name)
    table, whose = alloys.fixed(study, cell_modulus(study))
    if table:
        write(table, folder / "fixed_sizes.csv")
        out.append(sections.fixed([r for r in table if r["rating [MPa]"] == max(study.ratings)], whose))
    return out
