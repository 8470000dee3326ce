"""A camera that takes pictures faster than they are developed, over an edge that blocks.

The camera yields while its edge is full: it has no turn, its ticks wait, and no picture is lost. Ticks that
passed meanwhile are left out, so that it slows down to the speed of the laboratory.
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

PICTURES = 96
DEVELOP_NS = 25_000


class Camera(Node):
    """Takes a series of eight pictures a tick. What its edge does not take yet is kept for it."""

    outputs = (OutputPort("pictures", int),)
    desired_tick_interval_ms = 0.02

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.taken = 0

    def on_tick(self) -> None:
        for _ in range(8):
            self.emit("pictures", self.taken)
            self.taken += 1
        if self.taken == PICTURES:
            self.end_ticks()


class Laboratory(Node):
    """Needs its time for every picture."""

    inputs = (InputPort("pictures", int),)

    def __init__(self, name: str, spend_ns: Callable[[int], None]) -> None:
        super().__init__(name)
        self.spend_ns = spend_ns

    def on_message(self, port: str, message: Message) -> None:
        self.spend_ns(DEVELOP_NS)


def build() -> Scheduler:
    clock = VirtualClock()
    scheduler = Scheduler(SchedulerConfig(max_batch_per_node=2), clock=clock)
    scheduler.register(Camera("camera"))
    scheduler.register(Laboratory("laboratory", spend_ns=clock.advance))
    scheduler.connect("camera:pictures", "laboratory:pictures", capacity=4, policy="block")
    return scheduler
