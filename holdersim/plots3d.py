"""A cut through the deformed holder, rendered off screen: von Mises stress of plates, -sigma_zz of cell.

Rendering runs in a child process, because a machine without EGL ends it with a segmentation fault, which no
`try` can catch: here that costs only the picture.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyvista as pv

log = logging.getLogger(__name__)

SHARE = 0.05
"""Largest displacement in the picture, as a share of the holder's longest side."""
APART = 0.02
"""How far bodies are moved apart in the picture, as a share of the holder's longest side."""
CELL_SHARE = 0.10
"""Height of the cell in the picture, as a share of the holder's longest side (never less than to scale)."""
SIZE = (1100, 720)
TIMEOUT = 180.0
RUBBER = "#9db08d"
"""Colour of rubber: its stresses are far below those of metal and would all look alike."""
LIFT = 0.12
"""How far a lid is lifted off its vessel, as a share of the holder's longest side."""
HEAVY = 195_000
"""Bytes above which the picture gets a palette of 256 colours."""


def cutaway(result_folder: Path | str) -> Path | None:
    """Picture cutaway.png in a result's folder; None, with a message in the log, where it cannot be made."""
    folder = Path(result_folder).resolve()
    if not list((folder / "fields").glob("*.vtu")):
        log.warning("no 3-D picture: %s has no fields/*.vtu", folder.name)
        return None
    package = str(Path(__file__).resolve().parents[1])
    path = os.pathsep.join(p for p in (package, os.environ.get("PYTHONPATH", "")) if p)
    # without an X server VTK must be told so before it is loaded
    surroundings = {"VTK_DEFAULT_OPENGL_WINDOW": "vtkEGLRenderWindow", "PYVISTA_OFF_SCREEN": "true"}
    command = [sys.executable, "-m", "holdersim.plots3d", str(folder)]
    try:
        done = subprocess.run(
            command,
            env=os.environ | surroundings | {"PYTHONPATH": path},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        log.warning("no 3-D picture: %s", problem)
        return None
    picture = folder / "cutaway.png"
    if done.returncode == 0 and picture.is_file():
        return picture
    last = (done.stderr.strip().splitlines() or ["no message"])[-1]
    how = f"the renderer died by signal {-done.returncode}" if done.returncode < 0 else last
    log.warning("no 3-D picture: %s", how)
    return None


def _preflight() -> None:
    """Refuse early where the graphics library is missing: VTK itself would crash."""
    try:
        ctypes.CDLL("libEGL.so.1")
    except OSError as problem:
        raise SystemExit(f"libEGL.so.1 is missing ({problem}); on Debian: apt install libegl1") from problem


def read_solids(folder: Path, symmetry: list[str]) -> dict[str, Any]:
    """Meshes of all solids by name, mirrored to the whole."""
    import numpy as np
    import pyvista as pv

    solids = {}
    for path in sorted((folder / "fields").glob("*.vtu")):
        mesh: Any = pv.read(path)
        # points on a plane of symmetry must meet their images exactly to become one
        mesh.points[np.abs(mesh.points) < 1e-7] = 0.0
        for axis, plane in enumerate(("x0", "y0")):
            if plane in symmetry:
                mesh = mesh.merge(mirror(mesh, axis), merge_points=True)
        solids[path.stem] = mesh
    return solids


_TURNED = {12: (1, 0, 3, 2, 5, 4, 7, 6), 10: (1, 0, 2, 3)}
"""VTK hexahedron and tetrahedron: order of the corners that gives a mirrored cell a positive volume again."""


def mirror(mesh: Any, axis: int) -> pv.UnstructuredGrid:
    """Mirror image in the plane x = 0 (axis 0) or y = 0 (axis 1), its displacement turned along."""
    import pyvista as pv

    ((kind, cells),) = mesh.cells_dict.items()
    points, shift = mesh.points.copy(), mesh.point_data["displacement"].copy()
    points[:, axis] *= -1
    shift[:, axis] *= -1
    image = pv.UnstructuredGrid({kind: cells[:, _TURNED[int(kind)]]}, points)
    image.cell_data.update({name: mesh.cell_data[name] for name in mesh.cell_data})
    image.point_data["displacement"] = shift
    return image


def nice(value: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not above a value."""
    power: float = 10.0 ** (len(f"{int(value)}") - 1) if value >= 1 else 1.0
    while power > value:
        power /= 10
    return max(m * power for m in (1.0, 2.0, 5.0) if m * power <= value * (1 + 1e-12))


def prepare(
    solids: dict[str, Any], soft: set[str], around: set[str] | frozenset[str] = frozenset()
) -> tuple[dict[str, Any], float, float]:
    """Deformed meshes, factor of the deformation and factor of the cell's thickness in the picture.

    Heights inside the cell are stretched about its lowest point. Each body loses its mean displacement, and
    what lies above or below the cell is moved away a little: initial gaps are no part of the meshes, so that
    their closing, exaggerated, would push the bodies into each other. Vessels (`around` the cell) stay, the lid is
    lifted off.
    """
    import numpy as np

    longest = float(np.ptp(np.vstack([m.points for m in solids.values()]), axis=0).max())
    shifts = {n: np.asarray(m.point_data["displacement"], dtype=float) for n, m in solids.items()}
    shifts = {name: u - u.mean(axis=0) for name, u in shifts.items()}
    largest = max(float(np.linalg.norm(u, axis=1).max()) for u in shifts.values())
    factor = nice(SHARE * longest / largest) if largest > 0 else 1.0
    low, high = _layer(solids, soft)
    stretch = max(1.0, nice(CELL_SHARE * longest / (high - low))) if high > low else 1.0
    out = {}
    for name, mesh in solids.items():
        points = np.asarray(mesh.points, dtype=float).copy()
        if name in soft:
            points[:, 2] = low + stretch * (points[:, 2] - low)
        elif around:
            points[:, 2] += 0.0 if name in around else LIFT * longest
        elif points[:, 2].mean() > (low + high) / 2:
            points[:, 2] += (stretch - 1) * (high - low) + APART * longest
        else:
            points[:, 2] -= APART * longest
        moved = mesh.copy(deep=True)
        moved.points = points + factor * shifts[name]
        moved.cell_data["pressing"] = -np.asarray(mesh.cell_data["stress"])[:, 2]
        out[name] = moved
    return out, factor, stretch


def _layer(solids: dict[str, Any], soft: set[str]) -> tuple[float, float]:
    """Lowest and highest z [mm] of the cell; without one, the middle of all bodies twice."""
    cell = [m.bounds for n, m in solids.items() if n in soft]
    if cell:
        return min(b[4] for b in cell), max(b[5] for b in cell)
    middle = sum((m.bounds[4] + m.bounds[5]) / 2 for m in solids.values()) / len(solids)
    return middle, middle


def cut(mesh: Any, x: float, y: float) -> Any:
    """The undeformed mesh without its quarter nearest to the viewer, beyond x and before y.

    Whole cells are taken away where the planes follow the mesh; only else are cells cut, since cuts along
    their faces leave slivers.
    """
    import numpy as np

    ((_, cells),) = mesh.cells_dict.items()
    corners = np.asarray(mesh.points)[np.asarray(cells)][:, :, :2] - (x, y)
    small = 1e-6 * mesh.length
    low, high = corners.min(axis=1), corners.max(axis=1)
    away = (high[:, 0] > small) & (low[:, 1] < -small)
    straddling = away & ((low < -small) & (high > small)).any(axis=1)
    if not straddling.any():
        return mesh.extract_cells(np.flatnonzero(~away))
    behind = mesh.clip(normal="y", origin=(0, y, 0), invert=False)
    front = mesh.clip(normal="y", origin=(0, y, 0), invert=True)
    return behind.merge(front.clip(normal="x", origin=(x, 0, 0), invert=True), merge_points=True)


def _middle(solids: dict[str, Any]) -> tuple[float, float]:
    """Middle of the holder in plan, x and y [mm]."""
    boxes = [m.bounds for m in solids.values()]
    x0, x1, y0, y1 = (f(b[k] for b in boxes) for k, f in enumerate((min, max, min, max)))
    return (x0 + x1) / 2, (y0 + y1) / 2


def render(folder: Path) -> Path:
    """Picture cutaway.png; needs a graphics library, so call `cutaway` unless in a process of its own."""
    import numpy as np
    import pyvista as pv

    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    drawing = summary.get("drawing", {})
    soft = {layer["solid"] for layer in drawing.get("layers", [])}
    rubber = {pad["name"] for pad in drawing.get("pads", [])}
    around = {p["name"] for p in drawing.get("plates", []) if any(s["cavity"] for s in p.get("slabs", []))}
    solids = read_solids(folder, summary.get("mesh", {}).get("symmetry", []))
    middle = _middle(solids)
    halves = {name: cut(mesh, *middle) for name, mesh in solids.items()}
    shapes, factor, stretch = prepare(halves, soft, around)
    plotter: Any = pv.Plotter(off_screen=True, window_size=list(SIZE))
    plotter.set_background("white")
    plates = [mesh for name, mesh in shapes.items() if name not in soft | rubber]
    cell = [mesh for name, mesh in shapes.items() if name in soft]
    _add(plotter, plates, "von_mises", "von Mises stress, plates [MPa]")
    _add(plotter, cell, "pressing", "Pressing stress -szz, cell [MPa]")
    for mesh in (mesh for name, mesh in shapes.items() if name in rubber):
        plotter.add_mesh(mesh.extract_surface(algorithm=None), color=RUBBER, ambient=0.5, diffuse=0.55)
    thick = f", thickness of the cell x {stretch:g}" if soft & shapes.keys() else ""
    plain = ", rubber in plain green" if rubber & shapes.keys() else ""
    text = f"{summary['title']}\ndeformation x {factor:g}{thick}, bodies drawn apart{plain}"
    plotter.add_text(text, position=(0.02, 0.92), viewport=True, font_size=10, color="black")
    plotter.enable_anti_aliasing("ssaa")
    plotter.view_vector((0.75, -1.0, 0.55), viewup=(0, 0, 1))
    width, depth, height = np.ptp(np.vstack([m.points for m in shapes.values()]), axis=0)
    flat, tall = height < 0.5 * max(width, depth), height > 1.2 * max(width, depth)
    plotter.camera.zoom(1.3 if around or flat else 0.8 if tall else 0.95)
    picture = folder / "cutaway.png"
    _save(plotter, picture)
    return picture


def _add(plotter: Any, shapes: list[Any], field: str, title: str) -> None:
    """Meshes of one kind on one colour scale, with their edges."""
    import numpy as np

    if not shapes:
        return
    values = np.concatenate([m.cell_data[field] for m in shapes])
    volumes = np.concatenate([np.abs(m.compute_cell_sizes()["Volume"]) for m in shapes])
    order = np.argsort(values)
    share = np.cumsum(volumes[order])
    # small cells at edges carry singular stresses: they must not set the scale
    top = float(values[order][np.searchsorted(share, 0.99 * share[-1])])
    plates = field == "von_mises"
    look: dict[str, Any] = {"cmap": "inferno" if plates else "viridis", "ambient": 0.5, "diffuse": 0.55}
    look |= {"clim": (0.0, top or 1.0), "scalar_bar_args": _bar(title, 0.06 if plates else 0.55)}
    for mesh in shapes:
        surface = mesh.extract_surface(algorithm=None)
        edges = surface.extract_feature_edges(
            40, boundary_edges=False, non_manifold_edges=False, manifold_edges=False
        )
        if edges.n_cells:
            edges.clear_data()
            plotter.add_mesh(edges, color="black", line_width=1.2)
        plotter.add_mesh(surface, scalars=field, copy_mesh=True, **look)


def _bar(title: str, x: float) -> dict[str, Any]:
    """Colour bar in the lower part of the picture, from x on (a share of its width)."""
    return {
        "title": f"{title}, ends at p99 of the volume\n",
        "position_x": x,
        "position_y": 0.02,
        "width": 0.38,
        "height": 0.09,
        "vertical": False,
        "color": "black",
        "title_font_size": 15,
        "label_font_size": 14,
        "n_labels": 5,
        "fmt": "%.3g",
    }


def _save(plotter: Any, picture: Path) -> None:
    """PNG under 200 kB, replaced in one go."""
    from PIL import Image

    fresh = picture.with_name(f".{picture.name}")
    image = Image.fromarray(plotter.screenshot(return_img=True)).convert("RGB")
    plotter.close()
    image.save(fresh, format="PNG", optimize=True)
    if fresh.stat().st_size > HEAVY:
        image.quantize(256, kmeans=2).save(fresh, format="PNG", optimize=True)
    os.replace(fresh, picture)


if __name__ == "__main__":
    _preflight()
    render(Path(sys.argv[1]))
