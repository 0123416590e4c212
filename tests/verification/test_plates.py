"""Thin and thick plates as solids: Navier, Taylor & Govindjee, corner supports, and the strip on an elastic bed."""

from __future__ import annotations

import numpy as np
import pytest
from setups import SLAB, STEEL, Array, cell_at, lines, node_at, solve

from holdersim.assembly import Block, Interface, Rect, Solid
from holdersim.materials.elastic import Elastic
from holdersim.solve import State

GAUSS = 0.5 - 0.5 / np.sqrt(3)
HARD = {"xmax": "yz", "ymax": "xz"}
"""Simply supported: no deflection and no tangential rotation along the edge."""


def bent(
    a: float, b: float, t: float, n: tuple[int, int], fixed: dict[str, str], q: float, material: Elastic
) -> State:
    """Quarter of a plate a x b x t under pressure q [MPa] on its top."""
    shape = Block(lines(0, a / 2, n[0]), lines(0, b / 2, n[1]), (0, t / 2, t))
    plate = Solid("plate", shape, material, 2, fixed=fixed, tractions={"top": (0, 0, -q)})
    return solve(plate, symmetry=("x0", "y0"))


def centre_deflection(state: State, t: float) -> float:
    """Deflection [mm] of the mid-plane at the centre."""
    body = state.model.parts["plate"].condenser.body
    return float(-state.displacement("plate")[node_at(body, (0, 0, t / 2)), 2])


def moment(
    state: State, at: tuple[float, float], t: float, inside: tuple[float, float], component: int
) -> float:
    """Bending moment per length [N] near a point, from the stress in a point (reference x, y) of the nearest cell.

    The stress is taken at the Gauss height of the upper layer of elements and is linear through the plate.
    """
    body = state.model.parts["plate"].condenser.body
    z = t / 2 * (1 - GAUSS)
    sigma = body.stress(state.displacement("plate").ravel(), at=(*inside, 1 - GAUSS))
    return float(-sigma[cell_at(body, (*at, 0.75 * t)), component]) * t**3 / 12 / z


@pytest.mark.parametrize("ratio, alpha, beta, n", [
    (1, 0.004062, 0.047886, (10, 10)), (1.5, 0.007724, 0.081160, (10, 12)), (3, 0.012233, 0.118861, (10, 20)),
])  # fmt: skip
def test_simply_supported(ratio: float, alpha: float, beta: float, n: tuple[int, int]) -> None:
    """V7, Navier 1823 (Timoshenko & Woinowsky-Krieger 1959, table 8): w = alpha q a^4 / D, M = beta q a^2."""
    a, t, q = 100.0, 1.0, 0.001
    state = bent(a, ratio * a, t, n, HARD, q, STEEL)
    d = STEEL.E * t**3 / 12 / (1 - STEEL.nu**2)
    found = centre_deflection(state, t) * d / q / a**4
    assert abs(found / alpha - 1) < 0.005, f"alpha = {found:.6f}, Navier {alpha}"
    m = moment(state, (0, 0), t, (GAUSS, GAUSS), 0) / q / a**2
    assert abs(m / beta - 1) < 0.005, f"beta = {m:.6f}, Navier {beta}"


def test_deflection_converges_fast() -> None:
    """V7 at b/a = 1 on 2, 4, 8 elements a side: the error against a fine mesh falls faster than h^2.5."""
    fine = centre_deflection(bent(100, 100, 2, (16, 16), HARD, 0.001, STEEL), 2)
    errors = [
        abs(centre_deflection(bent(100, 100, 2, (n, n), HARD, 0.001, STEEL), 2) / fine - 1) for n in (2, 4, 8)
    ]
    rate = np.log2(errors[0] / errors[2]) / 2
    assert rate > 2.5, f"errors {errors}, rate {rate:.2f}"


def test_thick_plate_shears() -> None:
    """V8, Wang, Reddy & Lee 2000, w_M = w_K + (Mx + My) / ((1 + nu) kappa G t): 304, 100 x 100 x 10, 5 MPa."""
    alloy = Elastic("304", 193e3, 0.29)
    state = bent(100, 100, 10, (8, 8), HARD, 5.0, alloy)
    w = centre_deflection(state, 10)
    assert abs(w / 0.121579 - 1) < 0.02, f"w = {w:.6f}, Mindlin 0.121579"
    sigma = 6 * moment(state, (0, 0), 10, (GAUSS, GAUSS), 0) / 100
    assert abs(sigma / 142.55 - 1) < 0.02, f"sigma = {sigma:.2f}, wanted 142.55"


