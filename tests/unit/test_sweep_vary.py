"""Rows of a sweep: combined, side by side, sampled, from a file; every mistake in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from holdersim.errors import CaseError
from holdersim.sweep.vary import Range, Sweep, changed, rows, split


def made(folder: Path = Path(), **table: Any) -> list[dict[str, Any]]:
    """Rows of a table [sweep]."""
    return rows(Sweep(**table), folder, "x.toml")


def told(folder: Path = Path(), **table: Any) -> str:
    """What such a table is told."""
    with pytest.raises(CaseError) as caught:
        made(folder, **table)
    return str(caught.value)


def test_grid_and_zip() -> None:
    """A grid has every combination, the last key moving fastest; zip goes side by side."""
    vary = {"a": [1, 2], "b": {"from": "1 mm", "to": "3 mm", "count": 3}}
    grid = made(sample="grid", vary=vary)
    assert [(r["a"], r["b"]) for r in grid] == [(a, f"{b} mm") for a in (1, 2) for b in (1, 2, 3)]
    assert made(sample="zip", vary={"a": [1, 2], "b": ["x", "y"]}) == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


def test_spacing_and_keys_without_quotes() -> None:
    """Even ratios with spacing = "log"; tables in tables are keys with dots."""
    vary = {"holder": {"thickness": {"from": "1 mm", "to": "100 mm", "count": 3, "spacing": "log"}}}
    assert [r["holder.thickness"] for r in made(sample="grid", vary=vary)] == ["1 mm", "10 mm", "100 mm"]
    assert Range(2.0, 4.0, "").at(0.5) == 3.0


@pytest.mark.parametrize("sample", ["latin_hypercube", "sobol"])
def test_samples_fill_their_ranges_and_repeat(sample: str) -> None:
    """One point in each of n equal parts of a range, choices equally often, the same rows from the same seed."""
    vary = {"p": {"from": 10.0, "to": 20.0}, "m": ["x", "y", "z", "w"]}
    table = dict(sample=sample, count=64, seed=4, vary=vary)
    found = made(**table)
    parts = np.floor((np.array([r["p"] for r in found]) - 10) / 10 * 64)
    assert sorted(parts) == list(range(64))
    assert all(sum(r["m"] == m for r in found) == 16 for m in "xyzw")
    assert found == made(**table) != made(**(table | {"seed": 5}))


def test_rows_of_a_file(tmp_path: Path) -> None:
    """Numbers, words, truths; a quantity stays text."""
    (tmp_path / "r.csv").write_text("holder.thickness, n, flag, f\n10 mm, 3, true, 0.5\n12 mm, 4, false, x\n")
    assert made(tmp_path, sample="csv", file="r.csv") == [
        {"holder.thickness": "10 mm", "n": 3, "flag": True, "f": 0.5},
        {"holder.thickness": "12 mm", "n": 4, "flag": False, "f": "x"},
    ]


MISTAKES: list[tuple[dict[str, Any], str]] = [
    (dict(sample="grid"), "sweep.vary: nothing is varied."),
    (dict(sample="grid", vary={"a": 3}), 'sweep.vary."a": must be a list of values or a range.'),
    (dict(sample="grid", vary={"a": {"from": "1 mm", "to": "2 um"}}), "numbers in the same unit"),
    (dict(sample="grid", vary={"a": {"from": 1, "to": 2}}), "a range on a grid needs a count of 2 or more"),
    (dict(sample="grid", vary={"a": {"from": 1, "to": 2, "count": 3, "step": 1}}), '"a".step: unknown key.'),
    (dict(sample="grid", vary={"a": {"from": 0, "to": 2, "count": 3, "spacing": "log"}}), "above zero"),
    (dict(sample="grid", count=5, vary={"a": [1]}), "sweep.count: belongs to a sample, not to grid."),
    (dict(sample="zip", vary={"a": [1, 2], "b": [1]}), "equally long: a 2, b 1."),
    (dict(sample="sobol", count=100, seed=1, vary={"a": [1, 2]}), "must be a power of two. Write 64 or 128."),
    (dict(sample="grid", vary={"a": {"from": 1}}), "a range needs from and to: both must be numbers"),
    (
        dict(sample="sobol", count=4, seed=1, vary={"a": {"from": "2 mm", "to": "2 mm"}}),
        "from and to are equal",
    ),
    (
        dict(sample="grid", vary={"a": {"from": 1, "to": 2, "count": 2, "spacing": "lin"}}),
        'is "even" or "log".',
    ),
    (dict(sample="grid", vary={"a": {"b": [1]}, "a.b": [2]}), "sweep.vary: a.b is named twice."),
    (dict(sample="grid", vary={"a[0].b": [1], "a[0]": [{}]}), "change the same place; keep one."),
    (dict(sample="latin_hypercube", vary={"a": [1, 2]}), "sweep.seed: is missing"),
    (
        dict(sample="grid", vary={f"k{i}": list(range(100)) for i in range(4)}),
        "100000000 rows; at most 1000000.",
    ),
    (dict(sample="csv"), "sweep.file: is missing."),
    (dict(sample="csv", file="no.csv"), "cannot be read"),
    (dict(sample="csv", file="x.csv", vary={"a": [1]}), "the file says what is varied"),
]


@pytest.mark.parametrize(("table", "text"), MISTAKES, ids=[t for _, t in MISTAKES])
def test_mistakes(table: dict[str, Any], text: str) -> None:
    """Where, what, what is allowed."""
    assert text in told(**table)


def test_ragged_file(tmp_path: Path) -> None:
    """The line is named, and a key that two columns name."""
    (tmp_path / "r.csv").write_text("a,b,a\n1,2,3\n3\n")
    text = told(tmp_path, sample="csv", file="r.csv")
    assert "line 3 has not 3 cells" in text and "a is named twice." in text


def test_split() -> None:
    """Number and unit of a value."""
    assert split("5 MPa") == (5.0, "MPa") and split("1e-3 mm") == (1e-3, "mm") and split(0.5) == (0.5, "")
    assert split("SS304") is None and split(True) is None and split([1]) is None


def test_changed_keys_leave_the_base_alone() -> None:
    """Tables on the way are copied, others shared; tables that are not there are made, steps are not."""
    base = {"holder": {"plate": {"material": "a"}}, "cell": {}, "steps": [{"p": 1}, {"p": 2}]}
    out = changed(base, {"holder.plate.material": "b", "steps[1].p": 3, "grid.pixel": "1 mm"})
    assert out == {
        "holder": {"plate": {"material": "b"}},
        "cell": {},
        "steps": [{"p": 1}, {"p": 3}],
        "grid": {"pixel": "1 mm"},
    }
    assert base["holder"]["plate"] == {"material": "a"} and base["steps"][1] == {"p": 2}  # type: ignore[call-overload,index]
    assert out["cell"] is base["cell"]
    with pytest.raises(CaseError, match=r"steps\[2\].p: there is no such place"):
        changed(base, {"steps[2].p": 1})
