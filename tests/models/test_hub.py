"""Pipelines of the user's own: what is let in and drawn with, and what is refused."""

from __future__ import annotations

import json
import runpy
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DDIMPipeline, DDIMScheduler, DDPMPipeline, DDPMScheduler, UNet2DModel

from segen import registry
from segen.cli.main import main
from segen.engine import Engine
from segen.errors import InputError, UsageError, WeightsError
from segen.imaging import images
from segen.models import hub
from segen.types import GenerateRequest
from tests.sentences import exactly, sentence

ROOT = Path(__file__).resolve().parents[2]
Alter = Callable[[Path], Any]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained unconditional DDPM of colour pictures with 200 timesteps, as diffusers saves it."""
    folder = tmp_path_factory.mktemp("saved") / "my-ddpm"
    torch.manual_seed(0)
    network = UNet2DModel(
        sample_size=16, in_channels=3, out_channels=3, layers_per_block=1, block_out_channels=(4, 8),
        down_block_types=("DownBlock2D",) * 2, up_block_types=("UpBlock2D",) * 2, norm_num_groups=2,
    )  # fmt: skip
    DDPMPipeline(
        network, DDPMScheduler(num_train_timesteps=200, beta_schedule="squaredcos_cap_v2")
    ).save_pretrained(folder)
    return folder


@pytest.fixture
def folder(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy that may be altered, in a program that knows the shipped cards alone."""
    known = dict(registry._read_all())
    monkeypatch.setattr(registry, "_read_all", lambda: known)
    return Path(shutil.copytree(original, tmp_path / "my-ddpm"))


def test_a_folder_is_drawn_with(folder: Path, tmp_path: Path) -> None:
    options = ["--seed", "40", "--count", "2", "--steps", "3", "--out", str(tmp_path / "out")]
    assert main(["generate", "--pipeline", str(folder), *options]) == 0
    card = registry.card("my-ddpm", "generate")
    assert card.input_size == (16, 16)
    assert card.parameters == sum(
        each.numel() for each in UNet2DModel.from_pretrained(folder, subfolder="unet").parameters()
    )
    expected = Engine("cpu").run("my-ddpm", GenerateRequest([41], steps=3)).value.images[0]
    assert np.array_equal(images.read(tmp_path / "out" / "seed-000041.png"), expected)
    assert expected.shape == (16, 16, 3)
    assert len(np.unique(expected, axis=2)) > 1


def test_ddim_is_let_in_and_its_timesteps_bound_the_steps(folder: Path) -> None:
    network = UNet2DModel.from_pretrained(folder, subfolder="unet")
    DDIMPipeline(network, DDIMScheduler(num_train_timesteps=50)).save_pretrained(folder)
    hub.add(folder)
    engine = Engine("cpu")
    assert engine.run("my-ddpm", GenerateRequest([0], steps=50)).value.images.shape == (1, 16, 16, 3)
    with pytest.raises(InputError, match=exactly("steps_out_of_range", most=50)):
        engine.run("my-ddpm", GenerateRequest([0], steps=51))
    with pytest.raises(InputError, match=exactly("unconditional", model="my-ddpm")):
        engine.run("my-ddpm", GenerateRequest([0], label=1, steps=2))


def altered(file: str, **values: Any) -> Alter:
    def alter(folder: Path) -> None:
        path = folder / file
        path.write_text(json.dumps(json.loads(path.read_text()) | values))

    return alter


