"""Which files of a folder are pictures, masks and annotations, whatever else lies beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data.test_importing_splits import LAYOUTS, converted


@pytest.mark.parametrize("layout", LAYOUTS)
def test_hidden_files_and_those_of_a_macs_archive_are_no_part(tmp_path: Path, layout: str) -> None:
    """A copy in .ipynb_checkpoints is an old one, and ._NAME holds what a Mac knows of NAME."""
    format, store = LAYOUTS[layout]
    root = tmp_path / "in"
    store(root)
    files = sorted(path for path in root.rglob("*") if path.is_file())
    for file in files:
        (file.parent / f"._{file.name}").write_bytes(b"\0\5\26\7")
        for folder in (file.parent / ".ipynb_checkpoints", root / "__MACOSX" / file.parent.relative_to(root)):
            folder.mkdir(exist_ok=True, parents=True)
            (folder / file.name).write_bytes(file.read_bytes())
            if file.suffix == ".json":
                old = file.read_text().replace('"cat"', '"old"')
                (folder / f"{file.stem}-checkpoint.json").write_text(old)
    report = converted(root, format)
    assert report.pictures == {"train": 4, "val": 4}
    assert "old" not in report.pixels
    assert report.without == ()
