"""Command line of pressure paper: holdersim paper read, render, compare, infer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    help="Pressure paper: read a scan, show a result as paper would, compare both, infer the holder.",
    no_args_is_help=True,
)

Text = str | None
File = Path | None
Grade = Annotated[Text, typer.Option(help="grade of the paper, such as LW")]
Pressing = Annotated[
    Text, typer.Option("--pressing", "--hold", help="continuous (2 min, 2 min) or momentary")
]
Warm = Annotated[Text, typer.Option("--temperature", "--temp", help='room when pressed: "24 degC"')]
Damp = Annotated[Text, typer.Option("--humidity", "--rh", help='relative humidity: "55 %"')]
Curves = Annotated[File, typer.Option(help="CSV file with curves of your own")]
Wedge = Annotated[File, typer.Option(help="CSV file with patches pressed with known pressure")]
Samples = Annotated[File, typer.Option(help="CSV file with colour samples as your scanner sees them")]


@app.command("read")
def read_command(
    scan: Annotated[Path, typer.Argument(metavar="SCAN", help="image of the paper")],
    grade: Grade = None,
    pressing: Pressing = None,
    temperature: Warm = None,
    humidity: Damp = None,
    dpi: Annotated[float | None, typer.Option(help="pixels per inch")] = None,
    scale: Annotated[
        Text, typer.Option(help='two marks: "x1,y1,x2,y2,50 mm", pixels from the upper left')
    ] = None,
    outline: Annotated[Text, typer.Option(help='size of the red area: "35 mm x 15 mm"')] = None,
    cell: Annotated[
        Text, typer.Option(help='side of the squares that are averaged, "0.25 mm" unless told')
    ] = None,
    show: Annotated[Text, typer.Option(help="pressure, density, or ratio: R/(G+B), an order")] = None,
    blank: Annotated[Text, typer.Option(help="pixels of blank paper: x0,y0,x1,y1")] = None,
    force: Annotated[Text, typer.Option(help='force that pressed the paper: "2625 N"')] = None,
    sealed: Annotated[bool, typer.Option("--sealed", help="pressed inside a sealed bag")] = False,
    mirror: Annotated[bool, typer.Option("--mirror", help="scanned face down")] = False,
    keep_blobs: Annotated[bool, typer.Option("--keep-blobs", help="read what looks like tape too")] = False,
    curves: Curves = None,
    wedge: Wedge = None,
    samples: Samples = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="folder to write")] = Path("results/paper"),
) -> None:
    """Read a scan. Example: holdersim paper read a.tif --grade LW --hold continuous --temp "24 degC" --rh "55 %"."""
    said: dict[str, Any] = dict(locals())
    from .paper.files import messages, write_reading
    from .paper.measures import numbers
    from .paper.options import ReadOptions, checked
    from .paper.reading import read_scan
    from .results.table import number

    given = {k: v for k, v in said.items() if k not in ("scan", "output")}
    reading = read_scan(scan, checked(ReadOptions, given, "paper read"))
    for line in messages(reading):
        typer.echo(f"note: {line}", err=True)
    for name, value in numbers(reading).items():
        if value is not None:
            typer.echo(f"{name:<34} {number(value)}")
    for file in write_reading(reading, output):
        typer.echo(str(file))


@app.command("render")
def render_command(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="folder of a result")],
    grade: Grade = None,
    pressing: Pressing = None,
    temperature: Warm = None,
    humidity: Damp = None,
    at: Annotated[Text, typer.Option(help="interface or plane; paper in the stack, else the cathode")] = None,
    step: Annotated[list[str] | None, typer.Option(help="step the paper felt (several: again); all")] = None,
    dpi: Annotated[float, typer.Option(help="pixels per inch")] = 600.0,
    turned: Annotated[Text, typer.Option(help='how it lies on the scanner: "3 deg"')] = None,
    mirror: Annotated[bool, typer.Option("--mirror", help="face down")] = False,
    page: Annotated[Text, typer.Option(help='size of the scan: "297 mm x 210 mm"')] = None,
    grain: Annotated[
        float | None, typer.Option(help="scatter of the density over 0.1 mm, as a share")
    ] = None,
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
    from .paper.options import RenderOptions, checked
    from .paper.render import render_result

    given = {k: v for k, v in said.items() if k not in ("result", "output", "step")}
    given["steps"] = tuple(step) if step else None
    options = checked(RenderOptions, given, "paper render")
    sheet = render_result(result, options)
    for line in (*sheet.felt.remarks, *sheet.warnings):
        typer.echo(f"note: {line}", err=True)
    typer.echo(str(sheet.save(output, options.quality)))


@app.command("compare")
def compare_command(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="folder of a result")],
    scan: Annotated[
        Path, typer.Argument(metavar="SCAN", help="image of the paper, or a sensor's map as CSV file")
    ],
    grade: Grade = None,
    pressing: Pressing = None,
    temperature: Warm = None,
    humidity: Damp = None,
    at: Annotated[Text, typer.Option(help="interface or plane; paper in the stack, else the cathode")] = None,
    step: Annotated[list[str] | None, typer.Option(help="step the paper felt (several: again); all")] = None,
    square: Annotated[
        Text, typer.Option(help="side of the squares compared; film resolution of the result")
    ] = None,
    fit_scale: Annotated[bool, typer.Option("--fit-scale", help="fit the scale of the scan too")] = False,
    dpi: Annotated[float | None, typer.Option(help="pixels per inch")] = None,
    scale: Annotated[Text, typer.Option(help='two marks: "x1,y1,x2,y2,50 mm"')] = None,
    outline: Annotated[Text, typer.Option(help='size of the red area: "35 mm x 15 mm"')] = None,
    cell: Annotated[Text, typer.Option(help='side of the squares read, "0.25 mm" unless told')] = None,
    show: Annotated[Text, typer.Option(help="pressure; density or ratio: only the order is compared")] = None,
    blank: Annotated[Text, typer.Option(help="pixels of blank paper: x0,y0,x1,y1")] = None,
    force: Annotated[Text, typer.Option(help="force that pressed the paper; that of the result")] = None,
    sealed: Annotated[bool | None, typer.Option("--sealed", help="pressed inside a sealed bag")] = None,
    mirror: Annotated[bool | None, typer.Option("--mirror", help="scanned face down")] = None,
    keep_blobs: Annotated[bool | None, typer.Option("--keep-blobs", help="read tape and labels too")] = None,
    curves: Curves = None,
    wedge: Wedge = None,
    samples: Samples = None,
    pitch: Annotated[Text, typer.Option(help='sensor: distance of sensels, "1.27 mm"')] = None,
    unit: Annotated[Text, typer.Option(help="sensor: unit of the numbers, MPa, kPa, bar, psi, Pa")] = None,
    noise: Annotated[Text, typer.Option(help='sensor: tells nothing below, "0.05 MPa"')] = None,
    saturation: Annotated[Text, typer.Option(help='sensor: tells nothing above, "10 MPa"')] = None,
    accuracy: Annotated[float | None, typer.Option(help="sensor: 95 % band of a sensel, share")] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="folder to write")] = Path(
        "results/paper_compare"
    ),
) -> None:
    """Hold a scan beside a result. Example: holdersim paper compare results/x/1 a.tif --grade LW --hold continuous."""
    said: dict[str, Any] = dict(locals())
    from .paper.comparing import Laying, compare
    from .paper.options import checked
    from .report.paper_page import write
    from .results.table import number

    laying = checked(
        Laying,
        {"at": at, "steps": tuple(step) if step else None, "square": square, "fit_scale": fit_scale},
        "paper compare",
    )
    own = ("result", "scan", "at", "step", "square", "fit_scale", "output")
    found = compare(result, scan, {k: v for k, v in said.items() if k not in own}, laying)
    for line in found.messages:
        typer.echo(f"note: {line}", err=True)
    for name, value in found.scores.items():
        if value is not None:
            typer.echo(f"{name:<44} {number(value)}")
    for file in write(found, output):
        typer.echo(str(file))


@app.command("infer")
def infer_command(
    case: Annotated[Path, typer.Argument(metavar="CASE", help="case file, or folder of a result")],
    scan: Annotated[
        Path, typer.Argument(metavar="SCAN", help="image of the paper, or a sensor's map as CSV file")
    ],
    flatness: Annotated[
        Text, typer.Option(help='known before: peak to valley of each shape, "10 um"')
    ] = None,
    rise: Annotated[Text, typer.Option(help='known before: rise of a wedge, "20 um"')] = None,
    bolts: Annotated[
        float | None, typer.Option(help="known before: scatter of a bolt's force, share")
    ] = None,
    order: Annotated[int | None, typer.Option(help="highest power of the shapes, 2 or 3")] = None,
    face: Annotated[Text, typer.Option(help="interface of the shapes; the uppermost")] = None,
    patchy: Annotated[float | None, typer.Option(help="scatter of a square nothing explains, share")] = None,
    ends: Annotated[
        Text, typer.Option(help="pixels x1,y1,x2,y2 of marks at both ends of the map's middle line along x")
    ] = None,
    place: Annotated[Text, typer.Option(help='known before: where the paper lay, "0.2 mm"')] = None,
    alike: Annotated[Text, typer.Option(help='distance over which that scatter is alike, "3 mm"')] = None,
    at: Annotated[Text, typer.Option(help="interface or plane; paper in the stack, else the cathode")] = None,
    grade: Grade = None,
    pressing: Pressing = None,
    temperature: Warm = None,
    humidity: Damp = None,
    dpi: Annotated[float | None, typer.Option(help="pixels per inch")] = None,
    scale: Annotated[Text, typer.Option(help='two marks: "x1,y1,x2,y2,50 mm"')] = None,
    outline: Annotated[Text, typer.Option(help='size of the red area: "35 mm x 15 mm"')] = None,
    cell: Annotated[Text, typer.Option(help='side of the squares read, "0.25 mm" unless told')] = None,
    blank: Annotated[Text, typer.Option(help="pixels of blank paper: x0,y0,x1,y1")] = None,
    sealed: Annotated[bool | None, typer.Option("--sealed", help="pressed inside a sealed bag")] = None,
    mirror: Annotated[bool | None, typer.Option("--mirror", help="scanned face down")] = None,
    keep_blobs: Annotated[bool | None, typer.Option("--keep-blobs", help="read tape and labels too")] = None,
    curves: Curves = None,
    wedge: Wedge = None,
    samples: Samples = None,
    pitch: Annotated[Text, typer.Option(help='sensor: distance of sensels, "1.27 mm"')] = None,
    unit: Annotated[Text, typer.Option(help="sensor: unit of the numbers, MPa, kPa, bar, psi, Pa")] = None,
    noise: Annotated[Text, typer.Option(help='sensor: tells nothing below, "0.05 MPa"')] = None,
    saturation: Annotated[Text, typer.Option(help='sensor: tells nothing above, "10 MPa"')] = None,
    accuracy: Annotated[float | None, typer.Option(help="sensor: 95 % band of a sensel, share")] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="folder to write")] = Path(
        "results/paper_infer"
    ),
) -> None:
    """Bolt forces and flatness that explain a scan. Example: holdersim paper infer mine/case.toml a.tif --bolts 0.2."""
    said: dict[str, Any] = dict(locals())
    from .inverse import Priors, infer
    from .inverse.files import write
    from .paper.options import checked
    from .results.table import number

    known = ("flatness", "rise", "bolts", "order", "face", "patchy", "ends", "place", "alike")
    priors = checked(Priors, {n: said[n] for n in known}, "paper infer")
    own = ("case", "scan", "at", "output", *known)
    found = infer(case, scan, {k: v for k, v in said.items() if k not in own}, priors, at)
    for line in found.messages:
        typer.echo(f"note: {line}", err=True)
    for t in found.table():
        ends = f"{number(t['2.5 %'])} to {number(t['97.5 %'])}"
        typer.echo(
            f"{t['unknown']:<20} {number(t['value']):>8} {t['unit']:<3} 95 %: {ends:<20} told {t['told [-]']:.0%}"
        )
    for file in write(found, output):
        typer.echo(str(file))
