"""What a reader must know before comparing: where results differ in more than their holder, in words with numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..results.table import number
from .common import Comparison, Entry, film_of, plane_meaning, plane_title, region_of
from .differences import differing
from .loads import meant

MOST = 6
"""Differences named one by one; of more, the rest is counted."""

CV = "CV [-]"


def notes(c: Comparison) -> list[str]:
    """Sentences for the top of the page: plane, then films, cells, loads, means and everything that is amiss."""
    return [*c.missing, *meant(c), *_plane(c), *_films(c), *_cells(c), *_loads(c), *_trust(c)]


def order(c: Comparison) -> list[str]:
    """Which pressure is most even, by CV, and whether that order holds at every load."""
    ranks = [sorted(c.sheets(g), key=lambda s: s.numbers[CV]) for g in c.groups]
    ranks = [r for r in ranks if len(r) > 1]
    if not ranks:
        return []
    if len({tuple(s.holder for s in r) for r in ranks}) == 1 and len(ranks) > 1:
        names = "; ".join(s.holder for s in ranks[0])
        where = "At every load" if len(ranks) == len(c.groups) else "Wherever holders meet at one load"
        return [f"{where} the order by evenness (CV) is the same, the most even first: {names}."]
    out = []
    for r in ranks:
        at = f"At {r[0].load:.3g} MPa, most" if c.by_load else "Most"
        named = "; ".join(f"{s.holder} (CV {number(s.numbers[CV])})" for s in r)
        out.append(f"{at} even first: {named}.")
    return out


def _named(entries: Sequence[Entry]) -> str:
    """Holders, each with its loads."""
    loads: dict[str, list[str]] = {}
    for e in entries:
        loads.setdefault(e.holder, []).append(f"{e.load:.3g}")
    return "; ".join(f"{holder} at {', '.join(dict.fromkeys(at))} MPa" for holder, at in loads.items())


def label(e: Entry) -> str:
    """Holder and load of a result."""
    return f"{e.holder} at {e.load:.3g} MPa"


def _plane(c: Comparison) -> Iterator[str]:
    without = [e for e in c.entries if c.plane not in e.sheets]
    if len(without) == len(c.entries):
        yield "No result has a cathode plane or a contact on the top face of the cell: pressures are not compared."
        return
    yield f"Pressures are compared on the {plane_title(c.plane)}: {plane_meaning(c.plane)}."
    regions = [(e, *found) for e in c.entries if (found := region_of(e.result))]
    sizes = {
        f"{name} of {r.x1 - r.x0:g} x {r.y1 - r.y0:g} mm": [e for e, n, o in regions if (n, o) == (name, r)]
        for _, name, r in regions
    }
    if len(sizes) == 1:
        yield f"All pressure numbers are taken over the {next(iter(sizes))}."
    else:
        each = "; ".join(f"{size} ({_named(who)})" for size, who in sizes.items())
        yield f"The regions that numbers are taken over differ: {each}."
    if without:
        reason = f"has no map of the {plane_title(c.plane)}, so its pressures are not compared"
        yield f"{_named(without)}: {reason}. If the result is an old one, run its case again with --force."


def _films(c: Comparison) -> Iterator[str]:
    sizes = {
        f: [e for e in c.entries if film_of(e.result) == f]
        for f in sorted({film_of(e.result) for e in c.entries})
    }
    if len(sizes) > 1:
        each = "; ".join(f"{f:g} mm ({_named(who)})" for f, who in sizes.items())
        yield (
            f"Film resolutions differ: {each}. All maps are averaged to {c.film:g} mm and all numbers taken there; "
            "they differ from those in the results' own summaries."
        )
    else:
        yield f"All numbers are taken at a film resolution of {c.film:g} mm."
    yield from _differ(c, "Pixels and meshes differ", "grid", "mesh", leave=("grid.film",))


def _cells(c: Comparison) -> Iterator[str]:
    yield from _differ(c, "The cells differ, not only the holders", "cell")


def _differ(c: Comparison, what: str, *keys: str, leave: Sequence[str] = ()) -> Iterator[str]:
    tables: list[dict[str, Any]] = [{k: e.result.case.get(k, {}) for k in keys} for e in c.entries]
    found = {p: v for p, v in differing(tables).items() if p not in leave}
    told = [
        f"{path.replace('_', ' ')} "
        + " or ".join(f"{v} ({_named([c.entries[k] for k in who])})" for v, who in values.items())
        for path, values in list(found.items())[:MOST]
    ]
    if found:
        more = f". And {len(found) - MOST} more" if len(found) > MOST else ""
        yield f"{what}: {'. '.join(told)}{more}."


def _loads(c: Comparison) -> Iterator[str]:
    loads = sorted({e.load for e in c.entries})
    if len(loads) == 1:
        return
    listed = ", ".join(f"{p:.3g}" for p in loads)
    if c.by_load:
        yield f"There are several loads ({listed} MPa): results are compared at equal load."
        uneven = {e.holder for e in c.entries if sum(o.holder == e.holder for o in c.entries) < len(loads)}
        if uneven:
            yield f"Not every holder is there at every load: {', '.join(sorted(uneven))}."
    else:
        each = "; ".join(label(e) for e in c.entries)
        yield f"The loads differ: {each}. Compare CV and ratios to the mean, not MPa."


def _trust(c: Comparison) -> Iterator[str]:
    for e in c.entries:
        bad = [n for n, v in e.result.summary.get("certificates", {}).items() if not v["ok"]]
        if bad:
            yield f"Do not trust {label(e)}: certificates that failed: {', '.join(bad)}."
    light = [e for e in c.entries if _without_mass(e)]
    if light:
        parts = ", ".join(dict.fromkeys(p for e in light for p in _without_mass(e)))
        yield f"Masses of {_named(light)} are without {parts}: their density is not known."
    bare = [e for e in c.entries if not any(n.startswith("yield") for n in e.step.get("safety", {}))]
    if bare:
        yield f"No yield safety for {_named(bare)}: solved without fields, or no body has a yield strength."
    versions = {str(e.result.summary.get("holdersim")) for e in c.entries}
    if len(versions) > 1:
        yield f"Solved with different versions of holdersim: {', '.join(sorted(versions))}."


def _without_mass(e: Entry) -> list[str]:
    """Pads that the masses of a result leave out."""
    masses = e.result.summary.get("mass_g", {})
    pads = [str(p["name"]) for p in e.result.summary["drawing"].get("pads", [])]
    return [name.replace("_", " ") for name in pads if masses and name not in masses]
