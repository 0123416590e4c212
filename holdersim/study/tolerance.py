"""Tolerance study: what uniformity a holder reaches when flatness, thickness and bolt forces scatter.

    samples of g and t  ->  pixel forces through one compliance  ->  numbers, maps, probability, shares

Shares are Sobol indices from samples in which one cause after the other is exchanged (Saltelli 2010, as in
scipy.stats.sobol_indices). Linear theory: where the pressed set stays, p is linear in g and t and Cov p = A Cov A^T.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import scipy.stats
from numpy.typing import NDArray

from ..errors import Mistake, PhysicsRefused
from ..loads import Tighten
from ..materials.rubber import Rubber
from ..schema import key
from ..solve import Model
from ..superelement import cache_folder
from .common import Limit, StudyFile
from .pivot import Pivot
from .reading import NUMBERS, Reading, reading
from .response import Response
from .scatter import Scatter, Source, sources

Array = NDArray[np.float64]
log = logging.getLogger(__name__)
Shares = dict[str, dict[str, tuple[float, float, float, float]]]
"""By number and cause: first-order index, its standard error, total index, its standard error."""
Draw = tuple[Array | None, Array | None]
PILOT = 9
"""Samples that tell which pixels are mostly pressed."""
BLOCK = 128
"""Samples that one thread solves one after the other; blocks know nothing of each other, so threads change no digit."""
MOST_RATIO = 40
"""Longest over shortest wave."""


class Tolerance(StudyFile):
    """A tolerance study."""

    at: str = key(doc='interface or plane whose numbers count, such as "cathode"')
    samples: int = key(doc="independent samples", ge=16, le=200_000)
    seed: int = key(doc="of the random numbers", ge=0)
    shares: bool = key(True, "shares of the causes in the variance")
    scatter: Scatter = key(doc="tables plates, thickness, bolts, wedge")
    criterion: tuple[Limit, ...] = key((), 'limits on numbers such as "CV [-]" that a holder must keep')

    def wrong(self) -> list[Mistake]:
        """What does not fit; the case must be tightened once, all bolts together."""
        steps, out = self.base.steps, []
        if len(steps) != 1 or not isinstance(steps[0], Tighten) or steps[0].sequence != "together":
            out.append(
                Mistake("case", "must have one step that tightens all bolts together.", f'"{self.case}"')
            )
        for i, limit in enumerate(self.criterion):
            if limit.number not in NUMBERS:
                hint = f"Known: {', '.join(NUMBERS)}."
                out.append(
                    Mistake(f"criterion[{i}].number", "is not counted here.", f'"{limit.number}"', hint)
                )
        if not any(getattr(self.scatter, n) for n in Scatter.model_fields):
            hint = "Give scatter.plates, scatter.bolts or others."
            out.append(Mistake("scatter", "nothing is scattered.", hint=hint))
        for name in ("plates", "thickness"):
            surface = getattr(self.scatter, name)
            if surface and not 1 <= surface.longest / surface.shortest <= MOST_RATIO:
                problem = f"the longest wave must be 1 to {MOST_RATIO} times the shortest."
                out.append(Mistake(f"scatter.{name}.shortest", problem))
        return out


@dataclass(frozen=True)
class Outcome:
    """Numbers (samples,) by name, of the nominal holder; maps [MPa]; probability; shares; how linear it was."""

    reading: Reading
    names: tuple[str, ...]
    nominal: dict[str, float]
    numbers: dict[str, Array]
    nominal_map: Array
    mean_map: Array
    deviation_map: Array
    kept: Array
    linear: dict[str, Array]
    same_set: float
    shares: Shares = field(default_factory=dict)
    solved: int = 0

    @property
    def probability(self) -> tuple[float, float]:
        """Share of samples that keep the criterion, and its standard error."""
        p, n = float(self.kept.mean()), len(self.kept)
        return p, float(np.sqrt(max(p * (1 - p), 1.0 / n) / n))

    def moments(self) -> dict[str, dict[str, float]]:
        """Mean, standard deviation and percentiles of each number, with standard errors of the first two."""
        out = {}
        for name, v in self.numbers.items():
            n, s = len(v), float(v.std(ddof=1))
            fourth = float(((v - v.mean()) ** 4).mean())
            of_s = np.sqrt(max(fourth - s**4, 0.0) / n) / (2 * s) if s else 0.0
            p5, p50, p95 = np.percentile(v, (5, 50, 95))
            out[name] = {"mean": float(v.mean()), "standard error": s / n**0.5, "standard deviation": s,
                         "its standard error": float(of_s), "p5": p5, "median": p50, "p95": p95}  # fmt: skip
        return out


def run_tolerance(study: Tolerance) -> Outcome:
    """Outcome of a study; the case is modelled whole, since scatter knows no symmetry."""
    case = study.base.with_("symmetry", "none")
    assembly = case.assembly()
    if any(isinstance(s.material, Rubber) for s in assembly.solids):
        raise PhysicsRefused(
            "tolerance studies need linear bodies; a holder with rubber has none of them between"
        )
    model = Model(assembly, cache_folder(), keep=False)
    forces = case.final_forces()
    return sampled(study, model, forces, case.grid.film)


def sampled(study: Tolerance, model: Model, forces: Mapping[str, float], film: float) -> Outcome:
    """Outcome for a model and nominal bolt forces [N]."""
    response = Response(model)
    bolts = np.array([forces[n] for n in response.bolts])
    causes = sources(study.scatter, model)
    read = reading(response, study.at, film)
    nominal = response.press(response.gap, bolts)
    random = np.random.default_rng(study.seed)
    draws = _draw(causes, study.samples, random)
    pilot = response.typical(*_given(response, bolts, draws, slice(0, PILOT)))
    pivot = Pivot(response.compliance, response.modes, pilot)
    x = _solve(response, bolts, draws, pivot)
    numbers = read.numbers(x)
    kept = np.ones(len(x), dtype=bool)
    for limit in study.criterion:
        kept &= np.array([limit.excess(v) <= 0 for v in numbers[limit.number]])
    maps = read.maps(x)
    shares, solved = {}, len(x)
    if study.shares and len(causes) > 1:
        found, more = _shares(response, bolts, draws, pivot, read, x)
        shares = {n: {causes[int(i)].name: v for i, v in rows.items()} for n, rows in found.items()}
        solved += more
    same = float(((x > 0) == nominal.active).all(axis=1).mean())
    return Outcome(
        read, tuple(c.name for c in causes), {n: float(v[0]) for n, v in read.numbers(nominal.force).items()},
        numbers, read.maps(nominal.force), maps.mean(axis=0), maps.std(axis=0, ddof=1), kept,
        linear_theory(response, nominal.active, bolts, causes, read), same, shares, solved)  # fmt: skip


def _draw(causes: list[Source], count: int, random: np.random.Generator) -> list[Draw]:
    return [c.draw(count, random) for c in causes]


def _given(response: Response, bolts: Array, draws: list[Draw], rows: slice) -> tuple[Array, Array]:
    """Gaps (samples, n) [mm] and bolt forces (samples, m) [N] of some samples."""
    count = len(next(a for d in draws for a in d if a is not None)[rows])
    gaps, forces = np.tile(response.gap, (count, 1)), np.tile(bolts, (count, 1))
    for gap, factor in draws:
        if gap is not None:
            gaps += gap[rows]
        if factor is not None:
            forces *= factor[rows]
    return gaps, forces


def _solve(response: Response, bolts: Array, draws: list[Draw], pivot: Pivot) -> Array:
    """Pixel forces (samples, n) [N]."""
    count = len(next(a for d in draws for a in d if a is not None))

    def block(start: int) -> Array:
        return response.press_many(*_given(response, bolts, draws, slice(start, start + BLOCK)), pivot)

    parts: list[Array] = []
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
        for part in threads.map(block, range(0, count, BLOCK)):
            parts.append(part)
            log.info("%d of %d samples", sum(map(len, parts)), count)
    return np.vstack(parts)


def _shares(
    response: Response, bolts: Array, draws: list[Draw], pivot: Pivot, read: Reading, x: Array
) -> tuple[Shares, int]:
    """First-order and total Sobol index of every cause with their standard errors, by number; samples solved more."""
    n = 2 ** int(np.log2(len(x) // 2))
    a, b = slice(0, n), slice(n, 2 * n)
    mixed = []
    for i in range(len(draws)):
        mix = [_part(d, b if k == i else a) for k, d in enumerate(draws)]
        mixed.append(_stacked(read.numbers(_solve(response, bolts, mix, pivot))))
    known = {
        "f_A": _stacked(read.numbers(x[a])),
        "f_B": _stacked(read.numbers(x[b])),
        "f_AB": np.array(mixed),
    }
    found = scipy.stats.sobol_indices(func=known, n=n)
    low = found.bootstrap(confidence_level=0.6827, n_resamples=200)
    out: Shares = {}
    for k, name in enumerate(NUMBERS):
        if known["f_A"][k].std() <= 1e-9 * abs(known["f_A"][k].mean()):
            continue  # what does not scatter has no causes
        intervals = (c.confidence_interval for c in (low.first_order, low.total_order))
        errors = [(c.high - c.low) / 2 for c in intervals]
        rows = zip(found.first_order[k], errors[0][k], found.total_order[k], errors[1][k], strict=True)
        out[name] = {str(i): tuple(float(v) for v in row) for i, row in enumerate(rows)}  # type: ignore[misc]
    return out, n * len(draws)


def _part(draw: Draw, rows: slice) -> Draw:
    gap, factor = draw
    return None if gap is None else gap[rows], None if factor is None else factor[rows]


def _stacked(numbers: dict[str, Array]) -> Array:
    return np.array([numbers[n] for n in NUMBERS])


def linear_theory(
    response: Response, active: NDArray[np.bool_], bolts: Array, causes: list[Source], read: Reading
) -> dict[str, Array]:
    """Standard deviation map [MPa] and covariance (k, k) [MPa2] of film samples while the pressed set stays."""
    slope = response.linear(active)
    n = response.pixels
    full: list[Array] = [np.zeros((len(read.full), 0))]
    sample: list[Array] = [np.zeros((len(read.matrix), 0))]
    for c in causes:
        if c.force is not None:
            moved = slope[:, n:] @ (bolts[:, None] * c.force)
        elif c.gap is not None:
            moved = slope[:, :n] @ c.gap * c.square**0.5
        full.append(read.full @ moved)
        sample.append(read.matrix @ moved)
    deviation = np.sqrt((np.hstack(full) ** 2).sum(axis=1)) + 0 * read.full_constant
    spread = np.hstack(sample)
    return {"deviation": deviation.reshape(read.shape), "covariance": spread @ spread.T}
