"""Pictures of cycles and layers, from made-up results: loops, swings, profiles, section, moving maps, the page."""

from __future__ import annotations

import csv
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from compared_results import Page
from cycled_results import MEANS, STATES, cycled, layer_stresses, path, three_cycled
from PIL import Image

from holdersim.plots import animation, cycles, draw, edge, through, timeline
from holdersim.report import compare, compared
from holdersim.report.cycling import section
from holdersim.report.pieces import HEAVIEST, moving_picture
from holdersim.results import Result, history

SWUNG = ("Mean pressure before the first charge [MPa]", "Lowest mean pressure [MPa]", "Highest mean pressure [MPa]",
         "Swing of the mean pressure [MPa]", "Swing / mean before the first charge [-]")  # fmt: skip


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    return three_cycled(tmp_path_factory.mktemp("three"))


@pytest.fixture(scope="module")
def drawn(three: list[Result]) -> dict[str, Path]:
    return {p.name: p for p in draw(three[0].folder)}


def loops_of(results: list[Result]) -> list[cycles.Loop]:
    return [
        cycles.Loop(r.folder.parent.name, k, history.charged(r), "cathode") for k, r in enumerate(results)
    ]


# -- history -------------------------------------------------------------------------------------------------


def test_cycles_are_cut_where_charging_begins_again() -> None:
    """Three cycles with rests: each begins empty; the parts share their ends and leave nothing out."""
    soc = np.repeat(path(3), 2)
    parts = history.cycles(soc)
    assert len(parts) == 3 and parts[0].start == 0 and parts[-1].stop == len(soc)
    for part, after in pairwise(parts):
        assert soc[part][0] == soc[part][-1] == 0 and soc[part].max() == 1 and part.stop == after.start + 1
    assert len(history.cycles(np.linspace(0, 1, 5))) == len(history.cycles(np.array([1.0, 0.0, 0.0]))) == 1


def test_swing_counts_from_the_state_that_charging_begins_from(three: list[Result]) -> None:
    """5 MPa, 4 more when full, half a megapascal lost; tightening itself is no swing."""
    told = history.swing(three[0], "cathode")
    assert [told[n] for n in SWUNG] == pytest.approx([5.0, 4.5, 9.0, 4.5, 0.9])
    assert told["Mean pressure after the last cycle, change [MPa]"] == pytest.approx(-0.5)
    assert told["Lowest p5 [MPa]"] == pytest.approx(2.25) and told["Highest p95 [MPa]"] == pytest.approx(15.3)
    assert told["Swing of the force of a bolt [N]"] == pytest.approx(126.5 * 4.5)
    assert "Swing of the fluid pressure [MPa]" not in told
    assert history.swing(three[2], "cathode")["Swing of the fluid pressure [MPa]"] == pytest.approx(0.02)
    assert set(told) <= set(history.DEFINITIONS)
    assert history.events(three[0]) == ["first yield of Si (cycle, SOC 40 %)"]


def test_a_history_without_charge_has_no_swing(three: list[Result], tmp_path: Path) -> None:
    """A state of charge that never changes, and none at all."""
    rows = three[0].summary["history"]
    for still in ([r | {"SOC [-]": 0.5} for r in rows], [{"step": "tighten", "time_s": 0.0}]):
        result = Result(tmp_path, three[0].summary | {"history": still})
        assert history.charged(result) == [] and history.swing(result, "cathode") == {}
        assert cycles.picture(result) is None


# -- loops ---------------------------------------------------------------------------------------------------


def test_loops_stand_on_one_axis_with_their_bands(three: list[Result]) -> None:
    """Three means on one axis, what is drawn is the history; each band on a panel of the same height."""
    made = cycles.loops(loops_of(three))
    means, *bands = made.axes
    assert len(means.lines) == len(bands) == 3
    soc, values = means.lines[0].get_data()
    assert np.allclose(soc, 100 * path()) and np.allclose(
        values, [r["cathode: mean [MPa]"] for r in three[0].summary["history"][1:]]
    )
    assert len({ax.get_ylim() for ax in bands}) == 1 and bands[0].get_ylim()[0] == 0
    corners = bands[0].collections[0].get_paths()[0].vertices
    assert corners[:, 1].min() == pytest.approx(2.25) and corners[:, 1].max() == pytest.approx(15.3)
    # up and down are one line in the chamber: its dashes are drawn once
    assert len(means.lines[2].get_xdata()) == STATES
    names = [t.get_text() for t in made.legends[0].get_texts()]
    assert names == ["bare", "padded", "chamber"]


