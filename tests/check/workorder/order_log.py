"""Hand-made logs of work orders: lists of events, written as they are, legal or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nandtrace.check import InvariantResult, Options, TraceVerdict, verify_trace
from nandtrace.trace import Header, TraceWriter
from nandtrace.vocab import NULL, ColumnType
from nandtrace.vocab.workorder import WORKORDER

State = dict[str, Any]
TOTAL = 1000
"""Bytes of memory."""

FREE = 700
"""Bytes available where nothing else is said: no pressure, and memory for every slot."""


@dataclass(frozen=True)
class Event:
    """One event; `snapshot` where it is a RUN_BEGIN or RUN_END that has one."""

    kind: str
    time_ns: int
    run: int
    values: dict[str, Any]
    snapshot: State | None = None

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


@dataclass
class OrderLog:
    """A header's device map and events. Calling it appends an event at `now`."""

    device: dict[str, Any]
    events: list[Event] = field(default_factory=list)
    now: int = 0
    run: int = 0

    def __call__(self, kind: str, snapshot: State | None = None, /, **values: Any) -> int:
        """Append an event, and tell its number."""
        self.events.append(Event(kind, self.now, self.run, values, snapshot))
        return len(self.events) - 1

    def enqueue(self, order: int, name: str, depth: int, retries: int = 0, rank: int = 0) -> None:
        """Append an ENQUEUE."""
        self("ENQUEUE", order=order, id=name, priority=rank, max_retries=retries, depth=depth)

    def refuse(self, name: str, why: str, depth: int, reserved: int = 0) -> None:
        """Append a REFUSE."""
        self("REFUSE", id=name, priority=0, refusal=why, depth=depth, reserved=reserved)

    def claim(self, order: int, attempt: int, slot: int, free: int = FREE) -> None:
        """Append a CLAIM."""
        reading = {"total_bytes": TOTAL, "available_bytes": free}
        self("CLAIM", order=order, attempt=attempt, slot=slot, **reading)

    def hold(self, gate: str, order: int | None = None, free: int = FREE) -> None:
        """Append a HOLD, with a reading where it gets as far."""
        has_reading = gate in {"PRESSURE", "SLOT", "MEMORY"}
        reading = {"total_bytes": TOTAL, "available_bytes": free} if has_reading else {}
        self("HOLD", gate=gate, order=order, **reading)

    def stagger(self, order: int, until_ns: int) -> None:
        """Append a HOLD at STAGGER."""
        self("HOLD", gate="STAGGER", order=order, until_ns=until_ns)

    def complete(self, order: int, slot: int) -> None:
        """Append COMPLETE and RELEASE."""
        self("COMPLETE", order=order)
        self("RELEASE", order=order, slot=slot, forced=0)

    def fail(
        self, order: int, slot: int, attempt: int, due_ns: int | None, cause: str = "ERROR"
    ) -> None:
        """Append FAIL, to WAITING_RETRY where it is due again, and RELEASE."""
        to = "FAILED" if due_ns is None else "WAITING_RETRY"
        self("FAIL", order=order, attempt=attempt, cause=cause, error="?", state=to, due_ns=due_ns)
        self("RELEASE", order=order, slot=slot, forced=0)

    def cancel(self, order: int, reason: str, slot: int | None = None) -> None:
        """Append CANCEL, and RELEASE where it held a slot."""
        self("CANCEL", order=order, reason=reason)
        if slot is not None:
            self("RELEASE", order=order, slot=slot, forced=0)

    def pressure(self, level: str, free: int) -> None:
        """Append a PRESSURE."""
        self("PRESSURE", level=level, total_bytes=TOTAL, available_bytes=free)

    def next_run(self, end: str, snapshot: State) -> None:
        """Append a RUN_END, and a RUN_BEGIN in the same state."""
        self("RUN_END", snapshot, end=end)
        self.run += 1
        self("RUN_BEGIN", snapshot)

    def copy(self) -> OrderLog:
        return replace(self, events=list(self.events))

    def find(self, kind: str, nth: int = 0, /, **values: Any) -> int:
        """The number of the n-th event of a kind with these values."""
        places = [
            place
            for place, event in enumerate(self.events)
            if event.kind == kind and values.items() <= event.values.items()
        ]
        return places[nth]

    def changed(self, place: int, /, **values: Any) -> OrderLog:
        """A log in which an event has other values; `time_ns` and `kind` are taken as its own."""
        log, event = self.copy(), self.events[place]
        kind, time_ns = values.pop("kind", event.kind), values.pop("time_ns", event.time_ns)
        log.events[place] = replace(event, kind=kind, time_ns=time_ns, values=event.values | values)
        return log

    def restated(self, place: int, path: str, value: Any) -> OrderLog:
        """A log in which a snapshot differs at a path as `orders.0.state`."""
        log, event = self.copy(), self.events[place]
        assert event.snapshot is not None
        keys = [int(key) if key.isdigit() else key for key in path.split(".")]
        log.events[place] = replace(event, snapshot=_with(event.snapshot, keys, value))
        return log

    def without(self, *places: int) -> OrderLog:
        """A log that lacks some events."""
        log = self.copy()
        log.events = [event for place, event in enumerate(self.events) if place not in places]
        return log

    def swapped(self, one: int, other: int) -> OrderLog:
        """A log in which two events have changed their places, each keeping the time of its place."""
        log = self.copy()
        first, second = log.events[one], log.events[other]
        log.events[one] = replace(second, time_ns=first.time_ns)
        log.events[other] = replace(first, time_ns=second.time_ns)
        return log

    def inserted(
        self, place: int, kind: str, time_ns: int | None = None, /, **values: Any
    ) -> OrderLog:
        """A log with one more event, before the one at a place and with its time."""
        log, after = self.copy(), self.events[place]
        when = after.time_ns if time_ns is None else time_ns
        log.events.insert(place, Event(kind, when, after.run, values))
        return log

    def delayed(self, first: int, last: int, by_ns: int) -> OrderLog:
        """A log in which the events from one place up to another come later."""
        log = self.copy()
        for place in range(first, last + 1):
            event = log.events[place]
            log.events[place] = replace(event, time_ns=event.time_ns + by_ns)
        return log

    def limited(self, **limits: Any) -> OrderLog:
        """A log under other limits."""
        return replace(self.copy(), device=self.device | limits)


