"""Several pictures at once: each is segmented, shown and put into one ZIP."""

from __future__ import annotations

import secrets
import zipfile
from collections.abc import Generator, Iterable, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr
from gradio.utils import get_upload_folder, is_in_or_equal

from segen import registry
from segen.errors import InputError, SegenError
from segen.imaging import export, formats, images
from segen.text import words
from segen.types import Format, SegmentRequest
from segen.ui.framework.downloads import download_button, saved
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Values
from segen.ui.framework.queue import QUIET, end_at, on_device, steps
from segen.ui.framework.templates import render

if TYPE_CHECKING:
    from segen.engine import Engine

MAX_PICTURES = 24
FURTHER: tuple[Format, ...] = ("csv", "objects")
"""What the ZIP holds of each picture beside the files of `export.contents`."""
SHOWN_SIDE = 640
"""The longer side of a picture in the gallery."""


class SeveralPanel:
    """The panel, closed at first, that lets `model` segment many pictures; it has a Stop of its own."""

    def __init__(self, engine: Engine, model: gr.Dropdown) -> None:
        self.engine = engine
        with gr.Accordion(say("several.title"), open=False, elem_id="segment-several"):
            gr.Markdown(say("several.help"), elem_classes="help")
            files = gr.File(
                label=say("several.pictures"), file_count="multiple", height=140, elem_id="several-pictures"
            )
            with gr.Row(elem_classes="downloads"):
                run = gr.Button(say("several.run"), variant="primary", min_width=130, elem_id="several-run")
                stop = gr.Button(say("page.stop"), interactive=False, min_width=80, elem_id="several-stop")
                self.archive = download_button("several.archive", visible=False, elem_id="several-archive")
            self.told = gr.HTML(elem_classes="several", padding=False, elem_id="several-told")
            self.gallery = gr.Gallery(
                show_label=False, columns=4, height="auto", visible=False, buttons=[],
                elem_id="several-gallery",
            )  # fmt: skip

        shown = [self.archive, self.told, self.gallery]
        on_device([run.click], self.segment, [files, model], shown, stop=stop, shows=self.told)
        other = partial(gr.on, [files.change, model.change])
        end_at(other, stop)
        other(self._nothing, None, shown, **QUIET)

    def segment(
        self,
        files: Sequence[str] | None,
        name: str,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[Values, None, None]:
        """Segment one picture after the other; what is done can be taken home at any time.

        Raises InputError without a picture, and for more than MAX_PICTURES.
        """
        yield self._nothing()
        paths = [Path(file) for file in files or () if is_in_or_equal(file, get_upload_folder())]
        if not paths:
            raise InputError("no_picture")
        if len(paths) > MAX_PICTURES:
            raise InputError("too_many_pictures", count=len(paths), most=MAX_PICTURES)
        language, card = language_of(request), registry.card(name, "segment")
        whole = Path(get_upload_folder(), secrets.token_hex(16), "segmentations.zip")
        whole.parent.mkdir(parents=True)
        shown: list[tuple[str, str]] = []
        faults: list[tuple[str, str]] = []
        taken: set[str] = set()
        for number, path in enumerate(paths):
            progress((number, len(paths)), desc=path.name)
            try:
                image = images.read(path)
                done = yield from steps(self.engine, name, SegmentRequest(image), progress, language)
            except SegenError as error:
                faults.append((path.name, error.sentence(language)))
            else:
                made = export.contents(card, image, done.value, language)
                made |= formats.contents(card, image, done.value, FURTHER, path.name)
                stem = _free(path.stem, made, taken)
                with zipfile.ZipFile(whole, "a", zipfile.ZIP_DEFLATED) as packed:
                    for ending, content in made.items():
                        packed.writestr(f"{stem}{ending}", content)
                small = images.fit(export.overlay(card, image, done.value.labels), SHOWN_SIDE)
                shown.append((saved(f"{stem}.jpg", images.encode(small, "JPEG", quality=85)), path.name))
            yield {
                self.told: render(
                    "tabs/segment/several.html",
                    told=words(language, "several.done", done=len(shown), total=len(paths)),
                    faults=faults,
                ),
                self.gallery: gr.Gallery(shown, visible=bool(shown)),
                self.archive: gr.DownloadButton(value=str(whole) if shown else None, visible=bool(shown)),
            }

    def _nothing(self) -> Values:
        return {
            self.archive: gr.DownloadButton(visible=False),
            self.told: "",
            self.gallery: gr.Gallery(None, visible=False),
        }


def _free(stem: str, endings: Iterable[str], taken: set[str]) -> str:
    """The stem, with a number where a name of its files is `taken`; afterwards all of them are."""
    for number in count(1):
        free = stem if number == 1 else f"{stem} ({number})"
        names = {f"{free}{ending}".casefold() for ending in endings}
        if taken.isdisjoint(names):
            break
    taken |= names
    return free
