"""Copies of networks in 8 bits: they answer as the network does, nearly, and only where they can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from segen.data.synthetic import animals, scenes
from segen.engine import Engine
from segen.errors import CardError, WeightsError
from segen.models import int8, weights
from segen.registry import INT8, ModelCard, card, cards, describe
from segen.text import words
from segen.types import FeaturesRequest, Image, SegmentRequest, Step

MEGABYTE = 1_000_000
MAX_MEGABYTES, MAX_LOSS, MIN_AGREEMENT = 6, 0.005, 0.95
"""The last of drawn pictures, of which networks are less sure than of real ones."""
DRAWN: dict[str, Callable[[int], tuple[Image, Any]]] = {
    "animals": animals.meadow,
    "camvid": scenes.street,
    "nuclei": scenes.nuclei,
}
COPIED = [card for card in cards("segment") if (card.weights / INT8).is_file()]
NAME = "unet-nuclei"
PICTURE = scenes.nuclei(0)[0]
each_copy = pytest.mark.parametrize("card", COPIED, ids=lambda card: card.name)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine("cpu")


@pytest.fixture(scope="module")
def exact() -> Engine:
    return Engine("cpu", int8=False)


@each_copy
def test_a_copy_answers_nearly_as_the_network(card: ModelCard, engine: Engine, exact: Engine) -> None:
    shares = []
    for seed in range(3):
        image, _ = DRAWN[card.dataset](seed)
        found, expected = (each.run(card.name, SegmentRequest(image)).value for each in (engine, exact))
        assert (found.int8, expected.int8) == (True, False)
        shares.append((found.labels == expected.labels).mean())
        assert 0 < np.abs(found.probabilities - expected.probabilities).mean() < 0.03
    assert np.mean(shares) >= MIN_AGREEMENT


@each_copy
def test_a_copy_is_small_costs_little_and_says_so(card: ModelCard) -> None:
    assert (card.weights / INT8).stat().st_size <= MAX_MEGABYTES * MEGABYTE
    measured = describe(card)["int8"]
    assert measured["float32"] - measured["int8"] < MAX_LOSS
    assert card.report()["metrics"]["mean_iou"] == measured["int8"]
    told = words("en", "segment.int8", **card.int8_figures())
    assert f"{measured['int8']:.4f}" in told
    assert f"{measured['float32']:.4f}" in told


def test_a_card_without_a_copy_says_none() -> None:
    plain = next(each for each in cards("segment") if each not in COPIED)
    assert describe(plain)["int8"] is None
    assert plain.int8_figures() == {}


def test_the_same_answer_whatever_came_before(engine: Engine) -> None:
    first = engine.run(NAME, SegmentRequest(PICTURE)).value
    engine.run(NAME, SegmentRequest(PICTURE[:70, :200]))
    second = engine.run(NAME, SegmentRequest(PICTURE)).value
    assert np.array_equal(first.probabilities, second.probabilities)


def test_what_looks_inside_asks_the_network(engine: Engine, exact: Engine) -> None:
    found, expected = (each.run(NAME, FeaturesRequest(PICTURE)).value for each in (engine, exact))
    assert np.array_equal(found.maps, expected.maps)


def test_closing_the_stream_stops_the_copy() -> None:
    engine, name = Engine("cpu"), "deeplabv3plus-animals"
    engine.load(name)
    predictor: Any = engine._predictor(name)
    copy, calls = predictor.int8, []
    predictor.int8 = lambda pixels: (calls.append(pixels.shape), copy(pixels))[1]
    stream = engine.stream(name, SegmentRequest(animals.meadow(0)[0]))
    assert isinstance(next(stream), Step)
    stream.close()  # type: ignore[attr-defined]
    assert len(calls) == 1


def test_without_onnx_runtime_the_network_answers(monkeypatch: pytest.MonkeyPatch, exact: Engine) -> None:
    monkeypatch.setattr(int8, "find_spec", lambda name: None)
    found, expected = (each.run(NAME, SegmentRequest(PICTURE)).value for each in (Engine("cpu"), exact))
    assert not found.int8
    assert np.array_equal(found.probabilities, expected.probabilities)


def test_only_a_processor_uses_it() -> None:
    class Nothing:
        int8 = None

    int8.attach(Nothing(), card(NAME), torch.device("meta"))  # type: ignore[arg-type]
    assert Nothing.int8 is None
    int8.attach(nothing := Nothing(), card(NAME), torch.device("cpu"))  # type: ignore[arg-type]
    assert isinstance(nothing.int8, int8.Int8Network)


def test_a_damaged_copy_is_refused(own_weights: Callable[[str], Path]) -> None:
    file = own_weights(NAME) / INT8
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(WeightsError, match=f"{NAME} differ from those that were shipped; restore"):
        Engine("cpu").run(NAME, SegmentRequest(PICTURE))


def test_a_copy_without_a_checksum_is_refused(own_weights: Callable[[str], Path]) -> None:
    sums = own_weights(NAME) / "SHA256SUMS"
    sums.write_text("".join(line for line in sums.read_text().splitlines(True) if INT8 not in line))
    with pytest.raises(WeightsError):
        Engine("cpu").load(NAME)


def test_a_sealed_file_that_is_no_network_is_refused(own_weights: Callable[[str], Path]) -> None:
    (own_weights(NAME) / INT8).write_bytes(b"no network")
    weights.seal(card(NAME).weights)
    with pytest.raises(WeightsError, match=NAME):
        Engine("cpu").load(NAME)
    assert not Engine("cpu", int8=False).run(NAME, SegmentRequest(PICTURE)).value.int8


def test_too_little_memory_is_told_as_such() -> None:
    class Full:
        def run(self, names: None, given: object) -> None:
            raise OSError("Failed to allocate memory for requested buffer of size 1")

    copy = int8.Int8Network(card(NAME))
    copy._session = Full()
    with pytest.raises(MemoryError):
        copy(torch.zeros(1, 3, 32, 32))


@pytest.mark.slow
def test_a_copy_is_made_again(
    own_weights: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from segen.imaging import images
    from segen.training import quantizing

    for kind in ("images", "masks"):
        (tmp_path / "nuclei" / "train" / kind).mkdir(parents=True)
        for seed in range(4):
            (tmp_path / "nuclei" / "train" / kind / f"{seed}.png").write_bytes(
                images.encode(scenes.nuclei(seed)[0])
            )
    monkeypatch.setattr(quantizing, "PICTURES", 2)
    folder = own_weights(NAME)
    shipped = (folder / INT8).read_bytes()
    assert quantizing.main(NAME, str(tmp_path)) == 0
    made = (folder / INT8).read_bytes()
    assert made != shipped
    assert str(Path.cwd()).encode() not in made
    weights.verify(folder)
    engines = Engine("cpu"), Engine("cpu", int8=False)
    found, expected = (each.run(NAME, SegmentRequest(PICTURE)).value for each in engines)
    assert found.int8
    assert (found.labels == expected.labels).mean() >= MIN_AGREEMENT


class Enlarging(torch.nn.Module):
    """Enlarges as a decoder does; its end has so many channels."""

    def __init__(self, channels: int, factor: int, mode: str) -> None:
        super().__init__()
        self.first = torch.nn.Conv2d(3, 5, 3, stride=factor, padding=1)
        self.last = torch.nn.Conv2d(5, channels, 3, padding=1)
        self.factor, self.mode = float(factor), mode

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        small = self.first(pixels).relu()
        return self.last(torch.nn.functional.interpolate(small, scale_factor=self.factor, mode=self.mode))


@pytest.mark.parametrize(
    ("channels", "factor", "mode", "quicker"),
    [
        (1, 2, "nearest", {"Slice"}),
        (16, 2, "nearest", set()),
        (3, 2, "bilinear", {"Resize", "Slice"}),
        (3, 4, "nearest", {"Resize"}),
    ],
)
def test_a_copy_is_rearranged_to_be_quicker_where_it_answers_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, channels: int, factor: int, mode: str, quicker: set[str]
) -> None:
    import onnx as library
    import onnxruntime

    from segen.models import onnx
    from segen.training import quantizing

    torch.manual_seed(0)
    graph = replace(onnx.graph(NAME), network=Enlarging(channels, factor, mode).eval())
    onnx.write(graph, tmp_path / "network.onnx")
    seen = [torch.randn(1, 3, 64, 96).numpy() for _ in range(2)]
    quick, plain = tmp_path / "quick.onnx", tmp_path / "plain.onnx"
    quantizing._rounded(tmp_path / "network.onnx", quick, seen)
    quantizing._rounded(tmp_path / "network.onnx", plain, seen)
    assert plain.read_bytes() == quick.read_bytes(), "it is made again byte for byte"
    monkeypatch.setattr(quantizing, "_rearranged", lambda model, _: model)
    quantizing._rounded(tmp_path / "network.onnx", plain, seen)
    library.checker.check_model(library.load(quick), full_check=True)
    kinds = [{node.op_type for node in library.load(file).graph.node} for file in (quick, plain)]
    assert [each & {"Resize", "Slice"} for each in kinds] == [quicker, {"Resize"}]
    for shape in ((1, 3, 64, 96), (2, 3, 32, 160)):
        given = {"pixels": torch.randn(shape).numpy()}
        found, expected = (onnxruntime.InferenceSession(file).run(None, given)[0] for file in (quick, plain))
        assert found.shape == (shape[0], channels, *shape[2:])
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", ["fcn-camvid", "maskrcnn-nuclei"])
def test_only_networks_of_smp_are_copied(name: str) -> None:
    from segen.training import quantizing

    with pytest.raises(CardError, match=f"{name} is no network of segmentation_models_pytorch"):
        quantizing.quantize(card(name), None)
