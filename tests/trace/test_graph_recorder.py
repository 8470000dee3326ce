"""What the recorder of graph traces takes, writes and refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import msgpack
import pytest

from nandtrace import GRAPH, GraphEdge, GraphNode, GraphRecorder, TraceReader
from nandtrace.errors import RecordError
from nandtrace.schema_files import load_schema
from nandtrace.trace import Chunk
from nandtrace.trace.event import Event, events_of
from nandtrace.trace.header import header_to_bytes
from nandtrace.trace.writer import MAX_STRINGS
from nandtrace.vocab import NULL
from nandtrace.vocab.graph import (
    Band,
    Call,
    Disposition,
    ErrorPolicy,
    MessageType,
    Mutable,
    Place,
    Policy,
    PutResult,
    RunEnd,
    ShutdownReason,
)

Calls = list[tuple[str, dict[str, Any]]]

EDGE, OPEN = "a:out->b:in", "->b:knob"
NODES = (GraphNode("a", tick_interval_ns=1_000), GraphNode("b", None, 3, "retry", 2))
EDGES = (
    GraphEdge(EDGE, "a", "out", "b", "in", capacity=1),
    GraphEdge(OPEN, None, None, "b", "knob", 4, "latest", 3),
)

EVERY_KIND: list[tuple[str, str, dict[str, Any]]] = [
    ("start", "START", {"node": "a"}),
    ("turn", "TURN", {"node": "a", "band": 1}),
    ("tick", "TICK", {"node": "a", "due_ns": 1_000, "missed": 2}),
    ("put", "PUT", {"msg": 0, "edge": EDGE, "type": "DATA", "result": "OK", "depth": 1}),
    (
        "put",
        "PUT",
        {
            "msg": 1,
            "edge": OPEN,
            "type": "ERROR",
            "result": "REPLACED",
            "depth": 1,
            "other": 0,
            "trace_id": 7,
        },
    ),
    ("flushed", "FLUSH", {"msg": 1, "edge": EDGE, "depth": 1}),
    ("get", "GET", {"msg": 0, "edge": EDGE, "depth": 0}),
    ("deliver", "DELIVER", {"msg": 0, "node": "b", "edge": EDGE, "attempt": 1}),
    ("block", "BLOCK", {"node": "a", "edge": EDGE}),
    ("wake", "WAKE", {"node": "a", "edge": EDGE}),
    ("idle", "IDLE", {"until_ns": 4_000}),
    ("idle", "IDLE", {}),
    ("mutate", "MUTATE", {"edge": EDGE, "what": "CAPACITY", "old": 1, "new": 3, "depth": 1}),
    (
        "error",
        "ERROR",
        {
            "node": "b",
            "call": "MESSAGE",
            "edge": EDGE,
            "msg": 0,
            "attempt": 1,
            "disposition": "RETRIED",
            "error": "ValueError: µ",
        },
    ),
    (
        "error",
        "ERROR",
        {"node": "a", "call": "TICK", "disposition": "SKIPPED", "error": "KeyError: 1"},
    ),
    ("disable", "DISABLE", {"node": "b", "edge": EDGE}),
    ("disable", "DISABLE", {"node": "a"}),
    ("ticks_end", "TICKS_END", {"node": "a"}),
    ("shutdown", "SHUTDOWN", {"reason": "REQUESTED", "deadline_ns": 9_000}),
    ("leftover", "LEFTOVER", {"msg": 1, "edge": EDGE, "place": "QUEUED"}),
    ("stop", "STOP", {"node": "b"}),
]
"""Call, kind and values: what is written is what is read."""


def state(**changes: Any) -> dict[str, Any]:
    """A snapshot of the graph above, with changes."""
    names: dict[str, list[str]] = {"control": [], "high": [], "normal": []}
    whole = {
        "clock_ns": 0,
        "next_msg": 3,
        "credits": {"control": 4, "high": 0, "normal": 1},
        "nodes": [
            {"name": "a", "state": "RUNNING", "due_ns": 1_000},
            {"name": "b", "state": "NEW", "due_ns": None},
        ],
        "edges": [
            {
                "id": EDGE,
                "capacity": 1,
                "priority": 1,
                "queued": [[0, False]],
                "pending": [[2, True]],
                "held": [1, 1],
            },
            {
                "id": OPEN,
                "capacity": 4,
                "priority": 3,
                "queued": [],
                "pending": [],
                "held": None,
            },
        ],
        "ready": names | {"control": ["b"]},
        "shutdown": None,
    }
    return whole | changes


def calls(runs: int = 1) -> Calls:
    """Runs that hold every kind of event, each 23 events."""
    inner = [(method, {"time_ns": 5, **values}) for method, _, values in EVERY_KIND]
    begin = ("begin_run", {"time_ns": 0, "snapshot": state()})
    end = ("end_run", {"time_ns": 9, "end": "CHECKPOINT", "snapshot": state(clock_ns=9)})
    return [begin, *inner, end] * runs


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., Path]:
    """Records calls; options are those of GraphRecorder."""

    def write(name: str, given: Calls, **options: Any) -> Path:
        path = tmp_path / name
        with GraphRecorder(path, **({"nodes": NODES, "edges": EDGES} | options)) as recorder:
            for method, values in given:
                getattr(recorder, method)(**values)
        return path

    return write


def _chunks(path: Path) -> list[Chunk]:
    with TraceReader(path) as reader:
        chunks = list(reader.walk())
    assert all(isinstance(chunk, Chunk) for chunk in chunks)
    return chunks


def _events(path: Path) -> list[Event]:
    return [event for chunk in _chunks(path) for event in events_of(chunk, GRAPH)]


def test_what_is_written_is_what_is_read(record: Callable[..., Path]) -> None:
    expected = [
        Event(0, 0, 0, "RUN_BEGIN", {}),
        *(
            Event(seq, 0, 5, kind, values)
            for seq, (_, kind, values) in enumerate(EVERY_KIND, start=1)
        ),
        Event(22, 0, 9, "RUN_END", {"end": "CHECKPOINT"}),
    ]
    path = record("a.mpk", calls())
    assert _events(path) == expected
    assert {event.kind for event in expected} == set(GRAPH.by_name)
    (chunk,) = _chunks(path)
    assert [(item.seq, item.state) for item in chunk.snapshots] == [
        (0, state()),
        (22, state(clock_ns=9)),
    ]


def test_the_header_says_what_the_graph_is(record: Callable[..., Path]) -> None:
    path = record("a.mpk", calls(), identity={"seed": 3}, provenance={"host": "lab"})
    with TraceReader(path) as reader:
        assert len(list(reader.walk())) == 1
        assert reader.header.domain == "graph"
        assert reader.header.identity == {"seed": 3}
        assert reader.provenance == {"host": "lab"}
        assert reader.header.device == {
            "fairness_ratio": {"control": 4, "high": 2, "normal": 1},
            "max_batch_per_node": 8,
            "shutdown_timeout_ns": 2_000_000_000,
            "nodes": [
                {
                    "name": "a",
                    "tick_interval_ns": 1_000,
                    "priority_override": None,
                    "on_error": "skip",
                    "max_attempts": 3,
                },
                {
                    "name": "b",
                    "tick_interval_ns": None,
                    "priority_override": 3,
                    "on_error": "retry",
                    "max_attempts": 2,
                },
            ],
            "edges": [
                {
                    "id": "a:out->b:in",
                    "source": "a",
                    "source_port": "out",
                    "target": "b",
                    "target_port": "in",
                    "capacity": 1,
                    "policy": "block",
                    "priority": 1,
                },
                {
                    "id": "->b:knob",
                    "source": None,
                    "source_port": None,
                    "target": "b",
                    "target_port": "knob",
                    "capacity": 4,
                    "policy": "latest",
                    "priority": 3,
                },
            ],
        }


def test_header_and_snapshots_are_what_their_schemas_say(record: Callable[..., Path]) -> None:
    path = record("a.mpk", calls())
    with TraceReader(path) as reader:
        header = msgpack.unpackb(header_to_bytes(reader.header))
    jsonschema.validate(header, load_schema("header"))
    del header["device"]["nodes"][0]["on_error"]
    with pytest.raises(jsonschema.ValidationError, match="'on_error' is a required property"):
        jsonschema.validate(header, load_schema("header"))
    for item in _chunks(path)[0].snapshots:
        jsonschema.validate(item.state, load_schema("snapshot-graph"))


def test_members_of_enumerations_are_as_good_as_their_values(record: Callable[..., Path]) -> None:
    plain = record("a.mpk", calls())
    words: dict[str, Any] = {
        "CAPACITY": Mutable.CAPACITY,
        "MESSAGE": Call.MESSAGE,
        "TICK": Call.TICK,
        "RETRIED": Disposition.RETRIED,
        "SKIPPED": Disposition.SKIPPED,
        "OK": PutResult.OK,
        "DATA": MessageType.DATA,
        "ERROR": MessageType.ERROR,
        "QUEUED": Place.QUEUED,
        "REPLACED": PutResult.REPLACED,
        "REQUESTED": ShutdownReason.REQUESTED,
        "CHECKPOINT": RunEnd.CHECKPOINT,
    }
    given = [
        (
            method,
            {
                key: words.get(value, value) if isinstance(value, str) else value
                for key, value in values.items()
            },
        )
        for method, values in calls()
    ]
    given[2][1]["band"] = Band.NORMAL
    path = record(
        "b.mpk",
        given,
        nodes=(NODES[0], GraphNode("b", None, Band.CONTROL, ErrorPolicy.RETRY, 2)),
        edges=(EDGES[0], replace(EDGES[1], policy=Policy.LATEST, priority=Band.CONTROL)),
        fairness_ratio={"control": 4, "high": 2, "normal": 1},
    )
    assert path.read_bytes() == plain.read_bytes()


@pytest.mark.parametrize(
    ("method", "values", "reason"),
    [
        ("turn", {"node": "a", "band": "normal"}, "TURN.band: 'normal' is not an integer"),
        ("turn", {"node": 3, "band": 1}, "3 is not a string"),
        ("tick", {"node": "a", "due_ns": None}, "TICK.due_ns: None is not an integer"),
        ("get", {"msg": 0, "edge": EDGE, "depth": 2**63}, "GET.depth: .* does not fit 64 bits"),
        ("deliver", {"msg": 0.5, "node": "b", "edge": EDGE}, "DELIVER.msg: 0.5 is not an integer"),
    ],
)
def test_a_bad_value_is_refused_at_once_and_leaves_nothing(
    record: Callable[..., Path], tmp_path: Path, method: str, values: dict[str, Any], reason: str
) -> None:
    expected = record("expected.mpk", calls())
    with GraphRecorder(tmp_path / "a.mpk", nodes=NODES, edges=EDGES) as recorder:
        for place, (name, arguments) in enumerate(calls()):
            if place == 4:
                with pytest.raises(RecordError, match=reason):
                    getattr(recorder, method)(**{"time_ns": 5, **values})
            getattr(recorder, name)(**arguments)
    assert (tmp_path / "a.mpk").read_bytes() == expected.read_bytes()


def test_events_outside_a_run_are_refused(record: Callable[..., Path]) -> None:
    begin, *_, end = calls()
    start = ("start", {"time_ns": 0, "node": "a"})
    for name, given, reason in (
        ("a", [start], "START outside a run"),
        ("b", [begin, end, start], "START outside a run"),
        ("c", [begin, begin], "run 0 has not ended"),
        ("d", [end], "no run is open"),
        ("e", [begin, end, begin], "run 1 was never ended"),
    ):
        with pytest.raises(RecordError, match=reason):
            record(f"{name}.mpk", given)


def test_runs_are_numbered_from_the_first(record: Callable[..., Path]) -> None:
    path = record("a.mpk", calls(runs=2), first_run=5)
    assert [event.run for event in _events(path)] == [5] * 23 + [6] * 23


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"clock_ns": 0.5}, "snapshot: clock_ns must be integer"),
        ({"clock_ns": -1}, "snapshot: clock_ns must be bigger than or equal to 0"),
        ({"next_msg": None}, "snapshot: next_msg must be integer"),
        ({"credits": {"control": 4, "high": 2}}, "snapshot: credits must contain"),
        (
            {"nodes": [{"name": "a", "state": "ASLEEP", "due_ns": 0}]},
            r"nodes\.0\.state must be one",
        ),
        ({"nodes": [{"name": "a", "state": "NEW"}]}, r"snapshot: nodes\.0 must contain"),
        ({"edges": {}}, "snapshot: edges must be array"),
        ({"ready": {"control": ["a"]}}, "snapshot: ready must contain"),
        ({"shutdown": {"reason": "BORED", "deadline_ns": 1}}, r"shutdown\.reason must be one of"),
    ],
)
def test_a_bad_snapshot_is_refused_and_the_trace_goes_on(
    record: Callable[..., Path], tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    begin, *_, end = calls()
    with GraphRecorder(tmp_path / "a.mpk", nodes=NODES, edges=EDGES) as recorder:
        with pytest.raises(RecordError, match=f"RUN_BEGIN: .*{reason}"):
            recorder.begin_run(0, snapshot=state(**changes))
        recorder.begin_run(**begin[1])
        with pytest.raises(RecordError, match=f"RUN_END: .*{reason}"):
            recorder.end_run(9, "FINISHED", snapshot=state(**changes))
        recorder.end_run(**end[1])
    assert (tmp_path / "a.mpk").read_bytes() == record("b.mpk", [begin, end]).read_bytes()


@pytest.mark.parametrize(
    ("edge_changes", "reason"),
    [
        ({"queued": [[0]]}, r"edges\.0\.queued\.0 must contain at least 2 items"),
        ({"queued": [[0, 1]]}, r"edges\.0\.queued\.0\.1 must be boolean"),
        ({"pending": [0]}, r"edges\.0\.pending\.0 must be array"),
        ({"held": [0, 0]}, r"edges\.0\.held\.1 must be bigger than or equal to 1"),
        ({"held": [0]}, r"edges\.0\.held must contain at least 2 items"),
        ({"priority": 4}, r"edges\.0\.priority must be one of"),
        ({"capacity": 0}, r"edges\.0\.capacity must be bigger than or equal to 1"),
    ],
)
def test_a_snapshot_with_a_bad_edge_is_refused(
    record: Callable[..., Path], edge_changes: dict[str, Any], reason: str
) -> None:
    edges = [state()["edges"][0] | edge_changes]
    with pytest.raises(RecordError, match=reason):
        record("a.mpk", [("begin_run", {"time_ns": 0, "snapshot": state(edges=edges)})])


BAD_GRAPHS: list[tuple[dict[str, Any], str]] = [
    ({"nodes": [GraphNode("a"), *NODES]}, "node 'a' is there twice"),
    ({"edges": [*EDGES, EDGES[0]]}, "edge 'a:out->b:in' is there twice"),
    ({"nodes": NODES[:1]}, "edge 'a:out->b:in': there is no node 'b'"),
    ({"nodes": NODES[1:]}, "edge 'a:out->b:in': there is no node 'a'"),
    ({"edges": [replace(EDGES[0], source=None)]}, "a source and its port go together"),
    ({"edges": [replace(EDGES[1], source="a")]}, "a source and its port go together"),
    ({"edges": [replace(EDGES[0], capacity=0)]}, r"edges\.0\.capacity must be bigger than or"),
    ({"edges": [replace(EDGES[0], policy="lossy")]}, r"edges\.0\.policy must be one of"),
    ({"edges": [replace(EDGES[0], priority=0)]}, r"edges\.0\.priority must be one of"),
    ({"nodes": [GraphNode("a", 0), NODES[1]]}, r"nodes\.0\.tick_interval_ns must be bigger"),
    ({"nodes": [GraphNode("a", on_error="ignore")]}, r"nodes\.0\.on_error must be one of"),
    ({"nodes": [GraphNode("a", priority_override=9)]}, r"nodes\.0\.priority_override must be"),
    ({"nodes": [GraphNode("a", max_attempts=0)]}, r"nodes\.0\.max_attempts must be bigger"),
    ({"nodes": [GraphNode(3)]}, r"nodes\.0\.name must be string"),  # type: ignore[arg-type]
    ({"fairness_ratio": {Band.CONTROL: 1, Band.HIGH: 1}}, "fairness_ratio must contain"),
    ({"fairness_ratio": {"control": 1, "high": 1, "normal": 0}}, r"fairness_ratio\.normal must be"),
    ({"max_batch_per_node": 0}, "max_batch_per_node must be bigger than or equal to 1"),
    ({"shutdown_timeout_ns": -1}, "shutdown_timeout_ns must be bigger than or equal to 0"),
]


@pytest.mark.parametrize(("options", "reason"), BAD_GRAPHS)
def test_a_graph_that_makes_no_sense_is_refused_and_leaves_no_file(
    record: Callable[..., Path], tmp_path: Path, options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(RecordError, match=reason):
        record("a.mpk", [], **options)
    assert list(tmp_path.iterdir()) == []


def test_an_appender_and_bulk_columns_record_what_a_call_does(tmp_path: Path) -> None:
    traces = []
    for way in ("call", "appender", "bulk"):
        path = tmp_path / f"{way}.mpk"
        with GraphRecorder(path, nodes=NODES, edges=EDGES) as recorder:
            put, name = recorder.appender("PUT", 5), recorder.names
            recorder.begin_run(0, snapshot=state())
            if way == "call":
                recorder.put(3, msg=0, edge=EDGE, type="DATA", result="OK", depth=1)
            elif way == "appender":
                put(3, 0, name[EDGE], name["DATA"], name["OK"], 1)
            else:
                columns = {
                    "msg": [0],
                    "depth": [1],
                    "edge": ([0], [EDGE]),
                    "type": ([0], ["DATA"]),
                    "result": ([0], ["OK"]),
                }
                recorder.bulk([3], [GRAPH.by_name["PUT"].code], {"PUT": columns})
            recorder.end_run(9, "FINISHED", snapshot=state())
        traces.append(path.read_bytes())
    assert traces[0] == traces[1] == traces[2]


@pytest.mark.parametrize("in_bulk", [False, True])
def test_names_of_the_header_and_words_keep_their_codes_for_good(
    tmp_path: Path, in_bulk: bool
) -> None:
    """However many names, those of errors say, a trace has had in between."""
    texts = [f"ValueError: {number}" for number in range(2 * MAX_STRINGS)]
    path = tmp_path / "a.mpk"
    with GraphRecorder(path, nodes=NODES, edges=EDGES) as recorder:
        turn, error = recorder.appender("TURN"), recorder.appender("ERROR")
        node, call, skipped = (recorder.names[text] for text in ("b", "TICK", "SKIPPED"))
        recorder.begin_run(0, snapshot=state())
        turn(1, node, 1)
        if in_bulk:
            codes = list(range(len(texts)))
            columns = {"node": ([0] * len(texts), ["b"]), "error": (codes, texts)}
            recorder.bulk([2] * len(texts), [13] * len(texts), {"ERROR": columns})
        else:
            for text in texts:
                error(2, node, call, NULL, NULL, NULL, skipped, recorder.names[text])
                recorder.breathe()
        turn(3, node, 2)
        recorder.end_run(9, "FINISHED", snapshot=state())
    events = _events(path)
    assert [event.fields["error"] for event in events if event.kind == "ERROR"] == texts
    assert {event.fields["node"] for event in events[1:-1]} == {"b"}
    assert events[-2] == Event(len(texts) + 2, 0, 3, "TURN", {"node": "b", "band": 2})
    assert len(recorder.names) < len(texts)