def test_clamped() -> None:
    """V9, Taylor & Govindjee 2004: clamped square plate, alpha .00126532, moments .022905 and -.051334 (nu .3)."""
    a, t, q = 100.0, 1.0, 0.001
    state = bent(a, a, t, (20, 20), {"xmax": "xyz", "ymax": "xyz"}, q, STEEL)
    d = STEEL.E * t**3 / 12 / (1 - STEEL.nu**2)
    alpha = centre_deflection(state, t) * d / q / a**4
    assert abs(alpha / 0.00126532 - 1) < 0.005, f"alpha = {alpha:.8f}"
    centre = moment(state, (0, 0), t, (GAUSS, GAUSS), 0) / q / a**2
    assert abs(centre / 0.022905 - 1) < 0.005, f"centre moment {centre:.6f}"
    near, far = (moment(state, (a / 2, 0), t, (x, GAUSS), 0) / q / a**2 for x in (1 - GAUSS, GAUSS))
    edge = near + (near - far) * GAUSS / (1 - 2 * GAUSS)
    assert abs(edge / -0.051334 - 1) < 0.02, f"edge moment {edge:.6f}"


def test_corner_supported() -> None:
    """V10, plate on its four corners (Timoshenko & Woinowsky-Krieger 1959, section 48): alpha .0255065, nu .3.

    Moments .111711 at the centre and .15044 at the middle of an edge.
    """
    a, t, q = 100.0, 1.0, 0.001
    state = bent(a, a, t, (16, 16), {"xmax&ymax": "z"}, q, STEEL)
    d = STEEL.E * t**3 / 12 / (1 - STEEL.nu**2)
    alpha = centre_deflection(state, t) * d / q / a**4
    assert abs(alpha / 0.0255065 - 1) < 0.01, f"alpha = {alpha:.6f}"
    centre = moment(state, (0, 0), t, (GAUSS, GAUSS), 0) / q / a**2
    assert abs(centre / 0.111711 - 1) < 0.01, f"centre moment {centre:.6f}"
    near, far = (moment(state, (a / 2, 0), t, (x, GAUSS), 1) / q / a**2 for x in (1 - GAUSS, GAUSS))
    edge = near + (near - far) * GAUSS / (1 - 2 * GAUSS)
    assert abs(edge / 0.15044 - 1) < 0.01, f"mid-edge moment {edge:.6f}"


def strip(t: float, k: float, n: int = 80) -> tuple[Array, State]:
    """Pressures from middle to end of a steel strip 80 long on a unilateral bed k [MPa/mm], 200 N/mm on each end."""
    length, force, h = 80.0, 200.0, 0.1
    size = length / 2 / n
    bed = Block(lines(0, length / 2, n), (0, size / 2, size), (-h, 0.0))
    plate = Block(lines(0, length / 2, n), (0, size), (0.0, t / 2, t))
    lower = Solid("bed", bed, Elastic("springs", k * h, 0.0), 1, fixed={"bottom": "xyz", **SLAB})
    upper = Solid("plate", plate, STEEL, 2, fixed=SLAB, tractions={"xmax": (0, 0, -force / t)})
    region = Rect(-length / 2, length / 2, 0, size)
    state = solve(
        lower,
        upper,
        interfaces=(Interface("bed", "bed.top", "plate.bottom", region, size),),
        symmetry=("x0",),
    )
    return state.pressure("bed")[0], state


def bed_stiffness(angle: float, t: float) -> float:
    """k [MPa/mm] that gives lambda l = angle, lambda^4 = k / 4 D, for a strip of 80 mm."""
    return float(4 * STEEL.E * t**3 / 12 / (1 - STEEL.nu**2) * (angle / 80) ** 4)


def ends(p: Array) -> tuple[float, float]:
    """Pressures at the middle and at the end, from the pixels next to them."""
    return float(p[0]), float(1.5 * p[-1] - 0.5 * p[-2])


