"""Meshes of shapes: exact volumes and areas, conformity, terraces, symmetry cuts, seats, determinism."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from holdersim.assembly import Block, Hole, Layer, LayerStack, MeshFile, Plate, Rect, Seat, StepPart
from holdersim.errors import GeometryError
from holdersim.geometry.mesh import FACETS, MeshData, boundary, facet_areas, mesh_shape
from holdersim.materials.elastic import Elastic

SOFT = Elastic("soft", 500.0, 0.3)
BOTH = ("x0", "y0")


def layer(name: str, thickness: float, length: float, width: float, sublayers: int = 1) -> Layer:
    return Layer(name, thickness, Rect.centred(length, width), SOFT, sublayers)


def stack() -> LayerStack:
    layers = (
        layer("foil", 0.02, 22, 44),
        layer("cathode", 0.08, 15, 35, 2),
        layer("separator", 0.015, 20, 50),
        layer("anode", 0.05, 18, 40),
    )
    return LayerStack(layers, fine=Rect.centred(16, 36), size=0.5, coarse=2.0)


def plate(**change: object) -> Plate:
    at = [(x, y) for x in (-32.0, 32.0) for y in (-22.0, 22.0)]
    known = {
        "length": 80.0,
        "width": 60.0,
        "thickness": 10.0,
        "holes": tuple(Hole(x, y, 6.4) for x, y in at),
        "seats": tuple(Seat(f"b{i}", x, y, 6.4, 12.0) for i, (x, y) in enumerate(at)),
        "footprint": Rect.centred(35.0, 15.0),
        "size": 1.0,
        "coarse": 3.0,
    }
    return Plate(**(known | change))  # type: ignore[arg-type]


def conforms(mesh: MeshData) -> None:
    """Facets belong to one or two cells, no point is doubled or unused, named facets are outer ones."""
    distinct = np.unique(np.round(mesh.points, 9), axis=0)
    assert len(distinct) == len(mesh.points)
    assert np.array_equal(np.unique(mesh.cells), np.arange(len(mesh.points)))
    outer = boundary(mesh.cells, mesh.cell)
    facets = FACETS[mesh.cell].shape[0] * len(mesh.cells)
    assert (facets - len(outer)) % 2 == 0
    known = {tuple(sorted(f)) for f in outer.tolist()}
    for name, face in mesh.faces.items():
        assert {tuple(sorted(f)) for f in face.tolist()} <= known, name


def closed(mesh: MeshData) -> None:
    """The boundary facets bound the volume: their edges are each met an even number of times."""
    outer = boundary(mesh.cells, mesh.cell)
    ring = outer[:, [0, 1, 3, 2]] if outer.shape[1] == 4 else outer
    edges = np.sort(np.stack([ring, np.roll(ring, -1, axis=1)], axis=2).reshape(-1, 2), axis=1)
    _, count = np.unique(edges, axis=0, return_counts=True)
    assert (count % 2 == 0).all()


@pytest.mark.parametrize("shape", [Block((-2, 0, 1, 2), (-1, 0, 1), (0, 1, 3)), stack(), plate()])
def test_meshes_conform_and_are_closed(shape: Block | LayerStack | Plate) -> None:
    for symmetry in ((), BOTH):
        mesh = mesh_shape(shape, symmetry)
        conforms(mesh)
        closed(mesh)


@pytest.mark.parametrize("shape", [Block((-2, 0, 2), (-1, 0, 1), (0, 1, 3)), stack(), plate()])
def test_quarter_is_a_quarter(shape: Block | LayerStack | Plate) -> None:
    whole, quarter = mesh_shape(shape), mesh_shape(shape, BOTH)
    assert quarter.volume == pytest.approx(whole.volume / 4, rel=1e-9)
    assert 4 * len(quarter.cells) == len(whole.cells)
    for plane, axis in (("x0", 0), ("y0", 1)):
        assert np.abs(quarter.points[quarter.faces[plane]][..., axis]).max() == 0
        assert quarter.points[:, axis].min() == 0
    assert not {"x0", "y0"} & set(whole.faces)


def test_block_areas() -> None:
    mesh = mesh_shape(Block((0, 1, 4), (0, 2), (0, 1, 3)))
    assert mesh.volume == pytest.approx(24)
    areas = {name: mesh.area(name) for name in mesh.faces}
    assert areas == pytest.approx({"xmin": 6, "xmax": 6, "ymin": 12, "ymax": 12, "bottom": 8, "top": 8})
    assert (mesh.points[mesh.cells[:, 7]] > mesh.points[mesh.cells[:, 0]]).all()


def test_symmetry_needs_a_grid_line() -> None:
    with pytest.raises(GeometryError, match="straddle the symmetry plane x = 0"):
        mesh_shape(Block((-1, 1), (0, 1), (0, 1)), ("x0",))
    shifted = LayerStack((Layer("a", 1.0, Rect(-1, 3, -1, 1), SOFT),), Rect.centred(2, 2), 0.5, 1.0)
    with pytest.raises(GeometryError, match="'a' is not symmetric about x = 0"):
        mesh_shape(shifted, ("x0",))


def test_stack_of_equal_layers_is_exact() -> None:
    shape = LayerStack((layer("a", 0.1, 10, 6, 2), layer("b", 0.3, 10, 6)), Rect.centred(4, 4), 0.5, 2.0)
    mesh = mesh_shape(shape)
    assert mesh.volume == pytest.approx(0.4 * 60, rel=1e-12)
    assert mesh.area("top") == mesh.area("bottom") == mesh.area("plateau") == pytest.approx(60, rel=1e-12)
    assert mesh.area("sides") == pytest.approx(0.4 * 32, rel=1e-12)
    assert "ramps" not in mesh.faces
    assert len(mesh.regions["a"]) == 2 * len(mesh.regions["b"])


def test_terraces_have_summed_heights_and_ramps_of_one_element() -> None:
    mesh = mesh_shape(stack())
    middle = mesh.points[mesh.cells].mean(axis=1)
    tops = mesh.points[mesh.faces["top"]]
    heights = {round(float(h), 9) for h in tops[..., 2].mean(axis=1)}
    assert heights == {0.02, 0.035, 0.085, 0.165, 0.015}
    assert mesh.area("plateau") == pytest.approx(15 * 35, rel=1e-12)
    for name, length, width, thickness in (("foil", 22, 44, 0.02), ("anode", 18, 40, 0.05)):
        cells = mesh.cells[mesh.regions[name]]
        inside = middle[mesh.regions[name]]
        assert np.abs(inside[:, 0]).max() < length / 2 and np.abs(inside[:, 1]).max() < width / 2
        part = MeshData(mesh.points, cells, "hexahedron", {}, {})
        assert part.volume == pytest.approx(thickness * length * width, rel=1e-12)
    ramps = mesh.points[mesh.faces["ramps"]]
    near = np.stack([np.abs(np.abs(ramps[..., d, None]) - edges).min(axis=(1, 2)) for d, edges in
                     ((0, [7.5, 9, 11]), (1, [17.5, 20, 22]))])  # fmt: skip
    assert near.min(axis=0).max() < 1e-9, "each ramp touches the edge it comes from"


def test_stack_lines_follow_the_pixels_and_grow_gently() -> None:
    mesh = mesh_shape(stack())
    for axis, half, edges in ((0, 8.0, [7.5, 9, 10, 11]), (1, 18.0, [17.5, 20, 22, 25])):
        lines = np.unique(np.round(mesh.points[:, axis], 9))
        assert np.isin(np.arange(-half, half + 0.1, 0.5), lines).all()
        assert np.isin(edges, lines).all()
        assert np.diff(lines).max() <= 2.0 + 1e-9
    wide = LayerStack((layer("a", 0.1, 60, 60),), Rect.centred(4, 4), 0.25, 4.0)
    step = np.diff(np.unique(mesh_shape(wide).points[:, 0]))
    assert np.maximum(step[1:] / step[:-1], step[:-1] / step[1:]).max() <= 1.5


def test_a_line_off_the_lattice_leaves_the_pixels_lines() -> None:
    shape = LayerStack((layer("a", 0.1, 10, 10), layer("b", 0.1, 5.3, 10)), Rect.centred(8, 8), 0.5, 1.0)
    lines = np.unique(np.round(mesh_shape(shape).points[:, 0], 9))
    assert np.isin(np.append(np.arange(-4, 4.1, 0.5), [-2.65, 2.65]), lines).all()


def test_plate_areas_are_those_of_the_drawing() -> None:
    for layers, thickness in ((1, 2.0), (3, 10.0)):
        shape = plate(layers=layers, thickness=thickness)
        mesh = mesh_shape(shape)
        flat = 80 * 60 - 4 * np.pi / 4 * 6.4**2
        assert mesh.area("press") == pytest.approx(flat, rel=1e-9)
        assert mesh.volume == pytest.approx(flat * thickness, rel=1e-9)
        assert mesh.area("edge") == pytest.approx(280 * thickness, rel=1e-9)
        for i in range(4):
            assert mesh.area(f"seat:b{i}") == pytest.approx(np.pi / 4 * (12**2 - 6.4**2), rel=1e-9)
        seat = mesh.points[mesh.faces["seat:b3"]]
        weights = facet_areas(mesh.points, mesh.faces["seat:b3"])
        assert np.allclose(
            np.average(seat.mean(axis=1), weights=weights, axis=0), (32, 22, thickness), atol=0.05
        )
        assert len(mesh.cells) == len(mesh.faces["press"]) * layers


def test_plate_elements_have_the_asked_size_over_the_footprint() -> None:
    mesh = mesh_shape(plate())
    p = mesh.points[mesh.faces["press"]]
    middle = p.mean(axis=1)
    over = (np.abs(middle[:, 0]) < 17.5) & (np.abs(middle[:, 1]) < 7.5)
    extent = np.ptp(p[over][..., :2], axis=1)
    assert extent.max() <= 1.1 and extent.min() >= 0.8
    assert np.ptp(p[..., :2], axis=1).max() < 1.6 * 3.0
    assert 1000 < len(mesh_shape(plate(), BOTH).cells) < 3000


def test_plate_is_exactly_mirrored_and_the_same_each_time() -> None:
    first, again = mesh_shape(plate()), mesh_shape(plate())
    assert np.array_equal(first.points, again.points) and np.array_equal(first.cells, again.cells)
    known = {tuple(p) for p in first.points.round(9) + 0.0}
    for sign in ((-1, 1, 1), (1, -1, 1)):
        assert {tuple(p) for p in (first.points * sign).round(9) + 0.0} == known


@pytest.mark.parametrize(
    "change",
    [
        {
            "holes": (Hole(10, 5, 6.4),),
            "seats": (Seat("a", 10, 5, 0, 12),),
            "footprint": Rect(-20, 20, -10, 10),
        },
        {
            "holes": (Hole(30, 0, 6.0),),
            "seats": (Seat("a", 30, 0, 6, 11),),
            "footprint": Rect(-25, 26, -10, 12),
        },
        {"holes": (), "seats": (Seat("a", 0, 0, 5, 12), Seat("b", 30, 20, 0, 10)), "footprint": None},
        {
            "holes": (Hole(0, 20, 8), Hole(0, -20, 8)),
            "seats": (Seat("a", 0, 20, 8, 16), Seat("b", 0, -20, 8, 16)),
        },
    ],
)
def test_any_pattern_of_holes_and_seats(change: dict[str, object]) -> None:
    shape = plate(**change)
    mesh = mesh_shape(shape)
    conforms(mesh)
    closed(mesh)
    assert mesh.area("press") == pytest.approx(
        4800 - sum(np.pi / 4 * h.diameter**2 for h in shape.holes), rel=2e-3
    )
    for s in shape.seats:
        inner = max([s.inner] + [h.diameter for h in shape.holes if (h.x, h.y) == (s.x, s.y)])
        assert mesh.area(f"seat:{s.name}") == pytest.approx(np.pi / 4 * (s.outer**2 - inner**2), rel=2e-2)


def test_a_seat_on_a_symmetry_plane_is_halved() -> None:
    shape = plate(
        holes=(Hole(0, 20, 8), Hole(0, -20, 8)), seats=(Seat("a", 0, 20, 8, 16), Seat("b", 0, -20, 8, 16))
    )
    mesh = mesh_shape(shape, BOTH)
    assert mesh.area("seat:a") == pytest.approx(np.pi / 8 * (16**2 - 8**2), rel=1e-6)
    assert "seat:b" not in mesh.faces


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"holes": (Hole(39, 0, 6),)}, "hole of 6 mm at .39, 0. is not inside"),
        ({"seats": (Seat("a", 0, 0, 12, 6),)}, "seat a: outer diameter 6 mm"),
        ({"footprint": Rect.centred(90, 10)}, "footprint .* is not on the plate"),
        ({"layers": 0}, "positive length"),
    ],
)
def test_impossible_plates_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        mesh_shape(plate(**change))


def test_an_unsymmetric_plate_cannot_be_cut() -> None:
    with pytest.raises(GeometryError, match="not symmetric about y = 0"):
        mesh_shape(plate(seats=(), holes=(Hole(0, 10, 6),)), BOTH)


def write_file(path: str, scale: float, kind: str) -> None:
    """A 2 x 1 x 1 mm box as gmsh writes it, with named volume and two named surfaces."""
    import gmsh

    gmsh.initialize(interruptible=False)
    gmsh.option.setNumber("General.Terminal", 0)
    gmsh.model.occ.addBox(0, 0, 0, 2 * scale, scale, scale)
    gmsh.model.occ.synchronize()
    if kind == "hexahedron":
        gmsh.model.mesh.setTransfiniteAutomatic(recombine=True)
    gmsh.option.setNumber("Mesh.MeshSizeMax", 0.5 * scale)
    gmsh.model.addPhysicalGroup(3, [1], name="steel")
    for name, z in (("press", 0.0), ("back", scale)):
        found = gmsh.model.getEntitiesInBoundingBox(-9, -9, z - 1e-3 * scale, 9, 9, z + 1e-3 * scale, dim=2)
        gmsh.model.addPhysicalGroup(2, [t for _, t in found], name=name)
    gmsh.model.mesh.generate(3)
    gmsh.write(path)
    gmsh.finalize()


@pytest.mark.parametrize("kind", ["hexahedron", "tetrahedron"])
def test_mesh_file_keeps_names_and_becomes_mm(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "box.msh"
    write_file(str(path), 1e-3, kind)
    mesh = mesh_shape(MeshFile(str(path), scale=1000.0))
    conforms(mesh)
    assert mesh.cell == kind and list(mesh.regions) == ["steel"]
    assert mesh.volume == pytest.approx(2.0, rel=1e-9)
    assert {n: mesh.area(n) for n in mesh.faces} == pytest.approx({"press": 2.0, "back": 2.0})
    half = mesh_shape(MeshFile(str(path), scale=1000.0), ("x0",))
    assert half.area("x0") == pytest.approx(1.0) and half.area("press") == pytest.approx(2.0)
    with pytest.raises(GeometryError, match="no face 'top' here: there are back, press"):
        mesh.area("top")


def test_bad_mesh_files_say_what_is_wrong(tmp_path: Path) -> None:
    import meshio

    with pytest.raises(GeometryError, match="there is no mesh file"):
        mesh_shape(MeshFile(str(tmp_path / "none.msh")))
    flat, bare = tmp_path / "flat.vtk", tmp_path / "bare.vtk"
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1.0]])
    meshio.write_points_cells(flat, points, [("triangle", [[0, 1, 2]])])
    meshio.write_points_cells(bare, points, [("tetra", [[0, 1, 2, 3]])])
    with pytest.raises(GeometryError, match="it has triangle"):
        mesh_shape(MeshFile(str(flat)))
    with pytest.raises(GeometryError, match="no named surface"):
        mesh_shape(MeshFile(str(bare)))


def test_an_inverted_element_is_refused() -> None:
    mesh = mesh_shape(Block((0, 1), (0, 1), (0, 1)))
    turned = MeshData(mesh.points * (1, 1, -1), mesh.cells, "hexahedron", {}, {})
    with pytest.raises(GeometryError, match="1 of 1 elements are turned inside out"):
        turned.check()


def write_step(path: Path, turn: float = 0.0, metre: bool = False) -> None:
    """An 80 x 60 x 10 mm plate with four 6.4 mm holes; its lower face is named `press`."""
    import gmsh

    gmsh.initialize(interruptible=False)
    gmsh.option.setNumber("General.Terminal", 0)
    occ = gmsh.model.occ
    box = occ.addBox(-40, -30, 3, 80, 60, 10)
    holes = [(3, occ.addCylinder(x, y, 3, 0, 0, 10, 3.2)) for x in (-32, 32) for y in (-22, 22)]
    occ.cut([(3, box)], holes)
    occ.rotate([(3, box)], 0, 0, 0, 1, 0, 0, turn)
    occ.synchronize()
    gmsh.write(str(path))
    gmsh.finalize()
    text = path.read_text()
    faces = list(re.finditer(r"ADVANCED_FACE\(''(.*?)\);", text))
    rings = [len(re.findall("#", f[1])) for f in faces]
    below = faces[[i for i, n in enumerate(rings) if n == max(rings)][1]]
    text = text[: below.start()] + below[0].replace("''", "'press'", 1) + text[below.end() :]
    path.write_text(text.replace(".MILLI.,.METRE.", "$,.METRE.") if metre else text)


STEP_SEATS = tuple(Seat(f"b{i}", x, y, 6.4, 12.0) for i, (x, y) in enumerate([(32.0, 22.0), (-32.0, 22.0)]))


@pytest.mark.parametrize("turn", [0.0, np.pi, 0.7])
def test_step_part_lies_on_its_named_face(tmp_path: Path, turn: float) -> None:
    path = tmp_path / "plate.step"
    write_step(path, turn)
    mesh = mesh_shape(StepPart(str(path), "press", 5.0, STEP_SEATS))
    conforms(mesh)
    closed(mesh)
    flat = 4800 - 4 * np.pi / 4 * 6.4**2
    assert mesh.points[:, 2].min() == pytest.approx(0, abs=1e-6)
    assert mesh.points[:, 2].max() == pytest.approx(10, abs=1e-6)
    assert np.abs(mesh.points[mesh.faces["press"]][..., 2]).max() < 1e-6
    assert mesh.area("press") == pytest.approx(flat, rel=2e-3)
    assert mesh.area("back") == pytest.approx(flat, rel=2e-3)
    assert mesh.volume == pytest.approx(10 * flat, rel=2e-3)
    for i in range(2):
        assert mesh.area(f"seat:b{i}") == pytest.approx(np.pi / 4 * (12**2 - 6.4**2), rel=1e-2)
        centre = mesh.points[mesh.faces[f"seat:b{i}"]].reshape(-1, 3).mean(axis=0)
        assert centre == pytest.approx([STEP_SEATS[i].x, STEP_SEATS[i].y, 10.0], abs=0.3)


def test_quarter_of_a_step_part(tmp_path: Path) -> None:
    path = tmp_path / "plate.step"
    write_step(path)
    mesh = mesh_shape(StepPart(str(path), "press", 5.0, STEP_SEATS), BOTH)
    conforms(mesh)
    assert mesh.area("press") == pytest.approx(1200 - np.pi / 4 * 6.4**2, rel=2e-3)
    assert (mesh.area("x0"), mesh.area("y0")) == pytest.approx((300, 400))
    assert mesh.area("seat:b0") == pytest.approx(np.pi / 4 * (12**2 - 6.4**2), rel=1e-2)
    assert "seat:b1" not in mesh.faces
    again = mesh_shape(StepPart(str(path), "press", 5.0, STEP_SEATS), BOTH)
    assert np.array_equal(mesh.points, again.points) and np.array_equal(mesh.cells, again.cells)


def test_step_files_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "plate.step"
    write_step(path)
    with pytest.raises(GeometryError, match=r"0 faces are named 'pres'.*names there are 'press'"):
        mesh_shape(StepPart(str(path), "pres", 5.0))
    with pytest.raises(GeometryError, match=r"seat a at .32, 22. mm lies on no plane"):
        mesh_shape(StepPart(str(path), "press", 5.0, (Seat("a", 32, 22, 2, 4),)))
    with pytest.raises(GeometryError, match="there is no STEP file"):
        mesh_shape(StepPart(str(tmp_path / "none.step"), "press", 5.0))


def test_step_in_metres_becomes_mm(tmp_path: Path) -> None:
    path = tmp_path / "plate.step"
    write_step(path, metre=True)
    mesh = mesh_shape(StepPart(str(path), "press", 5000.0))
    assert np.ptp(mesh.points, axis=0) == pytest.approx([8e4, 6e4, 1e4], rel=1e-6)


def test_facets_on_both_sides_of_a_void_are_told_apart() -> None:
    """At the corner of a footprint they share three of four vertices; both are on the boundary."""
    mesh = mesh_shape(stack())
    outer = boundary(mesh.cells, mesh.cell)
    keys = np.sort(mesh.cells[:, FACETS["hexahedron"]].reshape(-1, 4), axis=1)
    _, count = np.unique(keys, axis=0, return_counts=True)
    assert len(outer) == (count == 1).sum()
    shared = np.unique(np.sort(outer, axis=1)[:, :3], axis=0, return_counts=True)[1]
    assert len(mesh.faces["ramps"]) > 0 and shared.max() == 2
