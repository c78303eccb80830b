"""What the parts of `python -m benchmarks` printed last (performance.json), and docs/performance.md of it."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.marked import DOCS
from segen.data import files

RESULTS = Path(__file__).with_name("performance.json")
PAGE = DOCS / "performance.md"
PARTS = {
    "speed": "A segmentation against smp's own call",
    "peers": "Against torchvision, diffusers, CycleGAN's generator and a plain training loop",
    "loading": "Pictures that a training reads",
    "cost": "Each card that segments against one pass of `unet-camvid`, in float32",
    "cluster": "K-means on large pictures",
    "stroke": "A stroke of Teach it",
    "generation": "Generators against their bare networks",
    "startup": "Cold start",
    "first_click": "From a click to a picture in a browser",
    "in_browser": "A network in the visitor's browser",
    "playground": "The playground's networks in the browser",
    "memory": "Memory over many requests",
    "large_picture": "Peak memory of 64 megapixels",
    "sizes": "Growth with the size of a picture",
    "visitors": "Growth with the number of visitors",
    "together": "Requests that wait together",
    "bill": "The bill",
}
"""Each part, a module of this package, and the heading of its section, in the order of the page."""
LIBRARIES = ("torch", "onnxruntime", "gradio")
HEAD = """# Performance

`make bench` measures all of this anew and writes this page; `python -m benchmarks NAME` measures one part,
and leaves the other sections as they are. A figure is a ratio wherever there is a peer: both are timed in
turn in one run, and the median of the ratios is told, then the median of either. Each section says when it
was measured, on how many cores, and what the load of the machine was when the part began: the processes that
wanted to run in the minute before. Where it is above 0.5, other work was slowing this one, and times are too
long.
"""
TAIL = """## What takes longer

These are run for themselves, each by `python -m benchmarks NAME`: `inference` ([inference.md](inference.md)),
`teach` ([teach.md](teach.md)), `samplers` ([generation.md](generation.md)) and `studies`
([studies.md](studies.md)) need data; `threads` compares workers ([inference.md](inference.md));
`fuzz`, `kills` and `soak` try to break it ([threats.md](threats.md)).
"""


def keep(name: str, lines: list[str], seconds: float, load: float) -> None:
    """Note what a part printed, after `seconds`, and write the page anew."""
    results = read()
    results[name] = {
        "lines": lines,
        "seconds": round(seconds),
        "load": round(load, 1),
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "versions": {"Python": platform.python_version(), **{each: version(each) for each in LIBRARIES}},
    }
    files.write_text(RESULTS, json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    files.write_text(PAGE, page(results))


def read() -> dict[str, Any]:
    """What was measured of each part."""
    found: dict[str, Any] = json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else {}
    return found


def page(results: dict[str, Any]) -> str:
    """The page in Markdown: a section for each part that was measured."""
    return "\n".join([HEAD, *(_section(name, results[name]) for name in PARTS if name in results), TAIL])


def _section(name: str, result: dict[str, Any]) -> str:
    printed = "\n".join(f"- {line.replace('   ', '; ')}" for line in result["lines"])
    versions = ", ".join(f"{library} {number}" for library, number in result["versions"].items())
    return (
        f"## {PARTS[name]}\n\n{printed}\n\n"
        f"`python -m benchmarks {name}`: {result['seconds']} s on {result['date']}, {result['cores']} cores, "
        f"load {result['load']}; {versions}\n"
    )
