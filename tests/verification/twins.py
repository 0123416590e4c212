"""Twin experiments: a hidden holder is drawn, its paper made grainy and cut to a range, and the holder inferred.

python twins.py numbers 100     densities on the squares, as the inference itself thinks of them
python twins.py pictures 60     scans: film noise, grain, JPEG, turned, marked by hand; read, laid over, inferred
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from holdersim.inverse import Evidence, Posterior, Seeker
from holdersim.paper import Flag, Reading, ReadOptions, RenderOptions, read_scan, render_map
from holdersim.paper.curves import curves_for
from holdersim.paper.forward import Imaging
from holdersim.paper.image import INCH
from holdersim.paper.render import Felt

Array = NDArray[np.float64]
Ends = tuple[float, float, float, float]

LW: dict[str, Any] = {
    "grade": "LW",
    "pressing": "continuous",
    "temperature": "24 degC",
    "humidity": "55 %",
}
MARKS = 0.1
"""Standard deviation of a mark along x and along y [mm]."""


def imaging(cell: float = 0.25) -> Imaging:
    """LW as a scan with squares of a side [mm] shows it."""
    options = ReadOptions(**LW)
    return Imaging.known(options, curves_for(options), cell)


@dataclass(frozen=True)
class Twin:
    """The hidden z of the unknowns, the evidence made of it, and what was found."""

    hidden: Array
    evidence: Evidence
    found: Posterior

    @property
    def off(self) -> Array:
        """Distance of the found from the hidden in standard deviations."""
        return (self.found.z - self.hidden) / self.found.deviation


def drawn(seeker: Seeker, random: np.random.Generator) -> Array:
    """A holder and its film's scatter, from what is known before."""
    return np.asarray(random.standard_normal(seeker.unknowns.size + seeker.view.rest))


def paper_of(seeker: Seeker, z: Array, share: float, random: np.random.Generator) -> Evidence:
    """Evidence of a hidden holder; share: scatter of the density of a square."""
    shown = seeker.densities(z)[0]
    scatter = np.maximum(share * shown, 2e-3)
    d = shown + scatter * random.standard_normal(len(shown))
    pale, dark = seeker.view.film.curve.pale, seeker.view.film.curve.dark
    flag = np.where(d < pale, Flag.BELOW, np.where(d > dark, Flag.ABOVE, Flag.READ)).astype(np.uint8)
    return Evidence(d, flag, scatter, pale, dark, float(seeker.unknowns.spread[-1]))


def twin(seeker: Seeker, share: float, random: np.random.Generator, z: Array | None = None) -> Twin:
    """One experiment; z: the hidden holder, drawn from what is known before unless told."""
    hidden = drawn(seeker, random) if z is None else z
    seen = paper_of(seeker, hidden, share, random)
    return Twin(hidden[: seeker.unknowns.size], seen, seeker.find(seen))


def coverage(twins: list[Twin], width: float = 1.96) -> tuple[Array, float]:
    """Share of experiments whose band holds the hidden value, for each unknown and for all together."""
    held = np.array([np.abs(t.off) <= width for t in twins])
    return held.mean(axis=0), float(held.mean())


def patchy(felt: Felt, share: float, alike: float, random: np.random.Generator) -> Array:
    """Factors (ny, nx) of film noise: ln Gaussian, correlation exp(-(r / alike)^2); made otherwise than inferred."""
    step = float(felt.x[1] - felt.x[0])
    wide = alike / 2 / step
    rim = int(np.ceil(4 * wide))
    white = random.standard_normal((len(felt.y) + 2 * rim, len(felt.x) + 2 * rim))
    smooth = ndimage.gaussian_filter(white, wide) * np.sqrt(4 * np.pi) * wide
    return np.asarray(np.exp(share * smooth[rim:-rim, rim:-rim]))


