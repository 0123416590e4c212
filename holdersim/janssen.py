"""Friction on the wall of a die: how much of a plunger's pressure reaches each layer of a column.

A slice of height dz under the mean pressure s presses the wall with k s, and friction holds it (Janssen 1895, for
silos; translated by Sperl, arXiv cond-mat/0511618):

    ds/dz = -4 mu k s / D,    s = s0 exp(-4 mu k z / D)

Right for an elastic column but for mu squared: 0.02 % of the pressure at mu = 0.1 (finite elements in
tests/verification).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, pi

from .assembly import Layer
from .materials.elastic import Elastic


def ring_compliance(material: Elastic, bore: float, outer: float) -> float:
    """Widening of a ring's bore per its radius and pressure inside [1/MPa], ((b2 + a2)/(b2 - a2) + nu)/E (Lame).

    A thin pellet in a tall die is held more stiffly.
    """
    a, b = bore**2, outer**2
    return ((b + a) / (b - a) + material.nu) / material.E


def lateral_ratio(material: Elastic, wall: float = 0.0) -> float:
    """k = nu / (1 - nu + E wall): lateral over axial pressure of an elastic disc in a wall of compliance [1/MPa].

    From the lateral strain ((1 - nu) k - nu) s / E = -wall k s; a rigid wall gives nu / (1 - nu).
    """
    return material.nu / (1 - material.nu + material.E * wall)


@dataclass(frozen=True)
class Column:
    """Discs in a die under plungers: layers from bottom to top, diameter [mm], coefficient of friction.

    wall: compliance of the die [1/MPa]; floating: the die hangs on the pellet alone and both plungers press alike,
    else it stands with the lower plunger and the upper one moves.
    """

    layers: tuple[Layer, ...]
    diameter: float
    friction: float
    wall: float = 0.0
    floating: bool = False

    def _depth(self, level: int) -> float:
        """Exponent of the loss from the upper plunger down to the top of layer `level`, -1: to the lower plunger."""
        above = self.layers[level + 1 :]
        return sum(
            4 * self.friction * lateral_ratio(la.material, self.wall) * la.thickness / self.diameter
            for la in above
        )

    def _lost(self, level: int) -> float:
        depth = self._depth(level)
        return min(depth, self._depth(-1) - depth) if self.floating else depth

    def shares(self) -> dict[str, float]:
        """Mean pressure over that of the upper plunger, top to bottom, by what meets there: "cathode | separator"."""
        names = ["lower plunger", *(la.name for la in self.layers), "upper plunger"]
        return {
            f"{names[i + 2]} | {names[i + 1]}": exp(-self._lost(i))
            for i in range(len(self.layers) - 1, -2, -1)
        }

    def least(self, name: str) -> float:
        """Lowest mean pressure in a layer over that of the upper plunger."""
        i = [la.name for la in self.layers].index(name)
        high, low, middle = self._depth(i), self._depth(i - 1), self._depth(-1) / 2
        if self.floating and high <= middle <= low:
            return exp(-middle)
        return exp(-max(self._lost(i), self._lost(i - 1)))

    @property
    def loss(self) -> float:
        """Share of the upper plunger's force that the wall carries to the die; 0 for a floating die."""
        return 1 - exp(-self._lost(-1))

    def force(self, pressure: float, name: str) -> float:
        """Force [N] on the upper plunger for a mean pressure [MPa] everywhere in a layer."""
        return pressure / self.least(name) * pi / 4 * self.diameter**2
