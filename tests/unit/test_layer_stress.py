"""What layers feel: uniform states in closed form, averages, a profile and a section; which states are looked at."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from holdersim.assembly import Assembly, Block, Interface, Layer, LayerStack, Rect, Solid
from holdersim.case import read_case
from holdersim.layer_stress import Chosen, LayerRecord
from holdersim.materials.elastic import Elastic
from holdersim.materials.inelastic import Inelastic
from holdersim.metrics import percentile
from holdersim.nonlinear import model_of
from holdersim.run import run
from holdersim.solve import Model

SOFT, HARD, RIGID = Elastic("soft", 2e3, 0.3), Elastic("hard", 70e3, 0.2), Elastic("rigid", 1e12, 0.0)
SQUARE = Rect.centred(4, 4)
GUIDED = {"xmin": "x", "xmax": "x", "ymin": "y", "ymax": "y"}
LOAD = 5.0


def lines(low: float, high: float, n: int) -> tuple[float, ...]:
    return tuple(np.linspace(low, high, n + 1).tolist())


def pressed(
    layers: tuple[Layer, ...],
    sides: str,
    swelling: tuple[str, ...] = (),
    size: float = 0.25,
    pixel: float = 0.5,
) -> Model:
    """A stack on a smooth floor, its sides held in the plane or free, under a rigid block pressed with 5 MPa."""
    stack = LayerStack(layers, SQUARE, size, 1.0)
    height = sum(la.thickness for la in layers)
    held = {"bottom": "z"} | ({"sides": sides} if sides else {"bottom": "xyz"})
    cell = Solid("cell", stack, degree=1, fixed=held, swelling=swelling)
    block = Solid("block", Block(lines(-2, 2, 4), lines(-2, 2, 4), (0.0, 1.0)), RIGID, z=height,
                  fixed=GUIDED, tractions={"top": (0.0, 0.0, -LOAD)})  # fmt: skip
    face = Interface("faces", "cell.top", "block.bottom", SQUARE, pixel)
    assembly = Assembly((cell, block), (face,))
    return model_of(assembly) if cell.inelastic else Model(assembly)


def two(**more: object) -> tuple[Layer, ...]:
    return Layer("low", 0.2, SQUARE, SOFT, 2), Layer("high", 0.1, SQUARE, HARD, **more)  # type: ignore[arg-type]


def test_held_sides_give_the_oedometric_stress():
    model = pressed(two(), "xy")
    record = LayerRecord(model, 0.5, SQUARE, "square")
    seen = record.look(model.tighten({}), "press", 1)
    for name, nu in (("low", SOFT.nu), ("high", HARD.nu)):
        found, side = seen.numbers[name], -LOAD * nu / (1 - nu)
        for what in ("mean", "p1", "p99"):
            assert found[f"sigma_zz {what} [MPa]"] == pytest.approx(-LOAD, rel=1e-8)
            assert found[f"in-plane {what} [MPa]"] == pytest.approx(side, rel=1e-8)
            assert found[f"von Mises {what} [MPa]"] == pytest.approx(LOAD + side, rel=1e-8)
            assert found[f"interface shear {what} [MPa]"] == pytest.approx(0.0, abs=1e-8)
        assert found["sigma_zz mean on square [MPa]"] == pytest.approx(-LOAD, rel=1e-8)
        assert not any("plastic" in key for key in found)


@pytest.mark.parametrize("growth", [(0.0, 0.0, 1.0), (1 / 3, 1 / 3, 1 / 3)])
def test_a_growing_layer_held_in_the_plane(growth: tuple[float, float, float]):
    """Growth e along x and y gives -E e/(1 - nu) there besides the load's part; through the thickness it is free."""
    model = pressed(two(growth=growth), "xy", ("high",))
    record = LayerRecord(model, 0.5, SQUARE, "square")
    grown = 0.003
    found = record.look(model.tighten({}, amounts={"swell:cell.high": grown}), "charge", 1).numbers["high"]
    side = -LOAD * HARD.nu / (1 - HARD.nu) - HARD.E * growth[0] * grown / (1 - HARD.nu)
    assert found["sigma_zz mean [MPa]"] == pytest.approx(-LOAD, rel=1e-7)
    assert found["in-plane mean [MPa]"] == pytest.approx(side, rel=1e-7)
    assert found["von Mises mean [MPa]"] == pytest.approx(abs(side + LOAD), rel=1e-7)


