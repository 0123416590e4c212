"""An assembly's bodies tied together: who meets whom on which pixels, and one numbering of all link forces.

Order of the link forces x: normal forces of all joints, bolts, then the tangential forces of joints with friction
(all along x, all along y, joint by joint).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .assembly import Assembly, LayerStack, Plane, Solid
from .body import Body
from .errors import GeometryError, PhysicsRefused
from .geometry.mesh import mesh_shape
from .grid import PressureGrid
from .joint import Joint, initial_gap
from .materials.rubber import Rubber
from .superelement import Condenser, Links, Superelement, check_resolution, link_columns

if TYPE_CHECKING:
    from .growthbody import GrowthBody
    from .softbody import SoftBody
    from .wholebody import WholeBody

Array = NDArray[np.float64]
Index = NDArray[np.int64]
log = logging.getLogger(__name__)

OWN = {"own": 1.0}
"""Amounts of what bodies suffer by themselves when nothing else is said: their own loads, no fluid."""


def build_body(solid: Solid) -> Body:
    """Mesh one linear solid and make its finite-element body."""
    return Body(solid, mesh_shape(solid.shape, solid.symmetry))


def build_whole(solid: Solid) -> SoftBody | WholeBody | GrowthBody:
    """Mesh one solid and make a body that is not condensed: of rubber, of layers with a law, or linear among rubber."""
    from .softbody import SoftBody
    from .wholebody import WholeBody

    if solid.inelastic:
        from .growthbody import GrowthBody

        return GrowthBody(solid, mesh_shape(solid.shape, solid.symmetry))
    kind = SoftBody if isinstance(solid.material, Rubber) else WholeBody
    return kind(solid, mesh_shape(solid.shape, solid.symmetry))


@dataclass(frozen=True)
class Part:
    """One superelement in the assembly: its own columns `own` stand at `at` in the global vector; sorted by `order`."""

    condenser: Condenser
    element: Superelement
    own: Index
    at: Index
    order: Index
    basis: Array


@dataclass(frozen=True)
class WholePart:
    """A body that is not condensed: columns (dofs, m) of unit forces at its links, at `at` in the vector."""

    body: SoftBody | WholeBody | GrowthBody
    columns: sp.csc_matrix
    at: Index


class Network:
    """All bodies of an assembly, reduced or whole, and the links between them.

    compliance (size, size), modes (size, r): sums over the linear bodies; free {load: (size,)}, load {load: (r,)}.
    """

    def __init__(self, assembly: Assembly, cache: Path | None, keep: bool, tell: Callable[[str], None]):
        self.assembly = assembly
        grids = {i.name: PressureGrid.over(i.region, i.pixel, assembly.symmetry) for i in assembly.interfaces}
        self.levels = {
            p.name: PressureGrid.over(p.region, p.pixel, assembly.symmetry) for p in assembly.planes
        }
        condensers: dict[str, Condenser] = {}
        elements: dict[str, Superelement] = {}
        whole: dict[str, tuple[SoftBody | WholeBody | GrowthBody, sp.csc_matrix]] = {}
        rubber = any(isinstance(s.material, Rubber) for s in assembly.solids)
        sides: dict[str, tuple[Links, tuple[Array, ...], tuple[bool, ...]]] = {}
        for solid in assembly.solids:
            links = self._links(solid, grids)
            stacked = isinstance(solid.shape, LayerStack)
            if isinstance(solid.material, Rubber) or solid.inelastic or (rubber and stacked):
                tell(f"body of {solid.name}")
                body = build_whole(solid)
                columns, covered, fine = link_columns(body, links)
                whole[solid.name] = body, columns
            else:
                tell(f"superelement of {solid.name}")
                condensers[solid.name] = Condenser(solid, links, build_body, cache)
                made = elements[solid.name] = condensers[solid.name].get(keep=keep)
                covered, fine = made.covered, made.fine
            sides[solid.name] = links, covered, fine
        self.joints = self._join(grids, sides)
        self.pixels = sum(len(j.pixels) for j in self.joints.values())
        self.bolts = slice(self.pixels, self.pixels + len(assembly.bolts))
        self.size = self.bolts.stop + sum(2 * len(j.pixels) for j in self.joints.values() if j.slide >= 0)
        self.gap = np.zeros(self.size)
        for j in self.joints.values():
            self.gap[j.span] = j.gap
        self.parts: dict[str, Part] = {}
        self.rigid_at: dict[str, slice] = {}
        self._sum(condensers, elements)
        self.whole = {n: self._whole_part(n, b, sides[n], c) for n, (b, c) in whole.items()}

    def _links(self, solid: Solid, grids: dict[str, PressureGrid]) -> Links:
        mine = [(face, i) for i in self.assembly.interfaces for face in _faces_of(solid, i.below, i.above)]
        seats = [f for b in self.assembly.bolts for s in b.seats for f in _faces_of(solid, s)]
        inside = [
            (layer, self.levels[p.name]) for p in self.assembly.planes for layer in _faces_of(solid, p.layer)
        ]
        sticking = tuple(i.friction > 0 for _, i in mine)
        return Links(tuple((f, grids[i.name]) for f, i in mine), tuple(seats), sticking, tuple(inside))

    def _join(
        self,
        grids: dict[str, PressureGrid],
        known: dict[str, tuple[Links, tuple[Array, ...], tuple[bool, ...]]],
    ) -> dict[str, Joint]:
        found: dict[str, tuple[Index, Array, Array]] = {}
        for i in self.assembly.interfaces:
            sides = []
            for side in (i.below, i.above):
                name = side.split(".", 1)[0]
                if name not in known:
                    raise GeometryError(f'interface "{i.name}": there is no solid "{name}"')
                links, covered, fine = known[name]
                which = [g is grids[i.name] for _, g in links.grids].index(True)
                sides.append((covered[which], fine[which]))
            check_resolution(i.name, sides[0][1], sides[1][1])
            gap = initial_gap(i, grids[i.name])
            area = _common_area(i.name, sides[0][0], sides[1][0]) * np.isfinite(gap)
            pixels = np.flatnonzero(area)
            if not len(pixels):
                raise GeometryError(f'interface "{i.name}": the two faces do not lie over each other')
            found[i.name] = pixels, area[pixels], gap[pixels]
        joints, start = {}, 0
        slide = sum(len(p) for p, *_ in found.values()) + len(self.assembly.bolts)
        for i in self.assembly.interfaces:
            pixels, area, gap = found[i.name]
            sticks = i.friction > 0
            joints[i.name] = Joint(i, grids[i.name], pixels, area, gap, start, slide if sticks else -1)
            start += len(pixels)
            slide += 2 * len(pixels) if sticks else 0
        return joints

    def _sum(self, condensers: dict[str, Condenser], elements: dict[str, Superelement]) -> None:
        """Add the superelements up: compliance, rigid motions, free displacements, resultants of given loads."""
        self.compliance = np.zeros((self.size, self.size))
        self.free: dict[str, Array] = {}
        loads: list[dict[str, Array]] = []
        modes, count = [], 0
        for name, element in elements.items():
            own, at = self._numbering(name, condensers[name].links, element.covered)
            basis, load = _seen_modes(name, element)
            self.parts[name] = Part(condensers[name], element, own, at, np.argsort(at), basis)
            self.compliance[np.ix_(at, at)] += element.compliance[np.ix_(own, own)]
            for cause, free in element.free.items():
                self.free.setdefault(cause, np.zeros(self.size))[at] += free[own]
            block = np.zeros((self.size, basis.shape[1]))
            block[at] = element.modes[own] @ basis
            modes.append(block)
            loads.append(load)
            self.rigid_at[name] = slice(count, count + basis.shape[1])
            count += basis.shape[1]
        growth = np.array([b.growth for b in self.assembly.bolts])
        if any(s.warms for s in self.assembly.solids) and len(growth):
            self.free.setdefault("warming", np.zeros(self.size))[self.bolts] += growth
        self.modes = np.hstack(modes) if modes else np.zeros((self.size, 0))
        self.load: dict[str, Array] = {}
        for cause in {c for load in loads for c in load}:
            parts = zip(loads, modes, strict=True)
            self.load[cause] = np.concatenate([load.get(cause, np.zeros(m.shape[1])) for load, m in parts])

    def _numbering(self, name: str, links: Links, covered: tuple[Array, ...]) -> tuple[Index, Index]:
        """Columns of a body that are in use, and their places in the global vector."""
        own: list[Index] = []
        at: list[Index] = []
        base = 0
        for i, ((_, grid), mask) in enumerate(zip(links.grids, covered, strict=True)):
            joint = next(j for j in self.joints.values() if j.grid is grid)
            count = int((mask > 0).sum())
            number = np.full(grid.size, -1)
            number[np.flatnonzero(mask)] = base + np.arange(count)
            spans = joint.spans if links.sticks(i) else (joint.span,)
            for k, span in enumerate(spans):
                own.append(number[joint.pixels] + k * count)
                at.append(np.arange(span.start, span.stop))
            base += len(spans) * count
        seats = [(b, s) for b, bolt in enumerate(self.assembly.bolts) for s in bolt.seats]
        mine = [b for b, s in seats if s.split(".", 1)[0] == name]
        own.append(base + np.arange(len(mine)))
        at.append(self.bolts.start + np.array(mine, dtype=np.int64))
        return np.concatenate(own).astype(np.int64), np.concatenate(at).astype(np.int64)

    def _whole_part(
        self,
        name: str,
        body: SoftBody | WholeBody | GrowthBody,
        side: tuple[Links, tuple[Array, ...], tuple[bool, ...]],
        columns: sp.csc_matrix,
    ) -> WholePart:
        if side[0].handles:
            raise GeometryError(f'a bolt cannot sit on "{name}"')
        own, at = self._numbering(name, side[0], side[1])
        return WholePart(body, sp.csc_matrix(columns[:, own]), at)

    # -- what the bolts and the loads give -----------------------------------------------------------------

    def amounted(self, amounts: dict[str, float]) -> tuple[Array, Array]:
        """Free displacements (size,) [mm] and resultants (r,) under amounts of the bodies' own loads."""
        free = sum((amounts.get(n, 0.0) * f for n, f in self.free.items()), np.zeros(self.size))
        load = sum((amounts.get(n, 0.0) * f for n, f in self.load.items()), np.zeros(self.modes.shape[1]))
        return free, load

    @property
    def shares(self) -> Array:
        """Part of every bolt that symmetry has left."""
        return np.array([b.share for b in self.assembly.bolts])

    def stretch(self, forces: Array) -> tuple[Array, Array]:
        """Elongation [mm] of bolts with their springs under forces [N] of whole bolts, and its slope [mm/N]."""
        length, slope = np.zeros(len(forces)), np.zeros(len(forces))
        for i, (bolt, force) in enumerate(zip(self.assembly.bolts, forces, strict=True)):
            length[i], slope[i] = force / bolt.stiffness, 1.0 / bolt.stiffness
            if bolt.spring is not None:
                f = max(float(force), 0.0)
                length[i] += bolt.spring.compression(f) + (min(force, 0.0) / bolt.spring.rate(0.0))
                slope[i] += 1.0 / bolt.spring.rate(f)
        return length, slope

    def plane(self, name: str) -> Plane:
        """A named level inside a stack."""
        return next(p for p in self.assembly.planes if p.name == name)


