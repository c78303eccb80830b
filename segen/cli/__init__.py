"""The `segen` command."""
