"""Superelements: linear bodies condensed to their links, fetched from the shelf when made before, recovered on demand.

Alloys share one entry of the shelf: for a body of one material C is proportional to 1/E at equal Poisson's ratio.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .assembly import LayerStack, Solid
from .body import Body
from .dissection import Factor, condense
from .errors import GeometryError
from .follower import pressure_stiffness
from .grid import averages, resolves
from .materials.elastic import Elastic
from .reduced import Frame, Links, Superelement, seen_modes
from .shelf import cache_folder, cacheable, identity, read, write

Array = NDArray[np.float64]
log = logging.getLogger(__name__)

__all__ = [
    "Condenser",
    "Links",
    "Superelement",
    "cache_folder",
    "check_resolution",
    "identity",
    "link_columns",
]


class Condenser:
    """Makes or fetches the superelement of one solid, and recovers displacement and stress inside it."""

    def __init__(self, solid: Solid, links: Links, build: Callable[[Solid], Body], cache: Path | None):
        self.solid, self.links, self._build = solid, links, build
        self._file = (
            None
            if cache is None or not cacheable(solid)
            else cache / f"{identity(solid, links)}.superelement"
        )
        self._body: Body | None = None
        self._columns: sp.csc_matrix | None = None
        self._factor: Factor | None = None
        self.seconds: dict[str, float] = {}
        self.residual = float("nan")
        self.from_cache = False

    @property
    def body(self) -> Body:
        """The finite-element body, meshed on first use."""
        if self._body is None:
            began = time.perf_counter()
            self._body = self._build(self.solid)
            self.seconds["mesh"] = time.perf_counter() - began
        return self._body

    @property
    def dofs(self) -> int | None:
        """Number of displacement unknowns; None while the body has not been meshed."""
        return None if self._body is None else self._body.dofs

    def get(self, keep: bool = True) -> Superelement:
        """The superelement, from the cache when a sound entry is there."""
        if self._file is not None:
            began = time.perf_counter()
            found = read(self._file, self._modulus)
            if found is not None:
                self.from_cache, self.seconds["cache"] = True, time.perf_counter() - began
                return found
        made = self._make(keep)
        # to the unit modulus of the cache and back, always: made and fetched are then equal bit for bit
        np.multiply(made.compliance, self._modulus, out=made.compliance)
        if self._file is not None:
            write(self._file, made)
        np.divide(made.compliance, self._modulus, out=made.compliance)
        return made

    @property
    def _modulus(self) -> float:
        material = self.solid.material
        return material.E if isinstance(material, Elastic) else 1.0

    def _inside(self) -> tuple[sp.csr_matrix, tuple[Array, ...], dict[str, Array]]:
        """Rows of pressure inside the layers, covered areas, and what strains free of stress add, per unit."""
        rows, areas = [sp.csr_matrix((0, self.body.dofs))], []
        shift: dict[str, list[Array]] = {cause: [np.zeros(0)] for cause in self.body.strains}
        for layer, grid in self.links.inside:
            matrix, area = self.body.layer_pressure(layer, grid)
            rows.append(matrix[np.flatnonzero(area > 0)])
            areas.append(area)
            for cause, parts in shift.items():
                parts.append(self.body.inside_shift(layer, grid, {cause: 1.0})[area > 0])
        added = {cause: np.concatenate(parts) for cause, parts in shift.items()}
        return sp.csr_matrix(sp.vstack(rows)), tuple(areas), added

    def _make(self, keep: bool) -> Superelement:
        body = self.body
        began = time.perf_counter()
        columns, covered, fine = link_columns(self.body, self.links)
        loads = body.load_columns()
        inside, layers, shift = self._inside()
        self.seconds["stiffness"] = -time.perf_counter()
        stiffness = body.stiffness[body.free][:, body.free]
        self.seconds["stiffness"] += time.perf_counter()
        extra = [sp.csc_matrix(load[:, None]) for load in loads.values()]
        bordered = sp.csc_matrix(sp.hstack([columns, sp.csc_matrix(inside.T), *extra]))
        c, self._factor = condense(
            stiffness, bordered[body.free], body.coordinates, body.free // 3, keep=keep
        )
        k, o = columns.shape[1], columns.shape[1] + inside.shape[0]
        free = {name: c[:k, o + j] for j, name in enumerate(loads)}
        seen_free = {name: c[k:o, o + j] for j, name in enumerate(loads)}
        self._columns = columns
        self.seconds["condense"] = time.perf_counter() - began
        log.info(
            "%s: %d unknowns condensed to %d in %.1f s", body.name, body.dofs, o, self.seconds["condense"]
        )
        modes = columns.T @ body.rigid_modes
        # strains free of stress balance themselves: what is left of their large forces is rounding
        resultant = {n: (n not in body.strains) * (body.rigid_modes.T @ load) for n, load in loads.items()}
        frame = Frame(modes)
        return Superelement(
            frame.compliance(c[:k, :k]),
            modes,
            {name: frame.free(c[:k, :k], free[name], resultant[name]) for name in loads},
            resultant,
            covered,
            fine,
            frame.seen(c[k:o, :k]),
            {n: seen_free[n] - frame.seen_at(c[k:o, :k], resultant[n]) + shift.get(n, 0.0) for n in loads},
            layers,
        )

    def displacement(self, forces: Array, links: Array, amounts: dict[str, float] | None = None) -> Array:
        """Displacement (nodes, 3) [mm] under link forces [N]; the rigid motion is the one that fits `links`.

        links (k,): displacements into the body at the links, C forces + free + modes alpha [mm]; amounts: of the loads,
        the body's own ones alone unless told.
        """
        amounts = {"own": 1.0} if amounts is None else amounts
        body = self.body
        if self._columns is None:
            self._columns, _, _ = link_columns(self.body, self.links)
        if self._factor is None:
            began = time.perf_counter()
            stiffness = body.stiffness[body.free][:, body.free]
            _, self._factor = condense(
                stiffness, sp.csc_matrix((len(body.free), 0)), body.coordinates, body.free // 3, keep=True
            )
            self.seconds["factor"] = time.perf_counter() - began
        assert self._factor is not None  # kept on request
        began = time.perf_counter()
        u: Array = np.zeros(body.dofs)
        load: Array = self._columns @ forces
        strain: Array = np.zeros(body.dofs)
        for name, column in body.load_columns().items():
            by = strain if name in body.strains else load
            by += amounts.get(name, 0.0) * column
        load, strain = load[body.free], strain[body.free]
        u[body.free] = self._factor.solve(load)
        if amounts.get("pressure") and self.solid.fluid and isinstance(self.solid.shape, LayerStack):
            u, load = self._followed(u, load, amounts["pressure"])
        if strain.any():  # what grows free of stress does so under the pressure of a fluid too
            u[body.free] += self._factor.solve(strain)
            load = load + strain
        miss = body.stiffness[body.free][:, body.free] @ u[body.free] - load
        self.residual = float(np.abs(miss).max(initial=0.0) / max(np.abs(load).max(initial=0.0), 1e-300))
        if body.rigid_modes.shape[1]:
            seen = seen_modes(self._columns.T @ body.rigid_modes)
            u += body.rigid_modes @ np.linalg.lstsq(seen, links - self._columns.T @ u, rcond=1e-10)[0]
        self.seconds["recover"] = time.perf_counter() - began
        return u.reshape(-1, 3)

    def _followed(self, u: Array, load: Array, pressure: float) -> tuple[Array, Array]:
        """Displacement and load of a cell that is wet all around: the load turns with the faces and so does its stress.

        Both together are a stiffness of the order of the pressure: each round is smaller by pressure / modulus.
        """
        free = self.body.free
        added = pressure * pressure_stiffness(self.body)[free][:, free]
        assert self._factor is not None  # made by the caller
        for _ in range(4):
            moved = load - added @ u[free]
            u = u.copy()
            u[free] = self._factor.solve(moved)
        return u, moved

    def release(self) -> None:
        """Drop the factor: it is the largest thing in memory."""
        if self._factor is not None:
            self._factor.release()
        self._factor = None


def stack_columns(columns: Sequence[sp.csr_matrix | Array], dofs: int) -> sp.csc_matrix:
    """Columns side by side as one sparse matrix (dofs, n); n may be 0."""
    parts = [c if sp.issparse(c) else sp.csc_matrix(np.asarray(c).reshape(-1, 1)) for c in columns]
    return sp.csc_matrix(sp.hstack(parts)) if parts else sp.csc_matrix((dofs, 0))


def link_columns(body: Body, links: Links) -> tuple[sp.csc_matrix, tuple[Array, ...], tuple[bool, ...]]:
    """Columns (dofs, k) of unit forces at the links, covered area of every pixel, and which grids are resolved."""
    columns: list[sp.csr_matrix | Array] = []
    covered, fine = [], []
    nodes = len(body.coordinates)
    for i, (name, grid) in enumerate(links.grids):
        face = body.face(name)
        mean, area = averages(face, grid, nodes)
        rows = mean[np.flatnonzero(area > 0.05 * grid.area)].tocoo()
        for component in (2, 0, 1) if links.sticks(i) else (2,):
            at = (3 * rows.col + component, rows.row)
            columns.append(sp.csr_matrix((-face.normal * rows.data, at), (body.dofs, rows.shape[0])))
        covered.append(np.where(area > 0.05 * grid.area, area, 0.0))
        fine.append(resolves(face, grid))
    columns += [body.mean_inward(name) for name in links.handles]
    return stack_columns(columns, body.dofs), tuple(covered), tuple(fine)


def check_resolution(name: str, below: bool, above: bool) -> None:
    """Raise GeometryError unless one of two facing bodies resolves their common grid."""
    if not (below or above):
        raise GeometryError(
            f'interface "{name}": neither mesh resolves the pressure grid (facets of degree 2 up to one pixel, of '
            "degree 1 up to half a pixel), so the pressure would checkerboard. Use a larger pixel or a finer mesh."
        )
