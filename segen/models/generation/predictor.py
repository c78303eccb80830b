"""What networks from latent vectors to pictures share: fixed batches, seeds, and ways to explore.

Plain PyTorch answers with other bytes for other batch sizes, so the networks always run in batches of BATCH
pictures (`shared`); and for other numbers of threads, hence `power_of_two_threads`. A picture's noise depends
on its own seed alone.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from segen.errors import InputError
from segen.imaging import images
from segen.models import latents
from segen.models.generation.shared import Question, SharedCalls
from segen.registry import ModelCard, check_labels
from segen.types import (
    DecodeRequest,
    Directions,
    DirectionsRequest,
    ElboTerms,
    ElboTermsRequest,
    EncodeRequest,
    Encoding,
    GenerateRequest,
    Generation,
    Image,
    JudgeRequest,
    LatentsRequest,
    LiveTraining,
    LiveTrainingRequest,
    MixRequest,
    Mixture,
    Pictures,
    Priors,
    PriorsRequest,
    Step,
)

BATCH = 64
"""Pictures in every call of a network."""


Exploring = (
    GenerateRequest
    | LatentsRequest
    | DecodeRequest
    | DirectionsRequest
    | EncodeRequest
    | ElboTermsRequest
    | PriorsRequest
    | MixRequest
    | LiveTrainingRequest
    | JudgeRequest
)
"""What can be asked of a network with a latent space."""
Decode = Callable[[torch.Tensor, torch.Tensor | None], torch.Tensor]
P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def _power_of_two() -> Iterator[None]:
    """As many threads as there are, but a power of two of them."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1 << (threads.bit_length() - 1))
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def power_of_two_threads(work: Callable[P, Iterator[T]]) -> Callable[P, Iterator[T]]:
    """Carry out each step of a predictor's `__call__` with a power of two of threads.

    Each thread's share of a tensor is then even; the last numbers of an uneven one would be computed one by
    one, not many at once, which gives other bytes, and where they lie depends on the number of threads.
    """

    @wraps(work)
    def evenly(*args: P.args, **options: P.kwargs) -> Iterator[T]:
        with closing(cast(Generator[T, None, None], work(*args, **options))) as items:
            while True:
                with _power_of_two():
                    item = next(items, None)
                if item is None:
                    return
                yield item

    return evenly