def test_of_many_cycles_the_first_and_the_last_are_told_apart(tmp_path: Path) -> None:
    """Five cycles: a thin first one, three faint ones, a strong last one; the title says so."""
    result = cycled(tmp_path, "bare", cycles=5, layers=False)
    ax = cycles.loops(loops_of([result])).axes[0]
    widths = sorted(line.get_linewidth() for line in ax.lines)
    assert widths == [0.5, 0.5, 0.5, 0.9, 1.8] and "last of 5" in ax.get_title()
    strong = max(ax.lines, key=lambda line: line.get_linewidth())
    assert np.max(strong.get_ydata()) == pytest.approx(8.5)


def test_what_hardly_changes_looks_so(three: list[Result]) -> None:
    """The fluid's 0.02 MPa fill a fifth of an axis of 2 % of 5 MPa, not all of it."""
    made = cycles.loads(loops_of([three[2]]))
    assert made is not None
    low, high = made.axes[-1].get_ylim()
    assert made.axes[-1].get_title() == "Pressure of the fluid" and high - low == pytest.approx(
        0.02 * 5, rel=0.03
    )
    bolts = made.axes[1].lines[0].get_ydata()
    assert bolts[0] == 0 and max(bolts) == pytest.approx(126.5 * 0.02)
    assert np.ptp(made.axes[1].get_ylim()) == pytest.approx(0.02 * 126.5 * 5.02)


def test_history_against_time_or_temperature(three: list[Result], tmp_path: Path) -> None:
    """Two hours of cycling on a plain axis that begins at zero; warming without time against the temperature."""
    made = timeline.history(three[0])
    assert made is not None and made.axes[0].get_xscale() == "linear"
    assert made.axes[0].lines[0].get_xdata()[0] == 0.0
    assert {ax.get_ylabel() for ax in made.axes} >= {
        "Bolt forces [N]",
        "SOC [-]",
        "Pressure inside the cell [MPa]",
    }
    warm = [
        {"step": "heat", "time_s": 0.0, "temperature [K]": 298.15 + 10 * k, "force of b1 [N]": 500.0 + 20 * k}
        for k in range(4)
    ]
    made = timeline.history(Result(tmp_path, three[0].summary | {"history": warm}))
    assert made is not None
    (ax,) = (a for a in made.axes if a.get_visible())
    assert ax.get_xlabel() == "Temperature [K]" and ax.lines[0].get_xdata().tolist()[-1] == pytest.approx(
        328.15
    )
    assert timeline.history(Result(tmp_path, three[0].summary | {"history": warm[:1] * 3})) is None


# -- layers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("soc", "states"), [
    ([0.0, 0.5, 1.0, 0.0], [0, 1, 2, 3]),
    ([np.nan, 0.5, 1.0, 0.5, 0.0], [0, 1, 2, 4]),
    ([np.nan, 0.0, 0.6, 1.0, 0.4, 0.0], [1, 2, 3, 5]),
    ([0.0, 0.48, 0.52, 0.9], [0, 1, 3]),
    ([np.nan, np.nan], [1]),
])  # fmt: skip
def test_states_are_chosen_by_charge(soc: list[float], states: list[int]) -> None:
    """Nearest to 0, 50, 100 % on the way up, and where it ends; what was before charging stands for itself."""
    assert through.chosen(np.array(soc)) == states


