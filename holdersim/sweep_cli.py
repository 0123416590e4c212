"""Command line of sweeps: holdersim sweep plan, run, submit, status, resume, collect, report."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Many cases that differ in some keys, on this machine or on Slurm.", no_args_is_help=True
)

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="folder of a plan")]
Workers = Annotated[int | None, typer.Option("--local", help="processes on this machine; one a core", min=1)]
Tasks = Annotated[int, typer.Option("--tasks", "--chunks", help="workers of the array job")]
Time = Annotated[str, typer.Option(help="limit of each")]
Partition = Annotated[str, typer.Option(help="partition")]
Account = Annotated[str, typer.Option(help="account")]
Memory = Annotated[int, typer.Option(help="memory of each [MB]")]
Throttle = Annotated[int, typer.Option(help="workers at once at most; 0: no limit")]
Dry = Annotated[bool, typer.Option("--dry-run", help="print the script, submit nothing")]


@app.callback()
def _progress() -> None:
    logging.getLogger("holdersim.sweep").setLevel(logging.INFO)
    if not logging.getLogger("holdersim").handlers:
        logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")


@app.command()
def plan(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="case file with the tables [sweep] and [sweep.vary]")
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="folder; results/NAME unless told")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="also where it takes very long")] = False,
) -> None:
    """Check every row and write the plan. Nothing is solved. Example: holdersim sweep plan cases/sweeps/torque.toml"""
    from .sweep import make
    from .sweep.reading import gathered

    folder = output or Path("results") / file.stem
    made = make(file, folder, yes=yes)
    told, wrong = made.data["estimate"], made.invalid
    least = "" if told["exact"] else "at least "
    typer.echo(f"{len(made.rows)} rows, {len(made.chunks)} chunks in {folder}")
    typer.echo(
        f"superelements: {least}{told['superelements']} distinct, {told['superelements_missing']} still to be made"
    )
    typer.echo(
        f"estimated, within a factor of three: {told['core_hours']:.2g} core-hours "
        f"({told['core_hours_making']:.2g} for superelements), {told['disk_MB']:.3g} MB"
    )
    if wrong:
        typer.echo(f"{len(wrong)} rows are invalid and will not be run (all in plan.csv):", err=True)
        for mistake in gathered(wrong):
            typer.echo(f"  {mistake}", err=True)
    typer.echo(f"Next: holdersim sweep run {folder}")


@app.command()
def run(folder: Folder, workers: Workers = None) -> None:
    """Solve the rows of a plan with processes on this machine."""
    from .sweep import begin
    from .sweep.start import refuse_ranks

    refuse_ranks()
    typer.echo(begin(folder, workers).line())


@app.command()
def submit(
    folder: Folder,
    tasks: Tasks = 20,
    time: Time = "02:00:00",
    partition: Partition = "",
    account: Account = "",
    memory: Memory = 4000,
    throttle: Throttle = 0,
    dry_run: Dry = False,
) -> None:
    """Submit one array job to Slurm whose tasks solve the rows of a plan."""
    from .sweep.slurm import Job
    from .sweep.start import begin_job

    typer.echo(begin_job(folder, Job(tasks, time, partition, account, memory, throttle), dry_run))


@app.command()
def status(folder: Folder) -> None:
    """Count the rows of a plan by what has become of them."""
    from .sweep import counts

    typer.echo(counts(folder).line())


@app.command()
def resume(
    folder: Folder,
    failed: Annotated[
        str, typer.Option(help="also rows that failed with these classes, separated by commas; all")
    ] = "",
    workers: Workers = None,
    slurm: Annotated[bool, typer.Option("--slurm", help="as an array job")] = False,
    tasks: Tasks = 20,
    time: Time = "02:00:00",
    partition: Partition = "",
    account: Account = "",
    memory: Memory = 4000,
    throttle: Throttle = 0,
) -> None:
    """Solve what was not, or was killed. Rows that are ok are never solved again."""
    from .sweep.slurm import Job
    from .sweep.start import refuse_ranks, resumed, resumed_job

    refuse_ranks()
    classes = [c.strip() for c in failed.split(",") if c.strip()]
    if slurm:
        typer.echo(resumed_job(folder, classes, Job(tasks, time, partition, account, memory, throttle)))
    else:
        typer.echo(resumed(folder, classes, workers).line())


@app.command()
def collect(folder: Folder) -> None:
    """Write table.parquet, table.csv and failures.csv: one row for each row of the plan."""
    from .sweep.table import collect as collected

    for file in collected(folder):
        typer.echo(str(file))


@app.command()
def report(
    folder: Folder,
    watch: Annotated[str | None, typer.Option(help="number that is drawn, or the end of its name")] = None,
) -> None:
    """Write one page with pictures and a table that can be sorted; it opens offline."""
    from .sweep.page import report as reported

    typer.echo(str(reported(folder, watch)))


@app.command(hidden=True)
def work(
    folder: Folder,
    task: Annotated[int, typer.Option(help="number of this worker")] = 0,
    of: Annotated[int, typer.Option(help="number of all workers")] = 1,
) -> None:
    """Be one worker of a plan until nothing is open."""
    from .sweep import open_plan
    from .sweep import work as worker

    worker(folder, task * len(open_plan(folder).chunks) // max(of, 1))


@app.command()
def row(
    folder: Folder,
    number: Annotated[int, typer.Argument(metavar="ROW", help="number of a row")],
    output: Annotated[Path, typer.Option("-o", "--output", help="folder of all results")] = Path("results"),
) -> None:
    """Solve one row alone, with all maps, fields and pictures."""
    from .results import short_summary
    from .run import run as solve
    from .sweep.start import case_of

    typer.echo(short_summary(solve(case_of(folder, number), results=output)))
