"""Meshes of vessels and lids: areas, volumes, faces that the fluid wets, symmetry, drawings, mistakes."""

from __future__ import annotations

from dataclasses import replace
from math import cos, pi, radians, sin

import numpy as np
import pytest

from holdersim.assembly import Assembly, Hole, Rect, Round, Seat, Slab, Solid, Vessel
from holdersim.body import Body
from holdersim.errors import GeometryError
from holdersim.geometry.mesh import MeshData, boundary, mesh_shape
from holdersim.grid import PressureGrid, averages
from holdersim.holder import mirror_planes
from holdersim.materials.elastic import Elastic
from holdersim.results import drawing

STEEL = Elastic("steel", 200e3, 0.3)
BOTH = ("x0", "y0")
PLACES = [
    (52 * cos(radians(a)), 52 * sin(radians(a)))
    for a in (22.5, 67.5, 112.5, 157.5, 202.5, 247.5, 292.5, 337.5)
]
BORED = {
    "holes": tuple(Hole(x, y, 6.6) for x, y in PLACES),
    "seats": tuple(Seat(f"b{i}", x, y, 6.6, 9.0) for i, (x, y) in enumerate(PLACES, 1)),
}


def cup() -> Vessel:
    """Bottom 8, wall 6 around a bore of 82 mm, flange 10 mm; seal line of radius 44 mm."""
    slabs = (Slab(8, Round(47)), Slab(20, Round(47), Round(41), 4), Slab(10, Round(60), Round(41)))
    return Vessel(slabs, Round(44), **BORED)  # type: ignore[arg-type]


def lid() -> Vessel:
    return Vessel((Slab(12, Round(60)),), Round(44), **BORED)  # type: ignore[arg-type]


def case() -> Vessel:
    """A box 74 x 44 inside, with a flange and six bolts."""
    wall, inner, at = (
        Rect.centred(90, 60),
        Rect.centred(74, 44),
        [(x, y) for x in (-53, 0, 53) for y in (-38, 38)],
    )
    slabs = (Slab(8, wall), Slab(20, wall, inner, 4), Slab(10, Rect.centred(120, 90), inner))
    seats = tuple(Seat(f"b{i}", x, y, 6.6, 11) for i, (x, y) in enumerate(at))
    return Vessel(slabs, Rect.centred(80, 50), tuple(Hole(x, y, 6.6) for x, y in at), seats)


SHAPES = {"cup": cup(), "lid": lid(), "case": case()}


@pytest.mark.parametrize("name", SHAPES)
def test_faces_share_out_the_surface_once(name: str) -> None:
    """Every outer facet has one name (seats lie on `outside`), every point is used and stands alone."""
    for symmetry in ((), BOTH):
        mesh = mesh_shape(SHAPES[name], symmetry)
        assert len(np.unique(mesh.points.round(9), axis=0)) == len(mesh.points)
        assert np.array_equal(np.unique(mesh.cells), np.arange(len(mesh.points)))
        named = [tuple(sorted(f)) for n, face in mesh.faces.items() if ":" not in n for f in face.tolist()]
        outer = [tuple(sorted(f)) for f in boundary(mesh.cells, mesh.cell).tolist()]
        assert len(named) == len(set(named)) and set(named) == set(outer)
        outside = {tuple(sorted(f)) for f in mesh.faces["outside"].tolist()}
        assert all(
            tuple(sorted(f)) in outside for n in mesh.faces if ":" in n for f in mesh.faces[n].tolist()
        )


def test_areas_and_volume_of_a_round_vessel() -> None:
    """Level faces to rounding, walls to 0.1 % (chords are longer than those of the circle of equal area)."""
    mesh, bore, holes = mesh_shape(cup()), pi * 41**2, 8 * pi / 4 * 6.6**2
    assert mesh.area("press") == pytest.approx(pi * (60**2 - 44**2) - holes, rel=1e-9)
    assert mesh.area("inside") == pytest.approx(pi * 44**2 + 2 * pi * 41 * 30, rel=1e-3)
    wall = 2 * pi * (47 * 28 + 60 * 10) + pi * 60**2 - holes
    assert mesh.area("outside") == pytest.approx(wall, rel=1e-3)
    for i in range(1, 9):
        assert mesh.area(f"seat:b{i}") == pytest.approx(pi / 4 * (9**2 - 6.6**2), rel=1e-9)
    volume = pi * 47**2 * 28 - bore * 20 + (pi * 60**2 - bore - holes) * 10
    assert mesh.volume == pytest.approx(volume, rel=1e-9)
    seats = mesh.points[np.concatenate([mesh.faces[f"seat:b{i}"] for i in range(1, 9)])]
    assert np.allclose(seats[..., 2], 28.0)


def test_areas_of_a_box_are_exact() -> None:
    mesh, holes = mesh_shape(case()), 6 * pi / 4 * 6.6**2
    assert mesh.area("press") == pytest.approx(120 * 90 - 80 * 50 - holes, rel=1e-9)
    assert mesh.area("inside") == pytest.approx(80 * 50 + 2 * (74 + 44) * 30, rel=1e-12)
    assert mesh.volume == pytest.approx(90 * 60 * 28 + 120 * 90 * 10 - 74 * 44 * 30 - 10 * holes, rel=1e-9)


