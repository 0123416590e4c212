"""Rubber: nearly incompressible, large strain, with relaxation; the numbers and the law that a body needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .relaxation import Prony, with_set

Array = NDArray[np.float64]


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
