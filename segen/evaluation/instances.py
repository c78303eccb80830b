"""How well instances are found. It needs torch, so the page does not import it."""

from __future__ import annotations

import numpy as np
import torch
from torchmetrics.detection import MeanAveragePrecision

from segen.types import Instance

MAX_INSTANCES = 500
"""So many instances of a picture count, the surest."""


class InstanceMetrics:
    """Average precision of the masks of instances by COCO's evaluation, up to MAX_INSTANCES a picture."""

    def __init__(self) -> None:
        self.precision = MeanAveragePrecision(
            iou_type="segm",
            max_detection_thresholds=[1, 100, MAX_INSTANCES],
            extended_summary=True,
            sync_on_compute=False,  # in a training of several processes only the first measures
        )

    def update(self, found: tuple[Instance, ...], numbers: np.ndarray) -> None:
        """Add one picture: what was found, and the H x W numbers of the true instances, 0 being none.

        The true instances are of class 1.
        """
        true = np.unique(numbers[numbers > 0])
        masks = np.zeros((len(found), *numbers.shape), np.bool_)
        for mask, instance in zip(masks, found, strict=True):
            x, y, across, down = instance.box
            mask[y : y + down, x : x + across] = instance.mask
        predicted = {
            "masks": torch.from_numpy(masks),
            "scores": torch.tensor([instance.score for instance in found]),
            "labels": torch.tensor([instance.class_id for instance in found], dtype=torch.int64),
        }
        labelled = {
            "masks": torch.from_numpy(numbers == true[:, None, None]),
            "labels": torch.ones(len(true), dtype=torch.int64),
        }
        self.precision.update([predicted], [labelled])

    def compute(self) -> dict[str, float]:
        """mask_ap_50, at an IoU of 0.5, and mask_ap, over 0.5 to 0.95; 0 to 1, -1 with no true instance."""
        # Precision by IoU, recall, class, area (the first being all) and number of detections.
        measured = self.precision.compute()
        if "precision" not in measured:  # nothing was found, and there is nothing to find
            return {"mask_ap_50": -1.0, "mask_ap": -1.0}
        by_iou = measured["precision"][:, :, :, 0, -1].double()
        known = by_iou > -1
        return {
            "mask_ap_50": float(by_iou[0][known[0]].mean()) if known[0].any() else -1.0,
            "mask_ap": float(by_iou[known].mean()) if known.any() else -1.0,
        }
