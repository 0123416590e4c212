"""Names of faces in a STEP file (ISO 10303-21 text), which gmsh reads past: ADVANCED_FACE('name', ...)."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ..errors import GeometryError
from .mesh import Array

_RECORD = re.compile(r"#(\d+)\s*=\s*((?:[^';]|'(?:[^']|'')*')*);")
_FACE = re.compile(r"ADVANCED_FACE\s*\(\s*'((?:[^']|'')*)'\s*,(.*)\)\s*$", re.S)
_POINT = re.compile(r"CARTESIAN_POINT\s*\(\s*'(?:[^']|'')*'\s*,\s*\(([^)]*)\)", re.S)
_PREFIX = {"MILLI": 1.0, "CENTI": 10.0, "DECI": 100.0, "MICRO": 1e-3, "KILO": 1e6, "": 1000.0}
_FOLLOW = ("FACE_OUTER_BOUND", "FACE_BOUND", "EDGE_LOOP", "ORIENTED_EDGE", "EDGE_CURVE")


def named_face(path: Path, name: str) -> Array:
    """Corners (k, 3) [mm] of the one face of that name, in the part's own axes."""
    if not path.is_file():
        raise GeometryError(f"there is no STEP file {path}")
    text = re.sub(r"/\*.*?\*/", " ", path.read_text(encoding="latin-1"), flags=re.S)
    records = {int(m[1]): m[2].strip() for m in _RECORD.finditer(text)}
    faces = [(m[1], m[2]) for record in records.values() if (m := _FACE.match(record))]
    found = [body for known, body in faces if known == name]
    if len(found) != 1:
        known = (
            ", ".join(sorted({f"'{n}'" for n, _ in faces if n})) or "none: name the face in the CAD program"
        )
        raise GeometryError(
            f"{path}: {len(found)} faces are named '{name}', one is needed; names there are {known}"
        )
    corners = [_point(records, vertex) for vertex in _vertices(records, _numbers(found[0])[:-1])]
    if not corners:
        raise GeometryError(f"{path}: face '{name}' has no corners")
    return np.array(corners) * _unit(records, path)


def _numbers(text: str) -> list[int]:
    return [int(n) for n in re.findall(r"#(\d+)", text)]


def _vertices(records: dict[int, str], start: list[int]) -> list[int]:
    """Points of the vertices that bound a face, each once, in the order met."""
    found: dict[int, None] = {}
    todo = list(start)
    while todo:
        record = records.get(todo.pop(0), "")
        kind = record.split("(", 1)[0].strip()
        if kind == "VERTEX_POINT":
            found[_numbers(record)[0]] = None
        elif kind == "EDGE_CURVE":
            todo += _numbers(record)[:2]
        elif kind in _FOLLOW:
            todo += _numbers(record)
    return list(found)


def _point(records: dict[int, str], number: int) -> list[float]:
    match = _POINT.match(records.get(number, ""))
    if not match:
        raise GeometryError(f"STEP record #{number} is no point")
    return [float(v) for v in match[1].split(",")]


def _unit(records: dict[int, str], path: Path) -> float:
    """Length of the file's unit [mm]."""
    for record in records.values():
        if "LENGTH_UNIT" in record and "CONVERSION_BASED_UNIT" in record:
            named = re.search(r"CONVERSION_BASED_UNIT\s*\(\s*'([^']*)'", record)
            if named and named[1].upper() in ("INCH", "IN"):
                return 25.4
            raise GeometryError(
                f"{path}: unit {named[1] if named else record} is unknown; export in mm or inch"
            )
    for record in records.values():
        metre = re.search(r"SI_UNIT\s*\(\s*(\$|\.\w+\.)\s*,\s*\.METRE\.", record)
        if "LENGTH_UNIT" in record and metre and metre[1].strip("$.") in _PREFIX:
            return _PREFIX[metre[1].strip("$.")]
    raise GeometryError(f"{path}: the file does not say its unit of length")
