"""A made-up result of the right shape: edges pressed harder, centre open; to test files and pictures with."""

from pathlib import Path

import meshio
import numpy as np
import xarray as xr

from holdersim.assembly import (
    Assembly,
    Block,
    Bolt,
    Hole,
    Interface,
    Layer,
    LayerStack,
    Plate,
    Rect,
    Seat,
    Solid,
)
from holdersim.materials.elastic import Elastic
from holdersim.metrics import DEFINITIONS, deflection_metrics, pressure_metrics
from holdersim.results import drawing

STEEL = Elastic("SS304", 193e3, 0.29, yield_strength=215.0)
SOFT = Elastic("soft", 500.0, 0.3)
SEPARATOR, CATHODE = Rect.centred(50, 20), Rect.centred(35, 15)
LAYERS = (
    ("laminate below", 0.11, Rect.centred(60, 30)),
    ("Cu", 0.010, Rect.centred(40, 18)),
    ("Si", 0.020, Rect.centred(40, 18)),
    ("separator", 0.120, SEPARATOR),
    ("cathode", 0.090, CATHODE),
    ("Al", 0.015, CATHODE),
    ("laminate above", 0.11, Rect.centred(60, 30)),
)


def holder(symmetry: tuple[str, ...] = ("x0", "y0")) -> Assembly:
    """The bare holder with the paper's cell; as a quarter it keeps one bolt."""
    places = [(32, 22)] if symmetry else [(a * 32, b * 22) for a in (-1, 1) for b in (-1, 1)]
    holes = tuple(Hole(x, y, 6.6) for x, y in places)
    seats = tuple(Seat(f"b{i}", x, y, 6.6, 12.0) for i, (x, y) in enumerate(places, 1))
    plate = Plate(80, 60, 10, holes, seats, CATHODE)
    stack = LayerStack(tuple(Layer(n, t, r, SOFT) for n, t, r in LAYERS), SEPARATOR, 0.25, 2.0)
    height = sum(t for _, t, _ in LAYERS)
    solids = (
        Solid("bottom_plate", plate, STEEL, flip=True, symmetry=symmetry),
        Solid("cell", stack, degree=1, symmetry=symmetry),
        Solid("top_plate", plate, STEEL, z=height, symmetry=symmetry),
    )
    interfaces = (
        Interface("cell_bottom", "bottom_plate.press", "cell.bottom", SEPARATOR, 0.5),
        Interface("cell_top", "cell.top", "top_plate.press", CATHODE, 0.5),
    )
    ends = [(f"bottom_plate.seat:{s.name}", f"top_plate.seat:{s.name}") for s in seats]
    bolts = tuple(
        Bolt(s.name, e, s.x, s.y, 2e5, 6, 20.1, 600, 640, 40) for s, e in zip(seats, ends, strict=True)
    )
    regions = {"cathode": CATHODE, "anode": Rect.centred(40, 18), "separator": SEPARATOR}
    return Assembly(solids, interfaces, bolts, symmetry, regions)


def two_blocks() -> Assembly:
    """An assembly put together by hand: one block on another, no bolts and no layers."""
    lower = Solid("lower", Block((0, 5, 10), (0, 5), (0, 2, 4)), STEEL, flip=True)
    upper = Solid("upper", Block((0, 5, 10), (0, 5), (0, 2, 4)), STEEL)
    pair = Interface("pair", "lower.bottom", "upper.bottom", Rect(0, 10, 0, 5), 0.5)
    return Assembly((lower, upper), (pair,))


def maps(assembly: Assembly, steps: tuple[str, ...] = ("tighten",), mean: float = 5.0) -> xr.Dataset:
    """Pressure growing like 1/sqrt to the edges, zero in the centre, on every interface."""
    out = xr.Dataset(coords={"step": list(steps)})
    for face in assembly.interfaces:
        out = out.merge(_face(face, len(steps), mean))
    return out


def _face(face: Interface, steps: int, mean: float) -> xr.Dataset:
    name, r = face.name, face.region
    xl = np.linspace(r.x0, r.x1, round((r.x1 - r.x0) / face.pixel) + 1)
    yl = np.linspace(r.y0, r.y1, round((r.y1 - r.y0) / face.pixel) + 1)
    x, y = (xl[1:] + xl[:-1]) / 2, (yl[1:] + yl[:-1]) / 2
    area = np.outer(np.diff(yl), np.diff(xl))
    loaded = CATHODE.clip(r) if name.startswith("cell") else r
    middle = (r.y0 + r.y1) / 2
    u, v = (x / loaded.x1)[None, :], ((y - middle) / (loaded.y1 - middle))[:, None]
    touching = (np.abs(u) < 1) & (np.abs(v) < 1)
    shape = np.where(touching, 1 / np.sqrt(np.maximum(1.02 - np.maximum(u**2, v**2), 1e-2)) - 1.15, 0.0)
    shape = np.maximum(shape, 0.0)
    full = shape * mean * loaded.area / (shape * area).sum()
    levels = np.arange(1, steps + 1)[:, None, None] / steps
    bow = 8.0 * (1 - 0.7 * u**2 - 0.3 * v**2) * levels
    gap = np.where(full > 0, 0.0, 3.0 * (1 - u**2 * 0.5) * np.ones_like(v))
    level = bow - bow.mean(axis=(1, 2), keepdims=True)
    quantities = {
        "pressure": (levels * full, "MPa", "Contact pressure"),
        "gap": (levels * 0 + gap, "um", "Gap"),
        "deflection_above": (level, "um", "Deflection of the body above"),
        "deflection_below": (level, "um", "Deflection of the body below"),
        "initial_gap": (10.0 * (1 - u**2) * (1 - v**2), "um", "Initial gap"),
        "area": (area, "mm2", "Pixel area"),
    }
    out = xr.Dataset()
    for key, (values, unit, long_name) in quantities.items():
        dims = (f"y_{name}", f"x_{name}")
        dims = ("step", *dims) if values.ndim == 3 else dims
        out[f"{name}_{key}"] = (dims, values, {"units": unit, "long_name": long_name})
    return out.assign_coords({f"x_{name}": x, f"y_{name}": y})


