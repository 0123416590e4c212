"""An image of paper from a scanner or a camera, as 8-bit sRGB, and the length of its pixels."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import CaseError, Mistake
from ..units import LENGTH, UnitMistake, read

if TYPE_CHECKING:
    from PIL import Image

INCH = 25.4
LARGEST = 180_000_000
"""Pixels of the largest image read: A4 at 1200 dpi is 140 million."""
STAND_INS = (1.0, 72.0, 96.0)
"""Values of a dpi tag that cameras and programs write when they know nothing."""
CAMERA = 271
"""EXIF tag of a camera's maker."""
NO_SCALE = "Give --dpi, or --scale x1,y1,x2,y2,length of two marks, or --outline of the red area."


@dataclass(frozen=True)
class Picture:
    """Pixels (rows, columns, 3), sRGB; dpi told by the file, or None; remarks for the user."""

    path: Path
    pixels: NDArray[np.uint8]
    dpi: float | None
    remarks: tuple[str, ...]


def open_picture(path: Path) -> Picture:
    """The image in a file, turned upright, in sRGB; CaseError says what is wrong with it."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as file:
                _refuse(path, file)
                remarks: list[str] = []
                told = _told(file, remarks)
                if getattr(file, "n_frames", 1) > 1:
                    remarks.append(f"the file holds {file.n_frames} pictures: the first is read.")  # type: ignore[attr-defined]
                upright = ImageOps.exif_transpose(file)
                image = _srgb(upright, remarks)
    except (FileNotFoundError, IsADirectoryError):
        raise CaseError(str(path), [Mistake("SCAN", "no such file.")]) from None
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError) as error:
        problem = f"cannot be read as an image: {error}."
        raise CaseError(str(path), [Mistake("SCAN", problem, hint="Save as PNG, TIFF or JPEG.")]) from error
    return Picture(path, np.asarray(image), told, tuple(remarks))


def _refuse(path: Path, file: Image.Image) -> None:
    wrong = []
    if file.mode in ("1", "L", "LA", "I", "F", "I;16", "I;16B", "I;16L"):
        wrong.append(
            Mistake("SCAN", "is grey: the red of the paper is lost.", hint="Scan in colour, 24 bit.")
        )
    elif file.mode not in ("RGB", "RGBA", "P", "RGBX", "YCbCr"):
        wrong.append(Mistake("SCAN", f"has colours {file.mode}.", hint="Save as RGB, 24 bit."))
    if file.width * file.height > LARGEST:
        size = f"{file.width * file.height / 1e6:.0f} million pixels"
        wrong.append(
            Mistake("SCAN", f"is larger than {LARGEST / 1e6:.0f} million.", size, "Scan at 600 dpi.")
        )
    if min(file.size) < 20:
        wrong.append(Mistake("SCAN", "is too small.", f"{file.width} x {file.height} pixels"))
    if wrong:
        raise CaseError(str(path), wrong)


def _told(file: Image.Image, remarks: list[str]) -> float | None:
    """Resolution told by the file, if it can be trusted."""
    tag = file.info.get("dpi")
    if tag is None:
        return None
    x, y = (float(v) for v in tag)
    if file.getexif().get(CAMERA) and not _scanner(file):
        remarks.append(f"the dpi tag ({x:.0f}) of a camera says nothing about the size of the paper.")
        return None
    if round(x, 1) in STAND_INS:
        remarks.append(f"the dpi tag is {x:.0f}, which programs write when they do not know.")
        return None
    if not 20 <= x <= 5000 or abs(x - y) > 0.005 * x:
        remarks.append(f"the dpi tag ({x:.6g} x {y:.6g}) is not used.")
        return None
    return x


def _scanner(file: Image.Image) -> bool:
    """Whether EXIF tells no exposure, as scanners that name their maker do."""
    exposure, sub = 33434, 0x8769
    return exposure not in file.getexif().get_ifd(sub)


def _srgb(image: Image.Image, remarks: list[str]) -> Image.Image:
    """8-bit RGB on white, an embedded profile turned into sRGB."""
    from PIL import Image, ImageCms

    if image.mode in ("RGBA", "P") and (image.mode == "RGBA" or "transparency" in image.info):
        layered = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered)
    profile: Any = image.info.get("icc_profile")
    flat = image.convert("RGB")
    if not profile:
        return flat
    import io

    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        name = ImageCms.getProfileDescription(given).strip()
        if "sRGB" in name:
            return flat
        turned = ImageCms.profileToProfile(flat, given, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except ImageCms.PyCMSError:
        remarks.append("the colour profile of the file cannot be read: taken as sRGB.")
        return flat
    remarks.append(f'colours turned from the profile "{name}" into sRGB.')
    return turned if turned is not None else flat


@dataclass(frozen=True)
class Scale:
    """Side of a pixel [mm] and who says so."""

    pixel: float
    source: str


def marks(text: str) -> tuple[tuple[float, float], tuple[float, float], float]:
    """Two points [pixels] and their distance [mm] from "x1,y1,x2,y2,50 mm"; ValueError says what is wrong."""
    parts = text.split(",")
    if len(parts) != 5:
        raise ValueError('write x1,y1,x2,y2,length, such as "100,200,900,200,50 mm".')
    try:
        x1, y1, x2, y2 = (float(p) for p in parts[:4])
    except ValueError:
        raise ValueError("the first four are numbers: the marks in pixels from the upper left.") from None
    try:
        length = read(parts[4].strip(), LENGTH)
    except UnitMistake as m:
        raise ValueError(f'the length "{parts[4].strip()}" {m.problem} {m.hint}'.strip()) from None
    if np.hypot(x2 - x1, y2 - y1) < 20:
        raise ValueError("the marks lie less than 20 pixels apart.")
    return (x1, y1), (x2, y2), length


def sides(text: str) -> tuple[float, float]:
    """Length and width [mm] from "35 mm x 15 mm"; ValueError says what is wrong."""
    parts = re.split(r"\s+[xX]\s+|(?<=[a-z])\s*[xX]\s*(?=\d)", text.strip())
    if len(parts) != 2:
        raise ValueError('write length x width, such as "35 mm x 15 mm".')
    try:
        a, b = (read(p, LENGTH) for p in parts)
    except UnitMistake as m:
        raise ValueError(f"{m.problem} {m.hint}".strip()) from None
    return max(a, b), min(a, b)


def scale_of(picture: Picture, dpi: float | None, pair: str | None, remarks: list[str]) -> Scale | None:
    """Length of a pixel from --dpi, two marks or the file's tag, in this order; None where nothing tells."""
    if dpi is not None:
        if picture.dpi and abs(picture.dpi - dpi) > 0.01 * dpi:
            remarks.append(f"--dpi {dpi:g} is used; the file says {picture.dpi:.5g} dpi.")
        return Scale(INCH / dpi, f"--dpi {dpi:g}")
    if pair is not None:
        (x1, y1), (x2, y2), length = marks(pair)
        pixel = length / float(np.hypot(x2 - x1, y2 - y1))
        if picture.dpi and abs(INCH / pixel - picture.dpi) > 0.02 * picture.dpi:
            remarks.append(
                f"the marks give {INCH / pixel:.5g} dpi and are used; the file says {picture.dpi:.5g}."
            )
        return Scale(pixel, "two marks")
    if picture.dpi is not None:
        return Scale(INCH / picture.dpi, f"dpi tag {picture.dpi:.5g}")
    return None
