"""What was measured once and for all: where a training starts, and what its loss counts."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr
import pandas as pd

from segen.evaluation import studies
from segen.evaluation.studies import COLORS, Outcome, outcome
from segen.registry import dataset_classes
from segen.text import words
from segen.ui.framework.link import Tab, Values

if TYPE_CHECKING:
    from segen.engine import Engine

NAME = "studies"


def build(_engine: Engine) -> Tab:
    """Lay out the tab inside the current gr.Tab."""
    with gr.Row(elem_classes="work"):
        with gr.Column(scale=1, min_width=300):
            transfer = gr.HTML(elem_classes=["scores", "study"], padding=False, elem_id="studies-transfer")
            lines = gr.LinePlot(height=320, elem_id="studies-lines")
        with gr.Column(scale=1, min_width=300):
            imbalance = gr.HTML(elem_classes=["scores", "study"], padding=False, elem_id="studies-imbalance")

    def fill(_link: object, language: str) -> Values:
        moved, rare = (studies.read(name) for name in ("transfer", "imbalance"))
        return {
            transfer: _section(moved, language),
            lines: _lines(moved, language),
            imbalance: _section(rare, language),
        }

    return Tab([transfer, lines, imbalance], fill)


def _section(report: dict[str, Any], language: str) -> str:
    """Heading, how it was measured, what was learned, and the table with the best of each row marked."""
    config, seeds = report["config"], report["seeds"]
    values = {
        "steps": config["steps"],
        "batch": config["batch_size"],
        "height": config["crop"][0],
        "width": config["crop"][1],
        "crops": config["steps"] * config["batch_size"],
        "items": report["items"],
        "seeds": len(seeds),
    }
    name, body = report["study"], ""
    notes = [words(language, "studies.best")]
    if name == "transfer":
        notes.append(words(language, "studies.uprights"))
    for pictures in report["pictures"]:
        for measure in report["measures"]:
            found = [outcome(report, way, pictures, measure) for way in report["ways"]]
            best = max(each.mean for each in found)
            cells = "".join(
                _cell(way, each, each.mean == best) for way, each in zip(report["ways"], found, strict=True)
            )
            row = _row(measure, report, language) if pictures is None else str(pictures)
            body += f"<tr><th scope='row'>{row}</th>{cells}</tr>"
    head = "".join(
        f"<th scope='col'>{escape(words(language, f'studies.{way}'))}</th>" for way in report["ways"]
    )
    corner = words(language, f"studies.{name}_rows")
    said = (words(language, f"studies.{name}_{part}", **values) for part in ("measured", "learned"))
    return (
        f"<h3>{escape(words(language, f'studies.{name}'))}</h3>"
        + "".join(f"<p>{escape(text)}</p>" for text in said)
        + f"<table><thead><tr><th scope='col'>{escape(corner)}</th>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table><p>{escape(' '.join(notes))}</p>"
    )


def _cell(way: str, found: Outcome, best: bool) -> str:
    """Mean and deviation over a bar from 0 to the mean, of 1."""
    spread = "" if found.deviation is None else f" <small>± {found.deviation:.3f}</small>"
    mean = f"★ <b>{found.mean:.3f}</b>" if best else f"{found.mean:.3f}"
    return f"<td>{mean}{spread}<i style='width: {100 * found.mean:.1f}%; background: {COLORS[way]}'></i></td>"


def _row(measure: str, report: dict[str, Any], language: str) -> str:
    """A class with its share of the training pixels, or the mean of all classes, as HTML."""
    if measure == "mean_iou":
        return escape(words(language, "studies.mean_iou", classes=len(report["shares"])))
    known = measure.removeprefix("iou_")
    names = {each.name["en"]: each.name[language] for each in dataset_classes(report["data"])}
    name = escape(names[known]).replace("_", "_<wbr>")
    return f"{name} <small>{100 * report['shares'][known]:.1f} %</small>"


def _lines(report: dict[str, Any], language: str) -> gr.LinePlot:
    """A line through the means of each way, with an upright from the lowest seed to the highest."""
    measure = report["measures"][0]
    points = []
    for way in report["ways"]:
        for pictures in report["pictures"]:
            found = outcome(report, way, pictures, measure)
            for value in (found.mean, min(found.values), max(found.values), found.mean):
                points.append((pictures, value, words(language, f"studies.{way}")))
    ways = words(language, "studies.way")  # read out with each point
    return gr.LinePlot(
        pd.DataFrame(points, columns=["pictures", "iou", ways]),
        x="pictures",
        y="iou",
        color=ways,
        color_map={words(language, f"studies.{way}"): COLORS[way] for way in report["ways"]},
        color_title="",
        x_title=words(language, "studies.transfer_rows"),
        y_title=words(language, "studies.iou_nucleus"),
        x_lim=[0, 1.04 * max(report["pictures"])],
        x_axis_format="d",
    )
