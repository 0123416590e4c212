"""One worker of a sweep on this machine: python -m holdersim.sweep FOLDER FIRST_CHUNK; ends with its starter."""

import logging
import sys

from ..errors import HoldersimError
from .worker import end_with, work

if __name__ == "__main__":
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", level=logging.WARNING)
    end_with(0)
    try:
        work(sys.argv[1], int(sys.argv[2]))
    except HoldersimError as problem:
        print(problem, file=sys.stderr)
        sys.exit(problem.exit_code)
