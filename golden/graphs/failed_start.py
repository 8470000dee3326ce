"""Two nodes can't start; the rest of the graph runs.

The database is not there: its inputs are reported, whoever feeds it over an edge that blocks stays blocked,
and what is on its edges at the end is left over. The microphone has no input at all. Thermometer and
display do not mind.
"""

from __future__ import annotations

from nandtrace.graph import InputPort, Message, Node, OutputPort, PutResult, Scheduler

READINGS = 40


class Sensor(Node):
    """Sends a reading a tick."""

    outputs = (OutputPort("readings", int),)
    desired_tick_interval_ms = 0.01

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.readings = 0
        self.refused = 0

    def on_tick(self) -> None:
        self.readings += 1
        if self.emit("readings", self.readings) is PutResult.DROPPED:
            self.refused += 1
        if self.readings == READINGS:
            self.end_ticks()


class Microphone(Sensor):
    """Is not plugged in."""

    def on_start(self) -> None:
        raise OSError("no microphone")


class Display(Node):
    """Shows the newest reading."""

    inputs = (InputPort("readings", int),)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.shown = 0

    def on_message(self, port: str, message: Message) -> None:
        self.shown = message.payload


class Database(Node):
    """Keeps readings of two sensors, if there is a server."""

    inputs = (InputPort("temperature", int), InputPort("pressure", int))

    def on_start(self) -> None:
        raise ConnectionError("no server")


def build() -> Scheduler:
    scheduler = Scheduler()
    for node in (
        Sensor("thermometer"),
        Sensor("barometer"),
        Microphone("microphone"),
        Database("database"),
        Display("display"),
    ):
        scheduler.register(node)
    scheduler.connect("thermometer:readings", "display:readings", capacity=4)
    scheduler.connect("thermometer:readings", "database:temperature", capacity=4, policy="drop")
    scheduler.connect("barometer:readings", "database:pressure", capacity=4, policy="block")
    scheduler.connect("microphone:readings", "display:readings", capacity=4)
    return scheduler
