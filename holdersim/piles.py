"""Pouches as bodies of an assembly: one solid for each, an interface between neighbours, the sides that are pressed."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from .assembly import Array, Gap, Interface, Rect, Solid
from .cell import Cell, PlacedPouch, Side

if TYPE_CHECKING:
    from .holder import MeshSizes


def cell_solids(
    cell: Cell, mesh: MeshSizes, symmetry: tuple[str, ...] = (), z0: float = 0.0, reach: bool = False
) -> tuple[tuple[Solid, ...], tuple[Interface, ...]]:
    """Solids of a cell that lies on z = z0, and the frictionless interfaces "cell_1_2" ... between its pouches.

    An interface lies where both neighbours may press. With `reach`, for what is soft enough to bring lower terraces
    into contact, it goes on over both separators, evenly about that middle so that pixels keep to its edges.
    """
    pouches = cell.pouches()
    solids = tuple(_solid(p, mesh, symmetry, z0) for p in pouches)
    pairs = enumerate(pairwise(pouches), 1)
    between = tuple(_between(f"cell_{i}_{i + 1}", a, b, mesh.pixel, reach) for i, (a, b) in pairs)
    return solids, between


def pressed_sides(cell: Cell) -> tuple[Side, Side]:
    """The lower side of the lowest pouch and the upper side of the uppermost one: what a holder presses."""
    pouches = cell.pouches()
    return pouches[0].lower, pouches[-1].upper


def _solid(p: PlacedPouch, mesh: MeshSizes, symmetry: tuple[str, ...], z0: float) -> Solid:
    shape = p.shape(mesh.cell_size, mesh.cell_coarse, mesh.cell_sublayers)
    z = z0 + p.z + (p.cell.thickness if p.turned else 0.0)
    return Solid(p.name, shape, degree=1, z=z, flip=p.turned, symmetry=symmetry)


def _between(name: str, low: PlacedPouch, high: PlacedPouch, pixel: float, reach: bool) -> Interface:
    a, b = low.upper, high.lower
    region = a.region.clip(b.region)
    if reach:
        region = _about(region, low.regions["separator"].clip(high.regions["separator"]))
    return Interface(name, a.face, b.face, region, pixel, _sum(a.gap, b.gap))


def _about(inner: Rect, outer: Rect) -> Rect:
    """The largest rectangle inside `outer` with the middle of `inner`."""
    x, y = (inner.x0 + inner.x1) / 2, (inner.y0 + inner.y1) / 2
    return Rect.centred(2 * min(x - outer.x0, outer.x1 - x), 2 * min(y - outer.y0, outer.y1 - y), x, y)


def _sum(one: Gap | None, two: Gap | None) -> Gap | None:
    if one is None or two is None:
        return one or two

    def gap(x: Array, y: Array) -> Array:
        return one(x, y) + two(x, y)

    return gap


def cathodes(cell: Cell) -> dict[str, Rect]:
    """Footprints of the cathode layers of all pouches by their place, "cell_1.cathode"."""
    return {
        f"{p.name}.{la.name}": la.footprint
        for p in cell.pouches()
        for la in p.layers()
        if la.name in p.cell.cathodes
    }
