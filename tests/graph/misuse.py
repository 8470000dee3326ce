"""What tests of misuse share: two nodes to wire wrongly, and what a refusal is like."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from nandtrace.errors import UsageError
from nandtrace.graph import GraphError, InputPort, Node, OutputPort, Scheduler
from tests.graph.nodes import Actor, graph

EDGE = "a:out->b:in"


class Typed(Node):
    """A node with typed ports, one of which needs an edge."""

    inputs = (InputPort("in", int), InputPort("words", (str, bytes), required=False))
    outputs = (OutputPort("out", int), OutputPort("text", str))


def pair() -> Scheduler:
    """Two nodes that are not wired yet."""
    scheduler, _ = graph(Actor("a"), Actor("b", "in other", "out more"))
    return scheduler


def wired() -> Scheduler:
    """The same, with an edge from one to the other."""
    scheduler = pair()
    scheduler.connect("a:out", "b:in")
    return scheduler


def refused(call: Callable[[], object], text: str) -> None:
    """A call raises a GraphError that says exactly this."""
    with pytest.raises(GraphError, match=f"^{re.escape(text)}$") as caught:
        call()
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, UsageError)
