"""A small bare holder put together by hand: symmetry, units, condensed against uncondensed, both solvers."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse.linalg import spsolve
from setups import Array, lines, relative

from holdersim.assembly import (
    Assembly,
    Block,
    Bolt,
    Hole,
    Interface,
    Layer,
    LayerStack,
    Plate,
    Rect,
    Seat,
    Solid,
)
from holdersim.grid import PressureGrid, averages
from holdersim.materials.elastic import Elastic
from holdersim.solve import Model, State

SPOTS = {"a": (14.0, 9.0), "b": (-14.0, 9.0), "c": (-14.0, -9.0), "d": (14.0, -9.0)}
BOTH = ("x0", "y0")


def holder(symmetry: tuple[str, ...] = ()) -> Assembly:
    """Two plates 40 x 30 x 4 on a two-layer cell 12 x 10 with four M4; gaps of 2 um at 6 mm from the middle."""
    here = {
        n: at
        for n, at in SPOTS.items()
        if ("x0" not in symmetry or at[0] > 0) and ("y0" not in symmetry or at[1] > 0)
    }
    holes = tuple(Hole(x, y, 4.5) for x, y in SPOTS.values())
    seats = tuple(Seat(n, x, y, 4.5, 8) for n, (x, y) in SPOTS.items())
    cell = Rect.centred(12, 10)
    plate = Plate(40, 30, 4.0, holes, seats, cell, 2.0, 5.0, 2)
    steel, soft, foil = (
        Elastic(n, e, nu) for n, e, nu in (("s", 193e3, 0.29), ("c", 600.0, 0.2), ("f", 2e4, 0.3))
    )
    layers = (Layer("cathode", 0.3, cell, soft), Layer("foil", 0.1, cell, foil))
    stack = LayerStack(layers, cell, 0.5, 1.0)
    solids = (
        Solid("bottom", plate, steel, 2, z=0.0, flip=True, symmetry=symmetry),
        Solid("cell", stack, None, 1, symmetry=symmetry),
        Solid("top", plate, steel, 2, z=0.4, symmetry=symmetry),
    )
    dish = lambda x, y: 2e-3 * (x**2 + y**2) / 36  # noqa: E731
    faces = (
        Interface("low", "bottom.press", "cell.bottom", cell, 1.0, dish),
        Interface("high", "cell.top", "top.press", cell, 1.0, dish),
    )
    bolts = tuple(
        Bolt(n, (f"bottom.seat:{n}", f"top.seat:{n}"), x, y, 1.5e5, 4.0, 8.8, 600.0, 640.0, 9.0)
        for n, (x, y) in here.items()
    )
    return Assembly(solids, faces, bolts, symmetry)


@pytest.fixture(scope="module")
def whole() -> Model:
    """The whole holder, condensed once for all tests here."""
    return Model(holder())


def even(model: Model, force: float = 100.0) -> State:
    """All bolts of a model at one force [N]."""
    return model.tighten({b.name: force for b in model.assembly.bolts})


def test_four_quadrants_are_one(whole: Model) -> None:
    """Symmetry (Curie 1894): four equal bolts give a map whose quadrants are equal, and equal the quarter model."""
    quarter = even(Model(holder(BOTH)))
    state = even(whole)
    for name in ("low", "high"):
        p = state.pressure(name)
        ny, nx = p.shape
        part = p[ny // 2 :, nx // 2 :]
        for other in (
            p[ny // 2 :, nx // 2 - 1 :: -1],
            p[ny // 2 - 1 :: -1, nx // 2 :],
            p[ny // 2 - 1 :: -1, nx // 2 - 1 :: -1],
        ):
            assert relative(other, part) < 1e-8, f"{name}: quadrants differ by {relative(other, part):.1e}"
        error = relative(quarter.pressure(name), part)
        assert error < 1e-8, f"{name}: quarter model differs by {error:.1e}"
    assert abs(state.force("low") / 400 - 1) < 1e-9
    assert p.max() > 1.2 * p.mean()


def test_pressure_is_the_same_on_both_faces(whole: Model) -> None:
    """The holder is alike above and below, the stack is not: forces and moments through both faces are equal."""
    state = whole.tighten({"a": 140.0, "b": 90.0, "c": 110.0, "d": 60.0})
    x, y = whole.joints["low"].grid.centres
    for weight, wanted in (
        (1 + 0 * x, 400.0),
        (x, 14 * (140 - 90 - 110 + 60.0)),
        (y, 9 * (140 + 90 - 110 - 60.0)),
    ):
        for name in ("low", "high"):
            joint = whole.joints[name]
            found = float(weight[joint.pixels] @ state.x[joint.span])
            assert abs(found - wanted) < 1e-8 * 400 * 14, f"{name}: {found:.9f}, wanted {wanted}"


def squeezed(unit: float) -> Model:
    """Quarter of a cell between two blocks that bend it, built with `unit` length units for 1 mm; forces in N."""
    s, area = unit, unit**2
    at = lambda high, n: tuple(v * s for v in lines(0, high, n))  # noqa: E731
    push = lambda x, y, z: np.stack([0 * x, 0 * x, -np.where(x > 7 * s, 6.0, 0.0) / area])  # noqa: E731
    steel, soft = Elastic("s", 193e3 / area, 0.29), Elastic("c", 600.0 / area, 0.2)
    lower = Solid(
        "bottom",
        Block(at(9, 9), at(8, 5), at(2, 2)),
        steel,
        2,
        z=-2 * s,
        symmetry=BOTH,
        fixed={"bottom": "z"},
    )
    middle = Solid("cell", Block(at(6, 12), at(5, 10), at(0.5, 2)), soft, 1, symmetry=BOTH)
    upper = Solid(
        "top",
        Block(at(9, 9), at(8, 5), at(2, 2)),
        steel,
        2,
        z=0.5 * s,
        symmetry=BOTH,
        tractions={"top": push},
    )
    dish = lambda x, y: 2e-3 * s * (1 - (x**2 + y**2) / (60 * area)) ** 2  # noqa: E731
    region = Rect.centred(12 * s, 10 * s)
    faces = (
        Interface("low", "bottom.top", "cell.bottom", region, s, dish),
        Interface("high", "cell.top", "top.bottom", region, s, dish),
    )
    return Model(Assembly((lower, middle, upper), faces, symmetry=BOTH))


@pytest.mark.parametrize("unit", [1000.0, 0.001], ids=["micrometres", "metres"])
def test_units_do_not_matter(unit: float) -> None:
    """Buckingham 1914: the same assembly in micrometres (N/um2) or metres (Pa) has the same dimensionless maps."""
    wanted, found = squeezed(1.0).tighten({}), squeezed(unit).tighten({})
    assert (wanted.pressure("high") == 0).any()
    for name in ("low", "high"):
        error = relative(found.pressure(name) * unit**2, wanted.pressure(name))
        assert error < 1e-9, f"{name}: pressure differs by {error:.1e}"
        error = relative(found.gap(name) / unit, wanted.gap(name))
        assert error < 1e-9, f"{name}: gap differs by {error:.1e}"
    error = relative(found.displacement("top") / unit, wanted.displacement("top"))
    assert error < 1e-9, f"displacement differs by {error:.1e}"


def test_solvers_agree(whole: Model) -> None:
    """Active set against projected conjugate gradients (Polonsky & Keer 1999), uneven bolts, then locked ones."""
    forces = {"a": 140.0, "b": 90.0, "c": 110.0, "d": 60.0}
    one, two = whole.tighten(forces), whole.tighten(forces, method="projected_cg")
    error = relative(two.x, one.x)
    assert error < 1e-8, f"tightened: forces differ by {error:.1e}"
    one, two = whole.locked(one, {"b": 200.0}), whole.locked(two, {"b": 200.0}, method="projected_cg")
    error = relative(two.x, one.x)
    assert error < 1e-8, f"locked: forces differ by {error:.1e}"


def test_locked_and_set_again_is_the_same(whole: Model) -> None:
    """Linear bolts are springs: locking changes nothing, and a bolt set to the force it had leaves all as it was."""
    state = whole.tighten({"a": 140.0, "b": 90.0, "c": 110.0, "d": 60.0})
    for again in (whole.locked(state), whole.locked(state, {"c": 110.0})):
        error = relative(again.x, state.x)
        assert error < 1e-9, f"forces move by {error:.1e}"


def test_sequence_disturbs_and_settles(whole: Model) -> None:
    """Elastic interaction (Bickford 1995, ch. 6): one pass in a cross leaves bolts apart, more passes even them out."""
    state, spread = whole.tighten(dict.fromkeys(SPOTS, 20.0)), []
    for _ in range(3):
        for name in ("a", "c", "b", "d"):
            state = whole.locked(state, {name: 100.0})
            assert abs(state.bolts[name] - 100) < 1e-9
        spread.append(max(state.bolts.values()) - min(state.bolts.values()))
    assert spread[0] > 1.0, f"spread {spread} N: neighbours feel nothing"
    assert spread[0] > spread[1] > spread[2], f"spread {spread} N"


def test_a_certificate_comes_with_every_state(whole: Model) -> None:
    """Karush, Kuhn and Tucker, relative residuals at rounding; the gap opens somewhere, so that they say something."""
    state = even(whole, 20.0)
    assert (state.pressure("low") == 0).any() and (state.gap("low") > 0).any()
    for name, value in state.certificates.items():
        assert value < 1e-9, f"{name} = {value:.1e}"


def monolithic(model: Model, state: State) -> tuple[Array, dict[str, Array]]:
    """Pixel forces and displacements from one saddle system of the whole bodies, for the contact set of `state`."""
    bodies = {n: p.condenser.body for n, p in model.parts.items()}
    (joint,) = model.joints.values()
    grid = PressureGrid.over(joint.interface.region, joint.interface.pixel, model.assembly.symmetry)
    active = np.flatnonzero(state.x > 0)
    blocks, columns, loads = [], [], []
    for side in (joint.interface.below, joint.interface.above):
        body, name = bodies[side.split(".")[0]], side.split(".")[1]
        face = body.face(name)
        mean = averages(face, grid, len(body.coordinates))[0][joint.pixels][active].tocoo()
        into = sp.csr_matrix(
            (-face.normal * mean.data, (3 * mean.col + 2, mean.row)), (body.dofs, len(active))
        )
        free = np.flatnonzero(~body.held)
        blocks.append(body.stiffness[free][:, free])
        columns.append(into[free])
        loads.append(body.own_load()[free])
    b = sp.vstack(columns)
    system = sp.bmat([[sp.block_diag(blocks), -b], [-b.T, None]], format="csc")
    rhs = np.concatenate([*loads, joint.gap[active]])
    solved = spsolve(system, rhs)
    out, start = {}, 0
    for name, body in bodies.items():
        free = np.flatnonzero(~body.held)
        u = np.zeros(body.dofs)
        u[free] = solved[start : start + len(free)]
        out[name], start = u.reshape(-1, 3), start + len(free)
    return solved[start:], out


def test_condensed_equals_uncondensed() -> None:
    """Static condensation (Guyan 1965) is exact: forces and displacements equal those of one saddle system."""
    steel, soft = Elastic("s", 200e3, 0.3), Elastic("c", 800.0, 0.35)
    base = Solid(
        "base",
        Block(lines(0, 6, 12), lines(0, 5, 10), (-1, -0.5, 0)),
        soft,
        1,
        symmetry=BOTH,
        fixed={"bottom": "xyz"},
    )
    push = lambda x, y, z: np.stack([0 * x, 0 * x, -8 * x * y / 30 - 2])  # noqa: E731
    top = Solid(
        "top",
        Block(lines(0, 8, 4), lines(0, 7, 4), (0, 0.7, 1.5)),
        steel,
        2,
        symmetry=BOTH,
        tractions={"top": push},
    )
    face = Interface(
        "i", "base.top", "top.bottom", Rect.centred(12, 10), 1.0, lambda x, y: 8e-3 * np.cos(x) ** 2
    )
    model = Model(Assembly((base, top), (face,), symmetry=BOTH))
    state = model.tighten({})
    active = state.x > 0
    assert 3 < active.sum() < len(active), "part of the face must be open for this to say something"
    force, displacement = monolithic(model, state)
    error = relative(state.x[active], force)
    assert error < 1e-8, f"pixel forces differ by {error:.1e}"
    for name, wanted in displacement.items():
        error = relative(state.displacement(name), wanted)
        assert error < 1e-8, f"displacement of {name} differs by {error:.1e}"
