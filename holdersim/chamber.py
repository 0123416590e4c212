"""What a pressure chamber has beside its metal: O-ring, fittings, and the closed forms that size wall, cover and bolts.

Units mm, N, MPa, t.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import pi, sqrt
from typing import Annotated

import numpy as np
from pydantic import Field

from .assembly import Array, Outline, Rect, Round
from .errors import GeometryError
from .materials.elastic import Elastic
from .materials.hyperelastic import youngs_from_shore
from .outlines import contains
from .schema import Entry, key
from .units import Kind, Length, door

MASS = Kind("a mass", "t", 1e-9, 1.0, ("g", "kg"), "g")
Mass = Annotated[float, *door(MASS)]

RUBBER = 1.2e-9
"""Density of an O-ring [t/mm3]; assumed."""

EXTRUSION: Mapping[str, tuple[tuple[float, float], ...]] = {
    "soft": ((5.0, 0.25), (10.0, 0.15)),
    "hard": ((10.0, 0.25), (20.0, 0.15)),
}
"""Fluid pressure [MPa] and greatest diametral gap [mm] before a ring is squeezed out, up to 80 and from 80 Shore A.

First row: NBR 70A after Parker ORD 5700 as quoted in secondary sources; second row assumed (twice the pressure).
"""


# -- O-ring --------------------------------------------------------------------------------------------------


class ORing(Entry):
    """O-ring in a gland cut into the flange of the vessel; metal meets metal around it."""

    cord: Length = key("3.53 mm", "diameter of the cord")
    squeeze: Annotated[float, Field(gt=0.0, lt=0.5)] = key(
        0.2, "share of the cord that the closed lid squeezes"
    )
    hardness: Annotated[float, Field(ge=40.0, le=95.0)] = key(70.0, "Shore A")
    back_up: bool = key(False, "a back-up ring closes the gap behind the O-ring")
    least: Annotated[float, Field(gt=0.0, lt=0.5)] = key(0.1, "least squeeze that counts as tight (assumed)")

    @property
    def groove(self) -> float:
        """Width of the gland [mm], 1.35 cords: filled to about 73 % at 20 % squeeze; assumed."""
        return 1.35 * self.cord

    @property
    def modulus(self) -> float:
        """Young's modulus [MPa] of the rubber; above 80 Shore A that of 80."""
        return youngs_from_shore(min(self.hardness, 80.0))

    def line_load(self, squeeze: float) -> float:
        """Force per length [N/mm], E d (1.25 c^1.5 + 50 c^6) at squeeze c (assumed: Lindley 1967, not looked up)."""
        c = max(squeeze, 0.0)
        return float(self.modulus * self.cord * (1.25 * c**1.5 + 50 * c**6))

    def contact_stress(self, squeeze: float, pressure: float = 0.0) -> float:
        """Greatest contact stress [MPa], sqrt(f E / (pi R (1 - nu^2))) + p: Hertz at the line load f, nu = 1/2.

        The ring is incompressible, so that the fluid's pressure p comes on top: it seals itself (assumed).
        """
        return sqrt(self.line_load(squeeze) * self.modulus / (pi * self.cord / 2 * 0.75)) + pressure

    def gap_limit(self, pressure: float) -> float:
        """Greatest gap [mm] behind the ring before it is squeezed out; without end behind a back-up ring."""
        if self.back_up:
            return float("inf")
        table = EXTRUSION["hard" if self.hardness >= 80 else "soft"]
        p, gap = np.log([row[0] for row in table]), np.log([row[1] for row in table])
        slope = (gap[1] - gap[0]) / (p[1] - p[0])
        at = np.log(max(pressure, table[0][0] / 5))
        return float(np.exp(gap[0] + slope * (at - p[0])))

    def warnings(self, pressure: float) -> list[str]:
        """What is unusual about the ring at a fluid pressure [MPa]."""
        out = []
        if not 0.15 <= self.squeeze <= 0.3:
            out.append(f"holder.seal.squeeze: {self.squeeze:g}, usual for a lid is 0.15 to 0.30")
        limit = self.gap_limit(pressure)
        if limit < 0.15 - 1e-9:
            gap = f"a gap of {limit:.2g} mm lets {self.hardness:g} Shore A out"
            out.append(f"holder.seal: at {pressure:g} MPa {gap}: use a back-up ring")
        return out


@dataclass(frozen=True)
class Leak:
    """State of the O-ring: lid separation [mm], squeeze left [-], contact stress [MPa]; `why` it leaks, "" if tight."""

    separation: float
    squeeze: float
    contact_stress: float
    why: str = ""


