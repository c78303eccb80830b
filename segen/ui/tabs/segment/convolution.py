"""One convolution of the picture by a kernel that people designed or a network learned."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from segen.imaging import images, kernels
from segen.imaging.kernels import ACTIVATIONS, KERNELS, Padding, Pooling
from segen.text import words
from segen.types import Image, Kernels
from segen.ui.framework.figures import figure, png, shades
from segen.ui.framework.templates import render

SHOWN_SIDE = 360
"""The longer side of the picture that a convolution is tried on, and of those with labels."""
LEARNED = "learned-"
"""With its number from 1 on, the name of a kernel that the network learned."""


@dataclass(frozen=True)
class Trial:
    """What is done to the picture: a convolution, an activation and a pooling, each by name."""

    kernel: str
    stride: int
    padding: Padding
    activation: str
    pooling: Pooling

    def by(self, kernel: str) -> Trial:
        """The same by another kernel."""
        return replace(self, kernel=kernel)


def kernel_names(learned: Kernels) -> list[str]:
    """Every kernel by its name: those that people designed, then the learned ones."""
    return [*KERNELS, *(f"{LEARNED}{number + 1}" for number in range(len(learned.weights)))]


def tried(image: Image, learned: Kernels, trial: Trial, language: str) -> Markup:
    """One convolution, activation and pooling of the picture beside it, the sizes in words, its edges."""
    image = images.fit(image, SHOWN_SIDE)
    by_hand = trial.kernel in KERNELS
    if by_hand:
        pixels, weights, bias = kernels.grey(image), KERNELS[trial.kernel][None], 0.0
    else:
        number = int(trial.kernel.removeprefix(LEARNED)) - 1
        pixels, weights, bias = kernels.color(image), learned.weights[number], float(learned.biases[number])
    side = weights.shape[-1]
    zeros = kernels.padding_of(side, trial.padding)
    convolved = kernels.convolve(pixels, weights, trial.stride, zeros, bias)
    output = kernels.pool(ACTIVATIONS[trial.activation](convolved), trial.pooling)
    low, high = (f"{value:.2f}".replace("-", "−") for value in (output.min(), output.max()))
    caption = words(language, "inside.tried", kernel=_name(trial.kernel, language), low=low, high=high)
    before = image.mean(axis=2).round().astype(np.uint8) if by_hand else image
    figures = [
        figure(png(before), words(language, "inside.before")),
        figure(png(shades(output)), caption, "tried"),
        figure(png(shades(kernels.sobel(image))), words(language, "inside.sobel")),
        figure(png(shades(kernels.canny(image))), words(language, "inside.canny")),
    ]
    lines = _sizes(pixels.shape[1:], side, zeros, trial, output.shape, language)
    return render("tabs/segment/tried.html", lines=lines, figures=figures)


def _sizes(
    size: tuple[int, ...], side: int, zeros: int, trial: Trial, output: tuple[int, ...], language: str
) -> list[str]:
    """How the size of what comes out follows, as sums."""
    sums = [
        words(
            language,
            f"inside.size_{along}",
            size=pixels,
            padding=zeros,
            kernel=side,
            stride=trial.stride,
            found=kernels.output_size(pixels, side, trial.stride, zeros),
        )
        for along, pixels in (("width", size[1]), ("height", size[0]))
    ]
    if trial.pooling != "none":
        sums.append(words(language, "inside.size_pooled", width=output[1], height=output[0]))
    return sums


def kernels_to_choose(learned: Kernels, chosen: str, model: str, language: str) -> Markup:
    """All kernels as small tiles to click: the well-known ones in grey, the learned ones in colour."""

    def tile(name: str, weights: NDArray[np.float32], caption: str) -> dict[str, object]:
        scaled = np.rint(127.5 + 127.5 * weights / (np.abs(weights).max() or 1)).astype(np.uint8)
        return {
            "name": name,
            "label": _name(name, language),
            "caption": caption,
            "source": png(scaled),
            "pressed": name == chosen,
        }

    known = [tile(name, weights, _name(name, language)) for name, weights in KERNELS.items()]
    own = [
        tile(f"{LEARNED}{number}", weights.transpose(1, 2, 0), str(number))
        for number, weights in enumerate(learned.weights, 1)
    ]
    values = {"model": model, "count": len(learned.weights), "side": learned.weights.shape[-1]}
    groups = [
        (words(language, "inside.known"), "tiles named", known),
        (words(language, "inside.learned", **values), "tiles", own),
    ]
    return render("tabs/segment/kernels.html", groups=groups)


def _name(kernel: str, language: str) -> str:
    if kernel in KERNELS:
        return words(language, f"inside.kernel_{kernel}")
    return words(language, "inside.kernel_learned", number=kernel.removeprefix(LEARNED))