def _with(state: Any, keys: list[Any], value: Any) -> Any:
    if not keys:
        return value
    copied = list(state) if isinstance(state, list) else dict(state)
    copied[keys[0]] = _with(state[keys[0]], keys[1:], value)
    return copied


def write(path: Path, log: OrderLog, **options: Any) -> Path:
    """Write a log as it is, whatever it says."""
    writer = TraceWriter(path, Header(WORKORDER, {}, log.device), **options)
    for event in log.events:
        kind = WORKORDER.by_name[event.kind]
        values = []
        for column in kind.columns:
            value = event.values.get(column.name)
            if value is not None and column.type is ColumnType.NAME:
                value = writer.code(str(value))
            values.append(NULL if value is None else int(value))
        if event.snapshot is not None:
            writer.snapshot(event.snapshot)
        writer.append(kind.code, event.time_ns, event.run, values)
    writer.close()
    return path


def verify(path: Path, log: OrderLog, options: Options | None = None) -> TraceVerdict:
    """The verdict on a log."""
    return verify_trace(write(path, log), options)


def results(verdict: TraceVerdict) -> dict[str, InvariantResult]:
    """The results by the id of their invariant."""
    assert verdict.error is None
    return {item.id: item for item in verdict.invariants}


def violations(verdict: TraceVerdict) -> dict[str, list[int]]:
    """The numbers of the offending events by invariant, of those that are violated."""
    return {
        item.id: [violation.seq for violation in item.violations]
        for item in results(verdict).values()
        if item.violated
    }


def texts(verdict: TraceVerdict, invariant: str) -> list[tuple[str, str]]:
    """What the violations of an invariant expected, and what they found."""
    return [(item.expected, item.actual) for item in results(verdict)[invariant].violations]


def device(**others: Any) -> State:
    """A header's device map: two slots, no stagger, no jitter, what is usual for the rest."""
    return {
        "slots": 2,
        "memory_per_slot_bytes": 100,
        "warning_permille": 800,
        "critical_permille": 900,
        "memory_gating": True,
        "stagger_ns": 0,
        "policy": "fifo",
        "max_depth": None,
        "backoff_ns": 100,
        "backoff_factor_permille": 2000,
        "backoff_cap_ns": 1000,
        "jitter_permille": 0,
        "lease_ns": None,
        "stop_grace_ns": 500,
        "terminate_grace_ns": 50,
        "poll_ns": 100,
        "resource_poll_ns": 500,
        "settle_ns": 0,
        "decision_within_ns": 0,
    } | others


def state(log: OrderLog, **others: Any) -> State:
    """A snapshot at `now` of a scheduler that has done nothing, but for other fields; `totals` may name
    those that are not 0."""
    totals = dict.fromkeys(
        ("enqueued", "refused", "claimed", "retried", "completed", "failed", "cancelled"), 0
    )
    counts = others.pop("totals", {})
    fresh = {
        "clock_ns": log.now,
        "next_order": 0,
        "mode": "NEW",
        "handler": False,
        "last_claim_ns": None,
        "pressure": "NONE",
        "healthy": True,
        "slots": [],
        "orders": [],
    }
    return fresh | {"totals": totals | counts} | others


def live(order: int, name: str, state_of: str, **others: Any) -> State:
    """A row of a snapshot's orders: without retries and never tried, but for other fields."""
    return {
        "order": order,
        "id": name,
        "state": state_of,
        "priority": 0,
        "max_retries": 0,
        "attempts": 0,
        "since_ns": 0,
        "claimed_ns": None,
        "due_ns": None,
        "terminate": None,
    } | others


Story = Callable[[], OrderLog]
