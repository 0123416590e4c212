"""Virtual paper: a computed pressure as a scan of paper would show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.interpolate import PchipInterpolator

from ..errors import CaseError, Mistake
from ..film import paper_in
from ..metrics import film_lines, pixel_lines
from ..results import Result, open_result
from ..schema import nearest
from .curves import Curves, curves_for
from .dye import Dye, coded, read_samples, standard
from .grades import Array, covering, grade, softer, span
from .image import INCH, sides
from .options import RenderOptions

PAPER = (0.905, 0.885, 0.870)
"""Light of blank paper in a scan (assumed)."""
LID = (0.985, 0.985, 0.985)
"""Light of a scanner's lid (assumed)."""
RIM, BED = 6.0, 5.0
"""Blank paper around the map, and lid around the paper [mm]."""
LENS = 0.6
"""Blur of a scanner [pixels] (assumed)."""
SENSOR = 0.004
"""Noise of a scanner, share of full light (assumed)."""
STRIP = 2_000_000
"""Pixels made at a time."""
LN10 = float(np.log(10.0))


@dataclass(frozen=True)
class Felt:
    """Largest pressure [MPa] that paper felt, (ny, nx) with centres x, y [mm]; from where, and remarks.

    paper: grade of the paper that lies in the stack there and has spread the pressure itself; None without one.
    """

    pressure: Array
    x: Array
    y: Array
    place: str
    remarks: tuple[str, ...] = ()
    paper: str | None = None

    @property
    def lines(self) -> tuple[Array, Array]:
        """Lines x (nx + 1), y (ny + 1) [mm] between the pixels; those at the ends may be cut by the edge."""
        return pixel_lines(np.zeros(self.pressure.shape), self.x, self.y)

    def means(self, fx: Array, fy: Array) -> Array:
        """Mean pressure [MPa] on the rectangles between lines fx, fy [mm], zero beyond the map; keeps the force.

        Between the pixels the force up to a line is a monotone cubic (PCHIP), so each pixel keeps its mean.
        """
        lx, ly = self.lines
        up = _summed(self.pressure, ly, fy)
        return _summed(up.T, lx, fx).T

    def averaged(self, square: float) -> tuple[Array, Array, Array]:
        """Pressure [MPa] on equal squares of about a side [mm], and their centres x, y; keeps the force."""
        lx, ly = self.lines
        fx, fy = film_lines(lx[0], lx[-1], square), film_lines(ly[0], ly[-1], square)
        return self.means(fx, fy), (fx[1:] + fx[:-1]) / 2, (fy[1:] + fy[:-1]) / 2


def _summed(values: Array, lines: Array, wanted: Array) -> Array:
    """Means along the first axis, given between `lines`, between `wanted` lines."""
    if len(lines) < 3:
        share = np.clip((wanted[1:, None] - lines[:-1]) / np.diff(lines), 0, 1)
        share -= np.clip((wanted[:-1, None] - lines[:-1]) / np.diff(lines), 0, 1)
        return np.asarray((share * np.diff(lines)) @ values / np.diff(wanted)[:, None])
    total = np.vstack([0 * values[:1], np.cumsum(values * np.diff(lines)[:, None], axis=0)])
    there = PchipInterpolator(lines, total, axis=0)(np.clip(wanted, lines[0], lines[-1]))
    return np.asarray(np.diff(there, axis=0) / np.diff(wanted)[:, None], dtype=np.float64)


