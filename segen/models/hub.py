"""Diffusion pipelines of the user's own: folders that diffusers saved, checked before anything is built.

Such a folder is named when the program starts, never by a visitor. Nothing in it is run: a folder that asks
for code, or that holds its weights as a pickle only, is refused. No torch here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from segen import registry
from segen.errors import UsageError
from segen.registry import ModelCard
from segen.registry.folders import real
from segen.registry.options import DiffusionOptions
from segen.text import LANGUAGES

PIPELINES = ("DDPMPipeline", "DDIMPipeline")
SCHEDULERS = ("DDPMScheduler", "DDIMScheduler")
NETWORK = "UNet2DModel"
INDEX = Path("model_index.json")
UNET = Path("unet/config.json")
SCHEDULER = Path("scheduler/scheduler_config.json")
WEIGHTS = Path("unet/diffusion_pytorch_model.safetensors")
FILES = tuple(path.as_posix() for path in (INDEX, UNET, SCHEDULER, WEIGHTS))
MAX_BYTES = 1_000_000
"""Of a configuration."""
WORDS_OF_SCHEDULER = {
    "beta_schedule": ("linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid"),
    "timestep_spacing": ("leading", "linspace", "trailing"),
    "variance_type": ("fixed_small", "fixed_small_log", "fixed_large", "fixed_large_log"),
}
"""What diffusers calls the choices of its schedulers; each may be left out."""
MAX_SIDE = 512
MAX_TIMESTEPS = 10_000
MAX_LAYERS = 16
CODE = ("auto_map", "custom_pipeline", "_module")
"""Keys by which configurations name code to run."""


def add(folder: Path, name: str = "") -> ModelCard:
    """Let a folder of an unconditional DDPM or DDIM be used like a card, and return that card.

    It is named after the folder where there is no `name`. Raises UsageError for a folder that is no such
    pipeline or cannot be trusted, and for a name that is taken.
    """
    folder = real(folder)
    card = _card(folder, name or _told(folder.name))
    if card.name in (known.name for known in registry.cards()):
        raise UsageError("pipeline_taken", name=card.name)
    registry.add(card)
    return card


def add_all(folder: Path) -> list[ModelCard]:
    """Add the pipeline in a folder, or those in its sub-folders. Raises UsageError as `add` does."""
    found = (
        [folder]
        if (folder / INDEX).is_file()
        else sorted(index.parent for index in folder.glob(f"*/{INDEX}"))
    )
    if not found:
        raise UsageError("pipeline_missing", folder=real(folder).name, file=INDEX.as_posix())
    return [add(each) for each in found]


def download(name: str) -> Path:
    """The folder of a pipeline on the Hugging Face hub, OWNER/NAME: its configurations and weights, no code.

    Raises UsageError for what is no such name, or cannot be had.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        raise UsageError("pipeline_not_found", name=name)
    try:
        found = Path(snapshot_download(name, allow_patterns=list(FILES)))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError):
        raise UsageError("pipeline_not_found", name=name) from None
    return found


def _card(folder: Path, name: str) -> ModelCard:
    index, unet, scheduler = (_json(folder, path) for path in (INDEX, UNET, SCHEDULER))
    for config in (index, unet, scheduler):
        if code := sorted(_keys(config) & set(CODE)):
            raise UsageError("pipeline_code", folder=name, what=code[0])
    if any(folder.rglob("*.py")):
        raise UsageError("pipeline_code", folder=name, what="*.py")
    if index.get("_class_name") not in PIPELINES:
        raise UsageError("pipeline_unlike", folder=name, found=_told(index.get("_class_name")))
    parts = {key: value for key, value in index.items() if not key.startswith("_")}
    for kind, allowed in (("unet", (NETWORK,)), ("scheduler", SCHEDULERS)):
        library, part = _pair(parts.pop(kind, None))
        if library != "diffusers":
            raise UsageError("pipeline_code", folder=name, what=_told(library))
        if part not in allowed and kind == "unet":
            raise UsageError("pipeline_unlike", folder=name, found=_told(part))
        if part not in allowed:
            raise UsageError("pipeline_scheduler", folder=name, found=_told(part))
    if parts:
        raise UsageError("pipeline_unlike", folder=name, found=_told(next(iter(parts))))
    _check_scheduler(name, scheduler)
    side, colors = _check_network(name, unet)
    return ModelCard(
        name=name,
        task="generate",
        title=dict.fromkeys(LANGUAGES, name),
        summary=dict.fromkeys(LANGUAGES, ""),
        architecture=dict.fromkeys(LANGUAGES, NETWORK),
        dataset="",
        source=dict.fromkeys(LANGUAGES, ""),
        loader="segen.models.generation.diffusion:load_pipeline",
        training="",
        checkpoint=dict.fromkeys(LANGUAGES, ""),
        input_size=(side, side),
        parameters=_parameters(folder),
        multiply_adds=0,
        licence=dict.fromkeys(("weights", "data", "credit"), dict.fromkeys(LANGUAGES, "")),
        options=DiffusionOptions(grey=colors == 1, folder=str(folder)),
    )


