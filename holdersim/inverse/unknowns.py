"""What is sought: low-order shapes of the faces that meet, bolt forces; where the paper lay, and its scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator

from ..errors import CaseError, Mistake, PhysicsRefused
from ..schema import Entry, key, nearest, refuse
from ..study.response import Response
from ..units import Length, SmallLength

Array = NDArray[np.float64]
PLACE, SCALE = ("turn of the paper", "shift along x", "shift along y"), "scale of the paper"


def _pixels(value: Any) -> Any:
    if isinstance(value, tuple):
        return value
    try:
        x1, y1, x2, y2 = (float(v) for v in str(value).split(","))
    except ValueError:
        raise refuse("must be four numbers with commas.", "Write x1,y1,x2,y2 in pixels.") from None
    return x1, y1, x2, y2


class Priors(Entry):
    """What is known before the paper is seen: standard deviations."""

    flatness: SmallLength = key(doc="peak to valley of each shape of the faces")
    rise: SmallLength = key(doc="wedge: rise across the face, along x and along y")
    bolts: float = key(doc="scatter of each bolt's force, as a share", gt=0.0, le=1.0)
    order: int = key(2, "highest power of the shapes: 2 (dish, saddle, twist) or 3", ge=2, le=3)
    face: str | None = key(
        None, "interface at which the shapes of both plates are put; the uppermost unless told"
    )
    patchy: float = key(
        0.05, "scatter of a square that neither film nor model explains, as a share (assumed)", ge=0.0, le=0.5
    )
    ends: Annotated[tuple[float, float, float, float], BeforeValidator(_pixels)] = key(
        doc="pixels x1,y1,x2,y2 of the ends of the map's middle line along x, as marked on the paper"
    )
    place: Length = key("0.2 mm", "where the paper lay, along x and along y (assumed)")
    alike: Length = key("3 mm", "distance over which that scatter is alike (assumed)")


@dataclass(frozen=True)
class Unknowns:
    """Unknowns by name with unit and standard deviation before the paper is seen; shapes (n, k) [mm] for 1 um."""

    names: tuple[str, ...]
    units: tuple[str, ...]
    spread: Array
    shapes: Array
    nominal: Array

    @property
    def size(self) -> int:
        """Number of unknowns."""
        return len(self.names)

    @property
    def gaps(self) -> int:
        """Number of shapes; the bolts follow, then the paper's place, then its scale."""
        return self.shapes.shape[1]

    def values(self, z: Array) -> Array:
        """Values (..., size): shapes [um], bolts and scale as factors minus 1 [%], turn [mrad], shifts [mm]."""
        out = z * self.spread
        share = [k for k, unit in enumerate(self.units) if unit == "%"]
        out[..., share] = 100 * np.expm1(out[..., share])
        return np.asarray(out)

    def gap(self, z: Array) -> Array:
        """Change of the initial gaps (n,) [mm]."""
        return np.asarray(self.shapes @ (z * self.spread)[: self.gaps])

    def forces(self, z: Array) -> Array:
        """Bolt forces (m,) [N]."""
        return np.asarray(self.nominal * np.exp((z * self.spread)[self.pulls]))

    @property
    def pulls(self) -> slice:
        """Places of the bolts among the unknowns."""
        return slice(self.gaps, self.gaps + len(self.nominal))

    def place(self, z: Array) -> Array:
        """Turn [rad] of the paper from where it was thought, and shifts along x and y [mm]."""
        return np.asarray((z * self.spread)[-4:-1] * (1e-3, 1.0, 1.0))

    def scale(self, z: Array) -> float:
        """Factor of what the paper reads."""
        return float(np.exp(z[-1] * self.spread[-1]))


def unknowns(response: Response, nominal: Array, priors: Priors, scale: float) -> Unknowns:
    """Unknowns of a holder; nominal: bolt forces (m,) [N]; scale: standard deviation of ln of the paper's factor."""
    if not response.bolts:
        raise PhysicsRefused(
            "a holder without bolts has neither bolt forces nor plates that a paper could tell of"
        )
    joints = response.model.joints
    face = priors.face or list(joints)[-1]
    if face not in joints:
        raise CaseError(
            "paper infer", [Mistake("--face", "is no interface.", f'"{face}"', nearest(face, joints))]
        )
    names, shapes = _shapes(response, face, priors.order)
    wedges = [n.startswith("wedge") for n in names]
    spread = np.where(wedges, 1000 * priors.rise, 1000 * priors.flatness)
    region = joints[face].interface.region
    turn = np.sqrt(2.0) * priors.place / (region.x1 - region.x0)  # two marks, each as far off as the paper
    bolts = np.full(len(nominal), np.sqrt(np.log1p(priors.bolts**2)))
    return Unknowns(
        (*names, *(f"force of {n}" for n in response.bolts), *PLACE, SCALE),
        (*("um" for _ in names), *("%" for _ in nominal), "mrad", "mm", "mm", "%"),
        np.concatenate([spread, bolts, [1000 * turn], 2 * [priors.place], [scale]]),
        shapes,
        nominal,
    )


def _shapes(response: Response, face: str, order: int) -> tuple[list[str], Array]:
    """Names and gaps (n, k) [mm] of shapes of 1 um peak to valley on the rectangle of an interface."""
    j = response.model.joints[face]
    r = j.interface.region
    x, y = (c[j.pixels] for c in j.grid.centres)
    a, b = (r.x1 - r.x0) / 2, (r.y1 - r.y0) / 2
    x, y = x - (r.x0 + r.x1) / 2, y - (r.y0 + r.y1) / 2
    u, v = x / a, y / b
    found = {
        "wedge along x": u / 2,
        "wedge along y": v / 2,
        "dish": 1 - (x**2 + y**2) / (a**2 + b**2),
        "saddle": (u**2 - v**2) / 2,
        "twist": u * v / 2,
    }
    if order == 3:
        found |= {"cubic along x": (5 * u**3 - 3 * u) / 4, "cubic along y": (5 * v**3 - 3 * v) / 4}
    out = np.zeros((response.pixels, len(found)))
    out[j.span] = 1e-3 * np.column_stack(list(found.values()))
    return list(found), out
