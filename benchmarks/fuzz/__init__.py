"""Malformed inputs of every kind: each is refused in a sentence or answered aright, or it is a fault.

`python -m benchmarks fuzz` prints the figures of 2,000; $SEGEN_FUZZ sets another number, $SEGEN_FUZZ_SEED
another start. Each input is a sound one with a few parts changed, by numbers of the seed and its place.
"""

from __future__ import annotations

import os
import resource
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

from benchmarks.fuzz.files import kinds
from benchmarks.fuzz.mutation import Dice
from benchmarks.fuzz.served import attacked
from segen.errors import SegenError
from segen.text import LANGUAGES

Kind = Callable[[Dice], object]

MOST_BYTES = 12_000_000_000
"""Of address space, so that a fault takes no more; libraries alone reserve half of it."""


def tried(name: str, kind: Kind, dice: Dice) -> tuple[str, str]:
    """How one input came out, "answered", "refused" or "fault", and for a fault what was raised."""
    try:
        kind(dice)
    except SegenError as refusal:
        return "refused", "" if all(map(refusal.sentence, LANGUAGES)) else "silent"
    except SystemExit as stop:  # a command line that tyro cannot read
        return ("refused", "") if stop.code == 2 else ("fault", f"{name} {dice}: exit {stop.code}")
    except Exception as fault:
        return "fault", f"{name} {dice}: {type(fault).__name__}: {fault}"
    return "answered", ""


def main() -> Iterator[str]:
    """A line for each kind, and one for each fault."""
    count, seed = int(os.environ.get("SEGEN_FUZZ", "2000")), int(os.environ.get("SEGEN_FUZZ_SEED", "0"))
    with tempfile.TemporaryDirectory() as folder:
        tries: dict[str, Kind] = dict(kinds(Path(folder)))
        each = count // (len(tries) + 3)  # the rest goes to a server
        lines, faults = attacked(Path(folder), seed, count - each * len(tries))
        yield from lines
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
        for name, kind in tries.items():
            found, slowest = Counter[str](), 0.0
            for number in range(each):
                began = perf_counter()
                outcome, told = tried(name, kind, Dice(seed, name, number))
                slowest = max(slowest, perf_counter() - began)
                found[outcome] += 1
                if told:
                    yield told[:300]
            faults += found["fault"]
            yield f"{name}: {dict(found)}, slowest {slowest:.1f} s"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield f"{count} inputs, {faults} faults, peak {peak:.0f} MB"
