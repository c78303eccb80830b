"""The few kinds of error that Segen raises on purpose.

An error carries a key of the text catalogue and the values of its placeholders; it is put into words
only at the border (page, command line, API), in the reader's language. `str(error)` is English, for logs.
"""

from __future__ import annotations

import os
import traceback

from segen.text import words


class SegenError(Exception):
    """A fault that a user can mend: `key` names a sentence under "errors" in the catalogue."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values

    def sentence(self, language: str = "en") -> str:
        """One sentence that names the fault and the next step."""
        values = {name: _in_words(value, language) for name, value in self.values.items()}
        return words(language, f"errors.{self.key}", **values)

    def __str__(self) -> str:
        return self.sentence()


def _in_words(value: object, language: str) -> object:
    """A value of a sentence: errors within it, one or several, are put into the same language."""
    if isinstance(value, SegenError):
        return value.sentence(language)
    if isinstance(value, tuple):
        return "\n".join(str(_in_words(each, language)) for each in value)
    return value


class InputError(SegenError):
    """The picture, mask or number that was given cannot be used."""


class CardError(SegenError):
    """The name is not a card, or the card lacks what was asked of it."""


class WeightsError(SegenError):
    """Weights are missing, cut short or altered."""


class DataError(SegenError):
    """A data set is missing or not laid out as docs/data.md says."""


class UsageError(SegenError):
    """The command cannot be carried out as it was typed; nothing has been done."""


def sentence(error: BaseException, language: str = "en") -> str:
    """One sentence for any exception, with nothing of this machine in it.

    Where $SEGEN_DEBUG is 1, the traceback behind it is printed to standard error.
    """
    if os.environ.get("SEGEN_DEBUG") == "1":
        traceback.print_exception(error)
    if isinstance(error, SegenError):
        return error.sentence(language)
    if isinstance(error, OSError) and error.strerror:
        return words(language, "errors.not_written", reason=error.strerror)
    return words(language, "errors.unexpected", kind=type(error).__name__)
