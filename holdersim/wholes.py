"""A model with bodies that are not condensed: one numbering of their unknowns, their links, what holds their faces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse as sp
from numpy.typing import NDArray

from .flattening import Flattening
from .materials.rubber import Rubber
from .solve import Model

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]
Bodies = dict[str, Any]
"""SoftState or WholeState of every body that is not condensed."""

STIFFER = 3000.0
"""Springs between two whole bodies, against the softer of them."""


class WholeModel(Model):
    """An assembly with bodies of rubber, or with friction between its bodies, ready to be linearised.

    The unknowns of all whole bodies stand in one row, body by body; `_free` are those that nothing holds. `_pairs`
    (3, pairs) are the places of normal force and both tangential forces of every pixel with friction.
    """

    def _check(self) -> None:
        """Number the unknowns of all soft bodies in one row; lateral supports where nothing holds them."""
        self._at: dict[str, slice] = {}
        columns, free, places, nodes = [], [], [], []
        dofs = count = 0
        for name, part in self.whole.items():
            body = part.body
            self._at[name] = slice(dofs, dofs + body.dofs)
            wide = sp.csc_matrix(
                (part.columns.data, part.columns.indices, part.columns.indptr), part.columns.shape
            )
            spread = sp.csr_matrix(
                (np.ones(len(part.at)), (np.arange(len(part.at)), part.at)), (len(part.at), self.size)
            )
            columns.append(sp.csr_matrix(wide @ spread))
            held = body.held.copy()
            held[_idle_supports(body.rigid_modes, part.columns, body.coordinates)] = True
            mine = np.flatnonzero(~held)
            free.append(dofs + mine)
            places.append(body.coordinates)
            nodes.append(count + mine // 3)
            dofs, count = dofs + body.dofs, count + len(body.coordinates)
        self._free: Index = np.concatenate(free) if free else np.zeros(0, dtype=np.int64)
        self._places = np.concatenate(places) if places else np.zeros((0, 3))
        self._node: Index = np.concatenate(nodes) if nodes else np.zeros(0, dtype=np.int64)
        whole = sp.csr_matrix(sp.vstack(columns)) if columns else sp.csr_matrix((0, self.size))
        self._whole = whole
        self._columns = sp.csc_matrix(whole[self._free])
        rough = [j for j in self.joints.values() if j.slide >= 0]
        pairs = [np.stack([np.arange(s.start, s.stop) for s in j.spans]) for j in rough]
        self._pairs: Index = np.concatenate(pairs, axis=1) if pairs else np.zeros((3, 0), dtype=np.int64)
        self._friction = np.concatenate(
            [np.full(len(j.pixels), j.interface.friction) for j in rough] or [np.zeros(0)]
        )
        self._rough = np.where(np.isfinite(self._friction), self._friction, 0.0)
        self._loads: dict[str, Array] = {}
        for name, part in self.whole.items():
            for cause, column in part.body.load_columns().items():
                self._loads.setdefault(cause, np.zeros(dofs))[self._at[name]] = column
        self._flat = self._flattenings()
        self._springs = self._link_springs()

    def _flattenings(self) -> list[tuple[str, Flattening]]:
        """What holds the rubber's faces inside their pixels; not where the other face has a step in a pixel."""
        out = []
        for name, part in self.whole.items():
            if not isinstance(part.body.solid.material, Rubber):
                continue
            for j in self.joints.values():
                for side in (j.interface.below, j.interface.above):
                    solid, face = side.split(".", 1)
                    if solid == name:
                        place: Index = np.full(j.grid.size, -1, dtype=np.int64)
                        place[j.pixels] = np.arange(j.span.start, j.span.stop)
                        shear = part.body.solid.material.law.shear
                        body = part.body
                        made = Flattening.of(
                            body.face(face),
                            j.grid,
                            len(body.coordinates),
                            shear,
                            place,
                            np.isinf(j.interface.friction),
                        )
                        out.append((name, made))
        return out

    def _flattened(self, closed: Mask) -> sp.csr_matrix:
        """Stiffness of the fluctuations inside pressed pixels, free unknowns only."""
        size = self._whole.shape[0]
        total = sp.csr_matrix((size, size))
        for name in self._at:
            mine = [f.matrix(closed) for n, f in self._flat if n == name]
            if mine:
                one = sp.coo_matrix(sum(mine[1:], mine[0]))
                at = self._at[name].start
                total = total + sp.csr_matrix((one.data, (one.row + at, one.col + at)), shape=(size, size))
        return sp.csr_matrix(total[self._free][:, self._free])

    def _link_springs(self) -> Array:
        """Springs [N/mm] that stand for the other side of links with a whole body; 0 at links between condensed ones.

        As stiff as the condensed side, or many times the whole ones by themselves where that is less.
        """
        bodies: list[Any] = [p.body for p in self.whole.values()]
        tangents = [b.system(b.start())[1].diagonal() for b in bodies]
        diagonal = np.concatenate(tangents)[self._free] if tangents else np.zeros(0)
        yields = np.zeros(self.size)  # compliance [mm/N] of the softest whole side, its neighbours held
        for place in self._at.values():
            mine = (self._free >= place.start) & (self._free < place.stop)
            part = self._columns[mine]
            yields = np.maximum(yields, np.asarray(part.multiply(part).T @ (1.0 / diagonal[mine])).ravel())
        own = np.diag(self.compliance)
        self._give = own + yields
        touched = yields > 0
        return np.where(touched, 1.0 / np.where(touched, own + yields / STIFFER, 1.0), 0.0)

    def _gather(self, soft: Bodies) -> Array:
        return np.concatenate([soft[n].u for n in self._at]) if self._at else np.zeros(0)

    def _slip(self, moved: Array) -> Array:
        return np.asarray(moved[self._pairs[1:]].T)

    def _systems(
        self, soft: Bodies, amounts: dict[str, float], seconds: float
    ) -> tuple[Array, sp.csr_matrix]:
        """Internal less given forces and the tangent of all whole bodies, free unknowns only."""
        made = [self.whole[n].body.system(soft[n], seconds, amounts) for n in self._at]
        if not made:
            return np.zeros(0), sp.csr_matrix((0, 0))
        force = np.concatenate([f for f, _ in made])
        for cause, column in self._loads.items():
            force = force - amounts.get(cause, 0.0) * column
        whole = sp.csr_matrix(sp.block_diag([t for _, t in made], format="csr"))
        return force[self._free], sp.csr_matrix(whole[self._free][:, self._free])


