"""A quiet, repeatable gmsh session. gmsh sets signal handlers, so it runs in the main thread only."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import EnvironmentProblem, GeometryError

OPTIONS = {
    "General.Terminal": 0,
    "General.NumThreads": 1,
    "Mesh.MaxNumThreads1D": 1,
    "Mesh.MaxNumThreads2D": 1,
    "Mesh.MaxNumThreads3D": 1,
    "Mesh.RandomSeed": 1,
    "Mesh.RandomFactor": 1e-9,
    "Mesh.MeshSizeFromPoints": 0,
    "Mesh.MeshSizeFromCurvature": 0,
}


@contextmanager
def session() -> Iterator[Any]:
    """The gmsh module with an empty model of its own; finalised afterwards if it was started here."""
    try:
        import gmsh
    except (ImportError, OSError) as missing:
        raise EnvironmentProblem(f"gmsh cannot be loaded ({missing}). Run through `env/run`.") from missing
    if threading.current_thread() is not threading.main_thread():
        raise GeometryError("gmsh meshes in the main thread of a process only")
    started = not gmsh.isInitialized()
    if started:
        gmsh.initialize(["holdersim"], readConfigFiles=False, interruptible=False)
    else:
        before = gmsh.model.getCurrent()
    try:
        for name, value in OPTIONS.items():
            gmsh.option.setNumber(name, value)
        gmsh.model.add("holdersim")
        yield gmsh
    except Exception as error:
        if isinstance(error, GeometryError) or type(error) is not Exception:
            raise
        raise GeometryError(f"gmsh: {error}") from error
    finally:
        if started:
            gmsh.finalize()
        else:
            gmsh.model.remove()
            gmsh.model.setCurrent(before)
