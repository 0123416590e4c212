"""Pictures are made, light, sized, and show what they should: read back from pixels and from the axes."""

import logging

import numpy as np
import pytest
from PIL import Image
from synthetic import holder, maps, summary, two_blocks, write_fields

from holdersim import plots3d
from holdersim.metrics import TOUCH
from holdersim.plots import draw, show
from holdersim.plots.curves import middle_line, profiles
from holdersim.plots.panels import (
    Map,
    deflection_picture,
    elsewhere,
    pressed,
    pressure_picture,
    pressures,
    robust_limit,
    steps_picture,
)
from holdersim.plots.pictures import some_steps
from holdersim.plots.timeline import history
from holdersim.results import RunFolder, open_result

PICTURES = {"pressure.png", "profiles.png", "deflection.png", "histogram.png", "gap.png"}


def result_of(root, assembly, steps=("tighten",)):
    """A finished result from made-up maps."""
    data = maps(assembly, steps)
    with RunFolder(root, "demo", "1") as run:
        run.finish(summary(assembly, data), data, {})
    return open_result(run.folder)


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    return result_of(tmp_path_factory.mktemp("bare"), holder())


def colours(path):
    """Pixels of a picture as (n, 3)."""
    return np.asarray(Image.open(path).convert("RGB")).reshape(-1, 3).astype(int)


def check_picture(path):
    """A picture that is light, of a readable size and not blank."""
    assert path.stat().st_size < 200_000, f"{path.name}: {path.stat().st_size} bytes"
    with Image.open(path) as image:
        assert image.format == "PNG" and 400 < image.width < 2500 and 200 < image.height < 2500
    assert len(np.unique(colours(path), axis=0)) > 20, f"{path.name} is blank"


def test_a_result_is_drawn(bare):
    made = draw(bare.folder)
    assert {p.name for p in made} == PICTURES
    assert not list(bare.folder.glob(".*"))
    for path in made:
        check_picture(path)


def test_steps_are_drawn_on_one_scale(tmp_path):
    result = result_of(tmp_path, holder(()), ("pass 1", "pass 2", "pass 3"))
    assert {p.name for p in draw(result.folder)} == PICTURES | {"pressure_steps.png"}
    made = steps_picture(result, result.steps)
    panels = [ax for ax in made.axes if "pass" in ax.get_title()]
    assert len(panels) == 6
    assert len({ax.collections[1].get_clim() for ax in panels}) == 1


def test_an_assembly_by_hand_is_drawn_too(tmp_path):
    for path in draw(result_of(tmp_path, two_blocks()).folder):
        check_picture(path)


def test_an_open_interface_is_drawn(tmp_path):
    data = maps(two_blocks())
    data["pair_pressure"] = data["pair_pressure"] * 0
    told = summary(two_blocks(), data)
    with RunFolder(tmp_path, "demo", "1") as run:
        run.finish(told, data, {})
    for path in draw(run.folder):
        assert path.stat().st_size < 200_000


def test_the_limit_is_robust_and_common():
    # 1000 pixels at 2 MPa and one spike: the spike does not set the scale, but is told
    values = np.full((1, 1001), 2.0)
    values[0, 7] = 500.0
    spike = Map("spike", values, np.full((1, 1001), 0.25), np.arange(1001.0), np.zeros(1))
    calm = Map("calm", values[:, :5] * 0.5, np.full((1, 5), 0.25), np.arange(5.0), np.zeros(1))
    limit, peak = robust_limit([spike, calm])
    assert limit == pytest.approx(2.0, rel=0.01) and peak == 500.0


def test_bars_name_the_unit_and_tell_what_lies_beyond(tmp_path):
    assembly = holder()
    data = maps(assembly)
    data["cell_top_pressure"][0, 0, 0] = 900.0
    with RunFolder(tmp_path, "demo", "1") as run:
        run.finish(summary(assembly, data), data, {})
    result = open_result(run.folder)
    (bar,) = [ax for ax in pressure_picture(result, "tighten").axes if "pressure" in ax.get_xlabel()]
    assert "[MPa]" in bar.get_xlabel() and "p99.5" in bar.get_xlabel() and "900" in bar.get_xlabel()
    assert any("[um]" in ax.get_xlabel() for ax in deflection_picture(result, "tighten").axes)


