"""Hertz contact: line and point, and the rigid flat punch."""

from __future__ import annotations

from itertools import pairwise
from math import ceil

import numpy as np
from setups import RIGID, STEEL, Array, down, graded, line_contact, lines, solve

from holdersim.assembly import Block, Interface, Rect, Solid
from holdersim.materials.elastic import Elastic
from holdersim.solve import State


def right_half(state: State, force: float) -> tuple[Array, Array, Array]:
    """Pixel edges (n + 1,), pressures (n,) and their widths on x >= 0; the force must be the load [N/mm]."""
    joint = state.joint("contact")
    p = state.pressure("contact")
    np.testing.assert_allclose(2 * state.force("contact") / joint.grid.y[-1], force, rtol=1e-9)
    return joint.grid.x, p.mean(axis=0), np.diff(joint.grid.x)


def contact_edge(x: Array, p: Array, peak: float, a: float) -> float:
    """Half-width [mm] from the square of the pressure, which falls linearly in x^2: fitted inside 0.9 a."""
    middle = (x[1:] + x[:-1]) / 2
    inside = middle < 0.9 * a
    slope, level = np.polyfit(middle[inside] ** 2, p[inside] ** 2, 1)
    return float(np.sqrt(-level / slope))


def elliptic_mean(x: Array, a: float, p0: float) -> Array:
    """Means of p0 sqrt(1 - x^2/a^2) between the lines x."""
    s = np.clip(x / a, 0, 1)
    return np.asarray(p0 * a * np.diff((s * np.sqrt(1 - s**2) + np.arcsin(s)) / 2) / np.diff(x))


def hertz_line(pixels: int, e1: Elastic, e2: Elastic, radius: float, force: float, a: float) -> State:
    """Parabola x^2/2R between two slabs, `pixels` per half-width a."""
    h, width = a / pixels, 100 * a
    lateral, depth = graded(1.5 * a, round(1.5 * pixels), width, 1.5), graded(a, pixels, width, 1.5)
    base = Block(lateral, (0.0, h), down(depth))
    top = Block(lines(0, 1.5 * a, 2), (0.0, h), (0.0, a)) if e2 is RIGID else Block(lateral, (0.0, h), depth)
    return line_contact(base, e1, (top, e2), force, 1.5 * a, h, lambda x, y: x**2 / (2 * radius))


def test_line_on_rigid_and_its_rate() -> None:
    """V2, Hertz 1882 (Johnson, Contact Mechanics 1985, eq. 4.43-4.45): R 100 rigid on E 70 GPa, nu .33, 100 N/mm.

    a = 0.402596, p0 = 158.129; greatest shear stress 47.483 at depth 0.31650.
    """
    a, p0 = 0.402596, 158.129
    errors = []
    for n in (4, 8, 16):
        state = hertz_line(n, Elastic("al", 70e3, 0.33), RIGID, 100.0, 100.0, a)
        x, p, width = right_half(state, 100.0)
        errors.append(
            float(np.sqrt(((p - elliptic_mean(x, a, p0)) ** 2 * width).sum() / (p0**2 * a * 2 / 3)))
        )
    edge = contact_edge(x, p, p0, a)
    assert abs(p[0] / p0 - 1) < 0.01, f"p0 = {p[0]:.3f}"
    assert abs(edge / a - 1) < 0.01, f"a = {edge:.5f}"
    assert errors[1] < 0.05, f"L2 error {errors[1]:.4f} at 8 pixels per half-width"
    rate = np.log2(errors[0] / errors[2]) / 2
    assert rate > 0.9, f"L2 errors {errors}, rate {rate:.2f}"
    sigma, _ = state.stress("base")
    body = state.model.parts["base"].condenser.body
    centre = body.coordinates[body.cell_nodes].mean(axis=1)
    shear = np.hypot((sigma[:, 0] - sigma[:, 2]) / 2, sigma[:, 5])
    axis = centre[:, 0] < a / 16
    worst = np.flatnonzero(axis)[shear[axis].argmax()]
    assert abs(shear[worst] / 47.483 - 1) < 0.02, f"greatest shear {shear[worst]:.3f}"
    assert abs(-centre[worst, 2] - 0.31650) < a / 16, f"at depth {-centre[worst, 2]:.4f}"


def test_steel_cylinder_on_aluminium() -> None:
    """V1, NAFEMS R0094 (2006), benchmark 1, as Hertz idealises it: R 50, 35 kN/mm; a = 6.21463, p0 = 3585.36."""
    a, p0 = 6.21463, 3585.36
    state = hertz_line(8, Elastic("al", 70e3, 0.3), Elastic("st", 210e3, 0.3), 50.0, 35e3, a)
    x, p, _ = right_half(state, 35e3)
    assert abs(p[0] / p0 - 1) < 0.02, f"p0 = {p[0]:.1f}"
    edge = contact_edge(x, p, p0, a)
    assert abs(edge / a - 1) < 0.02, f"a = {edge:.4f}"


