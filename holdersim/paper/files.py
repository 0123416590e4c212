"""Files of a reading: maps, tables in the layout of film software, the mask, numbers, a picture."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..results import write_json, write_maps
from .grades import Array
from .maps import Flag, Reading
from .measures import DEFINITIONS, force_check, numbers, zone_biases

if TYPE_CHECKING:
    import xarray as xr

FILETYPE = "holdersim paper reading"
FORMAT = 1
GREY = {
    Flag.READ: (255, 255, 255),
    Flag.BELOW: (225, 225, 225),
    Flag.ABOVE: (60, 60, 60),
    Flag.MASKED: (0, 114, 178),
    Flag.OUTSIDE: (240, 228, 66),
}
"""Colours of mask.png: white read, pale grey below, dark above the range, blue masked, yellow no paper."""


def messages(r: Reading) -> list[str]:
    """Everything a user must know before believing the numbers."""
    out = [*r.remarks, *r.warnings]
    out += [told for told in (force_check(r),) if told]
    biases = zone_biases(r)
    if biases:
        listed = ", ".join(f"{name} {share:+.0%}" for name, share in biases.items())
        out.append(f"were the climate that of another zone, the average would change: {listed}.")
    return out


def write_reading(r: Reading, folder: Path) -> list[Path]:
    """All files of a reading, in a folder that is made; reading.json last."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = {"density": r.density} | ({"pressure": r.pressure} if r.curve else {"ratio": r.ratio})
    made = [_table(r, values, folder / f"{name}.tsv", name) for name, values in shown.items()]
    made += [write_maps(_maps(r), folder / "maps.nc"), _mask(r, folder / "mask.png")]
    made += [_metrics(r, folder / "metrics.csv"), _picture(r, folder / "paper.png")]
    return [*made, write_json(folder / "reading.json", summary(r))]


def summary(r: Reading) -> dict[str, Any]:
    """Everything about a reading but its maps, as plain data."""
    curve = r.curve
    return {
        "filetype": FILETYPE,
        "format": FORMAT,
        "options": r.options.model_dump(mode="json", exclude_none=True),
        "scale": {"pixel [mm]": r.scale.pixel, "source": r.scale.source, "square [mm]": r.side},
        "blank paper [code]": list(r.blank.codes),
        "curve": {"zone": curve.name, "source": curve.source, "tag": curve.tag,
                  "low [MPa]": curve.low, "high [MPa]": curve.high} if curve else None,
        "masked shares [-]": r.masked,
        "shares of the paper [-]": {f.name.lower(): r.share(f) for f in Flag if f is not Flag.OUTSIDE},
        "numbers": numbers(r),
        "definitions": DEFINITIONS,
        "history": "paper keeps the largest pressure it ever felt, not that of the last state",
        "messages": messages(r),
    }  # fmt: skip


def _table(r: Reading, values: Array, path: Path, name: str) -> Path:
    """Matrix with a head of its size and the side of a square [mm]; first row uppermost, blank where not told."""
    head = f"{values.shape[1]}\t{values.shape[0]}\t{r.side:.6g}\t{name}"
    rows = ["\t".join("" if np.isnan(v) else f"{v:.4g}" for v in row) for row in values[::-1]]
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def _maps(r: Reading) -> xr.Dataset:
    import xarray as xr

    def two(values: Any, units: str, name: str, **more: Any) -> Any:
        return (("y_paper", "x_paper"), values, {"units": units, "long_name": name, **more})

    codes = ", ".join(f"{int(f)} {f.name.lower()}" for f in Flag)
    data = {
        "paper_density": two(r.density, "1", "Density of the paper"),
        "paper_ratio": two(r.ratio, "1", "R / (G + B), an order only"),
        "paper_flag": two(r.flag, "1", f"What is known: {codes}"),
    }
    if r.curve is not None:
        limits = {"low": r.low, "high": r.high}
        data["paper_pressure"] = two(r.pressure, "MPa", "Largest pressure the paper felt", **limits)
        data["paper_doubt"] = two(r.doubt, "1", "Half width of the 95 % band over the pressure")
    return xr.Dataset(data, {"x_paper": r.x, "y_paper": r.y})


def _mask(r: Reading, path: Path) -> Path:
    from PIL import Image

    colours = np.array([GREY[f] for f in Flag], dtype=np.uint8)
    Image.fromarray(colours[r.flag[::-1]]).save(path)
    return path


def _metrics(r: Reading, path: Path) -> Path:
    """Long table: metric, value, definition; the columns of film software first."""
    o, c = r.options, r.curve
    climate = (
        f"{o.temperature - 273.15:g}°C/{o.humidity:g}%RH" if o.temperature and o.humidity else "not given"
    )
    said = {
        "Film grade": o.grade,
        "Pressure type": o.pressing,
        "Temp/RH": climate,
        "Zone": c.name if c else None,
    }
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["metric", "value", "definition"])
        for name, text in said.items():
            table.writerow([name, text or "not given", ""])
        for name, value in numbers(r).items():
            table.writerow([name, "" if value is None else f"{value:.6g}", DEFINITIONS[name]])
    return path


def _picture(r: Reading, path: Path) -> Path:
    """The paper beside what was read of it, to one scale."""
    import matplotlib as mpl

    from ..plots import style

    wide, high = float(r.x[-1]), float(r.y[-1])
    size = 5.2
    with mpl.rc_context(style.STYLE):
        made = style.figure(2 * size + 1.2, max(2.4, size * high / wide + 1.2))
        left, right = made.subplots(1, 2, sharex=True, sharey=True)
        around = (0.0, wide + r.side / 2, 0.0, high + r.side / 2)
        extent = (0.0, r.density.shape[1] * r.side, 0.0, r.density.shape[0] * r.side)
        left.imshow(r.light[::-1], extent=extent, interpolation="nearest")
        right.set_facecolor("white")
        values = {"pressure": r.pressure, "density": r.density, "ratio": r.ratio}[r.options.show]
        flagged = _flagged(r)
        right.imshow(flagged[::-1], extent=extent, interpolation="nearest")
        limits = (r.low, r.high) if r.curve else (None, None)
        drawn = right.imshow(
            values[::-1],
            extent=extent,
            cmap=style.PRESSURE,
            vmin=limits[0],
            vmax=limits[1],
            interpolation="nearest",
        )
        label = {"pressure": "pressure [MPa]", "density": "density [-]", "ratio": "R / (G + B), order only"}
        made.colorbar(drawn, ax=right, shrink=0.8).set_label(label[r.options.show])
        style.plan_axes(left, around, "paper, colours balanced")
        title = (
            "pale grey: below the range, dark: above, blue: masked, white: no paper" if r.curve else "read"
        )
        style.plan_axes(right, around, title)
        return style.save(made, path)


def _flagged(r: Reading) -> Any:
    colours = np.array([GREY[f] if f is not Flag.OUTSIDE else (255, 255, 255) for f in Flag], dtype=np.uint8)
    return colours[r.flag]