VARIANT = "diffusion_pytorch_model.fp16.safetensors"
INDEX, UNET, SCHEDULER = (str(path) for path in (hub.INDEX, hub.UNET, hub.SCHEDULER))
REFUSED: dict[str, tuple[Alter, str, str]] = {
    "no index": (lambda folder: (folder / INDEX).unlink(), "pipeline_missing", INDEX),
    "no JSON": (lambda folder: (folder / UNET).write_text("{"), "pipeline_missing", UNET),
    "a list": (lambda folder: (folder / INDEX).write_text("[]"), "pipeline_missing", INDEX),
    "deep": (lambda folder: (folder / INDEX).write_text("[" * 200_000), "pipeline_missing", INDEX),
    "large": (lambda folder: (folder / INDEX).write_text(" " * 2_000_000 + "{}"), "pipeline_missing", INDEX),
    "no folder": (shutil.rmtree, "pipeline_missing", INDEX),
    "another pipeline": (
        altered(INDEX, _class_name="StableDiffusionPipeline"),
        "pipeline_unlike",
        "StableDiffusionPipeline",
    ),
    "another part": (altered(INDEX, vae=["diffusers", "AutoencoderKL"]), "pipeline_unlike", "vae"),
    "another network": (
        altered(INDEX, unet=["diffusers", "UNet2DConditionModel"]),
        "pipeline_unlike",
        "UNet2DConditionModel",
    ),
    "classes": (altered(UNET, num_class_embeds=11), "pipeline_unlike", "num_class_embeds"),
    "a module": (altered(INDEX, unet=["my_module", "UNet2DModel"]), "pipeline_code", "my_module"),
    "a local module": (
        altered(INDEX, scheduler=["scheduler.mine", "DDPMScheduler"]),
        "pipeline_code",
        "scheduler.mine",
    ),
    "auto_map": (altered(UNET, auto_map={"AutoModel": "mine.Net"}), "pipeline_code", "auto_map"),
    "a Python file": (
        lambda folder: (folder / "unet" / "mine.py").write_text("1 / 0"),
        "pipeline_code",
        "*.py",
    ),
    "scheduler": (
        altered(INDEX, scheduler=["diffusers", "PNDMScheduler"]),
        "pipeline_scheduler",
        "PNDMScheduler",
    ),
    "scheduler's file": (
        altered(SCHEDULER, _class_name="PNDMScheduler"),
        "pipeline_scheduler",
        "PNDMScheduler, epsilon",
    ),
    "velocity": (
        altered(SCHEDULER, prediction_type="v_prediction"),
        "pipeline_scheduler",
        "DDPMScheduler, v_prediction",
    ),
    "timesteps": (altered(SCHEDULER, num_train_timesteps=10**9), "pipeline_scheduler", "num_train_timesteps"),
    "spacing": (altered(SCHEDULER, timestep_spacing="odd"), "pipeline_scheduler", "timestep_spacing"),
    "schedule": (altered(SCHEDULER, beta_schedule=["linear"]), "pipeline_scheduler", "beta_schedule"),
    "beta": (altered(SCHEDULER, beta_end="0.02"), "pipeline_scheduler", "beta_end"),
    "betas": (altered(SCHEDULER, trained_betas=[float("nan")] * 200), "pipeline_scheduler", "trained_betas"),
    "too few betas": (altered(SCHEDULER, trained_betas=[0.1]), "pipeline_scheduler", "trained_betas"),
    "offset": (altered(SCHEDULER, steps_offset=10**9), "pipeline_scheduler", "steps_offset"),
    "clip": (altered(SCHEDULER, clip_sample_range=float("nan")), "pipeline_scheduler", "clip_sample_range"),
    "no signal": (
        altered(SCHEDULER, rescale_betas_zero_snr=True),
        "pipeline_scheduler",
        "rescale_betas_zero_snr",
    ),
    "side": (altered(UNET, sample_size=10**6), "pipeline_unusable", ""),
    "channels": (altered(UNET, in_channels=4), "pipeline_unusable", ""),
    "layers": (altered(UNET, layers_per_block=10**9), "pipeline_unusable", ""),
    "a variant": (
        lambda folder: (folder / hub.WEIGHTS).rename(folder / "unet" / VARIANT),
        "pipeline_variant",
        VARIANT,
    ),
    "a pickle": (
        lambda folder: (folder / hub.WEIGHTS).rename(folder / "unet/diffusion_pytorch_model.bin"),
        "pipeline_pickle",
        "",
    ),
    "cut short": (lambda folder: (folder / hub.WEIGHTS).write_bytes(b"12345678"), "pipeline_unusable", ""),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_is_refused_gets_one_sentence(
    fault: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alter, key, found = REFUSED[fault]
    alter(folder)
    assert main(["generate", "--pipeline", str(folder), "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert told.endswith("\n")
    assert told[:-1] == sentence(
        key, folder="my-ddpm", file=found, found=found, what=found, wanted=hub.WEIGHTS.name
    )
    assert str(tmp_path) not in told
    assert not (tmp_path / "out").exists()
    assert "my-ddpm" not in registry._read_all()


@pytest.mark.parametrize(
    "values", [{"block_out_channels": [4, 16]}, {"block_out_channels": ["a"]}, {"norm_num_groups": 3},
               {"down_block_types": ["Mine", "DownBlock2D"]}],
)  # fmt: skip
def test_a_network_unlike_its_weights_gets_one_sentence(values: dict[str, Any], folder: Path) -> None:
    altered(UNET, **values)(folder)
    hub.add(folder)
    with pytest.raises(WeightsError, match=exactly("pipeline_unusable", folder="my-ddpm")):
        Engine("cpu").run("my-ddpm", GenerateRequest([0], steps=1))


def test_either_a_model_or_a_pipeline_is_named(folder: Path, tmp_path: Path) -> None:
    for given in ([], ["--model", "kmeans", "--pipeline", str(folder)]):
        assert main(["generate", *given, "--out", str(tmp_path / "out")]) == 2


def test_a_name_that_is_taken_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match=exactly("pipeline_taken", name="kmeans")):
        hub.add(Path(shutil.move(folder, folder.parent / "kmeans")))


def test_all_pipelines_of_a_folder_are_added(folder: Path) -> None:
    shutil.copytree(folder, folder.parent / "another")
    assert [card.name for card in hub.add_all(folder.parent)] == ["another", "my-ddpm"]
    (folder.parent / "empty").mkdir()
    with pytest.raises(UsageError, match=exactly("pipeline_missing", folder="empty", file=INDEX)):
        hub.add_all(folder.parent / "empty")


def test_the_hub_is_asked_for_configurations_and_weights_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def snapshot_download(name: str, allow_patterns: list[str]) -> str:
        asked.append((name, allow_patterns))
        if name == "no/such":
            raise OSError
        return str(folder)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    card = hub.add(hub.download("owner/thing"), "owner--thing")
    assert card.name == "owner--thing"
    assert asked == [("owner/thing", list(hub.FILES))]
    for wrong in ("no/such", "../../etc", "https://x.y/z", "one", "a/b/c"):
        with pytest.raises(UsageError, match=exactly("pipeline_not_found", name=wrong)):
            hub.download(wrong)
    assert len(asked) == 2


def test_the_app_ends_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py", "--pipelines", str(tmp_path)])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(ROOT / "app.py"), run_name="__main__")
    told = sentence("pipeline_missing", folder=tmp_path.name, file=INDEX)
    assert stop.value.code == told, "Python prints it to stderr, and ends with 1"
