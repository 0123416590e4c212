"""What holders weigh, by closed forms: a reconstruction of the paper's Figure S5. No FEniCS.

    holdersim weigh cases/weights/*.toml      # one page, one table for each study

study.py says what is weighed; uniaxial.py and isostatic.py size one holder (plates.py, ritz.py, vessels.py have the
formulas); answers.py compares; cases.py makes a case of a sized holder.
"""

from .point import Point, Stack
from .study import Study, read_study

__all__ = ["Point", "Stack", "Study", "read_study"]
