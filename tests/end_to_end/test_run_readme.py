"""What README shows works as it stands: its Python, its case file, its commands, its export."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs import DEMO, ROOT, command, holds

import holdersim
from holdersim.case import Case, read_case

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Code blocks of README in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.M | re.S)


def coarse(path: str) -> Case:
    """A case of the project on a coarse grid and mesh."""
    case = read_case(ROOT / path).with_("grid.pixel", "1 mm").with_("grid.film", "1 mm")
    return case.with_("mesh.level", 0)


def test_python_of_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its Python blocks run in order; what they end with is what they say."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(holdersim, "read_case", coarse, raising=False)
    names: dict[str, Any] = {}
    assert len(blocks("python")) == 2
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), names)
    result, state = names["result"], names["state"]
    assert holds(result) and result.case["holder"]["thickness"] == "20 mm"
    assert 0 < result.metric("CV [-]", interface="cell_top") < 3
    shown = result.maps["cell_top_pressure"].sel(step="tighten")
    assert shown.attrs["units"] == "MPa" and float(shown.max()) > 5
    assert holdersim.open_result(result.folder).steps == ["tighten"]
    assert (result.folder / "pressure.png").stat().st_size > 10_000
    assert abs(np.nansum(state.pressure("faces")) / (5 * 100) - 1) < 1e-9


def test_case_of_readme(tmp_path: Path) -> None:
    """Its case file is valid and means what it says."""
    (block,) = blocks("toml")
    (tmp_path / "readme.toml").write_text(block)
    case = read_case(tmp_path / "readme.toml")
    assert case.closing_force() == pytest.approx(2625.0) and not case.warnings
    assert case.to_dict()["holder"]["thickness"] == "20 mm"


def test_commands_of_readme(tmp_path: Path) -> None:
    """Its commands run in order; those that solve are tested elsewhere and only have their words checked."""
    lines = [
        line.split("#")[0].split()[2:]
        for line in "".join(re.findall(r"^```\n(.*?)^```", TEXT, re.M | re.S)).splitlines()
        if line.startswith("env/run holdersim")
    ]
    long = {"run", "compare", "weigh", "paper"}
    assert {words[0] for words in lines} == {"init", "check", "show", "materials", "cache", "export"} | long
    for words in lines:
        if words[0] == "export":
            words = ["export", str(coarse_file(tmp_path)), *words[2:]]
        done = command(*words, *(["--help"] if words[0] in long else []), cwd=tmp_path)
        assert done.returncode == 0, f"{words}: {done.stderr}"
    deck = (tmp_path / "mine.inp").read_text().upper()
    for card in ("*NODE", "*ELEMENT", "*MATERIAL", "*ELASTIC", "*CONTACT PAIR", "*STEP", "*END STEP"):
        assert card in deck, card
    assert {f.suffix for f in (tmp_path / "show").iterdir()} == {".png"}


def coarse_file(folder: Path) -> Path:
    """The demo case as a file on a coarse grid and mesh."""
    file = folder / "coarse.toml"
    file.write_text(DEMO.read_text().split("[grid]")[0] + '[grid]\npixel = "1 mm"\n[mesh]\nlevel = 0\n')
    return file
