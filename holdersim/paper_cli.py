"""Command line of pressure paper: holdersim paper read, fuse, render, compare, infer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    help="Pressure paper: read a scan, show a result as paper would, compare both, infer the holder.",
    no_args_is_help=True,
)

Text = str | None
File = Path | None
Number = float | None
Result = Annotated[Path, typer.Argument(metavar="RESULT", help="folder of a result")]
Seen = Annotated[
    Path,
    typer.Argument(
        metavar="SCAN", help="image of the paper, folder of fused papers, or a sensor's map as CSV file"
    ),
]
Grade = Annotated[Text, typer.Option(help="grade of the paper, such as LW")]
Pressing = Annotated[
    Text, typer.Option("--pressing", "--hold", help="continuous (2 min, 2 min) or momentary")
]
Warm = Annotated[Text, typer.Option("--temperature", "--temp", help='room when pressed: "24 degC"')]
Damp = Annotated[Text, typer.Option("--humidity", "--rh", help='relative humidity: "55 %"')]
Curves = Annotated[File, typer.Option(help="CSV file with curves of your own")]
Wedge = Annotated[File, typer.Option(help="CSV file with patches pressed with known pressure")]
Samples = Annotated[File, typer.Option(help="CSV file with colour samples as your scanner sees them")]
Dpi = Annotated[Number, typer.Option(help="pixels per inch")]
Marks = Annotated[
    Text, typer.Option("--scale", help='two marks: "x1,y1,x2,y2,50 mm", pixels from the upper left')
]
Red = Annotated[Text, typer.Option("--outline", help='size of the red area: "35 mm x 15 mm"')]
Cell = Annotated[Text, typer.Option(help='side of the squares that are averaged, "0.25 mm" unless told')]
Show = Annotated[Text, typer.Option(help="pressure, density, or ratio: R/(G+B), an order without MPa")]
Blank = Annotated[Text, typer.Option(help="pixels of blank paper: x0,y0,x1,y1")]
Force = Annotated[Text, typer.Option(help='force that pressed the paper: "2625 N"')]
Sealed = Annotated[bool | None, typer.Option("--sealed", help="pressed inside a sealed bag")]
Mirror = Annotated[bool | None, typer.Option("--mirror", help="scanned face down")]
Blobs = Annotated[bool | None, typer.Option("--keep-blobs", help="read what looks like tape too")]
At = Annotated[Text, typer.Option(help="interface or plane; paper in the stack, else the cathode")]
Steps = Annotated[list[str] | None, typer.Option(help="step the paper felt (several: again); all")]
Pitch = Annotated[Text, typer.Option(help='sensor: distance of sensels, "1.27 mm"')]
Unit = Annotated[Text, typer.Option(help="sensor: unit of the numbers, MPa, kPa, bar, psi, Pa")]
Noise = Annotated[Text, typer.Option(help='sensor: tells nothing below, "0.05 MPa"')]
Saturation = Annotated[Text, typer.Option(help='sensor: tells nothing above, "10 MPa"')]
Accuracy = Annotated[Number, typer.Option(help="sensor: 95 % band of a sensel, share")]
Each = list[str] | None
Folder = Annotated[Path, typer.Option("-o", "--output", help="folder to write")]


@app.command("read")
def read_command(
    scan: Annotated[Path, typer.Argument(metavar="SCAN", help="image of the paper")],
    grade: Grade = None,
    pressing: Pressing = None,
    temperature: Warm = None,
    humidity: Damp = None,
    dpi: Dpi = None,
    scale: Marks = None,
    outline: Red = None,
    cell: Cell = None,
    show: Show = None,
    blank: Blank = None,
    force: Force = None,
    sealed: Sealed = None,
    mirror: Mirror = None,
    keep_blobs: Blobs = None,
    curves: Curves = None,
    wedge: Wedge = None,
    samples: Samples = None,
    output: Folder = Path("results/paper"),
) -> None:
    """Read a scan. Example: holdersim paper read a.tif --grade LW --hold continuous --temp "24 degC" --rh "55 %"."""
    said: dict[str, Any] = dict(locals())
    from .paper.files import messages, write_reading
    from .paper.measures import numbers
    from .paper.options import ReadOptions, checked
    from .paper.reading import read_scan

    reading = read_scan(scan, checked(ReadOptions, _but(said, "scan", "output"), "paper read"))
    _tell(messages(reading), numbers(reading), write_reading(reading, output))


@app.command("fuse")
def fuse_command(
    scan: Annotated[Path, typer.Argument(metavar="SCAN", help="image of one paper")],
    other: Annotated[Path, typer.Argument(metavar="OTHER", help="image of the other, of the same pressing")],
    grade: Annotated[Each, typer.Option(help="grade of each paper, in the order of the scans")] = None,
    pressing: Pressing = None,
    temperature: Warm = None,
    humidity: Damp = None,
    dpi: Annotated[Each, typer.Option(help="pixels per inch, once or for each")] = None,
    scale: Annotated[Each, typer.Option(help='two marks in each: "x1,y1,x2,y2,50 mm"')] = None,
    outline: Annotated[Each, typer.Option(help="size of the red area, once or for each")] = None,
    cell: Cell = None,
    blank: Annotated[Each, typer.Option(help="pixels of blank paper in each: x0,y0,x1,y1")] = None,
    force: Force = None,
    sealed: Sealed = None,
    keep_blobs: Blobs = None,
    curves: Curves = None,
    samples: Samples = None,
    output: Folder = Path("results/paper_fused"),
) -> None:
    """Two grades as one map. Example: holdersim paper fuse llw.tif lw.tif --grade LLW --grade LW --hold continuous."""
    said: dict[str, Any] = dict(locals())
    from .paper.files import messages
    from .paper.fused_files import write_fused
    from .paper.fusion import dealt, fuse, told
    from .paper.measures import numbers

    each = dealt(_but(said, "scan", "other", "output"), ("grade", "dpi", "scale", "outline", "blank"))
    found = fuse((scan, other), each)
    _tell([*messages(found.reading), *told(found)], numbers(found.reading), write_fused(found, output))


@app.command("render")
def render_command(
    result: Result,
    grade: Grade = None,
    pressing: Pressing = None,
    temperature: Warm = None,
    humidity: Damp = None,
    at: At = None,
    step: Steps = None,
    dpi: Annotated[float, typer.Option(help="pixels per inch")] = 600.0,
    turned: Annotated[Text, typer.Option(help='how it lies on the scanner: "3 deg"')] = None,
    mirror: Annotated[bool, typer.Option("--mirror", help="face down")] = False,
    page: Annotated[Text, typer.Option(help='size of the scan: "297 mm x 210 mm"')] = None,
    grain: Annotated[Number, typer.Option(help="scatter of the density over 0.1 mm, as a share")] = None,
    quality: Annotated[int | None, typer.Option(help="of a JPEG")] = None,
    seed: Annotated[int | None, typer.Option(help="of the grain")] = None,
    curves: Curves = None,
    wedge: Wedge = None,
    samples: Samples = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="image: .png, .jpg, .tif")] = Path(
        "virtual_paper.png"
    ),
) -> None:
    """Show a result as paper would. Example: holdersim paper render results/x/1 --grade LW -o paper.jpg."""
    said: dict[str, Any] = dict(locals())
    from .paper.options import RenderOptions, all_of, checked
    from .paper.render import image_kind, render_result

    given = _but(said, "result", "output", "step") | {"steps": _several(step)}
    where = "paper render"
    options, _ = all_of(where, lambda: checked(RenderOptions, given, where), lambda: image_kind(output))
    sheet = render_result(result, options)
    file = sheet.save(output, options.quality)
    _tell([*sheet.felt.remarks, *sheet.warnings], {}, [file])


@app.command("compare")
def compare_command(
    result: Result,
    scan: Seen,
    grade: Grade = None,
    pressing: Pressing = None,
    temperature: Warm = None,
    humidity: Damp = None,
    at: At = None,
    step: Steps = None,
    roi: Annotated[
        Text, typer.Option(help='what is compared: a layer, "x0,y0,x1,y1 mm" or more corners; all')
    ] = None,
    square: Annotated[
        Text, typer.Option(help="side of the squares compared; film resolution of the result")
    ] = None,
    fit_scale: Annotated[bool, typer.Option("--fit-scale", help="fit the scale of the scan too")] = False,
    dpi: Dpi = None,
    scale: Marks = None,
    outline: Red = None,
    cell: Cell = None,
    show: Show = None,
    blank: Blank = None,
    force: Force = None,
    sealed: Sealed = None,
    mirror: Mirror = None,
    keep_blobs: Blobs = None,
    curves: Curves = None,
    wedge: Wedge = None,
    samples: Samples = None,
    pitch: Pitch = None,
    unit: Unit = None,
    noise: Noise = None,
    saturation: Saturation = None,
    accuracy: Accuracy = None,
    output: Folder = Path("results/paper_compare"),
) -> None:
    """Hold a scan beside a result. Example: holdersim paper compare results/x/1 a.tif --grade LW --hold continuous."""
    said: dict[str, Any] = dict(locals())
    from .paper.comparing import Laying, compare, scan_options
    from .paper.options import all_of, checked
    from .report.paper_page import write

    own, where = ("at", "square", "fit_scale", "roi"), "paper compare"
    seen = _but(said, "result", "scan", "step", "output", *own)
    laid = {n: said[n] for n in own} | {"steps": _several(step)}
    laying, _ = all_of(where, lambda: checked(Laying, laid, where), lambda: scan_options(scan, seen, where))
    found = compare(result, scan, seen, laying)
    _tell(found.messages, found.scores, write(found, output))


@app.command("infer")
def infer_command(
    case: Annotated[Path, typer.Argument(metavar="CASE", help="case file, or folder of a result")],
    scan: Seen,
    flatness: Annotated[
        Text, typer.Option(help='known before: peak to valley of each shape, "10 um"')
    ] = None,
    rise: Annotated[Text, typer.Option(help='known before: rise of a wedge, "20 um"')] = None,
    bolts: Annotated[Number, typer.Option(help="known before: scatter of a bolt's force, share")] = None,
    order: Annotated[int | None, typer.Option(help="highest power of the shapes, 2 or 3")] = None,
    face: Annotated[Text, typer.Option(help="interface of the shapes; the uppermost")] = None,
    patchy: Annotated[Number, typer.Option(help="scatter of a square nothing explains, share")] = None,
    ends: Annotated[
        Text, typer.Option(help="pixels x1,y1,x2,y2 of marks at both ends of the map's middle line along x")
    ] = None,
    place: Annotated[Text, typer.Option(help='known before: where the paper lay, "0.2 mm"')] = None,
    alike: Annotated[Text, typer.Option(help='distance over which that scatter is alike, "3 mm"')] = None,
    at: At = None,
    grade: Grade = None,
    pressing: Pressing = None,
    temperature: Warm = None,
    humidity: Damp = None,
    dpi: Dpi = None,
    scale: Marks = None,
    outline: Red = None,
    cell: Cell = None,
    blank: Blank = None,
    sealed: Sealed = None,
    mirror: Mirror = None,
    keep_blobs: Blobs = None,
    curves: Curves = None,
    wedge: Wedge = None,
    samples: Samples = None,
    pitch: Pitch = None,
    unit: Unit = None,
    noise: Noise = None,
    saturation: Saturation = None,
    accuracy: Accuracy = None,
    output: Folder = Path("results/paper_infer"),
) -> None:
    """Bolt forces and flatness that explain a scan. Example: holdersim paper infer mine/case.toml a.tif --bolts 0.2."""
    said: dict[str, Any] = dict(locals())
    from .inverse import Priors, infer
    from .inverse.files import write
    from .paper.comparing import scan_options
    from .paper.options import all_of, checked

    known, where = [n for n in Priors.model_fields if n in said], "paper infer"
    seen = _but(said, "case", "scan", "at", "output", *known)
    priors, _ = all_of(
        where,
        lambda: checked(Priors, {n: said[n] for n in known}, where),
        lambda: scan_options(scan, seen, where),
    )
    found = infer(case, scan, seen, priors, at)
    _tell(found.messages, {}, [])
    for line in found.table():
        typer.echo(_unknown(line))
    _tell([], {}, write(found, output))


def _but(said: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """What was said, without some of it."""
    return {k: v for k, v in said.items() if k not in names}


def _several(words: list[str] | None) -> tuple[str, ...] | None:
    return tuple(words) if words else None


def _tell(notes: Iterable[str], numbers: Mapping[str, float | None], files: Iterable[Path]) -> None:
    """Notes to stderr; numbers that are told and files to stdout."""
    from .results.table import number

    for line in notes:
        typer.echo(f"note: {line}", err=True)
    for name, value in numbers.items():
        if value is not None:
            typer.echo(f"{name:<44} {number(value)}")
    for file in files:
        typer.echo(str(file))


def _unknown(t: Mapping[str, Any]) -> str:
    """One unknown of an inference in a line."""
    from .results.table import number

    ends = f"{number(t['2.5 %'])} to {number(t['97.5 %'])}"
    return (
        f"{t['unknown']:<20} {number(t['value']):>8} {t['unit']:<3} 95 %: {ends:<20} told {t['told [-]']:.0%}"
    )
