"""Superelements kept on disk: under which name, written whole or not at all, read only when sound."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import cache
from .assembly import LayerStack, MeshFile, Solid, StepPart
from .materials.elastic import Elastic
from .reduced import Links, Superelement

Array = NDArray[np.float64]
log = logging.getLogger(__name__)

FORMAT = 6
"""Raised when meshes, integration or the layout of a cache entry change."""

LOADED = ("free", "resultant", "seen_free")
"""What a superelement knows of each load."""


def cache_folder() -> Path:
    """Where superelements are kept: $HOLDERSIM_CACHE, or the user's cache folder; a wrong limit is told here."""
    cache.limit()
    given = os.environ.get("HOLDERSIM_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return Path(given) if given else base / "holdersim" / "superelements"


def identity(solid: Solid, links: Links) -> str:
    """Hash of all that the superelement depends on: shape, elasticity, holds, tractions, grids, handles."""
    shape: dict[str, Any] = asdict(solid.shape)
    if isinstance(solid.shape, MeshFile | StepPart):
        shape["path"] = hashlib.sha256(Path(solid.shape.path).read_bytes()).hexdigest()
    for layer in shape.get("layers", []) if isinstance(solid.shape, LayerStack) else []:
        kept = ("E", "nu", "expansion") if solid.warms else ("E", "nu")
        layer["material"] = {n: layer["material"][n] for n in kept}
        growth, active, _ = (layer.pop(n) for n in ("growth", "active", "law"))
        if layer["name"] in solid.swelling:
            layer |= {"growth": growth, "active": active}
    loaded = bool(solid.tractions) or any(solid.body_force) or bool(solid.fluid)
    material = solid.material if isinstance(solid.material, Elastic) else None
    data = {
        "format": FORMAT,
        "kind": type(solid.shape).__name__,
        "shape": shape,
        "nu": None if material is None else material.nu,
        "E": material.E if material is not None and loaded else None,
        "flip": solid.flip if loaded else None,
        "degree": solid.degree,
        "symmetry": solid.symmetry,
        "fixed": solid.fixed,
        "tractions": solid.tractions,
        "body_force": solid.body_force,
        "grids": [(name, g.x.tolist(), g.y.tolist()) for name, g in links.grids],
        "handles": links.handles,
        "fluid": solid.fluid,
        "sticking": links.sticking,
        "inside": [(name, g.x.tolist(), g.y.tolist()) for name, g in links.inside],
    }
    if solid.swelling or solid.warms:
        data |= {
            "strained": solid.name,
            "zones": "linear",
            "expansion": material.expansion if material else None,
        }
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:24]


def cacheable(solid: Solid) -> bool:
    return not any(callable(t) for t in solid.tractions.values())


def _checksum(arrays: dict[str, Array]) -> int:
    total = 0
    for name in sorted(arrays):
        total = zlib.crc32(np.ascontiguousarray(arrays[name]).data, total)
    return total


def write(file: Path, made: Superelement) -> None:
    """Write a cache entry whole or not at all, and keep the cache within its limit; a full disk is survived."""
    arrays = {
        "compliance": made.compliance,
        "modes": made.modes,
        "seen": made.seen,
        "fine": np.array(made.fine),
    }
    arrays |= {f"covered{i}": a for i, a in enumerate(made.covered)}
    arrays |= {f"layer{i}": a for i, a in enumerate(made.layers)}
    for kind in LOADED:
        arrays |= {f"{kind}.{name}": a for name, a in getattr(made, kind).items()}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=file.parent, suffix=cache.UNFINISHED)
        try:
            with os.fdopen(handle, "wb") as stream:
                np.save(stream, np.array([_checksum(arrays), len(arrays)]))
                for name in sorted(arrays):
                    np.save(stream, np.array(name))
                    np.save(stream, arrays[name])
            os.replace(part, file)
        finally:
            Path(part).unlink(missing_ok=True)
        cache.touch(file)
        cache.keep_within_limit(file.parent)
    except OSError as problem:
        log.warning("superelement not kept (%s): the next run makes it again", problem)


def read(file: Path, modulus: float) -> Superelement | None:
    """A sound cache entry, or None; a damaged one is removed."""
    try:
        with file.open("rb") as stream:
            cache.touch(file)
            checksum, count = np.load(stream)
            arrays = {str(np.load(stream)): np.load(stream) for _ in range(count)}
        if checksum != _checksum(arrays):
            raise ValueError("checksum does not match")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Exception as damage:
        log.warning("damaged superelement %s is made again (%s)", file.name, damage)
        file.unlink(missing_ok=True)
        return None
    compliance = arrays["compliance"]
    if modulus != 1.0:
        compliance /= modulus
    many = {
        kind: tuple(arrays[f"{kind}{i}"] for i in range(sum(k.startswith(kind) for k in arrays)))
        for kind in ("covered", "layer")
    }
    loaded = {
        kind: {k.split(".", 1)[1]: a for k, a in arrays.items() if k.startswith(f"{kind}.")}
        for kind in LOADED
    }
    fine = tuple(bool(v) for v in arrays["fine"])
    return Superelement(compliance, arrays["modes"], loaded["free"], loaded["resultant"], many["covered"], fine,
                        arrays["seen"], loaded["seen_free"], many["layer"])  # fmt: skip
