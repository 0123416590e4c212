"""Ratios of CPU time taken in one run: first solves, a further point, the cache, and CalculiX.

    env/run python -m benchmarks            everything, some ten minutes
    env/run python -m benchmarks --quick    without the 10k grid and CalculiX
    env/run python -m benchmarks --small    without the grids: alloys, residuals and Hertz, some seconds
    env/run python -m benchmarks --calculix 20   CalculiX solves every point of its row, not one times 20: hours

One thread, CPU time, so that a busy machine disturbs little. "First solve" is condensing both bodies and solving the
contact problem; the denominator is one factorisation of plate and stack as one matrix, by whichever of our
dissection and PETSc's MUMPS is faster. Meshing and assembly are the same for both and left out.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from holdersim import superelement
from holdersim.assembly import Assembly, Interface, Layer, LayerStack, Plate, Rect, Solid
from holdersim.body import Body
from holdersim.contact import active_set
from holdersim.dissection import condense
from holdersim.grid import averages
from holdersim.materials.elastic import Elastic
from holdersim.network import OWN
from holdersim.solve import Model, build_body

FOOTPRINT = Rect.centred(50.0, 20.0)
FORCE = 1250.0
STEEL = Elastic("steel", 193e3, 0.29)


def cpu(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of a call, and what it returns."""
    began = time.process_time()
    out = work()
    return time.process_time() - began, out


def flatness(seed: float) -> Callable[[Any, Any], Any]:
    """Gap [mm] of 20 um dish and 5 um waves; `seed` shifts the waves."""
    return lambda x, y: (
        0.02 * (1 - (x / 25) ** 2) + 0.0025 * (1 + np.cos(x / 3 + seed) * np.cos(y / 2 + seed))
    )


def setup(pixel: float) -> Assembly:
    """Quarter of a 10 mm plate, pressed at its back's rim, on a stack of 0.5 mm that lies on a rigid base."""
    materials = [Elastic("soft", 2.3e3, 0.38), Elastic("copper", 110e3, 0.34), Elastic("pellet", 5e3, 0.3)]
    thick = (0.1, 0.02, 0.2, 0.1, 0.02, 0.06)
    which = (0, 1, 2, 2, 1, 0)
    layers = tuple(
        Layer(f"l{i}", t, FOOTPRINT, materials[w]) for i, (t, w) in enumerate(zip(thick, which, strict=True))
    )
    stack = LayerStack(layers, FOOTPRINT, pixel / 2, pixel / 2)
    plate = Plate(80, 60, 10, (), (), FOOTPRINT, 1.4, 4.0, 2)
    planes = ("x0", "y0")

    def rim(x: Any, y: Any, z: Any) -> Any:
        out = np.zeros((3, *x.shape))
        out[2] = -FORCE / 4 / 300.0 * (x > 30.0)
        return out

    return Assembly(
        (
            Solid("stack", stack, None, 1, symmetry=planes, fixed={"bottom": "z"}),
            Solid("plate", plate, STEEL, 2, sum(thick), symmetry=planes, tractions={"back": rim}),
        ),
        (Interface("i", "stack.top", "plate.press", FOOTPRINT, pixel, flatness(0.0)),),
        symmetry=planes,
    )


