"""Holders: found by file name, built around any cell; flatness; symmetry never assumed wrongly."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from holdersim.assembly import Assembly, Plate, StepPart
from holdersim.case import Case
from holdersim.cell import Cell
from holdersim.errors import CaseError
from holdersim.flatness import Flatness
from holdersim.holder import Grid, Mesh, holder_files, holders, mirror_planes
from holdersim.schema import explicit, mistakes
from holdersim.stacks import Bilayer, TwoElectrode
from holdersim.uniaxial import PlateSpec

SIZES = Mesh().sizes(0.5)
WAVE = {"amplitude": "3 um", "wavelength": "17 mm"}


def built(cell: Cell | None = None, symmetry: tuple[str, ...] = (), **keys: Any) -> Assembly:
    """The bare holder with these keys."""
    return holders()["bare_uniaxial"].model_validate(keys).build(cell or TwoElectrode(), SIZES, symmetry)


@pytest.mark.parametrize("kind", sorted(holder_files()))
def test_every_holder_builds_around_the_paper_s_cell(kind: str) -> None:
    """Defaults give an assembly whose interfaces and bolts name solids that are there, and no mistakes."""
    holder, cell = holders()[kind](), TwoElectrode()
    assert holder.check(cell)[0] == []
    assembly = holder.build(cell, SIZES)
    names = {s.name for s in assembly.solids}
    sides = [s for i in assembly.interfaces for s in (i.below, i.above)] + [
        s for b in assembly.bolts for s in b.seats
    ]
    assert {s.split(".")[0] for s in sides} <= names and assembly.interfaces
    assert set(holder.bolt_places()) == {b.name for b in assembly.bolts}


def test_bare_uniaxial() -> None:
    """Bottom plate flipped below z = 0, top plate on the cell; bolts in the corners; masses."""
    a = built(plate={"material": "Al6061"})
    bottom, cell, top = a.solids
    assert (bottom.z, bottom.flip, cell.z, top.flip) == (0.0, True, 0.0, False)
    assert top.z == pytest.approx(0.5736)
    assert [(b.x, b.y) for b in a.bolts] == [(32, 22), (-32, 22), (-32, -22), (32, -22)]
    assert [i.region.area for i in a.interfaces] == [1000.0, 525.0]
    assert a.interfaces[0].gap is None, "a flat plate on the flat bottom"
    assert a.masses["top_plate"] == pytest.approx(2.7e-9 * 10 * (4800 - 4 * np.pi / 4 * 6.6**2))


def test_plates_may_differ() -> None:
    """The top plate has its own alloy and thickness, and keeps the common flatness."""
    a = built(
        plate={"material": "SS304", "flatness": {"dish": "10 um"}},
        top={"material": "Al6061", "thickness": "12 mm"},
    )
    bottom, _, top = a.solids
    assert bottom.material and top.material
    assert (bottom.material.name, top.material.name) == ("SS304", "Al6061-T6")
    assert isinstance(top.shape, Plate) and top.shape.thickness == 12
    for i in a.interfaces:
        assert callable(i.gap) and i.gap(np.zeros(1), np.zeros(1))[0] == pytest.approx(0.010)


def test_a_pattern_of_bolts_and_shares() -> None:
    """A bolt on a symmetry plane is halved, those beyond are left out, the plate keeps all its holes."""
    places = [
        [f"{x} mm", f"{y} mm"] for x, y in ((32, 22), (-32, 22), (32, -22), (-32, -22), (0, 22), (0, -22))
    ]
    a = built(bolts=places, symmetry=("x0", "y0"))
    assert {b.name: b.share for b in a.bolts} == {"b1": 1.0, "b5": 0.5}
    shape = a.solids[0].shape
    assert isinstance(shape, Plate) and len(shape.holes) == len(shape.seats) == 6


@pytest.mark.parametrize(
    ("keys", "planes"),
    [
        ({}, ("x0", "y0")),
        ({"plate": {"flatness": {"dish": "-8 um"}}}, ("x0", "y0")),
        ({"plate": {"flatness": {"wave": WAVE}}}, ("x0", "y0")),
        (
            {
                "plate": {
                    "flatness": {"wave": {"amplitude": "3 um", "wavelength": "17 mm", "phase": "20 deg"}}
                }
            },
            ("y0",),
        ),
        (
            {
                "plate": {
                    "flatness": {"wave": {"amplitude": "3 um", "wavelength": "17 mm", "direction": "30 deg"}}
                }
            },
            (),
        ),
        ({"top": {"flatness": {"tilt": {"rise": "3 um"}}}}, ("y0",)),
        ({"bottom": {"flatness": {"tilt": {"rise": "3 um", "direction": "90 deg"}}}}, ("x0",)),
        ({"bolts": [["32 mm", "22 mm"], ["-32 mm", "22 mm"], ["0 mm", "-22 mm"]]}, ("x0",)),
        ({"bolts": [["32 mm", "22 mm"], ["-32 mm", "-22 mm"]]}, ()),
    ],
)
def test_symmetry_is_seen_and_never_assumed(keys: dict[str, Any], planes: tuple[str, ...]) -> None:
    """Planes about which bolts and gaps are mirrored."""
    assert mirror_planes(built(**keys)) == planes


def test_cells_break_symmetry() -> None:
    """A tab, or a layer off the middle, or a wedge of thickness."""
    for data in (
        {"tabs": [{}]},
        {"thickness_variation": {"tilt": {"rise": "1 um"}}},
        {"cathode": {"x": "1 mm"}},
    ):
        assert mirror_planes(built(TwoElectrode.model_validate(data))) == ("y0",)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (
            {"inset": "3 mm"},
            "inset: bolt b1 at (37, 27) mm: its washer of 12 mm reaches 3 mm beyond the plate",
        ),
        (
            {"bolts": [["42 mm", "10 mm"]]},
            "bolts: bolt b1 at (42, 10) mm: its washer of 12 mm reaches 8 mm beyond",
        ),
        ({"bolts": [["32 mm", "10 mm"]]}, "bolt b1 at (32, 10) mm overlaps the pouch outline by 1.3 mm."),
        ({"bolts": [["10 mm", "10 mm"]]}, "bolt b1 at (10, 10) mm overlaps the pouch outline by 8.3 mm."),
        ({"bolts": [["32 mm", "22 mm"], ["32 mm", "15 mm"]]}, "the washers of b1 and b2 overlap"),
        ({"length": "45 mm", "bolts": [["0 mm", "22 mm"]]}, "the separator does not lie on the plate"),
    ],
)
def test_bolts_in_wrong_places(keys: dict[str, Any], words: str) -> None:
    """Off the plate, through the pouch, into each other."""
    holder = holders()["bare_uniaxial"].model_validate(keys)
    assert words in "\n".join(str(m) for m in holder.check(TwoElectrode())[0])


def test_the_bilayer_in_the_default_holder() -> None:
    """Its pouch of 55 x 45 mm clears the bolts beyond its ends, but not those of a plate 60 mm long."""
    bare = holders()["bare_uniaxial"]
    assert bare().check(Bilayer())[0] == []
    assert "overlaps the pouch" in str(bare.model_validate({"length": "60 mm"}).check(Bilayer())[0][0])


def test_flatness_shapes() -> None:
    """Distances back from the ideal plane at centre, corner, edge."""
    x, y = np.array([0.0, 40.0, -40.0]), np.array([0.0, 30.0, 0.0])
    assert Flatness.model_validate({"dish": "10 um"}).back(80, 60)(x, y) == pytest.approx(
        [0.010, 0, 0.010 * 0.36]
    )
    assert Flatness.model_validate({"dish": "-10 um"}).back(80, 60)(x, y) == pytest.approx(
        [0, 0.010, 0.010 * 0.64]
    )
    assert Flatness.model_validate({"tilt": {"rise": "4 um"}}).back(80, 60)(x, y) == pytest.approx(
        [0.002, 0.004, 0]
    )
    wave = {"amplitude": "2 um", "wavelength": "80 mm"}
    assert Flatness.model_validate({"wave": wave}).back(80, 60)(x, y) == pytest.approx([0, 0.004, 0.004])
    both = Flatness.model_validate({"wave": [wave, wave], "dish": "1 um"}).back(80, 60)(x, y)
    assert both == pytest.approx([0.001, 0.008, 0.008 + 0.00036])


def test_a_plate_from_a_step_file(tmp_path: Path) -> None:
    """The top plate is a drawn part with a named press face and seats; nothing is assumed symmetric."""
    (tmp_path / "top.step").write_text("ISO-10303-21;")
    holder = holders()["bare_uniaxial"].model_validate(
        {"top": {"step": "top.step", "press": "anvil", "thickness": "14 mm"}}, context={"folder": tmp_path}
    )
    a = holder.build(TwoElectrode(), SIZES)
    shape = a.solids[2].shape
    assert isinstance(shape, StepPart) and (shape.press, shape.path) == ("anvil", str(tmp_path / "top.step"))
    assert (shape.seats[0].name, shape.seats[0].x, shape.seats[0].y) == ("b1", 32.0, 22.0)
    assert isinstance(a.solids[0].shape, Plate) and mirror_planes(a) == ()
    assert a.bolts[0].length == pytest.approx(10 + 14 + 0.5736 + 3.2)


def write_map(file: Path, unit: float) -> Path:
    """Heights of a plane with slope 1e-4 and 2e-4, in units of `unit` mm, on a grid of 9 x 5 points."""
    rows = [
        f"{x},{y},{(1e-4 * x + 2e-4 * y) / unit:.9g}" for y in range(-20, 21, 10) for x in range(-40, 41, 10)
    ]
    file.write_text("x,y,z\n" + "\n".join(rows) + "\n")
    return file


def test_a_map_is_bilinear_and_counts_from_its_highest_point(tmp_path: Path) -> None:
    """A plane is met exactly; what a path is called does not matter for the identity, what it holds does."""
    units = {"x_unit": "mm", "y_unit": "mm", "z_unit": "um"}
    file = write_map(tmp_path / "a.csv", 1e-3)
    map_ = Flatness.model_validate({"map": {"file": str(file), **units}})
    x, y = np.array([0.0, 13.0, 40.0]), np.array([0.0, -7.5, 20.0])
    assert map_.back(80, 40)(x, y) == pytest.approx(0.008 - (1e-4 * x + 2e-4 * y), abs=1e-12)
    other = Flatness.model_validate(
        {"map": {"file": str(write_map(tmp_path / "b.csv", 1.0)), **units, "z_unit": "mm"}}
    )
    assert map_.map and other.map and map_.map.fingerprint() == other.map.fingerprint()


def test_a_drawing_counts_by_what_it_holds(tmp_path: Path) -> None:
    """The same STEP file elsewhere is the same case, a changed one another; without a drawing nothing is added."""

    def identity(name: str, text: str) -> str:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        table = {"kind": "bare_uniaxial", "top": {"step": str(file), "press": "face"}}
        steps = [{"do": "tighten", "pressure": "5 MPa", "area": "cathode"}]
        case = Case.model_validate({"holder": table, "cell": {"kind": "two_electrode"}, "steps": steps})
        assert case.to_dict()["holder"]["top"]["step"] == str(file)
        assert case.with_("title", "again").identity() == case.identity()
        return case.identity()

    first = identity("a/plate.step", "one")
    assert identity("b/other.step", "one") == first != identity("a/plate.step", "two")
    assert "step" not in explicit(PlateSpec(thickness="5 mm"))


@pytest.mark.parametrize(
    ("text", "change", "words"),
    [
        (None, {"z_unit": "mm"}, 'm.csv: peak to valley 16 mm over 80 mm. Units? Set z_unit = "um".'),
        (None, {"file": "gone.csv"}, "there is no such file."),
        (None, {"z_unit": "furlong"}, "map.z_unit"),
        ("x,y,z\n0,0,1\n1,0,1\n0,1,1\n", {}, "m.csv needs rows x, y, z."),
        ("0,0,1\n1,0,1\n0,1,1\n1,1,1\n2,2,1\n", {}, "5 points do not fill a grid of 3 x by 3 y values"),
        ("0,0,1\n1,0,1\n0,1,a\n1,1,1\n", {}, "m.csv, line 3: not three numbers"),
    ],
)
def test_maps_refused(tmp_path: Path, text: str | None, change: dict[str, str], words: str) -> None:
    """Wrong units, holes, bad rows."""
    file = write_map(tmp_path / "m.csv", 1e-3)
    if text is not None:
        file.write_text(text)
    data = {"file": "m.csv", "x_unit": "mm", "y_unit": "mm", "z_unit": "um", **change}
    with pytest.raises(ValidationError) as caught:
        Flatness.model_validate({"map": data}, context={"folder": tmp_path})
    assert words in "\n".join(str(m) for m in mistakes(caught.value))


def test_a_holder_of_one_s_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dropping a file in a folder is enough; a file without a holder is refused in words."""
    (tmp_path / "clamp.py").write_text(
        "from holdersim.holder import Holder\nfrom holdersim.schema import key\n"
        "from holdersim.units import Length\n"
        'class Clamp(Holder):\n    """A clamp."""\n    gap: Length = key("3 mm", "gap")\n'
        "    def build(self, cell, mesh, symmetry=()):\n        return None\n"
    )
    (tmp_path / "nothing.py").write_text("x = 1\n")
    monkeypatch.setenv("HOLDERSIM_GEOMETRIES", str(tmp_path))
    assert holders()["clamp"]().model_dump() == {"kind": "clamp", "gap": "3 mm"}
    assert "bare_uniaxial" in holders()
    (tmp_path / "broken.py").write_text("import nothing_of_that_name\n")
    with pytest.raises(CaseError, match="cannot be loaded: ModuleNotFoundError"):
        holders()["broken"]
    with pytest.raises(CaseError, match="has 0 holder classes"):
        holders()["nothing"]


