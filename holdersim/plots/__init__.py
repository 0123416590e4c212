"""Flat pictures as light PNG files: what was understood before any solve, and what came out of it.

Drawn by matplotlib on its own canvas, without a display and without pyplot.
"""

from ..results import drawing
from .pictures import draw
from .understood import show

__all__ = ["draw", "drawing", "show"]
