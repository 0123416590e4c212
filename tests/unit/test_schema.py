"""Entries: frozen, strict, and all mistakes at once in words a user can act on."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from holdersim.schema import Entry, explicit, key, mistakes, nearest
from holdersim.units import Length, Pressure


class Inner(Entry):
    """A nested table."""

    amplitude: Length = key(doc="the amplitude")
    count: int = key(1, "how many", ge=1)


class Outer(Entry):
    """A table."""

    length: Length = key("80 mm", "length")
    pressure: Pressure | None = key(None, "pressure")
    inner: Inner = key({"amplitude": "3 mm"}, "nested")
    many: tuple[Inner, ...] = key((), "list")


def told(data: dict[str, Any]) -> list[str]:
    """Messages that data get."""
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(data)
    return [str(m) for m in mistakes(caught.value)]


def test_all_mistakes_at_once() -> None:
    """Four mistakes at three depths are four lines with their places."""
    found = told({"lenght": "1 mm", "pressure": 5, "inner": {"count": 0}, "many": [{"amplitud": "1 mm"}]})
    assert 'lenght = "1 mm": unknown key. Did you mean "length"?' in found
    assert 'pressure = 5: has no unit. Write "5 MPa".' in found
    assert "inner.amplitude: is missing. It is the amplitude." in found
    assert any(line.startswith("inner.count = 0: ") for line in found)
    assert 'many[0].amplitud = "1 mm": unknown key. Did you mean "amplitude"?' in found
    assert len(found) == 6


def test_a_text_where_a_table_is_wanted() -> None:
    """The message shows how a table is written."""
    assert told({"inner": "3 mm"}) == ['inner = "3 mm": must be a table. Write { key = value, ... }.']


def test_entries_are_frozen() -> None:
    """A value cannot be changed behind the back of an identity."""
    with pytest.raises(ValidationError, match="frozen"):
        Outer().length = 3.0  # type: ignore[misc]


def test_explicit_holds_what_differs_from_the_defaults() -> None:
    """Defaults written out, or spelt in another unit, do not count."""
    assert explicit(Outer()) == {}
    assert explicit(Outer.model_validate({"length": "8 cm", "inner": {"amplitude": "0.3 cm"}})) == {}
    assert explicit(Outer.model_validate({"inner": {"amplitude": "4 mm"}})) == {
        "inner": {"amplitude": "4 mm"}
    }


def test_a_nested_default_that_is_not_that_of_the_class() -> None:
    """A value equal to the inner default still counts where the outer default differs."""

    class Holder(Entry):
        inner: Inner = key({"amplitude": "3 mm", "count": 2}, "nested")

    assert explicit(Holder.model_validate({"inner": {"amplitude": "3 mm"}})) == {
        "inner": {"amplitude": "3 mm"}
    }


def test_nearest_word() -> None:
    """A close word is named, otherwise what there is."""
    assert nearest("SS305", ["SS304", "Ti"]) == 'Did you mean "SS304"?'
    assert nearest("xyz", ["b", "a"]) == "Known: a, b."
