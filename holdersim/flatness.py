"""How far a surface lies back from its ideal plane: shapes and measured maps, as a function of x, y."""

from __future__ import annotations

import csv
import hashlib
from math import cos, hypot, pi, sin
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import PrivateAttr, ValidationInfo, field_validator, model_validator

from .assembly import Array, Gap
from .schema import Entry, key, refuse
from .units import SMALL, Angle, Length, SmallLength, convert, door, guess, narrowed

LARGEST = 1.0
"""A map whose peak to valley exceeds this [mm] has its units wrong."""

Amplitude = Annotated[float, *door(narrowed(SMALL, 0.0, 0.5))]


class Wave(Entry):
    """A wave: back = amplitude (1 - cos(2 pi s / wavelength + phase)), s along `direction`.

    Its peak to valley is twice the amplitude.
    """

    amplitude: Amplitude = key(doc="half of the peak to valley height")
    wavelength: Length = key(doc="length of one wave")
    direction: Angle = key("0 deg", "direction of the wave, from x towards y")
    phase: Angle = key("0 deg", "0: a crest lies in the centre")

    def back(self, x: Array, y: Array) -> Array:
        """Distance back from the ideal plane [mm]."""
        s = x * cos(self.direction) + y * sin(self.direction)
        return self.amplitude * (1 - np.cos(2 * pi * s / self.wavelength + self.phase))


class Tilt(Entry):
    """A wedge: `rise` across the whole surface along `direction` (the far end lies back)."""

    rise: SmallLength = key(doc="difference from one end to the other")
    direction: Angle = key("0 deg", "direction of the fall, from x towards y")

    def back(self, x: Array, y: Array, length: float, width: float) -> Array:
        """Distance back from the ideal plane [mm]."""
        c, s = cos(self.direction), sin(self.direction)
        span = abs(c) * length + abs(s) * width
        return self.rise * ((x * c + y * s) / span + 0.5)


LengthUnit = Literal["nm", "um", "mm", "cm", "m", "in"]


class HeightMap(Entry):
    """Measured heights (towards the cell) on a rectangular grid: CSV columns x, y, z with declared units."""

    file: str = key(doc="CSV file, seen from the case file")
    x_unit: LengthUnit = key(doc="unit of the column x")
    y_unit: LengthUnit = key(doc="unit of the column y")
    z_unit: LengthUnit = key(doc="unit of the column z")
    _x: Array = PrivateAttr()
    _y: Array = PrivateAttr()
    _z: Array = PrivateAttr()

    @field_validator("file")
    @classmethod
    def _resolve(cls, value: str, info: ValidationInfo) -> str:
        folder = (info.context or {}).get("folder", ".")
        path = Path(folder, value).resolve()
        if not path.is_file():
            raise refuse("there is no such file.", f"Looked in {path.parent}.")
        return str(path)

    @model_validator(mode="after")
    def _load(self) -> Self:
        self._x, self._y, self._z = _grid(Path(self.file), (self.x_unit, self.y_unit, self.z_unit))
        span = float(np.ptp(self._z))
        if span > LARGEST:
            plate = max(np.ptp(self._x), np.ptp(self._y))
            other = guess(convert(span, "mm", self.z_unit), narrowed(SMALL, 0.0, LARGEST))
            raise refuse(f"{Path(self.file).name}: peak to valley {span:.4g} mm over {plate:.4g} mm.",
                         f'Units? Set z_unit = "{other or "um"}".')  # fmt: skip
        return self

    def fingerprint(self) -> str:
        """SHA-256 of the heights in mm, wherever the file lies."""
        parts = (np.round(a, 9).tobytes() for a in (self._x, self._y, self._z))
        return hashlib.sha256(b"".join(parts)).hexdigest()

    @property
    def outline(self) -> tuple[float, float, float, float]:
        """x0, x1, y0, y1 [mm] of the measured part."""
        return float(self._x[0]), float(self._x[-1]), float(self._y[0]), float(self._y[-1])

    def back(self, x: Array, y: Array) -> Array:
        """Distance back from the highest measured point [mm], bilinear; beyond the map its edge value."""
        i, u = _cell(self._x, x)
        j, v = _cell(self._y, y)
        z = self._z
        low = z[j, i] * (1 - u) + z[j, i + 1] * u
        high = z[j + 1, i] * (1 - u) + z[j + 1, i + 1] * u
        return np.asarray(z.max() - (low * (1 - v) + high * v))


def _cell(lines: Array, x: Array) -> tuple[Any, Array]:
    inside = np.clip(x, lines[0], lines[-1])
    i = np.clip(np.searchsorted(lines, inside, side="right") - 1, 0, len(lines) - 2)
    return i, (inside - lines[i]) / (lines[i + 1] - lines[i])


def _grid(file: Path, unit: tuple[str, str, str]) -> tuple[Array, Array, Array]:
    """Grid lines x, y and heights z (ny, nx) [mm] from a CSV file; a heading may come first."""
    rows: list[list[float]] = []
    with file.open(newline="", encoding="utf-8-sig") as stream:
        for n, row in enumerate(csv.reader(stream), 1):
            try:
                rows.append([float(v) for v in row[:3]])
            except ValueError:
                if rows:
                    raise refuse(f"{file.name}, line {n}: not three numbers: {row[:3]}") from None
    table = np.array([r for r in rows if len(r) == 3], dtype=float)
    if len(table) < 4:
        raise refuse(f"{file.name} needs rows x, y, z.")
    x, i = np.unique(table[:, 0], return_inverse=True)
    y, j = np.unique(table[:, 1], return_inverse=True)
    z = np.full((len(y), len(x)), np.nan)
    z[j, i] = table[:, 2]
    if min(len(x), len(y)) < 2 or np.isnan(z).any() or len(table) != z.size:
        raise refuse(
            f"{file.name}: {len(table)} points do not fill a grid of {len(x)} x by {len(y)} y values."
        )
    scale = [convert(1.0, u, "mm") for u in unit]
    return x * scale[0], y * scale[1], z * scale[2]


class Flatness(Entry):
    """Sum of shapes; positive `dish` is hollow in the centre (a negative one is a crown)."""

    dish: SmallLength | None = key(None, "depth of the centre below the corners, a paraboloid")
    wave: Wave | tuple[Wave, ...] | None = key(None, "one wave or several")
    tilt: Tilt | None = key(None, "wedge")
    map: HeightMap | None = key(None, "measured heights")

    @property
    def is_flat(self) -> bool:
        """True without any shape."""
        return not (self.dish or self.wave or self.tilt or self.map)

    def back(self, length: float, width: float) -> Gap:
        """Function of x, y [mm] : how far a surface of length x width [mm] lies back [mm]."""
        waves = self.wave if isinstance(self.wave, tuple) else (self.wave,) if self.wave else ()
        corner = hypot(length, width) / 2

        def total(x: Array, y: Array) -> Array:
            x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
            out = np.zeros(np.broadcast(x, y).shape)
            if self.dish:
                bowl = (x**2 + y**2) / corner**2
                out = out + (self.dish * (1 - bowl) if self.dish > 0 else -self.dish * bowl)
            for wave in waves:
                out = out + wave.back(x, y)
            out = out + self.tilt.back(x, y, length, width) if self.tilt else out
            return out + self.map.back(x, y) if self.map else out

        return total
