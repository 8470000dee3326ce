"""Invariants of checkpoints: where a run ends and the next begins, in domains with a replay."""

from __future__ import annotations

from typing import Protocol

from nandtrace.check.registry import invariant
from nandtrace.check.tables import Finding

GROUP = "checkpoints"
_DOMAINS = ("graph", "workorder")
_SOURCE = "graph model: words; work-order model: words, recovery"


class ReplayFacts(Protocol):
    """Facts of a domain whose invariants share a replay."""

    def finding(self, invariant_id: str) -> Finding:
        """The replay's part that one invariant is about."""


@invariant(
    "checkpoint-continuity",
    group=GROUP,
    sentence="A run begins in the state in which the one before ended, and at its time; the first "
    "begins before anything has happened. Where the past of a scheduler of work orders is not in the "
    "trace, it begins in a state in which one can be. A CHECKPOINT lies between two turns of a graph, or "
    "follows a decision about work orders.",
    rationale="What happened between two runs is not in the trace, so nothing may.",
    source=_SOURCE,
    needs=("RUN_BEGIN", "RUN_END"),
    domain=_DOMAINS,
)
def checkpoint_continuity(facts: ReplayFacts) -> Finding:
    return facts.finding("checkpoint-continuity")


@invariant(
    "checkpoint-matches-replay",
    group=GROUP,
    sentence="The snapshot at the end of a run equals what replaying its events from its begin "
    "gives.",
    rationale="A scheduler whose state differs from what its log says did something that it did "
    "not log.",
    source=_SOURCE,
    needs=("RUN_END",),
    domain=_DOMAINS,
)
def checkpoint_matches_replay(facts: ReplayFacts) -> Finding:
    return facts.finding("checkpoint-matches-replay")
