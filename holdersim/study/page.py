"""Pieces of a study's page: one HTML file that opens offline, with tables and pictures inside."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from .. import __version__
from ..plots import style

SHADES = 192
"""Colours of a picture inside the page; the file beside it keeps more."""


def write(path: Path, title: str, body: Iterable[str]) -> Path:
    """The page of a study."""
    css = files("holdersim").joinpath("report/page.css").read_text(encoding="utf-8")
    view = '<meta name="viewport" content="width=device-width, initial-scale=1">\n<link rel="icon" href="data:,">'
    head = f'<meta charset="utf-8">\n{view}\n<title>{escape(title)}</title>\n<style>\n{css}</style>'
    with mpl.rc_context(style.STYLE):
        inner = "\n".join(body)
    foot = f"<footer>Made by holdersim {escape(__version__)}.</footer>"
    text = f"<body>\n<h1>{escape(title)}</h1>\n{inner}\n{foot}\n</body>"
    path.write_text(
        f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n</head>\n{text}\n</html>\n', encoding="utf-8"
    )
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


def table(corner: str, heads: Sequence[str], lines: Iterable[tuple[str, Sequence[str]]]) -> str:
    """A table; texts as they are."""
    columns = "".join(f'<th scope="col">{escape(h)}</th>' for h in heads)
    out = [
        f'<div class="table"><table><thead><tr><th scope="col">{escape(corner)}</th>{columns}</tr></thead><tbody>'
    ]
    for name, values in lines:
        cells = "".join(f"<td>{escape(v)}</td>" for v in values)
        out.append(f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>')
    return "\n".join([*out, "</tbody></table></div>"])


def number(value: float) -> str:
    """Four digits."""
    return f"{value:.4g}"


def picture(made: Figure, path: Path, caption: str) -> str:
    """Figure element with the picture inside; the picture is also kept as a file."""
    from PIL import Image

    style.save(made, path)
    data = io.BytesIO()
    with Image.open(path) as image:
        size = f'width="{image.width}" height="{image.height}"'
        image.convert("RGB").quantize(SHADES, dither=Image.Dither.NONE).save(data, "PNG", optimize=True)
    source = base64.b64encode(data.getvalue()).decode()
    shown = (
        f'<img data-file="{path.name}" {size} alt="{escape(caption)}" src="data:image/png;base64,{source}">'
    )
    return f'<figure class="wide">{shown}<figcaption>{escape(caption)}</figcaption></figure>'