def test_a_layer_that_flows_tells_its_flow_stress_and_plastic_strain():
    """Grown alike in all directions and held in the plane it flows: the two stresses differ by the flow stress."""
    flow, grown, young, nu = 50.0, 0.3, 2e3, SOFT.nu
    law = Inelastic("flows", ((0.0, young),), ((0.0, flow),))
    layer = Layer("film", 0.1, SQUARE, SOFT, growth=(1 / 3, 1 / 3, 1 / 3), law=law)
    model = pressed((layer,), "xy", ("film",), size=0.5, pixel=1.0)
    start = model.tighten({})
    state = model.locked(start, amounts={"swell:cell.film": grown})
    record = LayerRecord(model, 0.5, SQUARE, "square")
    seen = [record.look(s, "charge", k).numbers["film"] for k, s in enumerate((start, state))]
    assert not any("plastic" in key for key in seen[0])
    side, up, shrunk = -LOAD - flow, -LOAD, 1.0  # per volume free of stress; Cauchy's is this over `shrunk`
    for _ in range(20):
        shrunk = float(np.exp((1 - 2 * nu) / young * (2 * side + up)))
        side, up = -LOAD * shrunk - flow, -LOAD * shrunk
    assert seen[1]["sigma_zz mean [MPa]"] == pytest.approx(-LOAD, rel=1e-5)
    assert seen[1]["in-plane mean [MPa]"] == pytest.approx(side / shrunk, rel=1e-5)
    assert seen[1]["von Mises p1 [MPa]"] == pytest.approx(flow / shrunk, rel=1e-5)
    elastic = ((1 - nu) * side - nu * up) / young
    assert seen[1]["plastic strain mean [-]"] == pytest.approx(
        2 * (np.log(1 + grown) / 3 + elastic), rel=1e-5
    )


def test_film_squares_average_any_field():
    model = pressed(two(), "xy", size=0.125)
    stack = LayerRecord(model, 0.5, SQUARE, "square").stacks["cell"]
    view, x = stack.views["low"], (stack.low + stack.high)[:, 0] / 2
    numbers = view.numbers("ramp", x)
    assert view.area.sum() == pytest.approx(SQUARE.area, rel=1e-12)
    assert numbers["ramp mean [MPa]"] == pytest.approx(0.0, abs=1e-12)
    # eight columns of squares with values -1.75 ... 1.75: the extremes of a ramp are those of the outer squares
    squares = np.repeat(np.arange(-1.75, 2.0, 0.5), 8)
    for q in (1, 99):
        expected = percentile(squares, np.full(len(squares), 0.25), q)
        assert numbers[f"ramp p{q} [MPa]"] == pytest.approx(expected, rel=1e-9)
    # a region that keeps to no film square: whole elements count by what lies in it
    part = LayerRecord(model, 0.5, Rect(-0.3, 1.1, -2.0, 0.7), "part").stacks["cell"].views["low"]
    assert part.within.sum() == pytest.approx(1.4 * 2.7, rel=1e-12)
    assert part.over_region(np.full(len(x), 7.0)) == pytest.approx(7.0, rel=1e-12)
    assert part.over_region(x) == pytest.approx(0.4, abs=0.125 / 2)
    beyond = LayerRecord(model, 0.5, Rect(5.0, 6.0, 0.0, 1.0), "beyond").stacks["cell"].views["low"]
    assert beyond.over_region(x) is None


def test_extremes_of_squares_settle_where_raw_ones_grow():
    """Under a rigid punch the raw stress grows with every finer mesh, that of film squares does not."""
    raw, film = [], []
    for size in (0.25, 0.125):
        stack = LayerStack((Layer("layer", 1.0, SQUARE, SOFT, round(0.5 / size)),), SQUARE, size, 1.0)
        cell = Solid("cell", stack, degree=1, fixed={"bottom": "xyz"})
        punch = Solid("punch", Block(lines(-1, 1, 2), lines(-1, 1, 2), (0.0, 1.0)), RIGID, z=1.0,
                      fixed=GUIDED, tractions={"top": (0.0, 0.0, -LOAD)})  # fmt: skip
        face = Interface("faces", "cell.top", "punch.bottom", Rect.centred(2, 2), 2 * size)
        model = Model(Assembly((cell, punch), (face,)))
        state = model.tighten({})
        seen = LayerRecord(model, 0.5, SQUARE, "square").look(state, "press", 1)
        raw.append(-state.stress("cell")[0][:, 2].min())
        film.append(-seen.numbers["layer"]["sigma_zz p1 [MPa]"])
    assert raw[1] > 1.15 * raw[0]
    assert film[1] == pytest.approx(film[0], rel=0.05)


def terraced(symmetry: tuple[str, ...]) -> tuple[Model, LayerRecord]:
    small = Rect.centred(2, 2)
    layers = (
        Layer("wide", 0.1, SQUARE, SOFT),
        Layer("small", 0.2, small, HARD, 2),
        Layer("film", 0.05, SQUARE, SOFT),
    )
    cell = Solid(
        "cell", LayerStack(layers, SQUARE, 0.25, 1.0), degree=1, fixed={"bottom": "z"}, symmetry=symmetry
    )
    low = 0 if symmetry else -2
    held = {"xmax": "x", "ymax": "y"} if symmetry else GUIDED
    block = Solid("block", Block(lines(low, 2, 4), lines(low, 2, 4), (0.0, 1.0)), RIGID, z=0.35,
                  fixed=held, tractions={"top": (0.0, 0.0, -LOAD)}, symmetry=symmetry)  # fmt: skip
    face = Interface("faces", "cell.top", "block.bottom", small, 0.5)
    model = Model(Assembly((cell, block), (face,), symmetry=symmetry))
    return model, LayerRecord(model, 0.5, small, "small")


