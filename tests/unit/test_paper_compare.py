"""A scan laid over a result: scores against closed forms, mirrored scans, wrong grade and zone, sensors, the page."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from known_paper import CLIMATE, PRESSED, TRUE, X, Y
from scipy import stats
from synthetic import holder, maps, summary

from holdersim.errors import CaseError
from holdersim.paper import Flag, Reading, ReadOptions, RenderOptions, curve, read_scan, render_map
from holdersim.paper.comparing import Compared, compared, rows
from holdersim.paper.matching import Match, laid
from holdersim.paper.measures import DEFINITIONS as COLUMNS
from holdersim.paper.options import checked
from holdersim.paper.render import Felt
from holdersim.paper.scores import DEFINITIONS, monotone, most_pressed, scores
from holdersim.paper.sensor import SensorOptions, read_sensor
from holdersim.report.paper_page import write
from holdersim.results import RunFolder

ROOT = Path(__file__).resolve().parents[2]
SENSOR: dict[str, Any] = {
    "pitch": "0.5 mm", "unit": "MPa", "noise": "0.2 MPa", "saturation": "9 MPa", "accuracy": 0.1
}  # fmt: skip


def scanned(
    path: Path, pressure: np.ndarray = TRUE, read: dict[str, Any] | None = None, **render: Any
) -> Reading:
    """A map rendered, saved, and read again."""
    options = RenderOptions(**(CLIMATE | {"dpi": 300, "turned": "3 deg"} | render))
    render_map(Felt(pressure, X, Y, "known"), options).save(path)
    return read_scan(path, ReadOptions(**(CLIMATE | {"cell": "0.5 mm"} | (read or {}))))


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    seen = scanned(tmp_path_factory.mktemp("scan") / "a.png", read={"cell": "0.25 mm"})
    return compared(seen, PRESSED, 0.5, title="Three < holders", scan="a.png")


def test_the_same_map_agrees(good: Compared) -> None:
    s, m = good.scores, good.match
    assert m.computed.sum() * m.cell == pytest.approx(TRUE.sum() * 0.25, rel=1e-12)
    assert s["Registration residual [mm]"] < 0.1 and s["Squares compared [-]"] == 1.0
    assert abs(s["Force closure [-]"]) < 0.03 and abs(s["Bias [-]"]) < 0.02
    assert s["Flags agree [-]"] > 0.95 and s["Within the uncertainty [-]"] > 0.95
    assert s["Spearman [-]"] > 0.98 and s["SSIM [-]"] > 0.9
    assert s["Order only: monotone fit R2 [-]"] > 0.97
    paper, virtual = good.columns["Load [N]"]
    assert paper == pytest.approx(virtual, rel=0.05)
    assert m.band[m.paper.flag == Flag.READ].min() > 0.1  # never better than the paper itself


def made(good: Compared, paper: np.ndarray, computed: np.ndarray, flag: np.ndarray | None = None) -> Match:
    """A match of given pressures [MPa], without a scan; the band is a tenth."""
    base = good.match.paper
    flag = np.zeros(paper.shape, np.uint8) if flag is None else flag
    assert base.curve is not None
    clip = np.clip(paper, base.low, base.high)

    def reading(p: np.ndarray, f: np.ndarray) -> Reading:
        return replace(
            base, density=base.curve.record(p), pressure=np.where(f == 0, p, np.nan), flag=f, ratio=p
        )

    v = np.clip(computed, base.low, base.high)
    f = np.where(computed < base.low, Flag.BELOW, np.where(computed > base.high, Flag.ABOVE, Flag.READ))
    x, y = np.arange(paper.shape[1]) * 0.5, np.arange(paper.shape[0]) * 0.5
    return replace(
        good.match, paper=reading(clip, flag), virtual=reading(v, f.astype(np.uint8)), computed=computed,
        band=np.full(paper.shape, 0.1), x=x, y=y,
    )  # fmt: skip


def test_a_paper_that_reads_too_much(good: Compared) -> None:
    """Paper = 1.1 computed: bias ln 1.1, RMSE a tenth, Lin's coefficient and Wasserstein by hand."""
    p = 4 + 3 * np.add.outer(np.linspace(0, 0.5, 20), np.linspace(0, 0.5, 30))
    s = scores(made(good, 1.1 * p, p))
    assert s["Bias [-]"] == pytest.approx(np.log(1.1), rel=1e-12)
    assert s["Censored RMSE [MPa]"] == pytest.approx(0.1 * np.sqrt((p**2).mean()), rel=1e-12)
    assert s["Force closure [-]"] == pytest.approx(0.1, rel=1e-12)
    var = p.var()
    assert s["Concordance [-]"] == pytest.approx(2.2 * var / (2.21 * var + (0.1 * p.mean()) ** 2), rel=1e-9)
    assert s["Wasserstein [MPa]"] == pytest.approx(0.1 * p.mean(), rel=1e-9)
    assert s["Spearman [-]"] == pytest.approx(1.0)
    assert s["CV of the paper [-]"] == pytest.approx(s["CV computed [-]"], rel=1e-12)
    assert s["Within the uncertainty [-]"] == 1.0  # |1.1 p - p| <= 0.1 * 1.1 p
    assert scores(made(good, 1.12 * p, p))["Within the uncertainty [-]"] == 0.0


