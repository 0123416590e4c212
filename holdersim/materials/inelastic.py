"""What a layer does beyond linear elasticity: stiffness and flow stress that follow the lithium in it, creep."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Table = tuple[tuple[float, float], ...]
"""Pairs (x, value), x rising; linear between, constant outside."""


@dataclass(frozen=True)
class Inelastic:
    """Law of a layer under large strain, mm-N-MPa; Poisson's ratio, density and expansion are those of its material.

    modulus: Young's modulus [MPa] against lithium content x; flow: flow stress [MPa] against x, empty while elastic;
    hardening [MPa]: rise of the flow stress per plastic strain; creep: (A, n) of the rate A q^n [1/s] at the
    equivalent stress q [MPa].
    """

    name: str
    modulus: Table
    flow: Table = ()
    hardening: float = 0.0
    creep: tuple[float, float] | None = None

    def young(self, x: float) -> float:
        """Young's modulus [MPa] at lithium content x."""
        return _at(self.modulus, x)

    def yields(self, x: float) -> float:
        """Flow stress [MPa] at lithium content x; infinite without one."""
        return _at(self.flow, x) if self.flow else float("inf")


def _at(table: Table, x: float) -> float:
    return float(np.interp(x, [row[0] for row in table], [row[1] for row in table]))
