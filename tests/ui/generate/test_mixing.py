"""Styles mixed in a generator with stages: statistics, seeds, and what is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from segen.engine import Engine
from segen.errors import InputError
from segen.models import latents
from segen.models.generation.gan import (
    ConvolutionalGenerator,
    ConvolutionalPredictor,
    PerceptronGenerator,
    restyled,
)
from segen.models.generation.predictor import LatentPredictor
from segen.registry import ModelCard, cards, dataset_classes
from segen.registry.options import GenerateOptions
from segen.text import LANGUAGES, words
from segen.types import GenerateRequest, Generation, MixRequest, Mixture, Step
from segen.ui.tabs.generate import mixing
from tests.sentences import exactly

CARD = ModelCard(
    name="tiny",
    task="generate",
    title={"en": "Tiny", "zh": "小"},
    summary={"en": "", "zh": ""},
    architecture="",
    dataset="fashion",
    source="",
    loader="",
    training="",
    checkpoint={"en": "", "zh": ""},
    input_size=(28, 28),
    parameters=0,
    multiply_adds=0,
    licence={},
    classes=dataset_classes("fashion"),
    options=GenerateOptions("gan", grey=True, stages=3),
)
CONDITIONAL = replace(CARD, options=replace(CARD.options, conditional=True))


def predictor(card: ModelCard) -> ConvolutionalPredictor:
    torch.manual_seed(0)
    network = ConvolutionalGenerator(6, (12, 10, 8), classes=10 * card.conditional)
    for module in network.modules():  # else every picture is nearly grey
        if isinstance(module, torch.nn.ConvTranspose2d):
            torch.nn.init.normal_(module.weight, 0, 0.2)
    return ConvolutionalPredictor(network.eval(), card)


def answer(card: ModelCard, request: MixRequest | GenerateRequest) -> Mixture | Generation:
    with torch.inference_mode():
        *steps, found = predictor(card)(request)
    assert steps
    assert all(isinstance(step, Step) for step in steps)
    assert isinstance(found, Mixture | Generation)
    return found


def mix(card: ModelCard, contents: list[int], styles: list[int], **options: int) -> Mixture:
    found = answer(card, MixRequest(contents, styles, **options))
    assert isinstance(found, Mixture)
    return found


def test_the_style_gives_mean_and_deviation_and_nothing_else() -> None:
    content, style = torch.randn(2, 3, 8, 8), 4 + 3 * torch.randn(2, 3, 8, 8)
    found = restyled(content, style)
    assert torch.allclose(found.mean(dim=(2, 3)), style.mean(dim=(2, 3)), atol=1e-4)
    deviations = (each.std(dim=(2, 3), correction=0) for each in (found, style))
    assert torch.allclose(*deviations, atol=1e-3)
    flat = found[0, 0].flatten() - content[0, 0].flatten() * (found[0, 0].std() / content[0, 0].std())
    assert flat.std() < 1e-3, "an affine map of the content"


@pytest.mark.parametrize("card", [CARD, CONDITIONAL], ids=["plain", "conditional"])
def test_contents_and_styles_are_the_pictures_of_their_seeds(card: ModelCard) -> None:
    found = mix(card, [3, 2**62], [5], stage=2)
    alone = answer(card, GenerateRequest([3, 2**62, 5]))
    assert isinstance(alone, Generation)
    assert np.array_equal(np.concatenate([found.contents, found.styles]), alone.images)
    assert found.mixed.shape == (2, 28, 28, 3)


@pytest.mark.parametrize("stage", [1, 2, 3])
def test_a_mix_depends_on_its_two_seeds_and_the_stage_alone(stage: int) -> None:
    whole = mix(CONDITIONAL, [0, 1, 2, 3], [4, 5, 6], stage=stage).mixed.reshape(4, 3, 28, 28, 3)
    alone = mix(CONDITIONAL, [2], [5], stage=stage).mixed
    assert np.array_equal(alone[0], whole[2, 1]), "row by row, byte for byte"
    many = mix(CONDITIONAL, list(range(9)), list(range(4, 14)), stage=stage).mixed.reshape(9, 10, 28, 28, 3)
    assert np.array_equal(many[:4, :3], whole), "more than a batch"
    if stage > 1:
        earlier = mix(CONDITIONAL, [2], [5], stage=stage - 1).mixed
        assert not np.array_equal(earlier, alone)


def test_in_its_own_style_a_picture_stays() -> None:
    found = mix(CARD, [7], [7], stage=1)
    assert np.abs(found.mixed.astype(int) - found.contents.astype(int)).max() <= 2
    other = mix(CARD, [7], [8], stage=1)
    assert np.abs(other.mixed.astype(int) - other.contents.astype(int)).max() > 10


def test_the_first_stages_are_the_contents_own() -> None:
    network = predictor(CARD).network
    contents, styles = (torch.from_numpy(latents.noise([seed], (6,))) for seed in (1, 2))
    with torch.inference_mode():
        late = network.mixed(contents, styles, None, network.depth + 1)
        assert torch.equal(late, network(contents)), "no stage is left to mix"


def test_a_class_is_asked_of_both() -> None:
    found = mix(CONDITIONAL, [1], [2], label=7)
    alone = answer(CONDITIONAL, GenerateRequest([1, 2], 7))
    assert isinstance(alone, Generation)
    assert np.array_equal(np.concatenate([found.contents, found.styles]), alone.images)


@pytest.mark.parametrize(
    ("contents", "styles"), [([], [1]), ([1], []), ([-1], [1]), ([1], [2**70]), (range(1000), range(101))]
)
def test_seeds_that_cannot_be_mixed_are_refused(contents: list[int], styles: list[int]) -> None:
    with pytest.raises(InputError):
        MixRequest(contents, styles)


@pytest.mark.parametrize("stage", [-1, 0, 4])
def test_a_stage_that_is_not_there_is_refused(stage: int) -> None:
    with pytest.raises(InputError, match=exactly("stage_out_of_range", most=3)):
        mix(CARD, [0], [1], stage=stage)


def test_a_label_for_a_card_without_is_refused() -> None:
    with pytest.raises(InputError, match=exactly("unconditional", model="tiny")):
        mix(CARD, [0], [1], label=3)


def test_a_network_without_stages_says_so() -> None:
    plain = LatentPredictor(PerceptronGenerator(4, (8,)).eval(), CARD)
    with pytest.raises(InputError, match=exactly("no_stages")):
        list(plain(MixRequest([0], [1])))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_matrix_has_contents_in_rows_and_styles_in_columns(language: str) -> None:
    found = mix(CARD, [0, 1], [100, 101])
    table = mixing.matrix(found, range(2), range(100, 102), language)
    assert table.count("<img") == 8
    names = re.findall(r'alt="([^"]*)"', table)
    assert names[:2] == [words(language, "generate.seed_of", seed=seed) for seed in (100, 101)]
    assert names[4] == words(language, "generate.mix_of", content=0, style=101)
    assert names[5] == words(language, "generate.seed_of", seed=1)


staged = [card for card in cards("generate") if card.loader.endswith("load_convolutional")]


@pytest.mark.parametrize("card", staged, ids=lambda card: card.name)
def test_every_card_with_stages_mixes(card: ModelCard, weights: Path) -> None:
    engine = Engine("cpu")
    found = engine.run(card.name, MixRequest([0, 1], [2, 3], 2)).value
    assert found.mixed.shape == (4, *card.input_size, 3)
    assert np.array_equal(engine.run(card.name, MixRequest([1], [2], 2)).value.mixed[0], found.mixed[2])
    assert card.options.stages == engine._predictor(card.name).network.depth
