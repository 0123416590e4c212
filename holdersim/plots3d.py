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

SHARE = 0.06
"""Largest displacement in the picture, as a share of the holder's longest side."""
CELL_SHARE = 0.10
"""Height of the cell in the picture, as a share of the holder's longest side (never less than to scale)."""
SIZE = (1300, 850)
TIMEOUT = 180.0
HEAVY = 195_000
"""Bytes above which the picture gets a palette, then fewer pixels."""


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
    import pyvista as pv

    solids = {}
    for path in sorted((folder / "fields").glob("*.vtu")):
        mesh: Any = pv.read(path)
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


def prepare(solids: dict[str, Any], soft: set[str]) -> tuple[dict[str, Any], float, float]:
    """Deformed meshes, factor of the deformation and factor of the cell's thickness in the picture.

    Heights inside the cell are stretched about its lowest point and what lies above is lifted along. The mean
    displacement of all is taken away, so that a common rigid motion does not hide the bending.
    """
    import numpy as np

    every = np.vstack([m.points for m in solids.values()])
    longest = float(np.ptp(every, axis=0).max())
    shift = np.vstack([m.point_data["displacement"] for m in solids.values()])
    mean = shift.mean(axis=0)
    largest = float(np.linalg.norm(shift - mean, axis=1).max())
    factor = nice(SHARE * longest / largest) if largest > 0 else 1.0
    low, high, stretch = 0.0, 0.0, 1.0
    if soft & solids.keys():
        z = np.concatenate([solids[name].points[:, 2] for name in soft & solids.keys()])
        low, high = float(z.min()), float(z.max())
        stretch = max(1.0, nice(CELL_SHARE * longest / (high - low)))
    out = {}
    for name, mesh in solids.items():
        points = np.asarray(mesh.points, dtype=float).copy()
        z = points[:, 2]
        if name in soft:
            points[:, 2] = low + stretch * (z - low)
        elif z.mean() > (low + high) / 2:
            points[:, 2] = z + (stretch - 1) * (high - low)
        moved = mesh.copy(deep=True)
        moved.points = points + factor * (np.asarray(mesh.point_data["displacement"]) - mean)
        moved.cell_data["pressing"] = -np.asarray(mesh.cell_data["stress"])[:, 2]
        out[name] = moved
    return out, factor, stretch


def cut(mesh: Any, centre: tuple[float, float]) -> Any:
    """The mesh without its quarter nearest to the viewer (x above, y below the middle), cells cut cleanly."""
    behind = mesh.clip(normal="y", origin=(0, centre[1], 0), invert=False)
    front = mesh.clip(normal="y", origin=(0, centre[1], 0), invert=True)
    return behind.merge(front.clip(normal="x", origin=(centre[0], 0, 0), invert=True), merge_points=True)


def render(folder: Path) -> Path:
    """Picture cutaway.png; needs a graphics library, so call `cutaway` unless in a process of its own."""
    import numpy as np
    import pyvista as pv

    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    drawing = summary.get("drawing", {})
    soft = {layer["solid"] for layer in drawing.get("layers", [])}
    solids = read_solids(folder, summary.get("mesh", {}).get("symmetry", []))
    shapes, factor, stretch = prepare(solids, soft)
    plotter: Any = pv.Plotter(off_screen=True, window_size=list(SIZE))
    plotter.set_background("white")
    plates = [mesh for name, mesh in shapes.items() if name not in soft]
    cell = [mesh for name, mesh in shapes.items() if name in soft]
    _add(plotter, plates, "von_mises", "von Mises stress, plates [MPa]")
    _add(plotter, cell, "pressing", "Pressing stress -szz, cell [MPa]")
    text = f"{summary['title']}\ndeformation x {factor:g}"
    if soft & shapes.keys():
        text += f", thickness of the cell x {stretch:g}"
    plotter.add_text(text, position=(0.02, 0.92), viewport=True, font_size=12, color="black")
    plotter.enable_anti_aliasing("ssaa")
    plotter.view_vector((0.75, -1.0, 0.55), viewup=(0, 0, 1))
    width, depth, height = np.ptp(np.vstack([m.points for m in shapes.values()]), axis=0)
    plotter.camera.zoom(1.3 if height < 0.5 * max(width, depth) else 0.95)
    picture = folder / "cutaway.png"
    _save(plotter, picture)
    return picture


def _add(plotter: Any, shapes: list[Any], field: str, title: str) -> None:
    """Meshes of one kind on one colour scale, with their outlines."""
    import numpy as np

    if not shapes:
        return
    values = np.concatenate([m.cell_data[field] for m in shapes])
    volumes = np.concatenate([m.compute_cell_sizes()["Volume"] for m in shapes])
    order = np.argsort(values)
    share = np.cumsum(np.abs(volumes[order]))
    # small cells at edges carry singular stresses: they must not set the scale
    top = float(values[order][np.searchsorted(share, 0.99 * share[-1])])
    plates = field == "von_mises"
    bar = {
        "title": f"{title}, ends at p99 of the volume\n",
        "vertical": False,
        "position_x": 0.06 if plates else 0.55,
        "position_y": 0.02,
        "width": 0.38,
        "height": 0.09,
        "color": "black",
        "title_font_size": 18,
        "label_font_size": 16,
        "n_labels": 5,
        "fmt": "%.3g",
    }
    every = np.vstack([m.points for m in shapes])
    x, y, _ = (every.min(axis=0) + every.max(axis=0)) / 2
    for mesh in shapes:
        part = cut(mesh, (float(x), float(y)))
        edges = part.extract_surface(algorithm=None).extract_feature_edges(40, manifold_edges=False)
        if edges.n_cells:
            plotter.add_mesh(edges, color="black", line_width=1.2)
        plotter.add_mesh(
            part,
            scalars=field,
            clim=(0.0, top or 1.0),
            cmap="inferno" if plates else "viridis",
            ambient=0.5,
            diffuse=0.55,
            specular=0.0,
            scalar_bar_args=bar,
            copy_mesh=True,
        )


def _save(plotter: Any, picture: Path) -> None:
    """PNG under 200 kB, replaced in one go."""
    from PIL import Image

    fresh = picture.with_name(f".{picture.name}")
    image = Image.fromarray(plotter.screenshot(return_img=True)).convert("RGB")
    plotter.close()
    image.save(fresh, format="PNG", optimize=True)
    if fresh.stat().st_size > HEAVY:
        image.quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(fresh, format="PNG", optimize=True)
    if fresh.stat().st_size > HEAVY:
        smaller = image.resize((2 * SIZE[0] // 3, 2 * SIZE[1] // 3))
        smaller.quantize(128).save(fresh, format="PNG", optimize=True)
    os.replace(fresh, picture)


if __name__ == "__main__":
    _preflight()
    render(Path(sys.argv[1]))
