"""Pressure by springs in series: what growth of the cell, or warmth, does in a holder; an estimate without a mesh.

dp = dh / [A (1/k_stack + 1/k_fix)], 1/k_fix the sum over bolts, springs under their heads, bending plates, pads, fluid.
Pressure is the closing force over the cathode's area, taken as even there; what share of the force arrives on the
cathode while layers beside it carry some may change besides. Metal plates are taken as pressed evenly; nearer to their
bolts they bend less, and the swing tends to that with rigid plates. Gaps that growth has to close are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, pi, sqrt
from typing import TYPE_CHECKING, Any

from .assembly import Assembly, Block, Rect
from .cell import Cell
from .flexing import flexing
from .fluid import Charge
from .materials.elastic import Elastic
from .materials.rubber import Rubber
from .pads import bonded_modulus, compression
from .uniaxial import UniaxialHolder

if TYPE_CHECKING:
    from .case import Case

PARTS = ("cell", "bolts", "springs", "plates", "pads", "plungers", "fluid")
"""Terms of an estimate, in series [mm/N]."""


def pressure_of_growth(growth: float, area: float, compliances: Mapping[str, float]) -> float:
    """Rise of the mean pressure [MPa] when a cell between parts of given compliances [mm/N] grows by `growth` [mm]."""
    total = sum(compliances.values())
    return growth / (area * total) if total < inf else 0.0


def free_growth(
    layers: Mapping[str, tuple[float, float]], bolt: tuple[float, float], warming: float
) -> float:
    """Free growth [mm] of what bolts clamp less that of the bolts, warmer by `warming` [K].

    layers, bolt: (expansion [1/K], length [mm]) each. dF = this / sum of compliances.
    """
    return warming * (sum(a * length for a, length in layers.values()) - bolt[0] * bolt[1])


# -- the terms of a case -------------------------------------------------------------------------------------


def swing_estimate(case: Case, growth: float | None = None) -> dict[str, Any]:
    """What the cell's growth from SOC 0 to 1 does to the mean pressure on its cathode, and each part's share.

    growth [mm]: by default that of a new cell, and of all later cycles. Keys: "compliance [mm/N]" by part,
    "growth [um]", "swing [MPa]", "swing if plates were rigid [MPa]"; "later growth [um]", "later swing [MPa]".
    Rubber at once, not relaxed; springs at the force to which the bolts are tightened.
    """
    first, later = cell_growth(case.cell) if growth is None else (growth, growth)
    area, terms = case.cell.regions["cathode"].area, compliances(case)
    stiff = {n: c for n, c in terms.items() if n != "plates"}
    return {
        "compliance [mm/N]": terms,
        "growth [um]": 1e3 * first,
        "swing [MPa]": pressure_of_growth(first, area, terms),
        "swing if plates were rigid [MPa]": pressure_of_growth(first, area, stiff),
        "later growth [um]": 1e3 * later,
        "later swing [MPa]": pressure_of_growth(later, area, terms),
    }


def cell_growth(cell: Cell) -> tuple[float, float]:
    """Free growth [mm] from SOC 0 to 1 over the middle of the cathode, all pouches: of a new cell, of later cycles."""
    full = cell.swollen({}, 1.0)
    empty = cell.swollen(full, 0.0)
    return _thicker(cell, full, {}), _thicker(cell, cell.swollen(empty, 1.0), empty)


def _thicker(cell: Cell, after: Mapping[str, float], before: Mapping[str, float]) -> float:
    """Growth [mm] of the thickness between two sets of amounts.

    In the plane the layers are held: growth there adds nu/(1 - nu) of itself to the thickness, all of it where the
    layer flows.
    """
    middle, laws, total = cell.regions["cathode"], cell.laws(), 0.0
    x, y = (middle.x0 + middle.x1) / 2, (middle.y0 + middle.y1) / 2
    for pouch in cell.pouches():
        for layer in pouch.layers():
            name, r = f"{pouch.name}.{layer.name}", layer.footprint
            grown = after.get(f"swell:{name}", 0.0) - before.get(f"swell:{name}", 0.0)
            if grown and r.x0 < x < r.x1 and r.y0 < y < r.y1:
                (gx, gy, gz), law = laws.get(name, (layer.growth, layer.law))
                nu = layer.material.nu
                held = 1.0 if law is not None and law.flow else gz + (gx + gy) * nu / (1 - nu)
                total += layer.thickness * held * grown
    return total


def compliances(case: Case) -> dict[str, float]:
    """Compliance [mm/N] of each part in series under the load of the case, by its name in PARTS."""
    cell, force = case.cell, case.final_forces()
    out = {"cell": cell.compliance / cell.regions["cathode"].area}
    if hasattr(case.holder, "free_volume"):  # bolts and lid hold the fluid, not the cell
        filled = [s.pressure for s in case.steps if s.kind_name == "pressurise"]
        return out | {"fluid": _fluid(case, filled[-1]) if filled else inf}
    full = case.holder.build(cell, case.mesh.sizes(case.grid.pixel), ())
    if full.bolts:
        out["bolts"] = 1 / sum(b.stiffness for b in full.bolts)
        slopes = [
            1 / b.stiffness + (1 / b.spring.rate(force[b.name]) if b.spring else 0.0) for b in full.bolts
        ]
        sprung = 1 / sum(1 / s for s in slopes) - out["bolts"]
        out |= {"springs": sprung} if any(b.spring for b in full.bolts) else {}
    if isinstance(case.holder, UniaxialHolder):
        out["plates"] = sum(_plate(case.holder, which, cell) for which in ("bottom", "top"))
    return out | _blocks(full, cell, sum(force.values()))


def _plate(holder: UniaxialHolder, which: Any, cell: Cell) -> float:
    """Mean deflection [mm/N] over the cell of one plate, evenly pressed there."""
    outline = Rect.centred(holder.length, holder.width)
    spec, washer = holder.side(which), holder.washer_outer() * sqrt(pi / 4)  # a square of its area
    places = list(holder.bolt_places().values())
    return flexing(outline, holder.height(which), spec.material, places, washer, cell.plateau.clip(outline))[
        0
    ]


def _blocks(assembly: Assembly, cell: Cell, force: float) -> dict[str, float]:
    """Rubber pads at their compression under a force [N], and plungers [mm/N]."""
    out: dict[str, float] = {}
    for solid in assembly.solids:
        if not isinstance(solid.shape, Block):
            continue
        outline, thick = _extent(solid.shape)
        loaded = outline.clip(cell.plateau)
        if isinstance(solid.material, Rubber):
            slides = all(
                i.friction == 0 for i in assembly.interfaces if solid.name in _names(i.below, i.above)
            )
            modulus = 3 * solid.material.law.shear
            modulus = modulus if slides else bonded_modulus(solid.material, loaded, thick)
            c = 1 - compression(force / loaded.area, modulus)
            slope = modulus / 3 * (2 * c**-3 + 1)
            out["pads"] = out.get("pads", 0.0) + thick / (slope * loaded.area)
        elif isinstance(solid.material, Elastic):
            out["plungers"] = out.get("plungers", 0.0) + thick / (solid.material.E * outline.area)
    return out


def _names(*sides: str) -> list[str]:
    return [side.split(".", 1)[0] for side in sides]


def _extent(block: Block) -> tuple[Rect, float]:
    x, y, z = ([float(v) for v in lines] for lines in (block.x, block.y, block.z))
    return Rect(x[0], x[-1], y[0], y[-1]), z[-1] - z[0]


def _fluid(case: Case, pressure: float) -> float:
    """Compliance [mm/N] of the fluid seen by the cathode, dh / (A dp); infinite if a regulator keeps the pressure."""
    holder: Any = case.holder
    volume, area = holder.free_volume(case.cell), case.cell.regions["cathode"].area
    shut = getattr(holder.fluid, "temperature", 298.15)
    small = 1e-6 * volume
    rise = holder.fluid.pressure(Charge(pressure, shut, volume), shut, volume - small) - pressure
    return small / area**2 / rise if rise > 0 else inf
