"""Reference checker: who is accepted, who is refused, and why."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reference.log import Entry
from tests.reference.workorder.rule import Rule
from tests.reference.workorder.state import State

BREAKS = {
    "STOPPING": "no-claim-when-stopped",
    "DUPLICATE": "no-double-claim",
    "FULL": "depth-bound",
    None: "depth-bound",
}
"""What is broken by a refusal that should have been another one."""


class Queue(Rule):
    """depth-bound, and the ids of no-double-claim."""

    def see(self, entry: Entry, state: State) -> Iterator[str]:
        """The invariants that this event breaks."""
        if entry.kind == "ENQUEUE":
            is_known = entry.get("order") == state.next_order and state.is_queue_known
            is_wrong = self._is_full(state) or entry.get("depth") != state.depth + 1
            if entry.get("depth") is None or (is_known and is_wrong):
                yield "depth-bound"
            if state.with_id(entry.get("id", "")):
                yield "no-double-claim"
        elif entry.kind == "REFUSE":
            yield from self._refused(entry, state)

    def _refused(self, entry: Entry, state: State) -> Iterator[str]:
        told = (entry.get("depth"), entry.get("reserved"))
        if state.is_queue_known and told != (state.depth, state.reserved):
            yield "depth-bound"
        if entry.get("priority") is None or not entry.get("id"):
            yield "depth-bound"
        due, refusal = self._refusal(entry, state), entry.get("refusal")
        if refusal == "FULL" and due is None and not state.is_queue_known:
            return
        if refusal != due:
            yield BREAKS[due or refusal]

    def _refusal(self, entry: Entry, state: State) -> str | None:
        """Why the order must be refused, None where it must be accepted."""
        if state.mode in ("STOPPING", "STOPPED"):
            return "STOPPING"
        if state.with_id(entry.get("id", "")):
            return "DUPLICATE"
        return "FULL" if self._is_full(state) else None

    def _is_full(self, state: State) -> bool:
        bound = self.device["max_depth"]
        return bound is not None and state.depth + state.reserved >= bound
