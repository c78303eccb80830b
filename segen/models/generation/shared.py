"""Calls of a network in one fixed batch, whose free places serve what is asked next.

Since PyTorch gives other bytes for other batch sizes, a network that draws from seeds is always called with
equally many pictures, and one picture costs as much as a full batch. So whoever calls it fills the free
places with what other requests, or the same one, have noted: when their turn comes, the answer is there.
Nobody waits for company, and a picture's bytes do not depend on the pictures beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import cast
from weakref import WeakValueDictionary

import torch

Row = torch.Tensor | None
"""One argument of a network: N of something, or nothing, whoever asks."""


class Question:
    """The arguments of a network for N pictures, and its `answer`, N of something, once it was called."""

    def __init__(self, arguments: tuple[Row, ...], pictures: int) -> None:
        self.arguments, self.pictures = arguments, pictures
        self.answer: torch.Tensor | None = None


class SharedCalls:
    """The questions to one network, which is called with `batch` pictures each time, whoever's they are."""

    def __init__(self, batch: int) -> None:
        self._batch = batch
        # What a request has noted is forgotten with it: one that was stopped holds its question no more.
        self._noted: WeakValueDictionary[int, Question] = WeakValueDictionary()
        self._numbers = count()

    def note(self, first: torch.Tensor, *others: Row) -> Question:
        """What will be asked of 1 to `batch` pictures; may be called from any thread, at any time."""
        question = Question((first, *others), len(first))
        self._noted[next(self._numbers)] = question
        return question

    def answer(self, question: Question, network: Callable[..., torch.Tensor]) -> torch.Tensor:
        """The answer to a question, for whose sake the network is called unless another call had room.

        The caller holds the device. A call that fails leaves the other questions as they were.
        """
        if question.answer is None:
            asked = [question, *self._fitting(question)]
            arguments = zip(*(each.arguments for each in asked), strict=True)
            found = network(*map(self._full, arguments))
            sizes = [each.pictures for each in asked]
            for each, answer in zip(asked, torch.split(found[: sum(sizes)], sizes), strict=True):
                each.answer = answer
        assert question.answer is not None
        return question.answer

    def _fitting(self, question: Question) -> list[Question]:
        """Other open questions for the places that are left, the oldest first."""
        found, free = [], self._batch - question.pictures
        for each in filter(None, (reference() for reference in self._noted.valuerefs())):
            if each is not question and each.answer is None and each.pictures <= free:
                found.append(each)
                free -= each.pictures
        return found

    def _full(self, rows: tuple[Row, ...]) -> Row:
        """One argument of all questions as a whole batch: its first row fills the rest."""
        if rows[0] is None:
            return None
        joined = torch.cat(cast(tuple[torch.Tensor, ...], rows))
        return torch.cat([joined, joined[:1].expand(self._batch - len(joined), *joined.shape[1:])])
