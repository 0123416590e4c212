"""Springs in series: the pressure that growth and warmth give, and the compliance of every part of a holder."""

from math import inf, pi

import numpy as np
import pytest

import holdersim
from holdersim.assembly import Rect
from holdersim.fasteners import CLASSES, SIZES, stiffness
from holdersim.flexing import flexing
from holdersim.fluid import ATMOSPHERE, GASES
from holdersim.materials.elastic import Elastic
from holdersim.overview import case_text
from holdersim.pads import bonded_modulus, compression
from holdersim.series import cell_growth, compliances, free_growth, pressure_of_growth, swing_estimate

STEEL = Elastic("steel", 193e3, 0.29)
AREA = 525.0
CORNERS = [(32.0, 22.0), (-32.0, 22.0), (-32.0, -22.0), (32.0, -22.0)]


def test_v22_stack_between_bolts():
    cell, bolts = 0.4 / (2000.0 * AREA), 1 / (4 * 103012.5)
    assert pressure_of_growth(0.012, AREA, {"cell": cell, "bolts": bolts}) == pytest.approx(8.14047, rel=1e-6)
    assert pressure_of_growth(0.012, AREA, {"cell": cell}) == pytest.approx(60.0, rel=1e-12)


@pytest.mark.parametrize(("pads", "free", "pressure"), [(0.0, 2.2664e-3, 2.6670), (6.0, 24.862e-3, 0.0620)])
def test_v19_warm_bolts(pads: float, free: float, pressure: float):
    length = 20.4 + pads
    layers = {"plates": (17.2e-6, 20.0), "cell": (20e-6, 0.4), "pads": (200e-6, pads)}
    grown = free_growth(layers, (11.7e-6, length), 20.0)
    assert grown == pytest.approx(free, abs=0.5e-6)
    parts = {"cell": 1 / 2.625e6, "bolts": length / (4 * 20.1 * 205e3)} | (
        {"pads": 1 / 1312.5} if pads else {}
    )
    rise = pressure_of_growth(grown, AREA, parts)
    assert rise == pytest.approx(pressure, abs=0.5e-4)
    if not pads:
        assert AREA * rise == pytest.approx(1400.17, abs=0.005)


def test_table_of_growth_in_five_fixtures():
    cell, bolts = 1 / (10.5e3 * AREA), 30.0 / (4 * 20.12 * 205e3)
    plates, pads, coils = 0.020 / 2625.0, 6.0 / (17.5 * AREA), 1 / (4 * 53.0)
    fixtures = {
        "rigid": ({}, (48, 104, 140), 0.5),
        "bolts": ({"bolts": bolts}, (4.4, 9.4, 12.7), 0.05),
        "plates": ({"bolts": bolts, "plates": plates}, (0.9, 2.0, 2.6), 0.05),
        "pads": ({"pads": pads}, (0.013, 0.029, 0.039), 0.5e-3),
        "springs": ({"pads": pads, "springs": coils}, (0.0016, 0.0035, 0.0047), 0.5e-4),
    }
    for parts, expected, tolerance in fixtures.values():
        found = [pressure_of_growth(g, AREA, {"cell": cell} | parts) for g in (4.6e-3, 9.9e-3, 13.3e-3)]
        assert found == pytest.approx(expected, abs=tolerance)


def test_a_part_that_gives_way_without_end_keeps_the_pressure():
    assert pressure_of_growth(0.01, AREA, {"cell": 1e-7, "fluid": inf}) == 0.0


# -- bending plates ------------------------------------------------------------------------------------------


def test_plate_on_its_corners():
    """V10: w = 0.0255065 q a^4 / D in the middle of a thin square plate, nu = 0.3."""
    thin, square = Elastic("m", 200e3, 0.3), Rect.centred(100, 100)
    rigidity = thin.E * 0.1**3 / (12 * (1 - 0.09))
    corners = [(50.0, 50.0), (-50.0, 50.0), (-50.0, -50.0), (50.0, -50.0)]
    _, middle = flexing(square, 0.1, thin, corners, 1e-6, square)
    assert middle * rigidity / 100**2 == pytest.approx(0.0255065, rel=2e-3)


def test_thick_strip_on_two_edges_bends_and_shears():
    """5 q L^4/384 E I + q L^2/(8 5/6 G A) of a beam, nu = 0: the polynomials hold it exactly."""
    beam, length, width, t = Elastic("m", 70e3, 0.0), 60.0, 8.0, 12.0
    edge = [(s * length / 2, y) for s in (-1, 1) for y in np.linspace(-width / 2, width / 2, 11)]
    outline = Rect.centred(length, width)
    _, middle = flexing(outline, t, beam, edge, 1e-9, outline)
    line = 1 / length  # load [N/mm] of 1 N in all
    bent = 5 * line * length**4 / (384 * beam.E * width * t**3 / 12)
    sheared = line * length**2 / (8 * 5 / 6 * beam.mu * width * t)
    assert middle == pytest.approx(bent + sheared, rel=1e-6)


