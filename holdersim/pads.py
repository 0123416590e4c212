"""Pads: rubber sheets between plate and cell, as a case describes them, their meshes and a first estimate of strain."""

from __future__ import annotations

from math import ceil, inf
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, PlainSerializer, ValidationInfo

from .assembly import STICK, Block, Rect
from .materials.rubber import Rubber
from .materials.rubber_choice import RubberChoice
from .schema import Entry, key, refuse
from .units import Length

RANGE = 0.35
"""Compression up to which the laws of the library are meant (assumed)."""

FRICTION = 3.0
"""Largest plausible coefficient of friction of rubber (assumed)."""


def _enter(value: Any) -> float:
    words = {"stick": STICK, "frictionless": 0.0}
    if isinstance(value, str) and value in words:
        return words[value]
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and (0 < value <= FRICTION or value == inf)
    ):
        return float(value)
    raise refuse(
        f'must be "stick", "frictionless" or a coefficient up to {FRICTION:g}.', "Dry rubber has 0.3 to 0.6."
    )


def _leave(value: float) -> str | float:
    return "stick" if value == STICK else "frictionless" if value == 0 else value


Friction = Annotated[float, BeforeValidator(_enter), PlainSerializer(_leave)]


class PadSpec(Entry):
    """One pad, or what the top or bottom pad has of its own."""

    rubber: RubberChoice | None = key(None, "rubber")
    thickness: Length | None = key(None, "thickness")
    length: Length | None = key(None, "along x, by default that of pouch and plate, the shorter")
    width: Length | None = key(None, "along y, by default that of pouch and plate, the shorter")
    friction: Friction | None = key(None, '"stick", "frictionless" or a coefficient, on both faces')

    def outline(self, pouch: Rect, plate: Rect) -> Rect:
        """Where the pad lies [mm]: centred with its own size, by default the pouch as far as the plate goes."""
        own, common = Rect.centred(self.length or 0.0, self.width or 0.0), pouch.clip(plate)
        x = (own.x0, own.x1) if self.length else (common.x0, common.x1)
        y = (own.y0, own.y1) if self.width else (common.y0, common.y1)
        return Rect(*x, *y)


class BothPads(PadSpec):
    """What both pads have."""

    rubber: RubberChoice = key("silicone-50A", "rubber")
    thickness: Length = key("3 mm", "thickness")
    friction: Friction = key("stick", '"stick", "frictionless" or a coefficient, on both faces')


def _pad(value: Any, info: ValidationInfo) -> Any:
    if value is True:
        raise refuse("must be false for no pad, or a table.")
    return value if value is False else PadSpec.model_validate(value, context=info.context)


OnePad = Annotated[PadSpec | Literal[False], BeforeValidator(_pad)]
"""A pad's own values, or false where there is none."""


def mesh_of(outline: Rect, thickness: float, size: float, layers: int) -> Block:
    """Block of elements of `size` [mm] at most, an even number each way, so that a line lies in the middle."""
    x, y = (
        tuple(np.linspace(low, high, 2 * ceil((high - low) / 2 / size - 1e-9) + 1))
        for low, high in ((outline.x0, outline.x1), (outline.y0, outline.y1))
    )
    return Block(x, y, tuple(np.linspace(0.0, thickness, layers + 1)))


def bonded_modulus(rubber: Rubber, loaded: Rect, thickness: float) -> float:
    """Apparent modulus [MPa] of a block that sticks to both plates: 1/[E(1 + 2 S^2)] + 1/K (Gent and Lindley).

    S: loaded area over force-free area. Assumed for rectangles; Gent and Lindley 1959 not looked up.
    """
    sides = 2 * ((loaded.x1 - loaded.x0) + (loaded.y1 - loaded.y0)) * thickness
    young = 3 * rubber.law.shear
    return 1 / (1 / (young * (1 + 2 * (loaded.area / sides) ** 2)) + 1 / rubber.bulk)


def compression(pressure: float, modulus: float) -> float:
    """Share of its thickness that a block loses: p = E_a/3 (1/c^2 - c), c = 1 - share (neo-Hooke's form, assumed)."""
    low, high = 0.0, 1.0
    for _ in range(60):
        c = (low + high) / 2
        low, high = (c, high) if modulus / 3 * (c**-2 - c) > pressure else (low, c)
    return 1 - high


def strain(
    rubber: Rubber, loaded: Rect, thickness: float, friction: float, force: float
) -> tuple[float, float]:
    """Compression [-] under a force [N] on an area if the faces stick, and as they are at worst (freely sliding)."""
    pressure = force / loaded.area
    bonded = compression(pressure, bonded_modulus(rubber, loaded, thickness))
    return bonded, bonded if friction == STICK else compression(pressure, 3 * rubber.law.shear)