def test_beyond_the_range_only_the_excess_counts(good: Compared) -> None:
    """Blank paper over 0 to 2 MPa is right; over 4 MPa it is wrong by 4 less the lower end."""
    low = good.match.paper.low
    blank = np.full((10, 10), Flag.BELOW, np.uint8)
    right = scores(made(good, np.full((10, 10), low), np.linspace(0, 2, 100).reshape(10, 10), blank))
    assert right["Censored RMSE [MPa]"] == 0.0 and right["Within the uncertainty [-]"] == 1.0
    assert right["Bias [-]"] is None and right["Force closure [-]"] == pytest.approx(0.0, abs=1e-12)
    assert abs(right["Censored log-likelihood [-]"]) < 1e-3
    wrong = scores(made(good, np.full((10, 10), low), np.full((10, 10), 4.0), blank))
    assert wrong["Censored RMSE [MPa]"] == pytest.approx(4 - low)
    expected = stats.norm.logcdf(np.log(low / 4.0) / (0.1 / 1.96))
    assert wrong["Censored log-likelihood [-]"] == pytest.approx(expected, rel=1e-9)
    high = good.match.paper.high
    above = np.full((10, 10), Flag.ABOVE, np.uint8)
    over = scores(made(good, np.full((10, 10), high), np.full((10, 10), 2 * high), above))
    assert over["Censored RMSE [MPa]"] == 0.0 and over["Force closure [-]"] == pytest.approx(0.0, abs=1e-12)


def test_overlap_edge_and_order(good: Compared) -> None:
    """Halves shifted by a quarter overlap by a third; edges twice the centre; a rising law changes no order."""
    nx = 40
    a = np.where(np.arange(nx) < 20, 8.0, 0.0) * np.ones((20, 1))
    b = np.where((np.arange(nx) >= 10) & (np.arange(nx) < 30), 8.0, 0.0) * np.ones((20, 1))
    flag = np.where(a > 0, Flag.READ, Flag.BELOW).astype(np.uint8)
    s = scores(made(good, a, b, flag))
    assert s["IoU at the paper's threshold [-]"] == pytest.approx(1 / 3)
    assert s["IoU at 1.5 mean [-]"] == pytest.approx(1 / 3)
    assert s["IoU at 0.5 mean [-]"] is None  # 2 MPa is not told by this paper
    u, v = np.meshgrid(np.linspace(-1, 1, nx), np.linspace(-1, 1, 20))
    p = np.where(np.maximum(np.abs(u), np.abs(v)) > 0.7, 8.0, 4.0)
    s = scores(made(good, p, p))
    assert s["Edge / centre of the paper [-]"] == s["Edge / centre computed [-]"] == pytest.approx(2.0)
    assert s["SSIM [-]"] == pytest.approx(1.0)
    random = np.random.default_rng(1)
    q = random.uniform(0, 9, 500)
    fit = monotone(np.exp(q), q)
    np.testing.assert_allclose(fit, q)
    few = np.where(np.arange(500) < 100, q + 1, 0.0)
    a, b = most_pressed(np.arange(500)[::-1] * 1.0, few, 0.5)
    assert b.sum() == 100 and np.array_equal(a, b)  # no more squares than are pressed
    shuffled = monotone(random.uniform(size=500), q)
    assert shuffled.sum() == pytest.approx(q.sum()) and shuffled.var() < 0.1 * q.var()


