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
    words = os.dup(1)  # for the starter alone; whatever else is printed goes to the log
    os.dup2(2, 1)
    try:
        work(sys.argv[1], int(sys.argv[2]))
    except HoldersimError as problem:
        with contextlib.suppress(OSError):
            os.write(words, str(problem).encode())
        os._exit(problem.exit_code)
