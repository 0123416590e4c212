"""Resistance that a pressure map gives by the paper's two measured factors: an aid to order holders, no prediction.

    R = R5 (p / 5 MPa)^-n,  n = ln(factor) / ln 5
Chen et al. (the paper) lowered one NCM811 | Li6PS5Cl | Si pouch cell, after 100 cycles at 5 MPa, from 5 to 1 MPa: the
impedance of the separator rose 1.7 times, that of both interfaces "approximately 2.5 times". It did not come back with
the pressure, so a map of pressure alone cannot say what a cell has that was ever pressed less; and separators of cells
cycled at 2, 3 and 5 MPa were alike. A power law between the two pressures, and beyond them, is assumed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, log
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .assembly import Plane, Rect
from .metrics import film_average, film_samples

if TYPE_CHECKING:
    import xarray as xr

    from .results import Result

Array = NDArray[np.float64]

EVEN = 5.0
"""Pressure [MPa] at which resistances are 1."""
LOW = 1.0
"""Pressure [MPa] to which the paper went down."""
ENOUGH = 2.0
"""Least pressure [MPa] at which the paper's cells cycled well at 0.1 C."""
SPREAD = 0.20
"""Relative uncertainty of the measured factors (assumed): one cell, "approximately", two digits printed."""

LABEL = "ordering aid, no prediction: power laws through two measured points of one cell"


@dataclass(frozen=True)
class Law:
    """Resistance relative to that at an even 5 MPa; factor: measured on going down to 1 MPa."""

    factor: float

    @property
    def exponent(self) -> float:
        """n [-]."""
        return log(self.factor) / log(EVEN / LOW)

    @property
    def exponents(self) -> tuple[float, float]:
        """Least and greatest n [-] by the uncertainty of the factor; d n = 0.2/ln 5 = 0.12."""
        steps = (log(1 - SPREAD), log(1 + SPREAD))
        return self.exponent + steps[0] / log(EVEN / LOW), self.exponent + steps[1] / log(EVEN / LOW)

    def resistance(self, pressure: Array, exponent: float | None = None) -> Array:
        """R / R5 [-] at each pressure [MPa]; infinite where nothing presses."""
        n = self.exponent if exponent is None else exponent
        with np.errstate(divide="ignore"):
            return np.asarray(1 / (np.maximum(pressure, 0.0) / EVEN) ** n)

    def mean(self, pressure: Array, area: Array, exponent: float | None = None) -> float:
        """R / R5 [-] of areas beside each other, their conductances add: 1 / mean(R5 / R)."""
        conductance = float(np.average(1 / self.resistance(pressure, exponent), weights=area))
        return 1 / conductance if conductance > 0 else inf


LAWS = {"interface": Law(2.5), "separator": Law(1.7)}

BELOW = f"Share below {ENOUGH:g} MPa [-]"
OFF = f"where the measured factor may be off by {SPREAD:.0%} either way (assumed)"
DEFINITIONS = {
    "Interface resistance / at even 5 MPa [-]": "of both electrodes' interfaces, R = R5 (p/5 MPa)^-0.57 on film "
    f"squares side by side; what is not pressed carries nothing; {LABEL}",
    "Separator resistance / at even 5 MPa [-]": f"the same with the exponent 0.33; {LABEL}",
    "Interface resistance, low [-]": OFF,
    "Interface resistance, high [-]": OFF,
    "Separator resistance, low [-]": OFF,
    "Separator resistance, high [-]": OFF,
    BELOW: "part of the cathode's area, in film squares, pressed less than the paper's cells needed to cycle well",
}


def ordering(pressure: Array, area: Array, x: Array, y: Array, region: Rect, film: float) -> dict[str, float]:
    """Numbers of a map (ny, nx) of pressure [MPa] on the cathode; `DEFINITIONS` says what each is."""
    p, weight = film_samples(pressure, area, x, y, region, film)
    out = {}
    for name, law in LAWS.items():
        title = name.capitalize()
        ends = [law.mean(p, weight, n) for n in law.exponents]
        out[f"{title} resistance / at even 5 MPa [-]"] = law.mean(p, weight)
        out[f"{title} resistance, low [-]"], out[f"{title} resistance, high [-]"] = min(ends), max(ends)
    out[BELOW] = float(weight[p < ENOUGH].sum() / weight.sum())
    return out


def of_cathodes(
    planes: Iterable[Plane], data: xr.Dataset, step: str, film: float
) -> dict[str, str | dict[str, float]]:
    """Numbers of a step on each plane inside a cathode, with the label that goes with them; empty without one."""
    out: dict[str, str | dict[str, float]] = {}
    for p in planes:
        if p.layer.split(".")[-1].startswith("cathode"):
            pressure = np.asarray(data[f"{p.name}_pressure"].sel(step=step))
            area, x, y = (np.asarray(data[n]) for n in (f"{p.name}_area", f"x_{p.name}", f"y_{p.name}"))
            out[p.name] = ordering(pressure, area, x, y, p.region, film)
    if out:
        out["label"] = LABEL
    return out


def resistance_map(
    result: Result, law: str = "interface", plane: str = "cathode", step: str | None = None
) -> xr.DataArray:
    """R / R5 [-] on film squares of a plane, "interface" or "separator"; infinite where nothing presses.

    An ordering aid, no prediction: see the module. KeyError: no such law or plane.
    """
    import xarray as xr

    maps = result.maps
    pressure = maps[f"{plane}_pressure"].sel(step=step or result.steps[-1]).values
    area, x, y = (maps[f"{n}"].values for n in (f"{plane}_area", f"x_{plane}", f"y_{plane}"))
    p, _, fx, fy = film_average(pressure, area, x, y, result.summary["film_mm"])
    about = {"units": "1", "long_name": f"{law} resistance over that at 5 MPa", "comment": LABEL}
    return xr.DataArray(LAWS[law].resistance(p), {"y": fy, "x": fx}, ("y", "x"), f"{law}_resistance", about)
