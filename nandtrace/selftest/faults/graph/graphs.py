"""Graphs of two or three nodes, in which faults show within a few events.

Nodes have inputs `in` and `stop` and outputs `out` and `side`. Each graph is built for a class of scheduler.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from nandtrace.graph import (
    InputPort,
    Message,
    Node,
    OutputPort,
    Scheduler,
    SchedulerConfig,
    VirtualClock,
    control,
)

Build = Callable[[type[Scheduler]], Scheduler]

Deed = Callable[["Actor"], object]


class Actor(Node):
    """Does what it is told to when it is started, and with each message."""

    inputs = (InputPort("in", required=False), InputPort("stop", required=False))
    outputs = (OutputPort("out"), OutputPort("side"))

    def __init__(
        self,
        name: str,
        start: Deed | None = None,
        message: Callable[[Actor, int], object] | None = None,
    ) -> None:
        super().__init__(name)
        self._start, self._message = start, message

    def on_start(self) -> None:
        if self._start is not None:
            self._start(self)

    def on_message(self, port: str, message: Message) -> None:  # noqa: ARG002 - all ports are alike
        if self._message is not None:
            self._message(self, message.payload)


class Ticker(Actor):
    """Ticks too, so often; does what it is told to with each tick."""

    def __init__(
        self,
        name: str,
        every_ms: float,
        tick: Deed | None = None,
        *,
        start: Deed | None = None,
        band: str | None = None,
    ) -> None:
        super().__init__(name, start)
        self.desired_tick_interval_ms = every_ms
        self.priority_override = band
        self._tick = tick

    def on_tick(self) -> None:
        if self._tick is not None:
            self._tick(self)


def say(letters: str, port: str = "out") -> Deed:
    """Emits a message a letter: `c` is a CONTROL message, a digit a payload."""

    def deed(node: Actor) -> None:
        for letter in letters:
            node.emit(port, control(0) if letter == "c" else int(letter))

    return deed


def in_turn(*deeds: Deed) -> Deed:
    """One deed after another."""

    def deed(node: Actor) -> None:
        for item in deeds:
            item(node)

    return deed


def end_ticks(node: Actor) -> None:
    """A deed: no more ticks."""
    node.end_ticks()


def fail(*_: object) -> None:
    """A deed: raise."""
    raise ValueError("it does not work")


def fail_once() -> Callable[[Actor, int], None]:
    """What a node does that raises at the first try of each message."""
    tried: set[int] = set()

    def message(_: Actor, payload: int) -> None:
        if payload not in tried:
            tried.add(payload)
            fail()

    return message


def pass_on(node: Actor, payload: int) -> None:
    """With a message: emit as many as its payload says."""
    say("0" * payload)(node)


def _scheduler(
    scheduler_class: type[Scheduler], *nodes: Node, batch: int = 4, timeout_ns: int = 50_000
) -> Scheduler:
    config = SchedulerConfig(max_batch_per_node=batch, shutdown_timeout_s=timeout_ns / 1e9)
    scheduler = scheduler_class(config, clock=VirtualClock())
    for node in nodes:
        scheduler.register(node)
    return scheduler


# ---- graphs


def _line(
    scheduler_class: type[Scheduler],
    deed: Deed,
    *,
    capacity: int,
    policy: str,
    batch: int,
    timeout_ns: int,
    is_reversed: bool,
) -> Scheduler:
    nodes = [Actor("first", deed), Actor("last")]
    nodes = nodes[::-1] if is_reversed else nodes
    scheduler = _scheduler(scheduler_class, *nodes, batch=batch, timeout_ns=timeout_ns)
    scheduler.connect("first:out", "last:in", capacity=capacity, policy=policy)
    return scheduler


def line(
    letters: str | Deed,
    *,
    capacity: int = 8,
    policy: str = "block",
    batch: int = 4,
    timeout_ns: int = 50_000,
    is_reversed: bool = False,
) -> Build:
    """A node that emits these letters as it starts, or does another deed, and one that takes them.

    `is_reversed`: they are registered the other way round.
    """
    return partial(
        _line,
        deed=say(letters) if isinstance(letters, str) else letters,
        capacity=capacity,
        policy=policy,
        batch=batch,
        timeout_ns=timeout_ns,
        is_reversed=is_reversed,
    )


def resized(capacity: int) -> Deed:
    """A deed of the first of a line: the edge has another capacity."""
    return lambda node: node.scheduler.set_capacity("first:out->last:in", capacity)


def reranked(priority: str) -> Deed:
    """A deed of the first of a line: the edge has another priority."""
    return lambda node: node.scheduler.set_priority("first:out->last:in", priority)


def _ticking(
    scheduler_class: type[Scheduler], nodes: tuple[tuple[float, str | None], ...], deed: Deed | None
) -> Scheduler:
    return _scheduler(
        scheduler_class,
        *(
            Ticker(f"n{number}", every_ms, deed, band=band)
            for number, (every_ms, band) in enumerate(nodes)
        ),
        timeout_ns=2_000,
    )


def ticking(*nodes: tuple[float, str | None], deed: Deed | None = None) -> Build:
    """Nodes that only tick: each so often in ms, and in its band. A turn takes 1 µs."""
    return partial(_ticking, nodes=nodes, deed=deed)


def _failing(
    scheduler_class: type[Scheduler],
    letters: str,
    policy: str,
    message: Callable[[], Callable[[Actor, int], None]],
) -> Scheduler:
    last = Actor("last", message=message())
    last.on_error, last.max_attempts = policy, 3
    first = Actor("first", say(letters))
    scheduler = _scheduler(scheduler_class, first, last, timeout_ns=4_000)
    scheduler.connect("first:out", "last:in", capacity=8)
    return scheduler


def failing(letters: str, *, is_once: bool = False, policy: str = "retry") -> Build:
    """A line whose last node raises at every message, or at the first try of each."""
    message = fail_once if is_once else lambda: fail
    return partial(_failing, letters=letters, policy=policy, message=message)


def broken(scheduler_class: type[Scheduler]) -> Scheduler:
    """A line whose last node never starts."""
    scheduler = _scheduler(scheduler_class, Actor("first", say("1")), Actor("last", fail))
    scheduler.connect("first:out", "last:in", capacity=8)
    return scheduler


def _reading(scheduler_class: type[Scheduler], letters: str, side: str, batch: int) -> Scheduler:
    deed = in_turn(say(letters), say(letters, "side"))
    nodes = Actor("first", deed), Actor("last")
    scheduler = _scheduler(scheduler_class, *nodes, batch=batch)
    scheduler.connect("first:out", "last:in", capacity=8)
    scheduler.connect("first:side", "last:in", capacity=8, priority=side)
    return scheduler


def reading(letters: str, *, side: str, batch: int = 4) -> Build:
    """Two edges from one node to another, with these letters on each; the second is of the band `side`."""
    return partial(_reading, letters=letters, side=side, batch=batch)


def late(scheduler_class: type[Scheduler]) -> Scheduler:
    """A node that has messages to take and a tick to do all the time."""
    scheduler = _scheduler(
        scheduler_class, Actor("first", say("1111")), Ticker("last", 0.001), batch=1
    )
    scheduler.connect("first:out", "last:in", capacity=8)
    return scheduler


def relayed(scheduler_class: type[Scheduler]) -> Scheduler:
    """A node that is blocked while it has more to take."""
    nodes = Actor("first", say("31")), Actor("relay", message=pass_on), Actor("last")
    scheduler = _scheduler(scheduler_class, *nodes)
    scheduler.connect("first:out", "relay:in", capacity=8)
    scheduler.connect("relay:out", "last:in", capacity=1)
    return scheduler


def told(scheduler_class: type[Scheduler]) -> Scheduler:
    """A node that is blocked when its tick falls due, and is told something then."""
    blocked = Ticker("blocked", 0.001, end_ticks, start=say("11"))
    nodes = Ticker("first", 0.001, in_turn(say("1"), end_ticks)), blocked, Actor("last", fail)
    scheduler = _scheduler(scheduler_class, *nodes)
    scheduler.connect("first:out", "blocked:stop", capacity=8, priority="control")
    scheduler.connect("blocked:out", "last:in", capacity=1)
    return scheduler


def opened(scheduler_class: type[Scheduler]) -> Scheduler:
    """A node into which a program may put messages."""
    scheduler = _scheduler(scheduler_class, Actor("last"))
    scheduler.open_input("last:in", capacity=4)
    return scheduler
