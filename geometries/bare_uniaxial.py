"""Two metal plates and bolts around the cell: the bare uniaxial holder."""

from __future__ import annotations

from holdersim.assembly import Assembly, Interface
from holdersim.cell import Cell
from holdersim.holder import MeshSizes
from holdersim.piles import cell_solids, pressed_sides
from holdersim.uniaxial import UniaxialHolder


class BareUniaxial(UniaxialHolder):
    """Two metal plates pressed on the cell by bolts at the corners."""

    def build(self, cell: Cell, mesh: MeshSizes, symmetry: tuple[str, ...] = ()) -> Assembly:
        """Bottom plate (press face at z = 0), cell, top plate (press face on the cell's highest terrace)."""
        press, (low, high) = cell.regions["separator"], pressed_sides(cell)
        cells, between = cell_solids(cell, mesh, symmetry)
        bottom = self.plate_solid("bottom", press, mesh, 0.0, symmetry)
        top = self.plate_solid("top", press, mesh, self.between(cell), symmetry)
        gaps = self.plate_gap("bottom", low.gap), self.plate_gap("top", high.gap)
        below = Interface("cell_bottom", "bottom_plate.press", low.face, low.region, mesh.pixel, gaps[0])
        above = Interface("cell_top", high.face, "top_plate.press", high.region, mesh.pixel, gaps[1])
        return self.assembled(cell, mesh, symmetry, (bottom, *cells, top), (below, *between, above))
