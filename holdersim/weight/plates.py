"""How thick a pressing plate must be: deflection, bending strength, and what deflection is allowed. mm, N, MPa."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from functools import lru_cache
from math import pi, sqrt
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import BeforeValidator, Field, SerializeAsAny

from ..materials.elastic import Elastic
from ..schema import Tagged, key, pick
from ..units import LAYER_MODULUS, SMALL, Kind, door, narrowed
from .point import Infeasible
from .ritz import on_bolts

Support = Literal["corner", "bolts", "strip", "simply"]
"""corner: square bay on four bolts, pressed all over; bolts: the whole plate with its rim on all its bolts, pressed
where the stack is; strip: between two lines of bolts; simply: on a frame along all edges."""

BED_MODULUS: Kind = narrowed(LAYER_MODULUS, 0.1, 5e5)
SHEAR = 5.1
"""Shear adds 5.1 (t/L)^2 to a deflection: Mindlin's plate on simple supports; assumed for bolts too."""
SLENDER, SHALLOW = 10.0, 0.5
"""Kirchhoff's plate holds for spans above 10 thicknesses, and deflections below half a thickness (assumed)."""


# -- what deflection is allowed ------------------------------------------------------------------------------


class Criterion(Tagged):
    """How far a plate may bend."""

    @abstractmethod
    def allowed(self, span: float, pressure: float, compliance: float) -> float:
        """Deflection [mm]; `compliance` [mm/MPa]: of pads beside the stack."""


class Ratio(Criterion):
    """A share of the span, L / ratio: a rule of machine design, arbitrary."""

    kind_name = "ratio"
    ratio: float = key(doc="span over deflection, usual 300 to 2000", ge=10, le=1e5)

    def allowed(self, span: float, pressure: float, compliance: float) -> float:
        """Deflection [mm], L / ratio."""
        return span / self.ratio


class Absolute(Criterion):
    """A length, such as a class of flatness."""

    kind_name = "absolute"
    deflection: Annotated[float, *door(narrowed(SMALL, 1e-4, 1.0))] = key(doc='deflection, such as "10 um"')

    def allowed(self, span: float, pressure: float, compliance: float) -> float:
        """Deflection [mm], as given."""
        return self.deflection


class Uniformity(Criterion):
    """Spread of the pressure: two plates bend by w each against a bed of compliance H/E: dp/p = 2 w E / (H q)."""

    kind_name = "uniformity"
    spread: float = key(doc="dp / p that the bending of the plates may cause", gt=0, lt=1)
    height: Annotated[float, *door(narrowed(SMALL, 1e-3, 1000.0))] = key(doc="height H of the bed: cells")
    modulus: Annotated[float, *door(BED_MODULUS)] = key(doc="modulus E of the bed through its thickness")

    def allowed(self, span: float, pressure: float, compliance: float) -> float:
        """Deflection [mm], spread q (H/E + pads) / 2 (assumed: the bed is a spring at each place)."""
        return self.spread * pressure * (self.height / self.modulus + compliance) / 2


CRITERIA: dict[str, type[Tagged]] = {c.kind_name: c for c in (Ratio, Absolute, Uniformity)}
AnyCriterion = Annotated[SerializeAsAny[Criterion], BeforeValidator(pick("kind", lambda: CRITERIA))]
Factor = Annotated[float, Field(ge=1.0, le=5.0)]


# -- how it bends --------------------------------------------------------------------------------------------


class Bending(NamedTuple):
    """w = deflection q L^4 / D; greatest M = moment q L^2 [N] per width."""

    deflection: float
    moment: float


class Bay(NamedTuple):
    """A plate [mm]: span L between two lines of bolts, their length, loaded sides along and across them, rim beyond
    the bolts; number of bays along the lines.
    """

    span: float
    long: float
    along: float
    across: float
    rim: float
    bays: int


def bending(support: Support, nu: float, bay: Bay) -> Bending:
    """Coefficients of a plate.

    corner, bolts: Ritz (ritz.py); strip: W (8 L^3 - 4 L u^2 + u^3) / (384 E I), M = W (2 L - u) / 8 (beam tables, from
    secondary sources), I = t^3 / 12, u the loaded length within the span; simply: Navier's series.
    """
    span = bay.span
    if support == "simply":
        return simply_supported(round(bay.long / span, 9), nu)
    if support == "strip":
        u = bay.across / span
        return Bending(u * (8 - 4 * u**2 + u**3) / 384 / (1 - nu**2), u * (2 - u) / 8)
    if support == "corner":
        found = on_bolts(nu)
    else:
        found = on_bolts(nu, bay.long / span, bay.bays, bay.rim / span, (bay.along / span, bay.across / span))
    return Bending(found.deflection, found.moment)


@lru_cache(maxsize=1024)
def simply_supported(aspect: float, nu: float, terms: int = 100) -> Bending:
    """Middle of a rectangle on simple supports, pressed all over; L the short side, `aspect` long over short.

    w = 16 q / (pi^6 D) sum (-1)^((m+n)/2-1) / (m n (m^2 + n^2/aspect^2)^2), odd m, n (Navier; Timoshenko, table 8,
    from secondary sources).
    """
    m, n = np.meshgrid(*2 * (np.arange(1, 2 * terms, 2, dtype=float),), indexing="ij")
    sign = np.where((m + n) / 2 % 2 == 1, 1.0, -1.0)
    square = m**2 + (n / aspect) ** 2
    amplitude = 16 / pi**6 * sign / (m * n * square**2)
    return Bending(float(amplitude.sum()), float((amplitude * (m**2 + nu * (n / aspect) ** 2)).sum() * pi**2))


def flexing_thickness(
    m: Elastic, c: Bending, span: float, q: float, allowed: float, shear: bool = False
) -> float:
    """Thickness [mm] from a deflection, [12 (1 - nu^2) c q L^4 / (E w)]^(1/3), with shear w (1 + 5.1 (t/L)^2)."""
    cube = 12 * (1 - m.nu**2) * c.deflection * q * span**4 / (m.E * allowed)
    t = cube ** (1 / 3)
    for _ in range(200 if shear else 0):
        last, t = t, (cube * (1 + SHEAR * (t / span) ** 2)) ** (1 / 3)
        if abs(t - last) < 1e-12 * t:
            break
    return float(t)


def bending_thickness(c: Bending, span: float, q: float, stress: float) -> float:
    """Thickness [mm] from strength, L sqrt(6 c q / (1.5 S)): 1.5 S in bending as in Appendix 13 (assumed)."""
    return span * sqrt(6 * c.moment * q / (1.5 * stress))


def judged(thickness: float, span: float, allowed: float) -> Iterator[str]:
    """Flags of a plate; Infeasible where it is thicker than its span."""
    if thickness > span:
        raise Infeasible(
            f"plates of {thickness:.3g} mm, thicker than their span of {span:.3g} mm: no plates any more"
        )
    if span < SLENDER * thickness:
        more = f"shear adds about {100 * SHEAR * (thickness / span) ** 2:.2g} %"
        yield f"thick plate, L/t {span / thickness:.3g} below {SLENDER:g}: {more} to the deflection"
    if allowed > SHALLOW * thickness:
        yield f"deflection of {allowed:.3g} mm above half the thickness: the plate stretches too"
