"""What becomes of a message that is put on an edge, and in what order messages leave it."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from nandtrace.graph import (
    GraphError,
    InputPort,
    Message,
    MessageType,
    Node,
    OutputPort,
    PutResult,
    control,
)
from tests.graph.nodes import Actor, advance, drain, echo, graph, sayer, sink

OK, BLOCKED, DROPPED, REPLACED, COALESCED = PutResult
STOP, GO = control("stop"), control("go")
EDGE = "a:out->b:in"


def _put(policy: str, capacity: int, *payloads: Any, **edge: Any) -> tuple[list[PutResult], Any]:
    """The result of each put of a node that starts, and the payloads that are delivered in the end."""
    source, target = sayer("a", *payloads), sink("b")
    scheduler, _ = graph(source, target)
    scheduler.connect("a:out", "b:in", capacity=capacity, policy=policy, **edge)
    scheduler.run()
    return source.results, target.got


@pytest.mark.parametrize("policy", ["block", "drop", "latest", "coalesce"])
@pytest.mark.parametrize("payload", [1, STOP, Message(1, MessageType.ERROR)])
def test_an_edge_that_is_not_full_takes_every_message(policy: str, payload: Any) -> None:
    results, got = _put(policy, 2, payload, payload)
    assert results == [OK, OK]
    assert len(got) == 2


@pytest.mark.parametrize(
    ("policy", "results", "got"),
    [
        ("block", [OK, OK, BLOCKED, BLOCKED], [1, 2, 3, 4]),
        ("drop", [OK, OK, DROPPED, DROPPED], [1, 2]),
        ("latest", [OK, OK, REPLACED, REPLACED], [3, 4]),
        ("coalesce", [OK, OK, COALESCED, COALESCED], [1, 4]),
    ],
)
@pytest.mark.parametrize("kind", [MessageType.DATA, MessageType.ERROR])
def test_the_policy_of_a_full_edge(
    policy: str, results: list[PutResult], got: list[int], kind: MessageType
) -> None:
    messages = [Message(number, kind) for number in (1, 2, 3, 4)]
    assert _put(policy, 2, *messages) == (results, got)


@pytest.mark.parametrize("policy", ["block", "drop", "latest", "coalesce"])
def test_a_control_message_is_never_lost(policy: str) -> None:
    assert _put(policy, 2, 1, 2, STOP) == ([OK, OK, BLOCKED], [1, 2, "stop"])


@pytest.mark.parametrize("policy", ["block", "drop", "latest", "coalesce"])
def test_what_follows_a_pending_message_is_pending_behind_it(policy: str) -> None:
    results, got = _put(policy, 2, 1, 2, STOP, 4, 5)
    assert results == [OK, OK, BLOCKED, BLOCKED, BLOCKED]
    assert got == [1, 2, "stop", 4, 5]


def test_latest_spares_control_messages() -> None:
    assert _put("latest", 3, STOP, 1, 2, 3, 4) == (
        [OK, OK, OK, REPLACED, REPLACED],
        ["stop", 3, 4],
    )


def test_latest_has_nothing_to_evict_where_all_is_control() -> None:
    assert _put("latest", 2, STOP, GO, 3) == ([OK, OK, BLOCKED], ["stop", "go", 3])


def test_coalesce_merges_into_the_newest_and_keeps_its_place() -> None:
    results, got = _put("coalesce", 2, 1, 10, 100, 1_000, merge=operator.add)
    assert results == [OK, OK, COALESCED, COALESCED]
    assert got == [1, 1_110]


def test_coalesce_merges_behind_a_control_message() -> None:
    assert _put("coalesce", 2, STOP, 1, 2) == ([OK, OK, COALESCED], ["stop", 2])


def test_coalesce_never_merges_into_a_control_message() -> None:
    assert _put("coalesce", 2, 1, STOP, 3) == ([OK, OK, BLOCKED], [1, "stop", 3])


def test_a_merged_message_is_the_new_one_and_an_error_if_one_of_both_is() -> None:
    kept: list[Message] = []
    first = Message(1, MessageType.ERROR, {"a": 1}, {"b": 2}, trace_id=7)
    source = sayer("a", first, Message(2, trace_id=8))
    target = sink("b", message=lambda node, port, message: kept.append(message))
    scheduler, _ = graph(source, target)
    scheduler.connect("a:out", "b:in", capacity=1, policy="coalesce", merge=operator.add)
    scheduler.run()
    assert kept == [Message(3, MessageType.ERROR, trace_id=8)]


def test_every_put_says_result_depth_and_the_other_message() -> None:
    lines = {}
    for policy in ("block", "drop", "latest", "coalesce"):
        scheduler, log = graph(sayer("a", 1, STOP, 3, 4), sink("b"))
        scheduler.connect("a:out", "b:in", capacity=2, policy=policy)
        scheduler.run()
        lines[policy] = [line.replace(f" {EDGE}", "") for line in log.lines("PUT")]
    first = ["PUT 0 DATA OK 1 - 0", "PUT 1 CONTROL OK 2 - 1"]
    blocked = ["PUT 2 DATA BLOCKED 2 - 2", "PUT 3 DATA BLOCKED 2 - 3"]
    assert lines == {
        "block": first + blocked,
        "drop": [*first, "PUT 2 DATA DROPPED 2 - 2", "PUT 3 DATA DROPPED 2 - 3"],
        "latest": [*first, "PUT 2 DATA REPLACED 2 0 2", "PUT 3 DATA REPLACED 2 2 3"],
        "coalesce": first + blocked,
    }


def test_a_message_merged_into_is_named() -> None:
    scheduler, log = graph(sayer("a", 1, 2, 3), sink("b"))
    scheduler.connect("a:out", "b:in", capacity=1, policy="coalesce")
    scheduler.run()
    assert log.lines("PUT")[1:] == [
        f"PUT 1 {EDGE} DATA COALESCED 1 0 1",
        f"PUT 2 {EDGE} DATA COALESCED 1 0 2",
    ]


def test_messages_leave_in_the_order_in_which_they_came() -> None:
    numbers = list(range(1_000))
    for capacity in (1, 7, 1_000):
        assert _put("block", capacity, *numbers)[1] == numbers


def test_a_get_and_what_it_flushes_say_the_depth() -> None:
    scheduler, log = graph(sayer("a", 1, 2, 3), sink("b"))
    scheduler.connect("a:out", "b:in", capacity=2)
    scheduler.run()
    assert log.lines("GET", "FLUSH", "DELIVER", "WAKE") == [
        f"GET 0 {EDGE} 1",
        f"FLUSH 2 {EDGE} 2",
        f"WAKE a {EDGE}",
        f"DELIVER 0 b {EDGE} 1",
        f"GET 1 {EDGE} 1",
        f"DELIVER 1 b {EDGE} 1",
        f"GET 2 {EDGE} 0",
        f"DELIVER 2 b {EDGE} 1",
    ]


# ---- several edges at a port


def test_a_message_on_several_edges_has_one_number() -> None:
    scheduler, log = graph(sayer("a", 1, 2), sink("b"), sink("c"))
    scheduler.connect("a:out", "b:in")
    scheduler.connect("a:out", "c:in")
    scheduler.run()
    assert log.lines("PUT") == [
        "PUT 0 a:out->b:in DATA OK 1 - 0",
        "PUT 0 a:out->c:in DATA OK 1 - 0",
        "PUT 1 a:out->b:in DATA OK 2 - 1",
        "PUT 1 a:out->c:in DATA OK 2 - 1",
    ]


@pytest.mark.parametrize(
    ("policies", "result"),
    [
        (("latest", "coalesce"), REPLACED),
        (("drop", "latest"), DROPPED),
        (("coalesce", "drop"), DROPPED),
        (("drop", "block"), BLOCKED),
        (("block", "coalesce"), BLOCKED),
        (("coalesce", None), COALESCED),
        (("drop", None), DROPPED),
    ],
)
def test_where_edges_differ_the_result_is_the_worst(
    policies: tuple[str, str | None], result: PutResult
) -> None:
    source = sayer("a", 1, 2)
    scheduler, _ = graph(source, sink("b"), sink("c"))
    for target, policy in zip(("b:in", "c:in"), policies, strict=True):
        room = {"capacity": 1, "policy": policy} if policy else {}
        scheduler.connect("a:out", target, **room)
    scheduler.run()
    assert source.results == [OK, result]


def test_a_message_for_nobody_takes_no_number() -> None:
    source = Actor("a", "", "out void", start=lambda node: node.say(1, port="void"))
    target = sink("b")
    scheduler, log = graph(source, target, sayer("c", 2))
    scheduler.connect("a:out", "b:in")
    scheduler.connect("c:out", "b:in")
    scheduler.run()
    assert source.results == [OK]
    assert log.lines("PUT") == ["PUT 0 c:out->b:in DATA OK 1 - 0"]


# ---- merge functions that fail


def _merge_fails(_: int, __: int) -> int:
    raise ArithmeticError("these don't add up")


def test_a_merge_that_raises_fails_the_emit_and_leaves_the_edge_as_it_is() -> None:
    source, target = sayer("a", 1, 2), sink("b")
    scheduler, log = graph(source, target)
    scheduler.connect("a:out", "b:in", capacity=1, policy="coalesce", merge=_merge_fails)
    report = scheduler.run()
    assert [str(error) for error in report.errors] == [
        "a: start: ArithmeticError: these don't add up"
    ]
    assert log.lines("PUT") == [f"PUT 0 {EDGE} DATA OK 1 - 0"]
    assert target.got == [1]


def test_a_merge_that_raises_on_one_edge_puts_the_message_on_none() -> None:
    def start(node: Actor) -> None:
        node.say(1)
        with pytest.raises(ArithmeticError):
            node.say(2)
        node.say(3, port="other")

    first, second = sink("b"), sink("c")
    scheduler, log = graph(Actor("a", "", "out other", start=start), first, second)
    scheduler.connect("a:out", "b:in")
    scheduler.connect("a:out", "c:in", capacity=1, policy="coalesce", merge=_merge_fails)
    scheduler.connect("a:other", "b:in")
    scheduler.run()
    assert (first.got, second.got) == ([1, 3], [1])
    assert log.lines("PUT")[2:] == ["PUT 1 a:other->b:in DATA OK 1 - 1"]


def _add_in_place(old: Counter[str], new: Counter[str]) -> Counter[str]:
    old.update(new)
    return old


def test_a_merge_is_called_once_for_a_message_on_each_edge() -> None:
    """One that adds to the payload on the edge in place counts everything once."""
    first, second = sink("b"), sink("c")
    source = sayer("a", Counter(x=1), Counter(x=10), Counter(y=100))
    scheduler, _ = graph(source, first, second)
    options: dict[str, Any] = {"capacity": 1, "policy": "coalesce"}
    scheduler.connect("a:out", "b:in", merge=_add_in_place, **options)
    scheduler.connect("a:out", "c:in", merge=lambda old, new: old, **options)
    scheduler.run()
    assert first.got == [Counter(x=11, y=100)]


@pytest.mark.parametrize(
    "use",
    [
        lambda node: node.scheduler.set_priority(EDGE, 2),
        lambda node: node.scheduler.set_capacity(EDGE, 2),
        lambda node: node.scheduler.advance(1),
        lambda node: node.end_ticks(),
    ],
)
def test_a_merge_may_not_use_the_graph(use: Callable[[Actor], object]) -> None:
    source = sayer("a", 1, 2)

    def merge(old: int, new: int) -> int:
        use(source)
        return old + new

    scheduler, log = graph(source, sink("b"))
    scheduler.connect("a:out", "b:in", capacity=1, policy="coalesce", merge=merge)
    (error,) = scheduler.run().errors
    assert str(error) == "a: start: GraphError: a merge can't use the graph"
    assert log.lines("MUTATE") == []


def test_what_is_merged_is_the_new_message_with_both_payloads() -> None:
    got: list[Message] = []

    def start(node: Actor) -> None:
        node.emit("out", Message(1, headers={"from": "old"}, trace_id=7))
        node.emit("out", Message(2, MessageType.ERROR, headers={"from": "new"}, trace_id=8))

    target = Actor("b", "in", message=lambda _, __, message: got.append(message))
    scheduler, _ = graph(Actor("a", "", "out", start=start), target)
    scheduler.connect(
        "a:out", "b:in", capacity=1, policy="coalesce", merge=lambda old, new: old + new
    )
    scheduler.run()
    assert got == [Message(3, MessageType.ERROR, headers={"from": "new"}, trace_id=8)]


def test_a_merge_may_not_emit() -> None:
    source = sayer("a", 1, 2)

    def merge(old: int, new: int) -> int:
        source.emit("out", 3)
        return old + new

    scheduler, log = graph(source, sink("b"))
    scheduler.connect("a:out", "b:in", capacity=1, policy="coalesce", merge=merge)
    (error,) = scheduler.run().errors
    assert str(error) == "a: start: GraphError: a merge can't use the graph"
    assert log.lines("PUT") == [f"PUT 0 {EDGE} DATA OK 1 - 0"]


class _Ints(Node):
    inputs = (InputPort("in", int),)
    outputs = (OutputPort("out", int),)

    def __init__(self, name: str, *payloads: int) -> None:
        super().__init__(name)
        self.payloads = payloads
        self.got: list[int] = []

    def on_start(self) -> None:
        for payload in self.payloads:
            self.emit("out", payload)

    def on_message(self, _: str, message: Message) -> None:
        self.got.append(message.payload)


def test_a_merge_may_only_give_what_the_input_takes() -> None:
    target = _Ints("b")
    scheduler, _ = graph(sayer("a", 1, 2), target)
    scheduler.connect(
        "a:out", "b:in", capacity=1, policy="coalesce", merge=lambda old, new: f"{old}{new}"
    )
    report = scheduler.run()
    assert [str(error) for error in report.errors] == [
        f"a: start: GraphError: edge {EDGE}: b:in takes int, not str"
    ]
    assert target.got == [1]


# ---- types of payloads


def test_subclasses_of_a_ports_type_pass() -> None:
    source, target = _Ints("a", 3, True), _Ints("b")
    source.inputs = ()
    scheduler, _ = graph(source, target)
    scheduler.connect("a:out", "b:in")
    assert scheduler.run().errors == ()
    assert target.got == [3, True]


def test_an_input_of_several_types_takes_each() -> None:
    target = sink("b")
    target.inputs = (InputPort("in", (int, str)),)
    scheduler, _ = graph(sayer("a", 1, "two", 3.0), target)
    scheduler.connect("a:out", "b:in")
    report = scheduler.run()
    assert target.got == [1, "two"]
    assert [str(error) for error in report.errors] == [
        f"a: start: GraphError: edge {EDGE}: b:in takes int | str, not float"
    ]


def test_a_payload_that_one_of_several_edges_refuses_is_put_on_none() -> None:
    first, second = sink("b"), _Ints("c")
    scheduler, log = graph(sayer("a", "text"), first, second)
    scheduler.connect("a:out", "b:in")
    scheduler.connect("a:out", "c:in")
    scheduler.run()
    assert (first.got, second.got) == ([], [])
    assert log.lines("PUT") == []


# ---- messages


def test_metadata_and_headers_travel_along() -> None:
    kept: list[Message] = []
    message = Message("x", MessageType.ERROR, {"at": 3}, {"to": "all"}, trace_id=99)
    scheduler, log = graph(
        sayer("a", message), sink("b", message=lambda *call: kept.append(call[2]))
    )
    scheduler.connect("a:out", "b:in")
    scheduler.run()
    assert kept == [message]
    assert log.lines("PUT") == [f"PUT 0 {EDGE} ERROR OK 1 - 99"]


def test_messages_inherit_the_trace_id_of_the_one_being_handled() -> None:
    scheduler, log = graph(
        sayer("a", 1, Message(2, trace_id=50), 3), Actor("b", message=echo), sink("c")
    )
    scheduler.connect("a:out", "b:in")
    scheduler.connect("b:out", "c:in")
    scheduler.run()
    ids = [line.split() for line in log.lines("PUT")]
    assert [(words[1], words[2], words[-1]) for words in ids] == [
        ("0", "a:out->b:in", "0"),
        ("1", "a:out->b:in", "50"),
        ("2", "a:out->b:in", "2"),
        ("3", "b:out->c:in", "0"),
        ("4", "b:out->c:in", "50"),
        ("5", "b:out->c:in", "2"),
    ]


def test_what_a_callback_sends_to_an_open_input_inherits_like_what_it_emits() -> None:
    def handle(node: Actor, port: str, message: Message) -> None:
        node.scheduler.send("->c:in", "sent")
        node.say("said")

    scheduler, log = graph(
        sayer("a", Message(1, trace_id=50)), Actor("b", message=handle), sink("c")
    )
    scheduler.connect("a:out", "b:in")
    scheduler.connect("b:out", "c:in")
    scheduler.open_input("c:in")
    scheduler.run()
    assert log.lines("PUT")[1:] == [
        "PUT 1 ->c:in DATA OK 1 - 50",
        "PUT 2 b:out->c:in DATA OK 1 - 50",
    ]


def test_a_message_of_no_known_type_is_refused() -> None:
    scheduler, _ = graph(sayer("a", Message(1, "DATUM")), sink("b"))  # type: ignore[arg-type]
    scheduler.connect("a:out", "b:in")
    assert str(scheduler.run().errors[0]).endswith("GraphError: 'DATUM' is no type of a message")


@pytest.mark.parametrize("trace_id", ["7", 2**63, -(2**63)])
def test_a_trace_id_is_a_64_bit_integer(trace_id: Any) -> None:
    scheduler, _ = graph(sayer("a", Message(1, trace_id=trace_id)), sink("b"))
    scheduler.connect("a:out", "b:in")
    said = str(scheduler.run().errors[0])
    assert said.endswith(f"the trace id {trace_id!r} is no 64-bit integer")


# ---- messages from outside


@pytest.mark.parametrize(
    ("policy", "result", "got"),
    [
        ("block", BLOCKED, [1]),
        ("drop", DROPPED, [1]),
        ("latest", REPLACED, [2]),
        ("coalesce", COALESCED, [2]),
    ],
)
def test_the_policy_of_an_open_input(policy: str, result: PutResult, got: list[int]) -> None:
    target = sink("b")
    scheduler, log = graph(target)
    edge = scheduler.open_input("b:in", capacity=1, policy=policy)
    scheduler.start()
    assert [scheduler.send(edge, 1), scheduler.send(edge, 2)] == [OK, result]
    assert drain(scheduler).leftovers == ()
    assert target.got == got
    assert len(log.lines("PUT")) == 2
    assert log.lines("BLOCK") == []


def test_a_control_message_from_outside_that_finds_no_room_is_refused_too() -> None:
    target = sink("b")
    scheduler, _ = graph(target)
    edge = scheduler.open_input("b:in", capacity=1, policy="latest")
    scheduler.start()
    assert [scheduler.send(edge, STOP), scheduler.send(edge, GO)] == [OK, BLOCKED]
    assert scheduler.advance(1) == 0
    assert scheduler.send(edge, GO) == OK
    drain(scheduler)
    assert target.got == ["stop", "go"]


def test_a_refused_payload_from_outside_is_a_graph_error() -> None:
    target = _Ints("b")
    scheduler, log = graph(target)
    edge = scheduler.open_input("b:in")
    scheduler.start()
    with pytest.raises(GraphError, match=r"^edge ->b:in: b:in takes int, not str$"):
        scheduler.send(edge, "one")
    scheduler.send(edge, 1)
    assert log.lines("PUT") == ["PUT 0 ->b:in DATA OK 1 - 0"]


def test_a_slow_reader_of_a_latest_edge_sees_the_newest() -> None:
    def read(node: Actor, port: str, message: Message) -> None:
        advance(node, 1)

    source, target = sayer("a", *range(100)), sink("b", message=read)
    scheduler, _ = graph(source, target)
    scheduler.connect("a:out", "b:in", capacity=1, policy="latest")
    scheduler.run()
    assert target.got == [99]
    assert source.results == [OK, *[REPLACED] * 99]
