"""Invariants of a graph's turns: who is served, and what a turn takes."""

from __future__ import annotations

from nandtrace.check.graph.facts import GraphFacts
from nandtrace.check.registry import invariant
from nandtrace.check.tables import Finding

GROUP = "graph turns"


@invariant(
    "blocked-yield",
    group=GROUP,
    sentence="A blocked node takes no tick, and no message but from edges of the control band.",
    rationale="A producer that goes on while it is blocked piles up what the bounded edge was to "
    "bound; one that does not hear a control message can not be stopped.",
    source="graph model: blocked nodes",
    needs=("BLOCK", "GET", "TICK"),
    domain="graph",
)
def blocked_yield(facts: GraphFacts) -> Finding:
    return facts.finding("blocked-yield")


@invariant(
    "delivery",
    group=GROUP,
    sentence="Each message taken is delivered at once, to the node of its edge and in the turn "
    "of that node; the input of the highest priority comes first, those of equal "
    "priority round robin.",
    rationale="A message taken and not delivered is lost between two lines of a log; an input "
    "that is never read starves.",
    source="graph model: a turn",
    needs=("GET", "DELIVER"),
    domain="graph",
)
def delivery(facts: GraphFacts) -> Finding:
    return facts.finding("delivery")


@invariant(
    "ready-only",
    group=GROUP,
    sentence="Every turn is of a ready node, takes a tick or a message, and all that happens in "
    "it happens at its time.",
    rationale="A turn that takes nothing is a spin; readiness follows from the trace alone, so "
    "that a decision can be checked.",
    source="graph model: readiness; a turn",
    needs=("TURN",),
    domain="graph",
)
def ready_only(facts: GraphFacts) -> Finding:
    return facts.finding("ready-only")


@invariant(
    "band",
    group=GROUP,
    sentence="The band of a turn is that of its node: its override, or the highest priority "
    "among the inputs from which it may take a message.",
    rationale="A turn charged to another band falsifies the share of both.",
    source="graph model: bands",
    needs=("TURN",),
    domain="graph",
)
def band(facts: GraphFacts) -> Finding:
    return facts.finding("band")


@invariant(
    "weighted-fairness",
    group=GROUP,
    sentence="The band served is the highest that has credits left and a ready node; when none "
    "has both, all credits are set back first.",
    rationale="Strict priority starves, and plain round robin lets an overload delay control "
    "messages: credits bound both.",
    source="graph model: bands",
    needs=("TURN",),
    domain="graph",
)
def weighted_fairness(facts: GraphFacts) -> Finding:
    return facts.finding("weighted-fairness")


@invariant(
    "round-robin",
    group=GROUP,
    sentence="Between two turns of a node in a band every other node that was ready in that band "
    "all the while has had one.",
    rationale="Within a band nobody comes first: a peer that is passed over may wait for ever.",
    source="graph model: bands",
    needs=("TURN",),
    domain="graph",
)
def round_robin(facts: GraphFacts) -> Finding:
    return facts.finding("round-robin")


@invariant(
    "batch-bound",
    group=GROUP,
    sentence="A turn takes at most max_batch_per_node messages, and less only when no more may "
    "be taken or a callback raised.",
    rationale="A turn is what a credit buys: one without a bound takes the share of all others.",
    source="graph model: a turn",
    needs=("TURN",),
    domain="graph",
)
def batch_bound(facts: GraphFacts) -> Finding:
    return facts.finding("batch-bound")


@invariant(
    "tick-cadence",
    group=GROUP,
    sentence="A tick is the first thing in its node's first turn at or after its due time; due "
    "times stay on the grid, and those passed completely are left out and counted.",
    rationale="A cadence that drifts, bursts or starves under load is none.",
    source="graph model: ticks",
    needs=("TICK", "TURN", "TICKS_END"),
    domain="graph",
)
def tick_cadence(facts: GraphFacts) -> Finding:
    return facts.finding("tick-cadence")


@invariant(
    "idle-only-when-idle",
    group=GROUP,
    sentence="The scheduler idles, or shuts down as FINISHED, only when no node is ready, and "
    "says rightly when the next tick is due.",
    rationale="Idling while a node is ready is a hang; spinning while none is wastes the machine.",
    source="graph model: readiness",
    needs=("IDLE", "SHUTDOWN"),
    domain="graph",
)
def idle_only_when_idle(facts: GraphFacts) -> Finding:
    return facts.finding("idle-only-when-idle")
