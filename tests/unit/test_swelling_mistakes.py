"""What a cell that cannot be charged is told: what it lacks, and what contradicts what."""

from __future__ import annotations

from typing import Any

import pytest

from holdersim.case import Case
from holdersim.errors import CaseError
from holdersim.pellets import Pellet
from holdersim.stacks import Pile, Stack, TwoElectrode

TIGHTEN = {"do": "tighten", "pressure": "5 MPa", "area": "cathode"}


def told(cell: dict[str, Any]) -> list[str]:
    """Lines of a case with this cell."""
    with pytest.raises(CaseError) as caught:
        Case.model_validate({"holder": {"kind": "bare_uniaxial"}, "cell": cell, "steps": [TIGHTEN]})
    return [str(m) for m in caught.value.mistakes]


def wrong(**keys: Any) -> list[str]:
    """Lines of a case with the paper's cell and this table."""
    return told({"kind": "two_electrode", "swelling": keys})


def lithium_stack() -> Stack:
    """Lithium, electrolyte, NCM811, without a table."""
    of = {"anode": "Li", "separator": "LPSCl", "cathode": "NCM811"}
    size = {"length": "30 mm", "width": "20 mm", "thickness": "20 um"}
    return Stack.model_validate(
        {"sheets": [size | {"name": r, "role": r, "material": m} for r, m in of.items()]}
    )


def test_what_a_stack_has_to_say() -> None:
    """Nothing is assumed of a cell that is not the paper's; lithium needs no N/P."""
    (said,) = lithium_stack().charge_mistakes("steps[1]")
    assert str(said).startswith("steps[1]: the cell does not say capacity, efficiency. Write for example")
    (said,) = Pellet().charge_mistakes("steps[1]")
    assert "does not say capacity, np_ratio, efficiency" in str(said)
    assert lithium_stack().swelling_layers() == ()


def test_material_without_a_law() -> None:
    """An electrode of another material needs a word; in a pile the place says which pouch."""
    cell = {"kind": "two_electrode", "anode": {"material": "Cu"}}
    said = [str(m) for m in Pile.model_validate({"stack": [{"cell": cell}]}).charge_mistakes("steps[1]")]
    assert said == [
        'cell.stack[0].cell.swelling.anode: how the material "Cu-foil" of the layer Si grows is not known. '
        'Write anode = { kind = "..." }: silicon, lithium, none.'
    ]


SILICON = {"kind": "silicon"}


@pytest.mark.parametrize(
    ("table", "line"),
    [
        (
            {"anode": SILICON | {"growth": "isotropic"}},
            'anode.growth = "isotropic": growth by 49 % in length, held in the plane, would be about -8 GPa',
        ),
        (
            {"anode": SILICON | {"porosity": 0.5}},
            "anode.porosity = 0.5: the layer Si of 9.6 um with 1.34 mg/cm2 of silicon (capacity times N/P) has "
            'a porosity of 0.400. Leave porosity out, or write thickness = "11.5 um".',
        ),
        ({"capacity": "8 mAh/cm^2"}, "anode: the layer Si is 9.6 um thick; 2.68 mg/cm2 of silicon"),
        ({"anode": SILICON | {"pores": 0.5}}, "pores = 0.5: is more than the pristine porosity of 0.400"),
        (
            {"anode": SILICON | {"restored": 1.0}, "efficiency": 0.4},
            "restored = 1: leaves 9.6 um after discharge; the particles need",
        ),
        (
            {"anode": SILICON | {"pores": "published"}, "capacity": "6 mAh/cm^2"},
            'pores = "published": gives 24.4 um at full charge, less than the particles need',
        ),
        (
            {"anode": SILICON | {"pores": "open"}},
            'pores = "open": must be "filled", "kept", "published" or a porosity',
        ),
        ({"capacity": "4 mAh"}, '"1 mAh/cm^2"'),
        ({"capacity": 4}, 'has no unit. Write "4 mAh/cm^2"'),
        ({"np_ratio": 0.9}, "np_ratio = 0.9: must be greater than or equal to 1"),
        ({"efficiency": 76.9}, "efficiency = 76.9: must be less than or equal to 1"),
        ({"anode": {"kind": "silicn"}}, 'there is no kind "silicn". Did you mean "silicon"?'),
        (
            {"cathode_yield": "150 MPa"},
            'cathode_yield: elastic layers do not flow. Write mechanics = "plastic"',
        ),
        (
            {"cathode": {"kind": "NCM811", "charged": 0.1}},
            "charged = 0.1 lies below the table of volume, 0.15",
        ),
        (
            {"cathode": {"kind": "NCM811", "discharged": 0.2}},
            "discharged must lie above charged = 0.274",
        ),
        (
            {"cathode": {"kind": "NCM811", "volume": [[0.9, 0], [0.2, -0.05]]}},
            "volume needs pairs (x, change) up to x = 1",
        ),
    ],
)
def test_mistakes(table: dict[str, Any], line: str) -> None:
    """Where, what is given, what is allowed."""
    said = wrong(**table)
    assert any(line in s for s in said), said


def test_two_mistakes_are_told_at_once() -> None:
    """A growth and a porosity that do not fit are two lines."""
    assert len(wrong(anode=SILICON | {"growth": "isotropic", "porosity": 0.5})) == 2


def test_thicker_layer_is_more_porous() -> None:
    """The porosity given must be that of thickness and mass, two percent points either way."""
    thick = {"kind": "two_electrode", "anode": {"thickness": "14.4 um"}}
    case = {"swelling": {"anode": SILICON | {"porosity": 0.6}}}
    assert (
        TwoElectrode.model_validate({k: v for k, v in (thick | case).items() if k != "kind"}).check()[0] == []
    )
    assert len(told(thick | {"swelling": {"anode": SILICON | {"porosity": 0.4}}})) == 1


def test_plastic_needs_what_it_needs() -> None:
    """Silicon stiffer than silicon; lithium without a strength."""
    hard = {"kind": "two_electrode", "anode": {"material": {"base": "uSi", "E": "120 GPa"}}}
    assert (
        "stiffer than dense silicon (indentation)" in told(hard | {"swelling": {"mechanics": "plastic"}})[0]
    )
    soft = {"name": "Li", "E": "5 GPa", "nu": 0.36, "kind": "layer"}
    plated = {"kind": "two_electrode", "anode": {"material": soft, "thickness": "20 um"}}
    assert "of the layer Si has no yield_strength" in told(plated | {"swelling": {"mechanics": "plastic"}})[0]
