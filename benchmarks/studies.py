"""The tables and plots of docs/studies.md, from the reports in segen/evaluation/studies."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks import marked
from benchmarks.marked import DOCS
from segen.data import files
from segen.evaluation import studies
from segen.text import words

PAGE = DOCS / "studies.md"
LINE = "#768390"
"""Of axes and text, to be read on a white page and on a dark one."""


def main() -> Iterator[str]:
    """Write each table, between the marks of its study, and each plot, and say where."""
    for study, draw in PLOTS.items():
        report = studies.read(study)
        marked.write(PAGE, study, table(report))
        yield f"{PAGE}: the table of {study}"
        yield str(_plot(study, report, draw))


def table(report: dict[str, Any]) -> str:
    """The study's table in Markdown: ways in columns, the best of each row in bold."""
    by_picture = len(report["pictures"]) > 1
    corner = "training pictures" if by_picture else words("en", f"studies.{report['study']}_rows")
    lines = [[corner, *(name(way) for way in report["ways"])]]
    for pictures in report["pictures"]:
        for measure in report["measures"]:
            found = [studies.outcome(report, way, pictures, measure) for way in report["ways"]]
            best = max(found, key=lambda each: each.mean)
            cells = [f"**{each}**" if each is best else str(each) for each in found]
            lines.append([str(pictures) if by_picture else _row(measure, report), *cells])
    return marked.table(lines)


def digest(name: str) -> str:
    """Of a report; its plot carries it."""
    return hashlib.sha256(studies.path(name).read_bytes()).hexdigest()


def name(way: str) -> str:
    """What the page, too, calls a way."""
    return words("en", f"studies.{way}")


def _row(measure: str, report: dict[str, Any]) -> str:
    share = report["shares"].get(measure.removeprefix("iou_"))
    return _measure(measure) if share is None else f"{_measure(measure)} ({100 * share:.1f} % of the pixels)"


def _measure(measure: str) -> str:
    if measure == "mean_iou":
        return "mean IoU"
    known = measure.removeprefix("iou_")
    return known if known != measure else words("en", f"studies.{measure}")


def _plot(study: str, report: dict[str, Any], draw: Any) -> Path:
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": study, "font.size": 10}):
        figure = Figure(figsize=(7.2, 3.6), layout="constrained")
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(LINE)
        axes.tick_params(colors=LINE, which="both")
        draw(axes, report)
        axes.legend(frameon=False, labelcolor=LINE)
        path = DOCS / f"studies-{study}.svg"
        with files.replacing(path) as temporary:
            kept = {"Date": None, "Identifier": digest(study)}
            figure.savefig(temporary, transparent=True, metadata=kept)
    return path


def _by_pictures(axes: Axes, report: dict[str, Any]) -> None:
    """IoU over the number of pictures: a line through the means, a point for each seed."""
    measure, pictures = report["measures"][0], report["pictures"]
    for way in report["ways"]:
        found = [studies.outcome(report, way, count, measure) for count in pictures]
        axes.plot(pictures, [each.mean for each in found], color=studies.COLORS[way], label=name(way))
        for count, each in zip(pictures, found, strict=True):
            axes.plot([count] * len(each.values), each.values, "o", ms=4, color=studies.COLORS[way])
    axes.set_xscale("log")
    axes.set_xticks(pictures, [str(count) for count in pictures])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("training pictures", color=LINE)
    shown = _measure(measure)
    axes.set_ylabel(f"IoU of {shown}" if measure.startswith("iou_") else shown, color=LINE)


def _by_measure(axes: Axes, report: dict[str, Any]) -> None:
    """A group of bars for each measure, a bar for each way, a point for each seed."""
    measures, ways = report["measures"], list(report["ways"])
    width = 0.8 / len(ways)
    for index, way in enumerate(ways):
        found = [studies.outcome(report, way, None, measure) for measure in measures]
        places = [group + (index - (len(ways) - 1) / 2) * width for group in range(len(measures))]
        axes.bar(
            places, [each.mean for each in found], width * 0.9, color=studies.COLORS[way], label=name(way)
        )
        for place, each in zip(places, found, strict=True):
            axes.plot([place] * len(each.values), each.values, "o", ms=2.5, color=LINE)
    axes.set_xticks(range(len(measures)), [_measure(measure) for measure in measures])
    axes.set_ylabel(words("en", f"studies.{report['study']}_rows"), color=LINE)


PLOTS = {
    "transfer": _by_pictures,
    "imbalance": _by_measure,
    "generated": _by_pictures,
    "generated_streets": _by_pictures,
    "guided": _by_measure,
}
"""What draws each study."""
