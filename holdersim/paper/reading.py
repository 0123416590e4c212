"""A scan read: density, pressure with its doubt, and for every square whether it can be told at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import CaseError, Mistake
from . import cells as squares
from .cautions import film_warnings, light_warnings
from .curves import Curves, curves_for
from .dye import LIGHT, Dye, coded, read_samples, standard
from .grades import Array
from .image import NO_SCALE, Picture, Scale, open_picture, scale_of, sides
from .maps import Flag, Reading
from .options import ReadOptions
from .rectangle import Outline, found_outline
from .smoothing import flags

LEAST_BLANK = 1e-4
"""Share of a scan that must be blank paper."""
PINK = 0.2
"""Red and green apart by this [optical density]: no blank paper, whatever the lamp (assumed)."""


def read_scan(path: Path | str, options: ReadOptions) -> Reading:
    """Density and pressure of a scan. CaseError where there is no scale, no blank paper or no curve."""
    remarks: list[str] = []
    dye = read_samples(options.samples) if options.samples else standard()
    curve = curves_for(options) if options.show == "pressure" else None
    picture = open_picture(Path(path))
    remarks += picture.remarks
    scale = scale_of(picture, options.dpi, options.scale, remarks) or _scale_by_outline(
        picture, options, remarks
    )
    block = max(1, round(options.cell / scale.pixel))
    shrunk = squares.averaged(picture.pixels, block, scale.pixel, _rough_red(picture))
    if min(shrunk.clear.shape) < 8:
        problem = f"holds {shrunk.clear.shape[1]} x {shrunk.clear.shape[0]} squares of {shrunk.side:.3g} mm."
        raise CaseError(
            str(path), [Mistake("SCAN", problem, hint="Check the scale, or make --cell smaller.")]
        )
    blank = _blank(path, shrunk, options)
    return _evaluate(options, shrunk, blank, dye, curve, scale, remarks)


def _rough_red(picture: Picture) -> float:
    """Red light of blank paper, roughly: dye hardly absorbs it."""
    sample = picture.pixels[::16, ::16, 0]
    return float(LIGHT[int(np.quantile(sample, 0.6))])


def _scale_by_outline(picture: Picture, options: ReadOptions, remarks: list[str]) -> Scale:
    if options.outline is None:
        told = "; ".join(line.rstrip(".") for line in picture.remarks)
        problem = f"has no scale ({told})." if told else "has no scale."
        raise CaseError(str(picture.path), [Mistake("SCAN", problem, hint=NO_SCALE)])
    block = max(1, round(min(picture.pixels.shape[:2]) / 600))
    shrunk = squares.averaged(picture.pixels, block, 1.0, _rough_red(picture))
    found = found_outline(squares.stain(shrunk), float(block))
    length, width = sides(options.outline)
    if found is None:
        raise CaseError(str(picture.path), [Mistake("--outline", "no red area is found.", hint=NO_SCALE)])
    along, across = length / found.length, width / found.width
    if abs(along / across - 1) > 0.05:
        problem = f"the red area is {found.length / found.width:.3g} times as long as wide, not {length / width:.3g}."
        hint = "The red does not fill the outline: give --dpi or --scale."
        raise CaseError(str(picture.path), [Mistake("--outline", problem, f'"{options.outline}"', hint)])
    pixel = float(np.sqrt(along * across))
    remarks.append(
        f"scale from the outline of the red area: {25.4 / pixel:.4g} dpi, +-{abs(along / across - 1):.1%}."
    )
    return Scale(pixel, f"outline {options.outline}")


def _blank(path: Path | str, shrunk: squares.Cells, options: ReadOptions) -> squares.Blank:
    box = None
    if options.blank is not None:
        x0, y0, x1, y1 = (round(v / shrunk.block) for v in options.blank)
        box = (x0, y0, x1, y1)
    blank = squares.find_blank(shrunk, box)
    hint = "Scan with a margin of blank paper, or say where it is: --blank x0,y0,x1,y1."
    if blank is None or blank.share < LEAST_BLANK:
        raise CaseError(
            str(path), [Mistake("SCAN", "shows no blank paper to balance the colours on.", hint=hint)]
        )
    red, green, _ = np.median(blank.light, axis=(0, 1))
    if abs(np.log10(red / green)) > PINK:
        codes = ", ".join(f"{c:.0f}" for c in blank.codes)
        problem = f"shows no blank paper: the palest of it is {'red' if red > green else 'green'} ({codes})."
        raise CaseError(str(path), [Mistake("SCAN", problem, hint=hint)])
    return blank


def _evaluate(
    options: ReadOptions,
    shrunk: squares.Cells,
    blank: squares.Blank,
    dye: Dye,
    curve: Curves | None,
    scale: Scale,
    remarks: list[str],
) -> Reading:
    optical = squares.optical(shrunk.light, blank.light)
    foreign = squares.find_foreign(optical, shrunk.clear, shrunk.side, dye)
    warnings = light_warnings(blank, optical, foreign, dye, shrunk.side)
    density = np.asarray(dye.nominal(optical[..., 1]), dtype=np.float64)
    skip, outline = _skipped(options, density, foreign, shrunk.side, warnings)
    flag = np.full(density.shape, Flag.READ, np.uint8)
    pressure, doubt = np.full(density.shape, np.nan), np.full(density.shape, np.nan)
    if curve is not None:
        paper = ~skip & ~foreign.outside
        pressure, doubt = _pressures(curve, density, paper)
        flag = flags(density, paper, curve)
    flag[skip] = Flag.MASKED
    flag[foreign.outside] = Flag.OUTSIDE
    density[skip | foreign.outside] = np.nan
    pressure[flag != Flag.READ] = np.nan
    doubt[flag != Flag.READ] = np.nan
    codes, ratio = _balanced(shrunk, blank)
    share = {n: float(getattr(foreign, n).mean()) for n in ("glare", "other", "specks", "outside")}
    made = Reading(
        options=options, density=density, pressure=pressure, doubt=doubt, ratio=ratio, flag=flag, light=codes,
        side=shrunk.side, scale=scale, curve=curve, blank=blank, masked=share, remarks=tuple(remarks),
        warnings=tuple(warnings), outline=outline,
    )  # fmt: skip
    made = _turned(made)
    return replace(made, warnings=(*made.warnings, *film_warnings(made)))


def _skipped(
    options: ReadOptions, density: Array, foreign: squares.Foreign, side: float, warnings: list[str]
) -> tuple[squares.Mask, Outline | None]:
    """Squares of which nothing is read, and the outline of the red; adds to the warnings what was left out."""
    skip = foreign.glare | foreign.specks
    if not options.keep_blobs:
        skip = skip | foreign.other
    outline = found_outline((density > 0.1) & ~skip & ~foreign.outside, side)
    stray = _strays(options, density, outline, side)
    if stray.any() and not options.keep_blobs:
        skip = skip | stray
        problem = f"{stray.mean():.1%} of the scan is red outside the outline"
        warnings.append(f"{problem}; excluded. --keep-blobs to keep.")
    if foreign.blobs and not options.keep_blobs:
        blobs = f"{foreign.blobs} blob{' that is' if foreign.blobs == 1 else 's that are'}"
        warnings.append(
            f"{blobs} no paper, {foreign.straight} of them straight-edged like tape or labels"
            f" (see mask.png); excluded {foreign.other.mean():.1%} of the area. --keep-blobs to keep."
        )
    return np.asarray(skip, dtype=np.bool_), outline


def _balanced(shrunk: squares.Cells, blank: squares.Blank) -> tuple[NDArray[np.uint8], Array]:
    """Codes (ny, nx, 3) with blank paper made grey, and their R / (G + B)."""
    white = blank.light / blank.light.max(axis=-1, keepdims=True)
    codes = np.asarray(255 * coded(np.clip(shrunk.light / white, 0, 1)), dtype=np.float64)
    ratio = codes[..., 0] / np.maximum(codes[..., 1] + codes[..., 2], 1.0)
    return np.asarray(np.round(codes), dtype=np.uint8), np.asarray(ratio, dtype=np.float64)


def _turned(made: Reading) -> Reading:
    """Rows upwards, and mirrored where the paper was scanned face down."""
    over = slice(None, None, -1 if made.options.mirror else 1)
    maps = {
        n: getattr(made, n)[::-1, over] for n in ("density", "pressure", "doubt", "ratio", "flag", "light")
    }
    outline = made.outline
    if outline is not None:
        ny, nx = made.density.shape
        outline = outline.turned(nx * made.side, ny * made.side, made.options.mirror)
    return replace(made, **maps, outline=outline)


def _pressures(curve: Curves, density: Array, paper: squares.Mask) -> tuple[Array, Array]:
    """Pressure [MPa] and the half width of its 95 % band as a share.

    Those beyond the end of the curve by their grain, or partly white, stand at the end.
    """
    levels, spread = squares.noise(density, paper)
    density = np.clip(density, curve.pale, curve.dark)
    grain = 1.96 * np.interp(density, levels, spread) * curve.sensitivity(density)
    return curve.read(density), np.hypot(curve.doubt(density), grain)


def _strays(options: ReadOptions, density: Array, outline: Outline | None, side: float) -> squares.Mask:
    """Red squares more than 1 mm outside the outline told by the user, in parts that do not touch it."""
    from scipy import ndimage

    none = np.zeros(density.shape, np.bool_)
    if options.outline is None or outline is None:
        return none
    length, width = sides(options.outline)
    iy, ix = np.indices(density.shape)
    u, v = outline.own((ix + 0.5) * side, (iy + 0.5) * side)
    near = (np.abs(u) < length / 2 + 1.0) & (np.abs(v) < width / 2 + 1.0)
    label, n = ndimage.label(density > 0.1)
    inner = np.isin(np.arange(n + 1), np.unique(label[near]))
    return np.asarray((label > 0) & ~inner[label], dtype=np.bool_)
