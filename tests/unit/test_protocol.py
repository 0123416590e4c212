"""Protocols from CSV files: what is read, in which unit, and what is said of files that are not in order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from holdersim.case import Case
from holdersim.errors import CaseError
from holdersim.holding import Aim
from holdersim.protocol import Columns, read_protocol

TIGHTEN = {"do": "tighten", "pressure": "1 MPa", "area": "cathode"}
PYBAMM = (
    "Time [s],Discharge capacity [A.h],Volume-averaged cell temperature [C],Negative electrode thickness change [m]\n"
    "0,0.000,25,0\n1800,-0.010,26,2e-6\n3600,-0.020,27,5e-6\n"
)


def read(folder: Path, text: str, **columns: Any) -> Any:
    """What is read from a file with this text, and what is wrong with it."""
    file = folder / "protocol.csv"
    file.write_text(text, encoding="utf-8")
    return read_protocol(file, Columns(**columns), None, 1000)


def wrong(folder: Path, text: str, **columns: Any) -> list[str]:
    """All that is said against a file with this text."""
    found, mistakes = read(folder, text, **columns)
    assert found is None
    return [str(m) for m in mistakes]


def case(folder: Path, text: str, **step: Any) -> Case:
    """A case that follows a file with this text."""
    (folder / "protocol.csv").write_text(text, encoding="utf-8")
    steps = [TIGHTEN, {"do": "protocol", "file": "protocol.csv"} | step]
    data = {"holder": {"kind": "bare_uniaxial"}, "cell": {"kind": "two_electrode"}, "steps": steps}
    return Case.model_validate(data, context={"folder": str(folder)})


def test_units_stand_in_the_header(tmp_path: Path) -> None:
    """Hours, per cent and degC become s, shares and K; time counts from the first row."""
    found, mistakes = read(tmp_path, "t / h,SOC [%],T (degC)\n1,0,25\n1.5,50,30\n3,100,25\n")
    assert mistakes == []
    assert found.time == pytest.approx([0.0, 1800.0, 7200.0])
    assert found.soc == pytest.approx([0.0, 0.5, 1.0])
    assert found.temperature == pytest.approx([298.15, 303.15, 298.15])


def test_units_as_keys(tmp_path: Path) -> None:
    """A header without units is fine where the step names them."""
    found, mistakes = read(tmp_path, "time,T\n0,300\n2,310\n", time_unit="min", temperature_unit="K")
    assert mistakes == []
    assert found.time[-1] == pytest.approx(120.0) and found.temperature[-1] == pytest.approx(310.0)
    assert found.soc is None


def test_an_export_of_pybamm(tmp_path: Path) -> None:
    """Discharged capacity counts down from the start; thicknesses belong to the layer that is named."""
    columns = {"Si": "Negative electrode thickness change [m]"}
    found, mistakes = read(
        tmp_path, PYBAMM, discharged="Discharge capacity [A.h]", capacity=0.021, start=0.0, thickness=columns
    )
    assert mistakes == []
    assert found.soc == pytest.approx([0.0, 10 / 21, 20 / 21])
    assert found.temperature == pytest.approx([298.15, 299.15, 300.15])
    assert found.thicker["Si"] == pytest.approx([0.0, 2e-3, 5e-3])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time,SOC\n0,0\n1,1\n", 'time: the column "time" has no unit. Write "time [s]" in the header'),
        ("t [s],SOC,T\n0,0,25\n1,1,25\n", 'temperature: the column "T" has no unit. Write "T [degC]"'),
        ("t [s],SOC\n0,0\n1,80\n", 'In percent? Write "SOC [%]" in the header.'),
        ("t [s],SOC\n0,0\n1,1.2\n", "runs from 0 to 1.2; a state of charge lies in 0 to 1."),
        ("t [s],SOC\n0,0\n5,0.5\n4,1\n", "time runs backwards in row 4. Sort the rows by time."),
        ("t [s],SOC\n0,0\n1,nan\n2,1\n", 'row 3: "nan" is no number, in the column "SOC"'),
        ("t [s],SOC\n0,0\n1,\n2,x\n", 'row 3 and 1 more: "" is no number, in the column "SOC"'),
        ("t [parsec],SOC\n0,0\n1,1\n", "time: "),
        ("t [mm],SOC\n0,0\n1,1\n", 'time: "mm" cannot be turned into s'),
        ("when,SOC\n0,0\n1,1\n", "time: the file has no column for the time."),
        (
            "t [s],U [V]\n0,3\n1,4\n",
            'no state of charge, temperature or thickness. Columns: "t [s]", "U [V]".',
        ),
        ("t [s],SOC\n0,0\n", "file: has 1 rows; a header and two rows at least are needed."),
        ("t [s],SOC\n0,0\n1,0,5\n", "file: row 3 has 3 columns, the header 2."),
        ("t [s],T [degC]\n0,25\n1,900\n", 'temperature: "T [degC]" runs from 25 to 900 degC'),
    ],
)
def test_files_that_are_not_in_order(tmp_path: Path, text: str, words: str) -> None:
    assert any(words in line for line in wrong(tmp_path, text)), wrong(tmp_path, text)


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    """Time, state of charge and temperature are each told."""
    said = wrong(tmp_path, "time,SOC,T\n0,0,25\n1,80,25\n")
    assert [line.split(":")[0] for line in said] == ["time", "soc", "temperature"]


def test_capacity_must_be_known_and_fit(tmp_path: Path) -> None:
    """What is missing is named; a capacity that is too small empties the cell more than once."""
    name = "Discharge capacity [A.h]"
    assert [line.split(":")[0] for line in wrong(tmp_path, PYBAMM, discharged=name)] == ["capacity", "start"]
    (said,) = wrong(tmp_path, PYBAMM, discharged=name, capacity=0.01, start=0.0)
    assert said.startswith("capacity: with it the state of charge runs from 0 to 2.")
    (said,) = wrong(tmp_path, PYBAMM, discharged="Discharge capacity [mA.h]", capacity=0.02, start=0.0)
    assert (
        said.startswith("discharged: there is no column")
        and 'Did you mean "Discharge capacity [A.h]"?' in said
    )


def test_thickness_in_the_wrong_unit(tmp_path: Path) -> None:
    (said,) = wrong(tmp_path, "t [s],dt [mm]\n0,0\n1,5\n", thickness={"Si": "dt [mm]"})
    assert said == 'thickness: "dt [mm]" changes by 5 mm; layers are thinner than that. Check its unit.'


def test_rows_are_thinned_evenly(tmp_path: Path) -> None:
    """First and last row stay; too many are refused."""
    file = tmp_path / "long.csv"
    file.write_text("t [s],SOC\n" + "".join(f"{i},{i / 2000}\n" for i in range(2001)), encoding="utf-8")
    found, _ = read_protocol(file, Columns(), 5, 1000)
    assert found is not None
    assert found.time == pytest.approx([0, 500, 1000, 1500, 2000])
    none, (mistake,) = read_protocol(file, Columns(), None, 1000)
    assert none is None and str(mistake) == (
        "file: 2001 rows; at most 1000 can be solved in one step. Write states = 500."
    )


def test_a_case_that_follows_a_file(tmp_path: Path) -> None:
    """Aims row by row; the identity is that of the values, wherever the file lies."""
    text = "t [h],SOC,T [degC]\n0,0,25\n1,0.5,30\n2,1,25\n"
    one = case(tmp_path, text)
    assert list(one.steps[1].aims({})) == [
        Aim(0.0, 0.0, 298.15), Aim(3600.0, 0.5, 303.15), Aim(3600.0, 1.0, 298.15)
    ]  # fmt: skip
    other = tmp_path / "elsewhere"
    other.mkdir()
    assert case(other, text).identity() == one.identity()
    assert case(other, text.replace("0.5", "0.6")).identity() != one.identity()
    assert Case.model_validate(one.to_dict()).identity() == one.identity()
    assert one.charges and one.warms
    assert {s.warms for s in one.assembly().solids} == {True}


def test_thickness_sets_the_growth_of_a_layer(tmp_path: Path) -> None:
    """5 um on 9.6 um of silicon; nothing else swells, and no capacity is asked for."""
    step = {"thickness": {"Si": "Negative electrode thickness change [m]"}}
    followed = case(tmp_path, PYBAMM, **step)
    amounts = followed.begun({})
    for aim in followed.steps[1].aims(amounts):
        amounts = followed.brought(amounts, aim)
    assert amounts["swell:cell.Si"] == pytest.approx(5.0 / 9.6)
    assert [n for n in amounts if n.startswith("swell:")] == ["swell:cell.Si"]
    (cell,) = (s for s in followed.assembly().solids if s.name == "cell")
    assert cell.swelling == ("Si",)


def test_mistakes_of_a_case_that_follows_a_file(tmp_path: Path) -> None:
    """Layers that are not there, a file that is not there, and mistakes in it, with the place in the case."""
    with pytest.raises(
        CaseError, match=r"steps\[1\].thickness: the cell has no layer Sn. Layers: Al, Cu, Si"
    ):
        case(tmp_path, PYBAMM, thickness={"Sn": "Negative electrode thickness change [m]"})
    with pytest.raises(CaseError, match=r"steps\[1\].soc: "):
        case(tmp_path, "t [s],SOC\n0,0\n1,80\n")
    with pytest.raises(CaseError, match="there is no such file"):
        case(tmp_path, PYBAMM, file="other.csv")


def test_a_protocol_that_begins_elsewhere_is_told(tmp_path: Path) -> None:
    (said,) = (w for w in case(tmp_path, "t [h],SOC\n0,1\n1,0\n").warnings if "protocol" in w)
    assert said.startswith("steps[1]: the protocol begins at SOC 1, the cell is at 0 by then")
