"""Nodes: what a user writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from nandtrace.errors import GraphError
from nandtrace.graph.message import Message
from nandtrace.graph.ports import InputPort, OutputPort, check_name
from nandtrace.vocab.graph import Band, ErrorPolicy, PutResult

if TYPE_CHECKING:
    from nandtrace.graph.clock import Clock
    from nandtrace.graph.scheduler import Scheduler


class Node:
    """A node of a graph. Subclasses name their ports and override the callbacks that they need.

    A node ticks when its class overrides `on_tick`: every `desired_tick_interval_ms`, or as the scheduler's
    configuration says. `priority_override` fixes its band. `on_error` says what an exception in a callback
    means: *skip* (the input is given up), *retry* (up to `max_attempts` times), *stop* (the graph shuts
    down). All of them may be set by a subclass or by an instance, until the graph runs.
    """

    inputs: tuple[InputPort, ...] = ()
    outputs: tuple[OutputPort, ...] = ()
    desired_tick_interval_ms: float | None = None
    priority_override: Band | int | str | None = None
    on_error: ErrorPolicy | str = ErrorPolicy.SKIP
    max_attempts: int = 3

    def __init__(self, name: str) -> None:
        self.name = check_name(name, "node")
        self._scheduler: Scheduler | None = None
        self._emit: Callable[[str, Any], PutResult] = self._refuse
        self._end_ticks: Callable[[], None] = self._refuse

    # ---- callbacks

    def on_start(self) -> None:
        """Called once, before any message; may emit."""

    def on_message(self, port: str, message: Message) -> None:
        """Called for each message that came in at a port."""

    def on_tick(self) -> None:
        """Called at the node's interval."""

    def on_stop(self) -> None:
        """Called once, when no message will come any more; may not emit."""

    # ---- what a callback may do

    def emit(self, port: str, message: Any) -> PutResult:
        """Put a Message, or a payload that becomes a DATA message, on every edge of an output port.

        Returns what became of it, the worst where edges differ. BLOCKED is no failure: the message is kept
        and sent once its edge is read, and the node yields until then. Raises GraphError for an unknown
        port, a payload of the wrong type, or a graph that is not running.
        """
        return self._emit(port, message)

    def end_ticks(self) -> None:
        """No more ticks for this node."""
        self._end_ticks()

    @property
    def scheduler(self) -> Scheduler:
        """The scheduler that this node is registered with. Raises GraphError where there is none."""
        return self._refuse() if self._scheduler is None else self._scheduler

    @property
    def clock(self) -> Clock:
        """The clock that the graph runs by."""
        return self.scheduler.clock

    # ---- what the scheduler does

    def attach(
        self,
        scheduler: Scheduler,
        emit: Callable[[str, Any], PutResult],
        end_ticks: Callable[[], None],
    ) -> None:
        """Put the node into a graph that starts."""
        self._scheduler, self._emit, self._end_ticks = scheduler, emit, end_ticks

    def detach(self) -> None:
        """The graph is over for this node: it sends no more."""
        self._emit = self._end_ticks = self._refuse

    @property
    def is_attached(self) -> bool:
        """Whether the node is in a graph that runs."""
        return self._emit != self._refuse

    def _refuse(self, *_: object) -> NoReturn:
        raise GraphError(f"node {self.name}: it is in no graph that runs")