def test_layers_have_bands_of_one_height(three: list[Result]) -> None:
    """Each layer fills its band, thin or thick; stresses are those of the file, the wide range is logarithmic."""
    made = through.picture(three[0])
    assert made is not None
    data = layer_stresses(np.array([0.0, 0.5, 1.0, 0.0]))
    across, inplane = made.axes
    assert inplane.get_xscale() == "symlog" and across.get_xscale() == "linear"
    assert [t.get_text() for t in across.get_yticklabels()][1:3] == ["Cu, 10 um", "Si, 20 um"]
    circles = [line for line in across.lines if line.get_marker() == "o"]
    assert [set(c.get_xdata()) for c in circles] == [{-p} for p in MEANS] and len(inplane.lines) < len(
        across.lines
    )
    full = [line for line in across.lines if line.get_linestyle() == "-." and len(line.get_xdata()) > 2]
    assert len(full) == 7
    for k, line in enumerate(full):
        assert (min(line.get_ydata()), max(line.get_ydata())) == (k, k + 1)
        assert np.allclose(line.get_xdata()[1:-1], data["profile_sigma_zz"].values[2, 4 * k : 4 * k + 4])


def test_outlines_are_edges_between_layers() -> None:
    """Three squares in a row, the last of another layer: 8 edges outside, 1 between the layers; any corner order."""
    x = np.array([[k, k + 1, k, k + 1] for k in range(3)], dtype=float)
    z = np.tile([0.0, 0.0, 1.0, 1.0], (3, 1))
    corners = np.stack(edge.ordered(x, z), axis=-1)
    lines = np.array(edge.outlines(corners, np.array([0, 0, 1])))
    assert len(lines) == 9 and np.allclose(np.abs(lines[:, 0] - lines[:, 1]).sum(axis=1), 1.0)
    upright = sorted(line[0, 0] for line in lines if line[0, 0] == line[1, 0])
    assert upright == [0.0, 2.0, 3.0]


def test_section_shows_both_ends_of_the_charge(three: list[Result]) -> None:
    """Empty and full on one symmetric colour scale each; colours are the stresses; heights are exaggerated."""
    made = edge.picture(three[0])
    assert made is not None
    data = layer_stresses(np.array([0.0, 0.5, 1.0, 0.0]))
    panels = [ax for ax in made.axes if ax.get_title().startswith("sigma_zz")]
    assert [ax.get_title() for ax in panels] == ["sigma_zz: SOC 0 %, tighten", "sigma_zz: SOC 100 %, charge"]
    cells = [ax.collections[0] for ax in panels]
    assert np.allclose(cells[1].get_array(), data["section_sigma_zz"].values[2])
    assert cells[0].norm.vmin == cells[1].norm.vmin == -cells[0].norm.vmax
    times = re.search(r"exaggerated ([\d.]+) times", made.get_suptitle())
    assert times and 2 < float(times[1]) < 30


# -- moving maps ---------------------------------------------------------------------------------------------


def test_a_movie_shows_every_state_on_one_scale(drawn: dict[str, Path], three: list[Result]) -> None:
    """As many frames as states; it loops, is light, and its frames differ while the colour bar does not."""
    with Image.open(drawn["cycle.gif"]) as movie:
        assert movie.n_frames == 2 * STATES - 1 and movie.info["loop"] == 0
        frames = []
        for k in (0, STATES - 1):
            movie.seek(k)
            frames.append(np.asarray(movie.convert("RGB")).astype(int))
    assert drawn["cycle.gif"].stat().st_size < HEAVIEST
    changed = np.abs(frames[0] - frames[1]).sum(axis=2) > 0
    assert 0.01 < changed.mean() < 0.9 and (frames[0][2, 2] == 255).all()
    (movie_,) = animation.movies_of(three[0], 0.5)
    stage = animation.Stage([movie_])
    for k in (0, STATES - 1):
        stage.show((k,))
        shown = np.ma.filled(stage.maps[0].shown.get_array(), np.nan)
        seen = np.isfinite(shown)
        assert np.allclose(shown[seen], movie_.values[k][seen]) and seen.any()
    title = stage.maps[0].ax.get_title()
    assert "SOC 100 %" in title and f"{movie_.mean[STATES - 1]:.2f} MPa" in title


