"""A shutdown whose deadline passes before the edges are empty.

What is left is itemised: a message held for another attempt, messages on edges, and messages that their
producer could not yet send.
"""

from __future__ import annotations

from collections.abc import Callable

from nandtrace.graph import (
    InputPort,
    Message,
    Node,
    OutputPort,
    Scheduler,
    SchedulerConfig,
    VirtualClock,
)

WRITE_NS = 15_000


class Source(Node):
    """Makes eight records a tick."""

    outputs = (OutputPort("records", int),)
    desired_tick_interval_ms = 0.05

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.records = 0

    def on_tick(self) -> None:
        for _ in range(8):
            self.emit("records", self.records)
            self.records += 1


class Disk(Node):
    """Writes records, slowly."""

    inputs = (InputPort("records", int),)

    def __init__(self, name: str, spend_ns: Callable[[int], None]) -> None:
        super().__init__(name)
        self.spend_ns = spend_ns

    def on_message(self, port: str, message: Message) -> None:
        self.spend_ns(WRITE_NS)


class Uplink(Disk):
    """Sends records, until it has lost the connection for good."""

    on_error = "retry"
    max_attempts = 100

    def on_message(self, port: str, message: Message) -> None:
        self.spend_ns(WRITE_NS)
        if message.payload >= 20:
            raise ConnectionError("no answer")


class Clerk(Node):
    """Goes home at its third tick."""

    desired_tick_interval_ms = 0.2

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.ticks_seen = 0

    def on_tick(self) -> None:
        self.ticks_seen += 1
        if self.ticks_seen == 3:
            self.scheduler.shutdown()


def build() -> Scheduler:
    clock = VirtualClock()
    config = SchedulerConfig(max_batch_per_node=2, shutdown_timeout_s=0.0002)
    scheduler = Scheduler(config, clock=clock)
    scheduler.register(Clerk("clerk"))
    for sink in (Disk("disk", clock.advance), Uplink("uplink", clock.advance)):
        source = Source(f"{sink.name}-source")
        scheduler.register(source).register(sink)
        scheduler.connect(f"{source.name}:records", f"{sink.name}:records", capacity=8)
    return scheduler
