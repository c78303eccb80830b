"""Pipelines: a chain of models as cards with pictures, which is edited at any step and repeated."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import closing
from functools import wraps
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

import gradio as gr

from segen.errors import InputError
from segen.evaluation.pipelines import files as chain_files
from segen.evaluation.pipelines.recipe import Recipe, read_file
from segen.evaluation.pipelines.runner import Advance, Outcome, stream
from segen.text import words
from segen.types import Image
from segen.ui.framework.component import component
from segen.ui.framework.downloads import download_button, saved
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Link, Tab, Taker, Values, remember
from segen.ui.framework.queue import CLICKED, READING, TOLD_SECONDS, end_at, on_device
from segen.ui.framework.visit import onward, uploaded
from segen.ui.tabs.pipelines.chain import archive, chain_editor, contents, result, with_results
from segen.ui.tabs.pipelines.forms import asked
from segen.ui.tabs.pipelines.ready import READY, ready_buttons
from segen.ui.widgets.picture import opened, picture_input

if TYPE_CHECKING:
    from segen.engine import Engine

NAME = "pipelines"


def build(engine: Engine) -> Tab:
    """Lay out the tab inside the current gr.Tab."""
    return Pipelines(engine).wire()


class Pipelines:
    """The components of the tab, and the work behind them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        with gr.Row(elem_classes="work"):
            with gr.Column(scale=2, min_width=300):
                self._lay_out_choice()
            with gr.Column(scale=5, min_width=300):
                self.told = gr.HTML(elem_classes="told", padding=False, elem_id="pipelines-told")
                self.chain = chain_editor(elem_id="pipelines-chain")
                with gr.Row(visible=False, elem_classes="downloads") as self.row:
                    self.bundle = download_button("pipelines.zip", elem_id="pipelines-zip")
                onward("#pipelines-chain li:last-of-type img", "segment", "translate")

    def _lay_out_choice(self) -> None:
        self.picture = picture_input(height=220, elem_id="pipelines-picture")
        with gr.Row():
            self.run = gr.Button(
                say("pipelines.run"), variant="primary", min_width=120, elem_id="pipelines-run"
            )
            self.stop = gr.Button(say("page.stop"), interactive=False, min_width=80, elem_id="pipelines-stop")
        self.pick = component("choices", elem_classes="ready", elem_id="pipelines-ready")
        label = cast(str, say("pipelines.open"))  # typed str, but takes a token too
        kinds = [".json", ".png"]
        self.file = gr.UploadButton(label, file_types=kinds, size="sm", elem_id="pipelines-open")
        self.chosen = gr.Textbox(visible=False)

    def wire(self) -> Tab:
        """Let choices and files bring chains along, and Run carry them out; returns the tab as built."""
        outputs = [self.chain, self.told, self.picture, self.row, self.chosen]
        self.pick.choose(self.choose, None, outputs, **CLICKED)
        end_at(self.file.upload, self.stop)
        self.file.upload(self.open_file, self.file, [self.chain, self.told, self.row], **READING)
        inputs, shown = [self.picture, self.chain], [self.chain, self.told, self.row, self.bundle]
        for trigger, work in ((self.run.click, self.carry_out), (self.picture.input, self.repeat)):
            on_device([trigger], work, inputs, shown, stop=self.stop, shows=self.told)
        remember(NAME, {"chain": self.chosen})

        def fill(link: Link, language: str) -> Values:
            name = link.choice("chain", list(READY))
            return {**self._ready(name, language), self.pick: ready_buttons(language)}

        return Tab([*outputs, self.pick], fill, Taker(self.picture))

    def choose(self, event: gr.EventData, request: gr.Request) -> Values:
        """The ready-made chain that was clicked, with its picture. Raises InputError for no such chain."""
        if event.chain not in READY:
            raise InputError("arguments")
        return self._ready(event.chain, language_of(request))

    def _ready(self, name: str, language: str) -> Values:
        ready = READY[name]
        return {
            self.chain: contents(ready.recipe, language, name, runs=True),
            self.told: "",
            self.picture: ready.example.file() if ready.example else None,
            self.row: gr.Row(visible=False),
            self.chosen: name,
        }

    def open_file(self, path: str, request: gr.Request) -> Values:
        """The chain of a recipe file; what was sent may be slow, so it waits for Run."""
        file = Path(uploaded(path))
        opened_chain = contents(read_file(file), language_of(request), file.stem)
        return {self.chain: opened_chain, self.told: "", self.row: gr.Row(visible=False)}

    def carry_out(
        self,
        file: Path | None,
        value: Mapping[str, Any],
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[Values, None, None]:
        """Run the chain on the picture, as `segen run` does, and show each step as soon as it is there.

        Raises InputError for what is no recipe, or where a picture is missing.
        """
        language = language_of(request)
        ran = value.get("recipe") if isinstance(value, dict) else None
        recipe, image, stem = asked(ran), None, "chain"
        if recipe.takes_image:
            picked = yield from opened(file, {self.told: ""})
            if picked is None:
                raise InputError("no_picture")
            image, stem = picked
        outcomes: list[Outcome] = []
        results: list[dict[str, Any]] = []
        kept: dict[str, bytes] = {}
        for item in self._steps(recipe, image, progress, language):
            if not isinstance(item, Outcome):
                yield gr.skip()
                continue
            outcomes.append(item)
            written = chain_files.contents(recipe, item, language)
            files = {f"{stem}{ending}": content for ending, content in written.items()}
            kept |= files
            results.append(result(recipe, outcomes, files, language))
            yield {self.chain: with_results(value, ran, results), self.row: gr.Row(visible=False)}
        zipped = saved(f"{stem}.chain.zip", archive(kept, recipe))
        yield {self.row: gr.Row(visible=True), self.bundle: zipped}

    @wraps(carry_out)
    def repeat(self, file: Path | None, *others: Any) -> Generator[Values, None, None]:
        """Run the chain on another picture; the visitor may as well have taken away the one before."""
        if file is None:
            yield gr.skip()
        else:
            yield from self.carry_out(file, *others)

    def _steps(
        self, recipe: Recipe, image: Image | None, progress: gr.Progress, language: str
    ) -> Generator[Advance | Outcome, None, None]:
        """The outcomes as they come, with progress told between them, not too often."""
        count, told = len(recipe.steps), 0.0
        with closing(stream(self.engine, recipe, image)) as items:
            for item in items:
                if isinstance(item, Advance):
                    if monotonic() - told < TOLD_SECONDS:
                        continue
                    told = monotonic()
                    done = item.index + item.step.done / item.step.total
                    said = words(language, "pipelines.progress", step=item.index, count=count)
                    progress(done / count, desc=said)
                yield item
