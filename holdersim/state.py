"""A solved state of an assembly: forces, pressures, gaps, deflections, and fields recovered inside its solids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .body import von_mises
from .contact import ContactSolution
from .joint import Joint

if TYPE_CHECKING:
    from .solve import Model

Array = NDArray[np.float64]


@dataclass(frozen=True)
class State:
    """A solved state: link forces x [N] (pixels, then bolts), contact solution, and the model it belongs to.

    lengths (bolts,) [mm]: where every bolt is locked; its force is then rate * -(closing of its seats + length).
    """

    model: Model
    x: Array
    solution: ContactSolution
    rigid: Array
    lengths: Array

    def joint(self, interface: str) -> Joint:
        """The grid of an interface."""
        return self.model.joints[interface]

    def pressure(self, interface: str) -> Array:
        """Contact pressure (ny, nx) [MPa], >= 0; NaN where the faces do not meet."""
        j = self.joint(interface)
        return j.map(self.x[j.span] / j.area)

    def gap(self, interface: str) -> Array:
        """Gap (ny, nx) [mm], >= 0."""
        j = self.joint(interface)
        return j.map(self.solution.gap[j.span])

    def force(self, interface: str) -> float:
        """Force [N] through an interface, in the modelled part."""
        return float(self.x[self.joint(interface).span].sum())

    @property
    def bolts(self) -> dict[str, float]:
        """Force [N] of every whole bolt."""
        n = self.model.pixels
        return {b.name: float(self.x[n + i] / b.share) for i, b in enumerate(self.model.assembly.bolts)}

    @property
    def certificates(self) -> dict[str, float]:
        """Residuals of the contact conditions (contact.certify), relative."""
        return self.solution.certificates

    def inward(self, solid: str) -> Array:
        """Elastic part of the displacements into a solid [mm] at its links, in the frame of its supports."""
        part = self.model.parts[solid]
        return part.element.compliance[:, part.own] @ self.x[part.at] + part.element.free

    def deflection(self, interface: str, solid: str) -> Array:
        """Displacement (ny, nx) [mm] of a solid's face away from the other body, its best plane removed."""
        j, part = self.joint(interface), self.model.parts[solid]
        local = np.searchsorted(part.at[part.order], np.arange(j.span.start, j.span.stop))
        w = self.inward(solid)[part.own][part.order][local]
        cx, cy = (c[j.pixels] for c in j.grid.centres)
        columns = [np.ones_like(cx)]
        columns += [] if "x0" in self.model.assembly.symmetry else [cx]
        columns += [] if "y0" in self.model.assembly.symmetry else [cy]
        plane = np.column_stack(columns)
        return j.map(
            w - plane @ np.linalg.lstsq(plane * j.area[:, None] ** 0.5, w * j.area**0.5, rcond=None)[0]
        )

    def displacement(self, solid: str) -> Array:
        """Displacement (nodes, 3) [mm] of a solid, rigid motion included."""
        part, m = self.model.parts[solid], self.model
        forces = np.zeros(len(part.element.modes))
        forces[part.own] = self.x[part.at]
        e = part.element
        links = e.compliance @ forces + e.free + e.modes @ part.basis @ self.rigid[m.rigid_at[solid]]
        return part.condenser.displacement(forces, links)

    def stress(self, solid: str) -> tuple[Array, Array]:
        """Stress (cells, 6) [MPa], xx yy zz xy yz xz, and von Mises stress (cells,) at cell centres."""
        body = self.model.parts[solid].condenser.body
        sigma = body.stress(self.displacement(solid).ravel())
        return sigma, von_mises(sigma)