def sphere(pixels: int, a: float) -> State:
    """Quarter of a rigid sphere R 50 on a block with the contact modulus of V3 (E 200/.3 on 68.9/.33), 500 N."""
    modulus = 1 / ((1 - 0.3**2) / 200e3 + (1 - 0.33**2) / 68.9e3)
    base = Elastic("both", modulus * (1 - 0.33**2), 0.33)
    reach, n = 1.25 * a, ceil(1.25 * pixels)
    side, depth = graded(reach, n, 12 * a, 2.2), graded(reach / 2, n // 2, 12 * a, 2.2)
    top = Block(lines(0, reach, 1), lines(0, reach, 1), (0.0, a))
    lower = Solid("base", Block(side, side, down(depth)), base, 2, fixed={"bottom": "z"})
    upper = Solid("ball", top, RIGID, 1, tractions={"top": (0, 0, -125 / reach**2)})
    region = Rect.centred(2 * reach, 2 * reach)
    face = Interface(
        "contact", "base.top", "ball.bottom", region, a / pixels, lambda x, y: (x**2 + y**2) / 100
    )
    return solve(lower, upper, interfaces=(face,), symmetry=("x0", "y0"))


def round_mean(state: State, a: float, p0: float) -> Array:
    """Pixel means of p0 sqrt(1 - r^2/a^2), by sampling 40 x 40 points a pixel."""
    grid, m = state.joint("contact").grid, 40
    fine = [np.concatenate([lo + (hi - lo) * (np.arange(m) + 0.5) / m for lo, hi in pairwise(g)])
            for g in (grid.x, grid.y)]  # fmt: skip
    r2 = fine[0][None, :] ** 2 + fine[1][:, None] ** 2
    p = p0 * np.sqrt(np.clip(1 - r2 / a**2, 0, None))
    ny, nx = grid.shape
    return np.asarray(p.reshape(ny, m, nx, m).mean(axis=(1, 3)))


def test_point_and_its_rate() -> None:
    """V3, Hertz 1882 (Johnson 1985, eq. 4.22-4.24): a = 0.689511, p0 = 502.145, 500 N.

    Both bodies' compliance is put into one, which is what Hertz's contact modulus says.
    """
    a, p0 = 0.689511, 502.145
    errors, sizes = [], (3, 4, 6, 8)
    for n in sizes:
        state = sphere(n, a)
        p, wanted = state.pressure("contact"), round_mean(state, a, p0)
        errors.append(float(np.sqrt(((p - wanted) ** 2).sum() / (wanted**2).sum())))
        assert abs(4 * state.force("contact") / 500 - 1) < 1e-9
    centre = p[0, 0] / wanted[0, 0]
    assert abs(centre - 1) < 0.01, f"centre pressure {centre:.4f} of Hertz"
    assert errors[-1] < 0.05, f"L2 error {errors[-1]:.4f} at 8 pixels per radius"
    rate = -np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    assert rate > 0.7, f"L2 errors {errors}, rate {rate:.2f}"


def test_flat_punch() -> None:
    """V4, rigid flat punch (Sadowsky 1928; Johnson 1985, eq. 2.64): p = P / (pi sqrt(a^2 - x^2)), a 10, 1000 N/mm.

    Wanted at 0, 5, 9: 31.8310, 36.7553, 73.0253; compared as pixel means, everywhere inside 0.9 a.
    """
    a, force, n = 10.0, 1000.0, 32
    wide = graded(1.2 * a, round(1.2 * n), 60 * a, 1.5)
    side = tuple(sorted({*lines(0, a, n), *(v for v in wide if v > a * 1.01)}))
    base = Block(side, (0.0, a / n), down(graded(a / 4, n // 4, 60 * a, 1.5)))
    top = Block(lines(0, a, 2), (0.0, a / n), (0.0, 5.0))
    state = line_contact(base, STEEL, (top, RIGID), force, a, a / n, None)
    x, p, _ = right_half(state, force)
    wanted = force / np.pi * np.diff(np.arcsin(x / a)) / np.diff(x)
    inside = x[1:] <= 0.9 * a + 1e-9
    error = np.abs(p / wanted - 1)[inside]
    assert error.max() < 0.03, f"pressure off by up to {error.max():.4f} inside 0.9 a"
    for at, value in ((0.0, 31.8310), (5.0, 36.7553)):
        found = np.interp(at, (x[1:] + x[:-1]) / 2, p)
        assert abs(found / value - 1) < 0.03, f"p({at}) = {found:.3f}, wanted {value}"
