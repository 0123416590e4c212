"""What a paper shows of a holder's pressures: densities on squares, through the film, its place and its scatter."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..assembly import Rect
from ..metrics import film_lines
from ..paper.forward import PLACES, Imaging, between
from ..paper.render import Felt
from ..study.reading import Reading

Array = NDArray[np.float64]

GAIN = 0.005
"""Standard deviation of a factor of all densities: what codes and compression do alike everywhere (assumed)."""
KNOTS = 0.75
"""Distance of the bumps of a scatter, as a share of the distance over which it is alike."""


@dataclass(frozen=True)
class View:
    """Paper on squares between lines fx, fy [mm], of maps with pixel centres x, y [mm].

    patchy: standard deviation of ln of the factor that neither film nor model explains, Gaussian, with the correlation
    exp(-(r / alike)^2) over a distance r [mm]. It is written as bumps with factors of variance 1 (Gaussian bumps on a
    grid: the correlation of white noise seen through a Gaussian).
    """

    film: Imaging
    fx: Array
    fy: Array
    x: Array
    y: Array
    patchy: float
    alike: float

    @classmethod
    def of(cls, read: Reading, film: Imaging, region: Rect, side: float, patchy: float, alike: float) -> View:
        """View of a reading's maps on squares of about a side [mm] of a region."""
        fx, fy = film_lines(region.x0, region.x1, side), film_lines(region.y0, region.y1, side)
        return cls(film, fx, fy, read.x, read.y, patchy, alike)

    @property
    def side(self) -> float:
        """Side of a square [mm]."""
        return float(np.sqrt((self.fx[1] - self.fx[0]) * (self.fy[1] - self.fy[0])))

    @property
    def rest(self) -> int:
        """Number of factors that are not told: of the bumps, and of all densities last."""
        return 1 + (self._bumps[0].shape[1] * self._bumps[1].shape[1] if self.patchy else 0)

    @cached_property
    def _bumps(self) -> tuple[Array, Array]:
        """Bumps along x and y at the pixels, sum of squares 1 at each."""
        return tuple(self._along(v, lines) for v, lines in ((self.x, self.fx), (self.y, self.fy)))  # type: ignore[return-value]

    def _along(self, at: Array, lines: Array) -> Array:
        step = KNOTS * self.alike
        many = int(np.ceil((lines[-1] - lines[0]) / step)) + 3
        knots = (lines[0] + lines[-1]) / 2 + (np.arange(many) - (many - 1) / 2) * step
        out = np.exp(-2.0 * ((at[:, None] - knots) / self.alike) ** 2)
        return np.asarray(out / np.linalg.norm(out, axis=1, keepdims=True), dtype=np.float64)

    def shown(self, pressure: Array, scale: float, place: Array, rest: Array) -> Array:
        """Densities (q,) of a map (ny, nx) [MPa]; place: turn [rad], shifts [mm]; rest (rest,)."""
        there = np.maximum(np.nan_to_num(pressure), 0.0) * scale
        if self.patchy:
            bx, by = self._bumps
            there = there * np.exp(self.patchy * by @ rest[:-1].reshape(by.shape[1], -1) @ bx.T)
        felt = Felt(there, self.x, self.y, "")
        shown = self.film.density(felt, self.fx, self.fy, (float(place[1]), float(place[2])), float(place[0]))
        return shown.ravel() * (1 + GAIN * float(rest[-1]))

    def by_rest(self, shown: Array, by_log: Array) -> Array:
        """Derivative (q, rest) by the rest, of densities and their derivative by ln of all pressures."""
        return np.hstack([by_log[:, None] * self._patches, GAIN * shown[:, None]])

    @cached_property
    def _patches(self) -> Array:
        """Derivative (q, bumps) of ln of the pressure, mean over a square."""
        if not self.patchy:
            return np.zeros(((len(self.fx) - 1) * (len(self.fy) - 1), 0))
        bx, by = (
            self._along(between(lines), lines).reshape(len(lines) - 1, PLACES, -1).mean(axis=1)
            for lines in (self.fx, self.fy)
        )
        return np.asarray(self.patchy * np.kron(by, bx), dtype=np.float64)
