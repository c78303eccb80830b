"""The stream by which the page hears of its events, in a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.actions import wait_for_result
from tests.browser.engines import KnownEngine

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CLOSED_LATE = """
const { fetch } = window;
window.closings = 0;
const late = async (text, controller) => {
    const start = text.indexOf('data: {"msg":"close_stream');
    if (start < 0) return controller.enqueue(text);
    controller.enqueue(text.slice(0, start));
    await new Promise((resolve) => setTimeout(resolve, 3000));
    controller.enqueue(text.slice(start));
    window.closings += 1;
};
window.fetch = async (...given) => {
    const answer = await fetch(...given);
    if (!answer.url.includes("/queue/data")) return answer;
    const delay = new TransformStream({ transform: late });
    const stages = [new TextDecoderStream(), delay, new TextEncoderStream()];
    return new Response(stages.reduce((body, stage) => body.pipeThrough(stage), answer.body), answer);
};
"""
"""JavaScript with which a page hears late that the server has closed the stream of its events."""


def test_what_is_asked_while_the_server_closes_the_stream_is_answered(
    serve: Callable[[Any], str], visit: Callable[..., Any]
) -> None:
    url = serve(KnownEngine())
    page = visit(f"{url}?tab=segment&model=unet-camvid", script=CLOSED_LATE)
    page.wait_for_function("window.closings")
    for example in ("street_trees", "pagoda"):  # the second while the page hears late of the first one's end
        page.click(f"[data-example={example}]")
        wait_for_result(page, example)