def summary(assembly: Assembly, data: xr.Dataset) -> dict:
    """Everything a run puts into summary.json, from made-up maps."""
    regions = assembly.regions or {"all": assembly.interfaces[0].region}
    return {
        "title": "Bare uniaxial holder at 5 MPa",
        "case": "bare",
        "identity": "0123456789",
        "holdersim": "0.1.0",
        "steps": [_step(assembly, data, s, regions) for s in data["step"].values],
        "certificates": {"force balance": {"value": 1e-13, "limit": 1e-9, "ok": True}},
        "mass_g": {"top_plate": 374.0},
        "mesh": {"symmetry": list(assembly.symmetry)},
        "drawing": drawing(assembly),
        "seconds": {"total": 12.3},
        "definitions": DEFINITIONS,
    }


def _step(assembly: Assembly, data: xr.Dataset, step: str, regions: dict[str, Rect]) -> dict:
    now = data.sel(step=step)
    faces, plates = {}, {}
    for f in assembly.interfaces:
        n = f.name
        area, x, y = now[f"{n}_area"].values, now[f"x_{n}"].values, now[f"y_{n}"].values
        faces[n] = pressure_metrics(now[f"{n}_pressure"].values, area, x, y, regions)
        first = next(iter(regions.values()))
        for side, face in (("above", f.above), ("below", f.below)):
            bow = now[f"{n}_deflection_{side}"].values
            if not face.startswith("cell."):
                plates[face.split(".")[0]] = deflection_metrics(bow, area, x, y, first)
    return {
        "name": str(step),
        "bolts": {b.name: {"force_N": 656.25} for b in assembly.bolts},
        "closing_force_N": 2625.0,
        "interfaces": faces,
        "plates": plates,
        "safety": {"top_plate yield [-]": 3.4567},
    }


def write_fields(folder: Path, kind: str) -> None:
    """fields/*.vtu of a bent pair of plates on a cell (a quarter), or of two blocks."""
    folder.mkdir(exist_ok=True)
    if kind == "two":
        _write_box(folder / "lower.vtu", (0, 10), (0, 5), (-4, 0), -1e-3)
        _write_box(folder / "upper.vtu", (0, 10), (0, 5), (0, 4), 1e-3)
        return
    _write_box(folder / "bottom_plate.vtu", (0, 40), (0, 30), (-10, 0), -8e-3)
    _write_box(folder / "cell.vtu", (0, 25), (0, 10), (0, 0.475), 1e-4)
    _write_box(folder / "top_plate.vtu", (0, 40), (0, 30), (0.475, 10.475), 8e-3)


def _write_box(path: Path, x: tuple, y: tuple, z: tuple, bow: float) -> None:
    """Box of hexahedra whose middle is displaced by `bow` [mm] along z."""
    n = (12, 10, 3)
    lines = [np.linspace(*r, k + 1) for r, k in zip((x, y, z), n, strict=True)]
    gx, gy, gz = np.meshgrid(*lines, indexing="ij")
    points = np.stack([gx.ravel(), gy.ravel(), gz.ravel()], axis=1)
    ids = np.arange(len(points)).reshape(gx.shape)
    corners = ((0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1))
    cells = np.stack([ids[i : i + n[0], j : j + n[1], k : k + n[2]].ravel() for i, j, k in corners], axis=1)
    shape = 1 - (points[:, 0] / x[1]) ** 2 / 2 - (points[:, 1] / y[1]) ** 2 / 2
    move = np.stack([1e-4 * points[:, 0] / x[1], 0 * shape, bow * shape], axis=1)
    stress = np.zeros((len(cells), 6))
    stress[:, 2] = -5.0 - 5.0 * points[cells].mean(axis=1)[:, 0] / x[1]
    data = {"stress": [stress], "von_mises": [np.abs(stress[:, 2])]}
    mesh = meshio.Mesh(points, [("hexahedron", cells)], {"displacement": move}, data)
    mesh.write(path, file_format="vtu")