@pytest.mark.parametrize("name", SHAPES)
def test_a_quarter_is_a_quarter(name: str) -> None:
    whole, quarter = mesh_shape(SHAPES[name]), mesh_shape(SHAPES[name], BOTH)
    assert quarter.volume == pytest.approx(whole.volume / 4, rel=1e-9)
    assert 4 * len(quarter.cells) == len(whole.cells)
    for face in ("press", "inside", "outside"):
        assert quarter.area(face) == pytest.approx(whole.area(face) / 4, rel=1e-9)
    for plane, axis in (("x0", 0), ("y0", 1)):
        assert np.abs(quarter.points[quarter.faces[plane]][..., axis]).max() == 0


def test_the_lid_covers_the_press_face_of_the_vessel_alike() -> None:
    """On every pixel both press faces have the same area, so that no pixel of the flange is lost."""
    covered = []
    for shape in (cup(), lid()):
        body = Body(Solid("s", shape, STEEL, symmetry=BOTH), mesh_shape(shape, BOTH))
        covered.append(averages(body.face("press"), PressureGrid.over(Rect.centred(130, 130), 5.0, BOTH),
                                len(body.coordinates))[1])  # fmt: skip
    assert covered[0].sum() == pytest.approx((pi * (60**2 - 44**2) - 8 * pi / 4 * 6.6**2) / 4, rel=1e-6)
    assert np.abs(covered[0] - covered[1]).max() < 1e-6


def resultant(mesh: MeshData, face: str) -> np.ndarray:
    """Sum of the area vectors of a face, their signs apart for level facets."""
    p = mesh.points[mesh.facets(face)]
    return np.abs(np.cross(p[:, 3] - p[:, 0], p[:, 2] - p[:, 1]) / 2).sum(axis=0)


def test_the_fluid_lifts_what_the_seal_encloses() -> None:
    """Level facets of the inside: bottom and seal ledge of the vessel, or the disc of the lid, pi r_seal^2."""
    for shape in (cup(), lid()):
        assert resultant(mesh_shape(shape), "inside")[2] == pytest.approx(pi * 44**2, rel=1e-9)


def test_a_thin_tube_and_one_bolt_off_the_axes() -> None:
    """Without a bottom only the wall is wet; a hole that is not mirrored is meshed whole."""
    tube = mesh_shape(Vessel((Slab(4, Round(60), Round(50), 1),), Round(50), size=5, coarse=5))
    assert tube.area("inside") == pytest.approx(2 * pi * 50 * 4, rel=1e-3)
    assert tube.area("press") == pytest.approx(pi * (60**2 - 50**2), rel=1e-9)
    odd = replace(lid(), holes=(Hole(50, 10, 6.6),), seats=())
    assert mesh_shape(odd).volume == pytest.approx(12 * (pi * 60**2 - pi / 4 * 6.6**2), rel=1e-3)
    with pytest.raises(GeometryError, match="not symmetric about x = 0"):
        mesh_shape(odd, ("x0",))
    assert mirror_planes(Assembly((Solid("v", odd, STEEL),))) == ()
    assert mirror_planes(Assembly((Solid("v", cup(), STEEL),))) == BOTH


def test_the_same_mesh_each_time() -> None:
    first, again = mesh_shape(cup()), mesh_shape(cup())
    assert np.array_equal(first.points, again.points) and np.array_equal(first.cells, again.cells)


@pytest.mark.parametrize(("change", "message"), [
    ({"slabs": ()}, "slabs of positive height"),
    ({"slabs": (Slab(5, Round(10), Round(10)),)}, "slab 1: the cavity does not lie inside"),
    ({"slabs": (Slab(5, Rect.centred(130, 20)), Slab(5, Round(60)))}, "slabs 1 and 2: neither outline"),
    ({"slabs": (Slab(5, Round(50), Rect.centred(60, 10)), Slab(5, Round(60), Round(20)))}, "neither cavity lies"),
    ({"seal": Round(40)}, "seal line does not lie on the top face"),
    ({"seal": Round(49)}, r"hole at \(48.0417, 19.8995\) reaches the seal"),
    ({"holes": (Hole(58, 0, 6),)}, r"hole at \(58, 0\) is not inside"),
    ({"holes": (Hole(49, 0, 6),)}, r"hole at \(49, 0\) reaches the wall"),
    ({"seats": (Seat("a", *PLACES[0], 0, 6),)}, "seat a: outer diameter 6 mm"),
    ({"seats": (Seat("a", *PLACES[0], 6, 9), Seat("a", *PLACES[1], 6, 9))}, "seats need different names"),
])  # fmt: skip
def test_impossible_vessels_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        mesh_shape(replace(cup(), **change))  # type: ignore[arg-type]


def test_a_vessel_in_the_drawing() -> None:
    """Slabs with their heights and cavities; the lid, turned over, has its seats on top."""
    a = Assembly((Solid("vessel", cup(), STEEL, z=-8.0), Solid("lid", lid(), STEEL, z=42.0, flip=True)))
    vessel, cover = drawing(a)["plates"]
    assert [(s["z0"], s["z1"]) for s in vessel["slabs"]] == [(-8, 0), (0, 20), (20, 30)]
    assert vessel["slabs"][0]["cavity"] is None and vessel["slabs"][1]["cavity"]["x1"] == 41
    assert (vessel["x1"], vessel["press_z"], vessel["seat_z"], vessel["round"]) == (60, 30, 20, True)
    assert (cover["z0"], cover["z1"], cover["press_z"], cover["seat_z"]) == (30, 42, 30, 42)
    assert len(vessel["seats"]) == len(cover["holes"]) == 8
