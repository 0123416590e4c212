"""Pieces of a page: one HTML file that opens offline, with its style, tables and pictures inside."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from . import __version__
from .plots import style

SHADES = 192
"""Colours of a picture inside the page; the file beside it keeps more."""


def document(title: str, body: str) -> str:
    """The whole text of a page, style inside."""
    css = files("holdersim").joinpath("report/page.css").read_text(encoding="utf-8")
    # an empty icon keeps a browser from asking for one
    view = '<meta name="viewport" content="width=device-width, initial-scale=1">\n<link rel="icon" href="data:,">'
    head = f'<meta charset="utf-8">\n{view}\n<title>{escape(title)}</title>\n<style>\n{css}</style>'
    return f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>\n'


def footer(words: str = "") -> str:
    """The last line: what made the page, and what else there is."""
    return f"<footer>Made by holdersim {escape(__version__)}.{f' {escape(words)}' if words else ''}</footer>"


def embedded(body: str, folder: Path) -> list[Path]:
    """Files of the pictures that a page shows."""
    return [folder / name for name in dict.fromkeys(re.findall(r'data-file="([^"]+)"', body))]


def write(path: Path, title: str, body: Iterable[str]) -> Path:
    """The page of a study."""
    with mpl.rc_context(style.STYLE):
        inner = "\n".join(body)
    text = document(title, f"<h1>{escape(title)}</h1>\n{inner}\n{footer()}")
    path.write_text(text, encoding="utf-8")
    return path


def heading(text: str) -> str:
    """Heading of a section."""
    return f"<h2>{escape(text)}</h2>"


def lead(text: str) -> str:
    """What the reader should know first."""
    return f'<p class="lead">{escape(text)}</p>'


def notes(lines: Iterable[str]) -> str:
    """A list of remarks."""
    return '<ul class="notes">' + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"


def table(
    corner: str, heads: Sequence[str], lines: Iterable[tuple[str, Sequence[str]]], kind: str = ""
) -> str:
    """A table; texts as they are."""
    columns = "".join(f'<th scope="col">{escape(h)}</th>' for h in heads)
    named = f' class="{kind}"' if kind else ""
    head = f'<thead><tr><th scope="col">{escape(corner)}</th>{columns}</tr></thead>'
    out = [f'<div class="table"><table{named}>{head}<tbody>']
    for name, values in lines:
        cells = "".join(f"<td>{escape(v)}</td>" for v in values)
        out.append(f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>')
    return "\n".join([*out, "</tbody></table></div>"])


def number(value: float) -> str:
    """Four digits."""
    return f"{value:.4g}"


def picture(made: Figure, path: Path, caption: str, alt: str = "", kind: str = "wide") -> str:
    """Figure element with the picture inside; the picture is also kept as a file. alt: the caption unless told."""
    from PIL import Image

    style.save(made, path)
    data = io.BytesIO()
    with Image.open(path) as image:
        size = f'width="{image.width}" height="{image.height}"'
        image.convert("RGB").quantize(SHADES, dither=Image.Dither.NONE).save(data, "PNG", optimize=True)
    source = f"data:image/png;base64,{base64.b64encode(data.getvalue()).decode()}"
    shown = f'<img data-file="{path.name}" {size} alt="{escape(alt or caption)}" src="{source}">'
    named = f' class="{kind}"' if kind else ""
    return f"<figure{named}>{shown}<figcaption>{escape(caption)}</figcaption></figure>"