def _idle_supports(modes: Array, columns: sp.csc_matrix, coordinates: Array) -> Index:
    """Dofs, one per rigid motion that no link feels, that hold a soft body there without carrying anything."""
    if not modes.shape[1]:
        return np.zeros(0, dtype=np.int64)
    felt = columns.T @ modes
    _, s, vt = np.linalg.svd(np.linalg.qr(np.where(np.abs(felt) < 1e-11, 0.0, felt), mode="r"))
    s = np.concatenate([s, np.zeros(vt.shape[0] - len(s))])
    idle = modes @ vt[s <= 1e-9 * max(float(s.max(initial=0.0)), 1.0)].T
    if not idle.shape[1]:
        return np.zeros(0, dtype=np.int64)
    # in the middle, so that a pad that widens stays where it is; a turn is held across, far out
    middle = coordinates.mean(axis=0)
    centre = int(np.argmin(np.linalg.norm(coordinates - middle, axis=1)))
    level = np.abs(coordinates[:, 1:] - coordinates[centre, 1:]).sum(axis=1) < 1e-9
    far = int(np.flatnonzero(level)[np.argmax(np.abs(coordinates[level, 0] - middle[0]))])
    _, _, others = scipy.linalg.qr(idle.T, mode="economic", pivoting=True)
    chosen: list[int] = []
    for dof in (3 * centre, 3 * centre + 1, 3 * far + 1, *others.tolist()):
        rows = idle[[*chosen, dof]]
        if np.linalg.matrix_rank(rows, tol=1e-6 * float(np.abs(idle).max())) == len(rows):
            chosen.append(dof)
        if len(chosen) == idle.shape[1]:
            break
    return np.array(chosen, dtype=np.int64)


def predicted(body: Any, s: Any, amounts: Mapping[str, float]) -> Any:
    """A start for Newton's method, where the body has a better one than where it is."""
    return body.predicted(s, amounts) if hasattr(body, "predicted") else s