def leak(ring: ORing, separation: float, pressure: float) -> Leak:
    """Whether the ring still seals after the lid has lifted by `separation` [mm] at the seal line."""
    left = ring.squeeze - separation / ring.cord
    stress = ring.contact_stress(left, pressure)
    why = ""
    if separation > ring.gap_limit(pressure):
        why = f"the gap of {separation:.3g} mm lets the ring out (at most {ring.gap_limit(pressure):.3g} mm)"
    elif left < ring.least:
        why = f"{100 * left:.3g} % squeeze is left, {100 * ring.least:g} % are needed"
    elif stress <= pressure:
        why = f"the contact stress of {stress:.3g} MPa does not exceed the fluid's {pressure:.3g} MPa"
    return Leak(separation, left, stress, why)


def separation(seal: Outline, x: Array, y: Array, gap: Array, reach: float) -> float:
    """Greatest gap [mm] among the pixels (centres x, y; NaN where the faces do not meet) next to the seal line."""
    near = contains(seal, x, y, reach) & ~contains(seal, x, y, -reach) & np.isfinite(gap)
    if not near.any():
        raise GeometryError("no pixel of the flange lies next to the seal line: use smaller pixels")
    return float(gap[near].max())


def around(line: Rect, half: int) -> list[tuple[float, float]]:
    """2 * half places on a rectangle, counter-clockwise from its corner at -x -y, evenly along each side."""
    lx, ly = line.x1 - line.x0, line.y1 - line.y0
    n = min(max(round(half * lx / (lx + ly)), 1), half - 1)
    m = half - n
    low = [(line.x0 + lx * i / n, line.y0) for i in range(n)]
    right = [(line.x1, line.y0 + ly * i / m) for i in range(m)]
    return low + right + [(-x, -y) for x, y in low + right]


# -- closed forms --------------------------------------------------------------------------------------------


def allowable(m: Elastic) -> float | None:
    """Allowable stress [MPa], min(S_u / 3.5, 2/3 S_y) (ASME II-D rule, from secondary sources), or None."""
    parts = [s / f for s, f in ((m.ultimate_strength, 3.5), (m.yield_strength, 1.5)) if s is not None]
    return min(parts) if parts else None


def round_wall(radius: float, pressure: float, stress: float) -> float:
    """Thickness [mm] of a round wall, p R / (S - 0.6 p) (UG-27, from secondary sources), S > 0.6 p."""
    return pressure * radius / (stress - 0.6 * pressure)


def frame_stress(inside: Rect, thickness: float, pressure: float) -> float:
    """Greatest membrane and bending stress [MPa] in a long box of equal walls (Appendix 13-7(a), secondary sources).

    Corner p h^2 c (1 + a^2 K) / (12 I (1 + K)) and the like, h the long side, a = K = H / h; c = t/2, I = t^3/12.
    """
    h, short = sorted((inside.x1 - inside.x0, inside.y1 - inside.y0), reverse=True)
    a, c, inertia = short / h, thickness / 2, thickness**3 / 12
    common = (1 + a**3) / (1 + a)
    per = pressure * c / (12 * inertia)
    on_long, on_short = pressure * short / (2 * thickness), pressure * h / (2 * thickness)
    corner = per * h**2 * common
    bending = (corner + on_short, abs(per * h**2 * (common - 1.5)) + on_long,
               abs(per * (common * h**2 - 1.5 * short**2)) + on_short)  # fmt: skip
    return max(bending)


def flat_cover(seal: Outline, arm: float, pressure: float, stress: float) -> float:
    """Thickness [mm] of a bolted cover with the bolts `arm` [mm] outside the seal (UG-34, from secondary sources).

    Round d sqrt(0.3 p/S + 1.9 W h / (S d^3)); else d sqrt(0.3 Z p/S + 6 W h / (S L d^2)), Z = 3.4 - 2.4 d/D <= 2.5,
    d the short span, L the length of the bolt line; W = p A, the ring itself needs next to nothing.
    """
    if isinstance(seal, Round):
        d = 2 * seal.radius
        load = pressure * pi * seal.radius**2
        return d * sqrt(0.3 * pressure / stress + 1.9 * load * arm / (stress * d**3))
    long, d = sorted((seal.x1 - seal.x0, seal.y1 - seal.y0), reverse=True)
    z = min(3.4 - 2.4 * d / long, 2.5)
    line = 2 * (long + d) + 8 * arm
    return d * sqrt(0.3 * z * pressure / stress + 6 * pressure * seal.area * arm / (stress * line * d**2))


# -- fittings ------------------------------------------------------------------------------------------------


class Fittings(Entry):
    """Masses of what is screwed into the chamber; they count in the weight and nowhere else."""

    port: Mass = key("30 g", "inlet (assumed)")
    gauge: Mass = key("90 g", "pressure gauge (assumed)")
    valve: Mass = key("150 g", "shut-off and relief valve (assumed)")
    feed_through: Mass = key("60 g", "electrical feed-through (assumed)")

    def masses(self) -> dict[str, float]:
        """Masses [t] by part."""
        return {name: getattr(self, name) for name in type(self).model_fields}
