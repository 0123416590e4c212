"""A scan read: density, pressure with its doubt, and for every square whether it can be told at all."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from ..errors import CaseError, Mistake
from . import cells as squares
from .curves import Curves, curves_for
from .dye import LIGHT, RESPONSE_DOUBT, Dye, coded, read_samples, standard
from .grades import CLIMATE, Array, covering, grade, softer, span
from .image import NO_SCALE, Picture, Scale, open_picture, scale_of, sides
from .options import ReadOptions
from .registration import Outline, found_outline

LEAST_BLANK = 1e-4
"""Share of a scan that must be blank paper."""
STEEP = 0.03
"""Unevenness of the light over the stain [natural logarithm] from which it is told."""


class Flag(IntEnum):
    """What is known of a square."""

    READ = 0
    BELOW = 1
    ABOVE = 2
    MASKED = 3
    OUTSIDE = 4


@dataclass(frozen=True)
class Reading:
    """Maps (ny, nx) of squares with centres x, y [mm] from the lower left corner of the scan, y upwards.

    pressure [MPa] is NaN where flag is not READ: BELOW means less than `low` [MPa], ABOVE more than `high`, and
    never zero or the maximum. doubt: half width of the 95 % band as a share of the pressure. ratio: R / (G + B) of
    the codes, an order without a unit.
    """

    options: ReadOptions
    density: Array
    pressure: Array
    doubt: Array
    ratio: Array
    flag: NDArray[np.uint8]
    light: NDArray[np.uint8]
    side: float
    scale: Scale
    curve: Curves | None
    blank: squares.Blank
    masked: dict[str, float]
    remarks: tuple[str, ...]
    warnings: tuple[str, ...]
    outline: Outline | None = None
    sources: tuple[str, ...] = field(default=())

    @property
    def x(self) -> Array:
        """Centres of the columns [mm]."""
        return (np.arange(self.density.shape[1]) + 0.5) * self.side

    @property
    def y(self) -> Array:
        """Centres of the rows [mm], upwards."""
        return (np.arange(self.density.shape[0]) + 0.5) * self.side

    @property
    def low(self) -> float:
        """Pressure [MPa] below which nothing is told."""
        return self.curve.low if self.curve else float("nan")

    @property
    def high(self) -> float:
        """Pressure [MPa] above which nothing is told."""
        return self.curve.high if self.curve else float("nan")

    def share(self, flag: Flag) -> float:
        """Share of the squares with a flag among those that are paper."""
        paper = self.flag != Flag.OUTSIDE
        return float((self.flag == flag).sum() / max(paper.sum(), 1))


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
        told = " ".join(picture.remarks)
        problem = f"has no scale. {told}".strip()
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
    if blank is None or blank.share < LEAST_BLANK:
        hint = "Scan with a margin of blank paper, or say where it is: --blank x0,y0,x1,y1."
        raise CaseError(
            str(path), [Mistake("SCAN", "shows no blank paper to balance the colours on.", hint=hint)]
        )
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
    warnings = _light_warnings(blank, optical, foreign, dye)
    skip = foreign.glare | foreign.specks
    if not options.keep_blobs:
        skip = skip | foreign.other
    density = np.asarray(dye.nominal(optical[..., 1]), dtype=np.float64)
    outline = found_outline((density > 0.1) & ~skip & ~foreign.outside, shrunk.side)
    stray = _strays(options, density, outline, shrunk.side)
    if stray.any() and not options.keep_blobs:
        skip = skip | stray
        problem = f"{stray.mean():.1%} of the scan is red outside the outline"
        warnings.append(f"{problem}; excluded. --keep-blobs to keep.")
    if foreign.blobs and not options.keep_blobs:
        warnings.append(
            f"{foreign.blobs} blobs that are no paper, {foreign.straight} of them straight-edged like tape or labels"
            f" (see mask.png); excluded {foreign.other.mean():.1%} of the area. --keep-blobs to keep."
        )
    flag = np.full(density.shape, Flag.READ, np.uint8)
    pressure, doubt = np.full(density.shape, np.nan), np.full(density.shape, np.nan)
    if curve is not None:
        pressure, doubt = _pressures(curve, density, ~skip & ~foreign.outside)
        around = median_filter(density, 3)
        flag[around < curve.pale] = Flag.BELOW
        flag[around > curve.dark] = Flag.ABOVE
    flag[skip] = Flag.MASKED
    flag[foreign.outside] = Flag.OUTSIDE
    density[skip | foreign.outside] = np.nan
    pressure[flag != Flag.READ] = np.nan
    doubt[flag != Flag.READ] = np.nan
    white = blank.light / blank.light.max(axis=-1, keepdims=True)
    codes = np.asarray(255 * coded(np.clip(shrunk.light / white, 0, 1)), dtype=np.float64)
    ratio = codes[..., 0] / np.maximum(codes[..., 1] + codes[..., 2], 1.0)
    share = {n: float(getattr(foreign, n).mean()) for n in ("glare", "other", "specks", "outside")}
    made = Reading(
        options=options, density=density, pressure=pressure, doubt=doubt, ratio=ratio, flag=flag,
        light=np.asarray(np.round(codes), dtype=np.uint8), side=shrunk.side, scale=scale, curve=curve, blank=blank,
        masked=share, remarks=tuple(remarks), warnings=tuple(warnings), outline=outline,
    )  # fmt: skip
    made = _turned(made)
    return replace(made, warnings=(*made.warnings, *_film_warnings(made)))


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

    Whether a square can be told is decided by the median with its neighbours, so that grain does not cut the
    range ragged; those beyond the end of the curve by their grain then stand at the end.
    """
    levels, spread = squares.noise(density, paper)
    density = np.clip(density, curve.pale, curve.dark)
    grain = 1.96 * np.interp(density, levels, spread) * curve.sensitivity(density)
    response = 1.96 / 2 * RESPONSE_DOUBT * density * curve.sensitivity(density)
    doubt = np.sqrt(curve.doubt(density) ** 2 + grain**2 + response**2)
    return curve.read(density), doubt


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


