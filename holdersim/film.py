"""Pressure paper left in the holder: layers against the cell, each with a pressure plane of its own.

Paper is as thick as a cell and softer than most of it, so it changes what it measures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from .assembly import Layer, Rect
from .errors import Mistake
from .materials.choice import Material
from .materials.papers import GradeName, grades
from .schema import Entry, key, refuse
from .units import Length, Position, Thickness

Side = Literal["top", "bottom"]

PLANES: dict[Side, str] = {"bottom": "film_bottom", "top": "film_top"}
"""Names of the layers and of the planes inside them."""


def _sides(value: Any) -> Any:
    given = (value,) if isinstance(value, str) else value
    if not isinstance(given, list | tuple) or not given or len(set(map(str, given))) < len(given):
        raise refuse('must be "top", "bottom" or both as a list.')
    if any(side not in PLANES for side in given):
        raise refuse(
            'must be "top", "bottom" or both as a list.', "Seen as the pouch is drawn, flat side below."
        )
    return tuple(side for side in PLANES if side in given)


class Film(Entry):
    """Pressure paper between the cell and what presses it; it sticks to the cell and slides on the other side."""

    grade: GradeName = key(doc="grade of the paper, such as LW")
    where: Annotated[tuple[Side, ...], BeforeValidator(_sides)] = key(
        doc='side of the cell, "top", "bottom" or both as a list'
    )
    length: Length | None = key(None, "along x; by default where a flat plate presses")
    width: Length | None = key(None, "along y; by default where a flat plate presses")
    x: Position | None = key(None, "middle along x; by default that of what is pressed")
    y: Position | None = key(None, "middle along y; by default that of what is pressed")
    thickness: Thickness | None = key(None, "all sheets; by default that of the grade (assumed)")
    material: Material = key("pressure-paper", "polyester with its coats (assumed)")
    sealed: bool = key(False, "inside the pouch, against the cell; false: between pouch and what presses it")

    @property
    def height(self) -> float:
        """Thickness [mm] of all sheets on one side."""
        return self.thickness or grades()[self.grade].thickness

    @property
    def told(self) -> list[str]:
        """Keys that give it an outline of its own."""
        return [n for n in ("length", "width", "x", "y") if getattr(self, n) is not None]

    def outline(self, pressed: Rect) -> Rect:
        """Outline [mm] of the sheet, by default where the side is pressed."""
        x = (pressed.x0 + pressed.x1) / 2 if self.x is None else self.x
        y = (pressed.y0 + pressed.y1) / 2 if self.y is None else self.y
        return Rect.centred(
            self.length or pressed.x1 - pressed.x0, self.width or pressed.y1 - pressed.y0, x, y
        )

    def around(
        self, layers: Sequence[Layer], pressed: Mapping[Side, Rect], cell: Rect, sublayers: int
    ) -> tuple[Layer, ...]:
        """The layers with the paper below and above them; beyond the outline of the cell it carries nothing."""
        low, high = (
            [Layer(PLANES[s], self.height, self.outline(pressed[s]).clip(cell), self.material, sublayers)]
            if s in self.where
            else []
            for s in PLANES
        )
        return (*low, *layers, *high)

    def judged(self, where: str, pressed: Mapping[Side, Rect], cell: Rect) -> tuple[list[Mistake], list[str]]:
        """Mistakes and warnings: paper off the cell or short of what is pressed, and paper in a bag."""
        wrong, warn = [], []
        for side in self.where:
            sheet, need = self.outline(pressed[side]), pressed[side]
            common = sheet.clip(cell).clip(need)
            if common.x1 <= common.x0 or common.y1 <= common.y0:
                problem = f"the paper at the {side} does not lie over what is pressed there."
                wrong.append(Mistake(where, problem, hint="Check length, width, x and y."))
                continue
            if common.area < need.area * (1 - 1e-9):
                share = f"{100 * common.area / need.area:.3g} %"
                warn.append(f"{where}: the paper at the {side} covers {share} of what is pressed there; "
                            f"a flat plate rests on its {1000 * self.height:g} um first")  # fmt: skip
            if sheet.clip(cell) != sheet and self.sealed:
                problem = f"the paper at the {side} does not fit into the pouch."
                wrong.append(Mistake(where, problem, hint="Make it smaller, or enlarge cell.laminate."))
            elif sheet.clip(cell) != sheet:
                warn.append(
                    f"{where}: the paper at the {side} reaches beyond the cell; it carries nothing there"
                )
        if self.sealed:
            warn.append(f"{where}.sealed: no calibration for sealed paper; bias unknown "
                        "(Liggins 1995, Exp. Mech. 35:166)")  # fmt: skip
        return wrong, warn


def paper_in(case: Mapping[str, Any], planes: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """Tables of the pressure paper of a stored case by those planes that lie in it, top sides first."""
    cell = case.get("cell", {})
    cells = [place["cell"] for place in cell["stack"]] if "stack" in cell else [cell]
    known = {
        name if len(cells) == 1 else f"cell_{i}_{name}": one.get("film")
        for i, one in enumerate(cells, 1)
        for name in PLANES.values()
    }
    found = sorted((n for n in planes if known.get(n)), key=lambda n: not n.endswith(PLANES["top"]))
    return {n: known[n] for n in found}
