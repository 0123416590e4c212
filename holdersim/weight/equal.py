"""What is equal when holders are sized by finite elements: the table `equal` of a weight study. No FEniCS here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ..schema import Entry, key, some
from ..units import Pressure
from .uniaxial import Pads


class Equal(Entry):
    """Uniformity and safety at which holders are compared."""

    measure: Literal["CV", "p5/p95"] = key(doc="how even the pressure on the stack is")
    limit: Annotated[float, Field(gt=0, lt=1)] = key(
        doc="greatest CV, or least p5/p95, of means over a 24th of the side of the pressed area"
    )
    safety: Annotated[float, Field(ge=1, le=10)] = key(
        doc="yield strength over the greatest stress that finite elements find"
    )
    alloys: Annotated[tuple[str, ...], AfterValidator(some)] = key(doc="names of alloys of the study")
    ratings: Annotated[tuple[Pressure, ...], AfterValidator(some)] = key(doc="ratings")
    closure: Literal["hemispherical", "ellipsoidal"] = key(doc="ends of the chamber")
    pads: Pads = key(doc="rubber pads of the padded plates")
