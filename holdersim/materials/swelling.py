"""Growth of electrodes from the lithium in them: silicon, lithium metal, NCM811.

Lithium is counted by `soc` (0 to 1 between the ends of a cycle) and `peak`, the highest soc reached so far. The
first charge brings all the lithium that is moved, later cycles move the share `efficiency` of it:

    moved = (1 - efficiency) peak + efficiency soc

of the capacity, which is soc itself while the cell is charged for the first time (assumed: what is lost is lost in
proportion to the highest charge). Each electrode gives the growth J - 1 [-] of its layer and its lithium content.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Protocol

import numpy as np

from .inelastic import Inelastic, Table

FARADAY = 96485.332
"""Charge of a mole of electrons [C/mol] (CODATA 2018)."""
SILICON = (28.0855, 2.329)
"""Silicon: molar mass [g/mol] and density of the crystal [g/cm3] (common handbook values)."""
LITHIUM = (6.94, 0.534)
"""Lithium metal: molar mass [g/mol] and density [g/cm3] (common handbook values)."""
SILICON_VOLUME = SILICON[0] / SILICON[1]
"""Molar volume of silicon [cm3/mol], 12.06."""
PER_LITHIUM = 8.9
"""Volume that a mole of lithium adds to silicon [cm3/mol]: assumed, after Obrovac and Chevrier, Chem. Rev. 114
(2014) 11444, not looked up; a reading of the figure of Koerver et al., Energy Environ. Sci. 11 (2018) 2142 gives
8.8, and the lattice of Li15Si4 a growth of 272 to 281 % against 277 % here."""
FULL = 3.75
"""Lithium per silicon in Li15Si4, the end of lithiation at room temperature."""
SPECIFIC = FULL * FARADAY / (3.6 * SILICON[0])
"""Charge that silicon takes up to Li15Si4 [mAh/g], 3579."""
UM_PER_CAPACITY = 3.6 * LITHIUM[0] / (FARADAY * LITHIUM[1]) * 1e4
"""Thickness of plated lithium [um per mAh/cm2], 4.85."""

TAN = (27.0, 55.0, 40.0)
"""Thickness [um] of a silicon electrode pristine, charged and discharged: assumed, after Tan et al., Science 373
(2021) 1494, whose figures were not looked up."""
TAN_MASS = 3.8
"""Silicon in that electrode [mg/cm2]: 27 um at 40 % porosity."""
RESTORED = round((TAN[1] - TAN[2]) / (TAN[1] - TAN[0]), 3)
"""Share of the growth of the first charge that goes back on discharge, 0.536, from the same three thicknesses."""

NCM811: Table = (
    (0.15, -0.066),
    (0.2, -0.058),
    (0.25, -0.048),
    (0.3, -0.036),
    (0.4, -0.023),
    (0.5, -0.017),
    (0.6, -0.013),
    (0.8, -0.006),
    (1.0, 0.0),
)
"""Change of volume of NCM811 [-] against its lithium content: assumed, in the manner of de Biasi et al., J. Phys.
Chem. C 121 (2017) 26163 and Kondrakov et al., 121 (2017) 3286, not looked up; the end is a reading of the figure of
Koerver et al. (2018). That strain grows steeply below 40 % lithium is in the abstract of Jousseaume et al., Energy
Environ. Sci. (2024), doi 10.1039/d3ee04115h (checked)."""
NCM811_SPECIFIC = 275.5
"""Charge of all lithium of LiNi0.8Co0.1Mn0.1O2 [mAh/g], F / (3.6 x 97.28 g/mol)."""

MODULI: dict[str, tuple[float, float]] = {
    "indentation": (90e3, 12e3),
    "film": (160e3, 8e3),
    "computed": (95e3, 38e3),
}
"""Young's modulus [MPa] of dense silicon without lithium and as Li3.75Si: indentation of polycrystals (after Hertzberg
et al., Electrochem. Commun. 13 (2011) 818), of a film, computed (after Shenoy et al., J. Power Sources 195 (2010)
6825). Assumed, not looked up; that the modulus falls with lithium is in the abstract of Bucci et al., J. Mech. Phys.
Solids 62 (2014) 276 (checked)."""
FLOWS: dict[str, Table] = {
    "curvature": ((0.0, 1750.0), (FULL, 1000.0)),
    "film": ((0.0, 5000.0), (2.5, 50.0)),
}
"""Flow stress [MPa] of dense silicon against x: from the curvature of wafers (after Sethuraman et al., J. Power Sources
195 (2010) 5062), or a third of a film's hardness. Assumed, not looked up; straight between the ends."""


class Electrode(Protocol):
    """A layer that grows with the lithium in it."""

    def growth(self, soc: float, peak: float) -> float:
        """J - 1 [-], growth of the layer's volume since it was made."""

    def content(self, soc: float, peak: float) -> float:
        """Lithium in it, in the measure of its own law."""


class Still:
    """An electrode that keeps its volume, whatever moves in it."""

    def growth(self, soc: float, peak: float) -> float:
        """J - 1 = 0."""
        return 0.0

    def content(self, soc: float, peak: float) -> float:
        """Share of its lithium that has moved, soc."""
        return soc


def moved(soc: float, peak: float, efficiency: float) -> float:
    """Share of the first charge's lithium that is in the anode (derived in the head of this module)."""
    return (1.0 - efficiency) * peak + efficiency * soc


def silicon_ratio(x: float) -> float:
    """Volume of LixSi over that of the silicon in it, 1 + 8.9 x / 12.06."""
    return 1.0 + PER_LITHIUM * x / SILICON_VOLUME


