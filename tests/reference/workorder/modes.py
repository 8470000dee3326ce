"""Reference checker: the modes of the scheduler, and what they forbid."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reference.log import Entry
from tests.reference.workorder.rule import Rule, Stretch
from tests.reference.workorder.state import State

FOLLOWS = {
    "NEW": ("RUNNING", "STOPPING"),
    "RUNNING": ("PAUSED", "STOPPING"),
    "PAUSED": ("RUNNING", "STOPPING"),
    "STOPPING": ("STOPPED",),
    "STOPPED": (),
}


FREES = ("MODE", "COMPLETE", "FAIL", "CANCEL", "RELEASE")


class Modes(Rule):
    """no-claim-when-stopped."""

    def __init__(self, run: Stretch) -> None:
        super().__init__(run)
        self.until_ns: int | None = None
        """The end of the grace of a stop that was told in this run."""

        self.asked_late = False
        self.idle_ns: int | None = None
        """Since when no order is active, in a stop."""

    def see(self, entry: Entry, state: State) -> Iterator[str]:
        """The invariants that this event breaks."""
        is_stopping = state.mode in ("STOPPING", "STOPPED")
        before = self.run.before(self.place)
        if before is not None and before.get("mode") == "STOPPED" and entry.kind != "RUN_END":
            yield "no-claim-when-stopped"
        is_end = entry.kind == "RUN_END" and before is not None
        if is_end and state.mode == "STOPPED" and self._is_after(entry, before.time_ns):
            yield "no-claim-when-stopped"
        if entry.kind == "CLAIM" and (state.mode != "RUNNING" or not state.handler):
            yield "no-claim-when-stopped"
        if entry.kind == "ENQUEUE" and is_stopping:
            yield "no-claim-when-stopped"
        if entry.kind == "HANDLER" and entry.get("is_set") not in (0, 1):
            yield "no-claim-when-stopped"
        if entry.kind == "MODE":
            yield from self._changed(entry, state)
        end = "STOPPED" if state.mode == "STOPPED" else "CHECKPOINT"
        if entry.get("end") in ("CHECKPOINT", "STOPPED") and entry.get("end") != end:
            yield "no-claim-when-stopped"
        yield from self._grace(entry, state)
        yield from self._idle(entry, state)

    def _changed(self, entry: Entry, state: State) -> Iterator[str]:
        mode, until_ns = entry.get("mode"), entry.get("until_ns")
        if mode not in FOLLOWS.get(state.mode, ()):
            yield "no-claim-when-stopped"
        is_early = until_ns is not None and until_ns < entry.time_ns
        if is_early or (mode == "STOPPING") != (until_ns is not None):
            yield "no-claim-when-stopped"
        if mode == "STOPPED" and state.has_active:
            yield "no-claim-when-stopped"
        self.until_ns = until_ns

    def _grace(self, entry: Entry, state: State) -> Iterator[str]:
        if entry.kind == "TERMINATE" and entry.get("why") == "STOP" and state.mode != "STOPPING":
            yield "no-claim-when-stopped"
        if state.mode != "STOPPING" or self.until_ns is None:
            return
        if (
            entry.kind == "TERMINATE"
            and entry.get("why") == "STOP"
            and entry.time_ns < self.until_ns
        ):
            yield "no-claim-when-stopped"
        if self.asked_late or not self._is_after(entry, self.until_ns):
            return
        if any(order.is_active and not order.terminate for order in state.live()):
            self.asked_late = True
            yield "no-claim-when-stopped"

    def _is_after(self, entry: Entry, time_ns: int) -> bool:
        return entry.time_ns > time_ns + self.run.within_ns

    def _idle(self, entry: Entry, state: State) -> Iterator[str]:
        """STOPPED comes once no order is active."""
        before = self.run.before(self.place)
        is_busy = state.has_active or any(order.in_doubt for order in state.live())
        if state.mode != "STOPPING" or is_busy:
            self.idle_ns = None
        elif self.idle_ns is None and before is not None and before.kind in FREES:
            self.idle_ns = before.time_ns
        if self.idle_ns is None:
            return
        if entry.time_ns > self.idle_ns + self.run.within_ns:
            yield "no-claim-when-stopped"
