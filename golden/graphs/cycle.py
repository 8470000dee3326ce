"""A feedback loop: parts that fail the inspection go back to the lathe, over a bounded edge.

The way back has a higher priority than the way in, so that the loop empties before it takes more: it never
holds more parts than its edges can.
"""

from __future__ import annotations

from typing import NamedTuple

from nandtrace.graph import InputPort, Message, Node, OutputPort, Scheduler

PARTS = 30


class Part(NamedTuple):
    """A workpiece: its number, and how often it was turned."""

    number: int
    passes: int = 0


class Store(Node):
    """Hands out ten parts a tick."""

    outputs = (OutputPort("parts", Part),)
    desired_tick_interval_ms = 0.02

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.handed_out = 0

    def on_tick(self) -> None:
        for _ in range(10):
            self.emit("parts", Part(self.handed_out))
            self.handed_out += 1
        if self.handed_out == PARTS:
            self.end_ticks()


class Lathe(Node):
    """Turns new parts, and again those that failed."""

    inputs = (InputPort("new", Part), InputPort("again", Part))
    outputs = (OutputPort("turned", Part),)

    def on_message(self, port: str, message: Message) -> None:
        part = message.payload
        self.emit("turned", part._replace(passes=part.passes + 1))


class Inspector(Node):
    """Passes even parts after two turns, odd ones after three."""

    inputs = (InputPort("turned", Part),)
    outputs = (OutputPort("good", Part), OutputPort("bad", Part))

    def on_message(self, port: str, message: Message) -> None:
        part = message.payload
        self.emit("good" if part.passes == 2 + part.number % 2 else "bad", part)


class Shelf(Node):
    """Where good parts go."""

    inputs = (InputPort("good", Part),)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.parts: list[Part] = []

    def on_message(self, port: str, message: Message) -> None:
        self.parts.append(message.payload)


def build() -> Scheduler:
    scheduler = Scheduler()
    for node in (Shelf("shelf"), Inspector("inspector"), Lathe("lathe"), Store("store")):
        scheduler.register(node)
    scheduler.connect("store:parts", "lathe:new", capacity=4)
    scheduler.connect("lathe:turned", "inspector:turned", capacity=4)
    scheduler.connect("inspector:bad", "lathe:again", capacity=4, priority="high")
    scheduler.connect("inspector:good", "shelf:good", capacity=4)
    return scheduler
