"""`python -m procdash`."""

from procdash.cli import main

main()
