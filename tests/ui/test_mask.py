"""A mask that is painted by hand, and what is told of it."""

from __future__ import annotations

import re

import gradio as gr
import numpy as np
import pytest
from starlette.requests import Request

from segen.errors import InputError
from segen.imaging import images
from segen.text import LANGUAGES, words
from segen.ui.framework.data_uri import data_uri
from segen.ui.tabs.segment import mask


def request(language: str) -> gr.Request:
    query = f"lang={language}".encode()
    return gr.Request(Request({"type": "http", "query_string": query, "headers": []}))


def test_each_start_teaches_what_its_score_hides() -> None:
    scores = {start: mask.scored(mask.started(start)) for start in mask.STARTS}
    assert set(scores["true"].values()) == {1.0}
    assert scores["empty"]["pixel_accuracy"] > 0.9
    assert scores["empty"]["iou"] == scores["empty"]["f1"] == 0
    shifted = scores["shifted"]
    assert shifted["pixel_accuracy"] > 0.95
    assert shifted["iou"] < 0.6
    assert shifted["f1"] == pytest.approx(2 * shifted["iou"] / (1 + shifted["iou"]))
    assert scores["all"]["pixel_accuracy"] == scores["all"]["iou"] < 0.1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_stroke_is_scored(language: str) -> None:
    image, truth = mask.drawing()
    assert image.shape[:2] == truth.shape == (mask.SIDE, mask.SIDE)
    half = truth.copy()
    half[: mask.SIDE // 2] = 0
    painted = {"ids": data_uri(images.encode(half), "image/png")}
    html = mask._painted(painted, request(language))
    found = re.findall(r'data-metric="(\w+)">\s*<th scope="row">(.*?)</th><td>(.*?)</td>', html)
    expected = mask.scored(half)
    assert [(name, value) for name, _, value in found] == [
        (key, f"{each:.3f}") for key, each in expected.items()
    ]
    assert [title for _, title, _ in found] == [words(language, f"mask.{name}") for name in expected]
    assert 0 < expected["iou"] == (half.sum() / truth.sum()) < 1


def test_what_was_not_painted_here_is_refused() -> None:
    wrong = np.full((mask.SIDE, mask.SIDE), 7, dtype=np.uint8)
    for value in ({"ids": data_uri(images.encode(wrong), "image/png")}, {}, None, "x"):
        with pytest.raises(InputError):
            mask._painted(value, request("en"))
    with pytest.raises(ValueError, match="tuple"):
        mask.started("../x")
