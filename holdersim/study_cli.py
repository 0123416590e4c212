"""Command line of studies: holdersim optimise, tolerance, crown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

StudyPath = Annotated[Path, typer.Argument(help="study file (TOML)", metavar="STUDY")]


def mount(app: typer.Typer, log: Callable[[], None]) -> None:
    """Add the commands; log sends progress to the terminal."""

    @app.command()
    def optimise(
        study: StudyPath, output: Annotated[Path, typer.Option("-o", "--output")] = Path("results/studies")
    ) -> None:
        """Search the best design. Example: holdersim optimise cases/studies/plate.toml"""
        from .study.design_files import optimise_file

        log()
        _tell(optimise_file(study, output))

    @app.command()
    def tolerance(
        study: StudyPath, output: Annotated[Path, typer.Option("-o", "--output")] = Path("results/studies")
    ) -> None:
        """What scatter does to the pressure. Example: holdersim tolerance cases/studies/tolerance_bare.toml"""
        from .study.tolerance_files import tolerance_file

        log()
        _tell(tolerance_file(study, output))

    @app.command()
    def crown(
        case: Annotated[Path, typer.Argument(help="case file (TOML)", metavar="CASE")],
        at: Annotated[str, typer.Option(help="map that judges: an interface or a plane")] = "cathode",
        output: Annotated[Path, typer.Option("-o", "--output")] = Path("results/crown"),
    ) -> None:
        """Plate shape that makes the pressure even. Example: holdersim crown cases/studies/bare_5MPa.toml"""
        from .study.crown_files import crown_case

        log()
        _tell(crown_case(case, output, at))


def _tell(files: list[Path]) -> None:
    for file in files:
        typer.echo(str(file))
