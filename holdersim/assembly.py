"""An assembly as plain data: solids, pressing interfaces, bolts. No mesh and no FEniCS here.

A holder builds one; an engineer may put one together by hand and solve it with the same code.
Units mm, N, MPa. Axis z is the pressing direction; faces that press are planar with normal +z or -z.

Names of faces
    Block      xmin xmax ymin ymax bottom top
    LayerStack bottom top (every level column top, terraces included) plateau (the highest) ramps sides
               surface (top and ramps: what a soft pad presses on)
    Plate      press back edge holes, and `seat:<name>` for each washer seat (on `back`)
    Vessel     press (the top outside the seal), inside (all that the fluid wets), outside, seat:<name>
    MeshFile   the surface names stored in the file
    StepPart   press, back, seat:<name>
    all        x0, y0 where cut at these symmetry planes
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .materials.elastic import Elastic
from .materials.inelastic import Inelastic
from .materials.rubber import Rubber

Array = NDArray[np.float64]
Gap = Callable[[Array, Array], Array]
"""Initial gap or surface deviation [mm] as a function of x, y [mm] (arrays in, array out)."""


Traction = tuple[float, float, float] | Callable[[Array, Array, Array], Array]
"""Traction [MPa]: a uniform vector, or a function of x, y, z [mm] (arrays) giving an array (3, ...)."""


@dataclass(frozen=True)
class Rect:
    """Axis-parallel rectangle [mm]."""

    x0: float
    x1: float
    y0: float
    y1: float

    @classmethod
    def centred(cls, length: float, width: float, x: float = 0.0, y: float = 0.0) -> Rect:
        """Rectangle `length` along x by `width` along y about (x, y)."""
        return cls(x - length / 2, x + length / 2, y - width / 2, y + width / 2)

    @property
    def area(self) -> float:
        """Area [mm2]."""
        return (self.x1 - self.x0) * (self.y1 - self.y0)

    def clip(self, other: Rect) -> Rect:
        """Common part of two rectangles."""
        return Rect(
            max(self.x0, other.x0), min(self.x1, other.x1), max(self.y0, other.y0), min(self.y1, other.y1)
        )


@dataclass(frozen=True)
class Block:
    """Box of hexahedra on given grid lines [mm]; lines need not be equidistant."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    z: tuple[float, ...]


@dataclass(frozen=True)
class Layer:
    """One layer of a pouch stack: thickness [mm], footprint, material, elements through the thickness.

    growth: how growth of its volume by a factor J is shared out, F_g = diag(J^gx, J^gy, J^gz), sum 1, and
    where, `active`, everywhere unless told; law: what it does under large strain, without one it is linear elastic.
    """

    name: str
    thickness: float
    footprint: Rect
    material: Elastic
    sublayers: int = 1
    growth: tuple[float, float, float] = (0.0, 0.0, 1.0)
    law: Inelastic | None = None
    active: Rect | None = None


@dataclass(frozen=True)
class LayerStack:
    """Terraced stack, layers listed from bottom to top, each on its own footprint.

    The stack lies flat on z = 0; a layer that overhangs a smaller one drapes down to what lies below it
    within one element. `size`: in-plane element size [mm] inside `fine`; `coarse` outside.
    """

    layers: tuple[Layer, ...]
    fine: Rect
    size: float
    coarse: float


@dataclass(frozen=True)
class Hole:
    """Through hole for a bolt [mm]."""

    x: float
    y: float
    diameter: float


@dataclass(frozen=True)
class Seat:
    """Annular washer seat on the back of a plate [mm]."""

    name: str
    x: float
    y: float
    inner: float
    outer: float


@dataclass(frozen=True)
class Plate:
    """Rectangular plate centred on the z axis: `press` face at z = 0, `back` at z = thickness.

    `footprint` is where it presses: meshed with `size`, elsewhere up to `coarse`; `layers` elements thick.
    """

    length: float
    width: float
    thickness: float
    holes: tuple[Hole, ...] = ()
    seats: tuple[Seat, ...] = ()
    footprint: Rect | None = None
    size: float = 2.0
    coarse: float = 4.0
    layers: int = 2


@dataclass(frozen=True)
class Round:
    """Circular outline [mm]."""

    radius: float
    x: float = 0.0
    y: float = 0.0


Outline = Rect | Round


@dataclass(frozen=True)
class Slab:
    """One storey of a vessel: height [mm], outer and inner outline (None: no cavity), elements through it."""

    height: float
    outer: Outline
    inner: Outline | None = None
    elements: int = 2


@dataclass(frozen=True)
class Vessel:
    """Slabs standing on each other from z = 0 up: bottom, wall and flange of a chamber; one slab is a lid.

    Inside `seal`, the line of the O-ring on the top face, the fluid presses; outside lies the face `press`. Holes go
    through the uppermost slab and seats lie on its underside. Elements of `size`, away from edges up to `coarse`.
    """

    slabs: tuple[Slab, ...]
    seal: Outline
    holes: tuple[Hole, ...] = ()
    seats: tuple[Seat, ...] = ()
    size: float = 3.0
    coarse: float = 6.0


