"""Recipes as data: what is read, and what is refused with a sentence that names the step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from segen.errors import InputError
from segen.evaluation.pipelines.options import OF_TASK
from segen.evaluation.pipelines.recipe import KEYWORD, MAX_STEPS, parse, read_file
from segen.evaluation.pipelines.runner import request
from segen.imaging import images
from segen.imaging.png_text import text_in, with_text
from segen.registry import cards
from segen.text import LANGUAGES, words


def _step(model: str = "unet-camvid", task: str = "segment", **more: Any) -> dict[str, Any]:
    return {"task": task, "model": model, **more}


def _recipe(*steps: Any, **more: Any) -> dict[str, Any]:
    return {"version": 1, "steps": list(steps), **more}


GENERATE = _step("dcgan-fashion", "generate")
TRANSLATE = _step("cyclegan-yosemite", "translate")


def test_what_is_left_out_has_its_default_and_what_is_given_stays() -> None:
    recipe = parse(_recipe(_step(), {**TRANSLATE, "input": "image", "options": {"class": 8}, "mask": 0}))
    assert recipe.plain() == _recipe(
        {"task": "segment", "model": "unet-camvid", "options": {}, "input": "image", "mask": None},
        {
            "task": "translate",
            "model": "cyclegan-yosemite",
            "options": {"class": 8},
            "input": "image",
            "mask": 0,
        },
    )
    assert parse(recipe.text()) == recipe == parse(recipe.plain())


@pytest.mark.parametrize("card", cards(), ids=lambda card: card.name)
def test_every_card_can_be_a_step_with_the_defaults_spelled_out(card: Any) -> None:
    options = {name: kind.default for name, kind in OF_TASK[card.task].items()}
    if card.task == "translate":
        options["direction"] = card.directions[0]
    (step,) = parse(_recipe(_step(card.name, card.task, options=options))).steps
    image = None if card.task == "generate" else images.read(images.encode(_grey()))
    assert request(step, image).task == card.task


def _grey() -> Any:
    import numpy as np

    return np.full((4, 6, 3), 90, np.uint8)


def test_a_seed_of_63_bits_keeps_every_bit() -> None:
    given = _recipe({**GENERATE, "options": {"seed": 2**63 - 1}})
    assert parse(json.dumps(given)).steps[0].options["seed"] == 2**63 - 1


def test_only_a_chain_that_generates_takes_no_image() -> None:
    assert not parse(_recipe(GENERATE, _step(input=0))).takes_image
    assert parse(_recipe(GENERATE, _step())).takes_image


WRONG: dict[str, tuple[Any, str]] = {
    "newer": ({"version": 2, "steps": [_step()]}, "recipe_newer"),
    "no version": ({"steps": [_step()]}, "recipe_form"),
    "version as text": ({"version": "1", "steps": [_step()]}, "recipe_form"),
    "a list": ([], "recipe_form"),
    "no JSON": ("{", "recipe_not_json"),
    "deep": ("[" * 50_000, "recipe_not_json"),
    "long": (" " * 100_001, "recipe_too_long"),
    "no steps": (_recipe(), "recipe_steps"),
    "ten thousand steps": (_recipe(*[_step()] * 10_000), "recipe_steps"),
    "another key": (_recipe(_step(), file="/etc/passwd"), "recipe_key"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_recipe_gets_one_sentence(name: str) -> None:
    given, key = WRONG[name]
    with pytest.raises(InputError) as caught:
        parse(given)
    assert caught.value.key == key
    assert all(caught.value.sentence(language).count("\n") == 0 for language in LANGUAGES)


def _with(options: dict[str, Any], step: dict[str, Any] = GENERATE) -> list[Any]:
    return [_step(), {**step, "options": options}]


WRONG_STEPS: dict[str, tuple[list[Any], str]] = {
    "unknown card": ([_step(), _step("unet-moon")], "unknown_card"),
    "a path": ([_step(), _step("../../etc/passwd")], "unknown_card"),
    "a number": ([_step(), _step(7)], "unknown_card"),  # type: ignore[arg-type]
    "another task": ([_step(), _step("dcgan-fashion")], "wrong_task"),
    "unknown task": ([_step(), _step(task="paint")], "unknown_task"),
    "no task": ([_step(), {"model": "unet-camvid"}], "unknown_task"),
    "no step": ([_step(), "segment"], "recipe_key"),
    "another key": ([_step(), _step(path="/etc/passwd")], "recipe_key"),
    "input is a path": ([_step(), _step(input="/etc/passwd")], "recipe_input"),
    "input is itself": ([_step(), _step(input=1)], "recipe_input"),
    "input is negative": ([_step(), _step(input=-1)], "recipe_input"),
    "input is true": ([_step(), _step(input=False)], "recipe_input"),
    "mask of nothing": ([_step(), {**TRANSLATE, "mask": 1}], "recipe_mask"),
    "mask of a picture": ([GENERATE, {**TRANSLATE, "mask": 0}], "recipe_mask"),
    "mask on a segmentation": ([_step(), _step(mask=0)], "recipe_mask"),
    "options as a list": (_with([]), "recipe_options"),  # type: ignore[arg-type]
    "seed as text": (_with({"seed": "7"}), "recipe_whole"),
    "seed with a point": (_with({"seed": 7.0}), "recipe_whole"),
    "seed true": (_with({"seed": True}), "recipe_whole"),
    "seed negative": (_with({"seed": -1}), "recipe_whole"),
    "seed too large": (_with({"seed": 2**63}), "recipe_whole"),
    "a million steps": (_with({"steps": 1_000_000}), "recipe_whole"),
    "guidance not finite": (_with({"guidance": float("nan")}), "recipe_number"),
    "strength": (_with({"strength": 1.5}, TRANSLATE), "recipe_number"),
    "strength true": (_with({"strength": True}, TRANSLATE), "recipe_number"),
    "sampler": (_with({"sampler": ["ddim"]}), "recipe_choice"),
    "direction": (_with({"direction": "sideways"}, TRANSLATE), "recipe_choice"),
    "label of a card without": (_with({"label": 1}), "unconditional"),
    "label that is none": (_with({"label": "hat"}, _step("cgan-fashion", "generate")), "unknown_label"),
    "label as a list": (_with({"label": [1]}, _step("cgan-fashion", "generate")), "recipe_label"),
    "unknown option": (_with({"file": "x.png"}), "recipe_option"),
    "mask's option without a mask": (_with({"class": 1}, TRANSLATE), "recipe_option"),
    "class of no such id": ([_step(), {**TRANSLATE, "mask": 0, "options": {"class": 99}}], "unknown_label"),
    "no way back": (
        _with({"direction": "backward"}, _step("pix2pix-emoji", "translate")),
        "direction_missing",
    ),
}


@pytest.mark.parametrize("name", WRONG_STEPS)
def test_a_wrong_step_gets_one_sentence_that_names_it(name: str) -> None:
    steps, key = WRONG_STEPS[name]
    with pytest.raises(InputError) as caught:
        parse(_recipe(*steps))
    assert caught.value.key == "recipe_step"
    assert caught.value.values["reason"].key == key  # type: ignore[attr-defined]
    for language in LANGUAGES:
        said = caught.value.sentence(language)
        assert "steps[1]" in said
        assert "\n" not in said
        assert "passwd" not in said or key == "recipe_key"


def test_a_recipe_is_read_from_its_file_and_from_a_picture(tmp_path: Path) -> None:
    recipe = parse(_recipe(GENERATE))
    (tmp_path / "r.json").write_text(recipe.text(), encoding="utf-8-sig")
    plain = images.encode(_grey())
    picture = with_text(plain, KEYWORD, recipe.text())
    (tmp_path / "p.png").write_bytes(picture)
    assert read_file(tmp_path / "r.json") == recipe == read_file(tmp_path / "p.png")
    assert text_in(picture, KEYWORD) == recipe.text()
    assert (images.read(picture) == images.read(plain)).all()
    (tmp_path / "plain.png").write_bytes(plain)
    for name, key in (("plain.png", "recipe_not_json"), ("none.json", "no_such_file")):
        with pytest.raises(InputError) as caught:
            read_file(tmp_path / name)
        assert caught.value.key == key


def test_the_sentence_for_steps_tells_how_many_there_may_be() -> None:
    with pytest.raises(InputError) as caught:
        parse(_recipe(*[_step()] * 10_000))
    assert str(caught.value) == words("en", "errors.recipe_steps", count="10,000", most=MAX_STEPS)
