"""Cells: what a holder presses. A pouch is a terraced stack of layers, each on its own footprint, length along x."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from .assembly import Array, Gap, Layer, LayerStack, Rect
from .breathing import Breathing, unfit
from .electrodes import Swelling
from .errors import GeometryError, Mistake
from .film import PLANES, Film
from .film import Side as FilmSide
from .flatness import Flatness
from .outlines import covers, heights, highest
from .schema import explicit, key
from .sheets import Laminate, Role, State, Tab


class Cell(Breathing):
    """What a holder presses: one pouch or several, lying on z = 0. Lengths mm."""

    if TYPE_CHECKING:  # a field of a pouch; none of a pile

        @property
        def thickness_variation(self) -> Flatness:
            """How much thinner than nominal, as a function of x, y."""

    @abstractmethod
    def pouches(self) -> tuple[PlacedPouch, ...]:
        """The pouches in their places, bottom to top."""

    def shape(self, size: float, coarse: float, sublayers: int) -> LayerStack:
        """The stack of a single pouch for meshing; a pile is several solids (piles.cell_solids)."""
        if len(self.pouches()) > 1:
            raise GeometryError("a pile of pouches is not one stack: this holder takes a single pouch")
        return self.pouches()[0].shape(size, coarse, sublayers)

    @abstractmethod
    def layers(self, sublayers: int = 1) -> tuple[Layer, ...]:
        """All layers, bottom to top, each `sublayers` elements thick."""

    @property
    @abstractmethod
    def regions(self) -> dict[str, Rect]:
        """Named areas: cathode, anode, separator, pouch."""

    @property
    @abstractmethod
    def thickness(self) -> float:
        """Greatest height [mm]."""

    @property
    @abstractmethod
    def plateau(self) -> Rect:
        """Outline of the highest terrace: where a flat plate presses from above."""

    @abstractmethod
    def top_gap(self) -> Gap:
        """How far the top lies below the highest terrace [mm], thickness variation included."""

    @property
    @abstractmethod
    def compliance(self) -> float:
        """Thickness change per pressure [mm/MPa] of the plateau, without lateral strain (lower bound)."""

    @property
    @abstractmethod
    def mass(self) -> float:
        """Mass [t] of all layers."""

    @abstractmethod
    def check(self) -> tuple[list[Mistake], list[str]]:
        """Mistakes and warnings."""


class Layered(Cell):
    """Layers on each other, bottom to top, flat below."""

    thickness_variation: Flatness = key({}, "how much thinner than nominal, as a function of x, y")
    swelling: Swelling = key({}, "how the layers grow when the cell is charged")
    film: Film | None = key(None, "pressure paper left against the cell")

    @abstractmethod
    def stack(self, sublayers: int = 1) -> list[Layer]:
        """Layers without pouch film and tabs, bottom to top."""

    @property
    @abstractmethod
    def roles(self) -> dict[str, Rect]:
        """Footprints of cathode, anode, separator."""

    def pouches(self) -> tuple[PlacedPouch, ...]:
        """Itself, lying on z = 0."""
        return (PlacedPouch("cell", self),)

    @property
    def parts(self) -> dict[str, Role]:
        """Roles of the layers between the laminates, bottom to top."""
        names: dict[str, Role] = {"Si": "anode", "separator": "separator", "cathode": "cathode"}
        return {la.name: names.get(la.name.split("_")[0], "other") for la in self.stack()}

    @property
    def cathodes(self) -> tuple[str, ...]:
        """Names of the cathode layers, bottom to top."""
        return tuple(name for name, role in self.parts.items() if role == "cathode")

    def layers(self, sublayers: int = 1) -> tuple[Layer, ...]:
        """All layers, bottom to top, each `sublayers` elements thick."""
        return self.with_film(self.stack(sublayers), sublayers)

    def _without_tabs(self) -> tuple[Layer, ...]:
        return self.layers()

    @property
    def _pressed(self) -> dict[FilmSide, Rect]:
        """Where flat plates press either side, but for pressure paper."""
        return {"bottom": self.roles["separator"], "top": highest(self.stack())}

    def with_film(self, layers: Sequence[Layer], sublayers: int = 1) -> tuple[Layer, ...]:
        """Layers with the pressure paper below and above them, where there is any."""
        if self.film is None:
            return tuple(layers)
        return self.film.around(layers, self._pressed, self.regions["pouch"], sublayers)

    @property
    def regions(self) -> dict[str, Rect]:
        """Named areas: cathode, anode, separator, pouch."""
        return {**self.roles, "pouch": self.roles["separator"]}

    @cached_property
    def thickness(self) -> float:
        """Greatest height [mm] of the stack."""
        return max(heights(self.layers()).values())

    @cached_property
    def plateau(self) -> Rect:
        """Outline of the highest terrace, tabs left out: where a flat plate presses."""
        return highest(self._without_tabs())

    def top_gap(self) -> Gap:
        """How far the top of the cell lies below its highest terrace [mm], thickness variation included."""
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

    @property
    def compliance(self) -> float:
        """Thickness change per pressure [mm/MPa] of the plateau, without lateral strain (lower bound)."""
        x, y = (self.plateau.x0 + self.plateau.x1) / 2, (self.plateau.y0 + self.plateau.y1) / 2
        return sum(
            la.thickness / la.material.oedometric for la in self.layers() if covers(la.footprint, x, y)
        )

    @property
    def mass(self) -> float:
        """Mass [t] of all layers but pressure paper."""
        own = (la for la in self.layers() if la.name not in PLANES.values())
        return sum(la.thickness * la.footprint.area * la.material.density for la in own)

    def check(self) -> tuple[list[Mistake], list[str]]:
        """Mistakes and warnings: what covers what."""
        r = self.regions
        wrong, warn = self.film.judged("cell.film", self._pressed, r["pouch"]) if self.film else ([], [])
        wrong += unfit(self, "cell.swelling") if explicit(self.swelling) else []
        for name in ("cathode", "anode"):
            if not _inside(r[name], r["separator"]):
                sizes = f"separator {_size(r['separator'])} does not cover {name} {_size(r[name])}"
                problem = f"{sizes}: short circuit."
                wrong.append(Mistake("cell.separator", problem, hint="Swap?"))
        for name in ("separator", "anode", "cathode"):
            if not _inside(r[name], r["pouch"]):
                problem = f"{name} {_size(r[name])} does not fit into the pouch {_size(r['pouch'])}."
                wrong.append(
                    Mistake("cell.laminate", problem, hint="Enlarge length and width of the laminate.")
                )
        if not _inside(r["cathode"], r["anode"]):
            sizes = f"anode {_size(r['anode'])} does not cover cathode {_size(r['cathode'])}"
            warn.append(f"cell: {sizes}: lithium may plate")
        return wrong, warn


class Pouch(Layered):
    """Layers in a pouch film, with tabs."""

    state: State = key("post_calender", "thicknesses after pressing, or of the films as made")
    laminate: Laminate = key({}, "pouch film")
    tabs: tuple[Tab, ...] = key((), "tabs")

    def layers(self, sublayers: int = 1) -> tuple[Layer, ...]:
        """All layers, bottom to top, each `sublayers` elements thick."""
        return self._wrapped(self._with_tabs(self.stack(sublayers)), sublayers)

    def _without_tabs(self) -> tuple[Layer, ...]:
        return self._wrapped(self.stack())

    def _wrapped(self, inner: Sequence[Layer], sublayers: int = 1) -> tuple[Layer, ...]:
        """Layers in the pouch film, with pressure paper inside or outside of it."""
        sealed = self.film is not None and self.film.sealed
        low, high = (self.laminate.layer(n, sublayers) for n in ("laminate_bottom", "laminate_top"))
        whole = (low, *(self.with_film(inner, sublayers) if sealed else inner), high)
        return whole if sealed else self.with_film(whole, sublayers)

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


@dataclass(frozen=True)
class Side:
    """A side of a placed pouch: its face ("cell_1.top"), where a flat body presses it, its gap to a plane [mm]."""

    face: str
    region: Rect
    gap: Gap | None


@dataclass(frozen=True)
class PlacedPouch:
    """A pouch in its place: the name of its solid, its middle at x, y and its lowest point at height z [mm].

    turned: turned over about the x axis, so that its flat side, which lies below otherwise, is above.
    """

    name: str
    cell: Layered
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    turned: bool = False

    def place(self, r: Rect) -> Rect:
        """A rectangle of the pouch's own drawing where it lies now."""
        y0, y1 = (-r.y1, -r.y0) if self.turned else (r.y0, r.y1)
        return Rect(r.x0 + self.x, r.x1 + self.x, y0 + self.y, y1 + self.y)

    @property
    def regions(self) -> dict[str, Rect]:
        """Named areas where they lie now."""
        return {name: self.place(r) for name, r in self.cell.regions.items()}

    def layers(self, sublayers: int = 1) -> tuple[Layer, ...]:
        """Layers where they lie now, from the flat side on: the lowest first, or the highest if turned."""
        return tuple(replace(la, footprint=self.place(la.footprint)) for la in self.cell.layers(sublayers))

    def shape(self, size: float, coarse: float, sublayers: int) -> LayerStack:
        """The stack for meshing: elements of `size` over the separator, `coarse` outside."""
        return LayerStack(self.layers(sublayers), self.regions["separator"], size, coarse)

    def _flat(self) -> Side:
        return Side(f"{self.name}.bottom", self.regions["separator"], None)

    def _stepped(self) -> Side:
        gap, sign = self.cell.top_gap(), -1.0 if self.turned else 1.0
        return Side(f"{self.name}.top", self.place(self.cell.plateau),
                    lambda x, y: gap(np.asarray(x) - self.x, sign * (np.asarray(y) - self.y)))  # fmt: skip

    @property
    def lower(self) -> Side:
        """The side that looks down."""
        return self._stepped() if self.turned else self._flat()

    @property
    def upper(self) -> Side:
        """The side that looks up."""
        return self._flat() if self.turned else self._stepped()


def _inside(a: Rect, b: Rect) -> bool:
    return a.x0 >= b.x0 - 1e-9 and a.x1 <= b.x1 + 1e-9 and a.y0 >= b.y0 - 1e-9 and a.y1 <= b.y1 + 1e-9


def _size(r: Rect) -> str:
    return f"{r.x1 - r.x0:g} x {r.y1 - r.y0:g} mm"
