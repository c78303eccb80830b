"""Augmentation for pictures with label maps, by torchvision.transforms.v2 on tv_tensors."""

from __future__ import annotations

from torchvision import tv_tensors
from torchvision.transforms import v2


def street_crops(
    height: int, width: int, scale: tuple[float, float], color: float, ignored: int
) -> v2.Transform:
    """Random scale, crop to height x width (padding is labelled `ignored`), flip, colour and light."""
    return v2.Compose(
        [
            v2.ScaleJitter((height, width), scale_range=scale, antialias=True),
            v2.RandomCrop(
                (height, width), pad_if_needed=True, fill={tv_tensors.Image: 127, tv_tensors.Mask: ignored}
            ),
            v2.RandomHorizontalFlip(),
            v2.ColorJitter(brightness=color, contrast=color, saturation=color, hue=color / 10),
        ]
    )
