"""python -m benchmarks [speed] [startup] [memory] [cluster] [cost] [generation] [studies]"""

from __future__ import annotations

import sys
from importlib import import_module

for name in sys.argv[1:] or ["speed", "startup", "memory", "cluster", "cost", "generation"]:
    for line in import_module(f"benchmarks.{name}").main():
        print(line, flush=True)
