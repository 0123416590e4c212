"""Pressure grids: lines, common parts of facets and pixels, means, resolution."""

from __future__ import annotations

import numpy as np
import pytest

from holdersim.assembly import Rect
from holdersim.errors import GeometryError
from holdersim.grid import Face, PressureGrid, averages, resolves


def bilinear(vertices: np.ndarray, degree: int = 1) -> Face:
    """Face of bilinear quadrilaterals that share no node."""

    def shape(facets: np.ndarray, ref: np.ndarray) -> np.ndarray:
        s, t = ref.T
        return np.stack([(1 - s) * (1 - t), s * (1 - t), (1 - s) * t, s * t], axis=1)

    nodes = np.arange(4 * len(vertices)).reshape(-1, 4)
    return Face(np.asarray(vertices, dtype=float), nodes, shape, 1.0, degree)


def squares(n: int, size: float) -> np.ndarray:
    """n x n squares from the origin, corners in tensor order."""
    corner = np.array([[0, 0], [1, 0], [0, 1], [1, 1]]) * size
    at = np.array([(i, j) for j in range(n) for i in range(n)]) * size
    return at[:, None, :] + corner


def test_lines_start_in_the_middle_and_end_at_the_outline() -> None:
    grid = PressureGrid.over(Rect(-1.6, 1.6, 0.0, 2.0), 1.0)
    np.testing.assert_allclose(grid.x, [-1.6, -1, 0, 1, 1.6])
    np.testing.assert_allclose(grid.y, [0, 1, 2])
    assert grid.shape == (2, 4) and grid.size == 8
    assert grid.area.sum() == pytest.approx(3.2 * 2.0)
    x, y = grid.centres
    assert x[:4].tolist() == pytest.approx([-1.3, -0.5, 0.5, 1.3]) and y[0] == 0.5


def test_half_a_grid_is_half_of_the_grid() -> None:
    whole = PressureGrid.over(Rect.centred(3.2, 2.0), 0.5)
    half = PressureGrid.over(Rect.centred(3.2, 2.0), 0.5, ("x0",))
    np.testing.assert_allclose(half.x, whole.x[whole.x > -1e-9])
    assert half.x[0] == 0.0 and half.area.sum() == pytest.approx(3.2)
    with pytest.raises(GeometryError, match="not symmetric"):
        PressureGrid.over(Rect(0.0, 2.0, 0.0, 1.0), 0.5, ("x0",))


@pytest.mark.parametrize("pixel", [0.3, 0.7, 1.0, 2.5])
def test_means_of_a_linear_field_are_its_values_at_centres(pixel: float) -> None:
    face, grid = bilinear(squares(4, 1.0)), PressureGrid.over(Rect(0, 4, 0, 4), pixel)
    mean, area = averages(face, grid, 64)
    np.testing.assert_allclose(area, grid.area, rtol=1e-12)
    xy = face.vertices.reshape(-1, 2)
    x, y = grid.centres
    np.testing.assert_allclose(mean @ (2 + 3 * xy[:, 0] - xy[:, 1]), 2 + 3 * x - y, atol=1e-12)


def test_means_on_skewed_facets() -> None:
    """Four quadrilaterals around a point off the middle: areas and linear fields stay exact."""
    c = np.array([1.3, 0.8])
    quads = np.array([
        [(0, 0), (1, 0), (0, 1), c], [(1, 0), (2, 0), c, (2, 1)],
        [(0, 1), c, (0, 2), (1, 2)], [c, (2, 1), (1, 2), (2, 2)],
    ])  # fmt: skip
    face, grid = bilinear(quads), PressureGrid.over(Rect(0, 2, 0, 2), 0.45)
    mean, area = averages(face, grid, 16)
    np.testing.assert_allclose(area, grid.area, rtol=1e-12)
    x, y = grid.centres
    np.testing.assert_allclose(mean @ (face.vertices.reshape(-1, 2) @ [1.0, -2.0]), x - 2 * y, atol=1e-12)


def test_pixels_beyond_the_face_are_empty() -> None:
    face, grid = bilinear(squares(2, 1.0)), PressureGrid.over(Rect(-1, 3, 0, 2), 1.0)
    mean, area = averages(face, grid, 16)
    assert area.reshape(grid.shape)[:, [0, 3]].max() == 0.0 and area.sum() == pytest.approx(4.0)
    assert mean[0].nnz == 0 and mean[1].sum() == pytest.approx(1.0)


def test_pixel_forces_on_a_face_add_up_to_its_uniform_load() -> None:
    """The mortar condition: equal pressure on all pixels is the uniform traction, node by node."""
    face, grid = bilinear(squares(3, 1.0)), PressureGrid.over(Rect(0, 3, 0, 3), 0.37)
    mean, area = averages(face, grid, 36)
    np.testing.assert_allclose(mean.T @ area, 0.25, rtol=1e-12)


@pytest.mark.parametrize(
    "degree, pixel, fine", [(1, 2.0, True), (1, 1.9, False), (2, 1.0, True), (2, 0.9, False)]
)
def test_resolution_rule(degree: int, pixel: float, fine: bool) -> None:
    """Facets of degree 2 up to a pixel, of degree 1 up to half a pixel."""
    face = bilinear(squares(4, 1.0), degree)
    assert resolves(face, PressureGrid.over(Rect(0, 4, 0, 4), pixel)) is fine


def test_a_face_elsewhere_resolves_nothing() -> None:
    assert not resolves(bilinear(squares(2, 0.1)), PressureGrid.over(Rect(5, 6, 5, 6), 1.0))
