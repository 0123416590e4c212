"""Superelements: a linear body reduced to its compliance at pixels and handles, kept on disk, recovered on demand.

A superelement knows nothing about loads elsewhere: w = C x + free + modes alpha, with x the pixel and handle forces
[N] pressing into the body and w the conjugate displacements [mm] into the body. Alloys share one entry: for a body
of one material C is proportional to 1/E at equal Poisson's ratio.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
import time
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .assembly import LayerStack, MeshFile, Solid, StepPart
from .body import Body, stack_columns
from .dissection import Factor, condense
from .errors import GeometryError
from .grid import PressureGrid, averages, resolves

Array = NDArray[np.float64]
log = logging.getLogger(__name__)

FORMAT = 3
"""Raised when meshes, integration or the layout of a cache entry change."""

BLOCK = 512
"""Rows of a large matrix that are worked on at once."""


@dataclass(frozen=True)
class Links:
    """What a body is reduced to: grids on its faces and handles (uniform force over a face), by face name."""

    grids: tuple[tuple[str, PressureGrid], ...]
    handles: tuple[str, ...]


@dataclass(frozen=True)
class Superelement:
    """Compliance of one body.

    compliance (k, k) [mm/N]; modes (k, r); free (k,) [mm] and resultant (r,): of the body's own loads;
    covered: for each grid the covered area of every pixel [mm2]; fine: for each grid, whether the body resolves it.
    Column order: covered pixels of each grid in turn, then the handles.
    """

    compliance: Array
    modes: Array
    free: Array
    resultant: Array
    covered: tuple[Array, ...]
    fine: tuple[bool, ...]


class Condenser:
    """Makes or fetches the superelement of one solid, and recovers displacement and stress inside it."""

    def __init__(self, solid: Solid, links: Links, build: Callable[[Solid], Body], cache: Path | None):
        self.solid, self.links, self._build = solid, links, build
        self._file = (
            None
            if cache is None or not _cacheable(solid)
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
            found = _read(self._file, self._modulus)
            if found is not None:
                self.from_cache, self.seconds["cache"] = True, time.perf_counter() - began
                return found
        made = self._make(keep)
        # to the unit modulus of the cache and back, always: made and fetched are then equal bit for bit
        np.multiply(made.compliance, self._modulus, out=made.compliance)
        if self._file is not None:
            _write(self._file, made)
        np.divide(made.compliance, self._modulus, out=made.compliance)
        return made

    @property
    def _modulus(self) -> float:
        return (
            1.0
            if isinstance(self.solid.shape, LayerStack) or self.solid.material is None
            else self.solid.material.E
        )

    def _link_columns(self) -> tuple[sp.csc_matrix, tuple[Array, ...], tuple[bool, ...]]:
        body, columns, covered, fine = self.body, [], [], []
        nodes = len(body.coordinates)
        for name, grid in self.links.grids:
            face = body.face(name)
            mean, area = averages(face, grid, nodes)
            mean = mean[np.flatnonzero(area > 0.05 * grid.area)]
            rows = mean.tocoo()
            columns.append(
                sp.csr_matrix(
                    (-face.normal * rows.data, (3 * rows.col + 2, rows.row)), (body.dofs, mean.shape[0])
                )
            )
            covered.append(np.where(area > 0.05 * grid.area, area, 0.0))
            fine.append(resolves(face, grid))
        columns += [body.mean_inward(name) for name in self.links.handles]
        return stack_columns(columns, body.dofs), tuple(covered), tuple(fine)

    def _make(self, keep: bool) -> Superelement:
        body = self.body
        began = time.perf_counter()
        columns, covered, fine = self._link_columns()
        load = body.own_load()
        self.seconds["stiffness"] = -time.perf_counter()
        stiffness = body.stiffness[body.free][:, body.free]
        self.seconds["stiffness"] += time.perf_counter()
        bordered = (
            sp.csc_matrix(sp.hstack([columns, sp.csc_matrix(load[:, None])])) if load.any() else columns
        )
        c, self._factor = condense(
            stiffness, bordered[body.free], body.coordinates, body.free // 3, keep=keep
        )
        k = columns.shape[1]
        free = c[:k, k] if load.any() else np.zeros(k)
        self._columns = columns
        self.seconds["condense"] = time.perf_counter() - began
        log.info(
            "%s: %d unknowns condensed to %d in %.1f s", body.name, body.dofs, k, self.seconds["condense"]
        )
        modes, resultant = columns.T @ body.rigid_modes, body.rigid_modes.T @ load
        compliance, free = _without_rigid_part(c[:k, :k], free, modes, resultant)
        return Superelement(compliance, modes, free, resultant, covered, fine)

    def displacement(self, forces: Array, links: Array) -> Array:
        """Displacement (nodes, 3) [mm] under link forces [N]; the rigid motion is the one that fits `links`.

        links (k,): displacements into the body at the links, C forces + free + modes alpha [mm].
        """
        body = self.body
        if self._columns is None:
            self._columns, _, _ = self._link_columns()
        if self._factor is None:
            began = time.perf_counter()
            stiffness = body.stiffness[body.free][:, body.free]
            _, self._factor = condense(
                stiffness, sp.csc_matrix((len(body.free), 0)), body.coordinates, body.free // 3, keep=True
            )
            self.seconds["factor"] = time.perf_counter() - began
        assert self._factor is not None  # kept on request
        began = time.perf_counter()
        u = np.zeros(body.dofs)
        load = (self._columns @ forces + body.own_load())[body.free]
        u[body.free] = self._factor.solve(load)
        miss = body.stiffness[body.free][:, body.free] @ u[body.free] - load
        self.residual = float(np.abs(miss).max(initial=0.0) / max(np.abs(load).max(initial=0.0), 1e-300))
        if body.rigid_modes.shape[1]:
            seen = _seen(self._columns.T @ body.rigid_modes)
            u += body.rigid_modes @ np.linalg.lstsq(seen, links - self._columns.T @ u, rcond=1e-10)[0]
        self.seconds["recover"] = time.perf_counter() - began
        return u.reshape(-1, 3)

    def release(self) -> None:
        """Drop the factor: it is the largest thing in memory."""
        self._factor = None


def _seen(modes: Array) -> Array:
    """Rigid motions at the links without rounding: what is seen is of order 1, also when nothing is."""
    return np.where(np.abs(modes) < 1e-11, 0.0, modes)


def _without_rigid_part(
    compliance: Array, free: Array, modes: Array, resultant: Array
) -> tuple[Array, Array]:
    """Compliance and free displacements with the rigid motion of the arbitrary supports taken out.

    Wherever modes^T x + resultant = 0 they give the same displacements up to a rigid motion, but without the large
    common part that stems from the point supports and would cost digits.
    """
    if not modes.shape[1] or not len(modes):
        return np.ascontiguousarray(compliance), free
    inverse = np.linalg.pinv(_seen(modes), rcond=1e-10)  # (r, k)
    free = free - compliance @ (inverse.T @ resultant)
    free = free - modes @ (inverse @ free)
    # P C P^T with P = 1 - modes inverse, as one symmetric update of low rank: no second matrix of full size
    half = inverse @ compliance
    half -= 0.5 * (half @ inverse.T) @ modes.T
    projected = np.array(compliance)
    for rows in range(0, len(modes), BLOCK):
        here = slice(rows, rows + BLOCK)
        projected[here] -= modes[here] @ half + (modes @ half[:, here]).T
    return projected, free


def cache_folder() -> Path:
    """Where superelements are kept: $HOLDERSIM_CACHE, or the user's cache folder."""
    given = os.environ.get("HOLDERSIM_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return Path(given) if given else base / "holdersim" / "superelements"


def identity(solid: Solid, links: Links) -> str:
    """Hash of all that the superelement depends on: shape, elasticity, holds, tractions, grids, handles."""
    shape: dict[str, Any] = asdict(solid.shape)
    if isinstance(solid.shape, MeshFile | StepPart):
        shape["content"] = hashlib.sha256(Path(solid.shape.path).read_bytes()).hexdigest()
    for layer in shape.get("layers", []) if isinstance(solid.shape, LayerStack) else []:
        layer["material"] = {"E": layer["material"]["E"], "nu": layer["material"]["nu"]}
    loaded = bool(solid.tractions) or any(solid.body_force)
    data = {
        "format": FORMAT,
        "kind": type(solid.shape).__name__,
        "shape": shape,
        "nu": None if solid.material is None else solid.material.nu,
        "E": solid.material.E if solid.material is not None and loaded else None,
        "flip": solid.flip if loaded else None,
        "degree": solid.degree,
        "symmetry": solid.symmetry,
        "fixed": solid.fixed,
        "tractions": solid.tractions,
        "body_force": solid.body_force,
        "grids": [(name, g.x.tolist(), g.y.tolist()) for name, g in links.grids],
        "handles": links.handles,
    }
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:24]


