"""A case and a scan: the holder that best explains the paper, and what the paper leaves open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..assembly import Rect
from ..case import Case, read_case
from ..errors import CaseError, Mistake, PhysicsRefused
from ..loads import Tighten
from ..materials.rubber import Rubber
from ..metrics import film_lines, film_samples, pixel_lines
from ..paper import Reading as Scan
from ..paper import ReadOptions, read_scan
from ..paper.comparing import Compared, compared
from ..paper.matching import extent, laid
from ..paper.options import checked
from ..paper.registration import Pose, Registration
from ..paper.render import Felt
from ..paper.sensor import RIM, SUFFIXES, SensorOptions, read_sensor
from ..results import open_result
from ..solve import Model
from ..study.reading import Reading, reading
from ..study.response import Response
from ..superelement import cache_folder
from .evidence import Evidence, evidence_of
from .posterior import STARTS, Posterior, Seeker
from .unknowns import Priors, unknowns

Array = NDArray[np.float64]
ROUNDS, STILL, UNSTEADY = 8, 0.05, 0.5
"""Most rounds of taking off what paper and squares do; change [deviations] that ends them, and that is told of."""
APART, FAR = 0.03, 3.0
"""How far marks may be from the length of the map, as a share; shift [deviations] from which it is told."""
MIDDLE = STARTS.index(0.0)
SCALE = 0.1
"""Standard deviation of ln of the paper's factor until the scan tells it; no start depends on it."""
RESTLESS = "the rounds that take off what paper and squares do to the pressure have not settled: take care."
UNTOLD, CLOSE = 0.1, 0.9
"""Share of the variance below which nothing is told of an unknown; correlation of two that are told together only."""


@dataclass(frozen=True)
class Inferred:
    """Posterior, the maps [MPa] of the nominal and of the most probable holder, and both comparisons with the paper."""

    posterior: Posterior
    evidence: Evidence
    read: Reading
    nominal: Compared
    fitted: Compared
    title: str
    scan: str
    messages: tuple[str, ...]

    def table(self) -> list[dict[str, Any]]:
        """One row for each unknown: value, ends of its band, deviation before and after, share told, partner."""
        p, u = self.posterior, self.posterior.unknowns
        values, (low, high) = u.values(p.z), p.band()
        prior = (u.values(np.full(u.size, 1.0)) - u.values(np.full(u.size, -1.0))) / 2
        both = np.abs(p.correlation - np.eye(u.size))
        rows = []
        for k, name in enumerate(u.names):
            other = int(both[k].argmax())
            rows.append(
                {"unknown": name, "unit": u.units[k], "value": float(values[k]), "2.5 %": float(low[k]),
                 "97.5 %": float(high[k]), "prior deviation": float(prior[k]),
                 "deviation over prior": float(p.deviation[k]), "told [-]": float(p.told[k]),
                 "strongest correlation": float(p.correlation[k, other]), "with": u.names[other]}
            )  # fmt: skip
        return rows


def case_of(path: Path) -> Case:
    """The case of a file, or of a result's folder."""
    if path.is_dir():
        result = open_result(path)
        return Case.model_validate(result.case, context={"name": path.parent.name, "source": str(path)})
    return read_case(path)


def seen_by(scan: Path, said: dict[str, Any]) -> Scan:
    """Scan or sensor's map with pressures; CaseError without a calibration."""
    if scan.suffix.lower() in SUFFIXES:
        return read_sensor(scan, checked(SensorOptions, said, "paper infer"))
    seen = read_scan(scan, checked(ReadOptions, said, "paper infer"))
    if seen.curve is None:
        hint = "Give --grade and --pressing, or --wedge with patches of your own."
        raise CaseError("paper infer", [Mistake("--show", "only pressures tell of forces.", hint=hint)])
    return seen


def infer(path: Path, scan: Path, said: dict[str, Any], priors: Priors, at: str | None = None) -> Inferred:
    """The holder of a case as a scan tells it."""
    case = case_of(path).with_("symmetry", "none")
    seen = seen_by(scan, said)
    response = respond(case)
    place = at or next((n for n in response.model.levels if "cathode" in n), list(response.model.joints)[-1])
    return inferred(case, response, seen, priors, place, scan.name)


