"""Drawing of an assembly as plain data, kept with a result so that pictures need nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from ..assembly import Assembly, Block, Bolt, LayerStack, Plate, Rect, Round, Solid, StepPart, Vessel
from ..materials.rubber import Rubber
from ..outlines import box
from ..springs import Spring


def _box(rect: Rect) -> dict[str, float]:
    return {"x0": rect.x0, "x1": rect.x1, "y0": rect.y0, "y1": rect.y1}


def _images(x: float, y: float, symmetry: tuple[str, ...]) -> list[tuple[float, float]]:
    """A place and its mirror images."""
    xs = {x, -x} if "x0" in symmetry else {x}
    ys = {y, -y} if "y0" in symmetry else {y}
    return [(a, b) for a in sorted(xs) for b in sorted(ys)]


def _unfold(lines: tuple[float, ...], mirrored: bool) -> tuple[float, float]:
    far = max(abs(lines[0]), abs(lines[-1]))
    return (-far, far) if mirrored else (lines[0], lines[-1])


def _heights(solid: Solid, low: float, high: float) -> dict[str, float]:
    z0, z1 = (-high, -low) if solid.flip else (low, high)
    return {"z0": solid.z + z0, "z1": solid.z + z1}


def _plate(solid: Solid, shape: Plate, symmetry: tuple[str, ...]) -> dict[str, Any]:
    outline = _box(Rect.centred(shape.length, shape.width)) | _heights(solid, 0.0, shape.thickness)
    return _named(solid) | outline | {"press_z": solid.z} | _bored(shape, symmetry)


def _vessel(solid: Solid, shape: Vessel, symmetry: tuple[str, ...]) -> dict[str, Any]:
    """Box around a vessel, whether its top is round, and its slabs from the foot up with their cavities."""
    z, slabs = 0.0, []
    for s in shape.slabs:
        cavity = _box(box(s.inner)) if s.inner else None
        slabs.append({**_box(box(s.outer)), **_heights(solid, z, z + s.height), "cavity": cavity})
        z += s.height
    largest = max((box(s.outer) for s in shape.slabs), key=lambda r: r.area)
    ends = _heights(solid, z - shape.slabs[-1].height, z)
    press, seats = (ends["z0"], ends["z1"]) if solid.flip else (ends["z1"], ends["z0"])
    out = _named(solid) | _box(largest) | _heights(solid, 0.0, z) | {"press_z": press, "seat_z": seats}
    return out | {"round": isinstance(shape.slabs[-1].outer, Round), "slabs": slabs} | _bored(shape, symmetry)


def _named(solid: Solid) -> dict[str, Any]:
    return {"name": solid.name, "material": solid.material.name if solid.material else ""}


def _bored(shape: Plate | Vessel, symmetry: tuple[str, ...]) -> dict[str, Any]:
    holes = {(x, y): h.diameter for h in shape.holes for x, y in _images(h.x, h.y, symmetry)}
    seats = {(x, y): (s.inner, s.outer) for s in shape.seats for x, y in _images(s.x, s.y, symmetry)}
    return {
        "holes": [{"x": x, "y": y, "diameter": d} for (x, y), d in holes.items()],
        "seats": [{"x": x, "y": y, "inner": i, "outer": o} for (x, y), (i, o) in seats.items()],
    }


def _block(solid: Solid, shape: Block) -> dict[str, Any]:
    x0, x1 = _unfold(shape.x, "x0" in solid.symmetry)
    y0, y1 = _unfold(shape.y, "y0" in solid.symmetry)
    heights = _heights(solid, shape.z[0], shape.z[-1])
    material = solid.material.name if solid.material else ""
    press = heights["z1"] if solid.flip else heights["z0"]
    outline = _box(Rect(x0, x1, y0, y1)) | heights
    return {"name": solid.name, "material": material, **outline, "press_z": press, "holes": [], "seats": []}


def _layers(solid: Solid, stack: LayerStack) -> Iterator[dict[str, Any]]:
    z = 0.0
    for layer in stack.layers:
        yield {
            "name": layer.name,
            "solid": solid.name,
            "material": layer.material.name,
            "thickness": layer.thickness,
            **_box(layer.footprint),
            **_heights(solid, z, z + layer.thickness),
        }
        z += layer.thickness


def _bolts(bolt: Bolt, assembly: Assembly) -> Iterator[dict[str, Any]]:
    for k, (x, y) in enumerate(_images(bolt.x, bolt.y, assembly.symmetry)):
        image = (x, y) != (bolt.x, bolt.y)
        name = bolt.name if not image else assembly.bolt_names.get((x, y), f"{bolt.name} (image {k})")
        size = {"diameter": bolt.diameter, "length": bolt.length}
        yield {"name": name, "x": x, "y": y, **size, **_spring(bolt), "image": image}


def _spring(bolt: Bolt) -> dict[str, Any]:
    if not isinstance(bolt.spring, Spring):
        return {}
    length = (bolt.spring.free + bolt.spring.shortest) / 2
    return {"spring": {"width": bolt.spring.width, "length": length}}


def drawing(assembly: Assembly) -> dict[str, Any]:
    """Outlines of plates and vessels, layers, bolts, interfaces and regions [mm], mirrored to the whole holder.

    Layers are listed from below; z0 and z1 are heights where all layers overlap. Solids read from files have
    no outline here and are listed by name in "others".
    """
    symmetry = assembly.symmetry
    out: dict[str, Any] = {"unit": "mm", "symmetry": list(symmetry), "plates": [], "layers": [], "others": []}
    out["pads"] = []
    for solid in assembly.solids:
        shape = solid.shape
        if isinstance(shape, Plate):
            out["plates"].append(_plate(solid, shape, symmetry))
        elif isinstance(shape, Vessel):
            out["plates"].append(_vessel(solid, shape, symmetry))
        elif isinstance(shape, Block):
            out["pads" if isinstance(solid.material, Rubber) else "plates"].append(_block(solid, shape))
        elif isinstance(shape, LayerStack):
            out["layers"] += _layers(solid, shape)
        else:
            kind = "STEP part" if isinstance(shape, StepPart) else "mesh"
            out["others"].append({"name": solid.name, "kind": kind, "file": PurePath(shape.path).name})
    out["bolts"] = [b for bolt in assembly.bolts for b in _bolts(bolt, assembly)]
    out["interfaces"] = [
        {"name": i.name, "below": i.below, "above": i.above, "pixel": i.pixel} | _box(i.region)
        for i in assembly.interfaces
    ]
    out["regions"] = {name: _box(rect) for name, rect in assembly.regions.items()}
    return out
