"""The playground's table of settings, and what a link may ask of it."""

from __future__ import annotations

from segen.text import LANGUAGES, catalogue
from segen.ui.framework.link import Link
from segen.ui.widgets.playground import FOLDER, TABLE, contents


def test_models_and_presets_name_settings_of_the_table() -> None:
    assert list(TABLE["models"]) == TABLE["choices"]["model"]
    for settings in (*TABLE["models"].values(), *TABLE["presets"].values()):
        for name, value in settings.items():
            assert value in (TABLE["choices"].get(name) or TABLE["sliders"][name]), name
    for preset in TABLE["presets"].values():
        assert set(preset) - {"model", "data"} <= set(TABLE["models"][preset["model"]])


def test_every_setting_has_its_words() -> None:
    wanted = {f"{name}_{value}" for name, values in TABLE["choices"].items() for value in values}
    wanted |= {f"{kind}_{name}" for name in TABLE["presets"] for kind in ("preset", "why")}
    for model, settings in TABLE["models"].items():
        wanted |= {f"{name}_of_{model}" for name in settings if name in TABLE["sliders"]}
        wanted |= {f"{kind}_{model}" for kind in ("about", "plane", "second")}
    for language in LANGUAGES:
        assert not {key for key in wanted if f"playground.{key}" not in catalogue(language)}


def test_a_link_asks_for_a_preset_or_for_settings() -> None:
    assert contents(Link({"view": "playground"}))["asked"] == {}
    assert contents(Link({"preset": "collapse", "seed": "7"}))["asked"] == {"preset": "collapse", "seed": 7}
    found = contents(Link({"model": "vae", "beta": "20", "data": "spiral"}))
    assert found["asked"] == {"model": "vae", "beta": 20.0, "data": "spiral"}


def test_nonsense_in_a_link_is_left_out_and_told() -> None:
    link = Link({"model": "../vae", "beta": "nan", "rate": "7", "seed": "-1", "preset": "x", "data": "ring"})
    assert contents(link)["asked"] == {"data": "ring"}
    assert set(link.nonsense) == {"model", "beta", "rate", "seed", "preset"}


def test_the_library_is_served_with_its_licence() -> None:
    names = {path.name for path in (FOLDER / "tensorflow").iterdir()}
    assert names == {"LICENSE", "tf.min.js", "tf-backend-wasm.min.js", "tfjs-backend-wasm-simd.wasm"}
    assert "Apache License" in (FOLDER / "tensorflow" / "LICENSE").read_text(encoding="utf-8")
