"""A map of a pressure sensor (CSV) through the same door as a scan: a paper whose density is its pressure."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from ..errors import CaseError, Mistake
from ..schema import Entry, key, refuse
from ..units import Force, Length, Pressure, convert
from .cells import Blank
from .curves import Curves
from .grades import Array, Curve
from .image import Scale
from .maps import Flag, Reading
from .options import ReadOptions
from .rectangle import found_outline

RIM = 4.0
"""Nothing around the sensels [mm], so that a map that fills the sensor can be laid over it."""
DARKEST = 0.85
"""Grey of the largest pressure in pictures, 1 is black."""
SUFFIXES = (".csv", ".tsv", ".asf", ".txt")
Unit = Literal["MPa", "kPa", "bar", "psi", "Pa"]


class SensorOptions(Entry):
    """What is known of a sensor's map."""

    pitch: Length = key(doc="distance of neighbouring sensels, both ways")
    unit: Unit = key(doc="unit of the numbers")
    noise: Pressure = key(doc="pressure below which the sensor tells nothing")
    saturation: Pressure = key(doc="pressure above which the sensor tells nothing")
    accuracy: float = key(doc="half width of the 95 % band of one sensel, as a share", gt=0.0, le=1.0)
    force: Force | None = key(None, "force that pressed the sensor")
    mirror: bool = key(False, "seen from below")

    @model_validator(mode="after")
    def _ordered(self) -> SensorOptions:
        if not 0 < self.noise < self.saturation:
            raise refuse("noise must be above zero and below saturation.")
        return self


def read_sensor(path: Path, options: SensorOptions) -> Reading:
    """Reading of a matrix of pressures, first row uppermost; a head in words may come first, blanks are masked."""
    p = _matrix(path) * convert(1.0, options.unit, "MPa")
    p = p[::-1, :: -1 if options.mirror else 1]
    rim = int(np.ceil(RIM / options.pitch))
    p = np.pad(p, rim, constant_values=np.nan)
    told, beyond = (
        np.isfinite(p),
        np.pad(np.zeros(np.array(p.shape) - 2 * rim, np.bool_), rim, constant_values=True),
    )
    if not told.any() or np.nanmax(p) <= options.noise:
        hint = "Check --unit and --noise."
        raise CaseError(
            str(path), [Mistake("SCAN", "is nowhere above the noise of the sensor.", f'"{path.name}"', hint)]
        )
    top = min(float(np.nanmax(p)), options.saturation)
    at: Array = np.linspace(options.noise, options.saturation, 50, dtype=np.float64)
    curve = Curves(
        (
            Curve(
                "sensor",
                "",
                "",
                at,
                np.divide(at, top, dtype=np.float64),
                path.name,
                "sensor",
                np.array([options.accuracy]),
            ),
        ),
        0.0,
    )
    flag = np.where(p < options.noise, Flag.BELOW, np.where(p >= options.saturation, Flag.ABOVE, Flag.READ))
    flag = np.where(beyond, Flag.OUTSIDE, np.where(told, flag, Flag.MASKED)).astype(np.uint8)
    read = flag == Flag.READ
    made = as_paper(p, flag, curve, options.pitch, "pitch of the sensor", top)
    return replace(
        made, pressure=np.where(read, p, np.nan), doubt=np.where(read, options.accuracy, np.nan),
        masked={"other": float((~told & ~beyond).mean())},
        options=made.options.model_copy(update={"force": options.force}),
    )  # fmt: skip


def as_paper(
    p: Array, flag: NDArray[np.uint8], curve: Curves, side: float, source: str, top: float | None = None
) -> Reading:
    """A map of pressures [MPa] on squares of a side [mm] as if it were paper whose density is p over the top."""
    density = p / (top or curve.high)
    told = (flag < Flag.MASKED) & np.isfinite(p)
    shade = np.where(told, np.clip(np.nan_to_num(density), 0, 1), np.where(flag == Flag.OUTSIDE, 0.0, 0.5))
    light = np.repeat(np.round(255 * (1 - DARKEST * shade))[..., None], 3, axis=-1).astype(np.uint8)
    nothing = np.full(p.shape, np.nan)
    return Reading(
        options=ReadOptions(show="density").model_copy(update={"show": "pressure"}),
        density=np.where(told, density, np.nan), pressure=nothing, doubt=nothing, ratio=np.nan_to_num(p), flag=flag,
        light=light, side=side, scale=Scale(side, source), curve=curve,
        blank=Blank(np.ones((1, 1, 3)), (255.0, 255.0, 255.0), 0.0, 0.0), masked={}, remarks=(), warnings=(),
        outline=found_outline(np.where(told, np.nan_to_num(density), 0.0) > 0.1, side),
    )  # fmt: skip


def _matrix(path: Path) -> Array:
    """The longest run of rows of numbers with equally many columns; several frames: the largest value of each."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError(str(path), [Mistake("SCAN", f"cannot be read: {error}.")]) from error
    frames: list[list[list[float]]] = [[]]
    for row in csv.reader(text.splitlines(), delimiter=_separator(text)):
        cells = (
            row[:-1] if row and not row[-1].strip() and len(row) > 2 and _width(frames) != len(row) else row
        )
        try:
            values = [float(v) if v.strip() else np.nan for v in cells]
        except ValueError:
            values = []
        wide = len(values) > 2 and np.isfinite(values).any()
        if wide and frames[-1] and len(frames[-1][0]) != len(values):
            frames.append([])
        if wide:
            frames[-1].append(values)
        elif frames[-1]:
            frames.append([])
    largest = max(len(f) * len(f[0]) for f in frames if f) if any(frames) else 0
    good = [np.array(f) for f in frames if f and len(f) * len(f[0]) == largest]
    if largest < 64 or len({g.shape for g in good}) != 1 or min(good[0].shape) < 4:
        hint = "Export the frame as a matrix of pressures, 4 x 4 or larger."
        raise CaseError(str(path), [Mistake("SCAN", "holds no matrix of numbers.", f'"{path.name}"', hint)])
    with np.errstate(invalid="ignore"):
        return np.asarray(np.fmax.reduce(good), dtype=np.float64)


def _width(frames: list[list[list[float]]]) -> int:
    return len(frames[-1][0]) if frames[-1] else 0


def _separator(text: str) -> str:
    """What parts the numbers: the commonest of tab, semicolon, comma."""
    return max("\t;,", key=lambda c: len(re.findall(re.escape(c), text)))
