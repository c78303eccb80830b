"""The tab Generate without a browser: what the grid is given, what is told of a card, walks, places."""

from __future__ import annotations

import io
import json
import zipfile
from base64 import b64decode
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from segen.engine import Engine
from segen.errors import InputError
from segen.imaging import export, films
from segen.models import latents
from segen.registry import ModelCard, cards, dataset_classes
from segen.registry.options import GenerateOptions
from segen.text import LANGUAGES, words
from segen.types import MAX_SEED, DecodeRequest, Encoding, GenerateRequest, Generation, LatentsRequest
from segen.ui.tabs.generate import encoding, objectives, quality
from segen.ui.tabs.generate.seeds import WHOLE, class_asked, seed_of, truncated
from segen.ui.widgets import cells

CARD = ModelCard(
    name="artist",
    task="generate",
    title={"en": "Artist", "zh": "画家"},
    summary={"en": "Draws.", "zh": "绘画。"},
    architecture={"en": "none", "zh": "无"},
    dataset="fashion",
    source={"en": "none", "zh": "无"},
    loader="",
    training="",
    checkpoint={"en": "", "zh": ""},
    input_size=(28, 28),
    parameters=0,
    multiply_adds=0,
    licence={key: {"en": "", "zh": ""} for key in ("weights", "data", "credit")},
    classes=dataset_classes("fashion"),
    options=GenerateOptions("cgan", grey=True, conditional=True),
)
PICTURES = np.arange(4, dtype=np.uint8).repeat(28 * 28 * 3).reshape(4, 28, 28, 3)
FOUND = Generation(PICTURES, (8, 0, 9, 5), tuple(range(2**53, 2**53 + 4)), grey=True)


@pytest.mark.parametrize("typed", ["", "-1", "1.5", "1e3", "٣", "²", str(MAX_SEED + 1), "9" * 5000])
def test_what_is_no_seed_is_refused(typed: str) -> None:
    with pytest.raises(InputError):
        seed_of(typed)


def test_the_largest_seed_is_read_exactly() -> None:
    assert seed_of(f" {MAX_SEED} ") == MAX_SEED


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_grid_holds_the_files_of_the_command_line(language: str) -> None:
    shown = cells.contents(CARD, FOUND, None, "", language)
    assert shown["columns"] == 2
    for index, picture in enumerate(shown["pictures"]):
        assert picture["seed"] == str(2**53 + index), "as text: a browser would round it"
        file, content = export.picture_file(FOUND, index)
        assert picture["file"] == file
        assert b64decode(picture["src"].partition(",")[2]) == content
        assert picture["label"] == CARD.classes[FOUND.labels[index]].name[language]  # type: ignore[index]


def test_truncated_pictures_are_not_named_after_the_seed_alone() -> None:
    bundle = zipfile.ZipFile(io.BytesIO(cells.archive(FOUND, "-truncated-0.50")))
    assert bundle.namelist() == [f"seed-{seed}-truncated-0.50.png" for seed in FOUND.seeds]


def test_an_unconditional_card_is_asked_for_no_class() -> None:
    plain = replace(CARD, options=GenerateOptions("gan"))
    assert class_asked(plain, "3") is None
    assert latents.labels_of(plain, [1, 2], None) is None
    assert class_asked(CARD, "3") == 3
    assert latents.labels_of(CARD, [1, 2], 3) == (3, 3)
    assert len(set(latents.labels_of(CARD, range(50), None) or ())) > 5


def test_truncation_ends_where_nothing_is_changed() -> None:
    drawn = np.array([[-2.5, 0.1, 3.4]], dtype=np.float32)
    assert truncated(drawn, WHOLE) is drawn
    assert np.abs(truncated(drawn, 0.5)).max() <= 0.5


FAMILIES = sorted({card.options.family for card in cards("generate")})


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_has_its_formulas_and_words(family: str, language: str) -> None:
    formulas = words(language, f"generate.formulas_{family}").splitlines()
    told = objectives.objective(replace(CARD, options=GenerateOptions(family)), language)
    assert formulas
    for formula in formulas:
        assert f"$${formula}$$" in told
        assert formula.count("{") == formula.count("}")
    assert words(language, f"generate.objective_{family}") in told
    assert words(language, f"generate.look_{family}")


