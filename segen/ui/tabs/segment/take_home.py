"""What else a result becomes: files for other tools, cut-outs, a ZIP of all; counts and sizes of objects."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np
from markupsafe import Markup

from segen.imaging import export, formats
from segen.imaging.objects import MIN_PIXELS, Objects, histogram, objects
from segen.registry import ModelCard
from segen.text import words
from segen.types import FORMATS, Segmentation, SegmentRequest
from segen.ui.framework.downloads import download_button, saved
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Values
from segen.ui.framework.queue import QUIET, on_device, steps
from segen.ui.framework.templates import render
from segen.ui.tabs.segment.shared import Shared, card_and_picture

if TYPE_CHECKING:
    from segen.engine import Engine

WIDTH, HEIGHT = 360, 110
"""Of a histogram, in its own units."""


class TakeHomePanel:
    """The panel, closed at first, with further files of what `model` makes of the picture."""

    def __init__(self, engine: Engine, shared: Shared, model: gr.Dropdown, stop: gr.Button) -> None:
        self.engine = engine
        with gr.Accordion(say("take.title"), open=False, elem_id="segment-take"):
            gr.Markdown(say("take.help"), elem_classes="help")
            with gr.Row(elem_classes="downloads"):
                run = gr.Button(say("take.run"), size="sm", min_width=130, elem_id="take-run")
                self.archive = download_button("take.archive", visible=False, elem_id="take-archive")
            self.counts = gr.HTML(elem_classes="counts", padding=False, elem_id="take-counts")
            self.files = gr.File(
                label=say("take.files"), file_count="multiple", interactive=False, visible=False,
                elem_id="take-files",
            )  # fmt: skip

        shown = [self.archive, self.counts, self.files]
        on_device([run.click], self.make, [shared.picture, model], shown, stop=stop, shows=self.counts)
        gr.on([shared.replaced.change, model.change], self._nothing, None, shown, **QUIET)

    def make(
        self,
        file: Path | None,
        name: str,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[Values, None, None]:
        """Segment the picture, and write every format. Raises InputError without a picture."""
        yield self._nothing()
        card, image = card_and_picture(file, name)
        assert file is not None
        language = language_of(request)
        done = yield from steps(self.engine, name, SegmentRequest(image), progress, language)
        yield {self.counts: counts(card, done.value, language)}
        made: dict[str, bytes] = {}
        for number, each in enumerate(FORMATS):
            progress((number, len(FORMATS)), desc=words(language, "page.working"))
            made |= formats.contents(card, image, done.value, (each,), file.name)
            yield gr.skip()
        named = {f"{file.stem}{ending}": content for ending, content in made.items()}
        own = export.contents(card, image, done.value, language)
        whole = formats.archive({f"{file.stem}{ending}": content for ending, content in own.items()} | named)
        yield {
            self.archive: gr.DownloadButton(value=saved(f"{file.stem}.zip", whole), visible=True),
            self.files: gr.File([saved(*each) for each in named.items()], visible=True),
        }

    def _nothing(self) -> Values:
        return {
            self.archive: gr.DownloadButton(visible=False),
            self.counts: "",
            self.files: gr.File(None, visible=False),
        }


def counts(card: ModelCard, result: Segmentation, language: str) -> Markup:
    """How many objects of each class there are, and how large, with a histogram of their sizes."""
    rows = [_row(each, language) for each in objects(card, result)]
    parts = "take.counted_parts" if result.instances is None else "take.counted_instances"
    told = words(language, parts, least=MIN_PIXELS)
    return render(
        "tabs/segment/counts.html", rows=rows, told=told, language=language, width=WIDTH, height=HEIGHT
    )


def _row(each: Objects, language: str) -> dict[str, Any]:
    pixels = each.pixels
    heights, borders = histogram(pixels)
    across = WIDTH / len(heights)
    bars = [
        {
            "x": round(number * across + 1, 1),
            "width": round(across - 2, 1),
            "height": round(float(HEIGHT * count / heights.max()), 1),
            "told": words(
                language, "take.bar", count=count, low=f"{borders[number]:,.0f}",
                high=f"{borders[number + 1]:,.0f}",
            ),
        }
        for number, count in enumerate(heights.tolist())
    ]  # fmt: skip
    sizes = (pixels.min(), float(np.median(pixels)), pixels.max())
    return {
        "name": each.known.name[language],
        "color": each.known.shown,
        "count": f"{len(pixels):,}",
        "sizes": [f"{size:,.0f}" for size in sizes],
        "bars": bars,
    }
