"""The case files that `holdersim init` writes: they are right, and so is all that stands in them as a comment."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest
from typer.testing import CliRunner

from holdersim.case import read_case
from holdersim.cli import app
from holdersim.errors import CaseError

TEXTS = {Path(f.name).stem: f.read_text() for f in files("holdersim").joinpath("starters").iterdir()}
OTHER = re.compile(r"^# ((\w+) = [\[{].*)$", re.M)
"""Another value of a key, as a comment."""
MORE = re.compile(r"^# \[\[steps\]\]\n(?:# \w+ = .*\n)+", re.M)
"""Another step, as a comment."""


@pytest.mark.parametrize("kind", TEXTS)
def test_a_starter_is_a_case_of_its_holder(tmp_path: Path, kind: str) -> None:
    """It is written where asked, and read without a mistake or a warning."""
    done = CliRunner().invoke(app, ["init", str(tmp_path), "--holder", kind])
    assert done.exit_code == 0 and "holdersim check" in done.output
    case = read_case(tmp_path / "case.toml")
    assert case.holder.kind_name == kind and not case.warnings


@pytest.mark.parametrize(
    ("kind", "line", "key"), [(k, *found) for k, text in TEXTS.items() for found in OTHER.findall(text)]
)
def test_what_is_commented_out_is_right_too(tmp_path: Path, kind: str, line: str, key: str) -> None:
    """Each alternative in the place of the value above it."""
    text = re.sub(rf"^{key} = .*\n", "", TEXTS[kind], flags=re.M).replace(f"# {line}", line)
    (tmp_path / "case.toml").write_text(text)
    assert key in read_case(tmp_path / "case.toml").to_dict()["cell" if key == "tabs" else "holder"]


@pytest.mark.parametrize("kind", [k for k, text in TEXTS.items() if MORE.search(text)])
def test_further_steps_are_right_too(tmp_path: Path, kind: str) -> None:
    """Steps that are commented out follow the others; warming needs a charge that is shut in."""
    text = MORE.sub(lambda m: re.sub("^# ", "", m[0], flags=re.M), TEXTS[kind])
    text = text.replace('"regulated", gas = "air"', '"closed_gas", gas = "argon", temperature = "20 degC"')
    (tmp_path / "case.toml").write_text(text)
    assert len(read_case(tmp_path / "case.toml").steps) == TEXTS[kind].count("[[steps]]")


def test_an_unknown_holder_is_told(tmp_path: Path) -> None:
    """All starters are named, and nothing is written."""
    done = CliRunner().invoke(app, ["init", str(tmp_path / "new"), "--holder", "vise"])
    assert isinstance(done.exception, CaseError) and "gasketed_uniaxial" in str(done.exception)
    assert not (tmp_path / "new").exists()
