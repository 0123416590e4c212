"""CalculiX input (.inp) of an assembly: the same bodies, meshes, contact and loads, to cross-check.

What differs from the solver here: quadratic hexahedra have 20 nodes (serendipity) instead of 27; contact
pressure is p = stiffness * overclosure at the faces' own integration points (surface to surface) instead of
one exact unilateral pressure per pixel; rigid motions are stopped by weak springs. Bolts are given forces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RegularGridInterpolator

from ..assembly import Assembly, Interface, LayerStack, Traction
from ..errors import GeometryError
from ..geometry.mesh import Array, Index
from ..grid import PressureGrid
from ..materials.rubber import Rubber
from .elements import SIDES, Part
from .rubber import hyperelastic, is_soft, left_out, tied

STIFFNESS = 1e6
"""Contact pressure per overclosure [MPa/mm]: 10 MPa press the faces 10 nm into each other."""

WEAK = 1e-3
"""Stiffness [N/mm] of the springs that stop rigid motions."""

TOUCH = 1e-6
"""Facing surfaces without initial gap must lie within this distance [mm]."""


LAST = ", FREQUENCY=1000"
"""Print the last increment only."""


def write(
    assembly: Assembly, path: Path, force_per_bolt: dict[str, float], stiffness: float = STIFFNESS
) -> Path:
    """Path of the written file; forces [N] are those of whole bolts, by name.

    Forces of bolts that the assembly's symmetry has cut away may be given too and are left out.
    """
    cut = set(assembly.bolt_names.values()) - {b.name for b in assembly.bolts}
    missing = {b.name for b in assembly.bolts} ^ (set(force_per_bolt) - cut)
    if missing:
        raise GeometryError(
            f"one force for each bolt is needed; wrong or missing: {', '.join(sorted(missing))}"
        )
    moving = [s.name for s in assembly.solids if s.swelling or s.warms or s.inelastic]
    if moving:
        raise GeometryError(
            f"{', '.join(moving)}: growth, temperature and plastic layers are not exported. Take a case without the "
            "steps that charge or warm."
        )
    parts = {solid.name: Part.of(solid) for solid in assembly.solids}
    start = _running({name: len(part.points) for name, part in parts.items()})
    first = _running({name: len(part.cells) for name, part in parts.items()})
    points = {name: part.points.copy() for name, part in parts.items()}
    for interface in assembly.interfaces:
        _open(assembly, interface, parts, points)
    lines = [*_heading(assembly, stiffness)]
    for name, part in parts.items():
        lines += _nodes(part, points[name], start[name])
        lines += _elements(part, start[name], first[name])
    lines += _supports(parts, start)
    for interface in assembly.interfaces:
        stick = tied(interface, opened=_is_open(assembly, interface))
        lines += _pair(interface, parts, first, None if stick else stiffness)
    lines += _step(assembly, parts, start, force_per_bolt)
    path = Path(path)
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return path


def _running(counts: dict[str, int]) -> dict[str, int]:
    """Sum of the counts before each."""
    return dict(zip(counts, accumulate(counts.values(), initial=0), strict=False))


def label(*names: str) -> str:
    """Name of a set as CalculiX takes it: capitals, digits and underscores."""
    return re.sub(r"[^A-Z0-9]", "_", "_".join(names).upper())


def _rows(array: NDArray[Any]) -> list[Any]:
    return list(array.tolist())  # Python numbers print and loop several times faster


def _heading(assembly: Assembly, stiffness: float) -> Iterator[str]:
    planes = ", ".join(assembly.symmetry) or "none"
    yield "*HEADING"
    yield "holdersim assembly; units mm, N, MPa, t; z is the pressing direction"
    yield f"** symmetry planes: {planes}"
    yield f"** contact: surface to surface, linear, {stiffness:g} MPa/mm; no friction"
    yield "** CalculiX starts with softer contact and ends with a tiny second increment: read the last one"
    yield f"** rigid motions: springs of {WEAK:g} N/mm"
    yield "** quadratic hexahedra are C3D20 (serendipity)"
    yield from left_out(assembly)


def _nodes(part: Part, points: Array, start: int) -> Iterator[str]:
    yield f"*NODE, NSET={label('N', part.solid.name)}"
    for i, (x, y, z) in enumerate(_rows(points), start + 1):
        yield f"{i}, {x:.12g}, {y:.12g}, {z:.12g}"


def _elements(part: Part, start: int, first: int) -> Iterator[str]:
    for block, material, cells in part.blocks:
        name = label(part.solid.name, block)
        yield f"*ELEMENT, TYPE={part.kind}, ELSET={label('E', name)}"
        for cell, nodes in zip(_rows(cells + first + 1), _rows(part.cells[cells] + start + 1), strict=True):
            entries = [str(v) for v in (cell, *nodes)]
            yield ", ".join(entries[:16]) + ("," if len(entries) > 16 else "")
            if len(entries) > 16:
                yield ", ".join(entries[16:])
        yield f"*MATERIAL, NAME={label('M', name)}"
        yield f"** {material.name}"
        if isinstance(material, Rubber):
            yield from hyperelastic(material, part.solid.name)
        else:
            yield f"*ELASTIC\n{material.E:.12g}, {material.nu:.12g}"
        if material.density > 0:
            yield f"*DENSITY\n{material.density:.12g}"
        if material.expansion:
            yield f"*EXPANSION\n{material.expansion:.12g}"
        yield f"*SOLID SECTION, ELSET={label('E', name)}, MATERIAL={label('M', name)}"


def _set(name: str, numbers: Index) -> Iterator[str]:
    yield f"*NSET, NSET={name}"
    for k in range(0, len(numbers), 12):
        yield ", ".join(str(v) for v in _rows(numbers[k : k + 12])) + ","


def _supports(parts: dict[str, Part], start: dict[str, int]) -> Iterator[str]:
    """Symmetry planes, fixed faces, and weak springs at four far nodes of every solid."""
    element = sum(len(p.cells) for p in parts.values())
    for name, part in parts.items():
        held = [(plane, str("xy".index(plane[0]) + 1)) for plane in part.solid.symmetry]
        held += [
            (face, str("xyz".index(c) + 1))
            for face, components in part.solid.fixed.items()
            for c in components
        ]
        for face, direction in held:
            nodes = label("N", name, face, direction)
            yield from _set(nodes, part.nodes(face) + start[name] + 1)
            yield f"*BOUNDARY\n{nodes}, {direction}, {direction}, 0."
        x, y = part.points[:, 0], part.points[:, 1]
        far = np.unique([np.argmax(x + y), np.argmin(x + y), np.argmax(x - y), np.argmin(x - y)])
        for axis in (1, 2, 3):
            springs = label("W", name, str(axis))
            yield f"*ELEMENT, TYPE=SPRING1, ELSET={springs}"
            for node in far:
                element += 1
                yield f"{element}, {node + start[name] + 1}"
            yield f"*SPRING, ELSET={springs}\n{axis}\n{WEAK:g}"


def _side(interface: Interface, side: str, parts: dict[str, Part]) -> tuple[str, Part, Index, Index]:
    """Solid, and its facets that meet the region of the interface."""
    name, face = getattr(interface, side).split(".", 1)
    if name not in parts:
        raise GeometryError(f"interface '{interface.name}': there is no solid '{name}'")
    part = parts[name]
    cells, sides = part.face(face)
    corner = part.points[part.facets(cells, sides)[:, : SIDES[part.cell].shape[1]]]
    r, low, high = interface.region, corner.min(axis=1), corner.max(axis=1)
    over = (high[:, 0] > r.x0 + TOUCH) & (low[:, 0] < r.x1 - TOUCH)
    over &= (high[:, 1] > r.y0 + TOUCH) & (low[:, 1] < r.y1 - TOUCH)
    if not over.any():
        raise GeometryError(f"interface '{interface.name}': face '{face}' of '{name}' is not over its region")
    return name, part, cells[over], sides[over]


def _open(assembly: Assembly, interface: Interface, parts: dict[str, Part], points: dict[str, Array]) -> None:
    """Open the initial gap: move the nodes of one face back, that of a plate rather than that of a stack."""
    below, above = _side(interface, "below", parts), _side(interface, "above", parts)
    levels = [np.unique(part.points[part.facets(c, s), 2].round(7)) for _, part, c, s in (below, above)]
    if max(np.ptp(v) for v in levels) > TOUCH or abs(levels[0].mean() - levels[1].mean()) > TOUCH:
        raise GeometryError(
            f"interface '{interface.name}': its faces must be flat and touch; they lie at "
            f"{levels[0].min():g} to {levels[0].max():g} and {levels[1].min():g} to {levels[1].max():g} mm"
        )
    if interface.gap is None:
        return
    moved, sign = (above, 1.0) if not isinstance(above[1].solid.shape, LayerStack) else (below, -1.0)
    name, part, _, _ = moved
    nodes = part.nodes((interface.above if sign > 0 else interface.below).split(".", 1)[1])
    x, y = part.points[nodes, 0], part.points[nodes, 1]
    points[name][nodes, 2] += sign * _gap(assembly, interface, x, y)


def _gap(assembly: Assembly, interface: Interface, x: Array, y: Array) -> Array:
    """Initial gap [mm] at points; a map is interpolated between pixel centres and constant beyond."""
    if callable(interface.gap):
        return np.broadcast_to(np.asarray(interface.gap(x, y), dtype=float), x.shape)
    grid = PressureGrid.over(interface.region, interface.pixel, assembly.symmetry)
    cx, cy = (grid.x[1:] + grid.x[:-1]) / 2, (grid.y[1:] + grid.y[:-1]) / 2
    field = RegularGridInterpolator((cy, cx), np.asarray(interface.gap, dtype=float))
    return np.asarray(field(np.column_stack([np.clip(y, cy[0], cy[-1]), np.clip(x, cx[0], cx[-1])])))


def _is_open(assembly: Assembly, interface: Interface) -> bool:
    """Whether an interface has an initial gap anywhere."""
    if interface.gap is None:
        return False
    x, y = PressureGrid.over(interface.region, interface.pixel, assembly.symmetry).centres
    return bool(np.any(np.abs(_gap(assembly, interface, x, y)) > TOUCH))


def _pair(
    interface: Interface, parts: dict[str, Part], first: dict[str, int], stiffness: float | None
) -> Iterator[str]:
    """Contact pair, or a tie without stiffness; the slave is the finer face, restricted to the region."""
    sides = [(side, *_side(interface, side, parts)) for side in ("below", "above")]
    fine = max((0, 1), key=lambda i: len(sides[i][3]))
    names = []
    for i, (side, name, part, cells, numbers) in enumerate(sides):
        if i == fine:
            r, at = interface.region, part.centres(cells, numbers)
            keep = (at[:, 0] > r.x0) & (at[:, 0] < r.x1) & (at[:, 1] > r.y0) & (at[:, 1] < r.y1)
            cells, numbers = cells[keep], numbers[keep]
        names.append(label("S", interface.name, side))
        yield f"*SURFACE, NAME={names[-1]}, TYPE=ELEMENT"
        for cell, number in zip(_rows(cells + first[name] + 1), _rows(numbers + 1), strict=True):
            yield f"{cell}, S{number}"
    law = label("C", interface.name)
    if stiffness is None:
        yield f"*TIE, NAME={law}, POSITION TOLERANCE={10 * TOUCH:g}, ADJUST=NO"
    else:
        yield f"*SURFACE INTERACTION, NAME={law}"
        yield f"*SURFACE BEHAVIOR, PRESSURE-OVERCLOSURE=LINEAR\n{stiffness:.12g}"
        yield f"*CONTACT PAIR, INTERACTION={law}, TYPE=SURFACE TO SURFACE"
    yield f"{names[fine]}, {names[1 - fine]}"


def _step(
    assembly: Assembly, parts: dict[str, Part], start: dict[str, int], force_per_bolt: dict[str, float]
) -> Iterator[str]:
    soft = is_soft(assembly)
    yield "*STEP, NLGEOM, INC=1000\n*STATIC\n0.1, 1." if soft else "*STEP, INC=1000\n*STATIC\n1., 1."
    for bolt in assembly.bolts:
        for seat in bolt.seats:
            name, face = seat.split(".", 1)
            cells, sides = parts[name].face(face)
            outward = parts[name].centres(cells, sides)[:, 2].mean() - parts[name].points[:, 2].mean()
            _, _, area = parts[name].traction(face, (0.0, 0.0, 0.0))
            pressure = force_per_bolt[bolt.name] * bolt.share / area
            yield f"** bolt {bolt.name}: {force_per_bolt[bolt.name] * bolt.share:g} N on {seat}"
            yield from _forces(
                parts[name], face, (0.0, 0.0, -float(np.sign(outward)) * pressure), start[name]
            )
    for name, part in parts.items():
        for face, traction in part.solid.tractions.items():
            yield f"** traction on {name}.{face}"
            yield from _forces(part, face, traction, start[name])
    yield "*NODE FILE\nU, RF\n*EL FILE\nS\n*CONTACT FILE\nCDIS, CSTR"
    for name, part in parts.items():
        yield f"*NODE PRINT, NSET={label('N', name)}{LAST if soft else ''}\n{'U, RF' if soft else 'U'}"
        for block, _, _ in part.blocks:
            yield f"*EL PRINT, ELSET={label('E', name, block)}{LAST if soft else ''}\nS"
    yield "*END STEP"


def _forces(part: Part, face: str, traction: Traction, start: int) -> Iterator[str]:
    nodes, forces, _ = part.traction(face, traction)
    yield "*CLOAD"
    for node, vector in zip(_rows(nodes + start + 1), _rows(forces), strict=True):
        for direction, value in enumerate(vector, 1):
            if value:
                yield f"{node}, {direction}, {value:.12g}"
