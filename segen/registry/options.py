"""What a card tells its loader: one frozen dataclass for each kind of loader, checked as the card is read."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar, Literal, cast, get_type_hints

from typeguard import TypeCheckError, check_type

from segen.errors import CardError
from segen.text import words

Words = dict[str, str]
Direction = Literal["forward", "backward"]
Picture = Literal["photograph", "microscopy", "grey", "lines", "labels"]
"""The kinds of picture that a translation knows how to read."""
Measure = Literal["photographs", "masks", "streets", "drawings"]
"""What a translation is measured by; see `segen.evaluation.translation`."""
Control = Literal["k", "eps", "min_samples"]


@dataclass(frozen=True)
class SegmentOptions:
    """Of a card that segments: the network sees pictures with a longer side of at most `max_side` pixels.

    `onnx` says whether the network can be exported. A `recurrent` one is sent to browsers for pictures of one
    size, since the exporter that is quick fixes how many lines are read.
    """

    max_side: int = 640
    onnx: bool = True
    recurrent: bool = False

    @property
    def views(self) -> int:
        """How often the network sees a picture, its answers being averaged."""
        return 1


@dataclass(frozen=True)
class SmpOptions(SegmentOptions):
    """Of segmentation_models_pytorch: pictures are enlarged `zoom` times, as far as `max_side` allows.

    At each of `scales`, by which both are multiplied, the network sees the picture once, and once `mirrored`
    left to right; the probabilities of its answers are averaged. Of the classes `kinds`, by id, a connected
    region is one alone: the one that is likeliest over all of it.
    """

    zoom: float = 1.0
    scales: tuple[float, ...] = (1.0,)
    mirrored: bool = False
    kinds: tuple[int, ...] = ()

    @property
    def views(self) -> int:
        """How often the network sees a picture, its answers being averaged."""
        return len(self.scales) * (2 if self.mirrored else 1)


@dataclass(frozen=True)
class ClusterOptions:
    """Of a card that clusters: the `controls` are those numbers of a ClusterRequest that it heeds."""

    controls: tuple[Control, ...] = ()


@dataclass(frozen=True)
class GenerateOptions:
    """Of a card that generates: what its network can do.

    `family` names its formulas and words in the catalogue. A `conditional` one takes a class, one that
    `encodes` has an encoder, and `stages` are the feature maps at which styles can be mixed. The
    discriminator of one that `judges` can be asked of a single picture. `unconditional` names the card that a
    conditional one is compared with: it takes no class, and its latent vectors are of the same size.
    """

    diffusion: ClassVar[bool] = False
    """Whether pictures come from noise step by step, with no latent space."""
    family: str
    grey: bool = False
    conditional: bool = False
    encodes: bool = False
    stages: int = 0
    judges: bool = False
    unconditional: str = ""


@dataclass(frozen=True)
class DiffusionOptions(GenerateOptions):
    """Of diffusion; `folder` is that of a pipeline of the user's own, empty for weights that ship.

    `taught_guidance` is that of the teacher whose guided prediction the network learned to make in one call,
    so that a guidance of 1 contains it; 0 where there was none. A distilled network knows those `timesteps`
    alone, the noisiest first: whatever sampler and steps are asked for, it takes these, by DDIM.
    """

    diffusion: ClassVar[bool] = True
    family: str = "diffusion"
    folder: str = ""
    taught_guidance: float = 0.0
    timesteps: tuple[int, ...] = ()


@dataclass(frozen=True)
class TranslateOptions:
    """Of a card that translates between two `domains`, the first one forward's input.

    `given` says for each direction how a picture is read, `measure` what the card is measured by and in which
    direction. Networks see pictures at `scale` times their size, or, where they take the `whole` of one at
    once, at no more than the card's input size. `grey` lists the directions whose drawings are grey. With
    `cycles` there is a way back to look at, with a `pad` one can draw what is translated. `region` names the
    data set whose segmenters can pick a part of the picture; `paints` the card that segments again what was
    made of a label map. The page `leads` with one direction; `shows` says what the eye sees of each.
    """

    domains: tuple[Words, Words]
    given: dict[Direction, Picture]
    measure: dict[Measure, Direction] = field(default_factory=dict)
    scale: float = 1.0
    whole: bool = False
    grey: tuple[Direction, ...] = ()
    cycles: bool = False
    pad: bool = False
    region: str = ""
    paints: str = ""
    leads: Direction = "forward"
    shows: dict[Direction, Words] = field(default_factory=dict)

    def way(self, direction: str, language: str) -> str:
        """A direction in words, such as "summer → winter"."""
        domains = [domain[language] for domain in self.domains]
        return " → ".join(domains if direction == "forward" else domains[::-1])

    def strays(self, direction: str, pixels: int, language: str) -> str:
        """That so many pixels were not what a direction takes, and what became of them; "" for none."""
        key = f"translate.strays_{self.given[cast(Direction, direction)]}"
        return words(language, key, pixels=f"{pixels:,}") if pixels else ""


Options = SegmentOptions | ClusterOptions | GenerateOptions | TranslateOptions
OF_TASK: dict[str, type[Options]] = {
    "segment": SegmentOptions,
    "cluster": ClusterOptions,
    "generate": GenerateOptions,
    "translate": TranslateOptions,
}
OF_LOADER: dict[str, type[Options]] = {
    "segen.models.segmentation.smp:load": SmpOptions,
    "segen.models.generation.diffusion:load": DiffusionOptions,
}
"""Loaders with options beyond those of their task."""


def read(card: str, task: str, loader: str, given: dict[str, Any]) -> Options:
    """The options of a card from its table. Raises CardError, which names card and key, for a wrong one."""
    kind = OF_LOADER.get(loader, OF_TASK[task])
    hints, values = get_type_hints(kind), {name: _frozen(value) for name, value in given.items()}
    known = {each.name: each for each in fields(kind)}
    for name in values:
        if name not in known:
            raise CardError("option_unknown", card=card, option=name, known=", ".join(known))
    for name, each in known.items():
        needed = each.default is MISSING and each.default_factory is MISSING
        if (needed and name not in values) or (name in values and not _fits(values[name], hints[name])):
            raise CardError("option_unfit", card=card, option=name, kind=each.type)
    return kind(**values)


def _frozen(value: Any) -> Any:
    """Arrays of TOML as tuples."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _fits(value: Any, kind: Any) -> bool:
    if isinstance(value, bool) and kind is not bool:  # which Python takes for a whole number
        return False
    try:
        check_type(value, kind)
    except TypeCheckError:
        return False
    return True
