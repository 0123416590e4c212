"""Numbers of a pressure map as functions of the pixel forces: the definitions of metrics.py, for many maps at once.

Averaging over film squares is linear, so that a map is one matrix; mean, CV and percentiles follow with derivatives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..assembly import Rect
from ..errors import CaseError, Mistake
from ..metrics import film_samples, inside
from ..record import centres, unfold
from ..schema import nearest
from ..solve import Model
from .response import Response

Array = NDArray[np.float64]

NUMBERS = ("Mean contact pressure [MPa]", "CV [-]", "p5 [MPa]", "p95 [MPa]", "p5/p95 [-]")
"""Numbers that a reading gives; metrics.DEFINITIONS says what each is."""


@dataclass(frozen=True)
class Reading:
    """Film-averaged pressures [MPa] on a region, matrix f + constant, and the area (k,) [mm2] each stands for.

    mean: force on the region over its area, by pixel force [MPa/N], and its constant [MPa] last;
    full: the pixels of the whole map, of `shape`, at centres x, y [mm]; NaN constant beyond the layer.
    """

    matrix: Array
    constant: Array
    weights: Array
    mean: Array
    full: Array
    full_constant: Array
    shape: tuple[int, int]
    x: Array
    y: Array

    def samples(self, forces: Array) -> Array:
        """Film-averaged pressures (..., k) [MPa] for pixel forces (..., n) [N]."""
        return np.asarray(forces @ self.matrix.T + self.constant)

    def maps(self, forces: Array) -> Array:
        """Pressure maps (..., ny, nx) [MPa]; NaN beyond the layer."""
        flat = forces @ self.full.T + self.full_constant
        return np.asarray(flat.reshape(*forces.shape[:-1], *self.shape))

    def numbers(self, forces: Array) -> dict[str, Array]:
        """Each of NUMBERS for pixel forces (samples, n)."""
        v = self.samples(np.atleast_2d(forces))
        w = self.weights / self.weights.sum()
        average = v @ w
        deviation = np.sqrt(((v - average[:, None]) ** 2) @ w)
        mean = np.atleast_2d(forces) @ self.mean[:-1] + self.mean[-1]
        low, high = (np.array([_percentile(row, w, q)[0] for row in v]) for q in (5, 95))
        values = (mean, deviation / average, low, high, low / high)
        return dict(zip(NUMBERS, values, strict=True))

    def slope(self, number: str, force: Array) -> Array:
        """Derivative (n,) of one of NUMBERS by the pixel forces at (n,) [1/N]."""
        if number == NUMBERS[0]:
            return self.mean[:-1]
        v, w = self.samples(force), self.weights / self.weights.sum()
        mean = float(v @ w)
        deviation = float(np.sqrt(((v - mean) ** 2) @ w))
        (low, dlow), (high, dhigh) = _percentile(v, w, 5), _percentile(v, w, 95)
        by_sample = {
            NUMBERS[1]: w * ((v - mean) / max(deviation, 1e-300) / mean - deviation / mean**2),
            NUMBERS[2]: dlow,
            NUMBERS[3]: dhigh,
            NUMBERS[4]: dlow / high - dhigh * low / high**2,
        }[number]
        return np.asarray(self.matrix.T @ by_sample)


def _percentile(v: Array, w: Array, q: float) -> tuple[float, Array]:
    """Percentile as metrics.percentile, and its derivative by the values."""
    order = np.argsort(v, kind="stable")
    place = np.cumsum(w[order]) - w[order] / 2
    at = q / 100 * float(w.sum())
    i = int(np.clip(np.searchsorted(place, at) - 1, 0, len(v) - 2))
    t = float(np.clip((at - place[i]) / (place[i + 1] - place[i]), 0.0, 1.0))
    by = np.zeros(len(v))
    by[order[i]], by[order[i + 1]] = 1 - t, t
    return float(v[order[i]] * (1 - t) + v[order[i + 1]] * t), by


def reading(response: Response, at: str, film: float, region: Rect | None = None) -> Reading:
    """Reading of an interface or plane; region: by default that of the plane, or the main one of the assembly."""
    model = response.model
    known = [*model.joints, *model.levels]
    if at not in known:
        raise CaseError(
            "study", [Mistake("at", "is neither interface nor plane.", f'"{at}"', nearest(at, known))]
        )
    rows, constant, area = (_interface if at in model.joints else _plane)(response, at)
    grid = model.joints[at].grid if at in model.joints else model.levels[at]
    symmetry = model.assembly.symmetry
    x, y = (centres(lines, plane in symmetry) for lines, plane in ((grid.x, "x0"), (grid.y, "y0")))
    place = unfold(np.arange(grid.size, dtype=float).reshape(grid.shape), symmetry).astype(np.int64)
    covered = unfold(area.reshape(grid.shape), symmetry)
    if region is None:
        region = _region(model, at)
    full, level = rows[place.ravel()], constant[place.ravel()]
    empty = np.where(covered > 0, 0.0, np.nan)
    columns = []
    for column in full.T:
        values, weights = film_samples(column.reshape(empty.shape) + empty, covered, x, y, region, film)
        columns.append(values)
    own, weights = film_samples(level.reshape(empty.shape) + empty, covered, x, y, region, film)
    here = (inside(region, covered, x, y) * (covered > 0)).ravel()
    mean = np.append(here @ full, here @ level) / here.sum()
    shape = (len(y), len(x))
    return Reading(np.array(columns).T, own, weights, mean, full, level + empty.ravel(), shape, x, y)


def _region(model: Model, at: str) -> Rect:
    if at in model.levels:
        return model.plane(at).region
    regions = model.assembly.regions
    return next(iter(regions.values())) if regions else model.joints[at].interface.region


def _interface(response: Response, at: str) -> tuple[Array, Array, Array]:
    """Rows (pixels of the grid, n) [MPa/N], constant, covered area [mm2] of a contact pressure."""
    j = response.model.joints[at]
    rows, area = np.zeros((j.grid.size, response.pixels)), np.zeros(j.grid.size)
    rows[j.pixels, np.arange(j.span.start, j.span.stop)] = 1.0 / j.area
    area[j.pixels] = j.area
    return rows, np.zeros(j.grid.size), area


def _plane(response: Response, at: str) -> tuple[Array, Array, Array]:
    """The same of the pressure inside a layer."""
    model, grid = response.model, response.model.levels[at]
    solid, layer = model.plane(at).layer.split(".", 1)
    part, start = model.parts[solid], 0
    e = part.element
    for (name, g), covered in zip(part.condenser.links.inside, e.layers, strict=True):
        if name == layer and g is grid:
            break
        start += int((covered > 0).sum())
    area = np.asarray(covered).ravel()
    own = slice(start, start + int((area > 0).sum()))
    rows, constant = np.zeros((grid.size, response.pixels)), np.zeros(grid.size)
    pixels = part.at < response.pixels  # nothing else than pixels presses on a cell
    values = np.zeros((int((area > 0).sum()), response.pixels))
    values[:, part.at[pixels]] = e.seen[own][:, part.own[pixels]]
    rows[area > 0] = values
    for cause, seen in e.seen_free.items():
        constant[area > 0] += response.amounts.get(cause, 0.0) * seen[own]
    return rows, constant, area
