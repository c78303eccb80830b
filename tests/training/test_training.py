"""The training loop: resuming, stopping, averaging, and what it leaves on disk."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from segen.data import datasets
from segen.data.synthetic import scenes
from segen.errors import DataError, UsageError
from segen.imaging import images
from segen.imaging.labels import encode_labels
from segen.models.segmentation import smp
from segen.models.segmentation.predictor import two_class
from segen.training import checkpoint, loop
from segen.training import data as training_data
from segen.training.main import main
from segen.training.recipe import Config, Place
from segen.training.recipes import RECIPES
from segen.training.recipes.segmentation import Segmentation, SegmentationConfig
from segen.training.sampler import Seeded, SeededSampler
from tests.sentences import exactly, sentence

SMALL = SegmentationConfig(
    "small", steps=4, batch_size=2, evaluate_every=4, save_every=100, crop=(64, 64), imagenet=False,
    options={"decoder_channels": [16, 8, 8, 8, 8]},
)  # fmt: skip
SYNTHETIC = Place(data="synthetic")


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runs in a folder of the test, and a synthetic set small enough to wait for."""
    monkeypatch.setenv("SEGEN_RUNS", str(tmp_path))
    monkeypatch.setattr(training_data, "SYNTHETIC_SIZES", {"train": 6, "val": 2})
    return tmp_path


