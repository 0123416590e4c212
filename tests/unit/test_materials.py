"""The material library: complete, plausible, with a source per number; materials as a case names them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from holdersim.materials import Elastic, library, material, record
from holdersim.materials.choice import Material
from holdersim.schema import Entry, mistakes

SOLID = sorted(n for n, r in library().items() if r.kind != "rubber")
RUBBERS = sorted(n for n, r in library().items() if r.kind == "rubber")


class Part(Entry):
    """Something made of a material."""

    material: Material


def told(value: Any) -> str:
    """The message that a choice of material gets."""
    with pytest.raises(ValidationError) as caught:
        Part(material=value)
    return "\n".join(str(m) for m in mistakes(caught.value))


@pytest.mark.parametrize("name", sorted(library()))
def test_every_number_has_a_source(name: str) -> None:
    """No number without a source; unknown ones say that they are assumed."""
    assert record(name).values
    assert all(v.source.strip() for v in record(name).values.values())


@pytest.mark.parametrize("name", SOLID)
def test_solids_are_complete(name: str) -> None:
    """E, nu, density, expansion are there and physical; yield does not exceed strength."""
    m = material(name)
    assert m.E > 0 and 0 < m.nu < 0.5 and 4e-10 < m.density < 1e-8 and 0 < m.expansion < 2e-4
    if m.yield_strength and m.ultimate_strength:
        assert m.yield_strength <= m.ultimate_strength


@pytest.mark.parametrize("name", RUBBERS)
def test_rubbers_agree_with_themselves(name: str) -> None:
    """C10 + C01 = E/6 as for neo-Hooke, E by Gent's formula from the Shore hardness, C01 = C10/4."""
    r = record(name)
    neo, c10, c01, shore = (r.number(q) or 0.0 for q in ("neo_C10", "mooney_C10", "mooney_C01", "shore_A"))
    gent = 0.0981 * (56 + 7.62336 * shore) / (0.137505 * (254 - 2.54 * shore))
    assert c10 + c01 == pytest.approx(neo, rel=0.01)
    assert c01 == pytest.approx(c10 / 4, rel=0.02)
    assert 6 * neo == pytest.approx(gent, rel=0.08)


def test_the_paper_s_alloys() -> None:
    """Spot values of the table."""
    assert material("SS304") == Elastic("SS304", 193000.0, 0.29, 8e-9, 17.2e-6, 205.0, 515.0)
    assert material("Al6061").E == 68900.0
    assert material("LPSCl").E == 4700.0


@pytest.mark.parametrize("alias", ["304", "ss 304", "SS-304", "1.4301", "aisi304"])
def test_aliases(alias: str) -> None:
    """Case, blanks and dashes do not matter."""
    assert material(alias).name == "SS304"


def test_names_are_unique() -> None:
    """No name or alias means two materials."""
    for r in library().values():
        assert {record(n).name for n in (r.name, *r.aliases)} == {r.name}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("SS305", 'there is no material "SS305". Did you mean "SS304"?'),
        ("NBR70", "is a rubber"),
        ({"E": "70 MPa", "nu": 0.3}, 'metal lies in 10000 to 500000 MPa. Did you mean "70 GPa"?'),
        ({"base": "304", "E": 70}, 'material.E = 70: has no unit. Write "70 GPa".'),
        ({"E": "3 GPa", "nu": 0.3}, "the modulus of a metal"),
        ({"E": "70 GPa"}, "material.nu: is missing"),
        ({"E": "70 GPa", "nu": 0.5}, "material.nu = 0.5: is incompressible"),
        ({"base": "304", "densty": "1 g/cm^3"}, 'unknown key. Did you mean "density"?'),
    ],
)  # fmt: skip
def test_refused(value: Any, words: str) -> None:
    """The message names the place and the likely fix."""
    assert words in told(value)


def test_overrides() -> None:
    """A library material with one number changed keeps the others; a dump reads back."""
    part = Part(material={"base": "304", "E": "200 GPa"})  # type: ignore[arg-type]
    assert (part.material.E, part.material.nu, part.material.density) == (200000.0, 0.29, 8e-9)
    assert Part.model_validate(part.model_dump()) == part
    assert Part(material={"kind": "polymer", "E": "3 GPa", "nu": 0.3}).material.E == 3000.0  # type: ignore[arg-type]
