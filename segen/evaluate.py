"""Measure a card on one split of a data set, and keep the numbers beside its weights."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import segen
from segen import datasets, files
from segen.corruptions import Corruption
from segen.datasets import Pair
from segen.engine import Engine
from segen.errors import DataError, InputError
from segen.metrics import Calibration, LabelMetrics, Roc
from segen.registry import ModelCard
from segen.text import words
from segen.types import Segmentation, SegmentRequest

Progress = Callable[[list[Pair]], Iterable[Pair]]


def evaluate(
    engine: Engine,
    card: ModelCard,
    data: str | Path | None,
    split: str,
    progress: Progress = iter,
    corruption: Corruption | None = None,
) -> dict[str, Any]:
    """Segment every picture of a split and compare with its labels; `data` is as in `datasets.locate`.

    Gives {model, data, split, items, metrics, reliability, definitions, versions}, `data` being the name of
    the set and `reliability` the bins behind the metric ece; with a corruption, whose seed is the number
    of the picture, {corruption: {name, severity}}, too. `progress` wraps the list of items as tqdm does.
    Raises DataError when the data cannot be used.
    """
    root = datasets.locate(data, card.dataset)
    classes = datasets.classes(root, card.dataset)
    name = root.resolve().name
    if [known.name["en"] for known in classes if not known.ignored] != [
        known.name["en"] for known in card.classes
    ]:
        raise DataError("classes_differ", dataset=name, model=card.name)
    pairs = datasets.pairs(root, split)
    metrics, calibration, roc = LabelMetrics(classes), Calibration(classes), Roc(classes)
    for number, pair in enumerate(progress(pairs)):
        try:
            image, labels = datasets.read(pair, classes)
        except InputError as error:
            raise DataError("item_unusable", file=pair.image.name, fault=error) from None
        if corruption:
            image = corruption(image, number)
        value = engine.run(card.name, SegmentRequest(image)).value
        assert isinstance(value, Segmentation)
        metrics.update(value.labels, labels)
        calibration.update(value.probabilities, labels)
        if len(card.classes) == 2:
            roc.update(value.probabilities, labels)
    measured = {**metrics.compute(), "ece": calibration.error()}
    if (area := roc.area()) is not None:
        measured["auc_roc"] = area
    return {
        "model": card.name,
        "data": name,
        "split": split,
        **({"corruption": asdict(corruption)} if corruption else {}),
        "items": len(pairs),
        "metrics": measured,
        "reliability": calibration.bins(),
        "definitions": {metric: words("en", f"metrics.{metric}") for metric in measured},
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("torch", "torchvision", "segmentation_models_pytorch")},
            "segen": segen.__version__,
            "device": str(engine.device),
        },
    }


def key(report: dict[str, Any]) -> str:
    """Under what a report is kept: its split, or for a corruption another name, such as val+fog-3."""
    harm = report.get("corruption")
    return f"{report['split']}+{harm['name']}-{harm['severity']}" if harm else str(report["split"])


def store(card: ModelCard, report: dict[str, Any]) -> None:
    """Put the report into metrics.json beside the weights, by data set and key, and into README.md."""
    stored = card.metrics()
    stored.setdefault(report["data"], {})[key(report)] = report
    files.write_text(card.weights / "metrics.json", json.dumps(stored, ensure_ascii=False, indent=1) + "\n")
    files.write_text(card.weights / "README.md", model_card(card))


def model_card(card: ModelCard) -> str:
    """The README.md of a weights folder, with the front matter that model hubs read."""
    rows = ["| data | split | items | metric | value |", "| --- | --- | --- | --- | --- |"]
    for data, splits in card.metrics().items():
        # The pictures as they are come first, spoilt ones after.
        for split, report in sorted(splits.items(), key=lambda item: "corruption" in item[1]):
            for metric, value in report["metrics"].items():
                values = value.items() if isinstance(value, dict) else [("", value)]
                rows += [
                    f"| {data} | {split} | {report['items']} | {metric} {part} | {number:.4f} |"
                    for part, number in values
                ]
    table = "\n".join(rows)
    return f"""---
license: other
license_name: {json.dumps(card.licence["weights"])}
tags: [image-segmentation, segen]
---

# {card.title["en"]} (`{card.name}`)

{card.summary["en"]}

- Architecture: {card.architecture}, {card.parameters:,} parameters
- Source: {card.source}
- Data: {card.dataset}, {card.licence["data"]}. {card.licence["credit"]}
- Licence of the weights: {card.licence["weights"]}
- Training: `{card.training}`
- Checkpoint: {card.checkpoint["en"]}

```python
from segen import Engine, SegmentRequest
from segen.images import read

labels = Engine().run("{card.name}", SegmentRequest(read("picture.png"))).value.labels
```

{table}
"""
