"""The page's border: what reaches a visitor of a work that is shown while it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr
import pytest
from gradio_client import Client

from segen.ui.framework.page import Page


@pytest.fixture
def client() -> Iterator[Client]:
    def grow() -> Iterator[dict[str, Any]]:
        for count in (1, 2, 2):
            yield {"counted": list(range(count))}

    with Page() as page:
        gr.Button().click(grow, None, gr.HTML(), api_name="grow")
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, _frontend=False)
    yield Client(url, verbose=False)
    page.close()


def test_a_value_that_grows_is_sent_whole_each_time(client: Client) -> None:
    sent = []
    original = Page.handle_streaming_diffs

    def note(self: Page, block_fn: Any, data: list[Any], **run: Any) -> list[Any]:
        sent.append(original(self, block_fn, data, **run))
        return sent[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Page, "handle_streaming_diffs", note)
        job = client.submit(api_name="/grow")
        assert job.result(30) == {"counted": [0, 1]}
    assert job.outputs() == [{"counted": [0]}, {"counted": [0, 1]}, {"counted": [0, 1]}]
    whole = {"counted": [0, 1]}
    assert sent == [[{"counted": [0]}], [[["replace", [], whole]]], [[]], [whole]]