@dataclass(frozen=True)
class MeshFile:
    """Volume mesh read with meshio (one cell type); surfaces by the names in the file, lengths times `scale` = mm."""

    path: str
    scale: float = 1.0


@dataclass(frozen=True)
class StepPart:
    """Solid from a STEP file; `press` is the name of its pressing face in the file. Seats as for Plate."""

    path: str
    press: str
    size: float
    seats: tuple[Seat, ...] = ()


Shape = Block | LayerStack | Plate | Vessel | MeshFile | StepPart


@dataclass(frozen=True)
class Solid:
    """A body: shape, material, place and what holds or loads it by itself.

    material: one Elastic or Rubber (a LayerStack carries its own); a body of rubber has large strains.
    degree: of the displacement (2 for plates and rubber, 1 for stacks).
    z: height [mm] at which the shape's z = 0 is put; flip: mirrored in z first (a top plate presses downwards).
    symmetry: faces held in their normal direction, among "x0" (plane x = 0) and "y0"; the shape is cut there.
    fixed: face name -> components held at zero ("x", "yz", "xyz").
    fixed names may be joined, "xmax&ymax" is the edge where two faces meet.
    body_force: (fx, fy, fz) [N/mm3], uniform.
    tractions: face name -> uniform (tx, ty, tz) [MPa], or a function of x, y, z.
    fluid: names of the faces on which the fluid of the assembly presses.
    swelling: layers of a stack whose growth is an amount of its own, "swell:<solid>.<layer>"; warms: whether the
    temperature is one, "warming".
    """

    name: str
    shape: Shape
    material: Elastic | Rubber | None = None
    degree: int = 2
    z: float = 0.0
    flip: bool = False
    symmetry: tuple[str, ...] = ()
    fixed: dict[str, str] = field(default_factory=dict)
    tractions: dict[str, Traction] = field(default_factory=dict)
    body_force: tuple[float, float, float] = (0.0, 0.0, 0.0)
    fluid: tuple[str, ...] = ()
    swelling: tuple[str, ...] = ()
    warms: bool = False

    @property
    def inelastic(self) -> bool:
        """Whether a layer has a law of its own: the body is then solved under large strain."""
        return isinstance(self.shape, LayerStack) and any(la.law for la in self.shape.layers)


@dataclass(frozen=True)
class Interface:
    """Two facing surfaces that may press on each other.

    below, above: "solid.face"; the grid has square pixels of side `pixel` [mm] over `region`.
    gap: initial gap [mm] at pixel centres, as a function of x, y or an array (ny, nx); None is zero, inf no contact.
    samples: points along each side of a pixel over which a gap function is averaged (steps inside a pixel).
    may_open: whether it is in order that nothing presses there.
    friction: coefficient of friction; 0 is frictionless, STICK (infinite) holds whatever is pressed.
    """

    name: str
    below: str
    above: str
    region: Rect
    pixel: float
    gap: Gap | Array | None = None
    friction: float = 0.0
    samples: int = 1
    may_open: bool = False


STICK = inf
"""Friction of faces that do not slide where they press."""


@dataclass(frozen=True)
class Plane:
    """A level inside a stack where the pressure is wanted: minus the normal stress, averaged through one layer.

    layer: "solid.layer"; the map has square pixels of side `pixel` [mm] over `region`.
    """

    name: str
    layer: str
    region: Rect
    pixel: float


class SpringLaw(Protocol):
    """What a bolt has to know of the spring under its head."""

    @property
    def solid(self) -> float:
        """Force [N] at which the spring is coil-bound or flat."""

    def compression(self, force: float) -> float:
        """Compression [mm] under a force [N]."""

    def rate(self, force: float) -> float:
        """Stiffness [N/mm] at a force [N], the slope of the characteristic."""


@dataclass(frozen=True)
class Bolt:
    """Bolt between two seats ("solid.seat:name"): axial stiffness [N/mm], place, size and strength.

    `share`: the part of the bolt present in a symmetric model (1, 1/2 or 1/4).
    `spring`: in series with the bolt, under its head; `growth`: lengthening by temperature between
    its seats [mm/K] (washers and springs are taken to lengthen as the bolt does).
    """

    name: str
    seats: tuple[str, str]
    x: float
    y: float
    stiffness: float
    diameter: float
    stress_area: float
    proof_strength: float
    yield_strength: float
    length: float
    mass: float = 0.0
    expansion: float = 0.0
    share: float = 1.0
    spring: SpringLaw | None = None
    growth: float = 0.0


@dataclass(frozen=True)
class Assembly:
    """Everything that is solved together; `symmetry` planes ("x0", "y0") have cut every solid alike.

    regions: named rectangles, the main one first; masses [t] by part; bolt_names: name of the bolt at each place of
    the whole holder, for those that symmetry has cut away.
    """

    solids: tuple[Solid, ...]
    interfaces: tuple[Interface, ...] = ()
    bolts: tuple[Bolt, ...] = ()
    symmetry: tuple[str, ...] = ()
    regions: dict[str, Rect] = field(default_factory=dict)
    masses: dict[str, float] = field(default_factory=dict)
    bolt_names: dict[tuple[float, float], str] = field(default_factory=dict)
    planes: tuple[Plane, ...] = ()
