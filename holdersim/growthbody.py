"""A stack whose layers grow, flow and creep under large strain: forces and tangent for Newton's method.

F = F_e F_p F_g with F_g = (1 + expansion * warming) diag(J^gx, J^gy, J^gz), see `plasticity`. Hexahedra of degree 1,
2 x 2 x 2 points. The change of volume is taken at the points too, not by its mean over an element: with the mean a film
one element thick that flows bulges from element to element at no cost, and no equilibrium is found. At the points, flow
squeezed between rough plates (E/Y = 200) is 6, 3 and 2 % stiffer at 2, 4, 8 elements through it than with the mean. At
small strain the tangent is the stiffness of `Body`.

A fluid presses on the faces where they lie now; it is taken to be all around the body.

Layers without a law of their own are elastic. Stress is per volume free of stress: after growth by J a layer is as
stiff and as strong per its new volume as its law says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from . import _dolfinx as dx
from .assembly import Solid
from .body import Body
from .errors import GeometryError, NotConvergedError, PhysicsRefused
from .grid import PressureGrid
from .plasticity import PointLaw, Response, respond, strain_rates
from .softelement import block_pattern

if TYPE_CHECKING:
    from .geometry.mesh import MeshData

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Amounts = Mapping[str, float] | None

TURNING = np.diag([-2.0, -2.0, -2.0, -1.0, -1.0, -1.0]) + np.pad(np.ones((3, 3)), (0, 3))
"""Moduli of a pressure that turns and grows with the faces, I x I - 2 sym, per p J; shears twice."""

CHUNK = 512
"""Cells linearised at a time."""


@dataclass(frozen=True)
class GrowthState:
    """A body of growing layers at one moment.

    u (dofs,) displacement [mm]; metric (cells, 8, 3, 3): inverse plastic metric C_p^-1; inelastic (cells, 8):
    plastic and creep strain accumulated, elastic (cells, 8): equivalent stress / 3 G [-]; volume (cells,): growth J_g;
    these four of the last accepted step, at time [s].
    """

    u: Array
    metric: Array
    inelastic: Array
    elastic: Array
    volume: Array
    time: float = 0.0


@dataclass(frozen=True)
class Present:
    """Points under given amounts: growth (cells, 8, 3), diagonal of F_g; its volume J_g (cells, 8); law of each."""

    growth: Array
    volume: Array
    law: PointLaw


class GrowthBody(Body):
    """Finite-element model of one stack (or block) that grows, on hexahedra with 8 nodes."""

    def __init__(self, solid: Solid, mesh: MeshData):
        if solid.degree != 1 or mesh.cell != "hexahedron":
            raise GeometryError(f'layers that grow ("{solid.name}") need hexahedra of degree 1')
        super().__init__(solid, mesh)

    def load_columns(self) -> dict[str, Array]:
        """Nodal forces (dofs,) of own loads and of the fluid; growth and warming are no loads here."""
        return {cause: f for cause, f in super().load_columns().items() if cause in ("own", "pressure")}

    # -- tables ----------------------------------------------------------------------------------------------

    @cached_property
    def _points_of_cells(self) -> tuple[Array, Array]:
        """Gradients of the shape functions (cells, 8, 3, 8) [1/mm] and volumes (cells, 8) [mm3] of the points."""
        places = _places()
        shape = dx.tabulate(self.element, 1, places)[1:].transpose(1, 0, 2)
        geometry = dx.tabulate(dx.scalar_element(self.domain, 1), 1, places)
        jacobian = np.einsum("kqv,cvd->cqkd", geometry[1:], self._points[self._corner_dofs])
        return np.linalg.inv(jacobian) @ shape, np.abs(np.linalg.det(jacobian)) / 8

    @cached_property
    def _pattern(self) -> tuple[Index, Index, Index, Index]:
        return block_pattern(self.cell_nodes, len(self.coordinates))

    def present(self, amounts: Amounts) -> Present:
        """Growth, stiffness and flow of every point; what amounts do not name is as when put together.

        PhysicsRefused: a layer would have no volume left.
        """
        amounts, shares = amounts or {}, self._shares
        materials = np.broadcast_to(self.material_of_cell[:, None], shares.shape)
        table = np.empty((*shares.shape, 9))
        for share in np.unique(shares):
            some = {n: a if n == "warming" else share * a for n, a in amounts.items()}
            mine = shares == share
            table[mine] = self._laws(some)[materials[mine]]
        growth = table[..., :3]
        return Present(growth, growth.prod(axis=2), PointLaw(*table[..., 3:].reshape(-1, 6).T))

    @cached_property
    def _shares(self) -> Array:
        """How much of its layer's growth every point has, (cells, 8)."""
        corners = dx.tabulate(dx.scalar_element(self.domain, 1), 0, _places())[0]
        return np.asarray(np.round(self.growing @ corners.T, 6))

    def _laws(self, amounts: Mapping[str, float]) -> Array:
        """Growth along x, y, z and numbers of the point law (materials, 9)."""
        layers = getattr(self.solid.shape, "layers", (None,))
        rows = []
        for layer, m in zip(layers, self.materials, strict=True):
            warm = 1.0 + (m.expansion * amounts.get("warming", 0.0) if self.solid.warms else 0.0)
            growth: Array = np.full(3, warm)
            young, flow = m.E, (np.inf, 0.0, 0.0, 1.0)
            if layer is not None:
                key = f"{self.name}.{layer.name}"
                jac = 1.0 + amounts.get(f"swell:{key}", 0.0)
                if jac <= 0:
                    raise PhysicsRefused(f'layer "{key}" would have no volume left: growth by {jac:.3g}')
                growth = warm * jac ** np.array(layer.growth)
                if layer.law is not None:
                    x = amounts.get(f"lithium:{key}", 0.0)
                    young = layer.law.young(x)
                    flow = (layer.law.yields(x), layer.law.hardening, *(layer.law.creep or (0.0, 1.0)))
            rows.append((*growth, young / (3 - 6 * m.nu), young / (2 + 2 * m.nu), *flow))
        return np.array(rows)

    # -- states ----------------------------------------------------------------------------------------------

    def start(self) -> GrowthState:
        """Undeformed, never flowed, at time 0."""
        cells = len(self.cell_nodes)
        metric, none = np.broadcast_to(np.eye(3), (cells, 8, 3, 3)).copy(), np.zeros((cells, 8))
        return GrowthState(np.zeros(self.dofs), metric, none, none, np.ones(cells))

    def system(
        self, s: GrowthState, seconds: float = 0.0, amounts: Amounts = None, stable: float = 0.0
    ) -> tuple[Array, sp.csr_matrix]:
        """Internal forces (dofs,) [N] and their symmetric tangent (dofs, dofs) [N/mm].

        Of a step of `seconds` that starts with the history of `s` and ends with `s.u` and `amounts`. stable: share
        of what compression takes from the tangent that is left out; with all of it the tangent is positive definite
        also where thin layers would buckle.
        NotConvergedError: an element is inverted.
        """
        cells, nodes = len(self.cell_nodes), len(self.coordinates)
        force, blocks = np.empty((cells, 8, 3)), np.empty((9, cells, 8, 8))
        now = self.present(amounts)
        for c in self._chunks():
            force[c], blocks[:, c] = self._linearise(s, c, now, seconds, stable, self._fluid(amounts))
        residual: Array = np.stack(
            [np.bincount(self.cell_nodes.ravel(), force[:, :, i].ravel(), nodes) for i in range(3)], axis=1
        )
        indptr, indices, position, order = self._pattern
        data = np.stack([np.bincount(position, b.ravel(), len(order) // 9) for b in blocks], axis=1)
        tangent = sp.csr_matrix((data.ravel()[order], indices, indptr), shape=(self.dofs, self.dofs))
        return residual.ravel(), tangent

    def predicted(self, s: GrowthState, amounts: Amounts) -> GrowthState:
        """`s` with every layer as much thicker as it grows from what `s` was accepted with to `amounts`.

        A start for Newton's method: large growth that nothing has made room for is far from any equilibrium.
        """
        cells, place = self.cell_nodes, self.coordinates + s.u.reshape(-1, 3)
        more = self.present(amounts).volume.mean(axis=1) / s.volume - 1
        thicker, count, rise = np.zeros((3, len(place)))
        below: Index = np.arange(len(place))
        for k in range(4):
            low, high = cells[:, k], cells[:, k + 4]
            below[high] = low
            thicker += np.bincount(high, more * (place[high] - place[low])[:, 2], len(place))
            count += np.bincount(high, minlength=len(place))
        thicker /= np.maximum(count, 1.0)
        while True:  # once for every element through the thickness
            higher = thicker + np.where(below == np.arange(len(place)), 0.0, rise[below])
            if np.array_equal(higher, rise):
                break
            rise = higher
        u = s.u.reshape(-1, 3).copy()
        u[:, 2] += np.where(self.held[2::3], 0.0, rise)
        return replace(s, u=u.ravel())

    def moved(self, s: GrowthState, du: Array, share: float = 1.0) -> GrowthState:
        """`s` after `share` of the step `du`, its history unchanged."""
        return replace(s, u=s.u + share * du)

    def accepted(self, s: GrowthState, seconds: float = 0.0, amounts: Amounts = None) -> GrowthState:
        """`s` at the end of a step of `seconds`: history brought up to date."""
        metric, inelastic, left = s.metric.copy(), s.inelastic.copy(), np.empty_like(s.elastic)
        now = self.present(amounts)
        for c in self._chunks():
            F, elastic, at = self._respond(s, c, now, seconds)
            flowed = at.flowed > 0
            inverse = np.linalg.inv(elastic[flowed])
            new = inverse @ at.metric()[flowed] @ inverse.transpose(0, 2, 1)
            mine = flowed.reshape(F.shape[:2])
            metric[c][mine] = (new + new.transpose(0, 2, 1)) / 2
            inelastic[c] += at.flowed.reshape(mine.shape)
            left[c] = at.elastic.reshape(mine.shape)
        time = s.time + seconds
        return GrowthState(s.u, metric, inelastic, left, now.volume.mean(axis=1), time)

    # -- elements --------------------------------------------------------------------------------------------

    def _chunks(self) -> list[slice]:
        return [slice(i, i + CHUNK) for i in range(0, len(self.cell_nodes), CHUNK)]

    def _deformation(self, s: GrowthState, c: slice) -> Array:
        """F (cells, 8, 3, 3); NotConvergedError where an element is inverted."""
        gradient, _ = self._points_of_cells
        u = s.u.reshape(-1, 3)[self.cell_nodes[c]]
        F = (gradient[c] @ u[:, None]).transpose(0, 1, 3, 2) + np.eye(3)
        bad = (np.linalg.det(F) <= 0).any(axis=1)
        if bad.any():
            at = self.coordinates[self.cell_nodes[c][bad][0]].mean(axis=0)
            raise NotConvergedError(
                f'stack "{self.name}" is turned inside out in {int(bad.sum())} elements, first near '
                f"({at[0]:.3g}, {at[1]:.3g}, {at[2]:.3g}) mm: take smaller steps"
            )
        return np.asarray(F)

    def _respond(
        self, s: GrowthState, c: slice, now: Present, seconds: float
    ) -> tuple[Array, Array, Response]:
        """F (cells, 8, 3, 3), F F_g^-1 (points, 3, 3) and the response of the points."""
        F = self._deformation(s, c)
        elastic = (F / now.growth[c][:, :, None, :]).reshape(-1, 3, 3)
        trial = elastic @ s.metric[c].reshape(-1, 3, 3) @ elastic.transpose(0, 2, 1)
        law = now.law.of(np.arange(8 * len(self.cell_nodes)).reshape(-1, 8)[c].ravel())
        return F, elastic, respond(trial, s.inelastic[c].ravel(), s.elastic[c].ravel(), law, seconds)

    def _linearise(
        self, s: GrowthState, c: slice, now: Present, seconds: float, stable: float, fluid: float
    ) -> tuple[Array, Array]:
        """Forces (cells, 8, 3) [N] and tangent (9, cells, 8, 8) [N/mm], components (xx, xy, ..., zz) first.

        fluid: pressure [MPa] all around. On the faces as they lie now it is one inside, p J on tau; less that on the
        faces as they were, which is among the loads.
        """
        F, _, at = self._respond(s, c, now, seconds)
        gradient, volume = self._points_of_cells
        cells = len(F)
        g: Array = np.linalg.inv(F).transpose(0, 1, 3, 2) @ gradient[c]
        grown = (volume[c] * now.volume[c])[..., None]
        b = strain_rates(g)
        left = b.reshape(cells, 48, 24).transpose(0, 2, 1)
        stress, moduli = at.spatial()
        tau = np.asarray(stress.reshape(cells, 8, 6) * grown)
        moduli = moduli.reshape(cells, 8, 6, 6) * grown[..., None]
        before: Array = np.zeros((cells, 8, 3))
        if fluid:
            inside = fluid * np.linalg.det(F) * volume[c]
            tau[..., :3] += inside[..., None]
            moduli = moduli + inside[..., None, None] * TURNING
            before = fluid * (gradient[c] * volume[c][..., None, None]).sum(axis=1).transpose(0, 2, 1)
        right = moduli @ b
        tangent = (left @ right.reshape(cells, 48, 24)).reshape(cells, 8, 3, 8, 3)
        blocks = np.empty((9, cells, 8, 8))
        blocks[:] = tangent.transpose(2, 4, 0, 1, 3).reshape(blocks.shape)
        full = tau[..., [[0, 3, 5], [3, 1, 4], [5, 4, 2]]]
        if stable:
            values, axes = np.linalg.eigh(full)
            values -= stable * np.minimum(values, 0.0)
            full = (axes * values[..., None, :]) @ axes.swapaxes(-1, -2)
        blocks[[0, 4, 8]] += g.reshape(cells, 24, 8).transpose(0, 2, 1) @ (full @ g).reshape(cells, 24, 8)
        return (left @ tau.reshape(cells, 48, 1)).reshape(cells, 8, 3) - before, blocks

    def _fluid(self, amounts: Amounts) -> float:
        """Pressure [MPa] of the fluid around the body."""
        return (amounts or {}).get("pressure", 0.0) if self.solid.fluid else 0.0

    # -- results ---------------------------------------------------------------------------------------------

    def stress(  # type: ignore[override]
        self, s: GrowthState, amounts: Amounts = None
    ) -> Array:
        """Cauchy stress (cells, 6) [MPa], order xx yy zz xy yz xz, mean over the deformed volume of every cell.

        Of an accepted state: nothing flows any more.
        """
        now, out = self.present(amounts), np.empty((len(self.cell_nodes), 6))
        for c in self._chunks():
            F, _, at = self._respond(s, c, now, 0.0)
            volume = self._points_of_cells[1][c]
            tau = (at.stress().reshape(*volume.shape, 6) * (volume * now.volume[c])[..., None]).sum(axis=1)
            size = (volume * np.linalg.det(F)).sum(axis=1)
            out[c] = tau / size[:, None]
        return out

    def plastic_strain(self, s: GrowthState) -> Array:
        """Inelastic strain accumulated (cells,) [-], plastic and by creep, mean of every cell."""
        volume = self._points_of_cells[1]
        return np.asarray((s.inelastic * volume).sum(axis=1) / volume.sum(axis=1))

    def inside(self, layer: str, grid: PressureGrid, s: GrowthState, amounts: Amounts = None) -> Array:
        """Mean of -sigma_zz (pixels,) [MPa], Cauchy's, over each pixel's part of a layer; 0 beyond it.

        Elements count by the area that they share with the pixel before they deform.
        """
        cells, pixel, area = self.over(layer, grid)
        pressed = np.bincount(pixel, -area * self.stress(s, amounts)[cells, 2], grid.size)
        total = np.bincount(pixel, area, grid.size)
        return np.divide(pressed, total, out=np.zeros(grid.size), where=total > 0)


def _places() -> Array:
    """Points of the reference cell, (8, 3)."""
    g = 0.5 + np.array([-0.5, 0.5]) / np.sqrt(3)
    return np.stack(np.meshgrid(g, g, g, indexing="ij"), axis=-1).reshape(-1, 3)
