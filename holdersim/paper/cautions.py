"""What a user must know before believing a reading."""

from __future__ import annotations

import numpy as np

from .cells import Blank, Foreign
from .dye import Dye
from .grades import CLIMATE, Array, covering, grade, softer, span
from .maps import Flag, Reading

STEEP = 0.03
"""Unevenness of the light over the stain [natural logarithm] from which it is told."""


def light_warnings(blank: Blank, optical: Array, foreign: Foreign, dye: Dye) -> list[str]:
    out = []
    if max(blank.codes) > 253.5:
        out.append(
            "blank paper is overexposed (code 254 or more): pale red reads too pale. Scan darker, without corrections."
        )
    if blank.tilt > STEEP:
        out.append(
            f"the light differs by {100 * (np.exp(blank.tilt) - 1):.0f} % over the stain; a plane was taken off."
        )
    red = (optical[..., 1] > 0.3) & ~foreign.all
    if red.sum() > 100:
        expected = dye.colours(dye.nominal(optical[red][:, 1]))[:, 2]
        tint = float(np.median(optical[red][:, 2] / expected))
        if not 0.6 < tint < 1.6:
            out.append(
                f"the red absorbs {tint:.2g} times as much blue as that of the shipped colour samples: "
                "the densities are biased. Give --samples scanned on the same machine."
            )
    return out


def film_warnings(r: Reading) -> list[str]:
    out = []
    o, curve = r.options, r.curve
    if o.sealed:
        out.append(
            "sealed = true: no calibration for sealed paper; bias unknown (Liggins 1995, Exp. Mech. 35:166)."
        )
    if curve is None or o.grade is None:
        return out
    g = grade(o.grade)
    if not curve.one_zone:
        up, down = curve.zone_band(r.density[r.flag == Flag.READ])
        out.append(
            f"--temperature and --humidity not given: zone unknown, MPa uncertainty widened by +{up:.0%}/-{down:.0%}."
            " Pass --temperature and --humidity."
        )
    if curve.tag == "assumed":
        out.append(
            f"no curve of {g.name} is shipped; {curve.source}. Pressures are orders of magnitude: +-30 %."
        )
    if o.temperature is not None and o.humidity is not None and not _usual(o.temperature, o.humidity):
        out.append("the climate lies outside 20 to 35 degC, 35 to 80 % RH, for which the paper is meant.")
    read, above, below = (float((r.flag == f).sum()) for f in (Flag.READ, Flag.ABOVE, Flag.BELOW))
    stained = read + above
    if stained and above > 0.5 * stained:
        other = covering(g.high * 1.001)
        use = f" Use {other.name} ({span(other)})." if other else ""
        out.append(
            f"grade {g.name} covers {span(g)}; {above / stained:.0%} of the red area is above {g.high:g}.{use}"
        )
    if stained < 0.001 * (stained + below):
        other = softer(g)
        use = f" Use {other.name} ({span(other)})." if other else ""
        out.append(
            f"grade {g.name} covers {span(g)}; nothing is above {g.low:g} MPa: white is less, not zero.{use}"
        )
    return out


def _usual(temperature: float, humidity: float) -> bool:
    (cold, warm), (dry, wet) = CLIMATE
    return cold <= temperature <= warm and dry <= humidity <= wet
