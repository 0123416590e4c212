"""One worker of a sweep on this machine: python -m holdersim.sweep FOLDER FIRST_CHUNK; ends with its starter."""

import contextlib
import logging
import os
import sys

from ..errors import HoldersimError
from .worker import end_with, work

if __name__ == "__main__":
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", level=logging.WARNING)
    end_with(0)
    try:
        work(sys.argv[1], int(sys.argv[2]))
    except HoldersimError as problem:
        with contextlib.suppress(OSError):  # a full disk takes no words either
            print(problem, file=sys.stderr, flush=True)
        os._exit(problem.exit_code)
