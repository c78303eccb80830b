"""The one figure that a card is known by, with what must be read beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from segen.text import split_name, words

DECIMALS = {"kernel_distance": 4}
"""Of the figures of a metric, where they are not three."""


@dataclass(frozen=True)
class Reached:
    """The figure that a card is known by, measured on `items` pictures of `split` of its own data.

    `metric` is "mask_ap_50", "class_iou", which is that of the class `name`, "mean_iou", all 0 to 1,
    "kernel_distance", 0 being as good as real pictures, "feature_distance", 0 being the same, "gap_closed" or
    "resegmentation_ratio", 1 being as good as real photographs; "gap_unshown", with a value of NaN, where
    there is no gap to close. `beside` has what must be read with it: the `low` and `high` of its 95 %
    interval, the `frechet` distance and the number of `real` pictures, StarDist's AP as `matched`, or as
    `right` the share of the pixels that are read as they were asked for.
    """

    metric: str
    value: float
    split: str
    name: dict[str, str]
    items: int = 0
    beside: dict[str, float] = field(default_factory=dict)

    def phrase(self, language: str, place: str = "") -> str:
        """It in words, such as "mean IoU 0.768 on val (101 pictures)"; `place` says more than the split."""
        figures = {name: self._written(name, figure) for name, figure in self.beside.items()}
        return words(
            language,
            f"models.{self.metric}",
            value=self._written("value", self.value),
            split=place or split_name(language, self.split),
            name=self.name.get(language, ""),
            items=f"{self.items:,}",
            **figures,
        )

    def _written(self, name: str, figure: float) -> str:
        if isinstance(figure, int):
            return f"{figure:,}"
        return f"{figure:.{2 if name == 'frechet' else DECIMALS.get(self.metric, 3)}f}"


def main_figure(report: dict[str, Any], name: str, second: dict[str, str]) -> Reached | None:
    """The main figure of what was measured of the card `name`, whose second of two classes is `second`.

    AP for instances, the second's IoU of two classes, else the mean IoU. Of what generates, the kernel
    distance. Of what translates, the distance to true drawings, the smaller share of the gap between two
    domains that is closed, or the share of a label map that is found again. None where nothing of these was
    measured.
    """
    metrics = report.get("metrics", {})
    gaps = metrics.get("gap_closed", {})
    figures: dict[str, dict[str, Any]] = {
        "mask_ap_50": {
            "value": metrics.get("mask_ap_50"),
            "matched": metrics.get("matched_ap", {}).get("0.5"),
        },
        "class_iou": {"value": metrics.get("iou", {}).get(second.get("en"))},
        "mean_iou": {"value": metrics.get("mean_iou")},
        "kernel_distance": {
            **metrics.get("kernel_distance", {}),
            "frechet": metrics.get("frechet_distance"),
            "real": report.get("real_items"),
        },
        "feature_distance": {"value": metrics.get("feature_distance", {}).get(name)},
        "gap_unshown": {"value": math.nan if None in gaps.values() else None},
        "gap_closed": dict(min(filter(None, gaps.values()), key=lambda gap: float(gap["value"]), default={})),
        "resegmentation_ratio": {
            "value": metrics.get("resegmentation_ratio", {}).get("share"),
            "right": metrics.get("resegmentation_accuracy", {}).get("generated"),
        },
    }
    for metric, beside in figures.items():
        value = beside.pop("value", None)
        if value is not None:
            return Reached(metric, value, report["split"], second, report["items"], beside)
    return None
