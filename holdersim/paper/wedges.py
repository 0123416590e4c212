"""A curve of one's own: a monotone law fitted to patches of paper pressed with known pressure."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import curve_fit

from ..errors import CaseError, Mistake
from .grades import FILM_ACCURACY, Array, Curve

FEWEST = 6
"""Patches needed: the law has four parameters."""
PARAMETERS = ("D_max", "p_0", "p_c", "m")


def law(p: Array, d_max: float, p_0: float, p_c: float, m: float) -> Array:
    """Density D = D_max (1 - exp(-((p - p_0) / p_c)^m)) above the threshold p_0 [MPa], else 0 (assumed form)."""
    x = np.maximum(np.asarray(p, dtype=np.float64) - p_0, 0.0) / p_c
    return np.asarray(d_max * -np.expm1(-(x**m)), dtype=np.float64)


@dataclass(frozen=True)
class Wedge:
    """Fitted law: parameters, their covariance, scatter of the patches about it, pressures covered [MPa]."""

    values: tuple[float, float, float, float]
    covariance: Array
    scatter: float
    low: float
    high: float
    source: str

    def band(self, pressure: Array) -> Array:
        """Half width of the 95 % band of a pressure read at a pressure [MPa], as a share.

        1.96 sqrt(J C J^T + s^2) / (p dD/dp): what the fit leaves open, and the scatter s of one patch.
        """
        step = 1e-5 * np.maximum(np.abs(self.values), 1e-3)
        rows = []
        for k, h in enumerate(step):
            up, down = list(self.values), list(self.values)
            up[k], down[k] = up[k] + h, down[k] - h
            rows.append((law(pressure, *up) - law(pressure, *down)) / (2 * h))
        jac = np.array(rows).T
        spread = np.einsum("ij,jk,ik->i", jac, self.covariance, jac) + self.scatter**2
        slope = (law(pressure * 1.001, *self.values) - law(pressure * 0.999, *self.values)) / (
            0.002 * pressure
        )
        return np.asarray(1.96 * np.sqrt(spread) / (pressure * slope), dtype=np.float64)

    def curve(self, grade: str, pressing: str) -> Curve:
        """The law between the patches, with its band; at least as wide as paper itself scatters."""
        p: Array = np.linspace(self.low, self.high, 200, dtype=np.float64)
        band = np.hypot(self.band(p), FILM_ACCURACY)
        return Curve(grade, pressing, "", p, law(p, *self.values), self.source, "fitted", band)


def fit_wedge(pressure: Array, density: Array, source: str = "own step wedge") -> Wedge:
    """Law through patches of known pressure [MPa] and measured density; CaseError where none fits."""
    p, d = np.asarray(pressure, dtype=np.float64), np.asarray(density, dtype=np.float64)
    wrong = _patch_mistakes(p, d)
    if wrong:
        raise CaseError(source, wrong)
    start = (1.2 * d.max(), 0.5 * p.min(), float(np.median(p)), 1.3)
    limits = ((d.max() * 0.8, 0.0, p.min() * 1e-3, 0.3), (d.max() * 5, p.min(), p.max() * 20, 5.0))
    try:
        found, covariance = curve_fit(law, p, d, start, bounds=limits, max_nfev=5000)
    except RuntimeError as error:
        raise CaseError(source, [Mistake("patches", f"no monotone law fits them: {error}.")]) from error
    left = d - law(p, *found)
    scatter = float(np.sqrt((left**2).sum() / (len(p) - len(found))))
    if scatter > 0.15 * np.ptp(d):
        hint = "Is a patch swapped, or pressed twice?"
        problem = f"scatter by {scatter:.2g} in density about the best rising law."
        raise CaseError(source, [Mistake("patches", problem, hint=hint)])
    v = (float(found[0]), float(found[1]), float(found[2]), float(found[3]))
    return Wedge(v, np.nan_to_num(covariance, posinf=1e3), scatter, float(p.min()), float(p.max()), source)


def _patch_mistakes(p: Array, d: Array) -> list[Mistake]:
    wrong = []
    if len(np.unique(p)) < FEWEST:
        problem = f"needs at least {FEWEST} different pressures."
        wrong.append(Mistake("patches", problem, f"{len(np.unique(p))}"))
    if np.any(~np.isfinite(p)) or np.any(p <= 0):
        wrong.append(Mistake("pressure [MPa]", "must be positive."))
    if np.any(~np.isfinite(d)) or np.any(d < 0) or np.any(d > 3):
        hint = "Density is -log10 of the reflectance, not a grey value."
        wrong.append(Mistake("density [-]", "must lie in 0 to 3.", hint=hint))
    if not wrong and np.corrcoef(p, d)[0, 1] <= 0:
        wrong.append(Mistake("patches", "density falls with pressure.", hint="Are the columns swapped?"))
    return wrong


def read_wedge(path: Path) -> Wedge:
    """Law fitted to a CSV file with the columns "pressure [MPa]" and "density [-]"."""
    names = ("pressure [MPa]", "density [-]")
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
        p, d = (np.array([float(r[n]) for r in rows]) for n in names)
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError(str(path), [Mistake("--wedge", f"cannot be read: {error}.")]) from error
    except (KeyError, TypeError, ValueError) as error:
        wanted = " and ".join(f'"{n}"' for n in names)
        problem = f"needs numbers in the columns {wanted} ({error})."
        raise CaseError(str(path), [Mistake("--wedge", problem)]) from error
    return fit_wedge(p, d, str(path.name))
