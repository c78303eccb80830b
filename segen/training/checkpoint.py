"""What a training is resumed from: one file that torch reads, with a checksum at its end.

torch.save writes a ZIP archive; the SHA-256 of all that stands before is the archive's comment, which torch
passes over. What a checkpoint holds is read as data alone, never as a pickle of objects.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch

from segen.data import files
from segen.errors import DataError
from segen.training.recipe import Config, plain

DIGITS = 64
"""Of the checksum, in hexadecimal."""


def write(path: Path, state: dict[str, Any]) -> None:
    """Replace the checkpoint at `path`, whole or not at all. Raises OSError when there is no space."""
    content = io.BytesIO()
    torch.save(state, content)
    # The last two bytes of a ZIP archive give the length of its comment.
    archive = content.getvalue()[:-2] + DIGITS.to_bytes(2, "little")
    with files.replacing(path) as temporary:
        temporary.write_bytes(archive + _checksum(archive))


def read(path: Path, config: Config) -> dict[str, Any]:
    """The checkpoint of a run that `config` can go on with.

    Raises DataError when there is none, when it is not as it was written, and when the run had another
    value of a field that is not in `config.CHANGEABLE`, or has gone further than `config.steps`.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataError("nothing_to_resume", name=config.name) from None
    if len(content) <= DIGITS or _checksum(content[:-DIGITS]) != content[-DIGITS:]:
        raise DataError("checkpoint_damaged", name=config.name)
    saved: dict[str, Any] = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    # What a run of before an option did is what its default does.
    was, now = plain(type(config)(config.name)) | saved["config"], plain(config)
    for name in (each.name for each in fields(config) if each.name not in config.CHANGEABLE):
        if was[name] != now[name]:
            raise DataError("resume_differs", field=name, was=was[name], now=now[name])
    if saved["step"] > config.steps:
        raise DataError("resume_done", step=saved["step"], steps=config.steps)
    return saved


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode("ascii")


def random_state() -> dict[str, Any]:
    """The state of torch's random numbers on the CPU and on every GPU."""
    state: dict[str, Any] = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state_all()
    if torch.backends.mps.is_available():
        state["mps"] = torch.mps.get_rng_state()
    return state


def set_random_state(state: dict[str, Any]) -> None:
    """Go on with random numbers where `random_state` was taken, on those devices that there are here."""
    torch.set_rng_state(state["cpu"])
    if "cuda" in state and torch.cuda.is_available():
        for number, one in zip(range(torch.cuda.device_count()), state["cuda"], strict=False):
            torch.cuda.set_rng_state(one, number)
    if "mps" in state and torch.backends.mps.is_available():
        torch.mps.set_rng_state(state["mps"])
