"""What fills a chamber: real gases, liquids, what a closed charge does, the energy it stores.

Pressures are gauge unless they are called absolute. Units mm, N, MPa, K, mol; energies in J.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from math import log
from typing import Annotated, Literal

from pydantic import BeforeValidator, SerializeAsAny

from .schema import Tagged, key, pick
from .units import Kind, Temperature, door

R = 8314.462618
"""Molar gas constant [N mm / mol K] (SI, exact to the digits given)."""

ATMOSPHERE = 0.101325
"""Standard atmosphere [MPa]."""

TNT = 4266920.0
"""Energy of 1 kg TNT [J] (ASME PCC-2, part 501-II, as quoted in secondary sources)."""

DANGEROUS = 1000.0
"""Stored energy [J] above which a warning is given; assumed."""

VOLUME = Kind("a volume", "mm^3", 1.0, 1e10, ("mL", "L", "cm^3"), "mL")
Volume = Annotated[float, *door(VOLUME)]


@dataclass(frozen=True)
class Gas:
    """Virial equation Z = p / (rho R T) = 1 + B rho + C rho^2, rho the molar density [mol/mm3].

    b: B = b0 + b1 x + b2 x^2 [mm3/mol]; c: C = c0 + c1 x [mm6/mol2], x = 300 K / T. molar_mass [t/mol].
    """

    name: str
    molar_mass: float
    b: tuple[float, float, float]
    c: tuple[float, float]

    def _virial(self, temperature: float) -> tuple[float, float]:
        x = 300.0 / temperature
        return self.b[0] + self.b[1] * x + self.b[2] * x * x, self.c[0] + self.c[1] * x

    def compressibility(self, density: float, temperature: float) -> float:
        """Z [-] at a molar density [mol/mm3]."""
        b, c = self._virial(temperature)
        return 1.0 + b * density + c * density * density

    def pressure(self, density: float, temperature: float) -> float:
        """Absolute pressure [MPa]."""
        return density * R * temperature * self.compressibility(density, temperature)

    def density(self, pressure: float, temperature: float) -> float:
        """Molar density [mol/mm3] at an absolute pressure [MPa]."""
        from scipy.optimize import brentq  # late: reading a case needs none of it

        ideal = pressure / (R * temperature)
        return float(brentq(lambda d: self.pressure(d, temperature) - pressure, 0.5 * ideal, 2 * ideal,
                            xtol=1e-16 * ideal, rtol=1e-14))  # fmt: skip

    def slope(self, density: float, temperature: float) -> float:
        """dp/dT at constant volume [MPa/K]; d(T B)/dT = b0 - b2 x^2, d(T C)/dT = c0."""
        x = 300.0 / temperature
        return density * R * (1 + (self.b[0] - self.b[2] * x * x) * density + self.c[0] * density * density)

    def bulk_modulus(self, density: float, temperature: float) -> float:
        """Isothermal bulk modulus rho dp/drho [MPa]."""
        b, c = self._virial(temperature)
        return density * R * temperature * (1 + 2 * b * density + 3 * c * density * density)


GASES = {
    "air": Gas("air", 28.96546e-6, (41.101e3, -39.417e3, -9.1837e3), (908.85e6, 527.79e6)),
    "nitrogen": Gas("nitrogen", 28.01348e-6, (43.765e3, -39.82e3, -8.7942e3), (928.64e6, 620.99e6)),
    "argon": Gas("argon", 39.948e-6, (35.851e3, -42.233e3, -8.9456e3), (368.62e6, 762.85e6)),
}
"""Fitted to CoolProp 8.0.0 from -10 to 80 degC up to 11 MPa: Z within 0.0002, dp/dT 0.1 %, K 0.3 %."""

RANGE = (263.15, 353.15, 11.0)
"""Least and greatest temperature [K] and greatest absolute pressure [MPa] of the fit."""


@dataclass(frozen=True)
class Liquid:
    """Slightly compressible: dp = K (expansion dT - dV / V). Bulk modulus K [MPa], expansion [1/K], density [t/mm3]."""

    name: str
    bulk_modulus: float
    expansion: float
    density: float


LIQUIDS = {
    "water": Liquid("water", 2262.5, 3.0737e-4, 9.9787e-10),  # CoolProp 8.0.0 at 5.101 MPa, 30 degC
    "oil": Liquid("oil", 1500.0, 7e-4, 8.7e-10),  # assumed: mineral hydraulic oil
}


@dataclass(frozen=True)
class Charge:
    """What was filled in: gauge pressure [MPa], temperature [K], volume [mm3]."""

    pressure: float
    temperature: float
    volume: float


# -- energy --------------------------------------------------------------------------------------------------


def gas_energy(pressure: float, volume: float) -> float:
    """Energy [J] of an expansion to the atmosphere, 2.5 p V [1 - (p_a/p)^0.286], p absolute (ASME PCC-2, 501-II).

    Quoted from secondary sources; ideal diatomic gas.
    """
    p = pressure + ATMOSPHERE
    return float(2.5 * p * volume * (1 - (ATMOSPHERE / p) ** 0.286) * 1e-3)


def brode_energy(pressure: float, volume: float) -> float:
    """Energy [J] by (p - p_a) V / 0.4 (Brode 1959, quoted from secondary sources): an upper bound."""
    return pressure * volume / 0.4 * 1e-3


def liquid_energy(pressure: float, volume: float, bulk_modulus: float) -> float:
    """Energy [J] of a compressed liquid, p^2 V / 2 K."""
    return pressure * pressure * volume / (2 * bulk_modulus) * 1e-3


# -- entries of a case ---------------------------------------------------------------------------------------

GasName = Literal["air", "nitrogen", "argon"]


class Fluid(Tagged):
    """What fills the chamber, and whether its pressure is kept."""

    @abstractmethod
    def pressure(self, charge: Charge, temperature: float, volume: float) -> float:
        """Gauge pressure [MPa] once a charge is at another temperature [K] and volume [mm3]."""

    @abstractmethod
    def energy(self, pressure: float, volume: float) -> float:
        """Energy [J] stored at a gauge pressure [MPa] in a volume [mm3]."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Name of the substance."""

    def warnings(self, pressure: float, volume: float) -> list[str]:
        """What a user must know before filling a chamber."""
        out, energy = [], self.energy(pressure, volume)
        if energy > DANGEROUS:
            text = f"{self.name} at {pressure:g} MPa in {volume / 1e3:.4g} mL stores {energy / 1e3:.3g} kJ"
            shield = "test with a liquid, fill the volume, keep a shield and a relief valve"
            out.append(f"{text} ({1e3 * energy / TNT:.2g} g TNT): {shield}")
        if isinstance(self, ClosedGas | Regulated) and pressure + ATMOSPHERE > RANGE[2]:
            out.append(
                f"{self.name} above {RANGE[2]:g} MPa absolute: its equation of state was not fitted there"
            )
        return out


