"""How the masks of a data set are read when a card is measured on them: it is said, or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segen.cli.main import main
from segen.data.synthetic import folder
from segen.engine import Engine
from segen.imaging import images
from segen.imaging.labels import IGNORED
from segen.text import words
from segen.types import Run, Segmentation
from tests.sentences import sentence


def test_masks_without_a_label_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert folder.main([str(tmp_path / "camvid"), "--count", "1"]) == 0
    (mask,) = (tmp_path / "camvid" / "val" / "masks").iterdir()
    mask.write_bytes(images.encode(np.full((folder.HEIGHT, folder.WIDTH), IGNORED, dtype=np.uint8)))
    assert main(["evaluate", "--model", "unet-camvid", "--data", str(tmp_path), "--split", "val"]) == 1
    assert capsys.readouterr() == ("", sentence("split_unlabelled", split="val") + "\n")


@pytest.mark.parametrize("as_json", [True, False])
def test_the_command_says_how_masks_were_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    labels = np.zeros((40, 40), dtype=np.uint8)
    labels[:20] = 255
    for kind in ("images", "masks"):
        (tmp_path / "nuclei" / "val" / kind).mkdir(parents=True)
        (tmp_path / "nuclei" / "val" / kind / "0.png").write_bytes(images.encode(labels))
    found = Segmentation(labels // np.uint8(255), np.full((2, 40, 40), 0.5, np.float32))
    monkeypatch.setattr(Engine, "run", lambda *given: Run(found, "unet-nuclei", "cpu", 0, 0))
    command = ["evaluate", "--model", "unet-nuclei", "--data", str(tmp_path), "--split", "val"]
    assert main([*command, *(["--json"] if as_json else [])]) == 0
    remark = words("en", "data.masks_cut", threshold=128, name="nucleus")
    assert capsys.readouterr().err.splitlines()[-1] == f"val: {remark}"
