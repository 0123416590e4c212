"""The short summary of a result, as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from .reading import Result

_PRESSURES = (
    ("Mean contact pressure [MPa]", "mean [MPa]"),
    ("CV [-]", "CV [-]"),
    ("p5 [MPa]", "p5 [MPa]"),
    ("p95 [MPa]", "p95 [MPa]"),
    ("Film-resolution peak [MPa]", "peak [MPa]"),
    ("Contact fraction [-]", "contact [-]"),
    ("Edge-band mean / centre mean [-]", "edge/centre [-]"),
    ("Force [N]", "force [N]"),
)


def number(value: Any) -> str:
    """A value with four significant digits; a dash where it is not defined."""
    if value is None:
        return "-"
    if not isinstance(value, int | float):
        return str(value)
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        text = f"{value:.4g}"
        return text if "e" not in text else f"{value:.0f}"
    return f"{value:.2e}"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    cells = [list(head), *(list(r) for r in rows)]
    widths = [max(len(r[i]) for r in cells) for i in range(len(cells[0]))]
    lines = []
    for row in cells:
        rest = "  ".join(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))
        lines.append(f"  {row[0].ljust(widths[0])}  {rest}".rstrip())
    return lines


def _parts(parts: Mapping[str, Mapping[str, Any]], first: str) -> list[str]:
    names = list(dict.fromkeys(n for numbers in parts.values() for n in numbers))
    rows = ([part, *(number(numbers.get(n)) for n in names)] for part, numbers in parts.items())
    return _table([first, *names], rows)


def _certificates(summary: Mapping[str, Any]) -> list[str]:
    all_of_them = summary.get("certificates", {})
    bad = {name: c for name, c in all_of_them.items() if not c["ok"]}
    if not bad:
        return [f"certificates: all {len(all_of_them)} hold"] if all_of_them else []
    rows = ([name, number(c["value"]), number(c["limit"])] for name, c in bad.items())
    return ["certificates that FAILED:", *_table(["name", "value", "limit"], rows)]


def _meanings(
    summary: Mapping[str, Any], shown: Iterable[tuple[str, str]], step: Mapping[str, Any]
) -> list[str]:
    """The definition of every number shown, and the region that it is taken over."""
    known = summary.get("definitions", {})
    names = {short: key for key, short in shown}
    names |= {n: n for numbers in step.get("plates", {}).values() for n in numbers}
    if step.get("safety"):
        names |= {n: n for n in ("yield of <solid> [-]", "proof load of bolts [-]")}
    region = next(iter(summary.get("drawing", {}).get("regions", {})), None)
    lines = [
        textwrap.fill(f"{short}: {known[key]}", 110, initial_indent="  ", subsequent_indent="      ")
        for short, key in names.items()
        if key in known
    ]
    where = f", over the region {region}" if region else ""
    return [f"what the numbers mean{where}:", *lines] if lines else []


def short_summary(result: Result) -> str:
    """Pressures, plates, bolts, safety, certificates and files of the last step, and what each number means."""
    summary, step = result.summary, result.at()
    force = step.get("closing_force_N")
    closing = f", closing force {number(force)} N" if force is not None else ""
    lines = [f"{summary['title']}", f'after step "{step["name"]}"{closing}']
    faces = step.get("interfaces", {})
    shown = [(key, short) for key, short in _PRESSURES if any(key in numbers for numbers in faces.values())]
    rows = ([name, *(number(numbers.get(key)) for key, _ in shown)] for name, numbers in faces.items())
    lines += ["", *_table(["pressure on", *(short for _, short in shown)], rows)]
    if step.get("plates"):
        lines += ["", *_parts(step["plates"], "plate")]
    if step.get("bolts"):
        bolts = ", ".join(f"{name} {number(b['force_N'])}" for name, b in step["bolts"].items())
        lines += ["", f"  bolt forces [N]: {bolts}"]
    if step.get("safety"):
        lines += ["", *_table(["safety", ""], ([name, number(v)] for name, v in step["safety"].items()))]
    if summary.get("mass_g"):
        masses = ", ".join(f"{name} {number(m)}" for name, m in summary["mass_g"].items())
        lines += ["", f"  mass [g]: {masses}"]
    total = summary.get("seconds", {}).get("total")
    lines += ["", *_meanings(summary, shown, step), "", *_certificates(summary)]
    pictures = ", ".join(sorted(p.name for p in result.folder.iterdir() if p.suffix in (".png", ".gif")))
    lines += [f"pictures: {pictures}"] if pictures else []
    lines += [f"files: {result.folder}" + (f" ({number(total)} s)" if total is not None else "")]
    return "\n".join(lines)
