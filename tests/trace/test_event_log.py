"""Logs of a domain's events: silent ones, one that records, one that gives two logs the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nandtrace import WORKORDER, TraceReader, WorkOrderLimits, WorkOrderRecorder
from nandtrace.errors import RecordError
from nandtrace.trace import Chunk
from nandtrace.trace.event import events_of
from nandtrace.trace.event_log import EventLog, RecordingLog, Row, SilentLog, TwinLog, rows_of
from nandtrace.vocab import NULL
from tests.check.small_orders import order_state

Lines = list[tuple[int, str, dict[str, Any]]]


class OrderLog(EventLog):
    """A log of work orders; of its hooks those that are called here."""

    vocabulary = WORKORDER

    enqueue: Row
    hold: Row
    ready: Row


class Silent(SilentLog, OrderLog):
    """Keeps nothing."""


class Recording(RecordingLog, OrderLog):
    """Writes a trace."""


class Twin(TwinLog, OrderLog):
    """Gives two logs the same."""


class Kept(Silent):
    """Keeps what it is given of some kinds, and the brackets; wants a checkpoint if told to."""

    def __init__(self, wants: bool = False) -> None:
        self.given: list[tuple[object, ...]] = []
        self.wants = wants
        self.asked = 0

    def hold(self, *values: object) -> None:
        self.given.append(("hold", *values))

    def enqueue(self, *values: object) -> None:
        self.given.append(("enqueue", *values))

    def begin_run(self, time_ns: int, state: object) -> None:  # noqa: ARG002 - as it is called
        self.given.append(("begin", time_ns))

    def end_run(self, time_ns: int, end: str, state: object) -> None:  # noqa: ARG002 - as above
        self.given.append(("end", time_ns, end))

    def wants_checkpoint(self) -> bool:
        self.asked += 1
        return self.wants


def _lines(path: Path) -> Lines:
    with TraceReader(path) as reader:
        chunks = list(reader.walk())
    assert all(isinstance(chunk, Chunk) for chunk in chunks)
    return [
        (event.time_ns, event.kind, event.fields)
        for chunk in chunks
        for event in events_of(chunk, WORKORDER)
    ]


def _snapshots_taken(log: OrderLog) -> int:
    """Say a few events, in the brackets of a run; returns how often a snapshot was taken."""
    taken: list[int] = []

    def state() -> dict[str, Any]:
        taken.append(0)
        return order_state()

    log.begin_run(0, state)
    log.enqueue(1, 0, log.code("a"), 2, 0, 1)
    log.hold(1, log.code("QUEUE"), NULL, NULL, NULL, NULL)
    log.ready(2, 0)
    log.end_run(3, "STOPPED", state)
    return len(taken)


WRITTEN: Lines = [
    (0, "RUN_BEGIN", {}),
    (1, "ENQUEUE", {"order": 0, "id": "a", "priority": 2, "max_retries": 0, "depth": 1}),
    (1, "HOLD", {"gate": "QUEUE"}),
    (2, "READY", {"order": 0}),
    (3, "RUN_END", {"end": "STOPPED"}),
]
HEARD = [
    ("begin", 0),
    ("enqueue", 1, 0, "a", 2, 0, 1),
    ("hold", 1, "QUEUE", NULL, NULL, NULL, NULL),
    ("end", 3, "STOPPED"),
]
"""What a log that keeps holds and enqueues hears of the same."""


def test_every_kind_but_the_brackets_has_a_hook() -> None:
    rows = rows_of(WORKORDER)
    assert len(rows) == len(WORKORDER.kinds) - 2
    assert (rows["HOLD"], "RUN_BEGIN" in rows, "RUN_END" in rows) == ("hold", False, False)
    log = Silent()
    assert all(callable(getattr(log, name)) for name in rows.values())


def test_a_silent_log_takes_no_snapshot_and_wants_nothing() -> None:
    log = Silent()
    assert _snapshots_taken(log) == 0
    assert log.code("QUEUE") == "QUEUE"
    assert not log.wants_checkpoint()


def test_a_method_takes_the_place_of_a_silent_hook() -> None:
    log = Kept()
    assert _snapshots_taken(log) == 0
    assert log.given == HEARD


def test_a_recording_log_writes_what_it_is_told(tmp_path: Path) -> None:
    with WorkOrderRecorder(tmp_path / "a.mpk", limits=WorkOrderLimits()) as recorder:
        assert _snapshots_taken(Recording(recorder, 100)) == 2
    assert _lines(tmp_path / "a.mpk") == WRITTEN


def test_hooks_of_a_recording_log_are_appenders(tmp_path: Path) -> None:
    """Nothing lies between a scheduler and the buffer of its recorder."""
    with WorkOrderRecorder(tmp_path / "a.mpk", limits=WorkOrderLimits()) as recorder:
        log = Recording(recorder, 100)
        hook, appender = vars(log)["ready"], recorder.appender("READY")
    assert hook.__code__ is appender.__code__


def test_a_checkpoint_is_due_every_so_many_events(tmp_path: Path) -> None:
    wishes = []
    with WorkOrderRecorder(tmp_path / "a.mpk", limits=WorkOrderLimits()) as recorder:
        log = Recording(recorder, 4)
        log.begin_run(0, order_state)
        for time_ns in range(6):
            log.ready(time_ns, 0)
            if wish := log.wants_checkpoint():
                log.end_run(time_ns, "CHECKPOINT", order_state)
                log.begin_run(time_ns, order_state)
            wishes.append(wish)
        log.end_run(6, "STOPPED", order_state)
    assert wishes == [False, False, True, False, False, True]
    kinds = [kind for _, kind, _ in _lines(tmp_path / "a.mpk")]
    assert kinds == [*(["RUN_BEGIN", *["READY"] * 3, "RUN_END"] * 2), "RUN_BEGIN", "RUN_END"]


def test_asking_for_a_checkpoint_writes_out_full_chunks(tmp_path: Path) -> None:
    partial = tmp_path / "a.mpk.partial"
    sizes = []
    with WorkOrderRecorder(
        tmp_path / "a.mpk", limits=WorkOrderLimits(), chunk_events=64
    ) as recorder:
        log = Recording(recorder, 1_000)
        log.begin_run(0, order_state)
        for events in (0, 32, 32):
            for _ in range(events):
                log.ready(1, 0)
            assert not log.wants_checkpoint()
            sizes.append(partial.stat().st_size)
        log.end_run(2, "STOPPED", order_state)
    assert sizes[0] == sizes[1] < sizes[2]


@pytest.mark.parametrize("recorded_first", [True, False])
def test_two_logs_hear_the_same_each_in_its_own_codes(tmp_path: Path, recorded_first: bool) -> None:
    kept = Kept()
    with WorkOrderRecorder(tmp_path / "a.mpk", limits=WorkOrderLimits()) as recorder:
        recording = Recording(recorder, 100)
        both = Twin(recording, kept) if recorded_first else Twin(kept, recording)
        assert _snapshots_taken(both) == 2
    assert _lines(tmp_path / "a.mpk") == WRITTEN
    assert kept.given == HEARD


def test_two_logs_are_both_asked_for_a_checkpoint() -> None:
    for wants in ((False, False), (True, False), (False, True), (True, True)):
        first, second = Kept(wants[0]), Kept(wants[1])
        assert Twin(first, second).wants_checkpoint() is any(wants)
        assert (first.asked, second.asked) == (1, 1)


def test_the_first_log_hears_before_the_second(tmp_path: Path) -> None:
    """What a failing first log did not take the second does not hear of."""
    kept = Kept()
    with WorkOrderRecorder(tmp_path / "a.mpk", limits=WorkOrderLimits()) as recorder:
        log = Twin(Recording(recorder, 100), kept)
        with pytest.raises(RecordError, match="no run is open"):
            log.end_run(0, "STOPPED", order_state)
    assert kept.given == []