def monolithic(model: Model) -> tuple[sp.csr_matrix, Any, Any]:
    """Plate and stack as one matrix, coupled over all pixels, with coordinates and node of each unknown."""
    bodies = [model.parts[n].condenser.body for n in ("stack", "plate")]
    joint = model.joints["i"]
    means = [_means(b, f, joint.grid) for b, f in zip(bodies, ("top", "press"), strict=True)]
    jump = sp.hstack([means[0][:, bodies[0].free], -means[1][:, bodies[1].free]])
    k = sp.block_diag([b.stiffness[b.free][:, b.free] for b in bodies])
    k = sp.csr_matrix(k + 1e4 * jump.T @ jump)
    points = np.vstack([b.coordinates for b in bodies])
    node = np.concatenate([bodies[0].free // 3, len(bodies[0].coordinates) + bodies[1].free // 3])
    return k, points, node


def _means(body: Body, face: str, grid: Any) -> sp.csr_matrix:
    rows = averages(body.face(face), grid, len(body.coordinates))[0].tocoo()
    return sp.csr_matrix((rows.data, (rows.row, 3 * rows.col + 2)), (grid.size, body.dofs))


def mumps(k: sp.csr_matrix) -> float:
    """CPU seconds of PETSc's MUMPS Cholesky factorisation with its best built-in ordering (PORD); inf without it."""
    try:
        from petsc4py import PETSc
    except ImportError:
        return float("inf")
    a = PETSc.Mat().createAIJ(k.shape, csr=(k.indptr, k.indices, k.data))
    a.setOption(PETSc.Mat.Option.SPD, True)
    pc = PETSc.PC().create()
    pc.setOperators(a)
    pc.setType("cholesky")
    pc.setFactorSolverType("mumps")
    pc.setFactorSetUpSolverType()
    pc.getFactorMatrix().setMumpsIcntl(7, 4)
    return cpu(pc.setUp)[0]


def plain(k: sp.csr_matrix, points: Any, node: Any, ours: bool) -> float:
    """CPU seconds of one plain factorisation: MUMPS, or our dissection where that is asked for and faster."""
    other = mumps(k)
    if not ours and np.isfinite(other):
        return other
    own = cpu(lambda: condense(k, sp.csc_matrix((k.shape[0], 0)), points, node))[0]
    print(f"  one factorisation of {k.shape[0]} unknowns: dissection {own:.1f} s, MUMPS/PORD {other:.1f} s")
    return min(own, other)


def timed_model(assembly: Assembly) -> tuple[float, Model]:
    """CPU seconds spent condensing, without meshing and assembly, and the model."""
    spent: list[float] = []

    def timed(*given: Any, **options: Any) -> Any:
        seconds, out = cpu(lambda: condense(*given, **options))
        spent.append(seconds)
        return out

    superelement.condense = timed  # type: ignore[assignment]
    try:
        model = Model(assembly, cache=None, keep=False)
    finally:
        superelement.condense = condense
    return sum(spent), model


def first_and_further(pixel: float, name: str, target: float, warm_target: float, ours: bool) -> None:
    """Print the rows of a first solve and of a further point at one grid."""
    made, model = timed_model(setup(pixel))
    solve, state = cpu(partial(model.tighten, {}))
    problem, _ = model.problem({}, np.zeros(0), OWN, np.zeros(0))
    changed = problem.gap + 1e-3 * np.cos(np.arange(model.pixels) / 40.0)
    new = type(problem)(problem.compliance, changed, problem.slack, problem.modes, problem.load)
    warm, _ = cpu(partial(active_set, new, state.x > 0))
    row("largest contact residual, relative to the load", max(state.certificates.values()), 1e-9)
    dofs = {k: p.condenser.body.dofs for k, p in model.parts.items()}
    print(f"\n{name}: n = {model.pixels}, unknowns {dofs}, contact in {state.solution.iterations} iterations")
    print(f"  condense {made:.1f} s, contact {solve:.2f} s, a further point {warm:.3f} s")
    del problem, new, state
    model.compliance = np.zeros((0, 0))
    row("first solve / one factorisation", (made + solve) / plain(*monolithic(model), ours), target)
    stack = model.parts["stack"].condenser.body
    del model
    k = stack.stiffness[stack.free][:, stack.free]
    one = plain(k, stack.coordinates, stack.free // 3, ours)
    row("a further point, warm / stack's factorisation", warm / one, warm_target)
    if ours:
        with tempfile.TemporaryDirectory() as folder:
            cached(setup(pixel), Path(folder))
    print(f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB", flush=True)


def cached(assembly: Assembly, cache: Path) -> None:
    """Print the row of the cache: fetching all superelements against making them, meshes included."""
    stack = assembly.solids[0]
    plate = Solid("plate", assembly.solids[1].shape, STEEL, 2, symmetry=assembly.symmetry)
    alike = Assembly((stack, plate), assembly.interfaces, symmetry=assembly.symmetry)
    make, model = cpu(lambda: Model(alike, cache=cache, keep=False))
    parts = [p.condenser for p in model.parts.values()]
    again = [superelement.Condenser(c.solid, c.links, build_body, cache) for c in parts]
    read, _ = cpu(lambda: [c.get() for c in again])
    assert all(c.from_cache for c in again)
    row("superelements from the cache / making them", read / make, 0.02)


def alloys(pixel: float) -> None:
    """Print the rows of an alloy and of a modulus changed at a known geometry: bodies condensed again."""
    first = setup(pixel)
    stack, plate = first.solids
    plate = replace(plate, tractions={})  # what is loaded is not kept on the shelf
    counted: list[int] = []

    def counting(*given: Any, **options: Any) -> Any:
        counted.append(1)
        return condense(*given, **options)

    print(f"\nAlloys at one geometry, {pixel} mm pixels")
    superelement.condense = counting  # type: ignore[assignment]
    try:
        with tempfile.TemporaryDirectory() as folder:
            for alloy in (
                STEEL,
                *(replace(STEEL, name=f"alloy {k}", E=STEEL.E * k / 10) for k in range(3, 9)),
            ):
                solids = (stack, replace(plate, material=alloy))
                Model(replace(first, solids=solids), cache=Path(folder), keep=False)
                if alloy is STEEL:
                    row("condensations for the first alloy", len(counted), 2)
                    counted.clear()
    finally:
        superelement.condense = condense
    row("condensations for six more moduli", len(counted), 0)


def hertz() -> None:
    """Print the rows of a rigid sphere on a block, 8 pixels per contact radius: the problem V3 of the tests."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "verification"))
    from test_hertz import round_mean, sphere

    a, p0 = 0.689511, 502.145
    print("\nHertz, point contact, 8 pixels per radius")
    state = sphere(8, a)
    p, wanted = state.pressure("contact"), round_mean(state, a, p0)
    row("centre pressure, relative error", abs(p[0, 0] / wanted[0, 0] - 1), 0.01)
    row("pressure, L2 error", float(np.sqrt(((p - wanted) ** 2).sum() / (wanted**2).sum())), 0.05)
    row("largest contact residual, relative to the load", max(state.certificates.values()), 1e-9)


def row(what: str, value: float, target: float, at_least: bool = False) -> None:
    """Print one ratio beside its target."""
    good = value >= target if at_least else value <= target
    sign = ">=" if at_least else "<="
    print(f"  {what:52}{value:9.3g}   target {sign} {target:g}   {'reached' if good else 'MISSED'}")


GRIDS = {"4k": (0.25, "4k grid", 1.3, 0.005, True), "10k": (25 / 160, "10k grid", 1.5, 0.01, False)}


def main() -> None:
    """Run the benchmarks asked for, each grid in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="without the 10k grid and CalculiX")
    parser.add_argument("--small", action="store_true", help="without the grids and CalculiX")
    parser.add_argument("--grid", choices=GRIDS, help="one grid only")
    parser.add_argument("--calculix", type=int, default=1, help="points that CalculiX solves, of 20")
    options = parser.parse_args()
    if options.grid:
        first_and_further(*GRIDS[options.grid])
        return
    alloys(1.0)
    hertz()
    if options.small:
        return
    for grid in ["4k"] if options.quick else GRIDS:
        done = subprocess.run([sys.executable, "-m", "benchmarks", "--grid", grid], check=False)
        if done.returncode:
            print(f"  the {grid} grid did not finish (exit {done.returncode}): it needs some 20 GB of memory")
    if not options.quick:
        from .calculix import compare

        compare(options.calculix)


if __name__ == "__main__":
    main()
