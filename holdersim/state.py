"""A solved state of an assembly: forces, pressures, gaps, deflections, and fields recovered inside its solids."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .body import von_mises
from .contact import ContactSolution
from .joint import Joint

if TYPE_CHECKING:
    from .growthbody import GrowthState
    from .network import Network
    from .softbody import SoftState
    from .wholebody import WholeState

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Load:
    """What is given at one moment: bolt forces [N] by name, locked lengths, amounts of loads, time passed [s]."""

    given: dict[str, float]
    lengths: Array
    amounts: dict[str, float]
    seconds: float = 0.0

    def part(self, share: float, last: float, forces: dict[str, float], before: dict[str, float]) -> Load:
        """A share of the way to it from other forces and amounts; time since the share `last` of the way."""
        given = {n: forces[n] + share * (f - forces[n]) for n, f in self.given.items()}
        amounts = {n: before.get(n, 0.0) + share * (a - before.get(n, 0.0)) for n, a in self.amounts.items()}
        return Load(given, self.lengths, amounts, (share - last) * self.seconds)


@dataclass(frozen=True)
class State:
    """A solved state: link forces x [N] in the order of the network, contact solution, and the model it belongs to.

    lengths (bolts,) [mm]: where every bolt is locked; its elongation is then -(closing of its seats + length).
    amounts: of the loads that bodies suffer by themselves (fluid pressure [MPa]); time [s]; whole: whole bodies.
    """

    model: Network
    x: Array
    solution: ContactSolution
    rigid: Array
    lengths: Array
    amounts: dict[str, float] = field(default_factory=dict)
    time: float = 0.0
    whole: dict[str, SoftState | WholeState | GrowthState] = field(default_factory=dict)

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
        x = self.x[self.model.bolts]
        return {b.name: float(f / b.share) for b, f in zip(self.model.assembly.bolts, x, strict=True)}

    @property
    def closing(self) -> Array:
        """How far [mm] the seats of every bolt have moved towards each other, (bolts,)."""
        at, m = self.model.bolts, self.model
        free, _ = m.amounted(self.amounts)
        return np.asarray(m.compliance[at] @ self.x + free[at] + m.modes[at] @ self.rigid)

    @property
    def certificates(self) -> dict[str, float]:
        """Residuals of the contact conditions (contact.certify), relative."""
        return self.solution.certificates

    def inside(self, plane: str) -> Array:
        """Pressure (ny, nx) [MPa] inside a stack at a named level; NaN beyond the layer; tension is negative."""
        solid, layer = self.model.plane(plane).layer.split(".", 1)
        grid, area = self.model.levels[plane], self.inside_area(plane).ravel()
        out = np.full(grid.size, np.nan)
        if solid in self.whole:
            body: Any = self.model.whole[solid].body
            out[area > 0] = body.inside(layer, grid, self.whole[solid], self.amounts)[area > 0]
            return out.reshape(grid.shape)
        part = self.model.parts[solid]
        e, start = part.element, 0
        for (name, g), covered in zip(part.condenser.links.inside, e.layers, strict=True):
            if name == layer and g is grid:
                break
            start += int((covered > 0).sum())
        rows = slice(start, start + int((area > 0).sum()))
        forces = np.zeros(e.seen.shape[1])
        forces[part.own] = self.x[part.at]
        value = e.seen[rows] @ forces
        for cause, seen in e.seen_free.items():
            value = value + self.amounts.get(cause, 0.0) * seen[rows]
        out[area > 0] = value
        return out.reshape(grid.shape)

    def inside_area(self, plane: str) -> Array:
        """Area (ny, nx) [mm2] of the layer in every pixel of a level."""
        solid, layer = self.model.plane(plane).layer.split(".", 1)
        grid = self.model.levels[plane]
        if solid in self.whole:
            return self.model.whole[solid].body.layer_pressure(layer, grid)[1].reshape(grid.shape)
        part = self.model.parts[solid]
        for (name, g), area in zip(part.condenser.links.inside, part.element.layers, strict=True):
            if name == layer and g is grid:
                return area.reshape(grid.shape)
        raise KeyError(plane)

    def inward(self, solid: str) -> Array:
        """Elastic part of the displacements into a solid [mm] at its links, in the frame of its supports."""
        part = self.model.parts[solid]
        e = part.element
        w = e.compliance[:, part.own] @ self.x[part.at]
        for cause, free in e.free.items():
            w = w + self.amounts.get(cause, 0.0) * free
        return np.asarray(w)

    def deflection(self, interface: str, solid: str) -> Array:
        """Displacement (ny, nx) [mm] of a solid's face away from the other body, its best plane removed."""
        j = self.joint(interface)
        if solid in self.whole:
            whole = self.model.whole[solid]
            local = np.flatnonzero((whole.at >= j.span.start) & (whole.at < j.span.stop))
            w = whole.columns[:, local].T @ self.whole[solid].u
        else:
            part = self.model.parts[solid]
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
        if solid in self.whole:
            return self.whole[solid].u.reshape(-1, 3)
        part, m = self.model.parts[solid], self.model
        forces = np.zeros(len(part.element.modes))
        forces[part.own] = self.x[part.at]
        e = part.element
        links = self.inward(solid) + e.modes @ part.basis @ self.rigid[m.rigid_at[solid]]
        return part.condenser.displacement(forces, links, self.amounts)

    def stress(self, solid: str) -> tuple[Array, Array]:
        """Stress (cells, 6) [MPa], xx yy zz xy yz xz, and von Mises stress (cells,) at cell centres.

        Cauchy's where strains are large.
        """
        if solid in self.whole:
            body: Any = self.model.whole[solid].body
            sigma = body.stress(self.whole[solid], amounts=self.amounts)
        else:
            linear = self.model.parts[solid].condenser.body
            sigma = linear.stress(self.displacement(solid).ravel(), amounts=self.amounts)
        return sigma, von_mises(sigma)
