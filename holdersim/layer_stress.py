"""What the layers of a stack feel in a solved state: numbers by layer, a profile through it, a section at its step.

Stresses are taken at the middles of elements and averaged over film squares before any extreme is told: where a layer
ends the elastic stress has no finite maximum.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .assembly import LayerStack, Rect
from .body import Body, von_mises
from .layer_views import StackView

if TYPE_CHECKING:
    import xarray as xr

    from .case import Case
    from .network import Network
    from .state import State

Array = NDArray[np.float64]
log = logging.getLogger(__name__)

NEAR = {0.0: 0.05, 0.5: 0.15, 1.0: 0.05}
"""States of charge at which the layers are looked at, and how far one may be that stands for them."""

KINDS = ("sigma_zz", "in-plane", "von Mises", "interface shear")

DEFINITIONS = {
    "sigma_zz mean [MPa]": "normal stress across the layer, mean over its footprint; compression is negative",
    "<stress> p1, p99 [MPa]": "1 % and 99 % of the layer's footprint have a lower film-averaged value",
    "sigma_zz mean on <region> [MPa]": "the same mean over the named region only",
    "in-plane mean [MPa]": "mean of the normal stresses along x and y",
    "von Mises mean [MPa]": "equivalent stress",
    "interface shear mean [MPa]": "size of the shear stress on planes parallel to the layer, sqrt(xz^2 + yz^2), at the "
    "middles of its elements",
    "plastic strain mean [-]": "equivalent plastic strain, mean over the layer's footprint",
}


@dataclass(frozen=True)
class Seen:
    """The layers in one state; arrays run over all stacks: profile (points,), section (cells,)."""

    step: str
    state: int
    soc: float
    numbers: dict[str, dict[str, float]]
    profile: dict[str, Array]
    section: dict[str, Array]


@dataclass
class LayerRecord:
    """Looks at the layers of chosen states of one model."""

    model: Network
    film: float
    region: Rect
    region_name: str
    seen: list[Seen] = field(default_factory=list)

    @cached_property
    def stacks(self) -> dict[str, StackView]:
        """Every stack of the model by its name."""
        out = {}
        for solid in self.model.assembly.solids:
            if isinstance(solid.shape, LayerStack):
                whole = self.model.whole.get(solid.name)
                body = whole.body if whole else self.model.parts[solid.name].condenser.body
                out[solid.name] = StackView(solid, body, self.film, self.region)
        return out

    def label(self, solid: str, layer: str) -> str:
        """Name of a layer: with its stack where there are several."""
        return layer if len(self.stacks) == 1 else f"{solid}.{layer}"

    @property
    def labels(self) -> list[str]:
        """All layers, stack by stack."""
        return [self.label(n, la.name) for n, s in self.stacks.items() for la in s.layers]

    def look(self, state: State, step: str, number: int) -> Seen:
        """Numbers, profile and section of a state, kept in `seen`."""
        numbers: dict[str, dict[str, float]] = {}
        profile: dict[str, list[Array]] = {"z": [], "sigma_zz": [], "inplane": []}
        section: dict[str, list[Array]] = {"sigma_zz": [], "shear": []}
        for name, stack in self.stacks.items():
            u = state.displacement(name)
            sigma, mises = _stress(state, stack, u)
            inplane, shear = sigma[:, :2].mean(axis=1), np.hypot(sigma[:, 4], sigma[:, 5])
            kinds = dict(zip(KINDS, (sigma[:, 2], inplane, mises, shear), strict=True))
            plastic = _plastic(state, name)
            for layer, view in stack.views.items():
                found: dict[str, float] = {}
                for kind, values in kinds.items():
                    found |= view.numbers(kind, values)
                inner = view.over_region(sigma[:, 2])
                found |= {} if inner is None else {f"sigma_zz mean on {self.region_name} [MPa]": inner}
                if plastic is not None and np.any(plastic[view.cells]):
                    found |= view.numbers("plastic strain", plastic, "-")
                numbers[self.label(name, layer)] = found
            moved = _middles(stack.body, u)[:, 2]
            for key, values in (("z", moved), ("sigma_zz", sigma[:, 2]), ("inplane", inplane)):
                profile[key].append(np.array([values[cells].mean() for _, cells in stack.column]))
            section["sigma_zz"].append(sigma[stack.cut, 2])
            section["shear"].append(sigma[stack.cut, 5])
        soc = state.amounts.get("soc", np.nan)
        joined = ({k: np.concatenate(v) for k, v in part.items()} for part in (profile, section))
        self.seen.append(Seen(step, number, soc, numbers, *joined))
        return self.seen[-1]

    def summary(self) -> list[dict[str, Any]]:
        """Numbers by layer of every state looked at."""
        out = []
        for s in self.seen:
            charge = {} if np.isnan(s.soc) else {"SOC [-]": s.soc}
            out.append({"step": s.step, "state": s.state} | charge | {"layers": s.numbers})
        return out

    def dataset(self) -> xr.Dataset:
        """Profiles at the middle of the region and sections at its edge, by state."""
        import xarray as xr

        base = np.cumsum([0] + [len(s.layers) for s in self.stacks.values()])
        stacks = list(zip(base, self.stacks.values(), strict=False))
        column = np.concatenate([[b + k for k, _ in s.column] for b, s in stacks])
        owner = np.concatenate([b + s.body.material_of_cell[s.cut] for b, s in stacks])
        x, z = (np.concatenate(part) for part in zip(*(s.outlines() for _, s in stacks), strict=True))
        stress = {"units": "MPa"}
        data: dict[str, Any] = {
            "profile_layer": ("point", column, {"units": "1", "long_name": "number of the layer"}),
            "section_corner_x": (("cell", "corner"), x, {"units": "mm", "long_name": "x of the corners"}),
            "section_corner_z": (("cell", "corner"), z, {"units": "mm", "long_name": "undeformed height"}),
            "section_layer": ("cell", owner, {"units": "1", "long_name": "number of the layer"}),
        }
        told = {"z": "height, deformed", "sigma_zz": "sigma_zz", "inplane": "mean of sigma_xx and sigma_yy",
                "shear": "sigma_xz"}  # fmt: skip
        for part, along in (("profile", "point"), ("section", "cell")):
            for key in getattr(self.seen[0], part):
                values = np.stack([getattr(s, part)[key] for s in self.seen])
                text = {"units": "mm"} if key == "z" else stress
                data[f"{part}_{key}"] = (("state", along), values, text | {"long_name": told[key]})
        coords = {"layer": self.labels, "soc": ("state", [s.soc for s in self.seen]),
                  "step": ("state", [s.step for s in self.seen]),
                  "number": ("state", [s.state for s in self.seen])}  # fmt: skip
        return xr.Dataset(data, coords)

    def write(self, folder: Path) -> Path:
        """layers.nc in a folder."""
        path = folder / "layers.nc"
        self.dataset().to_netcdf(path, engine="h5netcdf")
        return path


def _stress(state: State, stack: StackView, u: Array) -> tuple[Array, Array]:
    """Stress and von Mises stress at the middles of all cells; u is known already where the stack is condensed."""
    if stack.solid.name in state.whole:
        return state.stress(stack.solid.name)
    sigma = stack.body.stress(u.ravel(), amounts=state.amounts)
    return sigma, von_mises(sigma)


def _plastic(state: State, solid: str) -> Array | None:
    """Equivalent plastic strain (cells,) of a body that has it."""
    body: Any = state.model.whole[solid].body if solid in state.whole else None
    return np.asarray(body.plastic_strain(state.whole[solid])) if hasattr(body, "plastic_strain") else None


def _middles(body: Body, u: Array) -> Array:
    """Middles of all cells after a displacement (nodes, 3) [mm]."""
    points, cells, nodes = body.corner_mesh
    return np.asarray((points + u[nodes])[cells].mean(axis=1))


class Chosen:
    """States worth a look: the last of each step, and of charging the last ones near those of NEAR, up and down."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[float, int, str, int, State]] = {}
        self._count, self._before = 0, np.nan

    def offer(self, state: State, step: str, number: int) -> None:
        """Take a state into account; states come in the order of time."""
        self._count += 1
        self._keep((step, "end"), 0.0, step, number, state)
        soc = state.amounts.get("soc", np.nan)
        way = "up" if soc > self._before else "down"
        if soc != self._before and not np.isnan(soc):
            for wanted in (w for w in NEAR if abs(soc - w) <= NEAR[w]):
                ways = way if 0 < wanted < 1 else ""
                self._keep((step, f"{wanted} {ways}"), abs(soc - wanted), step, number, state)
        self._before = soc

    def _keep(self, key: tuple[str, str], apart: float, step: str, number: int, state: State) -> None:
        best = self._kept.get(key)
        if best is None or apart <= best[0] + 1e-6:
            self._kept[key] = (apart, self._count, step, number, state)

    @property
    def states(self) -> list[tuple[State, str, int]]:
        """State, step and number of the chosen ones, in the order of time, each once."""
        found = {count: (state, step, number) for _, count, step, number, state in self._kept.values()}
        return [found[k] for k in sorted(found)]


def layers_of(
    case: Case, model: Network, chosen: Chosen, folder: Path, fields: bool
) -> dict[str, list[dict[str, Any]]]:
    """What a run adds to its summary about the layers, with layers.nc in its folder; empty where not wanted.

    Where the case does not say so, it is wanted if fields are and the case charges: each state costs about as much as
    the fields of the cell.
    """
    charges = any("soc" in state.amounts for state, _, _ in chosen.states)
    record = LayerRecord(model, case.grid.film, case.cell.regions["cathode"], "cathode")
    if not (fields and charges if case.layers is None else case.layers) or not record.stacks:
        return {}
    log.info("stress in the layers of %d states", len(chosen.states))
    for state, step, number in chosen.states:
        record.look(state, step, number)
    record.write(folder)
    return {"layers": record.summary()}
