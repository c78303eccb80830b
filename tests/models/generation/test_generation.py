"""Every card that generates: seeds, classes, latent space, and work that stops."""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.errors import InputError
from segen.imaging import images
from segen.models import latents
from segen.registry import ModelCard, cards, class_id
from segen.types import (
    MAX_SEED,
    DecodeRequest,
    DirectionsRequest,
    ElboTermsRequest,
    EncodeRequest,
    GenerateRequest,
    Generation,
    LatentsRequest,
    PriorsRequest,
    Step,
    seed_range,
)
from tests.sentences import exactly

SEED, COUNT = 40, 64
STEPS = 2
"""Of diffusion, so that the tests are quick."""

each_card = pytest.mark.parametrize("card", cards("generate"), ids=lambda card: card.name)


def explorable(card: ModelCard) -> bool:
    return card.loader.startswith(("segen.models.generation.gan", "segen.models.generation.vae"))


latent_card = pytest.mark.parametrize(
    "card", [card for card in cards("generate") if explorable(card)], ids=lambda card: card.name
)


@pytest.fixture(scope="module")
def engine(every_weights_folder: Path) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGEN_WEIGHTS", str(every_weights_folder))
        yield Engine("cpu")


def drawn(engine: Engine, card: ModelCard, seeds: Any, **options: Any) -> Generation:
    found = engine.run(card.name, GenerateRequest(seeds, steps=STEPS, **options)).value
    assert isinstance(found, Generation)
    return found


@each_card
def test_one_seed_is_one_picture(card: ModelCard, engine: Engine) -> None:
    batch = drawn(engine, card, range(COUNT))
    assert batch.images.shape == (COUNT, *card.input_size, 3)
    assert batch.images.dtype == np.uint8
    assert batch.seeds == tuple(range(COUNT))
    alone = drawn(engine, card, [SEED])
    assert np.array_equal(alone.images[0], batch.images[SEED])
    assert alone.labels is None or batch.labels is None or alone.labels[0] == batch.labels[SEED]
    mixed = drawn(engine, card, [MAX_SEED, SEED, 3])
    assert np.array_equal(mixed.images[1:], batch.images[[SEED, 3]])
    assert not np.array_equal(mixed.images[0], mixed.images[1])


@each_card
def test_threads_change_no_byte(card: ModelCard, engine: Engine) -> None:
    before = torch.get_num_threads()
    found = {}
    try:
        for threads in (1, 2, 3, 5, 8):
            torch.set_num_threads(threads)
            found[threads] = engine.run(card.name, GenerateRequest(range(COUNT), steps=1)).value.images
            assert torch.get_num_threads() == threads, "given back after each step"
    finally:
        torch.set_num_threads(before)
    assert [threads for threads, made in found.items() if not np.array_equal(made, found[1])] == []


@latent_card
def test_more_than_a_batch_comes_step_by_step(card: ModelCard, engine: Engine) -> None:
    *steps, run = engine.stream(card.name, GenerateRequest(range(100, 230)))
    assert [(step.done, step.total) for step in steps if isinstance(step, Step)] == [(1, 3), (2, 3), (3, 3)]
    height, width = card.input_size
    assert [step.preview.shape for step in steps] == [(8 * height, 8 * width, 3)] * 2 + [
        (height, 2 * width, 3)
    ]  # type: ignore[union-attr]
    assert np.array_equal(run.value.images[70:72], drawn(engine, card, [170, 171]).images)  # type: ignore[union-attr]


@each_card
def test_stop_stops_within_a_step(card: ModelCard, engine: Engine) -> None:
    network = engine._predictor(card.name).network
    calls = []
    first = next(module for module in network.modules() if not list(module.children()))
    hook = first.register_forward_hook(lambda *_: calls.append(1))
    try:
        with closing(engine.stream(card.name, GenerateRequest(range(10_000)))) as stream:  # type: ignore[type-var]
            list(islice(stream, 2))
    finally:
        hook.remove()
    assert len(calls) <= 2


@each_card
def test_a_class_is_asked_for_or_refused(card: ModelCard, engine: Engine) -> None:
    if not card.conditional:
        with pytest.raises(InputError, match=exactly("unconditional", model=card.name)):
            drawn(engine, card, [0], label=1)
        return
    asked = drawn(engine, card, range(8), label=7)
    assert asked.labels == (7,) * 8
    other = drawn(engine, card, range(8), label=1)
    assert not np.array_equal(asked.images, other.images)
    known = ", ".join(each.name["en"] for each in card.classes)
    for label in (-1, len(card.classes)):
        with pytest.raises(InputError, match=exactly("unknown_label", known=known)):
            drawn(engine, card, [0], label=label)
    assert class_id(card, card.classes[3].name["zh"]) == class_id(card, "3") == 3
    assert class_id(card, f" {card.classes[3].name['en'].upper()}") == 3
    assert class_id(card, "") is None


@latent_card
def test_a_card_is_conditional_where_its_network_is(card: ModelCard, engine: Engine) -> None:
    assert bool(getattr(engine._predictor(card.name).network, "classes", 0)) == card.conditional


