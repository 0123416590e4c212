"""Pressure paper: read a scan as density and pressure, and show a computed pressure as paper would.

A film of capsules turns red where it is pressed. Its density tells the pressure only inside the range of its grade:
paler is "less than", darker "more than", never zero or the maximum. It keeps the largest pressure it ever felt.
No FEniCS is needed for any of it.

    grades.py     ranges, zones of climate, curves of density over pressure, all from open CSV files in data/
    wedges.py     a curve of one's own, fitted to patches pressed with known pressure
    dye.py        colour of a density and density of a colour
    image.py      an image file and the length of its pixels
    cells.py      averages over squares of scan pixels, blank paper, what is not paper
    options.py    what a user says, curves.py which curve follows from it
    reading.py    all of it: `read_scan` makes the maps of maps.py; cautions.py what must be said of them
    measures.py   numbers of a reading, files.py what is written
    render.py     the other way round: `render_result`, `render_map`
    rectangle.py  the outline of the red, registration.py where a scan lies on the holder: `register`
    matching.py   paper and computation on the same squares, scores.py how well they agree
    sensor.py     a sensor's map as if it were paper
    fusion.py     two grades of one pressing as one map; fused_files.py what is written of it and read again
    regions.py    what part of a map is compared
    comparing.py  all of it: `compare`; pictures.py; its page is report/paper_page.py
"""

from ..materials.papers import Grade
from .files import write_reading
from .grades import Curve, curve, grade, zone
from .maps import Flag, Reading
from .measures import numbers
from .options import ReadOptions, RenderOptions
from .reading import read_scan
from .registration import Pose, Registration, register
from .render import render_map, render_result
from .wedges import Wedge, fit_wedge

__all__ = [
    "Curve",
    "Flag",
    "Grade",
    "Pose",
    "ReadOptions",
    "Reading",
    "Registration",
    "RenderOptions",
    "Wedge",
    "curve",
    "fit_wedge",
    "grade",
    "numbers",
    "read_scan",
    "register",
    "render_map",
    "render_result",
    "write_reading",
    "zone",
]
