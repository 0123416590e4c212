"""What the load of each compared holder is, and how much of it arrives, in words with numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..results.table import number
from .common import AWAY, RIM, Comparison, Entry, plane_title, pressure_step, region_of

ARRIVED = 0.9
"""Share of a holder's load below which the page says where the rest is."""
EDGE_ONLY = 0.2
"""A spread counts as one of the edge when away from it less than this share of it is left."""


def meant(c: Comparison) -> Iterator[str]:
    """One sentence for each holder: what its load is, and which mean pressure arrives on the compared plane."""
    for place in sorted({e.place for e in c.entries}):
        own = [e for e in c.entries if e.place == place]
        if own[0].load:
            yield f"{own[0].holder}: {_load(own)}{_arrives(c, own)}{_rest(c, own)}.{_edge(c, own)}"


def _load(own: Sequence[Entry]) -> str:
    first = own[0]
    each = f"{first.load:.3g} MPa" if len(own) == 1 else "the load"
    if is_fluid(first):
        return f"{each} is the pressure of the fluid on all outer faces of the cell"
    found, region = pressure_step(first.result), region_of(first.result)
    forces = "" if len(own) > 1 else f", {number(_closing(first))} N"
    if found and found[0].get("area"):
        main = bool(region and found[0]["area"] == region[0])
        several = "the load" if main else "the pressure of the case"
        pressure = f"{found[1]:.3g} MPa" if len(own) == 1 else several
        return f"bolts closed with {pressure} times the area of the {found[0]['area']}{forces}"
    over = f" over the {region[0]}" if region else ""
    return f"{each} is the force of the bolts{over}{forces}"


def is_fluid(e: Entry) -> bool:
    """Whether a fluid loads the cell."""
    found = pressure_step(e.result)
    return bool(found and found[0].get("do") == "pressurise")


def _closing(e: Entry) -> float:
    return float(e.step.get("closing_force_N") or 0.0)


def _shares(c: Comparison, own: Sequence[Entry]) -> list[float]:
    return [e.sheets[c.plane].mean / e.load for e in own if c.plane in e.sheets]


def _arrives(c: Comparison, own: Sequence[Entry]) -> str:
    """How much of the load is on the compared plane."""
    shares = _shares(c, own)
    if not shares:
        return ""
    low, high = (f"{100 * s:.3g}" for s in (min(shares), max(shares)))
    range_ = f"{low} %" if low == high else f"{low} to {high} %"
    mean = f"{number(own[0].sheets[c.plane].mean)} MPa ({range_})" if len(own) == 1 else f"{range_} of it"
    return f"; {mean} arrives on the {plane_title(c.plane)}"


def _rest(c: Comparison, own: Sequence[Entry]) -> str:
    """Where the rest of the load is."""
    shares, region = _shares(c, own), region_of(own[0].result)
    if not shares or min(shares) >= ARRIVED or not region or is_fluid(own[0]):
        return ""
    pads = own[0].result.summary["drawing"].get("pads", [])
    sizes = dict.fromkeys(f"{p['x1'] - p['x0']:g} x {p['y1'] - p['y0']:g} mm" for p in pads)
    reach = f", where the pads ({', '.join(sizes)}) reach" if sizes else ""
    return f", the rest beside the {region[0]}{reach}"


def _edge(c: Comparison, own: Sequence[Entry]) -> str:
    """That the spread under a fluid is one of the edge, where it is."""
    sheets = [e.sheets[c.plane].numbers for e in own if c.plane in e.sheets and is_fluid(e)]
    region = region_of(own[0].result)
    found = [(n["CV [-]"], n[AWAY]) for n in sheets if AWAY in n and n[AWAY] < EDGE_ONLY * n["CV [-]"]]
    if not found or len(found) < len(sheets) or not region:
        return ""
    spread, away = max(found)
    rim = max(RIM, c.film)
    return (
        f" Its spread lies at the edge of the {region[0]}, where the films of the pouch bridge the step beside it and "
        f"hand on what they carry: CV {number(spread)}, without the outermost {rim:g} mm {number(away)}. "
        "It falls as the mesh gets finer, and with it the mean tends to the pressure of the fluid."
    )
