"""What charging does to a cell: which layers grow, along which path; laws and identity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdersim.case import Case, read_case
from holdersim.cell import Cell
from holdersim.materials import material
from holdersim.schema import explicit
from holdersim.stacks import Bilayer, Pile, Stack, ThreeElectrode, TwoElectrode

DEMO = Path(__file__).resolve().parents[2] / "cases" / "bare_uniaxial_5MPa.toml"
SOC = st.floats(0.0, 1.0)


def path(cell: Cell, *socs: float) -> list[dict[str, float]]:
    """Amounts after each of these states, one after the other."""
    out: list[dict[str, float]] = []
    for soc in socs:
        out.append(cell.swollen(out[-1] if out else {}, soc))
    return out


def charged(**keys: Any) -> TwoElectrode:
    """The paper's cell with this table."""
    return TwoElectrode.model_validate({"swelling": keys})


def sheet(name: str, role: str, material: str, thickness: str = "20 um") -> dict[str, str]:
    """A layer of a stack."""
    size = {"length": "30 mm", "width": "20 mm"}
    return {"name": name, "role": role, "material": material, "thickness": thickness, **size}


def stack(*roles: str, **swelling: Any) -> Stack:
    """Layers "0", "1" ... with these roles: lithium, electrolyte, NCM811."""
    of = {"anode": "Li", "separator": "LPSCl", "cathode": "NCM811", "collector": "Cu"}
    sheets = [sheet(str(i), r, of[r]) for i, r in enumerate(roles)]
    return Stack.model_validate({"sheets": sheets, "swelling": swelling})


# -- which layers, how much ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "layers"),
    [
        (TwoElectrode(), ("cell.Si", "cell.cathode")),
        (ThreeElectrode(), ("cell.Si", "cell.cathode")),
        (Bilayer(), ("cell.Si_bottom", "cell.cathode_bottom", "cell.cathode_top", "cell.Si_top")),
    ],
    ids=lambda c: getattr(c, "kind_name", ""),
)
def test_cells_of_the_paper_need_no_table(cell: Cell, layers: tuple[str, ...]) -> None:
    """They say all that charging needs; every layer that grows has its amount, of opposite sign by electrode."""
    assert cell.charge_mistakes("steps[1]") == []
    assert cell.swelling_layers() == layers
    full = cell.swollen({}, 1.0)
    assert {n for n in full if n.startswith("swell:")} == {f"swell:{n}" for n in layers}
    assert all((full[f"swell:{n}"] > 0) == ("Si" in n) for n in layers)
    assert {n for n in full if n.startswith("lithium:")} == {f"lithium:{n}" for n in layers if "Si" in n}


def test_a_new_cell_has_not_grown() -> None:
    """The state of a cell as it was made: no lithium moved."""
    assert set(TwoElectrode().swollen({}, 0.0).values()) == {0.0}


def test_silicon_layer_of_the_paper() -> None:
    """9.6 um grow by 9.4 um on the first charge; 46 % stay after discharge; x = 3.125 and 0.72."""
    full, empty = path(TwoElectrode(), 1.0, 0.0)
    assert 9.6 * full["swell:cell.Si"] == pytest.approx(9.4, abs=0.05)
    assert empty["swell:cell.Si"] / full["swell:cell.Si"] == pytest.approx(1 - 0.536)
    assert (full["lithium:cell.Si"], empty["lithium:cell.Si"]) == pytest.approx((3.125, 0.722), abs=1e-3)


