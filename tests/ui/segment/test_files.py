"""What a visitor takes home of one picture, and of several at once."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest
from gradio.utils import get_upload_folder
from PIL import Image as Pillow
from starlette.requests import Request

from segen.errors import InputError
from segen.imaging import images
from segen.text import words
from segen.types import Run, Segmentation, SegmentRequest
from segen.ui.tabs.segment.several import MAX_PICTURES, SeveralPanel
from segen.ui.tabs.segment.shared import share
from segen.ui.tabs.segment.take_home import TakeHomePanel
from tests.sentences import exactly

MODEL = "unet-nuclei"


class Halves:
    """Stands in for the engine: the right half of every picture is a nucleus."""

    requests = 0

    def stream(self, name: str, request: SegmentRequest) -> Iterator[Run[Segmentation]]:
        self.requests += 1
        labels = np.zeros(request.image.shape[:2], np.uint8)
        labels[:, labels.shape[1] // 2 :] = 1
        likely = np.stack([labels == 0, labels == 1]).astype(np.float32)
        yield Run(Segmentation(labels, likely), name, "cpu", 0.1, 0.0)


@pytest.fixture
def request_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A visitor's request, with what is uploaded in a folder of the test."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    return Request({"type": "http", "query_string": b"lang=en", "headers": []})


def uploaded(name: str, content: bytes | None = None) -> Path:
    path = Path(get_upload_folder(), f"{name}-{abs(hash(content))}", name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(images.encode(np.full((20, 30, 3), 120, np.uint8)) if content is None else content)
    return path


def told(steps: Iterator[Any]) -> list[dict[Any, Any]]:
    return [step for step in steps if isinstance(step, dict) and "__type__" not in step]


def test_every_format_of_one_picture_comes_in_one_archive(request_: Any) -> None:
    engine = Halves()
    with gr.Blocks():
        panel = TakeHomePanel(engine, share(), gr.Dropdown([MODEL]), gr.Button())  # type: ignore[arg-type]
    *_, counted, last = told(panel.make(uploaded("cells.png"), MODEL, request_, lambda *_, **__: None))  # type: ignore[arg-type]
    page = str(counted[panel.counts])
    assert "<td>1</td>" in page
    assert "<td>300</td>" in page
    assert page.count("<rect") == 1
    with zipfile.ZipFile(last[panel.archive].value["path"]) as packed:
        names = set(packed.namelist())
        with Pillow.open(io.BytesIO(packed.read("cells.cutout-1.png"))) as cutout:
            assert (cutout.mode, cutout.size) == ("RGBA", (30, 20))
    endings = {
        "labels.png", "overlay.png", "regions.json", "regions.txt", "geojson", "coco.json", "yolo.txt", "csv",
        "objects.csv", "mask-0.png", "mask-1.png", "cutout-0.png", "cutout-1.png",
    }  # fmt: skip
    assert names == {f"cells.{ending}" for ending in endings}
    assert engine.requests == 1


def test_no_picture_is_told(request_: Any) -> None:
    with gr.Blocks():
        panel = TakeHomePanel(Halves(), share(), gr.Dropdown([MODEL]), gr.Button())  # type: ignore[arg-type]
        several = SeveralPanel(Halves(), gr.Dropdown([MODEL]))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=exactly("no_picture")):
        list(panel.make(None, MODEL, request_))
    for files in (None, [], ["/etc/passwd"]):
        with pytest.raises(InputError, match=exactly("no_picture")):
            list(several.segment(files, MODEL, request_))


def test_ten_pictures_give_ten_results_and_a_bad_one_a_sentence(request_: Any) -> None:
    with gr.Blocks():
        panel = SeveralPanel(Halves(), gr.Dropdown([MODEL]))  # type: ignore[arg-type]
    files = [str(uploaded(f"{number}.png")) for number in range(9)]
    files += [
        str(uploaded("bad <b>.png", b"no picture")),
        str(uploaded("0.PNG", images.encode(np.zeros((4, 4, 3), np.uint8)))),
    ]
    done = told(panel.segment(files, MODEL, request_, lambda *_, **__: None))  # type: ignore[arg-type]
    shown = [len(step[panel.gallery].value or ()) for step in done[1:]]
    assert shown == [*range(1, 10), 9, 10], "each is shown as soon as it is done"
    page = str(done[-1][panel.told])
    assert words("en", "several.done", done=10, total=11) in page
    assert "bad &lt;b&gt;.png" in page
    with zipfile.ZipFile(done[-1][panel.archive].value["path"]) as packed:
        names = packed.namelist()
        assert len(names) == len(set(names)) == 60
        assert {"0.labels.png", "0 (2).labels.png", "8.objects.csv"} <= set(names)


def test_no_file_in_the_archive_has_the_name_of_another(request_: Any) -> None:
    with gr.Blocks():
        panel = SeveralPanel(Halves(), gr.Dropdown([MODEL]))  # type: ignore[arg-type]
    given = ("a.png", "a.objects.png", "a (2).png", "A.png")
    files = [
        str(uploaded(name, images.encode(np.zeros((4, 4 + at, 3), np.uint8))))
        for at, name in enumerate(given)
    ]
    done = told(panel.segment(files, MODEL, request_, lambda *_, **__: None))  # type: ignore[arg-type]
    with zipfile.ZipFile(done[-1][panel.archive].value["path"]) as packed:
        names = [name.casefold() for name in packed.namelist()]
    assert len(names) == len(set(names)) == 24


@pytest.mark.parametrize("other", ["files", "model"])
def test_other_pictures_or_another_network_end_the_work(request_: Any, other: str) -> None:
    with gr.Blocks() as page:
        model = gr.Dropdown([MODEL])
        panel = SeveralPanel(Halves(), model)  # type: ignore[arg-type]
    files = next(each for each in page.blocks.values() if getattr(each, "elem_id", "") == "several-pictures")
    changed = ({"files": files, "model": model}[other]._id, "change")
    halt, clear = (each.fn for each in page.fns.values() if changed in each.targets)
    (work,) = (each.fn for each in page.fns.values() if each.concurrency_id == "device")
    visit: Any = SimpleNamespace(query_params={}, headers={}, session_hash="visit")
    given = [str(uploaded(f"{number}.png")) for number in range(3)]
    going = work(given, MODEL, visit, lambda *_, **__: None)
    _, _, first = (next(going) for _ in range(3))
    assert len(first[panel.gallery].value) == 1
    halt(visit)
    assert not clear()[panel.gallery].visible
    assert not told(going), "nothing of the old choice follows"


def test_too_many_pictures_are_told(request_: Any) -> None:
    with gr.Blocks():
        panel = SeveralPanel(Halves(), gr.Dropdown([MODEL]))  # type: ignore[arg-type]
    files = [str(uploaded("a.png"))] * (MAX_PICTURES + 1)
    with pytest.raises(InputError, match=exactly("too_many_pictures", count=25, most=24)):
        list(panel.segment(files, MODEL, request_))
