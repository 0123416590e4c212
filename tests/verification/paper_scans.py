"""Synthetic scans of pressure paper with a known map: rotated, grainy, compressed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from holdersim.paper import Reading, RenderOptions, render_map
from holdersim.paper.render import Felt, Sheet

CLIMATE: dict[str, Any] = {
    "grade": "LW",
    "pressing": "continuous",
    "temperature": "24 degC",
    "humidity": "55 %",
}
X, Y = np.arange(-17.25, 17.5, 0.5), np.arange(-7.25, 7.5, 0.5)
HALF = np.array([17.5, 7.5])


def known_map() -> np.ndarray:
    """Pressures 0 to 14 MPa without any symmetry: zero, below, inside and above the range of LW."""
    gx, gy = np.meshgrid(X, Y)
    p = (
        5
        + 5.5 * np.sin(gx / 6 + 0.5) * np.cos(gy / 6)
        + 2.5 * gx / 17
        + 1.2 * np.sin(gx / 4) * np.sin(gy / 4)
    )
    return np.maximum(p, 0.0)


def scan(path: Path, pressure: np.ndarray | Felt | None = None, **options: Any) -> tuple[Path, Sheet]:
    """A virtual scan of a map in a file, 600 dpi and turned by 3 degrees unless told, JPEG quality 85."""
    given = CLIMATE | {"turned": "3 deg"} | options
    if not isinstance(pressure, Felt):
        pressure = Felt(known_map() if pressure is None else pressure, X, Y, "known")
    sheet = render_map(pressure, RenderOptions(**given))
    return sheet.save(path, 85), sheet


def on_holder(
    reading: Reading, sheet: Sheet, degrees: float = 3.0, mirrored: bool = False
) -> tuple[Any, Any]:
    """Where the squares of a reading lie on the holder [mm], by what the scan was made with."""
    wide, high = (n * 25.4 / sheet.dpi for n in (sheet.pixels.shape[1], sheet.pixels.shape[0]))
    gx, gy = np.meshgrid(reading.x, reading.y)
    lost = high - reading.density.shape[0] * reading.side
    sx, sy, a = gx - wide / 2, gy + lost - high / 2, np.deg2rad(degrees)
    u, v = np.cos(a) * sx + np.sin(a) * sy, np.cos(a) * sy - np.sin(a) * sx
    return (-u if mirrored else u), v


def truth_at(u: Any, v: Any, pressure: np.ndarray | None = None) -> np.ndarray:
    """The known map at places on the holder, zero outside it."""
    p = known_map() if pressure is None else pressure
    at = [(v - Y[0]) / 0.5, (u - X[0]) / 0.5]
    inside = (np.abs(u) < HALF[0]) & (np.abs(v) < HALF[1])
    return np.where(inside, ndimage.map_coordinates(p, at, order=1, mode="nearest"), 0.0)
