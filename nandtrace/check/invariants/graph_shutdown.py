"""Invariants of a graph's shutdown."""

from __future__ import annotations

from nandtrace.check.graph.facts import GraphFacts
from nandtrace.check.registry import invariant
from nandtrace.check.tables import Finding

GROUP = "graph shutdown"


@invariant(
    "shutdown-drained",
    group=GROUP,
    sentence="SHUTDOWN is written once, with its deadline; after it no tick is taken and nothing "
    "comes from outside; turns go on until nothing is ready or the deadline is reached, "
    "and then all that is left is itemised in order.",
    rationale="A drain ends by itself or by its deadline, and says what it left.",
    source="graph model: shutdown",
    needs=("SHUTDOWN", "LEFTOVER", "STOP", "RUN_END"),
    domain="graph",
)
def shutdown_drained(facts: GraphFacts) -> Finding:
    return facts.finding("shutdown-drained")
