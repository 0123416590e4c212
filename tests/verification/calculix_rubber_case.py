"""A rubber pad between a bending steel plate and a layered stack, by holdersim and by CalculiX."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from setups import lines

from holdersim.assembly import STICK, Assembly, Block, Interface, Layer, LayerStack, Rect, Solid
from holdersim.export.calculix import write
from holdersim.export.elements import Part, _rule
from holdersim.materials.elastic import Elastic
from holdersim.materials.hyperelastic import NeoHookean
from holdersim.materials.rubber import Rubber
from holdersim.state import State

Array = NDArray[np.float64]
Index = NDArray[np.int64]
REFERENCE = Path(__file__).parent / "data" / "calculix_rubber.json"
CASES = {"compressible": (50.0, 2.0), "silicone": (1000.0, 4.0)}
"""Bulk modulus and mean pressure [MPa]: one far from incompressible, and one of silicone."""
BINS = (np.linspace(0, 20, 6), np.linspace(0, 8, 3))
"""Quarter of 10 x 4 bins over the pad."""


X = (0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 17.6, 18.8, 19.5, 20.0)
Y = (0.0, 1.35, 2.7, 4.0, 5.3, 6.5, 7.4, 8.0)
"""Grid lines of the pad, finer at its free edges, where it bulges; bins end on some of them."""


def quarter(bulk: float, mean: float) -> Assembly:
    """Quarter of a pad 40 x 16 x 2 mm between a stack as large and a plate 56 x 16 x 5 mm pressed at its ends.

    bulk: modulus of the rubber [MPa], whose shear modulus is 1.2 MPa; mean: pressure on the pad [MPa].
    """

    def edge_load(x: Array, y: Array, z: Array) -> Array:
        on = np.where(np.asarray(x) > 22.0, -mean * 20 / 6, 0.0)
        return np.stack([0 * on, 0 * on, on])

    planes, foot = ("x0", "y0"), Rect.centred(40, 16)
    stack = LayerStack(
        (
            Layer("anode", 0.15, foot, Elastic("anode", 500.0, 0.20)),
            Layer("separator", 0.05, foot, Elastic("separator", 200.0, 0.10)),
            Layer("cathode", 0.2, foot, Elastic("cathode", 1500.0, 0.25)),
        ),
        foot,
        0.5,
        0.5,
    )
    rubber = Rubber("silicone", NeoHookean(0.6), bulk)
    pad = Block(X, Y, lines(0, 2, 4))
    plate = Block(lines(0, 28, 28), lines(0, 8, 8), lines(0, 5, 2))
    solids = (
        Solid("cell", stack, None, 1, 0.0, False, planes, {"bottom": "xyz"}),
        Solid("pad", pad, rubber, 2, 0.4, False, planes),
        Solid(
            "plate", plate, Elastic("steel", 193000.0, 0.29), 2, 2.4, False, planes, {}, {"top": edge_load}
        ),
    )
    interfaces = (
        Interface("low", "cell.top", "pad.bottom", foot, 1.0, friction=STICK),
        Interface("high", "pad.top", "plate.bottom", foot, 1.0, friction=STICK),
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


def weighted(part: Part, face: str) -> tuple[Index, Array, Array]:
    """Nodes of the facets of a face (f, v), shape functions (q, v) and areas (f, q) [mm2] at integration points."""
    facets = part.facets(*part.face(face))
    values, slopes, weights = _rule(facets.shape[1])
    tangent = np.einsum("qvk,fvd->fqkd", slopes, part.points[facets])
    return facets, values, np.linalg.norm(np.cross(tangent[:, :, 0], tangent[:, :, 1]), axis=2) * weights


def approach(pad: Part, u: Array) -> float:
    """Compression [mm] of the pad: the mean approach of its faces, of displacements (nodes, 3) [mm]."""
    means = []
    for face in ("bottom", "top"):
        facets, values, area = weighted(pad, face)
        means.append(float((area * (u[facets, 2] @ values.T)).sum() / area.sum()))
    return means[0] - means[1]


def in_bins(pad: Part, face: str, force: Array) -> Array:
    """Force [N] in bins, of nodal forces (nodes,) on a face.

    They are those of a traction interpolated by the face's own shape functions; the sum is that of the nodal forces.
    """
    facets, values, area = weighted(pad, face)
    nodes, at = np.unique(facets, return_inverse=True)
    at = at.reshape(facets.shape)
    mass = np.zeros((len(nodes), len(nodes)))
    np.add.at(mass, (at[:, :, None], at[:, None, :]), np.einsum("fq,qv,qw->fvw", area, values, values))
    pressure = np.linalg.solve(mass, force[nodes])[at] @ values.T
    place = np.einsum("qv,fvd->fqd", values, pad.points[facets])
    x, y = place[..., 0].ravel(), place[..., 1].ravel()
    return np.asarray(np.histogram2d(x, y, BINS, weights=(area * pressure).ravel())[0])


def reference(assembly: Assembly, folder: Path) -> tuple[float, dict[str, Array]]:
    """CalculiX's compression of the pad [mm] and forces [N] in bins at its lower and upper face."""
    inp = write(assembly, folder / "rubber.inp", {})
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run(
        ["ccx", inp.stem], cwd=folder, check=True, capture_output=True, env=environment, timeout=1800
    )
    pad = Part.of(next(s for s in assembly.solids if s.name == "pad"))
    dat = inp.with_suffix(".dat")
    u = last_printed(dat, "displacements", "N_PAD")[:, 1:]
    f = last_printed(dat, "forces", "N_PAD")[:, 3]
    return approach(pad, u), {"low": in_bins(pad, "bottom", f), "high": in_bins(pad, "top", -f)}


def ours(state: State) -> tuple[float, dict[str, Array]]:
    """The same of a solved state; displacements at the nodes that CalculiX has too."""
    pad = Part.of(next(s for s in state.model.assembly.solids if s.name == "pad"))
    far, node = cKDTree(state.model.whole["pad"].body.coordinates).query(pad.points)
    assert far.max() < 1e-9
    bins = {}
    for name in ("low", "high"):
        grid = state.joint(name).grid
        weights = np.nan_to_num(state.pressure(name)).ravel() * grid.area
        bins[name] = np.asarray(np.histogram2d(*grid.centres, BINS, weights=weights)[0])
    return approach(pad, state.displacement("pad")[node]), bins


if __name__ == "__main__":
    import tempfile

    made: dict[str, object] = {"by": "CalculiX 2.23 (Debian, SPOOLES)"}
    for case, (bulk, mean) in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            compression, bins = reference(quarter(bulk, mean), Path(folder))
        made[case] = {"compression": round(compression, 7)} | {
            k: v.round(3).tolist() for k, v in bins.items()
        }
    REFERENCE.write_text(json.dumps(made) + "\n")