def test_a_quarter_tells_what_the_whole_tells():
    found = []
    for symmetry in ((), ("x0", "y0")):
        model, record = terraced(symmetry)
        found.append(record.look(model.tighten({}), "press", 1))
    whole, quarter = found
    for layer, numbers in whole.numbers.items():
        assert quarter.numbers[layer] == pytest.approx(numbers, rel=1e-6, abs=1e-6)
    assert quarter.profile["sigma_zz"] == pytest.approx(whole.profile["sigma_zz"], rel=1e-6)


def test_profile_and_section_lie_where_the_layers_do(tmp_path: Path):
    model, record = terraced(("x0", "y0"))
    state = model.tighten({})
    seen = record.look(state, "press", 3)
    layers = [k for k, _ in record.stacks["cell"].column]
    assert layers == [0, 1, 1, 2]
    assert seen.profile["z"] == pytest.approx([0.05, 0.15, 0.25, 0.325], abs=2e-3)
    assert seen.profile["sigma_zz"] == pytest.approx(np.full(4, -4 * LOAD), rel=0.2)
    data = xr.load_dataset(record.write(tmp_path), engine="h5netcdf")
    assert list(data["layer"].values) == ["wide", "small", "film"]
    assert (str(data["step"].values[0]), int(data["number"].values[0])) == ("press", 3)
    assert np.isnan(data["soc"].values[0])
    corner = np.stack([data["section_corner_x"].values, data["section_corner_z"].values], axis=-1)
    a, b, c, d = (corner[:, k] for k in range(4))
    cross = (d - a)[:, 0] * (c - b)[:, 1] - (d - a)[:, 1] * (c - b)[:, 0]
    owner, size = data["section_layer"].values, np.abs(cross) / 2
    sums = [size[owner == k].sum() for k in range(3)]
    assert sums == pytest.approx([0.1 * 2, 0.2 * 1, 0.05 * 2], rel=1e-6)
    assert data["section_sigma_zz"].shape == data["section_shear"].shape == (1, len(owner))
    assert all({"units", "long_name"} <= set(v.attrs) for v in data.data_vars.values())


# -- which states --------------------------------------------------------------------------------------------


@dataclass
class Moment:
    """What `Chosen` looks at of a state."""

    amounts: dict[str, float] = field(default_factory=dict)


def offered(*socs: float | None, step: str = "cycle") -> list[tuple[float | None, int]]:
    chosen = Chosen()
    for k, soc in enumerate(socs, 1):
        chosen.offer(Moment({} if soc is None else {"soc": soc}), step, k)  # type: ignore[arg-type]
    return [(s.amounts.get("soc"), number) for s, _, number in chosen.states]


def test_the_last_state_of_a_step_is_looked_at():
    assert offered(None, None, None, step="hold") == [(None, 3)]


def test_of_cycles_the_last_one_counts():
    once = [0.25, 0.5, 0.75, 1.0, 0.75, 0.5, 0.25, 0.0]
    assert offered(*once, *once) == [(0.5, 10), (1.0, 12), (0.5, 14), (0.0, 16)]


def test_states_far_from_the_wanted_charge_do_not_stand_for_it():
    assert offered(0.3, 0.7) == [(0.7, 2)]
    assert offered(0.25, 0.52, 0.75, 1.0) == [(0.52, 2), (1.0, 4)]
    assert offered(0.2, 0.4, 0.6, 0.8, 1.0) == [(0.6, 3), (1.0, 5)]


def test_a_run_looks_at_the_layers_when_it_is_told_to(tmp_path: Path):
    """The cathode's mean across is the mean pressure of its plane, which the superelement knows by another way."""
    case = read_case("cases/bare_uniaxial_5MPa.toml").with_("grid.pixel", "1 mm").with_("mesh.level", 0)
    told = run(case.with_("layers", True), tmp_path, pictures=False, fields=False)
    entry = told.summary["layers"][0]
    assert (entry["step"], entry["state"], "SOC [-]" in entry) == ("tighten", 1, False)
    mean = told.metric("Mean contact pressure [MPa]", interface="cathode")
    assert entry["layers"]["cathode"]["sigma_zz mean on cathode [MPa]"] == pytest.approx(-mean, rel=1e-6)
    assert (told.folder / "layers.nc").is_file()
    plain = run(case, tmp_path, pictures=False, fields=False)
    assert "layers" not in plain.summary and not (plain.folder / "layers.nc").exists()
