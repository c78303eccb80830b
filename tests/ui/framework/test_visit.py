"""What is taken along to another place of the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from gradio.processing_utils import save_bytes_to_cache
from gradio.utils import get_upload_folder

from segen.errors import InputError
from segen.ui.framework.visit import MOVED, moved, uploaded


@pytest.mark.parametrize("old", MOVED)
def test_what_was_a_tab_is_found_as_a_view(old: str) -> None:
    tab, view = MOVED[old]
    assert moved({"tab": old, "k": "3"}, {tab: None}) == {"tab": tab, "view": view, "k": "3"}
    assert moved({"tab": old}, {tab: None, old: None}) == {"tab": old}, "while it still is one"
    assert moved({"tab": "nonsense"}, {tab: None}) == {"tab": "nonsense"}


@pytest.mark.parametrize("path", ["/etc/passwd", "", None, 3, "../../etc/passwd"])
def test_no_file_but_an_uploaded_one_is_taken_along(path: object) -> None:
    with pytest.raises(InputError):
        uploaded(path)
    with pytest.raises(InputError):
        uploaded(f"{get_upload_folder()}/../../etc/passwd")


def test_an_uploaded_file_is_taken_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    path = save_bytes_to_cache(b"picture", "picture.png", get_upload_folder())
    assert uploaded(path) == path