def _light_warnings(blank: squares.Blank, optical: Array, foreign: squares.Foreign, dye: Dye) -> list[str]:
    out = []
    if max(blank.codes) > 253.5:
        out.append(
            "blank paper is overexposed (code 254 or more): pale red reads too pale. Scan darker, without corrections."
        )
    if blank.tilt > STEEP:
        out.append(
            f"the light differs by {100 * (np.exp(blank.tilt) - 1):.0f} % over the stain; a plane was taken off."
        )
    red = (optical[..., 1] > 0.3) & ~foreign.all
    if red.sum() > 100:
        expected = dye.colours(dye.nominal(optical[red][:, 1]))[:, 2]
        tint = float(np.median(optical[red][:, 2] / expected))
        if not 0.6 < tint < 1.6:
            out.append(
                f"the red absorbs {tint:.2g} times as much blue as that of the shipped colour samples: "
                "the densities are biased. Give --samples scanned on the same machine."
            )
    return out


def _film_warnings(r: Reading) -> list[str]:
    out = []
    o, curve = r.options, r.curve
    if o.sealed:
        out.append(
            "sealed = true: no calibration for sealed paper; bias unknown (Liggins 1995, Exp. Mech. 35:166)."
        )
    if curve is None or o.grade is None:
        return out
    g = grade(o.grade)
    if not curve.one_zone:
        up, down = curve.zone_band(r.density[r.flag == Flag.READ])
        out.append(
            f"--temperature and --humidity not given: zone unknown, MPa uncertainty widened by +{up:.0%}/-{down:.0%}."
            " Pass --temperature and --humidity."
        )
    if curve.tag == "assumed":
        out.append(
            f"no curve of {g.name} is shipped; {curve.source}. Pressures are orders of magnitude: +-30 %."
        )
    if o.temperature is not None and o.humidity is not None and not _usual(o.temperature, o.humidity):
        out.append("the climate lies outside 20 to 35 degC, 35 to 80 % RH, for which the paper is meant.")
    read, above, below = (float((r.flag == f).sum()) for f in (Flag.READ, Flag.ABOVE, Flag.BELOW))
    stained = read + above
    if stained and above > 0.5 * stained:
        other = covering(g.high * 1.001)
        use = f" Use {other.name} ({span(other)})." if other else ""
        out.append(
            f"grade {g.name} covers {span(g)}; {above / stained:.0%} of the red area is above {g.high:g}.{use}"
        )
    if stained < 0.001 * (stained + below):
        other = softer(g)
        use = f" Use {other.name} ({span(other)})." if other else ""
        out.append(
            f"grade {g.name} covers {span(g)}; nothing is above {g.low:g} MPa: white is less, not zero.{use}"
        )
    return out


def _usual(temperature: float, humidity: float) -> bool:
    (cold, warm), (dry, wet) = CLIMATE
    return cold <= temperature <= warm and dry <= humidity <= wet
