"""Rubber in CalculiX input: hyperelastic material cards, ties of sticking faces, and what cannot be carried over."""

from __future__ import annotations

from collections.abc import Iterator

from ..assembly import STICK, Assembly, Interface
from ..errors import GeometryError
from ..materials.hyperelastic import MooneyRivlin, NeoHookean, Ogden, Yeoh
from ..materials.rubber import Rubber

OGDEN_TERMS = 3
"""Terms of Ogden's law that are written; CalculiX has no more."""

UNUSED = 1e20
"""D [1/MPa] of the volume terms (J - 1)^4 and (J - 1)^6, which are so left out."""


def hyperelastic(rubber: Rubber, name: str) -> Iterator[str]:
    """Cards of the same strain energy: volume term (J - 1)^2 / D1 with D1 = 2/K, of the isochoric invariants.

    Ogden's terms are 2 mu / alpha^2 (sum l^alpha - 3) there, so mu is multiplied by alpha / 2 (checked by running it).
    """
    law, d = rubber.law, 2.0 / rubber.bulk
    unused = [UNUSED, UNUSED]
    if isinstance(law, NeoHookean):
        kind, numbers = "NEO HOOKE", [law.C10, d]
    elif isinstance(law, MooneyRivlin):
        kind, numbers = "MOONEY-RIVLIN", [law.C10, law.C01, d]
    elif isinstance(law, Yeoh):
        kind, numbers = "YEOH", [law.C10, law.C20, law.C30, d, *unused]
    elif isinstance(law, Ogden) and len(law.mu) <= OGDEN_TERMS:
        terms = len(law.mu)
        pairs = [(m * a / 2, a) for m, a in zip(law.mu, law.alpha, strict=True)]
        kind, numbers = f"OGDEN, N={terms}", [*(v for p in pairs for v in p), d, *unused[: terms - 1]]
    else:
        raise GeometryError(
            f"'{name}': the law of {rubber.name} is not exported; there are neo-Hooke, Mooney-Rivlin, Yeoh and "
            f"Ogden with up to {OGDEN_TERMS} terms"
        )
    yield f"*HYPERELASTIC, {kind}"
    for k in range(0, len(numbers), 8):
        yield ", ".join(f"{v:.12g}" for v in numbers[k : k + 8])


def is_soft(assembly: Assembly) -> bool:
    """Whether a solid is of rubber, so that CalculiX must take large strains into account."""
    return any(isinstance(s.material, Rubber) for s in assembly.solids)


def left_out(assembly: Assembly) -> Iterator[str]:
    """Comments about the rubber and sticking faces: what is done otherwise, and what is not written."""
    for solid in assembly.solids:
        if isinstance(solid.material, Rubber):
            yield f"** {solid.name}: rubber in C3D20R; here 27 nodes and linear pressures, mixed"
            if solid.material.prony or solid.material.compression_set:
                yield f"** {solid.name}: relaxation and compression set are not exported: stiffness at no time"
    for interface in assembly.interfaces:
        if interface.friction == STICK:
            yield f"** {interface.name}: tied, it cannot open; here a pixel holds only where it presses"


def tied(interface: Interface, opened: bool) -> bool:
    """Whether faces are tied rather than in contact. GeometryError: friction that is not exported."""
    if 0 < interface.friction < STICK:
        raise GeometryError(
            f"interface '{interface.name}': Coulomb friction of {interface.friction:g} is not exported; "
            "0 (contact) and STICK (tied) are"
        )
    if interface.friction == STICK and opened:
        raise GeometryError(
            f"interface '{interface.name}': sticking faces with an initial gap are not exported: a tie cannot close"
        )
    return interface.friction == STICK