def _faces_of(solid: Solid, *sides: str) -> list[str]:
    return [side.split(".", 1)[1] for side in sides if side.split(".", 1)[0] == solid.name]


def _common_area(name: str, below: Array, above: Array) -> Array:
    """Pixel areas [mm2] that both faces cover alike; 0 for pixels that one of them covers only in part.

    Over different parts of a pixel the two means would not balance: the pair would carry a moment of its own.
    """
    both = (below > 0) & (above > 0)
    alike = both & (np.abs(below - above) <= 1e-6 * np.maximum(below, above))
    lost = float(np.minimum(below, above)[both & ~alike].sum())
    if lost:
        share = 100 * lost / float(np.minimum(below, above).sum())
        log.warning(
            "%s: %d rim pixels (%.2g %% of the area) are left out", name, int((both & ~alike).sum()), share
        )
    return np.where(alike, below, 0.0)


def _seen_modes(name: str, element: Superelement) -> tuple[Array, dict[str, Array]]:
    """Rigid motions that the links feel, as combinations (r, s) of the body's, and the loads on them {cause: (s,)}.

    The others are idle without friction; a load along an idle motion would move the body away and is refused.
    """
    count = element.modes.shape[1]
    s: Array = np.zeros(0)
    vt: Array = np.eye(count)
    if element.modes.size:
        _, s, vt = np.linalg.svd(np.linalg.qr(element.modes, mode="r"), full_matrices=True)
    s = np.concatenate([s, np.zeros(vt.shape[0] - len(s))])
    seen = s > 1e-9 * max(s.max(initial=0.0), 1.0)
    for resultant in element.resultant.values():
        idle = vt[~seen] @ resultant
        if np.abs(idle).max(initial=0.0) > 1e-9 * max(1.0, float(np.abs(resultant).max(initial=0.0))):
            raise PhysicsRefused(f'solid "{name}" is pushed in a direction in which nothing holds it')
    return vt[seen].T, {cause: vt[seen] @ r for cause, r in element.resultant.items()}
