"""A node that must not go on after an error: the graph shuts down, and drains what others can still take.

The press has already sent its warning when it fails. That arrives; the sheets that wait for the press do
not, and are left over.
"""

from __future__ import annotations

from nandtrace.graph import InputPort, Message, Node, OutputPort, Scheduler, SchedulerConfig

BAD_SHEET = 33


class Feeder(Node):
    """Feeds eight sheets a tick, for ever."""

    outputs = (OutputPort("sheets", int),)
    desired_tick_interval_ms = 0.01

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.sheets = 0

    def on_tick(self) -> None:
        for _ in range(8):
            self.emit("sheets", self.sheets)
            self.sheets += 1


class Press(Node):
    """Prints sheets, and stops everything at a bad one."""

    inputs = (InputPort("sheets", int),)
    outputs = (OutputPort("printed", int), OutputPort("warnings", str))
    on_error = "stop"

    def on_message(self, port: str, message: Message) -> None:
        if message.payload == BAD_SHEET:
            self.emit("warnings", "a sheet is torn")
            raise RuntimeError(f"sheet {message.payload} is torn")
        self.emit("printed", message.payload)


class Tray(Node):
    """Takes what comes."""

    inputs = (InputPort("in"),)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.received = 0

    def on_message(self, port: str, message: Message) -> None:
        self.received += 1


def build() -> Scheduler:
    scheduler = Scheduler(SchedulerConfig(max_batch_per_node=2))
    scheduler.register(Feeder("feeder")).register(Press("press"))
    scheduler.register(Tray("tray")).register(Tray("lamp"))
    scheduler.connect("feeder:sheets", "press:sheets", capacity=4)
    scheduler.connect("press:printed", "tray:in", capacity=6)
    scheduler.connect("press:warnings", "lamp:in", capacity=1, priority="high")
    return scheduler
