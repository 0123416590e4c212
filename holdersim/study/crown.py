"""Crowned plates: the shape of the press faces that makes the pressure even at a given load.

An even pressure p0 on the target is known, so the gaps that it needs follow without a search,
    g = -(free + B t + C f + R alpha),  f = p0 area on the target, 0 elsewhere.
How a thin cell then arches is left to chance: only the sum of both gaps counts, and each plate takes half. Crowns of
one number (cylinders, dish) are fitted to the CV of a map, with the adjoint as gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.optimize
from numpy.typing import NDArray
from scipy.interpolate import RegularGridInterpolator

from ..assembly import Gap, Plate, Rect
from ..case import Case
from ..errors import CaseError, Mistake, PhysicsRefused
from ..joint import Joint
from ..loads import Tighten
from ..materials.rubber import Rubber
from ..metrics import inside
from ..record import centres, unfold
from ..solve import Model
from ..superelement import cache_folder
from .reading import NUMBERS, Reading, reading
from .response import Response

Array = NDArray[np.float64]

LOADS = (0.25, 0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0)
"""Shares of the load at which each shape is judged."""
CV = NUMBERS[1]
LARGEST = 0.5
"""Largest height [mm] of a simple crown that is tried."""
UNBALANCED = 1e-3
"""Share of the load by which an even pressure may miss the balance with the bolts."""


@dataclass(frozen=True)
class Face:
    """The press face of one plate: which joint it meets, and what it lies back (n,) [mm] where it follows the cell."""

    side: str
    joint: Joint
    back: Array


@dataclass(frozen=True)
class Crowned:
    """One shape: distances back of every face [mm] by side, numbers by share of the load, its pressure map [MPa]."""

    name: str
    back: dict[str, Gap]
    height: float | None
    numbers: dict[float, dict[str, float]]
    map: Array


@dataclass(frozen=True)
class Crown:
    """Flat faces, the ideal shape and the simple ones, with the reading that judges them."""

    case: Case
    at: str
    reading: Reading
    faces: tuple[Face, ...]
    shapes: tuple[Crowned, ...]
    press: Rect
    symmetry: tuple[str, ...]

    def shape(self, name: str) -> Crowned:
        """A shape by its name."""
        return next(s for s in self.shapes if s.name == name)


def find_crown(case: Case, at: str = "cathode") -> Crown:
    """The crown of a case with two plates that is tightened in one step; at: the map that judges."""
    flat, bolts, response = _flat(case)
    read = reading(response, at, case.grid.film)
    faces = tuple(_faces(response, _even(response, flat, bolts), bolts))
    start = response.press(response.gap, bolts)
    shapes = [_judged("flat", {f.side: _level for f in faces}, None, response, faces, bolts, read)]
    press = flat.cell.regions["separator"]
    half = _half_sum(faces, response.model.assembly.symmetry, flat.cell.plateau)
    ideal = {f.side: half for f in faces}
    shapes.append(_judged("ideal", ideal, None, response, faces, bolts, read))
    sizes = flat.holder.length, flat.holder.width  # type: ignore[attr-defined]
    for name, form in _forms(*sizes).items():
        height = _fitted(form, response, faces, bolts, read, start.active)
        shapes.append(_judged(name, {f.side: _times(height, form) for f in faces}, height,
                              response, faces, bolts, read))  # fmt: skip
    return Crown(case, at, read, faces, tuple(shapes), press, response.model.assembly.symmetry)


def _flat(case: Case) -> tuple[Case, Array, Response]:
    """The case with plane plates, its bolt forces [N], and its response."""
    holder, wrong = case.holder, []
    if not hasattr(holder, "plate") or not hasattr(holder, "top"):
        wrong.append(Mistake("holder", "has no plates that could be crowned.", holder.kind_name))
    steps = case.steps
    if len(steps) != 1 or not isinstance(steps[0], Tighten) or steps[0].sequence != "together":
        wrong.append(Mistake("steps", "a crown is made for one step that tightens all bolts together."))
    if wrong:
        raise CaseError(case.name, wrong)
    for side in ("plate", "top", "bottom"):
        case = case.with_(f"holder.{side}.flatness", {})
    assembly = case.assembly()
    if any(isinstance(s.material, Rubber) for s in assembly.solids):
        raise PhysicsRefused("rubber follows the face of a plate: there is no crown to be computed for it")
    model = Model(assembly, cache_folder(), keep=False)
    forces = case.final_forces()
    return case, np.array([forces[b.name] for b in assembly.bolts]), Response(model)


def _even(response: Response, case: Case, bolts: Array) -> Array:
    """Pixel forces (n,) [N] of an even pressure over the cathode's footprint that balances the bolts."""
    f: Array = np.zeros(response.pixels)
    target = case.cell.plateau
    for j in response.model.joints.values():
        x, y = (0.5 * (lines[1:] + lines[:-1]) for lines in (j.grid.x, j.grid.y))
        area = np.nan_to_num(j.map(j.area))
        f[j.span] = inside(target, area, x, y).ravel()[j.pixels]
    load = response.offset(response.gap, bolts)[1]
    pull = response.modes.T @ f
    f = f * float(-(pull @ load) / (pull @ pull))
    on = f > 0
    miss = response.modes.T @ f + load
    if np.abs(miss).max() > UNBALANCED * np.abs(load).max():
        raise PhysicsRefused(
            "an even pressure cannot balance the bolts: their resultant is not in the middle of the cathode. "
            "Move the bolts or the cell."
        )
    f[on] -= (
        response.modes[on] @ np.linalg.lstsq(response.modes[on].T @ response.modes[on], miss, rcond=1e-12)[0]
    )
    return f


