"""A trace of several runs: it has a snapshot every so many events, and is judged from one to the next.

The boundaries find the graph in the middle of its work: a source blocked with messages pending, a message
held for its next attempt, a tick that is due.
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

FRAMES = 120
SEND_NS = 4_000


class Camera(Node):
    """Takes six frames a tick."""

    outputs = (OutputPort("frames", int),)
    desired_tick_interval_ms = 0.02

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.frames = 0

    def on_tick(self) -> None:
        for _ in range(6):
            self.emit("frames", self.frames)
            self.frames += 1
        if self.frames == FRAMES:
            self.end_ticks()


class Radio(Node):
    """Sends frames: of four, two need another attempt, and one is given up after the third."""

    inputs = (InputPort("frames", int),)
    on_error = "retry"

    def __init__(self, name: str, spend_ns: Callable[[int], None]) -> None:
        super().__init__(name)
        self.spend_ns = spend_ns
        self.attempts = 0

    def on_message(self, port: str, message: Message) -> None:
        self.spend_ns(SEND_NS)
        self.attempts += 1
        if self.attempts < 1 + message.payload % 4:
            raise TimeoutError(f"frame {message.payload} was not acknowledged")
        self.attempts = 0


class Heartbeat(Node):
    """Blinks."""

    outputs = (OutputPort("beats", int),)
    desired_tick_interval_ms = 0.05

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.beats = 0

    def on_tick(self) -> None:
        self.beats += 1
        self.emit("beats", self.beats)
        if self.beats == 20:
            self.end_ticks()


class Lamp(Node):
    """Is on or off."""

    inputs = (InputPort("beats", int),)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.is_on = False

    def on_message(self, port: str, message: Message) -> None:
        self.is_on = not self.is_on


def build() -> Scheduler:
    clock = VirtualClock()
    scheduler = Scheduler(SchedulerConfig(max_batch_per_node=4), clock=clock)
    for node in (
        Camera("camera"),
        Radio("radio", spend_ns=clock.advance),
        Heartbeat("heartbeat"),
        Lamp("lamp"),
    ):
        scheduler.register(node)
    scheduler.connect("camera:frames", "radio:frames", capacity=4)
    scheduler.connect("heartbeat:beats", "lamp:beats", capacity=1, policy="latest", priority="high")
    return scheduler
