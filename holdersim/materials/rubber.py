"""Rubber: nearly incompressible, large strain, with relaxation; the numbers and the law that a body needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .hyperelastic import SHORE_UNCERTAINTY, MooneyRivlin, NeoHookean, Yeoh, youngs_from_shore
from .library import record
from .relaxation import Prony, with_set

Array = NDArray[np.float64]


DECADES = (1e1, 1e2, 1e3, 1e4, 1e5, 1e6)
"""Time constants [s] of the terms that stand for an even relaxation per decade of time (assumed)."""


class StrainEnergy(Protocol):
    """Isochoric part of a strain energy W(Fbar), Fbar = J^(-1/3) F, for many points at once."""

    @property
    def shear(self) -> float:
        """Shear modulus [MPa] at no strain."""

    def energy(self, F: Array) -> Array:
        """W [MPa] (n,) of deformation gradients (n, 3, 3)."""

    def stress(self, F: Array) -> Array:
        """First Piola-Kirchhoff stress dW/dF [MPa], (n, 3, 3)."""

    def tangent(self, F: Array) -> Array:
        """d2W/dF dF [MPa], (n, 3, 3, 3, 3)."""


@dataclass(frozen=True)
class Rubber:
    """Rubber: W(Fbar) + K/2 (J - 1)^2, mm-N-MPa.

    law: isochoric strain energy; bulk: K [MPa]; prony: terms (g [-], tau [s]) of the isochoric stress,
    g_inf = 1 - sum g; density [t/mm3]; expansion [1/K]; compression_set [-] measured after set_time [s];
    uncertainty: relative, of its stiffness, where that is known only from a hardness.
    """

    name: str
    law: StrainEnergy
    bulk: float
    prony: tuple[tuple[float, float], ...] = ()
    density: float = 0.0
    expansion: float = 0.0
    compression_set: float = 0.0
    set_time: float = 0.0
    uncertainty: float = 0.0

    @property
    def relaxation(self) -> Prony:
        """All that relaxes, compression set included."""
        return with_set(self.prony, self.compression_set, self.set_time)


def named(name: str, law: str = "mooney_rivlin") -> Rubber:
    """Rubber of the library with the law "neo_hookean", "mooney_rivlin" (assumed) or "yeoh".

    Its relaxation per decade becomes one Prony term for each of DECADES. KeyError: unknown, or not a rubber.
    """
    r = record(name)
    if r.kind != "rubber":
        raise KeyError(f'"{name}" is not a rubber.')

    def number(quantity: str) -> float:
        return r.number(quantity) or 0.0

    laws: dict[str, StrainEnergy] = {
        "neo_hookean": NeoHookean(number("neo_C10")),
        "mooney_rivlin": MooneyRivlin(number("mooney_C10"), number("mooney_C01")),
        "yeoh": Yeoh(number("yeoh_C10"), number("yeoh_C20"), number("yeoh_C30")),
    }
    if law not in laws:
        raise KeyError(f'the library has no {law} numbers of "{name}": it has {", ".join(laws)}.')
    prony = tuple((number("relaxation_per_decade"), tau) for tau in DECADES)
    density, expansion = number("density"), number("expansion")
    return Rubber(r.name, laws[law], number("bulk"), prony, density, expansion, uncertainty=SHORE_UNCERTAINTY)


def law_from_shore(shore: float, law: str = "mooney_rivlin", formula: str = "gent") -> StrainEnergy:
    """Neo-Hooke, or Mooney-Rivlin with C01 = C10/4 (assumed), of the modulus of a Shore A hardness."""
    c = youngs_from_shore(shore, formula) / 6
    if law == "neo_hookean":
        return NeoHookean(_rounded(c))
    return MooneyRivlin(_rounded(0.8 * c), _rounded(0.2 * c))


def _rounded(value: float) -> float:
    """Nine digits, so that a dumped case reads back to the same rubber."""
    return float(f"{value:.9g}")
