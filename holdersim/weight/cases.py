"""A case of a sized holder, so that the finite-element model can check what the closed forms say."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, pi, sqrt
from typing import Any

from pydantic import TypeAdapter

from ..errors import CaseError, Mistake
from ..fasteners import SIZES
from ..materials.choice import Material
from ..materials.elastic import Elastic
from ..units import PRESSURE, write
from .point import Point, Stack

THICKEST = 4.0
"""Thickness [mm] of the sheets that stand for a block of cells, at most."""
PIXELS = 10000
FILM = "1 um"
"""Each ply of the pouch film around a block: next to nothing."""


def case_of(
    point: Point, alloy: Elastic, stack: Stack, cell: Mapping[str, Any] | None = None, area: str = "cathode"
) -> dict[str, Any]:
    """Case table of a sized point: bare_uniaxial for plates, isostatic_chamber for bolted_flat; CaseError for others.

    alloy: the material of the point. cell: table of the cell that is pressed, by default `block` of the stack; the
    rating presses on `area`. `Case(**table)` reads it.
    """
    wrong = list(_mistakes(point))
    if wrong:
        raise CaseError("case_of", wrong)
    made = _plates(point) if point.holder == "uniaxial" else _chamber(point)
    named = TypeAdapter(Material).dump_python(alloy, mode="json")
    made |= {"plate": {"material": named}} if point.holder == "uniaxial" else {"material": named}
    rating = write(point.rating, PRESSURE)
    steps: list[dict[str, Any]] = [{"do": "tighten", "pressure": rating, "area": area}]
    if point.holder == "isostatic":
        steps = [
            {"do": "tighten", "force": f"{_closing(point):.8g} N"},
            {"do": "pressurise", "pressure": rating},
        ]
    kind = f"{point.holder} {point.closure}".strip()
    title = f"{kind} of {point.alloy}, sized for {point.rating:g} MPa by closed forms"
    out = {"format": 1, "title": title, "holder": made, "cell": dict(cell or block(stack)), "steps": steps}
    return out if cell else out | _grids(stack)


def _grids(stack: Stack) -> dict[str, Any]:
    """Pixels and elements of a block: at most PIXELS on both faces."""
    pixel = max(0.5, ceil(20 * sqrt(2 * stack.length * stack.width / PIXELS)) / 20)
    mesh = {"cell_size": _mm(pixel / 2), "plate_size": _mm(max(1.25, pixel))}
    return {"grid": {"pixel": _mm(pixel), "film": _mm(pixel)}, "mesh": mesh}


def block(stack: Stack, modulus: str = "10 MPa") -> dict[str, Any]:
    """Cell table of a block that fills the stack: soft sheets without Poisson's effect, so that the load is even."""
    count = max(3, ceil(stack.height / THICKEST))
    sides = {"length": _mm(stack.length), "width": _mm(stack.width)}
    soft = {"name": "soft block", "kind": "layer", "E": modulus, "nu": 0.0, "density": "1000 kg/m^3"}
    roles = ["anode", "separator", "cathode", *["other"] * (count - 3)]
    sheets = [
        {
            "name": f"sheet_{i}",
            "role": role,
            "thickness": _mm(stack.height / count),
            "material": soft,
            **sides,
        }
        for i, role in enumerate(roles, 1)
    ]
    film = {"nylon": FILM, "aluminium": FILM, "polypropylene": FILM, **sides}
    return {"kind": "stack", "sheets": sheets, "laminate": film}


def _mistakes(point: Point) -> list[Mistake]:
    if not point.feasible:
        return [Mistake("point", f"there is no such holder: {point.reason}.")]
    out = []
    if point.holder == "isostatic" and point.closure != "bolted_flat":
        hint = "Size it as bolted_flat, the vessel of geometries/isostatic_chamber.py."
        out.append(
            Mistake("point.closure", "there is no geometry with these ends.", f'"{point.closure}"', hint)
        )
    if point.bolt and point.bolt not in SIZES:
        known = ", ".join(SIZES)
        hint = "Use more bolts or a higher bolt_stress."
        out.append(Mistake("point.bolt", f"cases know {known}.", f'"{point.bolt}"', hint))
    return out


def _plates(point: Point) -> dict[str, Any]:
    s = point.sizes
    sides = s["plate length"], s["plate width"]
    places = [[_mm(x), _mm(y)] for x, y in bolt_places(point)]
    return {"kind": "bare_uniaxial", "length": _mm(sides[0]), "width": _mm(sides[1]), "bolt": point.bolt,
            "thickness": _mm(s["plate thickness"]), "bolts": places}  # fmt: skip


def bolt_places(point: Point) -> list[tuple[float, float]]:
    """Places x, y [mm] of the bolts of plates: two lines along the longer sides, evenly."""
    s, per_line = point.sizes, point.bolts // 2
    length, width = s["plate length"], s["plate width"]
    rim = (min(length, width) - s["bolt span"]) / 2
    along, across = max(length, width) / 2 - rim, min(length, width) / 2 - rim
    found = [
        (along * (2 * i / (per_line - 1) - 1), side * across) for side in (-1, 1) for i in range(per_line)
    ]
    return found if length >= width else [(y, x) for x, y in found]


def _chamber(point: Point) -> dict[str, Any]:
    s = point.sizes
    return {"kind": "isostatic_chamber", "diameter": _mm(2 * s["inside radius"]), "wall": _mm(s["wall"]),
            "depth": _mm(s["inside length"]), "bottom": _mm(s["flat ends"]), "lid": _mm(s["cover"]),
            "flange": _mm(min(s["cover"], 0.9 * s["inside length"])), "bolts": point.bolts, "bolt": point.bolt,
            "rating": write(point.rating, PRESSURE)}  # fmt: skip


def _closing(point: Point) -> float:
    """Force [N] of all bolts: 1.3 times what the fluid lifts the cover with (assumed)."""
    return 1.3 * point.rating * pi * point.sizes["gasket radius"] ** 2


def _mm(value: float) -> str:
    """Length [mm] as text, rounded up in the sixth digit after the point, so that no limit is missed by rounding."""
    return f"{ceil(value * 1e6 - 1e-6) / 1e6:.9g} mm"
