"""Numbers of a reading: first the columns that film software exports, then ours; each with its definition."""

from __future__ import annotations

from ..metrics import percentile
from .curves import others
from .grades import Array
from .maps import Flag, Reading

DEFINITIONS: dict[str, str] = {
    "Effective pressure rate [%]": "area read / red area (read and above the range); film software's own formula "
    "could not be checked",
    "Pressed area [mm2]": "area darker than the lower end of the range: read and above",
    "Average pressure [MPa]": "mean over the area read; blank and saturated squares do not count",
    "Max pressure [MPa]": "99.9 % of the area read lies below; a bound from below where some is above the range",
    "Min pressure [MPa]": "0.1 % of the area read lies below",
    "Load [N]": "sum of pressure times area over the area read",
    "Measured area [mm2]": "area of the scan that is paper: read, below and above",
    "Pressed-area ratio [%]": "pressed area / measured area",
    "Area below the range [mm2]": "paler than the range tells: pressure 0 to its lower end, not zero",
    "Area read [mm2]": "inside the range",
    "Area above the range [mm2]": "darker than the range tells",
    "Area masked [mm2]": "tape, labels, dust, glare, and red outside the outline",
    "Load at least [N]": "load on the area read, plus the upper end of the range on the area above it",
    "Load of blank paper at most [N]": "lower end of the range on all blank paper (on the outline where it is told)",
    "CV where read [-]": "standard deviation / mean over the area read",
    "p5 where read [MPa]": "5 % of the area read lies below",
    "p50 where read [MPa]": "median of the area read",
    "p95 where read [MPa]": "95 % of the area read lies below",
    "Uncertainty of one square [%]": "median half width of the 95 % band over the area read",
    "Uncertainty of the mean [%]": "the same without what is independent from square to square: calibration, zone",
    "Mean density [-]": "mean over the pressed area",
}


def numbers(r: Reading) -> dict[str, float | None]:
    """Numbers of a reading by name with unit, in the order of DEFINITIONS; None where they are not defined."""
    cell = r.side**2
    areas = {f: float((r.flag == f).sum()) * cell for f in Flag}
    pressed, paper = (
        areas[Flag.READ] + areas[Flag.ABOVE],
        sum(areas[f] for f in (Flag.READ, Flag.BELOW, Flag.ABOVE)),
    )
    out: dict[str, float | None] = dict.fromkeys(DEFINITIONS)
    if r.curve is None:
        red = r.density > 0.1
        return out | {"Mean density [-]": float(r.density[red].mean()) if red.any() else None}
    read = r.flag == Flag.READ
    p = r.pressure[read]
    out |= {
        "Effective pressure rate [%]": 100 * areas[Flag.READ] / pressed if pressed else None,
        "Pressed area [mm2]": pressed,
        "Measured area [mm2]": paper,
        "Pressed-area ratio [%]": 100 * pressed / paper if paper else None,
        "Area below the range [mm2]": areas[Flag.BELOW],
        "Area read [mm2]": areas[Flag.READ],
        "Area above the range [mm2]": areas[Flag.ABOVE],
        "Area masked [mm2]": areas[Flag.MASKED],
        "Load of blank paper at most [N]": r.low * _blank_area(r, areas),
    }
    dark = read | (r.flag == Flag.ABOVE)
    out["Mean density [-]"] = float(r.density[dark].mean()) if dark.any() else None
    if len(p):
        out |= _of_pressure(r, p, areas)
    return out


def _blank_area(r: Reading, areas: dict[Flag, float]) -> float:
    """Blank paper that may carry load [mm2]: inside the outline where it is known."""
    from .image import sides

    if r.options.outline is None:
        return areas[Flag.BELOW]
    length, width = sides(r.options.outline)
    return max(length * width - areas[Flag.READ] - areas[Flag.ABOVE], 0.0)


def _of_pressure(r: Reading, p: Array, areas: dict[Flag, float]) -> dict[str, float | None]:
    weight = p * 0 + 1
    load = float(p.sum()) * r.side**2
    mean, doubt = float(p.mean()), r.doubt[r.flag == Flag.READ]
    curve = r.curve
    shared = (
        float((curve.doubt(r.density[r.flag == Flag.READ]) * p).sum() / p.sum()) if curve else float("nan")
    )
    return {
        "Average pressure [MPa]": mean,
        "Max pressure [MPa]": percentile(p, weight, 99.9),
        "Min pressure [MPa]": percentile(p, weight, 0.1),
        "Load [N]": load,
        "Load at least [N]": load + r.high * areas[Flag.ABOVE],
        "CV where read [-]": float(p.std()) / mean,
        "p5 where read [MPa]": percentile(p, weight, 5),
        "p50 where read [MPa]": percentile(p, weight, 50),
        "p95 where read [MPa]": percentile(p, weight, 95),
        "Uncertainty of one square [%]": 100 * percentile(doubt, weight, 50),
        "Uncertainty of the mean [%]": 100 * shared,
    }


def force_check(r: Reading) -> str | None:
    """What the given force says: the bias, whether it is more than the doubt, what zone or grade would close it."""
    said, found = r.options.force, numbers(r)
    load, most = found["Load at least [N]"], found["Load of blank paper at most [N]"]
    if said is None or load is None or most is None or r.curve is None:
        return None
    doubt = (found["Uncertainty of the mean [%]"] or 0.0) / 100
    dark = (found["Area above the range [mm2]"] or 0.0) > 0
    more = " and more where it is darker than the range" if dark else ""
    told = f"the paper carries {load:.0f} N, up to {most:.0f} N more where it is blank{more}; {said:.0f} N were said"
    if load <= said and (said <= load + most or dark):
        return f"{told}: no contradiction."
    bias = load / said - 1 if load > said else (load + most) / said - 1
    inside = abs(bias) <= doubt
    hint = "" if abs(bias) < 0.05 else _closing(r, said, load)
    if inside:
        return f"{told}: {bias:+.0%}, within the uncertainty of {doubt:.0%}.{hint}"
    return f"{told}: a bias of {bias:+.0%}, more than the uncertainty of {doubt:.0%}.{hint}"


def _closing(r: Reading, said: float, load: float) -> str:
    """The zone or grade whose curve would bring the load nearest to the force said [N], in words."""
    best = ("", load)
    for name, c in others(r.options):
        p = c.read(r.density)
        other = float(p[p > 0].sum()) * r.side**2
        if abs(other / said - 1) < abs(best[1] / said - 1):
            best = (name, other)
    return f" {best[0]} would read {best[1]:.0f} N: check grade and climate." if best[0] else ""


def zone_biases(r: Reading) -> dict[str, float]:
    """Relative change of the average pressure if the paper belonged to another zone, by zone."""
    if r.curve is None or not r.curve.one_zone or r.curve.tag == "fitted":
        return {}
    d = r.density[r.flag == Flag.READ]
    here = r.curve.read(d)
    out = {}
    for name, c in others(r.options):
        there = c.read(d)
        both = (there > 0) & (here > 0)
        if name.startswith("zone") and both.any():
            out[name] = float(there[both].mean() / here[both].mean() - 1)
    return out
