"""The kinds of cell a case may name: the paper's two-electrode and bilayer cells, and any stack of layers."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, SerializeAsAny

from .assembly import Layer, Rect
from .cell import Cell
from .errors import Mistake
from .schema import Tagged, key, pick, some
from .sheets import (
    Aluminium,
    Cathode,
    Copper,
    Foil,
    Role,
    Separator,
    Sheet,
    Silicon,
    ThickCathode,
    WideLaminate,
    WideSeparator,
    WideSilicon,
)
from .units import Thickness


def _foil(name: str, foil: Foil, below: Sheet, sublayers: int) -> Layer:
    return Layer(name, foil.thickness, below.footprint, foil.material, sublayers)


class TwoElectrode(Cell):
    """Cu | Si | separator | cathode | Al, bottom to top: the paper's single-layer cell."""

    kind_name = "two_electrode"
    cathode: Cathode = key({}, "cathode")
    separator: Separator = key({}, "separator")
    anode: Silicon = key({}, "silicon electrode")
    copper: Copper = key({}, "copper foil, footprint of the anode")
    aluminium: Aluminium = key({}, "aluminium foil, footprint of the cathode")

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

    def stack(self, sublayers: int = 1) -> list[Layer]:
        """Layers between the laminates."""
        sheets = (("Si", self.anode), ("separator", self.separator), ("cathode", self.cathode))
        lower = [_foil("Cu_bottom", self.copper, self.anode, sublayers)]
        lower += [sheet.layer(f"{name}_bottom", self.state, sublayers) for name, sheet in sheets]
        upper = [sheet.layer(f"{name}_top", self.state, sublayers) for name, sheet in reversed(sheets)]
        upper += [_foil("Cu_top", self.copper, self.anode, sublayers)]
        return [*lower, _foil("Al", self.aluminium, self.cathode, sublayers), *upper]


class AnySheet(Sheet):
    """A layer of a user-defined stack."""

    name: str = key(doc="name of the layer", min_length=1)
    thickness: Thickness = key(doc="thickness")
    role: Role = key("other", "cathode, anode, separator, collector or other")


class Stack(Cell):
    """Any layers, bottom to top; the roles cathode, anode and separator must each occur."""

    kind_name = "stack"
    sheets: Annotated[tuple[AnySheet, ...], AfterValidator(some)] = key(doc="list of layers, bottom to top")

    @property
    def roles(self) -> dict[str, Rect]:
        """Footprints by role; of several layers with one role the first."""
        named = {s.role: s.footprint for s in reversed(self.sheets)}
        return {r: named.get(r, self.sheets[0].footprint) for r in ("cathode", "anode", "separator")}

    def stack(self, sublayers: int = 1) -> list[Layer]:
        """Layers between the laminates."""
        return [s.layer(s.name, self.state, sublayers) for s in self.sheets]

    def check(self) -> tuple[list[Mistake], list[str]]:
        """Mistakes and warnings: names, thicknesses, order."""
        names = [s.name for s in self.sheets] + ["laminate_bottom", "laminate_top"]
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


CELLS: dict[str, type[Tagged]] = {c.kind_name: c for c in (TwoElectrode, Bilayer, Stack)}

AnyCell = Annotated[SerializeAsAny[Cell], BeforeValidator(pick("kind", lambda: CELLS))]
