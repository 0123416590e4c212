"""A rubber pad between a bending steel plate and a layered stack, by holdersim and by CalculiX."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from calculix_case import run_ccx
from numpy.typing import NDArray
from setups import lines

from holdersim.assembly import STICK, Assembly, Block, Interface, Layer, LayerStack, Rect, Solid
from holdersim.export.calculix import write
from holdersim.export.elements import Part, _rule
from holdersim.materials.elastic import Elastic
from holdersim.materials.hyperelastic import NeoHookean
from holdersim.materials.rubber import Rubber
from holdersim.nonlinear import model_of
from holdersim.state import State

Array = NDArray[np.float64]
MEAN = 5.0
BINS = (np.linspace(0, 20, 6), np.linspace(0, 8, 3))


def edge_load(x: Array, y: Array, z: Array) -> Array:
    """Traction on the plate's back beyond the pad that presses it with MEAN."""
    on = np.where(np.asarray(x) > 22.0, -MEAN * 20 / 6, 0.0)
    return np.stack([0 * on, 0 * on, on])


def quarter(n: int = 1, friction: float = STICK, layers: int = 2) -> Assembly:
    """Quarter of a pad 40 x 16 x 2 mm between a stack as large and a plate 56 x 16 x 5 mm pressed at its ends.

    n: pixels per mm; facets of the pad are two pixels wide.
    """
    planes, foot = ("x0", "y0"), Rect.centred(40, 16)
    stack = LayerStack(
        (
            Layer("anode", 0.15, foot, Elastic("anode", 500.0, 0.20)),
            Layer("separator", 0.05, foot, Elastic("separator", 200.0, 0.10)),
            Layer("cathode", 0.2, foot, Elastic("cathode", 1500.0, 0.25)),
        ),
        foot, 0.5 / n, 0.5 / n,
    )
    rubber = Rubber("silicone", NeoHookean(0.6), 1000.0)
    pad = Block(lines(0, 20, 10 * n), lines(0, 8, 4 * n), lines(0, 2, layers * n))
    plate = Block(lines(0, 28, 28 * n), lines(0, 8, 8 * n), lines(0, 5, 2))
    solids = (
        Solid("cell", stack, None, 1, 0.0, False, planes, {"bottom": "xyz"}),
        Solid("pad", pad, rubber, 2, 0.4, False, planes),
        Solid("plate", plate, Elastic("steel", 193000.0, 0.29), 2, 2.4, False, planes, {}, {"top": edge_load}),
    )
    interfaces = (
        Interface("low", "cell.top", "pad.bottom", foot, 1.0 / n, friction=friction),
        Interface("high", "pad.top", "plate.bottom", foot, 1.0 / n, friction=friction),
    )
    return Assembly(solids, interfaces, (), planes)


def last_printed(dat: Path, quantity: str, group: str) -> Array:
    """Last printed rows of a quantity for a set: number, then values."""
    rows: list[list[float]] = []
    on = False
    for line in dat.read_text().splitlines():
        words = line.split()
        if line.lstrip().startswith(quantity) and f"set {group} " in line:
            on, rows = True, []
        elif words and not words[0].isdigit():
            on = False
        elif on and words:
            rows.append([float(w) for w in words])
    return np.array(rows)


def tractions(part: Part, face: str, force: Array) -> tuple[Array, Array]:
    """Integration points (n, 2) [mm] of a face and the force [N] at each, of the traction whose nodal forces are given.

    The traction is interpolated by the face's own shape functions; so its resultant is that of the nodal forces.
    """
    facets = part.facets(*part.face(face))
    values, slopes, weights = _rule(facets.shape[1])
    p = part.points[facets]
    tangent = np.einsum("qvk,fvd->fqkd", slopes, p)
    da = np.linalg.norm(np.cross(tangent[:, :, 0], tangent[:, :, 1]), axis=2) * weights
    nodes, at = np.unique(facets, return_inverse=True)
    at = at.reshape(facets.shape)
    mass = np.zeros((len(nodes), len(nodes)))
    blocks = np.einsum("fq,qv,qw->fvw", da, values, values)
    np.add.at(mass, (at[:, :, None], at[:, None, :]), blocks)
    t = np.linalg.solve(mass, force[nodes])
    place = np.einsum("qv,fvd->fqd", values, p)
    return place[..., :2].reshape(-1, 2), (da * (t[at] @ values.T)).ravel()
