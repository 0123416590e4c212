"""What a scan was read as: maps of density and pressure, and for every square whether it can be told at all."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from .cells import Blank
from .curves import Curves
from .grades import Array
from .image import Scale
from .options import ReadOptions
from .rectangle import Outline


class Flag(IntEnum):
    """What is known of a square."""

    READ = 0
    BELOW = 1
    ABOVE = 2
    MASKED = 3
    OUTSIDE = 4


@dataclass(frozen=True)
class Reading:
    """Maps (ny, nx) of squares with centres x, y [mm] from the lower left corner of the scan, y upwards.

    pressure [MPa] is NaN where flag is not READ: BELOW means less than `low` [MPa], ABOVE more than `high`, and
    never zero or the maximum. doubt: half width of the 95 % band as a share of the pressure. ratio: R / (G + B) of
    the codes, an order without a unit.
    """

    options: ReadOptions
    density: Array
    pressure: Array
    doubt: Array
    ratio: Array
    flag: NDArray[np.uint8]
    light: NDArray[np.uint8]
    side: float
    scale: Scale
    curve: Curves | None
    blank: Blank
    masked: dict[str, float]
    remarks: tuple[str, ...]
    warnings: tuple[str, ...]
    outline: Outline | None = None

    @property
    def x(self) -> Array:
        """Centres of the columns [mm]."""
        return (np.arange(self.density.shape[1]) + 0.5) * self.side

    @property
    def y(self) -> Array:
        """Centres of the rows [mm], upwards."""
        return (np.arange(self.density.shape[0]) + 0.5) * self.side

    @property
    def low(self) -> float:
        """Pressure [MPa] below which nothing is told."""
        return self.curve.low if self.curve else float("nan")

    @property
    def high(self) -> float:
        """Pressure [MPa] above which nothing is told."""
        return self.curve.high if self.curve else float("nan")

    def share(self, flag: Flag) -> float:
        """Share of the squares with a flag among those that are paper."""
        paper = self.flag != Flag.OUTSIDE
        return float((self.flag == flag).sum() / max(paper.sum(), 1))