def scanned(
    felt: Felt, folder: Path, random: np.random.Generator, dpi: float = 300.0
) -> tuple[Reading, Ends, Array]:
    """A scan turned at random and read, marks of the ends of its middle line, and where it lies by these marks.

    The place is the turn [rad] and the shifts [mm] of the paper on the holder from where the marks say.
    """
    degrees = float(np.round(random.uniform(-5, 5), 2))
    turned = RenderOptions(**LW, turned=f"{degrees} deg", seed=int(random.integers(1 << 30)), dpi=dpi)
    sheet = render_map(felt, turned)
    seen = read_scan(sheet.save(folder / "twin.jpg", 85), ReadOptions(**LW))
    lines, a = felt.lines[0], np.deg2rad(degrees)
    way = np.array([np.cos(a), np.sin(a)])
    miss = random.normal(0.0, MARKS, (2, 2))
    marks = np.outer([-0.5, 0.5], way * (lines[-1] - lines[0])) + miss
    along = marks[1] - marks[0]
    turn = float(np.arctan2(along[1], along[0])) - a
    middle = marks.mean(axis=0)
    shift = np.array([way @ middle, way[0] * middle[1] - way[1] * middle[0]])
    high, wide = (n / 2 for n in sheet.pixels.shape[:2])
    pixels = marks * dpi / INCH
    ends = (wide + pixels[0, 0], high - pixels[0, 1], wide + pixels[1, 0], high - pixels[1, 1])
    return seen, ends, np.array([turn, *shift])


def main(kind: str, count: int, first: int = 0) -> None:
    """Coverage on the paper's bare plates, coarse, with LW at 5 MPa; printed by unknown."""
    from holdersim.case import read_case
    from holdersim.inverse import Priors, View, evidence_of, unknowns
    from holdersim.inverse.infer import felt_of, marked, region_of, respond
    from holdersim.paper.matching import extent, laid
    from holdersim.study.reading import reading

    case = read_case("cases/studies/bare_5MPa.toml").with_("symmetry", "none")
    response = respond(case)
    nominal = np.array([case.final_forces()[n] for n in response.bolts])
    known = {
        "flatness": "10 um",
        "rise": "20 um",
        "bolts": 0.2,
        "ends": (0.0, 0.0, 1.0, 0.0),
        "place": "0.1 mm",
    }
    priors = Priors.model_validate(known)
    u, region = unknowns(response, nominal, priors, 0.08), region_of(response, "cathode")
    read = reading(response, "cathode", 1.0, region)
    view = View.of(read, imaging(), region, 1.0, priors.patchy, priors.alike)
    seeker, twins = Seeker(response, read, u, view), []
    for k in range(first, first + count):
        random = np.random.default_rng(k)
        if kind == "numbers":
            t = twin(seeker, 0.02, random)
        else:
            z = drawn(seeker, random)[: u.size]
            pressed = response.press(response.gap + u.gap(z), u.forces(z))
            felt = felt_of(read, pressed.force, "cathode")
            factor = patchy(felt, priors.patchy, priors.alike, random) * u.scale(z)
            noisy = Felt(felt.pressure * factor, felt.x, felt.y, "cathode")
            with tempfile.TemporaryDirectory() as folder:
                seen, ends, place = scanned(noisy, Path(folder), random)
            z[-4:-1] = place * (1e3, 1.0, 1.0) / u.spread[-4:-1]
            by_marks = marked(seen, ends, extent(felt), MARKS)
            evidence = evidence_of(laid(seen, felt, 1.0, placed=by_marks))
            seeker.unknowns = replace(u, spread=np.append(u.spread[:-1], evidence.scale))
            t = Twin(z * u.spread / seeker.unknowns.spread, evidence, seeker.find(evidence))
        twins.append(t)
        print(k, t.found.steps, t.found.settled, round(t.found.misfit, 2), int((t.evidence.flag == 0).sum()),
              np.round(t.off, 1), flush=True)  # fmt: skip
    each, together = coverage(twins)
    told, rms = np.mean([t.found.told for t in twins], axis=0), np.sqrt(np.mean([t.off**2 for t in twins], 0))
    for name, share, much, size in zip(u.names, each, told, rms, strict=True):
        print(f"{name:24} covered {share:.0%}, rms of off {size:.2f}, told {much:.0%}")
    print(f"all {together:.1%} of {len(twins)}; settled {np.mean([t.found.settled for t in twins]):.0%}")


if __name__ == "__main__":
    import sys

    main(sys.argv[1], *(int(v) for v in sys.argv[2:]))
