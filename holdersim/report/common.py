"""What compared results have in common: names, loads, the plane they are compared on, film; and where they differ."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..assembly import Rect
from ..metrics import film_average, film_samples, pressure_metrics
from ..plots.compare import FAINT, Sheet
from ..plots.panels import Map
from ..results import Result
from ..units import PRESSURE, UnitMistake, read
from .differences import flat, said

SAME_LOAD = 0.02
"""Loads that differ by less than this share are compared with each other as one."""

RIM = 1.0
"""Strip [mm] along the edge of the region that one number leaves out; one film square where that is wider."""

IDLE = "Share below 1 % of mean [-]"
"""Name of the share of the region that is drawn grey."""

AWAY = "CV away from the edge [-]"

MOST_WORDS = 3
"""Differences that a holder's name tells."""

FACE = "cell_top"
"""The face that uniaxial holders press on, compared where there is no plane inside the cell."""


def planes_of(result: Result) -> list[str]:
    """Planes on which a result can be compared, the wanted one first: its cathodes, then the top of the cell."""
    names = [str(n).removesuffix("_pressure") for n in result.maps if str(n).endswith("_pressure")]
    inside = [n for n in names if "cathode" in n and not n.startswith("cycle_") and not n.endswith("_peak")]
    return inside + [n for n in names if n == FACE]


def plane_title(plane: str) -> str:
    """A plane in words."""
    if plane == FACE:
        return "top face of the cell"
    return "cathode plane" if plane == "cathode" else f"plane of {plane}"


def plane_meaning(plane: str) -> str:
    """What pressure on a plane is."""
    if plane == FACE:
        return "contact pressure on the top face of the cell, which the laminate has not yet smoothed"
    return "minus the normal stress through the cathode layer, inside the cell, whatever the holder"


@dataclass(frozen=True)
class Entry:
    """One result on the page: `holder` names its line, `load` [MPa]; `sheets` are its maps by plane."""

    result: Result
    holder: str
    place: int
    load: float
    sheets: dict[str, Sheet]

    @property
    def step(self) -> dict[str, Any]:
        """Summary of the last step."""
        return self.result.at()


@dataclass(frozen=True)
class Comparison:
    """Results side by side: `groups` are compared with each other, by load [MPa] where there are several loads."""

    entries: list[Entry]
    groups: list[list[Entry]]
    plane: str
    film: float
    missing: list[str] = field(default_factory=list)

    @property
    def by_load(self) -> bool:
        """Whether each group has a load of its own."""
        return len(self.groups) > 1

    def sheets(self, group: Sequence[Entry]) -> list[Sheet]:
        """Maps of a group on the compared plane."""
        return [e.sheets[self.plane] for e in group if self.plane in e.sheets]


def compared(results: Sequence[Result], missing: Sequence[str] = ()) -> Comparison:
    """Results as they stand on the page, all numbers at the coarsest of their film resolutions [mm]."""
    film = max(film_of(r) for r in results)
    loads = _common_loads([nominal_load(r) for r in results])
    names = _names(results, loads)
    order = list(dict.fromkeys(names))
    entries = []
    for result, name, load in zip(results, names, loads, strict=True):
        place = order.index(name)
        sheets = {p: s for p in planes_of(result) if (s := _sheet(result, p, name, place, load, film))}
        entries.append(Entry(result, name, place, load, sheets))
    entries.sort(key=lambda e: (e.load, e.place))
    counts = Counter(p for e in entries for p in sorted(e.sheets, key=FACE.__eq__))
    plane = max(counts, key=lambda p: (counts[p], p != FACE), default=FACE)
    together = Counter(e.load for e in entries)
    if len(together) > 1 and max(together.values()) > 1:
        groups = [[e for e in entries if e.load == load] for load in together]
    else:
        groups = [entries]
    return Comparison(entries, groups, plane, film, list(missing))


def film_of(result: Result) -> float:
    """Film resolution of a result [mm]."""
    return float(result.summary.get("film_mm") or 0.5)


def region_of(result: Result) -> tuple[str, Rect] | None:
    """Name and outline of the region that the metrics of a result are taken over."""
    for name, box in result.summary["drawing"]["regions"].items():
        return name, Rect(**box)
    return None


