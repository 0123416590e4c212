"""The kinds of cell a case may name: the paper's cells, any stack of layers, and piles of several pouches."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, SerializeAsAny

from .assembly import Gap, Layer, Rect
from .cell import Cell, PlacedPouch, Pouch
from .electrodes import BilayerSwelling, SingleSwelling
from .errors import Mistake
from .film import PLANES
from .flatness import Flatness
from .outlines import around
from .pellets import Pellet
from .schema import Entry, Tagged, key, pick, some
from .sheets import (
    Aluminium,
    Cathode,
    Copper,
    Foil,
    Lithium,
    NarrowCathode,
    NarrowSilicon,
    Role,
    Separator,
    Sheet,
    Silicon,
    ThickCathode,
    WideLaminate,
    WideSeparator,
    WideSilicon,
)
from .units import Position, Thickness


def _foil(name: str, foil: Foil, below: Sheet, sublayers: int) -> Layer:
    return Layer(name, foil.thickness, below.footprint, foil.material, sublayers)


class TwoElectrode(Pouch):
    """Cu | Si | separator | cathode | Al, bottom to top: the paper's single-layer cell."""

    kind_name = "two_electrode"
    cathode: Cathode = key({}, "cathode")
    separator: Separator = key({}, "separator")
    anode: Silicon = key({}, "silicon electrode")
    copper: Copper = key({}, "copper foil, footprint of the anode")
    aluminium: Aluminium = key({}, "aluminium foil, footprint of the cathode")
    swelling: SingleSwelling = key({}, "how the layers grow when the cell is charged")

    @property
    def roles(self) -> dict[str, Rect]:
        """Footprints by name."""
        return {n: getattr(self, n).footprint for n in ("cathode", "anode", "separator")}

    def stack(self, sublayers: int = 1) -> list[Layer]:
        """Layers between the laminates."""
        sheets = (("Si", self.anode), ("separator", self.separator), ("cathode", self.cathode))
        return [
            _foil("Cu", self.copper, self.anode, sublayers),
            *(sheet.layer(name, self.state, sublayers) for name, sheet in sheets),
            _foil("Al", self.aluminium, self.cathode, sublayers),
        ]


class Bilayer(TwoElectrode):
    """Cu | Si | separator | cathode | Al | cathode | separator | Si | Cu: the paper's bilayer cell."""

    kind_name = "bilayer"
    laminate: WideLaminate = key({}, "pouch film")
    cathode: ThickCathode = key({}, "both cathodes")
    separator: WideSeparator = key({}, "both separators")
    anode: WideSilicon = key({}, "both silicon electrodes")
    swelling: BilayerSwelling = key({}, "how the layers grow when the cell is charged")

    def stack(self, sublayers: int = 1) -> list[Layer]:
        """Layers between the laminates."""
        sheets = (("Si", self.anode), ("separator", self.separator), ("cathode", self.cathode))
        lower = [_foil("Cu_bottom", self.copper, self.anode, sublayers)]
        lower += [sheet.layer(f"{name}_bottom", self.state, sublayers) for name, sheet in sheets]
        upper = [sheet.layer(f"{name}_top", self.state, sublayers) for name, sheet in reversed(sheets)]
        upper += [_foil("Cu_top", self.copper, self.anode, sublayers)]
        return [*lower, _foil("Al", self.aluminium, self.cathode, sublayers), *upper]