def test_a_family_without_formulas_has_no_objective() -> None:
    assert objectives.objective(replace(CARD, options=GenerateOptions("")), "en") == ""


@pytest.mark.parametrize("family", ["gan", "cgan"])
def test_the_discriminator_maximises(family: str) -> None:
    assert words("en", f"generate.formulas_{family}").startswith(r"\min_G \max_D")


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_are_shown_where_they_were_measured(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert quality.measured(CARD, language) == ""
    interval = {"value": -0.0002, "low": -0.0011, "high": 0.5}
    metrics = {
        "frechet_distance": 61.24,
        "frechet_floor": 2.03,
        "frechet_ceiling": 811.5,
        "frechet_by_samples": {"100": 121.4, "1,000": 70.9},
        "kernel_distance": interval,
        "kernel_floor": interval,
        "kernel_ceiling": interval,
        "manifold_precision": 0.625,
        "manifold_recall": 0.11,
        "diversity": 0.91,
        "classes_hit": 9,
        "largest_class_share": 0.24,
        "frechet_by_guidance": {"2": 83.6},
        "agreement_by_guidance": {"2": 0.934},
    }
    report = {"split": "test", "items": 2_000, "real_items": 10_000, "features": "f", "metrics": metrics}
    monkeypatch.setattr(ModelCard, "metrics", lambda _card: {"fashion": {"test": report}})
    table = quality.measured(CARD, language)
    for shown in (
        "61.2", "2.0", "811.5", "121.4", "70.9", "62.5 %", "2,000", "10,000",
        "−0.0002 <small>−0.0011 … 0.5000", "83.6",
        "93.4 %",
    ):  # fmt: skip
        assert shown in table
    assert "−0.0000" not in table
    assert words(language, "generate.why_lies") in table
    assert f">{words(language, 'generate.label_agreement')}<" not in table, "it was not measured"


def test_variations_lie_at_one_distance() -> None:
    center = np.full(16, 0.5, dtype=np.float32)
    found = encoding.neighbours(center, 8, 2.5)
    assert np.linalg.norm(found - center, axis=1) == pytest.approx(2.5, abs=1e-4)
    assert len(np.unique(found.round(3), axis=0)) == 8


def test_the_divergence_of_the_prior_is_zero() -> None:
    zeros = np.zeros(16, dtype=np.float32)
    prior = Encoding(zeros, zeros, zeros, PICTURES[0], PICTURES[0])
    assert words("en", "generate.numbers", kl="0.0") in encoding.numbers(prior, "en")


def test_a_walk_goes_forth_and_back_without_loss() -> None:
    moving = Pillow.open(io.BytesIO(films.encode_animation(PICTURES * 60, scale=2)))
    assert moving.n_frames == 6
    assert moving.size == (56, 56)
    assert b"digitalsourcetype/trainedAlgorithmicMedia" in moving.info["xmp"]
    levels = []
    for frame in range(moving.n_frames):
        moving.seek(frame)
        levels.append(np.array(moving.convert("RGB")))
    assert [int(level[5, 5, 0]) for level in levels] == [0, 60, 120, 180, 120, 60]
    assert all((level == level[0, 0]).all() for level in levels)


@pytest.mark.parametrize(
    "card", [card for card in cards("generate") if not objectives.diffuses(card)], ids=lambda card: card.name
)
def test_a_truncated_grid_without_truncation_is_the_grid(card: ModelCard, weights: Path) -> None:
    engine, seeds = Engine("cpu"), [40, 2**53 + 1]
    plain = engine.run(card.name, GenerateRequest(seeds)).value
    drawn = engine.run(card.name, LatentsRequest(seeds)).value
    labels = latents.labels_of(card, seeds, None)
    assert plain.labels == labels
    decoded: Any = engine.run(card.name, DecodeRequest(truncated(drawn, WHOLE), labels)).value
    assert np.array_equal(decoded, plain.images)
    assert json.dumps(cells.contents(card, plain, None, "", "en"))
