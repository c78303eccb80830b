"""What no instance is: uneven light, frames around a picture, and pictures with nothing in them.

A detector that learned from pictures full of nuclei takes any change of grey for one. Each transform takes a
tv_tensors.Image and its Mask, draws from torch's global generator, and labels 0 what it puts in.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional
from torchvision import tv_tensors
from torchvision.transforms import v2

LIGHT = 60
"""So much, of 255, uneven light adds on average at most, and differs from that at each place at most."""
GRAIN = 8
"""The most that the grain of an empty picture adds or takes, of 255."""
WIDEST = 0.2
"""The widest frame, as a share of the side."""


class Unevenly(v2.Transform):  # type: ignore[misc]  # torchvision has no types
    """Light that changes slowly over the picture, in a share of them."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """The light to add, if any."""
        height, width = flat_inputs[0].shape[-2:]
        if torch.rand(()) >= self.share:
            return {"light": None}
        return {"light": LIGHT * (torch.rand(()) + _smooth(3, height, width) * torch.rand(()))}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """The picture with that light; its labels as they are."""
        if params["light"] is None or not isinstance(inpt, tv_tensors.Image):
            return inpt
        return tv_tensors.wrap((inpt + params["light"]).clamp(0, 255).to(inpt.dtype), like=inpt)


class Framed(v2.Transform):  # type: ignore[misc]
    """One grey for everything outside of a rectangle, in a share of the pictures."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """Where the frame is, and its grey, if there is one."""
        if torch.rand(()) >= self.share:
            return {"frame": None}
        height, width = flat_inputs[0].shape[-2:]
        # Each side has a frame or not
        top, bottom, left, right = (torch.rand(4) * WIDEST * torch.randint(2, (4,))).tolist()
        rows = slice(round(top * height), round((1 - bottom) * height))
        columns = slice(round(left * width), round((1 - right) * width))
        frame = torch.ones(height, width, dtype=torch.bool)
        frame[rows, columns] = False
        return {"frame": frame, "grey": int(torch.randint(256, ()))}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """The picture in its frame, or the labels with nothing there."""
        if params["frame"] is None:
            return inpt
        grey = params["grey"] if isinstance(inpt, tv_tensors.Image) else 0
        return tv_tensors.wrap(inpt.masked_fill(params["frame"], grey), like=inpt)


class Emptied(v2.Transform):  # type: ignore[misc]
    """Grain on a plain grey in place of a share of the pictures."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """The empty picture, if it is one's turn."""
        if torch.rand(()) >= self.share:
            return {"empty": None}
        height, width = flat_inputs[0].shape[-2:]
        cells = int(torch.randint(4, 64, ()))
        return {"empty": torch.rand(()) * 255 + _smooth(cells, height, width) * GRAIN * torch.rand(())}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """The empty picture, or the labels with nothing there."""
        if params["empty"] is None:
            return inpt
        picture = params["empty"].clamp(0, 255) if isinstance(inpt, tv_tensors.Image) else torch.zeros(())
        return tv_tensors.wrap(picture.to(inpt.dtype).expand_as(inpt).clone(), like=inpt)


def _smooth(cells: int, height: int, width: int) -> torch.Tensor:
    """height x width values of about -1 to 1 that change over a cells-th part of a side."""
    coarse = torch.rand(1, 1, cells, cells) * 2 - 1
    return functional.interpolate(coarse, (height, width), mode="bicubic")[0, 0]