def _cacheable(solid: Solid) -> bool:
    return not any(callable(t) for t in solid.tractions.values())


def _checksum(arrays: dict[str, Array]) -> int:
    total = 0
    for name in sorted(arrays):
        total = zlib.crc32(np.ascontiguousarray(arrays[name]).data, total)
    return total


def _write(file: Path, made: Superelement) -> None:
    """Write a cache entry whole or not at all; a full disk is reported and survived."""
    arrays = {"compliance": made.compliance, "modes": made.modes, "free": made.free}
    arrays |= {"resultant": made.resultant, "fine": np.array(made.fine)}
    arrays |= {f"covered{i}": a for i, a in enumerate(made.covered)}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=file.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as stream:
                np.save(stream, np.array([_checksum(arrays), len(arrays)]))
                for name in sorted(arrays):
                    np.save(stream, np.array(name))
                    np.save(stream, arrays[name])
            os.replace(part, file)
        finally:
            Path(part).unlink(missing_ok=True)
    except OSError as problem:
        log.warning("superelement not kept (%s): the next run makes it again", problem)


def _read(file: Path, modulus: float) -> Superelement | None:
    """A sound cache entry, or None; a damaged one is removed."""
    if not file.exists():
        return None
    try:
        with file.open("rb") as stream:
            checksum, count = np.load(stream)
            arrays = {str(np.load(stream)): np.load(stream) for _ in range(count)}
        if checksum != _checksum(arrays):
            raise ValueError("checksum does not match")
    except Exception as damage:
        log.warning("damaged superelement %s is made again (%s)", file.name, damage)
        file.unlink(missing_ok=True)
        return None
    compliance = arrays["compliance"]
    if modulus != 1.0:
        compliance /= modulus
    covered = tuple(arrays[f"covered{i}"] for i in range(sum(k.startswith("covered") for k in arrays)))
    fine = tuple(bool(v) for v in arrays["fine"])
    return Superelement(compliance, arrays["modes"], arrays["free"], arrays["resultant"], covered, fine)


def check_resolution(name: str, below: bool, above: bool) -> None:
    """Raise GeometryError unless one of two facing bodies resolves their common grid."""
    if not (below or above):
        raise GeometryError(
            f'interface "{name}": neither mesh resolves the pressure grid (facets of degree 2 up to one pixel, of '
            "degree 1 up to half a pixel), so the pressure would checkerboard. Use a larger pixel or a finer mesh."
        )
