"""Follower load: a fluid presses along the normals of the displaced faces, not of the drawn ones.

A body that is wet all around stands under -p everywhere, and this stress resists what the turning load drives: taken
alone, the turning load would buckle a thin cell that no fluid can buckle. Together they only change the moduli.
"""

from __future__ import annotations

import copy

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from . import _dolfinx as dx
from .body import Body
from .facets import facet_rule

Array = NDArray[np.float64]


def pressure_load(body: Body, face: str, pressure: float, u: Array) -> Array:
    """Nodal forces (dofs,) [N] of a pressure [MPa] on a face displaced by u (nodes, 3) or (dofs,) [mm].

    f_a = -p integral N_a (dx/ds x dx/dt) ds dt, x = X + u; exact for hexahedra up to degree 2, so that the forces on
    a closed surface have neither resultant nor moment (Gauss). `face` may be joined, "bottom+top+sides".
    """
    at = body.coordinates + u.reshape(-1, 3)
    load = np.zeros_like(body.coordinates)
    for name in face.split("+"):
        cells, local = body._facets(name)
        for f in np.unique(local):
            mine = body.cell_nodes[cells[local == f]]
            nodes = mine[:, body._closure(int(f))]
            values, slopes, weights = _facet_functions(body, int(f))
            area = _area_vectors(slopes, at[nodes])
            drawn = _area_vectors(slopes, body.coordinates[nodes]).sum(axis=1)
            middle = body.coordinates[nodes].mean(axis=1) - body.coordinates[mine].mean(axis=1)
            outward = np.sign(np.einsum("fd,fd->f", drawn, middle))
            forces = -pressure * np.einsum("f,fqd,q,qk->fkd", outward, area, weights, values)
            np.add.at(load, nodes, forces)
    return load.ravel()


def pressure_stiffness(body: Body) -> sp.csr_matrix:
    """Stiffness [N/mm per MPa] that a fluid all around adds: of initial stress and follower load in one.

    Initial stress -p gives - int grad u : grad v, the load on a closed surface int (div u div v - grad u^T : grad v);
    the sum is int (div u div v - 2 eps(u) : eps(v)), a body of lame + p, mu - p: rotations drop out, p / mu remains.
    """
    added = copy.copy(body)
    added.__dict__.pop("stiffness", None)
    added.lame, added.mu = np.ones_like(body.lame), -np.ones_like(body.mu)
    return added.stiffness


def enclosed_volume(body: Body, face: str, u: Array) -> float:
    """Volume [mm3] that a closed, displaced face holds: a third of the integral of x . n; negative for a cavity.

    Of a face that symmetry planes through the origin close it is the modelled part.
    """
    at = body.coordinates + u.reshape(-1, 3)
    return float(-pressure_load(body, face, 1.0, u) @ at.ravel() / 3)


def swept_volume(body: Body, u: Array) -> float:
    """Volume [mm3] that the fluid gains as a body is displaced by u: minus the integral of u . n over its wet faces.

    To first order in u, and of the modelled part. Over all bodies of a chamber the sum is what the fluid expands by.
    """
    return float(body.load_columns().get("pressure", np.zeros(body.dofs)) @ u.ravel())


def _facet_functions(body: Body, local_facet: int) -> tuple[Array, Array, Array]:
    """Shape functions (q, k) of a facet's nodes, their slopes (2, q, k) along it, and weights (q,)."""
    corners = dx.reference_corners(body.domain)[dx.facet_vertices(body.domain)[local_facet]]
    ref, weights = facet_rule(len(corners))
    along = corners[1:3] - corners[0]
    table = dx.tabulate(body.element, 1, corners[0] + ref @ along)[:, :, body._closure(local_facet)]
    return table[0], np.einsum("sd,dqk->sqk", along, table[1:]), weights


def _area_vectors(slopes: Array, at: Array) -> Array:
    """dx/ds x dx/dt (facets, q, 3) of facets whose nodes lie at (facets, k, 3)."""
    s, t = np.einsum("sqk,fkd->sfqd", slopes, at)
    return np.asarray(np.cross(s, t), dtype=np.float64)
