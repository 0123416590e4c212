"""Command line. Each command reads, calls one function and prints; an error ends with its exit code."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import __version__, ranks
from .errors import EnvironmentProblem, HoldersimError
from .paper_cli import app as paper_app
from .study_cli import mount as mount_studies
from .sweep_cli import app as sweep_app

if TYPE_CHECKING:
    from .weight.page import Further

EXAMPLES = """Exit codes: 0 ok, 2 invalid input, 3 not converged, 4 physically refused, 5 environment.

Examples:

  holdersim init mine             writes mine/case.toml, commented

  holdersim check mine/case.toml  reads it and says what was understood

  holdersim run mine/case.toml    solves; results/case/<identity>/

  holdersim materials SS304       numbers with their sources
"""

app = typer.Typer(
    help=__doc__.splitlines()[0] if __doc__ else None,
    epilog=EXAMPLES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(paper_app, name="paper")
app.add_typer(sweep_app, name="sweep")
CaseFile = Annotated[Path, typer.Argument(help="case file (TOML)", metavar="CASE")]
Results = Annotated[Path, typer.Option("-o", "--output", help="folder of all results")]


@app.callback(
    invoke_without_command=True, help="The pressure a battery pouch cell really feels inside its holder."
)
def _common(
    version: Annotated[bool, typer.Option("--version", help="print the version", is_eager=True)] = False,
    debug: Annotated[bool, typer.Option("--debug", help="show the traceback of an error")] = False,
) -> None:
    if version:
        typer.echo(f"holdersim {__version__}")
        raise typer.Exit()


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="folder for the new case")] = Path("."),
    holder: Annotated[
        str, typer.Option(help="bare_uniaxial, gasketed_uniaxial or isostatic_chamber")
    ] = "bare_uniaxial",
) -> None:
    """Write a commented case file to start from. Example: holdersim init mine"""
    from importlib.resources import files

    from .errors import CaseError, Mistake

    file = folder / "case.toml"
    starters = {Path(f.name).stem: f for f in files("holdersim").joinpath("starters").iterdir()}
    if holder not in starters:
        raise CaseError(
            "init", [Mistake("--holder", f"must be one of {', '.join(sorted(starters))}.", holder)]
        )
    if file.exists():
        raise CaseError(str(file), [Mistake("file", "is there already.", hint="Name another folder.")])
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(starters[holder].read_text(encoding="utf-8"), encoding="utf-8")
    typer.echo(f"{file}\nNext: holdersim check {file}")


@app.command()
def check(case: CaseFile) -> None:
    """Read a case and tell all mistakes at once. Nothing is solved; prints what was understood."""
    from .case import read_case
    from .overview import case_text

    typer.echo(case_text(read_case(case)))


@app.command()
def show(case: CaseFile, output: Annotated[Path, typer.Option("-o", "--output")] = Path("show")) -> None:
    """Draw plan and section of a case. Nothing is solved."""
    from .case import read_case
    from .plots import show as draw_plan

    _print_files(draw_plan(read_case(case).assembly(), output))


@app.command()
def run(
    case: CaseFile,
    output: Results = Path("results"),
    force: Annotated[bool, typer.Option("--force", help="solve again even if the result is there")] = False,
    fields: Annotated[
        bool,
        typer.Option(help="displacement and stress inside the bodies; without them a new load takes seconds"),
    ] = True,
    refine: Annotated[
        bool, typer.Option("--refine", help="also on finer grid and meshes; prints a table")
    ] = False,
) -> None:
    """Solve a case. Example: holdersim run cases/bare_uniaxial_5MPa.toml"""
    from .case import read_case
    from .results import short_summary
    from .run import refine as refined
    from .run import run as solve

    _log_to_terminal()
    read = read_case(case)
    typer.echo(short_summary(solve(read, results=output, force=force, fields=fields)))
    if refine:
        typer.echo(refined(read, output))


@app.command()
def cache(
    trim: Annotated[
        str, typer.Option(help='remove what was used longest ago until this is left: "5 GB"')
    ] = "",
    clear: Annotated[bool, typer.Option("--clear", help="remove everything")] = False,
) -> None:
    """Condensed bodies kept for later runs: how many, how large. Example: holdersim cache --trim "5 GB\""""
    from .cache import SIZE, size, text
    from .cache import trim as trimmed
    from .errors import CaseError, Mistake
    from .shelf import cache_folder
    from .units import UnitMistake, read

    if trim and clear:
        raise CaseError("cache", [Mistake("--trim", "either --trim or --clear.", f'"{trim}"')])
    try:
        most = read(trim, SIZE) if trim else 0.0
    except UnitMistake as m:
        raise CaseError("cache", [Mistake("--trim", m.problem, f'"{trim}"', m.hint)]) from None
    if trim or clear:
        gone = trimmed(cache_folder(), most)
        typer.echo(f"removed {len(gone)} entries, {size(gone)}")
    typer.echo(text(cache_folder()))


