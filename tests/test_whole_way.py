"""From strokes to the page: strokes, masks, a data set, a training, a card, and the page that offers it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from segen import registry
from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.imaging import images
from segen.imaging.labels import encode_labels
from segen.types import Labels, SegmentRequest
from tests import commands

SEEDS = (6, 10, 12, 16)
"""Of bright nuclei on a dark ground: the strokes on the first teach the others."""
STEMS = [f"cell-{seed}" for seed in SEEDS]
COLORS = ((0, 0, 0), (255, 255, 255))


def _overlap(found: Labels, truth: Labels) -> float:
    """The IoU of the nuclei."""
    return float((found & truth).sum() / (found | truth).sum())


@pytest.mark.slow
def test_strokes_become_a_model_on_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEGEN_RUNS", str(tmp_path / "runs"))
    known = dict(registry._read_all())
    monkeypatch.setattr(registry, "_read_all", lambda: known)
    for folder in ("annotated/images", "annotated/masks", "strokes"):
        Path(folder).mkdir(parents=True)
    truth = {}
    for seed, stem in zip(SEEDS, STEMS, strict=True):
        image, truth[stem] = scenes.nuclei(seed, 96, 96)
        Path(f"annotated/images/{stem}.png").write_bytes(images.encode(image))
    rows = np.arange(96)[:, None] % 6 == 0
    strokes = np.where(rows, truth[STEMS[0]], 255).astype(np.uint8)
    Path(f"strokes/{STEMS[0]}.png").write_bytes(encode_labels(strokes, COLORS))
    classes = [{"id": id, "name": name, "color": COLORS[id]} for id, name in enumerate(("glass", "nucleus"))]
    Path("strokes/classes.json").write_text(json.dumps(classes))

    pictures = " ".join(f"annotated/images/{stem}.png" for stem in STEMS)
    commands.run(f"segen teach {pictures} --scribbles strokes --out taught")
    for stem in STEMS:
        labels = np.array(Pillow.open(f"taught/{stem}.labels.png"))
        assert _overlap(labels, truth[stem]) > 0.5, "the strokes of one picture teach the others"
        Path(f"taught/{stem}.labels.png").rename(f"annotated/masks/{stem}.png")
    Path("annotated/classes.json").write_text(json.dumps(classes))

    commands.run("segen import annotated --format masks --out cells --val-share 0.25")
    assert len(list(Path("cells/train/masks").iterdir())) == 3
    sizes = "--steps 2 --batch-size 2 --crop 64 64 --evaluate-every 2"
    commands.run(f"python train.py unet-nuclei --name first --data cells --init unet-nuclei {sizes}")
    commands.run("segen pack first --out cards/first --data cells")
    commands.run(f"python train.py unet-nuclei --name second --data cells --init first --cards cards {sizes}")
    commands.run("segen pack second --out cards/second --data cells")

    recipe = {"version": 1, "steps": [{"task": "segment", "model": "second", "options": {}}]}
    Path("recipe.json").write_text(json.dumps(recipe))
    chosen = f"annotated/images/{STEMS[1]}.png"
    commands.run(f"segen segment {chosen} --model second --cards cards --out alone")
    commands.run(f"segen run recipe.json {chosen} --cards cards --out chain")
    capsys.readouterr()

    engine = Engine("cpu")
    found = engine.run("second", SegmentRequest(images.read(Path(chosen)))).value.labels
    for file in (f"alone/{STEMS[1]}.labels.png", f"chain/{STEMS[1]}.0.labels.png"):
        assert (np.array(Pillow.open(file)) == found).all()
    assert _overlap(found, truth[STEMS[1]]) > 0.5
    from segen.ui.app import build_app

    offered = json.dumps(build_app(engine).get_config_file()["components"], default=str)
    assert all(f'"{name}"' in offered for name in ("first", "second"))
