"""Invariants of a graph's checkpoints: where a run ends and the next begins."""

from __future__ import annotations

from nandtrace.check.graph.facts import GraphFacts
from nandtrace.check.registry import invariant
from nandtrace.check.tables import Finding

GROUP = "graph checkpoints"


@invariant(
    "checkpoint-continuity",
    group=GROUP,
    sentence="A run begins in the state in which the one before ended, and at its time; the "
    "first begins as the header says. A CHECKPOINT lies between two turns.",
    rationale="What happened between two runs is not in the trace, so nothing may.",
    source="graph model: words",
    needs=("RUN_BEGIN", "RUN_END"),
    domain="graph",
)
def checkpoint_continuity(facts: GraphFacts) -> Finding:
    return facts.finding("checkpoint-continuity")


@invariant(
    "checkpoint-matches-replay",
    group=GROUP,
    sentence="The snapshot at the end of a run equals what replaying its events from its begin "
    "gives.",
    rationale="A scheduler whose state differs from what its log says did something that it did "
    "not log.",
    source="graph model: words",
    needs=("RUN_END",),
    domain="graph",
)
def checkpoint_matches_replay(facts: GraphFacts) -> Finding:
    return facts.finding("checkpoint-matches-replay")