def test_a_mirrored_scan_is_turned_and_told(tmp_path: Path, good: Compared) -> None:
    c = compared(scanned(tmp_path / "m.png", mirror=True), PRESSED, 0.5)
    assert c.match.registration.pose.mirrored
    assert any("best registration is mirrored" in line and "Pass --mirror" in line for line in c.messages)
    assert c.scores["Spearman [-]"] == pytest.approx(good.scores["Spearman [-]"], abs=0.02)
    again = compared(scanned(tmp_path / "n.png", mirror=True, read={"mirror": True}), PRESSED, 0.5)
    assert not any("mirrored" in line for line in again.messages)


def test_wrong_zone_is_named_with_its_bias(tmp_path: Path) -> None:
    """Pressed in zone A, read as zone C: the curves' own ratio, and the zone that explains it."""
    c = compared(scanned(tmp_path / "z.png", humidity="80 %"), PRESSED, 0.5)
    told, true = (curve("LW", "continuous", z) for z in ("C", "A"))
    read = told.read(true.record(TRUE))[1:-1, 1:-1]
    bias = float(np.nanmean(np.log(read / np.maximum(TRUE[1:-1, 1:-1], 1e-9))))
    assert bias > 0.15 and c.scores["Bias [-]"] == pytest.approx(bias, abs=0.06)
    assert any("as zone A it would read" in line and "check grade" in line for line in c.messages), c.messages


def test_wrong_grade_is_named_with_its_bias(tmp_path: Path) -> None:
    c = compared(scanned(tmp_path / "g.png", read={"grade": "LLW"}), PRESSED, 0.5)
    assert c.scores["Bias [-]"] < np.log(0.5)
    told = next(line for line in c.messages if "as grade LW it would read" in line)
    assert "the paper reads -" in told
    assert any("computed: grade LLW covers 0.5-2.5 MPa" in line and "Use LW" in line for line in c.messages)


def test_without_a_calibration_only_the_order_counts(tmp_path: Path) -> None:
    c = compared(scanned(tmp_path / "r.png", read={"show": "ratio"}), PRESSED, 0.5)
    assert c.scores["Order only: Spearman of R/(G+B) [-]"] > 0.97
    assert c.scores["Bias [-]"] is None and c.scores["Censored RMSE [MPa]"] is None
    assert any("only the order counts" in line for line in c.messages)
    files = {f.name: f for f in write(c, tmp_path / "out")}
    assert {"order.png", "pattern.png"} <= set(files) and files["compare.pdf"].read_bytes().startswith(
        b"%PDF"
    )
    text = files["compare.html"].read_text(encoding="utf-8")
    assert "only the order is compared" in text and "no number in MPa is taken from this scan" in text
    told = {r["metric"] for r in csv.DictReader(files["compare.csv"].open(encoding="utf-8"))}
    assert {n for n in told if "MPa" in n} == set() and "Order only: monotone fit R2 [-]" in told


def test_what_cannot_be_laid_over_is_refused(tmp_path: Path) -> None:
    blank = scanned(tmp_path / "w.png", np.full(TRUE.shape, 0.1))
    with pytest.raises(CaseError, match="shows no red to lay over"):
        laid(blank, PRESSED, 0.5)
    small = scanned(tmp_path / "s.png", read={"dpi": 3000, "cell": "0.05 mm"})
    with pytest.raises(CaseError, match=r"covers \d+% of the map on cathode"):
        laid(small, PRESSED, 0.5)


# -- sensors -------------------------------------------------------------------------------------------------


