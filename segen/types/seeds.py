"""Seeds: whole numbers, each of which stands for one picture."""

from __future__ import annotations

from collections.abc import Sequence

from segen.errors import InputError

MAX_SEED = 2**63 - 1
MAX_PICTURES = 100_000


def seed_range(seed: int, count: int, most: int = MAX_PICTURES) -> range:
    """The seeds from `seed` on, `count` of them. Raises InputError for a count that is not 1 to `most`.

    InputError, too, where a seed is below 0 or above 2^63 - 1.
    """
    if not 1 <= count <= most:
        raise InputError("count_out_of_range", most=f"{most:,}")
    if not 0 <= seed <= MAX_SEED + 1 - count:
        raise InputError("seed_out_of_range")
    return range(seed, seed + count)


def check_seeds(seeds: Sequence[int]) -> None:
    """Raise InputError unless there are 1 to 100,000 seeds, all of them 0 to 2^63 - 1."""
    if not 1 <= len(seeds) <= MAX_PICTURES:
        raise InputError("count_out_of_range", most=f"{MAX_PICTURES:,}")
    if not 0 <= min(seeds) <= max(seeds) <= MAX_SEED:
        raise InputError("seed_out_of_range")
