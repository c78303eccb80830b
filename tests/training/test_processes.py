"""Several processes: the numbers of one, for each family of recipes.

Run as a script by `torchrun` it trains those that are named.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from segen.training import data as training_data
from segen.training import loop, processes
from segen.training.recipe import Config, Place
from segen.training.recipes import RECIPES, build, diffusion, gan, vae

ROOT = Path(__file__).resolve().parents[2]
SMALL: dict[str, Any] = {"steps": 2, "batch_size": 4, "evaluate_every": 10, "save_every": 10}
CROPS: dict[str, Any] = SMALL | {"crop": (64, 64), "imagenet": False}
SLIM = {"decoder_channels": [16, 8, 8, 8, 8]}
PATCHES: dict[str, Any] = SMALL | {"channels": 4, "blocks": 1, "discriminator_channels": 4, "side": 32}
ADVERSARIAL: dict[str, Any] = SMALL | {
    "latent": 5,
    "channels": (8, 8, 8),
    "discriminator_channels": (8, 8, 8),
}
CONFIGS: dict[str, Config] = {
    name: replace(RECIPES[recipe], name=name, **changed)
    for name, recipe, changed in (
        ("segmentation", "unet-camvid", CROPS | {"options": SLIM}),
        ("dropout", "deeplabv3plus-camvid", CROPS | {"options": {"decoder_channels": 8}}),
        ("label-gan", "pix2pix-camvid-labels", CROPS | {"options": SLIM, "discriminator_channels": 4}),
        ("gan", "dcgan-fashion", ADVERSARIAL | {"differentiable_augmentation": True}),
        ("wgan", "wgan-gp-fashion", ADVERSARIAL | {"n_critic": 2}),
        ("vae", "vae-fashion", SMALL | {"latent": 3, "channels": (4, 4, 4)}),
        ("diffusion", "ddpm-fashion", SMALL | {"channels": (8, 8, 8, 8)}),
        ("distillation", "distilled-fashion", SMALL),
        ("cyclegan", "cyclegan-nuclei", PATCHES | {"history": 3}),
        ("paired", "pix2pix-nuclei", PATCHES),
        ("instances", "maskrcnn-nuclei", SMALL | {"crop": 64, "seen": 64, "max_side": 64}),
        ("classifier", "classifier-fashion", SMALL),
    )
}


def train(name: str, cache: bool = False) -> None:
    """One training on a drawn set that is small enough to wait for, measured on next to nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training_data, "SYNTHETIC_SIZES", {"train": 6, "val": 2})
        for module, count in ((gan, gan.BATCH), (vae, 4), (diffusion, 4)):
            patch.setattr(module, "MEASURED", count)
        patch.setattr(diffusion, "BATCH", 4)
        place = Place(data="synthetic", cache=cache)
        loop.fit(build(CONFIGS[name], place), place)


def losses(run: Path) -> list[dict[str, float]]:
    """What was logged of each step, without what was measured."""
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [line for line in lines if not any("/" in name for name in line)]


def test_all_families_are_tried() -> None:
    assert {type(config) for config in CONFIGS.values()} == {type(config) for config in RECIPES.values()}


@pytest.fixture(scope="module")
def of_two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runs of two processes, whose pictures are decoded once, by the first of them."""
    runs = tmp_path_factory.mktemp("two")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    environment = os.environ | {
        "SEGEN_RUNS": str(runs),
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [*launch, str(Path(__file__)), *CONFIGS], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return runs


@pytest.mark.slow
@pytest.mark.parametrize("name", CONFIGS)
def test_two_processes_give_the_numbers_of_one(
    name: str, of_two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGEN_RUNS", str(tmp_path))
    train(name)
    one, two = losses(tmp_path / name), losses(of_two / name)
    assert [line["step"] for line in two] == [1, 2], "the first process alone writes"
    assert two[0] == pytest.approx(one[0], rel=1e-4, abs=1e-5)
    # After an update rounding is larger: Adam's first steps are as large for the least of gradients.
    assert two[1] == pytest.approx(one[1], rel=5e-3, abs=1e-4)
    assert (of_two / name / "export" / "SHA256SUMS").is_file()


if __name__ == "__main__":
    state = processes.begin()
    for each in sys.argv[1:]:
        train(each, cache=True)
    state.destroy_process_group()
