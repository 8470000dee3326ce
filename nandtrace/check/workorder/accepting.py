"""ENQUEUE and REFUSE: what enters the queue, and under which number."""

from __future__ import annotations

from nandtrace.check.ledger import number
from nandtrace.check.workorder.orders import Order
from nandtrace.check.workorder.scene import Scene
from nandtrace.vocab import NULL
from nandtrace.vocab.workorder import Mode, Refusal

EnqueueRow = tuple[int, str | None, int, int, int]
"""Order, id, priority, retries at most, depth."""

RefuseRow = tuple[str | None, int, Refusal | None, int, int]
"""Id, priority, refusal, depth, reserved places."""

_RULES = {
    None: "depth-bound",
    Refusal.STOPPING: "no-claim-when-stopped",
    Refusal.DUPLICATE: "no-double-claim",
    Refusal.FULL: "depth-bound",
}
_STOPS = (Mode.STOPPING, Mode.STOPPED)


class Accepting:
    """Judges what is accepted and what is refused."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._state = scene.state
        self._ledger = scene.ledger
        self.reset()

    def reset(self) -> None:
        """A run begins."""
        self._skew = self._least = 0
        self._perhaps: tuple[int, ...] = ()

    def enqueue(self, at: int, time_ns: int, row: EnqueueRow) -> None:
        said, order_id, priority, max_retries, depth = row
        due = self._refusal(order_id)
        if due is not None:
            refused = f"{order_id} refused, {due}: {self._why(order_id, due)}"
            self._ledger.offend(_RULES[due], at, refused, "it is accepted", order=said)
        if not order_id or priority == NULL or max_retries < 0:
            whole = "an order with an id, a priority and the number of its retries"
            self._ledger.offend("conservation", at, whole, "one of them is missing", order=said)
        is_next = said == self._state.next_order
        given = said if is_next else self._number(at, said)
        order = Order(given, order_id or "", priority, max(max_retries, 0))
        self._state.accept(order, time_ns)
        self._state.totals["enqueued"] += 1
        self._state.next_order = max(given + 1, self._least)
        if not is_next:
            self._state.doubt(order)
        self._check_depth(at, depth, said)
        self._scene.pump.wake(time_ns)

    def _number(self, at: int, said: int) -> int:
        """A number that is not the next: reported, unless an earlier one explains it."""
        due, offend = self._state.next_order, self._ledger.offend
        if due is None or said in self._perhaps:
            self._perhaps, self._least = (), 0
            return max(said, 0)
        self._perhaps, self._least = (due, due + 1), due
        self._state.lose(range(due, max(said, due + 1)))
        if said < 0:
            offend("conservation", at, f"order {due}", f"order {number(said)}")
            return due
        if said > due:
            offend("conservation", at, f"order {due}", f"order {said}", order=said)
            self._state.totals["enqueued"] += said - due
            return said
        live = self._state.orders.get(said)
        if live is None:
            ended = f"order {due}: {said} has ended, and its number is not used again"
            offend("terminal-absorbing", at, ended, f"order {said}", order=said)
        else:
            offend("conservation", at, f"order {due}", f"order {said}, which is live", order=said)
            self._state.doubt(live)
            self._state.remove(live)
        return said

    def refuse(self, at: int, _time_ns: int, row: RefuseRow) -> None:
        order_id, priority, said, depth, reserved = row
        if not order_id or priority == NULL:
            whole = "an order with an id and a priority"
            self._ledger.offend("depth-bound", at, whole, "one of them is missing")
        state, due = self._state, self._refusal(order_id)
        state.totals["refused"] += 1
        if said is not due and (state.is_sure or Refusal.STOPPING in (said, due)):
            expected = f"{order_id} accepted" if due is None else f"{due}"
            why = "" if due is None else f": {self._why(order_id, due)}"
            actual = f"refused, {said}" if said else "refused without a reason"
            self._ledger.offend(_RULES[due or said], at, f"{expected}{why}", actual)
        self._check_depth(at, depth, NULL)
        if reserved != state.reserved and state.is_sure:
            places = f"{state.reserved} places reserved"
            self._ledger.offend("depth-bound", at, places, number(reserved))

    def _refusal(self, order_id: str | None) -> Refusal | None:
        """Why an order must be refused now."""
        state, bound = self._state, self._scene.limits.max_depth
        if state.mode in _STOPS:
            return Refusal.STOPPING
        if order_id in state.ids:
            return Refusal.DUPLICATE
        is_full = bound is not None and state.depth + state.reserved >= bound
        return Refusal.FULL if is_full and state.is_sure else None

    def _why(self, order_id: str | None, due: Refusal) -> str:
        state = self._state
        match due:
            case Refusal.STOPPING:
                return f"the scheduler is {state.mode}"
            case Refusal.DUPLICATE:
                return f"order {state.ids.get(order_id or '')} has this id"
            case Refusal.FULL:
                most = self._scene.limits.max_depth
                return f"{state.depth} in the queue and {state.reserved} reserved, of {most}"

    def _check_depth(self, at: int, said: int, order: int) -> None:
        """The depth that the log tells; one that stays off by the same is told of once."""
        due = self._state.depth
        if said != due and said != due + self._skew and self._state.is_sure:
            self._ledger.offend("depth-bound", at, f"a depth of {due}", number(said), order=order)
        self._skew = said - due
