"""Pieces of a page: tables of rows, pictures with what they show, moving pictures behind a fold."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path

from matplotlib.figure import Figure

from .. import page
from .numbers import Row

HEAVIEST = 2_000_000
"""Bytes of a moving picture beyond which the page only links to it."""


def table(corner: str, heads: Sequence[str], lines: Iterable[Row]) -> str:
    """Table of rows, with a heading wherever a new section begins."""
    columns = "".join(f'<th scope="col">{escape(h)}</th>' for h in heads)
    out = [
        f'<div class="table"><table><thead><tr><th scope="col">{escape(corner)}</th>{columns}</tr></thead><tbody>'
    ]
    section = ""
    for row in lines:
        if row.section != section:
            section = row.section
            out.append(f'<tr><th class="section" colspan="{len(heads) + 1}">{escape(section)}</th></tr>')
        values = "".join(f"<td>{escape(text)}</td>" for text in row.texts)
        hint = f' title="{escape(row.meaning)}"' if row.meaning else ""
        out.append(f'<tr><th scope="row"{hint}>{escape(row.name)}</th>{values}</tr>')
    return "\n".join([*out, "</tbody></table></div>"])


def pictures(figures: Iterable[str]) -> Iterator[str]:
    yield '<div class="pictures">'
    yield from figures
    yield "</div>"


def picture(made: Figure, path: Path, alt: str, caption: str, kind: str = "") -> str:
    """Figure element with the picture inside; the picture is also kept as a file."""
    return page.picture(made, path, caption, alt, kind)


def moving_picture(path: Path, alt: str, caption: str) -> str:
    """A moving picture that runs only once it is unfolded, inside the page; a heavy one as a link."""
    from PIL import Image

    name = f'data-file="{path.name}"'
    if path.stat().st_size > HEAVIEST:
        return f'<p><a {name} href="{path.name}">{escape(caption)}</a></p>'
    with Image.open(path) as image:
        size = f'width="{image.width}" height="{image.height}"'
    source = base64.b64encode(path.read_bytes()).decode()
    shown = f'<img {name} {size} alt="{escape(alt)}" src="data:image/gif;base64,{source}">'
    return f"<details><summary>{escape(caption)}</summary><figure>{shown}</figure></details>"
