"""Runs: the state in which each begins and ends, against the one before it and the replay."""

from __future__ import annotations

from collections import Counter

from nandtrace.check.boundaries import Boundaries
from nandtrace.check.event_batch import EventBatch, State
from nandtrace.check.event_facts import Boundary
from nandtrace.check.workorder.carry import WorkOrderBoundary
from nandtrace.check.workorder.modes import Modes
from nandtrace.check.workorder.recovering import Recovering
from nandtrace.check.workorder.scene import Scene
from nandtrace.check.workorder.standing import flaws
from nandtrace.check.workorder.state import initial_snapshot
from nandtrace.vocab.workorder import ACTIVE, RunEnd


class Checkpoints:
    """Where runs begin and end."""

    def __init__(
        self,
        scene: Scene,
        batch: EventBatch,
        carry: Boundary,
        modes: Modes,
        recovering: Recovering,
    ) -> None:
        self._scene = scene
        self._batch = batch
        self._boundaries = Boundaries(scene.ledger, batch, carry)
        self._modes = modes
        self._recovering = recovering
        if isinstance(carry, WorkOrderBoundary):
            scene.course.before = carry.end
            scene.course.grace_ends_ns = carry.grace_ends_ns
            scene.course.started_ns = carry.started_ns
            if carry.abandoned is not None:
                scene.course.abandoned = Counter(carry.abandoned)

    def begin(self, row: int) -> None:
        """Set the scene for a run: from its snapshot, or, where it has none, as the last one ended."""
        batch, at = self._batch, int(self._batch.runs.first[row])
        begin = batch.begin_states[row]
        if batch.runs.begin[row] >= 0:
            self._check_begin(at, row, begin)
        time_ns = int(batch.time_ns[at])
        state = begin if begin is not None else self._boundaries.before(row)
        scene = self._scene
        scene.state.reset(state)
        scene.state.drop_reported(time_ns - scene.limits.decision_within_ns)
        scene.course.reset()
        is_new = self._boundaries.is_new(row)
        if is_new:
            scene.course.restart()
        scene.pump.begin(time_ns)
        self._modes.begin(time_ns)
        self._recovering.begin(at, is_known=scene.course.before is not None or is_new)
        scene.course.before = None

    def _check_begin(self, at: int, row: int, begin: State | None) -> None:
        self._boundaries.count_begin(row)
        if begin is None:
            self._offend(at, "a snapshot at RUN_BEGIN", "none")
            return
        initial = initial_snapshot(int(self._batch.time_ns[at]))
        if not self._boundaries.continues(at, row, begin, initial):
            self._check_standing(at, begin)

    def _check_standing(self, at: int, state: State) -> None:
        """A trace that begins in the middle begins in a state that can be."""
        for flaw in flaws(state, self._scene.limits):
            places = {"order": flaw.order, "slot": flaw.slot}
            self._scene.ledger.offend(
                "checkpoint-continuity", at, flaw.expected, flaw.actual, **places
            )

    def _offend(self, at: int, expected: str, actual: str) -> None:
        self._boundaries.offend(at, expected, actual)

    def end(self, at: int, end: RunEnd | None) -> None:
        """A run ends: how it may, and with the state that the replay has."""
        self._scene.course.before = end
        if end is None:
            self._offend(at, "an end that is CHECKPOINT, STOPPED or CRASHED", "another")
        elif end is RunEnd.CHECKPOINT:
            self._check_checkpoint(at)
        elif end is RunEnd.CRASHED:
            self._check_crash(at)
        self._modes.finish(at, end)
        said = self._boundaries.said_at(at)
        if said is None:
            return
        self._compare(at, said)
        self._check_whole(at, said)
        if end is not RunEnd.CRASHED:
            self._check_slots(at, said)

    def _check_checkpoint(self, at: int) -> None:
        kinds = self._batch.vocabulary.by_code
        codes = self._batch.kind[max(at - 2, 0) : at].tolist()
        last = [kinds[code].name if code in kinds else "?" for code in codes]
        if last[-1:] == ["HOLD"] or last == ["HOLD", "HEALTH"]:
            return
        after = f"one after {last[-1]}" if last else "one before"
        self._offend(at, "a CHECKPOINT after a HOLD, and the health that it changed", after)

    def _check_crash(self, at: int) -> None:
        if not at:
            return
        last_ns, time_ns = int(self._batch.time_ns[at - 1]), int(self._batch.time_ns[at])
        if time_ns != last_ns:
            self._offend(
                at, f"CRASHED at the time of the last event, {last_ns} ns", f"{time_ns} ns"
            )

    def _compare(self, at: int, said: State) -> None:
        """The snapshot has what the replay has, where the log tells it."""
        state = self._scene.state
        self._boundaries.check_clock(at, said)
        mine = state.settled() | {"slots": state.slots.pairs(), "orders": list(state.rows())}
        if state.next_order is None:
            del mine["next_order"], mine["totals"], mine["last_claim_ns"]
        if not state.is_sure:
            mine, said = self._known(mine), self._known(said)
        self._boundaries.compare(at, mine, said)

    def _known(self, fields: State) -> State:
        """Fields without the orders and slots of which the log has lost something."""
        state = self._scene.state
        vague = state.doubtful | state.unplaced
        vague |= {order.number for order in state.orders.values() if order.id is None}
        return fields | {
            "slots": [
                pair
                for pair in fields["slots"]
                if pair[0] not in state.slots.limbo and pair[1] not in vague
            ],
            "orders": [row for row in fields["orders"] if row["order"] not in vague],
        }

    def _check_whole(self, at: int, said: State) -> None:
        """Each order that was accepted is live, or has ended: so the snapshot itself tells."""
        ledger, totals = self._scene.ledger, said["totals"]
        ledger.count("conservation")
        accepted = said["next_order"]
        if totals["enqueued"] != accepted:
            enqueued = f"{accepted} orders enqueued, as many as have a number"
            ledger.offend("conservation", at, enqueued, f"{totals['enqueued']}")
            return
        ended = sum(totals[name] for name in ("completed", "failed", "cancelled"))
        live = len(said["orders"])
        if live + ended != accepted:
            every = f"{accepted} orders, live or ended once"
            ledger.offend("conservation", at, every, f"{live} are live, {ended} have ended")

    def _check_slots(self, at: int, said: State) -> None:
        """Orders that are active hold a slot, and no others do."""
        active = {row["order"] for row in said["orders"] if row["state"] in ACTIVE}
        holders = [pair[1] for pair in said["slots"]]
        self._scene.ledger.count("slot-iff-active")
        extra = next((order for order in holders if order not in active), None)
        missing = next((order for order in sorted(active) if order not in holders), None)
        if extra is not None:
            self._offend_slot(at, f"no slot held by order {extra}, which is not active", extra)
        if missing is not None:
            self._offend_slot(at, f"a slot held by order {missing}, which is active", missing)

    def _offend_slot(self, at: int, expected: str, order: int) -> None:
        self._scene.ledger.offend(
            "slot-iff-active", at, expected, "the snapshot says otherwise", order=order
        )
