"""Small nodes, and a log that keeps what the scheduler says as lines, for tests of graphs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from nandtrace.graph import (
    InputPort,
    Message,
    Node,
    NullLog,
    OutputPort,
    PutResult,
    RunReport,
    Scheduler,
    SchedulerConfig,
    VirtualClock,
)
from nandtrace.graph.log import ROWS
from nandtrace.vocab import NULL

MS = 1_000_000
TURN_NS = 1_000
"""What a turn costs by the virtual clock."""

MINUTE_MS = 60_000.0


class ListLog(NullLog):
    """Keeps every event between the brackets of runs: its time, its kind, its line."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[tuple[int, str, str]] = []
        for kind, name in ROWS.items():
            setattr(self, name, partial(self._keep, kind))

    def _keep(self, kind: str, time_ns: int, *values: object) -> None:
        words = ["-" if value == NULL else str(value) for value in values]
        self.entries.append((time_ns, kind, " ".join([kind, *words])))

    def lines(self, *kinds: str) -> list[str]:
        """Events of these kinds, or all: kind and columns, in order."""
        return [line for _, kind, line in self.entries if not kinds or kind in kinds]

    def timed(self, *kinds: str) -> list[tuple[int, str]]:
        """The same, each with its time in ns."""
        return [(at, line) for at, kind, line in self.entries if not kinds or kind in kinds]


class Actor(Node):
    """Does in its callbacks what it is told to. Keeps the payloads that it got, and what its puts gave.

    Ports are named in one string, parted by spaces; inputs need no edge.
    """

    def __init__(
        self,
        name: str,
        inputs: str = "in",
        outputs: str = "out",
        *,
        start: Callable[[Any], object] | None = None,
        message: Callable[[Any, str, Message], object] | None = None,
        stop: Callable[[Any], object] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(name)
        self.inputs = tuple(InputPort(port, required=False) for port in inputs.split())
        self.outputs = tuple(OutputPort(port) for port in outputs.split())
        self._start, self._message, self._stop = start, message, stop
        self.got: list[Any] = []
        self.results: list[PutResult] = []
        for setting, value in settings.items():
            assert hasattr(type(self), setting), setting
            setattr(self, setting, value)

    def say(self, *payloads: Any, port: str = "out") -> None:
        """Emit payloads, one after another."""
        for payload in payloads:
            self.results.append(self.emit(port, payload))

    def on_start(self) -> None:
        if self._start is not None:
            self._start(self)

    def on_message(self, port: str, message: Message) -> None:
        self.got.append(message.payload)
        if self._message is not None:
            self._message(self, port, message)

    def on_stop(self) -> None:
        if self._stop is not None:
            self._stop(self)


class Ticker(Actor):
    """An actor that ticks, every ms unless it is told otherwise. Counts its ticks."""

    desired_tick_interval_ms = 1

    def __init__(
        self, name: str, *ports: str, tick: Callable[[Any], object] | None = None, **settings: Any
    ) -> None:
        super().__init__(name, *ports, **settings)
        self._tick = tick
        self.ticked = 0

    def on_tick(self) -> None:
        self.ticked += 1
        if self._tick is not None:
            self._tick(self)


def sayer(name: str, *payloads: Any, inputs: str = "", **settings: Any) -> Actor:
    """A node that emits payloads as it starts; without inputs unless some are named."""
    return Actor(name, inputs, "out", start=lambda node: node.say(*payloads), **settings)


def sink(name: str, **settings: Any) -> Actor:
    """A node that takes messages and says nothing."""
    return Actor(name, "in", "", **settings)


def echo(node: Actor, port: str, message: Message) -> None:
    """A callback: emit what came in."""
    node.say(message.payload)


def fails(*_: object) -> None:
    """A callback that raises."""
    raise RuntimeError("no luck")


def graph(*nodes: Node, **config: Any) -> tuple[Scheduler, ListLog]:
    """A scheduler of these nodes by a virtual clock, and its log."""
    log = ListLog()
    scheduler = Scheduler(SchedulerConfig(**config), clock=VirtualClock(), log=log)
    for node in nodes:
        scheduler.register(node)
    return scheduler, log


def drain(scheduler: Scheduler) -> RunReport:
    """Shut a graph down that a test stepped, and finish it."""
    scheduler.shutdown()
    while scheduler.advance(100) is not None:
        pass
    return scheduler.finish()


def advance(node: Node, ms: float) -> None:
    """Let a node's work take time."""
    clock = node.clock
    assert isinstance(clock, VirtualClock)
    clock.advance(int(ms * MS))