def test_holder_files_come_and_go_while_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A listing is kept only as long as no folder of it changes; a folder that is not there yet may come."""
    monkeypatch.setenv("HOLDERSIM_GEOMETRIES", str(tmp_path / "own"))
    assert "later" not in holders() and "bare_uniaxial" in holders()
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "later.py").write_text("x = 1\n")
    assert holder_files()["later"] == tmp_path / "own" / "later.py"
    (tmp_path / "own" / "later.py").unlink()
    os.utime(tmp_path / "own", (1, 1))  # as a clock would tell later on
    assert "later" not in holder_files()
    holder_files()["made_up"] = tmp_path
    assert "made_up" not in holder_files()


def test_mesh_levels() -> None:
    """Levels scale elements by 2, 1, 1/2; the cell has a whole number of elements a pixel, two or more."""
    coarse, normal, fine = (Mesh.model_validate({"level": n}).sizes(Grid().pixel) for n in (0, 1, 2))
    assert coarse.plate_size == 2 * normal.plate_size == 4 * fine.plate_size
    assert [s.cell_size for s in (coarse, normal, fine)] == pytest.approx([0.5 / 2, 0.5 / 3, 0.5 / 6])
    assert Mesh().sizes(0.25).cell_size == pytest.approx(0.25 / 2)
    assert fine.plate_layers > normal.plate_layers >= 2
