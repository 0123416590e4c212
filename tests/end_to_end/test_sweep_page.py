"""The page of a sweep in a browser: sorts numbers as numbers with failures last, fits a telephone, asks no network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from swept import HEAD, written
from test_compare_page import CHROMIUM, Browser

from holdersim import sweep
from holdersim.sweep.journal import writing
from holdersim.sweep.page import report

PRESSURES = (10, 2, 9, 1, 100, 3, 5)
LOST = 2
"""Number of the row that failed."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of seven rows, one failed and one invalid, whose numbers are made up: 20 over the pressure."""
    folder = tmp_path_factory.mktemp("swept")
    values = ", ".join(f'"{p} MPa"' for p in PRESSURES) + ', "x"'
    table = f'[sweep]\nsample = "grid"\nwatch = "CV [-]"\n[sweep.vary]\n"steps[0].pressure" = [{values}]\n'
    plan = sweep.make(written(folder, HEAD + table), folder / "plan")
    (chunk,) = plan.chunks
    with writing(plan.file(0)) as journal:
        assert journal is not None
        for row in chunk:
            if row == LOST:
                journal.ended(row, {"status": "failed", "class": "GeometryError", "message": "no <mesh>"})
            else:
                journal.ended(row, {"status": "ok", "numbers": {"cathode: CV [-]": 20 / PRESSURES[row]}})
    return report(plan.folder)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("no Chromium here: install it, or name one in HOLDERSIM_CHROMIUM")
    made = Browser(tmp_path_factory.mktemp("profile"))
    yield made
    made.close()


def order(browser: Browser, head: str) -> list[int]:
    """Rows of the last table after a click on a head."""
    script = f"""(() => {{
      const table = [...document.querySelectorAll("table.sort")].at(-1);
      [...table.tHead.rows[0].cells].find(h => h.textContent.startsWith({head!r})).click();
      return [...table.tBodies[0].rows].map(r => Number(r.cells[0].textContent));
    }})()"""
    found: list[int] = browser.value(script)
    return found


def test_sorting(page: Path, browser: Browser) -> None:
    """Up at the first click, down at the second; rows without the number last both times; rows come back in order."""
    browser.show(page, 1280)
    by_number = sorted((k for k in range(7) if k != LOST), key=lambda k: -PRESSURES[k])
    assert order(browser, "cathode: CV")[:6] == by_number
    assert set(order(browser, "cathode: CV")[6:]) == {LOST, 7}
    assert order(browser, "cathode: CV")[:6] == by_number
    assert order(browser, "row") == list(range(8))
    assert order(browser, "row") == list(range(8))[::-1]
    by_status = order(browser, "status")
    assert by_status[0] == LOST and by_status[1] == 7  # failed, invalid, ok


@pytest.mark.parametrize("width", [360, 1280])
def test_fits_and_is_alone(page: Path, browser: Browser, width: int) -> None:
    """No sideways scrolling of the whole page, no request but the page itself, nothing in the log."""
    browser.show(page, width)
    assert browser.value("document.documentElement.scrollWidth") <= width
    asked = [
        e["params"]["request"]["url"] for e in browser.events if e["method"] == "Network.requestWillBeSent"
    ]
    assert [u for u in asked if not u.startswith("data:")] == [page.as_uri()]
    assert not [e for e in browser.events if e["method"] in ("Log.entryAdded", "Runtime.exceptionThrown")]
    assert browser.value("document.body.innerText").count("no <mesh>") >= 1
