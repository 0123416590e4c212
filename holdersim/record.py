"""A solved state as numbers and maps: what a result stores, unfolded from symmetry to the whole holder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .assembly import Assembly, LayerStack, Rect, Vessel
from .body import Body, von_mises
from .materials.elastic import Elastic
from .materials.rubber import Rubber
from .metrics import deflection_metrics, film_average, inside, pressure_metrics

if TYPE_CHECKING:
    import xarray as xr

    from .solve import Model
    from .state import State

Array = NDArray[np.float64]


DEFINITIONS = {
    "yield of <solid> [-]": "yield strength / largest von Mises stress at the corners of the solid's elements",
    "proof load of bolts [-]": "proof strength * stress area / force, of the bolt that is nearest to it",
}


def unfold(values: Array, symmetry: tuple[str, ...]) -> Array:
    """Map (ny, nx) of the part at x, y >= 0 mirrored to the whole."""
    if "x0" in symmetry:
        values = np.concatenate([values[:, ::-1], values], axis=1)
    return np.concatenate([values[::-1], values], axis=0) if "y0" in symmetry else values


def maps(states: dict[str, State], peaks: dict[str, Array]) -> xr.Dataset:
    """Pressure [MPa], gap and deflections [um] of every interface and step, and the peak-hold pressure [MPa]."""
    import xarray as xr

    model = next(iter(states.values())).model
    symmetry = model.assembly.symmetry
    data: dict[str, Any] = {}
    coords: dict[str, Any] = {"step": list(states)}
    for name, joint in model.joints.items():
        x, y = (
            centres(lines, plane in symmetry) for lines, plane in ((joint.grid.x, "x0"), (joint.grid.y, "y0"))
        )
        coords[f"x_{name}"] = (f"x_{name}", x, {"units": "mm", "long_name": "x"})
        coords[f"y_{name}"] = (f"y_{name}", y, {"units": "mm", "long_name": "y"})
        flat, deep = (f"y_{name}", f"x_{name}"), ("step", f"y_{name}", f"x_{name}")

        def add(
            key: str, values: Array, unit: str, text: str, dims: tuple[str, ...], name: str = name
        ) -> None:
            data[f"{name}_{key}"] = (dims, values, {"units": unit, "long_name": f"{text}, {name}"})

        def each(what: Any) -> Array:
            return np.stack([unfold(what(s), symmetry) for s in states.values()])

        add("pressure", each(lambda s, n=name: s.pressure(n)), "MPa", "contact pressure", deep)
        if name in peaks:
            largest = unfold(peaks[name], symmetry)
            add("peak_pressure", largest, "MPa", "largest contact pressure at any moment", flat)
        add("gap", 1e3 * each(lambda s, n=name: s.gap(n)), "um", "gap", deep)
        add("initial_gap", 1e3 * unfold(joint.map(joint.gap), symmetry), "um", "initial gap", flat)
        add("area", unfold(joint.map(joint.area, 0.0), symmetry), "mm2", "covered pixel area", flat)
        for side in ("above", "below"):
            solid = getattr(joint.interface, side).split(".", 1)[0]
            values = 1e3 * each(lambda s, n=name, b=solid: s.deflection(n, b))
            add(f"deflection_{side}", values, "um", f"deflection of {solid} away from the other body", deep)
    for name, grid in model.levels.items():
        x, y = (centres(lines, plane in symmetry) for lines, plane in ((grid.x, "x0"), (grid.y, "y0")))
        coords[f"x_{name}"] = (f"x_{name}", x, {"units": "mm", "long_name": "x"})
        coords[f"y_{name}"] = (f"y_{name}", y, {"units": "mm", "long_name": "y"})
        inner = np.stack([unfold(s.inside(name), symmetry) for s in states.values()])
        text = {"units": "MPa", "long_name": f"pressure inside the stack, {name}"}
        data[f"{name}_pressure"] = (("step", f"y_{name}", f"x_{name}"), inner, text)
        area = unfold(next(iter(states.values())).inside_area(name), symmetry)
        text = {"units": "mm2", "long_name": f"layer area in the pixel, {name}"}
        data[f"{name}_area"] = ((f"y_{name}", f"x_{name}"), area, text)
    return xr.Dataset(data, coords)


def centres(lines: Array, mirrored: bool) -> Array:
    """Middles [mm] between grid lines, with their mirror images where only one half is modelled."""
    middle = (lines[1:] + lines[:-1]) / 2
    return np.concatenate([-middle[::-1], middle]) if mirrored else middle


def step_numbers(state: State, data: xr.Dataset, name: str, film: float) -> dict[str, Any]:
    """Metrics of one step: interfaces, plates, bolts, closing force [N]."""
    model = state.model
    assembly = model.assembly
    interfaces, plates = {}, {}
    for p in assembly.planes:
        area, x, y = (np.asarray(data[f"{k}"]) for k in (f"{p.name}_area", f"x_{p.name}", f"y_{p.name}"))
        inner = np.asarray(data[f"{p.name}_pressure"].sel(step=name))
        interfaces[p.name] = pressure_metrics(inner, area, x, y, {p.name: p.region} | assembly.regions, film)
    for i in assembly.interfaces:
        here = data.sel(step=name)
        area, x, y = (np.asarray(data[f"{k}"]) for k in (f"{i.name}_area", f"x_{i.name}", f"y_{i.name}"))
        regions = assembly.regions or {"interface": i.region}
        if not _over(next(iter(regions.values())), area, x, y):
            regions = {"interface": i.region}  # a flange, or pads beyond the pouch
        interfaces[i.name] = pressure_metrics(
            np.asarray(here[f"{i.name}_pressure"]), area, x, y, regions, film
        )
        for side in ("below", "above"):
            solid = next(s for s in assembly.solids if s.name == getattr(i, side).split(".", 1)[0])
            if isinstance(solid.material, Elastic) and not isinstance(solid.shape, LayerStack | Vessel):
                bent = np.asarray(here[f"{i.name}_deflection_{side}"])
                averaged = film_average(bent, area, x, y, film)
                region = next(iter(regions.values())).clip(i.region)
                plates[solid.name] = deflection_metrics(*averaged, region)
    bolts = {b: {"force_N": f} for b, f in all_bolts(assembly, state.bolts).items()}
    closing = sum(b["force_N"] for b in bolts.values())
    out = {
        "name": name,
        "bolts": bolts,
        "closing_force_N": closing,
        "interfaces": interfaces,
        "plates": plates,
    }
    squeezed = pads(state)
    return out | ({"pads": squeezed} if squeezed else {})


def _over(region: Rect, area: Array, x: Array, y: Array) -> bool:
    """Whether a map has covered pixels over a region."""
    return bool((inside(region, area, x, y) * (area > 0)).sum() > 0)


def pads(state: State) -> dict[str, dict[str, float]]:
    """How much each pad is squeezed over the main region [um], and how far its rim has moved out [um]."""
    out: dict[str, dict[str, float]] = {}
    region = next(iter(state.model.assembly.regions.values()), None)
    for name, part in state.model.whole.items():
        solid = part.body.solid
        if not isinstance(solid.material, Rubber) or region is None:
            continue
        at, u = part.body.coordinates, state.displacement(name)
        here = (
            (at[:, 0] > region.x0) & (at[:, 0] < region.x1) & (at[:, 1] > region.y0) & (at[:, 1] < region.y1)
        )
        low, high = at[:, 2].min(), at[:, 2].max()
        top, bottom = (u[here & (np.abs(at[:, 2] - z) < 1e-9), 2] for z in (high, low))
        squeeze = float(bottom.mean() - top.mean())
        out[name] = {
            "Mean compression [um]": 1e3 * squeeze,
            "Mean compression [-]": squeeze / float(high - low),
            "Largest outward motion [um]": 1e3 * float(np.hypot(u[:, 0], u[:, 1]).max()),
        }
    return out


def all_bolts(assembly: Assembly, forces: dict[str, float]) -> dict[str, float]:
    """Forces [N] of all bolts, those that symmetry has cut away included (named after their image)."""
    out = {}
    for bolt in assembly.bolts:
        images = [(bolt.x, bolt.y)]
        if "x0" in assembly.symmetry and abs(bolt.x) > 1e-9:
            images += [(-x, y) for x, y in images]
        if "y0" in assembly.symmetry and abs(bolt.y) > 1e-9:
            images += [(x, -y) for x, y in images]
        for place in images:
            out[assembly.bolt_names.get(place, f"{bolt.name} at {place}")] = forces[bolt.name]
    return dict(sorted(out.items()))


def safety(state: State, stresses: dict[str, float]) -> dict[str, float]:
    """Yield strength / largest von Mises stress of each solid, proof load / force of the worst bolt."""
    out = {}
    for solid in state.model.assembly.solids:
        strength = getattr(solid.material, "yield_strength", None)
        if strength and stresses.get(solid.name):
            out[f"yield of {solid.name} [-]"] = strength / stresses[solid.name]
    ratios = [
        b.proof_strength * b.stress_area / state.bolts[b.name]
        for b in state.model.assembly.bolts
        if state.bolts[b.name]
    ]
    return out | ({"proof load of bolts [-]": min(ratios)} if ratios else {})


def certificates(
    states: dict[str, State], data: xr.Dataset, limits: dict[str, float], recovered: dict[str, float]
) -> dict[str, Any]:
    """Each certificate's worst value over all steps, its limit, and whether it holds."""
    worst = {n: max(s.certificates[n] for s in states.values()) for n in limits}
    out = {n: {"value": v, "limit": limits[n], "ok": bool(v <= limits[n])} for n, v in worst.items()}
    assembly = next(iter(states.values())).model.assembly
    through = not any(i.may_open for i in assembly.interfaces) and not any(s.fluid for s in assembly.solids)
    for i in assembly.interfaces if assembly.bolts and through else ():
        miss = 0.0
        for name, state in states.items():
            total = sum(all_bolts(state.model.assembly, state.bolts).values())
            pressed = float(
                (data[f"{i.name}_pressure"].sel(step=name).fillna(0.0) * data[f"{i.name}_area"]).sum()
            )
            miss = max(miss, abs(pressed - total) / max(total, 1e-12))
        out[f"bolts against {i.name}"] = {"value": miss, "limit": 1e-9, "ok": bool(miss <= 1e-9)}
    for solid, value in recovered.items():
        out[f"equilibrium inside {solid}"] = {"value": value, "limit": 1e-6, "ok": bool(value <= 1e-6)}
    return out


