"""Made-up results of cells that are charged and discharged: history, maps over a cycle, stresses in the layers."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from compared_results import BARE, CHAMBER, PADDED, made
from synthetic import LAYERS

from holdersim.results import Result, open_result, write_json, write_maps

STATES = 6
"""States of a charge or discharge, both ends counted."""
MEANS = (5.0, 7.0, 9.0, 4.5)
"""Pressure [MPa] on every layer in the states whose stresses are stored."""


def path(cycles: int = 1) -> np.ndarray:
    """State of charge from empty, up and down again."""
    once = np.concatenate([np.linspace(0, 1, STATES)[1:], np.linspace(1, 0, STATES)[1:]])
    return np.concatenate([[0.0], *[once] * cycles])


def cycled(
    root: Path,
    name: str,
    kind: dict[str, Any] = BARE,
    swing: float = 4.0,
    lost: float = 0.5,
    uneven: float = 1.0,
    cycles: int = 1,
    fluid: bool = False,
    layers: bool = True,
    **more: Any,
) -> Result:
    """A result at 5 MPa that gains `swing` [MPa] when full and keeps `lost` of it on the way down, less each cycle."""
    result = made(root, name, kind, uneven=uneven, **more)
    soc = path(cycles)
    way = np.arange(len(soc))
    down = np.r_[False, np.diff(soc) < 0]
    mean = 5.0 + swing * soc + lost * np.where(down, soc - 1, 0) - lost * ((way - 1) // (2 * STATES - 2) > 0)
    history = [{"step": "tighten", "time_s": 0.0, "force of b1 [N]": 500.0}]
    for k, (charge, p) in enumerate(zip(soc, mean, strict=True)):
        row = {
            "step": "cycle" if k else "tighten",
            "time_s": 360.0 * k,
            "SOC [-]": charge,
            "temperature [K]": 298.15,
        }
        row |= {
            "force of b1 [N]": 125 * p,
            "force of b2 [N]": 128 * p,
            "mean pressure of cell_top [MPa]": 0.9 * p,
        }
        row |= {"cathode: mean [MPa]": p, "cathode: CV [-]": 0.3 * uneven * 5 / p}
        row |= {"cathode: p5 [MPa]": p * (1 - 0.5 * uneven), "cathode: p95 [MPa]": p * (1 + 0.7 * uneven)}
        history.append(row | ({"fluid_pressure_MPa": p} if fluid else {}))
    write_json(result.folder / "summary.json", result.summary | {
        "history": history,
        "events": [{"event": "first yield of Si", "step": "cycle", "state": 4, "SOC [-]": 0.4}],
        "layers": [{"step": "", "state": 1, "layers": {n: {"sigma_zz mean on cathode [MPa]": -p} for n, _, _ in LAYERS}}
                   for p in MEANS],
    })  # fmt: skip
    last = slice(-(2 * STATES - 1), None)
    with result.maps as data:
        whole = data.load()
    write_maps(with_cycle(whole, soc[last], mean[last]), result.folder / "maps.nc")
    if layers:
        layer_stresses(np.array([0.0, 0.5, 1.0, 0.0]), swing).to_netcdf(
            result.folder / "layers.nc", engine="h5netcdf"
        )
    return open_result(result.folder)


def with_cycle(data: xr.Dataset, soc: np.ndarray, mean: np.ndarray) -> xr.Dataset:
    """Maps with the cathode's pressure at every state of a cycle: it grows and becomes more even with its mean."""
    once = data["cathode_pressure"].isel(step=-1)
    factor = xr.DataArray(mean / 5, dims="state", coords={"soc": ("state", soc)})
    grown = 5 * factor + (once - 5) * np.sqrt(factor)
    told = {"units": "MPa", "long_name": "pressure at each state of the last cycle, cathode"}
    shape = grown.transpose("state", *once.dims).drop_vars("step", errors="ignore")
    return data.assign(cycle_cathode_pressure=shape.assign_attrs(told))


def layer_stresses(soc: np.ndarray, swing: float = 4.0) -> xr.Dataset:
    """Stresses in the layers of the synthetic cell: large in the plane of silicon and foils, singular at the step."""
    names, heights = [n for n, _, _ in LAYERS], np.array([t for _, t, _ in LAYERS])
    base = np.concatenate([[0.0], np.cumsum(heights)])
    points = 4
    layer = np.repeat(np.arange(len(names)), points)
    inner = np.tile((np.arange(points) + 0.5) / points, len(names))
    z = base[layer] + inner * heights[layer]
    plane = np.array([-0.5, 90.0, -60.0, -2.0, -3.0, 40.0, -0.5])
    plane_full = np.array([-1.0, 380.0, -900.0, -6.0, 15.0, -30.0, -1.0])
    zz = -(5 + swing * soc)[:, None] * (1 + 0.02 * np.sin(9 * z))
    xx = plane[layer] * (1 - soc)[:, None] + plane_full[layer] * soc[:, None] * (1 + 0.1 * inner)
    xl = np.concatenate(
        [np.linspace(15.5, 17.3, 10), np.linspace(17.4, 17.6, 9), np.linspace(17.7, 19.5, 10)]
    )
    cells = [(k, a, b, part) for k, (_, _, r) in enumerate(LAYERS) for part in range(2)
             for a, b in pairwise(xl) if b <= r.x1]  # fmt: skip
    x = np.array([[a, b, a, b] for _, a, b, _ in cells])
    low = np.array([base[k] + part * heights[k] / 2 for k, _, _, part in cells])
    drop = np.where(x > 17.5, np.clip((x - 17.5) / 0.3, 0, 1) * 0.105, 0.0)
    above = np.array([k > 4 for k, _, _, _ in cells])[:, None]
    up = np.array([heights[k] / 2 for k, _, _, _ in cells])
    corner_z = np.stack([low, low, low + up, low + up], axis=1) - drop * above
    cx, cz, own = x.mean(axis=1), corner_z.mean(axis=1), np.array([k for k, _, _, _ in cells])
    near = 1 / np.sqrt(np.hypot(cx - 17.5, 4 * (cz - base[4])) + 0.03)
    load = (5 + swing * soc)[:, None]
    szz = np.where(cx < 17.5, -load * (0.85 + 0.12 * near), load * 0.05 * near)
    shear = load * 0.1 * near * np.sign(cz - base[4]) * np.exp(-np.abs(cx - 17.5) / 0.4)
    return xr.Dataset(
        {
            "profile_z": (("state", "point"), np.broadcast_to(z, zz.shape)),
            "profile_layer": ("point", layer),
            "profile_sigma_zz": (("state", "point"), zz),
            "profile_inplane": (("state", "point"), xx),
            "section_corner_x": (("cell", "corner"), x),
            "section_corner_z": (("cell", "corner"), corner_z),
            "section_layer": ("cell", own),
            "section_sigma_zz": (("state", "cell"), szz),
            "section_shear": (("state", "cell"), shear),
        },
        {
            "layer": names,
            "soc": ("state", soc),
            "step": ("state", ["tighten", "charge", "charge", "discharge"]),
        },
    )


def three_cycled(root: Path, cycles: int = 1) -> list[Result]:
    """Bare plates, pads and a chamber through the same cycles: large, middling and hardly any swing."""
    do = {"do": "pressurise", "pressure": "5 MPa"}
    return [
        cycled(root, "bare", swing=4.0, cycles=cycles),
        cycled(root, "padded", PADDED, 1.2, 0.4, uneven=0.3, cycles=cycles),
        cycled(root, "chamber", CHAMBER, 0.02, 0.0, uneven=0.01, cycles=cycles, fluid=True, step=do),
    ]
