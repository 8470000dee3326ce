"""Orders, the queue of those that are pending, and the slots."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Mapping

from nandtrace.vocab.workorder import OrderState, Policy, TerminateWhy

PENDING = OrderState.PENDING


class Order:
    """A live order.

    `state` is None where the log has lost it: whatever comes next is taken for right. `id` is None, and
    `max_retries` with it, where its ENQUEUE is not in the log. `attempts` counts the current one.
    `awaited_ns` is when its retry is due by this run, `reserves` whether it keeps a place in the queue
    while it is active.
    """

    __slots__ = (
        "attempts",
        "awaited_ns",
        "claimed_ns",
        "deadline_ns",
        "due_ns",
        "id",
        "max_retries",
        "number",
        "priority",
        "reserves",
        "since_ns",
        "slot",
        "state",
        "why",
    )

    def __init__(
        self, number: int, order_id: str | None, priority: int, max_retries: int | None
    ) -> None:
        self.number = number
        self.id = order_id
        self.priority = priority
        self.max_retries = max_retries
        self.attempts = 0
        self.state: OrderState | None = None
        self.since_ns = 0
        self.reserves = False
        self.claimed_ns: int | None = None
        self.due_ns: int | None = None
        self.awaited_ns: int | None = None
        self.slot: int | None = None
        self.why: TerminateWhy | None = None
        self.deadline_ns: int | None = None

    @property
    def has_attempt_left(self) -> bool:
        """Whether it is tried again when the current attempt fails."""
        return self.max_retries is not None and self.attempts <= self.max_retries

    def __str__(self) -> str:
        return f"order {self.number}"


class Queue:
    """The pending orders, the one to be claimed first.

    An order that is not pending any more is passed over when it comes to the top.
    """

    def __init__(self, policy: Policy, orders: Mapping[int, Order]) -> None:
        self._by_priority = policy is Policy.PRIORITY
        self._orders = orders
        self._heap: list[tuple[int, int]] = []

    def clear(self) -> None:
        """Forget all."""
        self._heap.clear()

    def push(self, order: Order) -> None:
        """An order has become pending."""
        rank = -order.priority if self._by_priority else 0
        heapq.heappush(self._heap, (rank, order.number))

    def first(self) -> Order | None:
        """The order that is claimed next, None where none is pending."""
        heap, orders = self._heap, self._orders
        while heap:
            order = orders.get(heap[0][1])
            if order is not None and order.state is PENDING:
                return order
            heapq.heappop(heap)
        return None

    def drain(self) -> list[Order]:
        """Take out every order that is pending."""
        found = {number: self._orders.get(number) for _, number in self._heap}
        self._heap.clear()
        return [item for item in found.values() if item is not None and item.state is PENDING]


class Settling:
    """Active orders whose claim is so young that no reading shows their memory yet."""

    def __init__(self, settle_ns: int) -> None:
        self._settle_ns = settle_ns
        self._claims: deque[tuple[int, int]] = deque()
        self._young: dict[int, int] = {}

    def clear(self) -> None:
        """Nothing is active."""
        self._claims.clear()
        self._young.clear()

    def add(self, order: int, claimed_ns: int) -> None:
        """An order is claimed, after all others here."""
        if self._settle_ns:
            self._claims.append((claimed_ns, order))
            self._young[order] = claimed_ns

    def drop(self, order: int) -> None:
        """An order is not active any more."""
        self._young.pop(order, None)

    def count(self, time_ns: int) -> int:
        """How many there are at a time, which does not go back."""
        claims, young = self._claims, self._young
        while claims and time_ns - claims[0][0] >= self._settle_ns:
            claimed_ns, order = claims.popleft()
            if young.get(order) == claimed_ns:
                del young[order]
        return len(young)


class Slots:
    """Which slots are in use, by which order.

    `limbo` holds slots of which the log does not tell whether they were given back: the attempt on them
    has ended, and RELEASE is missing.
    """

    def __init__(self) -> None:
        self.held: dict[int, int] = {}
        self.limbo: dict[int, int] = {}
        self._returned: list[int] = []
        self._fresh = 0

    def reset(self, pairs: Iterable[Iterable[int]]) -> None:
        """Begin with these in use."""
        self.held.clear()
        self.limbo.clear()
        self._returned.clear()
        self._fresh = 0
        for slot, order in pairs:
            self.held[slot] = order

    def lowest(self) -> int:
        """The lowest slot that is free, counted on where all are in use."""
        returned, held = self._returned, self.held
        while returned and returned[0] in held:
            heapq.heappop(returned)
        if returned:
            return returned[0]
        while self._fresh in held:
            self._fresh += 1
        return self._fresh

    def take(self, slot: int, order: int) -> None:
        """A slot is claimed."""
        self.limbo.pop(slot, None)
        self.held[slot] = order

    def free(self, slot: int | None) -> None:
        """A slot is given back."""
        if slot is None or self.held.pop(slot, None) is None:
            return
        if 0 <= slot < self._fresh:
            heapq.heappush(self._returned, slot)

    def lose(self, slot: int | None) -> None:
        """Whether a slot was given back is not known."""
        if slot is not None and slot in self.held:
            self.limbo[slot] = self.held[slot]
            self.free(slot)

    def pairs(self) -> list[list[int]]:
        """Slot and order, as a snapshot has them."""
        return [[slot, self.held[slot]] for slot in sorted(self.held)]
