"""An operator changes edges while messages run over them.

Shrinking an edge evicts nothing: it is full until it has been read far enough. Growing one lets in at once
what is pending for it. A new priority holds from the next turn on.
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

BLOCKING = "truck-packer:boxes->truck:boxes"
LATEST = "scale-packer:boxes->scale:boxes"
LOAD_NS = 10_000


class Packer(Node):
    """Packs ten boxes a tick."""

    outputs = (OutputPort("boxes", int),)
    desired_tick_interval_ms = 0.05

    def __init__(self, name: str, boxes: int) -> None:
        super().__init__(name)
        self.boxes = boxes
        self.packed = 0

    def on_tick(self) -> None:
        for _ in range(10):
            self.emit("boxes", self.packed)
            self.packed += 1
        if self.packed == self.boxes:
            self.end_ticks()


class Loader(Node):
    """Loads one box after another."""

    inputs = (InputPort("boxes", int),)

    def __init__(self, name: str, spend_ns: Callable[[int], None]) -> None:
        super().__init__(name)
        self.spend_ns = spend_ns

    def on_message(self, port: str, message: Message) -> None:
        self.spend_ns(LOAD_NS)


class Operator(Node):
    """Turns one knob a tick."""

    desired_tick_interval_ms = 0.15
    priority_override = "control"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.turned = 0

    def on_tick(self) -> None:
        knobs: tuple[Callable[[], None], ...] = (
            lambda: self.scheduler.set_capacity(BLOCKING, 2),
            lambda: self.scheduler.set_capacity(LATEST, 3),
            lambda: self.scheduler.set_capacity(BLOCKING, 6),
            lambda: self.scheduler.set_priority(LATEST, "high"),
            lambda: self.scheduler.set_capacity(LATEST, 5),
            lambda: self.scheduler.set_capacity(BLOCKING, 1),
            lambda: self.scheduler.set_capacity(BLOCKING, 16),
            lambda: self.scheduler.set_priority(LATEST, "normal"),
        )
        knobs[self.turned]()
        self.turned += 1
        if self.turned == len(knobs):
            self.end_ticks()


def build() -> Scheduler:
    clock = VirtualClock()
    scheduler = Scheduler(SchedulerConfig(max_batch_per_node=1), clock=clock)
    scheduler.register(Operator("operator"))
    for name, policy, boxes in (("truck", "block", 120), ("scale", "latest", 300)):
        packer = f"{name}-packer"
        scheduler.register(Packer(packer, boxes)).register(Loader(name, spend_ns=clock.advance))
        scheduler.connect(f"{packer}:boxes", f"{name}:boxes", capacity=8, policy=policy)
    return scheduler