class LatentPredictor:
    """Any generator from N x d latent vectors (and N classes) to N x C x H x W pixels in [-1, 1].

    The network has `latent`, the number d, and `first_weights()`, m x d, what its first layer makes of a
    latent vector. Pixels beyond the card's `input_size` are cropped evenly on all sides. A `discriminator`,
    from N x C x side x side pixels to N logits, can be asked what it thinks of pictures.
    """

    def __init__(self, network: nn.Module, card: ModelCard, discriminator: nn.Module | None = None) -> None:
        self.network, self.card, self.discriminator = network, card, discriminator
        self.latent = int(network.latent)  # type: ignore[arg-type]
        self._calls = SharedCalls(BATCH)

    def __call__(self, request: Exploring) -> Iterator[Step | Any]:
        """A step for each batch of pictures, then what the request asks for.

        Pictures are noted at once, so that the call of another request can draw them before their turn.
        """
        match request:
            case GenerateRequest(seeds=seeds):
                labels = latents.labels_of(self.card, seeds, request.label)
                made = self._pictures(_Noise(seeds, self.latent), labels)
                return _drawn(made, lambda drawn: Generation(drawn, labels, tuple(seeds), self.grey))
            case DecodeRequest(latents=given, labels=asked):
                if given.shape[1] != self.latent:
                    raise InputError("latents_shape", size=self.latent)
                check_labels(self.card, asked)
                return _drawn(self._pictures(given, asked), lambda drawn: drawn)
            case _:
                return self._explored(request)

    @power_of_two_threads
    def _explored(self, request: Exploring) -> Iterator[Step | Any]:
        """What is no more than pictures."""
        match request:
            case LatentsRequest(seeds=seeds):
                yield latents.noise(seeds, (self.latent,))
            case DirectionsRequest(count=count):
                yield Directions(*latents.principal(self._first_weights(), count))
            case EncodeRequest(image=image):
                yield self.encode(image)
            case ElboTermsRequest(images=given_pictures):
                yield from self.elbo_terms(given_pictures)
            case PriorsRequest(seeds=seeds):
                yield from self.priors(seeds)
            case MixRequest():
                yield from self.mix(request)
            case LiveTrainingRequest():
                yield from self.train(request)
            case JudgeRequest(images=given_pictures):
                yield self.judge(given_pictures)
            case _:
                raise InputError("no_diffusion")

    def decode(self, vectors: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        """Pixels of BATCH latent vectors."""
        pixels: torch.Tensor = self.network(vectors, labels)
        return pixels

    def encode(self, image: Image) -> Encoding:
        """The picture's place in latent space. Raises InputError: most networks have no encoder."""
        raise InputError("no_encoder")

    def elbo_terms(self, pictures: Pictures) -> Iterator[Step | ElboTerms]:
        """How likely pictures are. Raises InputError where there is no encoder."""
        raise InputError("no_encoder")

    def priors(self, seeds: Sequence[int]) -> Iterator[Step | Priors]:
        """Compare priors. Raises InputError where there is no encoder."""
        raise InputError("no_encoder")

    def mix(self, request: MixRequest) -> Iterator[Step | Mixture]:
        """Mix contents and styles. Raises InputError where there are no stages of feature maps."""
        raise InputError("no_stages")

    def train(self, request: LiveTrainingRequest) -> Iterator[Step | LiveTraining]:
        """Train a small network while one watches. Raises InputError where no such training is known."""
        raise InputError("no_live_training")

    def judge(self, pictures: Pictures) -> NDArray[np.float32]:
        """How real each picture looks to the discriminator. Raises InputError as JudgeRequest says."""
        if self.discriminator is None:
            raise InputError("no_judge")
        height, width = self.card.input_size
        if pictures.shape[1:3] != (height, width):
            raise InputError("judged_size", width=width, height=height)
        side = int(self.discriminator.side)  # type: ignore[arg-type]
        device = next(self.discriminator.parameters()).device
        logits = self.discriminator(pixels_of(pictures, side, self.grey).to(device))
        scores = logits if self.card.options.family == "wasserstein" else logits.sigmoid()
        judged: NDArray[np.float32] = scores.float().cpu().numpy()
        return judged

    @property
    def grey(self) -> bool:
        """Whether the pictures are grey."""
        grey: bool = self.card.options.grey
        return grey

    def _first_weights(self) -> np.ndarray:
        weights: torch.Tensor = self.network.first_weights()  # type: ignore[operator]
        return weights.float().cpu().numpy()

    def _pictures(
        self, vectors: Any, labels: Sequence[Any] | None, decode: Decode | None = None
    ) -> Generator[Step, None, Pictures]:
        """Decode N latent vectors batch by batch; `vectors` is sliced, so noise is drawn as it is needed.

        `decode` stands in for the predictor's own, and gets BATCH rows of `vectors` and `labels`.
        """
        calls = SharedCalls(BATCH) if decode else self._calls
        return self._decoded(vectors, labels, decode or self.decode, calls, _noted(calls, vectors, labels, 0))

    def _decoded(
        self,
        vectors: Any,
        labels: Sequence[Any] | None,
        decode: Decode,
        calls: SharedCalls,
        question: Question,
    ) -> Generator[Step, None, Pictures]:
        """What `_pictures` says; the question is that of the first batch, noted before its turn."""
        device = next(self.network.parameters()).device

        def answered(chosen: torch.Tensor, asked: torch.Tensor | None) -> torch.Tensor:
            return decode(chosen.to(device), None if asked is None else asked.to(device))

        total = -(-len(vectors) // BATCH)
        made: Pictures = np.empty((len(vectors), *self.card.input_size, 3), dtype=np.uint8)
        for number in range(total):
            part = slice(number * BATCH, min((number + 1) * BATCH, len(vectors)))
            made[part] = pictures_of(calls.answer(question, answered), *self.card.input_size)
            if part.stop < len(vectors):
                question = _noted(calls, vectors, labels, part.stop)
            yield Step(number + 1, total, images.grid(made[part]))
        return made


@power_of_two_threads
def _drawn(pictures: Generator[Step, None, Pictures], value: Callable[[Pictures], T]) -> Iterator[Step | T]:
    """The steps of drawing pictures, then what is made of them."""
    made = yield from pictures
    yield value(made)


def _noted(calls: SharedCalls, vectors: Any, labels: Sequence[Any] | None, first: int) -> Question:
    """The question of up to a batch of pictures, from `first` on."""
    part = slice(first, first + BATCH)
    asked = None if labels is None else torch.from_numpy(np.array(labels[part]))
    return calls.note(torch.from_numpy(vectors[part]).float(), asked)


class _Noise:
    """The latent vectors of seeds, drawn where they are sliced."""

    def __init__(self, seeds: Sequence[int], size: int) -> None:
        self.seeds, self.size = seeds, size

    def __len__(self) -> int:
        return len(self.seeds)

    def __getitem__(self, part: slice) -> latents.Latents:
        return latents.noise(self.seeds[part], (self.size,))


def pictures_of(pixels: torch.Tensor, height: int, width: int) -> Pictures:
    """N x C x H x W pixels in [-1, 1], C being 1 or 3, as N x height x width x 3, cropped evenly."""
    levels = cropped(pixels, height, width).float().add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)
    made: Pictures = levels.expand(-1, 3, -1, -1).permute(0, 2, 3, 1).cpu().numpy()
    return made


def pixels_of(pictures: Pictures, side: int, grey: bool) -> torch.Tensor:
    """N square pictures, N x H x W x 3, as N x C x side x side in [-1, 1], with a border of -1.

    C is 1 if they are `grey`, the mean of the channels, else 3.
    """
    pixels = torch.from_numpy(pictures).permute(0, 3, 1, 2).float().div(127.5).sub(1)
    if grey:
        pixels = pixels.mean(dim=1, keepdim=True)
    border = (side - pixels.shape[-1]) // 2
    return torch.nn.functional.pad(pixels, (border,) * 4, value=-1.0)


def cropped(pixels: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """The middle height x width of N x C x H x W."""
    top, left = (pixels.shape[2] - height) // 2, (pixels.shape[3] - width) // 2
    return pixels[:, :, top : top + height, left : left + width]
