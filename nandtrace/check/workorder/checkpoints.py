"""Runs: the state in which each begins and ends, against the one before it and the replay."""

from __future__ import annotations

from nandtrace.check.differences import differences, short
from nandtrace.check.event_batch import EventBatch, State
from nandtrace.check.event_facts import Boundary
from nandtrace.check.workorder.carry import WorkOrderBoundary
from nandtrace.check.workorder.modes import Modes
from nandtrace.check.workorder.recovering import Recovering
from nandtrace.check.workorder.scene import Scene
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
        self._carry = carry
        self._modes = modes
        self._recovering = recovering
        if isinstance(carry, WorkOrderBoundary):
            scene.course.before = carry.end
            scene.course.grace_ends_ns = carry.grace_ends_ns

    def begin(self, row: int) -> None:
        """Set the scene for a run: from its snapshot, or, where it has none, as the last one ended."""
        batch, at = self._batch, int(self._batch.runs.first[row])
        begin, before = batch.begin_states[row], self._before(row)
        is_first = row == 0 and self._carry.next_seq == 0
        if batch.runs.begin[row] >= 0:
            self._check_begin(at, row, begin, before, is_first=is_first)
        time_ns = int(batch.time_ns[at])
        state = begin if begin is not None else before
        scene = self._scene
        scene.state.reset(state)
        scene.state.drop_reported(time_ns - scene.limits.decision_within_ns)
        scene.course.reset(has_past=not (is_first and batch.run[0] == 0))
        scene.pump.begin(time_ns)
        self._modes.begin(time_ns)
        is_known = scene.course.before is not None or (is_first and int(batch.run[0]) == 0)
        self._recovering.begin(at, is_known=is_known)
        scene.course.before = None

    def _before(self, row: int) -> State | None:
        return self._batch.end_states[row - 1] if row else self._carry.state

    def _check_begin(
        self, at: int, row: int, begin: State | None, before: State | None, *, is_first: bool
    ) -> None:
        self._scene.ledger.count("checkpoint-continuity", 1, int(is_first or before is not None))
        if begin is None:
            self._offend(at, "a snapshot at RUN_BEGIN", "none")
            return
        if is_first:
            is_new = self._batch.run[0] == 0
            before = initial_snapshot(int(self._batch.time_ns[at])) if is_new else None
        if before is not None:
            for name, mine, its in differences(before, begin):
                self._offend(at, f"{name} {short(mine)}, as before", f"{short(its)}")
        self._check_time(at, row)
        self._check_clock(at, begin)

    def _check_time(self, at: int, row: int) -> None:
        time_ns = int(self._batch.time_ns[at])
        before = int(self._batch.time_ns[at - 1]) if row else self._carry.time_ns
        if before is not None and time_ns != before:
            self._offend(at, f"the time at which the last run ended, {before} ns", f"{time_ns} ns")

    def _check_clock(self, at: int, state: State) -> None:
        time_ns = int(self._batch.time_ns[at])
        if state["clock_ns"] != time_ns:
            self._offend(at, f"clock_ns {time_ns}, its time", f"{state['clock_ns']}")

    def _offend(self, at: int, expected: str, actual: str) -> None:
        self._scene.ledger.offend("checkpoint-continuity", at, expected, actual)

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
        said = self._batch.end_states[int(self._batch.run_row[at])]
        if said is None:
            self._offend(at, "a snapshot at RUN_END", "none")
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
        ledger, state = self._scene.ledger, self._scene.state
        ledger.count("checkpoint-matches-replay")
        self._check_clock(at, said)
        mine = state.settled() | {"slots": state.slots.pairs(), "orders": list(state.rows())}
        if state.next_order is None:
            del mine["next_order"], mine["totals"], mine["last_claim_ns"]
        if not state.is_sure:
            mine, said = self._known(mine), self._known(said)
        for name, due, its in differences(mine, said):
            ledger.offend("checkpoint-matches-replay", at, f"{name} {short(due)}", f"{short(its)}")

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