@app.command()
def materials(name: Annotated[str | None, typer.Argument(help="material or alias")] = None) -> None:
    """List the materials, or one with its sources. Example: holdersim materials 6061"""
    from .errors import CaseError, Mistake
    from .overview import materials_text

    try:
        typer.echo(materials_text(name))
    except KeyError as unknown:
        raise CaseError("materials", [Mistake("name", unknown.args[0])]) from None


@app.command()
def plot(result: Annotated[Path, typer.Argument(help="folder of a result", metavar="RESULT")]) -> None:
    """Draw the pictures of a result again."""
    from .plots import draw

    _print_files(draw(result))


@app.command()
def compare(
    places: Annotated[list[Path], typer.Argument(help="result folders or case files", metavar="A B ...")],
    output: Annotated[Path, typer.Option("-o", "--output")] = Path("results/comparison"),
    results: Annotated[Path, typer.Option(help="where the results of case files are")] = Path("results"),
) -> None:
    """Results on one scale: a page, a table, pictures. Example: holdersim compare cases/three_holders/*.toml"""
    from .report import compare as compared

    _log_to_terminal()
    _print_files(compared(places, output, results))


@app.command()
def weigh(
    studies: Annotated[list[Path], typer.Argument(help="study files (TOML)", metavar="STUDY ...")],
    output: Annotated[Path, typer.Option("-o", "--output")] = Path("results/weights"),
    verify: Annotated[str | None, typer.Option(help="fe: chosen holders by finite elements too")] = None,
    size: Annotated[str | None, typer.Option(help="fe: plates and chambers of equal uniformity")] = None,
) -> None:
    """Weight of holders by closed forms: page and tables. Example: holdersim weigh cases/weights/*.toml"""
    from .weight.page import weigh_files

    _log_to_terminal()
    _print_files(weigh_files(studies, output, _by_elements(verify, size)))


def _by_elements(verify: str | None, size: str | None) -> list[Further]:
    """What finite elements add to a weight study; none of FEniCS without these options."""
    from .errors import CaseError, Mistake

    given = {"--verify": verify, "--size": size}
    wrong = [Mistake(n, "must be fe.", f'"{v}"') for n, v in given.items() if v not in (None, "fe")]
    if wrong:
        raise CaseError("weigh", wrong)
    out: list[Further] = []
    if verify:
        from .sized.verify import verify as by_elements

        out.append(by_elements)
    if size:
        from .sized.sizing import size as sized

        out.append(sized)
    return out


@app.command()
def export(
    case: CaseFile,
    to: Annotated[str, typer.Option("--to", help="calculix")] = "calculix",
    output: Annotated[Path, typer.Option("-o", "--output", help="file to write")] = Path("case.inp"),
) -> None:
    """Write bodies, mesh, contact and load for CalculiX. Example: holdersim export x.toml -o x.inp"""
    from .case import read_case
    from .errors import CaseError, Mistake
    from .export import calculix

    if to != "calculix":
        raise CaseError("export", [Mistake("--to", "must be calculix.", f'"{to}"')])
    read = read_case(case)
    assembly, forces = read.assembly(), read.final_forces()
    _print_files([calculix.write(assembly, output, {b.name: forces[b.name] for b in assembly.bolts})])


def _print_files(files: list[Path]) -> None:
    for file in files:
        typer.echo(str(file))


def _log_to_terminal() -> None:
    """Progress through logging: coloured lines on a terminal, plain ones in a batch log."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.logging import RichHandler

        handler: logging.Handler = RichHandler(
            console=Console(stderr=True), show_path=False, show_level=False
        )
    else:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    logging.getLogger("holdersim").addHandler(handler)
    logging.getLogger("holdersim").setLevel(logging.INFO)


mount_studies(app, _log_to_terminal)


def main() -> None:
    """Run the command line, by the first of several ranks; the exit code says what went wrong."""
    debug = "--debug" in sys.argv
    sys.argv = [sys.argv[0], *(a for a in sys.argv[1:] if a != "--debug")]
    with _explained(debug), ranks.gathered(sys.argv[1:]), _explained(debug):
        app()


@contextmanager
def _explained(debug: bool) -> Iterator[None]:
    """An error becomes words and an exit code."""
    try:
        yield
    except Exception as error:
        if debug:
            raise
        text, code = _explain(error)
        typer.echo(text, err=True)
        sys.exit(code)


def _explain(error: Exception) -> tuple[str, int]:
    if isinstance(error, HoldersimError):
        return str(error), error.exit_code
    if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith("holdersim"):
        return (
            f"{error}. Run the command through `env/run`, which makes the environment.",
            EnvironmentProblem.exit_code,
        )
    return f"internal error, {type(error).__name__}: {error}. Run again with --debug and report it.", 1


if __name__ == "__main__":
    main()
