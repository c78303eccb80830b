"""What one visitor may ask of the device, so that nobody has to wait for one person's impatience."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from segen.errors import SegenError

MINUTE = 60.0


class Limits:
    """At most so many works of one visitor at once, waiting ones included, and begun within a minute.

    Visitors are known by their network address.
    """

    def __init__(self, at_once: int, per_minute: int, now: Callable[[], float] = monotonic) -> None:
        self.at_once, self.per_minute, self.now = at_once, per_minute, now
        self._begun: dict[str, list[float]] = {}

    def admit(self, visitor: str, others: int) -> None:
        """Count one more work, beside `others` of this visitor. Raises SegenError if it is one too many."""
        if others >= self.at_once:
            raise SegenError("visitor_at_once", count=self.at_once)
        now = self.now()
        for each, times in list(self._begun.items()):
            self._begun[each] = [time for time in times if now - time < MINUTE]
            if not self._begun[each]:
                del self._begun[each]
        mine = self._begun.setdefault(visitor, [])
        if len(mine) >= self.per_minute:
            raise SegenError(
                "visitor_per_minute", count=self.per_minute, seconds=int(MINUTE - (now - mine[0])) + 1
            )
        mine.append(now)
