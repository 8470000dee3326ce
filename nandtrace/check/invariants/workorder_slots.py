"""Invariants of slots: claimed, held, and given back."""

from __future__ import annotations

from nandtrace.check.registry import invariant
from nandtrace.check.tables import Finding
from nandtrace.check.workorder.facts import WorkOrderFacts

GROUP = "slots"


@invariant(
    "slot-bound",
    group=GROUP,
    sentence="At no moment more slots are in use than there are.",
    rationale="A slot stands for the memory and the core of one attempt: one more than there are is "
    "what the scheduler exists to prevent.",
    source="work-order model: words; gates",
    needs=("CLAIM",),
    domain="workorder",
)
def slot_bound(facts: WorkOrderFacts) -> Finding:
    return facts.finding("slot-bound")


@invariant(
    "slot-pairing",
    group=GROUP,
    sentence="The slot of an attempt is given back once, by the order that claimed it, right after the "
    "end of the attempt, and taken from its handler only at the deadline; what an abandoned handler "
    "gives back later is STRAY.",
    rationale="A slot that is never given back is lost; one given back twice is claimed twice.",
    source="work-order model: slots; ending a handler",
    needs=("COMPLETE", "FAIL", "CANCEL", "RELEASE", "STRAY"),
    domain="workorder",
)
def slot_pairing(facts: WorkOrderFacts) -> Finding:
    return facts.finding("slot-pairing")


@invariant(
    "slot-iff-active",
    group=GROUP,
    sentence="An order holds a slot as long as it is active, and no longer.",
    rationale="Work without a slot is not counted, and a slot without work is not used.",
    source="work-order model: slots",
    needs=("CLAIM", "RELEASE", "RUN_END"),
    domain="workorder",
)
def slot_iff_active(facts: WorkOrderFacts) -> Finding:
    return facts.finding("slot-iff-active")


@invariant(
    "lease",
    group=GROUP,
    sentence="A handler is asked to end when its lease is over, and then only; by its deadline the "
    "order has become what it was asked to end for, and only an order whose handler was asked fails "
    "for LEASE or is cancelled while it is active.",
    rationale="A handler that hangs keeps its slot for ever; one that is ended early loses its work.",
    source="work-order model: ending a handler",
    domain="workorder",
)
def lease(facts: WorkOrderFacts) -> Finding:
    return facts.finding("lease")
