"""Holder: what presses the cell, one class in one file of `geometries/`; found by the file's name."""

from __future__ import annotations

import importlib.util
import os
import sys
from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from math import ceil
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, SerializeAsAny

from .assembly import Assembly, Block, Interface, Layer, LayerStack, Plane, Plate, Rect, Vessel
from .cell import Cell
from .errors import CaseError, Mistake
from .fasteners import BoltClass, BoltSize
from .materials.inelastic import Inelastic
from .outlines import mirrored
from .schema import Entry, Tagged, key, pick
from .units import Length


class Grid(Entry):
    """The pressure grids: side of a pixel, and the resolution at which every metric is taken."""

    pixel: Length = key("0.5 mm", "side of a pixel")
    film: Length = key(
        "0.5 mm", "film resolution: metrics are taken on the map averaged over squares of this side"
    )
    inside: tuple[str, ...] = key(
        (), "layers of the cell whose inner pressure is wanted besides the cathode's"
    )


@dataclass(frozen=True)
class MeshSizes:
    """Element sizes [mm] and numbers of elements through the thickness that a holder builds with."""

    pixel: float
    cell_size: float
    cell_coarse: float
    cell_sublayers: int
    plate_size: float
    plate_coarse: float
    plate_layers: int


class Mesh(Entry):
    """Meshes: `level` 0 is coarse, 1 the default, 2 fine (sizes x 2, 1, 1/2); the cell also follows the pixel."""

    level: Literal[0, 1, 2] = key(1, "0 coarse, 1 default, 2 fine")
    plate_size: Length = key("1.25 mm", "elements of a plate over the cell")
    plate_coarse: Length = key("4 mm", "elements of a plate elsewhere")
    plate_layers: int = key(2, "elements through a plate", ge=1, le=20)
    cell_size: Length = key(
        "0.17 mm", "elements of the cell under the separator, at most; two or more a pixel"
    )
    cell_coarse: Length = key("1.5 mm", "elements of the cell outside the separator")
    cell_sublayers: int = key(1, "elements through a layer", ge=1, le=20)

    def sizes(self, pixel: float) -> MeshSizes:
        """Sizes at this level for a grid of the given pixel [mm]; a whole number of cell elements makes a pixel."""
        factor = 2.0 ** (1 - self.level)
        layers = max(2, round(self.plate_layers / factor))
        fine = pixel / max(2, ceil(pixel / (self.cell_size * factor) - 1e-9))
        return MeshSizes(
            pixel,
            fine,
            max(self.cell_coarse * factor, fine),
            self.cell_sublayers,
            self.plate_size * factor,
            self.plate_coarse * factor,
            layers,
        )


class Holder(Tagged):
    """Base of all holders. A subclass has fields (the keys of its table) and builds an assembly."""

    @abstractmethod
    def build(self, cell: Cell, mesh: MeshSizes, symmetry: tuple[str, ...] = ()) -> Assembly:
        """Named solids, interfaces and bolts around the cell, which lies on z = 0."""

    def bolt_places(self) -> dict[str, tuple[float, float]]:
        """Places x, y [mm] of the bolts by name; empty without bolts."""
        return {}

    def bolt_type(self) -> tuple[BoltSize, BoltClass] | None:
        """Size and strength class of the bolts."""
        return None

    def check(self, cell: Cell) -> tuple[list[Mistake], list[str]]:
        """Mistakes and warnings about this holder around this cell."""
        return [], []

    def under(self, cell: Cell, force: float) -> tuple[list[Mistake], list[str]]:
        """Mistakes and warnings about this holder under a closing force [N]."""
        return [], []

    def fluid_check(self, where: str, pressure: float, cell: Cell) -> tuple[list[Mistake], list[str]]:
        """Mistakes and warnings of a step that sets the fluid's pressure [MPa]."""
        return [Mistake(where, "the holder has no fluid.", hint="Tighten its bolts.")], []

    def warmed(
        self, cell: Cell, pressure: float, temperature: float, grown: float = 0.0, shut: float | None = None
    ) -> float | None:
        """Gauge pressure [MPa] of the fluid, filled at `pressure`, at a temperature [K]; None without a fluid.

        grown: what the cell has grown since [mm3]; shut: temperature [K] at which it was filled, `shut_at` unless told.
        """
        return None

    @property
    def shut_at(self) -> float | None:
        """Temperature [K] at which a charge is shut in; None where none is."""
        return None

    @property
    def rated(self) -> float | None:
        """Greatest gauge pressure [MPa] of the fluid; None without one."""
        return getattr(self, "rating", None)

    @property
    def relaxes(self) -> bool:
        """Whether something in the holder changes with time."""
        return False

    def findings(self, cell: Cell, state: Any) -> dict[str, float]:
        """Further numbers of a solved state that belong to this kind of holder, with their units in the name."""
        return {}

    def closure(self, cell: Cell, force: float) -> tuple[float, float] | None:
        """(gap to close, what the force [N] closes at most) [mm], estimated; None where it makes no sense."""
        return None


