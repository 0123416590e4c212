"""A body of rubber: finite strain, nearly incompressible, relaxing; its forces and tangent for Newton's method.

Mixed, Q2 displacement and discontinuous linear pressure (four per hexahedron, condensed out):
    Pi(u, p) = integral W(Fbar) + p (J - 1) - p^2/(2 K) dV
(Sussman & Bathe 1987: u/p formulation, 27/4 element; not checked). Relaxation acts on the isochoric second
Piola-Kirchhoff stress S = g_inf S0 + sum h_i, see `materials.relaxation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NoReturn

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg
from numpy.typing import NDArray

from . import _dolfinx as dx
from .assembly import LayerStack, Solid
from .body import Body
from .dissection import condense
from .errors import GeometryError, NotConvergedError
from .materials.elastic import Elastic
from .materials.rubber import Rubber
from .softelement import Linearised, Points, block_pattern, gauss, linearise

if TYPE_CHECKING:
    from .geometry.mesh import MeshData

Array = NDArray[np.float64]
Index = NDArray[np.int64]

VOIGT = ((0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (0, 2))
CHUNK = 256
"""Cells linearised at a time: their tangents stay in the cache."""


@dataclass(frozen=True)
class SoftState:
    """A body of rubber at one moment.

    u (dofs,) displacement [mm]; p (cells, 4) pressure coefficients [MPa]; time [s] of the last accepted step; then
    elastic (cells, 27, 3, 3) S0 and overstress (terms, cells, 27, 3, 3) h_i [MPa], empty without relaxation;
    stretch: free of stress at its temperature, F = F_e stretch.
    """

    u: Array
    p: Array
    elastic: Array
    overstress: Array
    time: float = 0.0
    stretch: float = 1.0


class SoftBody(Body):
    """Finite-element model of one solid of rubber on hexahedra with 27 nodes."""

    def __init__(self, solid: Solid, mesh: MeshData):
        if not isinstance(solid.material, Rubber) or isinstance(solid.shape, LayerStack):
            raise GeometryError(f'solid "{solid.name}" is not of rubber')
        if solid.degree != 2 or mesh.cell != "hexahedron":
            raise GeometryError(f'rubber "{solid.name}" needs hexahedra of degree 2')
        self.rubber = solid.material
        self.relaxation = solid.material.relaxation
        super().__init__(solid, mesh)

    def _materials(self) -> tuple[Elastic, ...]:
        self.material_of_cell = np.zeros(0, dtype=np.int64)
        return ()

    @property
    def stiffness(self) -> NoReturn:
        """A rubber has no constant stiffness: `system` gives its tangent."""
        raise GeometryError(f'"{self.name}" is of rubber: it has no constant stiffness')

    # -- tables ----------------------------------------------------------------------------------------------

    @cached_property
    def _points_of_cells(self) -> Points:
        """Gradients of the shape functions, volumes and pressure functions at the 27 points of every cell."""
        reference, weight = gauss()
        geometry = dx.tabulate(dx.scalar_element(self.domain, 1), 1, reference)
        shape = dx.tabulate(self.element, 1, reference)[1:].transpose(1, 0, 2)
        corners = self._points[self._corner_dofs]
        jacobian = np.einsum("kqv,cvd->cqdk", geometry[1:], corners)
        inverse = np.linalg.inv(jacobian)
        gradient = inverse.transpose(0, 1, 3, 2) @ shape
        return Points(gradient, np.abs(np.linalg.det(jacobian)) * weight, geometry[0] @ corners)

    @cached_property
    def _pattern(self) -> tuple[Index, Index, Index, Index]:
        return block_pattern(self.cell_nodes, len(self.coordinates))

    # -- states ----------------------------------------------------------------------------------------------

    def start(self) -> SoftState:
        """Undeformed, free of stress, at time 0."""
        cells, terms = len(self.cell_nodes), len(self.relaxation.terms)
        kept = np.zeros((cells if terms else 0, 27, 3, 3))
        return SoftState(np.zeros(self.dofs), np.zeros((cells, 4)), kept, np.zeros((terms, *kept.shape)))

    def system(
        self, s: SoftState, dt: float = 0.0, amounts: Mapping[str, float] | None = None
    ) -> tuple[Array, sp.csr_matrix]:
        """Internal forces (dofs,) [N] and their tangent (dofs, dofs) [N/mm], pressures condensed out.

        Of a step of `dt` [s] that starts with the history of `s`; dt = 0 is sudden; amounts: "warming" [K]. The forces
        are those of pressures in balance with `s.u`, whatever s.p; the tangent is that of Newton's method for both at
        s.p, symmetric.
        NotConvergedError: an element is inverted.
        """
        cells, nodes = len(self.cell_nodes), len(self.coordinates)
        force, blocks = np.zeros((cells, 27, 3)), np.empty((9, cells, 27, 27))
        rate, offset = np.empty((cells, 81, 4)), np.empty((cells, 4))
        warm = self._warmed(s, amounts)
        for c in self._chunks():
            part = self._linearise(warm, c, dt)
            force[c], blocks[:, c], rate[c], offset[c] = part.force, part.tangent, part.rate, part.offset
        self._last = (s, rate, offset)
        residual = np.zeros((nodes, 3))
        for i in range(3):
            residual[:, i] = np.bincount(self.cell_nodes.ravel(), force[:, :, i].ravel(), nodes)
        indptr, indices, position, order = self._pattern
        data = np.stack([np.bincount(position, b.ravel(), len(order) // 9) for b in blocks], axis=1)
        tangent = sp.csr_matrix((data.ravel()[order], indices, indptr), shape=(self.dofs, self.dofs))
        return residual.ravel(), tangent

    def moved(self, s: SoftState, du: Array, share: float = 1.0) -> SoftState:
        """`s` after `share` of Newton's step `du` (dofs,), with the pressures that belong to it.

        The step must come from `system(s, ...)`; the pressures do not depend on its dt.
        """
        if self._last is None or self._last[0] is not s:
            self.system(s)
        assert self._last is not None
        _, rate, offset = self._last
        dp = (du.reshape(-1, 3)[self.cell_nodes].reshape(-1, 1, 81) @ rate)[:, 0] + offset
        return replace(s, u=s.u + share * du, p=s.p + share * dp)

    _last: tuple[SoftState, Array, Array] | None = None

    def _warmed(self, s: SoftState, amounts: Mapping[str, float] | None) -> SoftState:
        """`s` with the stretch free of stress that amounts ask for, 1 + expansion * warming."""
        if amounts is None or not self.solid.warms:
            return s
        return replace(s, stretch=1 + self.rubber.expansion * amounts.get("warming", 0.0))

    def accepted(self, s: SoftState, dt: float, amounts: Mapping[str, float] | None = None) -> SoftState:
        """`s` at the end of a time step of `dt` [s]: history and pressures brought up to date."""
        s = self._warmed(s, amounts)
        s = replace(s, p=self._balanced(s), time=s.time + dt)
        if not self.relaxation.terms:
            return s
        after = self._elastic(s)
        h = self.relaxation.accepted(s.overstress, s.elastic, after, dt)
        return replace(s, elastic=after, overstress=h)

    def _chunks(self) -> list[slice]:
        return [slice(i, i + CHUNK) for i in range(0, len(self.cell_nodes), CHUNK)]

    def _linearise(self, s: SoftState, c: slice, dt: float) -> Linearised:
        points = self._points_of_cells.of(c).warmed(s.stretch)
        F = self._deformation(s, c)
        carried = (
            self.relaxation.carried(s.overstress[:, c], s.elastic[c], dt) if self.relaxation.terms else None
        )
        return linearise(points, F, s.p[c], self.rubber, self.relaxation.share(dt), carried)

    def _deformation(self, s: SoftState, c: slice) -> Array:
        """Elastic deformation gradient (cells, 27, 3, 3); NotConvergedError where an element is inverted."""
        u = s.u.reshape(-1, 3)[self.cell_nodes[c]]
        F = (self._points_of_cells.gradient[c] @ u[:, None]).transpose(0, 1, 3, 2) + np.eye(3)
        bad = np.linalg.det(F) <= 0
        if bad.any():
            at = self._points_of_cells.place[c][bad][0]
            raise NotConvergedError(
                f'rubber "{self.name}" is turned inside out in {int(bad.any(axis=1).sum())} elements, first near '
                f"({at[0]:.3g}, {at[1]:.3g}, {at[2]:.3g}) mm: take smaller steps or a finer mesh"
            )
        return np.asarray(F / s.stretch)

    def _balanced(self, s: SoftState) -> Array:
        """Pressures (cells, 4) in balance with the change of volume, p = K (J - 1) in the mean of its functions."""
        out = np.empty_like(s.p)
        for c in self._chunks():
            change = np.linalg.det(self._deformation(s, c)) - 1
            points = self._points_of_cells.of(c)
            out[c] = self.rubber.bulk * points.balance(change)
        return out

    def _elastic(self, s: SoftState) -> Array:
        """Isochoric second Piola-Kirchhoff stress without relaxation S0 (cells, 27, 3, 3) [MPa]."""
        out = np.empty((len(self.cell_nodes), 27, 3, 3))
        for c in self._chunks():
            F = self._deformation(s, c)
            P = self.rubber.law.stress(F.reshape(-1, 3, 3)).reshape(F.shape)
            out[c] = np.linalg.inv(F) @ P
        return out

    # -- results ---------------------------------------------------------------------------------------------

    def stress(  # type: ignore[override]
        self, s: SoftState, amounts: Mapping[str, float] | None = None
    ) -> Array:
        """Cauchy stress (cells, 6) [MPa], order xx yy zz xy yz xz, at the middle point of every cell."""
        F = np.concatenate([self._deformation(s, c)[:, 13] for c in self._chunks()])
        jac = np.linalg.det(F)
        P = self.relaxation.share(0.0) * self.rubber.law.stress(F)
        if self.relaxation.terms:
            P += F @ self.relaxation.carried(s.overstress[:, :, 13], s.elastic[:, 13], 0.0)
        sigma = P @ F.transpose(0, 2, 1) / jac[:, None, None]
        pressure = (self._points_of_cells.functions[:, 13] * s.p).sum(axis=1)
        sigma += pressure[:, None, None] * np.eye(3)
        return np.stack([sigma[:, i, j] for i, j in VOIGT], axis=1)

    def energy(self, s: SoftState) -> float:
        """W(Fbar) + p (J - 1) - p^2/(2 K) integrated [N mm]: what is stored if nothing has relaxed."""
        total = 0.0
        for c in self._chunks():
            F, points = self._deformation(s, c), self._points_of_cells.of(c).warmed(s.stretch)
            p = (points.functions @ s.p[c, :, None])[..., 0]
            w = self.rubber.law.energy(F.reshape(-1, 3, 3)).reshape(p.shape)
            w += p * (np.linalg.det(F) - 1) - p**2 / (2 * self.rubber.bulk)
            total += float((w * points.volume).sum())
        return total


def pressed(
    body: SoftBody, dofs: Index, values: Array, steps: int = 1, times: Array | None = None
) -> tuple[SoftState, Array]:
    """State with displacements `values` [mm] at `dofs`, and the forces on all dofs [N] that this takes.

    Raised in equal `steps` at once (no time passes), then held at rising `times` [s], if any.
    NotConvergedError: Newton's method does not settle.
    """
    state = body.start()
    forces: Array = np.zeros(body.dofs)
    for k in range(1, steps + 1):
        state, forces = _newton(body, state, dofs, values * (k / steps), 0.0)
        state = body.accepted(state, 0.0)
    for t in times if times is not None else ():
        dt = float(t) - state.time
        state, forces = _newton(body, state, dofs, values, dt)
        state = body.accepted(state, dt)
    return state, forces


def _newton(
    body: SoftBody, state: SoftState, dofs: Index, values: Array, dt: float, limit: int = 25
) -> tuple[SoftState, Array]:
    """Newton's method from `state` to the given displacements; converged when a step is below 1e-10 of u."""
    free = np.setdiff1d(np.flatnonzero(~body.held), dofs)
    for _ in range(limit):
        force, tangent = body.system(state, dt)
        du = np.zeros(body.dofs)
        du[dofs] = values - state.u[dofs]
        rows = tangent[free]
        du[free] = _solved(rows[:, free], -force[free] - rows @ du, body.coordinates, free // 3)
        state = body.moved(state, du)
        if np.abs(du).max() <= 1e-10 * max(float(np.abs(state.u).max()), 1e-12):
            return state, body.system(state, dt)[0]
    raise NotConvergedError(f'rubber "{body.name}": no equilibrium after {limit} steps of Newton\'s method')


def _solved(tangent: sp.csr_matrix, load: Array, coordinates: Array, node: Index) -> Array:
    """Newton's step (n,); by Cholesky where the tangent is positive definite, else by pivoted LU."""
    try:
        _, factor = condense(tangent, sp.csc_matrix((len(load), 0)), coordinates, node, keep=True)
    except NotConvergedError:
        return np.asarray(scipy.sparse.linalg.splu(tangent.tocsc()).solve(load))
    assert factor is not None
    return factor.solve(load)
