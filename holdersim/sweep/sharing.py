"""What rows share: the superelements of an assembly by name, without a mesh; each made once whoever asks first."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from ..assembly import Assembly, LayerStack, Solid
from ..grid import PressureGrid
from ..materials.elastic import Elastic
from ..materials.rubber import Rubber
from ..network import build_body
from ..reduced import Links
from ..shelf import cacheable, identity
from ..superelement import Condenser

USUAL = 1e5
"""Modulus [MPa] with which superelements are made whose name does not tell the alloy: the last digit depends on it."""


def superelements(assembly: Assembly) -> dict[str, str]:
    """Name on the shelf of the superelement of each solid; "" for one that is not kept there."""
    return {n: identity(s, k) if k is not None else "" for n, (s, k) in _linked(assembly).items()}


def make_missing(assembly: Assembly, cache: Path) -> None:
    """Put the superelements of an assembly on the shelf, each by one process, with digits that no alloy decides."""
    linked = {n: (s, k) for n, (s, k) in _linked(assembly).items() if k is not None}
    names = {n: identity(s, k) for n, (s, k) in linked.items()}
    with making(cache, names.values()) as missing:
        for n, (solid, links) in linked.items():
            if names[n] in missing and not on_shelf(cache, names[n]):
                Condenser(_usual(solid, links), links, build_body, cache).get(keep=False)


def _usual(solid: Solid, links: Links) -> Solid:
    if not isinstance(solid.material, Elastic):
        return solid
    other = replace(solid, material=replace(solid.material, E=USUAL))
    return other if identity(other, links) == identity(solid, links) else solid


def _linked(assembly: Assembly) -> dict[str, tuple[Solid, Links | None]]:
    """Each solid with its links; None for one that is not condensed, or not kept on the shelf."""
    grids = {i.name: PressureGrid.over(i.region, i.pixel, assembly.symmetry) for i in assembly.interfaces}
    levels = {p.name: PressureGrid.over(p.region, p.pixel, assembly.symmetry) for p in assembly.planes}
    rubber = any(isinstance(s.material, Rubber) for s in assembly.solids)
    out: dict[str, tuple[Solid, Links | None]] = {}
    for solid in assembly.solids:
        whole = isinstance(solid.material, Rubber) or solid.inelastic
        whole = whole or (rubber and isinstance(solid.shape, LayerStack))
        kept = not whole and cacheable(solid)
        out[solid.name] = solid, _links(assembly, solid, grids, levels) if kept else None
    return out


def _links(
    assembly: Assembly, solid: Solid, grids: dict[str, PressureGrid], levels: dict[str, PressureGrid]
) -> Links:
    """The links of a solid, as network.Network has them; a test holds both to the same names."""

    def mine(*sides: str) -> list[str]:
        return [side.split(".", 1)[1] for side in sides if side.split(".", 1)[0] == solid.name]

    faces = [(f, i) for i in assembly.interfaces for f in mine(i.below, i.above)]
    seats = [f for b in assembly.bolts for s in b.seats for f in mine(s)]
    inside = tuple((layer, levels[p.name]) for p in assembly.planes for layer in mine(p.layer))
    return Links(
        tuple((f, grids[i.name]) for f, i in faces),
        tuple(seats),
        tuple(i.friction > 0 for _, i in faces),
        inside,
    )


def on_shelf(cache: Path, name: str) -> bool:
    """Whether a superelement is kept already."""
    return (cache / f"{name}.superelement").exists()


@contextmanager
def making(cache: Path, names: Iterable[str]) -> Iterator[list[str]]:
    """Those of some superelements that are still missing, locked so that nobody else makes them at the same time.

    Locks are taken in one order by all and dropped by the system when their process dies.
    """
    cache.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        missing = []
        for name in sorted({n for n in names if n and not on_shelf(cache, n)}):
            lock = held.enter_context((cache / f"{name}.lock").open("a"))
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not on_shelf(cache, name):
                missing.append(name)
                print(f"made by process {os.getpid()}", file=lock, flush=True)
            else:
                fcntl.flock(lock, fcntl.LOCK_UN)
        yield missing
