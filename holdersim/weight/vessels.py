"""Thicknesses of pressure vessels by closed forms, with the range in which each holds. Units mm, N, MPa.

All from secondary sources of ASME VIII-1 (UG-27, UG-32, UG-34, Appendices 1 and 13); S stands for S E, the allowable
stress times the efficiency of the joint. Each returns a thickness and a flag, "" inside the range.
"""

from __future__ import annotations

from math import exp, sqrt
from typing import Literal

from .point import Infeasible

Edition = Literal["exponential", "root"]
"""Thick walls by Appendix 1-2 of newer editions (exponential) or older ones (root)."""

Sized = tuple[float, str]


def _needs(p: float, s: float, part: str) -> None:
    if p >= s:
        raise Infeasible(f"{part}: the pressure of {p:.3g} MPa reaches the allowable stress of {s:.3g} MPa")


def cylinder(radius: float, p: float, s: float, edition: Edition = "exponential") -> Sized:
    """Wall [mm]: p R / (S - 0.6 p) (UG-27(c)(1)) for p <= 0.385 S and t <= R/2; also p R / (2 S + 0.4 p) (c)(2).

    Thicker: R (exp(p/S) - 1), or in older editions R (Z^(1/2) - 1), Z = (S + p)/(S - p) (Appendix 1-2).
    """
    _needs(p, s, "wall")
    if p <= 0.385 * s:
        t = max(p * radius / (s - 0.6 * p), p * radius / (2 * s + 0.4 * p))
        if t <= radius / 2:
            return t, ""
    t = radius * ((exp(p / s) if edition == "exponential" else sqrt((s + p) / (s - p))) - 1)
    return t, "thick wall by Appendix 1-2"


def hemisphere(radius: float, p: float, s: float, edition: Edition = "exponential") -> Sized:
    """Head [mm]: p R / (2 S - 0.2 p) (UG-27(d)) for p <= 0.665 S and t <= 0.356 R.

    Thicker: R (exp(p/2S) - 1), or in older editions R (Y^(1/3) - 1), Y = 2 (S + p)/(2 S - p) (Appendix 1-3, assumed).
    """
    _needs(p, s, "head")
    t = p * radius / (2 * s - 0.2 * p)
    if p <= 0.665 * s and t <= 0.356 * radius:
        return t, ""
    grown = exp(p / s / 2) if edition == "exponential" else (2 * (s + p) / (2 * s - p)) ** (1 / 3)
    return radius * (grown - 1), "thick head by Appendix 1-3"


def ellipsoid(radius: float, p: float, s: float) -> Sized:
    """2:1 ellipsoidal head [mm], p D / (2 S - 0.2 p) (UG-32(d)); thin ones (t < 0.002 * 0.9 D) may buckle."""
    _needs(p, s, "head")
    t = 2 * p * radius / (2 * s - 0.2 * p)
    thin = "head thinner than 0.0018 D: it may buckle (Appendix 1-4)" if t < 0.0018 * 2 * radius else ""
    return t, thin or ("head thicker than R/2: not a shell any more" if t > radius / 2 else "")


def flat_end(short: float, long: float, p: float, s: float, c: float = 0.33) -> Sized:
    """Welded flat end [mm], d sqrt(Z C p / S), Z = 3.4 - 2.4 d/D <= 2.5 (UG-34(c)(3)); round: Z = 1 by long = short.

    C = 0.33 for a wall that is no thicker than it must be (m = 1).
    """
    _needs(p, s, "flat end")
    z = min(3.4 - 2.4 * short / long, 2.5)
    return _plate(short * sqrt(z * c * p / s), short)


def bolted_cover(gasket: float, arm: float, load: float, p: float, s: float, c: float = 0.3) -> Sized:
    """Round cover [mm], G sqrt(C p/S + 1.9 W h / (S G^3)) (UG-34(c)(2)); bolts with load W [N] at `arm` h [mm]."""
    _needs(p, s, "cover")
    return _plate(gasket * sqrt(c * p / s + 1.9 * load * arm / (s * gasket**3)), gasket)


def _plate(t: float, span: float) -> Sized:
    if t > span:
        raise Infeasible(f"flat end of {t:.3g} mm, thicker than its span of {span:.3g} mm")
    return t, f"flat end thick for a plate, d/t {span / t:.2g} below 4" if t > span / 4 else ""


def box(long: float, short: float, p: float, s: float) -> Sized:
    """Wall [mm] of a rectangular box, sides inside: membrane <= S, membrane and bending <= 1.5 S (Appendix 13-7(a)).

    With a = short/long, k = (1 + a^3)/(1 + a): bending p f / (2 t^2), membrane p L / (2 t), where (f, L) is
    (long^2 k, either side) at the corner, (long^2 |k - 1.5|, short) in the middle of the long side and
    (|long^2 k - 1.5 short^2|, long) in that of the short one. Walls are alike; ends do not help (long vessel).
    """
    _needs(p, s, "box")
    a = short / long
    k = (1 + a**3) / (1 + a)
    places = ((long**2 * k, long), (long**2 * abs(k - 1.5), short), (abs(long**2 * k - 1.5 * short**2), long))
    t = max((p * m / 2 + sqrt((p * m / 2) ** 2 + 3 * s * p * f)) / (3 * s) for f, m in places)
    t = max(t, p * long / (2 * s))
    return t, f"box thick for a frame, side/t {short / t:.2g} below 4" if t > short / 4 else ""


def lame_hoop(inner: float, outer: float, p: float) -> float:
    """Hoop stress [MPa] at the bore of a cylinder of radii a, b: p (a^2 + b^2) / (b^2 - a^2) (Lame)."""
    return p * (inner**2 + outer**2) / (outer**2 - inner**2)
