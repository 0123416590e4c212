"""What charging does to a cell: which layers grow, and the amounts by which they do.

Capacity is counted per area of cathode; an electrode between two others adds up or shares out what they hold.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Protocol

from .assembly import Layer, Rect
from .electrodes import (
    ANODES,
    BY_MATERIAL,
    CATHODES,
    Grows,
    NoGrowth,
    SiliconAnode,
    Swelling,
    yielding,
)
from .errors import Mistake
from .materials.inelastic import Inelastic
from .materials.swelling import Silicon
from .schema import Tagged, explicit

Growth = tuple[float, float, float]
Law = tuple[Growth, Inelastic | None]
ALONG: dict[str, Growth] = {"thickness": (0.0, 0.0, 1.0), "isotropic": (1 / 3, 1 / 3, 1 / 3)}


class Layers(Protocol):
    """A pouch as far as it grows."""

    @property
    def swelling(self) -> Swelling:
        """How it grows."""

    @property
    def parts(self) -> Mapping[str, str]:
        """Role of each layer, bottom to top."""

    def stack(self, sublayers: int = 1) -> list[Layer]:
        """Layers, bottom to top."""


class Placed(Protocol):
    """A pouch in its place."""

    @property
    def name(self) -> str:
        """Of its solid."""

    @property
    def cell(self) -> Layers:
        """The pouch."""

    def place(self, r: Rect) -> Rect:
        """A rectangle of its own drawing where it lies now."""


Active = tuple[Layer, Grows, float]
"""A layer that grows, how, and the capacity [mAh/cm2] it takes."""


def _capacities(parts: Mapping[str, str], capacity: float) -> dict[str, float]:
    """Capacity [mAh/cm2] of each electrode that faces another: a cathode's is shared out among its anodes."""
    row = [(n, r) for n, r in parts.items() if r in ("anode", "cathode")]
    pairs = [(a, b) for a, b in pairwise(row) if a[1] != b[1]]
    pairs = [(a, b) if a[1] == "anode" else (b, a) for a, b in pairs]
    faced = [cathode for _, cathode in pairs]
    out = dict.fromkeys((n for n, r in row if (n, r) in faced), capacity)
    for (anode, _), cathode in pairs:
        out[anode] = out.get(anode, 0.0) + capacity / faced.count(cathode)
    return out


def _around(rects: Sequence[Rect]) -> Rect:
    x0, y0 = (min(getattr(r, n) for r in rects) for n in ("x0", "y0"))
    x1, y1 = (max(getattr(r, n) for r in rects) for n in ("x1", "y1"))
    return Rect(x0, x1, y0, y1)


def _electrodes(cell: Layers) -> list[Layer]:
    return [la for la in cell.stack() if cell.parts.get(la.name) in ("anode", "cathode")]


def _kind(cell: Layers, layer: Layer) -> Grows | None:
    """How an electrode grows, None where that is not known."""
    s = cell.swelling
    given = s.anode if cell.parts[layer.name] == "anode" else s.cathode
    known = BY_MATERIAL.get(layer.material.name.rstrip("*"))
    return given or (known() if known else None)


def active(cell: Layers) -> list[Active]:
    """Layers of a pouch that grow when it is charged, bottom to top."""
    if missing(cell):
        return []
    takes = _capacities(cell.parts, cell.swelling.capacity or 0.0)
    kinds = [(la, _kind(cell, la)) for la in cell.stack() if takes.get(la.name)]
    return [(la, k, takes[la.name]) for la, k in kinds if k is not None and not isinstance(k, NoGrowth)]


def missing(cell: Layers) -> list[str]:
    """Numbers of the table `swelling` that its electrodes need and that are not given."""
    kinds = [_kind(cell, la) for la in _electrodes(cell)]
    if all(isinstance(k, NoGrowth) for k in kinds):
        return []
    silicon = any(isinstance(k, SiliconAnode) for k in kinds)
    needed = ("capacity", "np_ratio", "efficiency") if silicon else ("capacity", "efficiency")
    return [n for n in needed if getattr(cell.swelling, n) is None]


