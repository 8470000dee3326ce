"""Clocks of several intervals beside a node that takes its time for every message.

Late ticks are taken one at a time: those that passed are counted and left out, and the next one is back on
its grid. A tick goes before the messages of its turn, so that no amount of them can starve it.
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

MIX_NS = 9_000


class Hopper(Node):
    """Pours twelve grains a tick; what finds no room falls beside."""

    outputs = (OutputPort("grains", int),)
    desired_tick_interval_ms = 0.05

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.grains = 0

    def on_tick(self) -> None:
        for _ in range(12):
            self.grains += 1
            self.emit("grains", self.grains)


class Mixer(Node):
    """Mixes grains in its messages, and says at its ticks how many they were."""

    inputs = (InputPort("grains", int),)
    outputs = (OutputPort("mixed", int),)
    desired_tick_interval_ms = 0.08

    def __init__(self, name: str, spend_ns: Callable[[int], None]) -> None:
        super().__init__(name)
        self.spend_ns = spend_ns
        self.mixed = 0

    def on_message(self, port: str, message: Message) -> None:
        self.spend_ns(MIX_NS)
        self.mixed += 1

    def on_tick(self) -> None:
        self.emit("mixed", self.mixed)


class Metronome(Node):
    """Counts its ticks, up to a number of them; without one for ever."""

    def __init__(self, name: str, interval_ms: float | None = None, beats: int = 0) -> None:
        super().__init__(name)
        self.desired_tick_interval_ms = interval_ms
        self.beats = beats
        self.ticks_seen = 0

    def on_tick(self) -> None:
        self.ticks_seen += 1
        if self.ticks_seen == self.beats:
            self.end_ticks()


class Panel(Node):
    """Shows how much was mixed."""

    inputs = (InputPort("mixed", int),)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.shown = 0

    def on_message(self, port: str, message: Message) -> None:
        self.shown = message.payload


def build() -> Scheduler:
    clock = VirtualClock()
    config = SchedulerConfig(tick_interval_ms=0.25, max_batch_per_node=4, shutdown_timeout_s=0.001)
    scheduler = Scheduler(config, clock=clock)
    for node in (
        Hopper("hopper"),
        Mixer("mixer", spend_ns=clock.advance),
        Panel("panel"),
        Metronome("presto", interval_ms=0.02),
        Metronome("andante", interval_ms=0.07, beats=6),
        Metronome("default"),
    ):
        scheduler.register(node)
    scheduler.connect("hopper:grains", "mixer:grains", capacity=12, policy="drop")
    scheduler.connect("mixer:mixed", "panel:mixed", capacity=1, policy="coalesce")
    return scheduler
