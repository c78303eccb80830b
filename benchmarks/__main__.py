"""python -m benchmarks NAME…, modules that have a `main`; without names, all of docs/performance.md."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from time import monotonic

from benchmarks.performance import PARTS, keep


def main(names: list[str]) -> int:
    """Print what each part measures, and note it for the page; 1 where one of them failed."""
    failed = []
    for name in names:
        lines, began, load = [], monotonic(), os.getloadavg()[0]
        try:
            for line in import_module(f"benchmarks.{name}").main():
                print(line, flush=True)
                lines.append(line)
        except Exception as fault:  # the parts after it are measured all the same
            if len(names) == 1:
                raise
            failed.append(f"{name}: {type(fault).__name__}: {fault}")
        else:
            if name in PARTS:
                keep(name, lines, monotonic() - began, load)
    print(*failed, sep="\n", end="\n" if failed else "", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(PARTS)))
