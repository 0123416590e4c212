"""CalculiX input: element order, shared mid-side nodes, faces, forces, gaps, read back from the text."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from holdersim.assembly import Assembly, Block, Bolt, Interface, Layer, LayerStack, Plate, Rect, Seat, Solid
from holdersim.errors import GeometryError
from holdersim.export.calculix import label, write
from holdersim.export.elements import SIDES, Part, _rule
from holdersim.materials.elastic import Elastic

STEEL = Elastic("steel 304", 193000.0, 0.29, 8e-9)
FOOT = Rect.centred(12, 8)
Blocks = list[tuple[str, list[list[float]]]]


def sandwich(degree: int = 2) -> Assembly:
    """Two plates on a two-layer stack, one bolt through the middle, a tilted initial gap above."""
    stack = LayerStack((Layer("a", 0.3, FOOT, STEEL), Layer("b", 0.2, FOOT, STEEL)), FOOT, 1.0, 1.0)
    plate = Plate(40, 30, 5, seats=(Seat("s", 0, 0, 0, 8),), size=3, coarse=4)
    solids = (
        Solid("bottom", plate, STEEL, degree, 0.0, True),
        Solid("cell", stack, None, 1),
        Solid("top", plate, STEEL, degree, 0.5),
    )
    interfaces = (
        Interface("low", "bottom.press", "cell.bottom", FOOT, 2.0),
        Interface("high", "cell.top", "top.press", FOOT, 2.0, lambda x, y: 0.01 + 1e-4 * x),
    )
    return Assembly(
        solids, interfaces, (Bolt("m", ("bottom.seat:s", "top.seat:s"), 0, 0, 1e5, 6, 20, 500, 640, 20),)
    )


def blocks(path: Path) -> Blocks:
    """Keyword lines in turn, each with the numbers below it; an element's second line joins its first."""
    out: Blocks = []
    joined = False
    for line in path.read_text().splitlines():
        if line.startswith("**"):
            continue
        if line.startswith("*"):
            out.append((line, []))
        elif re.match(r"^\s*[-\d]", line):
            row = [
                float(v) if re.match(r"^[-+.\deE]+$", v) else np.nan for v in re.split(r"[,\s]+", line) if v
            ]
            if joined:
                out[-1][1][-1] += row
            else:
                out[-1][1].append(row)
        joined = line.startswith(tuple("0123456789")) and line.endswith(",")
    return out


def nodes_of(found: Blocks) -> NDArray[np.float64]:
    rows = [row for key, rows in found if key.startswith("*NODE, NSET") for row in rows]
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    return np.array(rows)[:, 1:]


def elements_of(found: Blocks, kind: str) -> NDArray[np.int64]:
    rows = [row for key, rows in found if key.startswith(f"*ELEMENT, TYPE={kind},") for row in rows]
    return np.array(rows, dtype=np.int64)


def test_elements_are_right_handed_and_middles_lie_between(tmp_path: Path) -> None:
    found = blocks(write(sandwich(), tmp_path / "m.inp", {"m": 100.0}))
    x = nodes_of(found)
    brick, solid = elements_of(found, "C3D20"), elements_of(found, "C3D8")
    assert brick.shape[1] == 21 and solid.shape[1] == 9
    numbers = np.concatenate([brick[:, 0], solid[:, 0], elements_of(found, "SPRING1")[:, 0]])
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    for cells in (brick, solid):
        p = x[cells[:, 1:] - 1]
        up = p[:, 4] - p[:, 0]
        assert (np.einsum("md,md->m", np.cross(p[:, 1] - p[:, 0], p[:, 3] - p[:, 0]), up) > 0).all()
    p = x[brick[:, 1:] - 1]
    ring = [(0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 7), (7, 4), (0, 4), (1, 5), (2, 6), (3, 7)]
    for k, (a, b) in enumerate(ring):
        assert np.abs(p[:, 8 + k] - (p[:, a] + p[:, b]) / 2).max() < 0.01, (
            "apart from the gap of the moved face"
        )
    for solid_ in sandwich().solids:
        points = Part.of(solid_).points
        assert len(np.unique(points.round(9), axis=0)) == len(points), "mid-side nodes are shared"


def test_forces_are_those_of_the_bolts_and_press_the_plates_together(tmp_path: Path) -> None:
    found = blocks(write(sandwich(), tmp_path / "m.inp", {"m": 123.0}))
    loads = [np.array(rows) for key, rows in found if key == "*CLOAD"]
    assert [set(load[:, 1]) for load in loads] == [{3.0}, {3.0}]
    assert [load[:, 2].sum() for load in loads] == pytest.approx([123.0, -123.0])
    x = nodes_of(found)
    assert x[loads[0][:, 0].astype(int) - 1, 2] == pytest.approx(-5.0)
    assert x[loads[1][:, 0].astype(int) - 1, 2] == pytest.approx(5.5)
    half = replace(sandwich(), bolts=(replace(sandwich().bolts[0], share=0.5),))
    found = blocks(write(half, tmp_path / "h.inp", {"m": 123.0}))
    halves = [np.array(rows)[:, 2].sum() for key, rows in found if key == "*CLOAD"]
    assert halves == pytest.approx([61.5, -61.5])


