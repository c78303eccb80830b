"""python -m benchmarks NAME…, modules of this package that have a `main`; without names, what is timed."""

from __future__ import annotations

import sys
from importlib import import_module

TIMED = ("speed", "startup", "memory", "cluster", "stroke", "cost", "generation", "visitors")

for name in sys.argv[1:] or TIMED:
    for line in import_module(f"benchmarks.{name}").main():
        print(line, flush=True)