def test_pile_grows_pouch_by_pouch() -> None:
    """Each pouch under its own name and with its own table."""
    places = [
        {"cell": {"kind": "two_electrode"}},
        {"cell": {"kind": "two_electrode", "swelling": {"efficiency": 1.0}}},
    ]
    pile = Pile.model_validate({"stack": places})
    assert pile.swelling_layers() == ("cell_1.Si", "cell_1.cathode", "cell_2.Si", "cell_2.cathode")
    empty = path(pile, 1.0, 0.0)[-1]
    single = path(TwoElectrode(), 1.0, 0.0)[-1]
    assert empty["swell:cell_1.cathode"] == single["swell:cell.cathode"] < 0
    assert empty["swell:cell_2.cathode"] == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize(
    ("roles", "capacity"),
    [
        (("anode", "separator", "cathode"), {"0": 4}),
        (("cathode", "separator", "anode", "separator", "cathode"), {"2": 8}),
        (("anode", "separator", "cathode", "separator", "anode"), {"0": 2, "4": 2}),
        (("anode", "separator", "cathode", "separator", "anode", "separator", "cathode"), {"0": 2, "4": 6}),
        (("cathode", "separator", "anode", "collector", "anode", "separator", "cathode"), {"2": 4, "4": 4}),
    ],
)
def test_an_anode_takes_what_the_cathodes_beside_it_hold(
    roles: tuple[str, ...], capacity: dict[str, int]
) -> None:
    """4 mAh/cm2 on each cathode, 4.85 um of lithium for each mAh/cm2; the whole is conserved."""
    full = stack(*roles, capacity="4 mAh/cm^2", efficiency=1.0).swollen({}, 1.0)
    grown = {n: 20 * full[f"swell:cell.{n}"] / 4.8493 for n in capacity}
    assert grown == pytest.approx(capacity, rel=1e-4)
    assert sum(capacity.values()) == 4 * roles.count("cathode")


def test_an_electrode_that_faces_none_does_not_grow() -> None:
    """A second anode behind the first takes no lithium."""
    cell = stack("anode", "anode", "separator", "cathode", capacity="4 mAh/cm^2", efficiency=0.9)
    assert cell.swelling_layers() == ("cell.1", "cell.3")


def test_kind_by_material_or_by_word() -> None:
    """Lithium in place of silicon is plated; a changed library material keeps its kind; none keeps its volume."""
    plated = TwoElectrode.model_validate({"anode": {"material": "Li", "thickness": "20 um"}})
    assert 20 * plated.swollen({}, 1.0)["swell:cell.Si"] == pytest.approx(19.4, abs=0.05)
    assert "lithium:cell.Si" not in plated.swollen({}, 1.0)
    stiffer = TwoElectrode.model_validate({"anode": {"material": {"base": "uSi", "E": "5 GPa"}}})
    assert stiffer.swollen({}, 1.0) == TwoElectrode().swollen({}, 1.0)
    assert charged(anode={"kind": "none"}).swelling_layers() == ("cell.cathode",)
    still = charged(anode={"kind": "none"}, cathode={"kind": "none"})
    assert still.swelling_layers() == () and still.swollen({}, 0.5) == {"soc": 0.5, "peak": 0.5}


# -- path ----------------------------------------------------------------------------------------------------


def test_cycles_close_from_the_second_on() -> None:
    """The first charge stands apart; then 100 cycles give the same numbers at the same soc, to the last bit."""
    cycle = (0.0, 0.25, 0.5, 0.75, 1.0, 0.75, 0.5, 0.25)
    states = path(TwoElectrode(), *cycle * 101)
    first, second = states[:8], states[8:16]
    assert states[16:] == second * 99
    assert [s["swell:cell.Si"] for s in first[:4]] < [s["swell:cell.Si"] for s in second[:4]]
    assert first[4:] == second[4:]


def test_partial_charge_and_discharge() -> None:
    """Charge to 40 %, discharge, charge to 40 %: back to the same; going on it follows the first charge."""
    cell = TwoElectrode()
    states = path(cell, 0.4, 0.0, 0.4, 0.8, 0.2, 1.0)
    assert states[0] == states[2]
    assert [states[3], states[5]] == [cell.swollen({}, 0.8), cell.swollen({}, 1.0)]
    assert states[4]["lithium:cell.Si"] == pytest.approx(3.125 * ((1 - 0.769) * 0.8 + 0.769 * 0.2))


@given(SOC, SOC, SOC)
def test_only_the_peak_counts(a: float, b: float, c: float) -> None:
    """Whatever the way there, the highest charge and the last one decide; and steps do not jump."""
    cell = TwoElectrode()
    assert path(cell, a, b, c)[-1] == cell.swollen({"peak": max(a, b)}, c) == path(cell, b, a, c)[-1]
    near = cell.swollen({"peak": max(a, b)}, min(c + 1e-6, 1.0))
    here = cell.swollen({"peak": max(a, b)}, c)
    assert all(abs(near[n] - here[n]) < 1e-5 for n in here)


