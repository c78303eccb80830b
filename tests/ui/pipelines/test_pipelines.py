"""The tab Pipelines without a browser: what the page holds of a recipe, and what a run gives it."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest

from segen.errors import InputError
from segen.evaluation.pipelines import files
from segen.evaluation.pipelines.recipe import KEYWORD, Recipe, parse
from segen.evaluation.pipelines.runner import Outcome, stream
from segen.imaging import images
from segen.imaging.png_text import text_in
from segen.registry import card, cards
from segen.text import LANGUAGES
from segen.ui.framework.downloads import saved
from segen.ui.tabs.pipelines.chain import contents
from segen.ui.tabs.pipelines.forms import asked, offered, shown
from segen.ui.tabs.pipelines.ready import READY, ready_buttons
from segen.ui.tabs.pipelines.tab import Pipelines
from tests.browser.engines import QuickEngine


@pytest.mark.parametrize("name", READY)
def test_ready_made_chains_are_recipes_that_the_page_gives_back(name: str) -> None:
    recipe = READY[name].recipe
    assert parse(recipe.text()) == recipe
    assert recipe.takes_image == (READY[name].example is not None)
    held = json.loads(json.dumps(shown(recipe)))  # as it goes to the browser and back
    given_back = asked(held)
    for ours, theirs in zip(given_back.steps, recipe.steps, strict=True):
        assert (ours.model, ours.input, ours.mask) == (theirs.model, theirs.input, theirs.mask)
        assert theirs.options.items() <= ours.options.items()


def test_a_seed_of_63_bits_goes_to_the_page_and_back() -> None:
    step = {"task": "generate", "model": "dcgan-fashion", "options": {"seed": 2**63 - 1}}
    held = shown(parse({"version": 1, "steps": [step]}))
    assert held["steps"][0]["options"]["seed"] == str(2**63 - 1)
    assert asked(held).steps[0].options["seed"] == 2**63 - 1


def test_a_label_by_name_is_chosen_on_the_page_by_its_number() -> None:
    step = {"task": "generate", "model": "cgan-fashion", "options": {"label": "bag"}}
    held = shown(parse({"version": 1, "steps": [step]}))
    assert held["steps"][0]["options"]["label"] == "8"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_card_is_offered_with_settings_that_its_recipe_takes(language: str) -> None:
    found = offered(language)
    assert [each["name"] for each in found["models"]] == [
        each.name for task, _ in found["tasks"] for each in cards(task)
    ]
    for each in found["models"]:
        assert each["title"] == card(each["name"]).title[language]
        options = {field["name"]: field["initial"] for field in each["fields"]}
        asked({"version": 1, "steps": [{"task": each["task"], "model": each["name"], "options": options}]})
        for field in each["fields"]:
            assert field["kind"] != "list" or field["initial"] in [value for value, _ in field["choices"]]
    assert ready_buttons(language).count("data-chain=") == len(READY)


@pytest.mark.parametrize("given", [None, "", 7, {"steps": 3}, {"version": 1, "steps": [None]}])
def test_what_is_no_recipe_of_the_page_is_refused(given: object) -> None:
    with pytest.raises(InputError):
        asked(given)


@pytest.fixture
def tab() -> Pipelines:
    with gr.Blocks(), gr.Tab("x"):
        built = Pipelines(QuickEngine())  # type: ignore[arg-type]
        built.wire()
    return built


def _request() -> gr.Request:
    return gr.Request(headers={}, query_params={"lang": "en"})


def _run(tab: Pipelines, recipe: Recipe, file: Path | None) -> list[dict[Any, Any]]:
    value = contents(recipe, "en")
    items = tab.carry_out(file, value, _request(), lambda *_, **__: None)  # type: ignore[arg-type]
    return [item for item in items if isinstance(item, dict) and "__type__" not in item]


def test_a_run_shows_each_step_as_it_comes_with_the_files_of_the_command(
    tab: Pipelines, tmp_path: Path
) -> None:
    image = np.full((20, 30, 3), 40, np.uint8)
    (tmp_path / "map.png").write_bytes(images.encode(image))
    recipe = asked(shown(READY["street"].recipe))  # with every option spelled out
    first, second, last = _run(tab, recipe, tmp_path / "map.png")
    assert len(first[tab.chain]["results"]) == 1
    assert not first[tab.chain]["runs"]
    translated, segmented = second[tab.chain]["results"]
    assert second[tab.chain]["ran"] == shown(recipe)
    assert segmented["regions"] == [{"name": "sky", "color": [128, 128, 128], "share": "100%"}]
    assert "read as asked" in segmented["agreement"]
    assert not translated["agreement"]

    outcomes = [each for each in stream(QuickEngine(), recipe, image) if isinstance(each, Outcome)]
    expected = {
        f"map{ending}": content
        for outcome in outcomes
        for ending, content in files.contents(recipe, outcome).items()
    }
    told = {
        each["name"]: Path(each["path"]).read_bytes()
        for step in (translated, segmented)
        for each in step["files"]
    }
    assert told == expected
    assert text_in(told["map.0.png"], KEYWORD) == recipe.text()
    assert Path(segmented["picture"]).name == "map.1.overlay.png"
    with zipfile.ZipFile(io.BytesIO(Path(last[tab.bundle]).read_bytes())) as bundle:
        assert set(bundle.namelist()) == {*expected, "recipe.json"}
        assert parse(bundle.read("recipe.json").decode()) == recipe


def test_without_its_picture_a_chain_says_so(tab: Pipelines) -> None:
    with pytest.raises(InputError) as caught:
        _run(tab, READY["street"].recipe, None)
    assert caught.value.key == "no_picture"


def test_a_recipe_file_is_checked_and_waits_for_run(tab: Pipelines, tmp_path: Path) -> None:
    held = tab.open_file(saved("mine.json", READY["street"].recipe.text().encode()), _request())[tab.chain]
    assert held["name"] == "mine"
    assert not held["runs"]
    assert asked(held["recipe"]).steps[0].model == READY["street"].recipe.steps[0].model
    with pytest.raises(InputError) as caught:
        tab.open_file(saved("bad.json", b'{"version": 2, "steps": []}'), _request())
    assert caught.value.key == "recipe_newer"
    (tmp_path / "mine.json").write_text(READY["street"].recipe.text())
    for path in (str(tmp_path / "mine.json"), "/etc/passwd"):
        with pytest.raises(InputError) as caught:
            tab.open_file(path, _request())
        assert caught.value.key == "no_picture", "it was not uploaded"