def test_a_plate_shoved_in_the_plan_bends_alike():
    here = flexing(Rect.centred(80, 60), 10.0, STEEL, CORNERS, 10.6, Rect.centred(35, 15))
    moved = [(x + 100, y - 7) for x, y in CORNERS]
    there = flexing(Rect.centred(80, 60, 100, -7), 10.0, STEEL, moved, 10.6, Rect.centred(35, 15, 100, -7))
    assert there == pytest.approx(here, rel=1e-9)


# -- cases ---------------------------------------------------------------------------------------------------


def test_bare_plates_by_hand():
    case = holdersim.read_case("cases/bare_uniaxial_5MPa.toml")
    parts = compliances(case)
    grip = 20 + case.cell.thickness + 2 * 1.6
    shank = min(grip, max(0.0, 5 * -(-(grip + 0.8 * 6 + 2) // 5) - 18))
    one = stiffness(SIZES["M6"], CLASSES["8.8"].modulus, shank, grip - shank)
    plate = flexing(Rect.centred(80, 60), 10.0, case.holder.plate.material, CORNERS, 12 * (pi / 4) ** 0.5,
                    Rect.centred(35, 15))[0]  # fmt: skip
    assert set(parts) == {"cell", "bolts", "plates"}
    assert parts["bolts"] == pytest.approx(1 / (4 * one), rel=1e-12)
    assert parts["plates"] == pytest.approx(2 * plate, rel=1e-12)
    layers = sum(la.thickness / la.material.oedometric for la in case.cell.layers() if "tab" not in la.name)
    assert parts["cell"] == pytest.approx(layers / AREA, rel=1e-12)


def test_springs_count_at_the_force_they_carry():
    case = holdersim.read_case("cases/gasketed_uniaxial_5MPa.toml")
    force = 5.0 * AREA / 4
    spring = case.holder.spring
    assert compliances(case)["springs"] == pytest.approx(1 / (4 * spring.rate(force)), rel=1e-9)


def test_pads_count_at_the_compression_they_have():
    case = holdersim.read_case("cases/gasketed_uniaxial_5MPa.toml")
    pad = case.holder.pad_of("top")
    modulus = bonded_modulus(pad.rubber, Rect.centred(35, 15), 3.0)
    slope = (compression(5.01, modulus) - compression(4.99, modulus)) / 0.02
    assert compliances(case)["pads"] == pytest.approx(2 * 3.0 * slope / AREA, rel=1e-5)
    sliding = case.with_("holder.pad.friction", "frictionless")
    assert compliances(sliding)["pads"] > compliances(case)["pads"]


def test_closed_air_follows_its_bulk_modulus():
    case = holdersim.read_case("cases/isostatic_chamber_5MPa.toml")
    shut = case.with_("holder.fluid", {"kind": "closed_gas", "gas": "air", "temperature": "30 degC"})
    volume = shut.holder.free_volume(shut.cell)
    air = GASES["air"]
    bulk = air.bulk_modulus(air.density(5 + ATMOSPHERE, 303.15), 303.15)
    assert swing_estimate(shut, 13.3e-3)["swing [MPa]"] == pytest.approx(
        bulk * 13.3e-3 * AREA / volume, rel=1e-4
    )
    assert swing_estimate(case, 13.3e-3)["swing [MPa]"] == 0.0


def test_a_chamber_never_filled_does_not_press():
    case = holdersim.read_case("cases/isostatic_chamber_5MPa.toml")
    empty = case.with_("steps", case.to_dict()["steps"][:1])
    assert compliances(empty)["fluid"] == inf


def test_rigid_plates_bound_the_swing_from_above():
    found = swing_estimate(holdersim.read_case("cases/bare_uniaxial_5MPa.toml"), 5e-3)
    assert found["swing if plates were rigid [MPa]"] > 5 * found["swing [MPa]"]
    assert found["growth [um]"] == pytest.approx(5.0)


def test_growth_of_silicon_and_cathode_by_hand():
    """The silicon's growth less the cathode's shrinkage, both through the thickness, over the middle of the cathode."""
    cell = holdersim.read_case("cases/cycling/bare.toml").cell
    full = cell.swollen({}, 1.0)
    again = cell.swollen(cell.swollen(full, 0.0), 1.0)
    thick = {la.name: la.thickness for la in cell.layers()}
    first = sum(thick[n.split(".")[1]] * full[f"swell:{n}"] for n in cell.swelling_layers())
    assert cell_growth(cell)[0] == pytest.approx(first, rel=1e-12)
    low = cell.swollen(full, 0.0)
    later = sum(
        thick[n.split(".")[1]] * (again[f"swell:{n}"] - low[f"swell:{n}"]) for n in cell.swelling_layers()
    )
    assert cell_growth(cell)[1] == pytest.approx(later, rel=1e-12)
    assert 0 < later < first


def test_check_tells_the_estimate():
    case = holdersim.read_case("cases/cycling/bare.toml")
    found, text = swing_estimate(case), case_text(case)
    assert f"rises by {found['swing [MPa]']:.3g} MPa" in text
    assert f"at most {found['swing if plates were rigid [MPa]']:.3g} MPa" in text
    assert "regulator" in case_text(holdersim.read_case("cases/cycling/activated_5MPa_run_2MPa.toml"))
    assert "springs in series" not in case_text(holdersim.read_case("cases/bare_uniaxial_5MPa.toml"))