# -- finding holder files ------------------------------------------------------------------------------------


def folders() -> list[Path]:
    """Folders searched for holders, first hit first."""
    here = Path(__file__).resolve().parent
    own = [Path(p) for p in os.environ.get("HOLDERSIM_GEOMETRIES", "").split(os.pathsep) if p]
    return [*own, Path("geometries").resolve(), here.parent / "geometries", here / "_geometries"]


def holder_files() -> dict[str, Path]:
    """Holder files by kind; folders are read anew when one of them has changed."""
    return dict(_listed(tuple((str(f), _changed(f)) for f in folders())))


def _changed(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=8)
def _listed(stamped: tuple[tuple[str, int], ...]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for folder, there in stamped:
        for file in sorted(Path(folder).glob("*.py")) if there else []:
            if not file.stem.startswith("_"):
                found.setdefault(file.stem, file)
    return found


@cache
def _load(file: Path) -> type[Holder]:
    name = f"holdersim_geometries.{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise CaseError(str(file), [Mistake(file.stem, "is not a Python file.")])
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as broken:
        problem = f"cannot be loaded: {type(broken).__name__}: {broken}"
        raise CaseError(str(file), [Mistake(file.stem, problem)]) from broken
    classes = [c for c in vars(module).values()
               if isinstance(c, type) and issubclass(c, Holder) and c.__module__ == name]  # fmt: skip
    if len(classes) != 1:
        raise CaseError(str(file), [Mistake(file.stem, f"has {len(classes)} holder classes, one is wanted.")])
    classes[0].kind_name = file.stem
    return classes[0]


class _Kinds(Mapping[str, type[Tagged]]):
    """Holder classes by kind, loaded when asked for."""

    def __getitem__(self, kind: str) -> type[Holder]:
        found = holder_files()
        if kind not in found:
            _listed.cache_clear()  # a file may be younger than the clock of its folder tells
            found = holder_files()
        return _load(found[kind])

    def __iter__(self) -> Iterator[str]:
        return iter(holder_files())

    def __len__(self) -> int:
        return len(holder_files())


def holders() -> Mapping[str, type[Holder]]:
    """All holder classes by kind."""
    return _Kinds()  # type: ignore[return-value]


AnyHolder = Annotated[SerializeAsAny[Holder], BeforeValidator(pick("kind", _Kinds))]


def with_levels(assembly: Assembly, layers: Sequence[str], pixel: float) -> Assembly:
    """The assembly with the pressure inside further layers of its stacks, named after solid and layer."""
    pixel *= max(1, round(0.5 / pixel))
    known = {p.layer for p in assembly.planes}
    stacks = [s for s in assembly.solids if isinstance(s.shape, LayerStack)]
    more = []
    for solid in stacks:
        assert isinstance(solid.shape, LayerStack)  # chosen above
        for layer in solid.shape.layers:
            place = f"{solid.name}.{layer.name}"
            if layer.name in layers and place not in known:
                name = layer.name if len(stacks) == 1 else place.replace(".", "_")
                more.append(Plane(name, place, layer.footprint, pixel))
    return replace(assembly, planes=(*assembly.planes, *more))


Growth = tuple[float, float, float]


def with_causes(
    assembly: Assembly,
    swelling: Collection[str],
    warms: bool,
    laws: Mapping[str, tuple[Growth, Inelastic | None]],
    areas: Mapping[str, Rect],
) -> Assembly:
    """The assembly with what steps need: layers "solid.layer" that swell and where, thermal strains, laws of layers."""
    solids = []
    for solid in assembly.solids:
        solid = replace(solid, warms=True) if warms else solid
        if isinstance(solid.shape, LayerStack):
            layers = tuple(_with_law(la, f"{solid.name}.{la.name}", laws, areas) for la in solid.shape.layers)
            grow = tuple(la.name for la in layers if f"{solid.name}.{la.name}" in swelling)
            solid = replace(solid, shape=replace(solid.shape, layers=layers), swelling=grow)
        solids.append(solid)
    return replace(assembly, solids=tuple(solids))


def _with_law(
    layer: Layer, name: str, laws: Mapping[str, tuple[Growth, Inelastic | None]], areas: Mapping[str, Rect]
) -> Layer:
    if name not in laws:
        return layer
    return replace(layer, growth=laws[name][0], law=laws[name][1], active=areas.get(name))


# -- symmetry ------------------------------------------------------------------------------------------------


def mirror_planes(assembly: Assembly) -> tuple[str, ...]:
    """Planes ("x0", "y0") about which bodies, bolts and initial gaps of a full assembly are mirrored."""
    return tuple(p for p in ("x0", "y0") if _mirrored(assembly, p))


def _mirrored(assembly: Assembly, plane: str) -> bool:
    sx, sy = (-1.0, 1.0) if plane == "x0" else (1.0, -1.0)

    def same(items: Sequence[tuple[float, ...]]) -> bool:
        def rounded(mx: float, my: float) -> list[tuple[float, ...]]:
            return sorted(tuple(round(v, 9) + 0.0 for v in (mx * i[0], my * i[1], *i[2:])) for i in items)

        return rounded(1.0, 1.0) == rounded(sx, sy)

    for solid in assembly.solids:
        shape = solid.shape
        if isinstance(shape, Plate):
            holes = [(h.x, h.y, h.diameter) for h in shape.holes]
            if not same(holes + [(s.x, s.y, s.inner, s.outer) for s in shape.seats]):
                return False
        elif isinstance(shape, Vessel):
            if not mirrored(shape, "xy".index(plane[0])):
                return False
        elif isinstance(shape, LayerStack):
            if not all(_centred(layer.footprint, plane) for layer in shape.layers):
                return False
        elif isinstance(shape, Block):
            lines = np.asarray(shape.x if plane == "x0" else shape.y)
            if not np.allclose(lines, -lines[::-1], rtol=0.0, atol=1e-9) or not (np.abs(lines) < 1e-9).any():
                return False
        else:
            return False
    bolts = [(b.x, b.y, b.stiffness, b.stress_area) for b in assembly.bolts]
    return same(bolts) and all(_gap_mirrored(i, plane, sx, sy) for i in assembly.interfaces)


def _centred(r: Rect, plane: str) -> bool:
    return abs(r.x0 + r.x1 if plane == "x0" else r.y0 + r.y1) < 1e-9


def _gap_mirrored(i: Interface, plane: str, sx: float, sy: float) -> bool:
    if not _centred(i.region, plane):
        return False
    if i.gap is None or not callable(i.gap):
        return i.gap is None
    random = np.random.default_rng(1)
    x = random.uniform(i.region.x0, i.region.x1, 4000)
    y = random.uniform(i.region.y0, i.region.y1, 4000)
    here, there = i.gap(x, y), i.gap(sx * x, sy * y)
    return bool(np.allclose(here, there, rtol=0.0, atol=1e-9))
