"""`segen cluster`: what it writes and tells."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from segen.cli.main import main
from segen.imaging import images
from segen.registry import cards
from segen.text import words
from segen.types import NOISE
from tests.cli.calls import CARD, names, results


def test_cluster_writes_the_same_files(pictures: Path, tmp_path: Path) -> None:
    for card in cards("cluster"):
        out = tmp_path / card.name
        options = ["--k", "3", "--eps", "0.1", "--space", "rgb", "--position", "0.5", "--texture", "1"]
        given = map(str, sorted(pictures.iterdir()))
        assert main(["cluster", *given, "--model", card.name, *options, "--out", str(out)]) == 0
        assert names(out) == results("a", "b.v2")
        found = json.loads((out / "a.regions.json").read_text("utf-8"))
        assert (found["model"], found["height"], found["width"]) == (card.name, 33, 70)
        pixels = [region["pixels"] for region in found["regions"] if region["id"] != NOISE]
        assert pixels == sorted(pixels, reverse=True)


def test_what_must_be_known_of_a_clustering_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flat, thin = tmp_path / "flat.png", tmp_path / "thin.png"
    flat.write_bytes(images.encode(np.full((20, 30, 3), 90, np.uint8)))
    thin.write_bytes(
        images.encode(np.repeat(np.array([[[0]], [[99]]], np.uint8), 3, axis=2).repeat(9, axis=0))
    )
    out = str(tmp_path / "out")
    assert main(["cluster", str(flat), str(thin), "--model", "kmeans", "--k", "7", "--out", out]) == 0
    assert capsys.readouterr().err.splitlines() == [
        f"flat.png: {words('en', 'clusters.fewer', k=7, clusters=1)}",
        f"flat.png: {words('en', 'clusters.no_silhouette')}",
        f"thin.png: {words('en', 'clusters.fewer', k=7, clusters=2)}",
    ]
    assert json.loads((tmp_path / "out" / "flat.regions.json").read_text("utf-8"))["silhouette"] is None


@pytest.mark.parametrize(
    "options", [["--k", "0"], ["--eps", "0"], ["--eps", "nan"], ["--position", "-1"], ["--space", "cmyk"]]
)
def test_options_out_of_range_are_usage_errors(
    options: list[str], pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["cluster", str(pictures / "a.png"), "--model", "dbscan", "--out", str(tmp_path / "out")]
    assert main([*command, *options]) == 2
    assert not (tmp_path / "out").exists()
    assert "Traceback" not in capsys.readouterr().err
    assert main([*command[:2], "--model", CARD.name, *command[4:]]) == 2
