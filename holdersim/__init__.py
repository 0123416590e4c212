"""holdersim: the pressure a battery pouch cell really feels inside its holder.

    import holdersim
    case = holdersim.read_case("cases/bare_uniaxial_5MPa.toml")
    result = holdersim.run(case)

Names are imported when first used, so that reading and checking stay quick and need no FEniCS.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .assembly import (
        Assembly,
        Block,
        Bolt,
        Hole,
        Interface,
        Layer,
        LayerStack,
        MeshFile,
        Plate,
        Rect,
        Seat,
        Solid,
        StepPart,
    )
    from .case import Case, read_case
    from .materials import Elastic, material
    from .ordering import resistance_map
    from .results import open_result
    from .run import run
    from .series import swing_estimate
    from .solve import Model

__version__ = "0.1.0"

_SHAPES = "Assembly Block Bolt Hole Interface Layer LayerStack MeshFile Plate Rect Seat Solid StepPart"
_HOME = {
    **dict.fromkeys(_SHAPES.split(), "assembly"),
    **dict.fromkeys(("Case", "read_case"), "case"),
    **dict.fromkeys(("Elastic", "material"), "materials"),
    "Model": "solve",
    "open_result": "results",
    "resistance_map": "ordering",
    "run": "run",
    "swing_estimate": "series",
}

__all__ = [
    "Assembly",
    "Block",
    "Bolt",
    "Case",
    "Elastic",
    "Hole",
    "Interface",
    "Layer",
    "LayerStack",
    "MeshFile",
    "Model",
    "Plate",
    "Rect",
    "Seat",
    "Solid",
    "StepPart",
    "material",
    "open_result",
    "read_case",
    "resistance_map",
    "run",
    "swing_estimate",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module holdersim has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


class _Package(ModuleType):
    """`holdersim.run` is the function, also after the module of that name was imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value.run if name == "run" and isinstance(value, ModuleType) else value)


sys.modules[__name__].__class__ = _Package
