"""Sound bytes, JSON and texts with a few parts changed, from random numbers that can be had again."""

from __future__ import annotations

import json
import random
from copy import deepcopy
from typing import Any

DEEP = "[" * 5_000 + "]" * 5_000
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**400, 0.5, -0.0, 1e308, float("nan"), float("inf"), "", "0",
    "NaN", "../../etc/passwd", "/etc/passwd", "a\0b", "‮<script>alert(1)</script>", "😀" * 50, "x" * 10_000,
    [], [[]], {}, [1, 2, 3], {"path": "/etc/passwd"}, {"__class__": "x"}, ["a"] * 100, {"a": {"b": [None]}},
)  # fmt: skip


class Dice(random.Random):
    """Random numbers of a seed, a name and a number."""

    def __init__(self, *of: object) -> None:
        super().__init__(" ".join(map(str, of)))
        self.of = of

    def __str__(self) -> str:
        return repr(self.of)


def bytes_of(sound: bytes, dice: Dice) -> bytes:
    """The content with one to four parts changed, cut, doubled or moved."""
    content = bytearray(sound)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(content) + 1)
        length = dice.choice((1, 1, 2, 4, 16, 256))
        way = dice.randrange(7)
        if way == 0:
            content[at : at + length] = dice.randbytes(length)
        elif way == 1:
            content[at : at + length] = dice.choice((b"\0", b"\xff", b"\x7f")) * length
        elif way == 2:
            del content[at : at + length]
        elif way == 3:
            content[at:at] = content[at : at + length] * dice.choice((1, 2, 100))
        elif way == 4:
            del content[at:]
        elif way == 5:
            content[at:at] = dice.randbytes(length)
        elif content:
            content[at % len(content)] ^= 1 << dice.randrange(8)
    return bytes(content)


def value_of(sound: Any, dice: Dice) -> Any:
    """JSON values with one or three parts replaced, dropped, doubled or renamed."""
    value = json.loads(json.dumps(sound))
    for _ in range(dice.choice((1, 1, 3))):
        value = _changed(value, dice)
    return value


def _changed(value: Any, dice: Dice) -> Any:
    if isinstance(value, dict | list) and value and dice.random() < 0.85:
        key = dice.choice(list(value)) if isinstance(value, dict) else dice.randrange(len(value))
        way = dice.randrange(8)
        if way == 0:
            del value[key]
        elif way == 1 and isinstance(value, list):
            value.append(value[key])
        elif way == 1:
            value[str(dice.choice(ODD))[:40]] = value.pop(key)
        else:
            value[key] = _changed(value[key], dice)
        return value
    return deepcopy(dice.choice(ODD))


def text_of(sound: Any, dice: Dice) -> str:
    """JSON as a text: odd values, or a text that is hardly JSON."""
    if dice.random() < 0.05:
        return DEEP
    text = json.dumps(value_of(sound, dice))
    return bytes_of(text.encode(), dice).decode("utf-8", "replace") if dice.random() < 0.3 else text
