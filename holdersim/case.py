"""Case: one experiment as frozen data, read from a TOML file, every mistake told at once; its identity."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, PrivateAttr

from .assembly import Assembly
from .errors import CaseError, Mistake
from .film import PLANES
from .holder import AnyHolder, Grid, Mesh, mirror_planes, with_causes, with_levels
from .holding import Aim, Locked, brought, named
from .loads import Step, Tighten
from .schedule import AnyStep, charges, course, warms
from .schema import Document, explicit, key, read_toml, some
from .stacks import AnyCell
from .units import Temperature

FORMAT = 1
"""Raised when a default changes, so that old identities stay true."""

HOPELESS = 20.0
"""A gap this many times what the load can close (estimated) is refused."""


class Case(Document):
    """One experiment: a holder, a cell and what is done to them."""

    format: Literal[1] = key(FORMAT, "format of case files")
    title: str = key("", "free text, not part of the identity")
    holder: AnyHolder = key(doc='table with kind = "bare_uniaxial" or another holder')
    cell: AnyCell = key(
        doc='table with kind = "two_electrode", "bilayer", "three_electrode", "stack", "pile" or "pellet"'
    )
    steps: Annotated[tuple[AnyStep, ...], AfterValidator(some)] = key(doc="list of steps")
    temperature: Temperature = key("25 degC", "temperature at which the parts are put together")
    grid: Grid = key({}, "pressure grids")
    mesh: Mesh = key({}, "meshes")
    layers: bool | None = key(
        None, "stress in every layer at chosen states: by default where the case charges"
    )
    symmetry: Literal["auto", "none"] = key("auto", "auto: halves or a quarter where everything is mirrored")
    _warnings: tuple[str, ...] = PrivateAttr(())

    def judge(self, context: Mapping[str, Any]) -> list[Mistake]:
        """Mistakes by physics; warnings are kept."""
        self._name = context.get("name") or _slug(self.title)
        wrong, warnings = self._physics()
        self._warnings = tuple(warnings)
        return wrong

    # -- physical checks -----------------------------------------------------------------------------------

    def _physics(self) -> tuple[list[Mistake], list[str]]:
        """Mistakes and warnings that need more than one key."""
        pairs = [self.cell.check(), self.holder.check(self.cell)]
        bolt, places = self.holder.bolt_type(), self.holder.bolt_places()
        for i, step in enumerate(self.steps):
            where = f"steps[{i}]"
            if isinstance(step, Tighten):
                pairs.append(step.check(where, self.cell.regions, bolt, places))
            else:
                pairs.append(step.judged(where, self.holder, self.cell))
        pairs.append(course(self.steps, self.holder, self.cell, self.temperature))
        pairs.append(self._grid_check())
        known = sorted({la.name for p in self.cell.pouches() for la in p.cell.layers()})
        lost = [n for n in self.grid.inside if n not in known]
        if lost:
            problem = f"the cell has no layer {', '.join(lost)}."
            pairs.append(([Mistake("grid.inside", problem, hint=f"Layers: {', '.join(known)}.")], []))
        wrong = [m for pair in pairs for m in pair[0]]
        if not wrong:
            pairs += [self._closes(), self.holder.under(self.cell, self.closing_force())]
            wrong = [m for pair in pairs[-2:] for m in pair[0]]
        return wrong, [w for pair in pairs for w in pair[1]]

    def _grid_check(self) -> tuple[list[Mistake], list[str]]:
        r, pixel = self.cell.plateau, self.grid.pixel
        short = min(r.x1 - r.x0, r.y1 - r.y0)
        if short / pixel < 8:
            problem = (
                f"{pixel:g} mm leaves {short / pixel:.3g} pixels across the cathode; at least 8 are needed."
            )
            return [Mistake("grid.pixel", problem, hint='Write pixel = "0.5 mm".')], []
        faces = r.area + self.cell.regions["separator"].area
        count = len(self.cell.pouches()) * faces / pixel**2
        if count > 60000:
            problem = f"{pixel:g} mm gives {count:.0f} pixels; at most 60000 can be solved."
            return [Mistake("grid.pixel", problem, hint='Write pixel = "0.5 mm".')], []
        return [], []

    def _closes(self) -> tuple[list[Mistake], list[str]]:
        force = self.closing_force()
        estimate = self.holder.closure(self.cell, force)
        if estimate is None:
            return [], []
        gap, closes = estimate
        load = f"{force / 1000:.3g} kN closes about {1000 * closes:.3g} um"
        text = f"flatness and thickness scatter of {1000 * gap:.3g} um; {load}"
        if gap > HOPELESS * closes:
            hint = "Raise the load, or check the units of the flatness."
            return [Mistake("holder", f"the gap never closes: {text}.", hint=hint)], []
        return [], [f"holder: {text}: part of the cell will stay without pressure"] if gap > closes else []

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Case) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash(self.identity())

    # -- what a case gives ---------------------------------------------------------------------------------

    @property
    def warnings(self) -> list[str]:
        """Things that are allowed but worth a look."""
        return list(self._warnings)

    def pulls(self, step: Step) -> tuple[dict[str, float], ...]:
        """What a step sets in turn: bolts set at once and their forces [N]; the others keep their length."""
        bolt = self.holder.bolt_type()
        if bolt is None or not isinstance(step, Tighten):
            return ()
        return step.pulls(self.cell.regions, bolt, self.holder.bolt_places())

    def final_forces(self, until: Step | None = None) -> dict[str, float]:
        """Force [N] that each bolt is meant to have after it was tightened last, `until` a step is reached."""
        bolt = self.holder.bolt_type()
        number = next((i for i, s in enumerate(self.steps) if s is until), len(self.steps))
        last = [s for s in self.steps[:number] if isinstance(s, Tighten)][-1:]
        if bolt is None or not last:
            return {}
        return last[0].forces(self.cell.regions, bolt, self.holder.bolt_places())

    def closing_force(self) -> float:
        """Force [N] of all bolts that tightening is meant to give."""
        return sum(self.final_forces().values())

    def assembly(self) -> Assembly:
        """Bodies, interfaces and bolts; cut at symmetry planes where bodies, gaps and loads are mirrored."""
        sizes = self.mesh.sizes(self.grid.pixel)
        full = self.holder.build(self.cell, sizes, ())
        planes = mirror_planes(full) if self.symmetry == "auto" and self._even() else ()
        built = self.holder.build(self.cell, sizes, planes) if planes else full
        papers = tuple(PLANES.values()) if any(p.cell.film for p in self.cell.pouches()) else ()
        inside = (*self.grid.inside, *papers)
        built = with_levels(built, inside, self.grid.pixel) if inside else built
        laws = self.cell.laws()
        if not self.charges:  # how growth is shared out matters to growth alone
            laws = {n: law for n, law in laws.items() if law[1] is not None}
        return with_causes(built, self.swelling, warms(self.steps), laws, self.cell.active_areas())

    @property
    def charges(self) -> bool:
        """Whether a step charges the cell."""
        return charges(self.steps)

    @property
    def warms(self) -> bool:
        """Whether a step changes the temperature."""
        return warms(self.steps)

    @property
    def swelling(self) -> frozenset[str]:
        """Names "solid.layer" of the layers whose growth is followed."""
        locked = [s for s in self.steps if isinstance(s, Locked)]
        given = {n for s in locked for layer in s.grows for n in named(self.cell, layer)}
        laws = any(
            s.charges and not s.grows for s in locked
        )  # a file that gives thicknesses gives all of them
        return frozenset(given | set(self.cell.swelling_layers() if laws else ()))

    def begun(self, amounts: Mapping[str, float]) -> dict[str, float]:
        """Amounts with the temperature and state of charge that the case begins with, where its steps change them."""
        temperature = {"temperature": self.temperature, "warming": 0.0} if self.warms else {}
        return temperature | ({"soc": 0.0} if self.charges else {}) | dict(amounts)

    def brought(self, amounts: Mapping[str, float], aim: Aim) -> dict[str, float]:
        """Amounts of the bodies' loads once an aim of a step is reached."""
        return brought(self.holder, self.cell, self.temperature, amounts, aim)

    def _even(self) -> bool:
        """True if every step pulls all bolts at once with the same force."""
        pulls = [self.pulls(s) for s in self.steps if isinstance(s, Tighten)]
        count = len(self.holder.bolt_places())
        return all(len(p) == 1 and len(p[0]) == count and len(set(p[0].values())) == 1 for p in pulls)

    def to_dict(self) -> dict[str, Any]:
        """Every value, defaults included, quantities as text with units; `Case(**d)` gives the case back."""
        return self.model_dump(mode="json", exclude_none=True)

    def with_(self, where: str, value: Any) -> Case:
        """A new case with one key changed, as in `case.with_("holder.thickness", "12 mm")`."""
        data: Any = self.to_dict()
        path = [int(p) if p.isdigit() else p for p in re.findall(r"[^.\[\]]+", where)]
        inner = data
        for part in path[:-1]:
            inner = inner.setdefault(part, {}) if isinstance(inner, dict) else inner[part]
        inner[path[-1]] = value
        return Case.model_validate(data, context={"name": self.name, "source": self.name})

    def identity(self) -> str:
        """First 10 hex digits of the SHA-256 over format and what differs from the defaults, title apart."""
        data = {k: v for k, v in explicit(self).items() if k != "title"} | {"format": self.format}
        text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:10]


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")[:40] or "case"


OTHERS = {
    "sweep": ("a sweep", "holdersim sweep plan {}, then holdersim sweep run"),
    "free": ("a design study", "holdersim optimise {}"),
    "scatter": ("a tolerance study", "holdersim tolerance {}"),
    "ratings": ("a weight study", "holdersim weigh {}"),
}
"""Tables and keys that no case has, and the files that they tell of."""


def of_another_kind(data: Mapping[str, Any], path: str | Path) -> list[Mistake]:
    """What a file is that is no single case, and the command it is meant for; empty where none is recognised."""
    for name, (what, command) in OTHERS.items():
        if name in data:
            hint = f"Use {command.format(path)}."
            return [Mistake(name, f"no single case has this; the file is {what}.", hint=hint)]
    return []


def read_case(path: str | Path) -> Case:
    """The case in a TOML file; CaseError with every mistake."""
    data, context = read_toml(path)
    other = of_another_kind(data, path)
    if other:
        raise CaseError(str(path), other)
    return Case.model_validate(data, context=context)
