"""Two pumps under heavy load, and a watchdog that stops both over control edges.

One pump sends all that it has over an edge that drops what is too much. The other one is blocked by a slow
reader at the moment of the stop: the control message reaches it all the same. A tick that is due goes before
all messages: a pump may send a last series in the very turn in which it is stopped.
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
    control,
)

STOP_AT_TICK = 3


class Pump(Node):
    """Sends twelve strokes a tick, until it is told to stop."""

    inputs = (InputPort("stop", str),)
    outputs = (OutputPort("strokes", int),)
    desired_tick_interval_ms = 0.05

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.strokes = 0

    def on_tick(self) -> None:
        for _ in range(12):
            self.strokes += 1
            self.emit("strokes", self.strokes)

    def on_message(self, port: str, message: Message) -> None:
        self.end_ticks()


class Watchdog(Node):
    """Lets the pumps run for a while, then stops them."""

    outputs = (OutputPort("stop", str),)
    desired_tick_interval_ms = 0.22

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.ticks_seen = 0

    def on_tick(self) -> None:
        self.ticks_seen += 1
        if self.ticks_seen == STOP_AT_TICK:
            self.emit("stop", control("enough"))
            self.end_ticks()


class Gauge(Node):
    """Reads strokes, each in its time."""

    inputs = (InputPort("strokes", int),)

    def __init__(self, name: str, read_ns: int, spend_ns: Callable[[int], None]) -> None:
        super().__init__(name)
        self.read_ns = read_ns
        self.spend_ns = spend_ns

    def on_message(self, port: str, message: Message) -> None:
        self.spend_ns(self.read_ns)


def build() -> Scheduler:
    clock = VirtualClock()
    scheduler = Scheduler(SchedulerConfig(max_batch_per_node=3), clock=clock)
    scheduler.register(Watchdog("watchdog"))
    for name, read_ns, policy in (("open", 1_000, "drop"), ("blocked", 10_000, "block")):
        pump, gauge = f"{name}-pump", f"{name}-gauge"
        scheduler.register(Pump(pump)).register(Gauge(gauge, read_ns, spend_ns=clock.advance))
        scheduler.connect(f"{pump}:strokes", f"{gauge}:strokes", capacity=8, policy=policy)
        scheduler.connect("watchdog:stop", f"{pump}:stop", capacity=1, priority="control")
    return scheduler
