"""What the recorder of graph traces takes, writes and refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import msgpack
import pytest

from nandtrace import GRAPH, GraphNode, GraphRecorder, TraceReader
from nandtrace.errors import RecordError
from nandtrace.schema_files import load_schema
from nandtrace.trace.event import Event
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
from tests.trace.graph_recording import EDGE, EDGES, GRAPHS, NODES, state
from tests.trace.recording import chunks_in, events_in


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., Path]:
    """Records calls under a name; options are those of GraphRecorder."""
    return lambda name, given, **options: GRAPHS.record(tmp_path / name, given, **options)


def test_the_header_says_what_the_graph_is(record: Callable[..., Path]) -> None:
    path = record("a.mpk", GRAPHS.calls(), identity={"seed": 3}, provenance={"host": "lab"})
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
    path = record("a.mpk", GRAPHS.calls())
    with TraceReader(path) as reader:
        header = msgpack.unpackb(header_to_bytes(reader.header))
    jsonschema.validate(header, load_schema("header"))
    del header["device"]["nodes"][0]["on_error"]
    with pytest.raises(jsonschema.ValidationError, match="'on_error' is a required property"):
        jsonschema.validate(header, load_schema("header"))
    for item in chunks_in(path)[0].snapshots:
        jsonschema.validate(item.state, load_schema("snapshot-graph"))


def test_members_of_enumerations_are_as_good_as_their_values(record: Callable[..., Path]) -> None:
    plain = record("a.mpk", GRAPHS.calls())
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
        for method, values in GRAPHS.calls()
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
    events = events_in(path, GRAPH)
    assert [event.fields["error"] for event in events if event.kind == "ERROR"] == texts
    assert {event.fields["node"] for event in events[1:-1]} == {"b"}
    assert events[-2] == Event(len(texts) + 2, 0, 3, "TURN", {"node": "b", "band": 2})
    assert len(recorder.names) < len(texts)
