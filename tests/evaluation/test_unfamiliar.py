"""Pictures unlike those that a card learned from, told by the kind of picture that they resemble."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from segen.data.synthetic import oddities
from segen.engine import Engine
from segen.evaluation.unfamiliar import OTHER, better_card, kind_classifier, unfamiliar
from segen.imaging import images
from segen.registry import card, dataset_classes, segmenters
from segen.types import Image, PooledFeaturesRequest
from segen.ui.widgets.examples import PHOTOGRAPHS


def kinds(picture: Image) -> dict[str, float]:
    known = kind_classifier()
    pooled = Engine("cpu").run(known.encoder, PooledFeaturesRequest(picture)).value
    return known.probabilities(pooled.values)


def test_the_classifier_belongs_to_the_encoder_that_ships() -> None:
    known = kind_classifier()
    shipped = (card(known.encoder).weights / "model.safetensors").read_bytes()
    assert hashlib.sha256(shipped).hexdigest() == known.checksum, "run python -m segen.training.kinds DATA"
    assert set(known.kinds) == {each.dataset for each in segmenters()} | {OTHER}
    assert sum(known.right.values()) >= 0.95 * sum(known.pictures.values())


def test_probabilities_are_a_softmax() -> None:
    known = replace(
        kind_classifier(),
        kinds=("a", "b"),
        weights=np.array([[1, 0], [0, 1000]], np.float32),
        biases=np.array([0, 1], np.float32),
    )
    assert known.probabilities(np.zeros(2, np.float32))["b"] == pytest.approx(1 / (1 + np.exp(-1)))
    assert known.probabilities(np.array([0, 3], np.float32)) == {"a": 0, "b": 1}


@pytest.mark.parametrize("seed", [11, 12])
def test_noise_and_textures_are_unfamiliar_to_every_card(seed: int) -> None:
    found = [kinds(picture) for picture in (*oddities.noise(seed), *oddities.textures(seed))]
    for each in segmenters():
        warned = [unfamiliar(each, probabilities) for probabilities in found]
        assert np.mean(warned) >= 0.8, each.name


def test_a_photograph_of_animals_is_no_street() -> None:
    found = kinds(images.read(PHOTOGRAPHS / "woman-and-dog.jpg"))
    assert unfamiliar(card("unet-camvid"), found)
    assert unfamiliar(card("unet-nuclei"), found)
    assert max(found, key=found.__getitem__) == "animals"


def test_a_card_is_offered_where_the_kind_is_sure_and_another() -> None:
    streets, nuclei = card("unet-camvid"), card("unet-nuclei")
    sure = {"camvid": 0.02, "nuclei": 0.95, OTHER: 0.03}
    offered = better_card(streets, sure)
    assert offered is not None
    assert offered.dataset == "nuclei"
    assert better_card(nuclei, sure) is None
    assert better_card(streets, {"camvid": 0.2, "nuclei": 0.6, OTHER: 0.2}) is None
    assert better_card(streets, {OTHER: 1.0, "camvid": 0.0}) is None


def test_nothing_is_said_of_a_card_whose_data_set_is_not_known() -> None:
    own = replace(card("unet-camvid"), dataset="own")
    assert not unfamiliar(own, {"camvid": 0.05, "nuclei": 0.95})
    assert better_card(own, {"camvid": 0.05, "nuclei": 0.95}) is None


MACHADO = {
    "none": np.eye(3),
    "protan": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deutan": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritan": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
"""Colours as people see them who lack one kind of cone, in linear RGB: Machado et al. 2009, severity 1."""


@pytest.mark.parametrize("sight", MACHADO)
@pytest.mark.parametrize("dataset", ["camvid", "animals", "nuclei"])
def test_colors_on_the_page_are_told_apart_with_any_sight(dataset: str, sight: str) -> None:
    known = [each for each in dataset_classes(dataset) if not each.ignored]
    colors = np.array([each.shown for each in known]) / 255
    linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(MACHADO[sight]).T, 0, 1)
    seen = np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)
    lab = rgb2lab(seen[None])[0]
    apart = deltaE_ciede2000(lab[:, None], lab[None])
    np.fill_diagonal(apart, np.inf)
    assert apart.min() > 10
