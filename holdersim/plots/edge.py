"""Section through the step at the edge of the cathode: normal and shear stress, heights exaggerated."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..metrics import percentile
from ..results import Result
from . import style
from .panels import ROBUST
from .through import chosen, layer_data, layer_labels, state_names

Array = NDArray[np.float64]
SHOWN = (("section_sigma_zz", "sigma_zz"), ("section_shear", "shear stress"))
MICRO = 1e3
CUT = 0.06
"""Share of the section's width within which layers that go on end at different elements."""


def picture(result: Result) -> Figure | None:
    """sigma_zz and shear [MPa] beside the edge of the cathode, empty and full; None without layers.nc."""
    data = layer_data(result)
    if data is None or "section_corner_x" not in data:
        return None
    x, z = ordered(data["section_corner_x"].values, MICRO * data["section_corner_z"].values)
    layer = data["section_layer"].values.astype(int)
    corners = np.stack([x, z], axis=-1)
    soc = np.atleast_1d(data["soc"].values)
    states = _empty_and_full(soc)
    made = style.figure(12.6, 3.5 * len(states) + 1.4)
    axes = made.subplots(len(states), len(SHOWN), squeeze=False, sharex=True, sharey=True)
    lines = outlines(corners, layer)
    for column, (name, short) in enumerate(SHOWN):
        values = np.atleast_2d(data[name].values)[states]
        norm, extend = _scale(values, _sizes(corners))
        for ax, here, told in zip(axes[:, column], values, state_names(data, states), strict=True):
            cells = PolyCollection(
                list(corners), array=here, cmap=style.DEFLECTION, norm=norm, ec="face", lw=0.2
            )
            ax.add_collection(cells)
            ax.add_collection(LineCollection(lines, colors="0.15", linewidths=0.6))
            ax.set_title(f"{short}: {told}")
        label = f"{short} [MPa]" + ("; tension red" if column == 0 else "")
        shade = ScalarMappable(norm, style.DEFLECTION)
        bar: dict[str, Any] = {"location": "bottom", "fraction": 0.05, "aspect": 30}
        made.colorbar(shade, ax=list(axes[:, column]), label=label, extend=extend, **bar)
    _frame(axes[:, 0], corners, layer)
    names = [str(n) for n in data["layer"].values]
    for ax in axes[:, -1]:  # between the columns, on the side where all layers are
        _name_layers(ax, corners, layer, layer_labels(result, names))
    for ax in axes[-1]:
        ax.set_xlabel("x [mm]")
    made.draw_without_rendering()
    made.suptitle(
        f"Beside the edge of the cathode, heights exaggerated {_exaggeration(axes[0, 0]):.2g} times"
    )
    return made


def _empty_and_full(soc: Array) -> list[int]:
    """The emptiest and the fullest of the chosen states; one where they are the same."""
    states = chosen(soc)
    return list(dict.fromkeys([states[0], max(states, key=lambda k: np.nan_to_num(soc[k], nan=-1.0))]))


def ordered(x: Array, z: Array) -> tuple[Array, Array]:
    """Corners (cell, 4) of quadrilaterals in turning order around their middle."""
    middle_x, middle_z = x.mean(axis=1, keepdims=True), z.mean(axis=1, keepdims=True)
    wide, high = (np.ptp(c, axis=1, keepdims=True) for c in (x, z))
    order = np.argsort(np.arctan2((z - middle_z) / high, (x - middle_x) / wide), axis=1)
    return np.take_along_axis(x, order, axis=1), np.take_along_axis(z, order, axis=1)


def outlines(corners: Array, layer: Array) -> list[Array]:
    """Edges that two cells of different layers share, or that belong to one cell only."""
    step = 1e-6 * np.ptp(corners.reshape(-1, 2), axis=0)
    keys = np.round(corners / step).astype(np.int64)
    seen: dict[tuple[tuple[int, ...], ...], list[tuple[int, int]]] = {}
    for cell, points in enumerate(keys.tolist()):
        for k in range(4):
            ends = sorted((tuple(points[k]), tuple(points[(k + 1) % 4])))
            seen.setdefault(tuple(ends), []).append((cell, k))
    out = []
    for sharers in seen.values():
        if len({int(layer[c]) for c, _ in sharers}) > 1 or len(sharers) == 1:
            cell, k = sharers[0]
            out.append(corners[cell][[k, (k + 1) % 4]])
    return out


def _sizes(corners: Array) -> Array:
    """Area of each quadrilateral, by the shoelace formula."""
    x, z = corners[..., 0], corners[..., 1]
    return np.asarray(np.abs((x * np.roll(z, -1, axis=1) - z * np.roll(x, -1, axis=1)).sum(axis=1)) / 2)


def _scale(values: Array, sizes: Array) -> tuple[Normalize, str]:
    """Colours symmetric about zero, out to ROBUST % of the area; and where values lie beyond them."""
    weights = np.broadcast_to(sizes, values.shape)
    limit = percentile(np.abs(values).ravel(), weights.ravel(), ROBUST) or 1.0
    above, below = float(np.nanmax(values)) > limit, float(np.nanmin(values)) < -limit
    return Normalize(
        -limit, limit
    ), "both" if above and below else "max" if above else "min" if below else "neither"


def _frame(column: Array, corners: Array, layer: Array) -> None:
    """Limits of the axes: along x where all layers that are cut off are still there."""
    low, high = corners.reshape(-1, 2).min(axis=0), corners.reshape(-1, 2).max(axis=0)
    margin = CUT * (high - low)
    ends = [(own.min(), own.max()) for k in np.unique(layer) if len(own := corners[layer == k][..., 0])]
    left = max(a for a, _ in ends if a < low[0] + margin[0])
    right = min(b for _, b in ends if b > high[0] - margin[0])
    for ax in column:
        ax.set_xlim(left, right)
        ax.set_ylim(low[1] - 0.02 * (high[1] - low[1]), high[1] + 0.02 * (high[1] - low[1]))
        ax.set_ylabel("z [um]")


def _name_layers(ax: Axes, corners: Array, layer: Array, names: list[str]) -> None:
    """Names left of the section, spread to equal distances, each tied to its layer where that begins."""
    places = []
    for k in np.unique(layer):
        own = corners[layer == k]
        first = own[own[..., 0].min(axis=1) < own[..., 0].min() + 1e-9]
        places.append((float(first[..., 1].mean()), float(own[..., 0].min()), names[k]))
    low, high = ax.get_ylim()
    left, right = ax.get_xlim()
    places = [(z, max(x, left), name) for z, x, name in places]
    for k, (z, x, name) in enumerate(sorted(places)):
        at = (left - 0.06 * (right - left), low + (high - low) * (k + 0.5) / len(places))
        tie = {"arrowstyle": "-", "lw": 0.5, "color": "0.3", "shrinkA": 0, "shrinkB": 0}
        ax.annotate(
            name, (x, z), at, va="center", ha="right", fontsize=8, arrowprops=tie, annotation_clip=False
        )


def _exaggeration(ax: Axes) -> float:
    """Height on paper of a micrometre over the width of one."""
    window = ax.get_window_extent()
    (x0, x1), (z0, z1) = ax.get_xlim(), ax.get_ylim()
    return float(window.height / (z1 - z0) * MICRO / (window.width / (x1 - x0)))
