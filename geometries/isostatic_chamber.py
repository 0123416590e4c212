"""A vessel with a bolted lid in which a fluid presses on all faces of the cell: the isostatic chamber."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import ceil, cos, hypot, pi, sin
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from holdersim import assembly as a
from holdersim import chamber, fasteners, outlines
from holdersim.cell import Cell
from holdersim.errors import Mistake
from holdersim.fluid import AnyFluid, Charge
from holdersim.holder import Holder, MeshSizes
from holdersim.materials.choice import Material
from holdersim.piles import cell_solids
from holdersim.schema import key, refuse
from holdersim.uniaxial import cathode_planes
from holdersim.units import Length, Pressure

if TYPE_CHECKING:
    from holdersim.state import State

WETTED = ("bottom", "top", "ramps", "sides")
"""Faces of a pouch that the fluid reaches: all, those between the pouches of a pile too."""

LAND = 1.0
"""Metal [mm] between cavity and gland, and between gland and bolt holes; assumed."""

EDGE = 1.0
"""Least distance [mm] of a washer from wall and rim; assumed."""

PROOF = 0.75
"""Share of the proof load to which bolts are usually tightened; assumed."""

BoltName = Literal["M3", "M4", "M5", "M6", "M8", "M10", "M12", "M16"]


class IsostaticChamber(Holder):
    """A round or rectangular vessel, its lid on an O-ring, and a fluid inside; the cell lies on the floor."""

    shape: Literal["cylinder", "box"] = key("cylinder", "round or rectangular in plan")
    diameter: Length | None = key(None, "inside, of a cylinder: 74 mm, the paper's pouch with 3 mm around it")
    length: Length | None = key(
        None, "inside along x, of a box: 66 mm, the paper's pouch with 3 mm around it"
    )
    width: Length | None = key(None, "inside along y, of a box: 36 mm")
    depth: Length = key("20 mm", "inside, from the floor to the lid")
    wall: Length = key("8 mm", "wall")
    bottom: Length = key("12 mm", "floor")
    flange: Length = key("12 mm", "height of the flange")
    lid: Length = key("16 mm", "lid")
    material: Material = key("SS304", "alloy of vessel and lid")
    bolts: Annotated[int, Field(ge=4, le=48, multiple_of=2)] = key(8, "number of lid bolts, even")
    bolt: BoltName = key("M6", "size of the bolts")
    bolt_class: Literal["8.8", "10.9", "A2-70"] = key("8.8", "strength class of the bolts")
    seal: chamber.ORing = key({}, "O-ring")
    fluid: AnyFluid = key({"kind": "regulated"}, "what fills it: regulated, closed_gas or liquid")
    rating: Pressure = key("5 MPa", "greatest gauge pressure the chamber is built for")
    fittings: chamber.Fittings = key({}, "masses of port, gauge, valve and feed-through")

    @model_validator(mode="after")
    def _sizes(self) -> Self:
        other = ("length", "width") if self.shape == "cylinder" else ("diameter",)
        given = [n for n in other if getattr(self, n) is not None]
        if given:
            raise refuse(f"a {self.shape} has no {' and '.join(given)}.", "Remove it, or change the shape.")
        if self.depth <= self.flange:
            raise refuse("the flange is as high as the chamber is deep.", "Raise depth, or lower flange.")
        return self

    # -- outlines ------------------------------------------------------------------------------------------

    @property
    def inner(self) -> a.Outline:
        """Outline of the cavity."""
        if self.shape == "cylinder":
            return a.Round((self.diameter or 74.0) / 2)
        return a.Rect.centred(self.length or 66.0, self.width or 36.0)

    @property
    def seal_line(self) -> a.Outline:
        """Middle of the O-ring, its gland LAND away from the cavity."""
        return outlines.grown(self.inner, LAND + self.seal.groove / 2)

    @property
    def bolt_line(self) -> a.Outline:
        """Line of the bolts: washers clear of the wall, holes clear of the gland."""
        size = self.bolt_type()[0]
        beside_wall = self.wall + size.washer_outer / 2 + EDGE
        return outlines.grown(self.inner, max(beside_wall, 2 * LAND + self.seal.groove + size.hole / 2))

    @property
    def rim(self) -> a.Outline:
        """Outline of flange and lid."""
        size = self.bolt_type()[0]
        return outlines.grown(self.bolt_line, max(size.washer_outer / 2 + EDGE, 1.25 * size.diameter))

    # -- bolts ---------------------------------------------------------------------------------------------

    def bolt_type(self) -> tuple[fasteners.BoltSize, fasteners.BoltClass]:
        """Size and strength class of the bolts."""
        return fasteners.SIZES[self.bolt], fasteners.CLASSES[self.bolt_class]

    def bolt_places(self) -> dict[str, tuple[float, float]]:
        """Places of the bolts: evenly around a circle, or at the corners and evenly along the sides of a box."""
        line = self.bolt_line
        if isinstance(line, a.Round):
            angles = [2 * pi * (i + 0.5) / self.bolts for i in range(self.bolts)]
            found = [(line.radius * cos(t), line.radius * sin(t)) for t in angles]
        else:
            found = chamber.around(line, self.bolts // 2)
        return {f"b{i}": (round(x, 9) + 0.0, round(y, 9) + 0.0) for i, (x, y) in enumerate(found, 1)}

    @property
    def grip(self) -> float:
        """Length [mm] of bolt between head and nut."""
        return self.flange + self.lid + 2 * self.bolt_type()[0].washer_thickness

    # -- assembly ------------------------------------------------------------------------------------------

    def build(self, cell: Cell, mesh: MeshSizes, symmetry: tuple[str, ...] = ()) -> a.Assembly:
        """Cell on the floor at z = 0, vessel around it, lid (turned over) on the flange, cathode planes."""
        cells, _ = cell_solids(cell, mesh, symmetry)
        rim = outlines.box(self.rim)
        pixel = mesh.plate_coarse
        region = a.Rect.centred(*(2 * pixel * ceil(v / pixel + 0.01) for v in (rim.x1, rim.y1)))
        flange = a.Interface("flange", "vessel.press", "lid.press", region, pixel)
        wetted = tuple(replace(s, fluid=WETTED) for s in cells)
        metal = tuple(
            a.Solid(name, shape, self.material, 2, z, name == "lid", symmetry, fluid=("inside",))
            for name, shape, z in (
                ("vessel", self.vessel(mesh), -self.bottom),
                ("lid", self.cover(mesh), self.depth + self.lid),
            )
        )
        planes = cathode_planes(cell, mesh.pixel)
        names = {place: name for name, place in self.bolt_places().items()}
        bolts = fasteners.bolts(
            self.bolt_places(), lambda n: (f"vessel.seat:{n}", f"lid.seat:{n}"), self.bolt_type(), self.grip,
            self.flange + self.lid, symmetry,
        )  # fmt: skip
        return a.Assembly((*wetted, *metal), (flange,), bolts, symmetry, cell.regions,
                          self.masses(), names, planes)  # fmt: skip

    def vessel(self, mesh: MeshSizes) -> a.Vessel:
        """Floor, wall and flange."""
        inner = self.inner
        wall, size = outlines.grown(inner, self.wall), mesh.plate_coarse * 0.6
        tall = self.depth - self.flange
        low = a.Slab(self.bottom, wall, None, mesh.plate_layers)
        middle = a.Slab(tall, wall, inner, max(mesh.plate_layers, round(tall / size)))
        top = a.Slab(self.flange, self.rim, inner, mesh.plate_layers)
        return self._bored((low, middle, top), size)

    def cover(self, mesh: MeshSizes) -> a.Vessel:
        """The lid, press face up."""
        slab = a.Slab(self.lid, self.rim, None, mesh.plate_layers)
        return self._bored((slab,), mesh.plate_coarse * 0.6)

    def _bored(self, slabs: tuple[a.Slab, ...], size: float) -> a.Vessel:
        bolt, places = self.bolt_type()[0], self.bolt_places().items()
        holes = tuple(a.Hole(x, y, bolt.hole) for _, (x, y) in places)
        seats = tuple(a.Seat(n, x, y, bolt.hole, bolt.washer_outer) for n, (x, y) in places)
        return a.Vessel(slabs, self.seal_line, holes, seats, size, size)

    def masses(self) -> dict[str, float]:
        """Masses [t] by part; gland and ports count as metal."""
        size = self.bolt_type()[0]
        rim = outlines.area(self.rim) - self.bolts * pi / 4 * size.hole**2
        inner = self.inner
        wall = outlines.area(outlines.grown(inner, self.wall))
        body = (
            wall * (self.bottom + self.depth - self.flange)
            + rim * self.flange
            - outlines.area(inner) * self.depth
        )
        ring = outlines.perimeter(self.seal_line) * pi / 4 * self.seal.cord**2 * chamber.RUBBER
        bolt = fasteners.mass(size, self.grip)
        out = {
            "vessel": self.material.density * body,
            "lid": self.material.density * rim * self.lid,
            "o_ring": ring,
        }
        return out | {f"bolt b{i}": bolt for i in range(1, self.bolts + 1)} | self.fittings.masses()

    def free_volume(self, cell: Cell) -> float:
        """Volume [mm3] of the fluid: cavity less cell."""
        solid = sum(la.thickness * la.footprint.area for la in cell.layers())
        return outlines.area(self.inner) * self.depth - solid

    # -- checks --------------------------------------------------------------------------------------------

    def check(self, cell: Cell) -> tuple[list[Mistake], list[str]]:
        """Mistakes and warnings: the cell in the cavity; bolts, lid, wall and ring at the rating; stored energy."""
        wrong = [*self._fit(cell), *self._crowded(), *self._bolt_strength()]
        stored = self.fluid.warnings(self.rating, self.free_volume(cell))
        return wrong, [*self._strength(), *self.seal.warnings(self.rating), *stored]

    def fluid_check(self, where: str, pressure: float, cell: Cell) -> tuple[list[Mistake], list[str]]:
        """Mistakes and warnings of a step that sets the fluid's pressure [MPa]."""
        if pressure > self.rating * (1 + 1e-9):
            problem = f"{pressure:g} MPa is above the rating of {self.rating:g} MPa."
            return [Mistake(where, problem, hint="Lower the pressure, or raise holder.rating.")], []
        return [], []

    def warmed(
        self, cell: Cell, pressure: float, temperature: float, grown: float = 0.0, shut: float | None = None
    ) -> float:
        """Gauge pressure [MPa] of a charge filled in at `pressure` at another temperature [K], with a grown cell.

        What vessel and cell give way is left out: thousands of times less than gas needs; for a liquid the change is
        overstated, by how much fluid.settled tells.
        """
        volume = self.free_volume(cell)
        charge = Charge(pressure, shut or self.shut_at or temperature, volume)
        return self.fluid.pressure(charge, temperature, volume - grown)

    @property
    def shut_at(self) -> float | None:
        """Temperature [K] at which the valve is closed; None with a regulator."""
        return getattr(self.fluid, "temperature", None)

    def findings(self, cell: Cell, state: State) -> dict[str, float]:
        """Pressure, seal and stored energy of a solved state."""
        p, volume = state.amounts.get("pressure", 0.0), self.free_volume(cell)
        leak = self.sealed(state, p)
        out = {
            "fluid pressure [MPa]": p,
            "volume of the fluid [mL]": volume / 1e3,
            "stored energy [J]": self.fluid.energy(p, volume) if p > 0 else 0.0,
            "joint opening at the O-ring [um]": 1e3 * leak.separation,
            "squeeze left of the O-ring [-]": leak.squeeze,
        }
        return out | (
            {"contact stress of the O-ring / fluid pressure [-]": leak.contact_stress / p} if p > 0 else {}
        )

    def sealed(self, state: State, pressure: float) -> chamber.Leak:
        """The O-ring in a solved state under a gauge pressure [MPa]."""
        joint = state.joint("flange")
        x, y = (c.reshape(joint.grid.shape) for c in joint.grid.centres)
        opened = chamber.separation(self.seal_line, x, y, state.gap("flange"), joint.grid.pixel)
        return chamber.leak(self.seal, opened, pressure)

    def _fit(self, cell: Cell) -> Iterable[Mistake]:
        inner = self.inner
        what, size = ("diameter", f"a bore of {2 * inner.radius:g} mm") if isinstance(inner, a.Round) else (
            "length", f"a cavity of {inner.x1 - inner.x0:g} x {inner.y1 - inner.y0:g} mm")  # fmt: skip
        for p in cell.pouches():
            pouch = p.regions["pouch"]
            if not outlines.within(pouch, inner):
                text = f"the pouch of {pouch.x1 - pouch.x0:g} x {pouch.y1 - pouch.y0:g} mm"
                problem = f"{text} does not fit into {size}."
                yield Mistake(f"holder.{what}", problem, hint="Enlarge the chamber, or centre the pouch.")
        if any(p.cell.film and not p.cell.film.sealed for p in cell.pouches()):
            problem = "a fluid wets paper that lies outside of the pouch."
            yield Mistake(
                "cell.film.sealed", problem, hint="Write sealed = true: in the pouch, against the cell."
            )
        if cell.thickness >= self.depth:
            problem = f"the cell is {cell.thickness:.3g} mm high, the chamber {self.depth:g} mm deep."
            yield Mistake("holder.depth", problem, hint="Deepen the chamber.")

    def _crowded(self) -> Iterable[Mistake]:
        places = list(self.bolt_places().values())
        pitch = min(hypot(x - u, y - v) for i, (x, y) in enumerate(places) for u, v in places[:i])
        if pitch < self.bolt_type()[0].washer_outer:
            problem = f"{self.bolts} bolts stand {pitch:.3g} mm apart, their washers overlap."
            yield Mistake("holder.bolts", problem, hint="Take fewer or smaller bolts.")

    def _bolt_strength(self) -> Iterable[Mistake]:
        size, strength = self.bolt_type()
        load, can = self.lid_force(self.rating), PROOF * self.bolts * fasteners.proof_load(size, strength)
        if load > can:
            text = f"{self.bolts} bolts {size.name}-{strength.name} hold {can / 1e3:.3g} kN at {100 * PROOF:g} % proof"
            problem = f"{text}, the lid is lifted with {load / 1e3:.3g} kN at {self.rating:g} MPa."
            yield Mistake("holder.bolts", problem, hint="Take more or larger bolts.")

    def lid_force(self, pressure: float) -> float:
        """Force [N] with which the fluid lifts the lid, p times the area inside the seal line."""
        return pressure * outlines.area(self.seal_line)

    def _strength(self) -> Iterable[str]:
        stress, p, inner = chamber.allowable(self.material), self.rating, self.inner
        if stress is None or stress <= 0.6 * p:
            yield f"holder.material: no allowable stress for {self.material.name}, wall and lid are not checked"
            return
        arm = outlines.box(self.bolt_line).x1 - outlines.box(self.seal_line).x1
        lid = chamber.flat_cover(self.seal_line, arm, p, stress)
        if self.lid < lid:
            yield f"holder.lid: {self.lid:g} mm, a flat cover by UG-34 needs {lid:.3g} mm at {p:g} MPa"
        if isinstance(inner, a.Round):
            wall = chamber.round_wall(inner.radius, p, stress)
            if self.wall < wall:
                yield f"holder.wall: {self.wall:g} mm, a round wall by UG-27 needs {wall:.3g} mm at {p:g} MPa"
        elif (found := chamber.frame_stress(inner, self.wall, p)) > 1.5 * stress:
            limit = f"1.5 S is {1.5 * stress:.4g} MPa"
            yield f"holder.wall: {found:.4g} MPa in a long box of {self.wall:g} mm by Appendix 13, {limit}"
