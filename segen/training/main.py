"""The command line of train.py: a recipe's name, its configuration and where it runs."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import tyro

from segen.errors import CardError, UsageError, sentence
from segen.registry import folders
from segen.training import processes
from segen.training.loop import fit
from segen.training.recipe import Config, Place
from segen.training.recipes import RECIPES, build


def main(arguments: list[str] | None = None) -> int:
    """Run one training and return its exit code: 0 done, 1 failed, 2 usage, 130 stopped and saved."""
    choices: Any = tyro.extras.subcommand_type_from_defaults(RECIPES, prefix_names=False)
    config, place = tyro.cli(
        tuple[choices, Annotated[Place, tyro.conf.arg(name="")]],
        prog="train.py",
        args=arguments,
        config=(tyro.conf.OmitArgPrefixes, tyro.conf.CascadeSubcommandArgs),
    )
    return run(config, place)


def run(config: Config, place: Place) -> int:
    """Print the configuration, train, and say where the weights are."""
    state = processes.begin()
    main = state.is_main_process
    if main:
        print(json.dumps(asdict(config)), file=sys.stderr)
    try:
        if place.cards:
            folders.add_all(Path(place.cards))
        folder = fit(build(config, place), place)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        print(sentence(error), file=sys.stderr)
        return 2 if isinstance(error, CardError | UsageError) else 1
    finally:
        state.destroy_process_group()
    if main:
        print(f"Weights: {folder}", file=sys.stderr)
    return 0
