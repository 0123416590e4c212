"""The files of a result: JSON, maps as NetCDF, a long table of metrics, with type and format number."""

from __future__ import annotations

import csv
import json
import math
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr

SUMMARY_FILETYPE = "holdersim summary"
MAPS_FILETYPE = "holdersim maps"
FORMAT = 1
"""Raised when a reader of an older result would misread a newer one."""


def write_json(path: Path, data: Any) -> Path:
    """File of plain data, replaced in one go; numbers that are not finite become null."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    fresh.write_text(json.dumps(_plain(data), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    os.replace(fresh, path)
    return path


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def write_maps(maps: xr.Dataset, path: Path) -> Path:
    """NetCDF file of the maps; each variable must carry `units` and `long_name`."""
    from .. import __version__

    bare = [str(n) for n, v in maps.data_vars.items() if not {"units", "long_name"} <= set(v.attrs)]
    if bare:
        raise ValueError(f"maps without units or long_name: {', '.join(bare)}")
    stamped = maps.assign_attrs(filetype=MAPS_FILETYPE, format=FORMAT, holdersim=__version__)
    packed = {name: {"zlib": True, "complevel": 4} for name, v in maps.data_vars.items() if v.ndim}
    stamped.to_netcdf(path, engine="h5netcdf", encoding=packed)
    return path


def write_metrics(summary: Mapping[str, Any], path: Path) -> Path:
    """Long table of every number: step, kind, part, metric (unit in its name), value."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["step", "kind", "part", "metric", "value"])
        for step in summary["steps"]:
            for row in _step_rows(step):
                table.writerow([step["name"], *row])
    return path


def _step_rows(step: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Any]]:
    if step.get("closing_force_N") is not None:
        yield "holder", "all", "Closing force [N]", step["closing_force_N"]
    for bolt, values in step.get("bolts", {}).items():
        yield "bolt", bolt, "Force [N]", values["force_N"]
    for kind in ("interfaces", "plates"):
        for part, numbers in step.get(kind, {}).items():
            for metric, value in numbers.items():
                yield kind[:-1], part, metric, value
    for metric, value in step.get("safety", {}).items():
        yield "safety", "all", metric, value
