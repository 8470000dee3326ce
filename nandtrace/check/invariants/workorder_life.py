"""Invariants of a work-order scheduler's life: its modes, its resources, its recovery."""

from __future__ import annotations

from nandtrace.check.registry import invariant
from nandtrace.check.tables import Finding
from nandtrace.check.workorder.facts import WorkOrderFacts

GROUP = "work-order life"


@invariant(
    "pressure-edge",
    group=GROUP,
    sentence="PRESSURE tells a level when a reading gives another than the one told last, right before "
    "the decision that it was read for, or when the memory is read beside the decisions; HEALTH tells "
    "every change of health, in its place.",
    rationale="Levels told on change are a history; a change that is not told is a wrong one.",
    source="work-order model: resources",
    needs=("PRESSURE", "HEALTH", "CLAIM", "HOLD"),
    domain="workorder",
)
def pressure_edge(facts: WorkOrderFacts) -> Finding:
    return facts.finding("pressure-edge")


@invariant(
    "no-claim-when-stopped",
    group=GROUP,
    sentence="Orders are claimed in the mode RUNNING with a handler set only; modes follow each other as "
    "the table says; from a stop on every order is refused, handlers are asked to end at the end of the "
    "grace, and STOPPED is told once no order is active, as the last event of its run.",
    rationale="A scheduler that was paused or stopped and still claims can not be shut down.",
    source="work-order model: modes; gates; the queue; ending a handler",
    domain="workorder",
)
def no_claim_when_stopped(facts: WorkOrderFacts) -> Finding:
    return facts.finding("no-claim-when-stopped")


@invariant(
    "recovery",
    group=GROUP,
    sentence="After an end CRASHED or STOPPED, and then only, RESTART comes first, and right after it "
    "each order that was active is recovered, by ascending numbers.",
    rationale="An order that was active in a crash is run by nobody: unless it is recovered, it and its "
    "slot are lost.",
    source="work-order model: recovery",
    domain="workorder",
)
def recovery(facts: WorkOrderFacts) -> Finding:
    return facts.finding("recovery")
