"""A sweep as one HTML page that opens offline: what became of its rows, pictures, and a table that can be sorted."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from .. import __version__
from ..errors import CaseError, Mistake
from ..plots import style
from ..results.table import number
from . import pictures
from .plan import Plan, open_plan, write_whole
from .shares import shares
from .status import counts
from .table import Row, failures, inputs, table

MOST = 2000
"""Rows that the page's table shows; table.csv has all."""

SCRIPT = """
document.querySelectorAll("table.sort th").forEach(function (head) {
  var sort = function () {
    var body = head.closest("table").tBodies[0], k = head.cellIndex, up = head.ariaSort !== "ascending";
    head.closest("tr").querySelectorAll("th").forEach(function (other) { other.ariaSort = null; });
    head.ariaSort = up ? "ascending" : "descending";
    var rows = Array.from(body.rows), empty = function (row) { return row.cells[k].className === "none"; };
    var key = function (row) { return row.cells[k].dataset.v || row.cells[k].textContent; };
    rows.filter(function (row) { return !empty(row); }).sort(function (a, b) {
      var x = key(a), y = key(b), d = x - y;
      d = isNaN(d) ? x.localeCompare(y) : d;
      return up ? d : -d;
    }).concat(rows.filter(empty)).forEach(function (row) { body.appendChild(row); });
  };
  head.tabIndex = 0;
  head.onclick = sort;
  head.onkeydown = function (event) { if (event.key === "Enter") sort(); };
});
"""
STYLE = """
table.sort th { cursor: pointer; white-space: normal; }
table.sort th[aria-sort=ascending]::after { content: " \\25b2"; }
table.sort th[aria-sort=descending]::after { content: " \\25bc"; }
table.sort thead th:first-child { min-width: 3rem; text-align: right; font-weight: 600; }
table.sort .text { text-align: left; max-width: 34rem; }
"""


def report(folder: Path | str, watch: str | None = None) -> Path:
    """report.html in the folder of a plan, pictures beside it; watch: the number drawn, or the end of its name."""
    plan = open_plan(folder)
    rows = table(plan)
    watched = _watched(rows, watch or plan.sweep.watch)
    with mpl.rc_context(style.STYLE):
        body = "\n".join(_body(plan, rows, watched))
    css = files("holdersim").joinpath("report/page.css").read_text(encoding="utf-8")
    title = escape(plan.data["title"] or plan.data["name"])
    view = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    head = f'<meta charset="utf-8">\n{view}\n<link rel="icon" href="data:,">\n<title>{title}</title>\n'
    head += f"<style>\n{css}{STYLE}</style>"
    text = f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}\n\
<script>{SCRIPT}</script>\n</body>\n</html>\n'
    return write_whole(plan.folder / "report.html", text.encode())


def _watched(rows: Sequence[Row], name: str) -> str | None:
    """Column of the number to draw: the name itself, or the first that ends so, on the cathode before others."""
    known = [n for n in rows[0] if any(isinstance(r[n], float) for r in rows)]
    found = [n for n in known if n == name] or sorted(
        (n for n in known if n.endswith(name)), key=lambda n: not n.startswith("cathode")
    )
    if not found and any(r["status"] == "ok" for r in rows):
        raise CaseError(
            "report",
            [Mistake("--watch", "no number is called so.", f'"{name}"', f"Known: {', '.join(known)}.")],
        )
    return found[0] if found else None


