"""A soft slab between two small plates drawn together by four bolts: what tests of studies press."""

from __future__ import annotations

from dataclasses import replace

from holdersim.assembly import (
    Assembly,
    Bolt,
    Gap,
    Hole,
    Interface,
    Layer,
    LayerStack,
    Plane,
    Plate,
    Rect,
    Seat,
    Solid,
)
from holdersim.materials.elastic import Elastic
from holdersim.solve import Model
from holdersim.superelement import cache_folder

STEEL, SOFT = Elastic("steel", 200e3, 0.3), Elastic("soft", 40.0, 0.3)
SLAB = Rect.centred(16.0, 12.0)
HALF = Rect(0.0, 8.0, -6.0, 6.0)
FORCE = 200.0
PLACES = {"b1": (15.0, 10.0), "b2": (-15.0, 10.0), "b3": (-15.0, -10.0), "b4": (15.0, -10.0)}


def assembly(gap: Gap | None = None, modulus: float = STEEL.E, middle: Elastic = SOFT) -> Assembly:
    """The assembly; gap: between slab and upper plate; modulus [MPa]: of the upper plate."""
    seats = tuple(Seat(n, x, y, 3.2, 6.0) for n, (x, y) in PLACES.items())
    holes = tuple(Hole(x, y, 3.2) for x, y in PLACES.values())
    plate = Plate(40.0, 30.0, 6.0, holes, seats, SLAB, size=4.0, coarse=8.0)
    stack = LayerStack((Layer("core", 2.0, SLAB, middle, 2),), SLAB, 1.0, 1.0)
    solids = (
        Solid("bottom_plate", plate, STEEL, 2, 0.0, flip=True),
        Solid("cell", stack, degree=1),
        Solid("top_plate", plate, replace(STEEL, E=modulus), 2, 2.0),
    )
    faces = (
        Interface("cell_bottom", "bottom_plate.press", "cell.bottom", SLAB, 2.0),
        Interface("cell_top", "cell.top", "top_plate.press", SLAB, 2.0, gap),
    )
    bolts = tuple(
        Bolt(n, (f"bottom_plate.seat:{n}", f"top_plate.seat:{n}"), x, y, 1e5, 3.0, 5.0, 600.0, 640.0, 14.0)
        for n, (x, y) in PLACES.items()
    )
    planes = (Plane("core", "cell.core", SLAB, 2.0),)
    return Assembly(solids, faces, bolts, regions={"half": HALF}, planes=planes)


def model(gap: Gap | None = None, modulus: float = STEEL.E, middle: Elastic = SOFT) -> Model:
    """The assembly condensed, each body once in a session."""
    return Model(assembly(gap, modulus, middle), cache_folder())
