"""What a user must know before believing a reading."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .cells import RINGS, STAINED, Blank, Foreign
from .curves import Curves, curves_for
from .dye import Dye
from .grades import CLIMATE, Array, covering, grade, softer, span
from .image import sides
from .maps import Flag, Reading
from .options import Film

STEEP = 0.03
"""Unevenness of the light over the stain [natural logarithm] from which it is told."""
PALE, UNEVEN, CAST = 0.03, 0.06, 0.9
"""Green no denser than red by this: blank paper; how much its density may differ; ratio of its codes that is told
(assumed)."""
MOSTLY = 0.5
"""Share of a picture that is no paper from which it is told (assumed)."""
FILM = ("grade", "pressing", "temperature", "humidity")
GRAIN = 0.125
"""Side of a square [mm] below which what differs is grain of the paper (assumed)."""
OTHER = 0.05
"""Size of the red, and pressure of an own curve, as shares, from which a difference is told (assumed)."""


def light_warnings(blank: Blank, optical: Array, foreign: Foreign, dye: Dye, side: float) -> list[str]:
    """What light and colours of a scan do to its densities; side: of a square [mm]."""
    out = []
    if max(blank.codes) > 253.5:
        out.append(
            "blank paper is overexposed (code 254 or more): pale red reads too pale. Scan darker, without corrections."
        )
    if blank.tilt > STEEP:
        out.append(
            f"the light differs by {100 * (np.exp(blank.tilt) - 1):.0f} % over the stain; a plane was taken off."
        )
    paper = ~foreign.outside
    strange = float((foreign.glare | foreign.other | foreign.specks)[paper].mean()) if paper.any() else 1.0
    if strange > MOSTLY:
        out.append(
            f"{strange:.0%} of the picture is neither paper nor its red: is it the right picture? Crop it to the paper."
        )
    dye_seen = optical[..., 1] - optical[..., 0]
    near = ndimage.distance_transform_edt(dye_seen < STAINED) * side < RINGS[1]
    white = (np.abs(dye_seen) < PALE) & ~foreign.all & near
    if white.sum() > 100 and blank.tilt <= STEEP:
        least, most = np.quantile(optical[white][:, 0], (0.02, 0.98))
        if most - least > UNEVEN:
            out.append(
                f"blank paper differs by {10 ** (most - least) - 1:.0%} around the red and no plane of light could be "
                "taken off: densities are biased. Use a flatbed scanner, or even light and no shadows."
            )
    light = np.array(blank.codes)
    if light.min() < CAST * light.max():
        codes = ", ".join(f"{c:.0f}" for c in light)
        out.append(f"blank paper looks coloured ({codes}): the colours were balanced on it.")
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
    if r.side < 0.99 * GRAIN:
        out.append(
            f"squares of {r.side:.3g} mm are finer than the grain of the paper: below {GRAIN:g} mm what differs from "
            "square to square is not pressure. Make --cell larger."
        )
    out += _size(r)
    if curve is None or o.grade is None:
        return out
    g = grade(o.grade)
    out += _own_curve(r, curve)
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
        use = f" Use {other.name} ({span(other)}), or both as one map: paper fuse." if other else ""
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


def _size(r: Reading) -> list[str]:
    """Whether the red is larger than the outline that was told, or a square coarser than asked for."""
    out, o = [], r.options
    if r.side > 1.5 * o.cell:
        out.append(
            f"a pixel is {r.scale.pixel:.3g} mm: squares of {r.side:.3g} mm, not --cell {o.cell:g} mm."
        )
    if o.outline is not None and r.outline is not None and not r.scale.source.startswith("outline"):
        length, width = sides(o.outline)
        red = r.outline.length, r.outline.width
        if red[0] > (1 + OTHER) * length or red[1] > (1 + OTHER) * width:
            out.append(
                f"the red is {red[0]:.1f} x {red[1]:.1f} mm, larger than --outline {length:g} x {width:g} mm: check "
                f"the scale ({r.scale.source}) or what was pressed."
            )
    return out


def _own_curve(r: Reading, own: Curves) -> list[str]:
    """How far a curve of the user's own reads from the shipped one, where there is one."""
    o = r.options
    if (o.curves is None and o.wedge is None) or o.grade is None or o.pressing != "continuous":
        return []
    told = o.temperature is not None and o.humidity is not None
    shipped = curves_for(Film(**o.model_dump(mode="json", include=set(FILM), exclude_none=True)))
    if shipped.tag != "digitised":
        return []
    d = np.array([(max(own.pale, shipped.pale) + min(own.dark, shipped.dark)) / 2])
    share = float(own.read(d)[0] / shipped.read(d)[0] - 1)
    if not np.isfinite(share) or abs(share) < OTHER:
        return []
    where = f"zone {shipped.name}" if told else "all zones"
    return [
        f"your own curve reads {share:+.0%} against that of the maker's chart ({where}) at density {d[0]:.2g}: yours "
        "is used."
    ]


def _usual(temperature: float, humidity: float) -> bool:
    (cold, warm), (dry, wet) = CLIMATE
    return cold <= temperature <= warm and dry <= humidity <= wet
