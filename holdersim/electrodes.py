"""How the electrodes of a pouch grow when it is charged: the table `swelling` of a cell."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, SerializeAsAny, model_validator

from .assembly import Layer
from .errors import Mistake
from .materials.inelastic import Inelastic
from .materials.swelling import (
    FULL,
    MODULI,
    NCM811,
    RESTORED,
    Electrode,
    Lithium,
    Ncm811,
    Silicon,
    Still,
    dense_silicon,
    silicon_law,
    silicon_mass,
    silicon_ratio,
)
from .schema import Entry, Tagged, key, pick, refuse
from .units import ArealCapacity, Strength

Direction = Literal["thickness", "isotropic"]
SMALL = 0.01
"""Greatest strain in the plane for which a linear elastic layer may grow in all directions."""
AGREES = 0.02
"""How far a porosity may lie from that of thickness and mass (0.40 written for 0.409)."""


def _pores(value: object) -> object:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if value not in ("filled", "kept", "published") and not (number and 0 <= float(str(value)) < 0.9):
        raise refuse('must be "filled", "kept", "published" or a porosity from 0 to 0.9.')
    return value


class Grows(Tagged):
    """How an electrode grows."""

    growth: Direction = key("thickness", "all through the thickness, or a third in each direction")

    @abstractmethod
    def electrode(self, layer: Layer, capacity: float, s: Swelling) -> Electrode:
        """The law of a layer that takes a capacity [mAh/cm2]."""

    def law(self, layer: Layer, capacity: float, s: Swelling) -> Inelastic | None:
        """What the layer does under large strain besides being elastic."""
        return None

    def mistakes(self, where: str, layer: Layer, capacity: float, s: Swelling) -> list[Mistake]:
        """What contradicts the layer."""
        length = abs((1.0 + self.electrode(layer, capacity, s).growth(1.0, 1.0)) ** (1 / 3) - 1.0)
        if s.mechanics == "elastic" and self.growth == "isotropic" and length > SMALL:
            return [Mistake(f"{where}.growth", self._unfit(layer, length, s), '"isotropic"', UNFIT)]
        return []

    def _unfit(self, layer: Layer, length: float, s: Swelling) -> str:
        stress = layer.material.E * length / (1.0 - layer.material.nu)
        return _held(length, stress)


UNFIT = 'Write growth = "thickness", or mechanics = "plastic" in [cell.swelling].'


def _held(length: float, stress: float) -> str:
    return (
        f"growth by {100 * length:.0f} % in length, held in the plane, would be about {-stress / 1000:.0f} GPa: "
        f"linear elasticity holds to {100 * SMALL:.0f} %."
    )


class SiliconAnode(Grows):
    """Silicon particles that fill the pores between them."""

    kind_name = "silicon"
    pores: Annotated[str | float, BeforeValidator(_pores)] = key(
        "filled", "porosity that stays at full charge: filled (0), kept, a number, or published (Tan 2021)"
    )
    porosity: float | None = key(None, "when pristine; by default from thickness and mass", ge=0.0, lt=1.0)
    restored: float = key(RESTORED, "share of the growth that goes back on discharge", ge=0.0, le=1.0)
    modulus: Literal["indentation", "film", "computed"] = key("indentation", "source of the modulus")
    flow: Literal["curvature", "film"] = key("curvature", "source of the flow stress")

    def electrode(self, layer: Layer, capacity: float, s: Swelling) -> Silicon:
        """Silicon of the mass that capacity and N/P ask for."""
        np_ratio, efficiency = s.np_ratio or 1.0, s.efficiency or 1.0
        mass = silicon_mass(capacity, np_ratio)
        return Silicon(layer.thickness, mass, FULL / np_ratio, efficiency, self.pores, self.restored)

    def law(self, layer: Layer, capacity: float, s: Swelling) -> Inelastic:
        """Modulus and flow stress against the lithium in it."""
        return silicon_law(self.electrode(layer, capacity, s), self.modulus, self.flow, layer.material.E)

    def _unfit(self, layer: Layer, length: float, s: Swelling) -> str:
        length = silicon_ratio(FULL / (s.np_ratio or 1.0)) ** (1 / 3) - 1.0
        return _held(length, MODULI[self.modulus][1] * length / (1.0 - layer.material.nu))

    def mistakes(self, where: str, layer: Layer, capacity: float, s: Swelling) -> list[Mistake]:
        """Silicon that does not fit into its layer, a porosity that is another, growth beyond the law."""
        e = self.electrode(layer, capacity, s)
        thin, needs = f"{1000 * layer.thickness:.3g} um", f"{1000 * e.dense:.3g} um"
        what = f"{e.mass:.3g} mg/cm2 of silicon (capacity times N/P)"
        if e.porosity < -1e-9:
            problem = f"the layer {layer.name} is {thin} thick; {what} are {needs} without pores."
            return [Mistake(where, problem, hint="Make the layer thicker, or lower capacity or np_ratio.")]
        out = super().mistakes(where, layer, capacity, s)
        if self.porosity is not None and abs(self.porosity - e.porosity) > AGREES:
            problem = f"the layer {layer.name} of {thin} with {what} has a porosity of {e.porosity:.3f}."
            fits = f"{1000 * dense_silicon(e.mass) / (1 - self.porosity):.3g} um"
            hint = f'Leave porosity out, or write thickness = "{fits}".'
            out.append(Mistake(f"{where}.porosity", problem, f"{self.porosity:g}", hint))
        if isinstance(self.pores, float | int) and self.pores > e.porosity + 1e-9:
            problem = f"is more than the pristine porosity of {e.porosity:.3f}: charging would open pores."
            out.append(Mistake(f"{where}.pores", problem, f"{self.pores:g}", 'Write pores = "kept".'))
        elif e.solid(e.content(1, 1)) > e.height(1, 1) * (1 + 1e-9):
            problem = f"gives {1000 * e.height(1, 1):.3g} um at full charge, less than the particles need."
            out.append(Mistake(f"{where}.pores", problem, f'"{self.pores}"', 'Write pores = "filled".'))
        elif e.solid(e.content(0, 1)) > e.height(0, 1) * (1 + 1e-9):
            least = f"{1000 * e.solid(e.content(0, 1)):.3g} um"
            problem = f"leaves {1000 * e.height(0, 1):.3g} um after discharge; the particles need {least}."
            out.append(Mistake(f"{where}.restored", problem, f"{self.restored:g}", "Make it smaller."))
        if s.mechanics == "plastic" and MODULI[self.modulus][0] < layer.material.E:
            problem = f"the layer {layer.name} is stiffer than dense silicon ({self.modulus})."
            out.append(Mistake(where, problem, hint="Lower E of its material, or choose another modulus."))
        return out


class LithiumAnode(Grows):
    """Lithium metal on which the capacity is plated."""

    kind_name = "lithium"

    def electrode(self, layer: Layer, capacity: float, s: Swelling) -> Lithium:
        """Lithium on the layer."""
        return Lithium(layer.thickness, capacity, s.efficiency or 1.0)

    def law(self, layer: Layer, capacity: float, s: Swelling) -> Inelastic | None:
        """Elastic, then flowing at the yield strength of its material."""
        strength = layer.material.yield_strength
        return yielding(layer, strength) if strength else None

    def mistakes(self, where: str, layer: Layer, capacity: float, s: Swelling) -> list[Mistake]:
        """Growth beyond the law; no yield strength."""
        out = super().mistakes(where, layer, capacity, s)
        if s.mechanics == "plastic" and not layer.material.yield_strength:
            problem = f"the material of the layer {layer.name} has no yield_strength."
            out.append(Mistake(where, problem, hint='Write material = { base = "Li" }.'))
        return out


class NCM811Cathode(Grows):
    """Composite of NCM811 particles and electrolyte."""

    kind_name = "NCM811"
    charged: float = key(
        0.274, "x in LixMO2 at SOC 1: 1 - 200/275.5, 200 mAh/g being charged", gt=0.0, lt=1.0
    )
    discharged: float | None = key(
        None, "x at SOC 0 after the first cycle; by default from efficiency", le=1.0
    )
    active: float = key(0.43, "share of NCM811 in the layer's volume (0.40 to 0.46)", gt=0.0, le=1.0)
    volume: tuple[tuple[float, float], ...] = key(NCM811, "pairs (x, change of volume)", min_length=2)

    @model_validator(mode="after")
    def _window(self) -> Self:
        x = [pair[0] for pair in self.volume]
        if len(set(x)) < len(x) or max(x) != 1.0 or any(abs(v) > 0.2 for _, v in self.volume):
            raise refuse("volume needs pairs (x, change) up to x = 1, each x once, changes within 0.2.")
        if self.charged < min(x):
            raise refuse(f"charged = {self.charged:g} lies below the table of volume, {min(x):g}.")
        if self.discharged is not None and self.discharged <= self.charged:
            raise refuse(f"discharged must lie above charged = {self.charged:g}.", "Swap?")
        return self

    def electrode(self, layer: Layer, capacity: float, s: Swelling) -> Ncm811:
        """NCM811 that gives its lithium between charged and discharged."""
        back = s.efficiency or 1.0
        if self.discharged is not None:
            back = (self.discharged - self.charged) / (1.0 - self.charged)
        return Ncm811(self.charged, back, self.active, tuple(sorted(self.volume)))


class NoGrowth(Grows):
    """An electrode that keeps its volume."""

    kind_name = "none"

    def electrode(self, layer: Layer, capacity: float, s: Swelling) -> Electrode:
        """One that stays as it is."""
        return Still()


ANODES: dict[str, type[Tagged]] = {c.kind_name: c for c in (SiliconAnode, LithiumAnode, NoGrowth)}
CATHODES: dict[str, type[Tagged]] = {c.kind_name: c for c in (NCM811Cathode, NoGrowth)}
BY_MATERIAL: dict[str, type[Grows]] = {"uSi": SiliconAnode, "Li": LithiumAnode, "NCM811-LPSCl": NCM811Cathode}
"""What a material of the library is taken for when the case does not say."""

AnyAnode = Annotated[SerializeAsAny[Grows], BeforeValidator(pick("kind", lambda: ANODES))]
AnyCathode = Annotated[SerializeAsAny[Grows], BeforeValidator(pick("kind", lambda: CATHODES))]


def yielding(layer: Layer, strength: float) -> Inelastic:
    """Elastic and ideally plastic, whatever lithium there is."""
    return Inelastic(layer.material.name, ((0.0, layer.material.E),), ((0.0, strength),))


class Swelling(Entry):
    """How the layers of a pouch grow when it is charged."""

    capacity: ArealCapacity | None = key(None, "charge of the first charge per area of cathode")
    np_ratio: float | None = key(None, "capacity of the anode over that of the cathode", ge=1.0, le=10.0)
    efficiency: float | None = key(None, "share of the first charge that comes back", gt=0.0, le=1.0)
    anode: AnyAnode | None = key(None, 'kind = "silicon", "lithium", "none"; by default by its material')
    cathode: AnyCathode | None = key(None, 'kind = "NCM811", "none"; by default by its material')
    mechanics: Literal["elastic", "plastic"] = key(
        "elastic", "of the growing layers: linear, or large strain"
    )
    separator_yield: Strength | None = key(None, "flow stress of the separator under plastic mechanics")
    cathode_yield: Strength | None = key(None, "flow stress of the cathode under plastic mechanics")

    @model_validator(mode="after")
    def _flows(self) -> Self:
        given = [n for n in ("separator_yield", "cathode_yield") if getattr(self, n) is not None]
        if given and self.mechanics == "elastic":
            raise refuse(
                f"{' and '.join(given)}: elastic layers do not flow.", 'Write mechanics = "plastic".'
            )
        return self


class SingleSwelling(Swelling):
    """The paper's cells with one cathode: 4 mAh/cm2, N/P 1.2; first-cycle efficiency of the bilayer cell."""

    capacity: ArealCapacity | None = key("4 mAh/cm^2", "charge of the first charge per area of cathode")
    np_ratio: float | None = key(1.2, "capacity of the anode over that of the cathode", ge=1.0, le=10.0)
    efficiency: float | None = key(0.769, "share of the first charge that comes back", gt=0.0, le=1.0)


class BilayerSwelling(SingleSwelling):
    """The paper's bilayer cell: 5 mAh/cm2 on each side."""

    capacity: ArealCapacity | None = key("5 mAh/cm^2", "charge of the first charge per area of cathode")
