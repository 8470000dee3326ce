"""The wish that a campaign ends before its time, from a signal or from a program."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_URGENT = 2


class StopRequest:
    """Asked once, no cell begins any more; asked again, those that run are ended at once.

    Listeners are called where it is asked, which may be a signal handler.
    """

    def __init__(self) -> None:
        self._requests = 0
        self._listeners: list[Callable[[], None]] = []

    def request(self) -> None:
        """Ask for the end, or for a faster one."""
        self._requests += 1
        for listener in tuple(self._listeners):
            listener()

    @property
    def is_requested(self) -> bool:
        return self._requests > 0

    @property
    def is_urgent(self) -> bool:
        return self._requests >= _URGENT

    def add_listener(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Have it called at each request from now on; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)


@contextlib.contextmanager
def stopped_by_signals(stop: StopRequest) -> Iterator[None]:
    """In the block an interrupt, or the wish that the process ends, asks for a stop.

    Only the main thread gets signals; elsewhere nothing changes. A signal that the process was begun to
    ignore, as a shell has it with the interrupt of what runs in the background, stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    heard = [number for number in _SIGNALS if before[number] is not signal.SIG_IGN]
    for number in heard:
        signal.signal(number, lambda *_: stop.request())
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])
