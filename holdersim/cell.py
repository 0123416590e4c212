"""Pouch cells as terraced stacks: layers from bottom to top, each with its own footprint; length lies along x.

Thicknesses: "post_calender" is the estimate after 500 MPa isostatic pressing (cathode 113 um, range 102 to 121;
separator 200, 183 to 238; silicon 9.6, 7.2 to 14.4), "as_made" the films of the paper (160, 300 um; silicon 14.4 um
at 60 % porosity, assumed). Outline of the pouch and foil thicknesses are not in the paper: assumed, settable.
"""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar, Literal

import numpy as np

from .assembly import Array, Gap, Layer, LayerStack, Rect
from .errors import Mistake
from .flatness import Flatness
from .materials.choice import Material
from .materials.elastic import Elastic
from .materials.library import material
from .schema import Entry, Tagged, key
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

        1/M = sum f_i / M_i with M the oedometric modulus and f_i the share of the thickness; nu, density, expansion
        are averages by thickness, E follows from M and nu. In-plane stiffness is not met (the film is not loaded so).
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
    """A tab welded on a collector: a strip from the pouch's end over `overlap` of the electrode, with tape on it."""

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


class Cell(Tagged):
    """A pouch stack: `layers` from bottom to top, `regions` by name, `top_gap` below the highest plateau."""

    state: State = key("post_calender", "thicknesses after pressing, or of the films as made")
    laminate: Laminate = key({}, "pouch film")
    tabs: tuple[Tab, ...] = key((), "tabs")
    thickness_variation: Flatness = key({}, "how much thinner than nominal, as a function of x, y")

    def stack(self, sublayers: int = 1) -> list[Layer]:
        """Layers between the laminates, bottom to top."""
        raise NotImplementedError

    @property
    def roles(self) -> dict[str, Rect]:
        """Footprints of cathode, anode, separator."""
        raise NotImplementedError

    def layers(self, sublayers: int = 1) -> tuple[Layer, ...]:
        """All layers, bottom to top, each `sublayers` elements thick."""
        inner = self.stack(sublayers)
        bottom, top = (self.laminate.layer(n, sublayers) for n in ("laminate_bottom", "laminate_top"))
        return (bottom, *self._with_tabs(inner), top)

    def _with_tabs(self, inner: list[Layer]) -> list[Layer]:
        out = list(inner)
        for i, tab in enumerate(self.tabs):
            patch = tab.layers(self.roles[tab.on], self.laminate.footprint, f"tab_{i + 1}")
            out = out + patch if tab.on == "cathode" else patch + out
        return out

    @property
    def regions(self) -> dict[str, Rect]:
        """Named areas: cathode, anode, separator, pouch."""
        return {**self.roles, "pouch": self.laminate.footprint}

    @cached_property
    def thickness(self) -> float:
        """Greatest height [mm] of the stack."""
        return max(self._corner_heights.values())

    @cached_property
    def plateau(self) -> Rect:
        """Outline of the highest terrace, tabs left out: where a flat plate presses."""
        heights = self._heights(self.layers()[:1] + tuple(self.stack()) + self.layers()[-1:])
        top = max(heights.values())
        cells = [r for r, h in heights.items() if h > top - 1e-9]
        return Rect(min(r.x0 for r in cells), max(r.x1 for r in cells),
                    min(r.y0 for r in cells), max(r.y1 for r in cells))  # fmt: skip

    @cached_property
    def _corner_heights(self) -> dict[Rect, float]:
        return self._heights(self.layers())

    @staticmethod
    def _heights(layers: tuple[Layer, ...]) -> dict[Rect, float]:
        """Height [mm] on each cell of the grid of all outlines."""
        x = sorted({v for la in layers for v in (la.footprint.x0, la.footprint.x1)})
        y = sorted({v for la in layers for v in (la.footprint.y0, la.footprint.y1)})
        out = {}
        for x0, x1 in zip(x, x[1:], strict=False):
            for y0, y1 in zip(y, y[1:], strict=False):
                out[Rect(x0, x1, y0, y1)] = sum(
                    la.thickness for la in layers if _covers(la.footprint, (x0 + x1) / 2, (y0 + y1) / 2)
                )
        return out

    def top_gap(self) -> Gap:
        """How far the top of the cell lies below its highest terrace [mm]: terraces and thickness variation."""
        layers, highest, plateau = self.layers(), self.thickness, self.plateau
        varied = self.thickness_variation.back(plateau.x1 - plateau.x0, plateau.y1 - plateau.y0)

        def gap(x: Array, y: Array) -> Array:
            height = np.zeros(np.broadcast(x, y).shape)
            for la in layers:
                r = la.footprint
                height = height + la.thickness * ((x >= r.x0) & (x <= r.x1) & (y >= r.y0) & (y <= r.y1))
            cx, cy = (plateau.x0 + plateau.x1) / 2, (plateau.y0 + plateau.y1) / 2
            return np.asarray(np.maximum(highest - height, 0.0) + varied(x - cx, y - cy))

        return gap

    def shape(self, size: float, coarse: float, sublayers: int) -> LayerStack:
        """The stack for meshing: elements of `size` over the separator, `coarse` outside."""
        return LayerStack(self.layers(sublayers), self.regions["separator"], size, coarse)

    @property
    def compliance(self) -> float:
        """Thickness change per pressure [mm/MPa] of the plateau, without lateral strain (lower bound)."""
        x, y = (self.plateau.x0 + self.plateau.x1) / 2, (self.plateau.y0 + self.plateau.y1) / 2
        return sum(la.thickness / la.material.oedometric for la in self.layers() if _covers(la.footprint, x, y))

    def check(self) -> tuple[list[Mistake], list[str]]:
        """Mistakes and warnings: what covers what."""
        r, wrong, warn = self.regions, [], []
        for name in ("cathode", "anode"):
            if not _inside(r[name], r["separator"]):
                problem = f"separator {_size(r['separator'])} does not cover {name} {_size(r[name])}: short circuit."
                wrong.append(Mistake("cell.separator", problem, hint="Swap?"))
        for name in ("separator", "anode", "cathode"):
            if not _inside(r[name], r["pouch"]):
                problem = f"{name} {_size(r[name])} does not fit into the pouch {_size(r['pouch'])}."
                wrong.append(Mistake("cell.laminate", problem, hint="Enlarge length and width of the laminate."))
        if not _inside(r["cathode"], r["anode"]):
            warn.append(f"cell: anode {_size(r['anode'])} does not cover cathode {_size(r['cathode'])}: lithium may plate")
        return wrong, warn


def _covers(r: Rect, x: float, y: float) -> bool:
    return r.x0 <= x <= r.x1 and r.y0 <= y <= r.y1


def _inside(a: Rect, b: Rect) -> bool:
    return a.x0 >= b.x0 - 1e-9 and a.x1 <= b.x1 + 1e-9 and a.y0 >= b.y0 - 1e-9 and a.y1 <= b.y1 + 1e-9


def _size(r: Rect) -> str:
    return f"{r.x1 - r.x0:g} x {r.y1 - r.y0:g} mm"
