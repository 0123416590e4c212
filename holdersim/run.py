"""The pipeline: a case becomes an assembly, superelements, states step by step, and a stored result."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

from . import layer_stress, metrics, ordering, record, steps, tabs
from . import results as store
from .assembly import Assembly
from .case import Case
from .diary import DEFINITIONS as HISTORY
from .diary import Diary
from .errors import PhysicsRefused
from .layer_stress import Chosen, layers_of
from .nonlinear import model_of
from .solve import Model
from .state import State
from .superelement import cache_folder

log = logging.getLogger(__name__)


def run(
    case: Case,
    results: Path | str = "results",
    *,
    force: bool = False,
    pictures: bool = True,
    fields: bool = True,
) -> store.Result:
    """The stored result of a case: solved now, or read back when it is there already.

    fields: also displacement and stress inside every body. They need a factorisation of each body, the maps and
    numbers of a case whose superelements are in the cache do not; without them there is no yield safety.
    Raises NotConvergedError or PhysicsRefused and then leaves <identity>.failed/error.json, never a summary.
    """
    force = force or (fields and _without_fields(Path(results) / case.name / case.identity()))
    with store.RunFolder(Path(results), case.name, case.identity(), force=force) as folder:
        if folder.finished:
            log.info("this case is solved already: %s", folder.folder)
            return folder.finished
        began = time.perf_counter()
        for warning in case.warnings:
            log.warning("%s", warning)
        assembly = case.assembly()
        model = model_of(
            assembly, cache=cache_folder(), keep=fields, progress=lambda text: log.info("%s", text)
        )
        log.info(
            "%d pixels, %d bolts, symmetry: %s",
            model.pixels,
            len(assembly.bolts),
            assembly.symmetry or "none",
        )
        seconds = {"superelements": time.perf_counter() - began}
        chosen = Chosen()
        diary = Diary(case, model)
        states = _steps(case, model, folder, chosen, diary)
        seconds["steps"] = time.perf_counter() - began - seconds["superelements"]
        folder.step = "recover"
        layers = layers_of(case, model, chosen, folder.path, fields)
        stresses, residuals = _fields(model, list(states.values())[-1], folder.path) if fields else ({}, {})
        data = record.maps(states, diary.peaks).assign(diary.maps())
        told = {"history": diary.rows, "events": diary.events}
        summary = _summary(case, model, states, data, stresses, residuals) | told | layers
        seconds["total"] = time.perf_counter() - began
        folder.finish(summary | {"seconds": seconds}, data, case.to_dict())
    result = store.open_result(folder.folder)
    if pictures:
        draw(result)
    return result


def _without_fields(folder: Path) -> bool:
    return store.is_complete(folder) and not store.read_summary(folder).get("von_mises_max_MPa")


def _fields(model: Model, state: State, folder: Path) -> tuple[dict[str, float], dict[str, float]]:
    log.info("displacement and stress of every body")
    return record.write_fields(model, state, folder / "fields")


def _steps(
    case: Case, model: Model, folder: store.RunFolder, chosen: Chosen, diary: Diary
) -> dict[str, State]:
    """State after each step by its name; every state is taken down in the diary."""
    states: dict[str, State] = {}
    state: State | None = None
    for number, step in enumerate(case.steps, 1):
        kind = step.kind_name
        folder.step = kind if kind not in states else f"{kind} {number}"
        for k, reached in enumerate(steps.advance(case, model, step, state), 1):
            state = reached
            chosen.offer(state, folder.step, k)
            log.info("%s, state %d: %d iterations", folder.step, k, state.solution.iterations)
            steps.check_state(state, folder.step, steps.loosened(case, step))
            diary.note(state, folder.step, k, steps.sets_pressure(step))
        if state is not None:
            states[folder.step] = state
    return states


def _summary(
    case: Case,
    model: Model,
    states: dict[str, State],
    data: Any,
    stresses: dict[str, float],
    residuals: dict[str, float],
) -> dict[str, Any]:
    assembly = model.assembly
    numbers = [record.step_numbers(s, data, name, case.grid.film) for name, s in states.items()]
    last = list(states.values())[-1]
    numbers[-1]["safety"] = record.safety(last, stresses)
    for step, state in zip(numbers, states.values(), strict=True):
        found = case.holder.findings(case.cell, state)
        step |= {"findings": found} if found else {}
        aid = ordering.of_cathodes(assembly.planes, data, step["name"], case.grid.film)
        step |= {"ordering": aid} if aid else {}
    cell_mass = {"cell": case.cell.mass} if hasattr(case.cell, "mass") else {}
    return {
        "title": case.title,
        "case": case.name,
        "identity": case.identity(),
        "holdersim": store.provenance(0.0)["holdersim"],
        "steps": numbers,
        "certificates": record.certificates(states, data, model.limits, residuals),
        "mass_g": {n: 1e6 * m for n, m in (assembly.masses | cell_mass).items()},
        "von_mises_max_MPa": stresses,
        "mesh": {
            "symmetry": list(assembly.symmetry),
            "pixels": model.pixels,
            "unknowns": {n: p.condenser.dofs for n, p in model.parts.items()}
            | {n: p.body.dofs for n, p in model.whole.items()},
            "from_cache": {n: p.condenser.from_cache for n, p in model.parts.items()},
        },
        "film_mm": case.grid.film,
        "drawing": store.drawing(assembly),
        "definitions": metrics.DEFINITIONS
        | record.DEFINITIONS
        | HISTORY
        | layer_stress.DEFINITIONS
        | ordering.DEFINITIONS,
        "warnings": case.warnings + _found(case, assembly, data, numbers[-1]["name"]),
    }


def _found(case: Case, assembly: Assembly, data: Any, step: str) -> list[str]:
    """Warnings that only the solution can give."""
    told = tabs.warnings(case.cell, assembly.planes, data, step)
    for warning in told:
        log.warning("%s", warning)
    return told


def draw(result: store.Result) -> list[Path]:
    """Pictures of a result; a picture that fails is reported and fails nothing else."""
    from . import plots, plots3d

    log.info("pictures")
    try:
        cut = plots3d.cutaway(result.folder)
        return plots.draw(result.folder) + ([cut] if cut else [])
    except Exception as problem:
        log.warning("pictures could not be drawn: %s: %s", type(problem).__name__, problem)
        return []


WATCHED = ("Mean contact pressure [MPa]", "CV [-]", "p5 [MPa]", "p50 [MPa]", "p95 [MPa]")
FINER = 2 / 3
"""Size of pixel and elements in a refined run, against the run itself."""
BENT = "Peak-to-valley [um]"


def refine(case: Case, results: Path | str = "results") -> str:
    """Table of the main numbers of a case and of the same with pixel and elements of 2/3 the size.

    The finer one is only solved for its numbers; the table is kept as refine.txt in the result's folder.
    """
    coarse = run(case, results)
    finer = case.with_("grid.pixel", f"{case.grid.pixel * FINER!r} mm")
    for key in ("plate_size", "plate_coarse", "cell_size", "cell_coarse"):
        finer = finer.with_(f"mesh.{key}", f"{getattr(case.mesh, key) * FINER!r} mm")
    finer = finer.with_("mesh.plate_layers", case.mesh.plate_layers + 1)
    log.info("the same with pixel and elements of %.2g times the size", FINER)
    model = model_of(
        finer.assembly(), cache=cache_folder(), keep=False, progress=lambda text: log.info("%s", text)
    )
    state: State | None = None
    for step in finer.steps:
        for reached in steps.advance(finer, model, step, state):
            state = reached
    if state is None:
        raise PhysicsRefused("the case has no step that loads anything")
    fine = record.step_numbers(state, record.maps({"last": state}, {}), "last", finer.grid.film)
    table = _table(coarse.at(), fine, finer.grid.pixel)
    (coarse.folder / "refine.txt").write_text(table + "\n", encoding="utf-8")
    return table


def _table(coarse: dict[str, Any], fine: dict[str, Any], pixel: float) -> str:
    rows = [
        (f"{i}: {m}", n[m], fine["interfaces"][i][m])
        for i, n in coarse["interfaces"].items()
        for m in WATCHED
    ]
    for plate, numbers in coarse["plates"].items():
        rows.append((f"{plate}: {BENT}", numbers[BENT], fine["plates"][plate][BENT]))
    lines = [f"{'':44}{'this':>12}{'finer':>12}{'change':>11}"]
    for name, a, b in rows:
        change = abs(b - a) / abs(b) if b else abs(a)
        lines.append(f"{name:44}{a:12.5g}{b:12.5g}{100 * change:9.2f} %")
    return "\n".join([*lines, f"finer: pixel {pixel:g} mm, elements of 2/3 the size"])