def _faces(response: Response, f: Array, bolts: Array) -> list[Face]:
    """What each plate lies back where it just follows the cell under pixel forces f."""
    plates = {s.name for s in response.model.assembly.solids if isinstance(s.shape, Plate)}
    moved = response.offset(np.zeros(response.pixels), bolts)[0] + response.compliance @ f
    on = f > 0
    alpha = np.linalg.lstsq(response.modes[on], -moved[on], rcond=1e-11)[0]
    back = -(moved + response.modes @ alpha) - response.gap
    out = []
    for j in response.model.joints.values():
        sides = [s.split(".")[0] for s in (j.interface.below, j.interface.above)]
        plate = [s for s in sides if s in plates]
        if len(plate) != 1:
            raise PhysicsRefused(f"{j.interface.name} has no plate on one side: its shape is not free")
        here = back[j.span]
        out.append(Face(plate[0].removesuffix("_plate"), j, here - here.min()))
    return out


# -- shapes --------------------------------------------------------------------------------------------------


def _level(x: Array, y: Array) -> Array:
    return np.zeros(np.broadcast(x, y).shape)


def _forms(length: float, width: float) -> dict[str, Gap]:
    """Simple crowns that lie back by 1 at the ends (dish: at the corners) of plates."""
    return {
        "cylinder, bent along x": lambda x, y: (2 * x / length) ** 2 + 0 * y,
        "cylinder, bent along y": lambda x, y: (2 * y / width) ** 2 + 0 * x,
        "dish": lambda x, y: 4 * (x**2 + y**2) / (length**2 + width**2),
    }


def _times(height: float, form: Gap) -> Gap:
    return lambda x, y: height * form(x, y)


def _filled(face: Face, symmetry: tuple[str, ...]) -> tuple[Array, Array, Array]:
    """Centres x, y [mm] of the whole face and its distances back (ny, nx) [mm], nearest where it meets nothing."""
    grid = face.joint.grid
    x, y = (centres(lines, p in symmetry) for lines, p in ((grid.x, "x0"), (grid.y, "y0")))
    values = unfold(face.joint.map(face.back), symmetry)
    met = np.isfinite(values)
    rows, columns = np.flatnonzero(met.any(axis=1)), np.flatnonzero(met.any(axis=0))
    i, j = (near[np.abs(np.arange(n)[:, None] - near).argmin(axis=1)]
            for n, near in ((len(y), rows), (len(x), columns)))  # fmt: skip
    return x, y, values[np.ix_(i, j)]


