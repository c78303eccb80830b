"""Ctrl-C while a training runs."""

from __future__ import annotations

import signal
import threading


def requested() -> threading.Event:
    """An event that the first Ctrl-C sets, so that a step is never cut in two; the second Ctrl-C kills."""
    stop = threading.Event()
    previous = signal.getsignal(signal.SIGINT)

    def request(*_: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, previous)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, request)
    return stop
