"""The page of a comparison: one HTML file with its style and pictures inside, for a screen, a phone or paper."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path

import matplotlib as mpl

from ..page import document, embedded, footer
from ..plots import compare as draw
from ..plots import style
from ..plots.compare import Sheet
from ..results.table import number
from .common import Comparison, Entry, film_of, plane_title
from .cycling import section
from .notes import notes, order
from .numbers import Row, general, rows, write_csv
from .pieces import picture, pictures, table

CONTENTS = "<!-- contents -->"
"""Where the links to the sections go."""
LONGEST = 80
"""Letters of a title that still names every holder."""


def write(comparison: Comparison, folder: Path) -> list[Path]:
    """Files comparison.html, comparison.csv and the pictures in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = write_csv(comparison, folder / "comparison.csv")
    with mpl.rc_context(style.STYLE):
        body = _with_contents("\n".join(_body(comparison, folder)))
    page = folder / "comparison.html"
    page.write_text(document(_title(comparison), body), encoding="utf-8")
    return [page, numbers, *embedded(body, folder)]


def _title(c: Comparison) -> str:
    holders = list(dict.fromkeys(e.holder for e in sorted(c.entries, key=lambda e: e.place)))
    loads = sorted({e.load for e in c.entries})
    at = f"at {loads[0]:.3g} MPa" if len(loads) == 1 else f"from {loads[0]:.3g} to {loads[-1]:.3g} MPa"
    named = f"{', '.join(holders[:-1])} and {holders[-1]}" if len(holders) > 1 else holders[0]
    if len(named) > LONGEST:
        named = f"{len(holders)} holders compared"
    return f"{named[0].upper()}{named[1:]} {at}"


def _body(c: Comparison, folder: Path) -> Iterator[str]:
    yield f"<h1>{escape(_title(c))}</h1>"
    yield from (f'<p class="lead">{escape(line)}</p>' for line in order(c))
    yield '<ul class="notes">'
    yield from (f"<li>{escape(note)}</li>" for note in notes(c))
    yield "</ul>"
    yield CONTENTS
    shown = c.sheets(c.entries)
    if len({s.load for s in shown}) > 1 and len({s.place for s in shown}) < len(shown):
        yield from _against_load(c, shown, folder)
    if c.by_load:
        yield from _map_section(_matrix(c), c, folder)
    for group in c.groups:
        yield from section(c, group, folder)
        yield from _group(c, group, folder)
    yield from _meanings(c)
    yield from _conditions(c)
    yield footer(
        "Every number of this page is in comparison.csv beside it; the pictures are there as files too."
    )


def _with_contents(body: str) -> str:
    """The page with a name for each section, and links to them after the notes."""
    titles = re.findall(r"<h2[^>]*>(.*?)</h2>", body)
    links = []
    for k, title in enumerate(titles):
        body = re.sub(rf"<h2[^>]*>{re.escape(title)}</h2>", f'<h2 id="s{k}">{title}</h2>', body, count=1)
        links.append(f'<a href="#s{k}">{title}</a>')
    return body.replace(CONTENTS, f'<nav aria-label="Sections">{" ".join(links)}</nav>')


# -- sections ------------------------------------------------------------------------------------------------


def _against_load(c: Comparison, sheets: Sequence[Sheet], folder: Path) -> Iterator[str]:
    yield "<h2>Against the load</h2>"
    loads = sorted({s.load for s in sheets})
    names = list(dict.fromkeys(s.holder for s in sorted(sheets, key=lambda s: s.place)))
    at = {(s.holder, s.load): s.numbers["CV [-]"] for s in sheets}
    lines = [Row("", name, [at.get((name, p)) for p in loads]) for name in names]
    yield table(f"CV [-] on the {plane_title(c.plane)}", [f"{p:.3g} MPa" for p in loads], lines)
    alt = f"CV, p5 and p95 over the mean against the load. {_cv_words(sheets)}"
    caption = f"Spread of the pressure on the {plane_title(c.plane)} against the load, one line per holder."
    yield from pictures([picture(draw.trend(sheets), folder / "against_load.png", alt, caption)])


