"""A repository of the hub: its files, and the one commit that brings them there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from huggingface_hub import HfApi

ROOT = Path(__file__).resolve().parents[1]


Content = Path | str | bytes
"""A file of this checkout, a text, or the bytes of a file."""


def write(folder: Path, contents: Mapping[str, Content]) -> None:
    """Write files by their paths into a folder."""
    for path, content in contents.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copyfile(content, target)
        elif isinstance(content, str):
            target.write_text(content, encoding="utf-8", newline="\n")
        else:
            target.write_bytes(content)


@dataclass(frozen=True)
class Repository:
    """What a repository is to hold, by the path there.

    `created` is given to the hub where it makes the repository.
    """

    name: str
    kind: Literal["space", "model"]
    contents: Mapping[str, Content]
    created: dict[str, Any] = field(default_factory=dict)

    def upload(self) -> str:
        """Make the hub hold these files and no others, in one commit, and return its address.

        The hub and the token are huggingface_hub's to find ($HF_ENDPOINT, $HF_TOKEN, `hf auth login`). Raises
        what its calls raise.
        """
        hub = HfApi()
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), self.contents)
            made = hub.create_repo(self.name, repo_type=self.kind, exist_ok=True, **self.created)
            hub.upload_folder(
                repo_id=self.name,
                repo_type=self.kind,
                folder_path=folder,
                delete_patterns="*",
                commit_message="As it is in the repository of Segen",
            )
        return str(made)
