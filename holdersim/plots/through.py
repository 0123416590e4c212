"""Stress through the thickness of the cell at several states of charge: one band of equal height per layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import SymmetricalLogLocator
from numpy.typing import NDArray

from ..results import Result
from . import style
from .compare import look

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
WANTED = (0.0, 0.5, 1.0)
"""States of charge that are drawn, the nearest stored ones."""
NEAR = 0.25
"""A state of charge as far as this from a wanted one does not stand for it."""
WIDE = 30.0
"""Ratio of the largest to the median stress beyond which an axis is logarithmic away from zero."""
LEAST = 1.0
"""Stress [MPa] that every axis shows at least: less than a hundredth of it is nothing."""
SHOWN = (
    ("profile_sigma_zz", "Across the layers: sigma_zz", "sigma_zz mean on ", "the cathode"),
    ("profile_inplane", "In the plane of the layers", "in-plane mean [", "the layer"),
)
"""Variable of a profile, its title, and which number of a layer, mean over what, is drawn beside it."""


def layer_data(result: Result) -> xr.Dataset | None:
    """Stresses in the layers of a result, from its layers.nc; None where it has none."""
    path = Path(result.folder) / "layers.nc"
    if not path.is_file():
        return None
    import xarray as xr

    return xr.load_dataset(path, engine="h5netcdf")


def chosen(soc: Array) -> list[int]:
    """States nearest to 0, 50 and 100 % on the way up, and the last one where it is back below half.

    Where none of them is nearly empty, the last one before charging began stands for it, which has no state of charge.
    """
    known = np.flatnonzero(np.isfinite(soc))
    if not len(known):
        return [len(soc) - 1]
    top = int(np.nanargmax(soc))
    nearest = [int(np.nanargmin(np.abs(soc[: top + 1] - s))) for s in WANTED]
    near = [k for k, s in zip(nearest, WANTED, strict=True) if abs(soc[k] - s) < NEAR]
    before = [int(known[0]) - 1] if known[0] > 0 and soc[nearest[0]] >= NEAR else []
    last = len(soc) - 1
    back = [last] if last > top and soc[last] < 0.5 else []
    return list(dict.fromkeys([*before, *near, *back])) or [top]


def state_names(data: xr.Dataset, states: list[int]) -> list[str]:
    """What each state is called: state of charge and step."""
    soc, steps = (np.atleast_1d(data[n].values) if n in data else None for n in ("soc", "step"))
    out = []
    for k in states:
        step = str(steps[k]) if steps is not None else ""
        charge = f"SOC {100 * soc[k]:.0f} %" if soc is not None and np.isfinite(soc[k]) else ""
        out.append(", ".join(filter(None, (charge, step))) or f"state {k + 1}")
    return out


def picture(result: Result) -> Figure | None:
    """Normal and in-plane stress through the thickness at the middle of the cathode; None without layers.nc."""
    data = layer_data(result)
    if data is None or "profile_sigma_zz" not in data:
        return None
    layer = data["profile_layer"].values.astype(int)
    names = [str(n) for n in data["layer"].values]
    order = list(dict.fromkeys(layer.tolist()))
    states = chosen(np.atleast_1d(data["soc"].values))
    made = style.figure(10.4, min(14.0, 1.6 + 0.62 * len(order)))
    axes = made.subplots(1, 2, sharey=True)
    told = result.summary.get("layers", [])
    for ax, (name, title, mean, over) in zip(axes, SHOWN, strict=True):
        values = data[name].values
        reach: list[Array] = [np.asarray(values[states]).ravel()]
        for k, (state, label) in enumerate(zip(states, state_names(data, states), strict=True)):
            drawn = look(k)
            for part, (heights, stress) in enumerate(_bands(layer, order, values[state])):
                ax.plot(stress, heights, label=label if part == 0 else None, **drawn)
            means = _means(told[state]["layers"] if len(told) == len(values) else {}, mean)
            at = [(means[names[n]], place + 0.5) for place, n in enumerate(order) if names[n] in means]
            if at:
                ax.plot(
                    *zip(*at, strict=True),
                    "o",
                    mfc="white",
                    mec=drawn["color"],
                    ms=6,
                    mew=1.6,
                    zorder=4,
                    clip_on=False,
                )
                reach.append(np.array([m for m, _ in at]))
        circles = f"\ncircles: mean over {over}" if len(reach) > 1 else ""
        _dress(ax, np.concatenate(reach), len(order), title + circles)
    labels = layer_labels(result, [names[k] for k in order])
    axes[0].set_yticks(np.arange(len(order)) + 0.5, labels)
    axes[0].tick_params(axis="y", length=0)
    columns = 2 if len(states) > 3 else len(states)
    handles, _ = axes[0].get_legend_handles_labels()
    made.legend(handles=handles, loc="outside lower center", ncols=columns, handlelength=4)
    made.suptitle(
        "Stress at the middle of the cathode; layers from bottom to top, each in a band of one height"
    )
    return made


def _bands(layer: Array, order: list[int], stress: Array) -> Iterator[tuple[Array, Array]]:
    """Heights (0 to 1 within band k of layer k) and stresses of each layer, constant out to its faces."""
    for k, number in enumerate(order):
        own = stress[layer == number]
        heights = k + (np.arange(len(own)) + 0.5) / len(own)
        yield np.concatenate([[k], heights, [k + 1]]), np.concatenate([own[:1], own, own[-1:]])


def _means(layers: Mapping[str, Mapping[str, float]], name: str) -> dict[str, float]:
    """The number of each layer whose name begins so, of the layers that have it."""
    found = {la: next((v for k, v in n.items() if k.startswith(name)), None) for la, n in layers.items()}
    return {la: v for la, v in found.items() if v is not None}


def _dress(ax: Axes, values: Array, layers: int, title: str) -> None:
    for k in range(layers):
        ax.axhspan(k, k + 1, color="0.95" if k % 2 else "white", zorder=0, lw=0)
    ax.axvline(0.0, color="0.4", lw=0.8, zorder=1)
    sizes, unit = np.abs(values[np.isfinite(values)]), "Stress [MPa], compression negative"
    largest, middle = float(sizes.max(initial=0.0)), float(np.median(sizes)) if sizes.size else 0.0
    if largest > WIDE * max(middle, LEAST):
        step = 10.0 ** np.floor(np.log10(max(middle, LEAST)))
        ax.set_xscale("symlog", linthresh=step, linscale=0.6)
        ax.xaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=step))
        unit += f"; logarithmic beyond {step:g} MPa"
        ax.autoscale_view()
    low, high = ax.get_xlim()
    if high - low < LEAST:
        ax.set_xlim((low + high - LEAST) / 2, (low + high + LEAST) / 2)
    ax.set_ylim(0, layers)
    ax.set_xlabel(unit)
    ax.set_title(title)
    ax.grid(axis="x", color="0.88", lw=0.6)


def layer_labels(result: Result, names: list[str]) -> list[str]:
    """Names of layers as they are read, with the thickness [um] they were given."""
    known: dict[str, float] = {}
    for drawn in result.summary["drawing"]["layers"]:
        known[drawn["name"]] = known[f"{drawn['solid']}.{drawn['name']}"] = 1e3 * drawn["thickness"]
    short = [n.removeprefix("cell.").replace("_", " ") for n in names]
    return [f"{s}, {known[n]:g} um" if n in known else s for s, n in zip(short, names, strict=True)]
