"""The pellet of a plunger cell: round layers pressed on each other in a die, without foils and pouch (Figure 1a)."""

from __future__ import annotations

from math import pi, sqrt

from .assembly import Layer, Rect
from .cell import Layered
from .errors import Mistake
from .materials.choice import Material
from .schema import Entry, key
from .units import Length, Thickness


class PelletLayer(Entry):
    """A round layer."""

    thickness: Thickness = key(doc="thickness")
    material: Material = key(doc="material")


class PelletCathode(PelletLayer):
    """NCM811 composite; its thickness is assumed."""

    thickness: Thickness = key("100 um", "thickness (assumed)")
    material: Material = key("NCM811-LPSCl", "material")


class PelletSeparator(PelletLayer):
    """Li6PS5Cl, about 500 um so that it carries itself (paper)."""

    thickness: Thickness = key("500 um", "thickness")
    material: Material = key("LPSCl", "material")


class PelletAnode(PelletLayer):
    """Micro-silicon; its thickness is assumed."""

    thickness: Thickness = key("20 um", "thickness (assumed)")
    material: Material = key("uSi", "material")


class Pellet(Layered):
    """Si | separator | cathode, bottom to top; a disc is drawn as the square of its area, so that forces hold."""

    kind_name = "pellet"
    diameter: Length = key("13 mm", "bore of the die (assumed)")
    cathode: PelletCathode = key({}, "cathode")
    separator: PelletSeparator = key({}, "separator")
    anode: PelletAnode = key({}, "silicon electrode")

    @property
    def outline(self) -> Rect:
        """Square of the area of the bore."""
        side = self.diameter * sqrt(pi) / 2
        return Rect.centred(side, side)

    @property
    def roles(self) -> dict[str, Rect]:
        """Footprints by name: all the same."""
        return dict.fromkeys(("cathode", "anode", "separator"), self.outline)

    def stack(self, sublayers: int = 1) -> list[Layer]:
        """Layers between the plungers."""
        parts = (("Si", self.anode), ("separator", self.separator), ("cathode", self.cathode))
        return [Layer(n, p.thickness, self.outline, p.material, sublayers) for n, p in parts]

    def check(self) -> tuple[list[Mistake], list[str]]:
        """Mistakes and warnings: no pouch to seal paper in."""
        wrong, warn = super().check()
        if self.film and self.film.sealed:
            hint = "Remove it: the paper lies between pellet and plunger."
            wrong.append(Mistake("cell.film.sealed", "a pellet has no pouch.", hint=hint))
        return wrong, warn
