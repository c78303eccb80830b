"""docs/translation.md states what was measured, of the cards that are shipped and of no other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchmarks import translation
from benchmarks.translation import MEASURED, PAGE
from segen import registry
from segen.evaluation.translation import KINDS
from segen.registry import ModelCard, cards
from segen.training.recipes import RECIPES

TEXT = PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", MEASURED)
def test_the_page_states_the_numbers(kind: str) -> None:
    stated = TEXT.partition(f"<!-- {kind} -->\n")[2].partition("\n<!-- end -->")[0]
    assert stated == translation.section(kind), "run: python -m benchmarks translation"


def test_every_card_that_translates_has_its_place() -> None:
    assert set(MEASURED) == set(KINDS)
    kinds = {name: kind for kind, names in MEASURED.items() for name in names}
    assert set(kinds) <= set(RECIPES)
    for card in cards("translate"):
        assert list(card.options.measure) == [kinds[card.name]]


def interval(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.01, "high": value + 0.01}


REPORTS: dict[str, dict[str, Any]] = {
    "masks": {
        "nucleus_iou": {"cyclegan-nuclei": 0.7, "Otsu": 0.8, "unet-nuclei": 0.75},
        "components_ap_50": {"cyclegan-nuclei": 0.6, "Otsu": 0.5, "unet-nuclei": 0.4},
        "components_matched_ap": {
            way: {"0.5": value, "0.7": value - 0.1, "0.9": value - 0.2}
            for way, value in {"cyclegan-nuclei": 0.5, "Otsu": 0.4, "unet-nuclei": 0.3}.items()
        },
    },
    "drawings": {
        "l1": {"pix2pix-emoji": 0.3, "lines": 0.2},
        "ssim": {"pix2pix-emoji": 0.5, "lines": 0.4},
        "feature_distance": {"pix2pix-emoji": 0.6, "lines": 0.8},
    },
    "photographs": {
        **{
            f"kernel_{way}_{which}": interval(value)
            for way in ("forward", "backward")
            for which, value in {"translated": 0.3, "untouched": 0.5, "real": 0.1}.items()
        },
        "gap_closed": {"forward": interval(0.5), "backward": interval(0.25)},
        "gap_closed_compressed": {"forward": interval(0.4), "backward": None},
        "cycle_psnr": {"forward": 23.4, "backward": 25.0},
    },
    "streets": {
        "resegmentation_ratio": {"generated": 0.42, "real": 0.7, "share": 0.6},
        "resegmentation_ratio_by_class": {"sky": 0.9, "road": 0.8},
        "resegmentation_accuracy": {"generated": 0.75, "real": 0.9},
    },
}
TABLES = {
    "masks": "| `cyclegan-nuclei` | 0.700 | 0.600 | 0.500 | 0.400 | 0.300 |\n"
    "| Otsu's threshold | 0.800 | 0.500 |",
    "drawings": "| `pix2pix-emoji` | 0.300 | 0.500 | 0.600 |\n| the lines themselves | 0.200 |",
    "photographs": "`cyclegan-yosemite`, backward | 0.300 (0.290 to 0.310) | 0.500 (0.490 to 0.510) | "
    "0.100 (0.090 to 0.110) | 25 % (24 to 26) | no gap shown | 25.0 dB |",
    "streets": "| `pix2pix-camvid-photo` | 0.420 | 0.700 | 0.600 |\n\n"
    "| pixels read as asked | generated | real |\n| --- | --- | --- |\n"
    "| `pix2pix-camvid-photo` | 0.750 | 0.900 |",
}


@pytest.mark.parametrize("kind", MEASURED)
def test_a_card_has_a_row_once_it_is_measured(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, *others = MEASURED[kind]
    card = replace(registry.card("pix2pix-emoji"), name=name)
    monkeypatch.setattr(translation, "cards", lambda task: [card])
    monkeypatch.setattr(ModelCard, "report", lambda card: {})
    assert f"`{name}`" in translation.section(kind).splitlines()[-1]
    assert "|" not in translation.section(kind)
    report = {"split": "val", "items": 61, "metrics": REPORTS[kind]}
    monkeypatch.setattr(ModelCard, "report", lambda card: report)
    found = translation.section(kind)
    assert TABLES[kind] in found
    assert f"--model {name} --data DIR --split val`: 61 pictures" in found
    assert [other for other in others if f"`{other}`" not in found.splitlines()[-1]] == []
    assert ("Not shipped yet" in found) == bool(others)
