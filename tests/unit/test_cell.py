"""Pouch cells: the paper's stacks, tabs, the pouch film as one layer, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from holdersim.assembly import Rect
from holdersim.materials import material
from holdersim.sheets import Laminate
from holdersim.stacks import Bilayer, Stack, TwoElectrode


def sheet(name: str, role: str, length: int, thickness: str, material: str) -> dict[str, str]:
    """One layer of a stack, 10 mm less wide than long."""
    size = {"length": f"{length} mm", "width": f"{length - 10} mm"}
    return {"name": name, "role": role, "thickness": thickness, "material": material, **size}


SHEETS = [
    sheet("foil", "collector", 30, "10 um", "Cu"),
    sheet("a", "anode", 30, "20 um", "Li"),
    sheet("s", "separator", 34, "100 um", "LPSCl"),
    sheet("c", "cathode", 26, "90 um", "NCM811"),
]


def test_two_electrode_cell_of_the_paper() -> None:
    """Order, footprints and thicknesses; the highest terrace is the cathode."""
    cell = TwoElectrode()
    layers = cell.layers()
    assert [la.name for la in layers] == [
        "laminate_bottom",
        "Cu",
        "Si",
        "separator",
        "cathode",
        "Al",
        "laminate_top",
    ]
    assert cell.regions["cathode"] == Rect(-17.5, 17.5, -7.5, 7.5) == cell.plateau
    assert (cell.regions["cathode"].area, cell.regions["anode"].area, cell.regions["separator"].area) == (
        525,
        720,
        1000,
    )
    assert cell.thickness == pytest.approx(2 * 0.113 + 0.010 + 0.0096 + 0.200 + 0.113 + 0.015)
    assert cell.check() == ([], [])


def test_as_made() -> None:
    """The films before pressing are thicker."""
    made, pressed = TwoElectrode(state="as_made"), TwoElectrode()
    assert made.thickness - pressed.thickness == pytest.approx(
        0.160 - 0.113 + 0.300 - 0.200 + 0.0144 - 0.0096
    )


def test_bilayer_is_symmetric_about_its_middle() -> None:
    """Cu | Si | separator | cathode | Al | cathode | separator | Si | Cu between two films."""
    layers = Bilayer().layers()
    mirror = layers[::-1]
    assert [la.thickness for la in layers] == [la.thickness for la in mirror]
    assert [la.footprint for la in layers] == [la.footprint for la in mirror]
    assert layers[5].name == "Al" and len(layers) == 11
    assert Bilayer().regions["cathode"] == Rect.centred(35, 30)
    assert Bilayer().check() == ([], [])


def test_compliance_of_the_stack() -> None:
    """About 10.5 MPa per um without lateral strain (physics notes; our film has 48 um CPP instead of 45)."""
    assert 1 / TwoElectrode().compliance / 1000 == pytest.approx(10.5, rel=0.05)


def test_mass() -> None:
    """The cathode of 5.25 cm2 at 30.3 mg/cm2 is 159 mg of it; the whole cell weighs about 1.3 g."""
    cell = TwoElectrode()
    cathode = next(la for la in cell.layers() if la.name == "cathode")
    assert 1e9 * cathode.thickness * cathode.footprint.area * cathode.material.density == pytest.approx(
        159, abs=1
    )
    assert cell.mass == pytest.approx(1.3e-6, rel=0.2)


def test_the_film_is_as_stiff_as_its_plies_in_series() -> None:
    """Compression of the equivalent layer equals the sum of the plies."""
    film = Laminate()
    plies = sum(t / material(n).oedometric for n, t in (("ON", 0.025), ("Al-foil", 0.040), ("CPP", 0.048)))
    assert film.thickness / film.material.oedometric == pytest.approx(plies, rel=1e-12)


def test_tabs() -> None:
    """A tab is a patch from the pouch's end; the cathode stays the pressed area, the gap knows the step."""
    cell = TwoElectrode.model_validate({"tabs": [{"tape": "50 um"}, {"on": "anode", "end": "-x"}]})
    layers = {la.name: la for la in cell.layers()}
    assert layers["tab_1"].footprint == Rect(14.5, 30, -2, 2) == layers["tab_1_tape"].footprint
    assert layers["tab_2"].footprint == Rect(-30, -17, -2, 2)
    names = list(layers)
    assert names.index("tab_2") < names.index("Cu") and names.index("tab_1") > names.index("Al")
    assert cell.plateau == TwoElectrode().plateau
    gap = cell.top_gap()(np.array([0.0, 16.0]), np.array([0.0, 0.0]))
    assert gap == pytest.approx([0.150, 0.0]), "the tab stands 150 um above the cathode"


def test_terraces_in_the_gap() -> None:
    """Beside the cathode the top lies lower by cathode and aluminium."""
    gap = TwoElectrode().top_gap()(np.array([0.0, 18.0, 22.0]), np.zeros(3))
    assert gap == pytest.approx([0.0, 0.128, 0.128 + 0.0196])


def test_thickness_variation() -> None:
    """A wedge over the cathode: 5 um from end to end."""
    cell = TwoElectrode.model_validate({"thickness_variation": {"tilt": {"rise": "5 um"}}})
    gap = cell.top_gap()(np.array([-17.5, 0.0, 17.5]), np.zeros(3))
    assert gap == pytest.approx([0.0, 0.0025, 0.005])


def test_any_stack() -> None:
    """Layers as listed; regions by role."""
    cell = Stack.model_validate({"sheets": SHEETS})
    assert [la.name for la in cell.layers()][1:-1] == ["foil", "a", "s", "c"]
    assert cell.regions["cathode"] == Rect.centred(26, 16) and cell.check() == ([], [])


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        (TwoElectrode, {"separator": {"length": "35 mm", "width": "15 mm"},
                        "cathode": {"length": "40 mm", "width": "20 mm"}},
         "cell.separator: separator 35 x 15 mm does not cover cathode 40 x 20 mm: short circuit. Swap?"),
        (TwoElectrode, {"laminate": {"length": "45 mm"}},
         "separator 50 x 20 mm does not fit into the pouch 45 x 30 mm"),
        (Stack, {"sheets": [SHEETS[0], SHEETS[2], SHEETS[1], SHEETS[3]]},
         "no separator between cathode and anode"),
        (Stack, {"sheets": SHEETS[:3]}, "no layer has the role cathode"),
        (Stack, {"sheets": [*SHEETS, SHEETS[0]]}, 'the name "foil" occurs twice'),
    ],
)  # fmt: skip
def test_refused(kind: Any, data: dict[str, Any], words: str) -> None:
    """Geometry that makes no cell."""
    assert words in "\n".join(str(m) for m in kind.model_validate(data).check()[0])


def test_small_anode_is_a_warning() -> None:
    """Lithium plating is the user's business, but he should know."""
    cell = TwoElectrode.model_validate({"anode": {"length": "34 mm"}})
    assert cell.check()[0] == [] and "lithium may plate" in cell.check()[1][0]
