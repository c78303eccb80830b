"""Networks as ONNX files: whole ones of every size, and small ones of a fixed size for browsers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.errors import CardError, InputError, WeightsError
from segen.imaging import images
from segen.models import onnx
from segen.registry import ModelCard, card, cards
from segen.types import SegmentRequest

CARD = next(card for card in cards("segment") if len(card.classes) > 2)


def exported() -> list[tuple[str, str]]:
    """Cards that can be exported, each with its directions, forward alone where it has none."""
    networks = [each for each in cards() if each.task != "cluster" and getattr(each.options, "onnx", True)]
    return [(each.name, direction) for each in networks for direction in each.directions or ("forward",)]


def of_each_loader() -> list[ModelCard]:
    """One card for each loader, but for smp's: its U-Net is pix2pix's, its other decoders follow.

    One whose answers are random is left to the small files.
    """
    found = [card(name) for name, _ in exported() if name != "pix2pix-camvid-photo"]
    return list({each.loader: each for each in found if not each.loader.endswith("smp:load")}.values())


def some(graph: onnx.Graph, count: int, sides: tuple[int, int] | None = None) -> dict[str, torch.Tensor]:
    """Inputs of a graph: `count` of each, at `sides` where they are free."""
    rng, found = torch.Generator().manual_seed(0), {}
    for name, example in graph.inputs.items():
        shape = [count, *example.shape[1:]]
        if sides and graph.multiples:
            shape[2:] = sides
        if example.is_floating_point():
            found[name] = torch.rand(shape, generator=rng) * 2 - 1
        else:
            found[name] = torch.randint(0, 10, shape, generator=rng)
    return found


def answers_alike(graph: onnx.Graph, file: Path | bytes, given: dict[str, torch.Tensor], off: float) -> None:
    """The file answers as the network does, but for `off` of its greatest answer."""
    import onnxruntime

    session = onnxruntime.InferenceSession(file)
    (found,) = session.run([graph.output], {name: each.numpy() for name, each in given.items()})
    with torch.inference_mode():
        expected = graph.network.eval()(*given.values()).numpy()
    np.testing.assert_allclose(found, expected, atol=off * np.abs(expected).max())


def shapes() -> Iterator[tuple[int, tuple[int, int]]]:
    """Numbers of pictures, and sizes."""
    yield from [(1, (64, 96)), (2, (96, 32)), (1, (128, 128))]


@pytest.mark.slow
@pytest.mark.parametrize("card", of_each_loader(), ids=lambda card: card.name)
def test_a_file_answers_as_the_network_does(card: ModelCard, weights: Path, tmp_path: Path) -> None:
    import onnx as library

    file = tmp_path / "network.onnx"
    onnx.export(card.name, file)
    assert list(tmp_path.iterdir()) == [file]
    graph = onnx.graph(card.name)
    for count, sides in shapes():
        answers_alike(graph, file, some(graph, count, sides), 1e-3)
    assert not [each.name for each in library.load(file).graph.initializer if "discriminator" in each.name]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "direction"), exported())
def test_the_small_file_answers_as_the_network_does(name: str, direction: str, weights: Path) -> None:
    graph = onnx.graph(name, direction)
    content = onnx.small(name, (2, 96, 128), direction)
    numbers = sum(each.numel() for each in graph.network.parameters())
    assert len(content) < 2.1 * numbers + 400_000, "two bytes a number, and the graph"
    given = some(graph, 2, (96, 128))
    if name == "pix2pix-camvid-photo":  # which leaves out other channels each time
        import onnxruntime

        drawn = onnxruntime.InferenceSession(content).run(None, {"pixels": given["pixels"].numpy()})[0]
        assert drawn.shape == (2, 3, 96, 128)
        assert 0.1 < drawn.std() < 1
    else:
        answers_alike(graph, content, given, 1e-4)
        other = (96, 128) if getattr(card(name).options, "recurrent", False) else (128, 64)
        answers_alike(graph, content, some(graph, 2, other), 1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["DeepLabV3Plus", "FPN"])
def test_decoders_of_smp_are_exported(architecture: str, tmp_path: Path) -> None:
    """Those that the cards of smp have, beside the U-Net's, on an encoder that is quick to export."""
    import segmentation_models_pytorch

    torch.manual_seed(0)
    network = getattr(segmentation_models_pytorch, architecture)("resnet18", encoder_weights=None, classes=3)
    graph = replace(onnx.graph(CARD.name), network=copy.deepcopy(network))
    onnx.write(graph, tmp_path / "network.onnx")
    graph = replace(graph, network=network)
    for count, sides in shapes():
        answers_alike(graph, tmp_path / "network.onnx", some(graph, count, sides), 1e-3)


@pytest.mark.parametrize("name", ["kmeans", "maskrcnn-nuclei"])
def test_what_has_no_one_network_is_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(CardError) as fault:
        onnx.export(name, tmp_path / "out.onnx")
    assert (fault.value.key, fault.value.values) == ("no_onnx", {"model": name})
    assert not list(tmp_path.iterdir())


def test_a_direction_must_be_the_cards(tmp_path: Path) -> None:
    with pytest.raises(InputError) as fault:
        onnx.export("pix2pix-emoji", tmp_path / "out.onnx", "backward")
    assert fault.value.key == "direction_missing"
    with pytest.raises(InputError) as fault:
        onnx.graph(CARD.name, "backward")
    assert fault.value.key == "direction_unread"


def test_it_needs_a_card_with_weights(own_weights: Callable[[str], Path], tmp_path: Path) -> None:
    out = tmp_path / "out.onnx"
    with pytest.raises(CardError):
        onnx.export("../unet", out)
    (own_weights(CARD.name) / "model.safetensors").unlink()
    with pytest.raises(WeightsError):
        onnx.export(CARD.name, out)
    assert not out.exists()


def test_the_page_tells_how_a_file_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of docs/inference.md labels a street as the engine does that looks once."""
    page = Path("docs/inference.md").read_text(encoding="utf-8")
    example = page.partition("```python onnx\n")[2].partition("```")[0]
    picture = scenes.street(0, 480, 352)[0]
    monkeypatch.chdir(tmp_path)
    Path("street.png").write_bytes(images.encode(picture))
    Path("unet-camvid.onnx").write_bytes(onnx.small("unet-camvid", (1, 352, 480)))
    found: dict[str, Any] = {}
    exec(compile(example, "docs/inference.md", "exec"), found)
    expected = Engine(int8=False).run("unet-camvid", SegmentRequest(picture, once=True)).value.labels
    assert (found["labels"] == expected).mean() > 0.99
