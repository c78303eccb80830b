"""The engine of a page that asks replicas behind Ray Serve, in other processes or on other machines."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Generator
from contextlib import closing
from threading import Timer
from typing import Any, cast

from ray import serve
from ray.exceptions import ObjectLostError, RayActorError
from ray.serve.exceptions import RequestCancelledError

from segen.engine import cluster
from segen.errors import InputError, SegenError, UsageError
from segen.registry import TASKS, card, cards
from segen.types import Request, Run, Step, V

TRIES = 4
"""A request whose replica dies is asked so often in all."""
PATIENCE_SECONDS = 60.0
"""A request that has had no answer for so long is given up where no replica runs."""
_LOG = logging.getLogger(__name__)


class RemoteEngine:
    """Has the methods of `Engine`, and raises what they raise; all may be called from any thread.

    Where a replica dies, another one is asked the same, which gives the same answer.
    """

    def __init__(self, address: str) -> None:
        """Joins the cluster at HOST:PORT.

        Raises UsageError where there is none, nothing is served there, or not all cards of this process.
        """
        cluster.join(address)
        if not self.ready():
            raise UsageError("nothing_served", address=address)
        self._handles: dict[str, Any] = {task: serve.get_app_handle(task) for task in TASKS}
        self._answered: dict[str, None] = {}
        (known,) = self._items(TASKS[0], "", "cards")
        if missing := [each.name for each in cards() if each.name not in known]:
            raise UsageError("cards_not_served", names=", ".join(missing))

    def run(self, name: str, request: Request[V]) -> Run[V]:
        """Carry out a request and return its result."""
        *_, last = self.stream(name, request)
        return cast(Run[V], last)

    def stream(self, name: str, request: Request[V]) -> Generator[Step | Run[V], None, None]:
        """The items of `Engine.stream`; closing the iterator stops the work in the replica.

        Raises InputError where one replica after the other dies at it, or none is left.
        """
        card(name)
        with closing(self._items(request.task, name, "stream", name, request)) as items:
            for item in items:
                if isinstance(item, Run):
                    self._answered[name] = None
                yield item

    def load(self, name: str) -> None:
        """Have a card ready in a replica, which is asked for it from then on."""
        list(self._items(card(name).task, name, "load", name))

    def exported(self, name: str, shape: tuple[int, int, int], direction: str) -> bytes:
        """As `Engine.exported`."""
        (content,) = self._items(card(name).task, name, "exported", name, shape, direction)
        return cast(bytes, content)

    def loaded(self) -> list[str]:
        """The cards that have answered here: a replica has them ready."""
        return list(self._answered)

    def ready(self) -> bool:
        """Whether each task has a replica that runs."""
        return cluster.ready()

    def _items(self, task: str, name: str, method: str, *arguments: Any) -> Generator[Any, None, None]:
        """What a replica's method yields; steps are not told again where another one begins anew."""
        handle = self._handles[task].options(stream=True, multiplexed_model_id=name, method_name=method)
        sent, done = pickle.dumps(arguments), 0
        for _ in range(TRIES):
            answers, told = handle.remote(sent), done
            patience = Timer(PATIENCE_SECONDS, lambda given=answers: self.ready() or given.cancel())
            patience.daemon = True
            patience.start()
            try:
                for answer in answers:
                    patience.cancel()
                    item = pickle.loads(answer)
                    if isinstance(item, SegenError):
                        raise item
                    if isinstance(item, Step):
                        if item.done <= told:
                            continue
                        done = item.done
                    yield item
                return
            except RequestCancelledError:
                raise InputError("no_replica") from None
            except (RayActorError, ObjectLostError) as fault:
                _LOG.warning("a replica died at work with %s: %s", name, type(fault).__name__)
            finally:
                patience.cancel()
                answers.cancel()
        raise InputError("replicas_died")
