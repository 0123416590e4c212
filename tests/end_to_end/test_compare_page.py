"""`holdersim compare` from case files to a page that a real browser shows without a fault, on a screen and a phone."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from runs import TOML, command

import holdersim
from holdersim.report import compare

CHROMIUM = (
    os.environ.get("HOLDERSIM_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
)
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe",
)  # fmt: skip
WAIT = 60.0


class Browser:
    """A headless Chromium, spoken to in the DevTools protocol through a pipe (its descriptors 3 and 4)."""

    def __init__(self, profile: Path):
        there, self._out = os.pipe()
        self._in, back = os.pipe()
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (there, back)]  # clear of 3 and 4
        self._process = subprocess.Popen(
            [str(CHROMIUM), *QUIET, f"--user-data-dir={profile}"],
            pass_fds=(3, 4),
            preexec_fn=lambda: [os.dup2(end, k) for k, end in enumerate(ends, 3)] and None,
            stderr=subprocess.DEVNULL,
        )
        for end in (there, back, *ends):
            os.close(end)
        self._left, self._count, self.events = b"", 0, list[dict[str, Any]]()
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for part in ("Network", "Runtime", "Log", "Page"):
            self.call(f"{part}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Answer to one command."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        session = getattr(self, "_session", None)
        os.write(
            self._out, json.dumps(message | ({"sessionId": session} if session else {})).encode() + b"\0"
        )
        while True:
            got = self._next()
            if got.get("id") == self._count:
                assert "error" not in got, got["error"]
                answer: dict[str, Any] = got["result"]
                return answer

    def _next(self) -> dict[str, Any]:
        end = time.monotonic() + WAIT
        while b"\0" not in self._left:
            ready, _, _ = select.select([self._in], [], [], max(0.0, end - time.monotonic()))
            chunk = os.read(self._in, 1 << 20) if ready else b""
            assert chunk, "the browser does not answer"
            self._left += chunk
        line, self._left = self._left.split(b"\0", 1)
        got: dict[str, Any] = json.loads(line)
        if "method" in got:
            self.events.append(got)
        return got

    def show(self, page: Path, width: int) -> None:
        """Load a page in a window of some width and wait until it is there."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        self.events.clear()
        self.call("Page.navigate", url=page.as_uri())
        while not any(e["method"] == "Page.loadEventFired" for e in self.events):
            self._next()

    def value(self, script: str) -> Any:
        """What a script on the page gives."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"]["value"]

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(WAIT)
        os.close(self._in)
        os.close(self._out)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page made by the command line: two holders, one at two loads; that one is not solved before."""
    root = tmp_path_factory.mktemp("compare")
    for thickness, load in ((4, 2), (12, 2), (4, 5)):
        text = TOML.replace('thickness = "4 mm"', f'thickness = "{thickness} mm"')
        file = root / f"t{thickness}_{load}.toml"
        file.write_text(text.replace('"5 MPa"', f'"{load} MPa"'))
        if load == 2:
            holdersim.run(holdersim.read_case(file), root / "results", pictures=False, fields=False)
    cases = sorted(p.name for p in root.glob("*.toml"))
    done = command("compare", *cases, "-o", "page", cwd=root)
    assert done.returncode == 0, done.stderr
    assert "not solved yet, so solved first: t4_5" in done.stderr
    made = [root / line for line in done.stdout.split()]
    assert made[0].name == "comparison.html" and len(made) == 9
    assert all(p.is_file() for p in made)
    return root


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("no Chromium here: install it, or name one in HOLDERSIM_CHROMIUM")
    made = Browser(tmp_path_factory.mktemp("profile"))
    yield made
    made.close()


def test_solved_cases_are_not_solved_again(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The second time the results are there, and the page is the same."""
    caplog.set_level("INFO", "holdersim")
    files = compare(sorted(folder.glob("*.toml")), folder / "again", folder / "results")
    assert "solv" not in caplog.text
    assert files[0].read_text() == (folder / "page" / "comparison.html").read_text()


def test_a_case_that_is_refused_is_named(folder: Path) -> None:
    """The page shows the others, says what is missing and why, and the exit code is that of the refusal."""
    beside = TOML.replace('bolt = "M4"', 'bolt = "M4"\nbolts = [["16 mm", "12 mm"], ["-16 mm", "12 mm"]]')
    (folder / "beside.toml").write_text(beside)
    done = command("compare", "t4_2.toml", "beside.toml", "t12_2.toml", "-o", "less", cwd=folder)
    (folder / "beside.toml").unlink()
    assert done.returncode == 4 and "resultant lies outside the pressed area" in done.stderr
    page = (folder / "less" / "comparison.html").read_text()
    assert "beside is missing: " in page and "t12_2" in page


PICTURES = """
Promise.all([...document.images].map(i => i.decode().then(() =>
    ({width: i.naturalWidth, shown: i.getBoundingClientRect().width, alt: i.alt}))))
"""
TABLES = """
[...document.querySelectorAll('table')].map(t => [...t.rows].map(r =>
    [...r.cells].reduce((n, c) => n + c.colSpan, 0)))
"""


@pytest.mark.parametrize("width", (1280, 360))
def test_page_in_a_browser(folder: Path, browser: Browser, width: int) -> None:
    """Nothing fetched from elsewhere, no fault, all pictures decoded, all rows full, nothing wider than the window."""
    page = folder / "page" / "comparison.html"
    browser.show(page, width)
    pictures = browser.value(PICTURES)
    seen = [e for e in browser.events if e["method"] == "Network.requestWillBeSent"]
    outside = {e["params"]["request"]["url"] for e in seen} - {page.as_uri()}
    assert seen and all(url.startswith("data:") for url in outside)
    faults = (
        "Network.loadingFailed",
        "Runtime.exceptionThrown",
        "Runtime.consoleAPICalled",
        "Log.entryAdded",
    )
    assert not [e for e in browser.events if e["method"] in faults]
    assert len(pictures) == 7
    for picture in pictures:
        assert picture["width"] > 500 and 0.5 * min(width, 900) < picture["shown"] <= width
        assert "CV" in picture["alt"]
    for rows in browser.value(TABLES):
        assert len(rows) > 1 and len(set(rows)) == 1
    assert browser.value("document.documentElement.scrollWidth") <= width


def test_page_on_paper(folder: Path, browser: Browser) -> None:
    """The page prints on several sheets and is no wider than A4 (688 pixels between margins of 14 mm)."""
    browser.call("Emulation.setEmulatedMedia", media="print")
    browser.show(folder / "page" / "comparison.html", 688)
    assert browser.value("document.documentElement.scrollWidth") <= 688
    paper = base64.b64decode(browser.call("Page.printToPDF")["data"])
    assert paper.startswith(b"%PDF") and len(paper) > 50_000
    assert 2 <= paper.count(b"/Type /Page\n") + paper.count(b"/Type /Page ") <= 15
