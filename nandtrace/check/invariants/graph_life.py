"""Invariants of a graph's nodes' lives: starts, errors, stops."""

from __future__ import annotations

from nandtrace.check.graph.facts import GraphFacts
from nandtrace.check.registry import invariant
from nandtrace.check.tables import Finding

GROUP = "graph life"


@invariant(
    "start-topological",
    group=GROUP,
    sentence="Every node is started once before the first turn, sources before what they feed, "
    "nodes of a cycle side by side, else in the order of registration.",
    rationale="A consumer is never called before its producer is there to be asked.",
    source="graph model: life",
    needs=("START", "TURN", "RUN_END"),
    domain="graph",
)
def start_topological(facts: GraphFacts) -> Finding:
    return facts.finding("start-topological")


@invariant(
    "stop-reverse",
    group=GROUP,
    sentence="At the end every node that was started is stopped once, in the reverse order of "
    "the starts.",
    rationale="A node that stops before what depends on it leaves that without its producer; one "
    "that never stops keeps its files open.",
    source="graph model: life",
    needs=("STOP", "RUN_END"),
    domain="graph",
)
def stop_reverse(facts: GraphFacts) -> Finding:
    return facts.finding("stop-reverse")


@invariant(
    "error-isolated",
    group=GROUP,
    sentence="An exception ends its callback and nothing else: its input gets the disposition of "
    "the error policy, a retried message comes again before what follows it, and a "
    "disabled node takes no turn.",
    rationale="An error concerns one node and one input, and what became of that input is never "
    "left open.",
    source="graph model: errors",
    needs=("ERROR", "DISABLE", "TURN", "GET"),
    domain="graph",
)
def error_isolated(facts: GraphFacts) -> Finding:
    return facts.finding("error-isolated")


@invariant(
    "names-resolve",
    group=GROUP,
    sentence="Every node and edge that an event or a snapshot names is in the header, every "
    "message named was put before, and every type of a message is known.",
    rationale="An event about a node that nobody registered belongs to another log or was "
    "corrupted.",
    source="graph model: words",
    needs=(
        "RUN_BEGIN",
        "START",
        "TURN",
        "TICK",
        "PUT",
        "FLUSH",
        "GET",
        "DELIVER",
        "BLOCK",
        "WAKE",
        "MUTATE",
        "ERROR",
        "DISABLE",
        "TICKS_END",
        "LEFTOVER",
        "STOP",
    ),
    domain="graph",
)
def names_resolve(facts: GraphFacts) -> Finding:
    return facts.finding("names-resolve")
