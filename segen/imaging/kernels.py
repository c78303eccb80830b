"""Convolution by hand: well-known kernels, one step of a network, and the classical edge detectors.

Sources: Sobel and Feldman 1968; Canny 1986; Dumoulin and Visin 2016 for the sizes. As in networks,
"convolution" does not flip the kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from segen.errors import InputError
from segen.types import Image

Plane = NDArray[np.float32]
"""H x W values of one channel."""
Channels = NDArray[np.float32]
"""C x H x W values."""
Padding = Literal["same", "none"]
PADDINGS: tuple[Padding, ...] = get_args(Padding)
Pooling = Literal["none", "max", "average"]
POOLINGS: tuple[Pooling, ...] = get_args(Pooling)
STRIDES = range(1, 5)
CANNY_SIGMA = 2.0
"""Pixels by which the picture is blurred before its edges are traced."""

KERNELS: dict[str, Plane] = {
    name: np.array(rows, dtype=np.float32) / np.float32(divisor)
    for name, rows, divisor in (
        ("identity", [[0, 0, 0], [0, 1, 0], [0, 0, 0]], 1),
        ("blur", [[1, 2, 1], [2, 4, 2], [1, 2, 1]], 16),
        ("sharpen", [[0, -1, 0], [-1, 5, -1], [0, -1, 0]], 1),
        ("sobel_x", [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], 1),
        ("sobel_y", [[-1, -2, -1], [0, 0, 0], [1, 2, 1]], 1),
        ("laplacian", [[0, 1, 0], [1, -4, 1], [0, 1, 0]], 1),
        ("emboss", [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], 1),
    )
}
"""3 x 3 kernels for one channel, by name."""

ACTIVATIONS: dict[str, Callable[[Plane], Plane]] = {
    "none": lambda values: values,
    "relu": lambda values: np.maximum(values, 0),
    "sigmoid": lambda values: 0.5 + 0.5 * np.tanh(0.5 * values),  # exp would overflow
    "tanh": np.tanh,
}


def color(image: Image) -> Channels:
    """H x W x 3 uint8 RGB to 3 x H x W in [-1, 1], as networks are given it."""
    return image.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1


def grey(image: Image) -> Channels:
    """H x W x 3 uint8 RGB to the mean of its colours, 1 x H x W in [-1, 1]."""
    mean: Channels = color(image).mean(axis=0, keepdims=True)
    return mean


def padding_of(kernel: int, padding: Padding) -> int:
    """Zeros added at each side: for "same" as many as keep the size at stride 1, for "none" 0."""
    return (kernel - 1) // 2 if padding == "same" else 0


def output_size(size: int, kernel: int, stride: int, padding: int) -> int:
    """Pixels along one side after a convolution or pooling: floor((n + 2p - k)/s) + 1.

    Raises InputError where the kernel does not fit into the padded picture even once.
    """
    found = (size + 2 * padding - kernel) // stride + 1
    if found < 1:
        raise InputError("kernel_does_not_fit", size=size + 2 * padding, kernel=kernel)
    return found


def convolve(pixels: Channels, kernel: Channels, stride: int = 1, padding: int = 0, bias: float = 0) -> Plane:
    """One output channel of a convolution: C x H x W pixels and a C x k x k kernel give h x w values.

    `padding` zeros are added at each side; sizes and errors are those of `output_size`.
    """
    side = kernel.shape[-1]
    for size in pixels.shape[1:]:
        output_size(size, side, stride, padding)
    pixels = np.pad(pixels, ((0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(pixels, (side, side), axis=(1, 2))[:, ::stride, ::stride]
    summed: Plane = np.einsum("chwij,cij->hw", windows, kernel) + np.float32(bias)
    return summed


def pool(values: Plane, pooling: Pooling) -> Plane:
    """The largest or the mean of each 2 x 2 block: H x W to h x w, sizes and errors as `output_size`."""
    if pooling == "none":
        return values
    height, width = (output_size(size, 2, 2, 0) for size in values.shape)
    blocks = values[: 2 * height, : 2 * width].reshape(height, 2, width, 2)
    pooled: Plane = blocks.max(axis=(1, 3)) if pooling == "max" else blocks.mean(axis=(1, 3))
    return pooled


def sobel(image: Image) -> Plane:
    """The strength of edges, H x W in [0, 1]."""
    from skimage import filters  # here, since it takes long to import

    edges: Plane = filters.sobel(grey(image)[0] / 2)  # type: ignore[no-untyped-call]
    return edges


def canny(image: Image) -> Plane:
    """Thin, connected edges, H x W of 0 and 1."""
    from skimage import feature

    pixels = grey(image)[0] / 2 + 0.5
    edges: Plane = feature.canny(pixels, sigma=CANNY_SIGMA).astype(np.float32)  # type: ignore[no-untyped-call]
    return edges
