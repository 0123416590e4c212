"""Which rows share their superelements: found on one row of each kind, without a mesh; and what making them costs.

Groups decide in which order rows are solved, never what comes out: a wrong guess costs time only.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..assembly import Assembly, Block, LayerStack, Plate
from ..case import Case
from ..errors import HoldersimError
from ..holding import Locked
from ..loads import Tighten
from .cases import Cases
from .sharing import superelements
from .vary import Row

BUILT = ("holder", "cell", "grid", "mesh")
"""Tables of a case that its bodies are made from; of steps only what `Case.assembly` asks of them."""
PROBED, LOOKED_AT = 4, 400
"""Values of each key that are tried, and kinds of rows whose bodies are looked at, at most."""


def built_from(case: Case, row: Row, shared: Sequence[str]) -> str:
    """Short text, equal for rows whose bodies are surely the same; shared: keys known not to change them."""
    kept = {
        k: v for k, v in row.items() if k not in shared and _table(k) in (*BUILT, "symmetry", "temperature")
    }
    flags = (case.charges, case.warms, sorted(case.swelling), case.symmetry == "auto" and case._even())
    return hashlib.sha256(json.dumps([kept, flags], sort_keys=True, default=str).encode()).hexdigest()[:16]


def _table(key: str) -> str:
    return re.split(r"[.\[]", key, maxsplit=1)[0]


def shared_keys(cases: Cases, rows: Sequence[Row]) -> list[str]:
    """Varied keys that leave the superelements as they are, by trying some of their values on the first row."""
    if not rows:
        return []
    first = rows[0]
    before = superelements(cases.case(first).assembly())
    out = []
    for key in first:
        if _table(key) not in BUILT:
            continue
        values = list({json.dumps(r.get(key)): r.get(key) for r in rows}.values())
        step = max(1, len(values) // PROBED)
        try:
            found = [
                superelements(cases.case(first | {key: v}).assembly()) for v in [*values[::step], values[-1]]
            ]
        except HoldersimError:
            continue
        if all(f == before for f in found):
            out.append(key)
    return out


@dataclass(frozen=True)
class Need:
    """What the rows of one kind need: superelements by name, seconds to make each, and of one row; bytes of each."""

    names: dict[str, float]
    size: dict[str, float]
    row: float


def need(case: Case) -> Need:
    """Superelements of a case, and what they and a row are estimated to cost."""
    assembly = case.assembly()
    names = superelements(assembly)
    pixels = _pixels(assembly)
    making = {names[s.name]: _seconds(s.shape) for s in assembly.solids if names[s.name]}
    each = 0.05 + 1.3e-10 * pixels**3 if all(names.values()) else 120.0
    return Need(making, dict.fromkeys(making, 8.0 * pixels**2), _states(case) * each)


def _pixels(assembly: Assembly) -> float:
    share = 0.5 ** len(assembly.symmetry)
    return sum(share * i.region.area / i.pixel**2 for i in assembly.interfaces)


def _states(case: Case) -> int:
    now: Mapping[str, float] = case.begun({})
    count = 0
    for step in case.steps:
        if isinstance(step, Tighten):
            count += len(case.pulls(step))
        elif isinstance(step, Locked):
            count += sum(1 for _ in step.aims(now))
    return max(count, 1)


def _seconds(shape: Any) -> float:
    """Seconds to condense a body of this shape on one core, within a factor of about three."""
    if isinstance(shape, LayerStack):
        columns = shape.fine.area / shape.size**2
        unknowns = 3 * columns * (1 + sum(la.sublayers for la in shape.layers))
    elif isinstance(shape, Plate):
        unknowns = 3 * 4 * shape.length * shape.width / shape.size**2 * (1 + 2 * shape.layers) / 3
    elif isinstance(shape, Block):
        unknowns = 3 * 8 * len(shape.x) * len(shape.y) * len(shape.z)
    else:
        return 30.0
    return float((unknowns / 2e4) ** 1.35)
