"""A finished result read back: numbers with their units, maps as xarray."""

from __future__ import annotations

import difflib
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ResultError
from .origin import code
from .writing import FORMAT, MAPS_FILETYPE, SUMMARY_FILETYPE

if TYPE_CHECKING:
    import xarray as xr


log = logging.getLogger(__name__)


def is_complete(folder: Path) -> bool:
    """Whether a folder holds a finished result: its summary is there, and it is not a run's own working folder."""
    return not folder.name.startswith(".") and (folder / "summary.json").is_file()


@dataclass(frozen=True, repr=False)
class Result:
    """A finished result: `summary` and `case` as dicts, `maps` as an xarray Dataset with units."""

    folder: Path
    summary: dict[str, Any]

    @cached_property
    def maps(self) -> xr.Dataset:
        """Pressure [MPa], gap [um] ... on every grid and step, read from disk when touched."""
        import xarray as xr

        data = xr.open_dataset(self.folder / "maps.nc", engine="h5netcdf")
        _check_format(data.attrs, MAPS_FILETYPE, self.folder / "maps.nc")
        return data

    @cached_property
    def case(self) -> dict[str, Any]:
        """Every value of the case, defaults included."""
        data: dict[str, Any] = json.loads((self.folder / "case.json").read_text(encoding="utf-8"))
        return data

    @property
    def steps(self) -> list[str]:
        """Names of the steps, in order."""
        return [s["name"] for s in self.summary["steps"]]

    def at(self, step: str | None = None) -> dict[str, Any]:
        """Summary of one step; the last unless told."""
        name = step or self.steps[-1]
        place = self.steps.index(_known(name, self.steps, "step"))
        found: dict[str, Any] = self.summary["steps"][place]
        return found

    def metric(self, name: str, interface: str | None = None, step: str | None = None) -> float | None:
        """One number, e.g. metric("CV [-]", interface="cell_top"); None where it is not defined."""
        parts = self.at(step)["interfaces"]
        if interface is None and len(parts) != 1:
            raise ResultError(f"which interface? There are {', '.join(parts)}")
        numbers = parts[_known(interface or next(iter(parts)), parts, "interface")]
        value: float | None = numbers[_known(name, numbers, "metric")]
        return value

    def __repr__(self) -> str:
        state = "all certificates hold" if _all_hold(self.summary) else "a certificate FAILED"
        return f"Result({self.summary['title']!r}, {self.folder}, steps: {', '.join(self.steps)}; {state})"


def _known(name: str, among: Iterable[str], kind: str) -> str:
    if name in among:
        return name
    near = difflib.get_close_matches(name, list(among), n=1, cutoff=0.4)
    hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(among)}"
    raise ResultError(f'no {kind} "{name}"; {hint}')


def _all_hold(summary: Mapping[str, Any]) -> bool:
    return all(c["ok"] for c in summary.get("certificates", {}).values())


def _check_format(attributes: Mapping[str, Any], filetype: str, path: Path) -> None:
    if attributes.get("filetype") != filetype:
        raise ResultError(f"{path}: not a {filetype} file (filetype {attributes.get('filetype')!r})")
    number = attributes.get("format")
    if number is None or int(number) != FORMAT:
        raise ResultError(f"{path}: format {number}; this version reads format {FORMAT}. Run the case again.")


def open_result(path: Path | str) -> Result:
    """The finished result in a folder; refuses one that is incomplete, failed or of another format."""
    folder = Path(path)
    if not folder.is_dir():
        file = "is a file, not the folder of a result: run the case first, results/<case>/<identity> is its folder"
        raise ResultError(f"{folder}: {file if folder.is_file() else 'no such folder'}")
    if (folder / "error.json").is_file():
        e = json.loads((folder / "error.json").read_text(encoding="utf-8"))
        raise ResultError(f'{folder}: the run failed in step "{e["step"]}" with {e["class"]}: {e["message"]}')
    if not is_complete(folder):
        raise ResultError(f"{folder}: no summary.json, so this is not a finished result. Run the case again.")
    summary = read_summary(folder)
    _check_format(summary, SUMMARY_FILETYPE, folder / "summary.json")
    return Result(folder, summary)


def read_summary(folder: Path) -> dict[str, Any]:
    """The summary in a folder, whatever its format."""
    path = folder / "summary.json"
    try:
        summary: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ResultError(f"{path}: damaged ({error}). Run the case with --force.") from error
    return summary


def current(folder: Path) -> Result | None:
    """The finished result in a folder if this code made it; None, and a line in the log, if other code did."""
    if not is_complete(folder):
        return None
    made = read_summary(folder).get("code", "older code")
    if made == code():
        return open_result(folder)
    log.info("%s was made by %s, this is %s: to be solved again", folder, made, code())
    return None
