"""Solve an assembly: superelements joined on pressure grids, bolts tightened or locked, fields recovered.

model = Model(assembly)
state = model.tighten({"b1": 500.0, ...})      # forces [N]
state = model.locked(state, {"b1": 600.0})     # b1 set again while the others keep their length
state.pressure("cell_top")                     # (ny, nx) [MPa]
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import scipy.optimize
import scipy.sparse as sp
from numpy.typing import NDArray

from .assembly import Assembly, Interface, Solid
from .body import Body
from .contact import ContactProblem, ContactSolution, active_set, projected_cg
from .errors import GeometryError, NotConvergedError, PhysicsRefused
from .geometry.mesh import mesh_shape
from .grid import PressureGrid
from .joint import Joint, initial_gap
from .state import State
from .superelement import Condenser, Links, Superelement, check_resolution

Array = NDArray[np.float64]
log = logging.getLogger(__name__)

LIMITS = {
    "penetration": 1e-9,
    "tension": 1e-9,
    "complementarity": 1e-9,
    "force_balance": 1e-9,
    "member_length": 1e-9,
}
"""Certificates: the largest value of each that a solution may have (contact.certify)."""


def build_body(solid: Solid) -> Body:
    """Mesh one solid and make its finite-element body."""
    return Body(solid, mesh_shape(solid.shape, solid.symmetry))


@dataclass(frozen=True)
class _Part:
    """One superelement in the assembly: its own columns `own` stand at `at` in the global vector; sorted by `order`."""

    condenser: Condenser
    element: Superelement
    own: NDArray[np.int64]
    at: NDArray[np.int64]
    order: NDArray[np.int64]
    basis: Array


class Model:
    """An assembly reduced to its pixels and bolts."""

    def __init__(
        self,
        assembly: Assembly,
        cache: Path | None = None,
        keep: bool = True,
        progress: Callable[[str], None] | None = None,
    ):
        self.assembly = assembly
        tell = progress or log.info
        grids = {i.name: PressureGrid.over(i.region, i.pixel, assembly.symmetry) for i in assembly.interfaces}
        condensers, elements = {}, {}
        for solid in assembly.solids:
            tell(f"superelement of {solid.name}")
            condensers[solid.name] = Condenser(solid, self._links(solid, grids), build_body, cache)
            elements[solid.name] = condensers[solid.name].get(keep=keep)
        self.joints = self._join(grids, condensers, elements)
        self.pixels = sum(len(j.pixels) for j in self.joints.values())
        self.size = self.pixels + len(assembly.bolts)
        self.parts: dict[str, _Part] = {}
        self.rigid_at: dict[str, slice] = {}
        self._sum(condensers, elements)

    def _links(self, solid: Solid, grids: dict[str, PressureGrid]) -> Links:
        mine = [(face, grids[i.name]) for i in self.assembly.interfaces for face in self._faces_of(solid, i)]
        seats = [
            s.split(".", 1)[1]
            for b in self.assembly.bolts
            for s in b.seats
            if s.split(".", 1)[0] == solid.name
        ]
        return Links(tuple(mine), tuple(seats))

    @staticmethod
    def _faces_of(solid: Solid, interface: Interface) -> list[str]:
        sides = (interface.below, interface.above)
        return [side.split(".", 1)[1] for side in sides if side.split(".", 1)[0] == solid.name]

    def _join(
        self,
        grids: dict[str, PressureGrid],
        condensers: dict[str, Condenser],
        elements: dict[str, Superelement],
    ) -> dict[str, Joint]:
        joints, start = {}, 0
        for i in self.assembly.interfaces:
            sides = []
            for side in (i.below, i.above):
                name = side.split(".", 1)[0]
                if name not in elements:
                    raise GeometryError(f'interface "{i.name}": there is no solid "{name}"')
                which = [g is grids[i.name] for _, g in condensers[name].links.grids].index(True)
                sides.append((elements[name].covered[which], elements[name].fine[which]))
            check_resolution(i.name, sides[0][1], sides[1][1])
            area = _common_area(i.name, sides[0][0], sides[1][0])
            pixels = np.flatnonzero(area)
            if not len(pixels):
                raise GeometryError(f'interface "{i.name}": the two faces do not lie over each other')
            joints[i.name] = Joint(
                i, grids[i.name], pixels, area[pixels], initial_gap(i, grids[i.name])[pixels], start
            )
            start += len(pixels)
        return joints

    def _sum(self, condensers: dict[str, Condenser], elements: dict[str, Superelement]) -> None:
        """Add the superelements up: compliance, rigid motions, free displacements, resultants of given loads."""
        self.compliance = np.zeros((self.size, self.size))
        self.free = np.zeros(self.size)
        modes, loads, count = [], [], 0
        for name, element in elements.items():
            own, at = self._numbering(condensers[name], element.covered)
            basis, load = _seen_modes(name, element)
            self.parts[name] = _Part(condensers[name], element, own, at, np.argsort(at), basis)
            self.compliance[np.ix_(at, at)] += element.compliance[np.ix_(own, own)]
            self.free[at] += element.free[own]
            block = np.zeros((self.size, basis.shape[1]))
            block[at] = element.modes[own] @ basis
            modes.append(block)
            loads.append(load)
            self.rigid_at[name] = slice(count, count + basis.shape[1])
            count += basis.shape[1]
        self.modes = np.hstack(modes) if modes else np.zeros((self.size, 0))
        self.load = np.concatenate(loads) if loads else np.zeros(0)

    def _numbering(
        self, condenser: Condenser, covered: tuple[Array, ...]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Columns of a superelement that are in use, and their places in the global vector."""
        own: list[NDArray[np.int64]] = []
        at: list[NDArray[np.int64]] = []
        base = 0
        for (_, grid), mask in zip(condenser.links.grids, covered, strict=True):
            joint = next(j for j in self.joints.values() if j.grid is grid)
            number = np.full(grid.size, -1)
            number[np.flatnonzero(mask)] = base + np.arange(int((mask > 0).sum()))
            own.append(number[joint.pixels])
            at.append(np.arange(joint.span.start, joint.span.stop))
            base += int((mask > 0).sum())
        seats = [(b, s) for b, bolt in enumerate(self.assembly.bolts) for s in bolt.seats]
        mine = [b for b, s in seats if s.split(".", 1)[0] == condenser.solid.name]
        own.append(base + np.arange(len(mine)))
        at.append(self.pixels + np.array(mine, dtype=np.int64))
        return np.concatenate(own).astype(np.int64), np.concatenate(at).astype(np.int64)

    # -- solving -------------------------------------------------------------------------------------------

    def tighten(
        self, forces: dict[str, float], method: str = "active_set", guess: State | None = None
    ) -> State:
        """State under given bolt forces [N] (all bolts free to lengthen)."""
        return self._solve({b.name: forces[b.name] for b in self.assembly.bolts}, None, method, guess)

    def locked(
        self, state: State, given: dict[str, float] | None = None, method: str = "active_set"
    ) -> State:
        """State with all bolts locked at their length in `state`, except those given a new force [N]."""
        return self._solve(given or {}, state, method, state)

    def problem(self, given: dict[str, float], lengths: Array) -> tuple[ContactProblem, NDArray[np.int64]]:
        """The contact problem with some bolt forces [N] given and the others locked at `lengths`; which are locked."""
        bolts, n = self.assembly.bolts, self.pixels
        fixed = np.array([i for i, b in enumerate(bolts) if b.name in given], dtype=np.int64)
        held = np.array([i for i, b in enumerate(bolts) if b.name not in given], dtype=np.int64)
        on = np.concatenate([np.arange(n), n + held])
        t = np.array([given[bolts[i].name] * bolts[i].share for i in fixed])
        c = self.compliance[np.ix_(on, on)] if len(fixed) else self.compliance.copy()
        spring = np.arange(n, len(on))
        c[spring, spring] += 1.0 / self._rates[held]
        offset = self.free[on] + self.compliance[np.ix_(on, n + fixed)] @ t
        offset[:n] += np.concatenate([j.gap for j in self.joints.values()] or [np.zeros(0)])
        load = self.load + self.modes[n + fixed].T @ t
        label = " + ".join(self.joints)
        return ContactProblem(c, offset[:n], offset[n:] + lengths[held], self.modes[on], load, label), held

    @property
    def _rates(self) -> Array:
        """Stiffness [N/mm] of the modelled part of every bolt."""
        return np.array([b.stiffness * b.share for b in self.assembly.bolts])

    def _solve(
        self, given: dict[str, float], before: State | None, method: str, guess: State | None
    ) -> State:
        """One state; a locked bolt that would have to push goes slack instead (a nut can only pull)."""
        bolts = self.assembly.bolts
        unset = [b.name for b in bolts if b.name not in given]
        if unset and before is None:
            raise PhysicsRefused(f"bolt {unset[0]} has neither a force nor a locked length")
        lengths = np.zeros(len(bolts)) if before is None else before.lengths
        slack: set[str] = set()
        for _ in range(2 * len(bolts) + 1):
            state = self._one(given | dict.fromkeys(slack, 0.0), lengths, method, guess)
            stretch = -(self._closing(state.x, state.rigid) + lengths)
            pushing = {
                b.name for i, b in enumerate(bolts) if b.name in unset and state.x[self.pixels + i] < 0
            }
            taut = {b.name for i, b in enumerate(bolts) if b.name in slack and stretch[i] > 0}
            if not pushing and not taut:
                break
            slack = (slack | pushing) - taut
        else:
            raise NotConvergedError("bolts keep changing between slack and taut")
        set_now = np.array([b.name in given for b in bolts], dtype=bool)
        x = state.x[self.pixels :]
        now = -(self._closing(state.x, state.rigid) + x / self._rates) if len(bolts) else lengths
        return replace(state, lengths=np.where(set_now, now, lengths))

    def _closing(self, x: Array, rigid: Array) -> Array:
        """How far [mm] the seats of every bolt have moved towards each other."""
        at = slice(self.pixels, None)
        return self.compliance[at] @ x + self.free[at] + self.modes[at] @ rigid

    def _one(self, given: dict[str, float], lengths: Array, method: str, guess: State | None) -> State:
        problem, held = self.problem(given, lengths)
        start = self._coarse_guess(problem) if guess is None else guess.x[: self.pixels] > 0
        solution = _solution(problem, start) if method == "active_set" else projected_cg(problem)
        for name, limit in LIMITS.items():
            if not solution.certificates[name] <= limit:
                raise NotConvergedError(
                    f'"{problem.label}": {name} is {solution.certificates[name]:.1e}, allowed is {limit:.0e}'
                )
        x = np.zeros(self.size)
        x[: self.pixels] = solution.force
        x[self.pixels + held] = solution.member
        for i, bolt in enumerate(self.assembly.bolts):
            if bolt.name in given:
                x[self.pixels + i] = given[bolt.name] * bolt.share
        return State(self, x, solution, solution.rigid, lengths)

    def _coarse_guess(self, problem: ContactProblem, block: int = 4) -> NDArray[np.bool_] | None:
        """Pixels likely to be pressed, from the same problem with blocks of pixels moving as one."""
        if self.pixels < 600:
            return None
        group, count = np.empty(self.pixels, dtype=np.int64), 0
        for j in self.joints.values():
            _ny, nx = j.grid.shape
            row, col = j.pixels // nx, j.pixels % nx
            blocks, inverse = np.unique(row // block * nx + col // block, return_inverse=True)
            group[j.span] = count + inverse
            count += len(blocks)
        m = len(problem.slack)
        area = np.concatenate([j.area for j in self.joints.values()])
        weight = area / np.bincount(group, area, count)[group]
        rows = np.concatenate([group, count + np.arange(m)])
        reduce = sp.csr_matrix((np.concatenate([weight, np.ones(m)]), (rows, np.arange(self.pixels + m))))
        coarse = ContactProblem(
            np.asarray(reduce @ (reduce @ problem.compliance).T),
            reduce[:count, : self.pixels] @ problem.gap,
            problem.slack,
            reduce @ problem.modes,
            problem.load,
            problem.label,
        )
        try:
            return np.asarray(active_set(coarse).force[group] > 0)
        except NotConvergedError:  # only a guess: blocks can be too coarse for a load near the edge
            return None


def _solution(problem: ContactProblem, start: NDArray[np.bool_] | None) -> ContactSolution:
    """Active-set solution, tried again from all pixels pressed where the guess leads nowhere."""
    try:
        return active_set(problem, start)
    except NotConvergedError:
        pull = problem.modes[: problem.pixels].T
        if not len(problem.slack) and len(problem.load):
            _, miss = scipy.optimize.nnls(pull, -problem.load)
            if miss > 1e-6 * float(np.abs(problem.load).max()):
                raise PhysicsRefused(
                    f'"{problem.label}": no pressure can balance the bolts: their resultant lies outside the pressed '
                    "area, so the plates would tip. Move the bolts, or share the load differently."
                ) from None
        if start is None:
            raise
        return active_set(problem)


def _common_area(name: str, below: Array, above: Array) -> Array:
    """Pixel areas [mm2] that both faces cover alike; 0 for pixels that one of them covers only in part.

    Over different parts of a pixel the two means would not balance: the pair would carry a moment of its own.
    """
    both = (below > 0) & (above > 0)
    alike = both & (np.abs(below - above) <= 1e-6 * np.maximum(below, above))
    lost = float(np.minimum(below, above)[both & ~alike].sum())
    if lost:
        share = 100 * lost / float(np.minimum(below, above).sum())
        log.warning(
            "%s: %d rim pixels (%.2g %% of the area) are left out", name, int((both & ~alike).sum()), share
        )
    return np.where(alike, below, 0.0)


def _seen_modes(name: str, element: Superelement) -> tuple[Array, Array]:
    """Rigid motions that the links feel, as combinations (r, s) of the body's, and the loads on them (s,).

    The others are idle without friction; a load along an idle motion would move the body away and is refused.
    """
    _, s, vt = np.linalg.svd(np.linalg.qr(element.modes, mode="r"), full_matrices=True)
    s = np.concatenate([s, np.zeros(vt.shape[0] - len(s))])
    seen = s > 1e-9 * max(s.max(initial=0.0), 1.0)
    idle = vt[~seen] @ element.resultant
    if np.abs(idle).max(initial=0.0) > 1e-9 * max(1.0, float(np.abs(element.resultant).max(initial=0.0))):
        raise PhysicsRefused(f'solid "{name}" is pushed in a direction in which nothing holds it')
    return vt[seen].T, vt[seen] @ element.resultant
