"""Recording graphs in steps, reading their traces back, and a busy graph that several tests record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nandtrace.check.verdict import TraceVerdict
from nandtrace.check.verify import verify_trace
from nandtrace.graph import (
    GraphError,
    Message,
    PutResult,
    RunReport,
    Scheduler,
    SchedulerConfig,
    Subgraph,
    VirtualClock,
    control,
    recorded,
)
from nandtrace.trace import TraceReader
from nandtrace.trace.event import Event, events_of
from tests.graph.nodes import Actor, Ticker, advance, echo, fails, sayer, sink


class StepRecording:
    """A graph that is recorded while a test steps it: what `record_graph` does, in pieces."""

    def __init__(self, path: Path, scheduler: Scheduler, checkpoint_events: int) -> None:
        self.path, self.scheduler = path, scheduler
        self._block = recorded(path, scheduler, checkpoint_events=checkpoint_events)
        self._block.__enter__()

    def finish(self) -> RunReport:
        """End the graph, which is over, and its trace."""
        report = self.scheduler.finish()
        self._block.__exit__(None, None, None)
        return report

    def discard(self) -> None:
        """Leave no trace."""
        with pytest.raises(GraphError):
            self._block.__exit__(GraphError, GraphError("not wanted"), None)


def read_events(path: Path) -> list[Event]:
    """Every event of a trace."""
    events: list[Event] = []
    with TraceReader(path) as reader:
        for ordinal in range(len(reader.index.chunks)):
            events += events_of(reader.chunk(ordinal), reader.header.vocabulary)
    return events


def read_states(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """Every snapshot of a trace: the number of its event, and the state."""
    with TraceReader(path) as reader:
        return [
            (snapshot.seq, snapshot.state)
            for ordinal in range(len(reader.index.chunks))
            for snapshot in reader.chunk(ordinal).snapshots
        ]


def violated(verdict: TraceVerdict) -> list[str]:
    """The ids of the invariants that a trace violates. The trace is whole."""
    assert (verdict.error, verdict.damages, verdict.broken_runs) == (None, [], 0)
    return [item.id for item in verdict.invariants if item.violated]


def verify(path: Path) -> list[str]:
    """The ids of the invariants that the trace at a path violates."""
    return violated(verify_trace(path))


# ---- a graph with something of everything


def _produce(node: Ticker) -> None:
    """Emit until twice blocked, a control message now and then."""
    blocked = 0
    for number in range(6):
        payload = 10 * node.ticked + number
        node.say(control(payload) if payload % 4 == 0 else payload)
        blocked += node.results[-1] is PutResult.BLOCKED
        if blocked == 2:
            return


def _stumble(node: Actor, port: str, message: Message) -> None:
    """Pass on what came in; raise at every fifth message, and at the first try of another."""
    if message.payload % 5 == 0 or (
        message.payload % 3 == 0 and node.got.count(message.payload) < 2
    ):
        raise ValueError(f"not {message.payload}")
    node.say(message.payload)
    node.say(message._replace(trace_id=None), port="side")


def _burst(node: Ticker) -> None:
    node.say(control(0), 1, 2, 3)


def _work(node: Actor, *_: object) -> None:
    advance(node, 0.002)


def _turn_knobs(node: Ticker) -> None:
    """Shrink and grow, raise and lower."""
    step = node.ticked % 4
    node.scheduler.set_capacity("mid:out->slow:in", (1, 5, 2, 3)[step])
    node.scheduler.set_capacity("source:out->mid:in", (3, 1, 2, 6)[step])
    node.scheduler.set_priority("part/one:out->join:in", (2, 1, 3, 1)[step])
    node.say(step)
    if node.ticked == 30:
        node.end_ticks()


def _filter(node: Actor, port: str, message: Message) -> None:
    """Send every fourth message round again."""
    if len(node.got) % 4 == 0:
        node.say(message.payload)


def busy(scheduler_class: type[Scheduler] = Scheduler, *, source_ms: float = 0.04) -> Scheduler:
    """A graph that does a bit of everything, without end; with the virtual clock.

    It idles now and then; where its source ticks every 10 µs, it has more to do than it can.
    """
    settings = SchedulerConfig(
        max_batch_per_node=3, shutdown_timeout_s=0.000_02, tick_interval_ms=0.03
    )
    scheduler = scheduler_class(settings, clock=VirtualClock())
    part = Subgraph("part")
    part.add(sayer("one", *range(8), inputs="in", message=echo)).add(Actor("two", message=echo))
    part.connect("one:out", "two:in", capacity=9)
    part.expose_output("one", "one:out")
    part.expose_input("again", "one:in")
    part.expose_output("two", "two:out")
    for node in (
        sink("slow", message=_work),
        Actor("mid", "in", "out side", message=_stumble, on_error="retry", max_attempts=3),
        Ticker("source", tick=_produce, desired_tick_interval_ms=source_ms),
        sink("last", priority_override="high"),
        Ticker("knobs", "", "out", tick=_turn_knobs, desired_tick_interval_ms=None),
        part,
        Actor("join", message=_filter),
        sink("broken", start=fails),
        Ticker("grumbler", "in", "", tick=fails, message=fails, desired_tick_interval_ms=0.05),
        sink("extra"),
        Ticker("burst", "", "out", tick=_burst, desired_tick_interval_ms=0.1),
        sink("viewer"),
    ):
        scheduler.register(node)
    scheduler.connect("knobs:out", "source:in", capacity=2, priority="control")
    scheduler.connect("source:out", "mid:in", capacity=2)
    scheduler.connect("mid:out", "slow:in", capacity=3)
    scheduler.connect("mid:side", "last:in", capacity=2, policy="latest", priority="high")
    scheduler.connect("mid:side", "slow:in", capacity=2, policy="latest")
    scheduler.connect("source:out", "last:in", capacity=1, policy="coalesce")
    scheduler.connect("burst:out", "viewer:in", capacity=2, policy="latest")
    scheduler.connect("burst:out", "extra:in", capacity=3, policy="coalesce")
    scheduler.connect("source:out", "grumbler:in", capacity=1, policy="drop", priority="control")
    scheduler.connect("source:out", "part:again", capacity=2, policy="drop")
    scheduler.connect("part:one", "join:in", capacity=10)
    scheduler.connect("part:two", "join:in", capacity=10, priority="normal")
    scheduler.connect("part:one", "broken:in", capacity=9, policy="drop")
    scheduler.connect("join:out", "part:again", capacity=5, policy="latest", priority="high")
    scheduler.connect("join:out", "extra:in", capacity=4, policy="coalesce")
    scheduler.open_input("extra:in")
    return scheduler


def idling(scheduler_class: type[Scheduler] = Scheduler) -> Scheduler:
    """Two nodes that tick, in bands of their own, and idle for most of the time."""
    scheduler = scheduler_class(clock=VirtualClock())
    for name, override, interval_ms in (("c", "control", 0.1), ("h", "high", 0.5)):
        scheduler.register(
            Ticker(name, "", "", priority_override=override, desired_tick_interval_ms=interval_ms)
        )
    return scheduler
