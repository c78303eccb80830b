"""Results as files to take home; Gradio serves them from its cache, which is emptied in time."""

from __future__ import annotations

import json

from gradio.processing_utils import save_bytes_to_cache
from gradio.utils import get_upload_folder

from segen import export, images
from segen.registry import ModelCard
from segen.types import Image, Segmentation


def segmentation_files(
    card: ModelCard, image: Image, segmentation: Segmentation, stem: str, language: str
) -> tuple[str, str, str, str]:
    """Paths of STEM.labels.png, .overlay.png, .regions.json and .regions.txt."""
    regions = export.regions(card, segmentation)
    return (
        saved(f"{stem}.labels.png", export.labels_png(card, segmentation.labels)),
        saved(f"{stem}.overlay.png", images.encode(export.overlay(card, image, segmentation.labels))),
        saved(f"{stem}.regions.json", json.dumps(regions, ensure_ascii=False).encode()),
        saved(f"{stem}.regions.txt", export.regions_text(regions, language).encode()),
    )


def saved(name: str, content: bytes) -> str:
    """Put a file into Gradio's cache, under a folder named after its content, and return its path."""
    path: str = save_bytes_to_cache(content, name, get_upload_folder())
    return path
