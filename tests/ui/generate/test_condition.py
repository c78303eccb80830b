"""With a class and without one: the noise is the same in every row, and what is said of the rows is so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
import torch

from segen.engine import Engine
from segen.errors import InputError
from segen.models import latents
from segen.registry import card, cards
from segen.text import LANGUAGES, words
from segen.types import DecodeRequest, LatentsRequest
from segen.ui.tabs.generate import condition
from segen.ui.tabs.generate.chosen import Asked
from segen.ui.tabs.generate.condition import COLUMNS, Row, pair_of, to_draw
from segen.ui.tabs.generate.objectives import diffuses
from tests.sentences import exactly

SEED = 55
GANS = [each for each in cards("generate") if each.options.unconditional]
DIFFUSING = [each for each in cards("generate") if diffuses(each) and each.conditional]


class Recorder:
    """The engine, and what was asked of it."""

    def __init__(self) -> None:
        self.engine, self.asked = Engine("cpu"), list[tuple[str, Any]]()

    def stream(self, name: str, request: Any) -> Iterator[Any]:
        self.asked.append((name, request))
        yield from self.engine.stream(name, request)


def run(engine: Any, name: str, label: int | None = None, **options: Any) -> list[str]:
    """The tables that were shown, one after the other."""
    asked = {"threshold": 3.0, "sampler": "ddim", "steps": 1, "guidance": 1.0, "language": "en", **options}
    with gr.Blocks():
        view = gr.HTML()
    work = condition.compared(engine, Asked(card(name), label, str(SEED), **asked), gr.Progress(), view)
    return [step[view] for step in work if view in step]


@pytest.mark.parametrize("threshold", [3.0, 0.5], ids=["whole", "truncated"])
@pytest.mark.parametrize("each", GANS, ids=lambda each: each.name)
def test_both_networks_are_given_the_very_same_vectors(each: Any, threshold: float, weights: Path) -> None:
    engine = Recorder()
    tables = run(engine, each.name, threshold=threshold)
    assert [table.count("<img") for table in tables] == [COLUMNS * (n + 1) for n in range(11)]
    decoded = [(name, asked) for name, asked in engine.asked if isinstance(asked, DecodeRequest)]
    assert [name for name, _ in decoded] == [each.options.unconditional, *[each.name] * 10]
    noise = latents.noise(range(SEED, SEED + COLUMNS), decoded[0][1].latents.shape[1:])
    if threshold < 3:
        noise = latents.truncated(noise, threshold)
    for (_, asked), label in zip(decoded, [None, *range(10)], strict=True):
        assert np.array_equal(asked.latents, noise)
        assert asked.labels == (None if label is None else (label,) * COLUMNS)
    own = engine.engine.run(each.name, LatentsRequest(range(SEED, SEED + COLUMNS))).value
    plain = engine.engine.run(each.options.unconditional, LatentsRequest(range(SEED, SEED + COLUMNS))).value
    assert np.array_equal(own, plain), "the seeds stand for the same noise in both"


@pytest.mark.parametrize("each", DIFFUSING, ids=lambda each: each.name)
def test_diffusion_starts_from_the_very_same_noise_with_a_class_and_without(each: Any, weights: Path) -> None:
    engine = Engine("cpu")
    network, starts = engine._predictor(each.name).network, list[torch.Tensor]()
    with network.register_forward_pre_hook(lambda _, given: starts.append(given[0].clone())):
        tables = run(engine, each.name, label=7, guidance=1.0)
    steps = len(each.options.timesteps) or 1
    assert (len(tables), len(starts)) == (2, 2 * steps)
    assert torch.equal(*starts[::steps])
    noise = latents.noise(range(SEED, SEED + COLUMNS), tuple(starts[0].shape[1:]))
    assert torch.equal(starts[0][:COLUMNS], torch.from_numpy(noise))
    assert tables[1].count("<img") == 2 * COLUMNS


def test_brightness_stays_down_a_column_as_the_page_says(weights: Path) -> None:
    """T-shirt and pullover of one noise are dark or bright together; the row trained apart is not."""
    engine = Engine("cpu")
    vectors = engine.run("dcgan-fashion", LatentsRequest(range(64))).value

    def brightness(name: str, label: int | None) -> np.ndarray:
        labels = None if label is None else (label,) * 64
        drawn = engine.run(name, DecodeRequest(vectors, labels)).value[..., 0].astype(float)
        return np.array([picture[picture > 25].mean() for picture in drawn])

    shirt, pullover = (brightness("cgan-fashion", label) for label in (0, 2))
    assert np.corrcoef(shirt, pullover)[0, 1] > 0.8
    assert abs(np.corrcoef(shirt, brightness("dcgan-fashion", None))[0, 1]) < 0.4


def test_a_card_has_at_most_one_pair_and_others_are_refused() -> None:
    paired = {each.name: pair_of(each) for each in cards("generate")}
    for each in GANS:
        assert paired[each.name] == paired[each.options.unconditional]
        assert not card(each.options.unconditional, "generate").conditional
    for each in DIFFUSING:
        pair = paired[each.name]
        assert pair is not None
        assert pair.conditional == pair.plain == each
        assert to_draw(pair, 3) == [(each, None), (each, 3)]
    assert paired["gan-fashion"] is None
    with pytest.raises(InputError, match=exactly("unconditional", model="gan-fashion")):
        run(None, "gan-fashion")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_table_says_what_is_the_same_and_what_to_look_for(language: str) -> None:
    pictures = np.zeros((2, 4, 4, 3), np.uint8)
    for name, kind in (("cgan-fashion", "networks"), ("ddpm-fashion", "network")):
        pair = pair_of(card(name))
        assert pair is not None
        table = condition.table(pair, (7, 8), [Row(None, pictures), Row(9, pictures)], language)
        titles = {"model": pair.conditional.title[language], "plain": pair.plain.title[language]}
        assert words(language, f"generate.condition_{kind}", **titles) in table
        assert words(language, "generate.condition_look") in table
        assert pair.conditional.classes[9].name[language] in table
