"""Files of two papers read as one map, and that map read again for a comparison."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ..errors import CaseError, Mistake
from ..plots import style
from ..results import write_json
from . import pictures as draw
from .curves import Curves
from .files import write_reading
from .fusion import BOTH, HARD, SOFT, Fused
from .fusion import told as told_of
from .grades import Curve
from .maps import Flag, Reading
from .matching import extent
from .sensor import as_paper

FILETYPE, FORMAT = "holdersim fused papers", 1
NAME = "fused.json"


def write_fused(f: Fused, folder: Path) -> list[Path]:
    """Files of the map as of one paper, who told what (fused.png), and fused.json, by which it is read again."""
    made = write_reading(f.reading, folder)
    with mpl.rc_context(style.STYLE):
        made.append(style.save(_picture(f), folder / "fused.png"))
    r, curve = f.reading, f.reading.curve
    assert curve is not None
    c = curve.each[0]
    pose = f.hard.registration.pose
    data = {
        "filetype": FILETYPE, "format": FORMAT, "grades": list(f.names),
        "curve": {"name": c.grade, "source": c.source, "pressure [MPa]": c.pressure.tolist(),
                  "doubt [-]": c.accuracy.tolist()},
        "square [mm]": r.side,
        "hard over soft": {"x [mm]": pose.x, "y [mm]": pose.y, "angle [rad]": pose.angle, "mirrored": pose.mirrored,
                           "residual [mm]": f.hard.registration.residual},
        "joint [MPa]": f.joint,
        "ln(hard / soft) at the joint": f.apart,
        "told by [-]": {n: float((f.who[r.flag == Flag.READ] == k).mean())
                        for n, k in zip((*f.names, "both"), (SOFT, HARD, BOTH), strict=True)},
        "force [N]": r.options.force,
        "flag": r.flag.tolist(),
        "shown [MPa]": [[_short(v) for v in row] for row in r.density * c.pressure[-1]],
        "messages": [*r.remarks, *told_of(f)],
    }  # fmt: skip
    return [*made, write_json(folder / NAME, data)]


def _short(value: float) -> float | None:
    return None if np.isnan(value) else float(f"{value:.6g}")


def read_fused(folder: Path, mirror: bool = False) -> Reading:
    """The map of a folder that `paper fuse` wrote, as a reading; CaseError where there is none."""
    path = folder / NAME
    if not path.is_file():
        hint = "Give the image itself, or a folder that paper fuse wrote."
        raise CaseError(
            str(folder), [Mistake("SCAN", f"is a folder without {NAME}.", f'"{folder.name}"', hint)]
        )
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if (data["filetype"], data["format"]) != (FILETYPE, FORMAT):
            raise ValueError(f"{data['filetype']}, format {data['format']}")
        told = data["curve"]
        p, doubt = (np.array(told[n], dtype=np.float64) for n in ("pressure [MPa]", "doubt [-]"))
        shown = np.array(data["shown [MPa]"], dtype=np.float64)
        flag = np.array(data["flag"], dtype=np.uint8)
        side, force, said = float(data["square [mm]"]), data["force [N]"], tuple(data["messages"])
    except (ValueError, KeyError, TypeError) as error:
        problem = f"is not what paper fuse writes ({error})."
        raise CaseError(str(path), [Mistake("SCAN", problem, hint="Fuse the scans again.")]) from error
    curve = Curves((Curve(told["name"], "", "", p, p / p[-1], told["source"], "fused", doubt),), 0.0)
    over = slice(None, None, -1 if mirror else 1)
    made = as_paper(shown[:, over], flag[:, over], curve, side, f"squares of {told['name']}")
    read = made.flag == Flag.READ
    return replace(
        made, pressure=np.where(read, shown[:, over], np.nan),
        doubt=np.where(read, curve.doubt(np.nan_to_num(made.density)), np.nan), remarks=said,
        options=made.options.model_copy(update={"force": force, "mirror": mirror}),
    )  # fmt: skip


def _picture(f: Fused) -> Figure:
    """Both papers as they lie on each other, the map of both, and who told it."""
    m = f.soft
    r = extent(m.felt)
    x0, x1, y0, y1 = r.x0, r.x1, r.y0, r.y1
    wide = 5.4
    made = style.figure(2 * wide + 1.0, 2 * (wide * (y1 - y0) / (x1 - x0) + 0.9))
    (a, b), (c, d) = made.subplots(2, 2, sharex=True, sharey=True)
    look = {"extent": (x0, x1, y0, y1), "origin": "lower", "interpolation": "nearest"}
    for ax, paper, name in ((a, f.soft, f.names[0]), (b, f.hard, f.names[1])):
        shown = np.where(paper.known[..., None], paper.paper.light, 255).astype(np.uint8)
        ax.imshow(shown, **look)
        style.plan_axes(ax, (x0, x1, y0, y1), f"{name} ({paper.paper.low:.3g} to {paper.paper.high:.3g} MPa)")
    draw.draw_pressure(c, f.reading, m, "both; pale grey: less, dark: more")
    colours = ("0.92", style.LINES[4], style.LINES[1], style.LINES[2])
    d.imshow(f.who, cmap=ListedColormap(colours), vmin=-0.5, vmax=3.5, **look)
    names = ("neither", *f.names, "both")
    d.legend(handles=[Patch(fc=c, label=n) for c, n in zip(colours, names, strict=True)], loc="upper left",
             bbox_to_anchor=(1.01, 1.0), fontsize=8)  # fmt: skip
    style.plan_axes(d, (x0, x1, y0, y1), "told by")
    return made
