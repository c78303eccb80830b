"""A recipe carried out: every step through the engine, its result handed on to the steps after it."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from segen import registry
from segen.errors import InputError, SegenError
from segen.evaluation.pipelines.options import OF_MASK, OF_TASK, SIDES
from segen.evaluation.pipelines.recipe import IMAGE, Recipe, RecipeStep
from segen.imaging import export, images
from segen.imaging.labels import resize_labels
from segen.registry import ModelCard
from segen.types import (
    Clustering,
    ClusterRequest,
    GenerateRequest,
    Generation,
    Image,
    Request,
    Run,
    Segmentation,
    SegmentRequest,
    Step,
    TranslateRequest,
    Translation,
    V,
)

Result = Segmentation | Clustering | Generation | Translation


class Streams(Protocol):
    """The engine, as far as a chain needs it."""

    def stream(self, name: str, request: Request[V]) -> Iterator[Step | Run[V]]:
        """Carry out a request step by step; the last item is the Run."""


@dataclass(frozen=True)
class Advance:
    """Progress within step `index` of a recipe."""

    index: int
    step: Step


@dataclass(frozen=True)
class Outcome:
    """What step `index` of a recipe made of `given`, H x W x 3 as it was handed on, None where it generates.

    `card` has the classes of this result. `picture` is what later steps see: the colours of labels, or the
    picture that was generated or translated, within the region of the mask alone where there is one.
    """

    index: int
    card: ModelCard
    given: Image | None
    run: Run[Any]
    picture: Image

    @property
    def value(self) -> Result:
        """The result as the engine gave it; of a translation within a mask, the mixed picture."""
        return cast(Result, self.run.value)


def stream(engine: Streams, recipe: Recipe, image: Image | None) -> Generator[Advance | Outcome, None, None]:
    """Carry out a recipe on `image`, H x W x 3; yields progress, and the outcome of each step in order.

    Closing it stops the work. Raises InputError where the recipe takes an image and there is none, and
    whatever the engine raises, within a sentence that names the step.
    """
    if recipe.takes_image and image is None:
        raise InputError("no_picture")
    outcomes: list[Outcome] = []
    for index, step in enumerate(recipe.steps):
        try:
            outcome = yield from _carry_out(engine, index, step, image, outcomes)
        except SegenError as reason:
            raise InputError("recipe_step", step=index, reason=reason) from reason
        outcomes.append(outcome)
        yield outcome


def _carry_out(
    engine: Streams, index: int, step: RecipeStep, image: Image | None, before: Sequence[Outcome]
) -> Generator[Advance, None, Outcome]:
    given = None if step.task == "generate" else _given(step, image, before)
    asked = request(step, given)
    if isinstance(asked, SegmentRequest) and _drawn_for(step, before):
        asked = replace(asked, once=True)  # enlarged, it would show that it was drawn at a smaller size
    with closing(cast(Generator[Any, None, None], engine.stream(step.model, asked))) as items:
        for item in items:
            if isinstance(item, Run):
                break
            yield Advance(index, item)
    run: Run[Any] = item
    if isinstance(run.value, Translation) and given is not None and step.mask is not None:
        mask = _mask(step, before[step.mask], given.shape[:2])
        mixed = images.blend(given, run.value.image, mask, _option(step, "border"))
        run = replace(run, value=replace(run.value, image=mixed, grey=False))
    card = step.card
    if isinstance(run.value, Segmentation | Clustering) and given is not None:
        card = export.card_for(card, given, run.value)
    return Outcome(index, card, given, run, _picture(card, run.value))


def request(step: RecipeStep, image: Image | None) -> Request[Any]:
    """What a step asks of the engine; `image` is what it works on, None where it generates."""
    values = {name: _option(step, name) for name in OF_TASK[step.task]}
    if step.task == "generate":
        label = values.pop("label")
        chosen = None if label is None else registry.class_id(step.card, str(label))
        return GenerateRequest([values.pop("seed")], chosen, **values)
    assert image is not None, "a step that generates alone works on nothing"
    if step.task == "segment":
        return SegmentRequest(image)
    return (ClusterRequest if step.task == "cluster" else TranslateRequest)(image, **values)


def _option(step: RecipeStep, name: str) -> Any:
    known = {**OF_TASK[step.task], **OF_MASK}
    return step.options.get(name, known[name].default)


def _given(step: RecipeStep, image: Image | None, before: Sequence[Outcome]) -> Image:
    """What a step works on. To a translation that reads masks, all classes but the first are white."""
    if step.input == IMAGE:
        assert image is not None, "seen before the first step"
        return image
    source = before[step.input]
    reads = step.card.options.given[_option(step, "direction")] if step.task == "translate" else ""
    if reads == "grey" and isinstance(source.value, Segmentation):
        return np.repeat(np.where(source.value.labels > 0, 255, 0).astype(np.uint8)[..., None], 3, axis=2)
    return source.picture


def _drawn_for(step: RecipeStep, before: Sequence[Outcome]) -> bool:
    """Whether a step works on what was drawn from its own data set's maps, as a street is."""
    made = before[step.input] if step.input != IMAGE else None
    return made is not None and made.card.task == "translate" and made.card.dataset == step.card.dataset


def _picture(card: ModelCard, value: Result) -> Image:
    if isinstance(value, Generation):
        picture: Image = value.images[0]
        return picture
    if isinstance(value, Translation):
        return value.image
    colors: Image = np.array(card.palette(), dtype=np.uint8)[value.labels]
    return colors


def _mask(step: RecipeStep, source: Outcome, size: tuple[int, ...]) -> NDArray[np.bool_]:
    """Where a translation changes the picture, H x W: all classes but the first, or what was chosen.

    Raises InputError for an instance that was not found.
    """
    value, instance, wanted = source.value, _option(step, "instance"), _option(step, "class")
    assert isinstance(value, Segmentation | Clustering), "a recipe takes its masks from these"
    found = value.labels > 0 if wanted is None else value.labels == wanted
    if instance is not None:
        known = (value.instances if isinstance(value, Segmentation) else None) or ()
        if instance > len(known):
            raise InputError("recipe_instance", instance=instance, count=len(known))
        chosen = known[instance - 1]
        x, y, width, height = chosen.box
        found = np.zeros(value.labels.shape, np.bool_)
        found[y : y + height, x : x + width] = chosen.mask
    scaled = resize_labels(found.astype(np.uint8), size[0], size[1]) > 0
    return scaled if _option(step, "side") == SIDES[0] else ~scaled