def test_initial_gap_moves_the_plate(tmp_path: Path) -> None:
    x = nodes_of(blocks(write(sandwich(), tmp_path / "m.inp", {"m": 1.0})))
    part = Part.of(sandwich().solids[2])
    own = x[-len(part.points) :]
    face = part.nodes("press")
    assert own[face, 2] == pytest.approx(0.5 + 0.01 + 1e-4 * own[face, 0], abs=1e-9)
    rest = np.setdiff1d(np.arange(len(own)), face)
    assert own[rest] == pytest.approx(part.points[rest], abs=1e-9)
    grid = np.full((4, 6), 0.02)
    flat = replace(
        sandwich(), interfaces=(sandwich().interfaces[0], replace(sandwich().interfaces[1], gap=grid))
    )
    x = nodes_of(blocks(write(flat, tmp_path / "f.inp", {"m": 1.0})))[-len(part.points) :]
    assert x[face, 2] == pytest.approx(0.52)


def test_contact_faces_are_the_drawn_ones(tmp_path: Path) -> None:
    path = write(sandwich(), tmp_path / "m.inp", {"m": 1.0})
    text = path.read_text()
    found = dict(re.findall(r"\*SURFACE, NAME=(\w+), TYPE=ELEMENT\n((?:\d+, S\d\n)+)", text))
    assert set(found) == {"S_LOW_BELOW", "S_LOW_ABOVE", "S_HIGH_BELOW", "S_HIGH_ABOVE"}
    assert re.findall(r"TYPE=SURFACE TO SURFACE\n(.*)", text) == [
        "S_LOW_ABOVE, S_LOW_BELOW",
        "S_HIGH_BELOW, S_HIGH_ABOVE",
    ]
    x, solid = nodes_of(blocks(path)), elements_of(blocks(path), "C3D8")
    cells = {int(c[0]): c[1:] - 1 for c in solid}
    for name, z in (("S_LOW_ABOVE", 0.0), ("S_HIGH_BELOW", 0.5)):
        facets = [(int(a), int(b)) for a, b in re.findall(r"(\d+), S(\d)", found[name])]
        assert len(facets) == 12 * 8
        assert all(x[cells[c][SIDES["hexahedron"][s - 1]], 2] == pytest.approx(z) for c, s in facets)


@pytest.mark.parametrize("nodes", [3, 4, 6, 8])
def test_facet_functions_are_complete(nodes: int) -> None:
    values, slopes, weights = _rule(nodes)
    assert values.sum(axis=1) == pytest.approx(1.0)
    assert slopes.sum(axis=1) == pytest.approx(0.0, abs=1e-14)
    assert weights.sum() == pytest.approx(0.5 if nodes in (3, 6) else 4.0)
    corner = np.array(
        [[0, 0], [1, 0], [0, 1]] if nodes in (3, 6) else [[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=float
    )
    at = corner if nodes < 5 else np.concatenate([corner, (corner + np.roll(corner, -1, axis=0)) / 2])
    assert np.einsum("qvk,vd->qkd", slopes, at) == pytest.approx(np.broadcast_to(np.eye(2), (16, 2, 2)))
    if nodes > 4:
        place = values @ at
        assert values @ at[:, 0] ** 2 == pytest.approx(place[:, 0] ** 2)
        assert values @ (at[:, 0] * at[:, 1]) == pytest.approx(place[:, 0] * place[:, 1])


def test_a_traction_acts_on_any_face(tmp_path: Path) -> None:
    block = Solid("b", Block((0, 1, 2), (0, 3), (0, 1, 4)), STEEL, 2, tractions={"xmax": (1.0, 0.0, 2.0)})
    _, forces, area = Part.of(block).traction("xmax", (1.0, 0.0, 2.0))
    assert area == pytest.approx(12.0)
    assert forces.sum(axis=0) == pytest.approx([12.0, 0.0, 24.0])
    linear = Part.of(block).traction("xmax", lambda x, y, z: np.stack([y * z, 0 * z, 0 * z]))[1]
    assert linear.sum(axis=0) == pytest.approx([9 / 2 * 16 / 2, 0, 0])
    assert "** traction on b.xmax" in write(Assembly((block,)), tmp_path / "b.inp", {}).read_text()


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GeometryError, match=r"one force for each bolt.*wrong or missing: m"):
        write(sandwich(), tmp_path / "m.inp", {})
    apart = sandwich()
    apart = replace(apart, solids=(*apart.solids[:2], replace(apart.solids[2], z=0.6)))
    with pytest.raises(GeometryError, match="'high': its faces must be flat and touch"):
        write(apart, tmp_path / "m.inp", {"m": 1.0})
    with pytest.raises(GeometryError, match="degree 3"):
        write(sandwich(3), tmp_path / "m.inp", {"m": 1.0})


def test_labels_suit_calculix() -> None:
    assert label("N", "seat:b-1", "x") == "N_SEAT_B_1_X"
