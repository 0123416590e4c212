"""How well a computed map and a paper agree: numbers with their definitions.

A square that the paper cannot tell is never compared as if it were the end of the range: below it, only a computed
pressure above the lower end is an error, and only by what it is above.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize, stats

from ..metrics import CENTRE, EDGE_BAND
from .grades import Array
from .maps import Flag, Reading
from .matching import Match

Mask = NDArray[np.bool_]
LEVELS = (0.25, 0.5, 0.75)
"""Shares of the area, the most pressed first, whose overlap is told for scans without a calibration."""
FAINT = 1e-3
"""Share of the mean below which a pressure counts as none."""
WINDOW = 1.5
"""Width (standard deviation) of the window of SSIM [squares], with the constants 0.01 and 0.03 (assumed)."""

_CLIPPED = "both with what lies beyond the range put at its ends"
_EXPECTED = (
    "expected: virtual paper where it is inside the range, else the computed pressure, or the range's end where "
    "the reading is within its uncertainty of it"
)
_DICE = "2 x common area / sum of the areas, or as many squares as are pressed at all"
DEFINITIONS: dict[str, str] = {
    "Registration residual [mm]": "rms over the quarters of the map of the shift that would still make them agree",
    "Squares compared [-]": "share of the map that is paper and not masked",
    "Computed force [N]": "sum of the computed pressure times area over the squares compared",
    "Paper force, at least [N]": "load read, plus the upper end of the range where it is darker",
    "Paper force, blanks at most [N]": "the same, plus the lower end of the range where it is paler; open upwards "
    "where some is darker than the range",
    "Force closure [-]": f"load of the paper less that of the virtual paper, {_CLIPPED}, over the computed force: what "
    "lies beyond the range on both says nothing",
    "Bias [-]": f"mean of ln(paper / expected) where the paper is read, but for the outermost squares; {_EXPECTED}; "
    "negative: the paper reads less",
    "Censored RMSE [MPa]": "root mean square of paper - expected where read; where below or above the range, of what "
    "the expected pressure is beyond that end",
    "Censored NRMSE [-]": "censored RMSE over the mean computed pressure",
    "Within the uncertainty [-]": "share of the squares whose difference is within the 95 % band, or that agree in "
    "being beyond the range",
    "Censored log-likelihood [-]": "mean over the squares; of a square read, ln of the normal density of ln p with its "
    "band; else ln of the probability to be beyond that end",
    "Flags agree [-]": "share of the squares below, inside, above the range on both",
    "Concordance [-]": "Lin's coefficient 2 cov / (var + var + (difference of means)^2) where both are read",
    "Spearman [-]": "rank correlation of the densities, ties shared",
    "Density RMSE [-]": "root mean square of the difference of the densities: image space",
    "SSIM [-]": "structural similarity of the densities, Gaussian window of 1.5 squares, range 0 to the darkest that "
    "can be told",
    "IoU at the paper's threshold [-]": "area both above the lower end of the range / area of either",
    "IoU at 0.5 mean [-]": "the same at half the mean computed pressure; not told outside the range",
    "IoU at 1.5 mean [-]": "the same at 1.5 times the mean computed pressure; not told outside the range",
    "Wasserstein [MPa]": f"first Wasserstein distance of the histograms, {_CLIPPED}",
    "CV of the paper [-]": "standard deviation / mean, what lies beyond the range put at its ends",
    "CV of the virtual paper [-]": "the same of what the paper should show",
    "CV computed [-]": "standard deviation / mean of the computed pressure on the same squares",
    "Edge / centre of the paper [-]": f"mean of the outer {EDGE_BAND:.0%} of each side / mean of the middle "
    f"{CENTRE:.0%} x {CENTRE:.0%}, what lies beyond the range put at its ends",
    "Edge / centre of the virtual paper [-]": "the same of what the paper should show",
    "Edge / centre computed [-]": "the same of the computed pressure",
    "Order only: Spearman of R/(G+B) [-]": "rank correlation of the ratio of the codes with the computed pressure",
    "Order only: monotone fit R2 [-]": "share of the variance of the computed pressure that the best rising function "
    "of the ratio explains; its total force is the computed one",
    "Order only: Dice, most pressed 25 % [-]": f"{_DICE}, the quarter with the largest ratio and computed pressure",
    "Order only: Dice, most pressed 50 % [-]": f"{_DICE}, the half",
    "Order only: Dice, most pressed 75 % [-]": f"{_DICE}, three quarters",
}


def scores(m: Match) -> dict[str, float | None]:
    """Numbers of a match by name with unit, in the order of DEFINITIONS; None where they are not defined."""
    known = m.known
    out: dict[str, float | None] = dict.fromkeys(DEFINITIONS)
    out["Registration residual [mm]"] = m.registration.residual
    out["Squares compared [-]"] = float(known.mean())
    out["Computed force [N]"] = float(m.computed[known].sum()) * m.cell
    out["CV computed [-]"] = _cv(m.computed[known])
    out["Edge / centre computed [-]"] = _edge(m.computed, known)
    out |= _ordinal(m, known)
    return out | _calibrated(m, m.virtual, known) if m.virtual is not None else out


def _calibrated(m: Match, v: Reading, known: Mask) -> dict[str, float | None]:
    read = m.paper.flag == Flag.READ
    told, computed = np.nan_to_num(m.paper.pressure), m.computed
    low, high = m.paper.low, m.paper.high
    paper, virtual = clipped(m.paper), clipped(v)
    off = difference(m)
    rmse = float(np.sqrt((off[known] ** 2).mean()))
    darker = float((m.paper.flag == Flag.ABOVE).sum()) * m.cell * high
    least = float(told[read].sum()) * m.cell + darker
    wanted = expected(m)
    both = read & m.inner & (wanted > 0)
    pair = read & (v.flag == Flag.READ)
    mean = float(computed[known].mean())
    out: dict[str, float | None] = {
        "Paper force, at least [N]": least,
        "Paper force, blanks at most [N]": least + float((m.paper.flag == Flag.BELOW).sum()) * m.cell * low,
        "Force closure [-]": float((paper - virtual)[known].sum() / computed[known].sum()),
        "Bias [-]": float(np.log(told[both] / wanted[both]).mean()) if both.any() else None,
        "Censored RMSE [MPa]": rmse,
        "Censored NRMSE [-]": rmse / mean,
        "Within the uncertainty [-]": float(agreeing(m)[known].mean()),
        "Censored log-likelihood [-]": float(_likelihood(m)[known].mean()),
        "Flags agree [-]": float((m.paper.flag == v.flag)[known].mean()),
        "Concordance [-]": _lin(told[pair], v.pressure[pair]) if pair.sum() > 2 else None,
        "Spearman [-]": _rank(m.paper.density[known], v.density[known]),
        "Density RMSE [-]": float(np.sqrt(((m.paper.density - v.density)[known] ** 2).mean())),
        "SSIM [-]": _ssim(np.where(known, m.paper.density, v.density), v.density, dark(m), known),
        "Wasserstein [MPa]": float(stats.wasserstein_distance(paper[known], virtual[known])),
        "CV of the paper [-]": _cv(paper[known]),
        "CV of the virtual paper [-]": _cv(virtual[known]),
        "Edge / centre of the paper [-]": _edge(paper, known),
        "Edge / centre of the virtual paper [-]": _edge(virtual, known),
    }
    levels = {
        "IoU at the paper's threshold [-]": low,
        "IoU at 0.5 mean [-]": 0.5 * mean,
        "IoU at 1.5 mean [-]": 1.5 * mean,
    }
    for name, level in levels.items():
        out[name] = _iou(paper > level, virtual > level, known) if low <= level < high else None
    return out


def clipped(r: Reading) -> Array:
    """Pressure [MPa] with what lies beyond the range at its ends; lower end where masked."""
    p = np.where(r.flag == Flag.READ, r.pressure, np.where(r.flag == Flag.ABOVE, r.high, r.low))
    return np.asarray(p, dtype=np.float64)


def clip_open(computed: Array, paper: Reading) -> Array:
    """The computed pressure, moved inside what the paper allows where it only tells a bound."""
    out = np.where(paper.flag == Flag.BELOW, np.minimum(computed, paper.low), computed)
    return np.asarray(np.where(paper.flag == Flag.ABOVE, np.maximum(out, paper.high), out), dtype=np.float64)


def dark(m: Match) -> float:
    """Darkest density that can be told."""
    return m.paper.curve.dark if m.paper.curve else 1.0


def expected(m: Match) -> Array:
    """Pressure [MPa] that a right paper would read: like with like where squares average steep edges.

    That of the virtual paper; beyond the range the computed one, or the range's end where the paper's reading is within
    its uncertainty of that end: there a trace of dye decides between a reading and a bound.
    """
    if m.virtual is None:
        return m.computed
    v, told = m.virtual, np.nan_to_num(m.paper.pressure)
    near, read = m.band * told, m.paper.flag == Flag.READ
    out = np.where(v.flag == Flag.READ, np.nan_to_num(v.pressure), clip_open(m.computed, v))
    out = np.where(read & (v.flag == Flag.ABOVE) & (told + near >= v.high), v.high, out)
    return np.where(read & (v.flag == Flag.BELOW) & (told - near <= v.low), v.low, out)


def difference(m: Match) -> Array:
    """Paper - expected [MPa] where read, what is expected beyond an end where the paper only tells that."""
    p = expected(m)
    return _told(m, p) - p


def _told(m: Match, expected: Array) -> Array:
    free = clip_open(expected, m.paper)
    return np.where(m.paper.flag == Flag.READ, np.nan_to_num(m.paper.pressure), free)


def agreeing(m: Match) -> Mask:
    """Squares whose difference is within the 95 % band of the reading."""
    return np.asarray(np.abs(difference(m)) <= m.band * _told(m, expected(m)))


def _likelihood(m: Match) -> Array:
    """Logarithm of the likelihood of each square."""
    s = m.band / 1.96
    at = np.log(np.maximum(expected(m), 1e-6))
    read = stats.norm.logpdf(np.log(np.maximum(np.nan_to_num(m.paper.pressure), 1e-6)), at, s)
    below = stats.norm.logcdf((np.log(m.paper.low) - at) / s)
    above = stats.norm.logcdf((at - np.log(m.paper.high)) / s)
    flag = m.paper.flag
    return np.where(flag == Flag.READ, read, np.where(flag == Flag.ABOVE, above, below))


def _lin(a: Array, b: Array) -> float | None:
    """Concordance (Lin 1989)."""
    spread = a.var() + b.var() + (a.mean() - b.mean()) ** 2
    return float(2 * ((a - a.mean()) * (b - b.mean())).mean() / spread) if spread > 0 else None


def _rank(a: Array, b: Array) -> float | None:
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(stats.spearmanr(a, b).statistic)


def _cv(p: Array) -> float | None:
    return float(p.std() / p.mean()) if len(p) and p.mean() > 0 else None


def _edge(p: Array, known: Mask) -> float | None:
    ny, nx = p.shape
    u, v = np.meshgrid((np.arange(nx) + 0.5) / nx, (np.arange(ny) + 0.5) / ny)
    rim = known & (np.minimum(np.minimum(u, 1 - u), np.minimum(v, 1 - v)) < EDGE_BAND)
    middle = known & (np.maximum(np.abs(u - 0.5), np.abs(v - 0.5)) < CENTRE / 2)
    if not (rim.any() and middle.any()) or p[middle].mean() <= FAINT * p[known].mean():
        return None
    return float(p[rim].mean() / p[middle].mean())


def _iou(a: Mask, b: Mask, known: Mask) -> float | None:
    either = float(((a | b) & known).sum())
    return float((a & b & known).sum()) / either if either else None


def _ssim(a: Array, b: Array, span: float, known: Mask) -> float:
    """Structural similarity (Wang, Bovik, Sheikh and Simoncelli 2004), mean over known squares."""

    def smooth(v: Array) -> Array:
        return np.asarray(ndimage.gaussian_filter(v, WINDOW, truncate=3.5), dtype=np.float64)

    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    ma, mb = smooth(a), smooth(b)
    va, vb, both = smooth(a * a) - ma**2, smooth(b * b) - mb**2, smooth(a * b) - ma * mb
    local = (2 * ma * mb + c1) * (2 * both + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))
    return float(local[known].mean())


def _ordinal(m: Match, known: Mask) -> dict[str, float | None]:
    """Scores that need the order of the ratio only."""
    ratio, computed = m.paper.ratio[known], pressed(m)[known]
    out: dict[str, float | None] = {"Order only: Spearman of R/(G+B) [-]": _rank(ratio, computed)}
    if len(ratio) < 8 or computed.var() == 0 or np.ptp(ratio) == 0:
        return out
    left = computed - monotone(ratio, computed)
    out["Order only: monotone fit R2 [-]"] = float(1 - (left**2).mean() / computed.var())
    for share in LEVELS:
        a, b = most_pressed(ratio, computed, share)
        out[f"Order only: Dice, most pressed {share:.0%} [-]".replace("%", " %")] = float(
            2 * (a & b).sum() / max(int(a.sum() + b.sum()), 1)
        )
    return out


def pressed(m: Match) -> Array:
    """Computed pressure [MPa] with next to nothing as zero, so that rounding makes no order."""
    return np.where(m.computed < FAINT * m.computed.mean(), 0.0, m.computed)


def most_pressed(ratio: Array, computed: Array, share: float) -> tuple[Mask, Mask]:
    """Squares with the largest computed pressure, a share of all or as many as are pressed, and as many by ratio."""
    b = computed > np.quantile(computed, 1 - share)
    return ratio > np.quantile(ratio, 1 - b.mean()), b


def monotone(ratio: Array, computed: Array) -> Array:
    """Best rising function of the ratio: least squares, so that its sum is that of the computed pressure."""
    order = np.lexsort((-computed, ratio))
    out = np.empty(len(ratio))
    out[order] = optimize.isotonic_regression(computed[order]).x
    return out