def _check_scheduler(name: str, config: dict[str, Any]) -> None:
    """Raise UsageError for a process not of a thousand or so timesteps, or that predicts no noise."""
    kind, predicts = config.get("_class_name"), config.get("prediction_type", "epsilon")
    if kind not in SCHEDULERS or predicts != "epsilon":
        raise UsageError("pipeline_scheduler", folder=name, found=f"{_told(kind)}, {_told(predicts)}")
    if not _whole(config.get("num_train_timesteps"), MAX_TIMESTEPS):
        raise UsageError("pipeline_scheduler", folder=name, found="num_train_timesteps")
    betas, clip = config.get("trained_betas"), config.get("clip_sample_range", 1.0)
    same = isinstance(betas, list) and len(betas) == config["num_train_timesteps"]
    offset = config.get("steps_offset", 0)
    fits = {
        **{key: config.get(key, known[0]) in known for key, known in WORDS_OF_SCHEDULER.items()},
        **{key: _share(config.get(key, 0.01)) for key in ("beta_start", "beta_end")},
        "trained_betas": betas is None or (same and all(map(_share, betas))),
        "clip_sample": type(config.get("clip_sample", True)) is bool,
        "clip_sample_range": type(clip) in (int, float) and 0 < clip < 1_000,
        "rescale_betas_zero_snr": config.get("rescale_betas_zero_snr", False) is False,  # divides by nothing
        "steps_offset": type(offset) is int and offset in (0, 1),
    }
    if wrong := [key for key, each in fits.items() if not each]:
        raise UsageError("pipeline_scheduler", folder=name, found=wrong[0])


def _check_network(name: str, config: dict[str, Any]) -> tuple[int, int]:
    """The side of the pictures and their channels. Raises UsageError for what is out of range."""
    side, colors = config.get("sample_size"), config.get("in_channels")
    if config.get("_class_name") != NETWORK:
        raise UsageError("pipeline_unlike", folder=name, found=_told(config.get("_class_name")))
    if config.get("num_class_embeds") is not None or config.get("class_embed_type") is not None:
        raise UsageError("pipeline_unlike", folder=name, found="num_class_embeds")
    blocks = config.get("block_out_channels")
    fits = (
        _whole(side, MAX_SIDE)
        and colors in (1, 3)
        and config.get("out_channels") == colors
        and _whole(config.get("layers_per_block", 2), MAX_LAYERS)
        and isinstance(blocks, list)
        and len(blocks) <= MAX_LAYERS
    )
    if not fits:
        raise UsageError("pipeline_unusable", folder=name)
    assert isinstance(side, int)
    assert isinstance(colors, int)
    return side, colors


def _parameters(folder: Path) -> int:
    """How many numbers the weights hold, read from the file's header."""
    if not (folder / WEIGHTS).is_file():
        if others := sorted(folder.glob("unet/*.safetensors")):
            file = _told(others[0].name)
            raise UsageError("pipeline_variant", folder=folder.name, file=file, wanted=WEIGHTS.name)
        raise UsageError("pipeline_pickle", folder=folder.name)
    try:
        with safe_open(folder / WEIGHTS, framework="np") as tensors:
            shapes: list[Sequence[int]] = [tensors.get_slice(key).get_shape() for key in tensors.keys()]  # noqa: SIM118
    except (SafetensorError, OSError):
        raise UsageError("pipeline_unusable", folder=folder.name) from None
    total = 0
    for shape in shapes:
        size = 1
        for side in shape:
            size *= side
        total += size
    return total


def _json(folder: Path, path: Path) -> dict[str, Any]:
    try:
        if (folder / path).stat().st_size > MAX_BYTES:
            raise ValueError
        found = json.loads((folder / path).read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError
    except (OSError, ValueError, RecursionError):
        raise UsageError("pipeline_missing", folder=folder.name, file=path.as_posix()) from None
    return found


def _keys(value: Any) -> set[str]:
    """All keys of nested JSON values."""
    if isinstance(value, dict):
        return set(value).union(*map(_keys, value.values()))
    return set().union(*map(_keys, value)) if isinstance(value, list) else set()


def _pair(value: Any) -> tuple[Any, Any]:
    return (value[0], value[1]) if isinstance(value, list) and len(value) == 2 else (None, None)


def _whole(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most


def _share(value: Any) -> bool:
    """Whether it is a number between 0 and 1, which NaN is not."""
    return type(value) in (int, float) and 0 < value < 1


def _told(value: Any) -> str:
    """A word of the folder's, short and on one line."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(value))[:60]
