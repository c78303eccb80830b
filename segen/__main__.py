"""`python -m segen` is the `segen` command."""

from segen.cli import entry

entry()
