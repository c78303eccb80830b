"""Instances: what is learned of them, found, measured and written."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Pillow
from pycocotools import mask as coco
from torchvision.models.detection.roi_heads import project_masks_on_boxes

from segen.cli import results
from segen.data import datasets
from segen.data.synthetic import folder, scenes
from segen.engine import Engine
from segen.errors import CardError, DataError
from segen.evaluation.instances import InstanceMetrics
from segen.evaluation.runner import evaluate
from segen.imaging import export, images
from segen.models import onnx
from segen.models.segmentation.maskrcnn import ZOOM, MaskRCNNSegmenter, SlimMaskRCNN, segment, spread
from segen.registry import card
from segen.training import data as training_data
from segen.training import loop
from segen.training.recipe import Place
from segen.training.recipes import RECIPES
from segen.training.recipes.instances import Instances, InstancesConfig, targets
from segen.types import SURE, Features, FeaturesRequest, Image, Instance, Run, Segmentation, SegmentRequest

CARD = card("maskrcnn-nuclei")
SYNTHETIC = Place(data="synthetic")
pytestmark = pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning:pycocotools.mask")


def cut(numbers: np.ndarray, score: float = 0.9) -> tuple[Instance, ...]:
    """The instances that H x W numbers stand for, each a little less sure than the one before it."""
    found = []
    for step, number in enumerate(np.unique(numbers[numbers > 0])):
        rows, columns = np.nonzero(numbers == number)
        y, x, bottom, right = rows.min(), columns.min(), rows.max() + 1, columns.max() + 1
        mask = (numbers == number)[y:bottom, x:right]
        box = (int(x), int(y), int(right - x), int(bottom - y))
        found.append(Instance(1, score - step / 1000, box, mask))
    return tuple(found)


def whole(instance: Instance, shape: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(shape, np.bool_)
    x, y, width, height = instance.box
    mask[y : y + height, x : x + width] = instance.mask
    return mask


# --- data -------------------------------------------------------------------------------------------


def test_drawn_nuclei_have_one_number_each() -> None:
    image, labels = scenes.nuclei(5)
    same, numbers = scenes.numbered_nuclei(5)
    assert (image == same).all()
    assert ((numbers > 0) == (labels == 1)).all()
    assert len(np.unique(numbers)) > 5


def test_the_folder_of_drawn_nuclei_numbers_them(tmp_path: Path) -> None:
    folder.write(tmp_path, 1, "nuclei")
    for split, seed in (("train", 0), ("val", 1)):
        numbered = training_data.numbered(str(tmp_path), "nuclei", split)
        labelled = training_data.labelled(str(tmp_path), "nuclei", split)
        expected = scenes.numbered_nuclei(seed, folder.WIDTH, folder.HEIGHT)[1]
        assert len(numbered) == 1
        assert (numbered[0][1] == expected).all()
        assert (labelled[0][1] == (expected > 0)).all()


def write_pair(root: Path, mask: bytes, image: Image) -> datasets.Pair:
    for kind, content in (("images", images.encode(image)), ("masks", mask)):
        (root / "val" / kind).mkdir(parents=True, exist_ok=True)
        (root / "val" / kind / "a.png").write_bytes(content)
    return datasets.pairs(root, "val")[0]


def test_16_bit_masks_keep_their_numbers(tmp_path: Path) -> None:
    image, numbers = scenes.numbered_nuclei(0, 40, 30)
    numbers[numbers > 0] += 60_000
    pair = write_pair(tmp_path, images.encode(numbers.astype(np.uint16)), image)
    assert (datasets.read_instances(pair)[1] == numbers).all()


@pytest.mark.parametrize("fault", ["labels", "size"])
def test_masks_without_numbers_or_of_another_size_are_refused(fault: str, tmp_path: Path) -> None:
    image, numbers = scenes.numbered_nuclei(0, 40, 30)
    mask = (numbers > 0).astype(np.uint8) if fault == "labels" else numbers[:20].astype(np.uint16)
    with pytest.raises(DataError, match="16-bit" if fault == "labels" else "different sizes"):
        datasets.read_instances(write_pair(tmp_path, images.encode(mask), image))


# --- learning ---------------------------------------------------------------------------------------


def test_targets_are_the_boxes_and_masks_of_the_numbers() -> None:
    numbers = np.zeros((12, 16), np.int64)
    numbers[2:5, 3:9], numbers[8:12, 14:16], numbers[0, 2:9] = 7, 300, 4
    given = targets(torch.from_numpy(numbers))
    assert given["boxes"].tolist() == [[3, 2, 9, 5], [14, 8, 16, 12]], "the sliver, 4, is left out"
    assert (given["masks"].numpy() == (numbers == np.array([7, 300])[:, None, None])).all()
    assert given["labels"].tolist() == [1, 1]
    none = targets(torch.zeros((4, 6), dtype=torch.int64))
    assert (none["boxes"].shape, none["masks"].shape) == ((0, 4), (0, 4, 6))


def test_a_learned_mask_comes_back_in_its_place() -> None:
    """What torchvision cuts out to learn from, spread again, is the mask: not half a pixel beside it."""
    numbers = torch.from_numpy(scenes.numbered_nuclei(3)[1]).repeat_interleave(2, 0).repeat_interleave(2, 1)
    given = targets(numbers)
    boxes, masks = given["boxes"], given["masks"].float()
    learned = project_masks_on_boxes(masks, boxes, torch.arange(len(boxes)), 28)[:, None]
    network = Found({"boxes": boxes, "labels": given["labels"], "masks": learned})
    found = segment(network, np.zeros((256, 256, 3), np.uint8), 1024).instances
    assert found is not None
    assert len(found) == len(boxes) > 5
    for instance, mask in zip(found, masks[:, ::2, ::2].numpy() > 0, strict=True):
        inside = whole(instance, (256, 256))
        assert (inside & mask).sum() / (inside | mask).sum() > 0.9


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InstancesConfig:
    monkeypatch.setenv("SEGEN_RUNS", str(tmp_path))
    monkeypatch.delenv("SEGEN_DATA", raising=False)
    monkeypatch.setattr(training_data, "SYNTHETIC_SIZES", {"train": 3, "val": 1})
    return InstancesConfig("small", steps=2, batch_size=2, crop=64, seen=64, max_side=128, evaluate_every=2)


def test_training_moves_what_is_not_frozen(small: InstancesConfig) -> None:
    recipe = Instances(small, SYNTHETIC)
    before = {name: value.clone() for name, value in recipe.network.state_dict().items()}
    folder = loop.fit(recipe, SYNTHETIC)
    for name, value in recipe.network.state_dict().items():
        part = name.removeprefix("backbone.encoder.")
        fixed = "running" in name or "num_batches" in name
        fixed |= part != name and int(part.split(".")[0]) < small.frozen
        if fixed or name.endswith("weight"):
            assert torch.equal(before[name], value) == fixed, name
    lines = [json.loads(line) for line in (folder.parent / "log.jsonl").read_text().splitlines()]
    parts = {"loss_classifier", "loss_box_reg", "loss_mask", "loss_objectness", "loss_rpn_box_reg"}
    assert lines[0].keys() == {"step", "loss"} | parts
    assert lines[0]["loss"] == pytest.approx(sum(lines[0][part] for part in parts), rel=1e-5)
    assert lines[-1].keys() == {"step", "val/mask_ap_50", "val/mask_ap"}
    assert isinstance(SlimMaskRCNN.from_pretrained(folder), SlimMaskRCNN)


def test_a_crop_without_a_nucleus_is_learned_from(small: InstancesConfig) -> None:
    recipe = Instances(small, SYNTHETIC)
    losses: list[torch.Tensor] = []
    recipe.network.train()
    batch = torch.zeros((2, 3, 64, 64)), torch.zeros((2, 64, 64), dtype=torch.int64)
    recipe.step(recipe.networks, batch, lambda name, loss: losses.append(loss))
    losses[0].backward()
    assert torch.isfinite(losses[0])


def test_the_encoder_starts_from_that_of_another_card(small: InstancesConfig, weights: Path) -> None:
    from segen.models.weights import read_tensors

    recipe = Instances(small, replace(SYNTHETIC, init="unet-nuclei"))
    shipped = read_tensors(weights / "unet-nuclei" / "model.safetensors")
    own = recipe.network.backbone.encoder.state_dict()
    assert len(own) > 250
    for name, value in own.items():
        assert torch.equal(value, shipped[f"encoder.features.{name}"].to(value.dtype)), name


# --- finding ----------------------------------------------------------------------------------------


class Found(SlimMaskRCNN):
    """A network that finds what it is told to."""

    def __init__(self, found: dict[str, torch.Tensor]) -> None:
        super().__init__()
        scores = torch.linspace(0.95, 0.9, len(found["boxes"]))
        self.found = {"scores": scores, **found}
        self.seen: list[torch.Size] = []

    def find(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        self.seen.append(pixels.shape)
        return self.found


def full(*boxes: list[float], scores: list[float]) -> dict[str, torch.Tensor]:
    """Instances that fill their boxes; half a pixel is what RoIAlign is out by."""
    return {
        "boxes": torch.tensor(boxes).reshape(-1, 4) - 0.5,
        "labels": torch.ones(len(boxes), dtype=torch.int64),
        "scores": torch.tensor(scores),
        "masks": torch.ones((len(boxes), 1, 28, 28)),
    }


def test_labels_are_the_union_of_the_sure_instances() -> None:
    network = Found(full([4, 8, 24, 28], [80, 80, 90, 90], [20, 8, 40, 28], scores=[0.9, 0.7, 0.3]))
    found = segment(network, np.zeros((50, 60, 3), np.uint8), 1024)
    assert network.seen == [torch.Size((1, 3, 100, 120))]
    assert found.instances is not None
    assert [instance.box for instance in found.instances] == [
        (2, 4, 10, 10), (40, 40, 5, 5), (10, 4, 10, 10)
    ]  # fmt: skip
    expected = np.zeros((50, 60), np.uint8)
    expected[4:14, 2:12] = expected[40:45, 40:45] = 1
    assert (found.labels == expected).all()
    assert found.probabilities.shape == (2, 50, 60)
    assert found.probabilities[1, 10, 15] == pytest.approx(0.3)
    assert found.probabilities[1, 10, 11] == pytest.approx(0.9), "the surest of two"
    assert (found.probabilities.argmax(axis=0) == expected).all()
    assert np.allclose(found.probabilities.sum(axis=0), 1)


def test_boxes_and_masks_of_large_pictures_are_at_full_size() -> None:
    network = Found(full([10, 20, 30, 30], [-9, -9, -1, -1], scores=[0.9, 0.8]))
    found = segment(network, np.zeros((800, 1600, 3), np.uint8), 400)
    assert network.seen == [torch.Size((1, 3, 200, 400))]
    assert found.instances is not None
    (instance,) = found.instances  # the one outside of the picture is left out
    assert instance.box == (40, 80, 80, 40)
    assert instance.mask.shape == (40, 80)
    assert found.labels.sum() == instance.mask.sum() == 3200
    assert found.probabilities.shape == (2, 200, 400)


def test_a_picture_without_nuclei_has_no_instance(tmp_path: Path) -> None:
    image = np.zeros((30, 40, 3), np.uint8)
    found = segment(Found(full(scores=[])), image, 1024)
    assert found.instances == ()
    assert not found.labels.any()
    assert (found.probabilities[0] == 1).all()
    content = export.contents(CARD, image, found)
    assert json.loads(content[".regions.json"])["instances"] == []
    with Pillow.open(io.BytesIO(content[".instances.png"])) as picture:
        assert picture.mode == "I;16"
        assert not np.array(picture).any()
    assert content[".regions.txt"].decode().splitlines()[-1].split() == ["nucleus", "0", "-", "-", "-"]


def test_more_than_a_hundred_are_found(weights: Path) -> None:
    engine = Engine("cpu")
    network = engine._predictor(CARD.name).network
    assert isinstance(network, SlimMaskRCNN)
    network.roi_heads.score_thresh, network.roi_heads.nms_thresh = 0.0, 1.0
    image, _ = scenes.nuclei(0)
    value = engine.run(CARD.name, SegmentRequest(image)).value
    assert value.instances is not None
    assert 400 < len(value.instances) <= 500
    scores = [instance.score for instance in value.instances]
    assert scores == sorted(scores, reverse=True)


def test_layers_are_those_of_the_pyramid(weights: Path) -> None:
    image, _ = scenes.nuclei(0, 60, 50)
    predictor = MaskRCNNSegmenter(SlimMaskRCNN().eval(), 1024)
    with torch.inference_mode():
        *_, found = predictor(FeaturesRequest(image, "pyramid.layer_blocks.0.0"))
    assert isinstance(found, Features)
    assert found.layers[0].name == "encoder.0.0"
    assert found.input_size == (128, 128)
    assert found.layer.shape == (64, 32, 32)
    assert ZOOM == 2


def test_a_box_is_spread_over_the_pixels_it_touches() -> None:
    x, y, given = spread([-3.0, 1.5, 4.0, 7.5], torch.ones((28, 28)), 6, 9)
    assert (x, y, given.shape) == (0, 1, (5, 4))
    assert spread([20.0, 1.0, 24.0, 3.0], torch.ones((28, 28)), 6, 9)[2].size == 0


# --- measuring --------------------------------------------------------------------------------------


def test_average_precision_is_that_of_coco() -> None:
    _, numbers = scenes.numbered_nuclei(4)
    right = cut(numbers)
    perfect = InstanceMetrics()
    perfect.update(right, numbers)
    assert perfect.compute() == pytest.approx({"mask_ap_50": 1, "mask_ap": 1})

    # One of four is found, sure of itself, and a false one is surer: precision 1/2 up to recall 1/4.
    four = np.zeros((40, 40), np.int32)
    for number in range(4):
        four[10 * number : 10 * number + 8, :8] = number + 1
    false = Instance(1, 0.99, (20, 20, 5, 5), np.ones((5, 5), np.bool_))
    part = InstanceMetrics()
    part.update((false, cut(four)[0]), four)
    assert part.compute()["mask_ap_50"] == pytest.approx(0.5 * 26 / 101)

    # 6 of 8 columns are an IoU of 0.75: right up to there, and wrong beyond.
    narrow = replace(cut(four)[0], box=(0, 0, 6, 8), mask=np.ones((8, 6), np.bool_))
    one = InstanceMetrics()
    one.update((narrow,), np.where(four == 1, 1, 0))
    assert one.compute() == pytest.approx({"mask_ap_50": 1, "mask_ap": 0.6})


def test_more_than_a_hundred_instances_count_and_pictures_without_any() -> None:
    numbers = np.zeros((60, 60), np.int32)
    numbers[::5, ::5] = np.arange(1, 145).reshape(12, 12)
    numbers = np.maximum(numbers, np.roll(numbers, 1, axis=0))
    measure = InstanceMetrics()
    measure.update(cut(numbers), numbers)
    measure.update((), np.zeros((9, 9), np.int32))
    assert measure.compute()["mask_ap_50"] == pytest.approx(1)


def test_evaluate_measures_instances(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image, numbers = scenes.numbered_nuclei(1)
    write_pair(tmp_path / CARD.dataset, images.encode(numbers.astype(np.uint16)), image)

    def run(engine: Engine, name: str, request: SegmentRequest) -> Run:
        half = cut(np.where(numbers > numbers.max() // 2, numbers, 0))
        labels = (numbers > 0).astype(np.uint8)
        probabilities = np.stack([1 - labels, labels]).astype(np.float32)
        return Run(Segmentation(labels, probabilities, half), name, "cpu", 0.0, 0.0)

    monkeypatch.setattr(Engine, "run", run)
    report = evaluate(Engine("cpu"), CARD, tmp_path, "val")
    true = np.unique(numbers[numbers > 0])
    share = (true > numbers.max() // 2).mean()
    assert report["metrics"]["mask_ap_50"] == pytest.approx(share, abs=0.011)
    assert 0 < share < 1
    assert report["definitions"].keys() == report["metrics"].keys()


# --- writing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(64, 48), (1, 1), (1, 30), (30, 1)])
def test_files_tell_of_every_instance(size: tuple[int, int], tmp_path: Path) -> None:
    height, width = size
    image = np.zeros((height, width, 3), np.uint8)
    rng = np.random.default_rng(0)
    instances = [Instance(1, 0.9, (0, 0, width, height), np.ones((height, width), np.bool_))]
    for score in (0.8, 0.6, 0.3):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        mask = rng.random((height - y, width - x)) < 0.7
        mask[0, 0] = mask[-1, -1] = True
        instances.append(Instance(1, score, (x, y, width - x, height - y), mask))
    instances = [
        replace(each, score=score)
        for each, score in zip(reversed(instances), (0.9, 0.8, 0.6, 0.3), strict=True)
    ]
    labels = np.zeros((height, width), np.uint8)
    for instance in instances[:3]:
        labels[whole(instance, size)] = 1
    result = Segmentation(labels, np.stack([1 - labels, labels]).astype(np.float32), tuple(instances))
    results.write_segmentation(tmp_path, "a", CARD, image, result)

    with Pillow.open(tmp_path / "a.instances.png") as picture:
        assert picture.mode == "I;16"
        ids = np.array(picture)
    assert ((ids > 0) == (labels == 1)).all()
    written = json.loads((tmp_path / "a.regions.json").read_text("utf-8"))["instances"]
    assert [each["id"] for each in written] == [1, 2, 3, 4]
    covered = np.zeros(size, np.bool_)
    for each, instance in zip(written, instances, strict=True):
        mask = whole(instance, size)
        assert each.keys() == {"id", "class_id", "score", "box", "pixels", "rle"}
        assert (each["class_id"], each["score"], each["box"]) == (1, instance.score, list(instance.box))
        assert each["pixels"] == mask.sum()
        assert each["rle"] == export._rle(np.asfortranarray(mask))
        assert (coco.decode(each["rle"]) == mask).all()
        if instance.score >= SURE:
            assert (ids[mask & ~covered] == each["id"]).all(), "the surest on top"
            covered |= mask
    *_, line = (tmp_path / "a.regions.txt").read_text("utf-8").splitlines()
    pixels = sorted(int(instance.mask.sum()) for instance in instances[:3])
    assert line.split() == ["nucleus", "3", *(f"{size:,}" for size in pixels[:1] + pixels[1:2] + pixels[2:])]


def test_it_is_not_exported_to_onnx(tmp_path: Path) -> None:
    with pytest.raises(CardError, match="cannot be exported"):
        onnx.export(CARD.name, tmp_path / "x.onnx")
    assert not list(tmp_path.iterdir())


def test_the_recipe_is_the_cards() -> None:
    config = RECIPES[CARD.name]
    assert isinstance(config, InstancesConfig)
    assert config.max_side == CARD.options.max_side
