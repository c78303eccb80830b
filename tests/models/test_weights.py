"""Weights folders: sealed with checksums, and refused when a byte is not as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch

from segen import models, registry
from segen.errors import WeightsError
from segen.models import weights
from segen.registry import ModelCard, cards
from tests.sentences import exactly


@pytest.fixture
def sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelCard:
    """A card "small" with a sealed folder of one tensor."""
    monkeypatch.setenv("SEGEN_WEIGHTS", str(tmp_path))
    card = replace(cards()[0], name="small")
    card.weights.mkdir()
    safetensors.torch.save_file({"x": torch.arange(6.0)}, card.weights / "model.safetensors")
    (card.weights / "config.json").write_text("{}")
    weights.seal(card.weights)
    return card


def test_a_sealed_folder_is_read(sealed: ModelCard) -> None:
    folder = weights.checked(sealed)
    assert weights.read_tensors(folder / "model.safetensors")["x"].tolist() == [0, 1, 2, 3, 4, 5]


def test_metrics_may_change(sealed: ModelCard) -> None:
    (sealed.weights / "metrics.json").write_text("{}")
    weights.checked(sealed)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", weights.SUMS])
def test_a_missing_file_is_told(sealed: ModelCard, name: str) -> None:
    (sealed.weights / name).unlink()
    with pytest.raises(WeightsError, match=exactly("weights_missing", model="small")):
        weights.checked(sealed)


@pytest.mark.parametrize("fault", ["one byte changed", "cut short", "empty"])
def test_an_altered_file_is_told(sealed: ModelCard, fault: str) -> None:
    file = sealed.weights / "model.safetensors"
    content = bytearray(file.read_bytes())
    if fault == "one byte changed":
        content[-1] ^= 1
    file.write_bytes(content if fault == "one byte changed" else content[: 50 * (fault == "cut short")])
    with pytest.raises(WeightsError, match=exactly("weights_altered", model="small")) as error:
        weights.checked(sealed)
    assert str(sealed.weights) not in str(error.value)


@pytest.mark.parametrize("kept", ["", "config.json", "model.safetensors"])
def test_what_is_loaded_needs_its_checksum_under_its_own_name(sealed: ModelCard, kept: str) -> None:
    lines = (sealed.weights / weights.SUMS).read_text().splitlines(keepends=True)
    others = [line.replace("  ", "  ../small/") for line in lines if not line.endswith(f"  {kept}\n")]
    left = [line for line in lines if line.endswith(f"  {kept}\n")]
    for sums in (left, left + others):
        (sealed.weights / weights.SUMS).write_text("".join(sums))
        with pytest.raises(WeightsError, match=exactly("weights_altered", model="small")):
            weights.checked(sealed)


@pytest.mark.parametrize("fault", ["list", "deep", "other", "not a number"])
def test_a_sealed_folder_that_does_not_fit_is_told(own_weights: Callable[[str], Path], fault: str) -> None:
    folder = own_weights("gan-fashion")
    if fault == "not a number":
        tensors = safetensors.torch.load_file(folder / "model.safetensors")
        name = next(name for name, values in tensors.items() if values.is_floating_point())
        tensors[name].view(-1)[0] = float("nan")
        safetensors.torch.save_file(tensors, folder / "model.safetensors")
    elif fault == "other":
        safetensors.torch.save_file({"x": torch.ones(1)}, folder / "model.safetensors")
    else:
        (folder / "config.json").write_text("[]" if fault == "list" else "[" * 100_000 + "]" * 100_000)
    weights.seal(folder)
    with pytest.raises(WeightsError, match=exactly("weights_unusable", model="gan-fashion")):
        models.load(registry.card("gan-fashion"))


def test_a_pickle_is_never_run(tmp_path: Path) -> None:
    class Harmful:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (str(tmp_path / "ran"),)

    torch.save(Harmful(), tmp_path / "harmful.pth")
    torch.save({"x": torch.ones(2)}, tmp_path / "plain.pth")
    with pytest.raises(WeightsError):
        weights.read_tensors(tmp_path / "harmful.pth")
    assert not (tmp_path / "ran").exists()
    assert weights.read_tensors(tmp_path / "plain.pth")["x"].tolist() == [1, 1]


@pytest.mark.parametrize("card", [card for card in cards() if card.parameters], ids=lambda card: card.name)
def test_shipped_folders_are_whole_and_hold_no_pickle(card: ModelCard) -> None:
    folder = weights.checked(card)
    assert {path.suffix for path in folder.rglob("*") if path.is_file()} <= {
        ".json",
        ".safetensors",
        ".onnx",
        ".md",
        "",
        ".webp",
    }
    files = list(folder.rglob("*.safetensors"))
    assert files
    for file in files:
        kinds = {tensor.dtype for tensor in weights.read_tensors(file).values()}
        assert torch.float16 in kinds
        assert kinds <= {torch.float16, torch.int64}
