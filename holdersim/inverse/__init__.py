"""What a pressure paper tells of its holder: bolt forces, wedge and low-order flatness, with what stays unknown.

unknowns.py    what is sought, as numbers of variance 1 before the paper is seen
seeing.py      what the paper shows of a holder's pressures: film, place, scatter
evidence.py    what the paper says on the squares of the holder
posterior.py   the most probable holder and its covariance, through one compliance with exact derivatives
infer.py       a case and a scan or a sensor's map: `infer`; files.py its page and tables
"""

from .evidence import Evidence, evidence_of
from .infer import Inferred, infer
from .posterior import Posterior, Seeker
from .seeing import View
from .unknowns import Priors, Unknowns, unknowns

__all__ = [
    "Evidence", "Inferred", "Posterior", "Priors", "Seeker", "Unknowns", "View", "evidence_of", "infer", "unknowns",
]  # fmt: skip
