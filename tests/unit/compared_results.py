"""Made-up results of several holders, loads and planes to compare; a page read back with an HTML parser."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from synthetic import holder, maps, summary

from holdersim.results import Result, RunFolder, open_result

PLATE = {"material": {"name": "SS304", "kind": "layer", "E": "193000 MPa"}, "flatness": {"dish": "0.01 mm"}}
BARE = {"kind": "bare_uniaxial", "thickness": "10 mm", "plate": PLATE}
PADDED = {"kind": "gasketed_uniaxial", "thickness": "10 mm"}
CHAMBER = {"kind": "isostatic_chamber"}
VOID = ("br", "hr", "img", "link", "meta")
CELL = {"kind": "two_electrode", "cathode": {"length": "35 mm"}}


def made(
    root: Path,
    name: str,
    kind: dict[str, Any] = BARE,
    load: float = 5.0,
    uneven: float = 1.0,
    planes: tuple[str, ...] = ("cathode", "cell_top"),
    step: dict[str, Any] | None = None,
    cell: dict[str, Any] = CELL,
    **more: Any,
) -> Result:
    """A finished result whose pressure is `load` plus `uneven` times the bare holder's deviation from it."""
    whole = holder()
    data = maps(whole, mean=load)
    p = data["cell_top_pressure"]
    data["cell_top_pressure"] = (load + uneven * (p - load)).assign_attrs(p.attrs)
    told = summary(whole, data)
    for plane in (p for p in planes if "cathode" in p):
        names = ("cell_top_pressure", "cell_top_area", "x_cell_top", "y_cell_top")
        data = data.merge(data[list(names[:2])].rename({n: n.replace("cell_top", plane) for n in names}))
    if "cell_top" not in planes:
        data = data.drop_vars([n for n in data.data_vars if str(n).startswith("cell_top")])
    told |= {"case": name, "identity": f"id{name}", "film_mm": 0.5}
    told |= {k: v for k, v in more.items() if k != "extra"}
    told["steps"][-1] |= more.get("extra", {})
    act = step or {"do": "tighten", "pressure": f"{load} MPa", "area": "cathode"}
    case = {"holder": kind, "cell": cell, "steps": [act], "grid": {"pixel": "0.5 mm", "film": "0.5 mm"}}
    with RunFolder(root, name, f"id{name}") as run:
        run.finish(told, data, case)
    return open_result(run.folder)


def three_kinds(root: Path) -> list[Result]:
    """Three kinds of holder at 5 MPa, with a cathode plane; the chamber without a contact on the cell."""
    fluid = {"do": "pressurise", "pressure": "5 MPa"}
    return [
        made(root, "bare"),
        made(root, "padded", PADDED, uneven=0.2),
        made(root, "chamber", CHAMBER, uneven=1e-3, planes=("cathode",), step=fluid,
             extra={"fluid": {"Stored energy [J]": 12.5}}),
    ]  # fmt: skip


class Page(HTMLParser):
    """What stands on a page; tags that do not close, or not in order, are an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.links: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.text: list[str] = []
        self.seen: set[str] = set()
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        here = dict(attrs)
        self.seen.add(tag)
        self.links += [str(here[k]) for k in ("src", "href", "srcset", "action") if here.get(k)]
        if tag == "img":
            self.pictures.append(here)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1] += [""] * int(here.get("colspan") or 1)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self.open and self.open[-1] in ("td", "th"):
            self.tables[-1][-1][-1] += data
