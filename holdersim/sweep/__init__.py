"""Sweeps: many cases that differ in some keys, planned, solved, counted and tabled, with nothing lost.

    sweep.make("cases/sweeps/x.toml", "results/x")   # every row is checked before anything runs
    sweep.begin("results/x")                         # processes on this machine; resumed(...) after a break
    sweep.collect("results/x")                       # table.parquet, table.csv
The truth is on disk: rows, and how each ended. Workers, wherever they run, share nothing else.
"""

from .plan import Plan, make, open_plan
from .start import begin, case_of, resumed
from .status import Counts, counts
from .table import collect
from .worker import work

__all__ = ["Counts", "Plan", "begin", "case_of", "collect", "counts", "make", "open_plan", "resumed", "work"]
