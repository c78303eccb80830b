"""Annotations of other tools, converted to the folder of docs/own-data.md."""