def respond(case: Case) -> Response:
    """Contact pressures of a case as a function of gaps and bolt forces; PhysicsRefused where there is none."""
    steps = case.steps
    if len(steps) != 1 or not isinstance(steps[0], Tighten) or steps[0].sequence != "together":
        raise CaseError(
            case.name, [Mistake("steps", "must be one step that tightens all bolts together to be inferred.")]
        )
    assembly = case.assembly()
    if any(isinstance(s.material, Rubber) for s in assembly.solids):
        raise PhysicsRefused("a holder with rubber has no linear response to infer from")
    return Response(Model(assembly, cache_folder(), keep=False))


def inferred(case: Case, response: Response, seen: Scan, priors: Priors, at: str, scan: str) -> Inferred:
    """The same with the parts at hand; the scan is laid over the nominal map, then over the one found."""
    film = max(case.grid.film, seen.side)
    read = reading(response, at, film, region_of(response, at))
    nominal = np.array([case.final_forces()[n] for n in response.bolts])
    squares = Squares.of(read, film, region_of(response, at))
    seeker = Seeker(response, read, unknowns(response, nominal, priors, SCALE), squares.steep())
    maps = [felt_of(read, pressed.force, at) for _, pressed in seeker.starts]
    z, felt, place = None, maps[MIDDLE], marked(seen, priors.ends, extent(maps[MIDDLE]), priors.place)
    patchy = priors.patchy * max(1.0, priors.alike / film)  # as few squares as err independently
    moved = np.inf
    for k in range(ROUNDS):
        match = laid(seen, felt, film, placed=place)
        evidence = chosen(evidence_of(match, patchy, k > 0), squares)
        u = seeker.unknowns
        seeker.unknowns = replace(u, spread=np.append(u.spread[:-1], evidence.scale))
        found = seeker.find(evidence, z)
        moved = np.inf if z is None else float(np.abs((found.z - z) / found.deviation).max())
        z, felt = found.z, felt_of(read, found.pressed.force, at)
        if k > 1 and moved < STILL:
            break
    before, after = (compared(seen, f, film, False, case.title, scan, place) for f in (maps[MIDDLE], felt))
    told = _messages(found, after) + ([] if moved < UNSTEADY else [RESTLESS])
    return Inferred(found, evidence, read, before, after, case.title, scan, tuple(told))


def region_of(response: Response, at: str) -> Rect:
    """The whole rectangle of an interface or plane."""
    model = response.model
    known = [*model.joints, *model.levels]
    if at not in known:
        raise CaseError("paper infer", [Mistake("--at", "is neither interface nor plane.", f'"{at}"',
                                                f"Known: {', '.join(known)}.")])  # fmt: skip
    return model.plane(at).region if at in model.levels else model.joints[at].interface.region


def felt_of(read: Reading, force: Array, at: str) -> Felt:
    """What paper would feel of pixel forces (n,)."""
    return Felt(np.maximum(np.nan_to_num(read.maps(force)), 0.0), read.x, read.y, at)


def marked(seen: Scan, ends: tuple[float, float, float, float], around: Rect, place: float) -> Registration:
    """Registration by two marks at the ends of a map's middle line along x [pixels or sensels from the upper left]."""
    rows, columns = seen.density.shape
    if seen.curve is not None and seen.curve.tag == "sensor":
        rim = float(np.ceil(RIM / seen.side))
        x1, y1, x2, y2 = (v + rim for v in ends)
        ends = (x1, y1, x2, y2)
    x, y = (np.array(ends[k::2]) * seen.scale.pixel for k in (0, 1))
    x, y = (columns * seen.side - x if seen.options.mirror else x), rows * seen.side - y
    long, wanted = float(np.hypot(np.diff(x)[0], np.diff(y)[0])), around.x1 - around.x0
    if abs(long / wanted - 1) > APART:
        problem = f"the marks are {long:.4g} mm apart; the map is {wanted:.4g} mm long."
        raise CaseError("paper infer", [Mistake("--ends", problem, hint="Check the pixels, --dpi and --at.")])
    centre = ((around.x0 + around.x1) / 2, (around.y0 + around.y1) / 2)
    angle = float(np.arctan2(np.diff(y)[0], np.diff(x)[0]))
    pose = Pose(float(x.mean()), float(y.mean()), angle, 1.0, False, centre)
    return Registration(pose, place, float("nan"), float("nan"))


