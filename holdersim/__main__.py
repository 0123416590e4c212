"""`python -m holdersim` is the command line."""

from .cli import main

main()
