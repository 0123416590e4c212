"""Bolts: sizes, strength classes, torque to preload, stiffness; equal bolts at many places.

Torque          T = K F d, or with friction T = F [(d2/2) tan(phi + rho') + (Dkm/2) mu_head],
                tan phi = P/(pi d2), tan rho' = mu_thread/cos 30 deg      (VDI 2230-1:2015)
Stress area     A_t = pi/4 ((d2 + d3)/2)^2, d2 = d - 0.6495 P, d3 = d - 1.2269 P      (ISO 898-1)
Stiffness       k = A_d A_t E / (A_d l_t + A_t l_d)      (Shigley, section 8-5)
Units mm, N, MPa, N mm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import atan, cos, pi, radians, tan

from .assembly import Bolt, SpringLaw
from .outlines import share

DENSITY = 7.85e-9
"""Steel [t/mm3] (assumed: common handbook value)."""


@dataclass(frozen=True)
class BoltSize:
    """Metric bolt [mm]: coarse pitch, width across flats, hole (ISO 273 medium), washer (ISO 7089)."""

    name: str
    diameter: float
    pitch: float
    head: float
    hole: float
    washer_inner: float
    washer_outer: float
    washer_thickness: float

    @property
    def pitch_diameter(self) -> float:
        """d2 [mm]."""
        return self.diameter - 0.6495 * self.pitch

    @property
    def stress_area(self) -> float:
        """A_t [mm2]."""
        return pi / 4 * (self.diameter - 0.9382 * self.pitch) ** 2

    @property
    def head_friction_diameter(self) -> float:
        """Dkm [mm]: mean of width across flats and washer hole."""
        return (self.head + self.washer_inner) / 2

    @property
    def standard_thread(self) -> float:
        """Thread length [mm] of a bolt up to 125 mm, 2 d + 6 (ISO 4014)."""
        return 2 * self.diameter + 6


SIZES = {
    s.name: s
    for s in (
        BoltSize("M3", 3, 0.5, 5.5, 3.4, 3.2, 7, 0.5),
        BoltSize("M4", 4, 0.7, 7, 4.5, 4.3, 9, 0.8),
        BoltSize("M5", 5, 0.8, 8, 5.5, 5.3, 10, 1.0),
        BoltSize("M6", 6, 1.0, 10, 6.6, 6.4, 12, 1.6),
        BoltSize("M8", 8, 1.25, 13, 9, 8.4, 16, 1.6),
        BoltSize("M10", 10, 1.5, 16, 11, 10.5, 20, 2.0),
        BoltSize("M12", 12, 1.75, 18, 13.5, 13, 24, 2.5),
        BoltSize("M16", 16, 2.0, 24, 17.5, 17, 30, 3.0),
    )
}
"""Assumed: ISO 4014, ISO 273, ISO 7089, not looked up."""


@dataclass(frozen=True)
class BoltClass:
    """Strength of a bolt [MPa]: proof stress, yield; Young's modulus [MPa], expansion [1/K]."""

    name: str
    proof: float
    yield_strength: float
    modulus: float
    expansion: float


CLASSES = {
    c.name: c
    for c in (
        BoltClass("8.8", 580, 640, 206000, 11.7e-6),
        BoltClass("10.9", 830, 940, 206000, 11.7e-6),
        BoltClass("A2-70", 450, 450, 193000, 16.5e-6),
    )
}
"""Assumed: ISO 898-1 (up to M16) and ISO 3506-1, not looked up; for A2-70 the 0.2 % limit stands for both."""


def torque_per_force(
    size: BoltSize, nut_factor: float | None, thread_friction: float | None, head_friction: float | None
) -> float:
    """T/F [mm], by the nut factor K or by the friction in thread and under the head."""
    if nut_factor is not None:
        return nut_factor * size.diameter
    if thread_friction is None or head_friction is None:
        raise ValueError("a torque needs the nut factor, or the friction of thread and head")
    d2 = size.pitch_diameter
    angle = atan(size.pitch / (pi * d2)) + atan(thread_friction / cos(radians(30)))
    return d2 / 2 * tan(angle) + size.head_friction_diameter / 2 * head_friction


def proof_load(size: BoltSize, strength: BoltClass) -> float:
    """Force [N] at the proof stress."""
    return size.stress_area * strength.proof


def lengths(size: BoltSize, grip: float) -> tuple[float, float]:
    """Shank and thread length [mm] inside the grip of a bolt of standard thread length.

    The bolt is the next length in steps of 5 mm that holds grip, nut (0.8 d) and two pitches.
    """
    need = grip + 0.8 * size.diameter + 2 * size.pitch
    nominal = 5 * -(-need // 5)
    shank = min(grip, max(0.0, nominal - size.standard_thread))
    return shank, grip - shank


def stiffness(size: BoltSize, modulus: float, shank: float, thread: float) -> float:
    """Axial stiffness [N/mm] of shank and thread in series."""
    full, stressed = pi / 4 * size.diameter**2, size.stress_area
    return full * stressed * modulus / (full * thread + stressed * shank)


def mass(size: BoltSize, grip: float) -> float:
    """Mass [t] of bolt, nut and two washers: shank over grip and nut, 3.2 d^3 for head and nut."""
    rod = pi / 4 * size.diameter**2 * (grip + size.diameter)
    washers = 2 * pi / 4 * (size.washer_outer**2 - size.washer_inner**2) * size.washer_thickness
    return DENSITY * (rod + 3.2 * size.diameter**3 + washers)


def bolts(
    places: Mapping[str, tuple[float, float]],
    seats: Callable[[str], tuple[str, str]],
    kind: tuple[BoltSize, BoltClass],
    grip: float,
    between: float,
    symmetry: tuple[str, ...] = (),
    threaded: float | None = None,
    spring: SpringLaw | None = None,
) -> tuple[Bolt, ...]:
    """Equal bolts at named places, those that symmetry planes leave.

    seats: faces under head and nut of a bolt by its name; grip: length [mm] of bolt between head and nut; between:
    distance [mm] of the seats, over which it lengthens when warm; threaded: part of the grip that is thread, that of
    a standard bolt unless told.
    """
    size, strength = kind
    shank, thread = lengths(size, grip)
    if threaded is not None:
        thread = min(threaded, grip)
        shank = grip - thread
    k, growth = stiffness(size, strength.modulus, shank, thread), strength.expansion * between
    left = {n: part for n, (x, y) in places.items() if (part := share(x, y, symmetry)) > 0}
    return tuple(
        Bolt(n, seats(n), *places[n], k, size.diameter, size.stress_area, strength.proof, strength.yield_strength, grip,
             mass(size, grip), strength.expansion, part, spring, growth)
        for n, part in left.items()
    )  # fmt: skip
