"""Turns, ticks and idling: who is served, and when nobody is."""

from __future__ import annotations

from nandtrace.check.graph.course import NOTHING, TICK, Phase
from nandtrace.check.graph.scene import Scene
from nandtrace.check.graph.state import NEVER, Node
from nandtrace.check.ledger import number
from nandtrace.vocab import NULL
from nandtrace.vocab.graph import Band, Call, NodeState

_ON_TICK = Call.TICK
_RUNNING = Phase.RUNNING


NodeRow = tuple[Node | None]
TurnRow = tuple[Node | None, int]
"""Node and band."""

TickRow = tuple[Node | None, int, int]
"""Node, due time, ticks missed."""


class Turns:
    """TURN, TICK, IDLE and TICKS_END.

    `contested` counts the turns for which several bands were ready, `rivalled` those with another ready
    node in the same band.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._state = scene.state
        self._ready = scene.ready
        self._course = scene.course
        self._ledger = scene.ledger
        self.contested = 0
        self.rivalled = 0

    def turn(self, at: int, time_ns: int, row: TurnRow) -> None:
        course, (node, band) = self._course, row
        self._scene.finish_turn()
        if course.phase is not _RUNNING:
            self._scene.be_running(at, "TURN")
        if course.stopped_by is not None:
            self._offend_going_on(at, "a TURN")
        self._ready.settle(at, time_ns)
        course.in_turn, course.turn_at = True, at
        course.node, course.caller = node, None
        course.taken = 0
        course.ticked = course.is_over = course.is_unready = False
        shutdown = self._state.shutdown
        if shutdown is not None and time_ns >= shutdown[1]:
            self._offend_late(at, time_ns, shutdown[1], node)
        self._spend(at, node, band)
        if node is None:
            return
        if not node.band:
            course.is_unready = True
            self._offend_unready(at, node)
        else:
            if band != node.band:
                self._offend_band(at, node, band)
            self._serve(at, node)
        if node.tick_due and shutdown is None and not node.blocked:
            course.owe(TICK, node, None)
        self._state.touch(node)

    def _spend(self, at: int, node: Node | None, band: int) -> None:
        """The band that the credits demand is served, and loses one."""
        bands, left = self._ready.bands, self._state.credits
        contested = 0
        due = 0
        for candidate in (3, 2, 1):
            if bands[candidate]:
                contested += 1
                if not due and left[candidate]:
                    due = candidate
        if contested > 1:
            self.contested += 1
        if contested and not due:
            left[:] = self._scene.plan.fairness
            due = 3 if bands[3] else 2 if bands[2] else 1
        if band != due and contested and (node is None or node.band not in (0, due)):
            self._offend_fairness(at, node, band, due)
        if 1 <= band <= 3:
            if band != due:
                self._follow(band)
            left[band] -= 1
        elif due:
            left[due] -= 1

    def _follow(self, band: int) -> None:
        """Another band than is due was served: suppose what credits the scheduler must have had."""
        left = self._state.credits
        if not left[band]:
            left[:] = self._scene.plan.fairness
        for higher in range(band + 1, 4):
            if self._ready.bands[higher]:
                left[higher] = 0

    def _serve(self, at: int, node: Node) -> None:
        """Round robin: no other node of the band has waited since this one's last turn in it.

        Nor does one that the run's begin snapshot has before it.
        """
        band = node.band
        waiting = self._ready.bands[band]
        if len(waiting) > 1:
            self.rivalled += 1
            other, since = next(iter(waiting.items()))
            waited = max(since, other.last_turn[band])
            if other is not node and waited <= node.last_turn[band]:
                why = f"has been ready in the band since the last one of {node.name}"
                if node.last_turn[band] == NEVER:
                    why = f"waits before {node.name} in the snapshot at the run's begin"
                first = f"a turn of {other.name} first, which {why}"
                self._ledger.offend("round-robin", at, first, f"a turn of {node.name}", node=node)
            waiting.move_to_end(node)
        node.last_turn[band] = at

    def _offend_unready(self, at: int, node: Node) -> None:
        if node.state is NodeState.DISABLED:
            never = f"no turn of {node.name}, which is disabled"
            self._ledger.offend("error-isolated", at, never, "a turn of it", node=node)
            return
        why = "blocked" if node.blocked else "it has no message and no due tick"
        if node.state is not NodeState.RUNNING:
            why = f"it is {node.state}"
        self._ledger.offend(
            "ready-only", at, "a turn of a ready node", f"one of {node.name}: {why}", node=node
        )

    def _offend_band(self, at: int, node: Node, band: int) -> None:
        self._ledger.offend(
            "band", at, f"the band of {node.name}, {_name(node.band)}", _name(band), node=node
        )

    def _offend_fairness(self, at: int, node: Node | None, band: int, due: int) -> None:
        left = ", ".join(f"{_name(item)} {self._state.credits[item]}" for item in (3, 2, 1))
        self._ledger.offend(
            "weighted-fairness",
            at,
            f"a turn of the band {_name(due)} (credits left: {left})",
            f"one of {_name(band)}",
            node=node,
        )

    def _offend_late(self, at: int, time_ns: int, deadline_ns: int, node: Node | None) -> None:
        self._ledger.offend(
            "shutdown-drained",
            at,
            f"no turn from the deadline on, {deadline_ns} ns",
            f"a turn at {time_ns} ns",
            node=node,
        )

    def _offend_going_on(self, at: int, what: str) -> None:
        node = self._course.stopped_by
        self._course.stopped_by = None
        self._ledger.offend(
            "error-isolated",
            at,
            f"SHUTDOWN after the error of {node.name if node else '?'}, whose policy is stop",
            what,
            node=node,
        )

    def tick(self, at: int, time_ns: int, row: TickRow) -> None:
        course = self._course
        node = row[0] or course.node
        if course.owed == TICK:
            course.owed = NOTHING
        course.ticked = True
        course.called_at = at
        course.begin_call(node, _ON_TICK)
        if node is None:
            return
        self._ledger.count("tick-cadence")
        if node is not course.node or at != course.turn_at + 1:
            first = f"a TICK of {node.name} only as the first of its turn"
            self._offend_tick(at, node, first, "one out of place")
        if self._state.shutdown is not None:
            self._ledger.offend(
                "shutdown-drained", at, "no TICK after SHUTDOWN", "a TICK", node=node
            )
        if node.blocked:
            yields = f"no TICK of {node.name}, which is blocked"
            self._ledger.offend("blocked-yield", at, yields, "a TICK", node=node)
            self._ledger.count("blocked-yield")
        self._check_times(at, time_ns, node, row)

    def _check_times(self, at: int, time_ns: int, node: Node, row: TickRow) -> None:
        """Ticks are on the grid, never early, and those passed completely are left out and counted."""
        _, due_ns, missed = row
        interval = node.plan.interval_ns
        if interval is None or node.due_ns is None:
            why = "its ticks have ended" if interval else "it has no ticks"
            self._offend_tick(at, node, f"no TICK of {node.name}", f"a TICK, though {why}")
            return
        if due_ns != node.due_ns:
            said = "none" if due_ns == NULL else f"that of {due_ns} ns"
            self._offend_tick(at, node, f"the tick due at {node.due_ns} ns", said)
            due_ns = node.due_ns if due_ns == NULL else min(due_ns, time_ns)
        passed = max((time_ns - due_ns) // interval, 0)
        if time_ns < due_ns:
            self._offend_tick(at, node, f"not before {due_ns} ns", f"at {time_ns} ns")
        elif missed != passed:
            self._offend_tick(at, node, f"{passed} ticks missed", number(missed))
        self._ready.schedule(node, due_ns + (passed + 1) * interval)

    def _offend_tick(self, at: int, node: Node, expected: str, actual: str) -> None:
        self._ledger.offend("tick-cadence", at, expected, actual, node=node)

    def ticks_end(self, at: int, _time_ns: int, row: NodeRow) -> None:
        (node,) = row
        if node is None:
            return
        self._ledger.count("tick-cadence")
        if node.plan.interval_ns is None or node.ends_ticks:
            why = "has none" if node.plan.interval_ns is None else "has ended them before"
            self._offend_tick(at, node, "an end of ticks that go on", f"{node.name} {why}")
        node.ends_ticks = True
        node.due_ns, node.tick_due = None, False
        self._state.touch(node)

    def idle(self, at: int, time_ns: int, row: tuple[int]) -> None:
        course, (until_ns,) = self._course, row
        self._scene.finish_turn()
        self._scene.be_running(at, "IDLE")
        if course.stopped_by is not None:
            self._offend_going_on(at, "IDLE")
        self._ledger.count("idle-only-when-idle")
        self._ready.settle(at, time_ns)
        if self._state.shutdown is not None:
            ends = "the end of the drain when nothing is ready"
            self._ledger.offend("shutdown-drained", at, ends, "IDLE")
            return
        self._check_idle(at, None if until_ns == NULL else until_ns)
        course.idle_at = at

    def _check_idle(self, at: int, until_ns: int | None) -> None:
        first, due_ns = self._ready.first(), self._ready.next_tick()
        rule, offend = "idle-only-when-idle", self._ledger.offend
        if first is not None:
            turn = f"a turn of {first.name}, which is ready"
            offend(rule, at, turn, "IDLE", node=first)
        elif self._course.idle_at == at - 1:
            offend(rule, at, "one IDLE", "another, with nothing between")
        elif until_ns != due_ns:
            offend(rule, at, f"idle until {_when(due_ns)}", f"until {_when(until_ns)}")
        elif due_ns is None and not self._scene.plan.has_open_input:
            offend(rule, at, "SHUTDOWN, for nothing can become ready any more", "IDLE")


def _name(band: int) -> str:
    return Band(band).name.lower() if 1 <= band <= 3 else number(band)


def _when(time_ns: int | None) -> str:
    return "a message comes" if time_ns is None else f"{time_ns} ns"
