"""The mixed rubber element, many at once: forces, tangent and pressures of hexahedra with 27 nodes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .materials.rubber import Rubber

Array = NDArray[np.float64]
Index = NDArray[np.int64]


def gauss() -> tuple[Array, Array]:
    """Points (27, 3) of the unit cube, the middle one in the middle of the list, and weights (27,)."""
    x, w = np.polynomial.legendre.leggauss(3)
    grid = np.stack(np.meshgrid(x, x, x, indexing="ij"), axis=-1).reshape(-1, 3)
    weight = np.einsum("i,j,k->ijk", w, w, w).ravel() / 8
    return np.asarray((grid + 1) / 2, dtype=np.float64), np.asarray(weight, dtype=np.float64)


@dataclass(frozen=True)
class Points:
    """Integration points of cells.

    gradient (cells, 27, 3, nodes) of the shape functions [1/mm]; volume (cells, 27) [mm3]; place (cells, 27, 3) [mm].
    """

    gradient: Array
    volume: Array
    place: Array

    def of(self, cells: slice) -> Points:
        """Those of some cells."""
        return Points(self.gradient[cells], self.volume[cells], self.place[cells])

    def warmed(self, stretch: float) -> Points:
        """Those of the cells stretched evenly, free of stress: the reference of elastic deformation."""
        if stretch == 1.0:
            return self
        return Points(np.asarray(self.gradient / stretch), self.volume * stretch**3, self.place)

    @cached_property
    def functions(self) -> Array:
        """Pressure functions (cells, 27, 4): 1, x, y, z from the middle in units of the cell's size."""
        middle = self.place[:, 13:14]
        size = np.ptp(self.place, axis=1, keepdims=True)
        return np.concatenate([np.ones((*self.volume.shape, 1)), (self.place - middle) / size], axis=2)

    @cached_property
    def mass(self) -> Array:
        """Inverse of the integral of products of pressure functions (cells, 4, 4) [1/mm3]."""
        weighted = self.functions * self.volume[..., None]
        return np.asarray(np.linalg.inv(self.functions.transpose(0, 2, 1) @ weighted))

    def balance(self, field: Array) -> Array:
        """Coefficients (cells, 4) of the pressure functions nearest to values (cells, 27), least squares."""
        moments = (self.functions * (self.volume * field)[..., None]).sum(axis=1)
        return np.asarray((self.mass @ moments[..., None])[..., 0])


@dataclass(frozen=True)
class Linearised:
    """Of every cell: force (27, 3) [N]; tangent (9, cells, 27, 27) [N/mm], components (xx, xy, ..., zz) first;
    the pressures' answer dp = du @ rate + offset, rate (81, 4), offset (4,)."""

    force: Array
    tangent: Array
    rate: Array
    offset: Array


def linearise(
    points: Points, F: Array, p: Array, rubber: Rubber, share: float, carried: Array | None
) -> Linearised:
    """Newton's linearisation of cells at deformation F (cells, 27, 3, 3) and pressures p (cells, 4).

    share: dS/dS0 of the step; carried (cells, 27, 3, 3): what S has besides, from history [MPa].
    With C = integral (dJ/du) psi, g = integral psi (J - 1 - p/K): dp = K M^-1 (C^T du + g), which goes into the rest.
    """
    cells, q = F.shape[:2]
    pressure = (points.functions @ p[:, :, None])[..., 0]
    cof = _cofactor(F)
    first = share * rubber.law.stress(F.reshape(-1, 3, 3)).reshape(F.shape) + pressure[..., None, None] * cof
    second = share * rubber.law.tangent(F.reshape(-1, 3, 3)).reshape(cells, q, 3, 3, 3, 3)
    _add_volume_curvature(second, pressure, F)
    if carried is not None:
        first += F @ carried
        for i in range(3):
            second[:, :, i, :, i, :] += carried
    jac = (F[..., 0] * cof[..., 0]).sum(axis=-1)
    weighted = points.functions * points.volume[..., None]
    coupling = _coupling(points.gradient, cof, weighted)
    rate = rubber.bulk * coupling @ points.mass
    offset = rubber.bulk * points.balance(jac - 1) - p
    v = points.volume[..., None, None]
    force = (points.gradient.transpose(0, 3, 1, 2).reshape(cells, -1, 3 * q)) @ (
        (first * v).transpose(0, 1, 3, 2).reshape(cells, 3 * q, 3)
    )
    force += (coupling @ offset[..., None]).reshape(force.shape)
    second *= v[..., None, None]
    tangent = _material_part(points.gradient, second)
    condensed = (rate @ coupling.transpose(0, 2, 1)).reshape(cells, -1, 3, tangent.shape[-1], 3)
    tangent += condensed.transpose(2, 4, 0, 1, 3).reshape(tangent.shape)
    return Linearised(force, tangent, rate, offset)


