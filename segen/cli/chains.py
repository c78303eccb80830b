"""`segen run`: a recipe repeated on pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from segen.cli.packing import Cards, add_cards
from segen.cli.pictures import make_folder, naming, prepare, tell, work_on_each
from segen.errors import UsageError
from segen.text import words


def run_recipe(
    recipe: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RECIPE")],
    images: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="IMAGE...")] = (),
    *,
    out: Annotated[Path, tyro.conf.arg(metavar="DIR")],
    cards: Cards = None,
) -> int:
    """Repeat a recipe: a chain of models, each working on what another made.

    Args:
        recipe: The recipe, a JSON file, or a PNG picture that was made by one.
        images: The pictures, unless every step of the recipe goes back to one that generates.
        out: The folder for STEM.0.png and so on, a picture for each step, and beside those of labels
            STEM.0.labels.png, .overlay.png, .regions.json, .regions.txt and .instances.png. Without
            pictures, STEM is that of the recipe.
        cards: Models of your own, too: a folder that segen pack wrote, or that holds several.
    """
    add_cards(cards)
    from segen.evaluation.pipelines import files
    from segen.evaluation.pipelines.recipe import read_file

    with naming(recipe):
        chain = read_file(recipe)
    if images and not chain.takes_image:
        raise UsageError("recipe_no_image")
    if chain.takes_image:
        prepare(images, out, files.endings(chain), also_read=[recipe])
    make_folder(out)
    from segen.cli.results import write_contents
    from segen.engine import Engine
    from segen.evaluation.pipelines.agreement import agreement
    from segen.evaluation.pipelines.runner import Outcome, stream
    from segen.imaging.images import read

    engine = Engine()

    def work(path: Path) -> None:
        outcomes: list[Outcome] = []
        for item in stream(engine, chain, read(path) if chain.takes_image else None):
            if not isinstance(item, Outcome):
                continue
            outcomes.append(item)
            write_contents(out, path.stem, files.contents(chain, item))
            found = agreement(chain, outcomes, item.index)
            if found:
                tell(path, words("en", "pipelines.told", step=item.index, said=found.sentence("en")))

    pictures: Sequence[Path] = images or [recipe]
    return work_on_each(pictures, work)
