"""Orders: by which events they went from state to state, and how they ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from nandtrace.check.event_batch import EventBatch
from nandtrace.check.workorder.facts import WorkOrderFacts
from nandtrace.check.workorder.limits import limits_from_device
from nandtrace.coverage.collector import NOTHING, Collector, count_words
from nandtrace.coverage.table import Point, Table, bins_of, words
from nandtrace.trace import Header
from nandtrace.vocab import NULL
from nandtrace.vocab.workorder import (
    ACTIVE,
    TERMINAL,
    CancelReason,
    FailCause,
    OrderState,
    Refusal,
    TerminateWhy,
)

TRANSITIONS = Point("transitions", ("event", "from", "to"), "Steps of orders from state to state.")
FAILURES = Point(
    "failures", ("cause", "to"), "Attempts that failed, and what became of their order."
)
CANCELS = Point("cancels", ("reason", "from"), "Orders cancelled, and in which state.")
RELEASES = Point(
    "releases", ("asked_for", "forced"), "Slots given back, after what the handler was asked for."
)
REFUSALS = Point("refusals", ("refusal",), "Why orders were not accepted.")
POINTS = (TRANSITIONS, FAILURES, CANCELS, RELEASES, REFUSALS)

_S = OrderState
_LIVE = tuple(state for state in OrderState if state not in TERMINAL)
_TO = {
    "ENQUEUE": _S.PENDING,
    "CLAIM": _S.PREPARING,
    "READY": _S.RUNNING,
    "COMPLETE": _S.COMPLETED,
    "RETRY": _S.PENDING,
    "CANCEL": _S.CANCELLED,
}
"""The state that an event leads to; FAIL and RECOVER say it, others leave it."""

_KINDS = (*_TO, "FAIL", "RECOVER", "TERMINATE", "RELEASE")
_WORD = {
    "FAIL": "state",
    "RECOVER": "state",
    "TERMINATE": "why",
    "CANCEL": "reason",
    "RELEASE": "forced",
}
_BOTH = ((_S.PREPARING, _S.RUNNING), (_S.WAITING_RETRY, _S.FAILED))

POSSIBLE = (
    frozenset(
        {("ENQUEUE", NOTHING, _S.PENDING.value), ("CLAIM", _S.PENDING.value, _S.PREPARING.value)}
    )
    | frozenset({("READY", _S.PREPARING.value, _S.RUNNING.value)})
    | frozenset({("COMPLETE", _S.RUNNING.value, _S.COMPLETED.value)})
    | frozenset({("RETRY", _S.WAITING_RETRY.value, _S.PENDING.value)})
    | bins_of(["FAIL"], *_BOTH)
    | bins_of(["CANCEL"], _LIVE, [_S.CANCELLED])
    | bins_of(["RECOVER"], sorted(ACTIVE), [_S.PENDING])
    | bins_of(["RECOVER"], _LIVE, sorted(TERMINAL))
)
"""The table of states of docs/workorder-model.md."""

_POSSIBLE_CANCELS = (
    bins_of([CancelReason.REQUESTED], _LIVE)
    | bins_of([CancelReason.DEQUEUED], [_S.PENDING])
    | bins_of([CancelReason.STOPPED], sorted(ACTIVE))
)
_FORCED = {0: "no", 1: "yes"}


class _Step(NamedTuple):
    """One event about an order; `word` is what it says beside, a flag for RELEASE."""

    position: int
    kind: str
    order: int
    word: str


class Orders(Collector[WorkOrderFacts]):
    """Follows each order. Carries the states of those that are live."""

    def __init__(self, header: Header) -> None:
        limits = limits_from_device(header.device)
        causes = [
            cause for cause in FailCause if limits.lease_ns is not None or cause != FailCause.LEASE
        ]
        asked = [
            why for why in TerminateWhy if limits.lease_ns is not None or why != TerminateWhy.LEASE
        ]
        full = limits.max_depth is not None
        self._transitions = Table(TRANSITIONS, POSSIBLE)
        self._failures = Table(FAILURES, bins_of(causes, _BOTH[1]))
        self._cancels = Table(CANCELS, _POSSIBLE_CANCELS)
        releases = bins_of(asked, _FORCED.values()) | {(NOTHING, _FORCED[0])}
        self._releases = Table(RELEASES, releases)
        refusals = [refusal for refusal in Refusal if full or refusal != Refusal.FULL]
        self._refusals = Table(REFUSALS, words(refusals))
        self.tables = (
            *(self._transitions, self._failures, self._cancels),
            *(self._releases, self._refusals),
        )
        self._states: dict[int, str] = {}
        self._asked: dict[int, str] = {}

    def take(self, facts: WorkOrderFacts, *, follows: bool) -> None:
        batch = facts.batch
        if not follows:
            self._begin(batch)
        self._refusals.add(count_words(batch, "REFUSE", "refusal"))
        self._failures.add(count_words(batch, "FAIL", "cause", "state"))
        for step in _steps(batch):
            self._count(step)

    def _begin(self, batch: EventBatch) -> None:
        """Nothing is known of before but what the first snapshot tells."""
        state = batch.edge_states()[0]
        orders = state["orders"] if state is not None else []
        self._states = {entry["order"]: entry["state"] for entry in orders}
        asked = {entry["order"]: entry["terminate"] for entry in orders}
        self._asked = {order: entry["why"] for order, entry in asked.items() if entry is not None}

    def _count(self, step: _Step) -> None:
        kind, order = step.kind, step.order
        if kind == "TERMINATE":
            self._asked[order] = step.word
            return
        if kind == "RELEASE":
            self._releases.counts[self._asked.pop(order, NOTHING), step.word] += 1
            return
        before = self._states.pop(order, NOTHING)
        after = _TO[kind].value if kind in _TO else step.word
        self._transitions.counts[kind, before, after] += 1
        if kind == "CANCEL":
            self._cancels.counts[step.word, before] += 1
        if kind == "RECOVER":
            self._asked.pop(order, None)
        if after not in TERMINAL:
            self._states[order] = after


def _steps(batch: EventBatch) -> Iterator[_Step]:
    """The events about orders, in order."""
    found: list[_Step] = []
    for kind in _KINDS:
        positions = batch.rows(kind)
        orders = batch.column(kind, "order")
        said = (
            batch.column(kind, _WORD[kind])
            if kind in _WORD
            else np.full(len(orders), NULL, np.int64)
        )
        known = orders != NULL
        rows = (positions[known].tolist(), orders[known].tolist(), said[known].tolist())
        for position, order, code in zip(*rows, strict=True):
            word = _FORCED.get(code, NOTHING) if kind == "RELEASE" else batch.name(code) or NOTHING
            found.append(_Step(position, kind, order, word))
    yield from sorted(found)
