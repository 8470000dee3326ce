"""Faults of turns, ticks and the handling of errors."""

from __future__ import annotations

from typing import Any

from nandtrace.graph.failures import Failures
from nandtrace.graph.state import EdgeState, Held, NodeRecord
from nandtrace.graph.timers import Timers
from nandtrace.graph.turns import Turns
from nandtrace.vocab.graph import (
    Disposition,
    ErrorPolicy,
    NodeState,
)

# ---- turns


class StarvedTicks(Turns):
    """A tick waits until its node has no messages."""

    def take(self, node: NodeRecord, band: int) -> None:
        is_due = node.tick_is_due
        if any(edge.queue for edge in node.inputs):
            node.tick_is_due = False
        super().take(node, band)
        node.tick_is_due = (
            is_due and node.due_ns is not None and node.due_ns <= self._exchange.now_ns
        )


class TicksWhileBlocked(Turns):
    """A blocked node that has a turn takes its tick too."""

    def take(self, node: NodeRecord, band: int) -> None:
        blocked, node.blocked_edges = node.blocked_edges, 0
        if blocked and node.tick_is_due:
            self._log.turn(self._exchange.now_ns, node.code, band)
            self._tick(node, self._exchange.now_ns)
            node.blocked_edges += blocked
            self._bands.end_turn(node)
        else:
            node.blocked_edges = blocked
            super().take(node, band)


class ExceedsTheBatch(Turns):
    """A turn takes a message more than it may."""

    def take(self, node: NodeRecord, band: int) -> None:
        self._batch += 1
        super().take(node, band)
        self._batch -= 1


class SticksToAnInput(Turns):
    """The input that was read last is read again, as long as it holds messages."""

    def _deliver(self, node: NodeRecord, edge: EdgeState) -> bool:
        goes_on = super()._deliver(node, edge)
        node.inputs.remove(edge)
        node.inputs.insert(0, edge)
        return goes_on


class GoesOnAfterErrors(Turns):
    """A turn goes on, whatever the policy."""

    def _deliver(self, node: NodeRecord, edge: EdgeState) -> bool:
        super()._deliver(node, edge)
        return True


class RetriesTwice(Turns):
    """A retried message is delivered again, and once more."""

    def _deliver(self, node: NodeRecord, edge: EdgeState) -> bool:
        held = edge.held
        goes_on = super()._deliver(node, edge)
        if held is not None and edge.held is None:
            edge.held = Held(held.msg, held.message, held.attempts)
        return goes_on


class ForgetsAttempts(Turns):
    """Attempts are not counted: a message is retried for good."""

    def _deliver(self, node: NodeRecord, edge: EdgeState) -> bool:
        goes_on = super()._deliver(node, edge)
        if edge.held is not None:
            edge.held.attempts = 1
        return goes_on


class LosesHeld(Turns):
    """A message that is to be retried is forgotten."""

    def _deliver(self, node: NodeRecord, edge: EdgeState) -> bool:
        goes_on = super()._deliver(node, edge)
        edge.held = None
        return goes_on


class SwallowsMessages(Turns):
    """A message is taken from its edge and not delivered, now and then."""

    def _deliver(self, node: NodeRecord, edge: EdgeState) -> bool:
        if edge.held is None and edge.queue[0][0] % 10 == 3:
            self._exchange.get(edge)
            return True
        return super()._deliver(node, edge)


class LateTime(Turns):
    """A delivery has the time of the clock, not of its turn."""

    def _deliver(self, node: NodeRecord, edge: EdgeState) -> bool:
        self._exchange.now_ns += 1
        return super()._deliver(node, edge)


# ---- ticks


class DriftingTicks(Timers):
    """The next tick is due an interval after this one was taken."""

    def take(self, node: NodeRecord, now_ns: int) -> tuple[int, int]:
        taken = super().take(node, now_ns)
        self._set(node, now_ns + (node.interval_ns or 0))
        return taken


class UncountedTicks(Timers):
    """Ticks that were left out are not counted."""

    def take(self, node: NodeRecord, now_ns: int) -> tuple[int, int]:
        return super().take(node, now_ns)[0], 0


class BurstsOfTicks(Timers):
    """Ticks that were missed are made up for."""

    def take(self, node: NodeRecord, now_ns: int) -> tuple[int, int]:
        due_ns = node.due_ns or 0
        super().take(node, now_ns)
        self._set(node, due_ns + (node.interval_ns or 0))
        return due_ns, 0


class EarlyTicks(Timers):
    """A tick may be taken up to 2 µs before it is due."""

    def release(self, now_ns: int) -> None:
        super().release(now_ns + 2_000)
        self.next_due_ns -= 2_000

    def _set(self, node: NodeRecord, due_ns: int) -> None:
        super()._set(node, due_ns)
        self.next_due_ns = min(self.next_due_ns, due_ns - 2_000)


class EndlessTicks(Timers):
    """Ticks that a node ended go on."""

    def end(self, node: NodeRecord) -> None:
        pass


class TicksAfterShutdown(Timers):
    """A shutdown does not end the ticks."""

    def stop(self, nodes: Any) -> None:
        pass


# ---- errors


class DisabledInWordOnly(Failures):
    """A node that failed to start takes turns all the same."""

    def _disable(self, node: NodeRecord, now_ns: int) -> None:
        super()._disable(node, now_ns)
        node.state = NodeState.RUNNING


class DisablesQuietly(Failures):
    """A disabled node's inputs are not reported."""

    def _disable(self, node: NodeRecord, _: int) -> None:
        node.state, node.due_ns, node.tick_is_due = NodeState.DISABLED, None, False


class GivesUpAtOnce(Failures):
    """Nothing is retried."""

    def of_message(self, node: NodeRecord, *args: Any) -> Disposition:
        policy = node.on_error
        node.on_error = ErrorPolicy.SKIP
        disposition = super().of_message(node, *args)
        node.on_error = policy
        return disposition


class ErrorTwice(Failures):
    """One exception is written twice."""

    def _note(self, *args: Any) -> None:
        super()._note(*args)
        super()._note(*args)


class HushesErrors(Failures):
    """An exception is not written."""

    def _note(self, *args: Any) -> None:
        pass
