"""All flat pictures of a finished result."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

from ..results import open_result
from . import animation, cycles, edge, style, through, timeline
from .curves import histogram, profiles
from .panels import deflection_picture, elsewhere_picture, gap_picture, pressure_picture, steps_picture

MOST_STEPS = 6
"""Steps drawn side by side; of a longer history, this many at even distances, first and last included."""


def some_steps(steps: list[str]) -> list[str]:
    """At most MOST_STEPS of the steps, at even distances, first and last included."""
    if len(steps) <= MOST_STEPS:
        return steps
    places = sorted({round(k * (len(steps) - 1) / (MOST_STEPS - 1)) for k in range(MOST_STEPS)})
    return [steps[k] for k in places]


def draw(result_folder: Path | str, film: float | None = None) -> list[Path]:
    """Pictures of a result, written into its folder: pressure, profiles, deflection, histogram, gap.

    With several steps also pressure_steps.png, with states at several times history.png, with faces that do not
    press the cell pressure_elsewhere.png; where the cell charges cycle.png and cycle.gif, with stresses in the layers
    layers.png and edge.png.
    `film` [mm] is the averaging length of profiles and histogram; unless given, that of the case, else 0.5.
    """
    result = open_result(result_folder)
    length = film or float(result.summary.get("film_mm") or 0.5)
    last = result.steps[-1]
    with mpl.rc_context(style.STYLE):
        made = {
            "pressure": pressure_picture(result, last),
            "pressure_elsewhere": elsewhere_picture(result, last),
            "profiles": profiles(result, length),
            "deflection": deflection_picture(result, last),
            "histogram": histogram(result, length),
            "gap": gap_picture(result, last),
            "history": timeline.history(result),
            "cycle": cycles.picture(result),
            "layers": through.picture(result),
            "edge": edge.picture(result),
        }
        if len(result.steps) > 1:
            made["pressure_steps"] = steps_picture(result, some_steps(result.steps))
        pictures = {name: picture for name, picture in made.items() if picture is not None}
        files = [style.save(picture, result.folder / f"{name}.png") for name, picture in pictures.items()]
    movies = animation.movies_of(result, length)
    return files + ([animation.animate(movies, result.folder / "cycle.gif")] if movies else [])
