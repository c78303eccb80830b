"""A network drawn from the layers that it ran: its blocks, what connects them, and the maps of a layer."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from segen.text import words
from segen.types import Features, Layer
from segen.ui.framework.figures import colored, figure
from segen.ui.framework.templates import render

ROW, GAP = 44, 8
"""The height of a block with the gap below it, and that gap, in the drawing's units."""


@dataclass(frozen=True)
class Block:
    """Layers of one part of a network at one size, in the order they ran; `number` counts from 1 in it."""

    part: str
    number: int
    layers: tuple[Layer, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of what the last layer gives."""
        return self.layers[-1].shape[1:]

    def name(self, language: str) -> str:
        """What it is, such as "Encoder 3"."""
        return words(language, f"inside.part_{self.part}", number=self.number)


def blocks(found: Sequence[Layer]) -> list[Block]:
    """The blocks of a network, part by part; those of the decoder from small to large.

    A layer that pools the whole picture to one pixel, or enlarges the head's answer, starts no block.
    """
    grouped: dict[tuple[str, object], list[Layer]] = {}
    key: tuple[str, object] = ("", None)
    for layer in found:
        size = layer.shape[1:]
        if layer.part != key[0] or (size != (1, 1) and layer.part not in ("head", "context")):
            key = (layer.part, size if layer.part in ("encoder", "decoder") else None)
        grouped.setdefault(key, []).append(layer)
    parts: dict[str, list[list[Layer]]] = {}
    for (part, _), members in grouped.items():
        parts.setdefault(part, []).append(members)
    parts.get("decoder", []).sort(key=lambda members: members[-1].shape[1] * members[-1].shape[2])
    return [
        Block(part, number, tuple(members))
        for part in ("encoder", "context", "decoder", "head")
        for number, members in enumerate(parts.get(part, []), start=1)
    ]


def block_of(layer: Layer, found: Sequence[Block]) -> Block:
    """The block that a layer belongs to."""
    return next(block for block in found if layer in block.layers)


def drawing(found: Features, language: str) -> Markup:
    """The network as SVG: the encoder down the left, the decoder up the right, each block to click.

    A block asks for the maps of its last layer. Encoder and decoder blocks of one size are joined by a skip
    connection, but for the encoder's last block, which hands on to what comes after it.
    """
    known = blocks(found.layers)
    encoder = [block for block in known if block.part == "encoder"]
    context = [block for block in known if block.part == "context"]
    up = [block for block in known if block.part in ("decoder", "head")]
    sizes = sorted({block.size for block in encoder}, reverse=True)
    bottom = len(sizes) - 1
    rows: dict[Block, float] = {block: sizes.index(block.size) for block in encoder}
    for step, block in enumerate(up):
        same = [rows[each] for each in encoder if each.size == block.size and block.part == "decoder"]
        rows[block] = same[0] if same else min(bottom, rows[up[step - 1]] if step else bottom) - bool(step)
    rows |= dict.fromkeys(context, bottom + 1)
    top = min(rows.values())
    place = {block: (row - top) * ROW for block, row in rows.items()}
    pressed = block_of(found.layer, known)
    shown = [
        {
            "name": block.name(language),
            "shape": "{} × {} × {}".format(*block.layers[-1].shape),
            "layer": block.layers[-1].name,
            "y": place[block],
            "column": {"encoder": "left", "context": "middle"}.get(block.part, "right"),
            "pressed": block == pressed,
        }
        for block in known
    ]
    skips = [
        place[block]
        for block in encoder[:-1]
        if any(each.part == "decoder" and each.size == block.size for each in known)
    ]
    return render(
        "tabs/segment/network.html",
        blocks=shown,
        skips=skips,
        flows=_flows([place[block] for block in encoder], [place[block] for block in up], bool(context)),
        bottom=max(place.values()) + ROW,
        language=language,
    )


def _flows(down: list[float], up: list[float], context: bool) -> list[str]:
    """The arrows from block to block, as paths."""
    box = ROW - GAP
    flows = [f"M95,{upper + box} V{lower}" for upper, lower in itertools.pairwise(down)]
    flows += [f"M305,{lower} V{upper + box}" for lower, upper in itertools.pairwise(up)]
    if context and up:
        middle = max(down) + ROW + box / 2
        flows += [f"M95,{max(down) + box} V{middle} H128", f"M272,{middle} H305 V{up[0] + box}"]
    elif up:
        flows.append(f"M172,{down[-1] + box / 2 + 8} H200 V{up[0] + box / 2 + 8} H228")
    return flows


def maps(found: Features, language: str) -> Markup:
    """The strongest feature maps, each scaled to its own largest value, with what their shape means."""
    channels, height, width = found.layer.shape
    values = {
        "layer": f"{block_of(found.layer, blocks(found.layers)).name(language)}, {found.layer.kind}",
        "channels": f"{channels:,}",
        "height": height,
        "width": width,
        "down": found.input_size[0] // height,
        "across": found.input_size[1] // width,
        "input_height": found.input_size[0],
        "input_width": found.input_size[1],
        "shown": len(found.channels),
    }
    figures = [
        figure(
            colored(plane), words(language, "inside.channel", number=channel + 1, strength=f"{strength:.2f}")
        )
        for channel, strength, plane in zip(found.channels, found.strengths, found.maps, strict=True)
    ]
    return render("tabs/segment/maps.html", values=values, figures=figures, language=language)


def layers(found: Features, language: str) -> Markup:
    """Every layer to click, under the name of its block, the one that is shown pressed; closed at first."""
    known = [(block.name(language), block.layers) for block in blocks(found.layers)]
    return render(
        "tabs/segment/layers.html",
        blocks=known,
        chosen=found.layer,
        count=len(found.layers),
        language=language,
    )
