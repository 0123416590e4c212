"""Material data and laws."""

from .elastic import Elastic
from .library import Record, library, material, record

__all__ = ["Elastic", "Record", "library", "material", "record"]
