"""Live segmentation, computed by the visitor's own browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segen import registry
from segen.ui.framework.link import Link, Values
from segen.ui.tabs.segment.shared import Shared, View
from segen.ui.widgets import camera

if TYPE_CHECKING:
    from segen.engine import Engine

NAME = "camera"


def build(_engine: Engine, _shared: Shared) -> View:
    """Lay out the view inside the current gr.Tab."""
    live = camera.camera(elem_id="camera")

    def fill(link: Link, language: str) -> tuple[Values, str]:
        contents = camera.segmenting(link, language)
        return {live: contents}, registry.card(contents["asked"] or registry.SEGMENT_MODEL).dataset

    return View([live], fill)
