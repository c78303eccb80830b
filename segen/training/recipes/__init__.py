"""Every recipe by the name of its card: a configuration, and the class that trains it.

A file of this package that has CONFIGS names in RECIPE what trains them; it is found by being here.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from segen.training.recipe import Config, Place, Recipe

_FILES = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
_FAMILIES = [file for file in _FILES if hasattr(file, "CONFIGS")]
RECIPES: dict[str, Config] = {config.name: config for family in _FAMILIES for config in family.CONFIGS}
_TRAINED_BY: dict[type[Config], Callable[[Any, Place], Recipe]] = {
    type(config): family.RECIPE for family in _FAMILIES for config in family.CONFIGS
}


def build(config: Config, place: Place) -> Recipe:
    """The recipe that trains `config`.

    Raises UsageError for values that no training can have, and SegenError when data or weights are missing.
    """
    config.check()
    return _TRAINED_BY[type(config)](config, place)
