"""Exceptions in callbacks, and what becomes of the input: each node of a fan-out fails in its own way.

*skip* gives the message up. *retry* delivers it again, ahead of what follows, up to three times: that helps
the node with a loose contact, and not the one that can't read a certain message at all.
"""

from __future__ import annotations

from nandtrace.graph import InputPort, Message, Node, OutputPort, Scheduler

LINES = 24


class Reader(Node):
    """Reads two lines a tick."""

    outputs = (OutputPort("lines", int),)
    desired_tick_interval_ms = 0.02

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.read = 0

    def on_tick(self) -> None:
        for _ in range(2):
            self.emit("lines", self.read)
            self.read += 1
        if self.read == LINES:
            self.end_ticks()


class Parser(Node):
    """Skips every fifth line, which it can't parse."""

    inputs = (InputPort("lines", int),)

    def on_message(self, port: str, message: Message) -> None:
        if message.payload % 5 == 4:
            raise ValueError(f"line {message.payload} can't be parsed")


class LooseContact(Node):
    """Fails every eighth line twice, and takes it at the third attempt."""

    inputs = (InputPort("lines", int),)
    on_error = "retry"
    max_attempts = 3

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.failures = 0

    def on_message(self, port: str, message: Message) -> None:
        if message.payload % 8 == 3 and self.failures < 2:
            self.failures += 1
            raise ConnectionError("no contact")
        self.failures = 0


class Printer(Node):
    """Tries line 10 again and again, and gives up on it."""

    inputs = (InputPort("lines", int),)
    on_error = "retry"
    max_attempts = 3

    def on_message(self, port: str, message: Message) -> None:
        if message.payload == 10:
            raise OSError("paper jam")


class Counter(Node):
    """Counts lines; every third of its ticks fails, and so does its end."""

    inputs = (InputPort("lines", int),)
    desired_tick_interval_ms = 0.03

    def __init__(self, name: str, on_error: str) -> None:
        super().__init__(name)
        self.on_error = on_error
        self.ticks_seen = 0
        self.lines = 0

    def on_tick(self) -> None:
        self.ticks_seen += 1
        if self.ticks_seen == 9:
            self.end_ticks()
        if self.ticks_seen % 3 == 0:
            raise RuntimeError(f"tick {self.ticks_seen}")

    def on_message(self, port: str, message: Message) -> None:
        self.lines += 1

    def on_stop(self) -> None:
        raise RuntimeError(f"{self.lines} lines, and nobody to tell")


def build() -> Scheduler:
    scheduler = Scheduler()
    scheduler.register(Reader("reader"))
    for node in (
        Parser("parser"),
        LooseContact("loose-contact"),
        Printer("printer"),
        Counter("skipping-counter", on_error="skip"),
        Counter("retrying-counter", on_error="retry"),
    ):
        scheduler.register(node)
        scheduler.connect("reader:lines", f"{node.name}:lines", capacity=4)
    return scheduler