class Regulated(Fluid):
    """A gas held at the pressure of the gauge by a regulator, whatever temperature and volume do."""

    kind_name = "regulated"
    gas: GasName = key("air", "air, nitrogen or argon")

    @property
    def name(self) -> str:
        """Name of the gas."""
        return self.gas

    def pressure(self, charge: Charge, temperature: float, volume: float) -> float:
        """The pressure that is kept."""
        return charge.pressure

    def energy(self, pressure: float, volume: float) -> float:
        """Energy of the gas in the chamber; what the supply holds comes on top."""
        return gas_energy(pressure, volume)


class ClosedGas(Fluid):
    """A gas shut in by a valve: pressure follows temperature and volume by the virial equation."""

    kind_name = "closed_gas"
    gas: GasName = key(doc="air, nitrogen or argon")
    temperature: Temperature = key(doc="temperature at which the valve was closed")
    more: Volume | None = key(None, "volume of tubes and gauge beside the chamber")

    @property
    def name(self) -> str:
        """Name of the gas."""
        return self.gas

    def pressure(self, charge: Charge, temperature: float, volume: float) -> float:
        """p(rho V0 / V, T), rho from the filling; `more` belongs to both volumes."""
        gas, more = GASES[self.gas], self.more or 0.0
        density = gas.density(charge.pressure + ATMOSPHERE, charge.temperature)
        return gas.pressure(density * (charge.volume + more) / (volume + more), temperature) - ATMOSPHERE

    def energy(self, pressure: float, volume: float) -> float:
        """Energy of the gas shut in."""
        return gas_energy(pressure, volume + (self.more or 0.0))


class ClosedLiquid(Fluid):
    """A liquid shut in by a valve: stiff, so that a degree or a few microlitres change the pressure at once."""

    kind_name = "liquid"
    liquid: Literal["water", "oil"] = key(doc="water or oil")
    temperature: Temperature = key(doc="temperature at which the valve was closed")
    more: Volume | None = key(None, "volume of tubes and gauge beside the chamber")

    @property
    def name(self) -> str:
        """Name of the liquid."""
        return self.liquid

    def pressure(self, charge: Charge, temperature: float, volume: float) -> float:
        """p0 + K [expansion (T - T0) - ln(V / V0)], not below vacuum."""
        liquid, more = LIQUIDS[self.liquid], self.more or 0.0
        strain = log((volume + more) / (charge.volume + more))
        grown = liquid.expansion * (temperature - charge.temperature)
        return max(charge.pressure + liquid.bulk_modulus * (grown - strain), -ATMOSPHERE)

    def energy(self, pressure: float, volume: float) -> float:
        """Energy of the compressed liquid."""
        return liquid_energy(pressure, volume + (self.more or 0.0), LIQUIDS[self.liquid].bulk_modulus)


FLUIDS: dict[str, type[Tagged]] = {f.kind_name: f for f in (Regulated, ClosedGas, ClosedLiquid)}
AnyFluid = Annotated[SerializeAsAny[Fluid], BeforeValidator(pick("kind", lambda: FLUIDS))]


def settled(fluid: Fluid, charge: Charge, temperature: float, volume: Callable[[float], float]) -> float:
    """Gauge pressure [MPa] at which a charge fits the volume [mm3] that the chamber has at that pressure.

    volume(p): chamber less cell; it must not shrink as the pressure rises.
    """
    from scipy.optimize import brentq

    def miss(p: float) -> float:
        return fluid.pressure(charge, temperature, volume(p)) - p

    low, high = -ATMOSPHERE, max(charge.pressure, 1e-3)
    while miss(high) > 0:
        high *= 2
    return float(brentq(miss, low, high, xtol=1e-12, rtol=1e-12)) if miss(low) > 0 else low
