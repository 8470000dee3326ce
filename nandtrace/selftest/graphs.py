"""Small graphs in which everything happens that rules are about."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import add

from nandtrace.graph import (
    InputPort,
    Message,
    Node,
    OutputPort,
    Policy,
    Scheduler,
    SchedulerConfig,
    VirtualClock,
    control,
)

Deed = Callable[["Scripted"], None]


class Scripted(Node):
    """Does one deed a tick, and then has no more ticks."""

    outputs = (OutputPort("out", int), OutputPort("stop", int))

    def __init__(self, name: str, interval_ms: float, deeds: Iterable[Deed]) -> None:
        super().__init__(name)
        self.desired_tick_interval_ms = interval_ms
        self.deeds = iter(deeds)

    def on_tick(self) -> None:
        deed = next(self.deeds, None)
        if deed is None:
            self.end_ticks()
        else:
            deed(self)


def burst(letters: str, port: str = "out") -> Deed:
    """Sends a message a letter: `c` is a CONTROL message, a digit a payload."""

    def deed(node: Scripted) -> None:
        for letter in letters:
            node.emit(port, control(0) if letter == "c" else int(letter))

    return deed


class Sink(Node):
    """Takes what comes, each message in its time."""

    inputs = (InputPort("in", int),)

    def __init__(self, name: str, takes_ns: int, spend_ns: Callable[[int], None]) -> None:
        super().__init__(name)
        self.takes_ns = takes_ns
        self.spend_ns = spend_ns

    def on_message(self, port: str, message: Message) -> None:  # noqa: ARG002 - all are alike
        self.spend_ns(self.takes_ns)


class Ticking(Sink):
    """Counts its ticks, up to three of them, beside what it takes."""

    desired_tick_interval_ms = 0.04

    def __init__(self, name: str, takes_ns: int, spend_ns: Callable[[int], None]) -> None:
        super().__init__(name, takes_ns, spend_ns)
        self.ticks_seen = 0

    def on_tick(self) -> None:
        self.ticks_seen += 1
        if self.ticks_seen == 3:
            self.end_ticks()


class Relay(Node):
    """Sends as many messages on as it is told to; what comes to stop it does nothing."""

    inputs = (InputPort("in", int), InputPort("stop", int, required=False))
    outputs = (OutputPort("out", int),)

    def on_message(self, port: str, message: Message) -> None:  # noqa: ARG002 - likewise
        for _ in range(message.payload):
            self.emit("out", 0)


class Faulty(Sink):
    """Raises at some messages, as often as their payload says."""

    def __init__(self, name: str, on_error: str, spend_ns: Callable[[int], None]) -> None:
        super().__init__(name, 1_000, spend_ns)
        self.on_error = on_error
        self.raised = 0

    def on_message(self, port: str, message: Message) -> None:
        super().on_message(port, message)
        if self.raised < message.payload:
            self.raised += 1
            raise ValueError(f"message {message.payload} can't be read")
        self.raised = 0


class Broken(Sink):
    """Never starts."""

    def on_start(self) -> None:
        raise OSError("there is no such file")


class Untidy(Scripted):
    """Raises at its second tick, and when it is stopped."""

    def on_stop(self) -> None:
        raise OSError("the file is closed already")


def _fail(node: Scripted) -> None:
    raise RuntimeError(f"{node.name} has lost its way")


def _widen(node: Scripted) -> None:
    """Sends more than its edge holds, and then has it hold more."""
    burst("1111111")(node)
    node.scheduler.set_capacity("source:out->block:in", 9)


def policies(scheduler_class: type[Scheduler] = Scheduler) -> Scheduler:
    """Bursts on edges of all policies, while capacities and priorities change."""
    clock = VirtualClock()
    scheduler = scheduler_class(SchedulerConfig(max_batch_per_node=3), clock=clock)
    letters = ("111111", "11c11c", "1c", "c1111", "ccc1", "11", "1")
    deeds = [*map(burst, letters), burst("121", "stop"), _widen]
    scheduler.register(Scripted("source", 0.05, deeds))
    for policy in Policy:
        scheduler.register(Sink(policy.value, 2_000, clock.advance))
        scheduler.connect(
            "source:out",
            f"{policy.value}:in",
            capacity=2,
            policy=policy,
            merge=add if policy is Policy.COALESCE else None,
        )
    edges = {policy: f"source:out->{policy.value}:in" for policy in Policy}

    def grow(node: Scripted) -> None:
        node.scheduler.set_priority(edges[Policy.DROP], "high")
        node.scheduler.set_capacity(edges[Policy.BLOCK], 5)

    def shrink(node: Scripted) -> None:
        node.scheduler.set_capacity(edges[Policy.BLOCK], 1)
        node.scheduler.set_priority(edges[Policy.LATEST], "control")

    scheduler.register(Scripted("operator", 0.058, (grow, shrink, grow)))
    scheduler.register(Relay("splitter"))
    scheduler.connect("source:stop", "splitter:in", capacity=8)
    for number in range(2):
        scheduler.register(Sink(f"part-{number}", 0, clock.advance))
        scheduler.connect("splitter:out", f"part-{number}:in", capacity=8)
    return scheduler


def bands(scheduler_class: type[Scheduler] = Scheduler) -> Scheduler:
    """Nodes of all bands that always have something to take, one that is blocked and told to stop, and a
    drain that leaves something."""
    clock = VirtualClock()
    config = SchedulerConfig(max_batch_per_node=1, shutdown_timeout_s=0.00002)
    scheduler = scheduler_class(config, clock=clock)
    relay = Relay("relay")
    relay.priority_override = "normal"
    scheduler.register(Scripted("feeder", 0.05, [burst("40")]))
    scheduler.register(Scripted("stopper", 0.052, [burst("cc", "stop")]))
    scheduler.register(relay).register(Sink("end", 0, clock.advance))
    scheduler.connect("feeder:out", "relay:in", capacity=4)
    scheduler.connect("stopper:stop", "relay:stop", capacity=4, priority="control")
    scheduler.connect("relay:out", "end:in", capacity=1)
    for band, count in (("control", 1), ("high", 2), ("normal", 3)):
        for number in range(count):
            source, sink = f"{band}-source-{number}", f"{band}-{number}"
            scheduler.register(Scripted(source, 0.1, [burst("000000")] * 2))
            scheduler.register(Sink(sink, 0, clock.advance))
            scheduler.connect(f"{source}:out", f"{sink}:in", capacity=8, priority=band)
    scheduler.open_input("normal-0:in", capacity=4)

    def hurry(node: Scripted) -> None:
        for number in range(3):
            node.scheduler.send("->normal-0:in", number)
        node.scheduler.shutdown()

    scheduler.register(Scripted("clerk", 0.22, [hurry]))
    return scheduler


def inputs(scheduler_class: type[Scheduler] = Scheduler) -> Scheduler:
    """A node with inputs of all priorities, two of each, and ticks that it comes late for."""
    clock = VirtualClock()
    scheduler = scheduler_class(SchedulerConfig(max_batch_per_node=4), clock=clock)
    scheduler.register(Ticking("reader", 3_000, clock.advance))
    for band in ("control", "high", "normal"):
        for number in range(2):
            source = f"{band}-{number}"
            scheduler.register(Scripted(source, 0.03, [burst("000"), burst("0000")]))
            scheduler.connect(f"{source}:out", "reader:in", capacity=3, priority=band)
    return scheduler


def errors(scheduler_class: type[Scheduler] = Scheduler) -> Scheduler:
    """Callbacks of all kinds that raise, under all policies."""
    clock = VirtualClock()
    config = SchedulerConfig(max_batch_per_node=3, shutdown_timeout_s=0.0001)
    scheduler = scheduler_class(config, clock=clock)
    scheduler.register(Scripted("source", 0.03, [burst("01023")] * 7))
    scheduler.register(Broken("broken", 0, clock.advance))
    for policy in ("skip", "retry"):
        scheduler.register(Faulty(policy, policy, clock.advance))
    for name in ("broken", "skip", "retry"):
        scheduler.connect("source:out", f"{name}:in", capacity=8, policy="drop")
    scheduler.register(Untidy("untidy", 0.03, [burst(""), _fail]))
    strict = Untidy("strict", 0.1, [burst(""), _fail])
    strict.on_error = "stop"
    scheduler.register(strict)
    return scheduler
