"""A graph under load for as long as one likes: every policy, band and error policy, blocking, and changes.

Sensors send bursts, with a storm now and then that is more than the slow store can take, through a cleaner
that raises now and then and a worker that retries, inside a subgraph, to a slow store; alarms go past them as
control messages; an operator changes capacities and priorities and sends from outside; a pacer gets
acknowledgements back around a cycle; a display misses what it can't take; one node never starts.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

from benchmarks.peak_memory import peak_mib
from nandtrace.graph import (
    ErrorPolicy,
    GraphSummary,
    InputPort,
    Message,
    MessageType,
    Node,
    OutputPort,
    Policy,
    PutResult,
    Scheduler,
    SchedulerConfig,
    Subgraph,
    VirtualClock,
    control,
    record_graph,
)

CAPACITIES = (1, 2, 5, 16, 64)
BURST = 5
STORM = 5
"""Bursts are so many times larger in every fifth second: more than the store can take."""

STORE_NS = 300_000
"""A message's time in the store."""

MS = 1_000_000
SECOND = 1_000 * MS


class Sensor(Node):
    """Sends a burst at each tick, and counts what became of it. Acknowledgements are only taken."""

    inputs = (InputPort("ack", int, required=False),)
    outputs = (OutputPort("out", int),)

    def __init__(self, name: str, seed: int, interval_ms: float, results: Counter[PutResult]):
        super().__init__(name)
        self.random = _random(seed, name)
        self.desired_tick_interval_ms = interval_ms
        self.results = results

    def on_tick(self) -> None:
        is_storm = self.clock.now_ns() // SECOND % 5 == 4
        for _ in range(self.random.randrange(BURST) * (STORM if is_storm else 1)):
            payload = self.random.randrange(1_000)
            kind = MessageType.ERROR if payload < 5 else MessageType.DATA
            self.results[self.emit("out", Message(payload, kind))] += 1


class Alarm(Node):
    """Sends control messages to whoever must hear at once; from the start on."""

    outputs = (OutputPort("out", str),)
    desired_tick_interval_ms = 20.0

    def on_start(self) -> None:
        self.emit("out", control("begin"))

    def on_tick(self) -> None:
        self.emit("out", control("look"))


class Cleaner(Node):
    """Hands on what it can read; a few payloads are more than it can."""

    inputs = (InputPort("in", int),)
    outputs = (OutputPort("out", int), OutputPort("seen", int))

    def on_message(self, _port: str, message: Message) -> None:
        if message.payload % 331 == 330:
            raise ValueError(f"can't read {message.payload}")
        self.emit("out", message.payload)
        self.emit("seen", 1)


class Worker(Node):
    """Works on what comes, at a second or third attempt where need be, and acknowledges it."""

    inputs = (
        InputPort("in", int),
        InputPort("alarm", str),
        InputPort("extra", int, required=False),
    )
    outputs = (OutputPort("out", int), OutputPort("ack", int))
    on_error = ErrorPolicy.RETRY

    def __init__(self, name: str, seed: int) -> None:
        super().__init__(name)
        self.random = _random(seed, name)

    def on_message(self, port: str, message: Message) -> None:
        if port == "alarm":
            return
        self.emit("ack", message.payload)
        if message.payload % 97 == 0 and self.random.random() < 0.7:
            raise RuntimeError(f"{message.payload} needs another attempt")
        self.emit("out", message.payload)


class Store(Node):
    """Takes its time for each message."""

    inputs = (InputPort("in", int), InputPort("alarm", str))

    def on_message(self, _port: str, _message: Message) -> None:
        clock = self.clock
        assert isinstance(clock, VirtualClock)
        clock.advance(STORE_NS)


class Display(Node):
    """Shows what it gets; its tick fails from time to time."""

    inputs = (InputPort("in", int),)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.looks = 0

    def on_tick(self) -> None:
        self.looks += 1
        if self.looks % 50 == 0:
            raise OSError("the screen is off")


class Broken(Node):
    """Never starts."""

    inputs = (InputPort("in", int),)

    def on_start(self) -> None:
        raise ConnectionError("nobody is there")


class Operator(Node):
    """Turns a knob at each tick, and sends something from outside; ends the graph as the load says."""

    desired_tick_interval_ms = 100.0

    def __init__(self, name: str, load: Load) -> None:
        super().__init__(name)
        self.random = _random(load.seed, name)
        self.load = load
        self.edges: list[str] = []
        self.opened = ""

    def on_tick(self) -> None:
        draw, edge = self.random, self.random.choice(self.edges)
        if draw.random() < 0.7:
            self.scheduler.set_capacity(edge, draw.choice(CAPACITIES))
        else:
            self.scheduler.set_priority(edge, draw.randint(1, 3))
        self.scheduler.send(self.opened, draw.randrange(1_000))
        if self.clock.now_ns() >= self.load.seconds * SECOND:
            self.end()

    def end(self) -> None:
        """Fail for good, or ask; else the time that the graph was to run is over."""
        if self.load.end == "error":
            raise RuntimeError("that is enough")
        if self.load.end == "request":
            self.scheduler.shutdown()


