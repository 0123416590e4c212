"""Strain energies against finite differences; relaxation; rubbers as a case names them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from holdersim.materials import MooneyRivlin, NeoHookean, Ogden, Rubber, Yeoh, library
from holdersim.materials.hyperelastic import Law, nominal_stress, youngs_from_shore
from holdersim.materials.relaxation import Prony, held_pad, held_pad_closed, with_set
from holdersim.materials.rubber import law_from_shore, named
from holdersim.materials.rubber_choice import RubberChoice
from holdersim.schema import Entry, mistakes

Array = NDArray[np.float64]
TRELOAR = Ogden((0.63, 0.0012, -0.01), (1.3, 5.0, -2.0))
LAWS: list[Law] = [NeoHookean(0.41), MooneyRivlin(0.736, 0.184), Yeoh(0.92, -0.09, 0.02), TRELOAR]
RUBBERS = sorted(n for n, r in library().items() if r.kind == "rubber")


class Part(Entry):
    """Something made of rubber."""

    gasket: RubberChoice


def deformations() -> Array:
    """Random ones, and some with two or three equal stretches, or nearly so."""
    out = np.eye(3) + 0.2 * np.random.default_rng(1).standard_normal((6, 3, 3))
    same = [
        np.eye(3),
        np.diag([1.2, 1.2, 0.7]),
        np.diag([0.8, 1.1, 1.1 + 1e-7]),
        np.diag([1.1, 1.1 + 2e-5, 0.9]),
    ]
    return np.concatenate([out[np.linalg.det(out) > 0.2], same])


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
def test_stress_and_tangent_are_derivatives(law: Law) -> None:
    """P = dW/dF and A = dP/dF by central differences, relative 1e-6."""
    F, h = deformations(), 1e-5
    P, A = np.zeros(F.shape), np.zeros((len(F), 3, 3, 3, 3))
    for k, m in np.ndindex(3, 3):
        d = np.zeros((3, 3))
        d[k, m] = h
        P[:, k, m] = (law.energy(F + d) - law.energy(F - d)) / (2 * h)
        A[:, :, :, k, m] = (law.stress(F + d) - law.stress(F - d)) / (2 * h)
    for got, wanted in ((law.stress(F), P), (law.tangent(F), A)):
        error = float(np.abs(got - wanted).max() / np.abs(wanted).max())
        assert error < 1e-6, f"off by {error:.1e}"


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
def test_shear_modulus_and_volume(law: Law) -> None:
    """At no strain the stress under simple shear is G per shear; a change of volume costs nothing."""
    A = law.tangent(np.eye(3)[None])[0]
    assert A[0, 1, 0, 1] == pytest.approx(law.shear, rel=1e-12)
    assert float(np.abs(law.stress(1.3 * np.eye(3)[None])).max()) < 1e-12
    F = deformations()[:3]
    assert law.energy(1.7 * F) == pytest.approx(law.energy(F), rel=1e-12)


@pytest.mark.parametrize("kind", ["uniaxial", "plane", "biaxial"])
@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
def test_closed_forms_are_the_tensors(law: Law, kind: str) -> None:
    """Nominal stress of incompressible rubber: P along the stretch less the pressure that frees the free face."""
    for lam in (0.7, 0.95, 1.4, 2.5):
        stretches = {
            "uniaxial": (lam, lam**-0.5, lam**-0.5),
            "plane": (lam, 1, 1 / lam),
            "biaxial": (lam, lam, lam**-2),
        }
        s = np.array(stretches[kind], dtype=float)
        P = np.diag(law.stress(np.diag(s)[None])[0])
        assert nominal_stress(law, lam, kind) == pytest.approx(P[0] - P[2] * s[2] / s[0], rel=1e-10)


def test_hardness() -> None:
    """Gent and Ruess at the tabulated hardnesses (two decimals); none outside 20 to 80."""
    assert [round(youngs_from_shore(s), 2) for s in (30, 40, 50, 60, 70, 80)] == [
        1.14,
        1.69,
        2.46,
        3.61,
        5.52,
        9.35,
    ]
    assert [round(youngs_from_shore(s, "ruess"), 1) for s in (30, 50, 70)] == [1.2, 3.4, 10.1]
    for outside in (19.9, 80.1):
        with pytest.raises(ValueError, match="Shore A lies in 20 to 80"):
            youngs_from_shore(outside)
    for law in ("neo_hookean", "mooney_rivlin"):
        assert 3 * law_from_shore(50, law).shear == pytest.approx(youngs_from_shore(50), rel=1e-8)


def test_held_pad_and_spring() -> None:
    """V29: F(1000 s) = 1.618692 N per mm, F_inf = 1.578947, 1263.158 s; step by step it converges with dt^2."""
    wanted = held_pad_closed(0.25, 1000.0, 10.0, 2.0, 1000.0)
    assert wanted == pytest.approx((1.618692, 1.578947, 1263.158), rel=5e-7)
    prony = Prony(((0.25, 1000.0),))
    errors = []
    for n in (2, 4, 8, 16):
        force = held_pad(prony, 10.0, 2.0, np.linspace(0, 1000, n + 1)[1:])
        errors.append(abs(force[-1] - wanted[0]))
    assert errors[-1] < 1e-5 * wanted[0]
    rate = np.log2(errors[0] / errors[-1]) / 3
    assert rate == pytest.approx(2.0, abs=0.02), f"errors {errors}"


def test_held_strain_relaxes_as_the_series_says() -> None:
    """Any steps give g(t) when the strain is held; it starts at 1."""
    prony = Prony(((0.1, 10.0), (0.08, 1e3), (0.07, 1e5)))
    times = np.array([1.0, 60.0, 3600.0, 86400.0])
    force = held_pad(prony, 1.0, 1e12, times)
    assert force == pytest.approx(prony.remaining(times), rel=1e-10)
    assert force == pytest.approx([0.990, 0.896, 0.820, 0.780], abs=5e-4)
    assert float(prony.remaining(0.0)) == prony.share(0.0) == pytest.approx(1.0)


def test_compression_set_is_what_is_measured() -> None:
    """Pressed for the time of the test, let go and recovered, the pad keeps its set; other terms recover."""
    for others, within in (((), 1e-12), (((0.1, 10.0), (0.05, 100.0)), 0.02)):
        prony = with_set(others, 0.3, 79200.0)
        h, one = prony.accepted(np.zeros(len(prony.terms)), np.array(0.0), np.array(1.0), 0.0), np.array(1.0)
        h, strain = prony.accepted(h, one, one, 79200.0), one
        for dt in (0.0, *[20.0] * 100):
            after = -prony.carried(h, strain, dt) / prony.share(dt)
            h, strain = prony.accepted(h, strain, after, dt), after
        assert float(strain) == pytest.approx(0.3, rel=within)


@pytest.mark.parametrize("law", ["neo_hookean", "mooney_rivlin", "yeoh"])
@pytest.mark.parametrize("name", RUBBERS)
def test_library(name: str, law: str) -> None:
    """Every rubber has its laws, with the modulus of its hardness to 10 %, and relaxes."""
    r, shore = named(name, law), library()[name].number("shore_A")
    assert shore is not None
    assert 3 * r.law.shear == pytest.approx(youngs_from_shore(shore), rel=0.1)
    assert r.bulk > 500 * r.law.shear and len(r.prony) == 6 and 0 < r.relaxation.lasting < 1


@pytest.mark.parametrize("value", [
    "silicone-50A",
    {"base": "NBR-70A", "law": "yeoh", "prony": [{"g": 0.1, "tau": "1 h"}]},
    {"shore_A": 50, "bulk": "1250 MPa"},
    {"shore_A": 50, "law": "neo_hookean", "hardness_formula": "ruess", "bulk": "1250 MPa"},
    {"law": "ogden", "mu": ["0.63 MPa", "1.2 kPa", "-10 kPa"], "alpha": [1.3, 5, -2], "bulk": "1.5 GPa"},
    {"base": "EPDM", "compression_set": 0.25, "set_time": "22 h", "density": "1.1 g/cm^3"},
])  # fmt: skip
def test_accepted(value: Any) -> None:
    """What a case may write; its dump has all numbers and reads back to the same rubber."""
    part = Part(gasket=value)
    assert Part.model_validate(part.model_dump(mode="json")) == part


def test_choice_says_what_it_says() -> None:
    """Numbers of the table, of the base, of the hardness; Mooney-Rivlin where no law is named."""
    assert Part(gasket="NBR").gasket.law == MooneyRivlin(0.736, 0.184)  # type: ignore[arg-type]
    changed: Rubber = Part(gasket={"base": "NBR", "prony": []}).gasket  # type: ignore[arg-type]
    assert (changed.bulk, changed.prony, changed.uncertainty) == (2250.0, (), 0.4)
    hard: Rubber = Part(gasket={"shore_A": 70, "bulk": "2 GPa"}).gasket  # type: ignore[arg-type]
    assert hard.law.shear == pytest.approx(youngs_from_shore(70) / 3) and hard.uncertainty == 0.4
    ogden = {"law": "ogden", "mu": ["0.63 MPa", "1.2 kPa", "-10 kPa"], "alpha": [1.3, 5, -2], "bulk": "1 GPa"}
    assert Part(gasket=ogden).gasket.law == TRELOAR  # type: ignore[arg-type]


@pytest.mark.parametrize(("value", "words"), [
    ({"base": "NBR", "nu": 0.5},
     ['gasket.nu = 0.5: is incompressible: choose law = "mooney_rivlin" (mixed) or give bulk. Not replaced for you.']),
    ({"base": "NBR", "nu": 0.49}, ["gasket.nu = 0.49: does not describe a rubber"]),
    ("SS304", ['"SS304" is not a rubber']),
    ("NBR71", ['Did you mean "NBR-70A"?']),
    (5, ["gasket = 5: is not a rubber"]),
    ({"base": "NBR", "shore_A": 50}, ["gasket.shore_A = 50.0: contradicts base"]),
    ({"shore_A": 90, "bulk": "1 GPa"}, ["gasket.shore_A = 90: must be less than or equal to 80"]),
    ({"shore_A": 50, "law": "yeoh", "bulk": "1 GPa"}, ["needs more than a hardness"]),
    ({"base": "NBR", "law": "ogden"}, ["is not known of library rubbers"]),
    ({"C10": "1 MPa", "bulk": "1 GPa"}, ["gasket.law: is missing"]),
    ({"law": "neo_hookean", "C10": "-1 MPa", "bulk": "1 GPa"}, ["shear modulus of -2 MPa"]),
    ({"law": "ogden", "mu": ["1 MPa"], "alpha": [1.3, 5], "bulk": "1 GPa"}, ["has 2 numbers, mu has 1"]),
    ({"bulk": "1 GPa"}, ["there is nothing to take the stiffness from"]),
    ({"base": "NBR", "hardness_formula": "ruess"}, ["gasket.shore_A: is missing"]),
    ({"base": "NBR", "prony": [{"g": 0.1, "tau": "-1 s"}]}, ["gasket.prony[0].tau", "a time lies in"]),
    ({"base": "NBR", "bulk": 2250}, ['has no unit. Write "2.25 GPa"']),
    ({"law": "yeoh", "C10": "1 MPa", "C01": "1 MPa", "prony": [{"g": 0.6, "tau": "1 h"}] * 2, "set_time": "1 h"},
     ["gasket.C20: is missing", "gasket.C01 = 1.0: is no number of yeoh", "gasket.bulk: is missing",
      "the shares g add up to 1.2", "gasket.compression_set: is missing"]),
])  # fmt: skip
def test_refused(value: Any, words: list[str]) -> None:
    """Every mistake at once, with its place and the likely fix."""
    with pytest.raises(ValidationError) as caught:
        Part(gasket=value)
    told = "\n".join(str(m) for m in mistakes(caught.value))
    for w in words:
        assert w in told
