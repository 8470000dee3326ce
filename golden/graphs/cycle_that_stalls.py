"""A loop in which every message begets two, over edges that block: it fills up and stalls.

Each node waits for the other one to read, and nothing can become ready any more. The scheduler does not
hang: it sees that, shuts down, and says what was left where.
"""

from __future__ import annotations

from nandtrace.graph import InputPort, Message, Node, OutputPort, Scheduler

CAPACITY = 12


class Echo(Node):
    """Answers every call twice."""

    inputs = (InputPort("calls", int),)
    outputs = (OutputPort("calls", int),)

    def on_message(self, port: str, message: Message) -> None:
        for _ in range(2):
            self.emit("calls", message.payload + 1)


class Caller(Echo):
    """Calls first."""

    def on_start(self) -> None:
        self.emit("calls", 0)


def build() -> Scheduler:
    scheduler = Scheduler()
    scheduler.register(Caller("caller")).register(Echo("echo"))
    scheduler.connect("caller:calls", "echo:calls", capacity=CAPACITY)
    scheduler.connect("echo:calls", "caller:calls", capacity=CAPACITY)
    return scheduler
