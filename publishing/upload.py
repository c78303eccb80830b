"""A repository of the hub: its files, and the one commit that brings them there."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from huggingface_hub import HfApi

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Repository:
    """What a repository is to hold: for each path there, a file of this checkout or a text.

    `created` is given to the hub where it makes the repository.
    """

    name: str
    kind: Literal["space", "model"]
    contents: dict[str, Path | str]
    created: dict[str, Any] = field(default_factory=dict)

    def upload(self) -> str:
        """Make the hub hold these files and no others, in one commit, and return its address.

        The hub and the token are huggingface_hub's to find ($HF_ENDPOINT, $HF_TOKEN, `hf auth login`). Raises
        what its calls raise.
        """
        hub = HfApi()
        with tempfile.TemporaryDirectory() as folder:
            for path, content in self.contents.items():
                target = Path(folder, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                if isinstance(content, Path):
                    shutil.copyfile(content, target)
                else:
                    target.write_text(content, encoding="utf-8", newline="\n")
            made = hub.create_repo(self.name, repo_type=self.kind, exist_ok=True, **self.created)
            hub.upload_folder(
                repo_id=self.name,
                repo_type=self.kind,
                folder_path=folder,
                delete_patterns="*",
                commit_message="As it is in the repository of Segen",
            )
        return str(made)
