"""Round pellet in a polymer die between two metal plungers, clamped by bolts: the plunger cell of Figure 1a."""

from __future__ import annotations

from dataclasses import replace
from math import cos, pi, sin, sqrt
from typing import Any, Literal

import numpy as np

from holdersim import assembly as a
from holdersim import fasteners, janssen
from holdersim.cell import Cell
from holdersim.errors import GeometryError, Mistake
from holdersim.flatness import Flatness
from holdersim.holder import Holder, MeshSizes
from holdersim.materials.choice import Material
from holdersim.schema import key
from holdersim.units import Length

GUIDED = {"xmin": "x", "xmax": "x", "ymin": "y", "ymax": "y"}


class PlungerDie(Holder):
    """A die whose bore has the area of the cathode, two guided plungers, bolts around between rigid cross-bars.

    The finite-element model has a square bore of the same area whose rigid wall holds the sides of the pellet
    laterally and lets them slide down: it shows what plungers that are not flat or not parallel do. Wall friction is
    told in closed form (janssen.py) with the warnings.
    """

    friction: float = key(0.2, "coefficient of friction on the wall of the die (assumed)", ge=0, le=1)
    wall: Literal["rigid", "elastic"] = key(
        "rigid", "elastic: widens as a ring of die_outer, so it holds less"
    )
    die_stands: bool = key(
        True, "on the lower side; false: it hangs on the pellet, and both plungers press alike"
    )
    die: Material = key("PEEK", "polymer of the die")
    die_outer: Length = key("40 mm", "outer diameter of the die (assumed)")
    die_height: Length = key("30 mm", "height of the die (assumed)")
    plunger: Material = key("SS304", "metal of the plungers")
    plunger_length: Length = key("20 mm", "each plunger (assumed)")
    top: Flatness = key({}, "how the face of the upper plunger deviates; tilt: not parallel")
    bottom: Flatness = key({}, "how the face of the lower plunger deviates")
    bolt: Literal["M4", "M5", "M6", "M8", "M10", "M12"] = key("M6", "size of the bolts")
    bolt_class: Literal["8.8", "10.9", "A2-70"] = key("8.8", "strength class of the bolts")
    bolts: int = key(4, "number of bolts", ge=2, le=12)
    bolt_circle: Length = key("60 mm", "diameter of the circle of the bolts (assumed)")
    crossbar: Length = key("10 mm", "thickness of each rigid cross-bar under the bolts (assumed)")

    def bolt_type(self) -> tuple[fasteners.BoltSize, fasteners.BoltClass]:
        """Size and strength class of the bolts."""
        return fasteners.SIZES[self.bolt], fasteners.CLASSES[self.bolt_class]

    def bolt_places(self) -> dict[str, tuple[float, float]]:
        """Places of the bolts, evenly on their circle."""
        angles = [2 * pi * (i + 0.5) / self.bolts for i in range(self.bolts)]
        return {
            f"b{i}": (self.bolt_circle / 2 * cos(t), self.bolt_circle / 2 * sin(t))
            for i, t in enumerate(angles, 1)
        }

    def bore(self, cell: Cell) -> float:
        """Diameter [mm] of a circle of the area of the cathode."""
        return 2 * sqrt(cell.regions["cathode"].area / pi)

    def column(self, cell: Cell) -> janssen.Column:
        """The layers in the die, for the closed form of wall friction."""
        wall = (
            janssen.ring_compliance(self.die, self.bore(cell), self.die_outer)
            if self.wall == "elastic"
            else 0.0
        )
        return janssen.Column(_discs(cell), self.bore(cell), self.friction, wall, not self.die_stands)

    def findings(self, cell: Cell, state: Any) -> dict[str, float]:
        """Wall friction of a solved state, in closed form."""
        return self.along_wall(cell, state.force("cell_top"))

    def along_wall(self, cell: Cell, force: float) -> dict[str, float]:
        """Under a force [N] on the upper plunger, in closed form: mean pressure at each level, force on the die."""
        column, mean = self.column(cell), force / cell.regions["cathode"].area
        levels = {f"pressure at {n} [MPa]": mean * s for n, s in column.shares().items()}
        return levels | {"force of wall friction on the die [N]": force * column.loss}

    # -- assembly ------------------------------------------------------------------------------------------

    def build(self, cell: Cell, mesh: MeshSizes, symmetry: tuple[str, ...] = ()) -> a.Assembly:
        """Lower plunger below z = 0, pellet, upper plunger; never cut: it is small."""
        layers = _discs(cell, mesh.cell_sublayers)
        square, height = layers[0].footprint, sum(la.thickness for la in layers)
        pellet = a.LayerStack(layers, square, mesh.cell_size, mesh.cell_coarse)
        scatter = cell.thickness_variation.back(square.x1 - square.x0, square.y1 - square.y0)
        solids = (
            self._plunger("bottom_plunger", square, -self.plunger_length, mesh),
            a.Solid("cell", pellet, degree=1, fixed={"sides": "xy"}),
            self._plunger("top_plunger", square, height, mesh),
        )
        low, high = (f.back(square.x1 - square.x0, square.y1 - square.y0) for f in (self.bottom, self.top))
        interfaces = (
            a.Interface("cell_bottom", "bottom_plunger.top", "cell.bottom", square, mesh.pixel, low),
            a.Interface("cell_top", "cell.top", "top_plunger.bottom", square, mesh.pixel,
                        lambda x, y: high(x, y) + scatter(x, y)),
        )  # fmt: skip
        cathodes = cell.pouches()[0].cell.cathodes
        planes = tuple(
            a.Plane("cathode" if len(cathodes) == 1 else n, f"cell.{n}", square, mesh.pixel) for n in cathodes
        )
        names = {place: name for name, place in self.bolt_places().items()}
        regions = dict.fromkeys(cell.regions, square)
        seats = ("bottom_plunger.bottom", "top_plunger.top")
        between = height + 2 * self.plunger_length
        bolts = fasteners.bolts(
            self.bolt_places(), lambda n: seats, self.bolt_type(), self._grip(height), between
        )
        return a.Assembly(solids, interfaces, bolts, (), regions, self._masses(cell, height), names, planes)

    def _plunger(self, name: str, square: a.Rect, z: float, mesh: MeshSizes) -> a.Solid:
        n = max(4, round((square.x1 - square.x0) / mesh.plate_size))
        lines = tuple(float(v) for v in np.linspace(square.x0, square.x1, n + 1))
        heights = tuple(float(v) for v in np.linspace(0.0, self.plunger_length, 2 * mesh.plate_layers + 1))
        return a.Solid(name, a.Block(lines, lines, heights), self.plunger, 2, z, fixed=GUIDED)

    def _grip(self, height: float) -> float:
        washers = 2 * self.bolt_type()[0].washer_thickness
        return height + 2 * (self.plunger_length + self.crossbar) + washers

    def _masses(self, cell: Cell, height: float) -> dict[str, float]:
        """Masses [t] without the cross-bars, whose outline is not known here."""
        bore, ring = (pi / 4 * d**2 for d in (self.bore(cell), self.die_outer))
        rod = self.plunger.density * bore * self.plunger_length
        rods = {"bottom_plunger": rod, "top_plunger": rod}
        each = fasteners.mass(self.bolt_type()[0], self._grip(height))
        bolts = {f"bolt {n}": each for n in self.bolt_places()}
        return {**rods, "die": self.die.density * (ring - bore) * self.die_height, **bolts}

    # -- checks --------------------------------------------------------------------------------------------

    def check(self, cell: Cell) -> tuple[list[Mistake], list[str]]:
        """Mistakes and warnings: one pellet, a die around it, bolts clear of it; what wall friction takes."""
        if len(cell.pouches()) > 1:
            return [
                Mistake("cell.kind", "a die holds one cell, not a pile.", hint='Write kind = "pellet".')
            ], []
        bore, wrong = self.bore(cell), []
        if self.die_outer <= bore * 1.05:
            problem = f"leaves no wall around the bore of {bore:.4g} mm (the area of the cathode)."
            wrong.append(Mistake("holder.die_outer", problem, f"{self.die_outer:g} mm", "Enlarge it."))
        clear = self.bolt_circle / 2 - self.bolt_type()[0].hole / 2
        if clear < self.die_outer / 2:
            problem = (
                f"bolts on a circle of {self.bolt_circle:g} mm cut into the die of {self.die_outer:g} mm."
            )
            wrong.append(Mistake("holder.bolt_circle", problem, hint="Enlarge it."))
        film = cell.pouches()[0].cell.film
        if film and film.told:
            problem = f"{', '.join(film.told)}: paper in a die is a disc as wide as the bore, {bore:.4g} mm."
            wrong.append(Mistake("cell.film", problem, hint="Leave the outline out."))
        return wrong, [] if wrong else self._told(cell, bore)

    def _told(self, cell: Cell, bore: float) -> list[str]:
        column, out = self.column(cell), []
        if cell.kind_name != "pellet":
            out.append(
                f"cell: its layers are taken as discs of the area of the cathode, {bore:.4g} mm across"
            )
        levels = ", ".join(f"{n} {100 * s:.4g} %" for n, s in column.shares().items())
        needed = max(column.force(1.0, n) for n in cell.pouches()[0].cell.cathodes)
        out.append(
            f"holder: wall friction (closed form, not in the maps): of the upper plunger's pressure reach {levels}; "
            f"1 MPa all over the cathode needs {needed:.4g} N"
        )
        return out

    def closure(self, cell: Cell, force: float) -> tuple[float, float]:
        """(gap to close, what the force closes) [mm]: the pellet alone, as the plungers are guided."""
        square = _discs(cell)[0].footprint
        line = np.linspace(square.x0, square.x1, 41)
        x, y = (g.ravel() for g in np.meshgrid(line, line))
        faces = (self.top, self.bottom, cell.thickness_variation)
        side = square.x1 - square.x0
        gap = np.sum([f.back(side, side)(x, y) for f in faces], axis=0)
        closes = sum(la.thickness / la.material.oedometric for la in _discs(cell)) * force / square.area
        return float(np.ptp(gap)), closes


def _discs(cell: Cell, sublayers: int = 1) -> tuple[a.Layer, ...]:
    """Layers of a single cell without film and tabs, each on a square of the area of the cathode."""
    pouch = cell.pouches()[0].cell
    if len(cell.pouches()) > 1:
        raise GeometryError("a die holds one cell, not a pile")
    side = sqrt(cell.regions["cathode"].area)
    layers = pouch.with_film(pouch.stack(sublayers), sublayers)
    return tuple(replace(la, footprint=a.Rect.centred(side, side)) for la in layers)