def unfit(cell: Layers, where: str) -> list[Mistake]:
    """What a pouch does not say, or says against itself, when it is to be charged."""
    out = []
    absent = missing(cell)
    if absent:
        problem = f"the cell does not say {', '.join(absent)}."
        hint = (
            'Write for example capacity = "4 mAh/cm^2", np_ratio = 1.2, efficiency = 0.77 in [cell.swelling].'
        )
        out.append(Mistake(where, problem, hint=hint))
    for la in _electrodes(cell):
        if _kind(cell, la) is None:
            role = cell.parts[la.name]
            problem = f'how the material "{la.material.name}" of the layer {la.name} grows is not known.'
            hint = f'Write {role} = {{ kind = "..." }}: {", ".join(ANODES if role == "anode" else CATHODES)}.'
            out.append(Mistake(f"cell.swelling.{role}", problem, hint=hint))
    for la, kind, capacity in active(cell):
        out += kind.mistakes(f"cell.swelling.{cell.parts[la.name]}", la, capacity, cell.swelling)
    return list(dict.fromkeys(out))


class Breathing(Tagged):
    """What charging does to a cell: its layers grow."""

    @abstractmethod
    def pouches(self) -> Sequence[Placed]:
        """The pouches in their places, bottom to top."""

    def _active(self) -> dict[str, Active]:
        return {f"{p.name}.{a[0].name}": a for p in self.pouches() for a in active(p.cell)}

    def swelling_layers(self) -> tuple[str, ...]:
        """Names "<solid>.<layer>" of the layers that grow when the cell is charged."""
        return tuple(self._active())

    def swollen(self, before: Mapping[str, float], soc: float) -> dict[str, float]:
        """Amounts after the cell is brought from `before` ({} when it is new) to `soc`.

        "soc" and "peak", the highest one so far [-]; "swell:<solid>.<layer>": J - 1 of every layer that grows [-];
        "lithium:<solid>.<layer>": x in LixSi of silicon. Depends on the past only through "peak".
        """
        if not 0.0 <= soc <= 1.0:
            raise ValueError(f"soc = {soc} lies outside 0 to 1")
        peak = max(before.get("peak", before.get("soc", 0.0)), soc)
        out = {"soc": soc, "peak": peak}
        pouches = {p.name: p.cell.swelling for p in self.pouches()}
        for name, (layer, kind, capacity) in self._active().items():
            electrode = kind.electrode(layer, capacity, pouches[name.split(".", 1)[0]])
            out[f"swell:{name}"] = electrode.growth(soc, peak)
            if isinstance(electrode, Silicon):
                out[f"lithium:{name}"] = electrode.content(soc, peak)
        return out

    def active_areas(self) -> dict[str, Rect]:
        """Where those layers grow [mm]: where an electrode of the other kind lies over or under them."""
        out = {}
        for p in self.pouches():
            for layer, _, _ in active(p.cell):
                role = p.cell.parts[layer.name]
                faced = [la.footprint for la in _electrodes(p.cell) if p.cell.parts[la.name] != role]
                out[f"{p.name}.{layer.name}"] = p.place(layer.footprint.clip(_around(faced)))
        return out

    def laws(self) -> dict[str, Law]:
        """How growth is shared out and what happens under large strain, by "<solid>.<layer>" where it is of note."""
        out: dict[str, Law] = {}
        for p in self.pouches():
            s, plastic = p.cell.swelling, p.cell.swelling.mechanics == "plastic"
            for layer, kind, capacity in active(p.cell):
                law = kind.law(layer, capacity, s) if plastic else None
                out[f"{p.name}.{layer.name}"] = ALONG[kind.growth], law
            flows = {"separator": s.separator_yield, "cathode": s.cathode_yield}
            for la in p.cell.stack():
                name, strength = f"{p.name}.{la.name}", flows.get(p.cell.parts.get(la.name, ""))
                if strength:
                    out[name] = out.get(name, (ALONG["thickness"], None))[0], yielding(la, strength)
        return out

    def charge_mistakes(self, where: str) -> list[Mistake]:
        """Why the cell cannot be charged; a table `swelling` that the case has is judged by `check` already."""
        return [m for p in self.pouches() if not explicit(p.cell.swelling) for m in unfit(p.cell, where)]
