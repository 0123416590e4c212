"""The part of a page that tells what charging and discharging does: loops, swings, events, moving maps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from ..plots import animation, cycles
from ..results import history
from ..results.table import number
from .common import Comparison, Entry, plane_title, region_of
from .numbers import CYCLE, rows
from .pieces import moving_picture, picture, pictures, table

SWING = "Swing of the mean pressure [MPa]"


def section(c: Comparison, group: Sequence[Entry], folder: Path) -> Iterator[str]:
    """Loops of a group on one axis, swings, events and the maps in motion; nothing where none of it charges."""
    found = [e for e in group if history.swing(e.result, c.plane)]
    if not found:
        return
    at = f" at {group[0].load:.3g} MPa" if c.by_load else ""
    name = f"_{group[0].load:.3g}MPa" if c.by_load else ""
    lines = [cycles.Loop(e.holder, e.place, history.charged(e.result), c.plane) for e in found]
    yield f"<h2>Through charge and discharge{at}</h2>"
    yield from (f"<p>{escape(line)}</p>" for line in _order(c, found))
    words = _words(c, found)
    shown = (
        f"Mean pressure on the {plane_title(c.plane)} against the state of charge{at}, with p5 to p95 below."
    )
    figures = [picture(cycles.loops(lines), folder / f"cycles{name}.png", f"{shown} {words}", shown)]
    if others := cycles.loads(lines):
        told = f"Spread of the pressure, force of a bolt and pressure of a fluid against the state of charge{at}."
        figures.append(picture(others, folder / f"cycle_loads{name}.png", f"{told} {words}", told))
    yield from pictures(figures)
    yield table("", [e.holder for e in found], [r for r in rows(c, found) if r.section == CYCLE])
    yield from _events(found)
    yield from _moving(c, found, folder / f"cycle{name}.gif", words)


def _order(c: Comparison, found: Sequence[Entry]) -> Iterator[str]:
    """Whose pressure swings least, and how many times more the others do."""
    swings = {e.holder: history.swing(e.result, c.plane).get(SWING) for e in found}
    known = sorted(((s, h) for h, s in swings.items() if s is not None and s > 0))
    if len(known) > 1:
        least = known[0][0]
        others = "; ".join(f"{h}: {number(s)} MPa, {s / least:.3g} times as much" for s, h in known[1:])
        yield f"The mean pressure swings least with {known[0][1]}: {number(least)} MPa; {others}."


def _words(c: Comparison, found: Sequence[Entry]) -> str:
    told = [(e.holder, history.swing(e.result, c.plane).get(SWING)) for e in found]
    return "; ".join(f"{h}: swing {number(s)} MPa" for h, s in told) + "."


def _events(found: Sequence[Entry]) -> Iterator[str]:
    told = [(e.holder, history.events(e.result)) for e in found]
    if any(events for _, events in told):
        yield "<ul>"
        yield from (
            f"<li>{escape(holder)}: {escape('; '.join(events))}</li>" for holder, events in told if events
        )
        yield "</ul>"


def _moving(c: Comparison, found: Sequence[Entry], path: Path, words: str) -> Iterator[str]:
    movies = []
    for e in found:
        region = region_of(e.result)
        if region and (movie := animation.movie(e.result, c.plane, e.holder, e.place, c.film, region[1])):
            movies.append(movie)
    if movies:
        caption = (
            f"The pressure on the {plane_title(c.plane)} in motion through the last cycle, colours fixed"
        )
        yield moving_picture(animation.animate(movies, path), f"{caption}. {words}", caption)
