"""Translation: what the networks see and draw, sizes, seams, cycles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from segen import registry
from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.errors import InputError
from segen.imaging import images, kinds
from segen.imaging.palettes import nearest_classes
from segen.models.translation import preprocessing
from segen.models.translation.predictor import Networks, ResnetGenerator, TranslationPredictor, degraded, load
from segen.types import Cycle, CycleRequest, TranslateRequest, Translation
from tests.sentences import exactly
from tests.small_translators import CARDS, PHOTOGRAPHS, Fixed, card_of, noise


@pytest.mark.parametrize("size", [(1, 1), (20, 3000), (33, 65), (700, 900)])
@pytest.mark.parametrize("name", CARDS)
def test_a_translation_has_the_size_of_its_picture(engine: Engine, name: str, size: tuple[int, int]) -> None:
    for direction in registry.card(name).directions:
        found = engine.run(name, TranslateRequest(noise(*size), direction)).value
        assert isinstance(found, Translation)
        assert found.image.shape == (*size, 3)
        assert found.image.dtype == np.uint8
        assert found.grey == (name == "small-nuclei")


def test_strength_mixes_the_picture_with_its_translation(engine: Engine) -> None:
    image = scenes.nuclei(1, 90, 70)[0]
    none, half, all = (
        engine.run("small-nuclei", TranslateRequest(image, strength=share)).value for share in (0.0, 0.5, 1.0)
    )
    assert np.array_equal(none.image, image)
    assert np.abs(half.image - (image / 2 + all.image / 2)).max() <= 1
    assert (none.grey, half.grey, all.grey) == (False, False, True)


def test_what_a_card_lacks_is_told(engine: Engine) -> None:
    with pytest.raises(InputError, match=exactly("direction_missing", model="small-emoji", known="forward")):
        engine.run("small-emoji", TranslateRequest(noise(8, 8), "backward"))
    with pytest.raises(InputError, match=exactly("no_way_back", model="small-emoji")):
        engine.run("small-emoji", CycleRequest(noise(8, 8)))


@pytest.mark.parametrize("size", [(100, 100), (1000, 700), (20, 3000)])
def test_tiles_make_up_the_whole_picture(size: tuple[int, int]) -> None:
    card = replace(card_of("small-nuclei"), options=PHOTOGRAPHS)
    predictor = TranslationPredictor(Networks({"forward": Fixed()}, {}), card)
    image = np.asarray(images.resize(noise(8, 8), *size))
    *steps, found = predictor(TranslateRequest(image))
    assert isinstance(found, Translation)
    if max(size) <= 2048:
        assert np.abs(found.image.astype(int) - image).max() <= 1
    assert len(steps) == {100: 1, 1000: 5 * 3, 20: 9}[size[0]]


@pytest.mark.parametrize("level", [0, 100, 255])
@pytest.mark.parametrize("size", [(64, 96), (500, 600)])
def test_a_flat_picture_gets_no_stripes(level: int, size: tuple[int, int]) -> None:
    """Transposed convolutions and padding with zeros would draw a checkerboard and a frame."""
    torch.manual_seed(level)
    network = Networks({"forward": ResnetGenerator(3, 3, channels=8, blocks=2)}, {}).eval()
    card = replace(card_of("small-nuclei"), options=PHOTOGRAPHS)
    with torch.inference_mode():
        *_, found = TranslationPredictor(network, card)(
            TranslateRequest(np.full((*size, 3), level, np.uint8))
        )
    assert isinstance(found, Translation)
    assert np.ptp(found.image, axis=(0, 1)).max() <= 1


def test_a_mask_stays_and_a_picture_in_its_place_becomes_one(engine: Engine) -> None:
    card = card_of("small-nuclei")
    mask = np.zeros((60, 80, 3), np.uint8)
    mask[20:40, 20:60] = 255
    mask[20, 20:60] = 100  # a soft border
    seen, strays = preprocessing.mask(mask, 999, 1.0, card)
    assert strays == 0
    assert np.array_equal(seen[0, 0].add(1).mul(127.5).round().numpy(), mask[..., 0])
    ramp = np.repeat(np.linspace(0, 255, 80).astype(np.uint8)[None, :, None], 60, axis=0).repeat(3, axis=2)
    seen, strays = preprocessing.mask(ramp, 999, 1.0, card)
    assert strays == ((ramp[..., 0] > 32) & (ramp[..., 0] < 223)).sum()
    assert seen.unique().tolist() == [-1, 1]
    assert seen[..., :38].max() == -1, "Otsu's threshold of a ramp is its middle"
    assert seen[..., 42:].min() == 1
    grey, strays = preprocessing.mask(np.full((60, 80, 3), 90, np.uint8), 999, 1.0, card)
    assert (grey == -1).all(), "flat: none of it is bright"
    assert strays == 60 * 80
    for asked in (TranslateRequest(ramp, "backward"), CycleRequest(ramp, "backward")):
        assert engine.run("small-nuclei", asked).value.unknown_pixels > 0


@pytest.mark.parametrize("share", [0.1, 0.19, 0.21, 0.5])
def test_the_page_and_the_networks_count_grey_pixels_alike(share: float) -> None:
    """`share` of the pixels are neither black nor white."""
    levels = np.where(np.arange(100) < 100 * share, 120, 255).astype(np.uint8)
    picture = np.broadcast_to(levels[None, :, None], (100, 100, 3)).copy()
    _, strays = preprocessing.mask(picture, 999, 1.0, card_of("small-nuclei"))
    assert kinds.looks_like(picture, "grey") == (strays == 0) == (share < 0.2)


def test_a_photograph_taken_at_night_is_no_mask_for_want_of_light() -> None:
    night = np.zeros((64, 64, 3), np.uint8)
    night[..., 2] = 60
    assert kinds.looks_like(night, "photograph")
    assert not kinds.looks_like(np.zeros((64, 64, 3), np.uint8), "photograph")


def test_a_cycle_tells_what_came_back_and_what_was_lost(engine: Engine) -> None:
    image = scenes.nuclei(2, 120, 100)[0]
    found = engine.run("small-nuclei", CycleRequest(image)).value
    assert isinstance(found, Cycle)
    shape = (50, 60, 3)
    pictures = (found.given, found.forward, found.passed, found.backward, found.identity)
    assert [each.shape for each in pictures] == [shape] * 5
    assert np.array_equal(found.passed, found.forward)
    seen, _ = preprocessing.microscopy(image, 999, 0.5, card_of("small-nuclei"))
    assert np.array_equal(found.given[..., 0], seen[0, 0].add(1).mul(127.5).round().numpy())
    apart = np.abs(found.backward.astype(float) - found.given).mean(axis=2) / 255
    assert np.abs(found.error - apart).max() < 1 / 255
    assert found.mean_error == pytest.approx(float(found.error.mean()))
    for discriminator_score in (found.discriminator_score_given, found.discriminator_score_translated):
        assert discriminator_score.shape == (50, 60)
        assert 0 <= discriminator_score.min() <= discriminator_score.max() <= 1
    degraded = engine.run("small-nuclei", CycleRequest(image, levels=2, blur=2.0)).value
    assert set(np.unique(degraded.passed)) <= {0, 255}
    assert np.array_equal(degraded.forward, found.forward)
    assert not np.array_equal(degraded.backward, found.backward)


def test_degrading_rounds_and_blurs() -> None:
    pixels = torch.linspace(-1, 1, 64).reshape(1, 1, 8, 8)
    assert len(torch.unique(degraded(pixels, 4, 0.0))) == 4
    assert torch.equal(degraded(pixels, None, 0.0), pixels)
    assert degraded(pixels, None, 3.0).std() < pixels.std() / 2
    assert degraded(torch.ones(1, 3, 1, 5), None, 20.0).shape == (1, 3, 1, 5)


def test_the_discriminator_judges_the_domain_that_it_learned(engine: Engine) -> None:
    predictor = load(registry.card("small-nuclei"))
    request = CycleRequest(scenes.nuclei(2, 64, 64)[0])
    with torch.inference_mode():
        *_, found = predictor(request)
        for parameter in predictor.network.discriminators["to_backward"].parameters():
            parameter.zero_()
        *_, blind = predictor(request)
    assert isinstance(found, Cycle)
    assert isinstance(blind, Cycle)
    assert np.array_equal(found.discriminator_score_translated, blind.discriminator_score_translated)
    assert (blind.discriminator_score_given == 0).all()


def test_one_seed_one_drawing(engine: Engine) -> None:
    colors, _ = nearest_classes(noise(8, 8), registry.dataset_classes("camvid"))
    image = np.array([known.color for known in registry.dataset_classes("camvid")], np.uint8)[colors]
    large = image.repeat(16, axis=0).repeat(16, axis=1)
    first, again, other = (
        engine.run("small-streets", TranslateRequest(large, seed=seed)).value.image for seed in (3, 3, 4)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_colors_of_no_class_become_the_nearest(engine: Engine) -> None:
    known = registry.dataset_classes("camvid")
    image = np.array([[known[3].color, known[0].color, (129, 63, 128)]], dtype=np.uint8)
    labels, unknown_pixels = nearest_classes(image, known)
    assert labels.tolist() == [[3, 0, 3]]
    assert unknown_pixels == 1
    assert engine.run("small-streets", TranslateRequest(image)).value.unknown_pixels == 1
    planes = preprocessing.one_hot(np.array([[0, 11]], np.uint8), known)
    assert planes.shape == (1, 11, 1, 2)
    assert planes[0, :, 0, 0].tolist() == [1.0] + [-1.0] * 10
    assert (planes[0, :, 0, 1] == -1).all(), "an unlabelled pixel is of no class"