def test_open_pixels_are_grey_and_uncovered_ones_are_not(tmp_path):
    assembly = two_blocks()
    data = maps(assembly)
    data["pair_pressure"][0, :, :10] = np.nan
    with RunFolder(tmp_path, "demo", "1") as run:
        run.finish(summary(assembly, data), data, {})
    made = pressure_picture(open_result(run.folder), "tighten")
    grey, shown = (np.ma.filled(m.get_array(), np.nan) for m in made.axes[0].collections[:2])
    p = data["pair_pressure"].values[0]
    assert np.array_equal(np.isfinite(grey), np.isfinite(p) & (p <= TOUCH * np.nanmax(p)))
    assert np.array_equal(np.isfinite(shown), p > TOUCH * np.nanmax(p))


def test_deflection_shows_plates_not_the_cell(bare):
    titles = [ax.get_title() for ax in deflection_picture(bare, "tighten").axes if ax.get_title()]
    assert [t.split()[0] for t in titles] == ["top_plate", "bottom_plate"]
    told = bare.at()["plates"]["top_plate"]["Peak-to-valley [um]"]
    assert f"{told:.3g} um peak to valley over cathode" in titles[0]


def test_maps_are_drawn_to_scale_where_they_are(bare):
    made = pressure_picture(bare, "tighten")
    made.draw_without_rendering()
    top = made.axes[0]
    corners = np.asarray(top.collections[0].get_coordinates())
    assert corners[0, 0].tolist() == pytest.approx([-17.5, -7.5])
    assert corners[-1, -1].tolist() == pytest.approx([17.5, 7.5])
    one = top.transData.transform([[0, 0], [1, 0], [0, 1]])
    assert np.linalg.norm(one[1] - one[0]) == pytest.approx(np.linalg.norm(one[2] - one[0]), rel=1e-6)


def test_profiles_show_every_curve_whole(tmp_path):
    # open along the mid-line in y, pressed along x: neither may cut off the other
    assembly = two_blocks()
    data = maps(assembly)
    data["pair_pressure"][:] = 0.0
    data["pair_pressure"][0, :, -2:] = 44.0
    with RunFolder(tmp_path, "demo", "1") as run:
        run.finish(summary(assembly, data), data, {})
    made = profiles(open_result(run.folder), 0.5)
    top = max(line.get_ydata().max() for line in made.axes[0].get_lines()[:1])
    assert top == pytest.approx(44.0)
    for ax in made.axes:
        assert ax.get_ylim()[0] == 0 and ax.get_ylim()[1] > top


def test_many_steps_are_thinned_but_keep_the_ends():
    steps = [f"s{k}" for k in range(23)]
    some = some_steps(steps)
    assert len(some) == 6 and some[0] == "s0" and some[-1] == "s22"
    assert some_steps(steps[:4]) == steps[:4]


def test_middle_line_is_linear_between_rows():
    values = np.array([[0.0, 0.0], [1.0, 2.0], [5.0, 5.0]])
    assert middle_line(values, np.array([0.0, 1.0, 2.0]), 0.25) == pytest.approx([0.25, 0.5])
    assert middle_line(values, np.array([0.0, 1.0, 2.0]), 9.0) == pytest.approx([5.0, 5.0])
    assert middle_line(values[:1], np.array([3.0]), 0.0) == pytest.approx([0.0, 0.0])


def test_uppermost_interface_comes_first(bare):
    assert [row[0].title for row in pressures(bare, ["tighten"], pressed(bare))] == [
        "cell_top after tighten",
        "cell_bottom after tighten",
    ]


