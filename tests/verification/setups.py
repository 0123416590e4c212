"""Pieces that verification problems share: grid lines, slabs in plane strain, rigid indenters, single bodies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from holdersim.assembly import Assembly, Block, Gap, Interface, Rect, Solid
from holdersim.body import Body
from holdersim.geometry.mesh import MeshData
from holdersim.materials.elastic import Elastic
from holdersim.solve import Model, State
from holdersim.superelement import Condenser, Links

Array = NDArray[np.float64]
STEEL = Elastic("steel", 200e3, 0.3)
RIGID = Elastic("rigid", 1e12, 0.0)
SLAB = {"ymin": "y", "ymax": "y"}
"""Plane strain: a slab one element thick between two smooth walls."""


def lines(low: float, high: float, n: int) -> tuple[float, ...]:
    """Grid lines of n equal elements."""
    return tuple(np.linspace(low, high, n + 1).tolist())


def graded(fine: float, n: int, far: float, growth: float) -> tuple[float, ...]:
    """Grid lines from 0: n equal elements up to `fine`, then growing ones to `far`."""
    out, size = list(lines(0.0, fine, n)), fine / n
    while out[-1] < far - 1e-9:
        size *= growth
        out.append(far if out[-1] + 1.6 * size > far else out[-1] + size)
    return tuple(out)


def down(depths: tuple[float, ...]) -> tuple[float, ...]:
    """The same lines below zero, for a body that is fine at its top."""
    return tuple(-d for d in reversed(depths))


def solve(*solids: Solid, interfaces: tuple[Interface, ...] = (), symmetry: tuple[str, ...] = ()) -> State:
    """Solved state of an assembly without bolts."""
    cut = tuple(replace(s, symmetry=symmetry) for s in solids)
    return Model(Assembly(cut, interfaces, symmetry=symmetry)).tighten({})


def line_contact(
    half: Block,
    material: Elastic,
    upper: tuple[Block, Elastic],
    force: float,
    region: float,
    pixel: float,
    gap: Gap | None,
) -> State:
    """A slab pressed by `force` [N/mm] from above: plane strain, half model (x >= 0), contact over |x| < region."""
    block, stuff = upper
    width, depth = block.x[-1], half.y[-1]
    lower = Solid("base", half, material, 2, fixed={"bottom": "z", **SLAB})
    top = Solid("punch", block, stuff, 2, fixed=SLAB, tractions={"top": (0, 0, -force / 2 / width)})
    face = Interface("contact", "base.top", "punch.bottom", Rect(-region, region, 0, depth), pixel, gap)
    return solve(lower, top, interfaces=(face,), symmetry=("x0",))


def single(solid: Solid, mesh: MeshData) -> tuple[Body, Array]:
    """Body and displacement (nodes, 3) [mm] of one held solid with its own mesh, under its own loads."""
    condenser = Condenser(solid, Links((), ()), lambda s: Body(s, mesh), None)
    condenser.get()
    return condenser.body, condenser.displacement(np.zeros(0), np.zeros(0))


def mapped(x: tuple[float, ...], y: tuple[float, ...], z: tuple[float, ...], to: object) -> MeshData:
    """Mesh of a block whose points are moved by to(x, y, z) -> (x, y, z)."""
    from holdersim.geometry.mesh import mesh_shape

    mesh = mesh_shape(Block(x, y, z))
    moved = np.column_stack(to(*mesh.points.T))  # type: ignore[operator]
    return MeshData(moved, mesh.cells, mesh.cell, mesh.regions, mesh.faces).check()


def cell_at(body: Body, point: tuple[float, float, float]) -> int:
    """Number of the cell whose centre is nearest to a point."""
    centres = body.coordinates[body.cell_nodes].mean(axis=1)
    return int(np.linalg.norm(centres - np.array(point), axis=1).argmin())


def node_at(body: Body, point: tuple[float, float, float]) -> int:
    """Number of the node nearest to a point."""
    return int(np.linalg.norm(body.coordinates - np.array(point), axis=1).argmin())


def relative(found: Array, wanted: Array) -> float:
    """Largest difference over largest wanted value."""
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())
