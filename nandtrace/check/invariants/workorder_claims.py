"""Invariants of claims: the gates, and the order in which they are asked."""

from __future__ import annotations

from nandtrace.check.registry import invariant
from nandtrace.check.tables import Finding
from nandtrace.check.workorder.facts import WorkOrderFacts

GROUP = "claims"


@invariant(
    "claim-atomic",
    group=GROUP,
    sentence="A claim takes an order, its next attempt and the lowest free slot in one step, and says "
    "what the memory was.",
    rationale="A claim that takes one without the others leaves a slot without work or work without a "
    "slot.",
    source="work-order model: gates",
    needs=("CLAIM",),
    domain="workorder",
)
def claim_atomic(facts: WorkOrderFacts) -> Finding:
    return facts.finding("claim-atomic")


@invariant(
    "no-double-claim",
    group=GROUP,
    sentence="No order is claimed while it is active, no slot while it is held, and no id is live "
    "twice: an order whose id is, and no other, is refused as DUPLICATE.",
    rationale="Two handlers on one order do its work twice, and write the same files.",
    source="work-order model: words; the queue; slots",
    needs=("CLAIM", "ENQUEUE", "REFUSE"),
    domain="workorder",
)
def no_double_claim(facts: WorkOrderFacts) -> Finding:
    return facts.finding("no-double-claim")


@invariant(
    "stagger",
    group=GROUP,
    sentence="Between two claims lies at least stagger_ns, also across runs.",
    rationale="Work that starts together takes its memory together, before a reading can show it.",
    source="work-order model: gates",
    needs=("CLAIM",),
    domain="workorder",
)
def stagger(facts: WorkOrderFacts) -> Finding:
    return facts.finding("stagger")


@invariant(
    "no-critical-claim",
    group=GROUP,
    sentence="Nothing is claimed on a reading whose pressure is CRITICAL, while the memory is gated.",
    rationale="One more attempt on a full machine ends all of them.",
    source="work-order model: gates; resources",
    needs=("CLAIM",),
    domain="workorder",
)
def no_critical_claim(facts: WorkOrderFacts) -> Finding:
    return facts.finding("no-critical-claim")


@invariant(
    "claim-has-memory",
    group=GROUP,
    sentence="The reading of a claim has the memory of one more slot available, beside that of the "
    "claims too young to show, while the memory is gated.",
    rationale="What was claimed a moment ago has not taken its memory yet, but will.",
    source="work-order model: gates",
    needs=("CLAIM",),
    domain="workorder",
)
def claim_has_memory(facts: WorkOrderFacts) -> Finding:
    return facts.finding("claim-has-memory")


@invariant(
    "claim-order",
    group=GROUP,
    sentence="The pending order that is claimed, or would be if a gate were open, is the one with the "
    "lowest number, by priority the one with the lowest number of the highest priority.",
    rationale="An order that others overtake again and again waits for ever.",
    source="work-order model: the queue; gates",
    needs=("CLAIM", "HOLD"),
    domain="workorder",
)
def claim_order(facts: WorkOrderFacts) -> Finding:
    return facts.finding("claim-order")


@invariant(
    "work-conserving",
    group=GROUP,
    sentence="The pump decides when something has woken it, in time and then only, again and again until a "
    "HOLD with nothing else in between; HOLD names the first gate that is closed and until when, and what "
    "was read stands in the decision that needed it.",
    rationale="A pump that is not woken leaves slots idle while orders wait, and one that spins wastes "
    "the machine.",
    source="work-order model: gates; the pump",
    domain="workorder",
)
def work_conserving(facts: WorkOrderFacts) -> Finding:
    return facts.finding("work-conserving")
