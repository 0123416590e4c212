"""What a scan shows on squares of the holder where paper felt a pressure map: the way from pressure to density.

Pressure is spread by the paper and turned to density inside the squares, light is averaged by the scanner's squares,
density by the larger ones of the comparison: so averages of densities are compared with averages of densities.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .curves import Curves
from .dye import Dye, read_samples, standard
from .grades import grade
from .maps import Reading
from .options import Film
from .render import Felt, spread_map

Array = NDArray[np.float64]

STEP = 0.1
"""Step of the grid on which densities are made [mm], or a third of the scanner's square where that is less."""
PLACES = 8
"""Places along the side of a square."""
BEYOND = 12.0
"""Largest pressure that is told apart, in upper ends of the curve: far beyond what still darkens the paper."""
SENSOR = 1e-3
"""Thickness [mm] over which something that is no paper spreads the pressure (none)."""


@dataclass(frozen=True)
class Imaging:
    """From pressure to density: paper of a thickness [mm], read in squares of side `cell` [mm]; a sensor has no dye."""

    curve: Curves
    dye: Dye | None
    thickness: float
    cell: float

    @classmethod
    def of(cls, seen: Reading) -> Imaging:
        """The way to a reading; ValueError where it has no curve."""
        if seen.curve is None:
            raise ValueError("a paper without a calibration has no densities to expect")
        return cls.known(seen.options, seen.curve, seen.side)

    @classmethod
    def known(cls, film: Film, curve: Curves, cell: float) -> Imaging:
        """The way through a film, read with a curve in squares of side `cell` [mm]."""
        if film.grade is None:
            return cls(curve, None, SENSOR, cell)
        dye = read_samples(film.samples) if film.samples else standard()
        return cls(curve, dye, grade(film.grade).thickness, cell)

    def density(
        self, felt: Felt, fx: Array, fy: Array, shift: tuple[float, float] = (0.0, 0.0), turn: float = 0.0
    ) -> Array:
        """Mean densities (ny, nx) on the squares between lines fx, fy [mm] of what is thought to be the holder.

        shift [mm], turn [rad] about the middle of the squares: where on the holder they really lie.
        """
        fine = spread_map(felt, self.thickness, min(STEP, self.cell / 3))
        values = self._scanned(fine.values, fine.step)
        x, y = (between(lines) for lines in (fx, fy))
        gx, gy = np.meshgrid(x - x.mean(), y - y.mean())
        c, s = np.cos(turn), np.sin(turn)
        hx = x.mean() + shift[0] + c * gx - s * gy
        hy = y.mean() + shift[1] + s * gx + c * gy
        at = [(hy - fine.y0) / fine.step, (hx - fine.x0) / fine.step]
        looked = ndimage.map_coordinates(values, at, order=1, mode="constant")
        ny, nx = len(fy) - 1, len(fx) - 1
        return np.asarray(looked.reshape(ny, PLACES, nx, PLACES).mean(axis=(1, 3)), dtype=np.float64)

    def _scanned(self, pressure: Array, step: float) -> Array:
        """Density as squares show it: of a scan that of their mean light, and linear between their centres.

        Sensels are taken to lie as the squares do, which average by themselves.
        """
        width, seen = self.cell / step, self._light.at(pressure)
        return seen if self._read is None else _box(_box(self._read.at(_box(seen, width)), width), width)

    @cached_property
    def _light(self) -> Table:
        """Light of green over pressure; of a sensor its density."""
        p: Array = np.linspace(0.0, BEYOND * self.curve.high, 20001, dtype=np.float64)
        d = self.curve.record(p)
        return Table(p, d if self.dye is None else 10.0 ** -self.dye.colours(d)[..., 1])

    @cached_property
    def _read(self) -> Table | None:
        """Density over light of green."""
        if self.dye is None:
            return None
        light: Array = np.linspace(float(self._light.values.min()), 1.0, 20001, dtype=np.float64)
        return Table(light, self.dye.nominal(-np.log10(light)))


@dataclass(frozen=True)
class Table:
    """Values at equidistant places, straight between them, constant beyond."""

    places: Array
    values: Array

    def at(self, x: Array) -> Array:
        """Values at places; quicker than a search for large arrays."""
        t = np.clip(
            (x - self.places[0]) * ((len(self.places) - 1) / np.ptp(self.places)),
            0.0,
            len(self.places) - 1.001,
        )
        k = t.astype(np.intp)
        return np.asarray(self.values[k] + (t - k) * self._rise[k], dtype=np.float64)

    @cached_property
    def _rise(self) -> Array:
        return np.diff(self.values)


def _box(values: Array, width: float) -> Array:
    """Mean over a square of any width [steps]: of two with odd widths, weighted."""
    whole = 2 * int((width - 1) / 2) + 1
    share = (width**2 - whole**2) / ((whole + 2) ** 2 - whole**2)
    small = ndimage.uniform_filter(values, whole) if whole > 1 else values
    if share < 1e-9:
        return np.asarray(small)
    return np.asarray(
        (1 - share) * small + share * ndimage.uniform_filter(values, whole + 2), dtype=np.float64
    )


def between(lines: Array) -> Array:
    """PLACES in each interval, evenly."""
    part = (np.arange(PLACES) + 0.5) / PLACES
    return np.asarray((lines[:-1, None] + np.diff(lines)[:, None] * part).ravel(), dtype=np.float64)
