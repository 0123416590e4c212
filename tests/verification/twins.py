"""Twin experiments: a hidden holder is drawn, its paper made noisy and cut to a range, and the holder inferred."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from holdersim.inverse import Evidence, Posterior, Seeker
from holdersim.inverse.evidence import evidence
from holdersim.paper import Flag

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Twin:
    """The hidden z, the evidence made of it, and what was found."""

    hidden: Array
    evidence: Evidence
    found: Posterior

    @property
    def off(self) -> Array:
        """Distance of the found from the hidden in standard deviations."""
        return (self.found.z - self.hidden) / self.found.deviation


def paper_of(
    seeker: Seeker, z: Array, share: float, limits: tuple[float, float], random: np.random.Generator
) -> Evidence:
    """Evidence of a hidden holder: scatter of a square as a share, range of the paper [MPa]."""
    p = seeker.pressures(z)[0] * (1 + share * random.standard_normal(len(seeker.read.weights)))
    low, high = limits
    flag = np.where(p < low, Flag.BELOW, np.where(p > high, Flag.ABOVE, Flag.READ)).astype(np.uint8)
    return evidence(
        p,
        flag,
        np.full(len(p), share),
        np.full(len(p), low),
        np.full(len(p), high),
        float(seeker.unknowns.spread[-1]),
    )


def twin(
    seeker: Seeker,
    share: float,
    limits: tuple[float, float],
    random: np.random.Generator,
    z: Array | None = None,
) -> Twin:
    """One experiment; z: the hidden holder, drawn from what is known before unless told."""
    hidden = random.standard_normal(seeker.unknowns.size) if z is None else z
    seen = paper_of(seeker, hidden, share, limits, random)
    return Twin(hidden, seen, seeker.find(seen))


def coverage(twins: list[Twin], width: float = 1.96) -> tuple[Array, float]:
    """Share of experiments whose band holds the hidden value, for each unknown and for all together."""
    held = np.array([np.abs(t.off) <= width for t in twins])
    return held.mean(axis=0), float(held.mean())


def main(count: int) -> None:
    """Coverage on the paper's bare plates, coarse, with LW at 5 MPa; printed by unknown."""
    from holdersim.case import read_case
    from holdersim.inverse import Priors, unknowns
    from holdersim.solve import Model
    from holdersim.study.reading import reading
    from holdersim.study.response import Response
    from holdersim.superelement import cache_folder

    case = read_case("cases/studies/bare_5MPa.toml").with_("symmetry", "none")
    response = Response(Model(case.assembly(), cache_folder(), keep=False))
    nominal = np.array([case.final_forces()[n] for n in response.bolts])
    priors = Priors(flatness="10 um", rise="20 um", bolts=0.2, ends=(0.0, 0.0, 1.0, 0.0))
    u = unknowns(response, nominal, priors, 0.1 / 1.96)
    seeker, random = Seeker(response, reading(response, "cathode", 1.0), u), np.random.default_rng(1)
    twins = []
    for k in range(count):
        twins.append(twin(seeker, 0.05, (2.5, 10.0), random))
        t = twins[-1]
        print(k, t.found.steps, t.found.settled, round(t.found.misfit, 2), (t.evidence.flag == 0).sum(),
              np.round(t.off, 1), flush=True)  # fmt: skip
    each, all_of_them = coverage(twins)
    for name, share, told in zip(u.names, each, np.mean([t.found.told for t in twins], axis=0), strict=True):
        print(f"{name:24} covered {share:.0%}, told {told:.0%}")
    print(
        f"all {all_of_them:.1%} of {len(twins)} trials; settled {np.mean([t.found.settled for t in twins]):.0%}"
    )


if __name__ == "__main__":
    import sys

    main(int(sys.argv[1]))
