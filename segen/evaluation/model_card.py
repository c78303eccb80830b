"""The README.md of a weights folder: what a model is, is for and reaches, for people and for model hubs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from segen.registry import ModelCard, datasets
from segen.registry.options import DiffusionOptions
from segen.text import words

TAGS = {
    "segment": "image-segmentation",
    "generate": "unconditional-image-generation",
    "translate": "image-to-image",
}
"""What hubs call a task."""
LICENCES = ("apache-2.0", "cc-by-4.0", "cc-by-nc-4.0")
"""Those that hubs know by name."""
LIBRARIES = {
    "segen.models.segmentation.smp:load": "segmentation-models-pytorch",
    "segen.models.generation.diffusion:load": "diffusers",
}
"""What loads the folder as it is, by the card's loader; Segen loads the others."""
USE = (
    "To show how such a model works, in a class or to oneself; nothing that depends on its being right: it is"
    " not fit to decide about a person, to drive, to diagnose or to judge evidence."
)
UNKNOWN_LIMITS = "It was measured on the pictures below alone; on others, look before you believe."
DENOISED = """pixels = torch.randn(16, 1, 32, 32)
labels = torch.full((16,), 7)  # sneakers; 10 is no class
with torch.no_grad():
    for t in scheduler.timesteps:
        pixels = scheduler.step(network(pixels, t, labels).sample, t, pixels).prev_sample
pictures = pixels[:, 0, 2:-2, 2:-2].add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)"""
"""What follows once a network and a scheduler of diffusers are there."""
SNIPPETS = {
    "segment": """from segen import Engine, SegmentRequest, read_image

labels = Engine().run("{name}", SegmentRequest(read_image("picture.png"))).value.labels""",
    "own": """from pathlib import Path

from segen import Engine, SegmentRequest, read_image
from segen.registry import folders

folders.add_all(Path("DIR"))  # the folder that holds this file
labels = Engine().run("{name}", SegmentRequest(read_image("picture.png"))).value.labels""",
    "generate": """from segen import Engine, GenerateRequest

pictures = Engine().run("{name}", GenerateRequest(seeds=range(64))).value.images""",
    "translate": """from segen import Engine, TranslateRequest, read_image

request = TranslateRequest(read_image("picture.png"), "forward")
image = Engine().run("{name}", request).value.image""",
    "diffusion": """import torch
from diffusers import DDIMScheduler, UNet2DModel

folder = "assets/weights/{name}"
network = UNet2DModel.from_pretrained(folder, subfolder="unet").eval()
scheduler = DDIMScheduler.from_pretrained(folder, subfolder="scheduler", timestep_spacing="trailing")
scheduler.set_timesteps(50)
"""
    + DENOISED,
    "distilled": """import torch
from diffusers import DPMSolverMultistepScheduler, UNet2DModel

folder = "assets/weights/{name}"
network = UNet2DModel.from_pretrained(folder, subfolder="unet").eval()
scheduler = DPMSolverMultistepScheduler.from_pretrained(folder, subfolder="scheduler", solver_order=1)
scheduler.set_timesteps(timesteps={timesteps})
"""
    + DENOISED,
}
"""How a card of each task, or of a family that stands apart, is used, for its README."""


def size(report: dict[str, Any]) -> str:
    """How many pictures a report is of: "101", or of what generates "2,000 generated, 10,000 real"."""
    items = f"{report['items']:,}"
    return f"{items} generated, {report['real_items']:,} real" if "real_items" in report else items


def figures(metrics: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every number of a report as text, under the names that lead to it: "gap_closed forward low"."""
    for name, value in metrics.items():
        if isinstance(value, dict):
            yield from ((f"{name} {part}", text) for part, text in figures(value))
        elif value is None:
            yield name, words("en", "models.undefined")
        else:
            yield name, f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def metadata(card: ModelCard) -> ModelCardData:
    """The front matter that model hubs read, with the figures as their `model-index`."""
    licence = card.licence["weights"]["en"]
    known = licence.partition(",")[0].lower().replace(" ", "-")
    hub = datasets.known().get(card.dataset, {}).get("hub")
    return ModelCardData(
        license=known if known in LICENCES else "other",
        license_name=None if known in LICENCES else licence,
        library_name=LIBRARIES.get(card.loader),
        pipeline_tag=TAGS[card.task],
        tags=["segen"],
        datasets=[hub] if hub else None,
        model_name=card.name,
        eval_results=list(_results(card)) or None,
    )


def _results(card: ModelCard) -> Iterator[EvalResult]:
    """The figure that the card is known by, and what else was measured that is one number."""
    report, reached = card.report(), card.reached()
    found = {} if reached is None or math.isnan(reached.value) else {reached.metric: reached.value}
    for metric, value in report.get("metrics", {}).items():
        if isinstance(value, float):
            found.setdefault(metric, value)
    for metric, value in found.items():
        yield EvalResult(
            task_type=TAGS[card.task],
            dataset_type=card.dataset,
            dataset_name=datasets.dataset_title(card.dataset)["en"],
            dataset_split=report["split"],
            metric_type=metric,
            metric_value=round(value, 4),
        )


def model_card(card: ModelCard) -> str:
    """The README.md of a weights folder, with the front matter that model hubs read."""
    rows = ["| data | split | pictures | metric | value |", "| --- | --- | --- | --- | --- |"]
    for data, splits in card.metrics().items():
        # The pictures as they are come first, degraded ones after.
        for split, report in sorted(splits.items(), key=lambda item: "corruption" in item[1]):
            rows += [
                f"| {data} | {split} | {size(report)} | {metric} | {value} |"
                for metric, value in figures(report["metrics"])
            ]
    figured = "## Measured\n\n" + "\n".join(rows) + "\n" if len(rows) > 2 else ""
    kind: str = "own" if card.folder else card.task
    timesteps = card.options.timesteps if isinstance(card.options, DiffusionOptions) else ()
    if isinstance(card.options, DiffusionOptions):
        kind = "distilled" if timesteps else "diffusion"
    limits = datasets.known().get(card.dataset, {}).get("limits", UNKNOWN_LIMITS)
    return f"""---
{metadata(card).to_yaml()}
---

# {card.title["en"]} (`{card.name}`)

{card.summary["en"]}

- Architecture: {card.architecture["en"]}, {card.parameters:,} parameters
- Source: {card.source["en"]}
- Data: {card.dataset}, {card.licence["data"]["en"]}. {card.licence["credit"]["en"]}
- Licence of the weights: {card.licence["weights"]["en"]}
- Training: `{card.training}`
- Checkpoint: {card.checkpoint["en"]}

```python
{SNIPPETS[kind].format(name=card.name, timesteps=list(timesteps))}
```

## What it is for, and what not

{USE} {limits}

{figured}"""
