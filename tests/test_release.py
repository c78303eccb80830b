"""What is published with a version: one number everywhere, and a licence for every set of weights."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

import segen
from segen.imaging import export, images
from segen.registry import cards
from segen.types import Generation, Translation

ROOT = Path(__file__).resolve().parents[1]


def _english(words: dict[str, str] | str) -> str:
    return words["en"] if isinstance(words, dict) else words


def test_the_version_is_one() -> None:
    (told,) = re.findall(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text("utf-8"), re.MULTILINE)
    assert told == segen.__version__


def test_every_set_of_weights_has_its_licence_on_the_page_of_licences() -> None:
    page = (ROOT / "docs" / "use.md").read_text("utf-8")
    weights = [card for card in cards() if card.parameters]
    for card in weights:
        row = f"| {card.name} | {_english(card.licence['weights'])} | {_english(card.licence['data'])} |"
        assert row in page
        assert card.dataset != "camvid" or "BY-NC" in row
    assert page.count("\n| ") == len(weights) + 3, "a head, two rules, and what measures"


def test_pictures_that_a_network_drew_say_so() -> None:
    drawn = np.full((1, 4, 5, 3), 7, np.uint8)
    _, generated = export.picture_file(Generation(drawn, None, (0,)), 0)
    translated = export.translated_file(Translation(drawn[0]))
    for content, origin in ((generated, "trained"), (translated, "compositeWithTrained")):
        assert np.array_equal(images.read(content), drawn[0])
        with Pillow.open(io.BytesIO(content)) as picture:
            assert f"digitalsourcetype/{origin}AlgorithmicMedia" in picture.info["xmp"].decode()


def test_the_lock_has_every_requirement_with_its_hashes() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    locked = dict(re.findall(r"^([\w.-]+)==([^ ;]+)", lock, re.MULTILINE))
    for line in (ROOT / "requirements.txt").read_text("utf-8").split():
        name, version = line.split("==")
        assert locked[name.replace("_", "-").lower()] == version, "make lock writes it anew"
    for entry in re.split(r"\n(?=[\w.-]+==)", lock)[1:]:
        assert "--hash=sha256:" in entry, entry
    assert "://" not in lock, "packages come from PyPI alone"
