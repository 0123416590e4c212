"""What differs from one holder to the next: surfaces by their spectrum, bolt forces, wedges; as random numbers.

A surface is a sum of waves with random heights: every wave vector of the lattice 2 pi / longest between the longest and
the shortest wavelength, its variance falling as 1 / k^(2 + 2 roughness) (self-affine, isotropic; the form is assumed).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi

import numpy as np
from numpy.typing import NDArray

from ..assembly import LayerStack, Plate
from ..schema import Entry, key
from ..solve import Model
from ..units import Length, SmallLength

Array = NDArray[np.float64]
MOST_WAVES = 2000
"""Wave vectors that a surface may have."""


class Surface(Entry):
    """A random surface by its spectrum."""

    rms: SmallLength = key(doc="root mean square of the deviation, a mean over all holders")
    longest: Length = key(doc="longest wave")
    shortest: Length = key(doc="shortest wave")
    roughness: float = key(0.8, "exponent H: variance of a wave falls as 1 / k^(2 + 2 H)", ge=0.0, le=1.5)
    spread: float = key(0.0, "standard deviation of the rms from holder to holder over its mean", ge=0, le=2)

    def waves(self) -> tuple[Array, Array]:
        """Wave vectors (w, 2) [1/mm] of one half plane and the standard deviation (w,) [mm] of their heights."""
        most = int(self.longest / self.shortest + 1e-9)
        i, j = (g.ravel() for g in np.meshgrid(np.arange(-most, most + 1), np.arange(most + 1)))
        size = np.hypot(i, j)
        half = (size >= 1) & (size <= self.longest / self.shortest + 1e-9) & ((j > 0) | (i > 0))
        k = 2 * pi / self.longest * np.column_stack([i, j])[half]
        share = size[half] ** -(2 + 2 * self.roughness)
        return k, self.rms * np.sqrt(share / share.sum())

    def shapes(self, x: Array, y: Array) -> Array:
        """Heights (n, 2 w) [mm] of cosines and sines at points, each for a random number of variance 1."""
        k, height = self.waves()
        phase = np.column_stack([x, y]) @ k.T
        return np.hstack([height * np.cos(phase), height * np.sin(phase)])


class Bolts(Entry):
    """Scatter of the bolt forces."""

    scatter: float = key(doc="standard deviation of a bolt's force over its mean", gt=0.0, le=0.6)


class Wedge(Entry):
    """Faces that are not parallel."""

    rise: SmallLength = key(doc="standard deviation of the rise across each interface, along x and along y")


class Scatter(Entry):
    """All that is scattered."""

    plates: Surface | None = key(None, "press face of every plate")
    thickness: Surface | None = key(None, "thickness of every pouch")
    bolts: Bolts | None = key(None, "bolt forces")
    wedge: Wedge | None = key(None, "wedge")


@dataclass(frozen=True)
class Source:
    """One independent cause: gap (n, w) [mm] by random numbers of variance 1 times a common factor of mean square
    `square`, or relative bolt forces (m, w)."""

    name: str
    gap: Array | None = None
    force: Array | None = None
    spread: float = 0.0

    @property
    def square(self) -> float:
        """Mean square of the common factor."""
        return 1.0 + self.spread**2

    def draw(self, count: int, random: np.random.Generator) -> tuple[Array | None, Array | None]:
        """Gaps (count, n) [mm] and factors on the bolt forces (count, m)."""
        if self.force is not None:  # lognormal, of mean 1: a nut only pulls
            rate = np.sqrt(np.log1p(np.diag(self.force @ self.force.T)))
            return None, np.exp(rate * random.normal(size=(count, len(rate))) - rate**2 / 2)
        assert self.gap is not None
        z = random.normal(size=(count, self.gap.shape[1]))
        if self.spread:
            s = log(1 + self.spread**2) ** 0.5
            z *= np.exp(s * random.normal(size=(count, 1)) - s**2 / 2)
        return z @ self.gap.T, None


def sources(scatter: Scatter, model: Model) -> list[Source]:
    """Causes of a model: each plate's face, each pouch's thickness, the bolts, the wedges."""
    found: list[Source] = []
    shapes = {s.name: s.shape for s in model.assembly.solids}
    for j in model.joints.values():
        x, y = (c[j.pixels] for c in j.grid.centres)
        below, above = (side.split(".")[0] for side in (j.interface.below, j.interface.above))
        faces: list[tuple[str, Surface]] = []
        if scatter.plates:
            faces += [
                (f"flatness of {n}", scatter.plates) for n in (below, above) if isinstance(shapes[n], Plate)
            ]
        if scatter.thickness and isinstance(shapes[below], LayerStack):
            faces.append((f"thickness of {below}", scatter.thickness))
        for name, surface in faces:
            found.append(Source(name, _at(model, j.span, surface.shapes(x, y)), None, surface.spread))
        if scatter.wedge:
            r = j.interface.region
            tilt = np.column_stack([x / (r.x1 - r.x0), y / (r.y1 - r.y0)])
            found.append(
                Source(f"wedge of {j.interface.name}", _at(model, j.span, scatter.wedge.rise * tilt))
            )
    if scatter.bolts and model.assembly.bolts:
        found.append(Source("bolt forces", None, scatter.bolts.scatter * np.eye(len(model.assembly.bolts))))
    return found


def _at(model: Model, span: slice, shapes: Array) -> Array:
    out = np.zeros((model.pixels, shapes.shape[1]))
    out[span] = shapes
    return out
