"""One result: a folder that appears whole or not at all, read back as numbers with units and xarray maps.

    results/<case>/<identity>/
        case.json provenance.json run.log maps.nc metrics.csv fields/*.vtu summary.json

`RunFolder` makes one, `open_result` reads one, `short_summary` prints one. No FEniCS is needed for any of it.
"""

from .folder import RunFolder, remove_stale
from .outline import drawing
from .provenance import provenance
from .reading import Result, current, is_complete, open_result, read_summary
from .table import short_summary
from .writing import FORMAT, MAPS_FILETYPE, SUMMARY_FILETYPE, write_json, write_maps, write_metrics

__all__ = [
    "FORMAT",
    "MAPS_FILETYPE",
    "SUMMARY_FILETYPE",
    "Result",
    "RunFolder",
    "current",
    "drawing",
    "is_complete",
    "open_result",
    "provenance",
    "read_summary",
    "remove_stale",
    "short_summary",
    "write_json",
    "write_maps",
    "write_metrics",
]