def _matrix(c: Comparison) -> list[list[Sheet | None]]:
    """Maps by load (rows) and holder (columns)."""
    places = sorted({s.place for s in c.sheets(c.entries)})
    return [[next((s for s in c.sheets(g) if s.place == p), None) for p in places] for g in c.groups]


def _map_section(grid: draw.Grid, c: Comparison, folder: Path) -> Iterator[str]:
    sheets = [s for row in grid for s in row if s]
    if not sheets:
        return
    where = f"on the {plane_title(c.plane)}, averaged to {c.film:g} mm"
    wide = "wide" if c.by_load else ""
    words = _cv_words(sheets)
    yield "<h2>Pressure maps</h2>"
    yield from pictures(
        [
            picture(
                draw.maps(grid, relative=False),
                folder / "maps_MPa.png",
                f"Maps of the pressure in MPa {where}. {words}",
                f"Pressure {where}: one colour scale in MPa, one geometric scale.",
                wide,
            ),
            picture(
                draw.maps(grid, relative=True),
                folder / "maps_relative.png",
                f"Maps of the pressure over its mean {where}. {words}",
                "The same, each divided by its own mean: how even it is, whatever arrives. 1 everywhere would be even.",
                wide,
            ),
        ]
    )


def _group(c: Comparison, group: Sequence[Entry], folder: Path) -> Iterator[str]:
    at = f" at {group[0].load:.3g} MPa" if c.by_load else ""
    name = f"_{group[0].load:.3g}MPa" if c.by_load else ""
    sheets = c.sheets(group)
    if not c.by_load:
        yield from _map_section([[s] for s in sheets], c, folder)
    if sheets:
        yield f"<h2>Profiles and distribution{at}</h2>"
        where, words = f"on the {plane_title(c.plane)}{at}", _cv_words(sheets)
        middle = f"Pressure through the middle {where}."
        spread = (
            f"How much of the area has which pressure {where}; an even pressure would be one upright step."
        )
        yield from pictures(
            [
                picture(draw.profiles(sheets), folder / f"profiles{name}.png", f"{middle} {words}", middle),
                picture(
                    draw.distribution(sheets), folder / f"distribution{name}.png", f"{spread} {words}", spread
                ),
            ]
        )
    yield f"<h2>Numbers{at}</h2>"
    yield table("", [_heading(e, c) for e in group], rows(c, group))


def _heading(e: Entry, c: Comparison) -> str:
    return e.holder if c.by_load or len({o.load for o in c.entries}) == 1 else f"{e.holder}, {e.load:.3g} MPa"


def _meanings(c: Comparison) -> Iterator[str]:
    yield "<h2>What each number means</h2>\n<dl>"
    said = dict.fromkeys((general(r.name), r.meaning) for r in rows(c, c.entries) if r.meaning)
    yield from (f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in said)
    yield "</dl>"


def _conditions(c: Comparison) -> Iterator[str]:
    yield "<h2>Conditions and sources</h2>"
    heads = ("Case", "Title", "Load [MPa]", "Last step", "Pixel", "Film [mm]", "Certificates", "Warnings")
    yield '<div class="table"><table class="conditions"><thead><tr>'
    yield "".join(f'<th scope="col">{h}</th>' for h in heads) + "</tr></thead><tbody>"
    for e in c.entries:
        summary = e.result.summary
        certificates = summary.get("certificates", {})
        failed = [n for n, v in certificates.items() if not v["ok"]]
        cells = (
            summary["title"],
            f"{e.load:.4g}",
            e.result.steps[-1],
            e.result.case.get("grid", {}).get("pixel", "-"),
            f"{film_of(e.result):g}",
            f"failed: {', '.join(failed)}" if failed else f"all {len(certificates)} hold",
            "; ".join(summary.get("warnings", [])) or "none",
        )
        data = "".join(f"<td>{escape(text)}</td>" for text in cells)
        name = f"{escape(summary['case'])}<br>{escape(summary['identity'])}"
        yield f'<tr><th scope="row">{name}</th>{data}</tr>'
    yield "</tbody></table></div>"


def _cv_words(sheets: Iterable[Sheet]) -> str:
    return (
        "; ".join(f"{s.holder} at {s.load:.3g} MPa: CV {number(s.numbers['CV [-]'])}" for s in sheets) + "."
    )
