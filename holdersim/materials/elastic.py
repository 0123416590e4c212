"""Linear isotropic elasticity: the numbers a body needs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Elastic:
    """Isotropic linear elastic material, mm-N-MPa.

    E: Young's modulus [MPa]; nu: Poisson's ratio [-]; density [t/mm3] (1 t/mm3 = 1e12 kg/m3);
    expansion: linear thermal expansion [1/K]; yield_strength, ultimate_strength [MPa] or None.
    """

    name: str
    E: float
    nu: float
    density: float = 0.0
    expansion: float = 0.0
    yield_strength: float | None = None
    ultimate_strength: float | None = None

    @property
    def mu(self) -> float:
        """Shear modulus [MPa], E / (2 (1 + nu))."""
        return self.E / (2.0 * (1.0 + self.nu))

    @property
    def lame(self) -> float:
        """First Lame constant [MPa], E nu / ((1 + nu)(1 - 2 nu))."""
        return self.E * self.nu / ((1.0 + self.nu) * (1.0 - 2.0 * self.nu))

    @property
    def oedometric(self) -> float:
        """Modulus [MPa] of compression without lateral strain, lame + 2 mu."""
        return self.lame + 2.0 * self.mu
