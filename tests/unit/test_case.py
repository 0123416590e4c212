"""Cases: identity, dumps, and what a case gives to the solver."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from holdersim.case import Case, read_case
from holdersim.errors import CaseError

ROOT = Path(__file__).resolve().parents[2]
CASES = sorted((ROOT / "cases").glob("*.toml"))
DEMO = ROOT / "cases" / "bare_uniaxial_5MPa.toml"
TIGHTEN = {"do": "tighten", "pressure": "5 MPa", "area": "cathode"}


def data(**changes: Any) -> dict[str, Any]:
    """A small case as a dictionary, with tables replaced."""
    base = {"holder": {"kind": "bare_uniaxial"}, "cell": {"kind": "two_electrode"}, "steps": [TIGHTEN]}
    return base | changes


def bare(**keys: Any) -> dict[str, Any]:
    """Holder table."""
    return {"kind": "bare_uniaxial", **keys}


def step(**keys: Any) -> list[dict[str, Any]]:
    """A single tightening."""
    return [{"do": "tighten", **keys}]


# -- identity ------------------------------------------------------------------------------------------------


def test_pinned_identity() -> None:
    """If this changes, every stored result is orphaned: raise FORMAT instead."""
    assert read_case(DEMO).identity() == "e6e6ff3d95"


@pytest.mark.parametrize(
    ("where", "same"),
    [
        ("grid.pixel", "250 um"),
        ("grid.pixel", "0.025 cm"),
        ("title", "another"),
        ("holder.plate.flatness.dish", "1e-5 m"),
        ("steps[0].pressure", "50 bar"),
        ("holder.thickness", "1 cm"),
    ],
)
def test_spelling_and_defaults_do_not_change_the_identity(where: str, same: str) -> None:
    """Other units, a title, a default written out."""
    case = read_case(DEMO)
    assert case.with_(where, same).identity() == case.identity()


@pytest.mark.parametrize(
    ("where", "other"),
    [
        ("grid.pixel", "0.5 mm"),
        ("holder.thickness", "12 mm"),
        ("holder.plate.material", "Al6061"),
        ("steps[0].area", "separator"),
        ("cell", {"kind": "bilayer"}),
        ("holder.plate.flatness.wave", {"amplitude": "1 um", "wavelength": "9 mm"}),
        ("mesh.level", 2),
    ],
)
def test_what_matters_changes_the_identity(where: str, other: Any) -> None:
    """Every physical or numerical change."""
    case = read_case(DEMO)
    assert case.with_(where, other).identity() != case.identity()


def test_a_map_counts_by_its_content(tmp_path: Path) -> None:
    """The same heights under another name are the same case; other heights are not."""
    identities = []
    for name, slope in (("a.csv", 1e-4), ("b.csv", 1e-4), ("c.csv", 2e-4)):
        rows = [f"{x},{y},{slope * x}" for x in (-40, 0, 40) for y in (-30, 0, 30)]
        (tmp_path / name).write_text("\n".join(rows))
        map_ = {"file": name, "x_unit": "mm", "y_unit": "mm", "z_unit": "mm"}
        holder = bare(plate={"flatness": {"map": map_}})
        identities.append(Case.model_validate(data(holder=holder), context={"folder": tmp_path}).identity())
    assert identities[0] == identities[1] != identities[2]


@pytest.mark.parametrize("file", CASES, ids=lambda f: f.stem)
def test_cases_of_the_project(file: Path) -> None:
    """Every case reads, builds, and comes back from its dump; its name is that of the file."""
    case = read_case(file)
    assert case.name == file.stem and case.assembly().interfaces
    again = Case(**case.to_dict())
    assert again == case and again.identity() == case.identity() and hash(again) == hash(case)


# -- what a case gives ---------------------------------------------------------------------------------------


def test_loads() -> None:
    """5 MPa on the cathode is 2625 N, on the separator 5000 N; torque by K or by friction."""
    case = read_case(DEMO)
    assert case.closing_force() == pytest.approx(2625.0)
    assert case.with_("steps[0].area", "separator").closing_force() == pytest.approx(5000.0)
    assert case.pulls(case.steps[0]) == ({n: pytest.approx(656.25) for n in ("b1", "b2", "b3", "b4")},)
    by_torque = Case(**data(steps=step(torque="0.7875 N*m", nut_factor=0.2)))
    assert by_torque.closing_force() == pytest.approx(2625.0)
    by_friction = Case(**data(steps=step(torque="1 N*m", thread_friction=0.12, head_friction=0.12)))
    assert by_friction.closing_force() == pytest.approx(4 * 1000 / (0.171 * 6), rel=5e-3)


def test_sequences() -> None:
    """Bolts one by one, opposite ones in turn, in rising passes; scatter on single bolts."""
    case = Case(**data(steps=step(force="4 kN", sequence="cross", passes=[0.5, 1.0], scatter={"b2": 1.2})))
    pulls = case.pulls(case.steps[0])
    assert [next(iter(p)) for p in pulls] == ["b1", "b3", "b2", "b4"] * 2
    assert [next(iter(p.values())) for p in pulls] == pytest.approx(
        [500, 500, 600, 500, 1000, 1000, 1200, 1000]
    )
    listed = Case(**data(steps=step(force="4 kN", sequence=["b4", "b1", "b2", "b3"], passes=2)))
    assert [next(iter(p)) for p in listed.pulls(listed.steps[0])] == ["b4", "b1", "b2", "b3"] * 2


@pytest.mark.parametrize(
    ("load", "planes"),
    [
        (step(force="4 kN"), ("x0", "y0")),
        (step(force="4 kN", sequence="cross"), ()),
        (step(force="4 kN", scatter={"b1": 1.1}), ()),
    ],
)
def test_symmetry_follows_the_loads(load: list[dict[str, Any]], planes: tuple[str, ...]) -> None:
    """One quarter only if all bolts are pulled alike; the quarter keeps the bolt at +x +y."""
    assembly = Case(**data(steps=load)).assembly()
    assert assembly.symmetry == planes and all(s.symmetry == planes for s in assembly.solids)
    assert len(assembly.bolts) == (1 if planes else 4)
    assert Case(**data(steps=load, symmetry="none")).assembly().symmetry == ()


def test_warnings() -> None:
    """Allowed but worth a look: near proof, gaps that stay open."""
    near = Case(**data(steps=step(force="40 kN")))
    assert "86 % of the proof load: usual is at most 75 %" in near.warnings[0]
    open_ = Case(**data(holder=bare(plate={"flatness": {"dish": "200 um"}})))
    assert "part of the cell will stay without pressure" in open_.warnings[0]
    assert read_case(DEMO).warnings == []


def test_frozen() -> None:
    """A change gives a new case."""
    case = read_case(DEMO)
    thicker = case.with_("holder.thickness", "12 mm")
    assert thicker.holder.thickness == 12.0 and case.holder.thickness == 10.0  # type: ignore[attr-defined]
    assert thicker.name == case.name
    with pytest.raises(CaseError, match='Did you mean "thickness"'):
        case.with_("holder.thicknes", "12 mm")
