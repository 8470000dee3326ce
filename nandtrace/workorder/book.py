"""The order book: live orders, the queue in the order of claims, counts and history."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from nandtrace.trace.workorder_recorder import WorkOrderLimits
from nandtrace.vocab.workorder import ACTIVE, TERMINAL, OrderState, Policy, TerminateWhy
from nandtrace.workorder.order import Outcome, WorkOrder

_STALE_KEPT = 64

ENDED_KEPT = 1_000
"""So many orders that have ended are remembered, with their histories and outcomes."""

HISTORY_KEPT = 100
"""So many entries of an order's history are kept, the last ones."""


class HistoryEntry(NamedTuple):
    """When an order entered a state, and why, where that needs saying."""

    time_ns: int
    state: OrderState
    why: str = ""


@dataclass(slots=True)
class Record:
    """A live order."""

    number: int
    order: WorkOrder
    max_retries: int
    since_ns: int
    state: OrderState = OrderState.PENDING
    attempts: int = 0
    claimed_ns: int | None = None
    due_ns: int | None = None
    slot: int | None = None
    terminate: TerminateWhy | None = None
    deadline_ns: int = 0
    history: deque[HistoryEntry] = field(default_factory=lambda: deque(maxlen=HISTORY_KEPT))
    outcome: Outcome | None = None

    @property
    def id(self) -> str:
        return self.order.id

    @property
    def has_attempts_left(self) -> bool:
        return self.attempts <= self.max_retries


class _Ended(NamedTuple):
    """What is remembered of an order that has ended: not its payload."""

    id: str
    history: deque[HistoryEntry]
    outcome: Outcome | None


@dataclass(slots=True)
class Totals:
    """Counts since the trace began."""

    enqueued: int = 0
    refused: int = 0
    claimed: int = 0
    retried: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0


class OrderBook:
    """Live orders by number and id. State changes go through `enter`, which keeps all counts right."""

    def __init__(self, limits: WorkOrderLimits) -> None:
        self._max_depth = limits.max_depth
        self._by_priority = limits.policy == Policy.PRIORITY
        self._live: dict[int, Record] = {}
        self._numbers: dict[str, int] = {}
        self._queue: list[tuple[int, int]] = []
        self._ended: deque[_Ended] = deque(maxlen=ENDED_KEPT)
        self.counts = dict.fromkeys(OrderState, 0)
        self.reserved = 0
        self.next_number = 0
        self.totals = Totals()

    # ---- asking

    @property
    def depth(self) -> int:
        """How many orders are in the queue."""
        return self.counts[OrderState.PENDING] + self.counts[OrderState.WAITING_RETRY]

    @property
    def active(self) -> int:
        return self.counts[OrderState.PREPARING] + self.counts[OrderState.RUNNING]

    @property
    def live(self) -> int:
        return len(self._live)

    @property
    def is_full(self) -> bool:
        return self._max_depth is not None and self.depth + self.reserved >= self._max_depth

    def of_id(self, order_id: str) -> Record | None:
        """The live order with this id."""
        number = self._numbers.get(order_id)
        return None if number is None else self._live[number]

    def of_number(self, number: int) -> Record | None:
        """The live order with this number."""
        return self._live.get(number)

    def records(self) -> Iterator[Record]:
        """All live orders, ascending; the book may change meanwhile."""
        return iter(sorted(self._live.values(), key=lambda record: record.number))

    def active_records(self) -> list[Record]:
        return [record for record in self.records() if record.state in ACTIVE]

    def history(self, order_id: str) -> list[HistoryEntry]:
        """The history of the order that has this id now, or had it last; empty where none is known."""
        order = self.of_id(order_id) or self._last_ended(order_id)
        return [] if order is None else list(order.history)

    def outcome(self, order_id: str) -> Outcome | None:
        """How the last order with this id ended; None where that is not known (any more)."""
        order = self._last_ended(order_id)
        return None if order is None else order.outcome

    def _last_ended(self, order_id: str) -> _Ended | None:
        ended = (order for order in reversed(self._ended) if order.id == order_id)
        return next(ended, None)

    # ---- changing

    def add(self, order: WorkOrder, max_retries: int, now_ns: int) -> Record:
        """A new order, PENDING; its id must not be live."""
        record = Record(self.next_number, order, max_retries, now_ns)
        self.next_number += 1
        self.put(record)
        return record

    def put(self, record: Record) -> None:
        """Take in a record as it is."""
        assert record.id not in self._numbers
        self._live[record.number] = record
        self._numbers[record.id] = record.number
        self.counts[record.state] += 1
        self.reserved += self._reserves(record)
        self._note(record, "")

    def enter(self, record: Record, state: OrderState, now_ns: int, why: str = "") -> None:
        """An order changes its state."""
        self.counts[record.state] -= 1
        self.reserved -= self._reserves(record)
        record.state, record.since_ns = state, now_ns
        if state in TERMINAL:
            self._end(record)
        else:
            self.counts[state] += 1
            self.reserved += self._reserves(record)
        self._note(record, why)

    def head(self) -> Record | None:
        """The order that is claimed next."""
        while self._queue:
            record = self._live.get(self._queue[0][1])
            if record is not None and record.state is OrderState.PENDING:
                return record
            heapq.heappop(self._queue)
        return None

    def _note(self, record: Record, why: str) -> None:
        record.history.append(HistoryEntry(record.since_ns, record.state, why))
        if record.state is OrderState.PENDING:
            heapq.heappush(self._queue, self._place(record))
            if len(self._queue) > 2 * self.counts[OrderState.PENDING] + _STALE_KEPT:
                self._tidy()

    def _place(self, record: Record) -> tuple[int, int]:
        return -record.order.priority if self._by_priority else 0, record.number

    def _tidy(self) -> None:
        """Drop the places of orders that were taken out of the middle of the queue."""
        records = self._live.values()
        self._queue = [
            self._place(record) for record in records if record.state is OrderState.PENDING
        ]
        heapq.heapify(self._queue)

    def _end(self, record: Record) -> None:
        totals, state = self.totals, record.state
        totals.completed += state is OrderState.COMPLETED
        totals.failed += state is OrderState.FAILED
        totals.cancelled += state is OrderState.CANCELLED
        del self._live[record.number], self._numbers[record.id]
        self._ended.append(_Ended(record.id, record.history, record.outcome))

    @staticmethod
    def _reserves(record: Record) -> int:
        """Whether an active order keeps a place for its retry."""
        return int(record.state in ACTIVE and record.has_attempts_left)
