"""Pictures of a weight study: masses and ratios against the rating, energy density, what the claim hangs on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from ..plots import style
from .answers import Claim, Varied, density
from .point import Point
from .study import Study

Value = Callable[[Point], float]
STAMP = "reconstruction"
"""Stands on every picture."""
PLATES = "0.15"
COLUMNS = 5


def words(closure: str) -> str:
    """A closure in words; "" is a uniaxial holder."""
    return closure.replace("_", " ") or "uniaxial plates"


def colours(study: Study) -> dict[str, str]:
    """Colour of each closure, and of plates under ""."""
    return {"": PLATES} | {c: style.LINES[i % len(style.LINES)] for i, c in enumerate(study.closures)}


def masses(study: Study, points: Sequence[Point]) -> Figure:
    """Mass against rating, one panel for each alloy, in the form of Figure S5; crosses: no such holder."""
    return _panels(study, points, "mass [kg]", lambda p: 1e3 * p.mass, log=True)


def energy(study: Study, points: Sequence[Point]) -> Figure:
    """Energy over mass of the module against rating, one panel for each alloy."""
    return _panels(study, points, "energy density\n[Wh/kg]", lambda p: density(study, p), log=False)


def _panels(study: Study, points: Sequence[Point], label: str, value: Value, log: bool) -> Figure:
    count = len(study.alloys)
    columns = min(COLUMNS, count)
    lines = ceil(count / columns)
    made = style.figure(2.5 * columns + 0.6, 2.3 * lines + 1.0)
    axes = made.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    for ax in axes.ravel()[count:]:
        ax.set_visible(False)
    for ax, alloy in zip(axes.ravel(), study.alloys, strict=False):
        for kind, colour in colours(study).items():
            own = [p for p in points if p.alloy == alloy.name and p.closure == kind]
            _line(ax, own, value, colour, words(kind))
        ax.set_title(alloy.name)
        if log:
            ax.set_yscale("log")
            ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            ax.yaxis.set_major_formatter("{x:g}")
            ax.yaxis.set_minor_locator(NullLocator())
        ax.grid(alpha=0.25, lw=0.5)
    for ax in axes[:, 0]:
        ax.set_ylabel(label)
    for k in range(count):
        if k + columns >= count:
            axes.ravel()[k].set_xlabel("rating [MPa]")
            axes.ravel()[k].tick_params(labelbottom=True)
    made.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    made.suptitle(f"{study.title or study.name} ({STAMP})")
    return made


def _line(ax: Axes, own: Sequence[Point], value: Value, colour: str, label: str) -> None:
    """A line; full marks where strength or deflection decides, open ones where the minimum gauge does."""
    if not own:
        return
    own = sorted(own, key=lambda p: p.rating)
    ax.plot([p.rating for p in own], [value(p) for p in own], color=colour, lw=1.4, label=label)
    for open_, face in ((True, "white"), (False, colour)):
        some = [p for p in own if p.feasible and ("gauge" in p.binding) == open_]
        ax.plot(
            [p.rating for p in some], [value(p) for p in some], "o", ms=3.5, mfc=face, mec=colour, mew=0.9
        )
    lost = [p.rating for p in own if not p.feasible]
    place = 0.97 if not own[0].closure else 0.92
    ax.plot(lost, [place] * len(lost), "x", color=colour, ms=4, transform=ax.get_xaxis_transform())


def ratios(study: Study, found: Sequence[Claim]) -> Figure:
    """Mass of the chamber over that of plates by alloy and rating, one panel for each closure; red, bold: heavier."""
    columns = min(2, len(found))
    lines = ceil(len(found) / columns)
    alloys, ratings = [m.name for m in study.alloys], sorted(study.ratings)
    size = 0.46 * len(ratings) + 1.8, 0.24 * len(alloys) + 0.7
    made = style.figure(columns * size[0] + 0.8, lines * size[1] + 0.6)
    axes = made.subplots(lines, columns, squeeze=False)
    for ax in axes.ravel()[len(found) :]:
        ax.set_visible(False)
    for ax, claim in zip(axes.ravel(), found, strict=False):
        values = np.full((len(alloys), len(ratings)), np.nan)
        for pair in claim.compared:
            values[alloys.index(pair.chamber.alloy), ratings.index(pair.chamber.rating)] = pair.ratio
        ax.imshow(values, cmap="RdBu_r", norm=LogNorm(1 / 8, 8), aspect="auto")
        for (i, j), v in np.ndenumerate(values):
            dark = not np.isnan(v) and abs(np.log(v)) > 1.2
            text = "-" if np.isnan(v) else f"{v:.2f}"
            cell = ax.text(j, i, text, ha="center", va="center", fontsize=7, color="white" if dark else "black",
                           fontweight="bold" if v > 1 else "normal")  # fmt: skip
            cell.set_in_layout(False)
        ax.set_title(f"{words(claim.closure)}: heavier in {len(claim.heavier)} of {len(claim.compared)}")
        ax.set_xticks(range(len(ratings)), [f"{r:g}" for r in ratings])
        ax.set_yticks(range(len(alloys)), alloys)
        ax.set_xlabel("rating [MPa]")
    made.suptitle(f"{study.title or study.name} ({STAMP})")
    return made


def hanging(study: Study, varied: Sequence[Varied]) -> Figure:
    """Greatest ratio of each closure with one assumption changed at a time."""
    names = list(dict.fromkeys((v.key, v.value) for v in varied))
    made = style.figure(9.0, 0.3 * len(names) + 1.6)
    ax = made.subplots()
    colour = colours(study)
    for closure in study.closures:
        own = {(v.key, v.value): v.claim.worst for v in varied if v.claim.closure == closure}
        at = [(i, w.ratio) for i, n in enumerate(names) if (w := own.get(n))]
        ax.plot(
            [r for _, r in at], [i for i, _ in at], "o", ms=6, color=colour[closure], label=words(closure)
        )
    ax.axvline(1.0, color="0.3", lw=1)
    ax.set_xscale("log")
    ax.set_xlabel("greatest mass ratio isostatic / uniaxial [-]; right of 1 the claim fails somewhere")
    low, high = ax.get_xlim()
    ticks = [t for t in (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10) if low <= t <= high]
    ax.set_xticks(ticks, [f"{t:g}" for t in ticks])
    ax.minorticks_off()
    ax.set_yticks(
        range(len(names)), [f"{k.split('.')[-1].replace('_', ' ')}: {v}" if k else v for k, v in names]
    )
    ax.invert_yaxis()
    ax.grid(axis="y", alpha=0.3, lw=0.5)
    made.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    made.suptitle(f"{study.title or study.name} ({STAMP})")
    return made
