"""Superelements: cache, damage, scaling with Young's modulus, what the identity depends on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from holdersim import superelement as module
from holdersim.assembly import Assembly, Block, Interface, Layer, LayerStack, Rect, Solid, StepPart
from holdersim.errors import GeometryError
from holdersim.grid import PressureGrid
from holdersim.materials.elastic import Elastic
from holdersim.solve import Model, State, build_body
from holdersim.superelement import Condenser, Links, Superelement, check_resolution, identity

STEEL = Elastic("steel", 200e3, 0.3)
SQUARE = Rect.centred(4, 4)
LINES = tuple(np.linspace(-3, 3, 7).tolist())
LINKS = Links((("bottom", PressureGrid.over(SQUARE, 1.0)),), ("top",))
PLATE = Solid("plate", Block(LINES, LINES, (0.0, 0.7, 1.5)), STEEL, 2)


def same(a: Superelement, b: Superelement) -> bool:
    """True if all numbers are equal, bit for bit."""
    pairs = [(a.compliance, b.compliance), (a.modes, b.modes), (a.free, b.free), (a.resultant, b.resultant)]
    pairs += list(zip(a.covered, b.covered, strict=True))
    return all(np.array_equal(x, y) for x, y in pairs) and a.fine == b.fine


@pytest.fixture
def made(tmp_path: Path) -> tuple[Superelement, Path]:
    """A superelement just made, and its only file."""
    element = Condenser(PLATE, LINKS, build_body, tmp_path).get()
    (file,) = tmp_path.iterdir()
    return element, file


def test_from_the_cache_it_is_the_same_bit_for_bit(made: tuple[Superelement, Path]) -> None:
    again = Condenser(PLATE, LINKS, build_body, made[1].parent)
    assert same(again.get(), made[0]) and again.from_cache


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text"])
def test_damage_is_noticed_and_mended(made: tuple[Superelement, Path], damage: str) -> None:
    element, file = made
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 0x10
    file.write_bytes(
        {"cut": raw[: len(raw) // 2], "flipped": raw, "empty": b"", "text": b"not an archive"}[damage]
    )
    again = Condenser(PLATE, LINKS, build_body, file.parent)
    assert same(again.get(), element) and not again.from_cache
    third = Condenser(PLATE, LINKS, build_body, file.parent)
    assert same(third.get(), element) and third.from_cache


def test_another_alloy_needs_no_factorisation(
    made: tuple[Superelement, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    soft = replace(PLATE, material=Elastic("alloy", 70e3, 0.3))
    wanted = Condenser(soft, LINKS, build_body, None).get()

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("condensed again")

    monkeypatch.setattr(module, "condense", refuse)
    found = Condenser(soft, LINKS, build_body, made[1].parent).get()
    error = np.abs(found.compliance - wanted.compliance).max() / np.abs(wanted.compliance).max()
    assert error < 1e-12, f"compliance off by {error:.1e}"
    with pytest.raises(AssertionError, match="condensed again"):
        Condenser(
            replace(PLATE, material=Elastic("other", 70e3, 0.31)), LINKS, build_body, made[1].parent
        ).get()


def test_a_full_disk_costs_only_the_cache(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert Condenser(PLATE, LINKS, build_body, blocked / "cache").get().compliance.shape == (17, 17)
    assert "not kept" in caplog.text


def test_identity_depends_on_what_matters() -> None:
    base = identity(PLATE, LINKS)
    assert identity(replace(PLATE, name="other", z=3.0, flip=True), LINKS) == base
    assert identity(replace(PLATE, material=Elastic("x", 1.0, 0.3)), LINKS) == base
    loaded = replace(PLATE, tractions={"top": (0.0, 0.0, -1.0)})
    others = [
        replace(PLATE, degree=1), replace(PLATE, fixed={"top": "z"}),
        replace(PLATE, shape=Block(LINES, LINES, (0, 1.5))),
        replace(PLATE, material=Elastic("x", 200e3, 0.31)),
        loaded,
        replace(loaded, flip=True),
        replace(loaded, material=Elastic("x", 1.0, 0.3)), replace(PLATE, body_force=(0.0, 0.0, 1.0)),
    ]  # fmt: skip
    seen = [base, *(identity(s, LINKS) for s in others), identity(PLATE, Links(LINKS.grids, ()))]
    seen.append(identity(PLATE, Links((("bottom", PressureGrid.over(SQUARE, 0.9)),), ("top",))))
    assert len(set(seen)) == len(seen)


def test_a_file_counts_by_what_it_holds(tmp_path: Path) -> None:
    """Not by where it lies."""
    names = []
    for name, text in (("a", "one"), ("b", "one"), ("c", "two")):
        (tmp_path / name).write_text(text)
        solid = Solid("plate", StepPart(str(tmp_path / name), "press", 2.0), STEEL)
        names.append(identity(solid, LINKS))
    assert names[0] == names[1] != names[2]


def sandwich(flip: bool, cache: Path | None) -> State:
    """A soft block between two plates of one shape, the lower one upside down, the upper pressed unevenly."""
    push = lambda x, y, z: np.stack([0 * x, 0 * x, -2 - 0.2 * x + 0.1 * y])  # noqa: E731
    lower = Solid("low", PLATE.shape, STEEL, 2, z=0.0 if flip else -1.5, flip=flip)
    cell = Solid("cell", Block(tuple(np.linspace(-2, 2, 9)), tuple(np.linspace(-2, 2, 9)), (0, 0.4)),
                 Elastic("c", 900.0, 0.3), 1)  # fmt: skip
    upper = Solid("up", PLATE.shape, STEEL, 2, z=0.4)
    weight = Solid("weight", Block((-3, 0, 3), (-3, 0, 3), (0, 1)), STEEL, 2, z=1.9, tractions={"top": push})
    table = Solid("table", Block((-3, 0, 3), (-3, 0, 3), (0, 1)), STEEL, 2, z=-2.5, fixed={"bottom": "xyz"})
    big = Rect.centred(6, 6)
    faces = (
        Interface("a", "table.top", "low." + ("top" if flip else "bottom"), big, 1.0),
        Interface("b", "low." + ("bottom" if flip else "top"), "cell.bottom", SQUARE, 1.0),
        Interface("c", "cell.top", "up.bottom", SQUARE, 1.0),
        Interface("d", "up.top", "weight.bottom", big, 1.0),
    )
    return Model(Assembly((table, lower, cell, upper, weight), faces), cache).tighten({})


def test_fields_do_not_depend_on_where_the_superelement_came_from(tmp_path: Path) -> None:
    """Point supports may be chosen anew for a shape elsewhere or upside down; the recovered field must not show it."""
    wanted = sandwich(True, None)
    sandwich(False, tmp_path)
    found = sandwich(True, tmp_path)
    assert found.model.parts["up"].condenser.from_cache
    for name in ("low", "cell", "up", "weight"):
        a, b = found.displacement(name)[:, 2], wanted.displacement(name)[:, 2]
        error = np.abs(a - b).max() / np.abs(b).max()
        assert error < 1e-8, f"{name}: {error:.1e}"


def test_a_stack_scales_with_nothing(tmp_path: Path) -> None:
    """Two layers of other moduli are another body."""

    def stack(e: float) -> Solid:
        layers = tuple(Layer(n, 0.2, SQUARE, Elastic(n, m, 0.3)) for n, m in (("a", e), ("b", 2e3)))
        return Solid("stack", LayerStack(layers, SQUARE, 0.5, 1.0), None, 1)

    links = Links((("bottom", PressureGrid.over(SQUARE, 1.0)), ("top", PressureGrid.over(SQUARE, 1.0))), ())
    assert identity(stack(1e3), links) != identity(stack(1.1e3), links)
    one, again = (Condenser(stack(1e3), links, build_body, tmp_path) for _ in range(2))
    assert same(one.get(), again.get()) and again.from_cache


def test_too_coarse_meshes_are_refused() -> None:
    check_resolution("i", True, False)
    with pytest.raises(GeometryError, match="checkerboard"):
        check_resolution("i", False, False)
    coarse = Solid("a", Block((-2, 0, 2), (-2, 0, 2), (0, 1)), STEEL, 2, z=-1, fixed={"bottom": "z"})
    above = replace(coarse, name="b", z=0.0, fixed={})
    face = Interface("fit", "a.top", "b.bottom", SQUARE, 1.0)
    with pytest.raises(GeometryError, match='"fit"'):
        Model(Assembly((coarse, above), (face,)))
