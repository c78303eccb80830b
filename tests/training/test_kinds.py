"""The classifier of kinds of pictures: fitted, measured on other pictures, and written as it is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segen.evaluation import unfamiliar
from segen.training import kinds


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> unfamiliar.KindClassifier:
    """What was fitted on three clouds of points, of quite other scales in each dimension."""

    def described(data: Path, split: str) -> dict[str, np.ndarray]:
        random = np.random.default_rng(split == "val")
        spread = np.array([0.01, 1, 100])
        return {
            kind: random.normal(mean, 1, (40, 3)) * spread + spread
            for kind, mean in (("camvid", 0), ("nuclei", 4), ("other", 8))
        }

    for module in (kinds, unfamiliar):
        monkeypatch.setattr(module, "FILE", tmp_path / "kinds.json")
    monkeypatch.setattr(kinds, "_described", described)
    assert kinds.main(tmp_path) == 0
    return unfamiliar.kind_classifier.__wrapped__()


def test_what_is_written_tells_the_kinds_apart_at_any_scale(written: unfamiliar.KindClassifier) -> None:
    assert written.kinds == ("camvid", "nuclei", "other")
    assert written.pictures == dict.fromkeys(written.kinds, 40)
    assert min(written.right.values()) >= 38
    near, far = (np.array([0.01, 1, 100], np.float32) * (mean + 1) for mean in (0, 8))
    for features, kind in ((near, "camvid"), (far, "other")):
        found = written.probabilities(features)
        assert max(found, key=found.__getitem__) == kind


def test_missing_data_is_told_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert kinds.main(tmp_path) == 1
    assert "camvid" in capsys.readouterr().err