@pytest.mark.parametrize("angle, end, centre", [
    (1.2931, 5.4561, 4.7438), (1.3672, 5.5672, 4.6816), (2.2994, 8.8422, 2.8743), (2.4313, 9.6031, 2.4637),
])  # fmt: skip
def test_strip_on_elastic_bed(angle: float, end: float, centre: float) -> None:
    """V12, Hetenyi 1946, beam with end forces: y_e = (2 P l/k)(cosh + cos)/(sinh + sin), P 200 N/mm, mean 5 MPa.

    Thin, at the table's lambda l, because beam theory knows no shear.
    """
    found_centre, found_end = ends(strip(2.0, bed_stiffness(angle, 2.0))[0])
    assert abs(found_end / end - 1) < 0.02, f"end pressure {found_end:.4f}, Hetenyi {end}"
    assert abs(found_centre / centre - 1) < 0.02, f"centre pressure {found_centre:.4f}, Hetenyi {centre}"


def test_real_strip_on_soft_bed() -> None:
    """V12 as drawn, t 10 on 5 MPa/mm: 5.4561 at the end, 4.7438 in the middle; shear moves it by less than 2 %."""
    centre, end = ends(strip(10.0, 5.0)[0])
    assert abs(end / 5.4561 - 1) < 0.02, f"end pressure {end:.4f}"
    assert abs(centre / 4.7438 - 1) < 0.02, f"centre pressure {centre:.4f}"


def test_strip_lifts_off_at_pi() -> None:
    """V12, Hetenyi 1946: y_c goes as cosh(L/2) cos(L/2), so the middle lifts off when lambda l passes pi."""
    angle = np.pi - 0.05
    pressed, _ = strip(2.0, bed_stiffness(angle, 2.0))
    assert (pressed > 0).all(), f"smallest pressure {pressed.min():.3f} below pi"
    centre = 10 * angle * np.cosh(angle / 2) * np.cos(angle / 2) / (np.sinh(angle) + np.sin(angle))
    assert abs(pressed[0] / centre - 1) < 0.03, (
        f"centre pressure {pressed[0]:.4f} just below pi, Hetenyi {centre:.4f}"
    )
    lifted, state = strip(2.0, bed_stiffness(np.pi + 0.05, 2.0))
    assert lifted[0] == 0 and state.gap("bed")[0, 0] > 0, f"centre pressure {lifted[0]:.3f} above pi"
    assert lifted[-1] > 0


@pytest.mark.parametrize("modulus, half, wanted", [
    (2000.0, 2.33, {8.75: 3.290, 15.75: 13.15}), (500.0, 0.0, {0.0: 3.016, 8.75: 4.470, 15.75: 7.898}),
])  # fmt: skip
def test_bare_plate_in_plane_strain(modulus: float, half: float, wanted: dict[float, float]) -> None:
    """V13, plane-strain section of the bare holder: plate 80 x 20, bolts at 30 < |x| < 34, cell 35 wide, mean 5 MPa.

    Stack 0.4 mm thick over its plane of symmetry; reference: unilateral contact on a fine grid, change < 0.02 %.
    """
    h = 0.25
    x = (*lines(0, 17.5, 70), 18.5, 20.5, 23, 26, 28, 30, 32, 34, 37, 40)
    cell = Block(lines(0, 17.5, 140), (0, h / 2, h), lines(0, 0.2, 4))
    plate = Block(x, (0, h), (0.2, 0.8, 1.8, 3.8, 7.8, 13.8, 20.2))
    lower = Solid("cell", cell, Elastic("stack", modulus, 0.3), 1, fixed={"bottom": "z", **SLAB})

    def bolts(x: Array, y: Array, z: Array) -> Array:
        return np.stack([0 * x, 0 * x, np.where((x > 30) & (x < 34), -5 * 17.5 / 4, 0.0)])

    upper = Solid("plate", plate, Elastic("304", 193e3, 0.29), 2, fixed=SLAB, tractions={"top": bolts})
    face = Interface("i", "cell.top", "plate.bottom", Rect(-17.5, 17.5, 0, h), h)
    state = solve(lower, upper, interfaces=(face,), symmetry=("x0",))
    p, edges = state.pressure("i")[0], state.joint("i").grid.x
    middle = (edges[1:] + edges[:-1]) / 2
    open_to = float(edges[1:][p == 0].max(initial=0.0))
    assert abs(open_to - half) <= h, f"lifted off up to {open_to}, wanted {half}"
    for at, value in wanted.items():
        found = float(np.interp(at, middle, p))
        assert abs(found / value - 1) < 0.02, f"p({at}) = {found:.3f}, wanted {value}"
