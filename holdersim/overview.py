"""What was understood of a case, and what the library holds, as text for the terminal; nothing is solved."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from .case import Case
from .fasteners import proof_load
from .holding import Pressurise
from .loads import Tighten
from .materials.library import library, record
from .schedule import charges
from .series import swing_estimate


def case_text(case: Case) -> str:
    """The case in a few lines: stack, areas, bolts, forces, warnings."""
    told = [*_stack(case), *_areas(case), *_bolts(case), *_swing(case)]
    return "\n".join([*told, *(f"warning: {w}" for w in case.warnings)])


def _stack(case: Case) -> Iterator[str]:
    yield f"{case.title or case.name}   identity {case.identity()}"
    height = f"{1000 * case.cell.thickness:.4g} um high"
    yield f"holder {case.holder.kind_name}, cell {case.cell.kind_name}, {height}"
    for layer in reversed(case.cell.layers()):
        r, m = layer.footprint, layer.material
        size = f"{r.x1 - r.x0:.4g} x {r.y1 - r.y0:.4g} mm"
        yield f"  {layer.name:<18}{1000 * layer.thickness:>7.4g} um  {size:<16}{m.name}, {m.E / 1000:.3g} GPa"


def _areas(case: Case) -> Iterator[str]:
    fluid = [s.pressure for s in case.steps if isinstance(s, Pressurise)]
    if fluid:
        yield f"fluid pressure {fluid[-1]:.4g} MPa on all faces of the cell; the bolts hold the lid"
        return
    force = case.closing_force()
    yield f"closing force {force:.4g} N, mean pressure on the areas one may mean:"
    for name, r in case.cell.regions.items():
        yield f"  {name:<18}{r.area:>7.4g} mm2   {force / r.area:.3g} MPa"


def _bolts(case: Case) -> Iterator[str]:
    bolt, places = case.holder.bolt_type(), case.holder.bolt_places()
    if bolt is None:
        return
    proof = proof_load(*bolt)
    yield f"{len(places)} bolts {bolt[0].name}, class {bolt[1].name}, proof load {proof:.4g} N"
    for i, step in enumerate(case.steps):
        if not isinstance(step, Tighten):
            given = ", ".join(
                f"{k} {v}" for k, v in step.model_dump(mode="json", exclude_none=True).items() if k != "do"
            )
            yield f"  steps[{i}] {step.kind_name}: {given}"
            continue
        forces = step.forces(case.cell.regions, bolt, places)
        pulls = case.pulls(step)
        order = ", ".join(n for pull in pulls[: len(places)] for n in pull)
        how = "all at once" if len(pulls) == 1 else f"{len(pulls)} pulls in the order {order}"
        low, high = min(forces.values()), max(forces.values())
        each = f"{high:.4g} N" if high == low else f"{low:.4g} to {high:.4g} N"
        yield f"  steps[{i}] {step.kind_name}: {each} per bolt ({100 * high / proof:.3g} % of proof), {how}"


def _swing(case: Case) -> Iterator[str]:
    """What charging does to the pressure, estimated by springs in series."""
    if not (charges(case.steps) and case.cell.swelling_layers()):
        return
    found = swing_estimate(case)
    terms: dict[str, float] = found["compliance [mm/N]"]
    yield (
        f"charged for the first time the cell grows {found['growth [um]']:.3g} um where it is free, then "
        f"{found['later growth [um]']:.3g} um a cycle; estimated by springs in series:"
    )
    if terms.get("fluid") == inf:
        yield "  the fluid's pressure is kept by a regulator"
        return
    parts = ", ".join(f"{name} {1e6 * c:.3g}" for name, c in terms.items())
    bound = f", at most {found['swing if plates were rigid [MPa]']:.3g} MPa" if "plates" in terms else ""
    later = f"{found['later swing [MPa]']:.3g} MPa a cycle"
    yield f"  mean pressure on the cathode rises by {found['swing [MPa]']:.3g} MPa{bound}; later {later}"
    yield f"  compliance [um/kN]: {parts}"


def materials_text(name: str | None = None) -> str:
    """The table of all materials, or one material with the source of every number."""
    return "\n".join(_one(name) if name else _all())


def _all() -> Iterator[str]:
    yield f"{'name':<14}{'kind':<9}{'E [GPa]':>9}{'nu':>7}{'kg/m3':>7}{'Sy [MPa]':>9}  what"
    for r in library().values():
        e, nu, rho, sy = (r.number(q) for q in ("E", "nu", "density", "yield_strength"))
        numbers = f"{_cell(e, 1e-3):>9}{_cell(nu):>7}{_cell(rho, 1e12):>7}{_cell(sy):>9}"
        yield f"{r.name:<14}{r.kind:<9}{numbers}  {r.title}"


def _cell(value: float | None, factor: float = 1.0) -> str:
    return "-" if value is None else f"{value * factor:.4g}"


def _one(name: str) -> Iterator[str]:
    r = record(name)
    yield f"{r.name}: {r.title} ({r.kind}); also {', '.join(r.aliases)}"
    for quantity, value in r.values.items():
        yield f"  {quantity:<22}{value.text:<16}{value.source}"
    yield from (f"  {label}: {text}" for label, text in (("range", r.range), ("note", r.note)) if text)
