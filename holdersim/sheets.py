"""What a cell is made of: electrode sheets, foils, pouch film, tabs, with the paper's sizes as defaults.

Thicknesses: "post_calender" is the estimate after 500 MPa isostatic pressing (cathode 113 um, range 102 to
121; separator 200, 183 to 238; silicon 9.6, 7.2 to 14.4), "as_made" the films of the paper (160, 300 um;
silicon 14.4 um at 60 % porosity, assumed). Outline of the pouch and foil thicknesses are not in the paper:
assumed, settable. Length lies along x.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from .assembly import Layer, Rect
from .materials.choice import Material
from .materials.elastic import Elastic
from .materials.library import material
from .schema import Entry, key
from .units import THICKNESS, Length, Position, Thickness, read

State = Literal["post_calender", "as_made"]
Role = Literal["cathode", "anode", "separator", "collector", "pouch", "other"]


class Sheet(Entry):
    """One layer of the cell, centred unless x, y say otherwise."""

    pressed: ClassVar[str] = ""
    made: ClassVar[str] = ""
    length: Length = key(doc="along x")
    width: Length = key(doc="along y")
    thickness: Thickness | None = key(None, "thickness; by default that of the cell's state")
    material: Material = key(doc="material of the layer")
    x: Position = key("0 mm", "middle along x")
    y: Position = key("0 mm", "middle along y")

    @property
    def footprint(self) -> Rect:
        """Outline."""
        return Rect.centred(self.length, self.width, self.x, self.y)

    def height(self, state: State) -> float:
        """Thickness [mm] in a state of manufacture."""
        if self.thickness is not None:
            return self.thickness
        return read(self.made if state == "as_made" else self.pressed, THICKNESS)

    def layer(self, name: str, state: State, sublayers: int) -> Layer:
        """The layer as the assembly wants it."""
        return Layer(name, self.height(state), self.footprint, self.material, sublayers)


class Cathode(Sheet):
    """NCM811 composite, 4 mAh/cm2: 15 x 35 mm."""

    pressed, made = "113 um", "160 um"
    length: Length = key("35 mm", "along x")
    width: Length = key("15 mm", "along y")
    material: Material = key("NCM811-LPSCl", "material")


class ThickCathode(Cathode):
    """NCM811 composite, 5 mAh/cm2, of the bilayer cell: 30 x 35 mm."""

    pressed, made = "137 um", "200 um"
    width: Length = key("30 mm", "along y")


class NarrowCathode(Cathode):
    """NCM811 composite of the three-electrode cell: 10 x 35 mm."""

    width: Length = key("10 mm", "along y")


class Separator(Sheet):
    """Li6PS5Cl: 20 x 50 mm."""

    pressed, made = "200 um", "300 um"
    length: Length = key("50 mm", "along x")
    width: Length = key("20 mm", "along y")
    material: Material = key("LPSCl", "material")


class WideSeparator(Separator):
    """Li6PS5Cl of the bilayer cell: 35 x 40 mm."""

    length: Length = key("40 mm", "along x")
    width: Length = key("35 mm", "along y")


class Silicon(Sheet):
    """Micro-silicon on copper: 18 x 40 mm."""

    pressed, made = "9.6 um", "14.4 um"
    length: Length = key("40 mm", "along x")
    width: Length = key("18 mm", "along y")
    material: Material = key("uSi", "material")


class WideSilicon(Silicon):
    """Micro-silicon of the bilayer cell: 35 x 37 mm."""

    length: Length = key("37 mm", "along x")
    width: Length = key("35 mm", "along y")


class NarrowSilicon(Silicon):
    """Micro-silicon of the three-electrode cell: 12 x 40 mm."""

    width: Length = key("12 mm", "along y")


class Lithium(Sheet):
    """Lithium strip, 20 um thick, the reference electrode beside another; its outline and place are assumed."""

    pressed, made = "20 um", "20 um"
    length: Length = key("35 mm", "along x (assumed)")
    width: Length = key("2 mm", "along y (assumed)")
    material: Material = key("Li", "material")
    y: Position = key("8 mm", "middle along y (assumed)")


class Foil(Entry):
    """A current collector with the footprint of its electrode."""

    thickness: Thickness = key(doc="thickness")
    material: Material = key(doc="material")


class Copper(Foil):
    """Copper foil, 10 um."""

    thickness: Thickness = key("10 um", "thickness")
    material: Material = key("Cu-foil", "material")


class Aluminium(Foil):
    """Aluminium foil, 15 um (assumed; 12 to 20)."""

    thickness: Thickness = key("15 um", "thickness")
    material: Material = key("Al-foil", "material")


class Laminate(Entry):
    """Pouch film ON / Al / CPP, taken as one layer; the outline is assumed."""

    length: Length = key("60 mm", "along x")
    width: Length = key("30 mm", "along y")
    nylon: Thickness = key("25 um", "oriented nylon")
    aluminium: Thickness = key("40 um", "aluminium")
    polypropylene: Thickness = key("48 um", "cast polypropylene")

    @property
    def footprint(self) -> Rect:
        """Outline of the pouch."""
        return Rect.centred(self.length, self.width)

    @property
    def thickness(self) -> float:
        """Thickness [mm] of one film."""
        return self.nylon + self.aluminium + self.polypropylene

    @property
    def material(self) -> Elastic:
        """Equivalent isotropic layer: right in compression through the thickness without lateral strain.

        1/M = sum f_i / M_i with M the oedometric modulus and f_i the share of the thickness; nu, density and
        expansion are averages by thickness, E follows from M and nu. The in-plane stiffness is not met: the
        film is not loaded that way.
        """
        plies = [(material(n), t / self.thickness) for n, t in
                 (("ON", self.nylon), ("Al-foil", self.aluminium), ("CPP", self.polypropylene))]  # fmt: skip
        modulus = 1 / sum(f / m.oedometric for m, f in plies)
        nu, rho, alpha = (sum(f * getattr(m, q) for m, f in plies) for q in ("nu", "density", "expansion"))
        return Elastic("laminate", modulus * (1 + nu) * (1 - 2 * nu) / (1 - nu), nu, rho, alpha)

    def layer(self, name: str, sublayers: int) -> Layer:
        """One film over the whole pouch."""
        return Layer(name, self.thickness, self.footprint, self.material, sublayers)


class WideLaminate(Laminate):
    """Pouch of the bilayer cell; the outline is assumed."""

    length: Length = key("55 mm", "along x")
    width: Length = key("45 mm", "along y")


class Tab(Entry):
    """A tab welded on a collector: a strip from the pouch's end over `overlap` of the electrode."""

    width: Length = key("4 mm", "across the tab")
    thickness: Thickness = key("100 um", "metal (assumed)")
    material: Material = key("Ni-tab", "metal")
    overlap: Length = key("3 mm", "length over the electrode")
    on: Literal["cathode", "anode"] = key("cathode", "electrode that is connected")
    end: Literal["+x", "-x"] = key("+x", "end of the pouch where the tab leaves")
    y: Position = key("0 mm", "middle of the tab")
    tape: Thickness | None = key(None, "Kapton tape over the tab")

    def layers(self, electrode: Rect, pouch: Rect, name: str) -> list[Layer]:
        """The metal and the tape as patches."""
        y0, y1 = self.y - self.width / 2, self.y + self.width / 2
        plus = self.end == "+x"
        strip = (Rect(electrode.x1 - self.overlap, pouch.x1, y0, y1) if plus
                 else Rect(pouch.x0, electrode.x0 + self.overlap, y0, y1))  # fmt: skip
        out = [Layer(name, self.thickness, strip, self.material)]
        return out + ([Layer(f"{name}_tape", self.tape, strip, material("Kapton"))] if self.tape else [])
