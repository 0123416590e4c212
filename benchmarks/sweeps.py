"""Sweeps: bookkeeping of ten thousand rows, and a thousand points by one and two workers, ten of them solved alone.

    env/run python -m benchmarks.sweeps            everything, some five minutes on two quiet cores
    env/run python -m benchmarks.sweeps --quick    bookkeeping only, half a minute

Wall-clock seconds: a busy machine shows. The bookkeeping fills the plan's files with copies of one solved point, to be
timed without ten thousand solves; the thousand points are solved.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from holdersim import sweep
from holdersim.run import run
from holdersim.shelf import cache_folder
from holdersim.sweep.journal import writing
from holdersim.sweep.point import Bench
from holdersim.sweep.status import ends
from holdersim.sweep.table import table

CASE = Path(__file__).resolve().parents[1] / "cases" / "sweeps" / "bare_scatter.toml"


def wall(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of a call, and what it returns."""
    began = time.monotonic()
    out = work()
    return time.monotonic() - began, out


def told(what: str, value: float, target: float, unit: str = "s") -> None:
    """One line of the table."""
    print(f"{what:<66}{value:>10.3g} {unit:<6} target {target:g}", flush=True)


def bookkeeping(folder: Path) -> None:
    """Plan, status, table and files of 10,000 rows."""
    text = CASE.read_text(encoding="utf-8").replace("count = 1000", "count = 10000")
    text = "\n".join(line for line in text.split("\n") if not line.startswith('"steps[1]'))
    begin, end = text.index('[[steps]]\ndo = "charge"'), text.index("[grid]")
    (folder / "many.toml").write_text(text[:begin] + text[end:], encoding="utf-8")
    seconds, plan = wall(lambda: sweep.make(folder / "many.toml", folder / "many"))
    told("plan of 10,000 rows, every one checked", seconds, 20)
    numbers = Bench(cache_folder()).solve(plan.cases.case(plan.rows[0]))
    end_line = {"identity": "0" * 10, "status": "ok", "numbers": numbers, "seconds": 0.1}
    for k, rows in enumerate(plan.chunks):
        with writing(plan.file(k)) as journal:
            assert journal is not None
            for row in rows:
                journal.begin(row)
                journal.ended(row, end_line)
    told("status of 10,000 rows", wall(lambda: sweep.counts(folder / "many"))[0], 3)
    told("table of 10,000 rows", wall(lambda: sweep.collect(folder / "many"))[0], 30)
    told("files of 10,000 rows", sum(1 for f in (folder / "many").rglob("*") if f.is_file()), 500, "files")


def thousand(folder: Path) -> None:
    """A thousand points after their superelements exist, by one and two workers; ten solved alone by `run`."""
    plans = {n: sweep.make(CASE, folder / f"by{n}") for n in (1, 2)}
    bench, seen = Bench(cache_folder()), set()
    for row in plans[1].rows:
        if (alloy := row["holder.plate.material"]) not in seen:
            seen.add(alloy)
            bench.model(plans[1].cases.case(row))
    first = plans[1].cases.case(plans[1].rows[0])
    models = [bench.model(first.with_("holder.plate.material", m)) for m in ("SS304", "4140")]
    made = sum(not part.condenser.from_cache for part in models[1].parts.values())
    told("superelements made for an alloy of the same Poisson's ratio", made, 0, "-")
    del models
    seconds = {n: wall(lambda n=n: sweep.begin(folder / f"by{n}", n))[0] for n in plans}  # type: ignore[misc]
    told("1,000 points by two workers", seconds[2], 120)
    told("one worker over two", seconds[1] / seconds[2], 2, "x")
    lines = [[{k: v for k, v in r.items() if k != "seconds [s]"} for r in table(p)] for p in plans.values()]
    told(
        "rows in which one and two workers differ",
        sum(a != b for a, b in zip(*lines, strict=True)),
        0,
        "rows",
    )
    assert all(e["status"] == "ok" for e in ends(plans[2]))
    worst = 0.0
    for k in random.Random(1).sample(range(1000), 10):
        result = run(plans[2].cases.case(plans[2].rows[k]), folder / "alone", pictures=False, fields=False)
        for face, numbers in result.at()["interfaces"].items():
            scale = max(abs(v) for v in numbers.values() if v is not None)
            for name, value in numbers.items():
                if value is not None:
                    worst = max(
                        worst, abs(lines[1][k][f"{face}: {name}"] - value) / max(abs(value), 1e-6 * scale)
                    )
    told("largest difference from ten points solved alone, relative", worst, 1e-8, "-")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="bookkeeping only")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as place:
        bookkeeping(Path(place))
        if not quick:
            thousand(Path(place))


if __name__ == "__main__":
    main()
