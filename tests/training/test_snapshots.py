"""Snapshots of a training: packed within bounds, sealed, and shown frame by frame."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markupsafe import escape
from PIL import Image as Pillow

from segen.errors import DataError, WeightsError
from segen.imaging import films, images
from segen.models import weights
from segen.registry import FILM, SNAPSHOTS, ModelCard, cards
from segen.registry.options import GenerateOptions
from segen.text import LANGUAGES, words
from segen.training import data as training_data
from segen.training import loop, snapshots
from segen.training.recipe import Place
from segen.training.recipes.gan import Gan, GanConfig
from segen.ui.tabs.generate import snapshots as page
from tests.sentences import exactly

SYNTHETIC = Place(data="synthetic")
TINY = GanConfig(
    "tiny", steps=6, batch_size=6, channels=(8, 8, 8), discriminator_channels=(8, 8, 8), latent=5,
    evaluate_every=2, save_every=100,
)  # fmt: skip


def noise(count: int, side: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of 60 steps, measured at every second one, and a sample that another run left behind."""
    folder = tmp_path / "run"
    (folder / "samples").mkdir(parents=True)
    lines: list[dict[str, Any]] = []
    for step in range(1, 61):
        lines.append({"step": step, "loss": float(step)})
        if step % 2 == 0:
            lines.append({"step": step, "val/frechet": 100.0 - step})
            picture = np.full((16, 16, 3), 4 * step, dtype=np.uint8)
            (folder / "samples" / f"{step:07d}.png").write_bytes(images.encode(picture))
    (folder / "samples" / "0000007.png").write_bytes(images.encode(noise(1, 16)[0]))
    (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    weights.seal(folder)
    return folder


def test_a_run_becomes_a_film_and_numbers(run: Path, sealed: Path) -> None:
    snapshots.write(run, sealed)
    weights.verify(sealed)
    told = json.loads((sealed / SNAPSHOTS).read_text())
    steps = told["steps"]
    assert len(steps) == snapshots.MAX_SNAPSHOTS
    assert (steps[0], steps[-1]) == (2, 60)
    assert steps == sorted(set(steps))
    assert set(np.diff(steps)) <= {2, 4}, "evenly spread; 7 is of another run"
    frames = films.read(sealed / FILM)
    assert [round(frame.mean() / 4) for frame in frames] == pytest.approx(steps, abs=1)
    losses = told["numbers"]["loss"]
    for before, step, mean in zip([0, *steps], steps, losses, strict=False):
        assert mean == pytest.approx((before + 1 + step) / 2), "a mean since the snapshot before"
    assert told["numbers"]["val/frechet"] == [100.0 - step for step in steps], "measured at the step itself"


@pytest.mark.parametrize("file", [FILM, SNAPSHOTS])
def test_snapshots_are_sealed(run: Path, sealed: Path, file: str) -> None:
    snapshots.write(run, sealed)
    snapshots.write(run, sealed)  # again, as for a run that went on
    (sealed / file).write_bytes((sealed / file).read_bytes() + b" ")
    with pytest.raises(WeightsError):
        weights.verify(sealed)


def test_a_folder_that_was_altered_is_not_sealed_anew(run: Path, sealed: Path) -> None:
    (sealed / "config.json").write_text('{"altered": 1}')
    with pytest.raises(WeightsError, match=exactly("weights_altered", model=sealed.name)):
        snapshots.write(run, sealed)
    assert not (sealed / FILM).exists()


def test_a_run_without_samples_gets_a_sentence(
    tmp_path: Path, sealed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DataError, match=exactly("no_samples", run="nothing")):
        snapshots.write(tmp_path / "nothing", sealed)
    assert snapshots.main(tmp_path / "nothing", sealed) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "code"), [("dcgan-fashion", 0), ("unet-camvid", 1), ("classifier-fashion", 1), ("unknown", 1)]
)
def test_the_command_keeps_no_pictures_of_a_data_set(
    run: Path, sealed: Path, capsys: pytest.CaptureFixture[str], name: str, code: int
) -> None:
    (run / "config.json").write_text(json.dumps({"name": name}))
    assert snapshots.main(run, sealed) == code
    assert (sealed / FILM).exists() == (code == 0)
    assert capsys.readouterr().err.count("\n") == 1


def test_numbers_that_are_none_are_told_as_none() -> None:
    lines = [{"step": 1, "loss": float("nan")}, {"step": 2, "loss": 1.0}]
    assert snapshots.numbers(lines, [1, 2]) == {"loss": [None, 1.0]}


