"""The file of a chunk: whole lines only, one writer, two tries, and how rows stand by it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from holdersim.sweep.journal import TRIES, read, writing

OK = {"status": "ok", "numbers": {"x [-]": 1.0}}


def test_a_torn_line_is_passed_over_and_cut_off(tmp_path: Path) -> None:
    """What a dying writer left unfinished counts as not written; the next writer goes on behind the last whole line."""
    file = tmp_path / "0.jsonl"
    with writing(file) as journal:
        assert journal is not None
        journal.begin(3)
        journal.ended(3, OK)
        journal.begin(4)
        journal.ended(4, OK)
    whole = file.read_bytes()
    for cut in range(len(whole)):
        file.write_bytes(whole[:cut])
        lines = whole[:cut].count(b"\n")
        page = read(file)
        assert [k for k, r in sorted(page.rows.items()) if r.end] == [3, 4][: lines // 2]
        with writing(file) as journal:
            assert journal is not None
            for row in list(journal.open_rows([3, 4])):
                journal.ended(row, OK)
        assert [k for k, r in sorted(read(file).rows.items()) if r.end] == [3, 4]


def test_one_writer(tmp_path: Path) -> None:
    """A second one is told; a reader sees that somebody writes; a writer that is killed is gone."""
    file = tmp_path / "0.jsonl"
    with writing(file) as first, writing(file) as second:
        assert first is not None and second is None
        assert read(file).busy
    assert not read(file).busy
    code = (
        "import sys, time; from pathlib import Path; from holdersim.sweep.journal import writing\n"
        f"with writing(Path({str(file)!r})) as j: j.begin(7); print('here', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"here\n"
    assert read(file).busy and read(file).rows[7].begun == 1
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert not read(file).busy
    with writing(file) as journal:
        assert journal is not None and list(journal.open_rows([7])) == [7]


def test_a_row_that_kills_is_tried_twice(tmp_path: Path) -> None:
    """Begun and never ended, twice: killed, and passed over until it is opened again."""
    file = tmp_path / "0.jsonl"
    for _ in range(TRIES):
        with writing(file) as journal:
            assert journal is not None
            assert list(journal.open_rows([1])) == [1]
            journal.begin(1)
    with writing(file) as journal:
        assert journal is not None
        assert list(journal.open_rows([1, 2])) == [2]
    end = read(file).rows[1].end
    assert end is not None and end["status"] == "killed"
    with writing(file) as journal:
        assert journal is not None
        journal.again(1)
        assert list(journal.open_rows([1])) == [1]