def nominal_load(result: Result) -> float:
    """Load [MPa]: the pressure asked for on the main region, else the closing force over that region."""
    regions, region = result.summary["drawing"]["regions"], region_of(result)
    if found := pressure_step(result):
        area = regions.get(found[0].get("area"))
        return found[1] * (Rect(**area).area / region[1].area if area and region else 1.0)
    return float(result.at().get("closing_force_N") or 0.0) / (region[1].area if region else 1.0)


def pressure_step(result: Result) -> tuple[Mapping[str, Any], float] | None:
    """The last step that names a pressure, and that pressure [MPa]."""
    for step in reversed(result.case.get("steps", [])):
        try:
            return step, read(step.get("pressure"), PRESSURE)
        except UnitMistake:
            continue
    return None


def _common_loads(loads: Sequence[float]) -> list[float]:
    """Each load [MPa], or the smaller one that it is as good as equal to."""
    firsts: list[float] = []
    for load in sorted(loads):
        if not firsts or load > firsts[-1] * (1 + SAME_LOAD):
            firsts.append(load)
    return [max(f for f in firsts if f <= load) for load in loads]


# -- names ---------------------------------------------------------------------------------------------------


def _names(results: Sequence[Result], loads: Sequence[float]) -> list[str]:
    """Short names of the holders, equal only for one holder at different loads."""
    data = [r.case.get("holder", {}) | {"cell": r.case.get("cell", {})} for r in results]
    kinds = [str(d.get("kind", r.summary["case"])) for d, r in zip(data, results, strict=True)]
    names = []
    for kind, own in zip(kinds, data, strict=True):
        others = [d for d, k in zip(data, kinds, strict=True) if k == kind]
        words = list(_own(own, others))
        names.append(", ".join([kind.replace("_", " "), *words[:MOST_WORDS]]))
    shared = {n: len({plain(d) for d, m in zip(data, names, strict=True) if m == n}) > 1 for n in names}
    names = [f"{n} ({r.summary['case']})" if shared[n] else n for n, r in zip(names, results, strict=True)]
    for extra in ("case", "identity"):
        again = Counter(zip(names, loads, strict=True))
        names = [
            f"{n} ({r.summary[extra]})" if again[n, load] > 1 else n
            for n, r, load in zip(names, results, loads, strict=True)
        ]
    return names


def _own(data: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What sets a holder apart from others of its kind, in the words of its case."""
    tables = [flat(d) for d in others]
    for where, value in flat(data).items():
        if any(t.get(where) != value for t in tables):
            yield said(where, value)


# -- maps ----------------------------------------------------------------------------------------------------


def _sheet(result: Result, plane: str, holder: str, place: int, load: float, film: float) -> Sheet | None:
    """Map of a plane after the last step, averaged to the common film; None where the result has none."""
    data, region = result.maps, region_of(result)
    if f"{plane}_pressure" not in data or region is None:
        return None
    values = data[f"{plane}_pressure"]
    values = values.sel(step=result.steps[-1]) if "step" in values.dims else values
    p = values.values
    area, x, y = (data[k].values for k in (f"{plane}_area", f"x_{plane}", f"y_{plane}"))
    try:
        numbers = pressure_metrics(p, area, x, y, dict([region]), film)
    except ValueError:  # the plane does not meet the region
        return None
    if numbers["Mean contact pressure [MPa]"] <= 0:
        return None
    if inner := within(region[1], max(RIM, film)):
        numbers[AWAY] = pressure_metrics(p, area, x, y, {"inner": inner}, film)["CV [-]"]
    pressures, areas = film_samples(p, area, x, y, region[1], film)
    faint = pressures <= FAINT * numbers["Mean contact pressure [MPa]"]
    numbers[IDLE] = float(areas[faint].sum() / areas.sum())
    shown = Map(holder, *film_average(p, area, x, y, film))
    return Sheet(holder, place, load, shown, film, region[1], result.summary["drawing"], numbers)


def within(rect: Rect, rim: float) -> Rect | None:
    """A rectangle without a rim; None where less than half of its sides would be left."""
    if min(rect.x1 - rect.x0, rect.y1 - rect.y0) < 4 * rim:
        return None
    return Rect(rect.x0 + rim, rect.x1 - rim, rect.y0 + rim, rect.y1 - rim)


def plain(data: Any) -> str:
    """Plain data as a text that is equal only for equal data."""
    return json.dumps(data, sort_keys=True)