def test_the_cathode_plane_comes_first_and_flanges_stand_apart(tmp_path, monkeypatch):
    """Maps inside the cell and on it share a picture; a face between other bodies has one of its own."""
    assembly = holder()
    data = maps(assembly)
    names = ("cell_top_pressure", "cell_top_area", "x_cell_top", "y_cell_top")
    data = data.merge(data[list(names[:2])].rename({n: n.replace("cell_top", "cathode") for n in names}))
    data["cathode_pressure"][:, :, :5] = (
        1e-6  # inside the cell next to nothing presses, but never exactly nothing
    )
    told = summary(assembly, data)
    told["drawing"]["interfaces"][0] |= {"below": "vessel.press", "above": "lid.press"}
    with RunFolder(tmp_path, "demo", "1") as run:
        run.finish(told, data, {})
    result = open_result(run.folder)
    assert [f["name"] for f in pressed(result)] == ["cathode", "cell_top"]
    assert [f["name"] for f in elsewhere(result)] == ["cell_bottom"]
    monkeypatch.setattr("holdersim.plots.panels.MOST", 1)
    assert [f["name"] for f in pressed(result)] == ["cathode"], "of a pile only the planes"
    assert [f["name"] for f in elsewhere(result)] == ["cell_top", "cell_bottom"]
    panel = pressure_picture(result, "tighten").axes[0]
    assert panel.get_title() == "cathode (inside the stack) after tighten"
    shown = np.ma.filled(panel.collections[1].get_array(), np.nan)
    assert np.isnan(shown[:, :5]).all()
    assert {p.name for p in draw(result.folder)} == PICTURES | {"pressure_elsewhere.png"}


def test_a_history_is_drawn_against_time(tmp_path):
    """Only where there are times: tightening takes none."""
    told = summary(holder(), data := maps(holder()))
    first = {
        "step": "tighten",
        "time_s": 0.0,
        "force of b1 [N]": 700.0,
        "mean pressure of cell_top [MPa]": 5.0,
    }
    told["history"] = [first] + [
        {**first, "step": "hold", "time_s": 10.0**k, "force of b1 [N]": 700.0 - 10 * k} for k in range(4)
    ]
    with RunFolder(tmp_path, "demo", "1") as run:
        run.finish(told, data, {})
    result = open_result(run.folder)
    forces, pressures_ = history(result).axes
    assert forces.lines[0].get_xdata().tolist() == [1, 10, 100, 1000]
    assert forces.lines[0].get_ydata().tolist() == [700, 690, 680, 670]
    assert pressures_.lines[0].get_label() == "cell top"
    assert {p.name for p in draw(result.folder)} == PICTURES | {"history.png"}


def test_pads_are_no_plates(tmp_path):
    """Rubber bulges by far more than metal bends: its faces would hide the deflection of the plates."""
    told = summary(holder(), data := maps(holder()))
    told["drawing"]["pads"] = [told["drawing"]["plates"].pop()]
    with RunFolder(tmp_path, "demo", "1") as run:
        run.finish(told, data, {})
    titles = [ax.get_title() for ax in deflection_picture(open_result(run.folder), "tighten").axes]
    assert [t.split()[0] for t in titles if t] == ["bottom_plate"]


@pytest.mark.parametrize("assembly", [holder(), holder(()), two_blocks()], ids=["quarter", "whole", "blocks"])
def test_show_draws_plan_and_section_before_any_solve(tmp_path, assembly):
    made = show(assembly, tmp_path / "new" / "folder")
    assert [p.name for p in made] == ["plan.png", "section.png"]
    for path in made:
        check_picture(path)


def add_fields(result, kind):
    """Give a result fields to cut through; skip where this machine cannot render."""
    pytest.importorskip("pyvista")
    write_fields(result.folder / "fields", kind)
    try:
        plots3d._preflight()
    except SystemExit as problem:
        pytest.skip(str(problem))


