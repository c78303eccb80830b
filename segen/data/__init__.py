"""Data sets on disk, and what the code draws."""
