"""The web page: its frame, which carries the tabs, and what it is served with."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from segen import registry
from segen.errors import UsageError
from segen.ui import api, framework, tools
from segen.ui.framework import health
from segen.ui.framework.component import component
from segen.ui.framework.downloads import WRITTEN
from segen.ui.framework.gate import MAX_UPLOAD_BYTES, MAX_WAITING, Gate
from segen.ui.framework.language import PageLanguage, say
from segen.ui.framework.limits import Limits
from segen.ui.framework.networks import Networks
from segen.ui.framework.networks import routes as network_routes
from segen.ui.framework.page import Page
from segen.ui.framework.passwords import Guard
from segen.ui.framework.queue import QUIET
from segen.ui.framework.theme import theme
from segen.ui.framework.visit import visits
from segen.ui.tabs.generate import tab as generate
from segen.ui.tabs.learn import tab as learn
from segen.ui.tabs.models import tab as models
from segen.ui.tabs.pipelines import tab as pipelines
from segen.ui.tabs.segment import tab as segment
from segen.ui.tabs.start import tab as start
from segen.ui.tabs.translate import tab as translate
from segen.ui.widgets import inference, playground
from segen.ui.widgets.qr import qr_code

if TYPE_CHECKING:
    from segen.engine import Engine

_OFFERED = tuple(tab for tab in (generate, translate) if registry.cards(tab.NAME))
TABS = (start, learn, segment, *_OFFERED, pipelines, models)
"""The tabs in the order they are shown; the first is open at the start."""
SESSIONS = 32
"""Gradio keeps the last values of this many visits in memory; of ours, the blind test's score is one."""
AT_ONCE, PER_MINUTE = 3, 30
"""Works of one visitor in a classroom."""

COMPRESSED = Middleware(
    GZipMiddleware,
    compresslevel=4,  # the page to a sixth in 14 ms; 9 takes three times as long for a twentieth less
    exclude_content_types=(
        *DEFAULT_EXCLUDED_CONTENT_TYPES,
        *("text/javascript", "application/javascript", "text/css", "image/svg+xml"),  # by Gradio, and smaller
        *("application/octet-stream", "application/wasm"),  # networks and such, which hardly become smaller
    ),
)
"""The page and what it is told on its way to the visitor; Gradio alone sends them as they are."""


def build_app(engine: Engine, classroom: bool = False) -> gr.Blocks:
    """The page over this engine; launch it with `launch_options()`.

    For a classroom it shows its address as a QR code, and limits what each visitor may ask of the device.
    """
    limits = Limits(AT_ONCE, PER_MINUTE) if classroom else None
    app = Page(limits, title="Segen", analytics_enabled=False, delete_cache=(3600, 3600))
    app.engine, app.networks = engine, Networks(engine)
    with app:
        api.publish(engine)  # first, so that no private event takes the name of an endpoint
        with gr.Row(elem_id="top"):
            component("header", elem_id="header")
            if classroom:
                qr_code()
        notice = component("notice", elem_id="notice", padding=False)
        built = {}
        with gr.Tabs(selected=TABS[0].NAME, overflow_behavior="wrap", elem_id="tabs") as tabs:
            for tab in TABS:
                with gr.Tab(say(f"{tab.NAME}.tab"), id=tab.NAME) as page:
                    if tab is not start:
                        gr.Markdown(say(f"{tab.NAME}.help"), elem_classes="help")
                    built[tab.NAME] = tab.build(engine)
                page.select(None, js=f"() => segen.open('{tab.NAME}')", **QUIET)
        gr.Markdown(say("page.footer"), elem_id="colophon")
        visits(app, built, tabs, notice)
    app.temp_file_sets.append(WRITTEN)
    app.queue(api_open=False, max_size=MAX_WAITING)  # no event can be called past the queue
    return app


def launch_options(guard: Guard | None = None, mcp: bool = False) -> dict[str, Any]:
    """What `launch` needs to serve the page; host and port are left to Gradio's variables.

    `guard` tells whether a visitor's name and password fit. With `mcp` the endpoints are tools of an MCP
    server, too; raises UsageError where its package is missing, or with a guard, which it would not ask.
    """
    if mcp and guard:
        raise UsageError("mcp_with_passwords")
    if mcp:
        tools.prepare()
    return {
        "auth": guard,
        "theme": theme(),
        "css": _styles(),
        "favicon_path": str(files(framework).joinpath("icon.svg")),
        "i18n": say,
        "app_kwargs": {
            "middleware": [COMPRESSED, Middleware(Gate), Middleware(PageLanguage)],
            "routes": [
                Mount("/start", StaticFiles(directory=start.PICTURES)),
                Mount("/playground", StaticFiles(directory=playground.FOLDER)),
                Mount("/inference", StaticFiles(directory=inference.FOLDER)),
                *network_routes(),
                *health.routes(),
            ],
        },
        "max_file_size": MAX_UPLOAD_BYTES,
        "state_session_capacity": SESSIONS,
        "mcp_server": mcp,
        "enable_monitoring": False,
        "run_history": False,
        "ssr_mode": False,
        "footer_links": ["api"],
        "_frontend": False,  # else a page that is not given within three seconds at the start ends the server
    }


def _styles() -> str:
    """The frame's style and those of the tabs, which lie beside them."""
    folders = (files("segen.ui").joinpath(name) for name in ("framework", "tabs"))
    sheets = [sheet for folder in folders for sheet in sorted(Path(str(folder)).rglob("*.css"))]
    return "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