@dataclass(frozen=True)
class Sheet:
    """A virtual scan (rows, columns, 3), its dpi, what the paper felt, what must be said of it."""

    pixels: NDArray[np.uint8]
    dpi: float
    felt: Felt
    warnings: tuple[str, ...]

    def save(self, path: Path, quality: int = 85) -> Path:
        """Image file with its dpi; JPEG, PNG or TIFF by its name."""
        from PIL import Image

        kind = image_kind(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        extra = {"quality": quality} if kind == "JPEG" else {}
        Image.fromarray(self.pixels).save(path, kind, dpi=(self.dpi, self.dpi), **extra)
        return path


def image_kind(path: Path) -> str:
    """JPEG, PNG or TIFF by the name of a file; CaseError for any other."""
    kinds = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF"}
    if path.suffix.lower() not in kinds:
        hint = f"Known: {', '.join(kinds)}."
        raise CaseError("paper render", [Mistake("--output", "is no image file.", f'"{path}"', hint)])
    return kinds[path.suffix.lower()]


def felt(result: Result, at: str | None = None, steps: tuple[str, ...] | None = None) -> Felt:
    """Largest pressure over the steps on an interface or plane of a result; with all steps also between them."""
    names = [str(n).removesuffix("_pressure") for n in result.maps if str(n).endswith("_pressure")]
    names = [n for n in names if not n.endswith("_peak") and not n.startswith("cycle_")]
    wrong, papers = [], paper_in(result.case, names)
    place = (
        at
        or next(iter(papers), None)
        or next((n for n in names if "cathode" in n), None)
        or next((n for n in names if n == "cell_top"), None)
    )
    if place is None and len(names) == 1:
        place = names[0]
    if place not in names:
        given = f'"{at}"' if at else ""
        problem = "is no interface or plane of the result." if at else "must say where the paper lay."
        wrong.append(
            Mistake("--at", problem, given, nearest(at, names) if at else f"Known: {', '.join(names)}.")
        )
    for s in steps or ():
        if s not in result.steps:
            wrong.append(Mistake("--step", "is no step of the result.", f'"{s}"', nearest(s, result.steps)))
    if wrong:
        raise CaseError(str(result.folder), wrong)
    data = result.maps
    shown = np.asarray(data[f"{place}_pressure"].sel(step=list(steps or result.steps)), dtype=np.float64)
    largest = np.nanmax(np.where(np.isnan(shown), -np.inf, shown), axis=0)
    between = [n for n in (f"{place}_peak_pressure", f"cycle_{place}_pressure") if n in data]
    if steps is None:
        for n in between:
            values = np.asarray(data[n], dtype=np.float64)
            if values.shape[-2:] == largest.shape:
                flat = values.reshape(-1, *largest.shape)
                largest = np.maximum(largest, np.where(np.isnan(flat), -np.inf, flat).max(axis=0))
    largest = np.where(np.isfinite(largest), np.maximum(largest, 0.0), 0.0)
    y, x = (np.asarray(data[d], dtype=np.float64) for d in data[f"{place}_pressure"].dims[-2:])
    said = "all steps" if steps is None else ", ".join(steps)
    told = (f"largest pressure on {place} over {said}.", *_of_paper(str(place), papers, at is None))
    return Felt(largest, x, y, str(place), told, papers[place]["grade"] if place in papers else None)


def _of_paper(place: str, papers: Mapping[str, Mapping[str, Any]], chosen: bool) -> Iterator[str]:
    """What must be said of the paper in the stack of a result."""
    if place in papers:
        other = f" It is taken because it is there; --at chooses another plane (paper: {', '.join(papers)})."
        yield (
            f"{place} is {papers[place]['grade']} paper in the stack, which spreads the pressure itself: nothing is "
            f"spread once more.{other if chosen else ''}"
        )
        if papers[place].get("sealed"):
            yield "it is sealed: no calibration for sealed paper; bias unknown (Liggins 1995, Exp. Mech. 35:166)."
    elif papers:
        yield f"the stack holds paper ({', '.join(papers)}): {place} is pressed through it, as it would not be without."


def render_result(folder: Path | str, options: RenderOptions) -> Sheet:
    """Virtual scan of paper that lay on an interface or plane of a result."""
    return render_map(felt(open_result(folder), options.at, options.steps), options)


def render_map(pressed: Felt, options: RenderOptions) -> Sheet:
    """Virtual scan of paper that felt a pressure map.

    The paper spreads the pressure over half its thickness (assumed) unless it lies in the stack (cell.film), which is
    the better model as it is as thick as the cell; density by the curve of the grade; grain is scatter of the light
    that keeps its mean; then blur, noise and codes of a scanner.
    """
    curve = curves_for(options)
    dye = read_samples(options.samples) if options.samples else standard()
    scatter = np.random.default_rng(options.seed)
    pixel = INCH / options.dpi
    fine = spread_map(pressed, grade(str(options.grade)).thickness)
    density = replace(fine, values=curve.record(fine.values))
    half = np.array([np.ptp(pressed.x), np.ptp(pressed.y)]) / 2 + RIM
    wide, high = _canvas(half, options)
    nx, ny = round(wide / pixel), round(high / pixel)
    middle = ((pressed.x[0] + pressed.x[-1]) / 2, (pressed.y[0] + pressed.y[-1]) / 2)
    pixels = np.empty((ny, nx, 3), np.uint8)
    at_once, halo = max(64, STRIP // nx), 4
    for first in range(0, ny, at_once):
        low, high_row = max(first - halo, 0), min(first + at_once + halo, ny)
        light = _light((low, high_row, nx, ny), pixel, options, density, half, middle, dye, scatter)
        light = ndimage.gaussian_filter(light, (LENS, LENS, 0))
        light += SENSOR * scatter.standard_normal(light.shape, dtype=np.float32)
        last = min(first + at_once, ny)
        part = light[first - low : last - low]
        pixels[first:last] = np.round(255 * coded(part)).astype(np.uint8)
    return Sheet(pixels, options.dpi, pressed, tuple(range_warnings(pressed, curve, str(options.grade))))


@dataclass(frozen=True)
class FineMap:
    """Values on a fine grid with its first centre and step [mm]."""

    values: Array
    x0: float
    y0: float
    step: float


def spread_map(pressed: Felt, thickness: float, step: float = 0.05) -> FineMap:
    """Pressure [MPa] in steps [mm], spread by paper of a thickness [mm] unless that lay in the stack; zero outside."""
    step = min(step, float(np.diff(pressed.x).min()) / 2, float(np.diff(pressed.y).min()) / 2)
    rim = 1.0
    lx, ly = pressed.lines
    x, y = np.arange(lx[0] - rim, lx[-1] + rim, step), np.arange(ly[0] - rim, ly[-1] + rim, step)
    fine = pressed.means(x, y)
    spread = fine if pressed.paper else ndimage.gaussian_filter(fine, thickness / 2 / step)
    return FineMap(spread, float(x[0]) + step / 2, float(y[0]) + step / 2, step)


def _canvas(half: Array, options: RenderOptions) -> tuple[float, float]:
    """Width and height of the scan [mm]."""
    if options.page is not None:
        return sides(options.page)
    c, s = abs(np.cos(options.turned)), abs(np.sin(options.turned))
    return 2 * float(half[0] * c + half[1] * s + BED), 2 * float(half[0] * s + half[1] * c + BED)


def _light(
    rows: tuple[int, int, int, int],
    pixel: float,
    options: RenderOptions,
    density: FineMap,
    half: Array,
    middle: tuple[float, float],
    dye: Dye,
    scatter: np.random.Generator,
) -> NDArray[np.float32]:
    """Light (rows, columns, 3) of some rows before the scanner's lens."""
    low, high, nx, ny = rows
    sx = ((np.arange(nx) + 0.5 - nx / 2) * pixel)[None, :]
    sy = (-(np.arange(low, high) + 0.5 - ny / 2) * pixel)[:, None]
    c, s = np.cos(options.turned), np.sin(options.turned)
    u, v = c * sx + s * sy, c * sy - s * sx
    u = -u if options.mirror else u
    places = [(v + middle[1] - density.y0) / density.step, (u + middle[0] - density.x0) / density.step]
    d = ndimage.map_coordinates(density.values, places, order=1, mode="constant")
    paper = (np.abs(u) < half[0]) & (np.abs(v) < half[1])
    light = np.empty((*d.shape, 3), np.float32)
    red = d > 1e-3
    rough = min(options.grain * 0.1 / pixel, 0.5) * scatter.standard_normal(int(red.sum()))
    colours = dye.colours(d[red])
    for k in range(3):
        light[..., k] = np.where(paper, PAPER[k], LID[k])
        optical = LN10 * colours[:, k]
        light[red, k] = PAPER[k] * np.exp(
            -optical * (1 + rough) - (optical * options.grain * 0.1 / pixel) ** 2 / 2
        )
    edge = paper & (np.minimum(half[0] - np.abs(u), half[1] - np.abs(v)) < 0.12)
    light[edge] *= 0.93
    return light


def range_warnings(pressed: Felt, curve: Curves, name: str) -> list[str]:
    """What must be said where a computed pressure and the range of a grade do not meet."""
    g = grade(name)
    touched = pressed.pressure > 0
    out = []
    if pressed.paper not in (None, g.name):
        out.append(
            f"{pressed.place} is {pressed.paper} paper in the case, not {g.name}: it may be of another thickness."
        )
    if curve.tag == "assumed":
        out.append(f"no curve of {g.name} is shipped; {curve.source}.")
    if not touched.any():
        return [*out, "no pressure anywhere: the paper stays white."]
    above, below = (float(m[touched].mean()) for m in (pressed.pressure > g.high, pressed.pressure < g.low))
    if above > 0.5:
        other = covering(float(np.median(pressed.pressure[touched])))
        use = f" Use {other.name} ({span(other)})." if other and other is not g else ""
        out.append(
            f"grade {g.name} covers {span(g)}; {above:.0%} of the pressed area is above {g.high:g}.{use}"
        )
    if below > 0.5:
        other = softer(g)
        use = f" {other.name} reads {span(other)}." if other else ""
        out.append(
            f"grade {g.name} covers {span(g)}; {below:.0%} of the pressed area is below {g.low:g} and pale.{use}"
        )
    return out
