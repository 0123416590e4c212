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
from ..film import paper_in
from ..loads import Tighten
from ..materials.rubber import Rubber
from ..paper import Reading as Scan
from ..paper.comparing import Compared, compared
from ..paper.comparing import seen_by as shown_by
from ..paper.forward import Imaging
from ..paper.matching import extent, laid
from ..paper.registration import Pose, Registration
from ..paper.render import Felt
from ..paper.sensor import RIM
from ..results import open_result
from ..solve import Model
from ..study.reading import Reading, reading
from ..study.response import Response
from ..superelement import cache_folder
from .evidence import Evidence, evidence_of
from .posterior import Posterior, Seeker
from .seeing import View
from .unknowns import Priors, unknowns

Array = NDArray[np.float64]
APART, FAR = 0.03, 3.0
"""How far marks may be from the length of the map, as a share; shift [deviations] from which it is told."""
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
    if scan.is_dir():
        hint = "Give one scan, or a sensor's map: its marks are its own pixels."
        raise CaseError(
            "paper infer",
            [Mistake("SCAN", "is a folder: fused papers are not inferred from.", f'"{scan.name}"', hint)],
        )
    seen = shown_by(scan, said, "paper infer")
    if seen.curve is None:
        hint = "Give --grade and --pressing, or --wedge with patches of your own."
        raise CaseError("paper infer", [Mistake("--show", "only pressures tell of forces.", hint=hint)])
    return seen


def infer(path: Path, scan: Path, said: dict[str, Any], priors: Priors, at: str | None = None) -> Inferred:
    """The holder of a case as a scan tells it."""
    case = case_of(path).with_("symmetry", "none")
    seen = seen_by(scan, said)
    response = respond(case)
    levels = response.model.levels
    likely = [*paper_in(case.to_dict(), levels), *(n for n in levels if "cathode" in n)]
    place = at or next(iter(likely), list(response.model.joints)[-1])
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
    """The same with the parts at hand."""
    film, region = max(case.grid.film, seen.side), region_of(response, at)
    read = reading(response, at, film, region)
    nominal = np.array([case.final_forces()[n] for n in response.bolts])
    paper = paper_in(case.to_dict(), [at]).get(at, {}).get("grade")  # has spread the pressure already
    film_read = replace(Imaging.of(seen), thickness=0.0) if paper else Imaging.of(seen)
    drawn = felt_of(read, response.press(response.gap, nominal).force, at, paper)
    place = marked(seen, priors.ends, extent(drawn), priors.place)
    evidence = evidence_of(laid(seen, drawn, film, placed=place))
    view = View.of(read, film_read, region, film, priors.patchy, priors.alike)
    seeker = Seeker(response, read, unknowns(response, nominal, priors, evidence.scale), view)
    found = seeker.find(evidence)
    felt, there = felt_of(read, found.pressed.force, at, paper), moved(place, found.unknowns.place(found.z))
    before, after = (
        compared(seen, f, film, False, case.title, scan, p) for f, p in ((drawn, place), (felt, there))
    )
    told = tuple(_messages(found, after))
    return Inferred(found, evidence, read, before, after, case.title, scan, told)


def region_of(response: Response, at: str) -> Rect:
    """The whole rectangle of an interface or plane."""
    model = response.model
    known = [*model.joints, *model.levels]
    if at not in known:
        raise CaseError("paper infer", [Mistake("--at", "is neither interface nor plane.", f'"{at}"',
                                                f"Known: {', '.join(known)}.")])  # fmt: skip
    return model.plane(at).region if at in model.levels else model.joints[at].interface.region


def felt_of(read: Reading, force: Array, at: str, paper: str | None = None) -> Felt:
    """What paper would feel of pixel forces (n,); paper: grade of that which lies in the stack there."""
    told = (f"{at} is {paper} paper in the stack: nothing is spread once more.",) if paper else ()
    return Felt(np.maximum(np.nan_to_num(read.maps(force)), 0.0), read.x, read.y, at, told, paper)


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


def moved(r: Registration, place: Array) -> Registration:
    """The registration of a paper that lay turned by place[0] [rad] and shifted by place[1:] [mm] on the holder."""
    turn, shift = float(place[0]), place[1:]
    c, s = np.cos(turn), np.sin(turn)
    back = np.array([c * shift[0] + s * shift[1], c * shift[1] - s * shift[0]])
    x, y = r.pose.to_scan(*(np.array(r.pose.centre) - back))
    return replace(r, pose=replace(r.pose, x=float(x), y=float(y), angle=r.pose.angle - turn))


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
    off = np.abs(p.z[-4:-1]).max()
    if off > FAR:
        out.append(
            f"the pattern lies {off:.1f} standard deviations from where the marks say: check --ends and which way "
            "up the scan lies; bolts and twist are not to be believed."
        )
    out.append("shapes are those of both plates together, as one gap: a thin cell does not tell them apart.")
    return out
