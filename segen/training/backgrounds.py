"""What no instance is: uneven light, frames around a picture, and pictures with nothing in them.

A detector that learned from pictures full of nuclei takes any change of grey for one. Each transform takes a
tv_tensors.Image and its Mask, draws from torch's global generator, and labels 0 what it puts in.
"""

from __future__ import annotations

from typing import Any

import torch
from accelerate.utils import send_to_device
from torch.nn import functional
from torchvision import tv_tensors
from torchvision.transforms import v2

LIGHT = 60
"""So much, of 255, uneven light adds on average at most, and differs from that at each place at most."""
GRAIN = 8
"""The most that the grain of an empty picture adds or takes, of 255."""
WIDEST = 0.2
"""The widest frame, as a share of the side."""


class InAShare(v2.Transform):  # type: ignore[misc]  # torchvision has no types
    """A transform that changes a share of the pictures, 0 to 1, and leaves the others as they are."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """What `drawn` gives, or nothing."""
        if torch.rand(()) >= self.share:
            return {}
        return self.drawn(*flat_inputs[0].shape[-2:])

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """What `changed` gives, if something was drawn."""
        params = send_to_device(params, inpt.device)
        return tv_tensors.wrap(self.changed(inpt, **params), like=inpt) if params else inpt

    def drawn(self, height: int, width: int) -> dict[str, Any]:
        """What changes a picture of that size and its labels alike, by the names of `changed`'s arguments."""
        raise NotImplementedError

    def changed(self, inpt: torch.Tensor, **drawn: Any) -> torch.Tensor:
        """The picture, or its labels, as they are then, of the same shape and type."""
        raise NotImplementedError


class Unevenly(InAShare):
    """Light that changes slowly over the picture."""

    def drawn(self, height: int, width: int) -> dict[str, Any]:
        """The light to add."""
        return {"light": LIGHT * (torch.rand(()) + _smooth(3, height, width) * torch.rand(()))}

    def changed(self, inpt: torch.Tensor, light: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        """The picture with that light; its labels as they are."""
        lit: torch.Tensor = (inpt + light).clamp(0, 255).to(inpt.dtype)
        return lit if isinstance(inpt, tv_tensors.Image) else inpt


class Framed(InAShare):
    """One grey for everything outside of a rectangle."""

    def drawn(self, height: int, width: int) -> dict[str, Any]:
        """Where the frame is, and its grey; each side has a frame or not."""
        top, bottom, left, right = (torch.rand(4) * WIDEST * torch.randint(2, (4,))).tolist()
        rows = slice(round(top * height), round((1 - bottom) * height))
        columns = slice(round(left * width), round((1 - right) * width))
        frame = torch.ones(height, width, dtype=torch.bool)
        frame[rows, columns] = False
        return {"frame": frame, "grey": int(torch.randint(256, ()))}

    def changed(self, inpt: torch.Tensor, frame: torch.Tensor, grey: int) -> torch.Tensor:  # type: ignore[override]
        """The picture in its frame, or the labels with nothing there."""
        return inpt.masked_fill(frame, grey if isinstance(inpt, tv_tensors.Image) else 0)


class Emptied(InAShare):
    """Grain on a plain grey in place of the picture."""

    def drawn(self, height: int, width: int) -> dict[str, Any]:
        """The empty picture."""
        cells = int(torch.randint(4, 64, ()))
        return {"empty": torch.rand(()) * 255 + _smooth(cells, height, width) * GRAIN * torch.rand(())}

    def changed(self, inpt: torch.Tensor, empty: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        """The empty picture, or the labels with nothing there."""
        picture = (
            empty.clamp(0, 255) if isinstance(inpt, tv_tensors.Image) else torch.zeros((), device=inpt.device)
        )
        return picture.to(inpt.dtype).expand_as(inpt).clone()


def _smooth(cells: int, height: int, width: int) -> torch.Tensor:
    """height x width values of about -1 to 1 that change over a cells-th part of a side."""
    coarse = torch.rand(1, 1, cells, cells) * 2 - 1
    return functional.interpolate(coarse, (height, width), mode="bicubic")[0, 0]
