"""From one place of the page to another, with a model, options or a picture taken along.

In HTML a link with `data-visit`, such as `<a href="?tab=segment&model=unet-camvid" data-visit>`, opens the
tab with these options. With `data-picture="#segment-picture img"` the picture that this selector finds when
the link is clicked, an image or a link to a file, is put into the tab's picture input, and the tab's button
is pressed. `onward` lays out such links below a picture. In Markdown, which keeps no such attribute, links
that begin with "?" visit within an element of the class `visits`. In JavaScript
`segen.visit({tab: "translate"}, source)` does the same for the address of a picture. A tab takes pictures if
it was built with `Tab(..., takes=Taker(picture, run))`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder, is_in_or_equal

from segen.errors import InputError
from segen.text import LANGUAGES, words
from segen.ui.framework.component import component
from segen.ui.framework.language import language_of
from segen.ui.framework.link import Link, Tab, Values
from segen.ui.framework.queue import CLICKED, QUIET
from segen.ui.framework.templates import render

MOVED = {
    "compare": ("segment", "compare"),
    "robustness": ("segment", "robustness"),
    "cluster": ("segment", "cluster"),
    "inside": ("segment", "inside"),
    "studies": ("models", "studies"),
}
"""What used to be tabs: where each is found now, as the tab and its option `view`."""


def onward(picture: str, *places: str) -> gr.HTML:
    """Links that take the picture, which the CSS selector `picture` finds, to other tabs: "Use it in …".

    A place is a tab, or one with options, such as "pipelines&chain=round".
    """
    links = render("framework/onward.html", picture=picture, places=places)
    return gr.HTML(html_template=links, js_on_load="segen.parts(element)", padding=False)


def visits(page: gr.Blocks, built: Mapping[str, Tab], tabs: gr.Tabs, notice: gr.HTML) -> None:
    """Let links restore the page: the address when it is opened, and every link with `data-visit`."""
    going = component("visit", elem_id="visit")
    restored = gr.JSON(visible=False)

    def told(link: Link, tab: str, language: str) -> Values:
        said = words(language, "page.link_nonsense", options=", ".join(link.nonsense))
        return {
            tabs: gr.Tabs(selected=tab),
            notice: said if link.nonsense else "",
            restored: {"tab": tab, "options": link.usable()},
        }

    def load(request: gr.Request) -> Values:
        language, link = language_of(request), Link(moved(request.query_params, built))
        link.choice("lang", LANGUAGES)
        opened = link.choice("tab", list(built))
        values: Values = {}
        for name, tab in built.items():
            values |= tab.fill(link if name == opened else Link({}), language)
        return values | told(link, opened, language)

    def go(event: gr.EventData, request: gr.Request) -> Values:
        language, link = language_of(request), Link(moved(event.options, built))
        opened = link.choice("tab", list(built))
        tab = built[opened]
        values = tab.fill(link, language) if link.usable() else {}
        values |= told(link, opened, language)
        if event.path is not None and tab.takes:
            values[tab.takes.picture] = uploaded(event.path)
            if tab.takes.run:
                values[restored]["press"] = tab.takes.run.elem_id
        return values

    outputs = [tabs, notice, restored, *(output for tab in built.values() for output in tab.outputs)]
    pictures = [tab.takes.picture for tab in built.values() if tab.takes]
    show = {"fn": None, "inputs": restored, "js": "(restored) => segen.restored(restored)", **QUIET}
    page.load(load, None, outputs, **QUIET).then(**show)
    going.go(go, None, list(dict.fromkeys([*outputs, *pictures])), **CLICKED).then(**show)


def moved(query: Mapping[str, str], built: Mapping[str, Any]) -> dict[str, str]:
    """The options of an address, with what used to be a tab put where it is found now."""
    options = dict(query)
    if options.get("tab") not in built and options.get("tab") in MOVED:
        options["tab"], options["view"] = MOVED[options["tab"]]
    return options


def uploaded(path: object) -> str:
    """The path of a file that a visitor uploaded or the server made. Raises InputError for any other."""
    if not isinstance(path, str) or not is_in_or_equal(path, get_upload_folder()) or not Path(path).is_file():
        raise InputError("no_picture")
    return path
