"""Three production lines, each a subgraph with a subgraph in it, feed one packer; what it packs goes to two.

Edges into one port are served in turn, whoever sends most. A node's band comes from its inputs, unless it
has a `priority_override`.
"""

from __future__ import annotations

from nandtrace.graph import (
    InputPort,
    Message,
    Node,
    OutputPort,
    Scheduler,
    SchedulerConfig,
    Subgraph,
)

RATES = {"red": 6, "green": 3, "blue": 1}
"""What each line makes in a tick."""

TICKS = 12


class Machine(Node):
    """Makes a number of pieces a tick."""

    outputs = (OutputPort("pieces", str),)
    desired_tick_interval_ms = 0.1

    def __init__(self, name: str, color: str) -> None:
        super().__init__(name)
        self.color = color
        self.ticks_seen = 0

    def on_tick(self) -> None:
        for _ in range(RATES[self.color]):
            self.emit("pieces", self.color)
        self.ticks_seen += 1
        if self.ticks_seen == TICKS:
            self.end_ticks()


class Finish(Node):
    """One step of finishing: says what it did, and passes the piece on."""

    inputs = (InputPort("in", str),)
    outputs = (OutputPort("out", str),)

    def on_message(self, port: str, message: Message) -> None:
        self.emit("out", f"{self.name} {message.payload}")


class Packer(Node):
    """Packs pieces, three to a box."""

    inputs = (InputPort("pieces", str),)
    outputs = (OutputPort("boxes", tuple),)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.pieces: list[str] = []

    def on_message(self, port: str, message: Message) -> None:
        self.pieces.append(message.payload)
        if len(self.pieces) == 3:
            self.emit("boxes", tuple(self.pieces))
            self.pieces.clear()


class Ledger(Node):
    """Counts boxes."""

    inputs = (InputPort("boxes", tuple),)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.boxes = 0

    def on_message(self, port: str, message: Message) -> None:
        self.boxes += 1


class Archive(Ledger):
    """Has time, whatever its edge says."""

    priority_override = "normal"


def finishing() -> Subgraph:
    """Two steps, seen from outside as one."""
    part = Subgraph("finishing")
    part.add(Finish("ground")).add(Finish("polished"))
    part.connect("ground:out", "polished:in", capacity=8)
    part.expose_input("raw", "ground:in")
    part.expose_output("done", "polished:out")
    return part


def line(color: str) -> Subgraph:
    """A machine and its finishing."""
    part = Subgraph(color)
    part.add(Machine("machine", color)).add(finishing())
    part.connect("machine:pieces", "finishing:raw", capacity=8)
    part.expose_output("pieces", "finishing:done")
    return part


def build() -> Scheduler:
    scheduler = Scheduler(SchedulerConfig(max_batch_per_node=6))
    for color in RATES:
        scheduler.register(line(color))
    scheduler.register(Packer("packer")).register(Ledger("ledger")).register(Archive("archive"))
    for color in RATES:
        scheduler.connect(f"{color}:pieces", "packer:pieces", capacity=8)
    scheduler.connect("packer:boxes", "ledger:boxes", capacity=4, priority="high")
    scheduler.connect("packer:boxes", "archive:boxes", capacity=4, priority="high")
    return scheduler
