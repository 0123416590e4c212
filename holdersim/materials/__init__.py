"""Material data and laws."""

from .elastic import Elastic
from .hyperelastic import MooneyRivlin, NeoHookean, Ogden, Yeoh
from .library import Record, library, material, record
from .rubber import Rubber

__all__ = [
    "Elastic",
    "MooneyRivlin",
    "NeoHookean",
    "Ogden",
    "Record",
    "Rubber",
    "Yeoh",
    "library",
    "material",
    "record",
]
