"""Two metal plates drawn together by bolts: what all uniaxial holders have, whatever lies between the plates."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from math import hypot, pi
from pathlib import Path
from typing import Literal, Self

import numpy as np
from pydantic import PrivateAttr, ValidationInfo, field_validator, model_validator

from . import assembly as a
from . import fasteners
from .cell import Cell
from .errors import Mistake
from .flatness import Flatness
from .holder import Holder, MeshSizes
from .materials.choice import Material
from .piles import cathodes
from .schema import Entry, key, refuse
from .springs import AnySpring, SprungBolt
from .units import Length, Position

BEND = 0.035
"""w = BEND F L^2 / D: square plate on four corner supports, load on a central patch half as wide (Ritz)."""

Side = Literal["top", "bottom"]
SIDES: tuple[Side, Side] = ("top", "bottom")
BoltName = Literal["M3", "M4", "M5", "M6", "M8", "M10", "M12", "M16"]


class PlateSpec(Entry):
    """One plate, or what the top or bottom plate has of its own."""

    material: Material | None = key(None, "alloy")
    thickness: Length | None = key(None, "thickness, by default that of the holder")
    flatness: Flatness | None = key(None, "how the press face deviates from a plane")
    step: str | None = key(None, "STEP file of the plate")
    press: str | None = key(None, "name of the pressing face in the STEP file")
    _drawing: str = PrivateAttr("")

    @field_validator("step")
    @classmethod
    def _resolve(cls, value: str | None, info: ValidationInfo) -> str | None:
        path = Path((info.context or {}).get("folder", "."), value or ".").resolve()
        if value is not None and not path.is_file():
            raise refuse("there is no such file.", f"Looked in {path.parent}.")
        return str(path) if value is not None else None

    @model_validator(mode="after")
    def _drawn(self) -> Self:
        self._drawing = hashlib.sha256(Path(self.step).read_bytes()).hexdigest() if self.step else ""
        return self

    def contents(self) -> dict[str, str]:
        """SHA-256 of the STEP file, wherever it lies."""
        return {"step": self._drawing} if self.step else {}


class BothPlates(PlateSpec):
    """What both plates have."""

    material: Material = key("SS304", "alloy")


class UniaxialHolder(Holder):
    """Two plates and bolts at the corners, with or without springs; a subclass says what lies between."""

    length: Length = key("80 mm", "plates along x")
    width: Length = key("60 mm", "plates along y")
    thickness: Length = key("10 mm", "plates")
    plate: BothPlates = key({}, "both plates")
    top: PlateSpec = key({}, "what the top plate has of its own")
    bottom: PlateSpec = key({}, "what the bottom plate has of its own")
    bolt: BoltName = key("M6", "size of the bolts")
    bolt_class: Literal["8.8", "10.9", "A2-70"] = key("8.8", "strength class of the bolts")
    inset: Length = key("8 mm", "corner bolts: distance from the edges")
    bolts: tuple[tuple[Position, Position], ...] | None = key(
        None, "places x, y of the bolts instead of the corners"
    )
    washer: Length | None = key(None, "outer diameter of the washers, by default ISO 7089")
    spring: AnySpring | None = key(None, "spring under the head of each bolt")
    grip: Length | None = key(
        None,
        "free length of the bolts, by default all that lies between head and nut, springs at half travel",
    )
    threaded: Length | None = key(None, "thread inside the grip, by default that of a standard bolt")

    # -- what the fields mean ------------------------------------------------------------------------------

    def side(self, which: Side) -> BothPlates:
        """The plate on one side: its own values, else those of `plate`."""
        own: PlateSpec = getattr(self, which)
        given = {n: v for n in PlateSpec.model_fields if (v := getattr(own, n)) is not None}
        return self.plate.model_copy(update=given)

    def height(self, which: Side) -> float:
        """Thickness [mm] of one plate."""
        return self.side(which).thickness or self.thickness

    def bolt_type(self) -> tuple[fasteners.BoltSize, fasteners.BoltClass]:
        """Size and strength class of the bolts."""
        size = fasteners.SIZES[self.bolt]
        return SprungBolt.of(size, self.spring) if self.spring else size, fasteners.CLASSES[self.bolt_class]

    def bolt_places(self) -> dict[str, tuple[float, float]]:
        """Places of the bolts: corners counter-clockwise from +x +y, or as given."""
        x, y = self.length / 2 - self.inset, self.width / 2 - self.inset
        places = self.bolts or ((x, y), (-x, y), (-x, -y), (x, -y))
        return {f"b{i}": place for i, place in enumerate(places, 1)}

    def washer_outer(self) -> float:
        """Outer diameter [mm] of the washers, by default large enough for the springs."""
        return self.washer or max(self.bolt_type()[0].washer_outer, self.spring.width if self.spring else 0.0)

    def between(self, cell: Cell) -> float:
        """Distance [mm] of the plates before they are pressed."""
        return cell.thickness

    def seat_distance(self, cell: Cell) -> float:
        """Distance [mm] of the washer seats: both plates and what lies between them."""
        return self.height("top") + self.height("bottom") + self.between(cell)

    def grip_length(self, cell: Cell) -> float:
        """Length [mm] of bolt between head and nut; a spring counts at half of its travel."""
        washers = 2 * self.bolt_type()[0].washer_thickness
        spring = (self.spring.free + self.spring.shortest) / 2 if self.spring else 0.0
        return self.grip or self.seat_distance(cell) + washers + spring

    # -- assembly ------------------------------------------------------------------------------------------

    def assembled(
        self,
        cell: Cell,
        mesh: MeshSizes,
        symmetry: tuple[str, ...],
        solids: tuple[a.Solid, ...],
        interfaces: tuple[a.Interface, ...],
        masses: dict[str, float] | None = None,
    ) -> a.Assembly:
        """The assembly of these solids and interfaces, with bolts, masses and the planes of the cathodes."""
        weights = {f"{s}_plate": self._mass(s) for s in SIDES} | (masses or {})
        for name in self.bolt_places():
            weights[f"bolt {name}"] = fasteners.mass(self.bolt_type()[0], self.grip_length(cell))
            if self.spring:
                weights[f"spring {name}"] = self.spring.mass
        names = {place: name for name, place in self.bolt_places().items()}
        bolts = fasteners.bolts(
            self.bolt_places(), lambda n: (f"bottom_plate.seat:{n}", f"top_plate.seat:{n}"), self.bolt_type(),
            self.grip_length(cell), self.seat_distance(cell), symmetry, self.threaded, self.spring,
        )  # fmt: skip
        planes = cathode_planes(cell, mesh.pixel)
        return a.Assembly(solids, interfaces, bolts, symmetry, cell.regions, weights, names, planes)

    def plate_solid(
        self, which: Side, press: a.Rect, mesh: MeshSizes, z: float, symmetry: tuple[str, ...]
    ) -> a.Solid:
        """A plate whose press face lies at height z [mm], finer where it presses."""
        spec, size = self.side(which), self.bolt_type()[0]
        places = self.bolt_places().items()
        seats = tuple(a.Seat(n, x, y, size.hole, self.washer_outer()) for n, (x, y) in places)
        holes = tuple(a.Hole(x, y, size.hole) for _, (x, y) in places)
        shape: a.Shape = a.Plate(self.length, self.width, self.height(which), holes, seats, press,
                                 mesh.plate_size, mesh.plate_coarse, mesh.plate_layers)  # fmt: skip
        if spec.step is not None:
            shape = a.StepPart(spec.step, spec.press or "press", mesh.plate_size, seats)
        return a.Solid(f"{which}_plate", shape, spec.material, 2, z, which == "bottom", symmetry)

    def plate_gap(self, which: Side, other: a.Gap | None = None) -> a.Gap | None:
        """Initial gap [mm] by the flatness of a plate and what the other face adds."""
        flatness = self.side(which).flatness or Flatness()
        plate = flatness.back(self.length, self.width)
        if other is None:
            return None if flatness.is_flat else plate
        return lambda x, y: plate(x, y) + other(x, y)

    def _mass(self, which: Side) -> float:
        material = self.side(which).material
        holes = len(self.bolt_places()) * pi / 4 * self.bolt_type()[0].hole ** 2
        return (
            (material.density if material else 0.0) * (self.length * self.width - holes) * self.height(which)
        )

    # -- checks --------------------------------------------------------------------------------------------

    def check(self, cell: Cell) -> tuple[list[Mistake], list[str]]:
        """Mistakes and warnings: bolts on the plate, clear of pouch and each other; the cell on the plate."""
        wrong = [m for n, (x, y) in self.bolt_places().items() for m in self._bolt_mistakes(n, x, y, cell)]
        wrong += [*self._crowded(), *self._spring_mistakes()]
        press = cell.regions["separator"]
        if max(abs(press.x0), press.x1) > self.length / 2 or max(abs(press.y0), press.y1) > self.width / 2:
            problem = f"the separator does not lie on the plate of {self.length:g} x {self.width:g} mm."
            wrong.append(Mistake("holder.length", problem, hint="Enlarge the plates."))
        for which in SIDES:
            spec = self.side(which)
            wrong += self._map_mistakes(which, spec, press)
        return wrong, []

    def _bolt_mistakes(self, name: str, x: float, y: float, cell: Cell) -> Iterable[Mistake]:
        size, r = self.bolt_type()[0], self.washer_outer() / 2
        at, key_ = f"({x:g}, {y:g}) mm", "holder.bolts" if self.bolts else "holder.inset"
        beyond = max(abs(x) + r - self.length / 2, abs(y) + r - self.width / 2)
        if beyond > -1e-9:
            far = (
                f"reaches {beyond:.3g} mm beyond the plate"
                if beyond > 1e-6
                else "reaches the very edge of the plate"
            )
            washer = f"its washer of {2 * r:g} mm {far}"
            problem = f"bolt {name} at {at}: {washer}"
            yield Mistake(
                key_,
                f"{problem} of {self.length:g} x {self.width:g} mm.",
                hint="Move it in, or enlarge the plate.",
            )
        apart = min(_apart(pouch.regions["pouch"], x, y) for pouch in cell.pouches())
        if apart < size.hole / 2:
            problem = f"bolt {name} at {at} overlaps the pouch outline by {size.hole / 2 - apart:.3g} mm."
            yield Mistake(key_, problem, hint="Move it out, or shrink the pouch (cell.laminate).")

    def _crowded(self) -> list[Mistake]:
        places, out = list(self.bolt_places().items()), []
        for i, (n, (x, y)) in enumerate(places):
            for m, (u, v) in places[i + 1 :]:
                if hypot(x - u, y - v) < self.washer_outer():
                    out.append(
                        Mistake(
                            "holder.bolts", f"the washers of {n} and {m} overlap.", hint="Move them apart."
                        )
                    )
        return out

    def _spring_mistakes(self) -> Iterable[Mistake]:
        size, spring = self.bolt_type()[0], self.spring
        if spring is None:
            return
        if spring.bore < size.diameter:
            problem = f"its bore of {spring.bore:g} mm does not pass the bolt {size.name}."
            yield Mistake("holder.spring", problem, hint="Use a wider spring or a thinner bolt.")
        if spring.width > self.washer_outer() + 1e-9:
            washer = f"its washer of {self.washer_outer():g} mm"
            problem = f"the spring of {spring.width:g} mm reaches beyond {washer}."
            yield Mistake("holder.washer", problem, hint=f'Write washer = "{spring.width:g} mm".')

    def _map_mistakes(self, which: Side, spec: PlateSpec, press: a.Rect) -> Iterable[Mistake]:
        heights = spec.flatness.map if spec.flatness else None
        if heights:
            x0, x1, y0, y1 = heights.outline
            if x0 > press.x0 or x1 < press.x1 or y0 > press.y0 or y1 < press.y1:
                own = getattr(self, which).flatness is not None
                problem = (
                    f"the map covers x {x0:g} to {x1:g}, y {y0:g} to {y1:g} mm, not the whole separator."
                )
                yield Mistake(
                    f"holder.{which if own else 'plate'}.flatness.map", problem, hint="Check x_unit, y_unit."
                )

    def squeeze(self, cell: Cell, force: float) -> float:
        """How much shorter [mm] a force [N] makes what lies between plates and cell, estimated."""
        return 0.0

    def closure(self, cell: Cell, force: float) -> tuple[float, float]:
        """(gap to close, what the force closes) [mm]: bending of both plates and compression of the cell."""
        r = cell.plateau
        x, y = (g.ravel() for g in np.meshgrid(np.linspace(r.x0, r.x1, 41), np.linspace(r.y0, r.y1, 41)))
        closes = cell.compliance * force / r.area + self.squeeze(cell, force)
        gap: a.Array = np.zeros(x.shape)
        for which in SIDES:
            spec = self.side(which)
            places = np.array(list(self.bolt_places().values()))
            span = float(np.prod(np.maximum(np.ptp(places, axis=0), 1.0)))
            rigidity = spec.material.E * self.height(which) ** 3 / (12 * (1 - spec.material.nu**2))
            closes += BEND * force * span / rigidity
            gap = gap + (spec.flatness.back(self.length, self.width)(x, y) if spec.flatness else 0.0)
        gap = gap + cell.thickness_variation.back(r.x1 - r.x0, r.y1 - r.y0)(x, y)
        plane = np.column_stack([np.ones_like(x), x, y])
        gap = gap - plane @ np.linalg.lstsq(plane, gap, rcond=None)[0]
        return float(np.ptp(gap)), float(closes)


def _apart(r: a.Rect, x: float, y: float) -> float:
    """Distance [mm] of a point from a rectangle, negative inside."""
    dx, dy = max(r.x0 - x, x - r.x1), max(r.y0 - y, y - r.y1)
    return hypot(max(dx, 0.0), max(dy, 0.0)) if max(dx, dy) > 0 else max(dx, dy)


def cathode_planes(cell: Cell, pixel: float) -> tuple[a.Plane, ...]:
    """A plane over each cathode layer: "cathode", or by pouch and layer where there are several.

    Pixels of about 0.5 mm or more, whole multiples of those of the contact: what film would resolve.
    """
    pixel *= max(1, round(0.5 / pixel))
    found = cathodes(cell)
    one = len(cell.pouches()) == 1
    return tuple(
        a.Plane(place.split(".")[1] if one else place.replace(".", "_"), place, r, pixel)
        for place, r in found.items()
    )