def _body(plan: Plan, rows: Sequence[Row], watched: str | None) -> Iterator[str]:
    told = counts(plan)
    yield f"<h1>{escape(plan.data['title'] or plan.data['name'])}</h1>"
    yield f'<p class="lead">{told.total} rows: {escape(told.line())}.</p>'
    columns = list(inputs(plan)[0])
    moving = [c for c in columns if len({str(r[c]) for r in rows}) > 1]
    if watched and moving:
        yield from _pictures(plan, rows, watched, moving)
    lost = failures(rows)
    if len(lost) and len(moving) > 1:
        given = {c: [r[c] for r in rows] for c in moving}
        lives = np.array([float(r["status"] == "ok") for r in rows])
        parted = shares(given, lives)
        pair = sorted(moving, key=lambda c: -parted[c].alone) if parted else moving
        made = pictures.fates(given, (pair[0], pair[1]), [r["status"] for r in rows])
        caption = "Rows by what became of them, over the two inputs that part them most."
        yield _picture(made, plan.folder / "fates.png", caption, wide=False)
    if lost:
        yield "<h2>Rows without an answer</h2>"
        heads = list(lost[0])
        yield _table(heads, [[r[h] for h in heads] for r in lost[:MOST]])
    yield "<h2>Rows</h2>"
    if len(rows) > MOST:
        yield f"<p>The first {MOST} of {len(rows)} rows; all are in table.csv and table.parquet.</p>"
    face = f"{watched.split(': ')[0]}: " if watched and ": " in watched else ""
    shown = [n for n in rows[0] if n in (watched, "closing force [N]") or _main(n, face)]
    first = [n for n in shown if n == watched]
    heads = [
        "row",
        "status",
        *first,
        *columns,
        *(n for n in shown if n not in first),
        "identity",
        "seconds [s]",
    ]
    yield _table(heads, [[r[h] for h in heads] for r in rows[:MOST]])
    yield f"<footer>Made by holdersim {escape(__version__)}; plan {plan.data['identity']}.</footer>"


def _main(name: str, face: str) -> bool:
    ends = ("Mean contact pressure [MPa]", "p5 [MPa]", "p95 [MPa]", "CV [-]", "Contact fraction [-]")
    return bool(face) and name in [face + e for e in ends]


def _pictures(plan: Plan, rows: Sequence[Row], watched: str, moving: Sequence[str]) -> Iterator[str]:
    ok = [r for r in rows if r["status"] == "ok" and r[watched] is not None]
    if len(ok) < 3:
        return
    moving = [c for c in moving if len({str(r[c]) for r in ok}) > 1]
    if not moving:
        return
    given = {c: [r[c] for r in ok] for c in moving}
    y = np.array([r[watched] for r in ok], dtype=np.float64)
    yield f"<h2>{escape(watched)}</h2>"
    caption = (
        "Each row (grey) and the mean at each level of an input: the response to that input over all others."
    )
    yield _picture(pictures.effects(given, y, watched), plan.folder / "effects.png", caption)
    found = shares(given, y)
    order = sorted(found, key=lambda n: -found[n].alone) or list(moving)
    yield '<div class="pictures">'
    if len(moving) > 1:
        caption = "Mean over the two inputs with the largest shares."
        made = pictures.heat(given, (order[0], order[1]), y, watched)
        yield _picture(made, plan.folder / "heat.png", caption, wide=False)
    if found:
        exact = next(iter(found.values())).total is not None
        how = "exact sums over the full grid" if exact else f"estimated from bins of {len(ok)} rows"
        caption = f"First-order Sobol' shares: {how}; what is missing to 1 comes from inputs acting together."
        yield _picture(pictures.bars(found, watched), plan.folder / "shares.png", caption, wide=False)
    yield "</div>"


def _picture(made: Any, path: Path, caption: str, wide: bool = True) -> str:
    source = base64.b64encode(pictures.saved(made, path).read_bytes()).decode()
    image = f'<img alt="{escape(caption)}" src="data:image/png;base64,{source}">'
    figure = '<figure class="wide">' if wide else "<figure>"
    return f"{figure}{image}<figcaption>{escape(caption)}</figcaption></figure>"


def _table(heads: Sequence[str], lines: Sequence[Sequence[Any]]) -> str:
    words = [any(isinstance(line[k], str) for line in lines) for k in range(len(heads))]
    kinds = [' class="text"' if w else "" for w in words]
    top = "".join(f'<th scope="col"{kind}>{escape(h)}</th>' for h, kind in zip(heads, kinds, strict=True))
    out = [f'<div class="table"><table class="sort"><thead><tr>{top}</tr></thead><tbody>']
    out += ["<tr>" + "".join(_cell(v) for v in line) + "</tr>" for line in lines]
    return "\n".join([*out, "</tbody></table></div>"])


def _cell(value: Any) -> str:
    if value is None:
        return '<td class="none">-</td>'
    if isinstance(value, float):
        return f'<td data-v="{value!r}">{number(value)}</td>'
    return f'<td class="text">{escape(value)}</td>' if isinstance(value, str) else f"<td>{value}</td>"
