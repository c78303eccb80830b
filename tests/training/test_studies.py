"""The studies: every number is there, docs and page state it, and a stopped study goes on."""

from __future__ import annotations

import json
import re
import statistics
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import studies as pages
from segen.evaluation import studies
from segen.models.features import imagenet
from segen.training import data, enlarged
from segen.training import studies as training
from segen.training.studies import STUDIES
from segen.ui.tabs.models import studies as tab
from tests.sentences import sentence

COUNTS = {"transfer": 27, "imbalance": 8, "generated": 36, "generated_streets": 36, "guided": 6}


@pytest.fixture(params=COUNTS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_run_is_reported(name: str) -> None:
    report, study = studies.read(name), STUDIES[name]
    expected = [(way, pictures, config.seed) for way, pictures, config in study.runs()]
    assert [(run["way"], run["pictures"], run["seed"]) for run in report["runs"]] == expected
    assert len(expected) == COUNTS[name]
    assert report["config"] == training._plain(study.config), "the study has changed since it was run"
    assert report["ways"] == study.ways
    for run in report["runs"]:
        assert all(0 <= run["metrics"][measure] <= 1 for measure in study.measures)
    assert len({run["metrics"][study.measures[0]] for run in report["runs"]}) > 1


def test_means_and_deviations_are_those_of_the_runs(name: str) -> None:
    report = studies.read(name)
    assert len(report["summary"]) == len(report["ways"]) * len(report["pictures"])
    for row in report["summary"]:
        for measure in report["measures"]:
            found = studies.outcome(report, row["way"], row["pictures"], measure)
            assert len(found.values) == len(report["seeds"])
            assert found.mean == pytest.approx(sum(found.values) / len(found.values))
            spread = statistics.stdev(found.values) if len(found.values) > 1 else None
            assert found.deviation == pytest.approx(spread)


def test_the_docs_state_the_numbers(name: str) -> None:
    table = pages.table(studies.read(name))
    page = pages.PAGE.read_text(encoding="utf-8")
    assert table in page, "run: python -m benchmarks studies"
    plot = (pages.DOCS / f"studies-{name}.svg").read_text(encoding="utf-8")
    assert pages.digest(name) in plot, "run: python -m benchmarks studies"
    assert f"(studies-{name}.svg)" in page
    assert f"{STUDIES[name].config.steps} steps" in page


def section(name: str, language: str) -> str:
    """What the page shows of a study."""
    (found,) = re.findall(rf'<section data-study="{name}">.*?</section>', tab.studies(language), re.DOTALL)
    return str(found)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_marks_the_highest_mean_of_each_row(language: str) -> None:
    report = studies.read("imbalance")
    rows = re.findall(r'<tr>\s*<th scope="row">.*?</tr>', section("imbalance", language), re.DOTALL)
    assert len(rows) == len(report["measures"])
    for row, measure in zip(rows, report["measures"], strict=True):
        means = [studies.outcome(report, way, None, measure).mean for way in report["ways"]]
        cells = re.findall(r"<td>.*?</td>", row)
        assert ["★" in cell for cell in cells] == [mean == max(means) for mean in means]
        assert [f"{mean:.3f}" in cell for cell, mean in zip(cells, means, strict=True)] == [True] * len(means)


def test_the_plot_shows_means_and_ranges(name: str) -> None:
    report, shown = studies.read(name), section(name, "en")
    found = [
        studies.outcome(report, way, pictures, measure)
        for pictures in report["pictures"]
        for measure in report["measures"]
        for way in report["ways"]
    ]
    places = np.array([(min(each.values), each.mean, max(each.values)) for each in found])
    expected = tab.LEFT + (tab.RIGHT - tab.LEFT) * places
    means = [float(x) for x in re.findall(r'<circle cx="([\d.]+)"', shown)]
    ranges = [
        (float(low), float(high))
        for low, high in re.findall(r'class="spread".*? d="M([\d.]+),.*? H([\d.]+)"', shown)
    ]
    assert means == pytest.approx(expected[:, 1], abs=0.06)
    assert np.array(ranges) == pytest.approx(expected[:, ::2], abs=0.06)


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runs in a folder of the test, few pictures, and studies of two or three trainings of one step."""
    monkeypatch.setenv("SEGEN_RUNS", str(tmp_path))
    monkeypatch.setattr(data, "SYNTHETIC_SIZES", {"train": 4, "val": 1})
    monkeypatch.setattr(enlarged, "DRAWN", 6)
    small: dict[str, Any] = {"crop": (32, 32), "batch_size": 2, "options": {"decoder_channels": [8] * 5}}
    smaller: dict[str, dict[str, Any]] = {
        "generated": {"gan_steps": 1, "gan_side": 32, **small},
        "generated_streets": {"gan_steps": 1, "gan_side": 32, **small},
        "guided": {"side": 64, "judged": 1},
    }
    for name, study in STUDIES.items():
        config = replace(study.config, steps=1, **smaller.get(name, small))
        pictures = tuple(count and 2 for count in study.pictures[:1])
        monkeypatch.setitem(STUDIES, name, replace(study, config=config, pictures=pictures, seeds=(0,)))
    return tmp_path


def test_a_study_runs_and_goes_on_where_it_was_stopped(
    name: str, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[str] = []
    fit = training.fit

    def count(recipe: Any, place: Any) -> Path:
        if len(trained) == 1 and not (runs / "stopped").exists():
            (runs / "stopped").touch()
            raise KeyboardInterrupt
        trained.append(recipe.config.name)
        return fit(recipe, place)

    monkeypatch.setattr(training, "fit", count)
    report = runs / "studies" / f"{name}.json"
    assert training.main(name, data="synthetic") == 130
    assert not report.exists()
    assert training.main(name, data="synthetic") == 0
    names = [config.name for _, _, config in STUDIES[name].runs()]
    assert trained == names, "a finished run was trained again"
    told = json.loads(report.read_text(encoding="utf-8"))
    assert [run["way"] for run in told["runs"]] == list(STUDIES[name].ways)
    assert told["summary"][0]["deviation"] == {}
    assert not list(runs.rglob("*.pt")), "checkpoints fill the disk"
    assert training.main(name, data="synthetic") == 0
    assert trained == names


def test_another_configuration_is_trained_anew(runs: Path) -> None:
    _, _, config = next(STUDIES["transfer"].runs())
    place = training.Place(data="synthetic")
    first = training.train(config, place)
    assert training.train(config, place) == first
    assert training.train(replace(config, seed=5), place)["config"]["seed"] == 5


def test_transfer_needs_what_it_transfers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SEGEN_DATA", raising=False)
    assert training.main("transfer", data=str(tmp_path)) == 1
    assert capsys.readouterr().err.rstrip("\n") == sentence("imagenet_missing", file=imagenet.FILE)
