"""What the recorder of work-order traces takes, writes and refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jsonschema
import msgpack
import pytest

from nandtrace import WORKORDER, TraceReader, WorkOrderLimits, WorkOrderRecorder
from nandtrace.errors import RecordError
from nandtrace.schema_files import load_schema
from nandtrace.trace.header import header_to_bytes
from nandtrace.trace.writer import MAX_STRINGS
from nandtrace.vocab import NULL
from nandtrace.vocab.workorder import COLUMN_WORDS, TERMINAL, Mode, OrderState, Policy
from tests.check.small_orders import live_order, order_state
from tests.trace.order_recording import LIMITS, ORDERS, READING
from tests.trace.recording import chunks_in, events_in


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., Path]:
    """Records calls under a name; options are those of WorkOrderRecorder."""
    return lambda name, given, **options: ORDERS.record(tmp_path / name, given, **options)


def test_what_a_call_leaves_out(record: Callable[..., Path]) -> None:
    begin, *_, end = ORDERS.calls()
    given = [
        ("enqueue", {"time_ns": 1, "order": 0, "id": "a", "depth": 1}),
        ("refuse", {"time_ns": 1, "id": "a", "refusal": "DUPLICATE", "depth": 1, "reserved": 0}),
        ("release", {"time_ns": 2, "order": 0, "slot": 1}),
    ]
    _, enqueue, refuse, release, _ = events_in(record("a.mpk", [begin, *given, end]), WORKORDER)
    assert (enqueue.fields["priority"], enqueue.fields["max_retries"]) == (0, 0)
    assert refuse.fields["priority"] == 0
    assert release.fields["forced"] is False


def test_the_header_says_what_the_limits_are(record: Callable[..., Path]) -> None:
    path = record("a.mpk", ORDERS.calls(), identity={"seed": 3}, provenance={"host": "lab"})
    with TraceReader(path) as reader:
        assert len(list(reader.walk())) == 1
        assert reader.header.domain == "workorder"
        assert reader.header.identity == {"seed": 3}
        assert reader.provenance == {"host": "lab"}
        assert reader.header.device == {
            "slots": 2,
            "memory_per_slot_bytes": 4_294_967_296,
            "warning_permille": 800,
            "critical_permille": 900,
            "memory_gating": True,
            "stagger_ns": 5_000_000_000,
            "policy": "fifo",
            "max_depth": None,
            "backoff_ns": 1_000_000_000,
            "backoff_factor_permille": 2_000,
            "backoff_cap_ns": 60_000_000_000,
            "jitter_permille": 100,
            "lease_ns": None,
            "stop_grace_ns": 30_000_000_000,
            "terminate_grace_ns": 5_000_000_000,
            "poll_ns": 1_000_000_000,
            "resource_poll_ns": 5_000_000_000,
            "settle_ns": 0,
            "decision_within_ns": 0,
        }


def test_header_and_snapshots_are_what_their_schemas_say(record: Callable[..., Path]) -> None:
    path = record("a.mpk", ORDERS.calls())
    with TraceReader(path) as reader:
        header = msgpack.unpackb(header_to_bytes(reader.header))
    jsonschema.validate(header, load_schema("header"))
    for item in chunks_in(path)[0].snapshots:
        jsonschema.validate(item.state, load_schema("snapshot-workorder"))
    for name in asdict(LIMITS):
        less = {key: value for key, value in header["device"].items() if key != name}
        with pytest.raises(jsonschema.ValidationError, match=f"'{name}' is a required property"):
            jsonschema.validate(header | {"device": less}, load_schema("header"))


def test_the_schema_of_snapshots_has_the_words_of_the_vocabulary() -> None:
    schema = load_schema("snapshot-workorder")
    order = schema["definitions"]["order"]["properties"]
    assert schema["required"] == [field.name for field in WORKORDER.snapshot]
    assert schema["properties"]["mode"]["enum"] == list(COLUMN_WORDS["mode"])
    assert schema["properties"]["pressure"]["enum"] == list(COLUMN_WORDS["level"])
    assert order["state"]["enum"] == [state for state in OrderState if state not in TERMINAL]
    assert order["terminate"]["properties"]["why"]["enum"] == list(COLUMN_WORDS["why"])
    device = load_schema("header")["definitions"]["workorder_device"]
    assert device["required"] == list(device["properties"]) == list(asdict(LIMITS))
    assert device["properties"]["policy"]["enum"] == list(Policy)


def test_members_of_enumerations_are_as_good_as_their_values(record: Callable[..., Path]) -> None:
    words = {"mode": "mode", "refusal": "refusal", "gate": "gate", "cause": "cause"}
    words |= {"state": "state", "why": "why", "reason": "reason", "level": "level", "end": "end"}
    given = [
        (
            method,
            {
                key: COLUMN_WORDS[words[key]](value) if key in words else value
                for key, value in values.items()
            },
        )
        for method, values in ORDERS.calls()
    ]
    assert given[6][1]["mode"] is Mode.RUNNING
    path = record("b.mpk", given, limits=WorkOrderLimits(policy=Policy.PRIORITY))
    plain = record("a.mpk", ORDERS.calls(), limits=WorkOrderLimits(policy="priority"))
    assert path.read_bytes() == plain.read_bytes()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"state": "COMPLETED"}, r"orders\.0\.state must be one of"),
        ({"id": 3}, r"orders\.0\.id must be string"),
        ({"priority": -(2**63)}, r"orders\.0\.priority must be bigger"),
        ({"max_retries": -1}, r"orders\.0\.max_retries must be bigger than or equal to 0"),
        ({"attempts": None}, r"orders\.0\.attempts must be integer"),
        ({"since_ns": None}, r"orders\.0\.since_ns must be integer"),
        ({"due_ns": -1}, r"orders\.0\.due_ns must be bigger than or equal to 0"),
        ({"terminate": {"why": "LEASE"}}, r"orders\.0\.terminate must contain"),
        (
            {"terminate": {"why": "BORED", "deadline_ns": 1}},
            r"orders\.0\.terminate\.why must be one of",
        ),
    ],
)
def test_a_snapshot_with_a_bad_order_is_refused(
    record: Callable[..., Path], changes: dict[str, Any], reason: str
) -> None:
    state = order_state(orders=[live_order(0, "a", "PENDING") | changes])
    with pytest.raises(RecordError, match=reason):
        record("a.mpk", [("begin_run", {"time_ns": 0, "snapshot": state})])


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"slots": 0}, "device: slots must be bigger than or equal to 1"),
        ({"slots": True}, "device: slots must be integer"),
        ({"memory_per_slot_bytes": -1}, "memory_per_slot_bytes must be bigger than or equal to 0"),
        ({"critical_permille": 1_001}, "critical_permille must be smaller than or equal to 1000"),
        (
            {"warning_permille": 901},
            "warning_permille is 901, above critical_permille, 900",
        ),
        ({"memory_gating": 1}, "memory_gating must be boolean"),
        ({"stagger_ns": None}, "stagger_ns must be integer"),
        ({"policy": "lifo"}, "policy must be one of"),
        ({"max_depth": 0}, "max_depth must be bigger than or equal to 1"),
        ({"backoff_ns": -1}, "backoff_ns must be bigger than or equal to 0"),
        ({"backoff_factor_permille": 999}, "backoff_factor_permille must be bigger than or equal"),
        ({"backoff_cap_ns": 2**63}, "backoff_cap_ns must be smaller than or equal to"),
        ({"jitter_permille": 1_001}, "jitter_permille must be smaller than or equal to 1000"),
        ({"lease_ns": 0}, "lease_ns must be bigger than or equal to 1"),
        ({"stop_grace_ns": 0.5}, "stop_grace_ns must be integer"),
        ({"terminate_grace_ns": -1}, "terminate_grace_ns must be bigger than or equal to 0"),
        ({"poll_ns": 0}, "poll_ns must be bigger than or equal to 1"),
        ({"resource_poll_ns": 0}, "resource_poll_ns must be bigger than or equal to 1"),
        ({"settle_ns": -1}, "settle_ns must be bigger than or equal to 0"),
        ({"decision_within_ns": None}, "decision_within_ns must be integer"),
    ],
)
def test_limits_that_make_no_sense_are_refused_and_leave_no_file(
    record: Callable[..., Path], tmp_path: Path, limits: dict[str, Any], reason: str
) -> None:
    with pytest.raises(RecordError, match=reason):
        record("a.mpk", [], limits=WorkOrderLimits(**limits))
    assert list(tmp_path.iterdir()) == []


def test_an_appender_and_bulk_columns_record_what_a_call_does(tmp_path: Path) -> None:
    traces = []
    for way in ("call", "appender", "bulk"):
        path = tmp_path / f"{way}.mpk"
        with WorkOrderRecorder(path, limits=LIMITS) as recorder:
            hold, name = recorder.appender("HOLD"), recorder.names
            recorder.begin_run(0, snapshot=order_state())
            if way == "call":
                recorder.hold(3, "SLOT", order=4, **READING)
            elif way == "appender":
                hold(3, name["SLOT"], 4, NULL, 1_000, 400)
            else:
                columns = {
                    "gate": ([0], ["SLOT"]),
                    "order": [4],
                    "total_bytes": [1_000],
                    "available_bytes": [400],
                }
                recorder.bulk([3], [WORKORDER.by_name["HOLD"].code], {"HOLD": columns})
            recorder.end_run(9, "STOPPED", snapshot=order_state())
        traces.append(path.read_bytes())
    assert traces[0] == traces[1] == traces[2]


@pytest.mark.parametrize("way", ["breathe", "flush"])
def test_words_keep_their_codes_for_good(tmp_path: Path, way: str) -> None:
    """However many names, those of orders, a trace has had in between; the names are forgotten."""
    ids = [f"order {number}" for number in range(2 * MAX_STRINGS)]
    path = tmp_path / "a.mpk"
    with WorkOrderRecorder(path, limits=LIMITS) as recorder:
        enqueue, hold = recorder.appender("ENQUEUE"), recorder.appender("HOLD")
        stagger = recorder.names["STAGGER"]
        recorder.begin_run(0, snapshot=order_state())
        hold(1, stagger, 0, 5, NULL, NULL)
        for number, text in enumerate(ids):
            enqueue(2, number, recorder.names[text], 0, 0, number + 1)
            if way == "breathe" or number % 4_096 == 0:
                getattr(recorder, way)()
        hold(3, stagger, 0, 5, NULL, NULL)
        recorder.end_run(9, "STOPPED", snapshot=order_state())
        assert len(recorder.names) < 1.1 * MAX_STRINGS
    events = events_in(path, WORKORDER)
    assert [event.fields["id"] for event in events if event.kind == "ENQUEUE"] == ids
    assert [event.fields["gate"] for event in (events[1], events[-2])] == ["STAGGER"] * 2
