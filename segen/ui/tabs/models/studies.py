"""What was measured once and for all: where a training starts, and what its loss counts."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from segen.evaluation import studies as kept
from segen.evaluation.studies import COLORS, Outcome, outcome
from segen.registry import dataset_classes
from segen.text import words
from segen.ui.framework.data_uri import data_uri
from segen.ui.framework.templates import render

STUDIES = ("transfer", "imbalance", "generated", "generated_streets", "guided")
WIDTH, LEFT, RIGHT, LINE = 450, 142, 436, 27
"""Of the plot, where its 0 and 1 are, and how far its rows are apart, in its own units."""


def studies(language: str) -> Markup:
    """The studies as HTML: a plot each, then what was learned, with method and numbers folded."""
    return render(
        "tabs/models/studies.html",
        language=language,
        studies=[_study(kept.read(name), language) for name in STUDIES],
        colors=COLORS,
        width=WIDTH,
        left=LEFT,
        right=RIGHT,
        line=LINE,
    )


def _study(report: dict[str, Any], language: str) -> dict[str, Any]:
    config, name = report["config"], report["study"]
    height, width = config.get("crop") or (config["side"], config["side"])
    values = {
        "steps": config["steps"],
        "batch": config["batch_size"],
        "height": height,
        "width": width,
        "crops": config["steps"] * config["batch_size"],
        "items": report["items"],
        "seeds": len(report["seeds"]),
    }
    return {
        "name": name,
        "title": words(language, f"studies.{name}_title"),
        "measured": words(language, f"studies.{name}_measured", **values),
        "learned": words(language, f"studies.{name}_learned", **values),
        "corner": words(language, f"studies.{name}_rows"),
        "ways": list(report["ways"]),
        "rows": _rows(report, language),
        "pictures": _pictures(name),
    }


def _pictures(name: str) -> str:
    """What the generators of a study drew, as an address; "" where it has none."""
    file = kept.pictures(name)
    return data_uri(file.read_bytes(), "image/webp") if file.is_file() else ""


def _rows(report: dict[str, Any], language: str) -> list[dict[str, Any]]:
    """A row for each number of pictures, or for each class: what each way reached, the best marked."""
    rows = []
    for pictures in report["pictures"]:
        for measure in report["measures"]:
            found = {way: outcome(report, way, pictures, measure) for way in report["ways"]}
            name, share = _row_name(report, pictures, measure, language)
            best = max(each.mean for each in found.values())
            cells = [_cell(way, each, each.mean == best) for way, each in found.items()]
            rows.append({"name": name, "share": share, "cells": cells})
    return rows


def _cell(way: str, found: Outcome, best: bool) -> dict[str, Any]:
    """A way's mean and the lowest and highest of its seeds, each as a place in the plot, too."""
    low, mean, high = (
        round(LEFT + (RIGHT - LEFT) * value, 1)
        for value in (min(found.values), found.mean, max(found.values))
    )
    return {"way": way, "text": str(found), "best": best, "low": low, "mean": mean, "high": high}


def _row_name(report: dict[str, Any], pictures: int | None, measure: str, language: str) -> tuple[str, str]:
    """What a row is about, and of a class its share of the training pixels."""
    if pictures is not None:
        return words(language, "studies.pictures", count=pictures), ""
    if not measure.startswith("iou_"):
        return words(language, f"studies.{measure}", classes=len(report["shares"])), ""
    known = measure.removeprefix("iou_")
    names = {each.name["en"]: each.name[language] for each in dataset_classes(report["data"])}
    return names[known].replace("_", " "), f"{100 * report['shares'][known]:.1f} %"