def test_the_film_is_small_whatever_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = noise(6, 96)
    easy = snapshots.pack(np.zeros_like(frames) + np.arange(6, dtype=np.uint8)[:, None, None, None] * 40)
    assert Pillow.open(io.BytesIO(easy)).size == (96, 96)
    monkeypatch.setattr(snapshots, "MAX_BYTES", 9_000)
    film = snapshots.pack(frames)
    assert len(film) <= 9_000
    assert Pillow.open(io.BytesIO(film)).size < (96, 96), "smaller, since the least quality was not enough"


def test_equal_frames_are_all_told(tmp_path: Path) -> None:
    frames = np.repeat(noise(2, 16), [3, 2], axis=0)
    path = tmp_path / FILM
    path.write_bytes(films.encode(frames, 90))
    shown = films.read(path)
    assert len(shown) == 5
    assert [index for index in range(1, 5) if not np.array_equal(shown[index], shown[index - 1])] == [3]


@pytest.mark.parametrize("generates", [True, False])
def test_fit_keeps_snapshots_of_what_generates(
    generates: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGEN_RUNS", str(tmp_path))
    monkeypatch.setattr(training_data, "SYNTHETIC_SIZES", {"train": 12, "val": 6})
    monkeypatch.setattr("segen.training.recipes.gan.MEASURED", 64)
    monkeypatch.setattr(GanConfig, "generates", generates)
    exported = loop.fit(Gan(replace(TINY), SYNTHETIC), SYNTHETIC)
    weights.verify(exported)
    assert (exported / FILM).is_file() == generates
    if generates:
        told = json.loads((exported / SNAPSHOTS).read_text())
        assert told["steps"] == [2, 4, 6]
        assert {"generator_loss", "discriminator_loss", "val/fake"} <= set(told["numbers"])
        assert len(films.read(exported / FILM)) == 3


@pytest.fixture
def card(run: Path, sealed: Path, monkeypatch: pytest.MonkeyPatch) -> ModelCard:
    """A card whose folder has kept the snapshots of the run."""
    snapshots.write(run, sealed)
    monkeypatch.setenv("SEGEN_WEIGHTS", str(sealed.parent))
    return replace(cards()[0], name=sealed.name, task="generate", options=GenerateOptions("gan"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_gets_a_frame_and_the_numbers_of_each_snapshot(card: ModelCard, language: str) -> None:
    told = page.contents(card, language, list(page.frames(card.weights / FILM)))
    assert told is not None
    assert json.dumps(told)
    count = snapshots.MAX_SNAPSHOTS
    assert len(told["frames"]) == len(told["said"]) == len(told["places"]) == count
    assert (told["places"][0], told["places"][-1]) == (0, 1)
    assert told["said"][-1] == words(language, "generate.snapshot", step="60", last="60")
    assert all(frame.startswith("data:image/webp;base64,") for frame in told["frames"])
    assert len(set(told["frames"])) == count
    assert told["look"] == words(language, "generate.look_gan")
    assert words(language, "generate.chart_loss") in told["charts"]
    before = page.contents(card, language)
    assert before == {**told, "frames": None}, "the same before the frames were asked for"


def test_a_card_without_snapshots_shows_none(card: ModelCard) -> None:
    (card.weights / FILM).unlink()
    assert page.contents(card, "en") is None


def test_charts_show_what_was_logged() -> None:
    wasserstein = {"wasserstein": [3.0, None, 1.0], "val/fake": [0.0, 0.0, 0.0]}
    drawn = page.charts([10, 20, 30], wasserstein, "en")
    assert drawn.count("<svg") == 1, "a number that no chart knows is left out"
    assert 'points="0.00,0.00 100.00,40.00"' in drawn
    assert escape(words("en", "generate.chart_distance")) in drawn
    assert escape('["3", "–", "1"]') in drawn
    bound = {"loss": [2.0], "test/elbo": [-2.0], "val/frechet_1024": [9.0]}
    drawn = page.charts([10], bound, "en")
    assert words("en", "generate.chart_loss") + "<" not in drawn, "minus the bound, once more"
    assert words("en", "generate.line_frechet", samples="1,024") in drawn


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_a_recipe_logs_can_be_named(language: str) -> None:
    for beginnings in page.CHARTS.values():
        for name in beginnings:
            assert page._named(name if name[-1] != "_" else f"{name}64", language)


def test_every_family_is_told_what_to_look_for() -> None:
    for each in cards("generate"):
        assert words("en", f"generate.look_{each.options.family}")