def silicon_mass(capacity: float, np_ratio: float) -> float:
    """Silicon [mg/cm2] that takes `np_ratio` times a capacity [mAh/cm2] up to Li15Si4."""
    return 1e3 * capacity * np_ratio / SPECIFIC


def dense_silicon(mass: float) -> float:
    """Thickness [mm] of a mass of silicon [mg/cm2] without pores."""
    return 0.01 * mass / SILICON[1]


@dataclass(frozen=True)
class Silicon:
    """Electrode of silicon particles and pores, held in its plane: it grows through the thickness.

    While it is charged for the first time, t = max(t0, t_dense r / (1 - pores)): the particles, r times as large,
    fill the pores but for the porosity `pores`, then push. "published" takes the growth of Tan et al. for its mass
    of silicon instead, in proportion to the lithium. On discharge the share `restored` of what had grown goes back,
    in proportion to the lithium that leaves; the rest stays as pores, so that later cycles follow one line.

    thickness: pristine [mm]; mass [mg/cm2]; full: x in LixSi at the end of charge.
    """

    thickness: float
    mass: float
    full: float
    efficiency: float
    pores: float | str = 0.0
    restored: float = RESTORED

    @property
    def dense(self) -> float:
        """Thickness [mm] without pores and lithium."""
        return dense_silicon(self.mass)

    @property
    def porosity(self) -> float:
        """Share of pores when pristine, 1 - t_dense / t0."""
        return 1.0 - self.dense / self.thickness

    @property
    def left(self) -> float:
        """Share of pores below which lithium does not press them (0 where the growth is published)."""
        if isinstance(self.pores, str):
            return self.porosity if self.pores == "kept" else 0.0
        return self.pores

    def solid(self, x: float) -> float:
        """Thickness [mm] of the particles alone at content x."""
        return self.dense * silicon_ratio(x)

    def rising(self, share: float) -> float:
        """Thickness [mm] on the first charge, at a share of the lithium of a full one."""
        if self.pores == "published":
            return self.thickness + 1e-3 * (TAN[1] - TAN[0]) * self.mass / TAN_MASS * share
        return max(self.thickness, self.solid(self.full * share) / (1.0 - self.left))

    def height(self, soc: float, peak: float) -> float:
        """Thickness [mm] free of stress."""
        if peak <= 0.0:
            return self.thickness
        top = self.rising(peak)
        return top - self.restored * (top - self.thickness) * (1.0 - soc / peak)

    def growth(self, soc: float, peak: float) -> float:
        """J - 1 [-]."""
        return self.height(soc, peak) / self.thickness - 1.0

    def content(self, soc: float, peak: float) -> float:
        """x in LixSi."""
        return self.full * moved(soc, peak, self.efficiency)


@dataclass(frozen=True)
class Lithium:
    """Lithium metal of a thickness [mm] on which a capacity [mAh/cm2] is plated without pores."""

    thickness: float
    capacity: float
    efficiency: float

    def growth(self, soc: float, peak: float) -> float:
        """J - 1 [-], 4.85 um per mAh/cm2 of what has come over the sheet's own thickness."""
        return 1e-3 * UM_PER_CAPACITY * self.content(soc, peak) / self.thickness

    def content(self, soc: float, peak: float) -> float:
        """Plated capacity [mAh/cm2]."""
        return self.capacity * moved(soc, peak, self.efficiency)


@dataclass(frozen=True)
class Ncm811:
    """Composite cathode of which the share `active` of the volume is NCM811, LixMO2 with x = `charged` at soc 1."""

    charged: float
    efficiency: float
    active: float
    volume: Table = NCM811

    def growth(self, soc: float, peak: float) -> float:
        """J - 1 [-]: active share times the volume change since x = 1, interpolated without overshoot (PCHIP)."""
        volume = _curve(self.volume)
        return self.active * ((1.0 + volume(self.content(soc, peak))) / (1.0 + volume(1.0)) - 1.0)

    def content(self, soc: float, peak: float) -> float:
        """x in LixMO2."""
        return 1.0 - (1.0 - self.charged) * moved(soc, peak, self.efficiency)


@cache
def _curve(table: Table) -> Callable[[float], float]:
    from scipy.interpolate import PchipInterpolator

    curve = PchipInterpolator(*zip(*sorted(table), strict=True))
    return lambda x: float(curve(x))


def silicon_law(electrode: Silicon, modulus: str, flow: str, pristine: float) -> Inelastic:
    """Young's modulus and flow stress [MPa] of a silicon electrode against x.

    Those of the dense alloy, E = E0 + (E1 - E0) x / 3.75, times solid^n: solid is the share of the layer that is
    particle on the first charge, and n such that the pristine layer has the modulus `pristine` [MPa]. So the layer
    turns from loose powder to dense alloy as its pores close; pores that open on discharge do not soften it (assumed).
    """
    e0, e1 = MODULI[modulus]
    dense = Inelastic("LixSi", ((0.0, e0), (FULL, e1)), FLOWS[flow])
    solid0 = 1.0 - electrode.porosity
    power = float(np.log(pristine / e0) / np.log(solid0)) if solid0 < 1.0 - 1e-9 else 0.0
    rows = []
    for share in np.linspace(0.0, 1.0, 17):
        x = electrode.full * float(share)
        factor = min(electrode.solid(x) / electrode.rising(float(share)), 1.0) ** power
        rows.append((x, factor * dense.young(x), factor * dense.yields(x)))
    return replace(dense, modulus=tuple((x, e) for x, e, _ in rows), flow=tuple((x, y) for x, _, y in rows))
