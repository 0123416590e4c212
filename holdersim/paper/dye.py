"""Colour of a density and density of a colour: the dye absorbs green, half as much blue, hardly any red."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from ..errors import CaseError, Mistake

Array = NDArray[np.float64]
COLUMNS = ("density [-]", "red", "green", "blue")
SCANNER_DOUBT = 0.12
"""Half width of the 95 % band of a density, as a share, where the scanner was not calibrated: six patches of LW scanned
on an office copier came out 12 % paler than the maker's application says (data of K. Okubo, NIED, 2023)."""
OWN_DOUBT = 0.02
"""The same with colour samples or a wedge from the same scanner (assumed)."""


def linear(code: Array) -> Array:
    """Light 0 to 1 of an sRGB code 0 to 1 (IEC 61966-2-1)."""
    c = np.asarray(code, dtype=np.float64)
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def coded(light: Array) -> Array:
    """sRGB code 0 to 1 of light 0 to 1 (IEC 61966-2-1)."""
    x = np.clip(light, 0.0, 1.0)
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)


LIGHT = linear(np.arange(256) / 255).astype(np.float32)
"""Light of each 8-bit code."""


@dataclass(frozen=True)
class Dye:
    """Optical density of the three colours, relative to blank paper, at nominal densities from 0 up."""

    density: Array
    channels: Array

    @cached_property
    def _fine(self) -> tuple[Array, Array]:
        d: Array = np.linspace(0.0, float(self.density[-1]), 1501, dtype=np.float64)
        return d, np.asarray(PchipInterpolator(self.density, self.channels, axis=0)(d), dtype=np.float64)

    def colours(self, density: Array) -> Array:
        """Optical densities (..., 3) of red, green, blue; straight on beyond the last sample."""
        d, fine = self._fine
        slope = (fine[-1] - fine[-50]) / (d[-1] - d[-50])
        over = np.maximum(np.asarray(density, dtype=np.float64) - d[-1], 0.0)
        return np.stack([np.interp(density, d, fine[:, k]) + over * slope[k] for k in range(3)], axis=-1)

    def nominal(self, green: Array) -> Array:
        """Nominal density of an optical density of green; negative and large ones straight on."""
        d, fine = self._fine
        g = fine[:, 1]
        foot, end = d[100] / g[100], (d[-1] - d[-50]) / (g[-1] - g[-50])
        inside = np.interp(green, g, d)
        return np.where(green < 0, green * foot, inside + np.maximum(green - g[-1], 0.0) * end)

    def excess(self, density: float) -> float:
        """How much denser green is than red at a nominal density: what tells dye from shade."""
        red, green, _ = self.colours(np.array([density]))[0]
        return float(green - red)


def _dye(rows: list[dict[str, str]]) -> Dye:
    rows = sorted(rows, key=lambda r: float(r[COLUMNS[0]]))
    table = np.array([[float(r[c]) for c in COLUMNS] for r in rows])
    optical = -np.log10(np.maximum(linear(table[:, 1:] / 255), 1e-4))
    return Dye(table[:, 0], optical - optical[0])


@cache
def standard() -> Dye:
    """Dye of the shipped colour samples."""
    text = resources.files("holdersim.paper").joinpath("data", "samples.csv").read_text(encoding="utf-8")
    return _dye(list(csv.DictReader(text.splitlines())))


def read_samples(path: Path) -> Dye:
    """Dye from colour samples of known density as one's own scanner sees them: columns COLUMNS, blank first."""
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
        made = _dye(rows)
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError(str(path), [Mistake("--samples", f"cannot be read: {error}.")]) from error
    except (KeyError, TypeError, ValueError, IndexError) as error:
        wanted = ",".join(COLUMNS)
        problem = f"needs numbers in the columns {wanted} ({error!r})."
        raise CaseError(str(path), [Mistake("--samples", problem)]) from error
    if len(made.density) < 4 or made.density[0] != 0 or np.any(np.diff(made.channels[:, 1]) <= 0):
        problem = (
            "needs blank paper (density 0) and three samples or more, each darker in green than the last."
        )
        raise CaseError(str(path), [Mistake("--samples", problem)])
    return made
