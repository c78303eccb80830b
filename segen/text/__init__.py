"""The one catalogue of every sentence a visitor can see, in English and in Chinese.

`en.json` and `zh.json` hold the same keys (a test compares them). Placeholders are those of `str.format`.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

LANGUAGES = ("en", "zh")


@cache
def catalogue(language: str) -> dict[str, str]:
    """All sentences of one language, by dotted key.

    Raises KeyError for a language that is not in LANGUAGES.
    """
    if language not in LANGUAGES:
        raise KeyError(language)
    tree = json.loads((files(__name__) / f"{language}.json").read_text(encoding="utf-8"))
    return dict(_leaves("", tree))


def _leaves(prefix: str, tree: dict[str, object]) -> list[tuple[str, str]]:
    leaves: list[tuple[str, str]] = []
    for name, value in tree.items():
        if isinstance(value, dict):
            leaves += _leaves(f"{prefix}{name}.", value)
        else:
            leaves.append((f"{prefix}{name}", str(value)))
    return leaves


def words(language: str, key: str, **values: object) -> str:
    """The sentence `key` in `language`, its placeholders filled. Raises KeyError for an unknown key."""
    return catalogue(language)[key].format(**values)


def split_name(language: str, split: str) -> str:
    """What a split is called, such as "验证集" for "val"; its own name where the catalogue has none."""
    return catalogue(language).get(f"splits.{split}", split)


def device_name(device: str) -> str:
    """What PyTorch's device is called in a sentence of either language: CPU or GPU."""
    return "CPU" if device == "cpu" else "GPU"
