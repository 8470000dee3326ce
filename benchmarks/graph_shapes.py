"""Graphs to measure: each hands messages on through bounded edges as fast as its nodes get turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from nandtrace.graph import (
    InputPort,
    Message,
    Node,
    OutputPort,
    PutResult,
    RunReport,
    Scheduler,
    VirtualClock,
)
from nandtrace.vocab.graph import Band

CAPACITY = 64
SOURCES_A_BAND = 3
ALWAYS_DUE_MS = 0.001
"""A tick interval as short as a turn: such a source has a turn whenever it is not blocked."""

TICK_MS = 1.0


class Source(Node):
    """Counts down, as far as the edge lets it go on."""

    outputs = (OutputPort("out", int),)
    desired_tick_interval_ms = ALWAYS_DUE_MS

    def __init__(self, name: str, messages: int) -> None:
        super().__init__(name)
        self.left = messages

    def on_tick(self) -> None:
        while self.left:
            self.left -= 1
            if self.emit("out", self.left) is PutResult.BLOCKED:
                return
        self.end_ticks()


class Relay(Node):
    """Hands every payload on."""

    inputs = (InputPort("in", int),)
    outputs = (OutputPort("out", int),)

    def on_message(self, _port: str, message: Message) -> None:
        self.emit("out", message.payload)


class Sink(Node):
    """Counts what comes."""

    inputs = (InputPort("in", int),)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.received = 0

    def on_message(self, _port: str, _message: Message) -> None:
        self.received += 1


class Ticker(Node):
    """Does nothing so often."""

    desired_tick_interval_ms = TICK_MS

    def __init__(self, name: str, ticks: int) -> None:
        super().__init__(name)
        self.left = ticks

    def on_tick(self) -> None:
        self.left -= 1
        if not self.left:
            self.end_ticks()


def chain(messages: int, relays: int) -> Scheduler:
    """A source, so many relays and a sink in a row."""
    scheduler = Scheduler(clock=VirtualClock())
    names = ["source", *(f"relay{number}" for number in range(relays)), "sink"]
    scheduler.register(Source(names[0], messages))
    for name in names[1:-1]:
        scheduler.register(Relay(name))
    scheduler.register(Sink(names[-1]))
    for source, target in pairwise(names):
        scheduler.connect(f"{source}:out", f"{target}:in", capacity=CAPACITY)
    return scheduler


def overload(messages: int) -> Scheduler:
    """A sink in each band, with several sources in the same one that always have more than it can take."""
    scheduler = Scheduler(clock=VirtualClock())
    for band in sorted(Band):
        sink = f"{band.name.lower()}_sink"
        scheduler.register(Sink(sink))
        for number in range(SOURCES_A_BAND):
            source = Source(f"{band.name.lower()}_source{number}", messages)
            source.priority_override = band
            scheduler.register(source)
            scheduler.connect(f"{source.name}:out", f"{sink}:in", capacity=CAPACITY, priority=band)
    return scheduler


def tickers(nodes: int, ticks: int) -> Scheduler:
    """Nodes that tick, all at the same times."""
    scheduler = Scheduler(clock=VirtualClock())
    for number in range(nodes):
        scheduler.register(Ticker(f"ticker{number}", ticks))
    return scheduler


@dataclass(frozen=True, slots=True)
class Shape:
    """A graph to be built anew for each repeat, and what its run comes to."""

    build: Callable[[], Scheduler]
    deliveries: int
    ticks: int = 0
    """Where the ticks are what is measured; else there are as many as there happen to be."""

    def check(self, report: RunReport) -> None:
        """Raises RuntimeError where a run did not do all of it."""
        is_whole = report.deliveries == self.deliveries and report.ticks >= self.ticks
        if not is_whole or report.leftovers or report.errors:
            raise RuntimeError(f"the graph did not do its work: {report}")


def hand_over_shape(messages: int) -> Shape:
    """Source, relay, sink."""
    return Shape(lambda: chain(messages, 1), 2 * messages)


def chain_shape(messages: int, relays: int) -> Shape:
    """A long row of relays."""
    return Shape(lambda: chain(messages, relays), (relays + 1) * messages)


def overload_shape(messages: int) -> Shape:
    """Three bands; so many messages of each source."""
    return Shape(lambda: overload(messages), len(Band) * SOURCES_A_BAND * messages)


def tickers_shape(nodes: int, ticks: int) -> Shape:
    """Ticks alone."""
    return Shape(lambda: tickers(nodes, ticks), 0, nodes * ticks)