def test_resume_gives_the_numbers_of_a_run_never_stopped(
    runs: Path, interrupted: Callable[[Any, int], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    whole = loop.fit(Segmentation(SMALL, SYNTHETIC), SYNTHETIC)
    expected = (whole.parent / "log.jsonl").read_text()
    whole.parent.rename(runs / "whole")
    with pytest.raises(KeyboardInterrupt):
        loop.fit(interrupted(Segmentation(SMALL, SYNTHETIC), 2), SYNTHETIC)
    assert "--resume" in capsys.readouterr().err
    resumed = replace(SYNTHETIC, resume=True)
    again = loop.fit(Segmentation(SMALL, resumed), resumed)
    assert (again.parent / "log.jsonl").read_text() == expected
    names = ("model.safetensors", "config.json", "SHA256SUMS")
    assert all((again / name).read_bytes() == (runs / "whole/export" / name).read_bytes() for name in names)


class Diverged(Segmentation):
    """A third step whose loss is no number."""

    def step(self, networks: dict[str, nn.Module], batch: Any, update: Any) -> dict[str, torch.Tensor]:
        self.count += 1
        logged = super().step(networks, batch, update)
        return {name: loss / (self.count != 3) for name, loss in logged.items()}

    count = 0


def test_a_training_whose_loss_is_no_number_ends_and_keeps_what_was_good(runs: Path) -> None:
    config = replace(SMALL, save_every=2)
    with pytest.raises(DataError, match=exactly("not_finite", step=3)):
        loop.fit(Diverged(config, SYNTHETIC), SYNTHETIC)
    assert torch.load(runs / config.name / "checkpoint.pt", weights_only=True)["step"] == 2
    assert not (runs / config.name / "export").exists()


def test_a_run_leaves_its_configuration_log_samples_and_weights(runs: Path) -> None:
    folder = loop.fit(Segmentation(SMALL, SYNTHETIC), SYNTHETIC)
    run = folder.parent
    assert json.loads((run / "config.json").read_text())["crop"] == [64, 64]
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3, 4, 4]
    assert 0 <= lines[-1]["val/mean_iou"] <= 1
    assert images.read(run / "samples" / "0000004.png").shape[2] == 3
    assert list((run / "tensorboard").glob("events*"))
    assert not list(run.rglob(".*")), "a temporary file stayed behind"
    network = smp.read_network(folder)
    assert next(network.parameters()).dtype == torch.float32


def test_resume_refuses_another_configuration(runs: Path) -> None:
    loop.fit(Segmentation(SMALL, SYNTHETIC), SYNTHETIC)
    resumed = replace(SYNTHETIC, resume=True)
    with pytest.raises(
        DataError, match=exactly("resume_differs", field="batch_size", was=SMALL.batch_size, now=3)
    ):
        loop.fit(Segmentation(replace(SMALL, batch_size=3), resumed), resumed)
    with pytest.raises(DataError, match=exactly("nothing_to_resume", name="other")):
        loop.fit(Segmentation(replace(SMALL, name="other"), resumed), resumed)


def test_a_run_of_before_an_option_is_resumed_with_its_default(runs: Path) -> None:
    run = loop.fit(Segmentation(SMALL, SYNTHETIC), SYNTHETIC).parent
    saved = checkpoint.read(run / "checkpoint.pt", SMALL)
    del saved["config"]["remembered"]
    checkpoint.write(run / "checkpoint.pt", saved)
    assert checkpoint.read(run / "checkpoint.pt", SMALL)["step"] == SMALL.steps
    with pytest.raises(DataError, match=exactly("resume_differs", field="remembered", was=0.0, now=0.5)):
        checkpoint.read(run / "checkpoint.pt", replace(SMALL, remembered=0.5))


def test_what_ships_has_averaged_weights_and_the_last_batch_norm_buffers() -> None:
    recipe = Segmentation(SMALL, SYNTHETIC)
    shipped = smp.read_network(loop.fit(recipe, SYNTHETIC)).state_dict()
    trained = recipe.network.state_dict()
    statistics = [name for name in trained if name.endswith("running_mean")]
    assert len(statistics) > 50
    assert all(torch.equal(shipped[name], trained[name].half().float()) for name in statistics)
    assert any(float(trained[name].abs().max()) > 0.1 for name in statistics), (
        "they are not what they began as"
    )
    weight = "segmentation_head.0.weight"
    assert not torch.equal(shipped[weight], trained[weight].half().float())


def test_draws_depend_on_their_number_alone() -> None:
    first = list(islice(SeededSampler(5, 1, 0), 12))
    assert list(islice(SeededSampler(5, 1, 1, stride=2), 6)) == first[1::2], "the second of two processes"
    later = list(islice(SeededSampler(5, 1, 7), 5))
    assert first[7:] == later
    assert sorted(index for index, _ in first[:5]) == [0, 1, 2, 3, 4]
    items = training_data.LabelledPictures(
        training_data.SyntheticScenes("camvid", "train"), Segmentation(SMALL, SYNTHETIC).dataset().transform
    )
    seeded = Seeded(items, seed=0)
    torch.rand(3)
    again = seeded[(1, 4)]
    assert all(torch.equal(one, other) for one, other in zip(seeded[(1, 4)], again, strict=True))
    assert not torch.equal(seeded[(1, 5)][0], again[0])


@pytest.mark.parametrize("loss", ["cross_entropy", "focal", "dice", "cross_entropy_dice"])
def test_every_loss_falls_as_the_answer_gets_right(loss: Any) -> None:
    recipe = Segmentation(replace(SMALL, loss=loss), SYNTHETIC)
    labels = torch.randint(0, 12, (2, 8, 8))
    right = nn.functional.one_hot(labels.clamp(max=10), 11).permute(0, 3, 1, 2).float()
    values = [float(recipe.loss(right * sure, labels)) for sure in (0.0, 2.0, 20.0)]
    assert values[0] > values[1] > values[2] >= 0


def test_a_batch_of_unlabelled_pixels_alone_teaches_nothing() -> None:
    for loss in ("cross_entropy", "focal", "dice", "cross_entropy_dice"):
        recipe = Segmentation(replace(SMALL, loss=loss), SYNTHETIC)
        scores = torch.randn(1, 11, 4, 4, requires_grad=True)
        value = recipe.loss(scores, torch.full((1, 4, 4), 11))
        value.backward()
        assert float(value.detach()) == 0
        assert scores.grad is not None
        assert (scores.grad == 0).all()


def test_unlabelled_pixels_do_not_count_in_the_loss() -> None:
    recipe = Segmentation(SMALL, SYNTHETIC)
    logits = torch.randn(1, 11, 4, 4)
    labels = torch.randint(0, 11, (1, 4, 4))
    labels[0, 0] = 11
    other = logits.clone()
    other[:, :, 0] += torch.randn(11, 4)
    assert float(recipe.loss(logits, labels)) == pytest.approx(float(recipe.loss(other, labels)), rel=1e-5)


def test_rare_classes_weigh_more() -> None:
    weights = Segmentation(SMALL, SYNTHETIC).class_weights
    assert weights[scenes.POLE] > 2 * weights[scenes.ROAD]
    flat = Segmentation(replace(SMALL, class_balance=0.0), SYNTHETIC).class_weights
    assert torch.equal(flat, torch.ones(11))


def write_folder(root: Path, count: int = 3) -> Path:
    """A data set of three classes in the layout of docs/data.md."""
    colors = [[0, 0, 0], [255, 0, 0], [0, 255, 0]]
    known = [
        {"id": id, "name": name, "color": colors[id]} for id, name in enumerate(["ground", "box", "void"])
    ]
    for split in ("train", "val"):
        (root / split / "images").mkdir(parents=True)
        (root / split / "masks").mkdir()
        for index in range(count):
            labels = np.zeros((40, 50), dtype=np.uint8)
            labels[5:20, 5 + index : 30] = 1
            labels[30:] = 2
            image = np.where(labels[..., None] == 1, 200, 60).astype(np.uint8).repeat(3, axis=2)
            (root / split / "images" / f"{index}.png").write_bytes(images.encode(image))
            palette = tuple((red, green, blue) for red, green, blue in colors)
            (root / split / "masks" / f"{index}.png").write_bytes(encode_labels(labels, palette))
    (root / "classes.json").write_text(json.dumps(known))
    return root


def test_pictures_of_a_rare_class_come_more_than_once() -> None:
    # Of a hundred pictures, all show the first class, four the second, and one the third and last.
    pixels = np.zeros((100, 4), dtype=np.int64)
    pixels[:, 0], pixels[[3, 20, 41, 77], 1], pixels[77, 2] = 9, 5, 1
    pictures = training_data.chosen(range(100), None, seed=0)  # type: ignore[arg-type]
    times = Counter(training_data.repeated(pictures, pixels, 0.16, seed=0).indices)
    assert {index: count for index, count in times.items() if count > 1} == {3: 2, 20: 2, 41: 2, 77: 4}
    assert len(times) == 100


def test_a_part_of_a_repeat_is_given_by_chance() -> None:
    pixels = np.zeros((1000, 2), dtype=np.int64)
    pixels[:, 0], pixels[:400, 1] = 9, 5
    pictures = training_data.chosen(range(1000), None, seed=0)  # type: ignore[arg-type]
    again = training_data.repeated(pictures, pixels, 0.9, seed=0).indices  # the root of 0.9 / 0.4 is 1.5
    assert {Counter(again)[index] for index in range(400)} == {1, 2}
    assert abs(len(again) - 1200) < 40  # four standard deviations
    assert again == training_data.repeated(pictures, pixels, 0.9, seed=0).indices


def test_a_recipe_repeats_only_when_told() -> None:
    plain, often = (Segmentation(replace(SMALL, repeat=least), SYNTHETIC).dataset() for least in (0.0, 1.0))
    assert len(plain) == training_data.SYNTHETIC_SIZES["train"] < len(often)


def test_a_folder_of_ones_own_trains(tmp_path: Path) -> None:
    place = Place(data=str(write_folder(tmp_path / "own")))
    recipe = Segmentation(replace(SMALL, name="own"), place)
    assert (recipe.learned, recipe._ignored_id) == (2, 2)
    folder = loop.fit(recipe, place)
    assert json.loads((folder / "config.json").read_text())["classes"] == 1, "two classes, one sigmoid"


def test_faults_of_a_folder_are_told(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "own")
    pair = datasets.pairs(root, "train")[0]
    known = datasets.classes(root, "own")
    with pytest.raises(DataError, match=exactly("split_missing", split="../own/train")):
        datasets.pairs(root, "../own/train")
    pair.mask.write_bytes(images.encode(np.zeros((3, 3), dtype=np.uint8)))
    with pytest.raises(DataError, match=exactly("mask_size", file=f"train/masks/{pair.mask.name}")):
        datasets.read(pair, known)
    pair.mask.unlink()
    with pytest.raises(DataError, match=exactly("masks_missing", files=f"train/images/{pair.image.name}")):
        datasets.pairs(root, "train")
    (root / "classes.json").write_text('[{"id": 1}]')
    with pytest.raises(DataError, match=exactly("classes_file")):
        datasets.classes(root, "own")
    with pytest.raises(DataError, match=exactly("data_missing", dataset="camvid")):
        datasets.locate(str(tmp_path / "nowhere"), "camvid")


def test_the_command_line_names_faults_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SEGEN_DATA", raising=False)
    assert main(["unet-camvid"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == sentence("data_missing", dataset="camvid")
    with pytest.raises(SystemExit) as stop:
        main(["no-such-recipe"])
    assert stop.value.code == 2


def test_recipes_bear_the_names_they_are_kept_under() -> None:
    assert all(isinstance(config, Config) and config.name == name for name, config in RECIPES.items())


def test_what_an_encoder_forgets_of_imagenet_is_part_of_the_loss(imagenet: None) -> None:
    config = replace(SMALL, imagenet=True, remembered=0.5)
    recipe = Segmentation(config, Place(data="synthetic"))
    assert recipe.memory
    recipe.network.eval()
    losses: list[float] = []
    batch = torch.rand(2, 3, 64, 96) * 2 - 1, torch.zeros(2, 64, 96, dtype=torch.int64)
    for change in (0, 3):
        with torch.no_grad():
            recipe.network.get_submodule("encoder").features[18][1].bias += change
        parts = recipe.step(recipe.networks, batch, lambda _, loss: losses.append(loss.item()))
        apart = parts["forgotten"].item()
        assert (apart > 0.01) == bool(change)
        assert change or apart == pytest.approx(0, abs=1e-6), "it begins with all it knew"
        alone = recipe.loss(two_class(recipe.network(batch[0])), batch[1])
        assert losses[-1] == pytest.approx(alone.item() + 0.5 * apart, rel=1e-5)
    before = [each.clone() for each in recipe.memory.parameters()]
    parts["forgotten"].backward()
    assert recipe.network.get_submodule("encoder").features[18][1].bias.grad.abs().sum() > 0
    assert all(each.grad is None for each in recipe.memory.parameters())
    assert all(torch.equal(*pair) for pair in zip(before, recipe.memory.parameters(), strict=True))


def test_a_dilated_encoder_is_kept_from_forgetting_too(imagenet: None) -> None:
    config = replace(
        SMALL, architecture="DeepLabV3Plus", options={"decoder_channels": 16}, imagenet=True, remembered=0.5
    )
    recipe = Segmentation(config, Place(data="synthetic"))
    batch = torch.rand(2, 3, 64, 96) * 2 - 1, torch.zeros(2, 64, 96, dtype=torch.int64)
    assert recipe.step(recipe.networks, batch, lambda *_: None)["forgotten"].item() > 0


def test_only_a_whole_mobilenet_can_be_kept_from_forgetting(imagenet: None) -> None:
    config = replace(SMALL, architecture="Vgg16", options={}, remembered=0.5)
    with pytest.raises(UsageError, match=exactly("nothing_remembered")):
        Segmentation(config, SYNTHETIC)
