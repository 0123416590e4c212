"""Every mistake users make with a case file gets a message: where, what, what is allowed, how to mend it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from holdersim.case import Case, read_case
from holdersim.errors import CaseError

TIGHTEN = {"do": "tighten", "pressure": "5 MPa", "area": "cathode"}


def data(**changes: Any) -> dict[str, Any]:
    """A small case as a dictionary, with tables replaced."""
    base = {"holder": {"kind": "bare_uniaxial"}, "cell": {"kind": "two_electrode"}, "steps": [TIGHTEN]}
    return base | changes


def told(**changes: Any) -> str:
    """What a case with these tables is told."""
    with pytest.raises(CaseError) as caught:
        Case.model_validate(data(**changes))
    assert caught.value.exit_code == 2
    return str(caught.value)


def bare(**keys: Any) -> dict[str, Any]:
    """Holder table."""
    return {"kind": "bare_uniaxial", **keys}


def cell(**keys: Any) -> dict[str, Any]:
    """Cell table."""
    return {"kind": "two_electrode", **keys}


def step(**keys: Any) -> list[dict[str, Any]]:
    """A single tightening."""
    return [{"do": "tighten", **keys}]


MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    (
        "unknown key",
        {"holder": bare(lenght="80 mm")},
        'holder.lenght = "80 mm": unknown key. Did you mean "length"?',
    ),
    ("unknown table", {"stpes": []}, 'stpes: unknown key. Did you mean "steps"?'),
    (
        "key one table too high",
        {"holder": bare(material="SS304")},
        'holder.material = "SS304": unknown key. It belongs into the table plate.',
    ),
    (
        "unknown holder",
        {"holder": {"kind": "bare_uniaxal"}},
        'no kind "bare_uniaxal". Did you mean "bare_uniaxial"?',
    ),
    ("no kind", {"holder": {}}, 'holder: needs the key "kind".'),
    (
        "missing unit",
        {"steps": step(pressure=5e6, area="cathode")},
        'steps[0].pressure = 5000000.0: has no unit. Write "5 MPa"',
    ),
    (
        "wrong dimension",
        {"holder": bare(thickness="10 N")},
        'holder.thickness = "10 N": is a force, not a length',
    ),
    (
        "GPa as MPa",
        {"holder": bare(plate={"material": {"base": "Al6061", "E": "70 MPa"}})},
        'E = "70 MPa": the modulus of a metal lies in 10000 to 500000 MPa. Did you mean "70 GPa"?',
    ),
    (
        "mPa",
        {"steps": step(pressure="5 mPa", area="cathode")},
        'a pressure lies in 0.001 to 1000 MPa. Did you mean "5 MPa"?',
    ),
    (
        "no area",
        {"steps": step(pressure="5 MPa")},
        'pressure: needs area: "cathode" gives 2.62 kN, "anode" gives 3.60 kN, "separator" gives 5.00 kN',
    ),
    (
        "unknown area",
        {"steps": step(pressure="5 MPa", area="film")},
        'steps[0].area = "film": there is no such area: "cathode" gives',
    ),
    ("area with a force", {"steps": step(force="2 kN", area="cathode")}, "area belongs to a pressure"),
    (
        "torque alone",
        {"steps": step(torque="0.8 N*m")},
        "steps[0]: torque needs nut_factor (0.12 lubricated to 0.20 dry)",
    ),
    (
        "half the friction",
        {"steps": step(torque="0.8 N*m", thread_friction=0.1)},
        "or thread_friction and head_friction",
    ),
    (
        "factor twice",
        {"steps": step(torque="0.8 N*m", nut_factor=0.2, thread_friction=0.1, head_friction=0.1)},
        "torque needs",
    ),
    (
        "factor without torque",
        {"steps": step(force="2 kN", nut_factor=0.2)},
        "nut_factor and friction belong to a torque",
    ),
    (
        "two loads",
        {"steps": step(force="2 kN", torque="1 N*m", nut_factor=0.2)},
        "has force and torque: give exactly one of",
    ),
    ("no load", {"steps": step()}, "steps[0]: has no load: give exactly one of"),
    (
        "beyond proof",
        {"holder": bare(bolt="M4"), "steps": step(torque="6 N*m", nut_factor=0.2)},
        "bolt b1 M4-8.8: 6 N m gives 7.5 kN = 147 % of the proof load (5.09 kN). Lower the torque",
    ),
    (
        "force beyond proof",
        {"steps": step(force="50 kN")},
        "12.5 kN = 107 % of the proof load (11.7 kN). Lower the force or use M8.",
    ),
    ("bolt size", {"holder": bare(bolt="M7")}, 'holder.bolt = "M7": must be'),
    (
        "layer in mm",
        {"cell": cell(cathode={"thickness": "160 mm"})},
        '= "160 mm": the thickness of a layer lies in 0.001 to 5 mm. Did you mean "160 um"?',
    ),
    (
        "small separator",
        {"cell": cell(separator={"length": "30 mm", "width": "12 mm"})},
        "separator 30 x 12 mm does not cover cathode 35 x 15 mm: short circuit. Swap?",
    ),
    (
        "bolt off the plate",
        {"holder": bare(bolts=[["42 mm", "10 mm"]])},
        "bolt b1 at (42, 10) mm: its washer of 12 mm reaches",
    ),
    (
        "bolt through the pouch",
        {"holder": bare(bolts=[["32 mm", "10 mm"]])},
        "overlaps the pouch outline by 1.3 mm",
    ),
    (
        "flatness in mm",
        {"holder": bare(plate={"flatness": {"dish": "10 mm"}})},
        'dish = "10 mm": a flatness deviation lies in -1 to 1 mm. Did you mean "10 um"?',
    ),
    (
        "never closes",
        {"holder": bare(plate={"flatness": {"dish": "0.8 mm"}}), "steps": step(force="100 N")},
        "the gap never closes: flatness and thickness scatter of 232 um; 0.1 kN closes about 1.14 um.",
    ),
    ("unknown step", {"steps": [{"do": "tigthen"}]}, 'there is no do "tigthen". Did you mean "tighten"?'),
    (
        "step not there yet",
        {"steps": [TIGHTEN, {"do": "film", "grade": "LW"}]},
        'do "film" is not available yet',
    ),
    ("no steps", {"steps": []}, "steps: the list is empty."),
    (
        "unknown bolt",
        {"steps": step(force="2 kN", scatter={"b9": 1.1})},
        "there is no bolt b9. Bolts: b1, b2, b3, b4.",
    ),
    (
        "bolt forgotten",
        {"steps": step(force="2 kN", sequence=["b1", "b3", "b2"])},
        "steps[0].sequence: leaves out b4.",
    ),
    (
        "falling passes",
        {"steps": step(force="2 kN", sequence="cross", passes=[0.8, 0.5, 1.0])},
        "rising shares that end in 1",
    ),
    (
        "passes at once",
        {"steps": step(force="2 kN", passes=3)},
        'passes need a sequence. Write sequence = "cross".',
    ),
    ("wild scatter", {"steps": step(force="2 kN", scatter={"b1": 30})}, "steps[0].scatter.b1 = 30"),
    ("pixel in m", {"grid": {"pixel": "0.5 m"}}, "leaves 0.03 pixels across the cathode"),
    ("pixel too small", {"grid": {"pixel": "50 um"}}, "gives 610000 pixels; at most 60000"),
    ("format", {"format": 7}, "format = 7"),
    ("no such STEP file", {"holder": bare(top={"step": "gone.step"})}, "holder.top.step"),
]


@pytest.mark.parametrize(("changes", "words"), [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES])
def test_mistakes(changes: dict[str, Any], words: str) -> None:
    """Every mistake says where, what was given, what is allowed and how to mend it."""
    assert words in told(**changes)


def test_all_mistakes_at_once() -> None:
    """Mistakes of all tables come in one go, counted."""
    text = told(
        holder=bare(lenght="80 mm", bolt="M7"),
        cell=cell(cathode={"thickness": "160 mm"}),
        steps=step(pressure=5, area="cathode"),
    )
    assert text.startswith("case: 4 mistake(s)\n") and len(text.splitlines()) == 5


def test_physical_mistakes_come_together() -> None:
    """The second stage tells cell, holder and loads in one go."""
    text = told(holder=bare(inset="3 mm"), cell=cell(separator={"width": "12 mm"}), steps=step(force="50 kN"))
    assert "short circuit" in text and "beyond the plate" in text and "proof load" in text


def test_not_a_case_file(tmp_path: Path) -> None:
    """Missing and broken files are told, not traced."""
    with pytest.raises(CaseError, match="cannot be read"):
        read_case(tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("holder = {\n")
    with pytest.raises(CaseError, match=r"broken.toml: 1 mistake\(s\)\n  file: is not TOML"):
        read_case(broken)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("sweeps/plates_grid.toml", "the file is a sweep. Use holdersim sweep plan "),
        ("studies/plate.toml", "the file is a design study. Use holdersim optimise "),
        ("studies/tolerance_bare.toml", "the file is a tolerance study. Use holdersim tolerance "),
        ("weights/cube.toml", "the file is a weight study. Use holdersim weigh "),
    ],
)
def test_a_file_for_another_command(file: str, words: str) -> None:
    """It is told what it is and what to do with it, in one line."""
    path = Path(__file__).resolve().parents[2] / "cases" / file
    with pytest.raises(CaseError) as caught:
        read_case(path)
    assert len(caught.value.mistakes) == 1
    assert f"{words}{path}" in str(caught.value)
