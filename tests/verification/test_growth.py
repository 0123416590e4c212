"""Layers that grow and parts that warm between locked bolts: full models against closed forms."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import brentq
from setups import lines

from holdersim.assembly import Assembly, Block, Bolt, Interface, Layer, LayerStack, Rect, Solid
from holdersim.geometry.mesh import mesh_shape
from holdersim.growthbody import GrowthBody
from holdersim.materials.elastic import Elastic
from holdersim.materials.hyperelastic import NeoHookean
from holdersim.materials.inelastic import Inelastic
from holdersim.materials.rubber import Rubber
from holdersim.nonlinear import model_of
from holdersim.solve import Model, State
from holdersim.superelement import Condenser, Links

AREA = Rect(0.0, 24.0, 0.0, 22.0)
PIXEL = 2.0
STEEL = Elastic("304", 193e3, 0.29, expansion=17.2e-6)
SOFT = Elastic("cell", 2000.0, 0.0, expansion=20e-6)
GRIP, BOLT = 20.4, 11.7e-6


def bolts(low: str, top: str, stiffness: float, growth: float = 0.0) -> tuple[Bolt, ...]:
    """Four bolts that pull two faces together."""
    seats = (f"{low}.bottom", f"{top}.top")
    return tuple(
        Bolt(f"b{i}", seats, 0.0, 0.0, stiffness, 6.0, 20.1, 580.0, 640.0, GRIP, growth=growth)
        for i in range(1, 5)
    )


def stacked(
    cell: Solid,
    height: float,
    ends: tuple[Elastic, float],
    held: tuple[Bolt, ...],
    more: tuple[tuple[str, float, Rubber], ...] = (),
    area: Rect = AREA,
) -> Model:
    """Cell, rubber sheets and plates on each other without friction, guided, drawn together by bolts."""
    material, thick = ends
    guided = {"xmin": "x", "ymin": "y"}
    x, y = (lines(0.0, b, round(b / PIXEL)) for b in (area.x1, area.y1))
    plate = Block(x, y, lines(0.0, thick, 1))
    solids = [Solid("low", plate, material, 2, 0.0, fixed=guided, warms=True)]
    solids.append(replace(cell, z=thick, warms=True))
    z = thick + height
    for name, t, rubber in more:
        solids.append(Solid(name, Block(x, y, lines(0.0, t, 1)), rubber, 2, z, fixed=guided, warms=True))
        z += t
    solids.append(Solid("top", plate, material, 2, z, fixed=guided, warms=True))
    faces = tuple(
        Interface(f"i{k}", f"{a.name}.top", f"{b.name}.bottom", area, PIXEL)
        for k, (a, b) in enumerate(pairwise(solids))
    )
    return model_of(Assembly(tuple(solids), faces, held))


def layered(material: Elastic, height: float, area: Rect = AREA) -> Solid:
    """A stack of one growing layer."""
    layer = Layer("Si", height, area, material)
    return Solid("cell", LayerStack((layer,), area, 1.0, 1.0), None, 1, swelling=("Si",))


def total(state: State) -> float:
    return sum(state.bolts.values())


def test_series_springs() -> None:
    """V22, series springs: growth of 12 um between four bolts gives dh / (1/k_cell + 1/k_bolts), here 8.14 MPa."""
    stiff = Elastic("rigid", 1e9, 0.0)
    cell = layered(replace(SOFT, E=2000.0), 0.4)
    model = stacked(cell, 0.4, (stiff, 10.0), bolts("low", "top", 103012.5))
    first = model.tighten(dict.fromkeys(("b1", "b2", "b3", "b4"), 600.0))
    after = model.locked(first, amounts={"swell:cell.Si": 0.012 / 0.4})
    soft = (0.4 / 2000 + 20.0 / stiff.E) / AREA.area + 1 / 412050
    assert (total(after) - total(first)) == pytest.approx(0.012 / soft, rel=1e-6)
    per = 0.012 / (525 * (0.4 / 2000 / 525 + 1 / 412050))
    assert per == pytest.approx(8.14047, rel=1e-6)
    again = model.locked(after, amounts={"swell:cell.Si": 0.0})
    assert total(again) == pytest.approx(total(first), rel=1e-8)


@pytest.mark.parametrize("stiffer", [1.0, 1e4])
def test_bolts_warm_less_than_what_they_clamp(stiffer: float) -> None:
    """V19: plates of 304, cell and bolts at +20 K, with the compliance of the plates; with rigid ones 2.6670 MPa."""
    held = bolts("low", "top", 20.1 * 205e3 / GRIP, BOLT * GRIP)
    plates = replace(STEEL, E=stiffer * STEEL.E)
    model = stacked(layered(SOFT, 0.4), 0.4, (plates, 10.0), held)
    first = model.tighten(dict.fromkeys(("b1", "b2", "b3", "b4"), 656.25))
    warm = model.locked(first, amounts={"warming": 20.0})
    free = 20.0 * (20.0 * STEEL.expansion + 0.4 * SOFT.expansion - GRIP * BOLT)
    assert free == pytest.approx(2.2664e-3, rel=1e-4)
    soft = 0.4 / SOFT.E / AREA.area + 20.0 / plates.E / AREA.area + GRIP / (4 * 20.1 * 205e3)
    assert total(warm) - total(first) == pytest.approx(free / soft, rel=1e-6)
    if stiffer > 1:
        k = 2.625e6 / 525  # MPa/mm of the benchmark's cell
        wanted = free / (1 / k + 525 * GRIP / (4 * 20.1 * 205e3))
        assert wanted == pytest.approx(2.6670, rel=1e-4)
        assert (total(warm) - total(first)) / AREA.area == pytest.approx(
            free / (0.4 / SOFT.E + AREA.area * GRIP / (4 * 20.1 * 205e3)), rel=2e-3
        )


def test_rubber_warms() -> None:
    """V19 with two sheets of rubber that slide: free growth 24.9 um over soft springs, 2 % at 0.4 % strain."""
    rubber = Rubber("silicone", NeoHookean(2.5), 5000.0, expansion=200e-6)
    held = bolts("low", "top", 20.1 * 205e3 / 26.4, BOLT * 26.4)
    model = stacked(
        layered(SOFT, 0.4), 0.4, (STEEL, 10.0), held, (("pad_1", 3.0, rubber), ("pad_2", 3.0, rubber))
    )
    first = model.tighten(dict.fromkeys(("b1", "b2", "b3", "b4"), 2.0))
    warm = model.locked(first, amounts={"warming": 20.0})
    free = 20.0 * (20.0 * 17.2e-6 + 0.4 * 20e-6 + 6.0 * 200e-6 - 26.4 * BOLT)
    assert free == pytest.approx(24.862e-3, rel=1e-3)
    young = 9 * rubber.bulk * rubber.law.shear / (3 * rubber.bulk + rubber.law.shear)
    soft = (0.4 / SOFT.E + 6.0 / young + 20.0 / STEEL.E) / AREA.area + 26.4 / (4 * 20.1 * 205e3)
    assert total(warm) - total(first) == pytest.approx(free / soft, rel=2e-2)
    assert total(model.locked(warm, amounts={"warming": 0.0})) == pytest.approx(total(first), rel=1e-6)


@pytest.mark.parametrize(
    ("growth", "fixed", "stress"),
    [
        ((1 / 3, 1 / 3, 1 / 3), {"xmin": "x", "xmax": "x", "ymin": "y", "ymax": "y", "bottom": "z"},
         (-142.857142857, -142.857142857, 0.0)),
        ((1 / 3, 1 / 3, 1 / 3), {"bottom": "xyz", "top": "xyz", "xmin": "x", "xmax": "x", "ymin": "y", "ymax": "y"},
         (-250.0, -250.0, -250.0)),
        ((0.0, 0.0, 1.0), {"bottom": "xyz", "top": "xyz", "xmin": "x", "xmax": "x", "ymin": "y", "ymax": "y"},
         (-57.692307692, -57.692307692, -134.615384615)),
    ],
)  # fmt: skip
def test_growth_that_is_held(
    growth: tuple[float, float, float], fixed: dict[str, str], stress: tuple[float, float, float]
) -> None:
    """V21: E 10 GPa, nu 0.3, eigenstrain 0.01; held in the plane, all around, and all around with growth along z."""
    square = Rect(0.0, 2.0, 0.0, 2.0)
    layer = Layer("film", 0.5, square, Elastic("film", 10e3, 0.3), 2, growth)
    solid = Solid("cell", LayerStack((layer,), square, 1.0, 1.0), None, 1, fixed={}, swelling=("film",))
    from holdersim.network import build_body

    sides = {"sides": "xy"} if "xmin" in fixed else {}
    rest = {n: c for n, c in fixed.items() if n in ("bottom", "top")}
    solid = replace(solid, fixed=sides | rest)
    condenser = Condenser(solid, Links((), ()), build_body, None)
    condenser.get()
    amounts = {"swell:cell.film": 0.01 / max(growth)}
    u = condenser.displacement(np.zeros(0), np.zeros(0), amounts)
    sigma = condenser.body.stress(u.ravel(), amounts=amounts)
    if "top" in fixed:
        assert sigma[:, :3] == pytest.approx(np.tile(stress, (len(sigma), 1)), rel=1e-9, abs=1e-7)
    else:
        assert float(u[:, 2].max()) == pytest.approx(0.5 * 0.0185714285714, rel=1e-9)
        assert sigma[:, :3] == pytest.approx(np.tile(stress, (len(sigma), 1)), rel=1e-9, abs=1e-7)


@pytest.mark.parametrize("sheets", [False, True])
def test_layers_under_large_strain_between_others(sheets: bool) -> None:
    """A layer with a law, elastic here, between plates alone and among rubber: as the linear one while it grows little.

    At twice its volume it is as thick as it grows, so that bolts and rubber feel the whole growth.
    """
    rubber = Rubber("silicone", NeoHookean(2.5), 5000.0)
    pads = (("pad_1", 3.0, rubber), ("pad_2", 3.0, rubber)) if sheets else ()
    held = bolts("low", "top", 10e3)
    room = Rect(0.0, 8.0, 0.0, 6.0)
    linear = layered(SOFT, 0.1, room)
    layer = linear.shape.layers[0]  # type: ignore[union-attr]
    law = Inelastic("elastic", ((0.0, SOFT.E), (4.0, SOFT.E)))
    large = replace(linear, shape=replace(linear.shape, layers=(replace(layer, law=law),)))  # type: ignore[type-var]
    rises = []
    for cell in (linear, large):
        model = stacked(cell, 0.1, (STEEL, 10.0), held, pads, room)
        first = model.tighten(dict.fromkeys(("b1", "b2", "b3", "b4"), 1.0))
        small, full = (model.locked(first, amounts={"swell:cell.Si": g}) for g in (2e-3, 1.0))
        rises.append((total(small) - total(first), total(full) - total(first)))
        back = model.locked(full, amounts={"swell:cell.Si": 0.0})
        assert total(back) == pytest.approx(total(first), rel=1e-5)
    assert rises[1][0] == pytest.approx(rises[0][0], rel=5e-3)
    if sheets:
        assert rises[1][1] == pytest.approx(rises[0][1], rel=5e-3)  # the rubber takes it
    else:
        # logarithmic strain of a layer twice as thick: h ln(...) instead of h (...)
        soft = (20.0 / STEEL.E) / room.area + 1 / 40e3
        force = rises[1][1] + 4.0
        thick = 0.2 * np.exp(-force / room.area / SOFT.E)
        gives = (force - 4.0) * soft
        assert thick - 0.1 * np.exp(-4.0 / room.area / SOFT.E) == pytest.approx(gives, rel=2e-2)


def test_a_fluid_presses_where_the_faces_are_now() -> None:
    """Hydrostatic pressure makes an even squeeze to rounding, and its tangent is that of differences, symmetric."""
    room, p = Rect(0.0, 2.0, 0.0, 2.0), 50.0
    law = Inelastic("elastic", ((0.0, 2000.0),))
    shape = LayerStack((Layer("a", 0.3, room, Elastic("m", 2000.0, 0.3), 2, law=law),), room, 1.0, 1.0)
    body = GrowthBody(Solid("cell", shape, None, 1, fluid=("bottom", "top", "sides")), mesh_shape(shape))
    bulk = 2000.0 / (3 - 6 * 0.3)
    stretch = brentq(lambda s: 3 * bulk * np.log(s) / s**3 + p, 0.9, 1.0)  # Cauchy stress of Hencky's law
    even = replace(body.start(), u=((stretch - 1) * body.coordinates).ravel())
    load = p * body.load_columns()["pressure"]
    force, _ = body.system(even, 0.0, {"pressure": p})
    assert np.abs(force - load).max() < 1e-12 * np.abs(load).max()
    assert body.stress(even, {"pressure": p}) == pytest.approx(
        np.tile([-p, -p, -p, 0, 0, 0], (len(body.cell_nodes), 1))
    )
    rng = np.random.default_rng(1)
    u, d, h = 0.02 * rng.standard_normal(body.dofs), rng.standard_normal(body.dofs), 1e-6
    _, tangent = body.system(replace(even, u=u), 0.0, {"pressure": p})
    ends = [body.system(replace(even, u=u + s * h * d), 0.0, {"pressure": p})[0] for s in (-1, 1)]
    assert tangent @ d == pytest.approx((ends[1] - ends[0]) / (2 * h), rel=1e-5, abs=1e-4)
    assert abs(tangent - tangent.T).max() < 1e-12 * abs(tangent).max()