@latent_card
def test_a_conditional_gan_draws_its_class(card: ModelCard, engine: Engine) -> None:
    labels = drawn(engine, card, range(COUNT)).labels
    assert labels == (tuple(latents.drawn_labels(range(COUNT), 10)) if card.conditional else None)


@latent_card
def test_latent_vectors_give_the_pictures_of_their_seeds(card: ModelCard, engine: Engine) -> None:
    batch = drawn(engine, card, [5, 6])
    vectors = engine.run(card.name, LatentsRequest([5, 6])).value
    pictures = engine.run(card.name, DecodeRequest(vectors, batch.labels)).value
    assert np.array_equal(pictures, batch.images)
    with pytest.raises(InputError, match=exactly("latents_shape", size=vectors.shape[1])):
        engine.run(card.name, DecodeRequest(vectors[:, 1:], batch.labels))
    if card.conditional:
        with pytest.raises(InputError, match=exactly("labels_missing")):
            engine.run(card.name, DecodeRequest(vectors))


@latent_card
def test_principal_directions_are_of_latent_space(card: ModelCard, engine: Engine) -> None:
    found = engine.run(card.name, DirectionsRequest(4)).value
    size = engine.run(card.name, LatentsRequest([0])).value.shape[1]
    assert found.directions.shape == (4, size)
    assert found.directions @ found.directions.T == pytest.approx(np.eye(4), abs=1e-4)


@latent_card
def test_a_vae_encodes_and_others_say_they_cannot(card: ModelCard, engine: Engine) -> None:
    picture, _ = scenes.street(0, 90, 60)
    if not card.options.encodes:
        pictures = np.zeros((2, 28, 28, 3), np.uint8)
        for request in (EncodeRequest(picture), ElboTermsRequest(pictures), PriorsRequest([0])):
            with pytest.raises(InputError, match=exactly("no_encoder")):
                engine.run(card.name, request)
        return
    found = engine.run(card.name, EncodeRequest(picture)).value
    size = engine.run(card.name, LatentsRequest([0])).value.shape[1]
    assert found.mean.shape == found.log_variance.shape == (size,)
    assert found.given.shape == found.reconstruction.shape == (*card.input_size, 3)
    assert found.noise.shape == (size,)
    decoded = engine.run(card.name, DecodeRequest(found.noise[None])).value
    assert decoded[0].astype(int) == pytest.approx(found.reconstruction.astype(int), abs=2)
    dark = np.zeros((70, *card.input_size, 3), np.uint8)
    elbo_terms = engine.run(card.name, ElboTermsRequest(dark)).value
    assert elbo_terms.log_likelihoods.shape == elbo_terms.divergences.shape == (70,)
    assert (elbo_terms.divergences >= 0).all()
    assert elbo_terms.divergences == pytest.approx(elbo_terms.divergences[0], rel=1e-3), "the same picture"
    assert elbo_terms.learned_divergences.shape == (70,)
    assert elbo_terms.reconstructions.shape == dark.shape


@latent_card
def test_a_vae_tells_its_learned_prior_from_the_normal_one(card: ModelCard, engine: Engine) -> None:
    if not card.options.encodes:
        return
    seeds = range(40, 40 + 200)
    found = engine.run(card.name, PriorsRequest(seeds)).value
    assert np.array_equal(found.normal, engine.run(card.name, LatentsRequest(seeds)).value)
    assert found.learned.shape == found.normal.shape
    assert found.normal_images.shape == (200, *card.input_size, 3)
    drawn = engine.run(card.name, GenerateRequest(seeds)).value.images
    assert not np.array_equal(drawn, found.normal_images)
    assert found.learned_odds.mean() > 3, "in nats: the divergence of the learned prior from the normal one"
    assert found.normal_odds.mean() < -3


@pytest.mark.parametrize(
    "seeds", [[], [-1], [0, 2**63], range(-1, 5), range(2**63 - 1, 2**63 + 1), range(100_001)]
)
def test_seeds_out_of_range_are_refused(seeds: Any) -> None:
    with pytest.raises(InputError):
        GenerateRequest(seeds)


@pytest.mark.parametrize(
    ("seed", "count"), [(-1, 1), (2**70, 1), (0, 0), (0, 10**9), (2**63 - 1, 2), (0, -3)]
)
def test_ranges_out_of_range_are_refused(seed: int, count: int) -> None:
    with pytest.raises(InputError):
        seed_range(seed, count)


@pytest.mark.parametrize(
    "options", [{"steps": 0}, {"steps": 1001}, {"guidance": -1}, {"guidance": np.nan}, {"sampler": "x"}]
)
def test_options_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        GenerateRequest([0], **options)


@pytest.mark.parametrize("vectors", [np.zeros(3), np.full((1, 3), np.inf), np.zeros((0, 3))])
def test_latent_vectors_that_are_none_are_refused(vectors: Any) -> None:
    with pytest.raises(InputError):
        DecodeRequest(vectors)


def test_a_grid_has_rows_and_columns() -> None:
    pictures = np.arange(5, dtype=np.uint8)[:, None, None, None].repeat(2, 1).repeat(3, 2).repeat(3, 3)
    grid = images.grid(pictures, columns=2)
    assert grid[::2, ::3, 0].tolist() == [[0, 1], [2, 3], [4, 0]]
    assert images.grid(pictures).shape == (2, 15, 3)