def _half_sum(faces: tuple[Face, ...], symmetry: tuple[str, ...], target: Rect) -> Gap:
    """Half of what all faces lie back together; beyond the target the parabola through it, at least the edge value."""
    grids = [_filled(f, symmetry) for f in faces]
    x, y, _ = min(grids, key=lambda g: g[2].size)
    x, y = x[(x >= target.x0) & (x <= target.x1)], y[(y >= target.y0) & (y <= target.y1)]
    gx, gy = np.meshgrid(x, y)
    total = np.mean([_bilinear(*g)(gx, gy) for g in grids], axis=0)
    total = total - total.min()
    fit = np.linalg.lstsq(_squares(gx.ravel(), gy.ravel()), total.ravel(), rcond=None)[0]
    inner = _bilinear(x, y, total)

    def shape(px: Array, py: Array) -> Array:
        px, py = np.broadcast_arrays(np.asarray(px, dtype=float), np.asarray(py, dtype=float))
        near, beyond = inner(px, py), _squares(px.ravel(), py.ravel()) @ fit
        out = (px < x[0]) | (px > x[-1]) | (py < y[0]) | (py > y[-1])
        return np.where(out, np.maximum(near, beyond.reshape(px.shape)), near)

    return shape


def _squares(x: Array, y: Array) -> Array:
    return np.column_stack([np.ones_like(x), x, y, x**2, x * y, y**2])


def _bilinear(x: Array, y: Array, back: Array) -> Gap:
    """Values between the points of a grid; beyond it those at its edge."""
    found = RegularGridInterpolator((y, x), back)

    def shape(px: Array, py: Array) -> Array:
        px, py = np.clip(px, x[0], x[-1]), np.clip(py, y[0], y[-1])
        return np.asarray(found(np.stack([py, px], axis=-1)))

    return shape


def _gap(response: Response, faces: tuple[Face, ...], back: dict[str, Gap]) -> Array:
    gap = response.gap.copy()
    for f in faces:
        x, y = (c[f.joint.pixels] for c in f.joint.grid.centres)
        gap[f.joint.span] += back[f.side](x, y)
    return gap


def _judged(
    name: str, back: dict[str, Gap], height: float | None, response: Response, faces: tuple[Face, ...],
    bolts: Array, read: Reading,
) -> Crowned:  # fmt: skip
    gap, numbers, guess = _gap(response, faces, back), {}, None
    for share in LOADS:
        pressed = response.press(gap, share * bolts, guess)
        guess = pressed.active
        numbers[share] = {n: float(v[0]) for n, v in read.numbers(pressed.force).items()}
        if share == 1.0:
            shown = read.maps(pressed.force)
    return Crowned(name, back, height, numbers, shown)


def _fitted(
    form: Gap,
    response: Response,
    faces: tuple[Face, ...],
    bolts: Array,
    read: Reading,
    guess: NDArray[np.bool_],
) -> float:
    """Height [mm] of a simple crown, the same on all plates, that makes the CV least."""
    value = spread_of(form, response, faces, bolts, read, guess)
    tries = np.concatenate([-np.geomspace(LARGEST, 1e-4, 16), [0.0], np.geomspace(1e-4, LARGEST, 16)])
    k = int(np.argmin([value(h)[0] for h in tries]))
    low, high = tries[max(k - 1, 0)], tries[min(k + 1, len(tries) - 1)]
    found = scipy.optimize.minimize(
        lambda h: _scaled(value(float(h[0]) * high), high), [tries[k] / high], jac=True, method="L-BFGS-B",
        bounds=[sorted((low / high, 1.0))],
    )  # fmt: skip
    return float(found.x[0] * high)


def _scaled(pair: tuple[float, float], by: float) -> tuple[float, Array]:
    return pair[0], np.array([pair[1] * by])


def spread_of(
    form: Gap,
    response: Response,
    faces: tuple[Face, ...],
    bolts: Array,
    read: Reading,
    guess: NDArray[np.bool_],
) -> Callable[[float], tuple[float, float]]:
    """CV and its derivative [1/mm] as a function of the height [mm] of a simple crown."""
    unit = _gap(response, faces, {f.side: form for f in faces}) - response.gap

    def value(height: float) -> tuple[float, float]:
        pressed = response.press(response.gap + height * unit, bolts, guess)
        slope = response.slope(pressed, bolts, read.slope(CV, pressed.force))
        return float(read.numbers(pressed.force)[CV][0]), float(slope.gap @ unit)

    return value