@dataclass(frozen=True)
class Squares:
    """Column and row (q,) of each square of a reading on the grid (ny, nx) of squares of a side (x, y) [mm]."""

    i: NDArray[np.intp]
    j: NDArray[np.intp]
    shape: tuple[int, int]
    side: tuple[float, float]

    @classmethod
    def of(cls, read: Reading, film: float, region: Rect) -> Squares:
        """Squares of a reading averaged over a film resolution [mm] on a region."""
        lx, ly = pixel_lines(np.zeros(read.shape), read.x, read.y)
        empty = read.full_constant.reshape(read.shape) * 0.0
        area = np.outer(np.diff(ly), np.diff(lx)) * np.isfinite(empty)
        where = []
        for lines, grid in zip((lx, ly), np.meshgrid(read.x, read.y), strict=True):
            centre = film_samples(grid + empty, area, read.x, read.y, region, film)[0]
            cuts = film_lines(lines[0], lines[-1], film)
            at = np.clip(np.searchsorted(cuts, centre) - 1, 0, len(cuts) - 2)
            where.append((at, len(cuts) - 1, float(cuts[1] - cuts[0])))
        (i, nx, dx), (j, ny, dy) = where
        return cls(i, j, (ny, nx), (dx, dy))

    def steep(self) -> tuple[Array, Array]:
        """Matrices (q, q) [1/mm] of the slope along x and y, central; no pressure beyond the squares."""
        q = len(self.i)
        number = np.full((self.shape[0] + 2, self.shape[1] + 2), -1)
        number[self.j + 1, self.i + 1] = np.arange(q)
        out = []
        for dx, dy, side in ((1, 0, self.side[0]), (0, 1, self.side[1])):
            slope: Array = np.zeros((q, q))
            for sign in (1, -1):
                other = number[self.j + 1 + sign * dy, self.i + 1 + sign * dx]
                here = np.flatnonzero(other >= 0)
                slope[here, other[here]] = sign / (2 * side)
            out.append(slope)
        return out[0], out[1]


def chosen(e: Evidence, squares: Squares) -> Evidence:
    """Evidence on all squares of a map, in the order of the squares of a reading."""
    k = squares.j * squares.shape[1] + squares.i
    return Evidence(e.pressure[k], e.flag[k], e.scatter[k], e.low[k], e.high[k], e.scale)


def _messages(p: Posterior, fitted: Compared) -> list[str]:
    u = p.unknowns
    out = list(fitted.messages)
    if not p.settled:
        out.append("the search did not settle: the bands are not to be believed.")
    nothing = [n for n, t in zip(u.names, p.told, strict=True) if t < UNTOLD]
    if nothing:
        out.append(
            f"the paper tells nothing of: {', '.join(nothing)} (less than {UNTOLD:.0%} of the variance)."
        )
    if any(n.startswith("wedge") for n in nothing):
        out.append("a wedge is taken up by the tilt of the plates while each bolt keeps its force.")
    pairs = [(a, b) for a in range(u.size) for b in range(a) if abs(p.correlation[a, b]) > CLOSE]
    if pairs:
        named = ", ".join(f"{u.names[b]} with {u.names[a]} ({p.correlation[a, b]:+.2f})" for a, b in pairs)
        out.append(f"told together only (correlation): {named}.")
    if p.misfit > 1.5:
        out.append(
            f"the best holder misses the paper by {p.misfit**0.5:.2g} times the scatter: shapes of higher order, or a "
            "wrong grade or climate; the bands are widened by this factor."
        )
    off = np.abs(p.z[-3:-1]).max()
    if off > FAR:
        out.append(
            f"the pattern lies {off:.1f} standard deviations from where the marks say: check --ends and which way "
            "up the scan lies; bolts and twist are not to be believed."
        )
    out.append("shapes are those of both plates together, as one gap: a thin cell does not tell them apart.")
    return out
