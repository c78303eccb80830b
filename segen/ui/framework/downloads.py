"""Results as files to take home; Gradio serves them from its cache, which is emptied in time."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import gradio as gr
from gradio.processing_utils import hash_bytes
from gradio.utils import get_upload_folder

from segen.data.files import replacing
from segen.imaging import export
from segen.registry import ModelCard
from segen.types import Clustering, Image, Segmentation
from segen.ui.framework.language import say

KINDS = ("labels", "overlay", "regions", "text", "instances")
"""The files of a segmentation, in the order of `export.contents`; the last only where instances were told."""


class Paths(set[str]):
    """Paths that one thread may add to while another goes through them."""

    def __iter__(self) -> Iterator[str]:
        return iter(frozenset(self))


WRITTEN = Paths()
"""Files for Gradio's cleaning of its cache: by itself it knows those of components that stay as built."""


@contextmanager
def own_cache() -> Iterator[None]:
    """A cache that no other server has and that ends with this one, unless $GRADIO_TEMP_DIR names one.

    Servers that share a cache delete each other's files when they end. SIGTERM ends this one as Ctrl-C does.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if "GRADIO_TEMP_DIR" in os.environ:
        yield
        return
    with TemporaryDirectory(prefix="segen-") as folder:
        os.environ["GRADIO_TEMP_DIR"] = folder
        try:
            yield
        finally:
            del os.environ["GRADIO_TEMP_DIR"]


def download_button(key: str, **options: Any) -> gr.DownloadButton:
    """A small button with the words of `key`; its value is the path of a file."""
    label = cast(str, say(key))  # typed str, but takes a token too
    return gr.DownloadButton(label, size="sm", min_width=130, **options)


def download_row(tab: str) -> tuple[gr.Row, list[gr.DownloadButton]]:
    """A hidden row of buttons, one for each file that `segmentation_buttons` fills."""
    with gr.Row(visible=False, elem_classes="downloads") as row:
        buttons = [download_button(f"downloads.{kind}", elem_id=f"{tab}-{kind}") for kind in KINDS]
    return row, buttons


def segmentation_files(
    card: ModelCard, image: Image, result: Segmentation | Clustering, stem: str, language: str
) -> list[str]:
    """Paths of STEM.labels.png, .overlay.png, .regions.json, .regions.txt and, if any, .instances.png."""
    files = export.contents(card, image, result, language)
    return [saved(f"{stem}{ending}", content) for ending, content in files.items()]


def segmentation_buttons(
    card: ModelCard, image: Image, result: Segmentation | Clustering, stem: str, language: str
) -> list[gr.DownloadButton]:
    """The buttons of a `download_row` with the files of a result; one without a file is hidden."""
    paths = segmentation_files(card, image, result, stem, language)
    return [gr.DownloadButton(value=path, visible=path is not None) for path, _ in zip_longest(paths, KINDS)]


def saved(name: str, content: bytes) -> str:
    """Put a file into Gradio's cache, under a folder named after its content, and return its path.

    Gradio deletes files by their age: one that is there already counts as new from now on.
    """
    path = Path(get_upload_folder()).resolve() / hash_bytes(content) / Path(name).name
    try:
        os.utime(path)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    WRITTEN.add(str(path))
    return str(path)
