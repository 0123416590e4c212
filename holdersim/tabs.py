"""What tabs carry of the load: a strip of metal that stands above its electrode takes it from the rest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .assembly import Plane
from .cell import Cell

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

UNEVEN = 2.0
"""Pressure under a tab over the mean of its plane from which it is told (assumed)."""


@dataclass(frozen=True)
class Carried:
    """Share of the force on a plane [-] that passes where a tab lies, share of its area [-], mean and largest [MPa]."""

    plane: str
    tab: str
    force: float
    area: float
    mean: float
    largest: float

    def __str__(self) -> str:
        shares = f"{self.tab} carries {self.force:.0%} of the force on {self.plane} over {self.area:.1%} of its area"
        return (
            f"cell.tabs: {shares}, {self.mean:.3g} MPa on average, {self.largest:.3g} MPa at most, as the layers are "
            "elastic: real ones yield there and share the load out. Let the tab end beside the electrode, or do not "
            "read pressures near it."
        )


def carried(cell: Cell, planes: Iterable[Plane], data: xr.Dataset, step: str) -> list[Carried]:
    """What each tab carries on the planes of its pouch after a step; only where the tab lies over the plane."""
    strips = {(p.name, la.name): la.footprint for p in cell.pouches() for la in p.layers()
              if la.name.startswith("tab_") and not la.name.endswith("_tape")}  # fmt: skip
    out = []
    for plane in planes:
        pressure, area, x, y = (np.asarray(v) for v in _maps(plane.name, data, step))
        force = np.where(area > 0, np.nan_to_num(pressure), 0.0) * area
        for (pouch, tab), strip in strips.items():
            part = np.outer(_inside(y, strip.y0, strip.y1), _inside(x, strip.x0, strip.x1))
            covered = float((part * area).sum())
            if plane.layer.split(".")[0] == pouch and covered > 0 and force.sum() > 0:
                here = float((part * force).sum())
                top = float(np.nanmax(np.where(part >= part.max() / 2, pressure, np.nan), initial=0.0))
                out.append(Carried(plane.name, tab, here / float(force.sum()), covered / float(area.sum()),
                                   here / covered, top))  # fmt: skip
    return out


def warnings(cell: Cell, planes: Iterable[Plane], data: xr.Dataset, step: str) -> list[str]:
    """One line for every tab under which the pressure is UNEVEN times the mean or more."""
    return [str(c) for c in carried(cell, planes, data, step) if c.force >= UNEVEN * c.area]


def _maps(name: str, data: xr.Dataset, step: str) -> tuple[xr.DataArray, ...]:
    return data[f"{name}_pressure"].sel(step=step), data[f"{name}_area"], data[f"x_{name}"], data[f"y_{name}"]


def _inside(middle: Array, low: float, high: float) -> Array:
    """Part of each pixel of a row of equal ones, by their middles, that lies between two places."""
    half = (middle[1] - middle[0]) / 2
    reach = np.minimum(middle + half, high) - np.maximum(middle - half, low)
    return np.asarray(np.clip(reach / (2 * half), 0.0, 1.0))