def sensor_file(
    path: Path, values: np.ndarray, separator: str = ",", head: str = "ROWS,20\nFrame 1\n"
) -> Path:
    lines = [separator.join("" if np.isnan(v) else f"{v:.6g}" for v in row) for row in values[::-1]]
    path.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_sensor_comes_through_the_same_door(tmp_path: Path) -> None:
    values = TRUE.copy()
    values[3, 4] = np.nan
    r = read_sensor(sensor_file(tmp_path / "s.csv", values), checked(SensorOptions, SENSOR, "t"))
    inner = r.flag < Flag.OUTSIDE
    assert inner.sum() == TRUE.size and (r.flag == Flag.MASKED).sum() == 1
    assert (r.flag == Flag.ABOVE).sum() == (TRUE > 9).sum() > 0
    assert (r.flag == Flag.BELOW).sum() == (TRUE < 0.2).sum()
    read = r.flag == Flag.READ
    truth = np.pad(TRUE, [(n - m) // 2 for n, m in ((r.flag.shape[0], 20),)] * 2)
    np.testing.assert_allclose(r.pressure[read], truth[read], rtol=1e-5)
    c = compared(r, PRESSED, 0.5)
    assert abs(c.scores["Bias [-]"]) < 0.01 and c.scores["Concordance [-]"] > 0.99
    assert c.scores["Registration residual [mm]"] < 0.2
    write(c, tmp_path / "out")


def test_units_frames_and_separators(tmp_path: Path) -> None:
    options = checked(SensorOptions, SENSOR | {"unit": "kPa"}, "t")
    a = read_sensor(sensor_file(tmp_path / "a.csv", 1e3 * TRUE, ";"), options)
    b = read_sensor(sensor_file(tmp_path / "b.csv", TRUE), checked(SensorOptions, SENSOR, "t"))
    np.testing.assert_allclose(a.pressure, b.pressure, rtol=1e-5)
    two = sensor_file(tmp_path / "c.csv", np.minimum(TRUE, 3.0)).read_text(encoding="utf-8")
    (tmp_path / "c.csv").write_text(two + (tmp_path / "b.csv").read_text(encoding="utf-8"), encoding="utf-8")
    both = read_sensor(tmp_path / "c.csv", checked(SensorOptions, SENSOR, "t"))
    np.testing.assert_array_equal(both.pressure, b.pressure)  # the largest of all frames


def test_mistakes_of_a_sensor(tmp_path: Path) -> None:
    with pytest.raises(CaseError) as told:
        checked(SensorOptions, {}, "paper compare")
    assert all(f"--{n}: is missing" in str(told.value) for n in SENSOR)
    with pytest.raises(CaseError, match="noise must be above zero and below saturation"):
        checked(SensorOptions, SENSOR | {"noise": "20 MPa"}, "paper compare")
    words = tmp_path / "w.csv"
    words.write_text("a,b\nc,d\n", encoding="utf-8")
    with pytest.raises(CaseError, match="holds no matrix of numbers"):
        read_sensor(words, checked(SensorOptions, SENSOR, "t"))
    quiet = sensor_file(tmp_path / "q.csv", TRUE * 1e-3)
    with pytest.raises(CaseError, match="nowhere above the noise"):
        read_sensor(quiet, checked(SensorOptions, SENSOR, "t"))


# -- files ---------------------------------------------------------------------------------------------------


def test_page_table_and_figure(tmp_path: Path, good: Compared) -> None:
    files = {f.name: f for f in write(good, tmp_path)}
    text = files["compare.html"].read_text(encoding="utf-8")
    assert "<script" not in text and "http" not in text.replace("http-equiv", "")
    assert "Three &lt; holders" in text and text.count("<img") == 4
    assert files["compare.pdf"].read_bytes().startswith(b"%PDF")
    with files["compare.csv"].open(encoding="utf-8") as stream:
        table = list(csv.DictReader(stream))
    names = [r["metric"] for r in table]
    film = [n for n in COLUMNS if n in names]
    assert names[: len(film)] == film and names[len(film) :] == [n for n in DEFINITIONS if n in names]
    assert all(r["definition"] for r in table) and len(rows(good)) == len(table)


def test_command_line(tmp_path: Path) -> None:
    """A result's own virtual paper held beside it; an unknown interface is told."""
    whole = holder()
    data = maps(whole)
    with RunFolder(tmp_path, "one", "1") as run:
        run.finish(summary(whole, data), data, {})
    folder, image = str(run.folder), str(tmp_path / "p.png")
    told = ["--grade", "LW", "--hold", "continuous", "--temp", "24 degC", "--rh", "55 %"]

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "holdersim", "paper", *words]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert call("render", folder, *told, "--dpi", "300", "-o", image).returncode == 0
    done = call("compare", folder, image, *told, "-o", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert "Spearman [-]" in done.stdout and (tmp_path / "out" / "compare.html").is_file()
    wrong = call("compare", folder, image, *told, "--at", "cell_tpo")
    assert wrong.returncode == 2 and "is no interface or plane" in wrong.stderr
