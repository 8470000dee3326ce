"""Who is told what happens."""

from __future__ import annotations

from asyncio import CancelledError
from collections import deque
from collections.abc import Callable
from types import TracebackType

from nandtrace.workorder.events import SchedulerEvent

Listener = Callable[[SchedulerEvent], object]


class Listeners:
    """Called one after another, in the order of their subscription. One that raises harms nobody.

    `errors` counts what listeners raised, `last_error` keeps the last of it. What is told while the events
    are held, or by a listener, is delivered afterwards: who listens sees no half-made change.
    """

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._events: deque[SchedulerEvent] = deque()
        self._hold = _Hold(self)
        self._is_delivering = False
        self.errors = 0
        self.last_error: BaseException | None = None

    @property
    def are_there(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Add a listener; what is returned takes it away again."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def tell(self, event: SchedulerEvent) -> None:
        """Tell everybody, once nothing is held."""
        if self._listeners:
            self._events.append(event)
            if not self._hold.depth:
                self.deliver()

    def held(self) -> _Hold:
        """Hold events back while a change is made."""
        return self._hold

    def deliver(self) -> None:
        """Call the listeners with what was held back."""
        if self._is_delivering:
            return
        self._is_delivering = True
        try:
            while self._events:
                event = self._events.popleft()
                for listener in tuple(self._listeners):
                    self._call(listener, event)
        finally:
            self._is_delivering = False

    def _call(self, listener: Listener, event: SchedulerEvent) -> None:
        try:
            listener(event)
        except (Exception, CancelledError) as error:
            # Counted and kept: see the class.
            self.errors += 1
            self.last_error = error


class _Hold:
    """What `held` gives; nested ones count."""

    __slots__ = ("_listeners", "depth")

    def __init__(self, listeners: Listeners) -> None:
        self._listeners = listeners
        self.depth = 0

    def __enter__(self) -> None:
        self.depth += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.depth -= 1
        if not self.depth:
            self._listeners.deliver()