def test_the_cutaway_is_rendered_in_a_child_process(tmp_path):
    result = result_of(tmp_path, holder())
    add_fields(result, "quarter")
    path = plots3d.cutaway(result.folder)
    assert path is not None and path.name == "cutaway.png"
    check_picture(path)
    found = colours(path)
    white = (found > 250).all(axis=1).mean()
    assert 0.2 < white < 0.9, f"{white:.2f} of the picture is background"


def test_a_cutaway_that_cannot_be_made_costs_only_the_picture(tmp_path, caplog, monkeypatch):
    caplog.set_level(logging.WARNING)
    result = result_of(tmp_path, two_blocks())
    assert plots3d.cutaway(result.folder) is None
    assert "has no fields" in caplog.text
    (result.folder / "fields").mkdir()
    (result.folder / "fields" / "upper.vtu").write_text("not a mesh")
    assert plots3d.cutaway(result.folder) is None
    assert caplog.text.count("no 3-D picture") == 2
    crash = tmp_path / "python"
    crash.write_text("#!/bin/sh\nkill -SEGV $$\n")
    crash.chmod(0o755)
    monkeypatch.setattr(plots3d.sys, "executable", str(crash))
    assert plots3d.cutaway(result.folder) is None
    assert "died by signal 11" in caplog.text


def test_a_quarter_is_mirrored_and_exaggerated_to_a_round_factor(tmp_path):
    pytest.importorskip("pyvista")
    write_fields(tmp_path / "fields", "quarter")
    solids = plots3d.read_solids(tmp_path, ["x0", "y0"])
    assert set(solids) == {"bottom_plate", "cell", "top_plate"}
    top = solids["top_plate"]
    assert top.bounds == pytest.approx((-40, 40, -30, 30, 0.475, 10.475))
    assert top.volume == pytest.approx(80 * 60 * 10)
    places = {tuple(p): u for p, u in zip(top.points.round(6), top.point_data["displacement"], strict=True)}
    corner, image = places[40, 30, 10.475], places[-40, 30, 10.475]
    assert image == pytest.approx(corner * [-1, 1, 1])
    shapes, factor, stretch = plots3d.prepare(solids, {"cell"})
    assert factor in (100, 200, 500) and stretch == 10
    height = np.ptp(shapes["cell"].points[:, 2])
    assert height == pytest.approx(4.75 + factor * 1e-4, rel=0.02)
    kept, _, _ = plots3d.prepare(solids, {"cell"}, {"bottom_plate"})
    rise = {name: float(np.mean(kept[name].points[:, 2] - shapes[name].points[:, 2])) for name in kept}
    assert rise["bottom_plate"] == pytest.approx(80 * plots3d.APART) and abs(rise["cell"]) < 1e-9
    lifted = 80 * (plots3d.LIFT - plots3d.APART) - 9 * 0.475
    assert rise["top_plate"] == pytest.approx(lifted), "a lid is lifted off its vessel"
    pressing = shapes["cell"].cell_data["pressing"]
    assert pressing.min() > 5.0 and pressing.max() < 10.0


def test_cutting_takes_away_a_quarter(tmp_path):
    pytest.importorskip("pyvista")
    write_fields(tmp_path / "fields", "quarter")
    plate = plots3d.read_solids(tmp_path, ["x0", "y0"])["top_plate"]
    left = plots3d.cut(plate, 0.0, 0.0)
    assert left.volume == pytest.approx(0.75 * plate.volume, rel=1e-6)
    assert left.n_cells == 0.75 * plate.n_cells, "planes along the mesh cut no cell"
    between = plots3d.cut(plate, 1.0, 0.7)
    assert between.volume == pytest.approx(plate.volume - 39 * 30.7 * 10, rel=1e-6)


@pytest.mark.parametrize(
    ("value", "round_one"), [(1.0, 1), (1.99, 1), (2.0, 2), (49, 20), (730, 500), (0.3, 0.2), (0.0512, 0.05)]
)
def test_factors_are_round(value, round_one):
    assert plots3d.nice(value) == pytest.approx(round_one)
