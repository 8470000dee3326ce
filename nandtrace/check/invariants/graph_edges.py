"""Invariants of a graph's edges: what is put, what is pending, what is taken."""

from __future__ import annotations

from nandtrace.check.graph.facts import GraphFacts
from nandtrace.check.registry import invariant
from nandtrace.check.tables import Finding

GROUP = "graph edges"


@invariant(
    "edge-fifo",
    group=GROUP,
    sentence="Messages leave an edge in the order in which they entered it, and enter it in the "
    "order in which they were emitted.",
    rationale="A consumer that sees two messages of one producer in the wrong order computes "
    "something else.",
    source="graph model: words; policies of a full edge",
    needs=("GET", "FLUSH", "PUT"),
    domain="graph",
)
def edge_fifo(facts: GraphFacts) -> Finding:
    return facts.finding("edge-fifo")


@invariant(
    "edge-capacity",
    group=GROUP,
    sentence="No message enters an edge that holds as many as its capacity, and every recorded "
    "depth is right.",
    rationale="Bounded edges bound memory, and make a slow consumer felt at its producer.",
    source="graph model: policies of a full edge",
    needs=("PUT", "GET", "FLUSH"),
    domain="graph",
)
def edge_capacity(facts: GraphFacts) -> Finding:
    return facts.finding("edge-capacity")


@invariant(
    "put-result",
    group=GROUP,
    sentence="What becomes of a message put on an edge is what its policy, the type of the "
    "message and the fill of the edge demand; messages are numbered without a hole, and "
    "put on every edge of their port.",
    rationale="A policy decides what may be lost. One that is applied where it does not belong "
    "loses what must arrive.",
    source="graph model: policies of a full edge",
    needs=("PUT",),
    domain="graph",
)
def put_result(facts: GraphFacts) -> Finding:
    return facts.finding("put-result")


@invariant(
    "edge-conservation",
    group=GROUP,
    sentence="Each message put on an edge is delivered, evicted, merged, dropped, refused or "
    "left over, exactly once.",
    rationale="A message that vanishes or comes twice is the fault that no test of the nodes can "
    "find.",
    source="graph model: policies of a full edge; shutdown",
    needs=("PUT", "GET", "FLUSH", "LEFTOVER"),
    domain="graph",
)
def edge_conservation(facts: GraphFacts) -> Finding:
    return facts.finding("edge-conservation")


@invariant(
    "blocked-pure",
    group=GROUP,
    sentence="A message that is blocked changes nothing but the queue of those pending at its "
    "producer, enters the edge before it is taken, and BLOCK is written right after the "
    "first of them.",
    rationale="Backpressure is a result: a put that is blocked and still leaves a trace on the "
    "edge is neither refused nor accepted.",
    source="graph model: policies of a full edge; blocked nodes",
    needs=("PUT", "BLOCK"),
    domain="graph",
)
def blocked_pure(facts: GraphFacts) -> Finding:
    return facts.finding("blocked-pure")


@invariant(
    "flush-prompt",
    group=GROUP,
    sentence="Pending messages enter their edge as soon as it has room, before anything else "
    "happens, and WAKE follows the last of them.",
    rationale="A producer that stays blocked though its edge was read would have to poll, or "
    "waits for ever.",
    source="graph model: blocked nodes",
    needs=("FLUSH", "WAKE", "GET", "MUTATE"),
    domain="graph",
)
def flush_prompt(facts: GraphFacts) -> Finding:
    return facts.finding("flush-prompt")


@invariant(
    "mutator-effect",
    group=GROUP,
    sentence="A change of priority or capacity replaces the value that was in effect by a legal "
    "one, and evicts nothing.",
    rationale="An operator's knob never loses messages.",
    source="graph model: changes while running",
    needs=("MUTATE",),
    domain="graph",
)
def mutator_effect(facts: GraphFacts) -> Finding:
    return facts.finding("mutator-effect")
