"""Invariants of work orders: their states, their numbers, the queue and retries."""

from __future__ import annotations

from nandtrace.check.registry import invariant
from nandtrace.check.tables import Finding
from nandtrace.check.workorder.facts import WorkOrderFacts

GROUP = "work orders"

_STEPS = ("CLAIM", "READY", "COMPLETE", "FAIL", "RETRY", "CANCEL", "RECOVER")


@invariant(
    "transition-legal",
    group=GROUP,
    sentence="Every event about an order is legal in the state in which the order is, and leads to a "
    "state that the table of states names.",
    rationale="An order that skips a state was not prepared, not run, or not waited for.",
    source="work-order model: states of an order",
    needs=_STEPS,
    domain="workorder",
)
def transition_legal(facts: WorkOrderFacts) -> Finding:
    return facts.finding("transition-legal")


@invariant(
    "terminal-absorbing",
    group=GROUP,
    sentence="Nothing happens to an order that is COMPLETED, FAILED or CANCELLED, and its number is "
    "not used again.",
    rationale="Whoever waits for an order is told its end once: work done after it is done twice.",
    source="work-order model: states of an order; words",
    needs=(*_STEPS, "TERMINATE", "ENQUEUE"),
    domain="workorder",
)
def terminal_absorbing(facts: WorkOrderFacts) -> Finding:
    return facts.finding("terminal-absorbing")


@invariant(
    "conservation",
    group=GROUP,
    sentence="Orders are numbered without a hole, each with an id and a priority, and at the end of every "
    "run each of them is live or has ended once.",
    rationale="An order that vanishes between two lines of a log is waited for for ever.",
    source="work-order model: words; the queue",
    needs=("ENQUEUE", *_STEPS, "TERMINATE", "RUN_END"),
    domain="workorder",
)
def conservation(facts: WorkOrderFacts) -> Finding:
    return facts.finding("conservation")


@invariant(
    "depth-bound",
    group=GROUP,
    sentence="An order is accepted when the queue has room for it beside the places reserved for "
    "retries, refused as FULL only when it has none, and what is told of a refused order and of the depth "
    "is right.",
    rationale="A queue with a bound bounds memory and tells its producers to wait; an order that was "
    "accepted never finds it full.",
    source="work-order model: the queue",
    needs=("ENQUEUE", "REFUSE"),
    domain="workorder",
)
def depth_bound(facts: WorkOrderFacts) -> Finding:
    return facts.finding("depth-bound")


@invariant(
    "retry-bound",
    group=GROUP,
    sentence="An order has at most max_retries + 1 attempts, counted one by one, and is FAILED when "
    "the last of them has failed, not before.",
    rationale="A retry too few loses work that would have been done; one too many repeats for ever "
    "what can not be done.",
    source="work-order model: states of an order",
    needs=("FAIL", "CLAIM"),
    domain="workorder",
)
def retry_bound(facts: WorkOrderFacts) -> Finding:
    return facts.finding("retry-bound")


@invariant(
    "backoff",
    group=GROUP,
    sentence="A retry is due after the delay of its attempt, within the jitter and the cap, and comes "
    "when it is due.",
    rationale="Retries that come at once and together keep down what they wait for.",
    source="work-order model: retries",
    domain="workorder",
)
def backoff(facts: WorkOrderFacts) -> Finding:
    return facts.finding("backoff")