@given(SOC, SOC, st.sampled_from(["filled", "kept", "published", 0.2]), st.floats(0.0, 1.0))
def test_particles_always_fit_into_the_layer(
    soc: float, peak: float, pores: str | float, back: float
) -> None:
    """The layer is never thinner than the particles in it, nor than it was made."""
    cell = charged(anode={"kind": "silicon", "pores": pores, "restored": back})
    assert cell.check()[0] == []
    now = cell.swollen({"peak": max(soc, peak)}, soc)
    particles = (1 + 0.73804 * now["lithium:cell.Si"]) * 0.5999
    assert 1 + now["swell:cell.Si"] >= max(1.0, particles) - 1e-3


def test_window_of_the_cathode() -> None:
    """`discharged` says where the cathode ends instead of the efficiency."""
    cathode = {"kind": "NCM811", "charged": 0.2, "discharged": 0.6, "active": 1.0}
    full, empty = path(charged(cathode=cathode), 1.0, 0.0)
    assert (full["swell:cell.cathode"], empty["swell:cell.cathode"]) == pytest.approx((-0.058, -0.013))


def test_table_of_the_cathode() -> None:
    """A measured table replaces ours, in any order; what counts is the change since x = 1."""
    cathode = {"kind": "NCM811", "charged": 0.2, "active": 0.5, "volume": [[1.0, 0.01], [0.2, -0.04]]}
    grown = charged(cathode=cathode).swollen({}, 1.0)["swell:cell.cathode"]
    assert grown == pytest.approx(0.5 * (0.96 / 1.01 - 1))


@pytest.mark.parametrize("soc", [-0.01, 1.01, float("nan")])
def test_soc_beyond_its_ends(soc: float) -> None:
    with pytest.raises(ValueError, match="outside 0 to 1"):
        TwoElectrode().swollen({}, soc)


# -- mechanics -----------------------------------------------------------------------------------------------


def test_elastic_layers_have_no_law() -> None:
    """Growth through the thickness by default; the cathode may shrink in all directions, under 1 %."""
    assert set(TwoElectrode().laws().values()) == {((0.0, 0.0, 1.0), None)}
    growth, law = charged(cathode={"kind": "NCM811", "growth": "isotropic"}).laws()["cell.cathode"]
    assert growth == pytest.approx((1 / 3, 1 / 3, 1 / 3)) and law is None


def test_plastic_layers() -> None:
    """Silicon stiffens from the modulus of its sheet; separator and cathode flow where they are told to."""
    laws = charged(mechanics="plastic", separator_yield="450 MPa").laws()
    silicon, separator = laws["cell.Si"][1], laws["cell.separator"][1]
    assert silicon is not None and separator is not None
    assert silicon.young(0.0) == pytest.approx(material("uSi").E)
    assert (separator.young(0.0), separator.yields(0.0)) == (material("LPSCl").E, 450.0)
    assert laws["cell.cathode"] == ((0.0, 0.0, 1.0), None)
    grown = charged(mechanics="plastic", anode={"kind": "silicon", "growth": "isotropic"})
    assert grown.check()[0] == [] and sum(grown.laws()["cell.Si"][0]) == pytest.approx(1.0)


def test_plastic_lithium_flows_at_its_strength() -> None:
    """Under plastic mechanics a lithium anode has the yield strength of its material."""
    law = stack(
        "anode", "separator", "cathode", capacity="1 mAh/cm^2", efficiency=1, mechanics="plastic"
    ).laws()
    assert law["cell.0"][1] is not None and law["cell.0"][1].yields(0.0) == material("Li").yield_strength


SILICON = {"kind": "silicon"}


# -- cases ---------------------------------------------------------------------------------------------------


def test_defaults_do_not_change_the_identity() -> None:
    """A table with the numbers of the paper is no table; another number is another case, and it reads back."""
    case = read_case(DEMO)
    same = {"capacity": "40 Ah/m^2", "np_ratio": 1.2, "mechanics": "elastic"}
    assert case.with_("cell.swelling", same).identity() == case.identity()
    other = case.with_("cell.swelling", {"anode": SILICON | {"pores": 0.1}})
    assert other.identity() != case.identity()
    again = Case.model_validate(other.model_dump(mode="json", exclude_none=True))
    assert again.identity() == other.identity()
    assert explicit(other.cell)["swelling"] == {"anode": {"kind": "silicon", "pores": 0.1}}


def test_amounts_are_plain_numbers() -> None:
    """Ready for a state: finite floats, nothing else."""
    values = TwoElectrode().swollen({"warming": 3.0}, 0.3)
    assert all(type(v) is float and np.isfinite(v) for v in values.values()) and "warming" not in values