def test_movies_of_different_length_run_together(three: list[Result], tmp_path: Path) -> None:
    """States are matched by the charge moved: full meets full; of many states only some are shown."""
    (long,) = animation.movies_of(three[0], 0.5)
    keep = [0, 3, 5, 7, 10]
    short = animation.Movie(
        "short", 1, long.soc[keep], long.values[keep], long.area, long.x, long.y, {}, long.mean[keep]
    )
    for a, b in animation.frames([long, short]):
        assert abs(long.soc[a] - short.soc[b]) <= 0.3 + 1e-9
    assert (5, 2) in animation.frames([long, short])
    many = np.concatenate([np.linspace(0, 1, 150), np.linspace(1, 0, 150)])
    blank = np.ones((300, 1, 1))
    slow = animation.Movie("slow", 0, many, blank, blank[0], np.zeros(1), np.zeros(1), {}, many)
    order = animation.frames([slow])
    assert len(order) == animation.MOST and order[0] == (0,) and order[-1] == (299,)


# -- pictures of one result, and the page --------------------------------------------------------------------


def test_a_result_that_charges_gets_its_pictures(drawn: dict[str, Path]) -> None:
    """Loops, history, layers, section and movie besides the usual ones; light and not blank."""
    assert {"cycle.png", "history.png", "layers.png", "edge.png", "cycle.gif"} <= set(drawn)
    for name in ("cycle.png", "history.png", "layers.png", "edge.png"):
        with Image.open(drawn[name]) as image:
            assert 400 < image.width < 2500 and 200 < image.height < 2500
            assert len(image.convert("RGB").getcolors(10**6)) > 20
        assert drawn[name].stat().st_size < 200_000


def test_page_tells_the_swings(three: list[Result], tmp_path: Path) -> None:
    """A section with loops, a table and a folded movie, all inside the page; the same numbers in the CSV file."""
    files = compare([r.folder for r in three], tmp_path)
    assert {"cycles.png", "cycle_loads.png", "cycle.gif"} <= {f.name for f in files}
    assert all(f.is_file() for f in files)
    page = Page((tmp_path / "comparison.html").read_text(encoding="utf-8"))
    assert "script" not in page.seen and "details" in page.seen
    assert all(link.startswith(("data:", "#")) for link in page.links)
    text = " ".join(page.text)
    assert "swings least with isostatic chamber: 0.02 MPa" in text and "225 times as much" in text
    assert "bare uniaxial: first yield of Si (cycle, SOC 40 %)" in text
    swing = next(row for row in page.tables[0] if row[0] == "Swing of the mean pressure [MPa]")
    assert swing[1:] == ["4.5", "1.6", "0.02"]
    for words in history.DEFINITIONS.values():
        assert words in text
    with (tmp_path / "comparison.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    told = [float(line["While charging and discharging: Highest mean pressure [MPa]"]) for line in lines]
    assert told == pytest.approx([9.0, 6.2, 5.02])
    # maps over a cycle are no plane of their own
    assert set(compared(three).entries[0].sheets) == {"cathode", "cell_top"}


def test_results_that_do_not_charge_are_left_out(three: list[Result], tmp_path: Path) -> None:
    """Without histories there is no section; with one of two, only that one is in it."""
    bare, padded, _ = three
    still = Result(bare.folder, bare.summary | {"history": []})
    c = compared([still, padded])
    told = "".join(section(c, c.entries, tmp_path))
    assert "<h2>Through charge and discharge</h2>" in told
    assert 'scope="col">gasketed uniaxial<' in told and "bare uniaxial" not in told
    c = compared([still, Result(padded.folder, padded.summary | {"history": []})])
    assert list(section(c, c.entries, tmp_path)) == []


def test_a_heavy_movie_is_only_linked(tmp_path: Path) -> None:
    """Beyond 2 MB the page would be slow to open."""
    noise = np.random.default_rng(0).integers(0, 256, (1500, 1500), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "big.gif")
    assert (tmp_path / "big.gif").stat().st_size > HEAVIEST
    told = moving_picture(tmp_path / "big.gif", "noise", "Noise, moving")
    assert told == '<p><a data-file="big.gif" href="big.gif">Noise, moving</a></p>'