class ThreeElectrode(TwoElectrode):
    """The paper's three-electrode cell: a lithium strip beside the anode, below the separator, another beside the
    cathode, above it; both are thinner than their neighbours, so the cell is uneven.

    Calendered at 150 MPa; the paper gives no thicknesses for that, so those of `state` are assumed, and the place
    and outline of the strips.
    """

    kind_name = "three_electrode"
    cathode: NarrowCathode = key({}, "cathode")
    anode: NarrowSilicon = key({}, "silicon electrode")
    lithium_bottom: Lithium = key({}, "reference electrode beside the anode")
    lithium_top: Lithium = key({}, "reference electrode beside the cathode")

    def stack(self, sublayers: int = 1) -> list[Layer]:
        """Layers between the laminates; those side by side lie in any order."""
        low, high = (
            getattr(self, n).layer(n, self.state, sublayers) for n in ("lithium_bottom", "lithium_top")
        )
        return [low, *super().stack(sublayers), high]

    def check(self) -> tuple[list[Mistake], list[str]]:
        """Mistakes and warnings: what covers what; the strips lie on the separator, clear of the electrodes."""
        wrong, warn = super().check()
        for name, other in (("lithium_bottom", "anode"), ("lithium_top", "cathode")):
            strip, beside, under = getattr(self, name).footprint, self.roles[other], self.roles["separator"]
            if _overlap(strip, beside) > 0:
                problem = f"lies over the {other}, {_overlap(strip, beside):.3g} mm2 of it: short circuit."
                wrong.append(Mistake(f"cell.{name}", problem, hint="Move it with x, y, or make it narrower."))
            if _overlap(strip, under) < strip.area * (1 - 1e-9):
                problem = "reaches beyond the separator."
                wrong.append(Mistake(f"cell.{name}", problem, hint="Move it with x, y, or make it narrower."))
        return wrong, warn


class AnySheet(Sheet):
    """A layer of a user-defined stack."""

    name: str = key(doc="name of the layer", min_length=1)
    thickness: Thickness = key(doc="thickness")
    role: Role = key("other", "cathode, anode, separator, collector or other")


class Stack(Pouch):
    """Any layers, bottom to top; the roles cathode, anode and separator must each occur."""

    kind_name = "stack"
    sheets: Annotated[tuple[AnySheet, ...], AfterValidator(some)] = key(doc="list of layers, bottom to top")

    @property
    def roles(self) -> dict[str, Rect]:
        """Footprints by role; of several layers with one role the first."""
        named = {s.role: s.footprint for s in reversed(self.sheets)}
        return {r: named.get(r, self.sheets[0].footprint) for r in ("cathode", "anode", "separator")}

    @property
    def parts(self) -> dict[str, Role]:
        """Roles of the layers, bottom to top."""
        return {s.name: s.role for s in self.sheets}

    def stack(self, sublayers: int = 1) -> list[Layer]:
        """Layers between the laminates."""
        return [s.layer(s.name, self.state, sublayers) for s in self.sheets]

    def check(self) -> tuple[list[Mistake], list[str]]:
        """Mistakes and warnings: names, thicknesses, order."""
        names = [s.name for s in self.sheets] + ["laminate_bottom", "laminate_top", *PLANES.values()]
        wrong = [
            Mistake("cell.sheets", f'the name "{n}" occurs twice.')
            for n in sorted({n for n in names if names.count(n) > 1})
        ]
        order = [s.role for s in self.sheets if s.role in ("cathode", "anode", "separator")]
        missing = [r for r in ("cathode", "anode", "separator") if r not in order]
        if missing:
            wrong.append(
                Mistake(
                    "cell.sheets", f"no layer has the role {' or '.join(missing)}.", hint='Add role = "...".'
                )
            )
            return wrong, []
        for a, b in pairwise(order):
            if {a, b} == {"cathode", "anode"}:
                line = " | ".join(order)
                problem = f"the order {line} has no separator between cathode and anode: short circuit."
                wrong.append(Mistake("cell.sheets", problem, hint="List the layers from bottom to top."))
                break
        more, warn = super().check()
        return wrong + more, warn


POUCHES: dict[str, type[Tagged]] = {c.kind_name: c for c in (TwoElectrode, Bilayer, ThreeElectrode, Stack)}

AnyPouch = Annotated[SerializeAsAny[Pouch], BeforeValidator(pick("kind", lambda: POUCHES))]


class Place(Entry):
    """One pouch of a pile."""

    cell: AnyPouch = key(doc='table with kind = "two_electrode" or another pouch')
    x: Position = key("0 mm", "middle along x")
    y: Position = key("0 mm", "middle along y")
    flat_side: Literal["below", "above"] = key(
        "below", "above: turned over about the x axis, steps look down"
    )


