"""Augmentation for pictures with label maps, by torchvision.transforms.v2 on tv_tensors."""

from __future__ import annotations

from typing import Any

from torchvision import tv_tensors
from torchvision.transforms import v2

from segen.training.backgrounds import Emptied, Framed, Unevenly


class Scaled(v2.ScaleJitter):  # type: ignore[misc]  # torchvision has no types
    """A random scale; of a picture that is narrow, at least one pixel stays."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """The new height and width."""
        return {"size": tuple(max(1, side) for side in super().make_params(flat_inputs)["size"])}


def nuclei_crops(
    side: int, seen: int, least: float, color: float, uneven: float, framed: float, empty: float
) -> v2.Transform:
    """Crop `seen` pixels, of these a part with a share of the area from `least` to 1, scaled to `side`.

    So the scale does not depend on the picture's size. Then flips, colour and light; what lies outside of the
    picture is labelled 0. A share `uneven` is lit unevenly, `framed` has a frame, and `empty` has nothing in
    it (`segen.training.backgrounds`).
    """
    return v2.Compose(
        [
            v2.RandomCrop(seen, pad_if_needed=True, fill={tv_tensors.Image: 127, tv_tensors.Mask: 0}),
            v2.RandomResizedCrop(side, scale=(least, 1.0), ratio=(0.8, 1.25), antialias=True),
            v2.RandomHorizontalFlip(),
            v2.RandomVerticalFlip(),
            v2.ColorJitter(brightness=color, contrast=color, saturation=color, hue=color / 10),
            Emptied(empty),
            Unevenly(uneven),
            Framed(framed),
        ]
    )


def plain_crops(height: int, width: int, ignored: int) -> v2.Transform:
    """Any height x width of a picture as it is; padding is labelled `ignored`."""
    fill = {tv_tensors.Image: 127, tv_tensors.Mask: ignored}
    return v2.RandomCrop((height, width), pad_if_needed=True, fill=fill)


def crops(
    height: int, width: int, scale: tuple[float, float], color: float, ignored: int, upright: bool
) -> v2.Transform:
    """Random scale, crop to height x width (padding is labelled `ignored`), flip, colour and light.

    Pictures that are not `upright`, such as those of a microscope, are turned upside down, too.
    """
    return v2.Compose(
        [
            Scaled((height, width), scale_range=scale, antialias=True),
            plain_crops(height, width, ignored),
            v2.RandomHorizontalFlip(),
            v2.RandomVerticalFlip(0.0 if upright else 0.5),
            v2.ColorJitter(brightness=color, contrast=color, saturation=color, hue=color / 10),
        ]
    )
