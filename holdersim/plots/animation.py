"""Moving picture of the pressure map over a cycle: colours fixed, state of charge shown, maps of several results."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from numpy.typing import NDArray
from PIL import Image

from ..assembly import Rect
from ..metrics import film_average, film_samples, percentile, pixel_lines
from ..results import Result
from . import style
from .compare import FAINT, look, wrapped
from .panels import ROBUST

Array = NDArray[np.float64]
MOST = 60
"""Frames of a moving picture; of more states, this many at even distances."""
LASTS, FASTEST, SLOWEST, PAUSE = 6000, 120, 450, 800
"""Times [ms]: of a cycle, bounds of that of a frame, and that the first, the fullest and the last frame stand."""
DPI = 92


@dataclass(frozen=True)
class Movie:
    """Pressure [MPa] on one plane over a cycle, (state, ny, nx), averaged; soc (state); x, y [mm], areas [mm2]."""

    holder: str
    place: int
    soc: Array
    values: Array
    area: Array
    x: Array
    y: Array
    drawing: Mapping[str, Any]
    mean: Array

    @property
    def path(self) -> Array:
        """Charge moved up to each state, 0 to 1: where the state stands in the cycle."""
        moved = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(self.soc)))])
        return np.asarray(moved / moved[-1] if moved[-1] > 0 else np.linspace(0, 1, len(moved)))

    def at(self, place: float) -> int:
        """State nearest to a place in the cycle."""
        return int(np.argmin(np.abs(self.path - place)))


def movie(result: Result, plane: str, holder: str, place: int, length: float, region: Rect) -> Movie | None:
    """Maps of a plane over the last cycle, averaged over squares of `length` [mm]; None where none are stored."""
    data, name = result.maps, f"cycle_{plane}_pressure"
    if name not in data or data[name].sizes["state"] < 2:
        return None
    area, x, y = (data[k].values for k in (f"{plane}_area", f"x_{plane}", f"y_{plane}"))
    soc = np.asarray(data["soc"].values, dtype=np.float64)
    found = [film_average(p, area, x, y, length) for p in data[name].values]
    sampled = [film_samples(p, area, x, y, region, length) for p in data[name].values]
    mean = np.array([float((p * a).sum() / a.sum()) for p, a in sampled])
    _, total, cx, cy = found[0]
    shown = np.stack([f[0] for f in found])
    return Movie(holder, place, soc, shown, total, cx, cy, result.summary["drawing"], mean)


def movies_of(result: Result, length: float) -> list[Movie]:
    """Movies of the planes inside the cell of one result."""
    regions = result.summary["drawing"]["regions"]
    names = [
        str(n).removeprefix("cycle_").removesuffix("_pressure") for n in result.maps if _is_cycle(str(n))
    ]
    made = []
    for k, plane in enumerate(names if regions else []):
        region = Rect(**next(iter(regions.values())))
        made.append(movie(result, plane, f"pressure on the {plane.replace('_', ' ')}", k, length, region))
    return [f for f in made if f]


def _is_cycle(name: str) -> bool:
    return name.startswith("cycle_") and name.endswith("_pressure")


def frames(movies: Sequence[Movie]) -> list[tuple[int, ...]]:
    """State of each movie in each frame: all at the same share of the charge moved, first and last included."""
    paths = np.unique(np.round(np.concatenate([f.path for f in movies]), 6))
    if len(paths) > MOST:
        paths = paths[np.unique(np.round(np.linspace(0, len(paths) - 1, MOST)).astype(int))]
    return list(dict.fromkeys(tuple(f.at(p) for f in movies) for p in paths))


def animate(movies: Sequence[Movie], path: Path) -> Path:
    """Moving picture (GIF) of movies side by side on one colour scale, replaced in one go."""
    order = frames(movies)
    with mpl.rc_context(style.STYLE):
        stage = Stage(movies)
        images = [stage.show(states) for states in order]
    palette = _palette(images)
    flat = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    fullest = max(range(len(order)), key=lambda k: movies[0].soc[order[k][0]])
    each = int(np.clip(LASTS / len(order), FASTEST, SLOWEST))
    times = [PAUSE if k in (0, fullest, len(order) - 1) else each for k in range(len(order))]
    fresh = path.with_name(f".{secrets.token_hex(4)}.{path.name}")
    flat[0].save(
        fresh, save_all=True, append_images=flat[1:], duration=times, loop=0, format="GIF", optimize=False
    )
    os.replace(fresh, path)
    return path


def _palette(images: Sequence[Image.Image]) -> Image.Image:
    """256 colours that suit all frames: those of a column of a few of them, with a white that is white."""
    some = [images[k] for k in sorted({0, len(images) // 4, len(images) // 2, len(images) - 1})]
    column = Image.new("RGB", (some[0].width, sum(i.height for i in some)))
    top = 0
    for image in some:
        column.paste(image, (0, top))
        top += image.height
    found = column.quantize(256, dither=Image.Dither.NONE)
    colours = np.array(found.getpalette("RGB")).reshape(-1, 3)
    colours[colours.min(axis=1) >= 248] = 255
    found.putpalette(colours.ravel().tolist())
    return found


class Stage:
    """The figure that every frame is drawn on: maps above, mean pressure against the state of charge below."""

    def __init__(self, movies: Sequence[Movie]) -> None:
        self.movies = movies
        wide = 5.6 if len(movies) == 1 else max(2.9, 9.0 / len(movies))
        f = movies[0]
        high = min(1.3 * wide, max(0.3 * wide, wide * np.ptp(f.y) / np.ptp(f.x)))
        self.figure = style.figure(wide * len(movies) + 0.6, high + 3.6 + 0.1 * len(movies))
        names: list[Any] = [f"map {k}" for k in range(len(movies))]
        axes = self.figure.subplot_mosaic([names, ["curve"] * len(movies)], height_ratios=[high, 1.7])
        self.norm = Normalize(0.0, _limit(movies))
        self.maps = [_Panel(axes[n], f, self.norm) for n, f in zip(names, movies, strict=True)]
        self.dots = [_curve(axes["curve"], f) for f in movies]
        self._finish(axes["curve"], [axes[n] for n in names])

    def _finish(self, curve: Axes, maps: list[Axes]) -> None:
        curve.set_xlabel("State of charge [%]")
        curve.set_ylabel("Mean [MPa]")
        curve.set_ylim(0.0, 1.08 * curve.get_ylim()[1])
        curve.grid(color="0.92", lw=0.6)
        if len(self.movies) > 1:
            handles, names = curve.get_legend_handles_labels()
            columns = len(names) if sum(map(len, names)) < 75 else 1
            self.figure.legend(handles, names, loc="outside lower center", ncols=columns, handlelength=4)
        label = f"Pressure [MPa]; grey: below {FAINT:.0%} of the mean"
        largest = max(float(np.nanmax(f.values)) for f in self.movies)
        extend = "max" if largest > float(self.norm.vmax or 0.0) else "neither"
        shade = ScalarMappable(self.norm, style.PRESSURE)
        bar: dict[str, Any] = {"location": "bottom", "fraction": 0.06, "aspect": 40}
        self.figure.colorbar(shade, ax=maps, label=label, extend=extend, **bar)
        maps[0].set_ylabel("y [mm]")
        # laid out once, so that nothing moves between frames
        self.show(tuple(0 for _ in self.movies))
        self.figure.set_layout_engine("none")

    def show(self, states: Iterable[int]) -> Image.Image:
        """The frame at one state of each movie."""
        for panel, dot, f, k in zip(self.maps, self.dots, self.movies, states, strict=True):
            panel.show(k)
            dot.set_data([100 * f.soc[k]], [f.mean[k]])
        self.figure.set_dpi(DPI)
        canvas: Any = self.figure.canvas
        canvas.draw()
        return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())


class _Panel:
    """One map whose colours and title change."""

    def __init__(self, ax: Axes, f: Movie, norm: Normalize) -> None:
        lx, ly = pixel_lines(f.area, f.x, f.y)
        self.ax, self.movie = ax, f
        self.grey = ax.pcolormesh(lx, ly, f.values[0], cmap="gray", vmin=0, vmax=1)
        self.shown = ax.pcolormesh(lx, ly, f.values[0], cmap=style.PRESSURE, norm=norm)
        style.draw_outlines(ax, f.drawing)
        ax.set_aspect("equal")
        margin = 0.03 * (lx[-1] - lx[0])
        ax.set_xlim(lx[0] - margin, lx[-1] + margin)
        ax.set_ylim(ly[0] - margin, ly[-1] + margin)
        ax.set_xlabel("x [mm]")
        self.name = wrapped(f.holder, 34)

    def show(self, k: int) -> None:
        """The map of state k."""
        f = self.movie
        faint = f.values[k] <= FAINT * max(f.mean[k], 0.0)
        self.grey.set_array(np.where(faint & np.isfinite(f.values[k]), float(style.OPEN), np.nan))
        self.shown.set_array(np.where(faint, np.nan, f.values[k]))
        self.ax.set_title(f"{self.name}\nSOC {100 * f.soc[k]:3.0f} %, mean {f.mean[k]:.2f} MPa", fontsize=10)


def _curve(ax: Axes, f: Movie) -> Any:
    """Mean pressure over the cycle; returns the dot that moves along it."""
    drawn = look(f.place)
    ax.plot(100 * f.soc, f.mean, label=f.holder, **drawn)
    (dot,) = ax.plot([], [], "o", color=drawn["color"], ms=8, mec="white")
    return dot


def _limit(movies: Sequence[Movie]) -> float:
    """Upper colour limit [MPa] common to all frames of all movies."""
    values = np.concatenate([f.values.ravel() for f in movies])
    areas = np.concatenate([np.broadcast_to(f.area, f.values.shape).ravel() for f in movies])
    pressing = np.nan_to_num(values) > 0
    return percentile(values[pressing], areas[pressing], ROBUST) if pressing.any() else 1.0