def write_fields(model: Model, state: State, folder: Path) -> tuple[dict[str, float], dict[str, float]]:
    """fields/<solid>.vtu with displacement [mm] and stress [MPa]; largest von Mises stress and residual of each."""
    import meshio

    folder.mkdir(exist_ok=True)
    largest, residual = {}, {}
    for solid in model.assembly.solids:
        u = state.displacement(solid.name)
        body = (
            model.whole[solid.name].body
            if solid.name in model.whole
            else model.parts[solid.name].condenser.body
        )
        if solid.name in model.whole:
            stress, equivalent = state.stress(solid.name)
        else:
            stress, equivalent = _stress(body, u, state.amounts)
        points, cells, nodes = body.corner_mesh
        kind = "hexahedron" if cells.shape[1] == 8 else "tetra"
        order = [0, 1, 3, 2, 4, 5, 7, 6] if kind == "hexahedron" else [0, 1, 2, 3]
        material = body.material_of_cell.astype(np.int32)
        material = material if len(material) else np.zeros(len(cells), dtype=np.int32)
        mesh = meshio.Mesh(
            points,
            [(kind, cells[:, order])],
            point_data={"displacement": u[nodes]},
            cell_data={"stress": [stress], "von_mises": [equivalent], "material": [material]},
        )
        mesh.write(folder / f"{solid.name}.vtu", file_format="vtu")
        if solid.name in model.whole:
            largest[solid.name] = float(equivalent.max())
        else:
            condenser = model.parts[solid.name].condenser
            largest[solid.name], residual[solid.name] = (
                body.peak_von_mises(u.ravel(), state.amounts),
                condenser.residual,
            )
            condenser.release()
    return largest, residual


def _stress(body: Body, u: Array, amounts: dict[str, float]) -> tuple[Array, Array]:
    sigma = body.stress(u.ravel(), amounts=amounts)
    return sigma, von_mises(sigma)
