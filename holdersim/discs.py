"""Disc springs: force and slope of one disc, and the sizes of DIN 2093.

F = 4E/(1 - nu^2) t^4/(K1 De^2) u [(h0/t - u)(h0/t - u/2) + 1], u = s/t, d = De/Di,
K1 = 1/pi ((d - 1)/d)^2 / ((d + 1)/(d - 1) - 2/ln d)      (Almen and Laszlo 1936, as in DIN 2092; the texts were not
looked up, the forces of a supplier's table are met to 0.7 %)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log, pi, sqrt


@dataclass(frozen=True)
class Disc:
    """One disc without contact flats: De, Di, t, h0 (travel until flat) [mm], E [MPa], nu."""

    outer: float
    inner: float
    thickness: float
    height: float
    modulus: float = 206e3
    poisson: float = 0.3

    @property
    def steep(self) -> float:
        """h0/t; above sqrt 2 the force has a maximum before the disc is flat."""
        return self.height / self.thickness

    @property
    def travel(self) -> float:
        """Compression [mm] until flat, or until the largest force where h0/t > sqrt 2."""
        if self.steep <= sqrt(2):
            return self.height
        return self.thickness * (self.steep - sqrt((self.steep**2 - 2) / 3))

    @cached_property
    def scale(self) -> float:
        """4E/(1 - nu^2) t^4/(K1 De^2) [N]."""
        d = self.outer / self.inner
        k1 = ((d - 1) / d) ** 2 / ((d + 1) / (d - 1) - 2 / log(d)) / pi
        return 4 * self.modulus / (1 - self.poisson**2) * self.thickness**4 / (k1 * self.outer**2)

    def force(self, compression: float) -> float:
        """Force [N] at a compression [mm]; in tension as stiff as without load."""
        u = compression / self.thickness
        shape = (self.steep - u) * (self.steep - u / 2) + 1 if u > 0 else self.steep**2 + 1
        return self.scale * u * shape

    def rate(self, compression: float) -> float:
        """Slope [N/mm] of the force at a compression [mm]."""
        u = max(0.0, compression / self.thickness)
        return self.scale / self.thickness * (self.steep**2 + 1 - 3 * self.steep * u + 1.5 * u**2)


def _sizes(table: str) -> dict[str, tuple[float, float, float, float]]:
    out = {}
    for line in table.splitlines():
        outer, inner, *rest = (float(v) for v in line.split())
        for i, series in enumerate("ABC"):
            out[f"{series}{outer:g}"] = (outer, inner, rest[2 * i], rest[2 * i + 1])
    return out


DIN_2093 = _sizes("""\
8 4.2 .4 .2 .3 .25 .2 .25
10 5.2 .5 .25 .4 .3 .25 .3
12.5 6.2 .7 .3 .5 .35 .35 .45
14 7.2 .8 .3 .5 .4 .35 .45
16 8.2 .9 .35 .6 .45 .4 .5
18 9.2 1 .4 .7 .5 .45 .6
20 10.2 1.1 .45 .8 .55 .5 .65
22.5 11.2 1.25 .5 .8 .65 .6 .8
25 12.2 1.5 .55 .9 .7 .7 .9
28 14.2 1.5 .65 1 .8 .8 1
31.5 16.3 1.75 .7 1.25 .9 .8 1.05
35.5 18.3 2 .8 1.25 1 .9 1.15
40 20.4 2.25 .9 1.5 1.15 1 1.3
45 22.4 2.5 1 1.75 1.3 1.25 1.6
50 25.4 3 1.1 2 1.4 1.25 1.6
""")
"""De, Di, t, h0 [mm] of each size. Rows: De, Di, then t and h0 of the series A, B, C.

Series A up to 31.5 mm as in a supplier's table of DIN 2093; the others assumed, the standard was not looked up.
"""
