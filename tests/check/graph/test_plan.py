"""The graph that the header tells: read, or refused with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nandtrace.check import Verdict, verify_trace
from nandtrace.check.graph.plan import plan_from_device
from nandtrace.vocab.graph import ErrorPolicy, Policy
from tests.check.graph.graph_log import GraphLog, device, edge
from tests.check.hand_made import write

NODES = [{"name": "a", "tick_interval_ns": 5, "on_error": "retry"}, {"name": "b"}]
EDGES = [edge("a:o->b:i", 3, "latest", 2), edge("->a:i", 1)]


def test_a_plan_is_what_the_header_says() -> None:
    plan = plan_from_device(device(NODES, EDGES))
    first, second = plan.nodes
    assert (first.name, first.interval_ns, first.override) == ("a", 5, 0)
    assert (first.on_error, second.on_error) == (ErrorPolicy.RETRY, ErrorPolicy.SKIP)
    inner, outer = plan.edges
    assert (inner.source, inner.target, inner.capacity) == (0, 1, 3)
    assert (inner.policy, inner.priority) == (Policy.LATEST, 2)
    assert outer.source is None
    assert plan.has_open_input
    assert plan.fairness == (0, 1, 2, 4)
    assert plan.start_order == (0, 1)


def with_node(**others: Any) -> dict[str, Any]:
    return device([NODES[0] | others, NODES[1]], EDGES)


def with_edge(**others: Any) -> dict[str, Any]:
    return device(NODES, [EDGES[0] | others, EDGES[1]])


WRONG = [
    ({}, "device.nodes is NoneType, not a list of maps"),
    (device(NODES, EDGES) | {"edges": [1]}, "device.edges is list, not a list of maps"),
    (device([{"name": 3}], []), "device.nodes[0].name is 3, not a name"),
    (device([NODES[1], NODES[1]], []), "device.nodes names the node 'b' twice"),
    (
        with_node(tick_interval_ns=0),
        "device.nodes[0].tick_interval_ns is 0, not a number from 1 on",
    ),
    (with_node(priority_override=4), "device.nodes[0].priority_override is 4, not 1, 2 or 3"),
    (
        with_node(on_error="fail"),
        "device.nodes[0].on_error is 'fail', not one of skip, retry, stop",
    ),
    (with_node(max_attempts=True), "device.nodes[0].max_attempts is True, not a number from 1 on"),
    (with_edge(source="c"), "device.edges[0].source: there is no node 'c'"),
    (with_edge(target="c"), "device.edges[0].target: there is no node 'c'"),
    (with_edge(capacity=2**63), f"device.edges[0].capacity is {2**63}, not a number from 1 on"),
    (
        with_edge(policy="oldest"),
        "device.edges[0].policy is 'oldest', not one of block, drop, latest, coalesce",
    ),
    (with_edge(priority=0), "device.edges[0].priority is 0, not a number from 1 on"),
    (with_edge(priority=5), "device.edges[0].priority is 5, not 1, 2 or 3"),
    (device(NODES, [EDGES[0], EDGES[0]]), "device.edges names the edge 'a:o->b:i' twice"),
    (device([], [], fairness_ratio=3), "device.fairness_ratio is 3, not a map of bands"),
    (
        device([], [], fairness_ratio={"normal": 1, "high": 2}),
        "device.fairness_ratio.control is None, not a number from 1 on",
    ),
    (
        device([], [], max_batch_per_node=0),
        "device.max_batch_per_node is 0, not a number from 1 on",
    ),
    (
        device([], [], shutdown_timeout_ns=-1),
        "device.shutdown_timeout_ns is -1, not a number from 0 on",
    ),
]


@pytest.mark.parametrize(("wrong", "reason"), WRONG, ids=[reason for _, reason in WRONG])
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is compared whole
        plan_from_device(wrong)
    assert str(caught.value) == reason


def test_a_trace_with_such_a_header_is_not_judged(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mpk", GraphLog(with_edge(target="c")))
    verdict = verify_trace(path)
    assert verdict.verdict is Verdict.UNKNOWN
    assert "device.edges[0].target: there is no node 'c'" in str(verdict.error)