class Meter(Node):
    """Reads the memory of this process after each quarter of the load but the last."""

    def __init__(self, name: str, quarter_s: float) -> None:
        super().__init__(name)
        self.desired_tick_interval_ms = quarter_s * 1_000
        self.peaks_mib: list[float] = []

    def on_tick(self) -> None:
        self.peaks_mib.append(peak_mib())
        if len(self.peaks_mib) == 3:
            self.end_ticks()


@dataclass(frozen=True)
class Load:
    """One load: its seed decides on capacities, policies, priorities and fairness."""

    seed: int
    seconds: float

    @property
    def end(self) -> str:
        return ("until", "request", "error")[self.seed % 3]


@dataclass(frozen=True)
class Loaded:
    """What became of it."""

    summary: GraphSummary
    results: Counter[PutResult]
    """Of what the sensors sent."""

    peaks_mib: list[float]
    """The process's peak memory after each quarter."""


def record_load(path: Path, load: Load) -> Loaded:
    """Record a load, with a snapshot every 100 000 events or so."""
    results: Counter[PutResult] = Counter()
    meter = Meter("meter", load.seconds / 4)
    scheduler = _build(load, results, meter)
    until_ms = load.seconds * 1_000 if load.end == "until" else None
    summary = record_graph(path, scheduler, until_ms=until_ms, compress=True)
    return Loaded(summary, results, [*meter.peaks_mib, peak_mib()])


def _build(load: Load, results: Counter[PutResult], meter: Meter) -> Scheduler:
    draw = _random(load.seed, "graph")
    config = SchedulerConfig(
        max_batch_per_node=draw.choice((1, 4, 8, 20)),
        fairness_ratio=draw.choice(({}, {"control": 3, "high": 3, "normal": 3})),
        tick_interval_ms=30.0,
    )
    scheduler = Scheduler(config, clock=VirtualClock())
    plant = Subgraph("plant")
    plant.add(Cleaner("cleaner")).add(Worker("worker", load.seed))
    plant.connect("cleaner:out", "worker:in", capacity=draw.choice(CAPACITIES))
    for port in ("cleaner:in", "worker:alarm", "worker:extra"):
        plant.expose_input(port.split(":")[1], port)
    for port in ("worker:out", "worker:ack", "cleaner:seen"):
        plant.expose_output(port.split(":")[1], port)
    operator = Operator("operator", load)
    operator.on_error = ErrorPolicy.STOP
    sensors = [
        Sensor(f"sensor{number}", load.seed, interval_ms, results)
        for number, interval_ms in enumerate((5.0, 9.0, 13.0, 17.0))
    ]
    for part in (operator, Store("store"), plant, *sensors, Display("display"), Alarm("alarm")):
        scheduler.register(part)
    scheduler.register(Broken("broken")).register(meter)
    operator.opened = scheduler.open_input("plant:extra", capacity=3, policy=draw.choice([*Policy]))
    _wire(scheduler, draw, sensors)
    operator.edges = [edge.wire.id for edge in scheduler.plan().edges]
    return scheduler


def _wire(scheduler: Scheduler, draw: Random, sensors: list[Sensor]) -> None:
    """Every policy is there at the cleaner's input, whichever sensor has it."""
    policies = draw.sample([*Policy], len(sensors))
    for sensor, policy in zip(sensors, policies, strict=True):
        scheduler.connect(
            f"{sensor.name}:out",
            "plant:in",
            capacity=draw.choice(CAPACITIES),
            policy=policy,
            priority=draw.randint(1, 3),
            merge=_added if policy is Policy.COALESCE else None,
        )
    connect = scheduler.connect
    connect("plant:out", "store:in", capacity=draw.choice(CAPACITIES))
    connect("plant:out", "display:in", capacity=4, policy=Policy.DROP)
    connect("plant:seen", "display:in", capacity=2, policy=Policy.COALESCE)
    connect("plant:seen", "broken:in", capacity=9, policy=Policy.LATEST)
    connect("plant:ack", f"{sensors[0].name}:ack", policy=Policy.LATEST, priority="high")
    for node, policy in (("plant", Policy.BLOCK), ("store", Policy.DROP)):
        connect("alarm:out", f"{node}:alarm", capacity=2, policy=policy, priority="control")


def _added(old: int, new: int) -> int:
    return (old + new) % 1_000


def _random(seed: int, of: str) -> Random:
    """Streams of their own, for what is drawn in one place not to change what is drawn in another."""
    return Random(f"{seed} {of}")  # noqa: S311 - nothing secret