class Pile(Cell):
    """Several pouches on each other in one holder, bottom to top; areas are named after the first one's."""

    kind_name = "pile"
    stack: Annotated[tuple[Place, ...], AfterValidator(some)] = key(doc="list of pouches, bottom to top")

    @property
    def thickness_variation(self) -> Flatness:
        """None of its own: each pouch has one."""
        return Flatness()

    @cached_property
    def _placed(self) -> tuple[PlacedPouch, ...]:
        out, z = [], 0.0
        for i, p in enumerate(self.stack, 1):
            out.append(PlacedPouch(f"cell_{i}", p.cell, p.x, p.y, z, p.flat_side == "above"))
            z += p.cell.thickness
        return tuple(out)

    def pouches(self) -> tuple[PlacedPouch, ...]:
        """The pouches in their places, bottom to top, named cell_1, cell_2 ..."""
        return self._placed

    def layers(self, sublayers: int = 1) -> tuple[Layer, ...]:
        """All layers, bottom to top, named "cell_1.separator"."""
        out: list[Layer] = []
        for p in self._placed:
            own = [replace(la, name=f"{p.name}.{la.name}") for la in p.layers(sublayers)]
            out += own[::-1] if p.turned else own
        return tuple(out)

    @property
    def regions(self) -> dict[str, Rect]:
        """cathode, anode: of the first pouch; separator, pouch: around all; cathode_2 ...: where they lie elsewhere."""
        each = [p.regions for p in self._placed]
        both = {n: around([r[n] for r in each]) for n in ("separator", "pouch")}
        own = {
            f"cathode_{i}": r["cathode"] for i, r in enumerate(each, 1) if r["cathode"] != each[0]["cathode"]
        }
        return {"cathode": each[0]["cathode"], "anode": each[0]["anode"], **both, **own}

    @property
    def thickness(self) -> float:
        """Greatest height [mm]."""
        return sum(p.cell.thickness for p in self._placed)

    @property
    def plateau(self) -> Rect:
        """Where a flat plate presses the uppermost pouch."""
        return self._placed[-1].upper.region

    def top_gap(self) -> Gap:
        """How far the top of the uppermost pouch lies below its highest terrace [mm]."""
        return self._placed[-1].upper.gap or (lambda x, y: 0.0 * (x + y))

    @property
    def compliance(self) -> float:
        """Sum over the pouches [mm/MPa]."""
        return sum(p.cell.compliance for p in self._placed)

    @property
    def mass(self) -> float:
        """Mass [t] of all pouches."""
        return sum(p.cell.mass for p in self._placed)

    def charge_mistakes(self, where: str) -> list[Mistake]:
        """Why a pouch cannot be charged."""
        each = enumerate(place.cell.charge_mistakes(where) for place in self.stack)
        at = [(m, m.where.replace("cell", f"cell.stack[{i}].cell", 1)) for i, ms in each for m in ms]
        return list(dict.fromkeys(replace(m, where=here) for m, here in at))

    def check(self) -> tuple[list[Mistake], list[str]]:
        """Mistakes and warnings of every pouch, and how they lie over each other."""
        wrong, warn = [], []
        for i, place in enumerate(self.stack):
            here = f"cell.stack[{i}].cell"
            mistakes, words = place.cell.check()
            wrong += [replace(m, where=m.where.replace("cell", here, 1)) for m in mistakes]
            warn += [w.replace("cell", here, 1) for w in words]
        for i, (low, high) in enumerate(pairwise(self._placed), 1):
            above, below = high.regions["cathode"], low.regions["cathode"]
            beside = 1 - _overlap(above, below) / min(above.area, below.area)
            which = f"of the cathodes of {low.name} and {high.name}"
            if beside > 1 - 1e-9:
                problem = f"no part {which} lies over the other: nothing presses them."
                wrong.append(Mistake(f"cell.stack[{i}]", problem, hint="Check x and y."))
            elif beside > 1e-9:
                warn.append(
                    f"cell: {100 * beside:.3g} % {which} has no cathode over or under it: less pressure there"
                )
        return wrong, warn


def _overlap(a: Rect, b: Rect) -> float:
    c = a.clip(b)
    return max(c.x1 - c.x0, 0.0) * max(c.y1 - c.y0, 0.0)


CELLS: dict[str, type[Tagged]] = {**POUCHES, Pellet.kind_name: Pellet, Pile.kind_name: Pile}

AnyCell = Annotated[SerializeAsAny[Cell], BeforeValidator(pick("kind", lambda: CELLS))]