def _material_part(gradient: Array, second: Array) -> Array:
    """Integral of grad N . A . grad N by components, (9, cells, n, n)."""
    cells, q, _, n = gradient.shape
    rows = np.ascontiguousarray(second.transpose(0, 1, 3, 2, 4, 5)).reshape(cells, q, 27, 3)
    right = (rows @ gradient).reshape(cells, 3 * q, 9 * n)
    product = gradient.reshape(cells, 3 * q, n).transpose(0, 2, 1) @ right
    return np.asarray(np.moveaxis(product.reshape(cells, n, 9, n), 2, 0))


def _coupling(gradient: Array, cof: Array, weighted: Array) -> Array:
    """C (cells, 3 n, 4): integral of pressure functions times the change of J with each displacement."""
    cells, _, _, n = gradient.shape
    dj = (cof @ gradient).transpose(0, 3, 2, 1).reshape(cells, 3 * n, -1)
    return np.asarray(dj @ weighted)


def _cofactor(F: Array) -> Array:
    """dJ/dF (..., 3, 3)."""
    a, b, c = F[..., 0, :], F[..., 1, :], F[..., 2, :]
    return np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], axis=-2)


def _add_volume_curvature(second: Array, pressure: Array, F: Array) -> None:
    """Add p d2J/dF dF: e_ikm e_JLN F_mN."""
    pf = pressure[..., None, None] * F
    for i, k, m, si in _EVEN_ODD:
        for j, el, n, sj in _EVEN_ODD:
            second[..., i, j, k, el] += si * sj * pf[..., m, n]


_EVEN_ODD = ((0, 1, 2, 1), (1, 2, 0, 1), (2, 0, 1, 1), (1, 0, 2, -1), (2, 1, 0, -1), (0, 2, 1, -1))


def block_pattern(cell_nodes: Index, nodes: int) -> tuple[Index, Index, Index, Index]:
    """Where element blocks go in a csr matrix of 3 dofs per node.

    indptr, indices of the matrix; position (cells * n * n,): block of each pair of nodes; order: the matrix' data
    are blocks (count, 9) ravelled and taken in this order.
    """
    n = cell_nodes.shape[1]
    keys = (cell_nodes[:, :, None] * nodes + cell_nodes[:, None, :]).reshape(-1, n * n)
    used, position = np.unique(keys, return_inverse=True)
    row, column = used // nodes, used % nodes
    count = np.bincount(row, minlength=nodes)
    starts = np.concatenate([[0], np.cumsum(count)])
    indptr = np.concatenate([[0], np.cumsum(np.repeat(3 * count, 3))])
    # entry of (block, i, k): behind the rows above, the earlier components of its row, the blocks left of it
    i, k = np.arange(3)[:, None], np.arange(3)[None, :]
    left = np.arange(len(used)) - starts[row]
    place = (
        9 * starts[row][:, None, None] + i * 3 * count[row][:, None, None] + 3 * left[:, None, None] + k
    ).ravel()
    order = np.empty(len(place), dtype=np.int64)
    order[place] = np.arange(len(place))
    indices = np.broadcast_to(3 * column[:, None, None] + k, (len(used), 3, 3)).ravel()[order]
    return indptr, indices, position.ravel(), order
