"""A body: one solid's mesh and material turned into stiffness, surface averages, loads, rigid motions and stresses.

Each body is meshed alone and lives in one process; the contact problem only meets it through `Body.face`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import scipy.linalg
import scipy.sparse as sp
from numpy.typing import NDArray

from . import _dolfinx as dx
from .assembly import LayerStack, Solid, Traction
from .errors import GeometryError
from .facets import corner_functions, facet_rule, row_keys
from .grid import Face, PressureGrid
from .materials.elastic import Elastic
from .rigid import rigid_motions
from .strained import Strained

if TYPE_CHECKING:
    from .geometry.mesh import MeshData

Array = NDArray[np.float64]
Index = NDArray[np.int64]


class Body(Strained):
    """Finite-element model of one solid, linear isotropic elasticity.

    coordinates (n, 3): nodes [mm] in the assembly's frame; displacement dofs are 3 * node + component.
    """

    def __init__(self, solid: Solid, mesh: MeshData):
        self.solid, self.name = solid, solid.name
        points = mesh.points.copy()
        points[:, 2] = solid.z + (-points[:, 2] if solid.flip else points[:, 2])
        self.domain = dx.create_mesh(mesh.cells, points, mesh.cell)
        self.space = dx.lagrange(self.domain, solid.degree)
        self.element = dx.scalar_element(self.domain, solid.degree)
        self.original_cell = np.asarray(self.domain.topology.original_cell_index, dtype=np.int64)
        self.cell_nodes: Index = np.asarray(self.space.dofmap.list, dtype=np.int64)
        self.coordinates: Array = np.asarray(self.space.tabulate_dof_coordinates())
        self._corner_dofs = dx.corner_dofs(self.domain)
        self._points = np.asarray(self.domain.geometry.x)
        self._mesh = mesh
        self.materials = self._materials()
        self.lame, self.mu = (
            np.array([getattr(m, k) for m in self.materials])[self.material_of_cell] for k in ("lame", "mu")
        )

    @property
    def dofs(self) -> int:
        """Number of displacement unknowns, held ones included."""
        return 3 * len(self.coordinates)

    def _materials(self) -> tuple[Elastic, ...]:
        shape = self.solid.shape
        self.material_of_cell: Index = np.zeros(len(self.cell_nodes), dtype=np.int64)
        if not isinstance(shape, LayerStack):
            if not isinstance(self.solid.material, Elastic):
                raise GeometryError(f'solid "{self.name}" has no material that is elastic')
            return (self.solid.material,)
        index: Index = np.full(len(self.cell_nodes), -1, dtype=np.int64)
        for k, layer in enumerate(shape.layers):
            index[self._mesh.regions[layer.name]] = k
        self.material_of_cell = index[self.original_cell]
        return tuple(layer.material for layer in shape.layers)

    # -- stiffness and what holds the body -----------------------------------------------------------------

    @cached_property
    def stiffness(self) -> sp.csr_matrix:
        """Stiffness matrix [N/mm] without any support, integral of 2 mu eps(u):eps(v) + lame div u div v."""
        import ufl
        from dolfinx import fem

        constants = fem.functionspace(self.domain, ("DG", 0))
        lame, mu = fem.Function(constants), fem.Function(constants)
        lame.x.array[:], mu.x.array[:] = self.lame, self.mu
        u, v = ufl.TrialFunction(self.space), ufl.TestFunction(self.space)
        dx_ = ufl.Measure("dx", self.domain, metadata={"quadrature_degree": 2 * self.solid.degree})
        eps_u, eps_v = ufl.sym(ufl.grad(u)), ufl.sym(ufl.grad(v))
        form = (2 * mu * ufl.inner(eps_u, eps_v) + lame * ufl.tr(eps_u) * ufl.tr(eps_v)) * dx_
        return sp.csr_matrix(dx.matrix(form))

    @cached_property
    def held(self) -> NDArray[np.bool_]:
        """Mask (dofs,) of displacements held at zero by symmetry planes and fixed faces."""
        mask = np.zeros((len(self.coordinates), 3), dtype=bool)
        for plane in self.solid.symmetry:
            mask[self._nodes_on(plane), {"x0": 0, "y0": 1}[plane]] = True
        for face, components in self.solid.fixed.items():
            for c in components:
                mask[self._nodes_on(face), "xyz".index(c)] = True
        return mask.ravel()

    @cached_property
    def rigid_modes(self) -> Array:
        """Rigid motions (dofs, r) that nothing holds: orthonormal combinations of translations and rotations."""
        return rigid_motions(self.coordinates, self.held)

    @cached_property
    def supports(self) -> Index:
        """Dofs of statically determinate supports, one per rigid motion, chosen far apart; they carry nothing."""
        r = self.rigid_modes
        if r.shape[1] == 0:
            return np.zeros(0, dtype=np.int64)
        _, _, pivots = scipy.linalg.qr(r.T, mode="economic", pivoting=True)
        return np.asarray(pivots[: r.shape[1]], dtype=np.int64)

    @cached_property
    def free(self) -> Index:
        """Dofs that are solved for: neither held nor a support."""
        mask = ~self.held
        mask[self.supports] = False
        return np.flatnonzero(mask)

    # -- faces ---------------------------------------------------------------------------------------------

    @cached_property
    def _facet_table(self) -> tuple[Index, Index]:
        """Sorted original vertices of every local facet of every cell (cells * f, v), and their sort order."""
        local = dx.facet_vertices(self.domain)
        original = np.asarray(self.domain.geometry.input_global_indices, dtype=np.int64)[self._corner_dofs]
        table = np.sort(np.stack([original[:, f] for f in local], axis=1).reshape(-1, len(local[0])), axis=1)
        return table, np.lexsort(table.T[::-1])

    def _facets(self, name: str) -> tuple[Index, Index]:
        """Cell and local facet index of every facet of a named face."""
        if name not in self._mesh.faces:
            known = ", ".join(sorted(self._mesh.faces))
            raise GeometryError(f'solid "{self.name}" has no face "{name}"; it has: {known}')
        table, _order = self._facet_table
        wanted = np.sort(np.asarray(self._mesh.faces[name], dtype=np.int64), axis=1)
        keys = row_keys(table)
        by_key = np.argsort(keys, kind="stable")
        at = by_key[np.minimum(np.searchsorted(keys, row_keys(wanted), sorter=by_key), len(keys) - 1)]
        if not (table[at] == wanted).all():
            raise GeometryError(f'face "{name}" of "{self.name}" has facets that are not facets of its cells')
        per_cell = len(table) // len(self.cell_nodes)
        return at // per_cell, at % per_cell

    def _closure(self, local_facet: int) -> Index:
        return np.asarray(self.space.dofmap.dof_layout.entity_closure_dofs(2, local_facet), dtype=np.int64)

    def _nodes_on(self, name: str) -> Index:
        if "&" in name:
            one, *others = (self._nodes_on(part.strip()) for part in name.split("&"))
            for other in others:
                one = np.intersect1d(one, other)
            return one
        cells, local = self._facets(name)
        found = [self.cell_nodes[cells[local == f]][:, self._closure(f)].ravel() for f in np.unique(local)]
        return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)

    def _shape(self, local_facet: int, reference: Array) -> Array:
        """Shape functions (points, k) of the facet's nodes at facet reference coordinates (points, 2)."""
        corners = dx.reference_corners(self.domain)[dx.facet_vertices(self.domain)[local_facet]]
        weights, _ = corner_functions(reference, len(corners))
        values: Array = dx.tabulate(self.element, 0, weights @ corners)[0]
        return values[:, self._closure(local_facet)]

    def face(self, name: str) -> Face:
        """The face `name`, ready to be averaged over a grid; planar but for `surface`, which is seen in plan."""
        cells, local = self._facets(name)
        vertices_of = dx.facet_vertices(self.domain)
        corner = np.stack([self._corner_dofs[c, vertices_of[f]] for c, f in zip(cells, local, strict=True)])
        xyz = self._points[corner]
        flat = np.ptp(xyz[:, :, 2], axis=1)
        if flat.max() > 1e-6 and name != "surface":
            raise GeometryError(
                f'face "{name}" of "{self.name}" is not planar along z ({flat.max():.3g} mm off)'
            )
        above = self._points[self._corner_dofs[cells]][:, :, 2].mean(axis=1) < xyz[:, :, 2].mean(axis=1)
        if above.any() and not above.all():
            raise GeometryError(f'face "{name}" of "{self.name}" looks both up and down')
        nodes = np.stack([self.cell_nodes[c, self._closure(f)] for c, f in zip(cells, local, strict=True)])

        def shape(facets: Index, reference: Array) -> Array:
            out = np.empty((len(facets), nodes.shape[1]))
            for f in np.unique(local[facets]):
                mine = local[facets] == f
                out[mine] = self._shape(int(f), reference[mine])
            return out

        return Face(xyz[:, :, :2], nodes, shape, 1.0 if above.all() else -1.0, self.solid.degree)

    def mean_inward(self, name: str) -> Array:
        """Vector b (dofs,): b @ u is the mean displacement [mm] of face `name` into the body, along z."""
        load, area = self._face_integral(name, (0.0, 0.0, 1.0))
        return np.asarray(-self.face(name).normal * load / area, dtype=np.float64)

    def load_columns(self) -> dict[str, Array]:
        """Nodal forces (dofs,) by what causes them: "own" [N], "pressure" [N/MPa] of the fluid, strains.

        Faces named for the fluid that the mesh lacks (no ramps on a level stack) are left out.
        """
        out = {}
        if self.solid.tractions or any(self.solid.body_force):
            out["own"] = self.own_load()
        if self.wetted:
            parts = (self._face_integral(name, None)[0] for name in self.wetted)
            out["pressure"] = sum(parts, np.zeros(self.dofs))
        return out | {cause: self.strain_load(cause) for cause in self.strains}

    @property
    def wetted(self) -> list[str]:
        """Faces on which the fluid presses, of those that the mesh has."""
        return [name for name in self.solid.fluid if name in self._mesh.faces]

    def layer_pressure(self, layer: str, grid: PressureGrid) -> tuple[sp.csr_matrix, Array]:
        """Matrix (pixels, dofs) of the mean of -sigma_zz [MPa] over each pixel's part of a layer; its area [mm2].

        Elements count by the area that they share with the pixel; sigma_zz is that at their centres.
        """
        c, pixel, area = self.over(layer, grid)
        gradient = self._gradients(self._middle)
        lame, mu = self.lame[c], self.mu[c]
        factor = np.stack([lame, lame, lame + 2 * mu], axis=1)  # sigma_zz = sum factor_i du_i/dx_i
        values = -area[:, None, None] * factor[:, :, None] * gradient[c]
        dofs = 3 * self.cell_nodes[c][:, None, :] + np.arange(3)[None, :, None]
        rows = np.broadcast_to(pixel[:, None, None], values.shape)
        total = np.bincount(pixel, area, grid.size)
        matrix = sp.csr_matrix((values.ravel(), (rows.ravel(), dofs.ravel())), shape=(grid.size, self.dofs))
        scale = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
        sheets = {la.name: la.sublayers for la in getattr(self.solid.shape, "layers", ())}
        return sp.csr_matrix(sp.diags(scale) @ matrix), total / sheets.get(layer, 1)

    def own_load(self) -> Array:
        """Nodal forces [N] of the solid's own loads, its tractions and body force, (dofs,)."""
        total = np.zeros(self.dofs)
        if any(self.solid.body_force):
            import ufl
            from dolfinx import fem

            f = fem.Constant(self.domain, np.array(self.solid.body_force))
            measure = ufl.Measure("dx", self.domain, metadata={"quadrature_degree": 2 * self.solid.degree})
            total += dx.vector(ufl.inner(f, ufl.TestFunction(self.space)) * measure)
        for name, traction in self.solid.tractions.items():
            total += self._face_integral(name, traction)[0]
        return total

    def _face_integral(self, name: str, traction: Traction | None) -> tuple[Array, float]:
        """Integral of traction . shape functions over a face of any orientation (dofs,), and its area [mm2].

        Without a traction that of a unit pressure, -n.
        """
        cells, local = self._facets(name)
        topology = dx.facet_vertices(self.domain)
        load, area = np.zeros((len(self.coordinates), 3)), 0.0
        ref, w = facet_rule(len(topology[0]))
        for f in np.unique(local):
            mine = cells[local == f]
            xyz = self._points[self._corner_dofs[mine][:, topology[f]]]
            n, dn = corner_functions(ref, len(topology[0]))
            at = np.einsum("qv,fvd->fqd", n, xyz)
            tangents = np.einsum("qvk,fvd->fqkd", dn, xyz)
            normal = np.cross(tangents[:, :, 0], tangents[:, :, 1])
            size = np.linalg.norm(normal, axis=2)
            da = size * w
            if traction is None:
                inward = self._points[self._corner_dofs[mine]].mean(axis=1) - xyz.mean(axis=1)
                side = np.sign(np.einsum("fqd,q,fd->f", normal, w, inward))  # of a warped facet as a whole
                t = normal * (side[:, None] / size)[:, :, None]
            else:
                t = np.asarray(
                    traction(at[..., 0], at[..., 1], at[..., 2]) if callable(traction) else traction
                )
                t = np.broadcast_to(np.moveaxis(t, 0, -1) if callable(traction) else t, at.shape)
            forces = np.einsum("fq,fqd,qk->fkd", da, t, self._shape(int(f), ref))
            np.add.at(load, self.cell_nodes[mine][:, self._closure(int(f))], forces)
            area += float(da.sum())
        return load.ravel(), area

    # -- recovery ------------------------------------------------------------------------------------------

    def stress(
        self,
        u: Array,
        at: tuple[float, float, float] | None = None,
        amounts: Mapping[str, float] | None = None,
    ) -> Array:
        """Stress (cells, 6) [MPa], order xx yy zz xy yz xz, in the order of `cell_nodes`.

        Taken at the cell centres, or at reference coordinates `at` of every cell; amounts: of what strains the body.
        """
        shape = self._gradients(self._middle if at is None else np.array([at]))
        gradient = np.einsum("cdn,cni->cid", shape, u.reshape(-1, 3)[self.cell_nodes])
        eps = (gradient + gradient.transpose(0, 2, 1)) / 2
        sigma = 2 * self.mu[:, None, None] * eps
        sigma += (self.lame * np.trace(eps, axis1=1, axis2=2))[:, None, None] * np.eye(3)
        out = np.stack([sigma[:, i, j] for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (0, 2))], axis=1)
        for cause in self.strains if amounts else ():
            held = self.held_in_cells(cause, None if at is None else np.array([at]))
            out[:, :3] -= (amounts or {}).get(cause, 0.0) * held
        return out

    @property
    def _middle(self) -> Array:
        return np.asarray(dx.reference_corners(self.domain).mean(axis=0, keepdims=True))

    def _gradients(self, reference: Array) -> Array:
        """Gradients of the shape functions (cells, 3, n) [1/mm] at one reference point of every cell."""
        dgeo = dx.tabulate(dx.scalar_element(self.domain, 1), 1, reference)[1:, 0]
        dshape = dx.tabulate(self.element, 1, reference)[1:, 0]
        jacobian = np.einsum("kv,cvd->ckd", dgeo, self._points[self._corner_dofs])
        return np.asarray(np.linalg.inv(jacobian) @ dshape)

    def peak_von_mises(self, u: Array, amounts: Mapping[str, float] | None = None) -> float:
        """Largest von Mises stress [MPa] at the corners of all cells: bending is largest at the surface."""
        corners = dx.reference_corners(self.domain)
        return max(float(von_mises(self.stress(u, (x, y, z), amounts)).max()) for x, y, z in corners)

    @property
    def corner_mesh(self) -> tuple[Array, Index, Index]:
        """Corner points (p, 3), cells (m, 8|4) on them in tensor order, and the node of each point."""
        corners = self._corner_nodes
        used, inverse = np.unique(corners, return_inverse=True)
        return self.coordinates[used], inverse.reshape(corners.shape), used

    @cached_property
    def _corner_nodes(self) -> Index:
        layout = self.space.dofmap.dof_layout
        local = [int(layout.entity_dofs(0, v)[0]) for v in range(self._corner_dofs.shape[1])]
        return self.cell_nodes[:, local]


def von_mises(stress: Array) -> Array:
    """Equivalent stress [MPa] of (n, 6) stresses in the order xx yy zz xy yz xz."""
    a, b, c, d, e, f = stress.T
    return np.asarray(np.sqrt(0.5 * ((a - b) ** 2 + (b - c) ** 2 + (c - a) ** 2) + 3 * (d**2 + e**2 + f**2)))
