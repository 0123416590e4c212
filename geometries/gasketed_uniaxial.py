"""Rubber pads between metal plates and cell, springs under the bolt heads: the improved uniaxial holder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import hypot, inf

import numpy as np

from holdersim import pads
from holdersim.assembly import Array, Assembly, Gap, Interface, LayerStack, Rect, Solid
from holdersim.cell import Cell
from holdersim.errors import Mistake
from holdersim.film import PLANES
from holdersim.holder import MeshSizes
from holdersim.piles import cell_solids, pressed_sides
from holdersim.schema import key
from holdersim.uniaxial import SIDES, Side, UniaxialHolder

SAMPLES = 5
"""Points along the side of a pixel over which the terraces of the cell are averaged."""


class GasketedUniaxial(UniaxialHolder):
    """Two metal plates with a rubber pad each, drawn together by bolts with or without springs."""

    pad: pads.BothPads = key({}, "both pads")
    top_pad: pads.OnePad = key({}, "what the top pad has of its own; false: none")
    bottom_pad: pads.OnePad = key({}, "what the bottom pad has of its own; false: none")

    def pad_of(self, which: Side) -> pads.BothPads | None:
        """The pad on one side: its own values, else those of `pad`; None where there is none."""
        own: pads.PadSpec | bool = getattr(self, f"{which}_pad")
        if isinstance(own, bool):
            return None
        given = {n: v for n in pads.PadSpec.model_fields if (v := getattr(own, n)) is not None}
        return self.pad.model_copy(update=given)

    def outline(self, which: Side, cell: Cell) -> Rect:
        """Where one side presses [mm]: its pad, or a bare plate over the separator and what the other pad reaches."""
        plate, regions = Rect.centred(self.length, self.width), cell.regions
        if pad := self.pad_of(which):
            return pad.outline(regions["pouch"], plate)
        other = self.pad_of("bottom" if which == "top" else "top")
        reach = other.outline(regions["pouch"], plate) if other else plate
        return _around(reach.clip(regions["pouch"]), regions["separator"]).clip(plate)

    def between(self, cell: Cell) -> float:
        """Distance [mm] of the plates before they are pressed."""
        return cell.thickness + sum(pad.thickness for s in SIDES if (pad := self.pad_of(s)))

    @property
    def relaxes(self) -> bool:
        """Whether a pad's rubber relaxes."""
        return any(pad.rubber.relaxation.terms for s in SIDES if (pad := self.pad_of(s)))

    # -- assembly ------------------------------------------------------------------------------------------

    def build(self, cell: Cell, mesh: MeshSizes, symmetry: tuple[str, ...] = ()) -> Assembly:
        """Plates, pads and cell, which lies on z = 0; every pad may find terraces, plates and the other pad."""
        smooth = replace(mesh, cell_size=mesh.pixel / 2)  # as fine as pixels ask for: rubber presses smoothly
        cells, between = cell_solids(cell, smooth, symmetry, reach=True)
        low, above = (self._side(s, cell, mesh, symmetry) for s in ("bottom", "top"))
        cells = self._finer(cells, cell, mesh)
        solids = (*low[0], *cells, *reversed(above[0]))
        faces = (*low[1], *between, *reversed(above[1]), *self._pads(cell, mesh))
        return self.assembled(cell, mesh, symmetry, solids, faces, self._pad_masses(cell))

    def _side(
        self, which: Side, cell: Cell, mesh: MeshSizes, symmetry: tuple[str, ...]
    ) -> tuple[list[Solid], list[Interface]]:
        """Plate and pad of one side with their interfaces, from outside inwards."""
        last = 0 if which == "bottom" else -1
        face, pouch = pressed_sides(cell)[last], cell.pouches()[last].regions["pouch"]
        press, pad = self.outline(which, cell), self.pad_of(which)
        up, z = (1.0, cell.thickness) if which == "top" else (-1.0, 0.0)
        thick = pad.thickness if pad else 0.0
        # the rubber's elements are the pixels (degree 2): pressure and soft surface then suit each other
        solids = [self.plate_solid(which, press, mesh, z + up * thick, symmetry)]
        plate, reach = f"{which}_plate.press", press.clip(pouch)
        if pad is None:
            gap = self.plate_gap(which, face.gap)
            reach = face.region if face.gap else reach  # metal finds no terrace
            return solids, [_facing(f"cell_{which}", which, plate, face.face, reach, mesh.pixel, gap, 0.0)]
        size, layers = _pad_mesh(mesh)
        inner, outer = ("bottom", "top") if which == "top" else ("top", "bottom")
        block = pads.mesh_of(press, thick, size, layers)
        solids.append(Solid(f"{which}_pad", block, pad.rubber, 2, min(z, z + up * thick), symmetry=symmetry))
        found = face.face.replace(".top", ".surface")
        pixel, rough, own = mesh.pixel, pad.friction, f"{which}_pad"
        on_plate = _facing(f"{which}_plate_pad", which, plate, f"{own}.{outer}", press, pixel,
                           self.plate_gap(which), rough)  # fmt: skip
        on_cell = _facing(f"cell_{which}", which, f"{own}.{inner}", found, reach, mesh.pixel,
                          face.gap, rough, SAMPLES)  # fmt: skip
        return solids, [on_plate, on_cell]

    def _finer(self, cells: tuple[Solid, ...], cell: Cell, mesh: MeshSizes) -> tuple[Solid, ...]:
        """The cell with small elements wherever a pad reaches."""
        reach = _around(self.outline("top", cell), self.outline("bottom", cell))
        fine = _around(reach, cell.regions["separator"]).clip(cell.regions["pouch"])
        return tuple(replace(s, shape=replace(s.shape, fine=fine)) if isinstance(s.shape, LayerStack) else s
                     for s in cells)  # fmt: skip

    def _pads(self, cell: Cell, mesh: MeshSizes) -> Iterable[Interface]:
        """Beyond the pouch the pads may meet."""
        low, high, pouch = self.pad_of("bottom"), self.pad_of("top"), cell.regions["pouch"]
        common = self.outline("bottom", cell).clip(self.outline("top", cell))
        if low is None or high is None or common.clip(pouch) == common:
            return

        def gap(x: Array, y: Array) -> Array:
            over = (x > pouch.x0) & (x < pouch.x1) & (y > pouch.y0) & (y < pouch.y1)
            return np.where(over, inf, cell.thickness)

        pixel, rough = mesh.pixel, min(low.friction, high.friction)
        yield Interface("pads", "bottom_pad.top", "top_pad.bottom", common, pixel, gap, rough,
                        may_open=True)  # fmt: skip

    def _pad_masses(self, cell: Cell) -> dict[str, float]:
        return {
            f"{s}_pad": pad.rubber.density * pad.thickness * self.outline(s, cell).area
            for s in SIDES
            if (pad := self.pad_of(s)) and pad.rubber.density
        }

    # -- checks --------------------------------------------------------------------------------------------

    def check(self, cell: Cell) -> tuple[list[Mistake], list[str]]:
        """Mistakes and warnings: those of plates and bolts, and pads that are where plates, bolts or cell are not."""
        wrong, warn = super().check(cell)
        if not any(self.pad_of(s) for s in SIDES):
            hint = 'Write kind = "bare_uniaxial".'
            return [
                *wrong,
                Mistake("holder.top_pad", "there is no pad: that is the bare holder.", hint=hint),
            ], warn
        for which in SIDES:
            pad = self.pad_of(which)
            if pad is not None:
                wrong += self._pad_mistakes(which, self.outline(which, cell), cell)
                warn += self._paper_warnings(which, cell)
        return wrong, warn

    def _paper_warnings(self, which: Side, cell: Cell) -> Iterable[str]:
        """Pressure paper that ends under a pad is a step that the pad finds."""
        pouch = cell.pouches()[0 if which == "bottom" else -1]
        name = PLANES["top" if (which == "top") != pouch.turned else "bottom"]
        reach = self.outline(which, cell).clip(pouch.regions["pouch"])
        for paper in (la for la in pouch.layers() if la.name == name and reach.clip(la.footprint) != reach):
            step = f"the paper ends under the {which} pad: a step of {1000 * paper.thickness:g} um"
            yield f"holder: {step} that draws the pressure to it; as large as the pouch it changes little"

    def _pad_mistakes(self, which: Side, r: Rect, cell: Cell) -> Iterable[Mistake]:
        own = getattr(self, f"{which}_pad")
        far = max(-r.x0 - self.length / 2, r.x1 - self.length / 2), max(-r.y0, r.y1) - self.width / 2
        for name, beyond in zip(("length", "width"), far, strict=True):
            key_ = f"holder.{which}_pad.{name}" if getattr(own, name) else f"holder.pad.{name}"
            if beyond > 1e-9:
                problem = f"the {which} pad reaches {beyond:.3g} mm beyond the plate."
                yield Mistake(key_, problem, hint="Shorten it, or enlarge the plates.")
        common = r.clip(cell.plateau)
        if common.x1 <= common.x0 or common.y1 <= common.y0:
            yield Mistake(f"holder.{which}_pad", "the pad does not lie over the cell.")
        radius = self.bolt_type()[0].hole / 2
        for name, (x, y) in self.bolt_places().items():
            apart = hypot(max(r.x0 - x, x - r.x1, 0.0), max(r.y0 - y, y - r.y1, 0.0))
            if apart < radius:
                problem = f"bolt {name} at ({x:g}, {y:g}) mm would pass through the {which} pad."
                yield Mistake(f"holder.{which}_pad", problem, hint="Pads have no holes: make it smaller.")

    def strains(self, cell: Cell, force: float) -> dict[Side, tuple[float, float]]:
        """Compression [-] of each pad under a force [N] on the plateau, estimated: sticking, and as it is at worst."""
        out: dict[Side, tuple[float, float]] = {}
        for which in SIDES:
            if pad := self.pad_of(which):
                loaded = self.outline(which, cell).clip(cell.plateau)
                out[which] = pads.strain(pad.rubber, loaded, pad.thickness, pad.friction, force)
        return out

    def squeeze(self, cell: Cell, force: float) -> float:
        """How much shorter [mm] a force [N] makes the pads at most, estimated."""
        return sum(
            worst * pad.thickness
            for s, (_, worst) in self.strains(cell, force).items()
            if (pad := self.pad_of(s))
        )

    def under(self, cell: Cell, force: float) -> tuple[list[Mistake], list[str]]:
        """Mistakes and warnings about this holder under a closing force [N]: pads squeezed beyond the law's range."""
        warn = []
        for which, (bonded, worst) in self.strains(cell, force).items():
            if worst > pads.RANGE:
                most = (
                    f"{100 * bonded:.0f} %"
                    if worst == bonded
                    else f"{100 * bonded:.0f} to {100 * worst:.0f} %"
                )
                text = f"gasket strain {most} (estimated) exceeds law range {100 * pads.RANGE:.0f} %"
                warn.append(f"holder: {which} pad: {text}")
        return [], warn


def _around(one: Rect, two: Rect) -> Rect:
    """The smallest rectangle around two."""
    return Rect(min(one.x0, two.x0), max(one.x1, two.x1), min(one.y0, two.y0), max(one.y1, two.y1))


def _pad_mesh(mesh: MeshSizes) -> tuple[float, int]:
    """Size of a pad's elements [mm], one pixel, and their number through it, as for the plates."""
    return mesh.pixel, max(2, round(1.5 * mesh.plate_layers))


def _facing(
    name: str,
    which: Side,
    outer: str,
    inner: str,
    region: Rect,
    pixel: float,
    gap: Gap | None,
    rough: float,
    samples: int = 1,
) -> Interface:
    below, above = (outer, inner) if which == "bottom" else (inner, outer)
    return Interface(name, below, above, region, pixel, gap, rough, samples=samples)
