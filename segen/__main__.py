"""`python -m segen` is the `segen` command."""

from segen.cli.main import entry

entry()
