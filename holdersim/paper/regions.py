"""A region of interest on the holder: a layer by its name, a rectangle or a polygon."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.path import Path as Polygon

from ..errors import CaseError, Mistake
from ..results import Result
from ..schema import nearest
from ..units import LENGTH, UnitMistake, read
from .cells import Mask
from .grades import Array

WRITE = 'Write "x0,y0,x1,y1 mm", "x1,y1,x2,y2,x3,y3 mm" and further corners, or the name of a layer.'
NUMBERS = re.compile(r"\s*([-+.\deE]+(?:\s*,\s*[-+.\deE]+)*)\s*([a-zA-Z]+)\s*$")


def corners(text: str) -> Array | None:
    """Corners (n, 2) [mm] of a rectangle or polygon; None where the text is a name; ValueError says what is wrong."""
    if not re.match(r"\s*[-+.\d]", text):
        return None
    found = NUMBERS.match(text)
    if not found:
        raise ValueError("must be numbers with commas and one unit of length at the end.")
    try:
        values = [float(v) for v in found[1].split(",")]
        scale = read(f"1 {found[2]}", LENGTH)
    except UnitMistake as wrong:
        raise ValueError(wrong.problem) from None
    except ValueError:
        raise ValueError("must be numbers with commas and one unit of length at the end.") from None
    if len(values) == 4:
        x0, y0, x1, y1 = values
        if x0 >= x1 or y0 >= y1:
            raise ValueError("needs x0 < x1 and y0 < y1.")
        values = [x0, y0, x1, y0, x1, y1, x0, y1]
    if len(values) < 6 or len(values) % 2:
        raise ValueError("needs four numbers, or two for each of three corners or more.")
    return np.array(values, dtype=np.float64).reshape(-1, 2) * scale


def corners_on(result: Result, text: str) -> Array:
    """Corners (n, 2) [mm] of a region on a result; a name is that of a layer in the stack."""
    try:
        told = corners(text)
    except ValueError as wrong:
        raise CaseError(str(result.folder), [Mistake("--roi", str(wrong), f'"{text}"', WRITE)]) from None
    if told is not None:
        return told
    layers: Sequence[dict[str, Any]] = result.summary["drawing"]["layers"]
    named = {str(part["name"]): part for part in layers}
    if text not in named:
        problem, hint = "is no layer of the result.", nearest(text, named)
        raise CaseError(str(result.folder), [Mistake("--roi", problem, f'"{text}"', hint)])
    x0, x1, y0, y1 = (float(named[text][k]) for k in ("x0", "x1", "y0", "y1"))
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])


def inside(region: Array, x: Array, y: Array) -> Mask:
    """Squares (ny, nx) whose centres x, y [mm] lie inside a region."""
    gx, gy = np.meshgrid(x, y)
    within = Polygon(region).contains_points(np.column_stack([gx.ravel(), gy.ravel()]))
    return np.asarray(within.reshape(gx.shape), dtype=np.bool_)
